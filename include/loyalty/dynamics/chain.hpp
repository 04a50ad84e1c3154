// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/math/fit_status.hpp>

namespace loyalty {

/// A Markov chain in discrete time whose rows of probabilities are known up to errors, independent between rows.
struct Chain {
  Eigen::MatrixXd mean;                     ///< n x n: row = from, column = to; each row sums to 1
  std::vector<Eigen::MatrixXd> covariance;  ///< of each row, n x n; empty: the chain is known
  FitStatus status;                         ///< what the chain rests on
  std::vector<std::string> names;           ///< of the states, for sentences; empty: their numbers

  /// How sentences call a state.
  [[nodiscard]] std::string name(Eigen::Index state) const {
    return names.empty() ? "state " + std::to_string(state)
                         : names[static_cast<std::size_t>(state)];
  }
  /// States.
  [[nodiscard]] Eigen::Index size() const noexcept { return mean.rows(); }
  /// Whether the errors of a row are known to be none.
  [[nodiscard]] bool is_exact(Eigen::Index row) const noexcept {
    return covariance.empty() || covariance[static_cast<std::size_t>(row)].size() == 0;
  }
  /// Covariance of a row that is not exact.
  [[nodiscard]] const Eigen::MatrixXd& covariance_of(Eigen::Index row) const {
    return covariance[static_cast<std::size_t>(row)];
  }
};

/// A chain that is known. Throws PolicyError where a row is no row of probabilities (sum 1 within 1e-9).
[[nodiscard]] Chain known_chain(Eigen::MatrixXd probabilities);

/// The same chain, once in one of these states never out of it. `stops` has a flag for each state.
[[nodiscard]] Chain stopped(Chain chain, const std::vector<bool>& stops);

/// The prior weight of each move, as that many moves seen before.
struct ChainPrior {
  double diagonal = 2;  ///< of staying
  double neighbour =
      0.5;  ///< of the next state up or down; of lapsing and of coming back as a buyer
  double elsewhere = 0.05;  ///< of every other move

  /// The weights for n states, row = from. Where `lapsed` is a state (not negative), it is a neighbour of no rung by its
  /// place: every rung from buyer on may lapse (`neighbour`), and who lapsed comes back as a buyer (`neighbour`).
  /// `buyer` is the first state of who has bought.
  [[nodiscard]] Eigen::MatrixXd weights(Eigen::Index n, Eigen::Index lapsed = -1,
                                        Eigen::Index buyer = 1) const;
};

/// The posterior of a chain's rows given how often each move was seen: independent Dirichlet laws.
struct DirichletRows {
  Eigen::MatrixXd weight;  ///< n x n: prior weight + count; a row may not be all 0
  double seen = 0;         ///< moves, staying among them

  /// Fewer than this and nothing is said.
  static constexpr double least = 20;

  /// The chain: means w_ij / w_i and covariances (diag(p) - p p') / (w_i + 1). Status: too little data below `least`.
  [[nodiscard]] Chain chain() const;
  /// The probability of one move: its Beta law's mean, sd, and 5 and 95 % points. O(1).
  [[nodiscard]] Estimate probability(Eigen::Index from, Eigen::Index to) const;
};

/// The posterior from counts (n x n, row = from, each finite and 0 or more; weights count like repetitions) and a prior of
/// the same size. Throws PolicyError where the two do not fit, or a row would have no weight at all.
[[nodiscard]] DirichletRows dirichlet_rows(const Eigen::MatrixXd& counts,
                                           const Eigen::MatrixXd& prior);

}  // namespace loyalty
