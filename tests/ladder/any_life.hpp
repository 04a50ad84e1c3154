// SPDX-License-Identifier: MIT
/// \file
/// Lives that bring out what a staircase could overlook: they feed only some of the streams, are silent for many
/// half-lives, and have events on, just before and just after the seconds in which a rung is lost.
#pragma once

#include <algorithm>
#include <vector>

#include <loyalty/events.hpp>
#include <loyalty/ladder/staircase.hpp>

#include "laws/law.hpp"

namespace loyalty_tests {

using loyalty::Event;
using loyalty::FoldRules;
using loyalty::Time;

inline constexpr Time hour = 3600;

/// Which things can happen in a life: bits of the streams that are fed.
enum Streams : unsigned {
  buys = 1,
  supports = 2,
  advocates = 4,
  takes_part = 8,
  leaves = 16,
  contracts = 32
};

/// An event that feeds one of the streams.
inline Event any_event_of(unsigned streams, Time first, Time t) {
  using namespace loyalty;
  std::vector<Event> choices;
  const auto may = [&](unsigned stream, Event e, int times = 1) {
    if ((streams & stream) != 0)
      for (int i = 0; i < times; ++i) choices.push_back(e);
  };
  may(buys, {.kind = Kind::purchase, .time = t}, 3);
  may(supports, {.kind = Kind::contact, .time = t, .side = Side::them}, 2);
  may(supports, {.kind = Kind::participation, .time = t, .value = *within(1, 24) / 16.0});
  may(advocates, {.kind = Kind::attendance, .time = t, .value = *within(1, 24) / 16.0});
  may(advocates, {.kind = Kind::referral, .time = t});
  may(takes_part, {.kind = Kind::suggestion, .time = t});
  may(takes_part, {.kind = Kind::co_creation, .time = t});
  may(leaves, {.kind = Kind::purchase_elsewhere, .time = t});
  may(leaves, {.kind = Kind::returned,
               .time = t,
               .since = *one_of<Time>({t, *within<Time>(first, t)}),
               .whole_order = true});
  may(contracts,
      {.kind = Kind::contract, .time = t, .until = t + *one_of<Time>({-1, 0, 1, hour, 9 * hour})});
  may(~0U, {.kind = Kind::guarantee, .time = t, .value = 1});
  return *rc::gen::elementOf(choices);
}

/// Rules and a life under them.
struct Life {
  FoldRules rules;
  std::vector<Event> events;
  Time last;  ///< of the reads
};

inline FoldRules any_rules(Time landmark, const std::vector<Time>& lengths) {
  using namespace loyalty;
  FoldOptions fold;
  HalfLives& h = fold.half_lives;
  const auto length = [&] { return *rc::gen::elementOf(lengths); };
  h.purchases = h.support = h.advocacy = h.partnership = length();
  if (*rc::gen::arbitrary<bool>()) {
    h.support = length();
    h.advocacy = length();
    h.partnership = length();
  }
  Criteria c;
  if (*within(0, 3) == 0) {
    c.client_purchases = *within(1, 3);
    c.client = {1.0, 1.0};
    c.supporter = {*one_of({0.5, 0.75, 1.5}), 0.01};
    c.partner = {0.9, *one_of({0.1, 0.9})};
  }
  return FoldRules(fold, c, landmark);
}

/// Events in order of time, with gaps from none to many half-lives; some at the edge of a fall.
inline Life any_life(const std::vector<Time>& lengths) {
  using namespace loyalty;
  const Time landmark = *within<Time>(-20 * year, 60 * year);
  Life life{any_rules(landmark, lengths), {}, 0};
  const LadderRules& ladder = life.rules.ladder;
  const HalfLives& h = life.rules.options.half_lives;
  const Time shortest = std::min({h.purchases, h.support, h.advocacy, h.partnership});
  const Time first = ladder.start + *one_of<Time>({-3 * shortest, -1, 0, 1, 5 * shortest});
  const Time latest = landmark + 20 * shortest;
  // Most lives buy; the others show that nothing else lifts a prospect.
  unsigned streams = *within(0U, 63U);
  if (*within(0, 9) != 0) streams |= buys;
  const int count = *within(1, 20);
  Relationship r;
  Time t = first;
  for (int i = 0; i < count && t <= latest; ++i) {
    // What happens now may be limited to one stream for a while, the others left to decay.
    const unsigned now = *within(0, 2) == 0 ? streams & *within(0U, 63U) : streams;
    life.events.push_back(any_event_of(now, first, t));
    (void)apply(r, life.events.back(), life.rules);
    const Falls falls = falls_if_quiet(
        r.ladder,
        standing(r.ladder, LadderInstant(std::max(t, ladder.start), ladder), ladder).position.rung,
        ladder);
    if (falls.count > 0 && *within(0, 2) == 0) {
      const auto which = static_cast<std::size_t>(*within(0, falls.count - 1));
      const Time edge = falls.rows[which].time + *within<Time>(-1, 1);
      if (edge >= t && edge <= latest) t = edge;
    } else {
      t += *rc::gen::weightedOneOf<Time>({{2, rc::gen::just(Time{0})},
                                          {1, rc::gen::just(Time{1})},
                                          {4, within<Time>(0, shortest)},
                                          {2, within<Time>(shortest, 4 * shortest)},
                                          {1, within<Time>(4 * shortest, 14 * shortest)}});
    }
  }
  life.last = std::max(life.events.back().time, ladder.start) + 12 * shortest;
  return life;
}

inline void log_life(const Life& life) {
  using namespace loyalty;
  const HalfLives& h = life.rules.options.half_lives;
  RC_LOG() << "landmark " << life.rules.landmark << " start " << life.rules.ladder.start
           << " half-lives " << h.purchases << ' ' << h.support << ' ' << h.advocacy << ' '
           << h.partnership << '\n';
  for (const Event& e : life.events)
    RC_LOG() << name(e.kind) << " time " << e.time << " value " << e.value << " until " << e.until
             << " since " << e.since << '\n';
}

}  // namespace loyalty_tests
