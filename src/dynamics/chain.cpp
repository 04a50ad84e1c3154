// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/chain.hpp>

#include <cmath>
#include <string>
#include <utility>

#include "dynamics/check.hpp"

namespace loyalty {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Chain known_chain(MatrixXd probabilities) {
  detail::check_weights(probabilities, "probabilities");
  for (Index i = 0; i < probabilities.rows(); ++i)
    if (!(std::abs(probabilities.row(i).sum() - 1) <= 1e-9))
      throw PolicyError("probabilities, row " + std::to_string(i) + ": they sum to " +
                        detail::shown(probabilities.row(i).sum()) + "; needs 1");
  Chain chain;
  chain.mean = std::move(probabilities);
  chain.status.end = FitEnd::converged;
  chain.status.sentence = "The probabilities are given, not estimated.";
  return chain;
}

Chain stopped(Chain chain, const std::vector<bool>& stops) {
  for (Index i = 0; i < chain.size(); ++i) {
    if (!stops[static_cast<std::size_t>(i)]) continue;
    chain.mean.row(i).setZero();
    chain.mean(i, i) = 1;
    if (!chain.covariance.empty()) chain.covariance[static_cast<std::size_t>(i)].resize(0, 0);
  }
  return chain;
}

MatrixXd ChainPrior::weights(Index n, Index lapsed, Index buyer) const {
  MatrixXd w = MatrixXd::Constant(n, n, elsewhere);
  for (Index i = 0; i < n; ++i) {
    w(i, i) = diagonal;
    for (Index j = 0; j < n; ++j)
      if (i != lapsed && j != lapsed && (i - j == 1 || j - i == 1)) w(i, j) = neighbour;
    if (lapsed >= 0 && i != lapsed && i >= buyer) w(i, lapsed) = neighbour;
  }
  if (lapsed >= 0 && buyer != lapsed) w(lapsed, buyer) = neighbour;
  return w;
}

DirichletRows dirichlet_rows(const MatrixXd& counts, const MatrixXd& prior) {
  detail::check_weights(counts, "counts");
  detail::check_weights(prior, "prior", counts.rows());
  DirichletRows rows{counts + prior, counts.sum()};
  for (Index i = 0; i < counts.rows(); ++i)
    if (!(rows.weight.row(i).sum() > 0))
      throw PolicyError("prior, row " + std::to_string(i) +
                        ": no weight, and no move was seen from there; needs some weight");
  return rows;
}

Chain DirichletRows::chain() const {
  const Index n = weight.rows();
  Chain chain;
  chain.mean.resize(n, n);
  chain.covariance.reserve(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    const double total = weight.row(i).sum();
    const VectorXd p = weight.row(i).transpose() / total;
    chain.mean.row(i) = p.transpose();
    chain.covariance.emplace_back((MatrixXd(p.asDiagonal()) - p * p.transpose()) / (total + 1));
  }
  const std::string moves = detail::shown_count(seen);
  if (seen < least) {
    chain.status.end = FitEnd::too_little_data;
    chain.status.sentence =
        "Only " + moves + (seen == 1 ? " transition was" : " transitions were") +
        " seen, staying included; at least " + detail::shown_count(least) + " are needed.";
  } else {
    chain.status.end = FitEnd::converged;
    chain.status.sentence =
        "The posterior of every row is exact: " + moves + " transitions, staying included.";
  }
  return chain;
}

Estimate DirichletRows::probability(Index from, Index to) const {
  const double total = weight.row(from).sum();
  const double a = weight(from, to);
  const double b = total - a;
  const double p = a / total;
  Estimate e{p, std::sqrt(p * (1 - p) / (total + 1)), p, p};
  if (a > 0 && b > 0) std::tie(e.low, e.high) = math::beta_quantiles(0.05, 0.95, a, b);
  return e;
}

}  // namespace loyalty
