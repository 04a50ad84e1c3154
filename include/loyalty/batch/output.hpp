// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <loyalty/batch/portfolio.hpp>

namespace loyalty {

/// What a column of the result holds, and how it says null: NaN, `no_time`, `no_time`, the empty string.
enum class ColumnType : std::uint8_t { number, integer, time, text };

/// A column of texts: row i is bytes[offsets[i] .. offsets[i + 1]).
struct TextValues {
  std::string bytes;                     ///< all texts, end to end
  std::vector<std::int64_t> offsets{0};  ///< rows + 1, in bytes, not falling
  /// The text of row i; borrows the bytes. O(1).
  std::string_view operator[](std::size_t i) const noexcept {
    return std::string_view(bytes).substr(static_cast<std::size_t>(offsets[i]),
                                          static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
  }
};

/// The values of one column, one a relationship.
struct ResultColumn {
  std::string_view name;  ///< as in `result_columns`
  ColumnType type;        ///< decides which of `values` is held
  /// Doubles for numbers, integers for integers and times (UTC seconds), texts.
  std::variant<std::vector<double>, std::vector<std::int64_t>, TextValues> values;
};

/// What a result column is.
struct ColumnInfo {
  std::string_view name;     ///< snake_case
  ColumnType type;           ///< what it holds
  std::string_view meaning;  ///< one phrase, with unit and range
};
/// Name, type and meaning of every result column, in order. This list is the only place where
/// columns are defined; the Python package, the command and the documentation read it.
std::span<const ColumnInfo> result_columns() noexcept;

/// How many relationships stand on each rung, and what else a summary needs.
struct ResultSummary {
  std::int64_t relationships = 0;                ///< all that were assessed
  std::array<std::int64_t, rung_count> rungs{};  ///< relationships by Rung
  bool rungs_observed = true;  ///< false: the log records no purchases, and rungs mean nothing
  std::array<std::int64_t, 4> grades{};  ///< by EvidenceGrade; `none` counts the null qualities
  std::array<std::int64_t, 10> quality_tenths{};  ///< published qualities by tens of points
  std::array<double, 4> mean_coverage{};  ///< 0..1: commitment, responsiveness, reciprocity, trust
  Lit lit;                                ///< parameters that the log can light
  double spend = 0;                       ///< of all, major units, undecayed, less returns
  double cost = 0;                        ///< of all, major units, decayed
  std::int64_t inexact_positions = 0;     ///< late, retracted or merged: a replay would settle them
  std::int64_t with_set_aside = 0;        ///< relationships with rows set aside
};

/// Assessments of all relationships as of one date, ordered by the bytes of their identifiers.
struct ResultTable {
  Time as_of = no_time;               ///< UTC seconds
  std::vector<ResultColumn> columns;  ///< in the order of `result_columns`
  ResultSummary summary;              ///< counts over all rows
};

/// Which columns to compute; the parameters' own intervals cost more than all others together.
struct ResultOptions {
  bool intervals = true;  ///< <parameter>_low and <parameter>_high; else they are null
};

/// Assesses the relationships of a portfolio some at a time, in the order of the bytes of their identifiers, so that
/// memory is that of the rows asked for. The portfolio must outlive it and stay as it is.
class Assessments {
 public:
  /// Rows are assessed in blocks of so many, one worker each.
  static constexpr std::size_t block = 4096;

  /// Nothing is assessed yet. O(n log n) in relationships for their order. Throws as `Portfolio::at`.
  explicit Assessments(const Portfolio& portfolio, Time now, const ResultOptions& options = {});

  /// Relationships in all.
  std::size_t size() const noexcept { return order_.size(); }
  /// Those that `next` has given.
  std::size_t done() const noexcept { return done_; }
  /// The next rows, at least `rows` in whole blocks, fewer at the end, none after it; its bytes do not depend on the
  /// number of workers. The table's summary counts these rows. Throws LimitError as `Portfolio::state`, and
  /// std::logic_error where the portfolio has other relationships than before. About 10 us a row with intervals.
  ResultTable next(std::size_t rows, Workers& workers);
  /// A table of the result's columns with no row, or where an identifier is `odd`, with the row of one such.
  ResultTable sample(const std::function<bool(std::string_view)>& odd) const;
  /// Counts over all rows so far; the same however many were asked for at a time.
  ResultSummary summary() const;
  /// The identifier of a row < size().
  std::string id(std::size_t row) const { return portfolio_.id(order_[row]); }

 private:
  ResultTable take(std::size_t rows, Workers& workers);

  const Portfolio& portfolio_;
  AsOf at_;
  ResultOptions options_;
  std::vector<std::uint32_t> order_;
  std::size_t done_ = 0;
  ResultSummary sums_;  ///< coverages added up, not yet means
};

/// Assesses every relationship of a portfolio; the bytes of the result do not depend on the number of workers.
/// O(n log n) in relationships for the order, about 10 us each with intervals. Throws as `Portfolio::at`.
inline ResultTable assess_all(const Portfolio& portfolio, Time now, const ResultOptions& options,
                              Workers& workers) {
  Assessments all(portfolio, now, options);
  return all.next(all.size(), workers);
}
inline ResultTable assess_all(const Portfolio& portfolio, Time now,
                              const ResultOptions& options = {}) {
  Alone alone;
  return assess_all(portfolio, now, options, alone);
}

/// Writes the flags of one assessment behind what `out` holds: short words joined by `;`, nothing where there is nothing to
/// say.
void write_flags(std::string& out, const Relationship& r, const Assessment& a,
                 std::uint32_t set_aside);

}  // namespace loyalty
