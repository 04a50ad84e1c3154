// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/dynamics/chain.hpp>

namespace loyalty {

/// What a relationship is worth from now on, by the state in which it stands.
struct RungValue {
  Eigen::VectorXd value;       ///< in the unit of the margins; empty where there is none
  Eigen::MatrixXd covariance;  ///< because neither the moves nor the margins are known exactly
  std::optional<int> periods;  ///< the last period that counts; absent: all
  FitStatus status;

  /// The value of a state with its interval.
  [[nodiscard]] Estimate of(Eigen::Index state) const {
    return real_estimate(value[state], covariance(state, state));
  }
  /// The value of a population, `counts` relationships by state.
  [[nodiscard]] Estimate of_all(const Eigen::VectorXd& counts) const {
    return real_estimate(counts.dot(value), counts.dot(covariance * counts));
  }
};

/// The discounted sum of margins along a chain (P. Pfeifer and R. Carraway, Journal of Interactive Marketing 14, 2000):
/// V = (I - d P)^-1 m, or m + dP m + ... + (dP)^T m where `periods` is T. The margin of the current period counts, whole.
///
/// `margins`: by state, for one period, any finite sign; `margin_variance`: of each, 0 or more, or empty for none;
/// `discount`: what 1 a period later is worth now, above 0, at most 1, below 1 without `periods`. Uncertainty by the delta
/// method from the rows and the margins, independent of each other. O(n^3), with periods O(periods n^4). Throws
/// PolicyError for arguments out of range.
[[nodiscard]] RungValue value_by_state(const Chain& chain, const Eigen::VectorXd& margins,
                                       const Eigen::VectorXd& margin_variance, double discount,
                                       std::optional<int> periods = std::nullopt);

}  // namespace loyalty
