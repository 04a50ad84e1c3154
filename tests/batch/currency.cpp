// SPDX-License-Identifier: MIT
/// \file
/// One currency per portfolio; where the policy names none, which rows decide does not depend on how they
/// came (DESIGN sections 4 and 7).
#include <algorithm>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::set_aside;
using loyalty_tests::shuffled;
using loyalty_tests::within;

namespace {

constexpr Time t = utc(2020, 1, 1);

Row pay(Time at, double amount, std::string currency, std::string who = "a") {
  return {.relationship = std::move(who),
          .event = {.kind = Kind::purchase, .time = at, .amount = amount},
          .currency = std::move(currency)};
}

Portfolio folded(const std::vector<std::vector<Row>>& calls, bool with_ids = false) {
  Portfolio p(Policy{}, t);
  for (const auto& rows : calls) (void)apply_rows(p, rows, with_ids);
  return p;
}

}  // namespace

TEST_CASE("currency: the policy's own, whatever the log names first") {
  Portfolio p(Policy{.currency = "CHF", .rates = {{"EUR", 2}}}, t);
  const Books books = apply_rows(p, {pay(t, 5, "USD"), pay(t + 1, 7, "EUR"), pay(t + 2, 1, "")});
  CHECK(p.currency() == "CHF");
  CHECK(set_aside(books, Code::other_currency) == 1);
  CHECK(p.state(0, t + 2).spend == 1500);
  CHECK(p.set_aside(0) == 1);
}

/// The bytes, or nothing where the log asks the policy to say.
std::vector<std::byte> outcome(const std::vector<std::vector<Row>>& calls) {
  try {
    return folded(calls).bytes();
  } catch (const MismatchError&) {
    return {};
  }
}

TEST_CASE("currency: two in the very first second are refused, in any order and in any calls") {
  const std::vector<Row> rows = {pay(t, 5, "USD"), pay(t, 7, "EUR"), pay(t, 1, ""),
                                 pay(t + 1, 3, "USD"), pay(t + 1, 2, "EUR")};
  CHECK_THROWS_WITH_AS(folded({rows}), doctest::Contains("EUR and USD; set `currency`"),
                       MismatchError);
  CHECK(outcome({{rows[1], rows[0], rows[2]}, {rows[4], rows[3]}}).empty());
  CHECK(outcome({{rows[1]}, {rows[0], rows[2], rows[3], rows[4]}}).empty());
  CHECK(outcome({{rows[2]}, {rows[0]}, {rows[1]}, {rows[3]}, {rows[4]}}).empty());
  const Portfolio one = folded({{rows[0]}, {rows[2]}, {rows[4]}});
  CHECK(one.currency() == "USD");
  CHECK(one.books().set_aside_total() == 1);
}

TEST_CASE("currency: a row that was taken back, or set aside, or that repeats, has no say") {
  Row first = pay(t, 5, "EUR");
  first.event_id = "x";
  SUBCASE("taken back in the same call") {
    Row back{.relationship = "a", .event = {.kind = Kind::retraction, .time = t + 9}};
    back.refers_to = "x";
    Row other = pay(t + 1, 7, "USD");
    other.event_id = "y";
    CHECK(folded({{first, back, other}}, true).bytes() == folded({{other}}, true).bytes());
    CHECK(folded({{first, back, other}}, true).currency() == "USD");
  }
  SUBCASE("set aside") {
    first.event.amount = -5;
    const Portfolio p = folded({{first, pay(t + 1, 7, "USD")}});
    CHECK(p.currency() == "USD");
    CHECK(p.state(0, t + 1).spend == 700);
  }
}

TEST_CASE("currency: any chunks that follow time give the same bytes") {
  law("no currency in the policy", 150, [] {
    std::vector<Row> rows;
    const int count = *within(0, 12);
    for (int i = 0; i < count; ++i)
      rows.push_back(pay(t + *within(0, 3), *within(1, 9),
                         *one_of<std::string>({"", "EUR", "USD", "CHF"}),
                         *one_of<std::string>({"a", "b"})));
    log_rows(rows);
    const auto whole = outcome({rows});
    RC_ASSERT(outcome({shuffled(rows)}) == whole);
    const auto sorted = by_time(shuffled(rows));
    std::vector<std::vector<Row>> calls;
    for (std::size_t start = 0; start < sorted.size();) {
      const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 4));
      calls.emplace_back(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                         sorted.begin() + static_cast<std::ptrdiff_t>(end));
      start = end;
    }
    RC_ASSERT(outcome(calls) == whole);
  });
}
