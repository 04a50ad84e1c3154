// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/scoring/evidence.hpp>

namespace loyalty {

/// What the company can do next for a counterparty. Ties between steps go in this order.
enum class NextStep : std::uint8_t {
  none,               ///< nothing open gains
  keep_promise,       ///< open always
  grant_concession,   ///< open always
  answer_request,     ///< the mean open request, now
  resolve_complaint,  ///< open while a complaint is
  offer_contract,     ///< where the role has contracts and none runs
  give_gift,          ///< while they have given more
};

/// The next step, and the points of quality that it would gain.
struct NextStepPoints {
  NextStep step = NextStep::none;
  double points = 0;  ///< > 0 but for `none`
};

/// Which steps are open now, beyond what the evidence tells.
struct Availability {
  int open_complaints = 0;         ///< not resolved yet
  bool contract_possible = false;  ///< the role has contracts
};

/// What one such act adds to the evidence: the effect weights of the policy, >= 0.
struct StepSizes {
  double promise = 1;          ///< to T+
  double concession = 1;       ///< to G+
  double resolution = 1;       ///< to T+
  double gift = 1;             ///< to Fo, in points
  double contract_days = 365;  ///< length of the contract on offer
};

namespace detail {

/// An answer that comes later than so many targets is none: the wait of an open request counts at most this much.
inline constexpr double answer_deadline = 30;

/// The evidence after the mean open request has been answered now.
[[nodiscard]] constexpr ResponsivenessEvidence with_answer(
    ResponsivenessEvidence evidence) noexcept {
  const double mean_wait = waiting_time(evidence.open, evidence.open_time) / evidence.open;
  evidence.answered += 1;
  evidence.answer_time += std::min(mean_wait, answer_deadline);
  evidence.open -= 1;
  evidence.open_time -= mean_wait;
  return evidence;
}

/// The evidence after one more act of its kind.
[[nodiscard]] constexpr ResponsivenessEvidence with_concession(ResponsivenessEvidence evidence,
                                                               double size) noexcept {
  evidence.granted += size;
  return evidence;
}

[[nodiscard]] constexpr TrustEvidence with_kept(TrustEvidence evidence, double size) noexcept {
  evidence.kept += size;
  return evidence;
}

[[nodiscard]] constexpr CommitmentEvidence with_contract(CommitmentEvidence evidence,
                                                         double days) noexcept {
  evidence.contract_days_left = days;
  return evidence;
}

[[nodiscard]] constexpr ReciprocityEvidence with_gift(ReciprocityEvidence evidence,
                                                      double size) noexcept {
  evidence.given += size;
  return evidence;
}

}  // namespace detail

/// The open step that gains most, by the points of quality that one such act would gain; ties in the order of NextStep
/// (docs/model.md, Next). `now` are the parameters of the same evidence. About 0.1 us.
[[nodiscard]] inline NextStepPoints next_step(const Evidence& evidence, const Parameters& now,
                                              const Availability& available,
                                              const ScoringOptions& options = {},
                                              const StepSizes& sizes = {}) noexcept {
  const Weights& weights = options.quality.weights;
  NextStep best = NextStep::none;
  double best_gain = 0;  // in ln Q: the order of the gains is that of the points
  const auto consider = [&](NextStep step, double weight, double after, double before) {
    const double gain = detail::weighted_log(weight, after / before);
    if (gain > best_gain) {
      best = step;
      best_gain = gain;
    }
  };
  const auto trust_with = [&](double size) {
    return trust(detail::with_kept(evidence.trust, size), options.trust).mean;
  };
  consider(NextStep::keep_promise, weights.trust, trust_with(sizes.promise), now.trust.mean);
  const double more_ready =
      detail::readiness(detail::with_concession(evidence.responsiveness, sizes.concession),
                        options.responsiveness)
          .mean -
      detail::readiness(evidence.responsiveness, options.responsiveness).mean;
  consider(NextStep::grant_concession, weights.responsiveness,
           now.responsiveness.mean + (1 - options.responsiveness.speed_weight) * more_ready,
           now.responsiveness.mean);
  if (evidence.responsiveness.open > 0) {
    consider(NextStep::answer_request, weights.responsiveness,
             detail::responsiveness_mean(detail::with_answer(evidence.responsiveness),
                                         options.responsiveness),
             now.responsiveness.mean);
  }
  // A resolution no larger than a kept promise gains no more, and comes later in a tie.
  if (available.open_complaints > 0 && sizes.resolution > sizes.promise) {
    consider(NextStep::resolve_complaint, weights.trust, trust_with(sizes.resolution),
             now.trust.mean);
  }
  if (available.contract_possible && evidence.commitment.contract_days_left < 0) {
    consider(NextStep::offer_contract, weights.commitment,
             commitment(detail::with_contract(evidence.commitment, sizes.contract_days),
                        options.commitment)
                 .mean,
             now.commitment.mean);
  }
  if (they_give_more(evidence.reciprocity, options.reciprocity)) {
    consider(
        NextStep::give_gift, weights.reciprocity,
        reciprocity(detail::with_gift(evidence.reciprocity, sizes.gift), options.reciprocity).mean,
        now.reciprocity.mean);
  }
  return {best, quality(now, options.quality) * std::expm1(best_gain)};
}

/// The same, where the parameters are not at hand. About 0.2 us.
[[nodiscard]] inline NextStepPoints next_step(const Evidence& evidence,
                                              const Availability& available,
                                              const ScoringOptions& options = {},
                                              const StepSizes& sizes = {}) noexcept {
  return next_step(evidence, parameters(evidence, options), available, options, sizes);
}

}  // namespace loyalty
