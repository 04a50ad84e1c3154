// SPDX-License-Identifier: MIT
/// \file
/// The books of every single call (DESIGN section 4: scored + skipped + set aside = read), and what a
/// portfolio is worth after a call that failed.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::Row;
using loyalty_tests::set_aside;
using loyalty_tests::shuffled;
using loyalty_tests::skipped;
using loyalty_tests::Table;
using loyalty_tests::within;

namespace {

constexpr Time t = utc(2020, 1, 1);
constexpr Time tau = 7200;

Policy policy() {
  Policy p;
  p.fold.response_target = tau;
  return p;
}

Row row(Event e, std::string refers_to = {}, std::string who = "a") {
  return {.relationship = std::move(who), .event = e, .refers_to = std::move(refers_to)};
}

/// No count below zero, and all of them together what was read.
void check_books(const Books& b) {
  RC_LOG() << "books: read " << b.read << " scored " << b.scored << " skipped " << b.skipped_total()
           << " set aside " << b.set_aside_total() << '\n';
  RC_ASSERT(balanced(b));
  RC_ASSERT(b.read >= 0);
  RC_ASSERT(b.scored >= 0);
  for (const auto n : b.skipped) RC_ASSERT(n >= 0);
  for (const auto n : b.set_aside) RC_ASSERT(n >= 0);
  RC_ASSERT(static_cast<std::int64_t>(b.rejects.size()) <= b.set_aside_total());
}

std::vector<std::int64_t> counts(const Books& b) {
  std::vector<std::int64_t> c{b.read, b.scored};
  c.insert(c.end(), b.skipped.begin(), b.skipped.end());
  c.insert(c.end(), b.set_aside.begin(), b.set_aside.end());
  return c;
}

}  // namespace

TEST_CASE("books of every single call: nothing below zero, and they add up, row by row") {
  law("calls of few rows", 200, [] {
    const auto rows = any_rows({.from = 18000 * day, .to = 18001 * day});
    log_rows(rows);
    Portfolio whole(policy(), 18000 * day);
    const Books all = apply_rows(whole, rows);
    check_books(all);
    RC_ASSERT(static_cast<std::int64_t>(all.rejects.size()) == all.set_aside_total());
    check_books(whole.books());
    Portfolio p(policy(), 18000 * day);
    const auto sorted = by_time(shuffled(rows));
    for (std::size_t start = 0; start < sorted.size();) {
      const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 3));
      const std::vector<Row> call(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                                  sorted.begin() + static_cast<std::ptrdiff_t>(end));
      const Books books = apply_rows(p, call);
      RC_ASSERT(books.read == static_cast<std::int64_t>(call.size()));
      check_books(books);
      check_books(p.books());
      start = end;
    }
    RC_ASSERT(counts(p.books()) == counts(whole.books()));
  });
}

TEST_CASE("books: rows of the previous second that find nothing open do not burden the next call") {
  for (const Kind kind : {Kind::response, Kind::resolution, Kind::promise, Kind::payment}) {
    CAPTURE(name(kind));
    Portfolio p(policy(), t);
    Row closer = row({.kind = kind, .time = t}, "k");
    if (kind == Kind::promise || kind == Kind::payment) closer.event.done = t;
    const Books first = apply_rows(p, {closer, closer, closer});
    CHECK(balanced(first));
    CHECK(first.scored >= 0);
    // One bad row: nothing scored, and certainly not less than nothing.
    const Books second = apply_rows(p, {row({.kind = Kind::cost, .time = t + 1, .amount = -1}),
                                        row({.kind = Kind::cost, .time = t + 1, .amount = 2})});
    CHECK(balanced(second));
    CHECK(second.read == 2);
    CHECK(second.scored == 1);
    CHECK(second.skipped_total() == 0);
    CHECK(set_aside(second, Code::negative) == 1);
    CHECK(skipped(p.books(), Skip::nothing_open) == 3);
    CHECK(p.books().scored == 1);
    CHECK(balanced(p.books()));
  }
}

TEST_CASE("a replay that fails leaves the portfolio as it was") {
  Portfolio p(policy(), t);
  apply_rows(
      p, {row({.kind = Kind::purchase, .time = t}), row({.kind = Kind::request, .time = t}, "k"),
          row({.kind = Kind::purchase, .time = t}, {}, "b")});
  p.note_set_aside("a", 3);
  const std::uint32_t a = *p.find("a");
  const auto before = p.bytes();
  const auto books = counts(p.books());
  SUBCASE("a row beyond the window, before anything is applied") {
    const Row beyond = row({.kind = Kind::purchase, .time = t + 31 * 365 * day});
    CHECK_THROWS_AS(p.replay(Table({row({.kind = Kind::purchase, .time = t}), beyond})),
                    WindowError);
    CHECK(p.bytes() == before);
    CHECK(counts(p.books()) == books);
  }
  SUBCASE("a relationship beyond the limits: the count of rows set aside outlives it") {
    CHECK_THROWS_AS(p.replay(Table({row({.kind = Kind::purchase, .time = t, .amount = 1e10}),
                                    row({.kind = Kind::purchase, .time = t, .amount = 1e10})})),
                    LimitError);
    CHECK(p.set_aside(a) == 3);
    CHECK(counts(p.books()) == books);
  }
}

TEST_CASE("a portfolio does not merge with itself, and stays as it was") {
  Portfolio p(policy(), t);
  apply_rows(
      p, {row({.kind = Kind::request, .time = t}, "k"), row({.kind = Kind::purchase, .time = t})});
  const auto before = p.bytes();
  CHECK_THROWS_AS(p.merge(p), MismatchError);
  CHECK(p.bytes() == before);
}

TEST_CASE("what was never applied cannot be taken back") {
  Portfolio p(policy(), t);
  const Event gift{.kind = Kind::gift, .time = t + 5, .value = 2};
  apply_rows(p, {row(gift), row({.kind = Kind::purchase, .time = t + 10, .amount = 8}),
                 row({.kind = Kind::purchase, .time = t + 20}, {}, "b")});
  const auto states = [&] {
    return std::pair(to_bytes(p.state(*p.find("a"), t + 20)),
                     to_bytes(p.state(*p.find("b"), t + 20)));
  };
  const auto before = states();
  const auto refuses = [&](const Row& r) {
    const Books books = p.retract(Table({r}));
    CHECK(balanced(books));
    CHECK(set_aside(books, Code::retraction_without_event) == 1);
    CHECK(states() == before);
  };
  refuses(row(gift, {}, "somebody unknown"));
  refuses(row({.kind = Kind::gift, .time = t + 21}));  // later than everything
  SUBCASE("before the first event, or after the last, of this relationship") {
    refuses(row({.kind = Kind::gift, .time = t + 4, .value = 2}));
    refuses(row({.kind = Kind::gift, .time = t + 15, .value = 2}));
  }
  SUBCASE("more than there are: b has no second event, and no gift") {
    CHECK(p.retract(Table({row({.kind = Kind::purchase, .time = t + 20}, {}, "b")})).scored == 1);
    CHECK(set_aside(p.retract(Table({row({.kind = Kind::purchase, .time = t + 20}, {}, "b")})),
                    Code::retraction_without_event) == 1);
    CHECK(p.state(*p.find("b"), t + 20).events == 0);
    CHECK(p.state(*p.find("b"), t + 20).ladder.regularity.zero());
  }
}

TEST_CASE(
    "a row that a retraction could not find marks its relationship, as any row set aside does") {
  Portfolio p(policy(), t);
  apply_rows(p, {row({.kind = Kind::purchase, .time = t})});
  const Books books = p.retract(Table({row({.kind = Kind::request, .time = t}, "k")}));
  CHECK(set_aside(books, Code::retraction_without_event) == 1);
  CHECK(p.set_aside(*p.find("a")) == 1);
}

TEST_CASE("copies of rows that wait are counted, wherever they stand in their second") {
  const Time second = utc(2024, 5, 1);
  const Row waits{
      .relationship = "a", .event = {.kind = Kind::complaint, .time = second}, .refers_to = "k"};
  const Row other{.relationship = "a", .event = {.kind = Kind::purchase, .time = second}};
  for (const auto& rows :
       {std::vector<Row>{waits, waits, other}, {waits, other, waits}, {other, waits, waits}}) {
    Portfolio p;
    CHECK(apply_rows(p, rows).repeats == 1);
  }
}
