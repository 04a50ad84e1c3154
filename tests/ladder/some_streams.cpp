// SPDX-License-Identifier: MIT
/// \file
/// The staircase against its definition where an evaluation could be skipped unseen: lives that feed only
/// some of the streams, that are silent for many half-lives, and whose events fall on, just before and just
/// after the seconds in which a rung is lost.
#include <loyalty/ladder/staircase.hpp>

#include <algorithm>
#include <vector>

#include <loyalty/events.hpp>

#include "ladder/any_life.hpp"
#include "ladder/slow_staircase.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::any_life;
using loyalty_tests::hour;
using loyalty_tests::law;
using loyalty_tests::Life;
using loyalty_tests::log_life;
using loyalty_tests::SlowStaircase;
using loyalty_tests::Tries;

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, const Position& p) {
  return out << name(p.rung) << " (peak " << name(p.peak) << ") since " << p.since;
}
}  // namespace loyalty

namespace {

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
    log_life(life);
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
    log_life(life);
    compare(life);
  });
  law("half-lives of days, some far longer than others", 1000, [] {
    const Life life = any_life({day, 7 * day, 30 * day});
    log_life(life);
    compare(life);
  });
  law("half-lives from 7 days to 5 years", 500, [] {
    const Life life = any_life({7 * day, 365 * day, 5 * year});
    log_life(life);
    compare(life);
  });
}
