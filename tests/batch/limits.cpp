// SPDX-License-Identifier: MIT
/// \file
/// The limits of a relationship (DESIGN section 3: 10^6 events, 10^12 minor units of money, one evidence
/// value 2^20, durations 64 targets), each at the limit and one past it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <loyalty/batch/output.hpp>

#include "batch/rows.hpp"

using namespace loyalty;
using loyalty_tests::apply_rows;
using loyalty_tests::Row;
using loyalty_tests::set_aside;

namespace {

constexpr Time t = utc(2020, 1, 1);
constexpr Time tau = 3600;

Policy policy() {
  Policy p;
  p.fold.response_target = tau;
  return p;
}

Row row(Event e, std::string refers_to = {}, std::string who = "7") {
  return {.relationship = std::move(who), .event = e, .refers_to = std::move(refers_to)};
}

/// A portfolio in which relationship 7 has so many events, all purchases of one second.
Portfolio with_events(std::size_t n) {
  Portfolio p(policy(), t);
  const std::vector<std::int64_t> ids(n, 7);
  const std::vector<Time> times(n, t);
  const std::vector<std::uint8_t> kinds(n, static_cast<std::uint8_t>(Kind::purchase));
  EventColumns c;
  c.rows = n;
  c.relationship_number = ids.data();
  c.time = times.data();
  c.kind = kinds.data();
  CHECK(p.apply(c).scored == static_cast<std::int64_t>(n));
  return p;
}

/// What a user reads as of a date.
void use(const Portfolio& p, Time now) {
  const AsOf at = p.at(now);
  for (std::uint32_t i = 0; i < p.size(); ++i) (void)p.assess(i, at);
  (void)assess_all(p, now, {.intervals = false});
}

}  // namespace

TEST_CASE("limits: rows that act together with their item, at a million events") {
  SUBCASE("an opener and its answer count one each") {
    Portfolio p = with_events(999'998);
    apply_rows(p, {row({.kind = Kind::request, .time = t + 1}, "r"),
                   row({.kind = Kind::response, .time = t + 2}, "r"),
                   row({.kind = Kind::cost, .time = t + 3, .amount = 1}, {}, "8")});
    CHECK(p.state(0, t + 3).events == 1'000'000);
    CHECK_NOTHROW(use(p, t + 3));
    CHECK_THROWS_AS(apply_rows(p, {row({.kind = Kind::gift, .time = t + 3})}), LimitError);
    CHECK_THROWS_AS(use(p, t + 3), LimitError);
  }
  SUBCASE("a row that is skipped or set aside does not count") {
    Portfolio p = with_events(1'000'000);
    CHECK_NOTHROW(apply_rows(p, {row({.kind = Kind::gift, .time = t + 1, .value = -1}),
                                 row({.kind = Kind::response, .time = t + 1}, "nothing"),
                                 row({.kind = Kind::cost, .time = t + 3, .amount = 1}, {}, "8")}));
    CHECK_NOTHROW(use(p, t + 3));
  }
  SUBCASE("retracting makes room again") {
    Portfolio p = with_events(1'000'000);
    CHECK_THROWS_AS(apply_rows(p, {row({.kind = Kind::gift, .time = t + 1})}), LimitError);
    CHECK_THROWS_AS(use(p, t + 1), LimitError);
    p.retract(loyalty_tests::Table({row({.kind = Kind::gift, .time = t + 1})}));
    CHECK_NOTHROW(use(p, t + 1));
    CHECK(p.state(0, t + 1).given.zero());
  }
  SUBCASE("an item that has acted at a read is not counted before it acts") {
    Portfolio p = with_events(999'999);
    apply_rows(p, {row({.kind = Kind::promise, .time = t, .due = t + 100})});
    CHECK_NOTHROW(use(p, t + 100));
    CHECK_NOTHROW(use(p, t + 101));  // the millionth
    CHECK(p.state(0, t + 101).events == 1'000'000);
  }
}

TEST_CASE("limits: the sum of |money| counts every amount, margin and cost, whatever its sign") {
  const auto after = [](std::vector<Row> rows, double last) {
    Portfolio p(policy(), t);
    apply_rows(p, rows);
    apply_rows(p, {row({.kind = Kind::cost, .time = t + 9, .amount = last})});
    use(p, t + 9);
  };
  const double half = 5e9;  // 5 * 10^11 minor units
  const std::vector<std::vector<Row>> halves = {
      {row({.kind = Kind::purchase, .time = t, .amount = half})},
      {row({.kind = Kind::purchase, .time = t, .margin = -half})},
      {row({.kind = Kind::purchase, .time = t, .amount = half - 7, .margin = 7})},
      {row({.kind = Kind::returned, .time = t, .amount = half})},
      {row({.kind = Kind::returned, .time = t, .cost = half})},
      {row({.kind = Kind::gift, .time = t, .cost = half})},
      {row({.kind = Kind::cost, .time = t, .amount = half})},
      // A purchase and its return do not cancel.
      {row({.kind = Kind::purchase, .time = t, .amount = half / 2}), row({.kind = Kind::returned,
                                                                          .time = t,
                                                                          .amount = half / 2,
                                                                          .since = t,
                                                                          .whole_order = true})}};
  for (const auto& rows : halves) {
    CAPTURE(name(rows.front().event.kind));
    CHECK_NOTHROW(after(rows, half));
    CHECK_THROWS_AS(after(rows, half + 0.01), LimitError);
  }
  // What is not ours to count: purchases elsewhere.
  CHECK_NOTHROW(after({row({.kind = Kind::purchase_elsewhere, .time = t, .amount = 1e10})}, 1e10));
}

TEST_CASE("limits: one evidence value of 2^20 is summed exactly, one above is set aside") {
  constexpr double most = 1 << 20;
  for (const Kind kind : {Kind::participation, Kind::review, Kind::attendance, Kind::novelty,
                          Kind::referral, Kind::suggestion, Kind::co_creation, Kind::gift,
                          Kind::complaint, Kind::returned, Kind::promise, Kind::payment}) {
    CAPTURE(name(kind));
    const auto with = [&](double value) {
      Portfolio p(policy(), t);
      const Books books =
          apply_rows(p, {row({.kind = kind, .time = t, .value = value, .due = t, .done = t})});
      CHECK(books.scored + set_aside(books, Code::too_large) == 1);
      return std::pair(books.scored == 1, p.state(0, t));
    };
    CHECK(with(most).first);
    CHECK_FALSE(with(most + 1.0 / 16).first);
    CHECK_FALSE(with(std::nextafter(most, 2 * most)).first);
    CHECK(with(most + 1.0 / 16).second.empty());
    // To the last unit: 2^20 less a sixteenth is not 2^20.
    CHECK(to_bytes(with(most).second) != to_bytes(with(most - 1.0 / 16).second));
  }
}

TEST_CASE("limits: an open request ages up to 64 targets, and no further") {
  const FoldRules rules(FoldOptions{.response_target = tau}, Criteria{}, t);
  for (const int open : {1, 3}) {
    Relationship r;
    for (int i = 0; i < open; ++i)
      REQUIRE(apply(r, {.kind = Kind::request, .time = t}, rules) == Code::ok);
    CAPTURE(open);
    const auto age = [&](Time after) { return AsOf(t + after, rules).open_age(r); };
    CHECK(age(0) == 0);
    CHECK(age(64 * tau - 1) < 64.0 * open);
    CHECK(age(64 * tau) == 64.0 * open);
    CHECK(age(64 * tau + 1) == 64.0 * open);
    CHECK(age(20 * year) == 64.0 * open);
  }
  // No requests open, whatever the sum of their times: no age.
  Relationship r;
  REQUIRE(retract(r, {.kind = Kind::request, .time = t}, rules) == Code::ok);
  CHECK(AsOf(t + 99 * tau, rules).open_age(r) == 0);
}

TEST_CASE("limits: replaying one relationship makes it sound, and others stay as they were") {
  Portfolio p = with_events(1'000'000);
  apply_rows(p, {row({.kind = Kind::purchase, .time = t}, {}, "8")});
  CHECK_THROWS_AS(apply_rows(p, {row({.kind = Kind::purchase, .time = t})}), LimitError);
  const auto eight = to_bytes(p.state(1, t));
  CHECK_NOTHROW(p.replay(loyalty_tests::Table({row({.kind = Kind::purchase, .time = t})})));
  CHECK_NOTHROW(use(p, t));
  CHECK(p.state(0, t).events == 1);
  CHECK(to_bytes(p.state(1, t)) == eight);
}

TEST_CASE("limits: what acts only in a read counts, too") {
  SUBCASE("a promise that breaks after the newest row") {
    Portfolio p = with_events(1'000'000);
    apply_rows(p, {row({.kind = Kind::promise, .time = t, .due = t + 100})});
    CHECK_NOTHROW(use(p, t + 100));
    CHECK_THROWS_AS((void)p.state(0, t + 101), LimitError);
    CHECK_THROWS_AS(use(p, t + 101), LimitError);
  }
  SUBCASE("a request that expires after the newest row") {
    Portfolio p = with_events(999'999);
    apply_rows(p, {row({.kind = Kind::request, .time = t}, "r")});
    CHECK_NOTHROW(use(p, t + 30 * tau - 1));
    CHECK_THROWS_AS((void)p.state(0, t + 30 * tau), LimitError);
    CHECK_THROWS_AS(use(p, t + 30 * tau), LimitError);
  }
  SUBCASE("rows of the newest second") {
    Portfolio p = with_events(1'000'000);
    const auto complain = [&] { apply_rows(p, {row({.kind = Kind::complaint, .time = t}, "c")}); };
    // Refused by the call itself or by the next use.
    CHECK_THROWS_AS((complain(), use(p, t)), LimitError);
  }
}

TEST_CASE("limits: one evidence value is value times effect weight") {
  // At a weight of 4 a value of 2^18 is the largest.
  Policy heavy = policy();
  Effects& e = heavy.fold.effects;
  for (double* weight :
       {&e.participation_support, &e.participation_received, &e.review_support, &e.review_received,
        &e.attendance_advocacy, &e.novelty_advocacy, &e.referral_received, &e.suggestion_received,
        &e.co_creation_received, &e.gift_given, &e.complaint_grave, &e.return_broken,
        &e.promise_kept, &e.promise_late, &e.promise_broken, &e.payment_kept, &e.payment_late,
        &e.payment_broken})
    *weight = 4;
  constexpr double most = 1 << 18;
  for (const Kind kind : {Kind::participation, Kind::review, Kind::attendance, Kind::novelty,
                          Kind::referral, Kind::suggestion, Kind::co_creation, Kind::gift,
                          Kind::complaint, Kind::returned, Kind::promise, Kind::payment}) {
    CAPTURE(name(kind));
    const auto with = [&](double value) {
      Portfolio p(heavy, t);
      const Books books =
          apply_rows(p, {row({.kind = kind, .time = t, .value = value, .due = t, .done = t})});
      CHECK(books.scored + set_aside(books, Code::too_large) == 1);
      return books.scored == 1;
    };
    CHECK(with(most));
    CHECK_FALSE(with(most + 1.0 / 16));
    CHECK_FALSE(with(1 << 20));
  }
}
