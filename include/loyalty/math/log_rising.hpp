// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polygamma.hpp>

namespace loyalty::math {

namespace detail {

/// Whether a product of k terms is short enough to be taken as it stands.
inline bool is_short(double k) noexcept { return k <= 12 && k == std::floor(k); }

}  // namespace detail

/// ln Gamma(a + k) - ln Gamma(a), the log of the rising factorial a (a + 1) ... (a + k - 1), for real a > 0, k >= 0: the
/// product itself where k is whole and at most 12, else by the errors of Stirling's formula, whose large terms cancel on
/// paper, so that a = 1e12 loses nothing. Relative error below 1e-14, below 1e-11 where k is below 1e-3. O(1).
[[nodiscard]] inline double log_rising(double a, double k) noexcept {
  assert(a > 0 && k >= 0);
  if (detail::is_short(k) && a < 1e24) {
    double product = 1;
    for (double i = 0; i < k; ++i) product *= a + i;
    return std::log(product);
  }
  return k * std::log(a + k) + ((a - 0.5) * std::log1p(k / a) - k) +
         (stirling_error(a + k) - stirling_error(a));
}

/// First and second derivative of `log_rising` by a: psi(a + k) - psi(a) >= 0 and psi1(a + k) - psi1(a) <= 0.
struct RisingSlopes {
  double first = 0;
  double second = 0;
};

/// The derivatives of `log_rising` by a, for a > 0, k >= 0: sums of terms of one sign where k is whole and at most 12, by
/// differences of the asymptotic series where a is large (M. Abramowitz and I. Stegun, Handbook of Mathematical Functions,
/// 1964, 6.3.18 and 6.4.12), else of `polygammas`. Relative error below 1e-12, below 1e-10 where k is below 1e-3. About
/// 60 ns.
[[nodiscard]] inline RisingSlopes rising_slopes(double a, double k) noexcept {
  assert(a > 0 && k >= 0);
  if (detail::is_short(k)) {
    RisingSlopes slopes;
    for (double i = 0; i < k; ++i) {
      const double part = 1 / (a + i);
      slopes.first += part;
      slopes.second -= part * part;
    }
    return slopes;
  }
  if (a >= 200) {
    // With p = 1/a and r = 1/(a + k): p - r = k/(a (a + k)), and what higher powers differ by is a multiple of it.
    const double p = 1 / a;
    const double r = 1 / (a + k);
    const double gap = k * p * r;
    const double sum = p + r;
    const double squares = p * p + r * r;
    const double cubes = squares + p * r;  // (p^3 - r^3)/(p - r)
    return {std::log1p(k * p) + gap * (0.5 + sum * (1.0 / 12 - squares / 120)),
            -gap * (1 + 0.5 * sum + cubes / 6 -
                    (squares * squares + p * r * squares - p * p * r * r) / 30)};
  }
  const Polygammas above = polygammas(a + k);
  const Polygammas at = polygammas(a);
  return {above.psi0 - at.psi0, above.psi1 - at.psi1};
}

/// ln(B(a, b + n) / B(a, b)), the logarithm of the product of (b + i)/(a + b + i) over i = 0..n-1: that n trials of a
/// probability Beta(a, b) all fail; a, b > 0, whole n >= 0. O(1).
[[nodiscard]] inline double log_all_fail(double a, double b, double n) noexcept {
  if (detail::is_short(n)) {
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

}  // namespace loyalty::math
