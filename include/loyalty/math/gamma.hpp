// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <loyalty/math/log_gamma.hpp>
namespace loyalty::math {
[[nodiscard]] inline double gamma_sf(double a, double x) noexcept {
  if (!(x > 0)) return 1;
  const double front = std::exp(a * std::log(x) - x - log_gamma(a));
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (double k = a + 1; term > 1e-17 * sum; k += 1) sum += term *= x / k;
    return 1 - front * sum;
  }
  double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (int i = 1; i < 100000; ++i) {
    const double an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return front * h;
}
}  // namespace loyalty::math
