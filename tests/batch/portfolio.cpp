// SPDX-License-Identifier: MIT
#include <loyalty/batch/portfolio.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "batch/rows.hpp"

using namespace loyalty;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::Row;
using loyalty_tests::set_aside;
using loyalty_tests::skipped;
using loyalty_tests::Table;

namespace {

constexpr Time landmark = utc(2020, 1, 1);
constexpr Time t = landmark;
constexpr Time tau = 3600;

Policy policy() {
  Policy p;
  p.fold.response_target = tau;
  p.fold.promise_grace = 60;
  return p;
}

Row row(std::string who, Event e, std::string refers_to = {}) {
  return {.relationship = std::move(who), .event = e, .refers_to = std::move(refers_to)};
}

/// Evidence of one relationship as of a date.
struct Read {
  Relationship state;
  Evidence evidence;
};

Read read(const Portfolio& p, const std::string& who, Time now) {
  const auto index = p.find(who);
  REQUIRE(index.has_value());
  const Relationship r = p.state(*index, now);
  return {r, evidence_of(r, p.at(now))};
}

}  // namespace

// ---- requests and responses ------------------------------------------------------------------------

TEST_CASE("an answer at exactly 30 targets is an answer; a second later nothing is open") {
  for (const Time late : {0, 1}) {
    Portfolio p(policy());
    apply_rows(p, {row("a", {.kind = Kind::request, .time = t}, "r")});
    apply_rows(p, {row("a", {.kind = Kind::response, .time = t + 30 * tau + late}, "r")});
    const Read a = read(p, "a", t + 40 * tau);
    CAPTURE(late);
    CHECK(a.state.open_requests == 0);
    CHECK(a.state.open_time == 0);
    CHECK(a.state.answered.zero() == (late == 1));
    CHECK(a.state.answer_time ==
          weighed(30 * 256, Grid::duration,
                  p.rules().fold().clock(Sum::answer_time).tick(t + 30 * tau)));
    CHECK(skipped(p.books(), Skip::nothing_open) == late);
    CHECK(a.state.events == 2);  // the request, and the answer or the expiry
    CHECK(a.state.ladder.newest == t + 30 * tau);
  }
}

TEST_CASE("a request waits, expires by an event of its own, and not before") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::request, .time = t}, "r"),
                 row("a", {.kind = Kind::request, .time = t + 5})});
  CHECK(p.open_items() == 2);
  for (const Time now : {t + 5, t + 30 * tau - 1}) {
    const Read a = read(p, "a", now);
    CHECK(a.state.open_requests == 2);
    CHECK(a.evidence.responsiveness.open == 2);
    CHECK(a.evidence.responsiveness.open_time ==
          doctest::Approx(static_cast<double>(2 * (now - t) - 5) / tau));
    CHECK(a.state.events == 2);
  }
  CHECK(read(p, "a", t + 30 * tau).state.open_requests == 1);
  CHECK(read(p, "a", t + 30 * tau + 5).state.open_requests == 0);
  CHECK(read(p, "a", t + 30 * tau + 5).state.events == 4);
  CHECK(read(p, "a", t + 30 * tau + 5).state.open_time == 0);
  // Reading acts on a copy.
  CHECK(read(p, "a", t + 5).state.open_requests == 2);
}

TEST_CASE("a second answer, and an answer to nothing, are skipped and counted") {
  Portfolio p(policy());
  const Books books = apply_rows(p, {row("a", {.kind = Kind::request, .time = t}, "r"),
                                     row("a", {.kind = Kind::response, .time = t + 10}, "r"),
                                     row("a", {.kind = Kind::response, .time = t + 20}, "r"),
                                     row("a", {.kind = Kind::response, .time = t + 30}, "other"),
                                     row("b", {.kind = Kind::response, .time = t + 40}, "r"),
                                     row("b", {.kind = Kind::cost, .time = t + 50, .amount = 1})});
  CHECK(balanced(books));
  CHECK(books.scored == 3);
  CHECK(skipped(books, Skip::nothing_open) == 3);
  CHECK(read(p, "a", t + 50).state.events == 2);
  CHECK(read(p, "b", t + 50).state.events == 1);
}

TEST_CASE("a response before its request finds nothing open, one of the same second finds it") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::response, .time = t}, "r"),
                 row("a", {.kind = Kind::request, .time = t}, "r"),
                 row("a", {.kind = Kind::response, .time = t - 1}, "r"),
                 row("a", {.kind = Kind::cost, .time = t + 1, .amount = 1})});
  CHECK(skipped(p.books(), Skip::nothing_open) == 1);
  const Read a = read(p, "a", t + 1);
  CHECK(a.state.open_requests == 0);
  CHECK(a.state.answer_time.zero());
  CHECK_FALSE(a.state.answered.zero());
}

TEST_CASE("a request that is open is not opened again; one that has expired is") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::request, .time = t}, "r"),
                 row("a", {.kind = Kind::request, .time = t + 30 * tau}, "r")});
  apply_rows(p, {row("a", {.kind = Kind::request, .time = t + 30 * tau + 1}, "r")});
  CHECK(skipped(p.books(), Skip::already_open) == 1);
  const Read a = read(p, "a", t + 30 * tau + 1);
  CHECK(a.state.open_requests == 1);
  CHECK(a.state.open_time == t + 30 * tau + 1);
}

// ---- promises and payments -------------------------------------------------------------------------

TEST_CASE("a promise waits for its end: kept at done, broken a second after the grace") {
  for (const Kind kind : {Kind::promise, Kind::payment}) {
    Portfolio p(policy());
    apply_rows(p, {row("kept", {.kind = kind, .time = t, .due = t + 100, .done = t + 90}),
                   row("broken", {.kind = kind, .time = t, .due = t + 100}),
                   row("late", {.kind = kind, .time = t, .due = t + 100, .done = t + 500})});
    const auto at = [&](const char* who, Time now) { return read(p, who, now).state; };
    CHECK(at("kept", t + 89).events == 0);
    CHECK(at("kept", t + 89).empty());
    CHECK(at("kept", t + 90).events == 1);
    CHECK_FALSE(at("kept", t + 90).promises_kept.zero());
    CHECK(at("kept", t + 9999).promises_grave.zero());
    CHECK(at("broken", t + 160).empty());
    CHECK_FALSE(at("broken", t + 161).promises_grave.zero());
    CHECK(at("broken", t + 161).first_event == t + 161);
    // Late: grave until it is done, then bad.
    CHECK(at("late", t + 160).empty());
    CHECK_FALSE(at("late", t + 499).promises_grave.zero());
    CHECK(at("late", t + 499).events == 1);
    CHECK(at("late", t + 500).promises_grave.zero());
    CHECK_FALSE(at("late", t + 500).promises_broken.zero());
    CHECK(at("late", t + 500).events == 1);
    CHECK(at("late", t + 500).first_event == t + 161);
    CHECK(at("late", t + 500).ladder.newest == t + 500);
  }
}

TEST_CASE("a later row closes a promise with the stake and the due of the open one") {
  const auto run = [](Time closed, Time done) {
    Portfolio p(policy());
    apply_rows(p, {row("a", {.kind = Kind::promise, .time = t, .value = 3, .due = t + 100}, "p")});
    apply_rows(p,
               {row("a", {.kind = Kind::promise, .time = closed, .value = 7, .done = done}, "p")});
    apply_rows(p, {row("b", {.kind = Kind::cost, .time = closed + 1, .amount = 1})});
    CHECK(p.books().scored == 3);
    return p;
  };
  const auto units = [](const Portfolio& p, const ExactSum& sum, Time at, std::int64_t n) {
    CHECK(sum ==
          weighed(16 * n, Grid::evidence, p.rules().fold().clock(Sum::promises_kept).tick(at)));
  };
  SUBCASE("in time") {
    const Portfolio p = run(t + 160, t + 150);
    const Relationship a = read(p, "a", t + 200).state;
    units(p, a.promises_kept, t + 150, 3);
    CHECK(a.promises_grave.zero());
    CHECK(a.events == 1);
  }
  SUBCASE("late") {
    const Portfolio p = run(t + 700, t + 600);
    const Relationship a = read(p, "a", t + 701).state;
    units(p, a.promises_broken, t + 600, 3);
    CHECK(a.promises_grave.zero());
    CHECK(a.promises_kept.zero());
    CHECK(a.events == 1);
    CHECK(a.first_event == t + 161);
  }
  SUBCASE("kept in time, but known only after it counted as broken") {
    const Portfolio p = run(t + 700, t + 50);
    const Relationship a = read(p, "a", t + 701).state;
    units(p, a.promises_kept, t + 50, 3);
    CHECK(a.promises_grave.zero());
    CHECK(a.promises_broken.zero());
    CHECK(a.events == 1);
    CHECK(a.first_event == t + 50);
    CHECK(a.ladder.newest == t + 161);  // the second in which it counted as broken is not forgotten
  }
  SUBCASE("the row tells of an end that is still to come: until then the promise is broken") {
    const Portfolio p = run(t + 700, t + 5000);
    Relationship a = read(p, "a", t + 4999).state;
    units(p, a.promises_grave, t + 161, 3);
    CHECK(a.promises_broken.zero());
    CHECK(a.ladder.newest == t + 161);
    a = read(p, "a", t + 5000).state;
    CHECK(a.promises_grave.zero());
    units(p, a.promises_broken, t + 5000, 3);
    CHECK(a.ladder.newest == t + 5000);
  }
}

TEST_CASE("closing rows are judged by what they state") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::promise, .time = t, .due = t + 100}, "p")});
  const auto close = [&](Event e) {
    e.kind = Kind::promise;
    e.time = t + 10;
    const Books books = apply_rows(p, {row("a", e, "p")});
    return books.rejects.empty() ? Code::ok : books.rejects.front().code;
  };
  CHECK(close({.done = furthest_time + 1}) == Code::bad_time);
  CHECK(close({.done = -furthest_time - 1}) == Code::bad_time);
  CHECK(close({.value = -1, .done = t + 9}) == Code::negative);
  CHECK(read(p, "a", t + 50).state.empty());
  CHECK(close({.done = t + 9}) == Code::ok);
  CHECK_FALSE(read(p, "a", t + 50).state.promises_kept.zero());
}

TEST_CASE("a promise row that closes nothing stands for itself, or is skipped") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::promise, .time = t, .due = t, .done = t}, "p"),
                 row("a", {.kind = Kind::promise, .time = t + 1, .done = t + 1}, "q"),
                 row("a", {.kind = Kind::promise, .time = t + 2, .due = t}, "x"),
                 row("a", {.kind = Kind::promise, .time = t + 3, .due = t}, "x"),
                 row("a", {.kind = Kind::payment, .time = t + 4, .done = t},
                     "x"),  // another kind, another item
                 row("a", {.kind = Kind::cost, .time = t + 5, .amount = 1})});
  CHECK(p.books().scored == 3);
  CHECK(skipped(p.books(), Skip::nothing_open) == 2);
  CHECK(skipped(p.books(), Skip::already_open) == 1);
  CHECK(balanced(p.books()));
}

// ---- complaints ------------------------------------------------------------------------------------

TEST_CASE("a resolution counts once per complaint, and needs one") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::complaint, .time = t, .value = 2}, "c"),
                 row("a", {.kind = Kind::complaint, .time = t + 1}, "c"),
                 row("a", {.kind = Kind::complaint, .time = t + 2})});
  CHECK(read(p, "a", t + 2).state.open_complaints == 1);
  apply_rows(p, {row("a", {.kind = Kind::resolution, .time = t + 10}, "c"),
                 row("a", {.kind = Kind::resolution, .time = t + 11}, "c"),
                 row("a", {.kind = Kind::resolution, .time = t + 12}),
                 row("a", {.kind = Kind::cost, .time = t + 13, .amount = 1})});
  const Relationship a = read(p, "a", t + 13).state;
  CHECK(a.open_complaints == 0);
  CHECK(a.promises_kept ==
        weighed(16, Grid::evidence, p.rules().fold().clock(Sum::promises_kept).tick(t + 10)));
  CHECK(skipped(p.books(), Skip::nothing_open) == 1);
  CHECK(set_aside(p.books(), Code::missing_refers_to) == 1);
  CHECK(balanced(p.books()));
  CHECK(p.open_items() == 0);
}

TEST_CASE("the other side's promises, requests and complaints open nothing") {
  Portfolio p(policy());
  apply_rows(p,
             {row("a", {.kind = Kind::request, .time = t, .side = Side::them}, "r"),
              row("a", {.kind = Kind::promise, .time = t, .due = t + 100, .side = Side::them}, "p"),
              row("a", {.kind = Kind::complaint, .time = t, .side = Side::them}, "c"),
              row("a", {.kind = Kind::response, .time = t + 1, .side = Side::them}, "nothing")});
  CHECK(p.open_items() == 0);
  CHECK(p.books().scored == 4);
  const Relationship a = read(p, "a", t + 1000).state;
  CHECK(a.events == 4);
  CHECK(a.open_requests == 0);
  CHECK(a.promises_grave.zero());
}

// ---- event ids -------------------------------------------------------------------------------------

TEST_CASE("of repeated event ids the first by time counts; retractions take it away") {
  Portfolio p(policy());
  const auto buy = [](Time at, std::string id) {
    return Row{.relationship = "a",
               .event = {.kind = Kind::purchase, .time = at, .amount = 1},
               .event_id = std::move(id)};
  };
  Row back{
      .relationship = "a", .event = {.kind = Kind::retraction, .time = t}, .refers_to = "gone"};
  Row stray = back;
  stray.refers_to = "never seen";
  const std::vector<Row> rows = {buy(t + 5, "x"),    buy(t, "x"),    buy(t + 9, "x"),
                                 buy(t + 1, "gone"), back,           back,
                                 buy(t + 2, ""),     buy(t + 2, ""), stray};
  const Books books = apply_rows(p, rows, true);
  CHECK(balanced(books));
  CHECK(books.scored == 3);
  CHECK(skipped(books, Skip::repeated) == 2);
  CHECK(skipped(books, Skip::retracted) == 2);
  CHECK(set_aside(books, Code::retraction_without_event) == 2);  // the second one, and the stray
  const Relationship a = read(p, "a", t + 9).state;
  CHECK(a.ladder.purchases == 3);
  CHECK(a.first_purchase == t);
  CHECK(a.last_purchase == t + 2);
  // Everything taken back: nobody was ever there.
  Portfolio empty(policy());
  Row only = buy(t, "gone");
  CHECK(balanced(apply_rows(empty, {only, back}, true)));
  CHECK(empty.size() == 0);
  CHECK(empty.newest() == no_time);
}

TEST_CASE("an event_id names an event of its relationship: that of another is another event") {
  Portfolio p(policy());
  const auto buy = [](const char* who) {
    return Row{.relationship = who,
               .event = {.kind = Kind::purchase, .time = t, .amount = 1},
               .event_id = "1"};
  };
  const Row back{
      .relationship = "b", .event = {.kind = Kind::retraction, .time = t}, .refers_to = "1"};
  const Books books = apply_rows(p, {buy("a"), buy("b"), buy("17"), buy("18"), back}, true);
  CHECK(balanced(books));
  CHECK(books.scored == 3);
  CHECK(skipped(books, Skip::repeated) == 0);
  CHECK(skipped(books, Skip::retracted) == 2);
  CHECK_FALSE(p.find("b").has_value());
}

TEST_CASE("copies of a row are folded, and counted, in whatever order they come") {
  const auto purchase = [](const char* who, Time at, double amount) {
    return Row{.relationship = who,
               .event = {.kind = Kind::purchase, .time = at, .amount = amount}};
  };
  const Row promise{.relationship = "a",
                    .event = {.kind = Kind::promise, .time = t, .due = t + day}};
  Row named = promise;
  named.refers_to = "p1";
  std::vector<Row> rows = {purchase("a", t, 1),
                           purchase("a", t, 1),
                           purchase("a", t, 1),  // two copies
                           purchase("a", t, 2),
                           purchase("b", t, 1),
                           promise,
                           promise,  // one
                           named,
                           purchase("a", t + 1, 1),
                           purchase("a", t - 1, 1)};
  Row bad = purchase("a", t, -1);  // set aside, so no copy of anything
  rows.push_back(bad);
  rows.push_back(bad);
  for (int turn = 0; turn < 12; ++turn) {
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
    Portfolio p(policy());
    const Books books = apply_rows(p, rows);
    CHECK(books.repeats == 3);
    CHECK(p.books().repeats == 3);
    CHECK(books.scored == 10);
  }
}

TEST_CASE(
    "two currencies in the first second that names any: the policy has to say, however rows come") {
  const auto pay = [](Time at, std::string currency) {
    Row r{.relationship = "a", .event = {.kind = Kind::purchase, .time = at, .amount = 1}};
    r.currency = std::move(currency);
    return r;
  };
  Portfolio whole(policy());
  CHECK_THROWS_WITH_AS(apply_rows(whole, {pay(t, "USD"), pay(t + 1, "USD"), pay(t, "EUR")}),
                       doctest::Contains("EUR and USD; set `currency`"), MismatchError);
  CHECK(whole.size() == 0);
  Portfolio split(policy());
  apply_rows(split, {pay(t, "USD")});
  CHECK_THROWS_AS(apply_rows(split, {pay(t, "EUR")}), MismatchError);
  CHECK(set_aside(apply_rows(split, {pay(t + 1, "EUR")}), Code::other_currency) == 1);
}

TEST_CASE(
    "repeats that differ in role or currency alone are told apart by their bytes, not by their "
    "order") {
  Row a{.relationship = "a",
        .event = {.kind = Kind::contract, .time = t, .until = t + day},
        .event_id = "x"};
  Row b = a;
  a.role = static_cast<std::uint8_t>(Role::supplier);
  b.role = static_cast<std::uint8_t>(Role::agent);
  const auto folded = [](const std::vector<Row>& rows) {
    Policy in_euro = policy();
    in_euro.currency = "EUR";
    Portfolio p(in_euro);
    apply_rows(p, rows, true);
    return p.bytes();
  };
  CHECK(folded({a, b}) == folded({b, a}));
  b.role = a.role;
  a.currency = "EUR";
  b.currency = "XXX";
  CHECK(folded({a, b}) == folded({b, a}));
  b = a;
  b.code = Code::bad_value;
  CHECK(folded({a, b}) == folded({b, a}));
}

// ---- roles, currencies, identifiers ----------------------------------------------------------------

TEST_CASE("the role is that of the latest row that names one; at equal times the larger") {
  const auto with_role = [](Time at, Role role) {
    Row r = row("a", {.kind = Kind::cost, .time = at, .amount = 1});
    r.role = static_cast<std::uint8_t>(role);
    return r;
  };
  Policy agents = policy();
  agents.default_role = Role::agency;
  Portfolio p(agents);
  apply_rows(p, {row("a", {.kind = Kind::cost, .time = t, .amount = 1})});
  CHECK(p.role(0) == Role::agency);
  apply_rows(p, {with_role(t + 10, Role::agent), with_role(t + 20, Role::supplier),
                 with_role(t + 5, Role::distributor)});
  CHECK(p.role(0) == Role::supplier);
  apply_rows(p, {with_role(t + 20, Role::distributor),
                 row("a", {.kind = Kind::cost, .time = t + 30, .amount = 1})});
  CHECK(p.role(0) == Role::distributor);
  apply_rows(p, {with_role(t + 20, Role::supplier)});
  CHECK(p.role(0) == Role::distributor);
  // A row that is set aside says nothing.
  Row bad = with_role(t + 40, Role::consumer);
  bad.event.amount = -1;
  apply_rows(p, {bad});
  CHECK(p.role(0) == Role::distributor);
  // The role decides how the same sums are judged: omega is 1/4 for a distributor.
  apply_rows(p, {row("a", {.kind = Kind::contract, .time = t + 50, .until = t + 365 * day})});
  CHECK(p.assess(0, p.at(t + 50)).parameters.commitment.mean < 0.75);
}

TEST_CASE("one currency: the policy's, else that of the earliest row; others need a rate") {
  const auto pay = [](Time at, double amount, std::string currency) {
    Row r = row("a", {.kind = Kind::purchase, .time = at, .amount = amount, .margin = -amount});
    r.currency = std::move(currency);
    return r;
  };
  Portfolio first(policy());
  const Books books =
      apply_rows(first, {pay(t + 1, 5, "USD"), pay(t, 7, "EUR"), pay(t - 1, 9, "")});
  CHECK(first.currency() == "EUR");
  CHECK(set_aside(books, Code::other_currency) == 1);
  CHECK(read(first, "a", t + 1).state.spend == 1600);
  CHECK(first.set_aside(0) == 1);

  Policy rated = policy();
  rated.currency = "EUR";
  rated.rates = {{"USD", 0.5}};
  Portfolio second(rated);
  apply_rows(second, {pay(t, 5, "USD"), pay(t, 7, "GBP"), pay(t, 1, "EUR")});
  CHECK(read(second, "a", t).state.spend == 350);
  CHECK(read(second, "a", t).state.money == 700);
  CHECK(set_aside(second.books(), Code::other_currency) == 1);
}

TEST_CASE("a number and its decimal text are the same relationship; other texts are not") {
  Portfolio numbers(policy());
  Portfolio texts(policy());
  std::vector<Row> rows;
  for (const char* id : {"17850", "0", "-3", "9223372036854775807", "-9223372036854775807",
                         "1000000000000000000", "-1000000000000000000"})
    rows.push_back(row(id, {.kind = Kind::purchase, .time = t}));
  numbers.apply(Table(rows, false, true));
  texts.apply(Table(rows));
  CHECK(numbers.bytes() == texts.bytes());
  numbers.apply(Table(rows));  // texts into numbers: nobody new
  CHECK(numbers.size() == rows.size());
  for (const Row& r : rows) CHECK(numbers.id(*numbers.find(r.relationship)) == r.relationship);
  for (const char* other : {"017850", "+3", "-0", " 3", "3.0", "9223372036854775808",
                            "-9223372036854775809", "00", "-", "--3", ""})
    CHECK_FALSE(numbers.find(other).has_value());
  CHECK_FALSE(numbers.find(std::string_view{}).has_value());
  // Listed by the bytes of the texts.
  std::vector<std::string> ids;
  for (const std::uint32_t i : numbers.sorted()) ids.push_back(numbers.id(i));
  CHECK(ids == std::vector<std::string>{"-1000000000000000000", "-3", "-9223372036854775807", "0",
                                        "1000000000000000000", "17850", "9223372036854775807"});
}

// ---- books, limits, windows ------------------------------------------------------------------------

TEST_CASE("rows that are set aside are counted, told, and mark their relationship") {
  Portfolio p(policy());
  const std::vector<Row> rows = {
      row("a", {.kind = Kind::purchase, .time = t}),
      row("a", {.kind = Kind::purchase}),
      row("b", {.kind = Kind::purchase, .time = t, .amount = -1}),
      row("", {.kind = Kind::purchase, .time = t}),
      row("c", {.kind = static_cast<Kind>(EventColumns::unreadable), .time = t}),
      row("a", {.kind = Kind::retraction, .time = t}, "x")};
  const Books books = apply_rows(p, rows);
  CHECK(books.read == 6);
  CHECK(books.scored == 1);
  CHECK(balanced(books));
  REQUIRE(books.rejects.size() == 5);
  const Code expected[] = {Code::missing_time, Code::negative, Code::missing_relationship,
                           Code::unknown_kind, Code::retraction_without_event};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(books.rejects[i].row == static_cast<std::int64_t>(i) + 1);
    CHECK(books.rejects[i].code == expected[i]);
  }
  CHECK(p.set_aside(*p.find("a")) == 2);
  CHECK(p.set_aside(*p.find("b")) == 1);
  CHECK(p.set_aside(*p.find("c")) == 1);
  CHECK(p.newest() == t);
  p.note_set_aside("b", 3);
  p.note_set_aside("d");
  CHECK(p.set_aside(*p.find("b")) == 4);
  CHECK(p.set_aside(*p.find("d")) == 1);
  CHECK(p.apply("a", {.kind = Kind::guarantee, .time = t}) == Code::missing_value);
  CHECK(p.apply("a", {.kind = Kind::guarantee, .time = t, .value = 1}) == Code::ok);
  CHECK(balanced(p.books()));
}

TEST_CASE("unreadable codes are set aside by name") {
  Portfolio p(policy());
  Table table(
      {row("a", {.kind = Kind::survey, .time = t, .value = 1, .scale_low = 0, .scale_high = 1}),
       row("a", {.kind = Kind::purchase, .time = t}),
       row("a", {.kind = Kind::purchase, .time = t})});
  const std::uint8_t sides[] = {0, EventColumns::unreadable, EventColumns::absent};
  const std::uint8_t parameters[] = {EventColumns::unreadable, EventColumns::unreadable,
                                     EventColumns::absent};
  const std::uint8_t roles[] = {EventColumns::absent, EventColumns::absent,
                                EventColumns::unreadable};
  table.columns().side = sides;
  table.columns().parameter = parameters;
  table.columns().role = roles;
  const Books books = p.apply(table);
  CHECK(set_aside(books, Code::bad_parameter) == 1);
  CHECK(set_aside(books, Code::bad_side) == 1);
  CHECK(set_aside(books, Code::bad_role) == 1);
  CHECK(books.scored == 0);
}

TEST_CASE("columns that every row needs are asked for by name") {
  const Table table({row("a", {.kind = Kind::purchase, .time = t})});
  for (int missing = 0; missing < 3; ++missing) {
    EventColumns c = table;
    if (missing == 0) c.time = nullptr;
    if (missing == 1) c.kind = nullptr;
    if (missing == 2) c.relationship = {};
    Portfolio p(policy());
    CHECK_THROWS_WITH_AS(p.apply(c), "event columns: relationship, time and kind are required",
                         MismatchError);
    CHECK_THROWS_AS(p.retract(c), MismatchError);
    CHECK_THROWS_AS(p.replay(c), MismatchError);
  }
  Portfolio p(policy());
  CHECK(p.apply(EventColumns{}).read == 0);
}

TEST_CASE("at the limits everything is scored; one past them every use refuses, until a replay") {
  Policy plain = policy();
  SUBCASE("a million events") {
    Portfolio p(plain);
    const std::vector<std::int64_t> ids(1'000'000, 7);
    const std::vector<Time> times(ids.size(), t);
    const std::vector<std::uint8_t> kinds(ids.size(), static_cast<std::uint8_t>(Kind::purchase));
    EventColumns c;
    c.rows = ids.size();
    c.relationship_number = ids.data();
    c.time = times.data();
    c.kind = kinds.data();
    CHECK(p.apply(c).scored == 1'000'000);
    CHECK_NOTHROW(p.at(t));
    c.rows = 1;
    CHECK_THROWS_WITH_AS(
        p.apply(c),
        "relationship 7 is beyond the limits: 1000001 events (at most 1000000), 0 minor units of "
        "money "
        "(at most 1000000000000); split it, or leave its rows out, and fold the log anew",
        LimitError);
    CHECK_THROWS_AS(p.at(t), LimitError);
    CHECK_THROWS_AS(p.apply(c), LimitError);
  }
  SUBCASE("10^12 minor units of money") {
    Portfolio p(plain);
    const auto pay = [](const char* who, double amount) {
      return row(who, {.kind = Kind::purchase, .time = t, .amount = amount});
    };
    apply_rows(p, {pay("a", 1e10 - 5), pay("a", 5)});
    CHECK(p.state(0, t).money == 1'000'000'000'000);
    CHECK_NOTHROW(p.at(t));
    // Two go over; replaying one must not hide the other.
    CHECK_THROWS_AS(apply_rows(p, {pay("a", 0.01), pay("b", 1e10), pay("b", 0.01)}), LimitError);
    CHECK_THROWS_AS(p.at(t), LimitError);
    CHECK_THROWS_AS(p.replay(Table({pay("b", 1)})), LimitError);
    CHECK_THROWS_AS(p.at(t), LimitError);
    CHECK_NOTHROW(p.replay(Table({pay("a", 1)})));
    CHECK_NOTHROW(p.at(t));
    CHECK(p.state(*p.find("a"), t).money == 100);
  }
  SUBCASE("merging") {
    Portfolio p(plain);
    Portfolio q(plain);
    apply_rows(p, {row("a", {.kind = Kind::cost, .time = t, .amount = 1e10})});
    apply_rows(q, {row("a", {.kind = Kind::cost, .time = t, .amount = 0.01})});
    CHECK_THROWS_AS(p.merge(q), LimitError);
  }
}

TEST_CASE("rows beyond the window are refused whole, before anything is applied") {
  Portfolio p(policy());
  const Time last = landmark + 30 * 365 * day;
  CHECK_NOTHROW(apply_rows(p, {row("a", {.kind = Kind::purchase, .time = last})}));
  const auto before = p.bytes();
  const std::string expected =
      "a row of 2049-12-25 is newer than 2049-12-24, 30 of the shortest half-life after the "
      "landmark 2020-01-01; "
      "set landmark = 2049-12-25, or leave rows after the as-of date out";
  CHECK_THROWS_WITH_AS(apply_rows(p, {row("b", {.kind = Kind::purchase, .time = t}),
                                      row("a", {.kind = Kind::purchase, .time = last + day})}),
                       expected.c_str(), WindowError);
  CHECK(p.bytes() == before);
  // A row of an impossible date does not hide it, and is no reason to refuse by itself.
  CHECK_THROWS_AS(apply_rows(p, {row("a", {.kind = Kind::purchase, .time = furthest_time + 1}),
                                 row("a", {.kind = Kind::purchase, .time = last + 1})}),
                  WindowError);
  CHECK(set_aside(apply_rows(p, {row("a", {.kind = Kind::purchase, .time = furthest_time + 1})}),
                  Code::bad_time) == 1);
  // Rows of long ago are summed.
  CHECK(apply_rows(p, {row("a", {.kind = Kind::purchase, .time = -furthest_time})}).scored == 1);
}

TEST_CASE("an assessment lies on the newest row or later, inside the window") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::purchase, .time = utc(2021, 5, 6)})});
  CHECK_NOTHROW(p.at(utc(2021, 5, 6)));
  CHECK_THROWS_WITH_AS(p.at(utc(2021, 5, 6) - 1),
                       "as-of date 2021-05-05 lies before the newest row, 2021-05-06; to see that "
                       "date, fold the rows "
                       "up to it into a new portfolio",
                       WindowError);
  CHECK_THROWS_AS(p.at(utc(2050, 1, 1)), WindowError);
  Portfolio empty(policy());
  CHECK_NOTHROW(empty.at(t));
  CHECK_THROWS_AS(empty.at(no_time), WindowError);
  CHECK_THROWS_AS(empty.at(std::numeric_limits<Time>::max()), WindowError);
}

TEST_CASE("portfolios of other rules do not merge") {
  Portfolio p(policy());
  Policy other = policy();
  other.fold.response_target = 1;
  const auto message_of = [&](const Portfolio& q) {
    try {
      p.merge(q);
    } catch (const MismatchError& e) {
      return std::string(e.what());
    }
    return std::string("merged");
  };
  CHECK(message_of(Portfolio(other)).find("other fold fingerprints do not merge") !=
        std::string::npos);
  CHECK(message_of(Portfolio(policy(), t + day)) ==
        "portfolios of other landmarks do not merge: 2020-01-01 and 2020-01-02");
  // Weights and priors need no other fold.
  other = policy();
  other.roles[0].quality.minimum_coverage = 0.1;
  CHECK(message_of(Portfolio(other)) == "merged");
  // Criteria keep the sums, but not the position.
  other.criteria.supporter = {0.9, 0.3};
  Portfolio q(other);
  apply_rows(q, {row("a", {.kind = Kind::purchase, .time = t})});
  CHECK(message_of(q) == "merged");
  CHECK(p.state(*p.find("a"), t).ladder.has(position_unset));
  CHECK_FALSE(p.assess(*p.find("a"), p.at(t)).standing.exact);
}

TEST_CASE("kinds that were seen light their parameters; a declaration outranks them") {
  Portfolio p(policy());
  apply_rows(p, {row("a", {.kind = Kind::guarantee, .time = t, .value = 1}),
                 row("a", {.kind = Kind::promise, .time = t, .due = t, .side = Side::them})});
  CHECK(p.observed().commitment());
  CHECK(p.observed().trust());  // a breached guarantee would have told
  CHECK_FALSE(p.observed().responsiveness());
  CHECK_FALSE(p.observed().purchases());
  const Assessment a = p.assess(0, p.at(t));
  CHECK(a.parameters.responsiveness.coverage == 0);
  CHECK_FALSE(a.lit.responsiveness);
  Policy declared = policy();
  declared.observes = Observed{};
  Portfolio q(declared);
  apply_rows(q, {row("a", {.kind = Kind::guarantee, .time = t, .value = 1})});
  CHECK_FALSE(q.observed().commitment());
}

TEST_CASE("items that nothing can change any more are folded away: memory follows what is open") {
  Portfolio p(policy());
  for (int round = 0; round < 40; ++round) {
    std::vector<Row> rows;
    for (int i = 0; i < 200; ++i)
      rows.push_back(row(std::to_string(i % 50),
                         {.kind = Kind::request, .time = t + round * 31 * tau + i},
                         "r" + std::to_string(i)));
    apply_rows(p, rows);
  }
  CHECK(p.kept_items() < 3000);
  CHECK(p.open_items() <= p.kept_items());
  const Time end = t + 40 * 31 * tau;
  std::int64_t events = 0;
  for (std::uint32_t i = 0; i < p.size(); ++i) {
    CHECK(p.state(i, end).open_requests == 0);
    events += p.state(i, end).events;
  }
  CHECK(events == 2 * 40 * 200);  // every request opened and expired
}

TEST_CASE(
    "items that wait are counted as of the newest row, whoever has looked and whatever was saved") {
  Portfolio p(policy());
  p.apply("a", {.kind = Kind::promise, .time = t, .due = t + day, .done = t + 2 * day});
  p.apply("a", {.kind = Kind::promise, .time = t, .due = t + 9 * day, .done = t + 8 * day});
  CHECK(p.open_items() == 2);
  p.apply("b", {.kind = Kind::purchase, .time = t + 3 * day});
  CHECK(p.kept_items() == 2);
  CHECK(p.open_items() == 1);
  CHECK(Portfolio::from_bytes(p.bytes(), policy()).open_items() == 1);
}
