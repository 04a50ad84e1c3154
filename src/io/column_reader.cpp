// SPDX-License-Identifier: MIT
#include <loyalty/io/column_reader.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <loyalty/core/error.hpp>

namespace loyalty {
namespace {

using Type = SourceColumn::Type;
using Chunk = SourceColumn::Chunk;

[[noreturn]] void refuse(const SourceColumn& column, const std::string& what) {
  throw ColumnTypeError("column '" + column.name() + "': " + what);
}

[[noreturn]] void refuse_times(const SourceColumn& column) {
  throw ColumnTypeError(
      "column '" + column.name() +
      "' needs times: datetimes with a zone, dates, or UTC seconds as integers, not " +
      column.described() +
      "; convert text first, for example with pandas.to_datetime(..., utc=True)");
}

/// Little-endian two's complement of 4, 8, 16 or 32 bytes, times 10^-scale, rounded once.
double decimal(const std::uint8_t* bytes, std::size_t width, int scale) {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  std::array<std::uint32_t, 8> limbs{};  // least first
  std::memcpy(limbs.data(), bytes, width);
  const bool negative = (limbs[width / 4 - 1] >> 31) != 0;
  if (negative) {
    for (std::size_t i = width / 4; i < limbs.size(); ++i) limbs[i] = ~0U;
    std::uint64_t carry = 1;
    for (auto& limb : limbs) {
      carry += static_cast<std::uint32_t>(~limb);
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }
  const auto is_zero = [](std::uint32_t limb) { return limb == 0; };
  const std::uint64_t low = limbs[0] | std::uint64_t{limbs[1]} << 32;
  if (low <= std::uint64_t{1} << 53 && scale >= 0 && scale <= 22 &&
      std::all_of(limbs.begin() + 2, limbs.end(), is_zero)) {
    const double x = static_cast<double>(low) / powers[scale];
    return negative ? -x : x;
  }
  std::string text;
  while (!std::all_of(limbs.begin(), limbs.end(), is_zero)) {
    std::uint64_t rest = 0;
    for (std::size_t i = limbs.size(); i-- > 0;) {
      rest = rest << 32 | limbs[i];
      limbs[i] = static_cast<std::uint32_t>(rest / 10);
      rest %= 10;
    }
    text += static_cast<char>('0' + rest);
  }
  if (text.empty()) text = "0";
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  text += "e" + std::to_string(-scale);
  double x = 0;
  std::from_chars(text.data(), text.data() + text.size(), x);
  return x;
}

template <class Offset>
std::string_view between(const Chunk& chunk, const Offset* offsets, std::size_t k) noexcept {
  return {chunk.bytes + offsets[k], static_cast<std::size_t>(offsets[k + 1] - offsets[k])};
}

template <class T>
void push_number(TextBuilder& texts, T x, const SourceColumn& column, std::size_t row) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x)) return texts.push({});
    if (x != std::floor(x) || std::fabs(x) >= static_cast<T>(0x1p53))
      refuse(column, "needs text or whole numbers, not " + std::to_string(x) + " in " +
                         column.row_text(row));
    return push_number(texts, static_cast<std::int64_t>(x), column, row);
  } else {
    if constexpr (std::is_same_v<T, std::int64_t>)
      if (x == no_time) return texts.push({});
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
    texts.push({digits, static_cast<std::size_t>(end - digits)});
  }
}

}  // namespace

// ---- words ---------------------------------------------------------------------------------------

WordTable::WordTable(std::span<const std::string_view> words) : words_{words} {
  std::fill(std::begin(slots_), std::end(slots_), none);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::size_t at = hash(words[i]);
    while (slots_[at] != none) at = (at + 1) % std::size(slots_);
    slots_[at] = static_cast<std::uint8_t>(i);
  }
}

std::size_t WordTable::hash(std::string_view text) noexcept {
  std::uint64_t first = 0;
  if (!text.empty()) std::memcpy(&first, text.data(), text.size() < 8 ? text.size() : 8);
  const std::uint64_t h = (first ^ text.size() << 56) * 0x9e3779b97f4a7c15ULL;
  return static_cast<std::size_t>(h >> 56);
}

std::uint8_t WordTable::find(std::string_view text) const noexcept {
  for (std::size_t at = hash(text); slots_[at] != none; at = (at + 1) % std::size(slots_))
    if (words_[slots_[at]] == text) return slots_[at];
  return EventColumns::unreadable;
}

TextBuilder::TextBuilder(std::size_t rows, std::size_t bytes)
    : offsets_(std::make_unique_for_overwrite<std::int64_t[]>(rows + 1)),
      bytes_(std::make_unique_for_overwrite<char[]>(bytes)),
      room_(bytes) {
  offsets_[0] = 0;
}

void TextBuilder::push(std::string_view text) {
  if (text.size() > room_ - size_) grow(text.size());
  if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
  size_ += text.size();
  offsets_[++row_] = static_cast<std::int64_t>(size_);
}

void TextBuilder::grow(std::size_t more) {
  room_ = 2 * (size_ + more) + 64;
  auto larger = std::make_unique_for_overwrite<char[]>(room_);
  if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
}

// ---- columns -------------------------------------------------------------------------------------

const std::int64_t* ColumnReader::integers(const SourceColumn& column) {
  if (column.is_plain(Type::i64)) return column.chunks()[0].as<std::int64_t>();
  std::int64_t* out = make<std::int64_t>(column.rows());
  bool fits = true;
  for (const auto& chunk : column.chunks())
    visit_numbers(column.type(), chunk, [&](const auto* values) {
      for (std::size_t k = 0; k < chunk.size; ++k) {
        if constexpr (std::is_same_v<decltype(values), const std::uint64_t*>)
          fits = fits && (values[k] <= std::numeric_limits<std::int64_t>::max() || !chunk.valid(k));
        out[chunk.start + k] = chunk.valid(k) ? static_cast<std::int64_t>(values[k]) : no_time;
      }
    });
  return fits ? out : nullptr;
}

const Time* ColumnReader::times(const SourceColumn& column, bool end_of_day) {
  if (column.is_dictionary()) refuse_times(column);
  if (column.type() == Type::nothing) {
    Time* out = make<Time>(column.rows());
    std::fill_n(out, column.rows(), no_time);
    return out;
  }
  if (column.is_real() && column.unit() == Unit::none) return whole_seconds(column);
  if (!column.is_integer()) refuse_times(column);
  switch (column.unit()) {
    case Unit::none:
    case Unit::second:
      if (const auto* seconds = integers(column)) return seconds;
      throw ColumnError("column '" + column.name() +
                        "': a time does not fit into 64 bits; UTC seconds are needed");
    case Unit::milli:
      return divided<1'000>(column, 1, 0);
    case Unit::micro:
      return divided<1'000'000>(column, 1, 0);
    case Unit::nano:
      return divided<1'000'000'000>(column, 1, 0);
    case Unit::date:
      return divided<1>(column, 86400, end_of_day ? 86399 : 0);
    case Unit::date_milli:
      return divided<86'400'000>(column, 86400, end_of_day ? 86399 : 0);
  }
  return nullptr;
}

template <std::int64_t per_step>
const Time* ColumnReader::divided(const SourceColumn& column, std::int64_t seconds,
                                  std::int64_t plus) {
  Time* out = make<Time>(column.rows());
  // Days beyond this overflow; they are no dates and shall not wrap around to one.
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 86400 - 1;
  const auto of = [=](std::int64_t given) -> Time {
    if (given == no_time) return no_time;
    std::int64_t steps = given / per_step;
    steps -= given % per_step < 0 ? 1 : 0;
    if (seconds == 1) return steps;
    return (steps > most ? most : steps < -most ? -most : steps) * seconds + plus;
  };
  for (const auto& chunk : column.chunks())
    visit_numbers(column.type(), chunk, [&](const auto* values) {
      if (chunk.validity == nullptr)
        for (std::size_t k = 0; k < chunk.size; ++k)
          out[chunk.start + k] = of(static_cast<std::int64_t>(values[k]));
      else
        for (std::size_t k = 0; k < chunk.size; ++k)
          out[chunk.start + k] =
              chunk.valid(k) ? of(static_cast<std::int64_t>(values[k])) : no_time;
    });
  return out;
}

const Time* ColumnReader::whole_seconds(const SourceColumn& column) {
  const double* given = reals(column);
  Time* out = make<Time>(column.rows());
  for (std::size_t i = 0; i < column.rows(); ++i) {
    if (std::isnan(given[i])) {
      out[i] = no_time;
    } else {
      if (given[i] != std::floor(given[i])) refuse(column, "UTC seconds are whole numbers");
      const double near = given[i] > 0x1p62 ? 0x1p62 : given[i] < -0x1p62 ? -0x1p62 : given[i];
      out[i] = static_cast<Time>(near);  // beyond that it is a bad time anyway
    }
  }
  return out;
}

const double* ColumnReader::reals(const SourceColumn& column) {
  if (column.is_plain(Type::f64)) return column.chunks()[0].as<double>();
  if (column.is_dictionary() || column.unit() != Unit::none || column.is_text() ||
      column.type() == Type::other)
    throw ColumnTypeError("column '" + column.name() + "' needs numbers, not " +
                          column.described());
  double* out = make<double>(column.rows());
  constexpr double null = std::numeric_limits<double>::quiet_NaN();
  for (const auto& chunk : column.chunks()) {
    const auto fill = [&](auto&& value) {
      for (std::size_t k = 0; k < chunk.size; ++k)
        out[chunk.start + k] = chunk.valid(k) ? value(k) : null;
    };
    switch (column.type()) {
      case Type::nothing:
        fill([](std::size_t) { return std::numeric_limits<double>::quiet_NaN(); });
        break;
      case Type::boolean:
        fill([&](std::size_t k) { return chunk.as<std::uint8_t>()[k] != 0 ? 1.0 : 0.0; });
        break;
      case Type::bits:
        fill([&](std::size_t k) {
          return SourceColumn::bit(chunk.as<std::uint8_t>(), chunk.offset + k) ? 1.0 : 0.0;
        });
        break;
      case Type::decimal:
        fill([&](std::size_t k) {
          return decimal(chunk.as<std::uint8_t>() + k * column.width(), column.width(),
                         column.scale());
        });
        break;
      default:
        visit_numbers(column.type(), chunk, [&](const auto* values) {
          fill([&](std::size_t k) { return static_cast<double>(values[k]); });
        });
    }
  }
  return out;
}

const std::uint8_t* ColumnReader::flags(const SourceColumn& column, std::uint8_t absent) {
  if (column.is_plain(Type::boolean)) return column.chunks()[0].as<std::uint8_t>();
  const double* numbers = reals(column);
  std::uint8_t* out = make<std::uint8_t>(column.rows());
  for (std::size_t i = 0; i < column.rows(); ++i) {
    if (numbers[i] != 0 && numbers[i] != 1 && !std::isnan(numbers[i]))
      refuse(column, "needs true or false, not " + std::to_string(numbers[i]) + " in " +
                         column.row_text(i));
    out[i] = std::isnan(numbers[i]) ? absent : static_cast<std::uint8_t>(numbers[i]);
  }
  return out;
}

const std::uint8_t* ColumnReader::codes(const SourceColumn& column,
                                        std::span<const std::string_view> words,
                                        std::uint8_t absent) {
  const auto count = static_cast<std::int64_t>(words.size());
  const auto checked = [count, absent](std::int64_t code) -> std::uint8_t {
    if (code >= 0 && code < count) return static_cast<std::uint8_t>(code);
    return code == EventColumns::absent ? absent : EventColumns::unreadable;
  };
  if (column.is_plain(Type::u8)) {
    const auto* given = column.chunks()[0].as<std::uint8_t>();
    std::uint8_t most = 0;
    for (std::size_t i = 0; i < column.rows(); ++i) most = given[i] > most ? given[i] : most;
    if (most < count) return given;
  }
  std::uint8_t* out = make<std::uint8_t>(column.rows());
  const WordTable table(words);
  const auto code_of = [&](std::string_view text) {
    return text.empty() ? absent : table.find(text);
  };
  std::vector<const std::uint8_t*> codes_of_words;
  for (const auto& chunk : column.chunks())
    if (column.is_dictionary()) codes_of_words.push_back(codes(*chunk.words, words, absent));
  for (std::size_t c = 0; c < column.chunks().size(); ++c) {
    const auto& chunk = column.chunks()[c];
    std::uint8_t* to = out + chunk.start;
    if (column.is_dictionary()) {
      const std::uint8_t* word_codes = codes_of_words[c];
      const auto size = static_cast<std::int64_t>(chunk.words->rows());
      visit_numbers(column.type(), chunk, [&](const auto* values) {
        for (std::size_t k = 0; k < chunk.size; ++k) {
          const auto at = static_cast<std::int64_t>(values[k]);
          to[k] = chunk.valid(k) && at >= 0 && at < size ? word_codes[at] : absent;
        }
      });
    } else if (column.type() == Type::nothing) {
      std::memset(to, absent, chunk.size);
    } else if (column.is_integer() && column.unit() == Unit::none) {
      visit_numbers(column.type(), chunk, [&](const auto* values) {
        for (std::size_t k = 0; k < chunk.size; ++k)
          to[k] = chunk.valid(k) ? checked(static_cast<std::int64_t>(values[k])) : absent;
      });
    } else if (column.is_text()) {
      each_text(column, chunk,
                [&](std::size_t k, std::string_view text) { to[k] = code_of(text); });
    } else {
      refuse(column, "needs text or whole numbers, not " + column.described());
    }
  }
  return out;
}

TextColumn ColumnReader::texts(const SourceColumn& column) {
  if (column.is_dictionary()) return shared_texts(column);
  if (auto borrowed = borrowed_texts(column)) return *borrowed;
  if (column.is_text() && column.type() != Type::ucs4) return text_views(column);
  const std::size_t width = column.type() == Type::ucs4 ? column.width() : 8;
  auto& out = keep(std::make_shared<TextBuilder>(column.rows(), width * column.rows()));
  for (const auto& chunk : column.chunks()) {
    if (column.type() == Type::nothing) {
      for (std::size_t k = 0; k < chunk.size; ++k) out.push({});
    } else if (column.is_text()) {
      each_text(column, chunk, [&](std::size_t, std::string_view text) { out.push(text); });
    } else if ((column.is_integer() || column.is_real()) && column.unit() == Unit::none) {
      visit_numbers(column.type(), chunk, [&](const auto* values) {
        for (std::size_t k = 0; k < chunk.size; ++k) {
          if (chunk.valid(k))
            push_number(out, values[k], column, chunk.start + k);
          else
            out.push({});
        }
      });
    } else {
      refuse(column, "needs text or whole numbers, not " + column.described());
    }
  }
  return out.view();
}

/// The texts of a chunk in the order of rows; null is the empty text.
template <class F>
void ColumnReader::each_text(const SourceColumn& column, const Chunk& chunk, F&& f) {
  const auto each = [&](auto&& text) {
    for (std::size_t k = 0; k < chunk.size; ++k)
      f(k, chunk.valid(k) ? text(k) : std::string_view{});
  };
  switch (column.type()) {
    case Type::text32:
      return each([&](std::size_t k) { return between(chunk, chunk.as<std::int32_t>(), k); });
    case Type::text64:
      return each([&](std::size_t k) { return between(chunk, chunk.as<std::int64_t>(), k); });
    case Type::views:
      return each([&](std::size_t k) {
        const auto* view = chunk.as<char>() + 16 * k;
        std::int32_t size = 0;
        std::memcpy(&size, view, 4);
        if (size <= 12) return std::string_view(view + 4, static_cast<std::size_t>(size));
        std::int32_t where[2];
        std::memcpy(where, view + 8, 8);
        return std::string_view(static_cast<const char*>(chunk.buffers[where[0]]) + where[1],
                                static_cast<std::size_t>(size));
      });
    case Type::bytes:
      return each([&](std::size_t k) {
        const std::string_view text(chunk.as<char>() + k * column.width(), column.width());
        return text.substr(0, text.find_last_not_of('\0') + 1);
      });
    case Type::ucs4:
      return each([&](std::size_t k) {
        return utf8(chunk.as<char32_t>() + k * column.width(), column.width());
      });
    default:
      return;
  }
}

std::string_view ColumnReader::utf8(const char32_t* text, std::size_t width) {
  scratch_.clear();
  while (width > 0 && text[width - 1] == 0) --width;
  for (std::size_t i = 0; i < width; ++i) {
    const char32_t c = text[i];
    const auto tail = [&](int shift) { scratch_ += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) {
      scratch_ += static_cast<char>(c);
    } else if (c < 0x800) {
      scratch_ += static_cast<char>(0xc0 | c >> 6);
      tail(0);
    } else if (c >= 0xdc80 && c <= 0xdcff) {
      scratch_ += static_cast<char>(c & 0xff);  // surrogateescape
    } else if (c < 0x10000) {
      scratch_ += static_cast<char>(0xe0 | c >> 12);
      tail(6);
      tail(0);
    } else {
      scratch_ += static_cast<char>(0xf0 | c >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
  }
  return scratch_;
}

/// The codes of a dictionary that are its words' numbers already; null where some are not.
const std::uint32_t* ColumnReader::borrowed_codes(const SourceColumn& column) {
  if (column.chunks().size() != 1 || column.chunks()[0].validity != nullptr ||
      (column.type() != Type::i32 && column.type() != Type::u32))
    return nullptr;
  const auto& chunk = column.chunks()[0];
  const auto* codes = chunk.as<std::uint32_t>();
  std::uint32_t most = 0;
  for (std::size_t k = 0; k < chunk.size; ++k) most = codes[k] > most ? codes[k] : most;
  return most < chunk.words->rows() ? codes : nullptr;
}

/// The rows of a dictionary by word. Rows without a word have the last, which is empty.
TextColumn ColumnReader::shared_texts(const SourceColumn& column) {
  const auto& chunks = column.chunks();
  const auto again = [&](std::size_t c) {
    return c != 0 && chunks[c].words == chunks[c - 1].words;
  };
  std::size_t count = 1;
  for (std::size_t c = 0; c < chunks.size(); ++c)
    if (!again(c)) count += chunks[c].words->rows();
  if (count > std::numeric_limits<std::uint32_t>::max())
    refuse(column, "has more than 2^32 words in its dictionaries");
  auto* views = make<std::string_view>(count);
  if (const std::uint32_t* codes = borrowed_codes(column)) {
    const TextColumn own = texts(*chunks[0].words);
    for (std::size_t k = 0; k + 1 < count; ++k) views[k] = own[k];
    return {.views = views, .words = codes, .word_count = count};
  }
  auto* words = make<std::uint32_t>(column.rows());
  std::size_t first = 0;  // of the chunk's words
  std::size_t next = 0;
  const auto none = static_cast<std::uint32_t>(count - 1);
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const auto& chunk = chunks[c];
    const std::size_t size = chunk.words->rows();
    if (!again(c)) {
      first = next;
      const TextColumn own = texts(*chunk.words);
      for (std::size_t k = 0; k < size; ++k) views[next++] = own[k];
    }
    visit_numbers(column.type(), chunk, [&](const auto* values) {
      for (std::size_t k = 0; k < chunk.size; ++k) {
        const auto at = static_cast<std::uint64_t>(values[k]);  // a negative one is beyond all
        words[chunk.start + k] =
            at < size && chunk.valid(k) ? static_cast<std::uint32_t>(first + at) : none;
      }
    });
  }
  return {.views = views, .words = words, .word_count = count};
}

/// Texts where they stand.
TextColumn ColumnReader::text_views(const SourceColumn& column) {
  auto* views = make<std::string_view>(column.rows());
  for (const auto& chunk : column.chunks())
    each_text(column, chunk,
              [&](std::size_t k, std::string_view text) { views[chunk.start + k] = text; });
  return {.views = views};
}

/// Texts that are laid out as the fold takes them, but for the width of their offsets.
std::optional<TextColumn> ColumnReader::borrowed_texts(const SourceColumn& column) {
  if (column.is_dictionary() || column.chunks().size() != 1 ||
      (column.type() != Type::text32 && column.type() != Type::text64))
    return std::nullopt;
  const auto& chunk = column.chunks()[0];
  if (chunk.validity != nullptr)
    for (std::size_t k = 0; k < chunk.size; ++k) {
      const bool empty = column.type() == Type::text32
                             ? between(chunk, chunk.as<std::int32_t>(), k).empty()
                             : between(chunk, chunk.as<std::int64_t>(), k).empty();
      if (!empty && !chunk.valid(k)) return std::nullopt;
    }
  if (column.type() == Type::text64) return TextColumn{chunk.bytes, chunk.as<std::int64_t>()};
  std::int64_t* offsets = make<std::int64_t>(chunk.size + 1);
  const auto* narrow = chunk.as<std::int32_t>();
  for (std::size_t k = 0; k <= chunk.size; ++k) offsets[k] = narrow[k];
  return TextColumn{chunk.bytes, offsets};
}

}  // namespace loyalty
