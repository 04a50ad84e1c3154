// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// The 95 % point of the standard normal law: how many standard errors a 5-95 % interval reaches to either side.
inline constexpr double normal_95 = 1.6448536269514727;

/// How far a log-likelihood lies below its maximum at the ends of such an interval: half of the 90 % point of chi^2 with
/// one degree of freedom.
inline constexpr double likelihood_drop_95 = normal_95 * normal_95 / 2;

/// Quantile of the standard normal law, 0 < p < 1, to an absolute error of 4.5e-4: where a search may start (M. Abramowitz
/// and I. Stegun, 26.2.23). O(1).
[[nodiscard]] inline double rough_normal_quantile(double p) noexcept {
  const double t = std::sqrt(-2 * std::log(p < 0.5 ? p : 1 - p));
  const double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                           (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -z : z;
}

}  // namespace loyalty::math
