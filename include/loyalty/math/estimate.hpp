// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <loyalty/core/config.hpp>
#include <loyalty/math/beta.hpp>
#include <loyalty/math/gamma_quantile.hpp>
#include <loyalty/math/normal.hpp>

namespace loyalty {

/// A range of a quantity, both ends included, in its unit.
struct Interval {
  double low = 0;
  double high = 0;  ///< >= low
};

/// A number that data tell, with its uncertainty: its standard deviation, and the 5 and 95 % points, low <= value <= high.
/// NaN where something is not known, an infinite end where there is no limit.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();    ///< in the unit of the value
  double low = std::numeric_limits<double>::quiet_NaN();   ///< 5 % point
  double high = std::numeric_limits<double>::quiet_NaN();  ///< 95 % point
};

/// A share, 0..1: the interval is that of the Beta law with this mean and variance. O(1).
[[nodiscard]] inline Estimate share_estimate(double mean, double variance) {
  mean = std::clamp(mean, 0.0, 1.0);
  variance = std::max(variance, 0.0);
  const double most = mean * (1 - mean);
  Estimate e{mean, std::sqrt(variance), mean, mean};
  if (!(variance > 1e-24) || !(most > variance)) {
    if (variance > 1e-24) {  // as wide as a share can be: no Beta law has it
      e.low = std::max(0.0, mean - math::normal_95 * e.sd);
      e.high = std::min(1.0, mean + math::normal_95 * e.sd);
    }
    return e;
  }
  const double weight = most / variance - 1;
  std::tie(e.low, e.high) = math::beta_quantiles(0.05, 0.95, mean * weight, (1 - mean) * weight);
  return e;
}

/// A positive number, such as a time or a count: the interval is that of the Gamma law with this mean and variance. O(1).
[[nodiscard]] inline Estimate positive_estimate(double mean, double variance) {
  variance = std::max(variance, 0.0);
  Estimate e{mean, std::sqrt(variance), mean, mean};
  if (!(mean > 0) || !(variance > 1e-24 * mean * mean)) return e;
  const double shape = mean / variance * mean;
  e.low = math::gamma_quantile(0.05, shape) * (mean / shape);
  e.high = math::gamma_quantile(0.95, shape) * (mean / shape);
  return e;
}

/// A number of either sign: the interval is that of the normal law. O(1).
[[nodiscard]] inline Estimate real_estimate(double mean, double variance) {
  const double sd = std::sqrt(std::max(variance, 0.0));
  return {mean, sd, mean - math::normal_95 * sd, mean + math::normal_95 * sd};
}

}  // namespace loyalty
