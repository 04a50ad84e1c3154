// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/dynamics/path.hpp>
#include <loyalty/policy.hpp>

namespace loyalty {

/// Periods of the calendar. A week ends on Sunday.
enum class Period : std::uint8_t { week, month, quarter };
/// Number of periods.
inline constexpr int period_count = 3;
/// The periods as they are written, in the order of `Period`.
inline constexpr std::array<std::string_view, period_count> period_names = {"week", "month",
                                                                            "quarter"};

/// The last seconds (UTC) of the periods that end in [`first`, `last`], in order. O(their number).
std::vector<Time> period_ends(Period period, Time first, Time last);
/// The last seconds (UTC) of the months that end in [`first`, `last`], in order. O(their number).
inline std::vector<Time> month_ends(Time first, Time last) {
  return period_ends(Period::month, first, last);
}

/// Every change of rung of every relationship, one row for each rung passed, ordered by relationship, then time. Each
/// relationship starts from prospect, and the `from` of each of its rows is the `to` of the row before.
struct RungTape {
  std::vector<std::uint32_t> relationship;  ///< index into `History::relationships`
  std::vector<Time> time;                   ///< first second on the new rung, UTC
  std::vector<Rung> from;                   ///< the rung that was left
  std::vector<Rung> to;                     ///< its neighbour, entered
  /// 1: events that bear on the rung lie before the start of the staircase; they were summed, not followed, so there
  /// may have been more changes, and higher rungs.
  std::vector<std::uint8_t> at_least;

  /// Rows.
  std::size_t size() const noexcept { return time.size(); }
};

/// When each relationship bought: the seconds of its purchases, those taken back by a return among them.
struct PurchaseTimes {
  std::vector<std::uint64_t> first{0};  ///< by relationship, its first; and one past the last
  std::vector<Time> time;               ///< UTC seconds, ascending within a relationship
};

/// Every relationship as of several dates, ordered by date, then relationship. NaN is null.
struct Snapshots {
  std::vector<Time> dates;         ///< UTC seconds, ascending
  std::vector<std::size_t> first;  ///< first row of each date, and one past the last row
  std::vector<Lit> lit;            ///< by date: what the log could speak about by then

  std::vector<std::uint32_t> relationship;  ///< index into `History::relationships`
  std::vector<Rung> rung;                   ///< means nothing where `lit.purchases` is false
  std::vector<Rung> rung_peak;              ///< highest rung ever held; likewise
  /// 1: events lie before the start of the staircase, and the peak is at least this.
  std::vector<std::uint8_t> at_least;
  std::vector<double> quality;         ///< 0..100; null below the minimum coverage
  std::vector<double> quality_low;     ///< 5 % point; null as the quality
  std::vector<double> quality_high;    ///< 95 % point; null as the quality
  std::vector<double> coverage;        ///< of the quality, 0..1
  std::vector<double> commitment;      ///< mean, 0..1; null where unlit
  std::vector<double> responsiveness;  ///< likewise
  std::vector<double> reciprocity;     ///< likewise
  std::vector<double> trust;           ///< likewise

  /// Rows.
  std::size_t size() const noexcept { return relationship.size(); }
};

/// How many relationships stood on each rung on one date.
struct RungMix {
  Time date = no_time;                           ///< UTC second
  std::int64_t relationships = 0;                ///< known by then
  std::array<std::int64_t, rung_count> rungs{};  ///< relationships by Rung
  std::int64_t unknown = 0;        ///< without a rung: no purchase was recorded by then
  std::int64_t published = 0;      ///< with a quality that is not null
  double mean_quality = no_value;  ///< of those, 0..100; NaN where there are none

  /// Share of a rung among those whose rung is known, 0..1; NaN where there are none. O(1).
  double share(Rung rung) const noexcept {
    const std::int64_t known = relationships - unknown;
    if (known == 0) return no_value;
    return static_cast<double>(rungs[static_cast<std::size_t>(rung)]) / static_cast<double>(known);
  }
};

/// The rung mix on each date of snapshots. O(rows).
std::vector<RungMix> rung_mix(const Snapshots& snapshots);

/// What to look back on.
struct HistoryOptions {
  Time until = no_time;       ///< UTC second; rows after it are not used. Absent: the newest row
  std::vector<Time> dates{};  ///< of the snapshots, UTC seconds, none after `until`, in any order
  bool tape = true;           ///< whether the tape is wanted, and the purchases
};

/// Where a history can look back to.
struct HistoryWindow {
  Time landmark;  ///< UTC second; see `history`
  Time first;     ///< earliest date of a snapshot: 30 of the shortest half-life before the landmark
};

/// The window of a log whose rows begin at `first` and end at `until`, UTC seconds.
HistoryWindow history_window(const Policy& policy, Time first, Time until);

/// What a log tells about the past.
struct History {
  Time until = no_time;      ///< last second that was looked at
  Time landmark = no_time;   ///< places the window; see `history`
  Time start = no_time;      ///< start of the staircase
  TextValues relationships;  ///< those with a dated row, ordered by the bytes of their identifiers
  std::vector<Time> known_since;  ///< by relationship: time of its first dated row
  RungTape tape;                  ///< exact
  PurchaseTimes purchases;        ///< for who lapsed; see `RungPaths`
  Snapshots snapshots;            ///< by date
  Books books;                    ///< of the rows up to `until`, and of those without a time
  std::int64_t later = 0;         ///< rows after `until`, which were not used

  /// The paths of all relationships, for transitions, time at risk and forecasts; borrowed from this history. O(1).
  RungPaths paths() const noexcept {
    return {known_since, tape.relationship, tape.time,     tape.from,
            tape.to,     purchases.first,   purchases.time};
  }
};

/// The history of a log: rows in any order, which must be whole histories of their relationships. The tape is that of
/// continuous evaluation, rungs climbed in the seconds of events, falls dated in closed form. A snapshot is what a fresh
/// fold of the rows up to its date says. Repeats by event_id and retractions are resolved once for all rows up to
/// `until`: what was taken back is absent from all of the history.
///
/// Where the policy sets no landmark, it is `until`, or as much earlier as it takes for the staircase to start with the
/// first row; dates then lie within 60 of the shortest half-life before `until`.
///
/// O(rows log rows), about 0.5 us a row, and about 1 us for each row of the snapshots. Throws as `Portfolio::apply`;
/// WindowError for a date after `until` or outside the landmark's window.
History history(const EventColumns& rows, const Policy& policy = {},
                const HistoryOptions& options = {});

}  // namespace loyalty
