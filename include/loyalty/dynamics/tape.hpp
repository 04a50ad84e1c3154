// SPDX-License-Identifier: MIT
#pragma once

#include <loyalty/ladder/staircase.hpp>

namespace loyalty {

/// A row of the rung tape: one rung left for the next, up or down. Where several rungs are passed in one second,
/// each has a row of its own, so the tape of a relationship starts from prospect and never skips a rung.
struct TapeRow {
  Time time;  ///< first second on the new rung, UTC
  Rung from;  ///< the rung that was left
  Rung to;    ///< its neighbour, entered
  friend constexpr bool operator==(const TapeRow&, const TapeRow&) = default;
};

namespace detail {

/// One row for each rung between two; returns `to`.
template <class Write>
Rung write_steps(Time time, Rung from, Rung to, Write&& write) {
  const int step = from < to ? 1 : -1;
  for (int k = static_cast<int>(from); k != static_cast<int>(to); k += step)
    write(TapeRow{time, static_cast<Rung>(k), static_cast<Rung>(k + step)});
  return to;
}

}  // namespace detail

/// What the events of one second do to the rung. `state` has all of them, and none of a later second; `rung` is
/// where it stood a second before. Calls write(TapeRow) for each rung passed; returns the rung. O(1).
template <class Write>
Rung write_second(const LadderState& state, Time second, Rung rung, const LadderRules& rules,
                  Write&& write) {
  return detail::write_steps(second, rung, rung_at(state, LadderInstant(second, rules), rules),
                             write);
}

/// What time alone does to the rung after the newest event of `state`, up to and with second `through`: falls in
/// closed form. Where the staircase starts in that stretch, so does the tape: what older events add up to is climbed
/// there. `rung` is where it stood at the newest event. Calls write(TapeRow); returns the rung at `through`. O(1),
/// and O(rungs) closed forms where it falls.
///
/// The tape of a relationship, its events in the order of time:
/// ```
/// Rung rung = Rung::prospect;
/// for (const Event& event : events) {  // where seconds are shared: once for each second
///   rung = write_quiet(r.ladder, event.time - 1, rung, rules.ladder, write);
///   apply(r, event, rules);
///   rung = write_second(r.ladder, event.time, rung, rules.ladder, write);
/// }
/// write_quiet(r.ladder, until, rung, rules.ladder, write);
/// ```
template <class Write>
Rung write_quiet(const LadderState& state, Time through, Rung rung, const LadderRules& rules,
                 Write&& write) {
  if (through < rules.start || through <= state.newest || state.newest == no_time) return rung;
  if (state.newest < rules.start) rung = write_second(state, rules.start, rung, rules, write);
  if (rung_at(state, LadderInstant(through, rules), rules) == rung) return rung;
  for (const RungChange& fall : falls_if_quiet(state, rung, rules)) {
    if (fall.time > through) break;
    rung = detail::write_steps(fall.time, rung, fall.rung, write);
  }
  return rung;
}

}  // namespace loyalty
