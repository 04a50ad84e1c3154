// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <loyalty/math/log_gamma.hpp>
namespace loyalty::math {
[[nodiscard]] inline double beta_cdf(double x, double a, double b) noexcept {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta_cdf(1 - x, b, a);
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b)) / a;
  double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < 20000; ++m) {
    const double e = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + e * d);
    c = 1 + e / c;
    h *= d * c;
    const double f = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + f * d);
    c = 1 + f / c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return front * h;
}
[[nodiscard]] inline double beta_quantile(double p, double a, double b) noexcept {
  double low = 0, high = 1;
  for (int i = 0; i < 200 && high - low > 1e-16 * high; ++i) {
    const double x = 0.5 * (low + high);
    (beta_cdf(x, a, b) < p ? low : high) = x;
  }
  return 0.5 * (low + high);
}
}  // namespace loyalty::math
