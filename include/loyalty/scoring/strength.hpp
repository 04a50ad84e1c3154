// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/gamma.hpp>

namespace loyalty {

/// What speaks for a rung: purchases, and the decayed evidence of the four streams behind the rungs above
/// buyer; all >= 0.
struct StrengthEvidence {
  double purchases = 0;    ///< n, undecayed
  double regularity = 0;   ///< B, purchases (decayed)
  double support = 0;      ///< S (decayed)
  double advocacy = 0;     ///< A (decayed)
  double partnership = 0;  ///< P (decayed)
  double years = 0;        ///< since the first event, of 365 days
};

/// One number for each of the four streams.
struct StreamValues {
  double regularity = 1;
  double support = 1;
  double advocacy = 1;
  double partnership = 1;
};

/// Half-lives of the streams, in years of 365 days, and the sums at which a rung is entered; all > 0.
struct StrengthOptions {
  StreamValues half_life_years{1, 1, 1, 1};
  StreamValues enter{1.5, 0.75, 0.75, 0.75};
};

namespace detail {

inline constexpr double ln2 = 0.693147180559945309417;

/// P(rate >= theta), rate ~ Gamma(1/2 + sum, 1/2 + W): W = (h/ln 2)(1 - 2^(-years/h)) is the time that the decayed sum
/// stands for, theta = enter ln 2/h the rate that would hold the sum at the threshold.
[[nodiscard]] inline double rate_holds(double sum, double enter, double half_life,
                                       double years) noexcept {
  const double decay = ln2 / half_life;
  const double window = -std::expm1(-decay * years) / decay;
  return math::gamma_sf(0.5 + (sum < 0 ? 0 : sum), enter * decay * (0.5 + window));
}

}  // namespace detail

/// Evidence strength: the probability of each rung 0..5 given the evidence; they sum to 1.
/// P(rung = k) = prod_{j <= k} q_j (1 - q_{k+1}), q_1 = [n >= 1], q_k = P(rate_k >= theta_k) (docs/model.md, Rung).
/// About 0.5 us.
[[nodiscard]] inline std::array<double, 6> rung_strength(
    const StrengthEvidence& evidence, const StrengthOptions& options = {}) noexcept {
  std::array<double, 6> strength{};
  if (!(evidence.purchases >= 1)) {
    strength[0] = 1;
    return strength;
  }
  const StreamValues& h = options.half_life_years;
  const StreamValues& enter = options.enter;
  const std::array<double, 4> holds{
      detail::rate_holds(evidence.regularity, enter.regularity, h.regularity, evidence.years),
      detail::rate_holds(evidence.support, enter.support, h.support, evidence.years),
      detail::rate_holds(evidence.advocacy, enter.advocacy, h.advocacy, evidence.years),
      detail::rate_holds(evidence.partnership, enter.partnership, h.partnership, evidence.years)};
  double reached = 1;
  for (std::size_t k = 0; k < holds.size(); ++k) {
    strength[k + 1] = reached * (1 - holds[k]);
    reached *= holds[k];
  }
  strength[5] = reached;
  return strength;
}

}  // namespace loyalty
