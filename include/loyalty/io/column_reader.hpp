// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/batch/columns.hpp>
#include <loyalty/core/time.hpp>
#include <loyalty/io/source_column.hpp>

namespace loyalty {

/// A growing column of texts.
class TextBuilder {
 public:
  /// Room for exactly `rows` texts, and for `bytes` before it has to grow.
  TextBuilder(std::size_t rows, std::size_t bytes);
  /// Adds the text of the next row.
  void push(std::string_view text);
  /// The texts so far, borrowed.
  TextColumn view() const noexcept { return {bytes_.get(), offsets_.get()}; }

 private:
  void grow(std::size_t more);
  std::unique_ptr<std::int64_t[]> offsets_;
  std::unique_ptr<char[]> bytes_;
  std::size_t room_;
  std::size_t size_ = 0;
  std::size_t row_ = 0;
};

/// Reads columns as the fold takes them: borrowed where they already are so, else in one pass. Keeps what it made for
/// as long as it lives; what it borrowed lives as long as the columns. What cannot be read is refused by name with
/// ColumnTypeError, or ColumnError where it is a single value that does not fit.
class ColumnReader {
 public:
  using Type = SourceColumn::Type;
  using Unit = SourceColumn::Unit;

  /// Whole numbers; null is `no_time`. A null pointer where one does not fit into 63 bits.
  const std::int64_t* integers(const SourceColumn& column);
  /// Times as UTC seconds, rounded down; dates are the start of their day, or its end. Integers and whole floats
  /// without a unit are seconds; null is `no_time`.
  const Time* times(const SourceColumn& column, bool end_of_day);
  /// Numbers as doubles; null is NaN. Integers beyond 2^53 and decimals are rounded once.
  const double* reals(const SourceColumn& column);
  /// Truth values as 0 and 1, also given as numbers; null is `absent`.
  const std::uint8_t* flags(const SourceColumn& column, std::uint8_t absent);
  /// Words of a list as their numbers, which may also be given as such. Null and the empty text become `absent`, what
  /// is not in the list `EventColumns::unreadable`.
  const std::uint8_t* codes(const SourceColumn& column, std::span<const std::string_view> words,
                            std::uint8_t absent);
  /// Identifiers as text; whole numbers become their decimal text, null the empty text. Texts are copied only where
  /// they stand in another form; those of a dictionary are given once, and the rows by word.
  TextColumn texts(const SourceColumn& column);

  /// Keeps what lives as long as this.
  template <class T>
  T& keep(std::shared_ptr<T> made) {
    T& kept = *made;
    made_.push_back(std::move(made));
    return kept;
  }
  /// Room for some values, kept as long as this lives.
  template <class T>
  T* make(std::size_t rows) {
    const std::shared_ptr<T[]> made(new T[rows == 0 ? 1 : rows]);
    made_.push_back(made);
    return made.get();
  }

 private:
  template <std::int64_t per_step>
  const Time* divided(const SourceColumn& column, std::int64_t seconds, std::int64_t plus);
  const Time* whole_seconds(const SourceColumn& column);
  std::optional<TextColumn> borrowed_texts(const SourceColumn& column);
  static const std::uint32_t* borrowed_codes(const SourceColumn& column);
  TextColumn shared_texts(const SourceColumn& column);
  TextColumn text_views(const SourceColumn& column);
  template <class F>
  void each_text(const SourceColumn& column, const SourceColumn::Chunk& chunk, F&& f);
  std::string_view utf8(const char32_t* text, std::size_t width);

  std::vector<std::shared_ptr<void>> made_;
  std::string scratch_;
};

/// Finds words of a short list.
class WordTable {
 public:
  explicit WordTable(std::span<const std::string_view> words);
  /// The word's number, or `EventColumns::unreadable`. O(1).
  std::uint8_t find(std::string_view text) const noexcept;

 private:
  static constexpr std::uint8_t none = 255;
  static std::size_t hash(std::string_view text) noexcept;
  std::span<const std::string_view> words_;
  std::uint8_t slots_[256];
};

}  // namespace loyalty
