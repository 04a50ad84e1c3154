// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/dynamics/chain.hpp>

namespace loyalty {

/// The mix of a population some periods ahead. The relationships of today, nobody who is to come.
struct MixAhead {
  int period = 0;  ///< periods from now
  /// pi0 P^h at the posterior mean of P.
  Eigen::VectorXd plug_in;
  /// The posterior mean of the mix to second order in the errors of P: plug-in, and what the spread of P adds.
  Eigen::VectorXd mean;
  /// Covariance of the expected mix, because P is not known: to first order (delta method).
  Eigen::MatrixXd model_covariance;
  /// Variance of the shares of a population of this size though P were known: each moves by chance, sum over today's states
  /// of n_i p_ij (1 - p_ij) / n^2. Zero where the size is not known.
  Eigen::VectorXd chance_variance;
};

/// The mix for each number of periods from 0 to `periods`.
struct MixForecast {
  double size = 0;  ///< relationships; 0: not known
  std::vector<MixAhead> ahead;
  FitStatus status;

  /// The expected share of a state: mean, and the interval of what is not known about the moves alone.
  [[nodiscard]] Estimate expected_share(int period, Eigen::Index state) const;
  /// The share that will be counted: both variances.
  [[nodiscard]] Estimate share(int period, Eigen::Index state) const;
};

/// Forecasts the mix. `now`: relationships by state (counts), or shares with `size` = 0; finite, 0 or more, not all 0.
/// The law of the mean is that of pi0 P^h under the rows' posterior; first and second order are exact sums over the
/// positions in the product, found by recursion. O(periods n^4). Throws PolicyError for arguments out of range.
[[nodiscard]] MixForecast forecast_mix(const Chain& chain, const Eigen::VectorXd& now, double size,
                                       int periods);

/// The mix that no longer changes.
struct StationaryMix {
  Eigen::VectorXd mean;        ///< pi = pi P at the posterior mean of P; empty where there is none
  Eigen::MatrixXd covariance;  ///< delta method: d pi = pi dP (I - P + 1 pi)^-1
  FitStatus status;            ///< not identified where the mix depends on the start
};

/// The stationary mix. O(n^3). The fundamental matrix: J. Kemeny and J. Snell, Finite Markov Chains, 1960, ch. IV;
/// the derivative: P. Schweitzer, Journal of Applied Probability 5, 1968.
[[nodiscard]] StationaryMix stationary_mix(const Chain& chain);

}  // namespace loyalty
