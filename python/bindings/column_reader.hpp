// SPDX-License-Identifier: MIT
/// \file
/// Columns of a caller as the fold takes them: borrowed where they already are so, else read in one pass. The passes
/// hold the interpreter's lock only while they look at Python objects. What cannot be read is refused by name.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/batch/columns.hpp>
#include <loyalty/core/prefetch.hpp>
#include <loyalty/core/time.hpp>

#include "source.hpp"

namespace loyalty::python {

[[noreturn]] inline void refuse(const std::string& column, const std::string& what) {
  throw py::type_error("column '" + column + "': " + what);
}

/// The lock of the interpreter, let go for the life of this unless the column holds Python objects.
class Unlocked {
 public:
  explicit Unlocked(const Source& source) {
    bool objects = source.type() == Source::Type::objects;
    for (const auto& chunk : source.chunks())
      objects = objects || (chunk.words && chunk.words->type() == Source::Type::objects);
    if (!objects) release_.emplace();
  }

 private:
  std::optional<py::gil_scoped_release> release_;
};

/// Finds words of a short list.
class WordTable {
 public:
  explicit WordTable(std::span<const std::string_view> words) : words_{words} {
    slots_.fill(none);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::size_t at = hash(words[i]);
      while (slots_[at] != none) at = (at + 1) % slots_.size();
      slots_[at] = static_cast<std::uint8_t>(i);
    }
  }
  /// The word's number, or `unreadable`.
  std::uint8_t find(std::string_view text) const noexcept {
    for (std::size_t at = hash(text); slots_[at] != none; at = (at + 1) % slots_.size())
      if (words_[slots_[at]] == text) return slots_[at];
    return EventColumns::unreadable;
  }

 private:
  static constexpr std::uint8_t none = 255;
  static std::size_t hash(std::string_view text) noexcept {
    std::uint64_t first = 0;
    std::memcpy(&first, text.data(), text.size() < 8 ? text.size() : 8);
    const std::uint64_t h = (first ^ text.size() << 56) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::size_t>(h >> 56);
  }
  std::span<const std::string_view> words_;
  std::array<std::uint8_t, 256> slots_;
};

/// A growing text column.
class TextBuilder {
 public:
  TextBuilder(std::size_t rows, std::size_t bytes)
      : offsets_(std::make_unique_for_overwrite<std::int64_t[]>(rows + 1)),
        bytes_(std::make_unique_for_overwrite<char[]>(bytes)),
        room_(bytes) {
    offsets_[0] = 0;
  }
  void push(std::string_view text) {
    if (text.size() > room_ - size_) grow(text.size());
    if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
    offsets_[++row_] = static_cast<std::int64_t>(size_);
  }
  TextColumn view() const noexcept { return {bytes_.get(), offsets_.get()}; }

 private:
  void grow(std::size_t more) {
    room_ = 2 * (size_ + more) + 64;
    auto larger = std::make_unique_for_overwrite<char[]>(room_);
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
  }
  std::unique_ptr<std::int64_t[]> offsets_;
  std::unique_ptr<char[]> bytes_;
  std::size_t room_;
  std::size_t size_ = 0;
  std::size_t row_ = 0;
};

/// Reads columns and keeps what they borrow from and what it made, for as long as it lives.
class ColumnReader {
 public:
  using Type = Source::Type;
  using Unit = Source::Unit;

  /// Whole numbers; null is `no_time`. Null pointer where one does not fit into 63 bits.
  const std::int64_t* integers(const Source& source) {
    if (source.is_plain(Type::i64)) return source.chunks()[0].as<std::int64_t>();
    std::int64_t* out = make<std::int64_t>(source.rows());
    const Unlocked unlocked(source);
    bool fits = true;
    for (const auto& chunk : source.chunks())
      visit_numbers(source.type(), chunk, [&](const auto* values) {
        for (std::size_t k = 0; k < chunk.size; ++k) {
          if constexpr (std::is_same_v<decltype(values), const std::uint64_t*>)
            fits =
                fits && (values[k] <= std::numeric_limits<std::int64_t>::max() || !chunk.valid(k));
          out[chunk.start + k] = chunk.valid(k) ? static_cast<std::int64_t>(values[k]) : no_time;
        }
      });
    return fits ? out : nullptr;
  }

  /// Times as UTC seconds, rounded down; dates are the start of their day, or its end.
  const Time* times(const std::string& name, const Source& source, bool end_of_day) {
    if (source.is_dictionary()) refuse_times(name, source);
    if (source.type() == Type::nothing) return absent_times(source.rows());
    if (source.type() == Type::objects) {
      for (PyObject* item : objects(source))
        if (!is_absent(item)) refuse_times(name, source);
      return absent_times(source.rows());
    }
    if (source.is_real() && source.unit() == Unit::none) return whole_seconds(name, source);
    if (!source.is_integer()) refuse_times(name, source);
    switch (source.unit()) {
      case Unit::none:
      case Unit::second:
        if (const auto* seconds = integers(source)) return seconds;
        throw py::value_error("column '" + name +
                              "': a time does not fit into 64 bits; UTC seconds are needed");
      case Unit::milli:
        return divided<1'000>(source, 1, 0);
      case Unit::micro:
        return divided<1'000'000>(source, 1, 0);
      case Unit::nano:
        return divided<1'000'000'000>(source, 1, 0);
      case Unit::day:
        return divided<1>(source, 86400, end_of_day ? 86399 : 0);
      case Unit::milli_of_day:
        return divided<86'400'000>(source, 86400, end_of_day ? 86399 : 0);
    }
    return nullptr;
  }

  /// Numbers as doubles; null is NaN.
  const double* reals(const std::string& name, const Source& source) {
    if (source.is_plain(Type::f64)) return source.chunks()[0].as<double>();
    if (source.is_dictionary() || source.unit() != Unit::none || source.is_text() ||
        source.type() == Type::other)
      throw py::type_error("column '" + name + "' needs numbers, not " + source.described());
    double* out = make<double>(source.rows());
    constexpr double null = std::numeric_limits<double>::quiet_NaN();
    if (source.type() == Type::objects) {
      std::size_t row = 0;
      for (PyObject* item : objects(source)) {
        out[row] = real_of(item, name, row);
        ++row;
      }
      return out;
    }
    const Unlocked unlocked(source);
    for (const auto& chunk : source.chunks()) {
      const auto fill = [&](auto&& value) {
        for (std::size_t k = 0; k < chunk.size; ++k)
          out[chunk.start + k] = chunk.valid(k) ? value(k) : null;
      };
      switch (source.type()) {
        case Type::nothing:
          fill([](std::size_t) { return std::numeric_limits<double>::quiet_NaN(); });
          break;
        case Type::boolean:
          fill([&](std::size_t k) { return chunk.as<std::uint8_t>()[k] != 0 ? 1.0 : 0.0; });
          break;
        case Type::bits:
          fill([&](std::size_t k) {
            return Source::bit(chunk.as<std::uint8_t>(), chunk.offset + k) ? 1.0 : 0.0;
          });
          break;
        case Type::decimal:
          fill([&](std::size_t k) {
            return decimal(chunk.as<std::uint8_t>() + k * source.width(), source.width(),
                           source.scale());
          });
          break;
        default:
          visit_numbers(source.type(), chunk, [&](const auto* values) {
            fill([&](std::size_t k) { return static_cast<double>(values[k]); });
          });
      }
    }
    return out;
  }

  /// Truth values as 0 and 1; null is 0.
  const std::uint8_t* flags(const std::string& name, const Source& source) {
    if (source.is_plain(Type::boolean)) return source.chunks()[0].as<std::uint8_t>();
    const double* numbers = reals(name, source);
    std::uint8_t* out = make<std::uint8_t>(source.rows());
    for (std::size_t i = 0; i < source.rows(); ++i) {
      if (numbers[i] != 0 && numbers[i] != 1 && !std::isnan(numbers[i]))
        refuse(name, "needs true or false, not " + std::to_string(numbers[i]) + " in row " +
                         std::to_string(i));
      out[i] = numbers[i] == 1 ? 1 : 0;
    }
    return out;
  }

  /// Words of a list as their numbers, which may also be given as such. Null and the empty text become `absent`,
  /// what is not in the list `unreadable`.
  const std::uint8_t* codes(const std::string& name, const Source& source,
                            std::span<const std::string_view> words, std::uint8_t absent) {
    const auto count = static_cast<std::int64_t>(words.size());
    const auto checked = [count, absent](std::int64_t code) -> std::uint8_t {
      if (code >= 0 && code < count) return static_cast<std::uint8_t>(code);
      return code == EventColumns::absent ? absent : EventColumns::unreadable;
    };
    if (source.is_plain(Type::u8)) {
      const auto* given = source.chunks()[0].as<std::uint8_t>();
      std::uint8_t most = 0;
      for (std::size_t i = 0; i < source.rows(); ++i) most = given[i] > most ? given[i] : most;
      if (most < count) return given;
    }
    std::uint8_t* out = make<std::uint8_t>(source.rows());
    const WordTable table(words);
    const auto code_of = [&](std::string_view text) {
      return text.empty() ? absent : table.find(text);
    };
    if (source.type() == Type::objects) {
      // Frames repeat few objects many times: each is looked up once as long as it is remembered.
      struct Known {
        PyObject* object = nullptr;
        std::uint8_t code = 0;
      };
      std::array<Known, 128> known{};
      const auto items = objects(source);
      for (std::size_t i = 0; i < items.size(); ++i) {
        PyObject* item = items[i];
        Known& slot = known[(reinterpret_cast<std::uintptr_t>(item) >> 4) % known.size()];
        if (slot.object != item || item == nullptr)
          slot = {item, is_absent(item) ? absent : code_of(text_of(item, name))};
        out[i] = slot.code;
      }
      return out;
    }
    std::vector<const std::uint8_t*> codes_of_words;
    if (source.is_dictionary())
      for (const auto& chunk : source.chunks())
        codes_of_words.push_back(codes(name, *chunk.words, words, absent));
    const Unlocked unlocked(source);
    for (std::size_t c = 0; c < source.chunks().size(); ++c) {
      const auto& chunk = source.chunks()[c];
      std::uint8_t* to = out + chunk.start;
      if (source.is_dictionary()) {
        const std::uint8_t* word_codes = codes_of_words[c];
        const auto size = static_cast<std::int64_t>(chunk.words->rows());
        visit_numbers(source.type(), chunk, [&](const auto* values) {
          for (std::size_t k = 0; k < chunk.size; ++k) {
            const auto at = static_cast<std::int64_t>(values[k]);
            to[k] = chunk.valid(k) && at >= 0 && at < size ? word_codes[at] : absent;
          }
        });
      } else if (source.type() == Type::nothing) {
        std::memset(to, absent, chunk.size);
      } else if (source.is_integer() && source.unit() == Unit::none) {
        visit_numbers(source.type(), chunk, [&](const auto* values) {
          for (std::size_t k = 0; k < chunk.size; ++k)
            to[k] = chunk.valid(k) ? checked(static_cast<std::int64_t>(values[k])) : absent;
        });
      } else if (source.is_text()) {
        each_text(source, chunk,
                  [&](std::size_t k, std::string_view text) { to[k] = code_of(text); });
      } else {
        refuse(name, "needs text or whole numbers, not " + source.described());
      }
    }
    return out;
  }

  /// Identifiers as text; whole numbers become their decimal text, null the empty text.
  TextColumn texts(const std::string& name, const Source& source) {
    if (auto borrowed = borrowed_texts(source)) return *borrowed;
    std::vector<TextColumn> words;
    if (source.is_dictionary())
      for (const auto& chunk : source.chunks()) {
        const bool again = !words.empty() && chunk.words == source.chunks()[words.size() - 1].words;
        words.push_back(again ? words.back() : texts(name, *chunk.words));
      }
    const Unlocked unlocked(source);
    auto& column = keep(std::make_shared<TextBuilder>(source.rows(), text_bytes(source, words)));
    if (source.type() == Type::objects) {
      constexpr std::size_t ahead = 12;
      const auto items = objects(source);
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (i + ahead < items.size()) prefetch(items[i + ahead]);
        push_object(column, items[i], name, i);
      }
      return column.view();
    }
    for (std::size_t c = 0; c < source.chunks().size(); ++c) {
      const auto& chunk = source.chunks()[c];
      if (source.is_dictionary()) {
        const auto size = static_cast<std::int64_t>(chunk.words->rows());
        visit_numbers(source.type(), chunk, [&](const auto* values) {
          for (std::size_t k = 0; k < chunk.size; ++k) {
            const auto at = static_cast<std::int64_t>(values[k]);
            const bool there = chunk.valid(k) && at >= 0 && at < size;
            column.push(there ? words[c][static_cast<std::size_t>(at)] : std::string_view{});
          }
        });
      } else if (source.type() == Type::nothing) {
        for (std::size_t k = 0; k < chunk.size; ++k) column.push({});
      } else if (source.is_text()) {
        each_text(source, chunk, [&](std::size_t, std::string_view text) { column.push(text); });
      } else if ((source.is_integer() || source.is_real()) && source.unit() == Unit::none) {
        visit_numbers(source.type(), chunk, [&](const auto* values) {
          for (std::size_t k = 0; k < chunk.size; ++k) {
            if (chunk.valid(k))
              push_number(column, values[k], name, chunk.start + k);
            else
              column.push({});
          }
        });
      } else {
        refuse(name, "needs text or whole numbers, not " + source.described());
      }
    }
    return column.view();
  }

  /// Keeps what lives as long as this.
  template <class T>
  T& keep(std::shared_ptr<T> made) {
    T& kept = *made;
    made_.push_back(std::move(made));
    return kept;
  }
  template <class T>
  T* make(std::size_t rows) {
    std::shared_ptr<T[]> made(new T[rows == 0 ? 1 : rows]);
    made_.push_back(made);
    return made.get();
  }

  /// Null in an object column: None, NaN, and pandas' NaT and NA.
  static bool is_absent(PyObject* object) {
    if (object == nullptr || object == Py_None) return true;
    if (PyUnicode_CheckExact(object)) return false;
    if (PyFloat_Check(object)) return std::isnan(PyFloat_AS_DOUBLE(object));
    const std::string_view type = Py_TYPE(object)->tp_name;
    return type.ends_with("NAType") || type.ends_with("NaTType");
  }

  static std::span<PyObject* const> objects(const Source& source) {
    if (source.chunks().empty()) return {};
    return {source.chunks()[0].as<PyObject*>(), source.rows()};
  }

  /// UTF-8 of a str, the bytes of a bytes object. Valid until the next call.
  std::string_view text_of(PyObject* object, const std::string& name) {
    if (PyUnicode_Check(object)) {
      if (PyUnicode_IS_COMPACT_ASCII(object))
        return {static_cast<const char*>(PyUnicode_DATA(object)),
                static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
      Py_ssize_t size = 0;
      if (const char* bytes = PyUnicode_AsUTF8AndSize(object, &size))
        return {bytes, static_cast<std::size_t>(size)};
      // Bytes that are no UTF-8 came in as lone surrogates, and go out as they were.
      PyErr_Clear();
      encoded_ = py::reinterpret_steal<py::object>(
          PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape"));
      if (!encoded_) throw py::error_already_set();
      object = encoded_.ptr();
    }
    if (PyBytes_Check(object))
      return {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
    refuse(name, "needs text, not " + py::str(py::type::handle_of(object)).cast<std::string>());
  }

 private:
  [[noreturn]] static void refuse_times(const std::string& name, const Source& source) {
    throw py::type_error(
        "column '" + name +
        "' needs times: datetimes with a zone, dates, or UTC seconds as integers, not " +
        source.described() +
        "; convert text first, for example with pandas.to_datetime(..., utc=True)");
  }

  const Time* absent_times(std::size_t rows) {
    Time* out = make<Time>(rows);
    std::fill_n(out, rows, no_time);
    return out;
  }

  template <std::int64_t per_step>
  const Time* divided(const Source& source, std::int64_t seconds, std::int64_t plus) {
    Time* out = make<Time>(source.rows());
    const Unlocked unlocked(source);
    // Days beyond this overflow; they are no dates and shall not wrap around to one.
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 86400 - 1;
    const auto of = [=](std::int64_t given) -> Time {
      if (given == no_time) return no_time;
      std::int64_t steps = given / per_step;
      steps -= given % per_step < 0 ? 1 : 0;
      if (seconds == 1) return steps;
      return (steps > most ? most : steps < -most ? -most : steps) * seconds + plus;
    };
    for (const auto& chunk : source.chunks())
      visit_numbers(source.type(), chunk, [&](const auto* values) {
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

  const Time* whole_seconds(const std::string& name, const Source& source) {
    const double* given = reals(name, source);
    Time* out = make<Time>(source.rows());
    for (std::size_t i = 0; i < source.rows(); ++i) {
      if (std::isnan(given[i])) {
        out[i] = no_time;
      } else {
        if (given[i] != std::floor(given[i]))
          throw py::type_error("column '" + name + "': UTC seconds are whole numbers");
        const double near = given[i] > 0x1p62 ? 0x1p62 : given[i] < -0x1p62 ? -0x1p62 : given[i];
        out[i] = static_cast<Time>(near);  // beyond that it is a bad time anyway
      }
    }
    return out;
  }

  static double real_of(PyObject* item, const std::string& name, std::size_t row) {
    if (is_absent(item)) return std::numeric_limits<double>::quiet_NaN();
    const auto holds = [&](const std::string& what) {
      return "column '" + name + "' holds " + what + py::repr(item).cast<std::string>();
    };
    const std::string where = " in row " + std::to_string(row) + " where numbers are needed";
    if (PyUnicode_Check(item) || PyBytes_Check(item))
      throw py::type_error("column '" + name + "' holds text (" +
                           py::repr(item).cast<std::string>() + ")" + where);
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Float(item));
    if (!number) {
      PyErr_Clear();
      throw py::type_error(holds("") + where);
    }
    return PyFloat_AS_DOUBLE(number.ptr());
  }

  /// Little-endian two's complement of 4, 8 or 16 bytes, times 10^-scale, rounded once.
  static double decimal(const std::uint8_t* bytes, std::size_t width, int scale) {
    static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    std::array<std::uint32_t, 4> limbs{};  // least first
    std::memcpy(limbs.data(), bytes, width);
    const bool negative = (limbs[width / 4 - 1] >> 31) != 0;
    if (negative) {
      for (std::size_t i = width / 4; i < 4; ++i) limbs[i] = ~0U;
      std::uint64_t carry = 1;
      for (auto& limb : limbs) {
        carry += static_cast<std::uint32_t>(~limb);
        limb = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    const std::uint64_t low = limbs[0] | std::uint64_t{limbs[1]} << 32;
    if (limbs[2] == 0 && limbs[3] == 0 && low <= std::uint64_t{1} << 53 && scale >= 0 &&
        scale <= 22) {
      const double x = static_cast<double>(low) / powers[scale];
      return negative ? -x : x;
    }
    std::string text;
    while (limbs[0] != 0 || limbs[1] != 0 || limbs[2] != 0 || limbs[3] != 0) {
      std::uint64_t rest = 0;
      for (std::size_t i = 4; i-- > 0;) {
        rest = rest << 32 | limbs[i];
        limbs[i] = static_cast<std::uint32_t>(rest / 10);
        rest %= 10;
      }
      text.insert(text.begin(), static_cast<char>('0' + rest));
    }
    text = (negative ? "-" : "") + (text.empty() ? "0" : text) + "e" + std::to_string(-scale);
    double x = 0;
    std::from_chars(text.data(), text.data() + text.size(), x);
    return x;
  }

  /// The texts of a chunk in the order of rows; null is the empty text.
  template <class F>
  void each_text(const Source& source, const Source::Chunk& chunk, F&& f) {
    const auto each = [&](auto&& text) {
      for (std::size_t k = 0; k < chunk.size; ++k)
        f(k, chunk.valid(k) ? text(k) : std::string_view{});
    };
    switch (source.type()) {
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
          const std::string_view text(chunk.as<char>() + k * source.width(), source.width());
          return text.substr(0, text.find_last_not_of('\0') + 1);
        });
      case Type::ucs4:
        return each([&](std::size_t k) {
          return utf8(chunk.as<char32_t>() + k * source.width(), source.width());
        });
      default:
        return;
    }
  }

  template <class Offset>
  static std::string_view between(const Source::Chunk& chunk, const Offset* offsets,
                                  std::size_t k) noexcept {
    return {chunk.bytes + offsets[k], static_cast<std::size_t>(offsets[k + 1] - offsets[k])};
  }

  std::string_view utf8(const char32_t* text, std::size_t width) {
    scratch_.clear();
    while (width > 0 && text[width - 1] == 0) --width;
    for (std::size_t i = 0; i < width; ++i) {
      const char32_t c = text[i];
      const auto tail = [&](int shift) {
        scratch_ += static_cast<char>(0x80 | (c >> shift & 0x3f));
      };
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

  /// Texts that are laid out as the fold takes them, but for the width of their offsets.
  std::optional<TextColumn> borrowed_texts(const Source& source) {
    if (source.is_dictionary() || source.chunks().size() != 1 ||
        (source.type() != Type::text32 && source.type() != Type::text64))
      return std::nullopt;
    const auto& chunk = source.chunks()[0];
    const Unlocked unlocked(source);
    if (chunk.validity != nullptr)
      for (std::size_t k = 0; k < chunk.size; ++k) {
        const bool empty = source.type() == Type::text32
                               ? between(chunk, chunk.as<std::int32_t>(), k).empty()
                               : between(chunk, chunk.as<std::int64_t>(), k).empty();
        if (!empty && !chunk.valid(k)) return std::nullopt;
      }
    if (source.type() == Type::text64) return TextColumn{chunk.bytes, chunk.as<std::int64_t>()};
    std::int64_t* offsets = make<std::int64_t>(chunk.size + 1);
    const auto* narrow = chunk.as<std::int32_t>();
    for (std::size_t k = 0; k <= chunk.size; ++k) offsets[k] = narrow[k];
    return TextColumn{chunk.bytes, offsets};
  }

  /// A good guess at the bytes that a column's texts have together.
  static std::size_t text_bytes(const Source& source, const std::vector<TextColumn>& words) {
    if (source.type() == Type::bytes || source.type() == Type::ucs4)
      return source.rows() * source.width();
    std::size_t bytes = 0;
    for (std::size_t c = 0; c < source.chunks().size(); ++c) {
      const auto& chunk = source.chunks()[c];
      if (source.is_dictionary()) {
        const std::size_t n = chunk.words->rows();
        if (n != 0)
          bytes += (static_cast<std::size_t>(words[c].offsets[n] - words[c].offsets[0]) / n + 2) *
                   chunk.size;
      } else if (source.type() == Type::text32) {
        bytes += static_cast<std::size_t>(chunk.as<std::int32_t>()[chunk.size] -
                                          chunk.as<std::int32_t>()[0]);
      } else if (source.type() == Type::text64) {
        bytes += static_cast<std::size_t>(chunk.as<std::int64_t>()[chunk.size] -
                                          chunk.as<std::int64_t>()[0]);
      } else {
        bytes += 8 * chunk.size;
      }
    }
    return bytes;
  }

  template <class T>
  static void push_number(TextBuilder& column, T x, const std::string& name, std::size_t row) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(x)) return column.push({});
      if (x != std::floor(x) || std::fabs(x) >= 0x1p53)
        refuse(name, "needs text or whole numbers, not " + std::to_string(x) + " in row " +
                         std::to_string(row));
      return push_number(column, static_cast<std::int64_t>(x), name, row);
    } else {
      if constexpr (std::is_same_v<T, std::int64_t>)
        if (x == no_time) return column.push({});
      char digits[24];
      const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
      column.push({digits, static_cast<std::size_t>(end - digits)});
    }
  }

  void push_object(TextBuilder& column, PyObject* item, const std::string& name, std::size_t row) {
    if (is_absent(item)) return column.push({});
    if (PyFloat_Check(item)) return push_number(column, PyFloat_AS_DOUBLE(item), name, row);
    if (!PyUnicode_Check(item) && !PyBytes_Check(item) && !PyBool_Check(item) &&
        PyIndex_Check(item))
      return column.push(whole_number_text(item));
    column.push(text_of(item, name));
  }

 public:
  /// The decimal text of Python's and NumPy's integers, of any size.
  static std::string whole_number_text(PyObject* item) {
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(item));
    if (!number) throw py::error_already_set();
    return py::str(number).cast<std::string>();
  }

 private:
  std::vector<std::shared_ptr<void>> made_;
  std::string scratch_;
  py::object encoded_;
};

}  // namespace loyalty::python
