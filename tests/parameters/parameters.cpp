// SPDX-License-Identifier: MIT
/// \file
/// The four parameters against the numbers of docs/model.md, against values computed by other routes, and their laws.
#include <loyalty/parameters.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace loyalty;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool near(double got, double wanted, double within) { return std::abs(got - wanted) <= within; }

}  // namespace

TEST_CASE("without evidence every parameter is its prior, with coverage 0") {
  CHECK(commitment({}).mean == doctest::Approx(0.8).epsilon(1e-15));
  CHECK(commitment({}, {.contract_weight = 0.25}).mean == doctest::Approx(0.6).epsilon(1e-15));
  CHECK(responsiveness({}).mean == doctest::Approx(0.6875).epsilon(1e-15));
  CHECK(reciprocity({}).mean == doctest::Approx(2.0 / 3).epsilon(1e-15));
  CHECK(trust({}).mean == doctest::Approx(0.8).epsilon(1e-15));
  CHECK(commitment({}, {.contract_weight = 0.25}).coverage == 0);
  CHECK(responsiveness({}).coverage == 0);
  CHECK(reciprocity({}).coverage == 0);
  CHECK(trust({}).coverage == 0);
}

TEST_CASE("trust is the posterior of a decayed Beta record") {
  // Decayed with a half-life of 180 days at day 400: outcomes on days 10, 100, 300 (1) and 370 (2) good, 190 and 395 bad.
  // Computed with exact exponential weights, by two independent routes.
  const Parameter t = trust({.kept = 2.9998973783766703, .broken = 1.4263794467390847});
  CHECK(near(t.mean, 0.7425940812310815, 1e-15));
  CHECK(near(std::sqrt(t.variance), 0.13540053498986707, 1e-15));
  CHECK(near(t.coverage, 4.426276825115755 / 9.426276825115755, 1e-15));
  CHECK(near(interval(t).low, 0.492090005751, 1e-12));
  CHECK(near(interval(t).high, 0.932268473844, 1e-12));
}

TEST_CASE("a grave failure weighs kappa times in trust and once in coverage") {
  CHECK(trust({.kept = 8, .broken = 1}).mean == doctest::Approx(12.0 / 14).epsilon(1e-15));
  CHECK(trust({.kept = 8, .grave = 1}).mean == doctest::Approx(12.0 / 15).epsilon(1e-15));
  CHECK(trust({.kept = 8, .grave = 1}, {.grave_weight = 1}).mean ==
        trust({.kept = 8, .broken = 1}).mean);
  CHECK(trust({.kept = 8, .grave = 1}).coverage == trust({.kept = 8, .broken = 1}).coverage);
}

TEST_CASE("the answer probability counts the wait of open requests") {
  // Shape 5, rate 142 h, target 24 h: answer times exponential, their rate Gamma.
  const ResponsivenessOptions speed_alone{.speed_weight = 1};
  ResponsivenessEvidence e{
      .answered = 3, .answer_time = 38.0 / 24, .open = 2, .open_time = 80.0 / 24};
  const Parameter r = responsiveness(e, speed_alone);
  CHECK(near(r.mean, 0.541962240423626, 1e-15));
  CHECK(near(std::sqrt(r.variance), 0.1528789441333159, 1e-15));
  CHECK(near(r.coverage, 5.0 / 7, 1e-15));
  e.open = 0;  // then the wait does not count, whatever it says
  CHECK(near(responsiveness(e, speed_alone).mean, 0.805255055997022, 1e-15));
  e.open = -1;
  CHECK(near(responsiveness(e, speed_alone).mean, 0.805255055997022, 1e-15));
}

TEST_CASE("a wait counts within 0 and 64 targets for each open request") {
  const auto mean = [](double open, double open_time) {
    return responsiveness({.open = open, .open_time = open_time}).mean;
  };
  CHECK(mean(1, 64) == mean(1, 1e9));
  CHECK(mean(2, 127) > mean(2, 128));
  CHECK(mean(2, 128) == mean(2, 129));
  CHECK(mean(1, -5) == mean(1, 0));
}

TEST_CASE("the variance of the answer probability does not cancel") {
  // (1 + 2/B)^-A - (1 + 1/B)^(-2A) to first order in 1/B: A/B^2. Computed as written it has no correct digit here.
  CHECK(near(detail::answer_variance(3, 1e12) / 3e-24, 1, 1e-11));
  CHECK(near(detail::answer_variance(2, 1), std::pow(3.0, -2) - std::pow(2.0, -4), 1e-16));
}

TEST_CASE("reciprocity is the mean of 4 theta (1 - theta)") {
  const ReciprocityEvidence e{.given = 10, .received = 5};  // theta ~ Beta(11, 6)
  const Parameter p = reciprocity(e);
  CHECK(near(p.mean, 0.8627450980392157, 1e-15));
  CHECK(near(std::sqrt(p.variance), 0.13608524175283027, 1e-15));
  CHECK(near(p.coverage, 15.0 / 17, 1e-15));
  CHECK(near(probability_we_give_more(e), 0.8949432373046875, 1e-15));
  CHECK_FALSE(they_give_more(e));
}

TEST_CASE("who gives more: the sign of the balance is the side of 1/2 of its probability") {
  for (const double given : {0.0, 0.3, 2.0, 2.0001, 1e6}) {
    for (const double received : {0.0, 0.3, 2.0, 1e6}) {
      for (const double prior : {1.0, 0.5, 3.0}) {
        const ReciprocityEvidence e{given, received};
        const ReciprocityOptions o{.prior_given = prior, .prior_received = 1};
        CAPTURE(given);
        CAPTURE(received);
        CAPTURE(prior);
        const double p = probability_we_give_more(e, o);
        if (std::abs(p - 0.5) > 1e-12) CHECK(they_give_more(e, o) == (p < 0.5));
        CHECK(near(p + probability_we_give_more({received, given}, {1, prior}), 1, 1e-14));
      }
    }
  }
  CHECK_FALSE(they_give_more({4, 4}));
}

TEST_CASE("commitment blends the record of guarantees with the running contract") {
  const CommitmentOptions distributor{.contract_weight = 0.25};
  const auto mean = [&](double days) {
    return commitment({.contract_days_left = days}, distributor).mean;
  };
  CHECK(near(mean(365), 0.6 + 0.25 * 0.5, 1e-15));
  CHECK(near(mean(730), 0.6 + 0.25 * 0.75, 1e-15));
  CHECK(near(mean(0), 0.6, 1e-15));
  CHECK(near(mean(-1), 0.6, 1e-15));
  CHECK(near(mean(1e9), 0.85, 1e-15));
  // A contract runs while now <= until, so also on its last second.
  CHECK(commitment({.contract_days_left = 0}, distributor).coverage == 0.25);
  CHECK(commitment({.contract_days_left = -1}, distributor).coverage == 0);
  CHECK(near(commitment({.kept = 3, .breached = 2, .contract_days_left = 1}, distributor).coverage,
             0.75 * 0.5 + 0.25, 1e-15));
  // A consumer has no contract: one that is recorded changes nothing.
  CHECK(commitment({.contract_days_left = 365}).mean == commitment({}).mean);
  CHECK(commitment({.contract_days_left = 365}).coverage == 0);
  // What the contract promises is certain: only the record has a variance.
  CHECK(near(commitment({.contract_days_left = 365}, distributor).variance,
             0.75 * 0.75 * commitment({}).variance, 1e-16));
}

TEST_CASE("a good act never lowers its parameter, a bad one never raises it") {
  const double steps[] = {0, 1e-9, 0.0625, 0.7, 3, 50, 1e6, 1e12};
  for (const double good : steps) {
    for (const double bad : steps) {
      CAPTURE(good);
      CAPTURE(bad);
      CHECK(trust({.kept = good + 1, .broken = bad}).mean >=
            trust({.kept = good, .broken = bad}).mean);
      CHECK(trust({.kept = good, .grave = bad + 1}).mean <=
            trust({.kept = good, .grave = bad}).mean);
      CHECK(commitment({.kept = good + 1, .breached = bad}).mean >=
            commitment({.kept = good, .breached = bad}).mean);
      CHECK(commitment({.kept = good, .breached = bad + 1}).mean <=
            commitment({.kept = good, .breached = bad}).mean);
      CHECK(responsiveness({.granted = good + 1, .refused = bad}).mean >=
            responsiveness({.granted = good, .refused = bad}).mean);
      // The longer the answers took, and the longer open requests wait, the lower.
      CHECK(responsiveness({.answered = good, .answer_time = bad + 1}).mean <=
            responsiveness({.answered = good, .answer_time = bad}).mean);
      CHECK(responsiveness({.answered = good, .open = 2, .open_time = bad + 1}).mean <=
            responsiveness({.answered = good, .open = 2, .open_time = bad}).mean);
    }
  }
}

TEST_CASE(
    "parameters stay proper for all evidence: mean and coverage within 0..1, variance below m(1 - "
    "m)") {
  const double amounts[] = {0, 1e-9, 0.5, 1, 40, 1e6, 1e12};
  for (const double x : amounts) {
    for (const double y : amounts) {
      for (const Parameter& p :
           {trust({x, y, y / 2}), commitment({x, y, x}, {.contract_weight = 0.25}),
            reciprocity({x, y}), responsiveness({x, y, 1, x, y, x})}) {
        CAPTURE(x);
        CAPTURE(y);
        CHECK(p.mean > 0);
        CHECK(p.mean <= 1);
        CHECK(p.variance >= 0);
        CHECK(p.variance <= p.mean * (1 - p.mean));
        CHECK(p.coverage >= 0);
        CHECK(p.coverage < 1);
        const Interval range = interval(p);
        CHECK(range.low <= range.high);
        CHECK(range.low >= 0);
        CHECK(range.high <= 1);
      }
    }
  }
}

TEST_CASE("a sum that misses 0 by its last bit counts as 0; what is not a number stays so") {
  CHECK(trust({.kept = -1e-12, .broken = -1e-12}).mean == trust({}).mean);
  CHECK(trust({.kept = -1e-12}).coverage == 0);
  CHECK(responsiveness({.answer_time = -1e-12}).mean == responsiveness({}).mean);
  CHECK(std::isnan(trust({.kept = not_a_number}).mean));
  CHECK(std::isnan(responsiveness({.answer_time = not_a_number}).mean));
  CHECK(std::isnan(reciprocity({.given = not_a_number}).mean));
  CHECK(std::isnan(commitment({.breached = not_a_number}).mean));
}

TEST_CASE("the matched Beta has the mean and variance of its parameter") {
  const Parameter p = responsiveness({2, 1.5, 1, 0.3, 1, 2});
  const auto [a, b] = matched_beta(p);
  CHECK(near(a / (a + b), p.mean, 1e-15));
  CHECK(near(a * b / ((a + b) * (a + b) * (a + b + 1)), p.variance, 1e-15));
  const Parameter certain{0.4, 0, 1};
  CHECK(std::isinf(matched_beta(certain).alpha));
  CHECK(interval(certain).low == 0.4);
  CHECK(interval(certain).high == 0.4);
}
