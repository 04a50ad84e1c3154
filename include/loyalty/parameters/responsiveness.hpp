// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>

#include <loyalty/parameters/parameter.hpp>

namespace loyalty {

/// What speaks about our responsiveness: requests answered and still open, concessions granted and refused.
struct ResponsivenessEvidence {
  double answered = 0;     ///< Rn, requests answered (decayed)
  double answer_time = 0;  ///< Rx, their answer times (decayed), in targets tau
  double open = 0;         ///< requests that wait for an answer now
  double open_time =
      0;  ///< X, how long they have waited together, in targets tau; counted within 0..64 open
  double granted = 0;  ///< G+, concessions granted (decayed)
  double refused = 0;  ///< G-, concessions refused (decayed)
};

/// Priors of responsiveness and the weight of speed against readiness to concede.
struct ResponsivenessOptions {
  double prior_answers = 2;  ///< shape of the Gamma prior of the answer rate
  double prior_time = 1;     ///< its rate, in targets tau
  double prior_granted = 1;
  double prior_refused = 1;
  double speed_weight = 0.75;  ///< 0..1
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

}  // namespace detail

/// Responsiveness R = 3/4 p + 1/4 g: p the probability of an answer within the target, counting the wait of open
/// requests against us, g ~ Beta(1 + G+, 1 + G-) the readiness to concede (docs/model.md, Parameters).
/// Coverage 3/4 (Rn + open)/(Rn + open + 2) + 1/4 (G+ + G-)/(G+ + G- + 2). O(1).
[[nodiscard]] inline Parameter responsiveness(const ResponsivenessEvidence& evidence,
                                              const ResponsivenessOptions& options = {}) noexcept {
  assert(options.speed_weight >= 0 && options.speed_weight <= 1);
  const double answered = detail::non_negative(evidence.answered);
  const double open = evidence.open > 0 ? evidence.open : 0;
  const double granted = detail::non_negative(evidence.granted);
  const double refused = detail::non_negative(evidence.refused);
  const double shape = options.prior_answers + answered;
  const double rate = options.prior_time + detail::non_negative(evidence.answer_time) +
                      detail::waiting_time(evidence.open, evidence.open_time);
  const auto concession =
      detail::beta_moments(options.prior_granted + granted, options.prior_refused + refused);
  const double speed = options.speed_weight;
  return {speed * detail::answer_probability(shape, rate) + (1 - speed) * concession.mean,
          speed * speed * detail::answer_variance(shape, rate) +
              (1 - speed) * (1 - speed) * concession.variance,
          speed * detail::coverage_share(answered + open, options.prior_answers) +
              (1 - speed) * detail::coverage_share(granted + refused,
                                                   options.prior_granted + options.prior_refused)};
}

}  // namespace loyalty
