// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <loyalty/math/share_interval.hpp>
#include <loyalty/parameters/density.hpp>

using loyalty::Parameter;
using loyalty::math::share_interval;

TEST_CASE("share_interval: Jeffreys' interval") {
  // Quantiles of Beta(3.5, 7.5) from 50-digit arithmetic.
  const auto [low, high] = share_interval(3, 10);
  CHECK(low == doctest::Approx(0.11732937668021).epsilon(1e-10));
  CHECK(high == doctest::Approx(0.55812676648463).epsilon(1e-10));
}

TEST_CASE("share_interval: ends, nothing seen, and symmetry") {
  CHECK(share_interval(0, 10).first == 0);
  CHECK(share_interval(10, 10).second == 1);
  CHECK(share_interval(0, 0) == std::pair{0.0, 1.0});
  for (int k = 0; k <= 20; ++k) {
    const auto [low, high] = share_interval(k, 20);
    const auto [mirror_low, mirror_high] = share_interval(20 - k, 20);
    CHECK(low == doctest::Approx(1 - mirror_high).epsilon(1e-12));
    CHECK(high == doctest::Approx(1 - mirror_low).epsilon(1e-12));
    CHECK(low <= k / 20.0);
    CHECK(high >= k / 20.0);
  }
}

TEST_CASE("density: integrates to 1 and has the moments of its parameter") {
  for (const Parameter& p :
       {Parameter{0.75, 0.02, 0}, Parameter{0.5, 0.01, 0}, Parameter{0.1, 0.005, 0}}) {
    constexpr int n = 20000;
    double mass = 0;
    double mean = 0;
    double square = 0;
    for (int i = 0; i < n; ++i) {
      const double x = (i + 0.5) / n;
      const double f = loyalty::density(p, x) / n;
      mass += f;
      mean += f * x;
      square += f * x * x;
    }
    CHECK(mass == doctest::Approx(1).epsilon(1e-6));
    CHECK(mean == doctest::Approx(p.mean).epsilon(1e-6));
    CHECK(square - mean * mean == doctest::Approx(p.variance).epsilon(1e-5));
  }
  CHECK(loyalty::density({0.5, 0, 0}, 0.5) == 0);
  CHECK(loyalty::density({0.5, 0.01, 0}, 0) == 0);
  CHECK(loyalty::density({0.5, 0.01, 0}, 1.5) == 0);
}
