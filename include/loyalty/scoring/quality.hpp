// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cmath>
#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// The four parameters of one relationship.
struct Parameters {
  Parameter commitment;
  Parameter responsiveness;
  Parameter reciprocity;
  Parameter trust;
};

/// How much each parameter counts in the quality: 0..1 each, they sum to 1.
struct Weights {
  double commitment = 0.2;
  double responsiveness = 0.2;
  double reciprocity = 0.2;
  double trust = 0.4;
};

/// Sum of the weights: 1, or the weights are wrong. O(1).
[[nodiscard]] constexpr double total(const Weights& weights) noexcept {
  return weights.commitment + weights.responsiveness + weights.reciprocity + weights.trust;
}

/// Weights of the quality, and how much evidence it takes to publish and to trust it.
struct QualityOptions {
  Weights weights{};
  double minimum_coverage = 0.05;  ///< below it the quality is null
  double fair_coverage =
      0.25;  ///< from here the evidence is fair, below it thin; >= minimum_coverage
  double strong_coverage = 0.5;  ///< from here it is strong; >= fair_coverage, at most 1
};

/// How much evidence stands behind a quality, by its coverage: none means that it is not published.
enum class EvidenceGrade : std::uint8_t { none, thin, fair, strong };

namespace detail {

/// Whether weights sum to 1, to 1e-9.
[[nodiscard]] constexpr bool sums_to_one(const Weights& weights) noexcept {
  const double excess = total(weights) - 1;
  return excess < 1e-9 && excess > -1e-9;
}

/// weight * ln(mean); a parameter without weight does not count, whatever its mean.
[[nodiscard]] inline double weighted_log(double weight, double mean) noexcept {
  return weight == 0 ? 0 : weight * std::log(mean);
}

/// ln(Q / 100).
[[nodiscard]] inline double log_quality(const Parameters& parameters,
                                        const Weights& weights) noexcept {
  assert(sums_to_one(weights) && "weights must sum to 1");
  return (weighted_log(weights.commitment, parameters.commitment.mean) +
          weighted_log(weights.responsiveness, parameters.responsiveness.mean)) +
         (weighted_log(weights.reciprocity, parameters.reciprocity.mean) +
          weighted_log(weights.trust, parameters.trust.mean));
}

}  // namespace detail

/// Quality Q = 100 prod mean_i^weight_i, 0..100: geometric, so one ruined parameter cannot be bought back by the others
/// (docs/model.md, Quality). Whether the coverage suffices to publish it is the caller's question. About 35 ns.
[[nodiscard]] inline double quality(const Parameters& parameters,
                                    const QualityOptions& options = {}) noexcept {
  return 100 * std::exp(detail::log_quality(parameters, options.weights));
}

/// The same from the four parameters one by one. About 35 ns.
[[nodiscard]] inline double quality(const Parameter& commitment, const Parameter& responsiveness,
                                    const Parameter& reciprocity, const Parameter& trust,
                                    const QualityOptions& options = {}) noexcept {
  return quality(Parameters{commitment, responsiveness, reciprocity, trust}, options);
}

/// Coverage of the quality, 0..1: the weighted mean of the coverages of the four parameters. O(1).
[[nodiscard]] constexpr double coverage(const Parameters& parameters,
                                        const QualityOptions& options = {}) noexcept {
  assert(detail::sums_to_one(options.weights) && "weights must sum to 1");
  return options.weights.commitment * parameters.commitment.coverage +
         options.weights.responsiveness * parameters.responsiveness.coverage +
         options.weights.reciprocity * parameters.reciprocity.coverage +
         options.weights.trust * parameters.trust.coverage;
}

/// The grade of a coverage, 0..1; `none` means that the quality is null. O(1).
[[nodiscard]] constexpr EvidenceGrade evidence_grade(double coverage,
                                                     const QualityOptions& options = {}) noexcept {
  if (coverage >= options.strong_coverage) {
    return EvidenceGrade::strong;
  }
  if (coverage >= options.fair_coverage) {
    return EvidenceGrade::fair;
  }
  return coverage >= options.minimum_coverage ? EvidenceGrade::thin : EvidenceGrade::none;
}

}  // namespace loyalty
