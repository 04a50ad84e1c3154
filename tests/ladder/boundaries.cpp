// SPDX-License-Identifier: MIT
/// \file
/// The staircase at its borders, one by one. Thresholds and rules: docs/model.md, Rung (DESIGN section 3):
/// client 1.5 / .75 purchases, supporter, advocate and partner .75 / .375, share of wallet .8 / .7; equal
/// times are one batch; up at once, down when the keep criterion fails.
#include <loyalty/ladder/staircase.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include <loyalty/loyalty.hpp>

using namespace loyalty;

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, const Position& p) {
  return out << name(p.rung) << " (peak " << name(p.peak) << ") since " << p.since;
}
}  // namespace loyalty

namespace {

constexpr Time t = 100 * day;

const FoldRules& rules() {
  static const FoldRules made(FoldOptions{}, Criteria{}, 0);
  return made;
}

Event at(Time when, Kind kind) { return {.kind = kind, .time = when}; }
Event contact(Time when) { return {.kind = Kind::contact, .time = when, .side = Side::them}; }
Event order_back(Time when, Time bought) {
  return {.kind = Kind::returned, .time = when, .since = bought, .whole_order = true};
}

Standing standing_at(const Relationship& r, Time now, const FoldRules& by = rules()) {
  return standing(r.ladder, LadderInstant(now, by.ladder), by.ladder);
}

/// Folds the past, then the batch of one second in every order of its rows; all must leave the position.
void check_batch(const std::string& what, const std::vector<Event>& past,
                 const std::vector<Event>& batch, const Position& expected,
                 const FoldRules& by = rules()) {
  INFO(what);
  std::vector<std::size_t> order(batch.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    Relationship r;
    for (const Event& e : past) REQUIRE(apply(r, e, by) == Code::ok);
    for (const std::size_t i : order) REQUIRE(apply(r, batch[i], by) == Code::ok);
    const Time now = batch.front().time;
    CHECK(standing_at(r, now, by).position == expected);
    // And so it stays once a later event has made it final.
    REQUIRE(apply(r, {.kind = Kind::purchase, .time = now + 1}, by) == Code::ok);
    const Position later = standing_at(r, now + 1, by).position;
    CHECK(later.peak >= expected.peak);
    if (later.rung == expected.rung) CHECK(later.since == expected.since);
  } while (std::next_permutation(order.begin(), order.end()));
}

/// Two purchases and a supporter's evidence: a supporter since `t`.
std::vector<Event> supporter() {
  return {at(t - 10, Kind::purchase), at(t - 5, Kind::purchase), at(t, Kind::participation)};
}

/// Four purchases: one elsewhere leaves .8 of the wallet, but for the hours between.
std::vector<Event> loyal_supporter() {
  return {at(t, Kind::purchase), at(t, Kind::purchase), at(t, Kind::purchase),
          at(t, Kind::purchase), at(t, Kind::participation)};
}

}  // namespace

TEST_CASE("what lifts and what sinks in one second is one batch: only their sum is seen") {
  const Time b = t + 1000;
  check_batch("advocacy alone climbs", supporter(), {at(b, Kind::attendance)},
              {Rung::advocate, Rung::advocate, b});
  check_batch("with a purchase elsewhere in the same second nobody was ever an advocate",
              supporter(), {at(b, Kind::attendance), at(b, Kind::purchase_elsewhere)},
              {Rung::supporter, Rung::supporter, t});
  check_batch("a purchase and its return in one second: never a client", {at(t, Kind::purchase)},
              {at(b, Kind::purchase), order_back(b, b)}, {Rung::buyer, Rung::buyer, t});
  check_batch("an order taken back and another made in one second: a client throughout",
              {at(t - 5, Kind::purchase), at(t, Kind::purchase)},
              {at(b, Kind::purchase), order_back(b, t)}, {Rung::client, Rung::client, t});
  check_batch("the only order taken back in the second of a contact: a prospect",
              {at(t, Kind::purchase)}, {contact(b), order_back(b, t)},
              {Rung::prospect, Rung::buyer, b});
  check_batch("a climb of five rungs in one second", {},
              {at(b, Kind::purchase), at(b, Kind::purchase), at(b, Kind::participation),
               at(b, Kind::attendance), at(b, Kind::suggestion)},
              {Rung::partner, Rung::partner, b});
  check_batch("a fall of five rungs in one second",
              {at(t, Kind::purchase),
               {.kind = Kind::contract, .time = t, .until = t + year},
               at(t, Kind::participation),
               at(t, Kind::attendance),
               at(t, Kind::suggestion)},
              {order_back(b, t), contact(b)}, {Rung::prospect, Rung::partner, b});
}

TEST_CASE("share of wallet: it enters after there are advocates, in the second it is known") {
  std::vector<Event> past = loyal_supporter();
  past.push_back(at(t, Kind::attendance));
  const Time b = t;
  const auto with = [&](int elsewhere) {
    std::vector<Event> batch(static_cast<std::size_t>(elsewhere), at(b, Kind::purchase_elsewhere));
    batch.push_back(at(b, Kind::purchase));  // five of ours
    return batch;
  };
  check_batch("waived while none is known", past,
              {{.kind = Kind::cost, .time = b + 9, .amount = 1}},
              {Rung::advocate, Rung::advocate, t});
  check_batch("one of six", past, with(1), {Rung::advocate, Rung::advocate, t});

  Relationship r;
  for (const Event& e : past) REQUIRE(apply(r, e, rules()) == Code::ok);
  const auto position = [&](Time now) { return standing_at(r, now).position; };
  // 4 of 5 is .8: may enter. 4 of 4 + 12/7 is .7: may stay. In sixteenths of one purchase there is no 12/7.
  REQUIRE(apply(r, at(t + 1, Kind::purchase_elsewhere), rules()) == Code::ok);
  CHECK(position(t + 1) == Position{Rung::advocate, Rung::advocate, t});
  REQUIRE(apply(r, at(t + 2, Kind::purchase_elsewhere), rules()) == Code::ok);  // 4 of 6
  CHECK(position(t + 2) == Position{Rung::supporter, Rung::advocate, t + 2});
  // Back above .7 is not enough, .8 is.
  REQUIRE(apply(r, at(t + 3, Kind::purchase), rules()) == Code::ok);  // 5 of 7 = .714
  CHECK(position(t + 3) == Position{Rung::supporter, Rung::advocate, t + 2});
  for (int i = 0; i < 2; ++i) REQUIRE(apply(r, at(t + 4, Kind::purchase), rules()) == Code::ok);
  CHECK(position(t + 4) == Position{Rung::supporter, Rung::advocate, t + 2});  // 7 of 9 = .778
  REQUIRE(apply(r, at(t + 5, Kind::purchase), rules()) == Code::ok);           // 8 of 10 = .8
  CHECK(position(t + 5) == Position{Rung::advocate, Rung::advocate, t + 5});
  // Silence leaves a share as it is: both decay by one clock.
  CHECK(position(t + 5 + 100 * day) == Position{Rung::advocate, Rung::advocate, t + 5});
}

TEST_CASE("share of wallet is waived without a purchase elsewhere, and says so") {
  const Rules whole(Policy{}, 0);
  Relationship r;
  for (const Event& e : loyal_supporter()) REQUIRE(apply(r, e, whole) == Code::ok);
  const auto waived = [&](Time now) { return assess(r, whole.at(now), whole).wallet_waived; };
  CHECK_FALSE(waived(t));  // not an advocate: nothing to waive
  REQUIRE(apply(r, at(t + 1, Kind::attendance), whole) == Code::ok);
  CHECK(waived(t + 1));
  REQUIRE(apply(r, at(t + 2, Kind::purchase_elsewhere), whole) == Code::ok);
  CHECK(assess(r, whole.at(t + 2), whole).rung() == Rung::advocate);
  CHECK_FALSE(waived(t + 2));
  REQUIRE(retract(r, at(t + 2, Kind::purchase_elsewhere), whole) == Code::ok);
  CHECK(waived(t + 2));
}

TEST_CASE("hysteresis: a lower rung between keep and enter holds what stands on it") {
  Relationship r;
  for (const Event& e : {at(t, Kind::purchase), at(t, Kind::purchase), contact(t)})
    REQUIRE(apply(r, e, rules()) == Code::ok);
  CHECK(standing_at(r, t).position.rung == Rung::client);  // S is .5: kept, but not entered
  CHECK(standing_at(r, t).band == Band{Rung::client, Rung::supporter});
  // Advocacy asks the lower rungs only to be kept: from client straight to advocate.
  REQUIRE(apply(r, at(t + 1, Kind::referral), rules()) == Code::ok);
  CHECK(standing_at(r, t + 1).position == Position{Rung::advocate, Rung::advocate, t + 1});
  // S falls below .375 after log2(.5/.375) of a year; nothing else has.
  const Time fall = keep_fails_at(r.ladder, Rung::supporter, rules().ladder);
  CHECK(static_cast<double>(fall - t) / (365.0 * day) ==
        doctest::Approx(std::log2(4.0 / 3)).epsilon(1e-3));
  CHECK(standing_at(r, fall - 1).position == Position{Rung::advocate, Rung::advocate, t + 1});
  CHECK(standing_at(r, fall).position == Position{Rung::client, Rung::advocate, fall});
  // The higher stream, fed while the lower lies between keep and enter, keeps the date of the fall.
  for (const Time more : {t + 50 * day, t + 100 * day, fall - 1}) {
    REQUIRE(apply(r, at(more, Kind::referral), rules()) == Code::ok);
    CHECK(standing_at(r, more).position == Position{Rung::advocate, Rung::advocate, t + 1});
  }
  CHECK(keep_fails_at(r.ladder, Rung::supporter, rules().ladder) == fall);
  Relationship fed = r;
  REQUIRE(apply(fed, at(fall + 1, Kind::referral), rules()) == Code::ok);
  CHECK(standing_at(fed, fall + 1).position == Position{Rung::client, Rung::advocate, fall});
  // A contact in the very second of the fall prevents it; one a second later comes too late for `since`.
  Relationship saved = r;
  REQUIRE(apply(saved, contact(fall), rules()) == Code::ok);
  CHECK(standing_at(saved, fall).position == Position{Rung::advocate, Rung::advocate, t + 1});
  Relationship back = r;
  REQUIRE(apply(back, contact(fall + 1), rules()) == Code::ok);
  CHECK(standing_at(back, fall + 1).position == Position{Rung::advocate, Rung::advocate, fall + 1});
}

TEST_CASE("a contract's end decides the fall, a second after its last") {
  const Time until = t + 1000;
  const auto life = [&](std::vector<Event> more) {
    Relationship r;
    REQUIRE(apply(r, at(t, Kind::purchase), rules()) == Code::ok);
    REQUIRE(apply(r, {.kind = Kind::contract, .time = t, .until = until}, rules()) == Code::ok);
    REQUIRE(apply(r, at(t, Kind::participation), rules()) == Code::ok);
    for (const Event& e : more) REQUIRE(apply(r, e, rules()) == Code::ok);
    return r;
  };
  const Position before{Rung::supporter, Rung::supporter, t};
  CHECK(standing_at(life({}), until).position == before);
  CHECK(standing_at(life({}), until + 1).position ==
        Position{Rung::buyer, Rung::supporter, until + 1});
  // A second purchase in the last second, or in the very second of the end, leaves no gap.
  CHECK(standing_at(life({at(until, Kind::purchase)}), until + 9).position == before);
  CHECK(standing_at(life({at(until + 1, Kind::purchase)}), until + 9).position == before);
  CHECK(standing_at(life({at(until + 2, Kind::purchase)}), until + 9).position ==
        Position{Rung::supporter, Rung::supporter, until + 2});
  // Another contract: the longest counts, whichever came last.
  const Event longer{.kind = Kind::contract, .time = t + 5, .until = until + 100};
  const Event shorter{.kind = Kind::contract, .time = t + 6, .until = until - 100};
  CHECK(standing_at(life({longer, shorter}), until + 100).position == before);
  CHECK(standing_at(life({longer, shorter}), until + 101).position.since == until + 101);
  // One that has ended before it is told of does not run.
  Relationship late;
  REQUIRE(apply(late, at(t, Kind::purchase), rules()) == Code::ok);
  REQUIRE(apply(late, {.kind = Kind::contract, .time = t + 5, .until = t + 4}, rules()) ==
          Code::ok);
  CHECK(standing_at(late, t + 5).position == Position{Rung::buyer, Rung::buyer, t});
  REQUIRE(apply(late, {.kind = Kind::contract, .time = t + 6, .until = t + 6}, rules()) ==
          Code::ok);
  CHECK(standing_at(late, t + 6).position == Position{Rung::client, Rung::client, t + 6});
  CHECK(standing_at(late, t + 7).position == Position{Rung::buyer, Rung::client, t + 7});
}

TEST_CASE("events before the staircase are summed; peak and since are then at least") {
  const Time start = rules().ladder.start;
  CHECK(start == -30 * 365 * day);
  for (const Time first : {start - 1, start, start + 1}) {
    Relationship r;
    REQUIRE(apply(r, at(first, Kind::purchase), rules()) == Code::ok);
    REQUIRE(apply(r, at(first, Kind::purchase), rules()) == Code::ok);
    CAPTURE(first - start);
    const Standing s = standing_at(r, start + 1);
    CHECK(s.exact);
    CHECK(s.at_least == (first < start));
    CHECK(s.position == Position{Rung::client, Rung::client, std::max(first, start)});
  }
  // What was lost before the start is not known to have been held.
  Relationship r;
  for (int i = 0; i < 3; ++i)
    REQUIRE(apply(r, at(start - 9 * year, Kind::purchase), rules()) == Code::ok);
  REQUIRE(apply(r, at(start + 5, Kind::guarantee), rules()) == Code::missing_value);
  CHECK(standing_at(r, start + day).position == Position{Rung::buyer, Rung::buyer, start});
  CHECK(standing_at(r, start + day).at_least);
}

TEST_CASE("late events of each stream flag the position, and a replay settles it") {
  const std::vector<Event> on_time = {at(t, Kind::purchase), at(t + 1, Kind::purchase),
                                      contact(t + 2), at(t + 30 * day, Kind::purchase)};
  const Event late[] = {
      at(t + day, Kind::purchase),
      at(t + day, Kind::purchase_elsewhere),
      order_back(t + day, t),
      contact(t + day),
      at(t + day, Kind::participation),
      at(t + day, Kind::review),
      at(t + day, Kind::attendance),
      at(t + day, Kind::novelty),
      at(t + day, Kind::referral),
      at(t + day, Kind::suggestion),
      at(t + day, Kind::co_creation),
      {.kind = Kind::contract, .time = t + day, .until = t + 20 * day},
      {.kind = Kind::survey, .time = t + day, .value = 9, .scale_low = 0, .scale_high = 10}};
  for (const Event& e : late) {
    CAPTURE(name(e.kind));
    Relationship r;
    for (const Event& x : on_time) REQUIRE(apply(r, x, rules()) == Code::ok);
    CHECK(standing_at(r, t + 40 * day).exact);
    REQUIRE(apply(r, e, rules()) == Code::ok);
    const Standing s = standing_at(r, t + 40 * day);
    CHECK_FALSE(s.exact);
    CHECK(s.position.since == no_time);
    CHECK(s.position.rung >= s.band.enter);
    CHECK(s.position.rung <= s.band.keep);

    std::vector<Event> sorted = on_time;
    sorted.insert(sorted.begin() + 3, e);
    Relationship again;
    for (const Event& x : sorted) REQUIRE(apply(again, x, rules()) == Code::ok);
    CHECK(standing_at(again, t + 40 * day).exact);
    for (int i = 0; i < sum_count; ++i)
      CHECK(sum_of(again, static_cast<Sum>(i)) == sum_of(r, static_cast<Sum>(i)));
    CHECK(standing_at(again, t + 40 * day).band == s.band);
  }
  // What does not feed the ladder may come late without a flag.
  const Event others[] = {{.kind = Kind::contact, .time = t + day, .side = Side::us},
                          {.kind = Kind::cost, .time = t + day, .amount = 5},
                          {.kind = Kind::gift, .time = t + day},
                          {.kind = Kind::guarantee, .time = t + day, .value = 0},
                          {.kind = Kind::promise, .time = t + day, .due = t + day},
                          {.kind = Kind::payment, .time = t + day, .due = t + day, .done = t + day},
                          {.kind = Kind::request, .time = t + day},
                          {.kind = Kind::response, .time = t + day, .since = t},
                          {.kind = Kind::concession, .time = t + day, .value = 1},
                          {.kind = Kind::complaint, .time = t + day},
                          {.kind = Kind::resolution, .time = t + day},
                          {.kind = Kind::returned, .time = t + day, .value = 1, .amount = 3}};
  for (const Event& e : others) {
    CAPTURE(name(e.kind));
    Relationship r;
    for (const Event& x : on_time) REQUIRE(apply(r, x, rules()) == Code::ok);
    const Position before = standing_at(r, t + 40 * day).position;
    REQUIRE(apply(r, e, rules()) == Code::ok);
    CHECK(standing_at(r, t + 40 * day).exact);
    CHECK(standing_at(r, t + 40 * day).position == before);
  }
}

TEST_CASE(
    "the purchase cycle is four cycles of half-life, so that one set of criteria fits all trades") {
  // A baker's client buys weekly, a carmaker's every five years: both are clients after two purchases, and
  // both are lost after the same number of cycles without one.
  for (const double cycle : {7.0, 365.0 / 4, 5 * 365.0}) {
    Policy policy;
    policy.purchase_cycle_days = cycle;
    policy.fold.half_lives.purchases = purchases_half_life(cycle);
    CHECK(static_cast<double>(policy.fold.half_lives.purchases) == 4 * cycle * double{day});
    const FoldRules by(policy.fold, policy.criteria, 0);
    Relationship r;
    const auto gap = static_cast<Time>(cycle * double{day});
    for (int i = 0; i < 2; ++i) REQUIRE(apply(r, at(i * gap, Kind::purchase), by) == Code::ok);
    CHECK(standing_at(r, gap, by).position == Position{Rung::client, Rung::client, gap});
    const Time lost = keep_fails_at(r.ladder, Rung::client, by.ladder);
    // 1 + 2^(-1/4) = 1.8409 decays to .75 in 4 log2(1.8409 / .75) = 5.18 cycles.
    CHECK(static_cast<double>(lost - gap) / static_cast<double>(gap) ==
          doctest::Approx(5.1818).epsilon(1e-3));
  }
}
