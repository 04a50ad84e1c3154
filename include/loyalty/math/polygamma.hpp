// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
namespace loyalty::math {
struct Polygammas {
  double psi0, psi1, psi2, psi3;
};
[[nodiscard]] inline Polygammas polygammas(double x) noexcept {
  double s1 = 0, s2 = 0, s3 = 0, s4 = 0;
  for (; x < 16; x += 1) {
    const double r = 1 / x, r2 = r * r;
    s1 += r;
    s2 += r2;
    s3 += r * r2;
    s4 += r2 * r2;
  }
  const double r = 1 / x, q = r * r;
  return {
      std::log(x) - r / 2 -
          q * (1. / 12 - q * (1. / 120 - q * (1. / 252 - q * (1. / 240 - q / 132)))) - s1,
      r + q / 2 + r * q * (1. / 6 - q * (1. / 30 - q * (1. / 42 - q * (1. / 30 - q * 5 / 66)))) +
          s2,
      -q - r * q - q * q * (1. / 2 - q * (1. / 6 - q * (1. / 6 - q * (3. / 10 - q * 5 / 6)))) -
          2 * s3,
      2 * r * q + 3 * q * q + r * q * q * (2 - q * (1 - q * (4. / 3 - q * (3 - q * 10)))) + 6 * s4};
}
}  // namespace loyalty::math
