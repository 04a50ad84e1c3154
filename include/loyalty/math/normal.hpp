// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// Quantile of the standard normal law, 0 < p < 1, to an absolute error of 4.5e-4: where a search may start (M. Abramowitz
/// and I. Stegun, 26.2.23). O(1).
[[nodiscard]] inline double rough_normal_quantile(double p) noexcept {
  const double t = std::sqrt(-2 * std::log(p < 0.5 ? p : 1 - p));
  const double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                           (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -z : z;
}

}  // namespace loyalty::math
