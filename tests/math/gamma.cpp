// SPDX-License-Identifier: MIT
#include <loyalty/math/gamma.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "math/near.hpp"

using namespace loyalty::math;
using loyalty_tests::relative_error;

namespace {

struct GammaValue {
  double a;
  double x;
  double sf;
};

// Computed with mpmath 1.4.1 at 50 digits, gammainc(a, x, inf, regularized=True); from a = 1e6 on as the integral of the
// density over panels of two standard deviations. With both sides of every border between methods.
constexpr GammaValue gamma_values[] = {
    {8.0, 8.5, 0.3855971018271526},
    {10.0, 10.0, 0.4579297144718522},
    {12.0, 14.0, 0.2600399224594338},
    {20.0, 18.0, 0.6509161279807018},
    {25.0, 33.0, 0.0641813543995017},
    {29.0, 29.0, 0.4753017281425412},
    {336.01, 268.459, 0.9999604882485221},
    {119.84, 138.514, 0.049004783834708424},
    {0.58482, 0.0627487, 0.7829690511956712},
    {0.11405, 1.5651, 0.01199186645366195},
    {0.29742, 1.54728, 0.0391053900762868},
    {2.1408, 2.39136, 0.3472511142710501},
    {64.607, 80.4392, 0.030797398983086855},
    {0.20763, 0.0911838, 0.3463076495483213},
    {2.7291, 0.527931, 0.9722883311780719},
    {0.41367, 1.1882, 0.09648886281032973},
    {10.453, 4.4552, 0.9894410223455662},
    {55.837, 7.69941, 1.0},
    {210.71, 34.0049, 1.0},
    {2.2882, 6.5379, 0.016909848291165264},
    {1.1089, 5.28703, 0.006510781733933743},
    {235.21, 205.288, 0.9782314950405956},
    {28.836, 30.6564, 0.34681863156578085},
    {27.696, 58.2456, 3.0580394729056263e-06},
    {321.49, 307.217, 0.7850805144567594},
    {170.2, 61.4569, 1.0},
    {0.069082, 1.03693, 0.015269425589131644},
    {3.1516, 0.0759016, 0.9999616495688645},
    {60.176, 90.2671, 0.00031916366373387355},
    {0.11914, 1.23598, 0.020320968547779306},
    {87.883, 286.484, 1.3218942974892453e-43},
    {3.3081, 0.454168, 0.994189586993842},
    {0.25574, 1.91872, 0.01977064264923081},
    {13.164, 18.9681, 0.06678108222275965},
    {0.59974, 4.47595, 0.0038973254905387235},
    {0.22583, 0.800362, 0.08226400824874995},
    {4.4599, 7.32998, 0.09758104682055192},
    {3.6561, 0.404974, 0.9981524476148605},
    {298.24, 367.503, 8.651877594522265e-05},
    {6.4232, 0.26655, 0.999999898998667},
    {29.99, 31.0, 0.4039454309392007},
    {30.0, 31.0, 0.4046521790343891},
    {30.0, 19.51, 0.9836700050809307},
    {30.0, 40.49, 0.03688439025179105},
    {30.0, 40.51, 0.0366435324118317},
    {30.0, 19.49, 0.9838680454257243},
    {1000.0, 1350.0, 7.635408516228592e-24},
    {10000.0, 10100.0, 0.15865124955282037},
    {0.5, 0.3, 0.4385780260809999},
    {0.5, 20.0, 2.539628589470865e-10},
    {1000000.0, 1000300.0, 0.38197289661199185},
    {100000000.0, 99980000.0, 0.9772552674184064},
    {10000000000.0, 10000400000.0, 3.167793384851544e-05},
    {1000000000000.0, 1000001000000.0, 0.15865525393141672},
    {1000000000000.0, 999998500000.0, 0.9331928526968696},
};

}  // namespace

TEST_CASE("gamma_sf from 0.03 to 1e12") {
  for (const GammaValue& row : gamma_values) {
    const double a = row.a;
    const double x = row.x;
    const double wanted = row.sf;
    CAPTURE(a);
    CAPTURE(x);
    CHECK(std::abs(gamma_sf(a, x) - wanted) < 3e-15);
    CHECK(relative_error(gamma_sf(a, x), wanted) < 2e-13);
  }
}

TEST_CASE("gamma_sf in closed form: the exponential, the Erlang and the half-normal law") {
  for (const double x : {1e-9, 0.1, 0.7, 2.0, 3.9, 4.1, 30.0}) {
    CAPTURE(x);
    CHECK(relative_error(gamma_sf(1, x), std::exp(-x)) < 1e-14);
    CHECK(relative_error(gamma_sf(3, x), std::exp(-x) * (1 + x + x * x / 2)) < 2e-14);
    CHECK(relative_error(gamma_sf(0.5, x), std::erfc(std::sqrt(x))) < 1e-15);
    CHECK(relative_error(gamma_sf(1.5, x),
                         std::erfc(std::sqrt(x)) +
                             2 * std::sqrt(x / 3.14159265358979323846) * std::exp(-x)) < 2e-14);
  }
}

TEST_CASE("gamma_sf falls with x, rises with a, and ends at 1 and 0") {
  for (const double a : {0.01, 0.5, 0.51, 1.0, 4.0, 29.9, 30.1, 2e3, 1e9, 1e12}) {
    CAPTURE(a);
    CHECK(gamma_sf(a, 0) == 1);
    CHECK(gamma_sf(a, -1) == 1);
    CHECK(gamma_sf(a, 1e15) == 0);
    double before = 1;
    for (double z = -6; z < 9; z += 0.21) {
      const double x = a + z * std::sqrt(a);
      if (x <= 0) continue;
      CAPTURE(x);
      const double here = gamma_sf(a, x);
      CHECK(here <= before + 4e-15);
      CHECK(gamma_sf(1.001 * a, x) >= here - 4e-15);
      before = here;
    }
  }
}
