// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/polynomial.hpp>

namespace loyalty::math {

/// t - ln(1 + t) >= 0 without cancellation near t = 0, for t > -1; `ratio` is 1 + t, given apart so that it stays exact
/// where t is close to -1. With v = t/(2 + t) the near part is t v - 2 v^3 (1/3 + v^2/5 + v^4/7 + ...) (C. Loader, Fast
/// and accurate computation of binomial probabilities, 2000). Relative error below 2e-15. O(1).
[[nodiscard]] inline double log1p_gap(double t, double ratio) noexcept {
  constexpr std::array<double, 8> series{
      0.3333333333333333,  0.20000000000000664, 0.1428571428526846,  0.11111111225175654,
      0.09090894780849694, 0.07693280261660693, 0.06630216772283055, 0.06585651867820996};
  if (!(std::abs(t) < 0.3)) return t - std::log(ratio);
  const double v = t / (2 + t);
  const double w = v * v;
  return t * v - 2 * v * w * polynomial(series, w);
}

}  // namespace loyalty::math
