// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
namespace loyalty::math {
[[nodiscard]] inline double log_gamma(double x) noexcept {
  double product = 1;
  while (x < 16) {
    product *= x;
    x += 1;
  }
  const double r = 1 / x, r2 = r * r;
  return (x - 0.5) * std::log(x) - x + 0.91893853320467274178 - std::log(product) +
         r * (1. / 12 - r2 * (1. / 360 - r2 * (1. / 1260 - r2 * (1. / 1680 - r2 * (1. / 1188)))));
}
[[nodiscard]] inline double log_beta(double a, double b) noexcept {
  return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}
}  // namespace loyalty::math
