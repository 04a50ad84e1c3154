// SPDX-License-Identifier: MIT
/// \file
/// A column as its owner keeps it: a NumPy array, the chunks of an Arrow column, or the codes and words of a
/// categorical. Nothing is copied and nothing is read here; `ColumnReader` does that.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_abi.hpp"

namespace loyalty::python {

namespace py = pybind11;

class Source {
 public:
  enum class Type : std::uint8_t {
    nothing,  ///< every value is null
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    f32,
    f64,
    boolean,  ///< a byte each
    bits,     ///< a bit each
    decimal,  ///< integers of 4, 8 or 16 bytes, times 10^-scale
    objects,  ///< Python's
    ucs4,     ///< NumPy's text of fixed width
    bytes,    ///< the same in bytes
    text32,
    text64,
    views,  ///< Arrow's texts
    other,
  };
  /// What an integer of a time column counts; `none` where it is no time.
  enum class Unit : std::uint8_t { none, second, milli, micro, nano, day, milli_of_day };

  /// Consecutive values. A dictionary's chunk holds numbers of words.
  struct Chunk {
    std::size_t start = 0;
    std::size_t size = 0;
    const void* values = nullptr;            ///< the first; for bits, the start of the buffer
    const std::uint8_t* validity = nullptr;  ///< bits; null where all are valid
    std::size_t offset = 0;                  ///< of the first value, in bits
    const char* bytes = nullptr;             ///< of text32 and text64
    const void** buffers = nullptr;          ///< of views
    std::shared_ptr<const Source> words;

    bool valid(std::size_t k) const noexcept {
      return validity == nullptr || bit(validity, offset + k);
    }
    template <class T>
    const T* as() const noexcept {
      return static_cast<const T*>(values);
    }
  };

  Source(const std::string& column, const py::handle& given) {
    if (PyTuple_Check(given.ptr()) && PyTuple_GET_SIZE(given.ptr()) == 2)
      take_categorical(column, given);
    else if (py::isinstance<py::array>(given))
      take_array(column, py::reinterpret_borrow<py::array>(given));
    else if (py::hasattr(given, "__arrow_c_stream__"))
      take_stream(column, given);
    else if (py::hasattr(given, "__arrow_c_array__"))
      take_arrow_array(column, given);
    else
      take_array(column, py::module_::import("numpy").attr("asarray")(given));
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    for (ArrowArray& array : owned_)
      if (array.release != nullptr) array.release(&array);
  }

  Type type() const noexcept { return type_; }
  Unit unit() const noexcept { return unit_; }
  std::size_t rows() const noexcept { return rows_; }
  /// Bytes of a value, or characters of ucs4.
  std::size_t width() const noexcept { return width_; }
  int scale() const noexcept { return scale_; }
  bool is_dictionary() const noexcept { return dictionary_; }
  const std::vector<Chunk>& chunks() const noexcept { return chunks_; }
  /// The type in the words of its owner, for messages.
  const std::string& described() const noexcept { return described_; }

  /// Whether these are times of day that name no zone.
  bool is_naive() const noexcept { return naive_; }
  bool is_integer() const noexcept { return type_ >= Type::i8 && type_ <= Type::u64; }
  bool is_real() const noexcept { return type_ == Type::f32 || type_ == Type::f64; }
  bool is_text() const noexcept { return type_ >= Type::ucs4 && type_ <= Type::views; }
  /// Whether the values stand in memory as this type, one after the other, without nulls.
  bool is_plain(Type type) const noexcept {
    return type_ == type && !dictionary_ && chunks_.size() == 1 && chunks_[0].validity == nullptr;
  }

  static bool bit(const std::uint8_t* bits, std::size_t at) noexcept {
    return (bits[at / 8] >> (at % 8) & 1) != 0;
  }

 private:
  [[noreturn]] static void refuse(const std::string& column, const std::string& what) {
    throw py::type_error("column '" + column + "': " + what);
  }

  void take_array(const std::string& column, py::array array) {
    if (array.ndim() != 1) refuse(column, "needs a one-dimensional array");
    described_ = py::str(array.dtype()).cast<std::string>();
    if (!array.dtype().attr("isnative").cast<bool>())
      array = array.attr("astype")(array.dtype().attr("newbyteorder")("="));
    const char kind = array.dtype().kind();
    if (kind == 'T') array = array.attr("astype")("O");
    if (kind == 'f' && array.itemsize() == 2) array = array.attr("astype")("f8");
    array = py::module_::import("numpy").attr("ascontiguousarray")(array);
    keepers_.push_back(array);
    width_ = static_cast<std::size_t>(array.itemsize());
    rows_ = static_cast<std::size_t>(array.shape(0));
    chunks_.push_back({.size = rows_, .values = array.data()});
    type_ = Type::other;
    switch (kind) {
      case 'b':
        type_ = Type::boolean;
        break;
      case 'i':
        type_ = integer(width_, true);
        break;
      case 'u':
        type_ = integer(width_, false);
        break;
      case 'f':
        if (width_ == 4) type_ = Type::f32;
        if (width_ == 8) type_ = Type::f64;
        break;
      case 'M': {
        const auto data =
            py::module_::import("numpy").attr("datetime_data")(array.dtype()).cast<py::tuple>();
        const auto unit = data[0].cast<std::string>();
        naive_ = unit != "D";
        if (data[1].cast<int>() != 1) break;
        unit_ = unit == "s"    ? Unit::second
                : unit == "ms" ? Unit::milli
                : unit == "us" ? Unit::micro
                : unit == "ns" ? Unit::nano
                : unit == "D"  ? Unit::day
                               : Unit::none;
        if (unit_ != Unit::none) type_ = Type::i64;
        break;
      }
      case 'T':
      case 'O':
        type_ = Type::objects;
        break;
      case 'U':
        type_ = Type::ucs4;
        width_ /= 4;
        break;
      case 'S':
        type_ = Type::bytes;
        break;
      default:
        break;
    }
  }

  /// The pair (codes, words) of a pandas Categorical; negative codes are null.
  void take_categorical(const std::string& column, const py::handle& given) {
    const auto pair = py::reinterpret_borrow<py::tuple>(given);
    const py::object codes = pair[0];
    if (!py::isinstance<py::array>(codes)) refuse(column, "needs codes in a NumPy array");
    take_array(column, codes);
    if (!is_integer()) refuse(column, "needs integers as codes, not " + described_);
    dictionary_ = true;
    described_ = "category";
    chunks_[0].words = std::make_shared<const Source>(column, pair[1]);
    if (chunks_[0].words->is_dictionary())
      refuse(column, "its categories are categorical themselves");
  }

  void take_stream(const std::string& column, const py::handle& given) {
    const py::object capsule = given.attr("__arrow_c_stream__")();
    keepers_.push_back(capsule);
    auto* stream =
        static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
    if (stream == nullptr) throw py::error_already_set();
    const auto check = [&](int code) {
      if (code == 0) return;
      const char* why = stream->get_last_error(stream);
      throw py::value_error("column '" + column +
                            "': " + (why != nullptr ? why : "its Arrow stream failed"));
    };
    ArrowSchema schema{};
    check(stream->get_schema(stream, &schema));
    const std::unique_ptr<ArrowSchema, void (*)(ArrowSchema*)> guard(&schema, [](ArrowSchema* s) {
      if (s->release != nullptr) s->release(s);
    });
    take_schema(column, schema);
    for (;;) {
      ArrowArray array{};
      check(stream->get_next(stream, &array));
      if (array.release == nullptr) break;
      owned_.push_back(array);
    }
    for (const ArrowArray& array : owned_) take_chunk(column, schema, array);
  }

  void take_arrow_array(const std::string& column, const py::handle& given) {
    const auto pair = given.attr("__arrow_c_array__")().cast<py::tuple>();
    keepers_.push_back(pair);
    const auto* schema = static_cast<const ArrowSchema*>(
        PyCapsule_GetPointer(py::object(pair[0]).ptr(), "arrow_schema"));
    const auto* array = static_cast<const ArrowArray*>(
        PyCapsule_GetPointer(py::object(pair[1]).ptr(), "arrow_array"));
    if (schema == nullptr || array == nullptr) throw py::error_already_set();
    take_schema(column, *schema);
    take_chunk(column, *schema, *array);
  }

  /// The words of a dictionary, borrowed from the chunk that they came with.
  Source(const std::string& column, const ArrowSchema& schema, const ArrowArray& array) {
    take_schema(column, schema);
    if (dictionary_) refuse(column, "its dictionary is one of dictionaries");
    take_chunk(column, schema, array);
  }

  void take_schema(const std::string& column, const ArrowSchema& schema) {
    const std::string_view format = schema.format;
    described_ = "Arrow's '" + std::string(format) + "'";
    dictionary_ = schema.dictionary != nullptr;
    type_ = Type::other;
    if (format.size() == 1) {
      constexpr std::string_view letters = "ncsilCSILfgbuUzZ";
      constexpr Type types[] = {Type::nothing, Type::i8,     Type::i16,    Type::i32,
                                Type::i64,     Type::u8,     Type::u16,    Type::u32,
                                Type::u64,     Type::f32,    Type::f64,    Type::bits,
                                Type::text32,  Type::text64, Type::text32, Type::text64};
      if (const auto at = letters.find(format[0]); at != std::string_view::npos) type_ = types[at];
      constexpr std::size_t widths[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 0, 4, 8, 4, 8};
      if (const auto at = letters.find(format[0]); at != std::string_view::npos)
        width_ = widths[at];
    } else if (format == "vu" || format == "vz") {
      type_ = Type::views;
      width_ = 16;
    } else if (format.substr(0, 2) == "ts") {
      unit_ = format[2] == 's'   ? Unit::second
              : format[2] == 'm' ? Unit::milli
              : format[2] == 'u' ? Unit::micro
                                 : Unit::nano;
      naive_ = format.size() == 4;  // `tss:` and then the zone
      type_ = Type::i64;
      width_ = 8;
    } else if (format == "tdD") {
      unit_ = Unit::day;
      type_ = Type::i32;
      width_ = 4;
    } else if (format == "tdm") {
      unit_ = Unit::milli_of_day;
      type_ = Type::i64;
      width_ = 8;
    } else if (format.substr(0, 2) == "d:") {
      const std::string digits(format.substr(2));
      const auto comma = digits.find(',');
      const auto second = digits.find(',', comma + 1);
      const int bits = second == std::string::npos ? 128 : std::stoi(digits.substr(second + 1));
      scale_ = std::stoi(digits.substr(comma + 1));
      width_ = static_cast<std::size_t>(bits) / 8;
      if (width_ <= 16) type_ = Type::decimal;
    }
    if (dictionary_ && !is_integer())
      refuse(column, "its dictionary has codes of type " + described_);
  }

  void take_chunk(const std::string& column, const ArrowSchema& schema, const ArrowArray& array) {
    const auto size = static_cast<std::size_t>(array.length);
    if (size == 0) return;
    Chunk chunk{.start = rows_, .size = size, .offset = static_cast<std::size_t>(array.offset)};
    rows_ += size;
    if (type_ != Type::nothing && type_ != Type::other) {
      if (array.null_count != 0)
        chunk.validity = static_cast<const std::uint8_t*>(array.buffers[0]);
      const auto* values = static_cast<const std::byte*>(array.buffers[1]);
      chunk.values = type_ == Type::bits ? values : values + chunk.offset * width_;
      if (type_ == Type::text32 || type_ == Type::text64)
        chunk.bytes = static_cast<const char*>(array.buffers[2]);
      if (type_ == Type::views) chunk.buffers = array.buffers + 2;
    }
    if (dictionary_) {
      if (array.dictionary == nullptr) refuse(column, "its dictionary is missing");
      if (last_words_ != nullptr && same_words(*last_words_, *array.dictionary)) {
        chunk.words = chunks_.back().words;
      } else {
        chunk.words = std::shared_ptr<const Source>(
            new Source(column, *schema.dictionary, *array.dictionary));
        last_words_ = array.dictionary;
      }
    }
    chunks_.push_back(chunk);
  }

  /// Chunks usually share one dictionary; then it is read once.
  static bool same_words(const ArrowArray& a, const ArrowArray& b) noexcept {
    if (a.length != b.length || a.offset != b.offset || a.n_buffers != b.n_buffers) return false;
    for (std::int64_t i = 0; i < a.n_buffers; ++i)
      if (a.buffers[i] != b.buffers[i]) return false;
    return true;
  }

  static Type integer(std::size_t width, bool is_signed) noexcept {
    const int log = width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
    return static_cast<Type>(static_cast<int>(is_signed ? Type::i8 : Type::u8) + log);
  }

  Type type_ = Type::other;
  Unit unit_ = Unit::none;
  bool dictionary_ = false;
  bool naive_ = false;
  int scale_ = 0;
  std::size_t width_ = 0;
  std::size_t rows_ = 0;
  std::string described_;
  std::vector<Chunk> chunks_;
  std::vector<ArrowArray> owned_;
  const ArrowArray* last_words_ = nullptr;
  std::vector<py::object> keepers_;
};

/// Calls `f` with a pointer to the values of each chunk of integers or reals, in their type.
template <class F>
void visit_numbers(Source::Type type, const Source::Chunk& chunk, F&& f) {
  switch (type) {
    case Source::Type::i8:
      return f(chunk.as<std::int8_t>());
    case Source::Type::i16:
      return f(chunk.as<std::int16_t>());
    case Source::Type::i32:
      return f(chunk.as<std::int32_t>());
    case Source::Type::i64:
      return f(chunk.as<std::int64_t>());
    case Source::Type::u8:
      return f(chunk.as<std::uint8_t>());
    case Source::Type::u16:
      return f(chunk.as<std::uint16_t>());
    case Source::Type::u32:
      return f(chunk.as<std::uint32_t>());
    case Source::Type::u64:
      return f(chunk.as<std::uint64_t>());
    case Source::Type::f32:
      return f(chunk.as<float>());
    case Source::Type::f64:
      return f(chunk.as<double>());
    default:
      return;
  }
}

}  // namespace loyalty::python
