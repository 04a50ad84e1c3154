// SPDX-License-Identifier: MIT
/// \file
/// Changes between two portfolios against a recomputation from the rows: each side of each step is folded afresh from the
/// log cut at its date, with and without what came late, and the steps are its differences.
#include <loyalty/batch/changes.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::within;

namespace {

constexpr Time start = 18000 * day;
constexpr Time middle = start + 200 * day;
constexpr Time end = start + 400 * day;

bool near(double got, double wanted, double tolerance) {
  return std::abs(got - wanted) <= tolerance;
}

const ResultColumn& column(const ChangeTable& table, std::string_view name) {
  const auto it = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const ResultColumn& c) { return c.name == name; });
  if (it == table.columns.end()) throw std::out_of_range(std::string(name));
  return *it;
}
std::string_view text(const ChangeTable& table, std::string_view name, std::size_t row) {
  return std::get<TextValues>(column(table, name).values)[row];
}
double number(const ChangeTable& table, std::string_view name, std::size_t row) {
  return std::get<std::vector<double>>(column(table, name).values)[row];
}

/// Any policy that keeps the fold, or with `refold` also one that does not.
Policy any_policy(bool refold) {
  Policy p;
  const auto chance = [] { return *rc::gen::arbitrary<bool>(); };
  for (ScoringOptions& o : p.roles) {
    if (chance()) o.quality.weights = {0.1, 0.3, 0.25, 0.35};
    if (chance()) o.trust.grave_weight = *within(0, 5);
    if (chance()) o.commitment.prior_kept = *within(1, 9);
    if (chance()) o.responsiveness.speed_weight = 0.5;
  }
  if (chance()) p.criteria.supporter = {1.0, 0.5};
  if (chance()) p.observes = Observed::everything();
  if (refold && chance()) p.fold.half_lives.trust = 90 * day;
  if (refold && chance()) p.fold.effects.guarantee_grave = 2;
  if (refold && chance()) p.fold.response_target = 3600;
  return p;
}

/// A portfolio of the rows up to a date.
Portfolio folded(const std::vector<Row>& rows, const Policy& policy, Time until) {
  Portfolio p(policy, middle);
  std::vector<Row> kept;
  for (const Row& row : rows)
    if (row.event.time == no_time || row.event.time <= until) kept.push_back(row);
  apply_rows(p, kept);
  return p;
}

/// The plain formula for one step, from two assessments.
struct Step {
  double q0;
  double q1;
  std::array<long double, 4> points{};
};
Step step(const Assessment& a, const Weights& wa, const Assessment& b, const Weights& wb) {
  const auto means = [](const Assessment& x) {
    const Parameters& p = x.parameters;
    return std::array<long double, 4>{p.commitment.mean, p.responsiveness.mean, p.reciprocity.mean,
                                      p.trust.mean};
  };
  const auto weights = [](const Weights& w) {
    return std::array<long double, 4>{w.commitment, w.responsiveness, w.reciprocity, w.trust};
  };
  long double l0 = 0;
  long double l1 = 0;
  Step s{a.plug_in, b.plug_in, {}};
  for (std::size_t i = 0; i < 4; ++i) {
    const long double x0 = weights(wa)[i] * std::log(means(a)[i]);
    const long double x1 = weights(wb)[i] * std::log(means(b)[i]);
    l0 += x0;
    l1 += x1;
    s.points[i] = x1 - x0;
  }
  const long double q0 = 100 * std::exp(l0);
  const long double q1 = 100 * std::exp(l1);
  const long double lambda = std::fabs(l1 - l0) < 1e-7L ? (q0 + q1) / 2 : (q1 - q0) / (l1 - l0);
  for (long double& p : s.points) p *= lambda;
  return s;
}

/// Assessment and weights of a relationship, as a stranger of `role` where the portfolio does not know it.
struct Read {
  Assessment a;
  Weights w;
};
Read read(const Portfolio& p, const std::string& id, Time at, Role role) {
  const auto index = p.find(id);
  const Role own = index ? p.role(*index) : role;
  const Scorer& scorer = p.rules().scorer(own);
  const Weights w = scorer.options.quality.weights;
  if (index) return {p.assess(*index, p.at(at)), w};
  return {assess(Relationship{}, p.at(at), scorer, Lit(p.observed())), w};
}

void check_step(const char* what, const Read& from, const Read& to, const Attribution& got) {
  const Step s = step(from.a, from.w, to.a, to.w);
  RC_LOG() << what << ": " << total(got) << " of " << s.q1 - s.q0 << '\n';
  RC_ASSERT(near(total(got), s.q1 - s.q0, 1e-10));
  const double parts[] = {got.commitment, got.responsiveness, got.reciprocity, got.trust};
  for (std::size_t i = 0; i < 4; ++i)
    RC_ASSERT(near(parts[i], static_cast<double>(s.points[i]), 1e-9));
}

/// Sums all are zero, to the bit.
bool nothing(const Attribution& a) {
  return a.commitment == 0 && a.responsiveness == 0 && a.reciprocity == 0 && a.trust == 0;
}

/// A log, of which some rows came late and some were taken back.
struct Told {
  std::vector<Row> then;       ///< known at the earlier date
  std::vector<Row> corrected;  ///< up to the earlier date as known now
  std::vector<Row> now;        ///< all, as known now
};
Told any_told(Time cut) {
  Told t;
  // Keys tie rows together; what closes a taken-back opener is another story, told by `now` alone.
  const auto rows = any_rows({.from = start, .to = end, .most = 30, .bad_rows = false});
  log_rows(rows);
  for (const Row& row : rows) {
    const int fate = *within(0, 5);
    const bool early = row.event.time <= cut;
    if (early && fate != 0) t.then.push_back(row);
    if (fate == 1) continue;  // taken back
    if (early) t.corrected.push_back(row);
    t.now.push_back(row);
  }
  return t;
}

std::set<std::string> ids_of(const Portfolio& a, const Portfolio& b) {
  std::set<std::string> ids;
  for (const Portfolio* p : {&a, &b})
    for (std::uint32_t i = 0; i < p->size(); ++i) ids.insert(p->id(i));
  return ids;
}

}  // namespace

TEST_CASE("every step is the difference of two folds from the rows") {
  law("with late rows, rows taken back and another policy", 400, [] {
    const Time cut = *within<Time>(start - day, end);
    const Time until = *within<Time>(std::max(cut, start), end);
    const Told told = any_told(cut);
    const Policy old_policy = any_policy(true);
    Policy new_policy = any_policy(true);
    const bool refold = fingerprints(old_policy).fold != fingerprints(new_policy).fold;
    const Portfolio then = folded(told.then, old_policy, cut);
    const Portfolio fixed = folded(told.corrected, old_policy, cut);
    const Portfolio now = folded(told.now, new_policy, until);
    const Portfolio now_by_old = folded(told.now, old_policy, until);
    // At one date the order of the path is that of the fingerprints.
    RC_PRE(cut < until || fingerprints(old_policy).policy <= fingerprints(new_policy).policy);
    ChangeOptions options{.corrected = CorrectedStates(fixed)};
    options.refolded = &now_by_old;
    const ChangeTable table = changes(then, now, cut, until, options);
    const ChangeTable back = changes(now, then, until, cut, options);
    const auto ids = ids_of(then, now);
    RC_ASSERT(table.summary.relationships == static_cast<std::int64_t>(ids.size()));
    if (refold) {
      ChangeOptions without;
      RC_ASSERT_THROWS_AS(changes(then, now, cut, until, without), MismatchError);
    }
    std::size_t row = 0;
    for (const std::string& id : ids) {
      RC_LOG() << id << '\n';
      const AssessedChange c = change_of(id, then, now, cut, until, options);
      const Role role = [&] {
        for (const Portfolio* p : {&then, &now, &now_by_old, &fixed})
          if (const auto i = p->find(id)) return p->role(*i);
        return Role::consumer;
      }();
      const Read r0 = read(then, id, cut, role);
      Read r1 = read(fixed, id, cut, role);
      Read r2 = read(fixed, id, until, role);
      const Read r3 = read(now_by_old, id, until, role);
      const Read r4 = read(now, id, until, role);
      if (cut == until) r1 = r2 = r3;
      check_step("corrections", r0, r1, c.points.corrections);
      check_step("decay", r1, r2, c.points.decay);
      check_step("new events", r2, r3, c.points.new_events);
      check_step("rules", r3, r4, c.points.rules);

      RC_ASSERT(text(table, "relationship", row) == id);
      RC_ASSERT(near(total(c.points), r4.a.plug_in - r0.a.plug_in, 1e-10));
      const double sum = number(table, "by_new_events", row) + number(table, "by_decay", row) +
                         number(table, "by_corrections", row) + number(table, "by_rules", row);
      RC_ASSERT(near(number(table, "change", row), r4.a.plug_in - r0.a.plug_in, 1e-10));
      RC_ASSERT(near(sum, number(table, "change", row), 1e-10));
      double by_parameter = 0;
      for (const char* name : {"by_commitment", "by_responsiveness", "by_reciprocity", "by_trust"})
        by_parameter += number(table, name, row);
      RC_ASSERT(near(by_parameter, sum, 1e-10));
      for (const char* name : {"change", "by_new_events", "by_decay", "by_corrections", "by_rules"})
        RC_ASSERT(number(back, name, row) == -number(table, name, row));
      RC_ASSERT(number(back, "noise", row) == number(table, "noise", row));

      const bool was = then.find(id).has_value();
      const bool is = now.find(id).has_value();
      const double before = number(table, "quality_before", row);
      const double after = number(table, "quality_after", row);
      RC_ASSERT(std::isnan(before) == !(was && r0.a.quality()));
      RC_ASSERT(std::isnan(after) == !(is && r4.a.quality()));
      if (!std::isnan(before)) RC_ASSERT(near(before, r0.a.plug_in, 1e-12));
      if (!std::isnan(after)) RC_ASSERT(near(after, r4.a.plug_in, 1e-12));
      const bool rungs = r0.a.lit.purchases && r4.a.lit.purchases;
      const std::string_view moved = !is                                  ? "gone"
                                     : !was                               ? "new"
                                     : rungs && r4.a.rung() > r0.a.rung() ? "climbed"
                                     : rungs && r4.a.rung() < r0.a.rung() ? "fell"
                                                                          : "held";
      RC_ASSERT(text(table, "moved", row) == moved);
      if (moved == "climbed" || moved == "fell") RC_ASSERT(!text(table, "reason", row).empty());
      RC_ASSERT(!explain_change(id, then, now, cut, until, options).empty());
      ++row;
    }
  });
}

TEST_CASE("without corrected states late rows are new events, and the column is null") {
  law("the sum is the same", 150, [] {
    const Time cut = *within<Time>(start, end - 1);
    const Told told = any_told(cut);
    const Portfolio then = folded(told.then, {}, cut);
    const Portfolio fixed = folded(told.corrected, {}, cut);
    const Portfolio now = folded(told.now, {}, end);
    const ChangeTable plain = changes(then, now, cut, end);
    const ChangeTable split = changes(then, now, cut, end, {.corrected = CorrectedStates(fixed)});
    for (std::size_t i = 0; i < static_cast<std::size_t>(plain.summary.relationships); ++i) {
      RC_ASSERT(std::isnan(number(plain, "by_corrections", i)));
      RC_ASSERT(number(plain, "change", i) == number(split, "change", i));
      RC_ASSERT(near(number(plain, "by_new_events", i) + number(plain, "by_decay", i),
                     number(plain, "change", i), 1e-10));
    }
  });
}

TEST_CASE("single causes") {
  law("no change is zero throughout; time alone, rules alone, corrections alone", 200, [] {
    const auto rows = any_rows({.from = start, .to = middle, .most = 30});
    log_rows(rows);
    const Policy policy;
    const Portfolio a = folded(rows, policy, middle);
    const Portfolio b = folded(rows, policy, middle);
    Policy weights = policy;
    for (ScoringOptions& o : weights.roles) o.quality.weights = {0.3, 0.1, 0.2, 0.4};
    const Portfolio ruled = folded(rows, weights, middle);
    std::vector<Row> fewer = rows;
    if (!fewer.empty())
      fewer.erase(fewer.begin() + *within<std::ptrdiff_t>(0, std::ssize(fewer) - 1));
    const Portfolio less = folded(fewer, policy, middle);
    for (const std::string& id : ids_of(a, less)) {
      const AssessedChange none = change_of(id, a, b, middle, middle);
      RC_ASSERT(nothing(none.points.corrections) && nothing(none.points.decay));
      RC_ASSERT(nothing(none.points.new_events) && nothing(none.points.rules));
      RC_ASSERT(none.move == Move::held && !none.noise.beyond && none.noise.points == 0);

      const ChangeOptions known{.corrected = CorrectedStates(b)};
      const AssessedChange time = change_of(id, a, b, middle, end, known);
      RC_ASSERT(nothing(time.points.corrections) && nothing(time.points.new_events));
      RC_ASSERT(nothing(time.points.rules));
      RC_ASSERT(time.move != Move::climbed);

      const AssessedChange rules = change_of(id, a, ruled, middle, middle, {.one_log = true});
      RC_ASSERT(nothing(rules.points.corrections) && nothing(rules.points.decay));
      RC_ASSERT(nothing(rules.points.new_events) && rules.move == Move::held);
      const AssessedChange opposite = change_of(id, ruled, a, middle, middle, {.one_log = true});
      RC_ASSERT(near(total(opposite.points), -total(rules.points), 0));

      const ChangeOptions taken{.corrected = CorrectedStates(less)};
      const AssessedChange back = change_of(id, a, less, middle, middle, taken);
      RC_ASSERT(nothing(back.points.decay) && nothing(back.points.new_events));
      RC_ASSERT(nothing(back.points.rules) && !back.noise.beyond);
      const AssessedChange later = change_of(id, a, less, middle, end, taken);
      RC_ASSERT(nothing(later.points.new_events) && nothing(later.points.rules));
    }
  });
}

TEST_CASE("a promise that nobody kept in time is time's doing, and counts as evidence") {
  Policy policy;
  policy.observes = Observed::everything();
  const std::vector<Row> rows = {
      {"anna", {.kind = Kind::purchase, .time = start}},
      {"anna", {.kind = Kind::promise, .time = start, .due = start + 10 * day}, "p"}};
  const Portfolio p = folded(rows, policy, end);
  const AssessedChange c = change_of("anna", p, p, start + day, start + 20 * day);
  CHECK(c.points.decay.trust < -5);
  CHECK(nothing(c.points.new_events));
  CHECK(c.noise.evidence < -5);
  CHECK(c.noise.points > 0);
}

TEST_CASE("why a rung moved, in words") {
  Policy policy;
  const auto purchases = [](std::vector<Row> rows, int n) {
    for (int i = 0; i < n; ++i)
      rows.push_back({"anna", {.kind = Kind::purchase, .time = start + i * day, .amount = 10}});
    return rows;
  };
  const auto reason = [&](const std::vector<Row>& rows, Time from, Time to,
                          const Policy& after = Policy{}) {
    const Portfolio a = folded(rows, policy, from);
    const Portfolio b = folded(rows, after, to);
    const ChangeTable t = changes(a, b, from, to);
    return std::string(text(t, "moved", 0)) + ": " + std::string(text(t, "reason", 0));
  };
  const auto two = purchases({}, 2);
  CHECK(reason(two, start, start + day) ==
        "climbed: second purchase: regularity 1.99, at least the 1.50 that a client needs");
  // B = 2^(-t/365) + 2^(-(t - 1)/365) falls below .75 after 517 days.
  CHECK(reason(two, start + day, start + 600 * day) ==
        "fell: regularity 0.64, below the 0.75 that a client needs to stay");
  auto rows = two;
  rows.push_back({"anna", {.kind = Kind::review, .time = start + 10 * day}});
  CHECK(reason(rows, start + 5 * day, start + 20 * day) ==
        "climbed: support 0.98, at least the 0.75 that a supporter needs");
  CHECK(reason(rows, start + 5 * day, start + 300 * day) ==
        "climbed: support reached 0.75 in between and is 0.57, at least the 0.375 that a "
        "supporter needs to stay");
  rows.push_back({"anna", {.kind = Kind::referral, .time = start + 11 * day}});
  rows.push_back({"anna", {.kind = Kind::purchase_elsewhere, .time = start + 30 * day}});
  CHECK(reason(rows, start + 20 * day, start + 40 * day) ==
        "fell: share of wallet 65 %, below the 70 % that an advocate needs to stay");
  CHECK(reason({{"anna", {.kind = Kind::request, .time = start}},
                {"zoe", {.kind = Kind::purchase, .time = start}},
                {"anna", {.kind = Kind::purchase, .time = start + day}}},
               start, start + 2 * day) == "climbed: first purchase");
  auto contract = purchases({}, 1);
  contract.push_back(
      {"anna", {.kind = Kind::contract, .time = start + day, .until = start + 30 * day}});
  CHECK(reason(contract, start, start + 2 * day) == "climbed: a contract until 2019-05-14");
  CHECK(reason(contract, start + 2 * day, start + 40 * day) ==
        "fell: the contract ended on 2019-05-14, and 1 purchase, fewer than the 2 of a client");
  Policy stricter;
  stricter.criteria.supporter = {2, 1};
  const std::vector<Row> upto(rows.begin(), rows.begin() + 3);
  CHECK(reason(upto, start + 20 * day, start + 20 * day, stricter) ==
        "fell: support 0.98, below the 1.00 that a supporter needs to stay (0.375 before)");
  stricter.criteria.supporter = {2, 0.5};
  CHECK(reason(upto, start + 20 * day, start + 20 * day, stricter) ==
        "fell: support 0.98, below the 2.00 that a supporter needs (0.75 before)");
  // One review, which fades below .375 after 517 days, and 7/16 ten days before the end: .2597 + .4293.
  auto again = purchases(upto, 4);
  again.push_back({"anna", {.kind = Kind::purchase, .time = start + 700 * day}});
  again.push_back(
      {"anna", {.kind = Kind::participation, .time = start + 710 * day, .value = 0.4375}});
  CHECK(reason(again, start + 20 * day, start + 720 * day) ==
        "fell: support 0.68 after a fall in between, below the 0.75 that a supporter needs");
  auto returned = purchases({}, 1);
  returned.push_back(
      {"anna",
       {.kind = Kind::returned, .time = start + 2 * day, .since = start, .whole_order = true}});
  CHECK(reason(returned, start + day, start + 3 * day) == "fell: the purchases were taken back");
}

TEST_CASE("what is wrong with a call is said") {
  const Portfolio a = folded({{"anna", {.kind = Kind::purchase, .time = start}}}, {}, end);
  Policy policy;
  policy.fold.half_lives.trust = 90 * day;
  const Portfolio other = folded({}, policy, end);
  CHECK_THROWS_WITH_AS(changes(a, other, start, end), doctest::Contains("give it as refolded"),
                       MismatchError);
  CHECK_THROWS_WITH_AS(changes(a, a, start, end, {.corrected = CorrectedStates(other)}),
                       doctest::Contains("corrected: its fold fingerprint is"), MismatchError);
  CHECK_THROWS_WITH_AS(changes(a, a, start, end, {.refolded = &other}),
                       doctest::Contains("refolded: its policy is"), MismatchError);
  CHECK_THROWS_AS(changes(a, a, start - 1, end), WindowError);
  const Portfolio late = folded({{"anna", {.kind = Kind::purchase, .time = middle}}}, {}, end);
  CHECK_THROWS_WITH_AS(changes(a, late, start, end, {.corrected = CorrectedStates(late)}),
                       doctest::Contains("comes after the earlier date, 2019-04-14"), WindowError);
  CHECK(explain_change("nobody", a, a, start, end).empty());
}

TEST_CASE("columns are described once, and a table of nobody has them all") {
  const Portfolio none;
  const ChangeTable table = changes(none, none, start, end);
  REQUIRE(table.columns.size() == change_columns().size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    CHECK(table.columns[i].name == change_columns()[i].name);
    CHECK(table.columns[i].type == change_columns()[i].type);
    CHECK_FALSE(change_columns()[i].meaning.empty());
  }
  CHECK(table.summary.relationships == 0);
}
