// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// What speaks for and against our commitment: guarantees, and a running contract.
struct CommitmentEvidence {
  double kept = 0;                 ///< K+, guarantees kept (decayed), >= 0
  double breached = 0;             ///< K-, guarantees breached (decayed), >= 0
  double contract_days_left = -1;  ///< days until the contract ends; negative: no contract runs
};

/// Priors of commitment and the weight of a contract in it.
struct CommitmentOptions {
  double prior_kept = 4;                 ///< guarantees kept before any evidence, > 0
  double prior_breached = 1;             ///< guarantees breached before any evidence, > 0
  double contract_weight = 0;            ///< omega, 0..1: 0 for consumers, 1/4 for the other roles
  double contract_half_life_days = 365;  ///< a contract with so long to run is worth 1/2, > 0
};

namespace detail {

/// What a contract adds to commitment, 0..1: 1 - 2^(-days left / half-life), 0 when none runs.
[[nodiscard]] inline double contract_value(double days_left,
                                           const CommitmentOptions& options) noexcept {
  return days_left > 0
             ? -std::expm1(-0.693147180559945309417 * (days_left / options.contract_half_life_days))
             : 0;
}

}  // namespace detail

/// Commitment C = (1 - omega) Beta(4 + K+, 1 + K-) + omega (1 - 2^(-days left / 365)) (docs/model.md, Parameters).
/// Coverage (1 - omega) (K+ + K-)/(K+ + K- + 5) + omega [a contract runs]. O(1).
[[nodiscard]] inline Parameter commitment(const CommitmentEvidence& evidence,
                                          const CommitmentOptions& options = {}) noexcept {
  assert(options.contract_weight >= 0 && options.contract_weight <= 1);
  const double kept = detail::non_negative(evidence.kept);
  const double breached = detail::non_negative(evidence.breached);
  const double omega = options.contract_weight;
  const auto record =
      detail::beta_moments(options.prior_kept + kept, options.prior_breached + breached);
  const double covered =
      detail::coverage_share(kept + breached, options.prior_kept + options.prior_breached);
  if (omega == 0) {
    return {record.mean, record.variance, covered};
  }
  const bool runs = evidence.contract_days_left >= 0;
  return {(1 - omega) * record.mean +
              omega * detail::contract_value(evidence.contract_days_left, options),
          (1 - omega) * (1 - omega) * record.variance, (1 - omega) * covered + (runs ? omega : 0)};
}

}  // namespace loyalty
