// SPDX-License-Identifier: MIT
#include <loyalty/scoring/change.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/law.hpp"
#include "scoring/worked_example.hpp"

using namespace loyalty;
using loyalty_tests::distributor;
using loyalty_tests::law;
using loyalty_tests::within;
using loyalty_tests::worked_evidence;

namespace {

bool near(double got, double wanted, double tolerance) {
  return std::abs(got - wanted) <= tolerance;
}

Parameters with_means(double c, double r, double p, double t) {
  return {{c, 0.01, 0.5}, {r, 0.01, 0.5}, {p, 0.01, 0.5}, {t, 0.01, 0.5}};
}

Reading any_reading() {
  const auto mean = [] { return *within(1, 1'000'000) / 1'000'001.0; };
  const int a = *within(0, 10);
  const int b = *within(0, 10 - a);
  const int c = *within(0, 10 - a - b);
  return {with_means(mean(), mean(), mean(), mean()),
          {a / 10.0, b / 10.0, c / 10.0, (10 - a - b - c) / 10.0}};
}

}  // namespace

TEST_CASE("a change of weights: from (.2, .2, .2, .4) to (.1, .1, .4, .4) with the means kept") {
  // By hand: ln Q - ln Q0 = -.1 ln .8 - .1 ln .5 + .2 ln .5 = .1 (ln .5 - ln .8); trust keeps weight and mean.
  const Parameters p = with_means(0.8, 0.5, 0.5, 0.9);
  const Reading before{p, {0.2, 0.2, 0.2, 0.4}};
  const Reading after{p, {0.1, 0.1, 0.4, 0.4}};
  const double q0 = quality(before);
  const double q1 = quality(after);
  CHECK(near(std::log(q1 / q0), 0.1 * std::log(0.5 / 0.8), 1e-15));
  const double lambda = (q1 - q0) / std::log(q1 / q0);
  const Attribution a = attribution(after, before);
  CHECK(near(a.commitment, -0.1 * std::log(0.8) * lambda, 1e-12));
  CHECK(near(a.responsiveness, -0.1 * std::log(0.5) * lambda, 1e-12));
  CHECK(near(a.reciprocity, 0.2 * std::log(0.5) * lambda, 1e-12));
  CHECK(a.trust == 0);
}

TEST_CASE("the steps of a path sum to the change, and the way back is the opposite") {
  law("of any five readings", 500, [] {
    const ChangePath path{any_reading(), any_reading(), any_reading(), any_reading(),
                          any_reading()};
    const Change c = change(path);
    RC_ASSERT(near(total(c), quality(path.ruled) - quality(path.earlier), 1e-10));
    RC_ASSERT(near(total(by_parameter(c)), total(c), 1e-10));
    RC_ASSERT(near(total(c.corrections), quality(path.corrected) - quality(path.earlier), 1e-11));
    RC_ASSERT(near(total(c.decay), quality(path.faded) - quality(path.corrected), 1e-11));
    RC_ASSERT(near(total(c.new_events), quality(path.later) - quality(path.faded), 1e-11));
    RC_ASSERT(near(total(c.rules), quality(path.ruled) - quality(path.later), 1e-11));
    const Change back = change({path.ruled, path.later, path.faded, path.corrected, path.earlier});
    RC_ASSERT(near(total(back.corrections), -total(c.rules), 1e-11));
    RC_ASSERT(near(back.rules.trust, -c.corrections.trust, 1e-11));
    RC_ASSERT(near(total(-c), -total(c), 0));
    const Change none = change({path.later, path.later, path.later, path.later, path.later});
    for (const Attribution* a : {&none.corrections, &none.decay, &none.new_events, &none.rules})
      RC_ASSERT(a->commitment == 0 && a->responsiveness == 0 && a->reciprocity == 0 &&
                a->trust == 0);
  });
}

TEST_CASE("without new evidence nothing is left to chance") {
  const ChangeNoise n = change_noise(worked_evidence, worked_evidence, Scorer(distributor));
  CHECK(n.points == 0);
  CHECK(n.evidence == 0);
  CHECK_FALSE(n.beyond);
}

TEST_CASE("the shift of a posterior mean has the variance of the beta-binomial law") {
  // b events after a prior Beta(4, 1), none faded: Var = p q b / (a (a + b)) with p q the mean spread, which lies within a
  // relative 1/(a + 1) of m(1 - m) (A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.2: the variance of the
  // posterior mean is that of the prior less the mean of the posterior's).
  for (const double b : {0.5, 1.0, 4.0, 25.0, 400.0}) {
    const double variance =
        detail::trust_shift({}, {.kept = 0.8 * b, .broken = 0.2 * b}, TrustOptions{}, 1);
    const double prior = 0.8 * 0.2 / 6;
    const double exact = prior * b / (5 + b);
    CHECK(variance <= exact * 6 / 5 * (1 + 1e-12));
    CHECK(variance >= exact);
  }
}

TEST_CASE("a grave failure is one event that weighs double, so it is noisier than two") {
  const TrustEvidence graver{.kept = 20, .broken = 1, .grave = 2};
  const TrustEvidence milder{.kept = 20, .broken = 5, .grave = 0};
  const auto fresh = [](TrustEvidence e) {
    e.kept += 5;
    return e;
  };
  CHECK(detail::trust_shift(graver, fresh(graver), {}, 1) >
        1.2 * detail::trust_shift(milder, fresh(milder), {}, 1));
}

TEST_CASE("an unlit parameter and one without weight add no noise") {
  const Scorer scorer(distributor);
  Evidence now = worked_evidence;
  now.trust.grave += 3;
  const ChangeNoise shown = change_noise(worked_evidence, now, scorer);
  CHECK(shown.beyond);
  CHECK(shown.evidence < -5);
  Lit dark;
  dark.trust = false;
  const ChangeNoise unlit = change_noise(worked_evidence, now, scorer, dark);
  CHECK(unlit.points == 0);
  CHECK(unlit.evidence == 0);
  ScoringOptions o = distributor;
  o.quality.weights = {0.4, 0.3, 0.3, 0};
  CHECK(change_noise(worked_evidence, now, Scorer(o)).points == 0);
}

TEST_CASE("a contract is known, so what it moves is no noise") {
  Evidence now = worked_evidence;
  now.commitment.contract_days_left = 1000;
  const ChangeNoise n = change_noise(worked_evidence, now, Scorer(distributor));
  CHECK(n.points == 0);
  CHECK(n.evidence > 0);
  CHECK(n.beyond);
}

TEST_CASE("one relationship between two dates under the same rules") {
  const FoldRules rules;
  const Scorer scorer;
  Relationship then;
  const Time start = utc(2024, 1, 1);
  for (int i = 0; i < 6; ++i)
    apply(then, {.kind = Kind::guarantee, .time = start + i * day, .value = i == 0 ? 0.0 : 1.0},
          rules);
  Relationship later = then;
  apply(later, {.kind = Kind::complaint, .time = start + 100 * day}, rules);
  const AsOf first(start + 10 * day, rules);
  const AsOf second(start + 200 * day, rules);
  const Change c = change(then, first, later, second, scorer);
  const auto q = [&](const Relationship& r, const AsOf& at) {
    return quality(reading(r, at, scorer));
  };
  CHECK(near(total(c.decay), q(then, second) - q(then, first), 1e-11));
  CHECK(near(total(c.new_events), q(later, second) - q(then, second), 1e-11));
  CHECK(c.new_events.commitment == 0);
  CHECK(c.new_events.trust < -1);
  CHECK(total(c.corrections) == 0);
  CHECK(total(c.rules) == 0);
  const Change back = change(later, second, then, first, scorer);
  CHECK(total(back) == -total(c));
  CHECK(back.new_events.trust == -c.new_events.trust);
}
