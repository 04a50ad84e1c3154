// SPDX-License-Identifier: MIT
#include <loyalty/batch/learning.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/batch/portfolio.hpp>
#include <loyalty/core/error.hpp>
#include <loyalty/io/learning_text.hpp>
#include <loyalty/math/optimise_beta_binomial.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>

#include "batch/rows.hpp"
#include "math/near.hpp"

using namespace loyalty;
using loyalty_tests::relative_error;
using loyalty_tests::Row;
using loyalty_tests::Table;

namespace {

constexpr Time start = utc(2022, 1, 1);
constexpr Time end = utc(2024, 12, 31, 23, 59, 59);

LearnOptions until(Time as_of) {
  LearnOptions options;
  options.as_of = as_of;
  return options;
}

const LearnedValue& value_of(const Learning& l, const std::string& key) {
  const auto it = std::find_if(l.values.begin(), l.values.end(),
                               [&](const LearnedValue& v) { return v.key == key; });
  REQUIRE_MESSAGE(it != l.values.end(), key);
  return *it;
}

/// A company whose guarantees are kept with shares from Beta(6, 2), whose answers come at rates from Gamma(3, 2) a day,
/// and who sells every 30 days or so.
std::vector<Row> company(unsigned seed, int relationships = 120, Time last = end) {
  std::mt19937_64 random(seed);
  const auto gamma = [&](double shape) {
    return std::gamma_distribution<double>(shape, 1)(random);
  };
  std::vector<Row> rows;
  for (int i = 0; i < relationships; ++i) {
    const std::string who = "R" + std::to_string(1000 + i);
    const double x = gamma(6);
    const double kept = x / (x + gamma(2));
    const double rate = gamma(3) / 2;
    const auto add = [&](Event e) {
      if (e.time <= last) rows.push_back({who, e});
    };
    for (Time t = start + i * 1000; t < last; t += 45 * day)
      add({.kind = Kind::guarantee,
           .time = t,
           .value = std::bernoulli_distribution(kept)(random) ? 1.0 : 0.0});
    for (Time t = start + i * 700; t < last; t += 60 * day) {
      const auto wait =
          static_cast<Time>(std::exponential_distribution<double>(rate / double{day})(random));
      add({.kind = Kind::response, .time = t + wait, .since = t});
    }
    for (Time t = start + i * 500; t < last;
         t += static_cast<Time>(std::gamma_distribution<double>(4, 7.5)(random) * double{day}))
      add({.kind = Kind::purchase, .time = t, .amount = 10});
  }
  return rows;
}

}  // namespace

TEST_CASE("prequential score: vectors.json B6_prequential") {
  // events and prior of B1_decayed_beta: day, outcome, value; Beta(4, 1)
  std::vector<DatedOutcome> outcomes;
  const double events[][3] = {{10, 1, 1},  {100, 1, 1}, {190, 0, 1},
                              {300, 1, 1}, {370, 1, 2}, {395, 0, 1}};
  for (const auto& [on, kept, value] : events)
    outcomes.push_back({static_cast<Time>(on) * day, kept * value, (1 - kept) * value});
  const auto score = [&](double days) {
    return prequential_shares(outcomes, days * double{day}, 4, 1);
  };
  CHECK(relative_error(score(60), -4.698579865280282) < 1e-15);
  CHECK(relative_error(score(180), -4.7982047207552485) < 1e-15);
  CHECK(relative_error(score(720), -4.832693929897365) < 1e-15);
  // Scored after a date: evidence before it counts, its score does not.
  const std::span<const DatedOutcome> all(outcomes);
  CHECK(prequential_shares(all, 60.0 * day, 4, 1, 300 * day) ==
        doctest::Approx(score(60) - prequential_shares(all.first(4), 60.0 * day, 4, 1))
            .epsilon(1e-14));
  CHECK(prequential_shares(all.first(0), 60.0 * day, 4, 1) == 0);
}

TEST_CASE("prequential scores by column: any order, several relationships, a second is a batch") {
  // Two relationships beside each other score what they score apart; outcomes of one second know nothing of each other.
  const std::vector<std::int64_t> who{7, 3, 7, 3, 7, 7};
  const std::vector<Time> time{50 * day, 20 * day, 10 * day, 90 * day, 90 * day, 50 * day};
  const std::vector<double> good{1, 0, 1, 1, 0.5, 0};
  const std::vector<double> bad{0, 1, 0, 0, 0.5, 1};
  const std::vector<double> half_lives{30.0 * day, 300.0 * day};
  const auto scores = prequential_scores({who, time, good, bad}, Law::shares, 2, 1, half_lives);
  for (std::size_t h = 0; h < half_lives.size(); ++h) {
    const auto w = [&](double days) { return std::exp2(-days * double{day} / half_lives[h]); };
    const double p7 = (2 + w(40)) / (3 + w(40));
    const double k = 2 + w(80) + w(40);
    const double l = 1 + w(40);
    const double p3 = 2 / (3 + w(70));
    const double by_hand = std::log(2 / 3.) + std::log(p7) + std::log(1 - p7) +
                           0.5 * std::log(k / (k + l)) + 0.5 * std::log(l / (k + l)) +
                           std::log(1 / 3.) + std::log(p3);
    CHECK(scores[h] == doctest::Approx(by_hand).epsilon(1e-14));
  }
  CHECK(prequential_scores({}, Law::rates, 2, 1, half_lives) == std::vector<double>{0, 0});
}

TEST_CASE(
    "prequential score of answers: what comes without decay is the likelihood of all of them") {
  std::vector<DatedOutcome> outcomes;
  double answers = 0;
  double times = 0;
  for (int i = 0; i < 12; ++i) {
    const double wait = 0.25 + i % 5;
    const double answered = i == 7 ? 0 : 1;
    outcomes.push_back({i * 20 * day, answered, wait});
    answers += answered;
    times += wait;
  }
  // Gamma(A + r)/Gamma(A) B^A/(B + e)^(A + r), by factorials: A = 2.
  double rising = 0;
  for (int i = 0; i < static_cast<int>(answers); ++i) rising += std::log(2.0 + i);
  const double whole = rising + 2 * std::log(1.5) - (2 + answers) * std::log(1.5 + times);
  CHECK(prequential_rates(outcomes, 1e300, 2, 1.5) == doctest::Approx(whole).epsilon(1e-13));
  // With decay, by hand: the second answer after the first.
  const double w = std::exp2(-20.0 / 40);
  const double first = std::log(2 * 1.5 * 1.5) - 3 * std::log(1.5 + 0.25);
  const double a = 2 + w;
  const double b = 1.5 + w * 0.25;
  const double second = std::log(a) + a * std::log(b) - (a + 1) * std::log(b + 1.25);
  CHECK(prequential_rates(std::span(outcomes).first(2), 40.0 * day, 2, 1.5) ==
        doctest::Approx(first + second).epsilon(1e-14));
}

TEST_CASE("purchase cycle: medians that can be counted by hand") {
  const auto gaps = [](std::initializer_list<double> closed, std::initializer_list<double> open) {
    std::vector<PurchaseGap> all;
    std::uint32_t who = 0;
    for (const double days : closed) all.push_back({who++, days, true});
    for (const double days : open) all.push_back({who++, days, false});
    return all;
  };
  SUBCASE("no gap open: the median, halfway between two where their number is even") {
    CHECK(purchase_cycle(gaps({30, 10, 20}, {}), 2).days.value == 20);
    CHECK(purchase_cycle(gaps({40, 10, 20, 30}, {}), 2).days.value == 25);
  }
  SUBCASE("open gaps count for as long as they were seen") {
    // S after 10: 4/5; one left at 15 unseen; 20: 4/5 2/3 = 8/15; 30: 4/15; 40: 0. Half at 30.
    const PurchaseCycle c = purchase_cycle(gaps({10, 20, 30, 40}, {15}), 2);
    CHECK(c.days.value == 30);
    CHECK(c.not_again == doctest::Approx(0));
    CHECK(c.closed == 4);
    CHECK(c.open == 1);
  }
  SUBCASE("those who do not return are set apart") {
    // Ten bought again after 1..10 days, ten have not for 100: S falls to 1/2, and half of the way is 3/4, at 5 and 6.
    std::vector<PurchaseGap> all = gaps({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {});
    for (std::uint32_t i = 0; i < 10; ++i) all.push_back({100 + i, 100, false});
    const PurchaseCycle c = purchase_cycle(all, 2);
    CHECK(c.not_again == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(c.days.value == 5.5);
    CHECK(c.days.low < 5.5);
    CHECK(c.days.high > 5.5);
  }
  SUBCASE("too little: it says how much is needed") {
    const PurchaseCycle c = purchase_cycle(gaps({10, 20, 30}, {5}), 20);
    CHECK(c.status.end == FitEnd::too_little_data);
    CHECK(c.status.sentence == "3 relationships bought twice; 20 are needed: 17 more.");
    CHECK(c.days.value == 20);
    CHECK(purchase_cycle({}, 20).status.end == FitEnd::too_little_data);
    CHECK(std::isnan(purchase_cycle(gaps({}, {5, 6}), 20).days.value));
  }
}

TEST_CASE(
    "purchase cycle: intervals hold the truth as often as they say, though gaps of one "
    "relationship are alike") {
  // Gaps of each relationship are exponential around a mean of its own, from Gamma(4, rate 4) times 30 days; a third of
  // the buyers never returns. The median of a gap over relationships with equal exposure is not closed: by simulation
  // of the same law without an end, below.
  std::mt19937_64 random(77);
  const auto one = [&](double years, std::vector<PurchaseGap>& gaps, std::uint32_t who) {
    const bool leaves = std::bernoulli_distribution(1 / 3.0)(random);
    const double mean = 20 + 20 * std::gamma_distribution<double>(4, 0.25)(random);
    double left = 365 * years;
    for (;;) {
      const double gap = leaves ? 1e9 : std::gamma_distribution<double>(3, mean / 3)(random);
      gaps.push_back({who, std::min(gap, left), gap < left});
      if (gap >= left) return;
      left -= gap;
    }
  };
  std::vector<PurchaseGap> many;
  for (std::uint32_t i = 0; i < 40000; ++i) one(2, many, i);
  const double truth = purchase_cycle(many).days.value;
  int held = 0;
  const int logs = 300;
  for (int k = 0; k < logs; ++k) {
    std::vector<PurchaseGap> gaps;
    for (std::uint32_t i = 0; i < 100; ++i) one(2, gaps, i);
    const PurchaseCycle c = purchase_cycle(gaps);
    held += c.days.low <= truth && truth <= c.days.high ? 1 : 0;
  }
  MESSAGE("intervals of the purchase cycle that held the truth, of ", logs, ": ", held);
  CHECK(held >= 252);  // 3.4 standard deviations
  CHECK(held <= 288);
}

TEST_CASE("learn: truth is recovered from a log") {
  const std::vector<Row> rows = company(5, 400);
  Policy policy;
  policy.fold.half_lives.guarantees =
      36500 * day;  // nothing fades: nothing changes in this company
  policy.fold.half_lives.responses = 36500 * day;
  const Learning l = learn(Table(rows), policy, until(end));
  MESSAGE(summary(l));
  const auto& kept = value_of(l, "roles.consumer.commitment.prior_kept");
  CHECK(kept.end == FitEnd::converged);
  CHECK(kept.relationships == 400);
  CHECK(kept.estimate.low < 6);
  CHECK(kept.estimate.high > 6);
  const auto& breached = value_of(l, "roles.consumer.commitment.prior_breached");
  CHECK(breached.estimate.low < 2);
  CHECK(breached.estimate.high > 2);
  const auto& answers = value_of(l, "roles.consumer.responsiveness.prior_answers");
  CHECK(answers.estimate.low < 3);
  CHECK(answers.estimate.high > 3);
  CHECK(l.policy.scoring(Role::consumer).commitment.prior_kept == kept.after);
  CHECK(kept.after == doctest::Approx(kept.estimate.value).epsilon(1e-3));
  // Gamma(4, 7.5 days): median 27.5; what is new in the policy is what the table says.
  const auto& cycle = value_of(l, "purchase_cycle_days");
  CHECK(cycle.after == doctest::Approx(27.54).epsilon(0.03));
  CHECK(l.policy.purchase_cycle_days == cycle.after);
  CHECK(l.policy.fold.half_lives.purchases == purchases_half_life(cycle.after));
  // No gift, promise or concession: those values stay, and say what is needed.
  const auto& gift = value_of(l, "roles.consumer.reciprocity.prior_given");
  CHECK_FALSE(gift.changed());
  CHECK(gift.end == FitEnd::too_little_data);
  CHECK(gift.sentence.find("20 are needed: 20 more") != std::string::npos);
  // Only the roles of the log.
  for (const LearnedValue& v : l.values) CHECK(v.key.find("supplier") == std::string::npos);
  CHECK(l.before.policy == fingerprints(policy).policy);
  CHECK(l.after.policy == fingerprints(l.policy).policy);
  CHECK(l.after.policy != l.before.policy);
  CHECK(l.books.read == static_cast<std::int64_t>(rows.size()));
  const std::string text = to_toml(l, PolicyText::brief, "a.csv, b\x01.csv");
  CHECK(fingerprints(parse_policy(text)).policy == l.after.policy);
  CHECK(text.find("# From a.csv, b?.csv\n") != std::string::npos);
  CHECK(text.find("#   purchase_cycle_days ") != std::string::npos);
  CHECK(fingerprints(parse_policy(to_toml(l, PolicyText::full))) == l.after);
  std::size_t longest = 0;
  std::size_t column = 0;
  for (const char c : summary(l)) longest = std::max(longest, c == '\n' ? column = 0 : ++column);
  CHECK(longest <= 100);
}

TEST_CASE(
    "learn: nothing fades in a company that does not change, and the policy's half-life stays") {
  Policy policy;
  policy.fold.half_lives.guarantees = 36500 * day;
  const Learning l = learn(Table(company(8, 300)), policy, until(end));
  const auto& v = value_of(l, "half_life_days.guarantees");
  CHECK(v.end == FitEnd::boundary);
  CHECK(std::isinf(v.estimate.high));
  CHECK(v.estimate.low > 100);
  CHECK_FALSE(v.changed());
  // From a policy that forgets within a week, the nearest half-life that predicts as well.
  policy.fold.half_lives.guarantees = 7 * day;
  const Learning quick = learn(Table(company(8, 300)), policy, until(end));
  const auto& w = value_of(quick, "half_life_days.guarantees");
  CHECK(w.changed());
  CHECK(w.after == doctest::Approx(w.estimate.low).epsilon(0.01));
  CHECK(quick.policy.fold.half_lives.guarantees == static_cast<Time>(w.after) * day);
}

TEST_CASE("learn: a company that changes its ways has a short memory that predicts best") {
  // Whether a guarantee is kept follows a random telegraph of about 150 days.
  std::mt19937_64 random(3);
  std::vector<Row> rows;
  for (int i = 0; i < 150; ++i) {
    bool good = i % 2 == 0;
    for (Time t = start + i * 997; t < end; t += 7 * day) {
      if (std::bernoulli_distribution(7 / 150.0)(random)) good = !good;
      const bool kept = std::bernoulli_distribution(good ? 0.95 : 0.2)(random);
      rows.push_back(
          {"R" + std::to_string(i), {.kind = Kind::guarantee, .time = t, .value = kept ? 1. : 0.}});
    }
  }
  Policy policy;
  LearnOptions options = until(end);
  options.hold_out = utc(2024, 1, 1);
  const Learning l = learn(Table(rows), policy, options);
  const auto& v = value_of(l, "half_life_days.guarantees");
  CHECK(v.end == FitEnd::converged);
  CHECK(v.changed());
  CHECK(v.after > 5);
  CHECK(v.after < 120);
  CHECK(v.estimate.low <= v.after);
  CHECK(v.estimate.high >= v.after);
  // The curve: its best is the estimate, and 1.35 below it lie the ends of the interval.
  const auto curve = std::find_if(l.scores.begin(), l.scores.end(), [](const HalfLifeScores& s) {
    return s.stream == Stream::guarantees;
  });
  REQUIRE(curve != l.scores.end());
  const double best = *std::max_element(curve->scores.begin(), curve->scores.end());
  for (std::size_t i = 0; i < curve->scores.size(); ++i) {
    const double days = static_cast<double>(curve->half_lives[i]) / double{day};
    CAPTURE(days);
    if (days >= v.estimate.low && days <= v.estimate.high) CHECK(best - curve->scores[i] < 1.353);
    if (days < 0.98 * v.estimate.low || days > 1.02 * v.estimate.high)
      CHECK(best - curve->scores[i] > 1.352);
  }
  REQUIRE(l.hold_out);
  CHECK(l.hold_out->outcomes[0] > 7000);
  CHECK(l.hold_out->after[0] > l.hold_out->before[0] + 100);
  CHECK(l.hold_out->outcomes[4] == 0);
}

TEST_CASE("learn: half-life and prior of a company that follows the model are recovered") {
  // Each outcome is good with the probability that the faded evidence before it gives: half-life 150 days, Beta(4, 1).
  std::mt19937_64 random(99);
  const int logs = 60;
  int half_life_held = 0;
  int kept_held = 0;
  int breached_held = 0;
  double middle = 0;
  for (int log = 0; log < logs; ++log) {
    std::vector<Row> rows;
    for (int i = 0; i < 120; ++i) {
      double good = 0;
      double bad = 0;
      Time before = start;
      for (int k = 0; k < 40; ++k) {
        const Time t = before + 3600 + static_cast<Time>(random() % (50 * day));
        const double weight = std::exp2(-static_cast<double>(t - before) / (150.0 * day));
        good *= weight;
        bad *= weight;
        before = t;
        const bool kept = std::bernoulli_distribution((4 + good) / (5 + good + bad))(random);
        (kept ? good : bad) += 1;
        rows.push_back({"R" + std::to_string(i),
                        {.kind = Kind::guarantee, .time = t, .value = kept ? 1. : 0.}});
      }
    }
    LearnOptions options = until(start + 2200 * day);
    options.purchase_cycle = false;
    const Learning l = learn(Table(rows), {}, options);
    const Estimate h = value_of(l, "half_life_days.guarantees").estimate;
    const Estimate a = value_of(l, "roles.consumer.commitment.prior_kept").estimate;
    const Estimate b = value_of(l, "roles.consumer.commitment.prior_breached").estimate;
    half_life_held += h.low <= 150 && 150 <= h.high ? 1 : 0;
    kept_held += a.low <= 4 && 4 <= a.high ? 1 : 0;
    breached_held += b.low <= 1 && 1 <= b.high ? 1 : 0;
    middle += std::log(h.value) / logs;
  }
  MESSAGE("of ", logs, " intervals held the truth: half-life ", half_life_held, ", kept ",
          kept_held, ", breached ", breached_held, "; half-life ", std::exp(middle));
  CHECK(half_life_held >= 46);  // 90 % are 54 +- 2.3
  CHECK(kept_held >= 44);       // at the half-life that was found, not over all of them
  CHECK(breached_held >= 44);
  CHECK(std::exp(middle) == doctest::Approx(150).epsilon(0.1));
}

TEST_CASE("learn: row order, identifiers as numbers and rows after the date change nothing") {
  std::vector<Row> rows = company(11, 60);
  for (Row& row : rows) row.relationship = row.relationship.substr(1);
  const Learning a = learn(Table(rows), {}, until(end));
  std::mt19937_64 random(1);
  std::vector<Row> shuffled = rows;
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  shuffled.push_back({"1003", {.kind = Kind::guarantee, .time = end + 1, .value = 0}});
  const Learning b = learn(Table(shuffled, false, true), {}, until(end));
  CHECK(b.later == 1);
  CHECK(a.after == b.after);
  REQUIRE(a.values.size() == b.values.size());
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    CAPTURE(a.values[i].key);
    CHECK(a.values[i].after == b.values[i].after);
    CHECK(a.values[i].sentence == b.values[i].sentence);
    CHECK((a.values[i].estimate.low == b.values[i].estimate.low ||
           std::isnan(a.values[i].estimate.low)));
  }
  REQUIRE(a.scores.size() == b.scores.size());
  for (std::size_t i = 0; i < a.scores.size(); ++i) CHECK(a.scores[i].scores == b.scores[i].scores);
}

TEST_CASE("learn: where nothing fades, priors are the marginal likelihood of what a fold says") {
  // Promises kept, late, broken and mended, with and without keys, complaints, answers, requests that expire or stay
  // open, gifts that are taken back. Every outcome weighs 1 and has a second of its own.
  std::mt19937_64 random(21);
  std::vector<Row> rows;
  int n = 0;
  const Time as_of = start + 1020 * day;
  for (int i = 0; i < 120; ++i) {
    const std::string who = "R" + std::to_string(i);
    const double x = std::gamma_distribution<double>(3, 1)(random);
    const double share = x / (x + std::gamma_distribution<double>(2, 1)(random));
    const double rate = std::gamma_distribution<double>(2, 1)(random);
    for (int k = 0; k < 60; ++k, ++n) {
      const Time t = start + static_cast<Time>(random() % 1019) * day + n;
      const std::string key = "P" + std::to_string(n);
      const bool good = std::bernoulli_distribution(share)(random);
      const auto add = [&](Event e, const std::string& refers_to = {}) {
        if (e.time <= as_of) rows.push_back({who, e, refers_to});
      };
      switch (k % 7) {
        case 0:  // told in two rows; some never end, and count as broken
          add({.kind = Kind::promise, .time = t, .due = t + 5 * day}, key);
          if (good || n % 3 != 0)
            add({.kind = Kind::promise, .time = t + 9 * day, .done = t + (good ? 4 : 8) * day},
                key);
          break;
        case 1:
          add({.kind = Kind::promise,
               .time = t,
               .due = t + 5 * day,
               .done = t + (good ? 3 : 6) * day});
          break;
        case 2:
          if (good) break;
          add({.kind = Kind::complaint, .time = t}, key);
          if (n % 2 != 0) add({.kind = Kind::resolution, .time = t + day}, key);
          break;
        case 3: {
          add({.kind = Kind::request, .time = t}, key);
          const auto wait =
              static_cast<Time>(std::exponential_distribution<double>(rate)(random) * double{day});
          if (t + wait <= as_of) add({.kind = Kind::response, .time = t + wait}, key);
          break;
        }
        case 4:
          add({.kind = good ? Kind::gift : Kind::referral, .time = t});
          if (!good) break;
          rows.back().event_id = key;
          if (n % 5 == 0) add({.kind = Kind::retraction, .time = t + day}, key);
          break;
        case 5:
          add({.kind = Kind::guarantee, .time = t, .value = good ? 1. : 0.});
          break;
        default:
          add({.kind = Kind::concession, .time = t, .value = good ? 1. : 0.});
      }
    }
  }
  std::shuffle(rows.begin(), rows.end(), random);
  Policy policy;
  constexpr Time century = 36500 * day;
  policy.fold.half_lives.guarantees = policy.fold.half_lives.trust = century;
  policy.fold.half_lives.responses = policy.fold.half_lives.concessions = century;
  policy.fold.half_lives.reciprocity = century;
  policy.roles[0].trust.grave_weight = 1;
  LearnOptions options = until(as_of);
  options.half_lives = false;
  const Table table(rows, true);
  const Learning l = learn(table, policy, options);
  Portfolio portfolio(policy, as_of);
  (void)portfolio.apply(table);
  const AsOf at = portfolio.at(as_of);
  std::vector<double> good[5];
  std::vector<double> bad[5];
  double waiting = 0;
  for (const std::uint32_t i : portfolio.sorted()) {
    const Evidence e = evidence_of(portfolio.state(i, as_of), at);
    const double pairs[5][2] = {
        {e.commitment.kept, e.commitment.breached},
        {e.trust.kept, e.trust.broken + e.trust.grave},
        {e.responsiveness.granted, e.responsiveness.refused},
        {e.reciprocity.given, e.reciprocity.received},
        {e.responsiveness.answered, e.responsiveness.answer_time + e.responsiveness.open_time}};
    waiting += e.responsiveness.open_time;
    for (std::size_t k = 0; k < 5; ++k) {
      good[k].push_back(pairs[k][0]);
      bad[k].push_back(pairs[k][1]);
    }
  }
  CHECK(waiting > 0);
  const char* keys[] = {"commitment.prior_kept", "trust.prior_kept", "responsiveness.prior_granted",
                        "reciprocity.prior_given", "responsiveness.prior_answers"};
  const char* others[] = {"commitment.prior_breached", "trust.prior_broken",
                          "responsiveness.prior_refused", "reciprocity.prior_received",
                          "responsiveness.prior_time"};
  for (std::size_t k = 0; k < 5; ++k) {
    const auto& first = value_of(l, std::string("roles.consumer.") + keys[k]);
    const auto& second = value_of(l, std::string("roles.consumer.") + others[k]);
    CAPTURE(first.key);
    const PriorFit fit =
        k == 4 ? fit_gamma_rate(good[k], bad[k]) : fit_beta_binomial(good[k], bad[k]);
    CHECK(first.end == FitEnd::converged);
    CHECK(fit.status.end == FitEnd::converged);
    // In a thousand days a hundredth has faded, and the fold's clock moves in steps.
    CHECK(relative_error(first.estimate.value, fit.first.value) < 0.02);
    CHECK(relative_error(second.estimate.value, fit.second.value) < 0.02);
    CHECK(first.relationships == fit.used);
    double total = 0;
    for (std::size_t i = 0; i < good[k].size(); ++i) total += good[k][i] + bad[k][i];
    if (k != 4) CHECK(relative_error(first.evidence, total) < 0.02);
  }
}

TEST_CASE("learn: empty, tiny and hopeless logs leave the policy as it is, and say why") {
  const auto stays = [](const std::vector<Row>& rows) {
    const Learning l = learn(Table(rows), {}, until(end));
    CHECK(l.after == l.before);
    for (const LearnedValue& v : l.values) {
      CAPTURE(v.key);
      CHECK_FALSE(v.changed());
      CHECK_FALSE(v.sentence.empty());
    }
    CHECK(summary(l).find("0 of ") != std::string::npos);
    return l;
  };
  CHECK(stays({}).relationships == 0);
  CHECK(learn(EventColumns{}, {}, until(end)).relationships == 0);
  stays({{"A", {.kind = Kind::purchase, .time = start}}});
  std::vector<Row> kept;  // all good, many times
  for (int i = 0; i < 50; ++i)
    for (int k = 0; k < 20; ++k)
      kept.push_back({"R" + std::to_string(i),
                      {.kind = Kind::guarantee, .time = start + k * 10 * day, .value = 1}});
  const Learning l = learn(Table(kept), {}, until(end));
  const auto& v = value_of(l, "roles.consumer.commitment.prior_kept");
  CHECK(v.end == FitEnd::not_identified);
  CHECK_FALSE(v.changed());
  CHECK(v.sentence.find("No outcome speaks against") != std::string::npos);
}

TEST_CASE("learn: what is left out stays, and wrong options are refused") {
  const std::vector<Row> rows = company(2, 50);
  LearnOptions options = until(end);
  options.priors = options.half_lives = false;
  const Learning l = learn(Table(rows), {}, options);
  CHECK(l.values.size() == 2);  // the cycle and its half-life
  CHECK(l.policy.scoring(Role::consumer).trust.prior_kept == 4);
  CHECK_THROWS_AS(learn(Table(rows), {}, {}), PolicyError);
  options.hold_out = end;
  CHECK_THROWS_WITH_AS(learn(Table(rows), {}, options),
                       doctest::Contains("hold_out = 2024-12-31: allowed is a date before as_of"),
                       PolicyError);
  options.hold_out = no_time;
  options.least_relationships = 1;
  CHECK_THROWS_AS(learn(Table(rows), {}, options), PolicyError);
}

TEST_CASE("learn: a half-life of purchases that the policy states stays") {
  Policy policy;
  policy.fold.half_lives.purchases = 200 * day;
  const Learning l = learn(Table(company(2, 50)), policy, until(end));
  CHECK(l.policy.purchase_cycle_days != policy.purchase_cycle_days);
  CHECK(l.policy.fold.half_lives.purchases == 200 * day);
  CHECK(fingerprints(parse_policy(to_toml(l.policy))) == l.after);
}
