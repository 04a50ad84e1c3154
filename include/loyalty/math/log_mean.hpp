// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// (e^d - 1)/d, which tends to 1 at d = 0. Any real d. O(1).
[[nodiscard]] inline double expm1_ratio(double d) noexcept {
  return d == 0 ? 1 : std::expm1(d) / d;
}

/// Logarithmic mean (b - a)/ln(b/a) of two positive numbers, safe where they are close or equal; 0 where one is 0. O(1).
[[nodiscard]] inline double log_mean(double a, double b) noexcept {
  if (a == b) {
    return a;
  }
  if (!(a > 0 && b > 0)) {
    return 0;
  }
  const double t = (b - a) / a;
  return (b - a) / (std::abs(t) < 0.5 ? std::log1p(t) : std::log(b / a));
}

}  // namespace loyalty::math
