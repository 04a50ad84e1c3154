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

/// The two beta-geometric models. Customers buy at a rate of their own, Gamma(r, rate alpha) across customers, and after a
/// purchase each drops out for good with a probability of its own, Beta(a, b). All four parameters are above 0.
/// - BGNBD: dropout after repeat purchases only (P. Fader, B. Hardie, K. Lee, Marketing Science 24, 2005, p. 275). Whoever
///   has not bought again is alive for certain, so it must not be used to count who is alive.
/// - MBGNBD: after the first purchase, too (E. Batislam, M. Denizel, A. Filiztekin, International Journal of Research in
///   Marketing 24, 2007, p. 201).
///
/// A model with a unit takes durations with one, a model without takes plain numbers (else MismatchError); histories are
/// in the model's unit. Horizons and times are finite unless stated. Every function is pure, and neither overflows nor
/// cancels for any history with 0 <= t_x <= T and x >= 0. Where `gradient` is given it receives the derivatives by
/// (r, alpha, a, b).
template <bool AlsoAtOnce>
struct BetaGeometricNBD {
  double r = 1;      ///< shape of the purchase rates
  double alpha = 1;  ///< their rate, in units of time
  double a = 1;      ///< shapes of the dropout probabilities
  double b = 1;
  TimeUnit unit = TimeUnit::unstated;

  static constexpr std::string_view name = AlsoAtOnce ? "MBG/NBD" : "BG/NBD";
  static constexpr int parameter_count = 4;
  static constexpr std::array<std::string_view, 4> parameter_names{"r", "alpha", "a", "b"};

  /// Logarithm of the likelihood of one history. O(1).
  [[nodiscard]] double log_likelihood(const CustomerHistory& history,
                                      Gradient* gradient = nullptr) const;

  /// P(the customer is still alive at T). O(1).
  [[nodiscard]] double p_alive(const CustomerHistory& history, Gradient* gradient = nullptr) const;

  /// P(no purchase within `horizon` after T): gone already, or alive and quiet. O(1).
  [[nodiscard]] double p_no_purchase(const CustomerHistory& history, Duration horizon,
                                     Gradient* gradient = nullptr) const;

  /// E[purchases within `horizon` after T]. A positive series of a few dozen terms or, where that would be long, an
  /// integral over the dropout probability by the trapezoidal rule.
  [[nodiscard]] double expected_purchases(const CustomerHistory& history, Duration horizon,
                                          Gradient* gradient = nullptr) const;

  /// E[discounted purchases after T], all of them or those within a horizon: the integral of the purchase rate. Without
  /// a horizon the rate must be above 0 (PolicyError).
  [[nodiscard]] double discounted(const CustomerHistory& history, const DiscountRate& rate,
                                  Duration horizon = forever, Gradient* gradient = nullptr) const;

  /// E[repeat purchases in the first `time` of a new customer], the first purchase not counted.
  [[nodiscard]] double expected_purchases_new(Duration time, Gradient* gradient = nullptr) const;

  /// Variance of the repeat purchases in the first `time` of a new customer, chance and differences between customers
  /// together. Were there no dropout their number K would be negative binomial, and each is the last with a probability
  /// whose complement is q, so that E[X (X - 1)] is the sum of P(K = k) 2 (E[q] + ... + (k - 1) E[q^(k-1)]), all positive
  /// (the model of P. Fader, B. Hardie and K. Lee, Marketing Science 24, 2005; MBG/NBD likewise). Where that is long, an
  /// integral over the dropout probability.
  [[nodiscard]] double variance_new(Duration time) const;

  /// P(k repeat purchases in the first `time` of a new customer) for k = 0..most. O(most).
  [[nodiscard]] std::vector<double> p_counts_new(int most, Duration time) const;
};

using BGNBD = BetaGeometricNBD<false>;
using MBGNBD = BetaGeometricNBD<true>;

}  // namespace loyalty::purchase
