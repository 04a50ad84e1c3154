// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_beta_sum.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polygamma.hpp>
#include <loyalty/scoring/quality.hpp>

namespace loyalty {

/// The 5, 50 and 95 % quantile of the quality, 0..100, low <= median <= high.
struct QualityInterval {
  double low = 0;
  double median = 0;
  double high = 0;
  bool inverted =
      false;  ///< the law was inverted numerically, since the Cornish-Fisher expansion does not hold
};

namespace detail {

/// A factor X^weight of the quality, X ~ Beta(alpha, beta); a point at `mean` where the shapes are infinite.
struct QualityFactor {
  double weight = 0;
  double mean = 1;
  BetaShapes shapes{};

  [[nodiscard]] bool is_point() const noexcept {
    return !(shapes.alpha < std::numeric_limits<double>::infinity());
  }
};

/// One factor of the quality, and all four. O(1).
[[nodiscard]] constexpr QualityFactor quality_factor(double weight,
                                                     const Parameter& parameter) noexcept {
  return {weight, parameter.mean, matched_beta(parameter)};
}

[[nodiscard]] constexpr std::array<QualityFactor, 4> quality_factors(
    const Parameters& parameters, const Weights& weights) noexcept {
  return {quality_factor(weights.commitment, parameters.commitment),
          quality_factor(weights.responsiveness, parameters.responsiveness),
          quality_factor(weights.reciprocity, parameters.reciprocity),
          quality_factor(weights.trust, parameters.trust)};
}

/// First four cumulants of ln(Q / 100): kappa_r = sum w^r (psi_{r-1}(alpha) - psi_{r-1}(alpha + beta)).
[[nodiscard]] inline std::array<double, 4> log_quality_cumulants(
    const std::array<QualityFactor, 4>& factors) noexcept {
  std::array<double, 4> kappa{};
  for (const QualityFactor& factor : factors) {
    if (factor.is_point()) {
      kappa[0] += weighted_log(factor.weight, factor.mean);
      continue;
    }
    const auto part = math::polygammas(factor.shapes.alpha);
    const auto whole = math::polygammas(factor.shapes.alpha + factor.shapes.beta);
    const double w = factor.weight;
    const double w2 = w * w;
    kappa[0] += w * (part.psi0 - whole.psi0);
    kappa[1] += w2 * (part.psi1 - whole.psi1);
    kappa[2] += w2 * w * (part.psi2 - whole.psi2);
    kappa[3] += w2 * w2 * (part.psi3 - whole.psi3);
  }
  return kappa;
}

/// The law of ln(Q / 100). At least one factor must not be a point.
[[nodiscard]] inline math::LogBetaSum log_quality_law(
    const std::array<QualityFactor, 4>& factors) noexcept {
  std::array<math::LogBetaSum::Term, 4> terms{};
  double constant = 0;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const QualityFactor& factor = factors[i];
    if (factor.is_point()) {
      constant += weighted_log(factor.weight, factor.mean);
    } else {
      terms[i] = {factor.weight, factor.shapes.alpha, factor.shapes.beta};
    }
  }
  return math::LogBetaSum{terms, constant};
}

/// Cornish-Fisher expansion with the fourth cumulant: a quantile, in standard deviations from the mean, as a cubic in the
/// normal quantile z (E. Cornish and R. Fisher 1938).
class CornishFisher {
 public:
  constexpr CornishFisher(double skewness, double excess) noexcept
      : skew_{skewness / 6}, excess_{excess / 24}, skew2_{skewness * skewness / 36} {}

  [[nodiscard]] constexpr double operator()(double z) const noexcept {
    const double z2 = z * z;
    return z + skew_ * (z2 - 1) + z * (excess_ * (z2 - 3) - skew2_ * (2 * z2 - 5));
  }

  /// Whether the cubic is increasing on |z| <= limit: its slope, a parabola, is positive at both ends and at its vertex.
  [[nodiscard]] constexpr bool is_increasing(double limit) const noexcept {
    const double square = 3 * excess_ - 6 * skew2_;
    const double linear = 2 * skew_;
    const double constant = 1 - 3 * excess_ + 5 * skew2_;
    const auto slope = [&](double z) { return (square * z + linear) * z + constant; };
    if (!(slope(limit) > 0 && slope(-limit) > 0)) {
      return false;
    }
    const bool vertex_inside = square > 0 && std::abs(linear) < 2 * square * limit;
    return !vertex_inside || 4 * square * constant > linear * linear;
  }

 private:
  double skew_;
  double excess_;
  double skew2_;
};

/// Normal quantile at 95 %.
inline constexpr double z95 = 1.6448536269514722;

}  // namespace detail

/// The 5, 50 and 95 % quantile of Q when each parameter follows its matched Beta: Cornish-Fisher in ln Q, and where that
/// is not increasing or leaves 0..100, the numerical inversion of the law (docs/model.md, Quality).
/// About 0.4 us, inverted about 30 us.
[[nodiscard]] inline QualityInterval quality_interval(const Parameters& parameters,
                                                      const QualityOptions& options = {}) noexcept {
  const auto factors = detail::quality_factors(parameters, options.weights);
  const auto kappa = detail::log_quality_cumulants(factors);
  if (!(kappa[1] > 0)) {
    const double point = 100 * std::exp(kappa[0]);
    return {point, point, point, false};
  }
  const double sd = std::sqrt(kappa[1]);
  const detail::CornishFisher expansion{kappa[2] / (kappa[1] * sd),
                                        kappa[3] / (kappa[1] * kappa[1])};
  const auto at = [&](double z) { return 100 * std::exp(kappa[0] + sd * expansion(z)); };
  if (expansion.is_increasing(detail::z95)) {
    const QualityInterval result{at(-detail::z95), at(0), at(detail::z95), false};
    if (result.high <= 100) {
      return result;
    }
  }
  const auto quantiles = detail::log_quality_law(factors).quantiles(std::array{0.05, 0.5, 0.95});
  return {100 * std::exp(quantiles[0]), 100 * std::exp(quantiles[1]), 100 * std::exp(quantiles[2]),
          true};
}

/// Mean of Q when each parameter follows its matched Beta, 0..100: 100 prod B(alpha + w, beta)/B(alpha, beta). O(1).
[[nodiscard]] inline double quality_mean(const Parameters& parameters,
                                         const QualityOptions& options = {}) noexcept {
  double log_mean = 0;
  for (const auto& factor : detail::quality_factors(parameters, options.weights)) {
    log_mean += factor.is_point()
                    ? detail::weighted_log(factor.weight, factor.mean)
                    : math::log_beta(factor.shapes.alpha + factor.weight, factor.shapes.beta) -
                          math::log_beta(factor.shapes.alpha, factor.shapes.beta);
  }
  return 100 * std::exp(log_mean);
}

}  // namespace loyalty
