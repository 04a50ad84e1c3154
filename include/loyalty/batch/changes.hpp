// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/batch/output.hpp>
#include <loyalty/scoring/change.hpp>

namespace loyalty {

/// A relationship as some log tells it.
struct KnownState {
  Relationship state;
  Role role = Role::consumer;
};

/// The states of the earlier date as they are known now: with the rows that came later but are stamped by then, without
/// those that were taken back. It need not be a portfolio.
struct CorrectedStates {
  /// The state of a relationship as a read at `now` sees it, nothing where it would not be known; `now` is the earlier
  /// date or the later.
  std::function<std::optional<KnownState>(std::string_view relationship, Time now)> find;
  Rules const* rules = nullptr;  ///< by which the states were folded; outlives the call
  Observed observed;             ///< kinds that this log records
  Time newest = no_time;         ///< newest row behind the states, at most the earlier date

  /// Those of a portfolio, which must outlive the call: the log known now, cut at the earlier date.
  explicit CorrectedStates(const Portfolio& portfolio);
  /// Those that `find_` finds.
  CorrectedStates(
      std::function<std::optional<KnownState>(std::string_view relationship, Time now)> find_,
      const Rules& rules_, Observed observed_)
      : find(std::move(find_)), rules(&rules_), observed(observed_) {}
};

/// What else is known about two sides of a change.
struct ChangeOptions {
  /// Of the earlier side. Where the later portfolio went on from the earlier one and was marked at its date, its own
  /// corrections are taken; without either, late rows and retractions count as new events.
  std::optional<CorrectedStates> corrected{};
  /// The later log under the policy of the earlier side; needed where the two fold fingerprints differ. Outlives the call.
  const Portfolio* refolded = nullptr;
  /// Both sides hold the same rows: what the dates do not explain, the rules do.
  bool one_log = false;
};

/// Name, type and meaning of every column of a change table, in order; the only place where they are defined.
std::span<const ColumnInfo> change_columns() noexcept;

/// How many moved, and what a summary needs beside.
struct ChangeSummary {
  std::int64_t relationships = 0;       ///< known on either side
  std::array<std::int64_t, 5> moves{};  ///< by Move
  bool rungs_observed = true;           ///< on both sides; else rungs mean nothing
  bool corrections_known = false;       ///< else late rows are among the new events
  /// Of those known on both sides: from which rung (row) to which (column).
  std::array<std::array<std::int64_t, rung_count>, rung_count> rungs{};
  std::int64_t compared = 0;        ///< with a published quality on both sides
  std::int64_t better = 0;          ///< beyond noise, upward
  std::int64_t worse = 0;           ///< beyond noise, downward
  double mean_change = 0;           ///< points, over those compared
  std::array<double, 4> mean_by{};  ///< the same by cause: new events, decay, corrections, rules
};

/// Changes of all relationships, ordered by the bytes of their identifiers.
struct ChangeTable {
  Time before = no_time;              ///< date of the first side, UTC seconds
  Time after = no_time;               ///< date of the second
  std::vector<ResultColumn> columns;  ///< in the order of `change_columns`
  ChangeSummary summary;              ///< counts over all rows
};

/// What changed for each relationship of either portfolio from the first side to the second (docs/changes.md). The path
/// of the split follows time, or at one date the order of the policy fingerprints, so that the change back is the opposite
/// change. Throws WindowError as `Portfolio::at`, or where corrected states hold rows after the earlier date; MismatchError
/// where the fold fingerprints differ and no `refolded` tells what the earlier policy makes of the later log, or where
/// `corrected` or `refolded` were folded by other rules. O(n log n) for the order, about 5 us each.
ChangeTable changes(const Portfolio& earlier, const Portfolio& later, Time earlier_as_of,
                    Time later_as_of, const ChangeOptions& options = {});

/// The change of one relationship; of one that neither side knows, `gone` with nothing in it. Throws as `changes`.
AssessedChange change_of(std::string_view relationship, const Portfolio& earlier,
                         const Portfolio& later, Time earlier_as_of, Time later_as_of,
                         const ChangeOptions& options = {});

/// The explanation of the change of one relationship, in words; empty where neither side knows it. Throws as `changes`.
std::string explain_change(std::string_view relationship, const Portfolio& earlier,
                           const Portfolio& later, Time earlier_as_of, Time later_as_of,
                           const ChangeOptions& options = {});

}  // namespace loyalty
