// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <loyalty/events.hpp>

namespace loyalty_tests {

using loyalty::Event;
using loyalty::FoldRules;
using loyalty::Kind;
using loyalty::Position;
using loyalty::Rung;
using loyalty::Time;

/// Which seconds the slow staircase tries.
enum class Tries {
  seconds,  ///< every one
  steps,    ///< those in which something can change: events, ends of contracts, table steps
  crossings,  ///< the same, but of the table steps only those at which a comparison turns: between two
              ///< events a sum stands still and its threshold only rises, so bisection finds them
};

/// The ladder by its definition: every second, with all events up to it, rung <- min(max(rung, E), K).
/// Knows the kinds that feed the ladder, by the table of effects; decays by divisions, not by clocks.
class SlowStaircase {
 public:
  SlowStaircase(const FoldRules& rules, std::vector<Event> events)
      : rules_(rules), events_(std::move(events)) {}

  /// A position and the second from which it holds.
  struct Change {
    Time from;
    Position position;
  };

  /// Positions from `first` to `last`.
  std::vector<Change> changes(Time first, Time last, Tries tries) {
    std::stable_sort(events_.begin(), events_.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });
    std::vector<Change> out;
    Position p;
    std::size_t next = 0;
    for (Time t = first; t <= last;
         t = tries == Tries::seconds ? t + 1 : next_change(t, next, last, tries)) {
      while (next < events_.size() && events_[next].time <= t) add(events_[next++]);
      // Older events are summed, not evaluated, and meet the staircase at its start.
      if (t >= rules_.ladder.start) {
        const Rung before = p.rung;
        p.rung =
            static_cast<Rung>(std::min(std::max(static_cast<int>(p.rung), entered(t)), kept(t)));
        if (p.rung != before) p.since = t;
        p.peak = std::max(p.peak, p.rung);
      }
      if (out.empty() || !(out.back().position == p)) out.push_back({t, p});
    }
    return out;
  }

  /// What holds at a second.
  static Position at(const std::vector<Change>& changes, Time t) {
    const auto after =
        std::upper_bound(changes.begin(), changes.end(), t,
                         [](Time x, const Change& change) { return x < change.from; });
    return (after - 1)->position;
  }

 private:
  using Stream = loyalty::LadderStream;

  Time next_change(Time t, std::size_t next, Time last, Tries tries) const {
    Time soonest = next < events_.size() ? events_[next].time : loyalty::furthest_time;
    const auto consider = [&](Time x) {
      if (x > t) soonest = std::min(soonest, x);
    };
    consider(rules_.ladder.start);
    if (until_ != loyalty::no_time) consider(until_ + 1);
    for (const Stream s :
         {Stream::purchases, Stream::support, Stream::advocacy, Stream::partnership}) {
      const Time h = half_life(s);
      const Time step = step_of(h, t) + 1;
      if (tries == Tries::steps) consider(first_second(h, step));
      if (tries == Tries::crossings)
        for (const loyalty::Decimal* threshold : thresholds(s))
          if (at_least(s, *threshold, t) && !at_least(s, *threshold, last)) {
            Time holds = step - 1;
            Time fails = step_of(h, last);
            while (fails - holds > 1) {
              const Time probe = holds + (fails - holds) / 2;
              (at_least(s, *threshold, first_second(h, probe)) ? holds : fails) = probe;
            }
            consider(first_second(h, fails));
          }
    }
    return soonest;
  }
  /// Table steps counted from 1970, and the first second of one.
  static Time step_of(Time h, Time t) {
    const Time q = loyalty::floor_div(t, h);
    return 4096 * q + 4096 * (t - q * h) / h;
  }
  static Time first_second(Time h, Time step) {
    const Time q = loyalty::floor_div(step, 4096);
    return q * h + ((step - 4096 * q) * h + 4095) / 4096;
  }
  std::array<const loyalty::Decimal*, 2> thresholds(Stream s) const {
    const auto& c = rules_.ladder.criteria;
    const loyalty::Threshold* by_stream[] = {&c.client, &c.supporter, &c.advocate, &c.partner};
    const loyalty::Threshold& x = *by_stream[static_cast<int>(s)];
    return {&x.enter, &x.keep};
  }
  static std::uint32_t mantissa(Time h, Time t) {
    const Time q = loyalty::floor_div(t, h);
    return loyalty::decay_table[static_cast<std::size_t>(4096 * (t - q * h) / h)];
  }
  int halvings(Time h, Time t) const {
    return static_cast<int>(loyalty::floor_div(t, h) - loyalty::floor_div(rules_.landmark, h));
  }
  Time half_life(Stream s) const {
    const auto& h = rules_.options.half_lives;
    const Time by_stream[] = {h.purchases, h.support, h.advocacy, h.partnership};
    return by_stream[static_cast<int>(s)];
  }
  /// 16ths at a second, in units of 2^-56.
  __extension__ using Wide = __int128;
  Wide weighed(Stream s, std::int64_t sixteenths, Time t) const {
    const Time h = half_life(s);
    return (static_cast<Wide>(sixteenths) * mantissa(h, t)) *
           (static_cast<Wide>(1) << (halvings(h, t) + 36));
  }
  void add(const Event& e) {
    const auto points = [&](double fallback) {
      return static_cast<std::int64_t>(16 * (std::isnan(e.value) ? fallback : e.value));
    };
    auto& b = sums_[0];
    auto& s = sums_[1];
    auto& a = sums_[2];
    auto& p = sums_[3];
    switch (e.kind) {
      case Kind::purchase:
        b += weighed(Stream::purchases, 16, e.time), ++n_;
        break;
      case Kind::purchase_elsewhere:
        elsewhere_ += weighed(Stream::purchases, 16, e.time);
        break;
      case Kind::returned:
        if (e.whole_order) b -= weighed(Stream::purchases, 16, e.since), --n_;
        break;
      case Kind::contact:
        if (e.side == loyalty::Side::them) s += weighed(Stream::support, 8, e.time);
        break;
      case Kind::participation:
        s += weighed(Stream::support, points(1), e.time);
        break;
      case Kind::attendance:
      case Kind::novelty:
        a += weighed(Stream::advocacy, points(1), e.time);
        break;
      case Kind::referral:
        a += weighed(Stream::advocacy, 16, e.time);
        break;
      case Kind::suggestion:
      case Kind::co_creation:
        p += weighed(Stream::partnership, 16, e.time);
        break;
      case Kind::contract:
        until_ = std::max(until_, e.until);
        break;
      default:
        break;
    }
  }
  bool at_least(Stream s, const loyalty::Decimal& threshold, Time t) const {
    const Time h = half_life(s);
    return sums_[static_cast<int>(s)] * threshold.denominator >=
           static_cast<Wide>(threshold.numerator) * mantissa(h, t) *
               (static_cast<Wide>(1) << (halvings(h, t) + 40));
  }
  bool share_at_least(const loyalty::Decimal& share) const {
    if (elsewhere_ == 0) return true;
    return sums_[0] * share.denominator >= (sums_[0] + elsewhere_) * share.numerator;
  }
  bool holds(int rung, Time t, bool enter) const {
    const auto& c = rules_.ladder.criteria;
    const auto of = [enter](const loyalty::Threshold& x) { return enter ? x.enter : x.keep; };
    switch (static_cast<Rung>(rung)) {
      case Rung::buyer:
        return n_ >= 1;
      case Rung::client:
        return (n_ >= c.client_purchases && at_least(Stream::purchases, of(c.client), t)) ||
               (n_ >= 1 && until_ != loyalty::no_time && t <= until_);
      case Rung::supporter:
        return at_least(Stream::support, of(c.supporter), t);
      case Rung::advocate:
        return at_least(Stream::advocacy, of(c.advocate), t) &&
               share_at_least(of(c.share_of_wallet));
      case Rung::partner:
        return at_least(Stream::partnership, of(c.partner), t);
      default:
        return true;
    }
  }
  int kept(Time t) const {
    int k = 0;
    while (k < 5 && holds(k + 1, t, false)) ++k;
    return k;
  }
  int entered(Time t) const {
    for (int k = 5; k > 0; --k) {
      bool lower = true;
      for (int i = 1; i < k; ++i) lower = lower && holds(i, t, false);
      if (lower && holds(k, t, true)) return k;
    }
    return 0;
  }

  const FoldRules& rules_;
  std::vector<Event> events_;
  Wide sums_[4] = {};
  Wide elsewhere_ = 0;
  std::int64_t n_ = 0;
  Time until_ = loyalty::no_time;
};

}  // namespace loyalty_tests
