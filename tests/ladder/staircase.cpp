// SPDX-License-Identifier: MIT
#include <loyalty/ladder/staircase.hpp>

#include <algorithm>
#include <ostream>
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
static std::ostream& operator<<(std::ostream& out, const RungChange& c) {
  return out << name(c.rung) << " at " << c.time;
}
}  // namespace loyalty

namespace {

constexpr Time hour = 3600;

/// A short life on short half-lives, so that every second of it can be tried.
struct Life {
  FoldRules rules;
  std::vector<Event> events;  ///< in the order of time
};

Criteria any_criteria() {
  Criteria c;
  if (*rc::gen::arbitrary<bool>()) return c;
  const auto threshold = [](double high) {
    const double enter = *one_of({0.1, 0.5, 0.75, 1.0, 1.234567}) * high;
    return Threshold{enter, enter * *one_of({0.01, 0.5, 0.9, 1.0})};
  };
  c.client_purchases = *within(1, 4);
  c.client = threshold(2);
  c.supporter = threshold(1);
  c.advocate = threshold(1);
  c.partner = threshold(1);
  c.share_of_wallet = *one_of<Threshold>({{0.8, 0.7}, {0.5, 0.5}, {1, 0.9}});
  return c;
}

FoldRules short_rules(Time landmark, Time shortest = hour) {
  FoldOptions fold;
  HalfLives& h = fold.half_lives;
  h.purchases = h.support = h.advocacy = h.partnership = shortest;
  if (*rc::gen::arbitrary<bool>()) {
    h.purchases = *within<Time>(shortest, 2 * shortest);
    h.support = *within<Time>(shortest, 2 * shortest);
    h.advocacy = *within<Time>(shortest, 2 * shortest);
    h.partnership = *within<Time>(shortest, 2 * shortest);
  }
  return FoldRules(fold, any_criteria(), landmark);
}

Event any_event(Time from, Time to) {
  Event e;
  e.time = *within<Time>(from, to);
  // Purchases come most often, or nothing else would matter.
  e.kind = *rc::gen::weightedElement<Kind>({{8, Kind::purchase},
                                            {1, Kind::purchase_elsewhere},
                                            {1, Kind::returned},
                                            {3, Kind::contact},
                                            {2, Kind::participation},
                                            {2, Kind::attendance},
                                            {1, Kind::referral},
                                            {2, Kind::suggestion},
                                            {1, Kind::contract},
                                            {1, Kind::cost},
                                            {1, Kind::guarantee}});
  switch (e.kind) {
    case Kind::returned:
      e.whole_order = true;
      e.since = *within<Time>(from, e.time);
      break;
    case Kind::contact:
      e.side = Side::them;
      break;
    case Kind::participation:
    case Kind::attendance:
      e.value = *within(1, 48) / 16.0;
      break;
    case Kind::contract:
      e.until = e.time + *within<Time>(-hour, 5 * hour);
      break;
    case Kind::cost:
      e.amount = 1;
      break;
    case Kind::guarantee:
      e.value = 1;
      break;
    default:
      break;
  }
  return e;
}

void move(Event& e, Time to) {
  e.time = to;
  if (e.since != no_time) e.since = std::min(e.since, to);
}

std::vector<Event> any_events(Time from, Time to) {
  std::vector<Event> events;
  const int count = *within(1, 24);
  for (int i = 0; i < count; ++i) {
    events.push_back(any_event(from, to));
    // Some come in the second of another.
    if (i > 0 && *within(0, 3) == 0) {
      move(events.back(), events[static_cast<std::size_t>(*within(0, i - 1))].time);
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  return events;
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

Position position_at(const Relationship& r, Time now, const FoldRules& rules) {
  return standing(r.ladder, LadderInstant(now, rules.ladder), rules.ladder).position;
}

/// Folds a life in the order of time and compares every read with the slow staircase.
void compare_with_definition(const Life& life, Tries tries = Tries::seconds) {
  const FoldRules& rules = life.rules;
  const Time first = std::min(life.events.front().time, rules.ladder.start);
  const Time last = life.events.back().time + 14 * rules.options.half_lives.purchases;
  const auto slow = SlowStaircase(rules, life.events).changes(first, last, tries);
  const auto expected = [&](Time t) { return SlowStaircase::at(slow, t); };

  Relationship r;
  for (std::size_t i = 0; i < life.events.size(); ++i) {
    RC_ASSERT(apply(r, life.events[i], rules) == Code::ok);
    const Time from = life.events[i].time;
    const bool more = i + 1 < life.events.size();
    const Time until = more ? life.events[i + 1].time - 1 : last;
    if (until < from) continue;  // the second is not complete
    for (const Time now : {from, until, *within(from, until), *within(from, until)}) {
      if (now < rules.ladder.start) continue;  // no assessment lies there
      RC_LOG() << "now " << now << ": is " << position_at(r, now, rules) << ", should be "
               << expected(now) << '\n';
      RC_ASSERT(position_at(r, now, rules) == expected(now));
    }
  }
  const Time newest = life.events.back().time;
  RC_ASSERT(r.ladder.has(before_staircase) == (life.events.front().time < rules.ladder.start));
  RC_ASSERT(!r.ladder.has(out_of_order));
  RC_ASSERT(!r.ladder.has(position_unset));

  // The falls to come, in closed form and as they come.
  const Time now = std::max(newest, rules.ladder.start);
  std::vector<RungChange> falls;  // a row for each rung that is left
  Rung stands = expected(now).rung;
  for (const SlowStaircase::Change& change : slow) {
    if (change.from <= now) continue;
    while (stands > change.position.rung) {
      stands = static_cast<Rung>(static_cast<int>(stands) - 1);
      falls.push_back({change.from, stands});
    }
  }
  std::vector<RungChange> projected;
  for (const RungChange& fall : falls_if_quiet(r.ladder, expected(now).rung, rules.ladder))
    if (fall.time <= last) projected.push_back(fall);
  RC_ASSERT(projected == falls);
}

}  // namespace

TEST_CASE("the staircase is what evaluating every second gives") {
  law("events after the start of the staircase", 150, [] {
    const Time landmark = *within<Time>(-1'000'000, 1'000'000);
    const Time from = landmark - *within<Time>(0, 29) * hour;
    Life life{short_rules(landmark), any_events(from, from + *within<Time>(1, 6) * hour)};
    log(life);
    compare_with_definition(life);
  });
  law("events before, at and after the start of the staircase", 120, [] {
    const Time landmark = *within<Time>(-1'000'000, 1'000'000);
    Life life{short_rules(landmark), {}};
    const Time start = life.rules.ladder.start;
    life.events =
        any_events(start - *within<Time>(0, 4) * hour, start + *within<Time>(0, 4) * hour);
    if (*rc::gen::arbitrary<bool>()) move(life.events[life.events.size() / 2], start);
    std::stable_sort(life.events.begin(), life.events.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });
    log(life);
    compare_with_definition(life);
  });
}

TEST_CASE("the staircase is what evaluating every table step gives, over weeks and years") {
  law("half-lives of days", 80, [] {
    const Time h = *one_of<Time>({day, 3 * day, 7 * day, 365 * day});
    const Time landmark = *within<Time>(-20 * year, 80 * year);
    const Time from = landmark - *within<Time>(0, 29) * h;
    Life life{short_rules(landmark, h), any_events(from, from + *within<Time>(1, 5) * h)};
    for (Event& e : life.events)
      if (e.kind == Kind::contract) e.until = e.time + *within<Time>(-h, 5 * h);
    log(life);
    compare_with_definition(life, Tries::steps);
  });
}

TEST_CASE("late events leave the sums alone and flag the position") {
  law("any order of arrival", 400, [] {
    const Time landmark = *within<Time>(-1'000'000, 1'000'000);
    Life life{short_rules(landmark), {}};
    const Time start = life.rules.ladder.start;
    const Time from = *one_of<Time>({landmark, start});
    life.events = any_events(from - 2 * hour, from + 2 * hour);
    if (*rc::gen::arbitrary<bool>()) move(life.events[life.events.size() / 2], start);
    std::stable_sort(life.events.begin(), life.events.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });
    log(life);
    Relationship in_order;
    for (const Event& e : life.events) RC_ASSERT(apply(in_order, e, life.rules) == Code::ok);

    std::vector<Event> arrival = life.events;
    for (std::size_t i = arrival.size(); i > 1; --i)
      if (*within(0, 2) == 0) std::swap(arrival[i - 1], arrival[*within<std::size_t>(0, i - 1)]);
    Relationship r;
    bool late = false;
    for (const Event& e : arrival) {
      const bool feeds = e.kind != Kind::cost && e.kind != Kind::guarantee;
      late = late || (feeds && r.ladder.newest != no_time && e.time < r.ladder.newest);
      RC_ASSERT(apply(r, e, life.rules) == Code::ok);
    }
    for (int i = 0; i < sum_count; ++i)
      RC_ASSERT(sum_of(r, static_cast<Sum>(i)) == sum_of(in_order, static_cast<Sum>(i)));
    RC_ASSERT(r.ladder.newest == in_order.ladder.newest);
    RC_ASSERT(r.ladder.contract_until == in_order.ladder.contract_until);
    RC_ASSERT(r.ladder.has(out_of_order) == late);
    RC_ASSERT(r.ladder.has(before_staircase) == in_order.ladder.has(before_staircase));
    const Time now = std::max(r.ladder.newest, start) + *within<Time>(0, hour);
    const Standing s = standing(r.ladder, LadderInstant(now, life.rules.ladder), life.rules.ladder);
    RC_ASSERT(s.exact == !late);
    RC_ASSERT(s.band.enter <= s.band.keep);
    if (!late) {
      // What does not feed the ladder may come late and leaves the very bytes of in-order arrival.
      RC_ASSERT(to_bytes(r) == to_bytes(in_order));
      RC_ASSERT(s.position == position_at(in_order, now, life.rules));
    } else {
      RC_ASSERT(s.position.since == no_time);
      RC_ASSERT(s.band.clamp(s.position.rung) == s.position.rung);
      RC_ASSERT(s.position.peak >= s.position.rung);
    }
  });
}

TEST_CASE("a stored rung outside the band of late evidence is clamped into it") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 0);
  Relationship r;
  apply(r, {.kind = Kind::purchase, .time = 10 * day}, rules);
  // A second purchase arrives late: the stored rung is a buyer's, the evidence enters client.
  apply(r, {.kind = Kind::purchase, .time = 5 * day}, rules);
  const Standing s = standing(r.ladder, LadderInstant(11 * day, rules.ladder), rules.ladder);
  CHECK_FALSE(s.exact);
  CHECK(s.position.rung == Rung::client);
  CHECK(s.band == Band{Rung::client, Rung::client});
  CHECK(s.position.since == no_time);
}

TEST_CASE(
    "merged histories have no position until a replay: the entered rung is reported, unflagged it "
    "is not") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 0);
  Relationship a;
  Relationship b;
  for (const Time t : {1, 2, 3}) apply(a, {.kind = Kind::purchase, .time = t * day}, rules);
  apply(b, {.kind = Kind::contact, .time = 4 * day, .side = Side::them}, rules);
  const Relationship m = merge(a, b);
  CHECK(m.ladder.has(position_unset));
  const Standing s = standing(m.ladder, LadderInstant(5 * day, rules.ladder), rules.ladder);
  CHECK_FALSE(s.exact);
  CHECK(s.position.rung == Rung::client);
  CHECK(s.position.rung == s.band.enter);
  CHECK(s.position.since == no_time);
  // Further events in order do not pretend to know the position either.
  Relationship later = m;
  apply(later, {.kind = Kind::purchase, .time = 6 * day}, rules);
  apply(later, {.kind = Kind::purchase, .time = 7 * day}, rules);
  CHECK(later.ladder.has(position_unset));
}

TEST_CASE("a contract runs up to and including its last second") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 0);
  Relationship r;
  apply(r, {.kind = Kind::purchase, .time = 0}, rules);
  apply(r, {.kind = Kind::contract, .time = day, .until = 30 * day}, rules);
  CHECK(position_at(r, day, rules) == Position{Rung::client, Rung::client, day});
  CHECK(position_at(r, 30 * day, rules) == Position{Rung::client, Rung::client, day});
  CHECK(position_at(r, 30 * day + 1, rules) == Position{Rung::buyer, Rung::client, 30 * day + 1});
  const Falls falls = falls_if_quiet(r.ladder, Rung::client, rules.ladder);
  REQUIRE(falls.count == 1);
  CHECK(falls.rows[0] == RungChange{30 * day + 1, Rung::buyer});
  // An event after the end is evaluated after the fall.
  apply(r, {.kind = Kind::contact, .time = 40 * day, .side = Side::them}, rules);
  CHECK(position_at(r, 40 * day, rules) == Position{Rung::buyer, Rung::client, 30 * day + 1});
}

TEST_CASE("a fall that passes several rungs is a row for each, all of one second") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 0);
  Relationship r;
  apply(r, {.kind = Kind::purchase, .time = 0}, rules);
  apply(r, {.kind = Kind::contract, .time = 0, .until = 30 * day}, rules);
  apply(r, {.kind = Kind::review, .time = 0}, rules);
  apply(r, {.kind = Kind::referral, .time = 0}, rules);
  const Falls falls = falls_if_quiet(r.ladder, Rung::advocate, rules.ladder);
  const Time end = 30 * day + 1;
  const std::vector<RungChange> rows(falls.begin(), falls.end());
  CHECK(rows ==
        std::vector<RungChange>{{end, Rung::supporter}, {end, Rung::client}, {end, Rung::buyer}});
}

TEST_CASE("a rung lasts while purchases decay: the dates of the falls are table steps") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 0);
  Relationship r;
  for (int i = 0; i < 3; ++i) apply(r, {.kind = Kind::purchase, .time = 0}, rules);
  // 3 purchases decay to .75 in two half-lives: the weight of day 0 is that of the step's middle, so the
  // criterion holds through the step that starts there and fails at the next.
  const Time next_step = 730 * day + (365 * day + 4095) / 4096;
  CHECK(position_at(r, 730 * day, rules).rung == Rung::client);
  CHECK(position_at(r, next_step - 1, rules).rung == Rung::client);
  CHECK(position_at(r, next_step, rules) == Position{Rung::buyer, Rung::client, next_step});
}
