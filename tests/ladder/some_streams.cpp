// SPDX-License-Identifier: MIT
/// \file
/// The staircase against its definition where an evaluation could be skipped unseen: lives that feed only
/// some of the streams, that are silent for many half-lives, and whose events fall on, just before and just
/// after the seconds in which a rung is lost.
#include <loyalty/ladder/staircase.hpp>

#include <algorithm>
#include <vector>

#include <loyalty/events.hpp>

#include "ladder/slow_staircase.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::one_of;
using loyalty_tests::SlowStaircase;
using loyalty_tests::Tries;
using loyalty_tests::within;

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, const Position& p) {
  return out << name(p.rung) << " (peak " << name(p.peak) << ") since " << p.since;
}
}  // namespace loyalty

namespace {

constexpr Time hour = 3600;

/// Which things can happen in a life: bits of the streams that are fed.
enum Streams : unsigned {
  buys = 1,
  supports = 2,
  advocates = 4,
  takes_part = 8,
  leaves = 16,
  contracts = 32
};

Event any_event(unsigned streams, Time first, Time t) {
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

struct Life {
  FoldRules rules;
  std::vector<Event> events;
  Time last;  ///< of the reads
};

FoldRules any_rules(Time landmark, const std::vector<Time>& lengths) {
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
Life any_life(const std::vector<Time>& lengths) {
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
    life.events.push_back(any_event(now, first, t));
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

void log(const Life& life) {
  const HalfLives& h = life.rules.options.half_lives;
  RC_LOG() << "landmark " << life.rules.landmark << " start " << life.rules.ladder.start
           << " half-lives " << h.purchases << ' ' << h.support << ' ' << h.advocacy << ' '
           << h.partnership << '\n';
  for (const Event& e : life.events)
    RC_LOG() << name(e.kind) << " time " << e.time << " value " << e.value << " until " << e.until
             << " since " << e.since << '\n';
}

/// Every read that can differ: at each event, at each change and a second before it.
void compare(const Life& life) {
  const FoldRules& rules = life.rules;
  const Time first = std::min(life.events.front().time, rules.ladder.start);
  const auto slow = SlowStaircase(rules, life.events).changes(first, life.last, Tries::crossings);
  Relationship r;
  auto change = slow.begin();
  for (std::size_t i = 0; i < life.events.size(); ++i) {
    RC_ASSERT(apply(r, life.events[i], rules) == Code::ok);
    const Time from = life.events[i].time;
    const Time until = i + 1 < life.events.size() ? life.events[i + 1].time - 1 : life.last;
    const auto check = [&](Time now) {
      if (now < from || now > until || now < rules.ladder.start) return;
      const Position is =
          standing(r.ladder, LadderInstant(now, rules.ladder), rules.ladder).position;
      const Position should = SlowStaircase::at(slow, now);
      RC_LOG() << "now " << now << ": is " << is << ", should be " << should << '\n';
      RC_ASSERT(is == should);
    };
    check(from);
    check(until);
    while (change != slow.begin() && (change - 1)->from >= from) --change;
    for (; change != slow.end() && change->from <= until; ++change) {
      check(change->from - 1);
      check(change->from);
    }
  }
}

}  // namespace

TEST_CASE("the crossings of the slow staircase are those that trying every second finds") {
  law("both ways", 25, [] {
    Life life = any_life({hour, hour + 1});
    life.last = std::min(life.last, life.events.back().time + 3 * hour);
    log(life);
    const Time first = std::min(life.events.front().time, life.rules.ladder.start);
    const auto all =
        SlowStaircase(life.rules, life.events).changes(first, life.last, Tries::seconds);
    const auto some =
        SlowStaircase(life.rules, life.events).changes(first, life.last, Tries::crossings);
    RC_ASSERT(all.size() == some.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      RC_ASSERT(all[i].from == some[i].from);
      RC_ASSERT(all[i].position == some[i].position);
    }
  });
}

TEST_CASE("no evaluation is skipped that could change the rung, whichever streams are fed") {
  law("half-lives of an hour", 1500, [] {
    const Life life = any_life({hour, hour + 1, 2 * hour});
    log(life);
    compare(life);
  });
  law("half-lives of days, some far longer than others", 1000, [] {
    const Life life = any_life({day, 7 * day, 30 * day});
    log(life);
    compare(life);
  });
  law("half-lives from 7 days to 5 years", 500, [] {
    const Life life = any_life({7 * day, 365 * day, 5 * year});
    log(life);
    compare(life);
  });
}
