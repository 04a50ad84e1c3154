// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/intensities.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <loyalty/core/error.hpp>
#include <loyalty/math/matrix_exponential.hpp>
#include <loyalty/math/optimise.hpp>

#include "dynamics/check.hpp"

namespace loyalty {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Move {
  Index from;
  Index to;
};

std::vector<Move> moves_of(const MoveMask& mask) {
  std::vector<Move> moves;
  for (Index i = 0; i < mask.rows(); ++i)
    for (Index j = 0; j < mask.cols(); ++j)
      if (i != j && mask(i, j)) moves.push_back({i, j});
  return moves;
}

MatrixXd generator_of(const std::vector<Move>& moves, const VectorXd& rates, Index n) {
  MatrixXd q = MatrixXd::Zero(n, n);
  for (std::size_t m = 0; m < moves.size(); ++m)
    q(moves[m].from, moves[m].to) = rates[static_cast<Index>(m)];
  q.diagonal() = -q.rowwise().sum();
  return q;
}

double log_likelihood(const std::vector<SnapshotCounts>& snapshots, const MatrixXd& q) {
  double sum = 0;
  for (const SnapshotCounts& s : snapshots) {
    const MatrixXd p = math::transition_probabilities(q, s.interval);
    for (Index i = 0; i < q.rows(); ++i)
      for (Index j = 0; j < q.rows(); ++j)
        if (s.counts(i, j) > 0) {
          if (!(p(i, j) > 0)) return -infinity;
          sum += s.counts(i, j) * std::log(p(i, j));
        }
  }
  return sum;
}

}  // namespace

double snapshot_log_likelihood(const std::vector<SnapshotCounts>& snapshots, const MoveMask& mask,
                               const VectorXd& log_rates, VectorXd* gradient,
                               MatrixXd* information) {
  const Index n = mask.rows();
  const std::vector<Move> moves = moves_of(mask);
  const auto count = static_cast<Index>(moves.size());
  const VectorXd rates = log_rates.array().exp();
  const MatrixXd q = generator_of(moves, rates, n);
  const double value = log_likelihood(snapshots, q);
  if (gradient == nullptr && information == nullptr) return value;
  if (gradient != nullptr) *gradient = VectorXd::Zero(count);
  if (information != nullptr) *information = MatrixXd::Zero(count, count);
  if (!std::isfinite(value)) return value;
  std::vector<MatrixXd> slopes(moves.size());
  for (const SnapshotCounts& s : snapshots) {
    const MatrixXd p = math::transition_probabilities(q, s.interval);
    for (std::size_t m = 0; m < moves.size(); ++m) {
      MatrixXd direction = MatrixXd::Zero(n, n);
      const double step = rates[static_cast<Index>(m)] * s.interval;
      direction(moves[m].from, moves[m].to) = step;
      direction(moves[m].from, moves[m].from) = -step;
      slopes[m] = math::matrix_exponential_derivative(q * s.interval, direction);
    }
    for (Index i = 0; i < n; ++i) {
      const double seen = s.counts.row(i).sum();
      if (!(seen > 0)) continue;
      for (Index j = 0; j < n; ++j) {
        if (!(p(i, j) > 0)) continue;
        for (std::size_t u = 0; u < moves.size(); ++u) {
          const double slope = slopes[u](i, j) / p(i, j);
          if (gradient != nullptr) (*gradient)[static_cast<Index>(u)] += s.counts(i, j) * slope;
          if (information != nullptr)
            for (std::size_t v = 0; v <= u; ++v)
              (*information)(static_cast<Index>(u), static_cast<Index>(v)) +=
                  seen * slope * slopes[v](i, j);
        }
      }
    }
  }
  if (information != nullptr)
    information->triangularView<Eigen::StrictlyUpper>() = information->transpose();
  return value;
}

Intensities fit_intensities(const std::vector<SnapshotCounts>& snapshots, const MoveMask& mask,
                            std::vector<std::string> names, double least) {
  const Index n = mask.rows();
  if (n == 0 || mask.cols() != n) throw PolicyError("the mask of moves needs n x n flags");
  const std::vector<Move> moves = moves_of(mask);
  Intensities out;
  out.names = std::move(names);
  out.moves = mask;
  out.moves.diagonal().setConstant(false);
  out.generator = out.sd = out.low = out.high = MatrixXd::Zero(n, n);
  out.relative_covariance = MatrixXd::Zero(n * n, n * n);
  if (moves.empty()) throw PolicyError("the mask allows no move");

  double pairs = 0;
  double shortest = infinity;
  double longest = 0;
  MatrixXd seen = MatrixXd::Zero(n, n);
  VectorXd time = VectorXd::Zero(n);
  // Canonical: by interval, those of one length added up, so that no result depends on how counts were split.
  std::vector<SnapshotCounts> sorted;
  for (const SnapshotCounts& s : snapshots) {
    detail::check_weights(s.counts, "counts", n);
    if (!(s.interval > 0 && std::isfinite(s.interval)))
      throw PolicyError("interval = " + detail::shown(s.interval) +
                        ": needs more than 0, and finite");
    const auto same = std::find_if(sorted.begin(), sorted.end(), [&](const SnapshotCounts& other) {
      return other.interval == s.interval;
    });
    if (same == sorted.end())
      sorted.push_back(s);
    else
      same->counts += s.counts;
  }
  std::sort(sorted.begin(), sorted.end(), [](const SnapshotCounts& a, const SnapshotCounts& b) {
    return a.interval < b.interval;
  });
  for (const SnapshotCounts& s : sorted) {
    if (!(s.counts.sum() > 0)) continue;
    pairs += s.counts.sum();
    shortest = std::min(shortest, s.interval);
    longest = std::max(longest, s.interval);
    seen += s.counts;
    time += s.interval * s.counts.rowwise().sum();
  }
  if (pairs < least) {
    out.status.end = FitEnd::too_little_data;
    out.status.sentence = "Only " + detail::shown_count(pairs) + (pairs == 1 ? " pair" : " pairs") +
                          " of snapshots; at least " + detail::shown_count(least) + " are needed.";
    return out;
  }
  // What was counted must be possible.
  const MatrixXd possible = math::transition_probabilities(
      generator_of(moves, VectorXd::Ones(static_cast<Index>(moves.size())), n), 1);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      if (seen(i, j) > 0 && !(possible(i, j) > 0))
        throw PolicyError("counts, " + out.name(i) + " to " + out.name(j) + ": " +
                          detail::shown(seen(i, j)) +
                          " were seen, but the allowed moves never lead there");

  const auto count = static_cast<Index>(moves.size());
  VectorXd start(count);
  for (Index m = 0; m < count; ++m) {
    const Move& move = moves[static_cast<std::size_t>(m)];
    start[m] = std::log((seen(move.from, move.to) + 0.5) / (time[move.from] + longest));
  }
  math::OptimiseOptions options;
  options.low = VectorXd::Constant(count, std::log(1e-7 / longest));
  options.high = VectorXd::Constant(count, std::log(1e3 / shortest));
  const math::Maximum best = math::maximise(
      [&](const VectorXd& x, VectorXd* gradient, MatrixXd* hessian) {
        const double value = snapshot_log_likelihood(sorted, mask, x, gradient, hessian);
        if (hessian != nullptr) *hessian = -*hessian;
        return value;
      },
      start, options);

  VectorXd rates = best.x.array().exp();
  for (const int m : best.at_low) rates[m] = 0;
  out.generator = generator_of(moves, rates, n);
  out.log_likelihood = log_likelihood(sorted, out.generator);
  out.status = best.status;
  const auto words = [&](int m) {
    const Move& move = moves[static_cast<std::size_t>(m)];
    return out.name(move.from) + " to " + out.name(move.to);
  };
  const auto list = [&](const std::vector<int>& some) {
    std::string text;
    for (const int m : some) text += (text.empty() ? "" : ", ") + words(m);
    return text;
  };
  for (Index m = 0; m < count; ++m) {
    const Move& move = moves[static_cast<std::size_t>(m)];
    const double variance = best.covariance(m, m);
    const bool told = std::isfinite(variance);
    const double factor = told ? std::exp(math::normal_95 * std::sqrt(variance)) : unknown;
    out.sd(move.from, move.to) = rates[m] * (told ? std::sqrt(variance) : unknown);
    out.low(move.from, move.to) = rates[m] > 0 ? rates[m] / factor : 0;
    out.high(move.from, move.to) = rates[m] > 0 ? rates[m] * factor : unknown;
    for (Index k = 0; told && k < count; ++k) {
      const Move& other = moves[static_cast<std::size_t>(k)];
      if (std::isfinite(best.covariance(m, k)))
        out.relative_covariance(move.from * n + move.to, other.from * n + other.to) =
            best.covariance(m, k);
    }
  }
  switch (out.status.end) {
    case FitEnd::converged:
      out.status.sentence = "The likelihood of " + detail::shown_count(pairs) +
                            " pairs of snapshots has its maximum here, after " +
                            std::to_string(out.status.iterations) + " steps.";
      break;
    case FitEnd::boundary:
      out.status.sentence =
          !best.at_low.empty()
              ? "These snapshots are explained best without some moves, whose rates are 0: " +
                    list(best.at_low) + "."
              : "Some moves are faster than snapshots so far apart can show: " +
                    list(best.at_high) + ".";
      break;
    case FitEnd::not_identified:
      out.status.sentence = "These snapshots do not tell the rate of " + words(best.flat) +
                            ": other rates fit as well. Nobody may have stood there, or the "
                            "snapshots lie too far apart.";
      break;
    default:
      break;
  }
  return out;
}

}  // namespace loyalty
