// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <loyalty/events/effect.hpp>
#include <loyalty/events/event.hpp>

namespace loyalty {

/// A value on its grid, bound for one sum.
struct Part {
  /// On the grid of the sum: 1/16, 1/256 of the target or one minor unit; signed.
  std::int64_t units;
  Sum sum;    ///< where it goes
  bool back;  ///< weighed at `Act::back_stamp`: takes back what an earlier act added
};

/// What an event does to a state at one second: everything decided, only sums left to move.
struct Act {
  Time stamp = no_time;         ///< when it acts; its weight
  Time back_stamp = no_time;    ///< weight of the parts that are taken back
  Time first_stamp = no_time;   ///< an earlier second that the event also touched
  Time until = no_time;         ///< last second of a contract; `no_time` where there is none
  std::int64_t spend = 0;       ///< minor units, negative where money is returned
  std::int64_t money = 0;       ///< sum of |minor units|, for the limit
  Time open_time = 0;           ///< change of the sum of opening times
  std::int32_t events = 1;      ///< change of the count: 0 where an earlier act counted the event
  std::int32_t purchases = 0;   ///< change of purchases ever: 1, 0 or -1
  std::int32_t open = 0;        ///< change of open requests
  std::int32_t complaints = 0;  ///< change of open complaints
  std::uint8_t count = 0;       ///< parts that are set, 0..4
  Feed feed = Feed::nothing;    ///< what it feeds of the ladder
  bool buys = false;            ///< dates the first and last purchase
  bool states_amount = false;   ///< a purchase whose row has an amount; `spend` alone cannot tell
  bool states_margin = false;   ///< a purchase whose row has a margin
  Part parts[4];                ///< the first `count` are set

  Act() noexcept {}  // leaves `parts` alone: `count` tells how many are set

  /// An act that does nothing yet, at `at`.
  void restart(Time at) noexcept {
    stamp = at;
    back_stamp = first_stamp = until = no_time;
    spend = money = open_time = 0;
    events = 1;
    purchases = open = complaints = 0;
    count = 0;
    feed = Feed::nothing;
    buys = states_amount = states_margin = false;
  }

  /// Adds a part; one of 0 units is left out. At most four, which is not checked. O(1).
  void add(Sum sum, std::int64_t units, bool back = false) noexcept {
    if (units != 0) parts[count++] = {units, sum, back};
  }
};

/// Round half to even, for |x| < 2^51.
constexpr double round_half_even(double x) noexcept {
  constexpr double magic = 0x1.8p52;
  return (x + magic) - magic;
}

/// value * weight on the evidence grid of 1/16.
constexpr std::int64_t evidence_units(double value, double weight = 1) noexcept {
  return static_cast<std::int64_t>(round_half_even(16 * value * weight));
}

/// seconds / target on the duration grid of 1/256: half to even of the exact ratio, at most 64.
constexpr std::int64_t duration_units(Time seconds, Time target) noexcept {
  if (seconds >= 64 * target) return 64 * 256;
  const std::int64_t whole = seconds * 256 / target;
  const std::int64_t rest = 2 * (seconds * 256 % target);
  return whole + (rest > target || (rest == target && (whole & 1) != 0) ? 1 : 0);
}

namespace detail {

/// Money in minor units, or the reason it is none. Absent money is zero.
inline Code money_units(double major, const FoldRules& rules, bool may_be_negative,
                        std::int64_t& out) noexcept {
  out = 0;
  if (std::isnan(major)) return Code::ok;
  if (!std::isfinite(major)) return Code::not_finite;
  if (major < 0 && !may_be_negative) return Code::negative;
  const double minor = major * rules.minor_units;
  if (std::fabs(minor) > static_cast<double>(most_money)) return Code::too_large;
  out = static_cast<std::int64_t>(round_half_even(minor));
  return out == 0 && major != 0 ? Code::rounds_to_zero : Code::ok;
}

/// A weight, stake or number of points: `fallback` where absent; positive and not too small or large.
inline Code weight_value(double given, double fallback, double& out) noexcept {
  out = std::isnan(given) ? fallback : given;
  if (!std::isfinite(out)) return Code::not_finite;
  if (out < 0) return Code::negative;
  if (out > most_evidence) return Code::too_large;
  return evidence_units(out) == 0 ? Code::rounds_to_zero : Code::ok;
}

/// Position 0..1 of an answer on its scale, which may count down.
inline Code scale_position(double answer, double low, double high, double& out) noexcept {
  if (std::isnan(low) || std::isnan(high)) return Code::missing_scale;
  if (!std::isfinite(low) || !std::isfinite(high)) return Code::not_finite;
  if (low == high) return Code::bad_scale;
  if (!std::isfinite(answer)) return Code::not_finite;
  out = (answer - low) / (high - low);
  return out >= 0 && out <= 1 ? Code::ok : Code::out_of_scale;
}

/// The largest weight that the outcome of a promise or payment can get.
constexpr double largest_weight(Kind kind, const Effects& w) noexcept {
  return kind == Kind::payment ? std::max({w.payment_kept, w.payment_late, w.payment_broken})
                               : std::max({w.promise_kept, w.promise_late, w.promise_broken});
}

constexpr bool plausible(Time t) noexcept { return t >= -furthest_time && t <= furthest_time; }

}  // namespace detail

/// The outcomes of a promise or payment.
enum class Outcome : std::uint8_t { kept, late, broken, late_after_broken };

/// The act of a promise or payment with a known outcome. `limit` is due + grace; a broken one acts at
/// limit + 1, the others at `done`. `late_after_broken` also takes the broken one back.
inline Act promise_act(Kind kind, Outcome outcome, double stake, Time limit, Time done,
                       const FoldRules& rules) noexcept {
  const Effects& e = rules.options.effects;
  const bool pays = kind == Kind::payment;
  const double kept = pays ? e.payment_kept : e.promise_kept;
  const double late = pays ? e.payment_late : e.promise_late;
  const double broken = pays ? e.payment_broken : e.promise_broken;
  Act act;
  act.stamp = done;
  switch (outcome) {
    case Outcome::kept:
      act.add(Sum::promises_kept, evidence_units(stake, kept));
      break;
    case Outcome::broken:
      act.stamp = limit + 1;
      act.add(Sum::promises_grave, evidence_units(stake, broken));
      break;
    case Outcome::late_after_broken:
      act.events = 0;
      act.back_stamp = limit + 1;
      act.add(Sum::promises_grave, -evidence_units(stake, broken), true);
      [[fallthrough]];
    case Outcome::late:
      act.first_stamp = limit + 1;
      act.add(Sum::promises_broken, evidence_units(stake, late));
      break;
  }
  return act;
}

/// A broken promise that turns out to have been kept in time: the grave outcome is taken back.
inline Act kept_after_broken_act(Kind kind, double stake, Time limit, Time done,
                                 const FoldRules& rules) noexcept {
  Act act = promise_act(kind, Outcome::kept, stake, limit, done, rules);
  const Act broken = promise_act(kind, Outcome::broken, stake, limit, done, rules);
  act.events = 0;
  act.back_stamp = limit + 1;
  for (int i = 0; i < broken.count; ++i) act.add(broken.parts[i].sum, -broken.parts[i].units, true);
  return act;
}

/// A request that stays open from `opened`, its stamp, until it is answered or expires.
inline Act request_act(Time opened) noexcept {
  Act act;
  act.stamp = opened;
  act.open = 1;
  act.open_time = opened;
  return act;
}

/// An answer at `answered`; `was_open` where the request was applied before.
inline Act response_act(Time opened, Time answered, bool was_open,
                        const FoldRules& rules) noexcept {
  Act act;
  act.stamp = answered;
  if (was_open) {
    act.open = -1;
    act.open_time = -opened;
  }
  act.add(Sum::answered, 16);
  act.add(Sum::answer_time, duration_units(answered - opened, rules.options.response_target));
  return act;
}

/// When a request opened then is closed unanswered.
inline Time expiry_of(Time opened, const FoldRules& rules) noexcept {
  return opened + expiry_targets * rules.options.response_target;
}

/// A request that nobody answered: 30 targets of waiting, and no answer.
inline Act expiry_act(Time opened, bool was_open, const FoldRules& rules) noexcept {
  Act act;
  act.stamp = expiry_of(opened, rules);
  if (was_open) {
    act.open = -1;
    act.open_time = -opened;
  }
  act.add(Sum::answer_time, expiry_targets * 256);
  return act;
}

/// Kinds whose rows are about one side's conduct; on the other side they count, without effect.
constexpr bool judges_conduct(Kind kind) noexcept {
  switch (kind) {
    case Kind::promise:
    case Kind::guarantee:
    case Kind::request:
    case Kind::response:
    case Kind::concession:
    case Kind::complaint:
    case Kind::resolution:
    case Kind::payment:
    case Kind::survey:
      return true;
    default:
      return false;
  }
}

/// Decides what an event does: the table of effects, in one place. A promise, payment, request or
/// response is taken with the outcome that the event itself states (open items are the portfolio's).
/// Returns why the row must be set aside, or `ok` and the act. O(1), no allocation, never throws.
inline Code act_of(const Event& e, const FoldRules& rules, Act& act) noexcept {
  const Effects& w = rules.options.effects;
  const Side judged = rules.options.perspective;
  if (e.time == no_time) return Code::missing_time;
  if (!detail::plausible(e.time)) return Code::bad_time;

  act.restart(e.time);
  // One evidence value is at most 2^20, after its weight, too.
  bool too_large = false;
  const auto units = [&too_large](double value, double weight) {
    if (value * weight > most_evidence) {
      too_large = true;
      return std::int64_t{0};
    }
    return evidence_units(value, weight);
  };
  const auto add = [&](Sum sum, double value, double weight) {
    act.add(sum, units(value, weight));
  };
  const auto plain = [&](double value) {
    const Effect effect = effect_of(e.kind, e.side, rules.options);
    for (int i = 0; i < effect.count; ++i) {
      const Addition& a = effect.additions[i];
      add(a.sum, a.times_value ? value : 1, a.weight);
    }
    act.feed = effect.feed;
    return too_large ? Code::too_large : Code::ok;
  };
  double value = 1;
  std::int64_t money = 0;
  Code code = Code::ok;

  switch (e.kind) {
    case Kind::purchase: {
      std::int64_t margin = 0;
      if (code = detail::money_units(e.amount, rules, false, money); code != Code::ok) return code;
      if (code = detail::money_units(e.margin, rules, true, margin); code != Code::ok) return code;
      code = plain(1);
      act.add(Sum::margin, margin);
      act.purchases = 1;
      act.spend = money;
      act.money = money + (margin < 0 ? -margin : margin);
      act.buys = true;
      act.states_amount = !std::isnan(e.amount);
      act.states_margin = !std::isnan(e.margin);
      return code;
    }
    case Kind::contact:
    case Kind::purchase_elsewhere:
      return plain(1);
    case Kind::returned: {
      std::int64_t cost = 0;
      if (code = detail::money_units(e.amount, rules, false, money); code != Code::ok) return code;
      if (code = detail::money_units(e.cost, rules, false, cost); code != Code::ok) return code;
      value = std::isnan(e.value) ? 0 : e.value;
      if (value != 0)
        if (code = detail::weight_value(value, 0, value); code != Code::ok) return code;
      if (e.whole_order) {
        if (e.since == no_time) return Code::missing_since;
        if (!detail::plausible(e.since)) return Code::bad_time;
        if (e.since > e.time) return Code::since_after_time;
        act.back_stamp = e.since;
        act.add(Sum::purchases, -evidence_units(1, w.purchase_regularity), true);
        act.purchases = -1;
      }
      if (e.side == judged) add(Sum::promises_broken, value, w.return_broken);
      act.add(Sum::margin, -money);
      act.add(Sum::cost, cost);
      act.spend = -money;
      act.money = money + cost;
      if (e.whole_order) act.feed = Feed::sinks;
      return too_large ? Code::too_large : Code::ok;
    }
    case Kind::review:
      if (code = detail::weight_value(e.value, 1, value); code != Code::ok) return code;
      if (!std::isnan(e.rating)) {
        double position = 0;
        if (code = detail::scale_position(e.rating, e.scale_low, e.scale_high, position);
            code != Code::ok)
          return code;
        value *= position;
      }
      return plain(value);
    case Kind::participation:
    case Kind::attendance:
    case Kind::novelty:
    case Kind::referral:
    case Kind::suggestion:
    case Kind::co_creation:
      if (code = detail::weight_value(e.value, 1, value); code != Code::ok) return code;
      return plain(value);
    case Kind::gift:
      if (code = detail::weight_value(e.value, 1, value); code != Code::ok) return code;
      if (code = detail::money_units(e.cost, rules, false, money); code != Code::ok) return code;
      code = plain(value);
      act.add(Sum::cost, money);
      act.money = money;
      return code;
    case Kind::promise:
    case Kind::payment: {
      if (e.due == no_time) return Code::missing_due;
      if (!detail::plausible(e.due) || (e.done != no_time && !detail::plausible(e.done)))
        return Code::bad_time;
      if (code = detail::weight_value(e.value, 1, value); code != Code::ok) return code;
      if (e.side != judged) return Code::ok;
      // Whatever becomes of it later.
      if (value * detail::largest_weight(e.kind, w) > most_evidence) return Code::too_large;
      const Time limit = e.due + rules.options.promise_grace;
      const Outcome outcome = e.done == no_time ? Outcome::broken
                              : e.done <= limit ? Outcome::kept
                                                : Outcome::late;
      act = promise_act(e.kind, outcome, value, limit, e.done, rules);
      return Code::ok;
    }
    case Kind::guarantee:
      if (std::isnan(e.value)) return Code::missing_value;
      if (e.value != 0 && e.value != 1) return Code::bad_value;
      if (e.value == 1) return plain(1);
      if (e.side == judged) {
        add(Sum::guarantees_breached, 1, w.guarantee_breached);
        add(Sum::promises_grave, 1, w.guarantee_grave);
      }
      return Code::ok;
    case Kind::contract:
      if (e.until == no_time) return Code::missing_until;
      if (!detail::plausible(e.until)) return Code::bad_time;
      act.until = e.until;
      act.feed = Feed::purchases;
      return Code::ok;
    case Kind::request:
      if (e.side == judged) act = request_act(e.time);
      return Code::ok;
    case Kind::response: {
      if (e.since == no_time) return Code::missing_since;
      if (!detail::plausible(e.since)) return Code::bad_time;
      if (e.since > e.time) return Code::since_after_time;
      if (e.side == judged)
        act = e.time > expiry_of(e.since, rules) ? expiry_act(e.since, e.opened, rules)
                                                 : response_act(e.since, e.time, e.opened, rules);
      return Code::ok;
    }
    case Kind::concession: {
      if (std::isnan(e.value)) return Code::missing_value;
      if (!std::isfinite(e.value)) return Code::not_finite;
      if (e.value < 0) return Code::negative;
      if (e.value > 1) return Code::bad_value;
      if (e.value > 0 && evidence_units(e.value) == 0) return Code::rounds_to_zero;
      if (e.side != judged) return Code::ok;
      const std::int64_t granted = evidence_units(e.value, w.concession);
      act.add(Sum::granted, granted);
      act.add(Sum::refused, evidence_units(1, w.concession) - granted);
      return Code::ok;
    }
    case Kind::complaint:
      if (code = detail::weight_value(e.value, 1, value); code != Code::ok) return code;
      if (e.side != judged) return Code::ok;
      add(Sum::promises_grave, value, w.complaint_grave);
      act.complaints = e.opened ? 1 : 0;
      return too_large ? Code::too_large : Code::ok;
    case Kind::resolution:
      if (e.side != judged) return Code::ok;
      add(Sum::promises_kept, 1, w.resolution_kept);
      act.complaints = e.opened ? -1 : 0;
      return Code::ok;
    case Kind::survey: {
      if (std::isnan(e.value)) return Code::missing_value;
      double position = 0;
      if (code = detail::scale_position(e.value, e.scale_low, e.scale_high, position);
          code != Code::ok)
        return code;
      if (e.side == judged) {
        const bool trust = e.parameter == SurveyOf::trust;
        const std::int64_t positive = evidence_units(position, w.survey);
        act.add(trust ? Sum::promises_kept : Sum::guarantees_kept, positive);
        act.add(trust ? Sum::promises_broken : Sum::guarantees_breached,
                evidence_units(1, w.survey) - positive);
      }
      add(Sum::support, position, w.survey_support);
      act.feed = Feed::support;
      return Code::ok;
    }
    case Kind::cost:
      if (std::isnan(e.amount)) return Code::missing_amount;
      if (code = detail::money_units(e.amount, rules, false, money); code != Code::ok) return code;
      act.add(Sum::cost, money);
      act.money = money;
      return Code::ok;
    case Kind::retraction:
      return Code::retraction_without_event;
    default:
      return Code::unknown_kind;
  }
}

}  // namespace loyalty
