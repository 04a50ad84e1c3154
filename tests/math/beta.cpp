// SPDX-License-Identifier: MIT
#include <loyalty/math/beta.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "math/near.hpp"

using namespace loyalty::math;
using loyalty_tests::relative_error;

namespace {

struct BetaValue {
  double x;
  double a;
  double b;
  double cdf;
};

// Computed with mpmath 1.4.1 at 60 digits, betainc(a, b, 0, x, regularized=True).
constexpr BetaValue beta_values[] = {
    {3.329257e-12, 0.014669, 137.89, 0.7355247008574762},
    {0.999992, 10.708, 0.12736, 0.6792386123599269},
    {0.0382916, 3.6712, 0.18271, 4.315752699556091e-07},
    {0.0001210896, 12.518, 0.019758, 1.5586440518003381e-52},
    {0.09010631, 2.5426, 46.272, 0.881121796685064},
    {4.88814e-06, 0.1603, 88.034, 0.31023632265255807},
    {0.001275016, 0.011783, 0.14373, 0.8565824343009117},
    {4.191592e-05, 0.018195, 0.057265, 0.6327434164430052},
    {0.1941083, 2.8862, 0.036795, 0.000137852781862226},
    {0.330608, 67.771, 164.48, 0.9013445978798691},
    {0.3115749, 9.3811, 3.2591, 0.000736639616034257},
    {0.02130272, 10.332, 138.01, 0.0008572754765937889},
    {0.9675109, 5.4399, 1.1847, 0.8892912483665577},
    {1.068846e-06, 0.23512, 198.26, 0.1503630450109379},
    {0.601134, 2.2295, 14.761, 0.9999807144733233},
    {0.7815385, 14.773, 10.614, 0.9863296887062577},
    {0.9997188, 86.003, 0.32575, 0.6695935315787607},
    {0.5441529, 74.747, 55.685, 0.2508445778801374},
    {0.358836, 25.078, 51.634, 0.7301136297544087},
    {0.9690181, 4.8678, 0.44059, 0.5388018210095709},
    {0.9999971, 4.1508, 0.022124, 0.2141133408225263},
    {0.8012033, 186.76, 60.688, 0.9604328440629328},
    {0.07799094, 0.46803, 14.477, 0.8818129796355111},
    {0.0004364317, 0.78387, 40.271, 0.044966135214471396},
    {0.9999993, 16.823, 0.013431, 0.135173951688309},
    {0.9995764, 1.1698, 0.097713, 0.520987700097076},
    {0.8934792, 1.3746, 4.389, 0.9998922846597471},
    {1.701697e-06, 0.12591, 0.011185, 0.015351144251815592},
    {0.006490833, 8.2412, 0.074314, 1.0258799931760895e-20},
    {0.9045116, 78.452, 6.8858, 0.27912219972321456},
    {0.9997327, 68.301, 0.25464, 0.603506287235929},
    {0.9993312, 0.07138, 0.71261, 0.9994742074910532},
    {0.5451552, 85.34, 60.976, 0.17466220724675344},
    {0.02538102, 3.2163, 0.22956, 7.469515244295247e-07},
    {0.2802387, 1.364, 39.766, 0.9999941794198316},
    {0.05134207, 11.435, 121.62, 0.058780019218874914},
    {2.019991e-05, 0.053365, 0.86655, 0.554686296625691},
    {0.8505917, 0.083281, 0.60275, 0.956861660632329},
    {0.9996396, 1.3294, 0.22704, 0.8194821080708525},
};

// Computed with mpmath 1.4.1 at 40 digits as the integral of the density over panels of two standard deviations, from
// x to where it has vanished: betainc itself does not converge here.
constexpr BetaValue large_beta_values[] = {
    {0.3896087342292127, 2000.0, 3000.0, 0.06650069028054753},
    {0.005708692717726341, 4000.0, 700000.0, 0.6197232833020168},
    {0.5, 6000.0, 6000.0, 0.5},
    {0.10077216343966308, 6000.0, 55000.0, 0.9766638817975972},
    {0.49664590641897377, 100000.0, 100000.0, 0.001349798315830222},
    {0.9806118085329595, 1000000.0, 20000.0, 0.9455992528672647},
    {0.009898809298303708, 10000000.0, 1000000000.0, 0.24198018726714401},
    {0.4999816105769576, 1000000000.0, 1000000000.0, 0.050005531099932624},
    {0.5000005815246168, 1000000000000.0, 1000000000000.0, 0.949994468890401},
    {0.999998994001009, 1000000000000.0, 1000000.0, 1.059739632200293e-09},
    {0.30000366606055595, 300000000000.0, 700000000000.0, 0.9999999999999993},
    {5.507416168175909e-09, 5500.0, 1000000000000.0, 0.5415935873575461},
    {4.506708183637216e-09, 4500.0, 1000000000000.0, 0.5417798803751555},
    {0.9999999999710557, 1000000000000.0, 20.0, 0.03334924774940615},
    {0.9999999999990812, 1000000000000.0, 2.5, 0.8711232933092186},
    {0.9999909505586252, 1000000.0, 6.5, 0.15379600410912733},
};

const std::initializer_list<double> shapes{1e-3, 0.03, 0.5, 0.9, 1, 2.5, 17, 300, 4e4, 1e7, 1e12};
const std::initializer_list<double> probabilities{1e-9, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.95, 0.9999};

}  // namespace

TEST_CASE("beta_cdf at moderate shapes") {
  for (const BetaValue& row : beta_values) {
    const double x = row.x;
    const double a = row.a;
    const double b = row.b;
    const double wanted = row.cdf;
    CAPTURE(x);
    CAPTURE(a);
    CAPTURE(b);
    CHECK(std::abs(beta_cdf(x, a, b) - wanted) < 2e-15);
    CHECK(relative_error(beta_cdf(x, a, b), wanted) < 2e-13);
  }
}

TEST_CASE("beta_cdf at large shapes") {
  for (const BetaValue& row : large_beta_values) {
    const double x = row.x;
    const double a = row.a;
    const double b = row.b;
    const double wanted = row.cdf;
    CAPTURE(x);
    CAPTURE(a);
    CAPTURE(b);
    CHECK(std::abs(beta_cdf(x, a, b) - wanted) < 2e-15);
    CHECK(relative_error(beta_cdf(x, a, b), wanted) < 1e-13);
  }
}

TEST_CASE("beta_cdf in closed form: powers and the arcsine law") {
  for (const double x : {1e-12, 0.01, 0.3, 0.5, 0.77, 0.999}) {
    CAPTURE(x);
    for (const double shape : {0.02, 1.0, 3.7, 250.0}) {
      CAPTURE(shape);
      CHECK(std::abs(beta_cdf(x, shape, 1) - std::pow(x, shape)) < 2e-15);
      CHECK(std::abs(beta_cdf(x, 1, shape) + std::expm1(shape * std::log1p(-x))) < 2e-15);
    }
    CHECK(std::abs(beta_cdf(x, 0.5, 0.5) - 2 / 3.14159265358979323846 * std::asin(std::sqrt(x))) <
          2e-15);
  }
}

TEST_CASE("beta_cdf at and beyond the ends of its range") {
  CHECK(beta_cdf(0, 2, 3) == 0);
  CHECK(beta_cdf(-1, 2, 3) == 0);
  CHECK(beta_cdf(1, 2, 3) == 1);
  CHECK(beta_cdf(7, 2, 3) == 1);
  CHECK(std::isnan(beta_cdf(std::numeric_limits<double>::quiet_NaN(), 2, 3)));
  CHECK(beta_cdf(0.1, 1e12, 1e12) == 0);
  CHECK(beta_cdf(0.9, 1e12, 1e12) == 1);
  CHECK(beta_cdf(1e-300, 1e12, 1e-3) == 0);
}

TEST_CASE("beta_cdf is symmetric and does not fall") {
  for (const double a : shapes) {
    for (const double b : shapes) {
      CAPTURE(a);
      CAPTURE(b);
      double before = 0;
      for (int i = 1; i < 64; ++i) {
        const double x = i / 64.0;  // 1 - x is exact
        CAPTURE(x);
        const double here = beta_cdf(x, a, b);
        CHECK(std::abs(here + beta_cdf(1 - x, b, a) - 1) < 4e-15);
        CHECK(here >= before - 4e-15);
        before = here;
      }
    }
  }
}

TEST_CASE("beta_quantile inverts beta_cdf for all shapes") {
  int inverted = 0;
  for (const double a : shapes) {
    for (const double b : shapes) {
      for (const double p : probabilities) {
        const double x = beta_quantile(p, a, b);
        CAPTURE(p);
        CAPTURE(a);
        CAPTURE(b);
        CAPTURE(x);
        REQUIRE(x >= 0);
        REQUIRE(x <= 1);
        if (x < 1e-290 || x == 1) continue;  // beyond what a double holds
        ++inverted;
        // What the neighbouring doubles change is what x cannot resolve.
        const double slack =
            beta_cdf(std::nextafter(x, 2), a, b) - beta_cdf(std::nextafter(x, 0), a, b);
        CHECK(std::abs(beta_cdf(x, a, b) - p) < 4e-15 + slack);
      }
    }
  }
  CHECK(inverted > 500);
}

TEST_CASE("beta_quantile rises with p") {
  for (const double a : shapes) {
    for (const double b : shapes) {
      CAPTURE(a);
      CAPTURE(b);
      double before = 0;
      for (double p = 0.001; p < 1; p += 0.013) {
        CAPTURE(p);
        const double here = beta_quantile(p, a, b);
        CHECK(here >= before);
        before = here;
      }
    }
  }
}

TEST_CASE("beta_quantile in closed form") {
  CHECK(relative_error(beta_quantile(0.05, 1, 1), 0.05) < 1e-15);
  CHECK(relative_error(beta_quantile(0.05, 3, 1), std::cbrt(0.05)) < 1e-15);
  CHECK(relative_error(beta_quantile(0.05, 0.01, 1), std::pow(0.05, 100)) < 1e-12);
  CHECK(relative_error(beta_quantile(0.3, 1, 50), -std::expm1(std::log1p(-0.3) / 50)) < 1e-14);
  CHECK(beta_quantile(0.5, 8, 8) == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(beta_quantile(0.5, 1e12, 1e12) == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(beta_quantile(0, 2, 3) == 0);
  CHECK(beta_quantile(1, 2, 3) == 1);
  CHECK(std::isnan(beta_quantile(std::numeric_limits<double>::quiet_NaN(), 2, 3)));
}
