// SPDX-License-Identifier: MIT
#include <loyalty/core/discount.hpp>

#include <doctest/doctest.h>

#include <cmath>

using loyalty::DiscountRate;
using loyalty::RatePeriod;

TEST_CASE("discount rate: 15 % a year") {
  const DiscountRate rate(0.15, RatePeriod::year);
  CHECK(rate.factor(RatePeriod::year) == 1 / 1.15);
  CHECK(std::pow(rate.factor(RatePeriod::month), 12) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(365.0) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(0.0) == 1);
  // 1.15^(1/12) - 1, not .15 / 12.
  CHECK(rate.to(RatePeriod::month).rate() == doctest::Approx(0.011714916919853).epsilon(1e-12));
  CHECK(rate.to(RatePeriod::month).to(RatePeriod::year).rate() == doctest::Approx(0.15));
}

TEST_CASE("discount rate: the same rate in any period discounts alike") {
  for (int p = 0; p < loyalty::rate_period_count; ++p) {
    const auto per = static_cast<RatePeriod>(p);
    const DiscountRate rate(0.02, per);
    CHECK(rate.factor(per) == 1 / 1.02);
    for (int q = 0; q < loyalty::rate_period_count; ++q)
      CHECK(rate.to(static_cast<RatePeriod>(q)).factor(100.0) ==
            doctest::Approx(rate.factor(100.0)).epsilon(1e-12));
  }
}

TEST_CASE("discount rate: none, a negative one, and what is no rate") {
  CHECK(DiscountRate(0, RatePeriod::year).factor(1e4) == 1);
  CHECK(DiscountRate(-0.01, RatePeriod::year).factor(RatePeriod::year) > 1);
  CHECK_THROWS_AS(DiscountRate(-1, RatePeriod::year), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(NAN, RatePeriod::year), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(INFINITY, RatePeriod::year), loyalty::PolicyError);
  CHECK(loyalty::rate_period("quarter") == RatePeriod::quarter);
  CHECK_THROWS_AS((void)loyalty::rate_period("fortnight"), loyalty::PolicyError);
}
