// SPDX-License-Identifier: MIT
#include <loyalty/io/source_column.hpp>

#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include <loyalty/core/error.hpp>

namespace loyalty {
namespace {

using Type = SourceColumn::Type;
using Unit = SourceColumn::Unit;

/// Rows beyond this are a damaged length, and what is computed from fewer does not overflow.
constexpr std::int64_t most_rows = std::int64_t{1} << 48;

/// `d:precision,scale` or `d:precision,scale,bits`. False where it is none.
bool read_decimal(std::string_view format, SourceColumn::Form& form) {
  std::array<int, 3> numbers{0, 0, 128};
  std::size_t count = 0;
  const char* at = format.data() + 2;
  const char* end = format.data() + format.size();
  for (;;) {
    const auto [next, error] = std::from_chars(at, end, numbers[count]);
    if (error != std::errc{}) return false;
    ++count;
    if (next == end) break;
    if (*next != ',' || count == numbers.size()) return false;
    at = next + 1;
  }
  const auto [precision, scale, bits] = numbers;
  if (count < 2 || precision < 1 || precision > 76 || scale < -76 || scale > 76) return false;
  if (bits != 32 && bits != 64 && bits != 128 && bits != 256) return false;
  form.scale = scale;
  form.width = static_cast<std::size_t>(bits) / 8;
  return true;
}

SourceColumn::Form form_of(std::string_view format) {
  SourceColumn::Form form;
  form.described = "Arrow's '" + std::string(format.substr(0, 40)) + "'";
  const auto is = [&form](Type type, std::size_t width, Unit unit = Unit::none) {
    form.type = type;
    form.width = width;
    form.unit = unit;
  };
  if (format.size() == 1) {
    constexpr std::string_view letters = "ncsilCSILfgbuUzZe";
    constexpr Type types[] = {Type::nothing, Type::i8,   Type::i16,    Type::i32,    Type::i64,
                              Type::u8,      Type::u16,  Type::u32,    Type::u64,    Type::f32,
                              Type::f64,     Type::bits, Type::text32, Type::text64, Type::text32,
                              Type::text64,  Type::f32};
    constexpr std::size_t widths[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 0, 4, 8, 4, 8, 2};
    if (const auto at = letters.find(format[0]); at != std::string_view::npos)
      is(types[at], widths[at]);
  } else if (format == "vu" || format == "vz") {
    is(Type::views, 16);
  } else if (format.size() >= 4 && format.substr(0, 2) == "ts" && format[3] == ':') {
    switch (format[2]) {
      case 's':
        is(Type::i64, 8, Unit::second);
        break;
      case 'm':
        is(Type::i64, 8, Unit::milli);
        break;
      case 'u':
        is(Type::i64, 8, Unit::micro);
        break;
      case 'n':
        is(Type::i64, 8, Unit::nano);
        break;
      default:
        break;
    }
    form.naive = form.type == Type::i64 && format.size() == 4;  // `tss:` and then the zone
  } else if (format == "tdD") {
    is(Type::i32, 4, Unit::date);
  } else if (format == "tdm") {
    is(Type::i64, 8, Unit::date_milli);
  } else if (format.substr(0, 2) == "d:" && read_decimal(format, form)) {
    form.type = Type::decimal;
  }
  return form;
}

/// Chunks usually share one dictionary; then it is read once.
bool same_words(const ArrowArray& a, const ArrowArray& b) noexcept {
  if (a.length != b.length || a.offset != b.offset || a.null_count != b.null_count ||
      a.n_buffers != b.n_buffers)
    return false;
  for (std::int64_t i = 0; i < a.n_buffers; ++i)
    if (a.buffers[i] != b.buffers[i]) return false;
  return true;
}

/// A float of 16 bits (IEEE 754 binary16), exactly.
float of_half(std::uint16_t half) noexcept {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  float x = 0;
  if (exponent == 31)
    x = fraction == 0 ? std::numeric_limits<float>::infinity()
                      : std::numeric_limits<float>::quiet_NaN();
  else if (exponent == 0)
    x = static_cast<float>(fraction) * 0x1p-24F;
  else
    x = static_cast<float>(1024 + fraction) * 0x1p-25F *
        static_cast<float>(std::uint32_t{1} << exponent);
  return (half >> 15) != 0 ? -x : x;
}

}  // namespace

SourceColumn::SourceColumn(std::string name, const ArrowSchema& schema)
    : name_(std::move(name)), schema_(&schema) {
  if (schema.release == nullptr) damaged("its schema was released before");
  if (schema.format == nullptr) damaged("its schema has no format");
  const std::string_view format = schema.format;
  form_ = form_of(format);
  halves_ = format == "e";
  if (schema.dictionary == nullptr) return;
  if (!is_integer() || form_.unit != Unit::none)
    throw ColumnTypeError("column '" + name_ + "': its dictionary has codes of type " +
                          form_.described);
  if (schema.dictionary->dictionary != nullptr)
    throw ColumnTypeError("column '" + name_ + "': its dictionary is one of dictionaries");
  form_.dictionary = true;
}

void SourceColumn::damaged(const std::string& what) const {
  throw ColumnError("column '" + name_ + "': " + what);
}

std::string SourceColumn::row_text(std::size_t row) const {
  return "row " + std::to_string(first_row_ + row) + " (the first row is 0)";
}

void SourceColumn::add(Chunk chunk) {
  chunk.start = rows_;
  rows_ += chunk.size;
  chunks_.push_back(std::move(chunk));
}

void SourceColumn::add(const ArrowArray& array, std::int64_t first, std::int64_t rows) {
  if (array.release == nullptr) damaged("its Arrow array was released before");
  if (array.length < 0 || array.offset < 0 || array.length > most_rows || array.offset > most_rows)
    damaged("its Arrow array has length " + std::to_string(array.length) + " and offset " +
            std::to_string(array.offset) + "; allowed is 0 .. 2^48");
  if (first < 0 || rows < 0 || first > array.length || rows > array.length - first)
    damaged("its Arrow array has " + std::to_string(array.length) + " rows, " +
            std::to_string(rows) + " from row " + std::to_string(first) + " on are needed");
  if (array.null_count < -1 || array.null_count > array.length)
    damaged("its Arrow array states " + std::to_string(array.null_count) + " nulls in " +
            std::to_string(array.length) + " rows");
  if (form_.dictionary && array.dictionary == nullptr) damaged("its dictionary is missing");
  if (rows == 0) return;
  Chunk chunk;
  chunk.size = static_cast<std::size_t>(rows);
  chunk.offset = static_cast<std::size_t>(array.offset + first);
  if (form_.type == Type::nothing || form_.type == Type::other) return add(std::move(chunk));

  const bool texts = form_.type == Type::text32 || form_.type == Type::text64;
  const bool views = form_.type == Type::views;
  const std::int64_t buffers = texts || views ? 3 : 2;
  if (array.buffers == nullptr || array.n_buffers < buffers ||
      (array.n_buffers > buffers && !views))
    damaged("its Arrow array has " +
            std::to_string(array.buffers == nullptr ? 0 : array.n_buffers) + " buffers, " +
            form_.described + " needs " + (views ? "at least " : "") + std::to_string(buffers));
  if (array.null_count != 0) chunk.validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  if (array.null_count > 0 && chunk.validity == nullptr)
    damaged("its Arrow array states " + std::to_string(array.null_count) +
            " nulls and does not say which");
  const auto* values = static_cast<const std::byte*>(array.buffers[1]);
  if (values == nullptr) damaged("its Arrow array has rows and no values");
  chunk.values = form_.type == Type::bits
                     ? values
                     : values + chunk.offset * (halves_ ? std::size_t{2} : form_.width);
  if (halves_) {
    widen_halves(chunk);
  } else if (texts) {
    chunk.bytes = static_cast<const char*>(array.buffers[2]);
    if (form_.type == Type::text32)
      check_offsets<std::int32_t>(chunk);
    else
      check_offsets<std::int64_t>(chunk);
  } else if (views) {
    chunk.buffers = array.buffers + 2;
    check_views(chunk, array);
  } else if (form_.type != Type::bits && form_.type != Type::decimal) {
    chunk.values = aligned(chunk.values, chunk.size * form_.width, form_.width);
  }
  if (form_.dictionary) {
    if (last_words_ != nullptr && same_words(*last_words_, *array.dictionary)) {
      chunk.words = chunks_.back().words;
    } else {
      auto words =
          std::make_shared<SourceColumn>(name_ + " (its dictionary)", *schema_->dictionary);
      words->add(*array.dictionary, 0, array.dictionary->length);
      chunk.words = std::move(words);
      last_words_ = array.dictionary;
    }
    check_codes(chunk);
  }
  add(std::move(chunk));
}

/// Values where their type may be read; copied where the producer did not align them.
const void* SourceColumn::aligned(const void* values, std::size_t bytes, std::size_t alignment) {
  if (reinterpret_cast<std::uintptr_t>(values) % alignment == 0) return values;
  const std::shared_ptr<std::uint64_t[]> copy(new std::uint64_t[bytes / 8 + 1]);
  std::memcpy(copy.get(), values, bytes);
  kept_.push_back(copy);
  return copy.get();
}

template <class Offset>
void SourceColumn::check_offsets(Chunk& chunk) {
  chunk.values = aligned(chunk.values, (chunk.size + 1) * sizeof(Offset), sizeof(Offset));
  const auto* offsets = chunk.as<Offset>();
  bool falls = offsets[0] < 0;
  for (std::size_t k = 0; k < chunk.size; ++k) falls |= offsets[k + 1] < offsets[k];
  if (falls) {
    std::size_t k = 0;
    while (offsets[0] >= 0 && offsets[k + 1] >= offsets[k]) ++k;
    damaged(row_text(rows_ + k) + ": its text is from byte " + std::to_string(offsets[k]) +
            " to byte " + std::to_string(offsets[k + 1]));
  }
  if (chunk.bytes == nullptr) {
    if (offsets[chunk.size] != offsets[0]) damaged("its Arrow array has texts and no bytes");
    chunk.bytes = "";  // every text is empty
    if (offsets[0] != 0) damaged("its Arrow array has offsets and no bytes");
  }
}

void SourceColumn::check_views(const Chunk& chunk, const ArrowArray& array) const {
  const std::int64_t count = array.n_buffers - 3;
  const auto* sizes = static_cast<const std::int64_t*>(array.buffers[array.n_buffers - 1]);
  if (count > 0 && sizes == nullptr)
    damaged("its Arrow array does not say how long its buffers are");
  for (std::size_t k = 0; k < chunk.size; ++k) {
    if (!chunk.valid(k)) continue;
    std::array<std::int32_t, 4> view;  // size, four bytes of text, buffer, offset
    std::memcpy(view.data(), chunk.as<char>() + 16 * k, 16);
    if (view[0] >= 0 && view[0] <= 12) continue;
    const std::int64_t buffer = view[2];
    std::int64_t size = 0;
    if (buffer >= 0 && buffer < count) std::memcpy(&size, sizes + buffer, sizeof size);
    if (view[0] < 0 || buffer < 0 || buffer >= count || view[3] < 0 ||
        std::int64_t{view[3]} + view[0] > size || chunk.buffers[buffer] == nullptr)
      damaged(row_text(rows_ + k) + ": its text is the " + std::to_string(view[0]) +
              " bytes from byte " + std::to_string(view[3]) + " of buffer " +
              std::to_string(buffer) + ", which is none of " + std::to_string(count) +
              " or too short");
  }
}

void SourceColumn::check_codes(const Chunk& chunk) const {
  const auto count = static_cast<std::uint64_t>(chunk.words->rows());
  visit_numbers(form_.type, chunk, [&](const auto* codes) {
    for (std::size_t k = 0; k < chunk.size; ++k)
      // A negative code is beyond every count, too.
      if (static_cast<std::uint64_t>(codes[k]) >= count && chunk.valid(k))
        damaged(row_text(rows_ + k) + ": code " + std::to_string(codes[k]) +
                " is none of its dictionary, which has " + std::to_string(count) + " words");
  });
}

void SourceColumn::widen_halves(Chunk& chunk) {
  const std::shared_ptr<float[]> owner(new float[chunk.size]);
  float* floats = owner.get();
  for (std::size_t k = 0; k < chunk.size; ++k) {
    std::uint16_t half = 0;
    std::memcpy(&half, chunk.as<char>() + 2 * k, sizeof half);
    floats[k] = of_half(half);
  }
  chunk.values = floats;
  kept_.push_back(owner);
}

}  // namespace loyalty
