// SPDX-License-Identifier: MIT
/// \file
/// What each kind does, row by row of the table of events (docs/model.md, Events): every sum in units of
/// its grid, every plain field, and nothing else.
#include <loyalty/events.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "core/slow_integer.hpp"

using namespace loyalty;
using loyalty_tests::SlowInteger;

namespace {

constexpr Time landmark = 1000 * day;
constexpr Time t = 990 * day + 12345;
constexpr std::int64_t whole = 16;    ///< one unit of evidence, on the grid of 1/16
constexpr std::int64_t target = 256;  ///< one tau, on the grid of 1/256

/// Units on the grid, at the weight of a second.
struct Weighed {
  std::int64_t units;
  Time at = t;
};

/// What an event should have left behind: sums that are not named are zero.
struct Expected {
  std::multimap<Sum, Weighed> sums{};
  std::int32_t purchases = 0;
  std::int64_t spend = 0;
  std::int64_t money = 0;
  std::int32_t open = 0;
  Time open_time = 0;
  Time until = no_time;
  Time newest = t;
  Time first = t;
  bool buys = false;
};

/// By division and shift, from the table's definition.
SlowInteger weight_of(const Weighed& w, Time h, int grid_places) {
  const Time q = floor_div(w.at, h);
  const std::uint32_t mantissa = decay_table[static_cast<std::size_t>(4096 * (w.at - q * h) / h)];
  const auto halvings = static_cast<int>(q - floor_div(landmark, h));
  return (SlowInteger(w.units) * SlowInteger(mantissa)).scaled(halvings + 40 - grid_places);
}

FoldOptions options(Side perspective = Side::us) {
  FoldOptions o;
  // All different, so that no sum can be weighed by another's clock unseen.
  o.half_lives = {.guarantees = 701 * day,
                  .trust = 702 * day,
                  .responses = 703 * day,
                  .concessions = 704 * day,
                  .reciprocity = 705 * day,
                  .purchases = 706 * day,
                  .support = 707 * day,
                  .advocacy = 708 * day,
                  .partnership = 709 * day,
                  .margin = 710 * day,
                  .cost = 711 * day};
  o.perspective = perspective;
  return o;
}

Time expected_half_life(Sum sum) {
  switch (sum) {
    case Sum::guarantees_kept:
    case Sum::guarantees_breached:
      return 701 * day;
    case Sum::promises_kept:
    case Sum::promises_broken:
    case Sum::promises_grave:
      return 702 * day;
    case Sum::answered:
    case Sum::answer_time:
      return 703 * day;
    case Sum::granted:
    case Sum::refused:
      return 704 * day;
    case Sum::given:
    case Sum::received:
      return 705 * day;
    case Sum::purchases:
    case Sum::elsewhere:
      return 706 * day;
    case Sum::support:
      return 707 * day;
    case Sum::advocacy:
      return 708 * day;
    case Sum::partnership:
      return 709 * day;
    case Sum::margin:
      return 710 * day;
    case Sum::cost:
      return 711 * day;
  }
  return 0;
}

void check(const std::string& what, const Event& e, const Expected& x,
           const FoldOptions& o = options()) {
  INFO(what);
  const FoldRules rules(o, Criteria{}, landmark);
  Relationship r;
  REQUIRE(apply(r, e, rules) == Code::ok);
  for (int i = 0; i < sum_count; ++i) {
    const auto sum = static_cast<Sum>(i);
    const int places = sum == Sum::answer_time ? 8 : sum == Sum::margin || sum == Sum::cost ? 0 : 4;
    SlowInteger expected;
    const auto [first, last] = x.sums.equal_range(sum);
    for (auto it = first; it != last; ++it)
      expected = expected + weight_of(it->second, expected_half_life(sum), places);
    INFO(name(sum));
    CHECK(sum_of(r, sum) == expected.wrapped());
  }
  CHECK(r.ladder.purchases == x.purchases);
  CHECK(r.spend == x.spend);
  CHECK(r.money == x.money);
  CHECK(r.open_requests == x.open);
  CHECK(r.open_time == x.open_time);
  CHECK(r.ladder.contract_until == x.until);
  CHECK(r.ladder.newest == x.newest);
  CHECK(r.first_event == x.first);
  CHECK(r.first_purchase == (x.buys ? t : never));
  CHECK(r.last_purchase == (x.buys ? t : no_time));
  CHECK(r.events == 1);

  // Taking it back leaves the sums and counters of a state that never had it.
  REQUIRE(retract(r, e, rules) == Code::ok);
  for (int i = 0; i < sum_count; ++i) CHECK(sum_of(r, static_cast<Sum>(i)).zero());
  CHECK(r.ladder.purchases == 0);
  CHECK(r.spend == 0);
  CHECK(r.money == 0);
  CHECK(r.open_requests == 0);
  CHECK(r.open_time == 0);
  CHECK(r.events == 0);
  CHECK(r.ladder.has(out_of_order));  // it was the newest
}

constexpr double half = 0.5;

}  // namespace

TEST_CASE("effects: purchases and returns") {
  check("a purchase", {.kind = Kind::purchase, .time = t},
        {.sums = {{Sum::purchases, {whole}}}, .purchases = 1, .buys = true});
  check("with money", {.kind = Kind::purchase, .time = t, .amount = 12.34, .margin = -5.005},
        {.sums = {{Sum::purchases, {whole}}, {Sum::margin, {-500}}},
         .purchases = 1,
         .spend = 1234,
         .money = 1734,
         .buys = true});
  check("elsewhere", {.kind = Kind::purchase_elsewhere, .time = t, .amount = 99},
        {.sums = {{Sum::elsewhere, {whole}}}});
  check("a return, nobody's fault", {.kind = Kind::returned, .time = t, .amount = 20, .cost = 3},
        {.sums = {{Sum::margin, {-2000}}, {Sum::cost, {300}}}, .spend = -2000, .money = 2300});
  check("a return, our fault", {.kind = Kind::returned, .time = t, .value = 1},
        {.sums = {{Sum::promises_broken, {whole}}}});
  check("a return, partly our fault", {.kind = Kind::returned, .time = t, .value = 0.3},
        {.sums = {{Sum::promises_broken, {5}}}});  // 4.8
  check("a return, seen from them",
        {.kind = Kind::returned, .time = t, .value = 1, .amount = 1, .side = Side::them},
        {.sums = {{Sum::margin, {-100}}}, .spend = -100, .money = 100});
  check("a whole order is taken back at the weight of its purchase",
        {.kind = Kind::returned,
         .time = t,
         .value = 1,
         .amount = 50,
         .since = t - 200 * day,
         .whole_order = true},
        {.sums = {{Sum::purchases, {-whole, t - 200 * day}},
                  {Sum::promises_broken, {whole}},
                  {Sum::margin, {-5000}}},
         .purchases = -1,
         .spend = -5000,
         .money = 5000});
}

TEST_CASE(
    "a purchase and the return of the whole order leave neither in B and n, but first and last "
    "stay") {
  const FoldRules rules(options(), Criteria{}, landmark);
  Relationship r;
  apply(r, {.kind = Kind::purchase, .time = t - 10 * day, .amount = 50}, rules);
  apply(
      r,
      {.kind = Kind::returned, .time = t, .amount = 50, .since = t - 10 * day, .whole_order = true},
      rules);
  CHECK(r.ladder.regularity.zero());
  CHECK(r.ladder.purchases == 0);
  CHECK(r.spend == 0);
  CHECK(r.money == 10000);  // the limit counts both
  CHECK(r.first_purchase == t - 10 * day);
  CHECK(r.last_purchase == t - 10 * day);
  CHECK_FALSE(r.ladder.has(out_of_order));
  CHECK(standing(r.ladder, LadderInstant(t, rules.ladder), rules.ladder).position ==
        Position{Rung::prospect, Rung::buyer, t});
}

TEST_CASE("effects: support, advocacy, partnership and what they give") {
  check("they contact us", {.kind = Kind::contact, .time = t, .side = Side::them},
        {.sums = {{Sum::support, {8}}}});
  check("we contact them", {.kind = Kind::contact, .time = t, .side = Side::us}, {});
  check("participation", {.kind = Kind::participation, .time = t},
        {.sums = {{Sum::support, {whole}}, {Sum::received, {whole}}}});
  check("participation of a weight", {.kind = Kind::participation, .time = t, .value = 2.5},
        {.sums = {{Sum::support, {40}}, {Sum::received, {40}}}});
  check("a review", {.kind = Kind::review, .time = t},
        {.sums = {{Sum::support, {whole}}, {Sum::received, {whole}}}});
  check("a rating of 4 on 1..5 is three quarters",
        {.kind = Kind::review, .time = t, .rating = 4, .scale_low = 1, .scale_high = 5},
        {.sums = {{Sum::support, {12}}, {Sum::received, {12}}}});
  check("a school grade of 2 on 6..1, weighed double",
        {.kind = Kind::review, .time = t, .value = 2, .rating = 2, .scale_low = 6, .scale_high = 1},
        {.sums = {{Sum::support, {26}}, {Sum::received, {26}}}});  // 25.6
  check("the worst rating counts as an event alone",
        {.kind = Kind::review, .time = t, .rating = 1, .scale_low = 1, .scale_high = 5}, {});
  check("attendance", {.kind = Kind::attendance, .time = t, .value = 3},
        {.sums = {{Sum::advocacy, {48}}}});
  check("novelty", {.kind = Kind::novelty, .time = t}, {.sums = {{Sum::advocacy, {whole}}}});
  check("a referral counts once, its points as given",
        {.kind = Kind::referral, .time = t, .value = 2},
        {.sums = {{Sum::advocacy, {whole}}, {Sum::received, {32}}}});
  check("a suggestion", {.kind = Kind::suggestion, .time = t, .value = 7},
        {.sums = {{Sum::partnership, {whole}}, {Sum::received, {112}}}});
  check("co-creation", {.kind = Kind::co_creation, .time = t},
        {.sums = {{Sum::partnership, {whole}}, {Sum::received, {whole}}}});
  check("our gift", {.kind = Kind::gift, .time = t, .value = 3, .cost = 9.99},
        {.sums = {{Sum::given, {48}}, {Sum::cost, {999}}}, .money = 999});
  check("their gift", {.kind = Kind::gift, .time = t, .side = Side::them},
        {.sums = {{Sum::received, {whole}}}});
}

TEST_CASE("effects: guarantees, contracts, concessions, complaints, surveys, cost") {
  check("a guarantee kept", {.kind = Kind::guarantee, .time = t, .value = 1},
        {.sums = {{Sum::guarantees_kept, {whole}}}});
  check("a guarantee breached", {.kind = Kind::guarantee, .time = t, .value = 0},
        {.sums = {{Sum::guarantees_breached, {whole}}, {Sum::promises_grave, {whole}}}});
  check("a contract", {.kind = Kind::contract, .time = t, .until = t + 5}, {.until = t + 5});
  check("a concession", {.kind = Kind::concession, .time = t, .value = 1},
        {.sums = {{Sum::granted, {whole}}}});
  check("refused", {.kind = Kind::concession, .time = t, .value = 0},
        {.sums = {{Sum::refused, {whole}}}});
  check("granted in part: the refused part is the remainder",
        {.kind = Kind::concession, .time = t, .value = 0.3},
        {.sums = {{Sum::granted, {5}}, {Sum::refused, {11}}}});
  check("a tie of a split rounds to even", {.kind = Kind::concession, .time = t, .value = 2.5 / 16},
        {.sums = {{Sum::granted, {2}}, {Sum::refused, {14}}}});
  check("a complaint", {.kind = Kind::complaint, .time = t, .value = 1.5},
        {.sums = {{Sum::promises_grave, {24}}}});
  check("a resolution", {.kind = Kind::resolution, .time = t},
        {.sums = {{Sum::promises_kept, {whole}}}});
  check("a survey at the best answer",
        {.kind = Kind::survey, .time = t, .value = 10, .scale_low = 0, .scale_high = 10},
        {.sums = {{Sum::promises_kept, {8}}, {Sum::support, {4}}}});
  check("a survey at the worst answer",
        {.kind = Kind::survey, .time = t, .value = 0, .scale_low = 0, .scale_high = 10},
        {.sums = {{Sum::promises_broken, {8}}}});
  check("a survey between: 8 * .65 = 5.2, 4 * .65 = 2.6",
        {.kind = Kind::survey, .time = t, .value = 6.5, .scale_low = 0, .scale_high = 10},
        {.sums = {{Sum::promises_kept, {5}}, {Sum::promises_broken, {3}}, {Sum::support, {3}}}});
  check("a survey about commitment",
        {.kind = Kind::survey,
         .time = t,
         .value = 6.5,
         .scale_low = 0,
         .scale_high = 10,
         .parameter = SurveyOf::commitment},
        {.sums = {
             {Sum::guarantees_kept, {5}}, {Sum::guarantees_breached, {3}}, {Sum::support, {3}}}});
  check("cost", {.kind = Kind::cost, .time = t, .amount = 0.01},
        {.sums = {{Sum::cost, {1}}}, .money = 1});
}

TEST_CASE("effects: promises and payments act when their outcome is known") {
  FoldOptions o = options();
  o.promise_grace = 3600;
  for (const Kind kind : {Kind::promise, Kind::payment}) {
    const Time due = t - 30 * day;
    const Time limit = due + 3600;
    const auto row = [&](Time done) {
      return Event{.kind = kind, .time = t, .value = 2, .due = due, .done = done};
    };
    check("kept early", row(due - 5 * day),
          {.sums = {{Sum::promises_kept, {32, due - 5 * day}}},
           .newest = due - 5 * day,
           .first = due - 5 * day},
          o);
    check("kept in the last second of grace", row(limit),
          {.sums = {{Sum::promises_kept, {32, limit}}}, .newest = limit, .first = limit}, o);
    check("late by a second: T* came and went in the same second", row(limit + 1),
          {.sums = {{Sum::promises_broken, {32, limit + 1}}},
           .newest = limit + 1,
           .first = limit + 1},
          o);
    check("late", row(limit + 9 * day),
          {.sums = {{Sum::promises_broken, {32, limit + 9 * day}}},
           .newest = limit + 9 * day,
           .first = limit + 1},
          o);
    check(
        "broken", row(no_time),
        {.sums = {{Sum::promises_grave, {32, limit + 1}}}, .newest = limit + 1, .first = limit + 1},
        o);
  }
}

TEST_CASE("effects: requests and responses") {
  FoldOptions o = options();
  o.response_target = 3600;
  const auto answer = [](Time after) {
    return Event{.kind = Kind::response, .time = t, .since = t - after};
  };
  check("a request opens", {.kind = Kind::request, .time = t}, {.open = 1, .open_time = t}, o);
  check("answered at once", answer(0), {.sums = {{Sum::answered, {whole}}}}, o);
  check("answered within half the target", answer(1800),
        {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {target / 2}}}}, o);
  check("answered at exactly 30 targets", answer(30 * 3600),
        {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {30 * target}}}}, o);
  check("a second later it had expired: 30 targets, no answer, stamped then", answer(30 * 3600 + 1),
        {.sums = {{Sum::answer_time, {30 * target, t - 1}}}, .newest = t - 1, .first = t - 1}, o);
  check("half to even of the exact ratio: 7.03125 s is 1/512, to 0", answer(7),
        {.sums = {{Sum::answered, {whole}}}}, o);
  // 256 * 225 / 3600 = 16 exactly; 256 * 232 / 3600 = 16.498; 233 gives 16.569.
  check("a grid point", answer(225), {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {16}}}},
        o);
  check("below the tie", answer(232),
        {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {16}}}}, o);
  check("above the tie", answer(233),
        {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {17}}}}, o);
  o.response_target = 512;
  check("a tie to even, down", answer(1), {.sums = {{Sum::answered, {whole}}}}, o);  // 1/2
  check("a tie to even, up", answer(3),
        {.sums = {{Sum::answered, {whole}}, {Sum::answer_time, {2}}}}, o);  // 3/2
}

TEST_CASE("durations saturate at 64 targets") {
  CHECK(duration_units(0, 3600) == 0);
  CHECK(duration_units(64 * 3600 - 1, 3600) == 64 * 256);  // rounds up to it
  CHECK(duration_units(64 * 3600, 3600) == 64 * 256);
  CHECK(duration_units(64 * 3600 + 1, 3600) == 64 * 256);
  CHECK(duration_units(furthest_time, 1) == 64 * 256);
  CHECK(duration_units(furthest_time, year) == 64 * 256);
  CHECK(duration_units(63 * year, year) == 63 * 256);
}

TEST_CASE("the other side's conduct is an event without effect on the parameters") {
  const Event rows[] = {{.kind = Kind::promise, .time = t, .due = t, .done = t},
                        {.kind = Kind::payment, .time = t, .due = t - day},
                        {.kind = Kind::guarantee, .time = t, .value = 0},
                        {.kind = Kind::request, .time = t},
                        {.kind = Kind::response, .time = t, .since = t - 5},
                        {.kind = Kind::concession, .time = t, .value = half},
                        {.kind = Kind::complaint, .time = t},
                        {.kind = Kind::resolution, .time = t}};
  for (Event e : rows) {
    e.side = Side::them;
    check(std::string(name(e.kind)) + " of theirs", e, {});
    e.side = Side::us;
    check(std::string(name(e.kind)) + " of ours, from their perspective", e, {},
          options(Side::them));
  }
  // A survey speaks about their support, too, whoever it judges.
  const Event survey{.kind = Kind::survey,
                     .time = t,
                     .value = 3,
                     .scale_low = 1,
                     .scale_high = 5,
                     .side = Side::them};
  check("a survey about them", survey, {.sums = {{Sum::support, {2}}}});
}

TEST_CASE("perspective = them reads their conduct by the same formulas and swaps who gave") {
  const FoldOptions them = options(Side::them);
  check("their promise",
        {.kind = Kind::promise, .time = t, .due = t, .done = t, .side = Side::them},
        {.sums = {{Sum::promises_kept, {whole}}}}, them);
  check("their request to answer", {.kind = Kind::request, .time = t, .side = Side::them},
        {.open = 1, .open_time = t}, them);
  check("their gift is given", {.kind = Kind::gift, .time = t, .side = Side::them},
        {.sums = {{Sum::given, {whole}}}}, them);
  check("our gift is received", {.kind = Kind::gift, .time = t},
        {.sums = {{Sum::received, {whole}}}}, them);
  check("their referral is given", {.kind = Kind::referral, .time = t, .value = 2},
        {.sums = {{Sum::advocacy, {whole}}, {Sum::given, {32}}}}, them);
  check("their review is given", {.kind = Kind::review, .time = t},
        {.sums = {{Sum::support, {whole}}, {Sum::given, {whole}}}}, them);
  check("purchases are common", {.kind = Kind::purchase, .time = t},
        {.sums = {{Sum::purchases, {whole}}}, .purchases = 1, .buys = true}, them);
  check("contracts are common", {.kind = Kind::contract, .time = t, .until = t}, {.until = t},
        them);
  check("contacts are common", {.kind = Kind::contact, .time = t, .side = Side::them},
        {.sums = {{Sum::support, {8}}}}, them);
  check("a return, their fault",
        {.kind = Kind::returned, .time = t, .value = 1, .side = Side::them},
        {.sums = {{Sum::promises_broken, {whole}}}}, them);
}

TEST_CASE("evidence and money round half to even on their grids, after value * weight") {
  CHECK(evidence_units(1) == 16);
  CHECK(evidence_units(0.03125) == 0);  // 1/2
  CHECK(evidence_units(0.09375) == 2);  // 3/2
  CHECK(evidence_units(0.15625) == 2);  // 5/2
  CHECK(evidence_units(-0.09375) == -2);
  CHECK(evidence_units(0.3, 0.5) == 2);  // 2.4: not half of the 5 that .3 alone gives
  CHECK(evidence_units(1 << 20) == 1 << 24);
  FoldOptions o = options();
  o.effects.gift_given = 0.5;
  check("weights of the policy", {.kind = Kind::gift, .time = t, .value = 0.3},
        {.sums = {{Sum::given, {2}}}}, o);
  o.effects.gift_given = 0;
  check("an effect of weight 0", {.kind = Kind::gift, .time = t, .value = 0.3}, {}, o);
  o.minor_digits = 0;
  check("a currency without minor units", {.kind = Kind::cost, .time = t, .amount = 2.5},
        {.sums = {{Sum::cost, {2}}}, .money = 2}, o);
  o.minor_digits = 4;
  check("a currency of four digits", {.kind = Kind::cost, .time = t, .amount = 2.00015},
        {.sums = {{Sum::cost, {20002}}}, .money = 20002}, o);
}
