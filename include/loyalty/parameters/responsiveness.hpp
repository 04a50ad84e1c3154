// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// What speaks about our responsiveness: requests answered and still open, concessions granted and refused.
struct ResponsivenessEvidence {
  double answered = 0;     ///< Rn, requests answered (decayed), >= 0
  double answer_time = 0;  ///< Rx, their answer times (decayed), in targets tau, >= 0
  double open = 0;         ///< requests that wait for an answer now
  double open_time = 0;    ///< X, their waits together, in targets; counted within 0..64 open
  double granted = 0;      ///< G+, concessions granted (decayed), >= 0
  double refused = 0;      ///< G-, concessions refused (decayed), >= 0
};

/// Priors of responsiveness and the weight of speed against readiness to concede.
struct ResponsivenessOptions {
  double prior_answers = 2;    ///< shape of the Gamma prior of the answer rate, > 0
  double prior_time = 1;       ///< its rate, in targets tau, > 0
  double prior_granted = 1;    ///< concessions granted before any evidence, > 0
  double prior_refused = 1;    ///< concessions refused before any evidence, > 0
  double speed_weight = 0.75;  ///< of speed; the rest is readiness to concede, 0..1
};

namespace detail {

/// A wait counts for at most so many targets.
inline constexpr double longest_wait = 64;

/// Time that open requests have waited, in targets: 0 when none is open, at most 64 for each.
[[nodiscard]] constexpr double waiting_time(double open, double open_time) noexcept {
  return open > 0 ? std::clamp(open_time, 0.0, longest_wait * open) : 0;
}

/// Probability p of an answer within the target: answer times exponential, their rate ~ Gamma(shape, rate).
/// E p = 1 - (1 + 1/rate)^-shape.
[[nodiscard]] inline double answer_probability(double shape, double rate) noexcept {
  return -std::expm1(-shape * std::log1p(1 / rate));
}

/// Var p = (1 + 2/rate)^-shape - (1 + 1/rate)^(-2 shape), without cancellation.
[[nodiscard]] inline double answer_variance(double shape, double rate) noexcept {
  return -std::exp(-shape * std::log1p(2 / rate)) *
         std::expm1(-shape * std::log1p(1 / (rate * (rate + 2))));
}

/// The answer rate, per target: rate ~ Gamma(shape, rate), the wait of open requests counted.
struct AnswerRate {
  double shape = 0;
  double rate = 0;
};

/// The posterior of the answer rate. O(1).
[[nodiscard]] constexpr AnswerRate answer_rate(const ResponsivenessEvidence& evidence,
                                               const ResponsivenessOptions& options) noexcept {
  return {options.prior_answers + non_negative(evidence.answered),
          options.prior_time + non_negative(evidence.answer_time) +
              waiting_time(evidence.open, evidence.open_time)};
}

/// Readiness to concede: moments of Beta(1 + G+, 1 + G-). O(1).
[[nodiscard]] constexpr BetaMoments readiness(const ResponsivenessEvidence& evidence,
                                              const ResponsivenessOptions& options) noexcept {
  return beta_moments(options.prior_granted + non_negative(evidence.granted),
                      options.prior_refused + non_negative(evidence.refused));
}

/// The mean of responsiveness alone.
[[nodiscard]] inline double responsiveness_mean(const ResponsivenessEvidence& evidence,
                                                const ResponsivenessOptions& options) noexcept {
  const auto [shape, rate] = answer_rate(evidence, options);
  const double speed = options.speed_weight;
  return speed * answer_probability(shape, rate) + (1 - speed) * readiness(evidence, options).mean;
}

/// The parameter, its variance only where that is wanted: it costs more than the rest.
template <bool WithVariance>
[[nodiscard]] inline Parameter responsiveness(const ResponsivenessEvidence& evidence,
                                              const ResponsivenessOptions& options) noexcept {
  assert(options.speed_weight >= 0 && options.speed_weight <= 1);
  const auto [shape, rate] = answer_rate(evidence, options);
  const auto concession = readiness(evidence, options);
  const double speed = options.speed_weight;
  const double requests = non_negative(evidence.answered) + (evidence.open > 0 ? evidence.open : 0);
  const double concessions = non_negative(evidence.granted) + non_negative(evidence.refused);
  double variance = 0;
  if constexpr (WithVariance)
    variance = speed * speed * answer_variance(shape, rate) +
               (1 - speed) * (1 - speed) * concession.variance;
  return {
      speed * answer_probability(shape, rate) + (1 - speed) * concession.mean, variance,
      speed * coverage_share(requests, options.prior_answers) +
          (1 - speed) * coverage_share(concessions, options.prior_granted + options.prior_refused)};
}

}  // namespace detail

/// Responsiveness R = 3/4 p + 1/4 g: p the probability of an answer within the target, counting the wait of open
/// requests against us, g ~ Beta(1 + G+, 1 + G-) the readiness to concede (docs/model.md, Parameters).
/// Coverage 3/4 (Rn + open)/(Rn + open + 2) + 1/4 (G+ + G-)/(G+ + G- + 2). O(1).
[[nodiscard]] inline Parameter responsiveness(const ResponsivenessEvidence& evidence,
                                              const ResponsivenessOptions& options = {}) noexcept {
  return detail::responsiveness<true>(evidence, options);
}

}  // namespace loyalty
