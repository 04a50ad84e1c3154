// SPDX-License-Identifier: MIT
#include <loyalty/math/gamma_quantile.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "math/near.hpp"

using namespace loyalty::math;
using loyalty_tests::relative_error;

namespace {

struct GammaPoint {
  double a;
  double p;
  double x;
};

// References at 50 digits: tests/math/references.py (mpmath 1.3).
constexpr GammaPoint points[] = {
    {0.01, 0.5, 4.4655350189103486773e-31}, {0.01, 0.99, 0.26505255025158213987},
    {0.1, 0.05, 5.9307112914142675423e-14}, {0.5, 0.05, 0.0019660700000097613657},
    {0.5, 0.95, 1.9207294103470629792},     {1, 0.5, 0.69314718055994530942},
    {2.5, 0.001, 0.10510630131460958193},   {2.5, 0.05, 0.57273811303088462497},
    {2.5, 0.95, 5.5352488467581770891},     {10.5, 0.05, 5.7956526044103683444},
    {10.5, 0.95, 16.335286670458652676},    {100, 0.05, 84.139277218314197404},
    {100, 0.999999, 154.91904599503898501}, {2345.5, 0.05, 2266.4116955390984231},
    {2345.5, 0.95, 2425.7253072145686549},
};

}  // namespace

TEST_CASE("gamma quantile: 50-digit references") {
  for (const GammaPoint& at : points) {
    CAPTURE(at.a);
    CAPTURE(at.p);
    CHECK(relative_error(gamma_quantile(at.p, at.a), at.x) < 1e-12);
  }
}

TEST_CASE("gamma quantile: the ends") {
  CHECK(gamma_quantile(0, 3) == 0);
  CHECK(std::isinf(gamma_quantile(1, 3)));
  CHECK(gamma_quantile(1e-300, 0.01) == 0);  // below the smallest number
}

TEST_CASE("gamma quantile: undoes the distribution function over ten powers of ten") {
  for (double a = 1e-2; a < 2e8; a *= 7)
    for (const double p : {1e-9, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-9}) {
      const double x = gamma_quantile(p, a);
      if (x < 1e-300) continue;
      CAPTURE(a);
      CAPTURE(p);
      const double upper = gamma_sf(a, x);
      // Of the smaller tail, which is what is known to all digits; x is rounded, which large shapes feel.
      const double slack = 1e-13 + 1e-15 * std::sqrt(a) * 20;
      if (upper < 0.5)
        CHECK(relative_error(upper, 1 - p) < slack + 1e-16 / (1 - p));
      else
        CHECK(relative_error(1 - upper, p) < slack + 1e-15 / p);
    }
}
