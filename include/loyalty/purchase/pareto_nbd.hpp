// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/duration.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/history.hpp>

namespace loyalty::purchase {

/// The Pareto/NBD model (D. Schmittlein, D. Morrison, R. Colombo, Management Science 33, 1987, p. 1). Customers buy at a rate
/// of their own, Gamma(r, rate alpha) across customers, and drop out at a rate of their own, Gamma(s, rate beta), whether
/// they buy or not. All four parameters are above 0.
///
/// No hypergeometric function: every quantity is made of a positive integral over the time of the dropout, by
/// Gauss-Legendre panels, whose nodes also give the derivatives. Units, purity and `gradient`, here by
/// (r, alpha, s, beta), as in BetaGeometricNBD.
struct ParetoNBD {
  double r = 1;      ///< shape of the purchase rates
  double alpha = 1;  ///< their rate, in units of time
  double s = 1;      ///< shape of the dropout rates
  double beta = 1;   ///< their rate, in units of time
  TimeUnit unit = TimeUnit::unstated;

  static constexpr std::string_view name = "Pareto/NBD";
  static constexpr int parameter_count = 4;
  static constexpr std::array<std::string_view, 4> parameter_names{"r", "alpha", "s", "beta"};

  /// Logarithm of the likelihood of one history. 12 nodes for each factor of e^2.5 between t_x and T, at least.
  [[nodiscard]] double log_likelihood(const CustomerHistory& history,
                                      Gradient* gradient = nullptr) const;

  /// P(the customer is still alive at T).
  [[nodiscard]] double p_alive(const CustomerHistory& history, Gradient* gradient = nullptr) const;

  /// P(no purchase within `horizon` after T): gone already or before the next purchase, or alive and quiet.
  [[nodiscard]] double p_no_purchase(const CustomerHistory& history, Duration horizon,
                                     Gradient* gradient = nullptr) const;

  /// E[purchases within `horizon` after T].
  [[nodiscard]] double expected_purchases(const CustomerHistory& history, Duration horizon,
                                          Gradient* gradient = nullptr) const;

  /// E[discounted purchases after T], all of them or those within a horizon (P. Fader, B. Hardie, K. Lee, Journal of
  /// Marketing Research 42, 2005, p. 415: DERT). Without a horizon the rate must be above 0 (PolicyError).
  [[nodiscard]] double discounted(const CustomerHistory& history, const DiscountRate& rate,
                                  Duration horizon = forever, Gradient* gradient = nullptr) const;

  /// E[repeat purchases in the first `time` of a new customer], the first purchase not counted.
  [[nodiscard]] double expected_purchases_new(Duration time, Gradient* gradient = nullptr) const;

  /// Variance of the repeat purchases in the first `time` of a new customer, chance and differences between customers
  /// together: they are Poisson with the mean Lambda L, L being the life within `time` and independent of the rate, so
  /// that E[X (X - 1)] = E[Lambda^2] E[L^2] (the model of D. Schmittlein, D. Morrison and R. Colombo, Management Science
  /// 33, 1987); E[L^2] by quadrature.
  [[nodiscard]] double variance_new(Duration time) const;

  /// P(k repeat purchases in the first `time` of a new customer) for k = 0..most.
  [[nodiscard]] std::vector<double> p_counts_new(int most, Duration time) const;
};

}  // namespace loyalty::purchase
