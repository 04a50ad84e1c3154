// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include <loyalty/core/config.hpp>
#include <loyalty/math/estimate.hpp>

namespace loyalty::purchase {

/// Derivatives by the parameters of a model, in the order of its members.
using Gradient = std::array<double, 4>;

/// Covariance of the estimates of a model's parameters, in the order of its members; unused rows are 0.
using Covariance = std::array<std::array<double, 4>, 4>;

/// A forecast and how far the estimation of the parameters leaves it open (delta method). It does not tell how far the
/// customer's own chance does: see docs/purchase.md.
struct Forecast {
  double value = 0;
  double standard_error = 0;  ///< NaN where the parameters have none: given, or not identified
};

/// sqrt(g' C g), the delta method.
[[nodiscard]] double standard_error(const Gradient& gradient,
                                    const Covariance& covariance) noexcept;

/// How many standard errors a central interval of probability `level` (0..1) reaches to either side: 1.645 for 0.9.
[[nodiscard]] double normal_reach(double level) noexcept;

/// The interval of a quantity >= 0, `reach` standard errors to either side on the scale of its logarithm.
[[nodiscard]] Interval positive_interval(const Forecast& forecast, double reach) noexcept;

/// The same of a probability, on the scale of its log-odds.
[[nodiscard]] Interval share_interval(const Forecast& forecast, double reach) noexcept;

}  // namespace loyalty::purchase
