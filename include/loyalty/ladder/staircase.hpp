// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include <loyalty/core/decay.hpp>
#include <loyalty/ladder/placement.hpp>

namespace loyalty {

/// What an event feeds of the ladder; bits, so that the events of one second join.
enum class Feed : std::uint8_t {
  nothing = 0,      ///< its time does not matter to the position
  purchases = 1,    ///< B, n or a contract: lifts
  support = 2,      ///< S: lifts
  advocacy = 4,     ///< A: lifts
  partnership = 8,  ///< P: lifts
  sinks = 16,       ///< a purchase elsewhere, an order taken back: the band can fall at once
};

/// Why a position deserves a second look; bits of LadderState::flags. The lowest five are the Feed of the
/// newest second, which is not evaluated yet (its batch may still grow).
enum LadderFlag : std::uint16_t {
  pending_lifts = 15,     ///< the newest second may lift
  pending_sink = 16,      ///< and it may lower
  pending = 31,           ///< either
  before_staircase = 32,  ///< has events before the staircase starts: peak and since are "at least"
  out_of_order = 64,  ///< a late or retracted event fed the ladder: replay for the exact position
  position_unset = 128,  ///< merged from two histories: only a replay gives the position
  divided_wallet = 256,  ///< something ever sank: purchases may bear on the share of wallet
};

/// What the ladder needs to know about one relationship, 112 bytes; the first 56 are what most events touch.
struct LadderState {
  Time newest = no_time;          ///< newest event
  Time contract_until = no_time;  ///< last second of the longest contract
  std::int32_t purchases = 0;     ///< purchases ever, n
  std::uint16_t flags = 0;        ///< LadderFlag bits
  Rung rung = Rung::prospect;     ///< as of the last evaluation
  Rung peak = Rung::prospect;     ///< highest so far
  ExactSum regularity;            ///< B
  ExactSum support;               ///< S
  Time since = no_time;           ///< second in which the present rung was entered
  ExactSum elsewhere;             ///< O
  ExactSum advocacy;              ///< A
  ExactSum partnership;           ///< P

  /// Whether any bit of `flag` is set: `has(pending)` where something of the newest second waits.
  constexpr bool has(LadderFlag flag) const noexcept { return (flags & flag) != 0; }
};
static_assert(sizeof(LadderState) == 112);

/// The ladder's clocks and criteria, compiled once from a policy.
struct LadderRules {
  std::array<Clock, 4> clocks;  ///< by LadderStream; purchases serve B and O
  Criteria criteria;            ///< of all rungs
  bool one_clock = true;        ///< all four half-lives are the same
  Time start = 0;               ///< UTC second: 30 of the shortest half-life before the landmark

  /// Only there to be assigned to.
  LadderRules() = default;
  /// `clocks` by LadderStream, all of one landmark, which is given in UTC seconds.
  LadderRules(const std::array<Clock, 4>& clocks_, const Criteria& criteria_, Time landmark)
      : clocks(clocks_), criteria(criteria_) {
    Time shortest = clocks[0].half_life();
    for (const Clock& clock : clocks) {
      one_clock = one_clock && clock.half_life() == clocks[0].half_life();
      shortest = std::min(shortest, clock.half_life());
    }
    start = landmark - 30 * shortest;
  }
};

/// A second on the ladder's clocks: what each stream weighs there.
class LadderInstant {
 public:
  /// `t` in UTC seconds; refers to the rules, which must outlive it. O(1).
  LadderInstant(Time t, const LadderRules& rules) noexcept : time_(t), rules_(&rules) {
    weights_[0] = weight_units(rules.clocks[0].tick(t));
    if (rules.one_clock) return;
    for (std::size_t i = 1; i < 4; ++i) weights_[i] = weight_units(rules.clocks[i].tick(t));
  }

  /// The second, UTC.
  Time time() const noexcept { return time_; }

  /// sum >= threshold * w, exactly: doubles decide unless the two nearly tie, and then integers do.
  bool at_least(LadderStream stream, const ExactSum& sum, const Decimal& threshold) const noexcept {
    const auto i = static_cast<std::size_t>(stream);
    const double left = sum.to_double();
    const double right = threshold.value * weights_[rules_->one_clock ? 0 : i];
    if (std::fabs(left - right) > right * 0x1p-40) [[likely]]
      return left > right;
    return loyalty::at_least(sum, threshold, rules_->clocks[i].tick(time_));
  }

 private:
  Time time_;
  const LadderRules* rules_;
  double weights_[4];  // only the first where all streams share a clock
};

namespace detail {

constexpr const ExactSum& stream_sum(const LadderState& state, LadderStream stream) noexcept {
  switch (stream) {
    case LadderStream::support:
      return state.support;
    case LadderStream::advocacy:
      return state.advocacy;
    case LadderStream::partnership:
      return state.partnership;
    case LadderStream::purchases:
      break;
  }
  return state.regularity;
}

/// Exact decayed sums at one second, as evidence to place.
struct ExactEvidence {
  const LadderState& state;
  const LadderInstant& instant;
  std::int64_t purchases() const noexcept { return state.purchases; }
  bool contract_runs() const noexcept {
    return state.contract_until != no_time && instant.time() <= state.contract_until;
  }
  bool at_least(LadderStream stream, const Decimal& threshold) const noexcept {
    return instant.at_least(stream, stream_sum(state, stream), threshold);
  }
  bool share_at_least(const Decimal& threshold) const noexcept {
    return loyalty::share_at_least(state.regularity, state.elsewhere, threshold);
  }
};

}  // namespace detail

/// The band of a relationship's exact sums at one second, which is not before its newest event. O(1).
inline Band band(const LadderState& state, const LadderInstant& at,
                 const LadderRules& rules) noexcept {
  return band(detail::ExactEvidence{state, at}, rules.criteria);
}

/// First second at which the keep criterion of `rung` alone fails if nothing more happens, in closed
/// form; `furthest_time` if it never does by decay.
inline Time keep_fails_at(const LadderState& state, Rung rung, const LadderRules& rules) noexcept {
  const Criteria& c = rules.criteria;
  const auto below = [&](LadderStream stream, const Threshold& threshold) {
    return first_second_below(detail::stream_sum(state, stream), threshold.keep,
                              rules.clocks[static_cast<std::size_t>(stream)]);
  };
  switch (rung) {
    case Rung::client: {
      const Time regular = state.purchases >= c.client_purchases
                               ? below(LadderStream::purchases, c.client)
                               : -furthest_time;
      const Time contract =
          state.contract_until != no_time ? state.contract_until + 1 : -furthest_time;
      return std::max(regular, contract);
    }
    case Rung::supporter:
      return below(LadderStream::support, c.supporter);
    case Rung::advocate:
      return below(LadderStream::advocacy, c.advocate);
    case Rung::partner:
      return below(LadderStream::partnership, c.partner);
    default:
      return furthest_time;
  }
}

/// No day is known before which the position is safe.
inline constexpr std::int32_t never_quiet = std::numeric_limits<std::int32_t>::min();

/// A relationship's place on the ladder.
struct Position {
  Rung rung = Rung::prospect;  ///< where it stands
  Rung peak = Rung::prospect;  ///< highest rung so far
  Time since = no_time;  ///< second in which `rung` was entered; `no_time` where none is known
  friend constexpr bool operator==(const Position&, const Position&) = default;
};

namespace detail {

/// What of the newest second can move a relationship on a rung, by rung, and 8 + rung for divided wallets: the
/// feeds of the criteria above it, purchases where they bear on an advocate's share of wallet, and what sinks.
/// Other criteria above only decay, so what they do not hold already, they will not hold after the feed either
/// (docs/model.md, Rung).
inline constexpr std::array<std::uint8_t, 16> movers = {
    16 | 1, 16 | 15, 16 | 14, 16 | 12, 16 | 8, 16, 0, 0,   // one wallet
    16 | 1, 16 | 15, 16 | 15, 16 | 13, 16 | 8, 16, 0, 0};  // a divided one

/// Whether what waits from the newest second can move the position.
constexpr bool moves(const LadderState& state) noexcept {
  static_assert(divided_wallet == 8 << 5);
  const int row = static_cast<int>(state.rung) + ((state.flags & divided_wallet) >> 5);
  return (state.flags & movers[static_cast<std::size_t>(row)]) != 0;
}

/// Climb or fall at a second with events.
inline void step(Position& p, Band band, Time at) noexcept {
  const Rung next = band.clamp(p.rung);
  if (next == p.rung) return;
  p.rung = next;
  p.since = at;
  p.peak = std::max(p.peak, next);
}

/// Falls through a quiet stretch that ends with second `at`: sums only decay, so the band only sinks. The date
/// of the fall costs more than the rest.
template <bool Dated>
inline void quiet(Position& p, const LadderState& state, const LadderInstant& at,
                  const LadderRules& rules) noexcept {
  if (p.rung <= Rung::buyer) return;  // a buyer's purchases do not decay
  const Rung keep = kept_rung(ExactEvidence{state, at}, rules.criteria);
  if (keep >= p.rung) return;
  p.rung = keep;
  const auto failed = static_cast<Rung>(static_cast<int>(keep) + 1);
  if constexpr (Dated) p.since = keep_fails_at(state, failed, rules);
}

/// The position just before second `at` (which is later than the newest event), or, for a read, at it.
template <bool Dated = true>
inline Position position_through(const LadderState& state, const LadderInstant& at,
                                 const LadderRules& rules) noexcept {
  Position p{state.rung, state.peak, state.since};
  if (at.time() < rules.start) return p;
  if (state.newest < rules.start) {
    step(p, band(state, LadderInstant(rules.start, rules), rules), rules.start);
  } else if (moves(state)) {
    step(p, band(state, LadderInstant(state.newest, rules), rules), state.newest);
    if (at.time() == state.newest) return p;
  }
  // A newest event that cannot move the position lies in a quiet stretch itself.
  quiet<Dated>(p, state, at, rules);
  return p;
}

/// The position through second `through`, which has no falls before it: only climbs of the newest
/// second are looked for, and those only above the present rung.
inline void climb(LadderState& state, const LadderRules& rules) noexcept {
  if (state.rung == Rung::partner) return;
  const LadderInstant instant(state.newest, rules);
  const ExactEvidence evidence{state, instant};
  const Criteria& c = rules.criteria;
  if (!keeps(evidence, static_cast<Rung>(static_cast<int>(state.rung) + 1), c)) return;
  const Band now = band(evidence, c);
  if (now.enter <= state.rung) return;
  state.rung = now.enter;
  state.since = state.newest;
  state.peak = std::max(state.peak, now.enter);
}

/// At most log2(x), and less than 0.09 below it, for normal x > 0: the exponent and the mantissa beyond 1.
constexpr double log2_at_most(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<int>(bits >> 52) - 1023;
  const auto mantissa = std::bit_cast<double>((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
  return exponent + (mantissa - 1);
}

/// A day before which no rung up to `rung` can be lost by decay alone; events that lift only move it on.
inline std::int32_t quiet_day(const LadderState& state, Rung rung, Time from,
                              const LadderRules& rules) noexcept {
  if (rung <= Rung::buyer) return std::numeric_limits<std::int32_t>::max();
  const Criteria& c = rules.criteria;
  const auto holds_until = [&](LadderStream stream, const Threshold& threshold) {
    const Clock& clock = rules.clocks[static_cast<std::size_t>(stream)];
    const double ratio = stream_sum(state, stream).to_double() /
                         (threshold.keep.value * weight_units(clock.tick(from)));
    if (!(ratio > 1.001)) return static_cast<double>(from);
    // Two table steps less: steps start before the continuous curve reaches them.
    return static_cast<double>(from) +
           static_cast<double>(clock.half_life()) * (log2_at_most(ratio) - 2.0 / 4096);
  };
  double until = holds_until(LadderStream::purchases, c.client);
  if (state.purchases < c.client_purchases) until = static_cast<double>(from);
  if (state.contract_until != no_time)
    until = std::max(until, static_cast<double>(state.contract_until));
  if (rung >= Rung::supporter)
    until = std::min(until, holds_until(LadderStream::support, c.supporter));
  if (rung >= Rung::advocate)
    until = std::min(until, holds_until(LadderStream::advocacy, c.advocate));
  if (rung >= Rung::partner)
    until = std::min(until, holds_until(LadderStream::partnership, c.partner));
  return static_cast<std::int32_t>(until / double{day}) - 1;
}

/// Whether the position, which nothing of the newest second moves, is safe through second `through`; looks
/// again from the newest second, since what lifted there makes it last longer.
inline bool lasts(const LadderState& state, std::int32_t& quiet_until, Time through,
                  const LadderRules& rules) noexcept {
  if (state.rung <= Rung::buyer || through < Time{quiet_until} * day) return true;
  quiet_until = quiet_day(state, state.rung, state.newest, rules);
  return through < Time{quiet_until} * day;
}

/// The full evaluation through second `through`.
inline void evaluate(LadderState& state, std::int32_t& quiet_until, Time through,
                     const LadderRules& rules) noexcept {
  const Position p = position_through(state, LadderInstant(through, rules), rules);
  state.rung = p.rung;
  state.peak = p.peak;
  state.since = p.since;
  quiet_until = quiet_day(state, p.rung, std::max(through, state.newest), rules);
}

}  // namespace detail

namespace detail {

/// Whether an event at `time` comes in order and leaves nothing to evaluate: what waits from the newest
/// second cannot move the position, and decay takes no rung away before `time`.
inline bool undisturbed(const LadderState& state, std::int32_t quiet_until, Time time,
                        const LadderRules& rules) noexcept {
  return time > state.newest && state.newest >= rules.start && !state.has(position_unset) &&
         !moves(state) && (state.rung <= Rung::buyer || time - 1 < Time{quiet_until} * day);
}

/// `advance` where something has to be evaluated, or the event comes late.
inline void advance_with_care(LadderState& state, std::int32_t& quiet_until, Time time, Feed feed,
                              const LadderRules& rules) noexcept {
  const bool feeds = feed != Feed::nothing;
  if (time > state.newest) {
    if (time < rules.start) [[unlikely]] {
      state.flags |= before_staircase;
      state.newest = time;
      return;
    }
    const bool crosses_start = state.newest < rules.start && state.newest != no_time;
    // Only what feeds the ladder ends a quiet stretch, so that a late event that does not feed it
    // leaves the very bytes that it would have left in order.
    const Time through = feeds ? time - 1 : std::max(state.newest, rules.start);
    if (state.has(position_unset)) {
    } else if (crosses_start) [[unlikely]] {
      if (time > rules.start) evaluate(state, quiet_until, through, rules);
    } else if (feeds || state.has(pending)) {
      const bool quiet = state.rung <= Rung::buyer || state.newest < Time{quiet_until} * day;
      if (quiet && moves(state) && !state.has(pending_sink)) {
        const Rung before = state.rung;
        climb(state, rules);
        state.flags &= static_cast<std::uint16_t>(~pending);
        if (state.rung != before) quiet_until = never_quiet;
      }
      if (moves(state) || !lasts(state, quiet_until, through, rules))
        evaluate(state, quiet_until, through, rules);
    }
    state.flags &= static_cast<std::uint16_t>(~pending);
    // Old sums that only now meet the staircase are evaluated with this second's batch; whether there
    // are any may come to light later.
    if (time == rules.start) state.flags |= pending_lifts;
    state.newest = time;
  } else if (time < state.newest) {
    if (feeds) state.flags |= out_of_order;
    if (time < rules.start) state.flags |= before_staircase;
    if (feed == Feed::sinks) quiet_until = never_quiet;
    return;
  } else if (time < rules.start) {
    return;
  } else if (feeds && !state.has(pending) && !state.has(position_unset) &&
             state.rung > Rung::buyer && time - 1 >= Time{quiet_until} * day) {
    // What came in this second so far does not feed the ladder: the quiet before it ends only now.
    evaluate(state, quiet_until, time - 1, rules);
  }
  state.flags |= static_cast<std::uint16_t>(feed);
}

}  // namespace detail

/// Prepares the state for an event at `time`, before its sums change: evaluates what is now complete
/// (the newest second, then the quiet until just before `time`). Late events flag the position instead.
/// `quiet_until` is a cache kept beside the state: a day before which decay takes no rung away, so that
/// most events have nothing to evaluate. O(1) but for a fall, which is dated.
inline void advance(LadderState& state, std::int32_t& quiet_until, Time time, Feed feed,
                    const LadderRules& rules) noexcept {
  if (feed == Feed::sinks) [[unlikely]]
    state.flags |= divided_wallet;
  if (detail::undisturbed(state, quiet_until, time, rules)) [[likely]] {
    state.flags = static_cast<std::uint16_t>((state.flags & ~pending) | static_cast<int>(feed));
    state.newest = time;
    return;
  }
  detail::advance_with_care(state, quiet_until, time, feed, rules);
}

/// Where a relationship stands at a read.
struct Standing {
  Position position;  ///< rung, peak and since
  Band band;          ///< the bounds that the evidence at `now` allows
  bool exact;         ///< false: late, retracted or merged events; `since` is then absent
  bool at_least;  ///< peak and since are bounds, since older events were summed without evaluation
};

/// The standing at `now` >= the newest event; never changes the state. O(1).
inline Standing standing(const LadderState& state, const LadderInstant& now,
                         const LadderRules& rules) noexcept {
  Standing s{{}, band(state, now, rules), true, state.has(before_staircase)};
  if (state.has(position_unset)) {
    s.position = {s.band.enter, s.band.enter, no_time};
    s.exact = false;
    return s;
  }
  s.position = detail::position_through(state, now, rules);
  if (state.has(out_of_order)) {
    s.position.rung = s.band.clamp(s.position.rung);
    s.position.peak = std::max(s.position.peak, s.position.rung);
    s.position.since = no_time;
    s.exact = false;
  }
  return s;
}

/// The rung of `standing`, without dates and bounds: several times faster. O(1).
inline Rung rung_at(const LadderState& state, const LadderInstant& now,
                    const LadderRules& rules) noexcept {
  if (state.has(position_unset)) return band(state, now, rules).enter;
  const Rung rung = detail::position_through<false>(state, now, rules).rung;
  return state.has(out_of_order) ? band(state, now, rules).clamp(rung) : rung;
}

/// One change of rung: a row of the tape.
struct RungChange {
  Time time;  ///< first second on the new rung, UTC
  Rung rung;  ///< the new rung
  friend constexpr bool operator==(const RungChange&, const RungChange&) = default;
};

/// The falls that come if nothing more happens, in order of time: one row for each rung that is left, also where
/// several are left in one second.
struct Falls {
  std::array<RungChange, rung_count> rows{};  ///< the first `count` are set
  int count = 0;                              ///< 0..4, since a buyer falls no further
  /// The first row; with `end`, a range.
  const RungChange* begin() const noexcept { return rows.data(); }
  /// Past the last row.
  const RungChange* end() const noexcept { return rows.data() + count; }
};

/// Projects the falls of a relationship that stands on `rung` now. O(rungs) closed forms.
inline Falls falls_if_quiet(const LadderState& state, Rung rung,
                            const LadderRules& rules) noexcept {
  Falls falls;
  while (rung > Rung::buyer) {
    // The rung is lost when the first criterion at or below it fails.
    Time first = furthest_time;
    for (int k = static_cast<int>(Rung::client); k <= static_cast<int>(rung); ++k)
      first = std::min(first, keep_fails_at(state, static_cast<Rung>(k), rules));
    if (first == furthest_time) break;
    rung = static_cast<Rung>(static_cast<int>(rung) - 1);
    falls.rows[static_cast<std::size_t>(falls.count++)] = {first, rung};
  }
  return falls;
}

}  // namespace loyalty
