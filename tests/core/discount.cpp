// SPDX-License-Identifier: MIT
#include <loyalty/core/discount.hpp>

#include <doctest/doctest.h>

#include <cmath>

using loyalty::DiscountRate;
using loyalty::TimeUnit;

TEST_CASE("discount rate: 15 % a year") {
  const DiscountRate rate(0.15, TimeUnit::year);
  CHECK(rate.factor(TimeUnit::year) == 1 / 1.15);
  CHECK(std::pow(rate.factor(TimeUnit::month), 12) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(365.0) == doctest::Approx(1 / 1.15).epsilon(1e-15));
  CHECK(rate.factor(0.0) == 1);
  // 1.15^(1/12) - 1, not .15 / 12.
  CHECK(rate.to(TimeUnit::month).rate() == doctest::Approx(0.011714916919853).epsilon(1e-12));
  CHECK(rate.to(TimeUnit::month).to(TimeUnit::year).rate() == doctest::Approx(0.15));
}

TEST_CASE("discount rate: the same rate in any period discounts alike") {
  for (int p = 1; p < loyalty::time_unit_count; ++p) {
    const auto per = static_cast<TimeUnit>(p);
    const DiscountRate rate(0.0002, per);
    CHECK(rate.factor(per) == 1 / 1.0002);
    for (int q = 1; q < loyalty::time_unit_count; ++q)
      CHECK(rate.to(static_cast<TimeUnit>(q)).factor(100.0) ==
            doctest::Approx(rate.factor(100.0)).epsilon(1e-12));
  }
}

TEST_CASE("discount rate: none, a negative one, and what is no rate") {
  CHECK(DiscountRate(0, TimeUnit::year).factor(1e4) == 1);
  CHECK(DiscountRate(-0.01, TimeUnit::year).factor(TimeUnit::year) > 1);
  CHECK_THROWS_WITH_AS(
      DiscountRate(-1.5, TimeUnit::year),
      "discount rate = -1.5: allowed is a share above -1 and below 1e6, such as 0.15 for 15 %",
      loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(-1, TimeUnit::year), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(NAN, TimeUnit::year), loyalty::PolicyError);
  CHECK_THROWS_AS(DiscountRate(INFINITY, TimeUnit::year), loyalty::PolicyError);
  CHECK(loyalty::time_unit("quarter") == TimeUnit::quarter);
  CHECK_THROWS_AS((void)loyalty::time_unit("fortnight"), loyalty::PolicyError);
}

TEST_CASE("discount rate: a force of interest, and a rate without a period") {
  const DiscountRate force(0.0027, TimeUnit::week, true);
  CHECK(force.factor(7.0) == doctest::Approx(std::exp(-0.0027)).epsilon(1e-15));
  CHECK(force.factor(TimeUnit::week) == doctest::Approx(std::exp(-0.0027)).epsilon(1e-15));
  CHECK(force.to(TimeUnit::day).rate() == doctest::Approx(0.0027 / 7).epsilon(1e-15));
  CHECK(DiscountRate(0.15, TimeUnit::year).force() ==
        doctest::Approx(std::log(1.15)).epsilon(1e-15));
  const DiscountRate bare(0.1, TimeUnit::unstated);
  CHECK_THROWS_AS((void)bare.factor(1.0), loyalty::MismatchError);
  CHECK_THROWS_AS((void)bare.to(TimeUnit::day), loyalty::MismatchError);
}
