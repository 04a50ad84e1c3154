// SPDX-License-Identifier: MIT
#include <loyalty/scoring/strength.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "scoring/worked_example.hpp"

using namespace loyalty;
using loyalty_tests::worked_strength;

namespace {

bool near(double got, double wanted, double within) { return std::abs(got - wanted) <= within; }

double sum(const std::array<double, 6>& p) { return std::accumulate(p.begin(), p.end(), 0.0); }

}  // namespace

TEST_CASE("the worked example") {
  const auto p = rung_strength(worked_strength);
  constexpr std::array wanted{0.0, 0.025357, 0.089044, 0.235519, 0.118671, 0.531410};
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    CAPTURE(k);
    CHECK(near(p[k], wanted[k], 5e-7));
  }
}

TEST_CASE("the strengths are probabilities that sum to 1") {
  for (const double years : {0.0, 1e-6, 0.3, 2.0, 80.0}) {
    for (const double s : {0.0, 0.0625, 0.75, 4.0, 1e5}) {
      for (const double half_life : {0.05, 1.0, 10.0}) {
        const StrengthOptions o{.half_life_years = {half_life, half_life, 1, half_life}};
        const auto p = rung_strength({7, s, 2 * s, 0.5 * s, s, years}, o);
        CAPTURE(years);
        CAPTURE(s);
        CAPTURE(half_life);
        CHECK(near(sum(p), 1, 1e-15));
        for (const double each : p) CHECK(each >= 0);
      }
    }
  }
}

TEST_CASE("who has not bought is a prospect for certain; more evidence shifts upwards") {
  CHECK(rung_strength({.purchases = 0, .support = 9, .years = 3})[0] == 1);
  CHECK(rung_strength({.purchases = 1, .years = 3})[0] == 0);
  const auto expected_rung = [](const std::array<double, 6>& p) {
    double mean = 0;
    for (std::size_t k = 0; k < p.size(); ++k) mean += static_cast<double>(k) * p[k];
    return mean;
  };
  double before = 0;
  for (double s = 0; s < 20; s += 0.37) {
    const double here = expected_rung(rung_strength({5, s, s, s, s, 2}));
    CHECK(here > before);
    before = here;
  }
  // The same sums over a longer time are a lower rate.
  CHECK(expected_rung(rung_strength({5, 2, 2, 2, 2, 0.5})) >
        expected_rung(rung_strength({5, 2, 2, 2, 2, 5})));
}

TEST_CASE("the time that a sum stands for saturates at h / ln 2") {
  // Half-life 1, a century: W = 1/ln 2, theta = 1.5 ln 2, no evidence: P = erfc(sqrt(theta (1/2 + W))).
  const auto p = rung_strength({.purchases = 1, .years = 100});
  const double theta = 1.5 * std::log(2.0);
  CHECK(near(1 - p[1], std::erfc(std::sqrt(theta * (0.5 + 1 / std::log(2.0)))), 1e-15));
}
