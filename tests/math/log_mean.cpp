// SPDX-License-Identifier: MIT
#include <loyalty/math/log_mean.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "math/near.hpp"

using namespace loyalty::math;
using loyalty_tests::relative_error;

TEST_CASE("log_mean of numbers far apart, close and equal") {
  CHECK(relative_error(log_mean(1, 2), 1.44269504088896340736) < 1e-15);  // 1/ln 2
  CHECK(relative_error(log_mean(2, 1), 1.44269504088896340736) < 1e-15);
  CHECK(relative_error(log_mean(1, 1e300), 1e300 / (300 * 2.30258509299404568402)) < 1e-15);
  CHECK(log_mean(70.5, 70.5) == 70.5);
  CHECK(log_mean(0, 3) == 0);
  for (const double d : {1e-3, 1e-8, -1e-8, 1e-14}) {
    CAPTURE(d);
    const double b = 70.0 * (1 + d);
    const double t = (b - 70.0) / 70.0;
    CHECK(relative_error(log_mean(70, b), 70.0 * (1 + t / 2 - t * t / 12)) < 1e-10);
    CHECK(log_mean(70, b) >= std::fmin(70, b));
    CHECK(log_mean(70, b) <= std::fmax(70, b));
  }
}

TEST_CASE("expm1_ratio is smooth at 0") {
  CHECK(expm1_ratio(0) == 1);
  CHECK(relative_error(expm1_ratio(1e-300), 1) < 1e-15);
  CHECK(relative_error(expm1_ratio(1e-9), 1 + 0.5e-9) < 1e-15);
  CHECK(relative_error(expm1_ratio(1), 1.71828182845904523536) < 1e-15);
  CHECK(relative_error(expm1_ratio(-2), 0.43233235838169365405) < 1e-15);  // (1 - e^-2)/2
}
