// SPDX-License-Identifier: MIT
#pragma once

#include <loyalty/parameters.hpp>
#include <loyalty/scoring/quality.hpp>

namespace loyalty {

/// All that speaks about our conduct in one relationship.
struct Evidence {
  CommitmentEvidence commitment{};
  ResponsivenessEvidence responsiveness{};
  ReciprocityEvidence reciprocity{};
  TrustEvidence trust{};
};

/// All options of the score of one relationship.
struct ScoringOptions {
  CommitmentOptions commitment{};
  ResponsivenessOptions responsiveness{};
  ReciprocityOptions reciprocity{};
  TrustOptions trust{};
  QualityOptions quality{};
};

/// The four parameters that the evidence gives. O(1).
[[nodiscard]] inline Parameters parameters(const Evidence& evidence,
                                           const ScoringOptions& options = {}) noexcept {
  return {commitment(evidence.commitment, options.commitment),
          responsiveness(evidence.responsiveness, options.responsiveness),
          reciprocity(evidence.reciprocity, options.reciprocity),
          trust(evidence.trust, options.trust)};
}

/// The four parameters of a stranger: no evidence, no contract, no open request (docs/model.md, Quality). O(1).
[[nodiscard]] inline Parameters baseline(const ScoringOptions& options = {}) noexcept {
  return parameters(Evidence{}, options);
}

}  // namespace loyalty
