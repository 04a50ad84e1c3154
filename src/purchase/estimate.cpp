// SPDX-License-Identifier: MIT
#include <loyalty/purchase/estimate.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <loyalty/math/normal.hpp>

namespace loyalty::purchase {
namespace {

/// Quantile of the standard normal law: the rough one, then Newton's method on the logarithm of the tail.
double normal_quantile(double p) {
  if (!(p > 0 && p < 1)) return p <= 0 ? -INFINITY : INFINITY;
  double z = math::rough_normal_quantile(p);
  const double tail = std::min(p, 1 - p);
  double far = -std::abs(z);
  for (int i = 0; i < 4; ++i) {
    const double below = 0.5 * std::erfc(-far / std::sqrt(2.0));
    const double density = std::exp(-0.5 * far * far) * 0.39894228040143267794;
    far -= std::log(below / tail) * below / density;
  }
  return p < 0.5 ? far : -far;
}

}  // namespace

double standard_error(const Gradient& gradient, const Covariance& covariance) noexcept {
  double variance = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    double row = 0;
    for (std::size_t j = 0; j < gradient.size(); ++j) row += covariance[i][j] * gradient[j];
    variance += gradient[i] * row;
  }
  return std::sqrt(variance < 0 ? 0 : variance);
}

double normal_reach(double level) noexcept { return normal_quantile(0.5 + 0.5 * level); }

Interval positive_interval(const Forecast& forecast, double reach) noexcept {
  if (!(forecast.value > 0)) return {forecast.value, forecast.value};
  const double factor = std::exp(reach * forecast.standard_error / forecast.value);
  return {forecast.value / factor, forecast.value * factor};
}

Interval share_interval(const Forecast& forecast, double reach) noexcept {
  const double p = forecast.value;
  if (!(p > 0 && p < 1)) return {p, p};
  const double factor = std::exp(reach * forecast.standard_error / (p * (1 - p)));
  return {p / (p + (1 - p) * factor), p / (p + (1 - p) / factor)};
}

}  // namespace loyalty::purchase
