// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Core>

#include <loyalty/dynamics/path.hpp>

namespace loyalty {

/// A count for each pair of states, row = from.
using StateCounts = std::array<std::array<std::int64_t, state_count>, state_count>;

/// Counts as chains and rates take them: 6 x 6 for the rungs alone, 7 x 7 with *lapsed*.
[[nodiscard]] Eigen::MatrixXd matrix_of(const StateCounts& counts, bool lapsed = false);
/// The same of a count or a number of seconds for each state.
[[nodiscard]] Eigen::VectorXd vector_of(const std::array<std::int64_t, state_count>& counts,
                                        bool lapsed = false);

/// How often relationships that stood in one state on a date stood in another on the next date. Whole numbers: adding is
/// exact, in any order.
struct Transitions {
  StateCounts counts{};

  /// Adds a relationship: each pair of neighbouring dates (ascending) on which it was known both times. O(dates + rows).
  void add(const RungPath& path, std::span<const Time> dates, Time lapse_after = 0);
  Transitions& operator+=(const Transitions& other) noexcept;
  friend bool operator==(const Transitions&, const Transitions&) = default;
};

/// Transitions by the time between the two dates: what snapshots say about continuous time.
struct DatedTransitions {
  Time interval = 0;  ///< seconds from one date to the next
  Transitions moves{};
};

/// How long relationships stood in each state, and every move between them. Whole numbers: adding is exact.
struct TimeAtRisk {
  std::array<std::int64_t, state_count> seconds{};
  StateCounts moves{};

  /// Adds a relationship from the later of `from` and its first second until the end of second `until`. What happens in
  /// its first second is where it starts from, not a move. O(rows).
  void add(const RungPath& path, Time from, Time until, Time lapse_after = 0);
  TimeAtRisk& operator+=(const TimeAtRisk& other) noexcept;
  friend bool operator==(const TimeAtRisk&, const TimeAtRisk&) = default;
};

/// How many relationships that are known stand in each state at a second.
[[nodiscard]] std::array<std::int64_t, state_count> states_at(const RungPaths& paths, Time at,
                                                              Time lapse_after = 0);
/// The transitions of a population between dates, ascending.
[[nodiscard]] Transitions transitions(const RungPaths& paths, std::span<const Time> dates,
                                      Time lapse_after = 0);
/// The same by the length of the interval, ascending: 28, 29, 30 and 31 days where the dates are ends of months.
[[nodiscard]] std::vector<DatedTransitions> dated_transitions(const RungPaths& paths,
                                                              std::span<const Time> dates,
                                                              Time lapse_after = 0);
/// The time at risk of a population.
[[nodiscard]] TimeAtRisk time_at_risk(const RungPaths& paths, Time from, Time until,
                                      Time lapse_after = 0);

/// On how many days (UTC) each known relationship bought within (`after`, `until`]: how many relationships bought on 0, 1,
/// 2, ... days. Only those known by `after` count, so that all had the whole period.
[[nodiscard]] std::vector<std::int64_t> purchase_days(const RungPaths& paths, Time after,
                                                      Time until);

}  // namespace loyalty
