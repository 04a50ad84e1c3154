// SPDX-License-Identifier: MIT
#include <loyalty/io/arrow.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/arrow_producer.hpp"

using namespace loyalty;

namespace {

constexpr Time start = 1'577'836'800;  // 2020-01-01

std::vector<std::int64_t> seconds(std::size_t rows, Time from = start) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < rows; ++i) out.push_back(from + static_cast<Time>(i));
  return out;
}

/// Gifts of `a`, one a second, beside one more column.
std::vector<MadeColumn> gifts(std::size_t rows, Time from = start) {
  return {made_texts("relationship", std::vector<std::string>(rows, "a")),
          made_numbers("time", "l", seconds(rows, from)),
          made_texts("kind", std::vector<std::string>(rows, "gift"))};
}

std::vector<MadeColumn> with(std::vector<MadeColumn> columns, MadeColumn more) {
  for (MadeColumn& column : columns)
    if (column.name == more.name) {
      column = std::move(more);
      return columns;
    }
  columns.push_back(std::move(more));
  return columns;
}

/// Schema and batches, released when this ends.
struct Made {
  explicit Made(const MadeColumn& batch) : Made(std::vector<MadeColumn>{batch}) {}
  explicit Made(const std::vector<MadeColumn>& batches) {
    made::schema(batches.at(0), releases, schema);
    for (const MadeColumn& batch : batches) made::array(batch, releases, arrays.emplace_back());
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() {
    schema.release(&schema);
    for (ArrowArray& array : arrays)
      if (array.release != nullptr) array.release(&array);
    CHECK(releases.given == releases.released);
  }
  Releases releases;
  ArrowSchema schema{};
  std::vector<ArrowArray> arrays;
};

template <class T>
std::vector<T> listed(const T* values, std::size_t rows) {
  return {values, values + rows};
}

std::vector<std::string> listed(const TextColumn& texts, std::size_t rows) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rows; ++i) out.emplace_back(texts[i]);
  return out;
}

/// Null as -1, so that lists compare.
std::vector<double> values_of(MadeColumn column) {
  column.name = "value";
  const Made made(made_batch(with(gifts(static_cast<std::size_t>(column.length)), column)));
  const ArrowEvents events(made.schema, made.arrays);
  std::vector<double> out = listed(events.columns().value, events.columns().rows);
  for (double& x : out) x = std::isnan(x) ? -1 : x;
  return out;
}

std::vector<std::string> identifiers_of(MadeColumn column) {
  column.name = "relationship";
  const Made made(made_batch(with(gifts(static_cast<std::size_t>(column.length)), column)));
  const ArrowEvents events(made.schema, made.arrays);
  return listed(events.columns().relationship, events.columns().rows);
}

std::string refusal(const MadeColumn& batch,
                    const std::function<void(ArrowSchema&, ArrowArray&)>& spoil = {}) {
  Made made(batch);
  const ArrowSchema whole_schema = made.schema;
  const ArrowArray whole_array = made.arrays[0];
  if (spoil) spoil(made.schema, made.arrays[0]);
  std::string what;
  try {
    const ArrowEvents events(made.schema, made.arrays);
  } catch (const ColumnError& error) {
    what = error.what();
  }
  made.schema = whole_schema;
  made.arrays[0] = whole_array;
  return what;
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

using Strings = std::vector<std::string>;
using Doubles = std::vector<double>;

}  // namespace

TEST_CASE("arrow events: what is laid out as the fold takes it is borrowed") {
  auto columns = with(gifts(3), made_numbers("value", "g", std::vector<double>{1, 2, 3}));
  columns = with(columns, made_numbers("relationship", "l", std::vector<std::int64_t>{7, 8, 9}));
  columns = with(columns, made_numbers("due", "tss:UTC", seconds(3)));
  columns = with(columns, made_numbers("kind", "C", std::vector<std::uint8_t>{11, 11, 11}));
  const Made made(made_batch(columns));
  const ArrowEvents events(made.schema, made.arrays);
  const EventColumns& rows = events.columns();
  CHECK(rows.rows == 3);
  for (std::int64_t c = 0; c < made.schema.n_children; ++c) {
    const std::string name = made.schema.children[c]->name;
    const void* there = made.arrays[0].children[c]->buffers[1];
    if (name == "value") CHECK(rows.value == there);
    if (name == "relationship") CHECK(rows.relationship_number == there);
    if (name == "due") CHECK(rows.due == there);
    if (name == "time") CHECK(rows.time == there);
    if (name == "kind") CHECK(rows.kind == there);
  }
}

TEST_CASE("arrow events: numbers of every width, with offsets and bitmaps that start anywhere") {
  const auto check = [](const auto& values, const std::string& format) {
    auto column = made_numbers("value", format, values);
    CHECK(values_of(column) == Doubles{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    for (const std::int64_t offset : {1, 3, 7, 8, 9}) {
      auto sliced = column;
      sliced.offset = offset;
      sliced.length -= offset;
      const std::vector<bool> bits = {true, false, true, true, false, false,
                                      true, true,  true, true, false, true};
      sliced.buffers[0] = bitmap(bits);
      sliced.null_count = -1;
      Doubles expected;
      for (std::size_t i = static_cast<std::size_t>(offset); i < 12; ++i)
        expected.push_back(!bits[i] ? -1 : i == 0 ? 9 : static_cast<double>(i));
      CHECK(values_of(sliced) == expected);
    }
    column.null_count = -1;  // unknown, and no bitmap: all are valid
    CHECK(values_of(column) == Doubles{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  };
  check(std::vector<std::int8_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "c");
  check(std::vector<std::uint8_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "C");
  check(std::vector<std::int16_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "s");
  check(std::vector<std::uint16_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "S");
  check(std::vector<std::int32_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "i");
  check(std::vector<std::uint32_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "I");
  check(std::vector<std::int64_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "l");
  check(std::vector<std::uint64_t>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "L");
  check(std::vector<float>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "f");
  check(std::vector<double>{9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "g");
  // binary16: 1 is 0x3c00, 0.5 is 0x3800, the smallest 2^-24, the largest 65504.
  CHECK(values_of(made_numbers(
            "value", "e", std::vector<std::uint16_t>{0x3c00, 0x3800, 1, 0x7bff, 0x7e00, 0xc000})) ==
        Doubles{1, 0.5, 0x1p-24, 65504, -1, -2});
}

TEST_CASE("arrow events: decimals of 32 to 256 bits") {
  // 12345 * 10^-2 and -1 * 10^-2, as two's complement.
  for (const int bits : {32, 64, 128, 256}) {
    std::string bytes;
    for (const std::int64_t x : {std::int64_t{12345}, std::int64_t{-1}}) {
      std::string wide(static_cast<std::size_t>(bits) / 8, x < 0 ? '\xff' : '\0');
      std::memcpy(wide.data(), &x, std::min<std::size_t>(8, wide.size()));
      bytes += wide;
    }
    MadeColumn column{.name = "value",
                      .format = "d:9,2," + std::to_string(bits),
                      .length = 2,
                      .buffers = {MadeColumn::absent, bytes}};
    CHECK(values_of(column) == Doubles{123.45, -0.01});
    if (bits == 128) {
      column.format = "d:9,2";
      CHECK(values_of(column) == Doubles{123.45, -0.01});
      column.format = "d:9,-1";
      CHECK(values_of(column) == Doubles{123450, -10});
    }
  }
  for (const char* format : {"d:", "d:9", "d:9,x", "d:9,2,", "d:9,2,100", "d:9,2,128,1", "d:9,999",
                             "d:99,2", "d:9999999999,2"})
    says(refusal(
             made_batch(with(gifts(1), {.name = "value",
                                        .format = format,
                                        .length = 1,
                                        .buffers = {MadeColumn::absent, std::string(32, '\0')}}))),
         "column 'value' needs numbers, not Arrow's 'd:");
}

TEST_CASE("arrow events: bits, nulls and empty batches") {
  for (const std::size_t before :
       {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{11}}) {
    MadeColumn flags{
        .name = "whole_order",
        .format = "b",
        .length = 3,
        .buffers = {bitmap({true, true, false}, before), bitmap({true, false, true}, before)},
        .null_count = 1,
        .offset = static_cast<std::int64_t>(before)};
    const Made made(made_batch(with(gifts(3), flags)));
    const ArrowEvents events(made.schema, made.arrays);
    CHECK(listed(events.columns().whole_order, 3) == std::vector<std::uint8_t>{1, 0, 0});
  }
  const Made nothing(
      made_batch(with(gifts(2), {.name = "value", .format = "n", .length = 2, .null_count = 2})));
  const ArrowEvents events(nothing.schema, nothing.arrays);
  CHECK(std::isnan(events.columns().value[0]));
  CHECK(std::isnan(events.columns().value[1]));

  // Empty batches may lack every buffer.
  auto empty = made_batch(gifts(0));
  for (MadeColumn& column : empty.children)
    for (std::string& buffer : column.buffers) buffer = MadeColumn::absent;
  const Made made({empty, made_batch(gifts(2)), empty, made_batch(gifts(1, start + 2))});
  const ArrowEvents some(made.schema, made.arrays);
  CHECK(listed(some.columns().time, some.columns().rows) == seconds(3));
  const Made none(empty);
  CHECK(ArrowEvents(none.schema, none.arrays).columns().rows == 0);
  CHECK(ArrowEvents(none.schema, {}).columns().rows == 0);
}

TEST_CASE("arrow events: texts by offsets, views and dictionaries, sliced and with nulls") {
  const Strings texts = {"x", "anna", "", "somebody with a long name", "ü", "anna"};
  const Strings with_null = {"anna", "", "", "ü"};  // rows 1 .. 4, row 3 null
  auto column = made_texts("relationship", texts);
  CHECK(identifiers_of(column) == texts);
  column.offset = 1;
  column.length = 4;
  column.buffers[0] = bitmap({true, true, true, false, true, true});
  column.null_count = 1;
  CHECK(identifiers_of(column) == with_null);

  auto large = column;
  large.format = "Z";
  large.buffers[1] = bytes_of(std::vector<std::int64_t>{0, 1, 5, 5, 30, 32, 36});
  CHECK(identifiers_of(large) == with_null);

  std::vector<std::int32_t> views;
  const auto view = [&](const std::string& text, std::int32_t buffer, std::int32_t at) {
    std::array<std::int32_t, 4> parts{static_cast<std::int32_t>(text.size()), 0, buffer, at};
    if (text.size() <= 12)
      std::memcpy(&parts[1], text.data(), text.size());
    else
      std::memcpy(&parts[1], text.data(), 4);
    views.insert(views.end(), parts.begin(), parts.end());
  };
  view("x", 0, 0);
  view("anna", 0, 0);
  view("", 0, 0);
  view(texts[3], 1, 2);
  view("exactly12byt", 0, 0);
  MadeColumn viewed{.name = "relationship",
                    .format = "vu",
                    .length = 5,
                    .buffers = {MadeColumn::absent, bytes_of(views), "unused", "--" + texts[3],
                                bytes_of(std::vector<std::int64_t>{6, 27})}};
  CHECK(identifiers_of(viewed) == Strings{"x", "anna", "", texts[3], "exactly12byt"});
  viewed.offset = 2;
  viewed.length = 3;
  viewed.buffers[0] = bitmap({true, true, true, true, false});
  viewed.null_count = -1;
  CHECK(identifiers_of(viewed) == Strings{"", texts[3], ""});

  auto coded = made_numbers("relationship", "c", std::vector<std::int8_t>{1, 3, -7, 0, 3});
  coded.buffers[0] = bitmap({true, true, false, true, true});  // the null one may hold anything
  coded.null_count = 1;
  coded.dictionary = {made_texts("", texts)};
  CHECK(identifiers_of(coded) == Strings{"anna", texts[3], "", "x", texts[3]});
  coded.dictionary[0].offset = 1;  // words may be sliced, and null
  coded.dictionary[0].length = 5;
  coded.dictionary[0].buffers[0] = bitmap({true, true, true, true, false, true});
  coded.dictionary[0].null_count = 1;
  CHECK(identifiers_of(coded) == Strings{"", "", "", "anna", ""});
}

TEST_CASE("arrow events: words of a dictionary stand once, and rows by code") {
  const Strings texts = {"x", "anna", "17", "x"};
  auto coded = made_numbers("relationship", "I", std::vector<std::uint32_t>{1, 3, 2, 0});
  coded.dictionary = {made_texts("", texts)};
  const Made plain(made_batch(with(gifts(4), coded)));
  const ArrowEvents borrowed(plain.schema, plain.arrays);
  const TextColumn& ids = borrowed.columns().relationship;
  CHECK(listed(ids, 4) == Strings{"anna", "x", "17", "x"});
  CHECK(ids.words == plain.arrays[0].children[0]->buffers[1]);
  CHECK(ids.from(2)[0] == "17");

  auto other = made_numbers("relationship", "I", std::vector<std::uint32_t>{0, 9, 1});
  other.buffers[0] = bitmap({true, false, true});
  other.null_count = 1;
  other.dictionary = {made_texts("", {"bert", "anna"})};
  const Made chunks(std::vector<MadeColumn>{made_batch(with(gifts(4), coded)),
                                            made_batch(with(gifts(3, start + 9), other))});
  const ArrowEvents events(chunks.schema, chunks.arrays);
  const TextColumn& both = events.columns().relationship;
  CHECK(listed(both, 7) == Strings{"anna", "x", "17", "x", "bert", "", "anna"});
  CHECK(both.word_count == 7);
  Portfolio p;
  const Books books = p.apply(events.columns());
  CHECK(books.scored == 6);
  CHECK(p.size() == 4);
  CHECK(p.id(0) == "anna");
  CHECK(p.find("17").has_value());
}

TEST_CASE("arrow events: times in every unit are rounded down; dates that end their day") {
  const auto times = [](const std::string& name, const std::string& format, auto values) {
    const Made made(made_batch(with(gifts(values.size()), made_numbers(name, format, values))));
    const ArrowEvents events(made.schema, made.arrays, {.naive_is_utc = true});
    const EventColumns& rows = events.columns();
    return listed(name == "time" ? rows.time : name == "due" ? rows.due : rows.until, rows.rows);
  };
  using Times = std::vector<Time>;
  using Longs = std::vector<std::int64_t>;
  CHECK(times("time", "tss:UTC", Longs{5, -5}) == Times{5, -5});
  CHECK(times("time", "tsm:Europe/Berlin", Longs{5999, -1}) == Times{5, -1});
  CHECK(times("time", "tsu:+01:00", Longs{5'999'999, -1}) == Times{5, -1});
  CHECK(times("time", "tsn:", Longs{5'999'999'999, -1}) == Times{5, -1});
  CHECK(times("time", "tdD", std::vector<std::int32_t>{2, -1}) == Times{172800, -86400});
  CHECK(times("due", "tdD", std::vector<std::int32_t>{2, -1}) == Times{259199, -1});
  CHECK(times("until", "tdm", Longs{2 * 86'400'000, -86'400'000}) == Times{259199, -1});
  CHECK(times("time", "g", Doubles{5, -5}) == Times{5, -5});
  for (const char* format : {"tss", "tsx:UTC", "ts", "tts", "tDs", "tiM", "u"})
    says(refusal(made_batch(
             with(gifts(1), {.name = "time",
                             .format = format,
                             .length = 1,
                             .buffers = {MadeColumn::absent, std::string(8, '\0'), ""}}))),
         "column 'time' needs times");
}

TEST_CASE("arrow events: times that name no zone") {
  const auto batch = made_batch(with(gifts(2), made_numbers("time", "tss:", seconds(2))));
  says(refusal(batch), "column 'time' holds times without a zone");
  const Made made(batch);
  const ArrowEvents events(made.schema, made.arrays,
                           {.to_utc = [](std::string_view column, std::span<Time> seconds) {
                             CHECK(column == "time");
                             for (Time& t : seconds) t -= 3600;
                           }});
  CHECK(listed(events.columns().time, 2) == seconds(2, start - 3600));
}

TEST_CASE("arrow events: a struct with an offset, rows that are null as a whole") {
  auto batch = made_batch(gifts(10));
  batch.offset = 3;
  batch.length = 4;
  batch.buffers[0] = bitmap({false, false, false, true, true, true, true, false});
  batch.null_count = -1;
  const Made made(batch);
  const ArrowEvents events(made.schema, made.arrays);
  CHECK(listed(events.columns().time, events.columns().rows) == seconds(4, start + 3));
  batch.length = 5;
  says(refusal(batch), "row 4 of an Arrow batch is null as a whole");
  batch = made_batch(gifts(10));
  batch.offset = 3;
  says(refusal(batch), "column 'relationship': its Arrow array has 10 rows, 10 from row 3 on");
}

TEST_CASE("arrow events: values that their producer did not align") {
  auto column = made_numbers("value", "g", Doubles{1, 2, 3});
  column.buffers[1].insert(0, "odd");
  Made made(made_batch(with(gifts(3), column)));
  ArrowArray& array = *made.arrays[0].children[3];
  array.buffers[1] = static_cast<const char*>(array.buffers[1]) + 3;
  const ArrowEvents events(made.schema, made.arrays);
  CHECK(listed(events.columns().value, 3) == Doubles{1, 2, 3});
}

TEST_CASE("arrow events: scales as text, carried columns of any type") {
  auto columns = with(gifts(4), made_texts("scale", {"1..5", "", "5..-1.5", "1..5"}));
  columns = with(columns, made_numbers("scale_low", "g", Doubles{9, 2, 9, 9}));
  columns.push_back({.name = "manager", .format = "+l", .length = 4});
  const Made made(made_batch(columns));
  const ArrowEvents events(made.schema, made.arrays);
  CHECK(listed(events.columns().scale_low, 4) == Doubles{1, 2, 5, 1});
  CHECK(events.columns().scale_high[2] == -1.5);
  CHECK(std::isnan(events.columns().scale_high[1]));
  for (const char* wrong : {"1-5", "..", "1..", "..5", "1..2..3", "one..five", "1,5..2"})
    says(refusal(made_batch(with(gifts(2), made_texts("scale", {"", wrong})))),
         "in row 1 (the first row is 0) is not a scale; write it as 1..5");
}

TEST_CASE("arrow events: columns that are missing, unknown, doubled") {
  auto columns = gifts(1);
  columns.erase(columns.begin() + 1);
  says(refusal(made_batch(columns)), "missing column 'time'");
  says(refusal(made_batch({})), "missing column 'relationship'");
  says(refusal(made_batch(with(gifts(1), made_texts("sied", {"us"})))),
       "unknown event column 'sied' (known: relationship, time");
  columns = gifts(1);
  columns.push_back(columns[0]);
  says(refusal(made_batch(columns)), "two columns named 'relationship'");
}

TEST_CASE("arrow events: what contradicts itself is refused, and not read") {
  const auto batch = made_batch(with(gifts(3), made_numbers("value", "g", Doubles{1, 2, 3})));
  const auto spoiled = [&](const MadeColumn& given, int at, auto spoil, const std::string& what) {
    std::string message;
    Made made(given);
    ArrowArray& array = *made.arrays[0].children[at];
    const ArrowArray whole = array;
    const auto buffers = std::vector<const void*>(
        array.buffers, array.buffers + (array.buffers == nullptr ? 0 : array.n_buffers));
    spoil(array);
    try {
      const ArrowEvents events(made.schema, made.arrays);
    } catch (const ColumnError& error) {
      message = error.what();
    }
    array = whole;
    std::copy(buffers.begin(), buffers.end(), array.buffers);
    says(message, what);
  };
  using A = ArrowArray;
  spoiled(
      batch, 3, [](A& a) { a.buffers[1] = nullptr; }, "'value': its Arrow array has rows and no");
  spoiled(
      batch, 3, [](A& a) { a.buffers = nullptr; }, "column 'value': its Arrow array has 0 buffers");
  spoiled(
      batch, 3, [](A& a) { a.n_buffers = 1; }, "has 1 buffers, Arrow's 'g' needs 2");
  spoiled(
      batch, 3, [](A& a) { a.n_buffers = -1; }, "has -1 buffers");
  spoiled(
      batch, 3, [](A& a) { a.length = -1; }, "has length -1 and offset 0");
  spoiled(
      batch, 3, [](A& a) { a.length = 2; }, "has 2 rows, 3 from row 0 on are needed");
  spoiled(
      batch, 3, [](A& a) { a.length = INT64_MAX; }, "allowed is 0 .. 2^48");
  spoiled(
      batch, 3, [](A& a) { a.offset = -1; }, "and offset -1");
  spoiled(
      batch, 3, [](A& a) { a.offset = INT64_MAX; }, "allowed is 0 .. 2^48");
  spoiled(
      batch, 3, [](A& a) { a.null_count = 1; }, "states 1 nulls and does not say which");
  spoiled(
      batch, 3, [](A& a) { a.null_count = 4; }, "states 4 nulls in 3 rows");
  spoiled(
      batch, 3, [](A& a) { a.null_count = -2; }, "states -2 nulls");
  spoiled(
      batch, 0, [](A& a) { a.buffers[2] = nullptr; }, "has texts and no bytes");
  spoiled(
      batch, 0, [](A& a) { a.n_buffers = 2; }, "has 2 buffers, Arrow's 'u' needs 3");

  auto falls = made_texts("relationship", {"aa", "b", "c"});
  falls.buffers[1] = bytes_of(std::vector<std::int32_t>{0, 2, 1, 4});
  says(refusal(made_batch(with(gifts(3), falls))),
       "column 'relationship': row 1 (the first row is 0): its text is from byte 2 to byte 1");
  falls.buffers[1] = bytes_of(std::vector<std::int32_t>{-1, 2, 3, 4});
  says(refusal(made_batch(with(gifts(3), falls))), "row 0 (the first row is 0)");

  auto coded = made_numbers("kind", "i", std::vector<std::int32_t>{0, 1, 2});
  coded.dictionary = {made_texts("", {"gift", "review"})};
  says(refusal(made_batch(with(gifts(3), coded))),
       "column 'kind': row 2 (the first row is 0): code 2 is none of its dictionary, which has 2");
  coded.buffers[1] = bytes_of(std::vector<std::int32_t>{0, -1, 1});
  says(refusal(made_batch(with(gifts(3), coded))), "row 1 (the first row is 0): code -1 is none");
  auto nested = coded;
  nested.dictionary[0] = coded;
  says(refusal(made_batch(with(gifts(3), nested))), "its dictionary is one of dictionaries");
  nested = coded;
  nested.format = "g";
  says(refusal(made_batch(with(gifts(3), nested))), "its dictionary has codes of type");
  nested = coded;
  nested.dictionary[0] = {.format = "+l", .length = 2, .buffers = {MadeColumn::absent}};
  nested.buffers[1] = bytes_of(std::vector<std::int32_t>{0, 1, 1});
  says(refusal(made_batch(with(gifts(3), nested))), "needs text or whole numbers");
  spoiled(
      made_batch(with(gifts(3), coded)), 2, [](A& a) { a.dictionary = nullptr; },
      "column 'kind': its dictionary is missing");

  const auto viewed = [](std::vector<std::int32_t> view, std::vector<std::int64_t> sizes) {
    MadeColumn column{.name = "relationship",
                      .format = "vu",
                      .length = 1,
                      .buffers = {MadeColumn::absent, bytes_of(view)}};
    for (const std::int64_t size : sizes)
      column.buffers.push_back(std::string(size < 0 ? 0 : static_cast<std::size_t>(size), 'x'));
    column.buffers.push_back(bytes_of(sizes));
    return refusal(made_batch(with(gifts(1), column)));
  };
  CHECK(viewed({20, 0, 0, 0}, {20}) == "");
  says(viewed({20, 0, 0, 1}, {20}), "the 20 bytes from byte 1 of buffer 0");
  says(viewed({20, 0, 1, 0}, {20}), "of buffer 1, which is none of 1");
  says(viewed({20, 0, -1, 0}, {20}), "of buffer -1");
  says(viewed({20, 0, 0, -1}, {20}), "from byte -1");
  says(viewed({-1, 0, 0, 0}, {20}), "the -1 bytes");
  says(viewed({INT32_MAX, 0, 0, INT32_MAX}, {20}), "too short");
  says(viewed({20, 0, 0, 0}, {-5}), "too short");
  says(viewed({20, 0, 0, 0}, {}), "none of 0");

  says(refusal(batch, [](ArrowSchema& s, A&) { s.format = "+l"; }), "events are an Arrow struct");
  says(refusal(batch, [](ArrowSchema& s, A&) { s.format = nullptr; }),
       "events are an Arrow struct");
  says(refusal(batch, [](ArrowSchema& s, A&) { s.children = nullptr; }),
       "states 4 columns and has");
  says(refusal(batch, [](ArrowSchema& s, A&) { s.n_children = -1; }), "states -1 columns");
  says(refusal(batch, [](ArrowSchema& s, A&) { s.release = nullptr; }), "released before");
  says(refusal(batch, [](ArrowSchema&, A& a) { a.n_children = 3; }), "has 3 columns, its schema 4");
  says(refusal(batch, [](ArrowSchema&, A& a) { a.children = nullptr; }), "states 4 columns");
  says(refusal(batch, [](ArrowSchema&, A& a) { a.length = -3; }), "has length -3");
  says(refusal(batch, [](ArrowSchema&, A& a) { a.release = nullptr; }), "released before");
}

// ---- streams -------------------------------------------------------------------------------------

TEST_CASE("arrow streams: every struct is released once, however the stream ends") {
  struct Case {
    const char* what;
    std::vector<MadeColumn> batches;
    std::size_t fails_at = static_cast<std::size_t>(-1);
    bool fails = false;
  };
  auto bad = made_batch(gifts(2, start + 4));
  bad.children[2].buffers[1] = bytes_of(std::vector<std::int32_t>{0, 4, 2});
  const std::vector<MadeColumn> good = {made_batch(gifts(2)), made_batch(gifts(2, start + 2))};
  const Case cases[] = {
      {"whole", good},
      {"no batch", {made_batch(gifts(0))}},
      {"the producer fails at once", good, 0, true},
      {"the producer fails half way", good, 1, true},
      {"a batch is damaged", {good[0], bad, good[1]}, static_cast<std::size_t>(-1), true},
      {"a column is unknown",
       {made_batch(with(gifts(1), made_texts("x", {""})))},
       static_cast<std::size_t>(-1),
       true},
      {"a row lies beyond the window",
       {good[0], made_batch(gifts(1, start + 4'000'000'000))},
       static_cast<std::size_t>(-1),
       true},
  };
  for (const Case& c : cases)
    for (int way = 0; way < 4; ++way) {
      const StreamFold fold = way % 2 == 0 ? StreamFold::by_batch : StreamFold::whole;
      const bool ahead = way / 2 == 1;
      INFO(c.what << ", " << static_cast<int>(fold) << (ahead ? ", read ahead" : ""));
      Releases releases;
      ArrowArrayStream stream = made_stream(c.batches, releases, c.fails_at);
      if (ahead) {
        ArrowArrayStream source = stream;
        read_ahead(source, stream);
        CHECK((source.release == nullptr));
      }
      Portfolio portfolio;
      bool failed = false;
      try {
        apply(portfolio, stream, fold);
      } catch (const Error& error) {
        failed = true;
        const bool half = fold == StreamFold::by_batch && portfolio.books().read > 0;
        const std::string what = error.what();
        CHECK((what.find("the 2 rows of the stream before stay applied") != std::string::npos) ==
              half);
      }
      CHECK(failed == c.fails);
      CHECK((stream.release == nullptr));
      CHECK(releases.given == releases.released);
      CHECK(releases.given > 1);
    }
  ArrowArrayStream none{};
  Portfolio portfolio;
  CHECK_THROWS_AS(apply(portfolio, none), ColumnError);
}

TEST_CASE("arrow streams: batches in the order of time are one call, and rejects count on") {
  Portfolio whole;
  {
    Releases releases;
    ArrowArrayStream stream = made_stream({made_batch(gifts(9))}, releases);
    CHECK(apply(whole, stream).scored == 9);
  }
  for (const StreamFold fold : {StreamFold::by_batch, StreamFold::whole}) {
    Releases releases;
    Portfolio parts;
    ArrowArrayStream stream = made_stream(
        {made_batch(gifts(4)), made_batch(gifts(0)), made_batch(gifts(5, start + 4))}, releases);
    CHECK(apply(parts, stream, fold).scored == 9);
    CHECK(parts.bytes() == whole.bytes());

    auto second = gifts(3, start + 20);
    second = with(second, made_texts("kind", {"gift", "no such", "gift"}));
    stream = made_stream({made_batch(gifts(3, start + 10)), made_batch(second)}, releases);
    const Books books = apply(parts, stream, fold);
    REQUIRE(books.rejects.size() == 1);
    CHECK(books.rejects[0].row == 4);
    CHECK(books.rejects[0].code == Code::unknown_kind);
    CHECK(books.read == 6);
  }
}

TEST_CASE("arrow streams: what is read ahead comes in order, and at most so much of it") {
  struct Source {
    std::atomic<int> given{0};
    std::atomic<bool> released{false};
  };
  Source source;
  const auto open = [&source] {
    source.given = 0;
    source.released = false;
    return ArrowArrayStream{[](ArrowArrayStream*, ArrowSchema*) { return 0; },
                            [](ArrowArrayStream* stream, ArrowArray* out) {
                              auto& from = *static_cast<Source*>(stream->private_data);
                              *out = {};
                              if (from.given == 40) return 7;
                              out->length = from.given++;
                              out->release = [](ArrowArray* array) { array->release = nullptr; };
                              return 0;
                            },
                            [](ArrowArrayStream*) -> const char* { return "forty are enough"; },
                            [](ArrowArrayStream* stream) {
                              static_cast<Source*>(stream->private_data)->released = true;
                              stream->release = nullptr;
                            },
                            &source};
  };
  for (const int most : {1, 2, 7}) {
    INFO(most);
    ArrowArrayStream given = open();
    ArrowArrayStream stream{};
    read_ahead(given, stream, static_cast<std::size_t>(most));
    CHECK((given.release == nullptr));
    CHECK(source.given == 0);  // nobody has asked yet
    ArrowArray batch{};
    for (int i = 0; i < 40; ++i) {
      REQUIRE(stream.get_next(&stream, &batch) == 0);
      CHECK(batch.length == i);
      CHECK(source.given <= i + 1 + most);
      batch.release(&batch);
    }
    for (int again = 0; again < 2; ++again) {
      CHECK(stream.get_next(&stream, &batch) == 7);
      CHECK((batch.release == nullptr));
      CHECK(std::string(stream.get_last_error(&stream)) == "forty are enough");
    }
    CHECK_FALSE(source.released);
    stream.release(&stream);
    CHECK(source.released);
  }
  for (const int taken : {0, 1, 5}) {  // left half way, with batches that nobody takes
    ArrowArrayStream given = open();
    ArrowArrayStream stream{};
    read_ahead(given, stream);
    ArrowArray batch{};
    for (int i = 0; i < taken; ++i) {
      REQUIRE(stream.get_next(&stream, &batch) == 0);
      batch.release(&batch);
    }
    stream.release(&stream);
    CHECK(source.released);
  }
  ArrowArrayStream given = open();
  ArrowArrayStream stream{};
  CHECK_THROWS_AS(read_ahead(given, stream, 0), std::invalid_argument);
  CHECK((given.release != nullptr));  // still the caller's
  given.release(&given);
  CHECK_THROWS_AS(read_ahead(given, stream), ColumnError);
}

TEST_CASE("arrow streams: with event_id all batches are one call") {
  const auto batch = [](Time time) {
    return made_batch(with(gifts(1, time), made_texts("event_id", {"7"})));
  };
  Releases releases;
  ArrowArrayStream stream = made_stream({batch(start), batch(start + 1)}, releases);
  Portfolio portfolio;
  const Books books = apply(portfolio, stream);
  CHECK(books.skipped[static_cast<std::size_t>(Skip::repeated)] == 1);
  CHECK(books.scored == 1);
}

TEST_CASE("arrow streams: retract what a table of streams holds") {
  Portfolio portfolio;
  Releases releases;
  ArrowArrayStream stream = made_stream({made_batch(gifts(4))}, releases);
  apply(portfolio, stream);
  stream =
      made_stream({made_batch(gifts(1, start + 1)), made_batch(gifts(1, start + 2))}, releases);
  {
    const ArrowEventTable table(stream);
    CHECK((stream.release == nullptr));
    CHECK(portfolio.retract(table.columns()).scored == 2);
    CHECK(releases.given > releases.released);  // the table still holds them
  }
  CHECK(releases.given == releases.released);
  CHECK(portfolio.state(0).events == 2);
}

// ---- results -------------------------------------------------------------------------------------

namespace {

std::shared_ptr<const ResultTable> some_result(const Strings& names) {
  Portfolio portfolio;
  for (std::size_t i = 0; i < names.size(); ++i)
    portfolio.apply(names[i], {.kind = i % 2 == 0 ? Kind::purchase : Kind::gift,
                               .time = start + static_cast<Time>(i)});
  return std::make_shared<const ResultTable>(assess_all(portfolio, start + 86400));
}

}  // namespace

TEST_CASE("results as Arrow: types, nulls and metadata; shared, and released with the last") {
  auto result = some_result({"anna", "bert", "carl"});
  const std::weak_ptr<const ResultTable> watched = result;
  ArrowOwner<ArrowArray> batch;
  ArrowOwner<ArrowSchema> schema;
  {
    ArrowOwner<ArrowArrayStream> stream;
    to_arrow(result, *stream, {{"key", "value"}});
    REQUIRE(stream->get_schema(stream.get(), schema.get()) == 0);
    REQUIRE(stream->get_next(stream.get(), batch.get()) == 0);
    ArrowOwner<ArrowArray> end;
    CHECK(stream->get_next(stream.get(), end.get()) == 0);
    CHECK(!end);
  }
  const ResultTable& table = *result;
  REQUIRE(schema->n_children == static_cast<std::int64_t>(table.columns.size()));
  REQUIRE(batch->n_children == schema->n_children);
  CHECK(batch->length == 3);
  const std::string expected("\1\0\0\0\3\0\0\0key\5\0\0\0value", 4 + 4 + 3 + 4 + 5);
  CHECK(std::string(schema->metadata, expected.size()) == expected);
  std::set<std::string> formats;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const ResultColumn& column = table.columns[c];
    const ArrowSchema& type = *schema->children[c];
    const ArrowArray& array = *batch->children[c];
    CHECK(type.name == column.name);
    formats.insert(type.format);
    const auto valid = [&](std::size_t i) {
      return array.buffers[0] == nullptr ||
             SourceColumn::bit(static_cast<const std::uint8_t*>(array.buffers[0]), i);
    };
    for (std::size_t i = 0; i < 3; ++i) {
      INFO(column.name << ", row " << i);
      if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
        CHECK(array.buffers[1] == numbers->data());
        CHECK(valid(i) == !std::isnan((*numbers)[i]));
      } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values)) {
        CHECK(array.buffers[1] == integers->data());
        CHECK(valid(i) == ((*integers)[i] != no_time));
      } else {
        const auto& texts = std::get<TextValues>(column.values);
        CHECK(array.buffers[2] == texts.bytes.data());
        CHECK(valid(i) == !texts[i].empty());
      }
    }
  }
  CHECK(formats == std::set<std::string>{"g", "l", "tss:UTC", "U"});

  // A column that was moved out of its batch lives on by itself.
  ArrowOwner<ArrowArray> name(*batch->children[0]);
  batch = {};
  schema = {};
  result.reset();
  CHECK(!watched.expired());
  CHECK(std::string(static_cast<const char*>(name->buffers[2]), 12) == "annabertcarl");
  name = {};
  CHECK(watched.expired());
}

TEST_CASE("results as Arrow: in batches, empty, left half way") {
  auto result = some_result({"a", "b", "c", "d", "e"});
  const std::weak_ptr<const ResultTable> watched = result;
  for (const std::size_t rows : {1U, 2U, 5U, 100U}) {
    ArrowOwner<ArrowArrayStream> stream;
    to_arrow(result, *stream, {}, rows);
    Strings names;
    for (;;) {
      ArrowOwner<ArrowArray> batch;
      REQUIRE(stream->get_next(stream.get(), batch.get()) == 0);
      if (!batch) break;
      CHECK(batch->length <= static_cast<std::int64_t>(rows));
      const ArrowArray& array = *batch->children[0];
      const auto* offsets = static_cast<const std::int64_t*>(array.buffers[1]) + array.offset;
      for (std::int64_t i = 0; i < array.length; ++i)
        names.emplace_back(static_cast<const char*>(array.buffers[2]) + offsets[i],
                           static_cast<const char*>(array.buffers[2]) + offsets[i + 1]);
    }
    CHECK(names == Strings{"a", "b", "c", "d", "e"});
  }
  {
    ArrowOwner<ArrowArrayStream> stream;
    to_arrow(std::move(result), *stream, {}, 2);
    ArrowOwner<ArrowArray> batch;
    REQUIRE(stream->get_next(stream.get(), batch.get()) == 0);
    CHECK(!watched.expired());
  }
  CHECK(watched.expired());
  ArrowOwner<ArrowArrayStream> stream;
  to_arrow(some_result({}), *stream);
  ArrowOwner<ArrowArray> batch;
  CHECK(stream->get_next(stream.get(), batch.get()) == 0);
  CHECK(!batch);
}

TEST_CASE("results as Arrow: identifiers that are no UTF-8 are binary") {
  const auto format = [](const Strings& names) {
    ArrowOwner<ArrowArrayStream> stream;
    to_arrow(some_result(names), *stream);
    ArrowOwner<ArrowSchema> schema;
    REQUIRE(stream->get_schema(stream.get(), schema.get()) == 0);
    return std::string(schema->children[0]->format);
  };
  // RFC 3629, 4: the least and the greatest of each length.
  CHECK(format({"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) == "U");
  for (const char* wrong :
       {"\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK(format({wrong}) == "Z");
    CHECK(format({"fine", wrong}) == "Z");
  }
  // Halves of one character in two rows are none.
  CHECK(format({"\xc2", "\xa9"}) == "Z");
}

TEST_CASE(
    "results as Arrow, made as they are asked for: the rows of the table, one batch at a time") {
  Portfolio portfolio;
  const std::size_t count = 2 * Assessments::block + 7;
  for (std::size_t i = 0; i < count; ++i)
    portfolio.apply("c" + std::to_string(i), {.kind = Kind::purchase, .time = start});
  const ResultTable whole = assess_all(portfolio, start + 86400);
  const auto& ids = std::get<TextValues>(whole.columns[0].values);
  Assessments assessments(portfolio, start + 86400);
  Alone alone;
  std::size_t seen = 0;
  ArrowOwner<ArrowArrayStream> stream;
  to_arrow(batches_of(assessments, 1, alone,
                      [&](const ResultTable& batch) {
                        seen += static_cast<std::size_t>(batch.summary.relationships);
                      }),
           *stream, {{"key", "value"}});
  ArrowOwner<ArrowSchema> schema;
  REQUIRE(stream->get_schema(stream.get(), schema.get()) == 0);
  CHECK(schema->n_children == static_cast<std::int64_t>(whole.columns.size()));
  CHECK(std::string(schema->children[0]->format) == "U");
  CHECK(schema->metadata != nullptr);
  CHECK(seen == 0);  // nothing is assessed before it is asked for
  std::size_t row = 0;
  std::vector<ArrowOwner<ArrowArray>> kept;  // batches live on by themselves
  for (;;) {
    ArrowOwner<ArrowArray> batch;
    REQUIRE(stream->get_next(stream.get(), batch.get()) == 0);
    if (!batch) break;
    CHECK(seen == row + static_cast<std::size_t>(batch->length));
    row += static_cast<std::size_t>(batch->length);
    kept.push_back(std::move(batch));
  }
  CHECK(row == count);
  CHECK(kept.size() == 3);
  stream = {};
  row = 0;
  for (const auto& batch : kept) {
    const ArrowArray& array = *batch->children[0];
    const auto* offsets = static_cast<const std::int64_t*>(array.buffers[1]) + array.offset;
    for (std::int64_t i = 0; i < array.length; ++i, ++row)
      CHECK(std::string(static_cast<const char*>(array.buffers[2]) + offsets[i],
                        static_cast<const char*>(array.buffers[2]) + offsets[i + 1]) == ids[row]);
  }
}

TEST_CASE(
    "results as Arrow, made as they are asked for: one odd identifier makes all binary; errors are "
    "told") {
  Alone alone;
  Portfolio portfolio;
  for (const char* id : {"a", "\xff", "b"})
    portfolio.apply(id, {.kind = Kind::gift, .time = start});
  {
    Assessments assessments(portfolio, start + 1);
    ArrowOwner<ArrowArrayStream> stream;
    to_arrow(batches_of(assessments, 10, alone), *stream);
    ArrowOwner<ArrowSchema> schema;
    REQUIRE(stream->get_schema(stream.get(), schema.get()) == 0);
    CHECK(std::string(schema->children[0]->format) == "Z");
    CHECK(std::string(schema->children[1]->format) == "U");
    ArrowOwner<ArrowArray> batch;
    CHECK(stream->get_next(stream.get(), batch.get()) == 0);
    CHECK(batch->length == 3);
  }
  Assessments assessments(portfolio, start + 1);
  ArrowOwner<ArrowArrayStream> stream;
  to_arrow(batches_of(assessments, 10, alone), *stream);
  portfolio.apply("c", {.kind = Kind::gift, .time = start});
  ArrowOwner<ArrowArray> batch;
  CHECK(stream->get_next(stream.get(), batch.get()) == EINVAL);
  CHECK(!batch);
  CHECK(std::string(stream->get_last_error(stream.get())).find("taken relationships") !=
        std::string::npos);
}
