// SPDX-License-Identifier: MIT
/// \file
/// The Arrow importer: bytes become a schema and batches of event columns, right in most places and wrong in some.
/// Whatever they say, they are applied or refused, every struct is released once, and nothing is read beyond a buffer
/// whose size the interface lets a consumer know: fixed-width buffers have room for the stated rows, offsets of texts
/// stay within their bytes or fall; all else may be anything.
#include <loyalty/io/arrow.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "../io/arrow_producer.hpp"
#include "bytes.hpp"

using namespace loyalty;

namespace {

constexpr std::array names = {
    "relationship", "time",     "kind",      "value",      "amount",       "margin",  "cost",
    "rating",       "scale",    "scale_low", "scale_high", "due",          "done",    "until",
    "since",        "side",     "parameter", "role",       "whole_order",  "code",    "refers_to",
    "event_id",     "currency", "quantity",  "manager",    "relationship", "unknown", ""};
constexpr std::array formats = {"n",           "b",     "c",       "C",          "s",
                                "S",           "i",     "I",       "l",          "L",
                                "e",           "f",     "g",       "u",          "U",
                                "z",           "Z",     "vu",      "vz",         "tdD",
                                "tdm",         "tss:",  "tsm:UTC", "tsu:+01:00", "tsn:Europe/Paris",
                                "tss:UTC",     "d:9,2", "d:38,20", "d:9,2,32",   "d:18,3,64",
                                "d:70,10,256", "+l",    "+s",      "w:16",       "tts"};
constexpr std::array words = {
    "gift",     "purchase",   "promise", "request",
    "response", "review",     "survey",  "us",
    "them",     "trust",      "1..5",    "EUR",
    "a",        "retraction", "",        "a name of more than twelve bytes"};

/// Bytes of a value in a buffer, bits apart.
std::size_t width_of(const std::string& format) {
  static const std::array<std::pair<const char*, std::size_t>, 20> widths = {
      {{"c", 1}, {"C", 1},   {"s", 2},   {"S", 2},   {"e", 2},        {"i", 4},        {"I", 4},
       {"f", 4}, {"l", 8},   {"L", 8},   {"g", 8},   {"u", 4},        {"U", 8},        {"z", 4},
       {"Z", 8}, {"vu", 16}, {"vz", 16}, {"tdD", 4}, {"d:9,2,32", 4}, {"d:18,3,64", 8}}};
  for (const auto& [known, width] : widths)
    if (format == known) return width;
  if (format == "d:70,10,256") return 32;
  return format[0] == 'd' ? 16 : 8;
}

class Generator {
 public:
  explicit Generator(Bytes& bytes) : bytes_(bytes) {}

  MadeColumn column(std::string name, std::string format, std::size_t rows, int depth = 0) {
    MadeColumn made{.name = std::move(name), .format = std::move(format)};
    const std::size_t offset = bytes_.rarely(4) ? bytes_.up_to(9) : 0;
    const std::size_t size = rows + offset;
    made.length = static_cast<std::int64_t>(rows);
    made.offset = static_cast<std::int64_t>(offset);
    const bool nulls = bytes_.rarely(3);
    made.buffers.push_back(nulls ? bytes_.text((size + 7) / 8 + 1) : MadeColumn::absent);
    made.null_count = nulls ? -1 : 0;
    const std::string& f = made.format;
    if (f == "n") {
      made.buffers.clear();
    } else if (f == "b") {
      made.buffers.push_back(bytes_.text(size / 8 + 1));
    } else if (f == "u" || f == "z") {
      texts<std::int32_t>(made, size);
    } else if (f == "U" || f == "Z") {
      texts<std::int64_t>(made, size);
    } else if (f == "vu" || f == "vz") {
      views(made, size);
    } else if (f[0] == '+') {
      made.buffers.resize(1);
    } else {
      numbers(made, size);
    }
    if (depth < 2 && bytes_.rarely(4)) {
      // A dictionary, now and then of something that is none.
      const std::size_t count = bytes_.up_to(6);
      made.dictionary.push_back(
          column("words", bytes_.rarely(2) ? pick(formats) : "u", count, depth + 1));
      if (bytes_.rarely(2)) {
        static constexpr std::array codes = {"c", "C", "s", "S", "i", "I", "l", "L"};
        made.format = codes[bytes_.up_to(7)];
        made.buffers.resize(1);
        std::string values;
        const std::size_t width = width_of(made.format);
        for (std::size_t i = 0; i < size; ++i) {
          std::string code(width, '\0');
          code[0] =
              static_cast<char>(bytes_.up_to(count == 0 ? 1 : count - (bytes_.rarely(9) ? 0 : 1)));
          if (bytes_.rarely(60)) code.assign(width, '\xff');
          values += code;
        }
        made.buffers.push_back(values);
      }
    }
    return made;
  }

  template <class List>
  std::string pick(const List& list) {
    return list[bytes_.up_to(list.size() - 1)];
  }

 private:
  void numbers(MadeColumn& made, std::size_t size) {
    const std::size_t width = width_of(made.format);
    std::string values;
    for (std::size_t i = 0; i < size; ++i) {
      std::string value(width, '\0');
      if (bytes_.rarely(8)) {
        value = bytes_.text(width);
      } else if (made.format == "g") {
        const double x = static_cast<double>(bytes_.take<std::int8_t>()) / 4;
        std::memcpy(value.data(), &x, width);
      } else if (width == 8) {
        const std::int64_t x = 1'577'836'800 + bytes_.take<std::int8_t>();
        std::memcpy(value.data(), &x, width);
      } else {
        value[0] = static_cast<char>(bytes_.up_to(25));
      }
      values += value;
    }
    made.buffers.push_back(values);
  }

  template <class Offset>
  void texts(MadeColumn& made, std::size_t size) {
    std::vector<Offset> offsets{0};
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
      bytes += bytes_.rarely(6) ? bytes_.text(bytes_.up_to(30)) : pick(words);
      offsets.push_back(static_cast<Offset>(bytes.size()));
    }
    // An offset that falls is wherever; one that runs beyond the bytes, no consumer can see.
    if (bytes_.rarely(12) && size > 0) {
      auto& spoiled = offsets[bytes_.up_to(std::min<std::size_t>(size, 255))];
      spoiled = std::min(bytes_.take<Offset>(), spoiled);
    }
    made.buffers.push_back(bytes_of(offsets));
    made.buffers.push_back(bytes);
  }

  void views(MadeColumn& made, std::size_t size) {
    const std::size_t count = bytes_.up_to(3);
    std::vector<std::string> data;
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < count; ++i) {
      data.push_back(bytes_.text(bytes_.up_to(60)));
      sizes.push_back(static_cast<std::int64_t>(data.back().size()));
      if (bytes_.rarely(20)) sizes.back() = -1;
    }
    std::string views;
    for (std::size_t i = 0; i < size; ++i) {
      std::array<std::int32_t, 4> view{};
      if (bytes_.rarely(6)) {
        view = {static_cast<std::int32_t>(bytes_.up_to(40)), 0,
                static_cast<std::int32_t>(bytes_.up_to(4)) - 1,
                static_cast<std::int32_t>(bytes_.up_to(30)) - 1};
      } else if (bytes_.rarely(10)) {
        view = bytes_.take<std::array<std::int32_t, 4>>();
      } else {
        const std::string text = pick(words).substr(0, 12);
        view[0] = static_cast<std::int32_t>(text.size());
        std::memcpy(&view[1], text.data(), text.size());
      }
      views.append(reinterpret_cast<const char*>(view.data()), 16);
    }
    made.buffers.push_back(views);
    for (std::string& bytes : data) made.buffers.push_back(std::move(bytes));
    made.buffers.push_back(bytes_of(sizes));
  }

  Bytes& bytes_;
};

/// Wrong in one place: what a consumer can see.
void spoil(ArrowArray& array, Bytes& bytes) {
  ArrowArray* target = &array;
  if (array.n_children > 0 && !bytes.rarely(4))
    target = array.children[bytes.up_to(static_cast<std::size_t>(array.n_children) - 1)];
  switch (bytes.up_to(8)) {
    case 0:
      target->length = -1 - bytes.take<std::int8_t>();
      break;
    case 1:  // fewer are as good as they are
      target->length = static_cast<std::int64_t>(
          bytes.up_to(static_cast<std::size_t>(std::clamp<std::int64_t>(target->length, 0, 200))));
      break;
    case 2:
      target->offset = std::min<std::int64_t>(bytes.take<std::int64_t>(), -1);
      break;
    case 3:
      target->null_count = bytes.take<std::int8_t>();
      break;
    case 4:
      target->n_buffers = std::min<std::int64_t>(bytes.take<std::int8_t>(), target->n_buffers);
      break;
    case 5:
      if (target->n_buffers > 0)
        target->buffers[bytes.up_to(static_cast<std::size_t>(target->n_buffers) - 1)] = nullptr;
      break;
    case 6:
      target->buffers = nullptr;
      break;
    case 7:
      target->dictionary = nullptr;
      break;
    default:
      target->length = bytes.take<std::int64_t>() | std::int64_t{1} << 50;
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  Generator generator(bytes);
  const bool whole = bytes.rarely(2);
  const bool naive = bytes.rarely(2);
  const std::size_t batches = 1 + bytes.up_to(2);
  std::vector<std::pair<std::string, std::string>> layout = {
      {"relationship", generator.pick(formats)}, {"time", "l"}, {"kind", "u"}};
  const std::size_t more = bytes.up_to(5);
  for (std::size_t i = 0; i < more; ++i)
    layout.emplace_back(generator.pick(names), generator.pick(formats));
  if (bytes.rarely(3)) layout[1].second = generator.pick(formats);
  if (bytes.rarely(3)) layout[2].second = generator.pick(formats);

  Releases releases;
  {
    std::vector<MadeColumn> made;
    for (std::size_t b = 0; b < batches; ++b) {
      const std::size_t rows = bytes.up_to(12);
      std::vector<MadeColumn> columns;
      for (const auto& [name, format] : layout)
        columns.push_back(generator.column(name, format, rows));
      made.push_back(made_batch(std::move(columns)));
      made.back().length = static_cast<std::int64_t>(rows);
    }
    // The schema is that of the first batch; later ones may differ in their dictionaries, not in their formats.
    for (MadeColumn& batch : made)
      for (std::size_t c = 0; c < batch.children.size(); ++c)
        if (batch.children[c].format != made[0].children[c].format ||
            batch.children[c].dictionary.size() != made[0].children[c].dictionary.size() ||
            (!batch.children[c].dictionary.empty() &&
             batch.children[c].dictionary[0].format != made[0].children[c].dictionary[0].format))
          batch = made[0];
    ArrowArrayStream stream{};
    ArrowSchema schema{};
    std::vector<ArrowArray> arrays(made.size());
    made::schema(made[0], releases, schema);
    std::vector<ArrowArray> originals;
    std::vector<std::vector<ArrowArray>> children;
    for (std::size_t b = 0; b < made.size(); ++b) {
      made::array(made[b], releases, arrays[b]);
      originals.push_back(arrays[b]);
      auto& kept = children.emplace_back();
      for (std::int64_t c = 0; c < arrays[b].n_children; ++c)
        kept.push_back(*arrays[b].children[c]);
    }
    if (bytes.rarely(2)) spoil(arrays[bytes.up_to(arrays.size() - 1)], bytes);
    Portfolio portfolio;
    EventReading reading;
    reading.naive_is_utc = naive;
    try {
      const ArrowEvents events(schema, arrays, reading);
      const Books books = portfolio.apply(events.columns());
      if (books.read != static_cast<std::int64_t>(events.columns().rows)) std::abort();
      if (books.scored + books.skipped_total() + books.set_aside_total() != books.read)
        std::abort();
    } catch (const Error&) {
    }
    for (std::size_t b = 0; b < arrays.size(); ++b) {
      arrays[b] = originals[b];
      for (std::size_t c = 0; c < children[b].size(); ++c) *arrays[b].children[c] = children[b][c];
      arrays[b].release(&arrays[b]);
    }
    schema.release(&schema);

    // The same as a stream, unspoiled.
    stream = made_stream(std::move(made), releases, bytes.rarely(8) ? bytes.up_to(3) : 99);
    Portfolio streamed;
    try {
      apply(streamed, stream, whole ? StreamFold::whole : StreamFold::by_batch, reading);
    } catch (const Error&) {
    }
  }
  if (releases.given != releases.released) std::abort();
  return 0;
}
