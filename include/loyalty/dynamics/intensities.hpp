// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/dynamics/first_passage.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/math/fit_status.hpp>

namespace loyalty {

/// Which moves there can be: row = from; the diagonal does not count.
using MoveMask = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;

/// The moves that snapshots can tell apart, for n states: one state up or down, and where `lapsed` is a state (not
/// negative), lapsing from `buyer` on, the first state of who has bought, and coming back there.
[[nodiscard]] MoveMask adjacent_moves(Eigen::Index n, Eigen::Index lapsed = -1,
                                      Eigen::Index buyer = 1);

/// Rates of moves in continuous time, per unit of the times they were made from.
struct Intensities {
  MoveMask moves;             ///< those that there can be
  Eigen::MatrixXd generator;  ///< rates off the diagonal; each row sums to 0
  Eigen::MatrixXd
      sd;  ///< of the rates; NaN (null) where the fit cannot tell, 0 where there is no move
  Eigen::MatrixXd low;   ///< 5 % points; likewise
  Eigen::MatrixXd high;  ///< 95 % points; likewise
  /// Covariance of the rates over the product of the rates, n^2 x n^2, of row i and column j at i n + j; 0 for rates that
  /// are known or at a bound.
  Eigen::MatrixXd relative_covariance;
  std::optional<double> log_likelihood;  ///< where they were fitted to snapshots
  FitStatus status;
  std::vector<std::string> names;  ///< of the states, for sentences; empty: their numbers

  /// States.
  [[nodiscard]] Eigen::Index size() const noexcept { return generator.rows(); }
  /// How sentences call a state.
  [[nodiscard]] std::string name(Eigen::Index state) const {
    return names.empty() ? "state " + std::to_string(state)
                         : names[static_cast<std::size_t>(state)];
  }
};

/// Rates that are known. Throws PolicyError for a rate below 0 or not finite; the diagonal is not read.
[[nodiscard]] Intensities known_intensities(Eigen::MatrixXd rates);

/// The prior of every rate: Gamma(moves, time). The default, half a move in half a year, is that of the evidence strength
/// of rungs.
struct RatePrior {
  double moves = 0.5;   ///< shape, above 0
  double time = 182.5;  ///< rate, above 0, in the unit of the times: days
};

/// Rates from exact times: moves (n x n counts) and time at risk (n, 0 or more, in days for the default prior). The
/// posterior of each rate is Gamma(prior moves + moves, prior time + time); it is exact, the likelihood being
/// rate^moves e^(-rate time) (P. Andersen et al., Statistical Models Based on Counting Processes, 1993, ch. IV). Too little
/// data where fewer than `least` moves were seen. Throws PolicyError for arguments out of range and for moves that the
/// mask rules out.
[[nodiscard]] Intensities intensities(const Eigen::MatrixXd& moves, const Eigen::VectorXd& time,
                                      const MoveMask& mask, const RatePrior& prior = {},
                                      std::vector<std::string> names = {}, double least = 10);

/// Counts of moves between snapshots that lie a time apart.
struct SnapshotCounts {
  double interval = 1;     ///< above 0
  Eigen::MatrixXd counts;  ///< n x n, row = from
};

/// Rates from snapshots only: maximum likelihood over the allowed moves, sum of counts x ln p(interval), by scoring on the
/// logs of the rates with the analytic derivative of the matrix exponential (J. Kalbfleisch and J. Lawless, JASA 80,
/// 1985, section 3). Standard errors from the expected information at the maximum. Rates at their lower bound (1e-7 of a
/// move an interval) are set to 0: boundary. Not identified where the likelihood is flat, such as for snapshots so far
/// apart that they are independent. Too little data below `least` pairs of snapshots. Throws PolicyError for arguments
/// out of range, and where a counted move cannot be made by allowed moves. O(steps intervals moves n^3).
[[nodiscard]] Intensities fit_intensities(const std::vector<SnapshotCounts>& snapshots,
                                          const MoveMask& mask, std::vector<std::string> names = {},
                                          double least = 20);

/// The likelihood of the fit and its derivatives in the logs of the rates (moves by rows); for tests and for other
/// optimisers. `information` is the expected one. Null pointers are not written.
[[nodiscard]] double snapshot_log_likelihood(const std::vector<SnapshotCounts>& snapshots,
                                             const MoveMask& mask, const Eigen::VectorXd& log_rates,
                                             Eigen::VectorXd* gradient,
                                             Eigen::MatrixXd* information);

/// The probabilities of being in each state after a time, e^(Q t). t finite and 0 or more, else PolicyError.
[[nodiscard]] Eigen::MatrixXd probabilities_after(const Intensities& rates, double t);

/// First passage in continuous time at `times` (`FirstPassage::reached`, and quantiles in the unit of the rates):
/// E T = from (-Q)^-1 1 over the other states, E T^2 = 2 from Q^-2 1, P(T <= t) = 1 - from e^(Q t) 1; uncertainty by the
/// delta method over the logs of the rates. `median_low` and `median_high` are times among `times`.
[[nodiscard]] FirstPassage first_passage(const Intensities& rates, const Eigen::VectorXd& from,
                                         const std::vector<bool>& target,
                                         const std::vector<double>& times);

/// The mean time from each state but the last up to the next, whatever falls lie between. Absent where the next state is
/// not reached for sure. O(n^4).
[[nodiscard]] std::vector<std::optional<Estimate>> climb_times(const Intensities& rates);

}  // namespace loyalty
