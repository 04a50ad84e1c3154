// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// Density of the Beta law matched to a parameter at 0 < x < 1; 0 outside, and everywhere where the law is a point.
/// O(1), about 50 ns.
[[nodiscard]] inline double density(const Parameter& parameter, double x) noexcept {
  const auto [alpha, beta] = matched_beta(parameter);
  if (!(x > 0 && x < 1) || !std::isfinite(alpha)) return 0;
  return std::exp((alpha - 1) * std::log(x) + (beta - 1) * std::log1p(-x) -
                  math::log_beta(alpha, beta));
}

}  // namespace loyalty
