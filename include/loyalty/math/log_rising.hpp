// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polygamma.hpp>

namespace loyalty::math {

/// ln(Gamma(z + n) / Gamma(z)) = ln(z (z + 1) ... (z + n - 1)) for z > 0 and whole n >= 0: the product itself where it is
/// short, else by the errors of Stirling's formula, so that nothing cancels where z is large. O(1).
[[nodiscard]] inline double log_rising(double z, double n) noexcept {
  if (n <= 12 && z < 1e24) {
    double product = 1;
    for (double i = 0; i < n; ++i) product *= z + i;
    return std::log(product);
  }
  const double sum = z + n;
  return (z - 0.5) * std::log1p(n / z) + n * std::log(sum) - n +
         (stirling_error(sum) - stirling_error(z));
}

/// ln(B(a, b + n) / B(a, b)), the logarithm of the product of (b + i)/(a + b + i) over i = 0..n-1: that n trials of a
/// probability Beta(a, b) all fail; a, b > 0, whole n >= 0. O(1).
[[nodiscard]] inline double log_all_fail(double a, double b, double n) noexcept {
  if (n <= 12) {
    double product = 1;
    for (double i = 0; i < n; ++i) product *= (b + i) / (a + (b + i));
    if (product > 0x1p-900) return std::log(product);
  }
  const double far = b + n;
  return (b - 0.5) * std::log1p(a / b) - (far - 0.5) * std::log1p(a / far) -
         a * std::log1p(n / (a + b)) +
         ((stirling_error(a + b) - stirling_error(b)) -
          (stirling_error(a + far) - stirling_error(far)));
}

/// psi(z + n) - psi(z) and psi'(z + n) - psi'(z).
struct PsiGrowth {
  double psi0 = 0;
  double psi1 = 0;
};

/// For z > 0 and whole n >= 0; sums of positive terms where they are few. O(1).
[[nodiscard]] inline PsiGrowth psi_growth(double z, double n) noexcept {
  if (n <= 12) {
    PsiGrowth growth;
    for (double i = 0; i < n; ++i) {
      const double part = 1 / (z + i);
      growth.psi0 += part;
      growth.psi1 -= part * part;
    }
    return growth;
  }
  const Polygammas far = polygammas(z + n);
  const Polygammas near = polygammas(z);
  return {far.psi0 - near.psi0, far.psi1 - near.psi1};
}

}  // namespace loyalty::math
