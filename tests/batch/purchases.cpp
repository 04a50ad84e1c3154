// SPDX-License-Identifier: MIT
#include <loyalty/batch/purchases.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "batch/any_rows.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::LogShape;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::Table;

namespace {

constexpr Time start = utc(2024, 1, 1);
constexpr Time end = utc(2024, 12, 31, 23, 59, 59);

Row bought(const std::string& who, int on, double amount, const std::string& id = {},
           double margin = no_value) {
  return {who,
          {.kind = Kind::purchase, .time = start + on * day, .amount = amount, .margin = margin},
          {},
          id};
}

Row gave_back(const std::string& who, int on, int since, double amount) {
  return {who,
          {.kind = Kind::returned,
           .time = start + on * day,
           .amount = amount,
           .since = start + since * day,
           .whole_order = true}};
}

/// Amounts of a relationship's purchases, by day.
std::vector<std::pair<Time, double>> of(const Purchases& p, std::size_t who) {
  std::vector<std::pair<Time, double>> out;
  for (std::size_t i = p.first[who]; i < p.first[who + 1]; ++i)
    out.emplace_back((p.time[i] - start) / day, p.amount[i]);
  return out;
}

using Days = std::vector<std::pair<Time, double>>;

std::vector<Row> backwards(std::vector<Row> rows) {
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("purchases: repeats, retractions and rows set aside are not there") {
  std::vector<Row> rows = {bought("a", 1, 10, "1"),    bought("a", 1, 10, "1"),
                           bought("a", 2, 20, "2", 6), bought("a", 3, 30, "3"),
                           bought("a", 4, -1, "4"),    bought("b", 5, 50, "1"),
                           bought("c", 400, 9, "9")};
  rows.push_back({"a", {.kind = Kind::retraction, .time = start + 9 * day}, "3"});
  const PurchaseLog log = fold_purchases(Table(backwards(rows), true), {}, end);
  const Purchases& p = log.purchases;
  REQUIRE(p.first == std::vector<std::size_t>{0, 2, 3});
  CHECK(of(p, 0) == Days{{1, 10}, {2, 20}});
  CHECK(of(p, 1) == Days{{5, 50}});
  CHECK(std::isnan(p.margin[0]));
  CHECK(p.margin[1] == 6);
  CHECK(p.ever == std::vector<std::int64_t>{2, 1});
  CHECK(p.with_amount == std::vector<std::int64_t>{2, 1});
  CHECK(p.with_margin == std::vector<std::int64_t>{1, 0});
  CHECK(log.later == 1);
  CHECK(log.books.set_aside[static_cast<std::size_t>(Code::negative)] == 1);
}

TEST_CASE("purchases: an amount that is not stated is unknown, one of nothing is nothing") {
  const Purchases p =
      fold_purchases(Table({bought("a", 1, no_value), bought("a", 2, 0)}), {}, end).purchases;
  REQUIRE(p.size() == 2);
  CHECK(std::isnan(p.amount[0]));
  CHECK(p.amount[1] == 0);
  CHECK(p.ever[0] == 2);
  CHECK(p.with_amount[0] == 1);
}

TEST_CASE("purchases: a whole order that comes back takes its purchase out") {
  const auto left = [](std::vector<Row> rows) {
    return of(fold_purchases(Table(backwards(rows)), {}, end).purchases, 0);
  };
  const std::vector<Row> base = {bought("a", 1, 10), bought("a", 2, 20), bought("a", 2, 25),
                                 bought("a", 3, 30)};
  const auto with = [&](Row row) {
    std::vector<Row> rows = base;
    rows.push_back(std::move(row));
    return rows;
  };
  SUBCASE("the one made then") {
    CHECK(left(with(gave_back("a", 9, 3, 5))) == Days{{1, 10}, {2, 20}, {2, 25}});
  }
  SUBCASE("of several the nearest in amount") {
    CHECK(left(with(gave_back("a", 9, 2, 21))) == Days{{1, 10}, {2, 25}, {3, 30}});
    CHECK(left(with(gave_back("a", 9, 2, 24))) == Days{{1, 10}, {2, 20}, {3, 30}});
  }
  SUBCASE("where there is none, the last before it") {
    Row back = gave_back("a", 9, 2, 20);
    back.event.since += 60;
    CHECK(left(with(back)) == Days{{1, 10}, {2, 20}, {3, 30}});
    back.event.since = start;  // none before it
    CHECK(left(with(back)) == Days{{1, 10}, {2, 20}, {2, 25}, {3, 30}});
  }
  SUBCASE("a return of money alone leaves all") {
    Row back = gave_back("a", 9, 2, 20);
    back.event.whole_order = false;
    CHECK(left(with(back)).size() == 4);
  }
}

TEST_CASE("purchases: other currencies come at the policy's rates") {
  Policy policy;
  policy.currency = "EUR";
  policy.rates = {{"USD", 0.5}};
  std::vector<Row> rows = {bought("a", 1, 10), bought("a", 2, 10), bought("a", 3, 10)};
  rows[1].currency = "USD";
  rows[2].currency = "GBP";  // has no rate
  CHECK(of(fold_purchases(Table(rows), policy, end).purchases, 0) == Days{{1, 10}, {2, 5}});
}

TEST_CASE("purchases are those that states count") {
  law("as many as purchases ever, and sales that fade as margins", 300, [] {
    LogShape shape;
    shape.event_ids = true;
    const std::vector<Row> rows = any_rows(shape);
    log_rows(rows);
    const Time now = 18020 * day;
    const PurchaseLog log = fold_purchases(Table(rows, true), {}, now);
    Portfolio plain({}, now);
    (void)plain.apply(Table(rows, true));
    RC_ASSERT(plain.bytes() == log.portfolio.bytes());
    const std::vector<std::uint32_t> sorted = plain.sorted();
    RC_ASSERT(log.purchases.first.size() == sorted.size() + 1);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const Relationship r = plain.state(sorted[i], now);
      const auto kept =
          static_cast<std::int64_t>(log.purchases.first[i + 1] - log.purchases.first[i]);
      // Returns may name purchases that were never made.
      RC_ASSERT(kept >= r.ladder.purchases);
      RC_ASSERT(kept <= log.purchases.ever[i]);
      if (r.ladder.purchases == log.purchases.ever[i]) RC_ASSERT(kept == r.ladder.purchases);
    }
    const PurchaseLog again = fold_purchases(Table(shuffled(rows), true), {}, now);
    RC_ASSERT(again.purchases.time == log.purchases.time);
    RC_ASSERT(again.purchases.sales == log.purchases.sales);
  });
}
