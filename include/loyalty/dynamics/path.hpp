// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <loyalty/core/time.hpp>
#include <loyalty/dynamics/tape.hpp>

namespace loyalty {

/// The states of relationships in populations: the rungs as they are numbered, and *lapsed*, for money: has bought, but
/// not for a stated time. Who lapsed has a rung all the same; here it counts as lapsed.
inline constexpr int lapsed_state = rung_count;
/// The states with *lapsed*; without, there are rung_count.
inline constexpr int state_count = rung_count + 1;

/// The past of one relationship, as a history keeps it.
struct RungPath {
  Time known_since = no_time;         ///< UTC second of its first row
  std::span<const TapeRow> tape{};    ///< in the order of time
  std::span<const Time> purchases{};  ///< times, ascending; needed where lapsing is asked for
};

/// One state left for another at a second.
struct StateChange {
  Time time;
  int from;
  int to;
  friend constexpr bool operator==(const StateChange&, const StateChange&) = default;
};

/// The changes of state of a relationship, up to and with second `until`, in order. Everybody begins as a prospect.
///
/// `lapse_after` 0: the rows of the tape. Else, in seconds: a relationship on the rung of buyers or above is lapsed from
/// `lapse_after` + 1 s after a purchase until the second of the next one, where it stands on the rung that it then has;
/// rungs passed while it is lapsed are not followed. A prospect cannot lapse. O(rows + purchases).
inline void changes_of_state(const RungPath& path, Time until, Time lapse_after,
                             std::vector<StateChange>& out) {
  assert(lapse_after >= 0);
  out.clear();
  std::size_t row = 0;
  std::size_t bought = 0;  // the next purchase
  bool lapsed = false;
  int rung = 0;
  for (;;) {
    // The next second in which a rung changes, somebody lapses or comes back.
    Time turn = furthest_time + 1;
    if (lapse_after > 0) {
      if (lapsed) {
        if (bought < path.purchases.size()) turn = path.purchases[bought];
      } else if (bought > 0) {
        turn = path.purchases[bought - 1] + lapse_after + 1;
      } else if (!path.purchases.empty()) {
        turn = path.purchases[0];
      }
      if (!lapsed && bought > 0 && bought < path.purchases.size() &&
          path.purchases[bought] <= turn) {
        ++bought;  // bought again in time
        continue;
      }
    }
    const Time next = row < path.tape.size() ? std::min(turn, path.tape[row].time) : turn;
    if (next > until || next > furthest_time) return;
    const bool was_lapsed = lapsed;
    if (next == turn) {
      if (!lapsed && bought > 0) {
        lapsed = true;
      } else {
        lapsed = false;
        ++bought;
      }
    }
    const int before = was_lapsed && rung > 0 ? lapsed_state : rung;
    for (; row < path.tape.size() && path.tape[row].time == next; ++row) {
      rung = static_cast<int>(path.tape[row].to);
      if (before != lapsed_state)
        out.push_back({next, static_cast<int>(path.tape[row].from), rung});
    }
    const int after = lapsed && rung > 0 ? lapsed_state : rung;
    const int reached = before == lapsed_state ? lapsed_state : rung;
    if (reached != after) out.push_back({next, reached, after});
  }
}

/// The paths of a population as columns, as a history keeps them: borrowed, not owned.
struct RungPaths {
  std::span<const Time> known_since{};            ///< by relationship
  std::span<const std::uint32_t> relationship{};  ///< of each row of the tape; ascending
  std::span<const Time> time{};                   ///< of each row; ascending within a relationship
  std::span<const Rung> from{};                   ///< of each row
  std::span<const Rung> to{};                     ///< of each row
  std::span<const std::uint64_t> first_purchase{};  ///< by relationship, and one past the last
  std::span<const Time> purchase{};                 ///< times, ascending within a relationship

  /// Calls visit(path) for each relationship, in order. O(rows + relationships).
  template <class Visit>
  void each(Visit&& visit) const {
    std::vector<TapeRow> rows;
    std::size_t i = 0;
    for (std::size_t who = 0; who < known_since.size(); ++who) {
      rows.clear();
      for (; i < relationship.size() && relationship[i] == who; ++i)
        rows.push_back({time[i], from[i], to[i]});
      RungPath path{known_since[who], rows, {}};
      if (first_purchase.size() > who + 1)
        path.purchases = purchase.subspan(
            static_cast<std::size_t>(first_purchase[who]),
            static_cast<std::size_t>(first_purchase[who + 1] - first_purchase[who]));
      visit(path);
    }
  }
};

}  // namespace loyalty
