// SPDX-License-Identifier: MIT
#pragma once

#include <loyalty/core/config.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// Whether we did what we said.
struct TrustEvidence {
  double kept = 0;    ///< T+, good outcomes (decayed), >= 0
  double broken = 0;  ///< T-, bad outcomes (decayed), >= 0
  double grave =
      0;  ///< T*, grave failures (decayed), >= 0: a complaint, a broken promise, a breached guarantee
};

/// Priors of trust and the weight of a grave failure.
struct TrustOptions {
  double prior_kept = 4;    ///< promises kept before any evidence, > 0
  double prior_broken = 1;  ///< promises broken before any evidence, > 0
  double grave_weight = 2;  ///< kappa, >= 0: trust is harder to gain than to lose
};

/// Trust T ~ Beta(4 + T+, 1 + T- + kappa T*) (docs/model.md, Parameters).
/// Coverage (T+ + T- + T*)/(T+ + T- + T* + 5). O(1).
[[nodiscard]] constexpr Parameter trust(const TrustEvidence& evidence,
                                        const TrustOptions& options = {}) noexcept {
  const double kept = detail::non_negative(evidence.kept);
  const double broken = detail::non_negative(evidence.broken);
  const double grave = detail::non_negative(evidence.grave);
  const auto record = detail::beta_moments(
      options.prior_kept + kept, options.prior_broken + broken + options.grave_weight * grave);
  return {record.mean, record.variance,
          detail::coverage_share(kept + broken + grave, options.prior_kept + options.prior_broken)};
}

}  // namespace loyalty
