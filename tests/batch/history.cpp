// SPDX-License-Identifier: MIT
#include <loyalty/batch/history.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <loyalty/batch/output.hpp>
#include <loyalty/dynamics/movements.hpp>

#include "batch/any_rows.hpp"
#include "batch/rows.hpp"
#include "golden/worked_events.hpp"
#include "ladder/any_life.hpp"
#include "ladder/slow_staircase.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::any_life;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::hour;
using loyalty_tests::law;
using loyalty_tests::Life;
using loyalty_tests::log_life;
using loyalty_tests::log_rows;
using loyalty_tests::LogShape;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::SlowStaircase;
using loyalty_tests::Table;
using loyalty_tests::Tries;
using loyalty_tests::within;

namespace {

/// A row of the tape as a person reads it.
struct Step {
  std::string who;
  Time time;
  Rung from;
  Rung to;
  friend bool operator==(const Step&, const Step&) = default;
};

std::vector<Step> changes_of(const History& h) {
  std::vector<Step> out;
  for (std::size_t i = 0; i < h.tape.size(); ++i)
    out.push_back({std::string(h.relationships[h.tape.relationship[i]]), h.tape.time[i],
                   h.tape.from[i], h.tape.to[i]});
  return out;
}

History history_of(const std::vector<Row>& rows, const Policy& policy,
                   const HistoryOptions& options = {}) {
  const bool with_ids =
      std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.event_id.empty(); });
  return history(Table(rows, with_ids), policy, options);
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// A policy whose memory is short beside ten days.
Policy any_policy(Time from, Time to) {
  Policy p;
  HalfLives& h = p.fold.half_lives;
  const auto some = [] { return *one_of<Time>({12 * hour, day, 3 * day}); };
  h.purchases = some();
  h.support = some();
  h.advocacy = some();
  h.partnership = some();
  h.trust = some();
  h.responses = h.reciprocity = some();
  p.fold.response_target = *one_of<Time>({hour, day / 4});
  p.fold.promise_grace = *one_of<Time>({0, hour});
  if (*within(0, 3) == 0) p.fold.perspective = Side::them;
  if (*rc::gen::arbitrary<bool>()) {
    p.currency = "EUR";
    p.rates = {{"USD", 0.5}};
  }
  const Time shortest =
      std::min({h.purchases, h.support, h.advocacy, h.partnership, h.trust, h.responses});
  // The staircase starts before the log, or in it.
  p.landmark = *one_of<Time>({to, std::max(to, from + 3 * day + 30 * shortest)});
  RC_LOG() << "half-lives " << h.purchases << ' ' << h.support << ' ' << h.advocacy << ' '
           << h.partnership << ' ' << h.trust << ' ' << h.responses << ", response target "
           << p.fold.response_target << ", grace " << p.fold.promise_grace << ", perspective "
           << (p.fold.perspective == Side::us ? "us" : "them") << ", currency \"" << p.currency
           << "\", landmark " << *p.landmark << '\n';
  return p;
}

/// The tape starts from prospect, skips nothing, is ordered, and passes one rung a row.
void is_a_tape(const History& h) {
  const auto rows = changes_of(h);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool first = i == 0 || rows[i].who != rows[i - 1].who;
    if (i > 0) RC_ASSERT(rows[i - 1].who <= rows[i].who);
    RC_ASSERT(rows[i].from == (first ? Rung::prospect : rows[i - 1].to));
    if (!first) RC_ASSERT(rows[i - 1].time <= rows[i].time);
    RC_ASSERT(std::abs(static_cast<int>(rows[i].to) - static_cast<int>(rows[i].from)) == 1);
    RC_ASSERT(rows[i].time <= h.until);
  }
}

/// The rungs that the tape gives as of a date.
std::map<std::string, Rung> rungs_by_tape(const History& h, Time date) {
  std::map<std::string, Rung> rungs;
  for (const Step& change : changes_of(h))
    if (change.time <= date) rungs[change.who] = change.to;
  return rungs;
}

/// What a fresh fold of the rows up to a date says, against the snapshot and the tape.
void compare_with_fresh_fold(const History& h, std::size_t d, const std::vector<Row>& rows,
                             const Policy& policy) {
  const Time date = h.snapshots.dates[d];
  Portfolio fresh(policy, h.landmark);
  std::vector<Row> until;
  for (Row row : rows) {
    // What is taken back is absent from all of the history, whenever it is taken back.
    if (row.event.kind == Kind::retraction && row.event.time <= h.until)
      row.event.time = std::min(row.event.time, date);
    const bool timeless = row.event.time == no_time && row.event.kind != Kind::retraction;
    if (!timeless && row.event.time <= date) until.push_back(row);
  }
  apply_rows(fresh, until, true);
  const ResultTable table = assess_all(fresh, date, {.intervals = false});
  const auto column = [&](std::string_view name) -> const ResultColumn& {
    return *std::find_if(table.columns.begin(), table.columns.end(),
                         [&](const ResultColumn& c) { return c.name == name; });
  };
  const auto text = [&](std::string_view name, std::size_t i) {
    return std::string(std::get<TextValues>(column(name).values)[i]);
  };
  const auto number = [&](std::string_view name, std::size_t i) {
    return std::get<std::vector<double>>(column(name).values)[i];
  };
  const Snapshots& s = h.snapshots;
  const auto rungs = rungs_by_tape(h, date);
  std::size_t found = 0;
  for (std::size_t i = s.first[d]; i < s.first[d + 1]; ++i) {
    const std::string who(h.relationships[s.relationship[i]]);
    if (i > s.first[d]) RC_ASSERT(s.relationship[i - 1] < s.relationship[i]);
    std::size_t k = 0;
    while (k < fresh.size() && text("relationship", k) != who) ++k;
    RC_LOG() << "date " << date << " of " << who << '\n';
    RC_ASSERT(k < fresh.size());
    ++found;
    const Assessment a = fresh.assess(*fresh.find(who), fresh.at(date));
    RC_ASSERT(s.lit[d].purchases == !text("rung", k).empty());
    RC_ASSERT(name(s.rung[i]) == name(a.rung()));
    RC_ASSERT(name(s.rung_peak[i]) == name(a.standing.position.peak));
    RC_ASSERT(a.standing.exact);
    RC_ASSERT((s.at_least[i] == 1) == a.standing.at_least);
    RC_ASSERT(same(s.quality[i], number("quality", k)));
    RC_ASSERT(same(s.quality_low[i], number("quality_low", k)));
    RC_ASSERT(same(s.quality_high[i], number("quality_high", k)));
    RC_ASSERT(same(s.commitment[i], number("commitment", k)));
    RC_ASSERT(same(s.responsiveness[i], number("responsiveness", k)));
    RC_ASSERT(same(s.reciprocity[i], number("reciprocity", k)));
    RC_ASSERT(same(s.trust[i], number("trust", k)));
    RC_ASSERT(s.coverage[i] == a.coverage);
    // The newest purchase by then.
    const auto purchases = std::span(h.purchases.time)
                               .subspan(h.purchases.first[s.relationship[i]],
                                        h.purchases.first[s.relationship[i] + 1] -
                                            h.purchases.first[s.relationship[i]]);
    const auto later = std::upper_bound(purchases.begin(), purchases.end(), date);
    RC_ASSERT((later == purchases.begin() ? no_time : later[-1]) ==
              fresh.state(*fresh.find(who), date).last_purchase);
    const auto it = rungs.find(who);
    RC_ASSERT(name(it == rungs.end() ? Rung::prospect : it->second) == name(a.rung()));
  }
  // A retraction that was moved here names its relationship too early; nobody else is missing.
  for (std::uint32_t i = 0; i < fresh.size(); ++i) {
    const Relationship r = fresh.state(i, date);
    bool there = false;
    for (std::size_t k = s.first[d]; k < s.first[d + 1]; ++k)
      there = there || h.relationships[s.relationship[k]] == fresh.id(i);
    RC_ASSERT(there || r.empty());
  }
  RC_ASSERT(found == s.first[d + 1] - s.first[d]);
}

void follows_fresh_folds(const LogShape& shape) {
  const std::vector<Row> rows = any_rows(shape);
  const Policy policy = any_policy(shape.from, shape.to);
  log_rows(rows);
  HistoryOptions options{.until = *one_of<Time>({shape.to, shape.to + 2 * day})};
  for (int i = 0; i < 3; ++i) options.dates.push_back(*within<Time>(shape.from, options.until));
  for (const Row& row : rows)
    if (row.event.time > shape.from && row.event.time < shape.to && *within(0, 5) == 0)
      options.dates.push_back(row.event.time - *within(0, 1));
  const Time earliest = history_window(policy, shape.from, options.until).first;
  for (Time& date : options.dates) date = std::max(date, earliest);
  RC_LOG() << "until " << options.until << '\n';
  History h;
  try {
    h = history_of(rows, policy, options);
  } catch (const MismatchError&) {
    RC_ASSERT(policy.currency.empty() && shape.currencies);
    Portfolio whole(policy);
    RC_ASSERT_THROWS_AS(apply_rows(whole, rows, true), MismatchError);
    return;
  }
  RC_ASSERT(balanced(h.books));
  is_a_tape(h);
  for (std::size_t d = 0; d < h.snapshots.dates.size(); ++d)
    compare_with_fresh_fold(h, d, rows, policy);
  // Transitions counted along the paths are those between snapshots.
  const Snapshots& s = h.snapshots;
  Transitions between;
  for (std::size_t d = 1; d < s.dates.size(); ++d)
    for (std::size_t i = s.first[d - 1], k = s.first[d]; i < s.first[d]; ++i) {
      while (s.relationship[k] != s.relationship[i]) ++k;  // who is known stays known
      ++between.counts[static_cast<std::size_t>(s.rung[i])][static_cast<std::size_t>(s.rung[k])];
    }
  RC_ASSERT(transitions(h.paths(), s.dates) == between);
  // The order of rows is no matter.
  const std::vector<Row> other = shuffled(rows);
  const History again = history_of(other, policy, options);
  RC_ASSERT(changes_of(again) == changes_of(h));
  RC_ASSERT(again.tape.at_least == h.tape.at_least);
  RC_ASSERT(again.purchases.first == h.purchases.first);
  RC_ASSERT(again.purchases.time == h.purchases.time);
  RC_ASSERT(again.books.scored == h.books.scored);
  for (std::size_t i = 0; i < h.snapshots.size(); ++i)
    RC_ASSERT(same(again.snapshots.quality[i], h.snapshots.quality[i]));
  for (const Reject& reject : again.books.rejects) {
    const Row& row = other[static_cast<std::size_t>(reject.row)];
    RC_ASSERT(row.code == Code::ok || row.code == reject.code);
  }
}

}  // namespace

TEST_CASE("tape and snapshots are what fresh folds of the rows up to a date say, in any order") {
  law("rows that open, close and wait, bad ones among them", 250,
      [] { follows_fresh_folds({.most = 60}); });
  law("with repeats, retractions and currencies", 250,
      [] { follows_fresh_folds({.most = 40, .event_ids = true, .currencies = true}); });
  law("rows of one name in one second that differ", 400,
      [] { follows_fresh_folds({.most = 12, .event_ids = true, .crowded = true}); });
}

TEST_CASE("of two rows of one name in one second a history keeps the one that a fold keeps") {
  const Time t = utc(2024, 1, 1);
  const std::vector<Row> rows = {
      {.relationship = "a",
       .event = {.kind = Kind::response, .time = t, .since = t, .side = Side::them},
       .event_id = "1"},
      {.relationship = "a",
       .event = {.kind = Kind::contact, .time = t, .side = Side::them},
       .event_id = "1",
       .personal = 1,
       .answered = 0}};
  Policy policy;
  policy.fold.perspective = Side::them;
  Portfolio fold(policy);
  apply_rows(fold, rows, true);
  const Assessment should = fold.assess(0, fold.at(t));
  for (const auto& some : {rows, std::vector<Row>{rows[1], rows[0]}}) {
    const Snapshots s = history_of(some, policy, {.dates = {t}}).snapshots;
    REQUIRE(s.size() == 1);
    CHECK(s.lit[0].responsiveness == Lit(fold.observed()).responsiveness);
    CHECK(same(s.responsiveness[0],
               should.lit.responsiveness ? should.parameters.responsiveness.mean : no_value));
  }
}

TEST_CASE("the tape of a log is that of continuous evaluation, relationship by relationship") {
  law("lives under one policy", 300, [] {
    Life life = any_life({hour, 2 * hour, 30 * hour});
    log_life(life);
    life.last = std::min(life.last, life.rules.window_end);
    Policy policy;
    policy.fold = life.rules.options;
    policy.criteria = life.rules.ladder.criteria;
    policy.landmark = life.rules.landmark;
    // Whole, and without every other event; all in one log.
    std::map<std::string, std::vector<Event>> lives;
    for (std::size_t i = 0; i < life.events.size(); ++i) {
      lives["all"].push_back(life.events[i]);
      lives[i % 2 == 0 ? "even" : "odd"].push_back(life.events[i]);
    }
    std::vector<Row> rows;
    std::vector<Step> should;
    for (const auto& [who, events] : lives) {
      for (const Event& e : events) rows.push_back({.relationship = who, .event = e});
      int rung = 0;
      const Time first = std::min(life.events.front().time, life.rules.ladder.start);
      for (const auto& change :
           SlowStaircase(life.rules, events).changes(first, life.last, Tries::crossings)) {
        const int next = static_cast<int>(change.position.rung);
        for (const int step = next < rung ? -1 : 1; rung != next; rung += step)
          should.push_back(
              {who, change.from, static_cast<Rung>(rung), static_cast<Rung>(rung + step)});
      }
    }
    const History h = history_of(shuffled(rows), policy, {.until = life.last});
    is_a_tape(h);
    RC_ASSERT(changes_of(h) == should);
    for (std::size_t i = 0; i < h.tape.size(); ++i) {
      const auto& events = lives[std::string(h.relationships[h.tape.relationship[i]])];
      const bool before = std::any_of(events.begin(), events.end(), [&](const Event& e) {
        return e.kind != Kind::guarantee && e.time < life.rules.ladder.start;
      });
      RC_ASSERT((h.tape.at_least[i] == 1) == before);
    }
  });
}

TEST_CASE(
    "the worked example of docs/model.md: its climbs, and its falls if nothing more happens") {
  std::vector<Row> rows;
  for (const Event& e : loyalty_tests::worked_example())
    rows.push_back(
        {.relationship = "17850",
         .event = e,
         .refers_to = e.kind == Kind::complaint || e.kind == Kind::resolution ? "c" : ""});
  Policy policy;
  policy.landmark = 700 * day;
  policy.default_role = Role::distributor;
  const History h =
      history_of(rows, policy, {.until = 1700 * day, .dates = {700 * day, 1500 * day}});
  const auto tape = changes_of(h);
  struct {
    double on_day;
    Rung to;
  } const expected[] = {{10, Rung::buyer},         {90, Rung::client},     {150, Rung::supporter},
                        {300, Rung::advocate},     {450, Rung::partner},   {1327.4, Rung::advocate},
                        {1327.4, Rung::supporter}, {1599.4, Rung::client}, {1640.5, Rung::buyer}};
  REQUIRE(tape.size() == std::size(expected));
  for (std::size_t i = 0; i < tape.size(); ++i) {
    CHECK(static_cast<double>(tape[i].time) / day ==
          doctest::Approx(expected[i].on_day).epsilon(0.05 / 1600));
    CHECK(tape[i].to == expected[i].to);
  }
  CHECK(tape[5].time == tape[6].time);
  REQUIRE(h.snapshots.size() == 2);
  CHECK(h.snapshots.quality[0] == doctest::Approx(69.891745).epsilon(1e-8));
  CHECK(h.snapshots.quality_low[0] == doctest::Approx(53.737).epsilon(1e-5));
  CHECK(h.snapshots.quality_high[0] == doctest::Approx(80.595).epsilon(1e-5));
  CHECK(h.snapshots.commitment[0] == doctest::Approx(.760514).epsilon(1e-6));
  CHECK(h.snapshots.coverage[0] == doctest::Approx(.5789).epsilon(1e-4));
  CHECK(h.snapshots.rung[1] == Rung::supporter);
  CHECK(h.snapshots.rung_peak[1] == Rung::partner);
}

TEST_CASE("every kind of event is followed that can feed the ladder") {
  const Time t = utc(2024, 1, 1);
  for (int k = 0; k < kind_count - 1; ++k) {
    const auto kind = static_cast<Kind>(k);
    CAPTURE(name(kind));
    std::vector<Row> rows;
    const auto happens = [&](Kind what, int times) {
      for (int i = 0; i < times; ++i)
        rows.push_back({.relationship = "a",
                        .event = {.kind = what,
                                  .time = t + static_cast<Time>(rows.size()) * hour,
                                  .value = 1,
                                  .scale_low = 0,
                                  .scale_high = 1,
                                  .due = t + day,
                                  .until = t + 10 * day,
                                  .since = t,
                                  .side = what == Kind::contact ? Side::them : Side::us,
                                  .whole_order = true}});
    };
    // A client with what the rungs above the kind's own ask for, too.
    happens(Kind::purchase, 2);
    for (const Kind other : {Kind::review, Kind::attendance, Kind::suggestion}) {
      const bool own = other == Kind::review && (kind == Kind::contact || kind == Kind::survey ||
                                                 kind == Kind::participation);
      if (other != kind && !own) happens(other, 1);
    }
    happens(kind, 4);
    Portfolio fresh(Policy{}, t);
    apply_rows(fresh, rows);
    const Time last = rows.back().event.time;
    const Rung rung = fresh.at(last).standing(fresh.state(0, last)).position.rung;
    CHECK(name(rungs_by_tape(history_of(rows, {}), last)["a"]) == name(rung));
    if (kind == Kind::survey || kind == Kind::contact) CHECK(name(rung) == "partner");
    if (kind == Kind::returned) CHECK(name(rung) == "prospect");
    if (kind == Kind::purchase_elsewhere) CHECK(name(rung) == "supporter");
  }
}

TEST_CASE("rows after the last date are not used; dates after it are refused") {
  const std::vector<Row> rows = {
      {.relationship = "a", .event = {.kind = Kind::purchase, .time = utc(2024, 1, 1)}},
      {.relationship = "b", .event = {.kind = Kind::purchase, .time = utc(2024, 2, 1)}},
      {.relationship = "b", .event = {.kind = Kind::cost, .time = utc(2024, 3, 1), .amount = -1}}};
  const History h = history_of(rows, {}, {.until = utc(2024, 1, 31)});
  CHECK(h.relationships.offsets.size() - 1 == 1);
  CHECK(h.later == 2);
  CHECK(h.books.read == 1);
  CHECK(history_of(rows, {}).until == utc(2024, 3, 1));
  CHECK(history_of(rows, {}).books.rejects.at(0).row == 2);
  CHECK_THROWS_WITH_AS(
      history_of(rows, {}, {.until = utc(2024, 1, 31), .dates = {utc(2024, 5, 1)}}),
      "history: 2024-05-01 lies after the last date, 2024-01-31; allowed are dates until then",
      WindowError);
  CHECK_THROWS_AS(history_of(rows, {}, {.dates = {utc(1950, 1, 1)}}), WindowError);
  Table no_kind(rows);
  no_kind.columns().kind = nullptr;
  CHECK_THROWS_AS(history(no_kind), MismatchError);
}

TEST_CASE("an empty log has an empty history") {
  const History h = history_of({}, {}, {.until = utc(2024, 1, 31), .dates = {utc(2024, 1, 1)}});
  CHECK(h.tape.size() == 0);
  CHECK(h.snapshots.size() == 0);
  REQUIRE(rung_mix(h.snapshots).size() == 1);
  CHECK(rung_mix(h.snapshots)[0].relationships == 0);
  CHECK(std::isnan(rung_mix(h.snapshots)[0].mean_quality));
  CHECK(history_of({}, {}).relationships.offsets.size() == 1);
}

TEST_CASE("without a landmark the staircase starts with the log, as far as the window reaches") {
  Policy policy;
  policy.purchase_cycle_days = 7;
  HalfLives& h = policy.fold.half_lives;
  h.purchases = 28 * day;
  const auto log = [](Time first, Time last) {
    return std::vector<Row>{{.relationship = "a", .event = {.kind = Kind::purchase, .time = first}},
                            {.relationship = "a", .event = {.kind = Kind::purchase, .time = last}}};
  };
  const Time last = utc(2024, 1, 1);
  CHECK(history_of(log(last - day, last), policy).landmark == last);
  CHECK(history_of(log(last - 1000 * day, last), policy).start == last - 1000 * day);
  CHECK(history_of(log(last - 3000 * day, last), policy).start == last - 60 * 28 * day);
  CHECK(history_window(policy, last - 3000 * day, last).first == last - 60 * 28 * day);
  CHECK_NOTHROW(
      history_of(log(last - 3000 * day, last), policy, {.dates = {last - 60 * 28 * day}}));
  CHECK_THROWS_AS(
      history_of(log(last - 3000 * day, last), policy, {.dates = {last - 60 * 28 * day - 1}}),
      WindowError);
  policy.landmark = utc(2023, 1, 1);
  CHECK(history_of(log(last - day, last), policy).landmark == utc(2023, 1, 1));
}

TEST_CASE("paths of a history: who lapsed, who is at risk, without a tape nothing") {
  const Time t = utc(2024, 1, 1);
  const auto buys = [](const char* who, Time at) {
    return Row{.relationship = who, .event = {.kind = Kind::purchase, .time = at}};
  };
  const std::vector<Row> rows = {buys("a", t), buys("a", t + 10 * day), buys("b", t + 5 * day)};
  const History h = history_of(rows, {}, {.until = t + 40 * day});
  // A: buyer, client from day 10, lapsed 20 days after. B: buyer from day 5, lapsed 20 days after.
  CHECK(states_at(h.paths(), t + 30 * day, 20 * day) ==
        std::array<std::int64_t, state_count>{0, 0, 1, 0, 0, 0, 1});
  CHECK(states_at(h.paths(), t + 30 * day + 1, 20 * day)[lapsed_state] == 2);
  CHECK(states_at(h.paths(), t + day)[1] == 1);
  const TimeAtRisk risk = time_at_risk(h.paths(), t, h.until, 20 * day);
  CHECK(risk.seconds[1] == 10 * day + 20 * day + 1);
  CHECK(risk.seconds[2] == 20 * day + 1);
  CHECK(risk.moves[1][2] == 1);
  CHECK(risk.moves[1][lapsed_state] == 1);
  CHECK(risk.moves[2][lapsed_state] == 1);
  CHECK(risk.moves[0] == std::array<std::int64_t, state_count>{});
  CHECK(purchase_days(h.paths(), t, t + 40 * day) == std::vector<std::int64_t>{0, 1});
  const History bare = history_of(rows, {}, {.until = t + 40 * day, .tape = false});
  CHECK(states_at(bare.paths(), t + 30 * day, 20 * day)[0] == 2);
}

TEST_CASE("the rung mix counts what the snapshots say") {
  const Time t = utc(2024, 1, 1);
  const auto buys = [](const char* who, Time at) {
    return Row{.relationship = who, .event = {.kind = Kind::purchase, .time = at}};
  };
  const std::vector<Row> rows = {
      {.relationship = "c", .event = {.kind = Kind::contact, .time = t, .side = Side::them}},
      buys("a", t + 10 * day),
      buys("a", t + 11 * day),
      buys("b", t + 20 * day),
      {.relationship = "b", .event = {.kind = Kind::guarantee, .time = t + 20 * day, .value = 1}}};
  const auto mix =
      rung_mix(history_of(rows, {}, {.dates = {t + 20 * day, t, t + 15 * day}}).snapshots);
  REQUIRE(mix.size() == 3);
  CHECK(mix[0].relationships == 1);  // nothing is bought yet, so there are no rungs
  CHECK(mix[0].unknown == 1);
  CHECK(mix[0].rungs == std::array<std::int64_t, 6>{});
  CHECK(mix[1].rungs == std::array<std::int64_t, 6>{1, 0, 1, 0, 0, 0});
  CHECK(mix[1].published == 0);
  CHECK(mix[2].rungs == std::array<std::int64_t, 6>{1, 1, 1, 0, 0, 0});
  // One guarantee kept: C = 5/6 instead of 4/5, with coverage 1/6 of a fifth, which the minimum of .05 hides.
  CHECK(mix[2].published == 0);
  Policy eager;
  for (auto& role : eager.roles) role.quality.minimum_coverage = 0.01;
  const auto seen = rung_mix(history_of(rows, eager, {.dates = {t + 20 * day}}).snapshots);
  CHECK(seen[0].published == 1);
  CHECK(seen[0].mean_quality == doctest::Approx(100 * std::pow(5.0 / 6, .2) * std::pow(.6875, .2) *
                                                std::pow(2.0 / 3, .2) * std::pow(.8, .4)));
}

TEST_CASE("periods end in the last second of their last day") {
  CHECK(month_ends(utc(2024, 1, 31, 23, 59, 59), utc(2024, 3, 31, 23, 59, 58)) ==
        std::vector<Time>{utc(2024, 2, 1) - 1, utc(2024, 3, 1) - 1});
  CHECK(month_ends(utc(2023, 12, 5), utc(2024, 1, 1)) == std::vector<Time>{utc(2024, 1, 1) - 1});
  CHECK(month_ends(utc(2024, 2, 1), utc(2024, 1, 1)).empty());
  CHECK(period_ends(Period::quarter, utc(2023, 11, 5), utc(2024, 7, 1)) ==
        std::vector<Time>{utc(2024, 1, 1) - 1, utc(2024, 4, 1) - 1, utc(2024, 7, 1) - 1});
  // 2024-01-07 was a Sunday.
  CHECK(period_ends(Period::week, utc(2024, 1, 1), utc(2024, 1, 14, 23, 59, 59)) ==
        std::vector<Time>{utc(2024, 1, 8) - 1, utc(2024, 1, 15) - 1});
  CHECK(period_ends(Period::week, utc(2024, 1, 8) - 1, utc(2024, 1, 8)) ==
        std::vector<Time>{utc(2024, 1, 8) - 1});
  CHECK(period_ends(Period::week, utc(1969, 12, 22), utc(1970, 1, 1)) ==
        std::vector<Time>{utc(1969, 12, 29) - 1});
}
