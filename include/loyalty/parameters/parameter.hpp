// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <limits>

#include <loyalty/core/config.hpp>
#include <loyalty/math/beta.hpp>
#include <loyalty/math/estimate.hpp>

namespace loyalty {

/// One relationship parameter: what we believe about one side of the company's conduct, and how much evidence says so.
struct Parameter {
  double mean = 0;      ///< posterior mean, 0..1
  double variance = 0;  ///< posterior variance, 0..mean(1 - mean)
  double coverage =
      0;  ///< evidence / (evidence + prior weight), 0..1; 0 means that only the prior speaks
};

/// Shapes of a Beta law, > 0; infinite where the law is a point.
struct BetaShapes {
  double alpha = 0;
  double beta = 0;
};

/// The Beta law with the mean and variance of a parameter: nu = m(1 - m)/v - 1, alpha = m nu, beta = (1 - m) nu
/// (docs/model.md, Quality). Both shapes are infinite where the variance is 0. O(1).
[[nodiscard]] constexpr BetaShapes matched_beta(const Parameter& parameter) noexcept {
  const double spread = parameter.mean * (1 - parameter.mean);
  if (!(parameter.variance > 0) || !(spread > parameter.variance)) {
    constexpr double point = std::numeric_limits<double>::infinity();
    return {point, point};
  }
  const double nu = spread / parameter.variance - 1;
  return {parameter.mean * nu, (1 - parameter.mean) * nu};
}

/// The 5 and 95 % quantile of the Beta law matched to a parameter, 0..1; its mean twice where the law is a point.
/// About 2 us.
[[nodiscard]] inline Interval interval(const Parameter& parameter) noexcept {
  const auto [alpha, beta] = matched_beta(parameter);
  if (alpha == std::numeric_limits<double>::infinity()) {
    return {parameter.mean, parameter.mean};
  }
  const auto [low, high] = math::beta_quantiles(0.05, 0.95, alpha, beta);
  return {low, high};
}

namespace detail {

/// Evidence is never negative; a decayed sum may miss 0 by its last bit after a retraction.
[[nodiscard]] constexpr double non_negative(double evidence) noexcept {
  assert(!(evidence < -1e-6) && "evidence must not be negative");
  return evidence < 0 ? 0 : evidence;
}

/// Share of the evidence in evidence and prior together, 0..1.
[[nodiscard]] constexpr double coverage_share(double evidence, double prior_weight) noexcept {
  const double total = evidence + prior_weight;
  return total > 0 ? evidence / total : 0;
}

/// Mean and variance of Beta(a, b).
struct BetaMoments {
  double mean = 0;
  double variance = 0;
};

/// Mean a/(a + b) and variance ab/((a + b)^2 (a + b + 1)) of Beta(a, b), a, b > 0. O(1).
[[nodiscard]] constexpr BetaMoments beta_moments(double a, double b) noexcept {
  const double sum = a + b;
  const double mean = a / sum;
  return {mean, mean * (b / sum) / (sum + 1)};
}

}  // namespace detail
}  // namespace loyalty
