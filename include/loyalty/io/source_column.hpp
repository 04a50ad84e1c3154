// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/io/arrow_abi.hpp>

namespace loyalty {

/// A column as its owner keeps it: values in memory, in chunks, of one of many types. Nothing is converted here;
/// `ColumnReader` does that. What an Arrow array says is checked as far as its ABI allows: lengths, offsets, missing
/// buffers, falling offsets of texts, views and codes out of range. The sizes of buffers are not part of the ABI and
/// are the producer's to keep.
class SourceColumn {
 public:
  /// How the values stand in memory.
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
    decimal,  ///< integers of 4, 8, 16 or 32 bytes, times 10^-scale
    ucs4,     ///< text of fixed width in code points
    bytes,    ///< text of fixed width in bytes
    text32,   ///< text by offsets of 32 bits
    text64,   ///< text by offsets of 64 bits
    views,    ///< Arrow's string views
    other,    ///< a type that no column is read from
  };
  /// What an integer of a time column counts; `none` where it is no time.
  enum class Unit : std::uint8_t { none, second, milli, micro, nano, date, date_milli };

  /// What the values of a column are.
  struct Form {
    Type type = Type::other;
    Unit unit = Unit::none;
    std::size_t width = 0;    ///< bytes of a value, or characters of ucs4
    int scale = 0;            ///< of a decimal
    bool dictionary = false;  ///< the values are the numbers of words
    bool naive = false;       ///< times of day that name no zone
    std::string described{};  ///< the type in the words of its owner, for messages
  };

  /// Consecutive values. A dictionary's chunk holds numbers of words; one that is out of range is null.
  struct Chunk {
    std::size_t start = 0;                        ///< row of the first; set by `add`
    std::size_t size = 0;                         ///< rows
    const void* values = nullptr;                 ///< the first; for bits, the start of the buffer
    const std::uint8_t* validity = nullptr;       ///< bits; null where all are valid
    std::size_t offset = 0;                       ///< of the first value, in bits
    const char* bytes = nullptr;                  ///< of text32 and text64
    const void* const* buffers = nullptr;         ///< of views
    std::shared_ptr<const SourceColumn> words{};  ///< of a dictionary

    /// Whether row k of the chunk holds a value.
    bool valid(std::size_t k) const noexcept {
      return validity == nullptr || bit(validity, offset + k);
    }
    /// The values in their type.
    template <class T>
    const T* as() const noexcept {
      return static_cast<const T*>(values);
    }
  };

  /// A column without rows yet.
  SourceColumn(std::string name, Form form) : name_(std::move(name)), form_(std::move(form)) {}
  /// A column without rows of the type that an Arrow schema states; the schema outlives the calls of `add`.
  /// Throws ColumnError for a schema that is none, ColumnTypeError for a dictionary without integers as codes.
  SourceColumn(std::string name, const ArrowSchema& schema);
  SourceColumn(const SourceColumn&) = delete;
  SourceColumn& operator=(const SourceColumn&) = delete;

  /// Adds rows, which are borrowed.
  void add(Chunk chunk);
  /// Adds the rows [first, first + rows) of an Arrow array of the column's schema, and borrows them. Throws
  /// ColumnError where the array contradicts itself or the schema. O(1), and O(rows) for texts and dictionaries.
  void add(const ArrowArray& array, std::int64_t first, std::int64_t rows);
  /// Keeps what the rows borrow from for as long as this lives.
  void keep(std::shared_ptr<const void> owner) { kept_.push_back(std::move(owner)); }
  /// The number that messages give the first row.
  void number_rows_from(std::size_t row) noexcept { first_row_ = row; }

  const std::string& name() const noexcept { return name_; }
  Type type() const noexcept { return form_.type; }
  Unit unit() const noexcept { return form_.unit; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t width() const noexcept { return form_.width; }
  int scale() const noexcept { return form_.scale; }
  bool is_dictionary() const noexcept { return form_.dictionary; }
  bool is_naive() const noexcept { return form_.naive; }
  const std::string& described() const noexcept { return form_.described; }
  const std::vector<Chunk>& chunks() const noexcept { return chunks_; }

  bool is_integer() const noexcept { return form_.type >= Type::i8 && form_.type <= Type::u64; }
  bool is_real() const noexcept { return form_.type == Type::f32 || form_.type == Type::f64; }
  bool is_text() const noexcept {
    return form_.type >= Type::ucs4 && form_.type <= Type::views && !form_.dictionary;
  }
  /// Whether the values stand in memory as this type, one after the other, without nulls.
  bool is_plain(Type type) const noexcept {
    return form_.type == type && !form_.dictionary && chunks_.size() == 1 &&
           chunks_[0].validity == nullptr;
  }
  /// How messages name row `row` of the column: "row 5 (the first row is 0)".
  std::string row_text(std::size_t row) const;

  /// Bit `at` of a bitmap, the lowest of a byte first.
  static bool bit(const std::uint8_t* bits, std::size_t at) noexcept {
    return (bits[at / 8] >> (at % 8) & 1) != 0;
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const;
  const void* aligned(const void* values, std::size_t bytes, std::size_t alignment);
  template <class Offset>
  void check_offsets(Chunk& chunk);
  void check_views(const Chunk& chunk, const ArrowArray& array) const;
  void check_codes(const Chunk& chunk) const;
  void widen_halves(Chunk& chunk);

  std::string name_;
  Form form_;
  std::size_t rows_ = 0;
  std::size_t first_row_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<std::shared_ptr<const void>> kept_;
  const ArrowSchema* schema_ = nullptr;
  const ArrowArray* last_words_ = nullptr;  ///< the dictionary of the last chunk
  bool halves_ = false;                     ///< Arrow's floats of 16 bits, which become f32
};

/// Calls `f` with a pointer to the values of a chunk of integers or reals, in their type.
template <class F>
void visit_numbers(SourceColumn::Type type, const SourceColumn::Chunk& chunk, F&& f) {
  using Type = SourceColumn::Type;
  switch (type) {
    case Type::i8:
      return f(chunk.as<std::int8_t>());
    case Type::i16:
      return f(chunk.as<std::int16_t>());
    case Type::i32:
      return f(chunk.as<std::int32_t>());
    case Type::i64:
      return f(chunk.as<std::int64_t>());
    case Type::u8:
      return f(chunk.as<std::uint8_t>());
    case Type::u16:
      return f(chunk.as<std::uint16_t>());
    case Type::u32:
      return f(chunk.as<std::uint32_t>());
    case Type::u64:
      return f(chunk.as<std::uint64_t>());
    case Type::f32:
      return f(chunk.as<float>());
    case Type::f64:
      return f(chunk.as<double>());
    default:
      return;
  }
}

}  // namespace loyalty
