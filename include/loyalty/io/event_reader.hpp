// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <loyalty/batch/columns.hpp>
#include <loyalty/events/kind.hpp>
#include <loyalty/io/column_reader.hpp>
#include <loyalty/io/source_column.hpp>

namespace loyalty {

/// What an event column holds.
enum class EventField : std::uint8_t {
  identifier,  ///< `relationship`: text or whole numbers
  time,
  number,
  text,
  word,     ///< one of a list, or its number in it: `event_words`
  flag,     ///< true or false
  scale,    ///< text such as 1..5
  carried,  ///< a column that rows may carry and that no sum depends on
};
/// What the event column of a name holds; nothing where there is no such column.
std::optional<EventField> event_field(std::string_view name) noexcept;

/// The list of a column of words, and what stands for an absent one.
struct EventWords {
  std::span<const std::string_view> words;  ///< in the order of their numbers
  std::uint8_t absent = EventColumns::absent;
};
/// The words of `kind`, `side`, `parameter`, `role` and `code`; an empty list for other columns.
EventWords event_words(std::string_view name) noexcept;

/// Whether a date without a time means the end of its day in a column (`due`, `until`), not its start. O(1).
constexpr bool ends_its_day(std::string_view column) noexcept {
  return column == "due" || column == "until";
}

/// How event columns are read.
struct EventReading {
  /// What is done with times that name no zone: makes UTC seconds of the seconds that clocks showed, in place;
  /// `no_time` is absent and stays. Without it they are refused.
  std::function<void(std::string_view column, std::span<Time> seconds)> to_utc{};
  bool naive_is_utc = false;  ///< times that name no zone are UTC
  std::size_t first_row = 0;  ///< the number that messages give the first row
};

/// Event rows from columns in the types of their owners. Columns are given by `take`, then `columns` has the rows,
/// which are borrowed from this and from what the columns borrow from.
class EventReader {
 public:
  explicit EventReader(EventReading reading = {}) : reading_(std::move(reading)) {}

  /// Reads one column and keeps it. Throws ColumnError for an unknown column, one that came before, one of another
  /// length, or a value that is none of those allowed; ColumnTypeError for a type that does not hold what is needed.
  /// O(rows); columns that are as the fold takes them are not copied.
  void take(std::unique_ptr<const SourceColumn> column);
  /// Marks a row that cannot be scored.
  void set_aside(std::size_t row, Code code);

  /// The rows. Throws ColumnError where a required column is missing.
  const EventColumns& columns();

 private:
  void read(const SourceColumn& column, EventField field);
  const Time* utc(const SourceColumn& column);
  void read_relationship(const SourceColumn& column);
  void read_numbered_words(const SourceColumn& column);
  void read_code(const SourceColumn& column);
  void read_scale(const SourceColumn& column);
  void join_scales();

  EventReading reading_;
  EventColumns columns_;
  ColumnReader reader_;
  std::vector<std::unique_ptr<const SourceColumn>> sources_;
  std::uint8_t* set_aside_ = nullptr;
  double* low_ = nullptr;  ///< of `scale`; NaN where it states none
  double* high_ = nullptr;
};

}  // namespace loyalty
