// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/estimate.hpp>

namespace loyalty::purchase {

/// The Gamma-Gamma model of spend (P. Fader, B. Hardie, K. Lee, Journal of Marketing Research 42, 2005, p. 415; P. Fader and
/// B. Hardie, The Gamma-Gamma Model of Monetary Value, 2013). Values of one customer's purchases are Gamma(p, rate nu), nu
/// is Gamma(q, rate v) across customers. All three are above 0; v is in units of money. It supposes that what a
/// customer spends at a time has nothing to do with how often it buys.
struct GammaGamma {
  double p = 1;
  double q = 1;
  double v = 1;

  static constexpr std::string_view name = "Gamma-Gamma";
  static constexpr int parameter_count = 3;
  static constexpr std::array<std::string_view, 3> parameter_names{"p", "q", "v"};

  /// Logarithm of the density of a mean value > 0 of x > 0 purchases. `gradient` by (p, q, v), as below. O(1).
  [[nodiscard]] double log_likelihood(double x, double mean_value,
                                      Gradient* gradient = nullptr) const;

  /// E[value of the next purchase] of a customer whose x purchases had this mean value; at x = 0, where it is not read,
  /// that of anybody, p v / (q - 1). Infinite where p x + q <= 1. O(1).
  [[nodiscard]] double expected_spend(double x, double mean_value,
                                      Gradient* gradient = nullptr) const;
};

}  // namespace loyalty::purchase
