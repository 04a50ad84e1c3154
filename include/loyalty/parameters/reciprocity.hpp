// SPDX-License-Identifier: MIT
#pragma once

#include <loyalty/core/config.hpp>
#include <loyalty/math/beta.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// What each side has given the other, in points.
struct ReciprocityEvidence {
  double given = 0;     ///< Fo, given by us (decayed), >= 0
  double received = 0;  ///< Fi, given by them (decayed), >= 0
};

/// Priors of reciprocity, in points.
struct ReciprocityOptions {
  double prior_given = 1;     ///< points from us before any evidence, > 0
  double prior_received = 1;  ///< points from them before any evidence, > 0
};

namespace detail {

/// Mean of the balance 4 theta (1 - theta), theta ~ Beta(a, b).
[[nodiscard]] constexpr double balance_mean(double a, double b) noexcept {
  const double sum = a + b;
  return 4 * (a / sum) * (b / (sum + 1));
}

/// Variance of the balance 4 theta (1 - theta), theta ~ Beta(a, b).
[[nodiscard]] constexpr double balance_variance(double a, double b) noexcept {
  const double sum = a + b;
  const double tilt = a - b;
  return 16 * (a / sum) * (b / sum) *
         ((sum * (sum + 2) / 2 + tilt * tilt * (sum + 1.5)) / ((sum + 1) * (sum + 1))) /
         ((sum + 2) * (sum + 3));
}

}  // namespace detail

/// Reciprocity P = 4 theta (1 - theta), theta ~ Beta(1 + Fo, 1 + Fi) our share of what is given: 1 in balance, 0 when one
/// side gives everything (docs/model.md, Parameters). One more point from us lowers it where we have given more.
/// Coverage (Fo + Fi)/(Fo + Fi + 2). O(1).
[[nodiscard]] constexpr Parameter reciprocity(const ReciprocityEvidence& evidence,
                                              const ReciprocityOptions& options = {}) noexcept {
  const double given = detail::non_negative(evidence.given);
  const double received = detail::non_negative(evidence.received);
  const double a = options.prior_given + given;
  const double b = options.prior_received + received;
  return {detail::balance_mean(a, b), detail::balance_variance(a, b),
          detail::coverage_share(given + received, options.prior_given + options.prior_received)};
}

/// Direction of the balance: P(theta > 1/2), the probability that we give more than they do, 0..1. About 0.2 us.
[[nodiscard]] inline double probability_we_give_more(
    const ReciprocityEvidence& evidence, const ReciprocityOptions& options = {}) noexcept {
  const double a = options.prior_given + detail::non_negative(evidence.given);
  const double b = options.prior_received + detail::non_negative(evidence.received);
  return math::beta_cdf(0.5, b, a);
}

/// Whether P(theta > 1/2) < 1/2. The median of Beta(a, b) is below 1/2 exactly where a < b. O(1).
[[nodiscard]] constexpr bool they_give_more(const ReciprocityEvidence& evidence,
                                            const ReciprocityOptions& options = {}) noexcept {
  return options.prior_given + detail::non_negative(evidence.given) <
         options.prior_received + detail::non_negative(evidence.received);
}

}  // namespace loyalty
