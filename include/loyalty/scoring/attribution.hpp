// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_mean.hpp>
#include <loyalty/scoring/quality.hpp>

namespace loyalty {

/// How many points of quality each parameter accounts for between two readings; negative where it takes away.
struct Attribution {
  double commitment = 0;
  double responsiveness = 0;
  double reciprocity = 0;
  double trust = 0;
};

/// Sum of the contributions: Q - Q0, in points. O(1).
[[nodiscard]] constexpr double total(const Attribution& points) noexcept {
  return (points.commitment + points.responsiveness) + (points.reciprocity + points.trust);
}

/// Logarithmic-mean attribution: contribution_i = Lambda(Q, Q0) w_i ln(m_i/m_i0), which sums to Q - Q0 to rounding
/// (docs/model.md, Quality; B. W. Ang, Energy Policy 33, 2005, LMDI). Against the baseline it says why the quality is what
/// it is; between two dates, what changed it. With D = ln(Q/Q0), Lambda = Q0 (e^D - 1)/D, which is safe at D = 0. O(1).
[[nodiscard]] inline Attribution attribution(const Parameters& now, const Parameters& base,
                                             const Weights& weights = {}) noexcept {
  const auto change = [](double weight, const Parameter& to, const Parameter& from) {
    return detail::weighted_log(weight, to.mean / from.mean);
  };
  const double commitment = change(weights.commitment, now.commitment, base.commitment);
  const double responsiveness =
      change(weights.responsiveness, now.responsiveness, base.responsiveness);
  const double reciprocity = change(weights.reciprocity, now.reciprocity, base.reciprocity);
  const double trust = change(weights.trust, now.trust, base.trust);
  const double scale = 100 * std::exp(detail::log_quality(base, weights)) *
                       math::expm1_ratio((commitment + responsiveness) + (reciprocity + trust));
  return {scale * commitment, scale * responsiveness, scale * reciprocity, scale * trust};
}

}  // namespace loyalty
