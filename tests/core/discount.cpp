// SPDX-License-Identifier: MIT
#include <loyalty/core/discount.hpp>

#include <doctest/doctest.h>

#include <cmath>

using loyalty::DiscountRate;
using loyalty::RatePeriod;

TEST_CASE("discount rate: 15 % a year") {
  const DiscountRate rate(0.15, RatePeriod::yearly);
  CHECK(rate.factor(RatePeriod::yearly) == 1 / 1.15);
  CHECK(std::pow(rate.factor(RatePeriod::monthly), 12) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(365.0) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(0.0) == 1);
  // 1.15^(1/12) - 1, not .15 / 12.
  CHECK(rate.to(RatePeriod::monthly).rate() == doctest::Approx(0.011714916919853).epsilon(1e-12));
  CHECK(rate.to(RatePeriod::monthly).to(RatePeriod::yearly).rate() == doctest::Approx(0.15));
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
  CHECK(DiscountRate(0, RatePeriod::yearly).factor(1e4) == 1);
  CHECK(DiscountRate(-0.01, RatePeriod::yearly).factor(RatePeriod::yearly) > 1);
  CHECK_THROWS_WITH_AS(
      DiscountRate(-1.5, RatePeriod::yearly),
      "discount rate = -1.5: allowed is a share above -1 and below 1e6, such as 0.15 for 15 %",
      loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(-1, RatePeriod::yearly), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(NAN, RatePeriod::yearly), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(INFINITY, RatePeriod::yearly), loyalty::PolicyError);
  CHECK(loyalty::rate_period("quarter") == RatePeriod::quarterly);
  CHECK_THROWS_AS((void)loyalty::rate_period("fortnight"), loyalty::PolicyError);
}
