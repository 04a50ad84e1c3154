// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/intensities.hpp>

#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/LU>

#include <loyalty/core/error.hpp>
#include <loyalty/math/matrix_exponential.hpp>

#include "dynamics/check.hpp"
#include "dynamics/reach.hpp"

namespace loyalty {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MoveMask adjacent_moves(Index n, Index lapsed, Index buyer) {
  MoveMask mask = MoveMask::Constant(n, n, false);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      mask(i, j) = i != lapsed && j != lapsed && (i - j == 1 || j - i == 1);
    if (lapsed >= 0 && i != lapsed && i >= buyer) mask(i, lapsed) = true;
  }
  if (lapsed >= 0 && buyer != lapsed) mask(lapsed, buyer) = true;
  return mask;
}

Intensities known_intensities(MatrixXd rates) {
  if (rates.rows() == rates.cols()) rates.diagonal().setZero();
  detail::check_weights(rates, "rates");
  const Index n = rates.rows();
  Intensities out;
  out.moves = rates.array() > 0;
  out.sd = MatrixXd::Zero(n, n);
  out.low = rates;
  out.high = rates;
  out.relative_covariance = MatrixXd::Zero(n * n, n * n);
  rates.diagonal() = -rates.rowwise().sum();
  out.generator = std::move(rates);
  out.status.end = FitEnd::converged;
  out.status.sentence = "The rates are given, not estimated.";
  return out;
}

Intensities intensities(const MatrixXd& moves, const VectorXd& time, const MoveMask& mask,
                        const RatePrior& prior, std::vector<std::string> names, double least) {
  detail::check_weights(moves, "moves");
  const Index n = moves.rows();
  if (mask.rows() != n || mask.cols() != n)
    throw PolicyError("the mask of moves does not fit " + std::to_string(n) + " states");
  if (time.size() != n)
    throw PolicyError("time at risk has " + std::to_string(time.size()) +
                      " values: needs one for each of the " + std::to_string(n) + " states");
  if (!(prior.moves > 0 && prior.time > 0 && prior.moves < 1e12 && prior.time < 1e300))
    throw PolicyError("prior of rates = (" + detail::shown(prior.moves) + ", " +
                      detail::shown(prior.time) + "): needs moves and time above 0");
  Intensities out;
  out.moves = mask;
  out.moves.diagonal().setConstant(false);
  out.names = std::move(names);
  out.generator = out.sd = out.low = out.high = MatrixXd::Zero(n, n);
  out.relative_covariance = MatrixXd::Zero(n * n, n * n);
  double seen = 0;
  std::string empty;
  for (Index i = 0; i < n; ++i) {
    if (!(time[i] >= 0 && std::isfinite(time[i])))
      throw PolicyError("time at risk, " + out.name(i) + ": " + detail::shown(time[i]) +
                        " is not allowed; needs 0 or more, and finite");
    if (time[i] == 0 && out.moves.row(i).any()) empty += (empty.empty() ? "" : ", ") + out.name(i);
    for (Index j = 0; j < n; ++j) {
      if (i == j) continue;
      if (!out.moves(i, j)) {
        if (moves(i, j) > 0)
          throw PolicyError("moves, " + out.name(i) + " to " + out.name(j) + ": " +
                            detail::shown(moves(i, j)) + " were seen, but the mask rules them out");
        continue;
      }
      seen += moves(i, j);
      const double shape = prior.moves + moves(i, j);
      const double rate = prior.time + time[i];
      out.generator(i, j) = shape / rate;
      out.sd(i, j) = std::sqrt(shape) / rate;
      out.low(i, j) = math::gamma_quantile(0.05, shape) / rate;
      out.high(i, j) = math::gamma_quantile(0.95, shape) / rate;
      out.relative_covariance(i * n + j, i * n + j) = 1 / shape;
    }
    out.generator(i, i) = -out.generator.row(i).sum();
  }
  const std::string count = detail::shown_count(seen);
  if (seen < least) {
    out.status.end = FitEnd::too_little_data;
    out.status.sentence = "Only " + count + (seen == 1 ? " move was" : " moves were") +
                          " seen; at least " + detail::shown_count(least) + " are needed.";
    return out;
  }
  out.status.end = FitEnd::converged;
  out.status.sentence = "The posterior of every rate is exact: " + count + " moves.";
  if (!empty.empty())
    out.status.sentence +=
        " Nobody ever stood there, so that the prior alone speaks: " + empty + ".";
  return out;
}

MatrixXd probabilities_after(const Intensities& rates, double t) {
  if (!(t >= 0 && std::isfinite(t)))
    throw PolicyError("time = " + detail::shown(t) + ": needs 0 or more, and finite");
  return math::transition_probabilities(rates.generator, t);
}

namespace {

/// The time by which all but a share `left` have arrived; absent where it is not in sight.
std::optional<double> time_until(const VectorXd& start, const MatrixXd& q, double left) {
  if (start.sum() <= left) return 0;
  const double rate = -q.diagonal().minCoeff();
  if (!(rate > 0)) return std::nullopt;
  const auto staying = [&](double t) {
    return (math::transition_probabilities(q, t).transpose() * start).sum();
  };
  double high = 1 / rate;
  for (int i = 0; staying(high) > left; ++i) {
    if (i == 45) return std::nullopt;
    high *= 2;
  }
  double low = 0;
  for (int i = 0; i < 60 && high - low > 1e-14 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (staying(middle) > left ? low : high) = middle;
  }
  return high;
}

}  // namespace

FirstPassage first_passage(const Intensities& rates, const VectorXd& from,
                           const std::vector<bool>& target, const std::vector<double>& times) {
  const Index n = rates.size();
  detail::check_mix(from, "the mix to start from", n);
  detail::check_target(target, n);
  for (const double t : times)
    if (!(t >= 0 && std::isfinite(t)))
      throw PolicyError("times hold " + detail::shown(t) + ": needs 0 or more, and finite");
  FirstPassage out;
  out.status = rates.status;
  if (!rates.status.usable()) return out;
  const VectorXd start = from / from.sum();
  const detail::Reach reach(rates.generator, start, target);
  const MatrixXd q = detail::part_of(rates.generator, reach.active);
  const VectorXd begin = detail::part_of(start, reach.active);
  const auto k = static_cast<Index>(reach.active.size());
  std::vector<Index> place(static_cast<std::size_t>(n), -1);  // among the active
  for (Index i = 0; i < k; ++i)
    place[static_cast<std::size_t>(reach.active[static_cast<std::size_t>(i)])] = i;

  // Calls visit(place in the covariance, i, j, rate) for each uncertain move; j is -1 where it leads to the target.
  const auto each_move = [&](auto&& visit) {
    for (Index a = 0; a < n; ++a)
      for (Index b = 0; b < n; ++b) {
        const Index i = place[static_cast<std::size_t>(a)];
        if (a == b || i < 0 || !(rates.relative_covariance(a * n + b, a * n + b) > 0)) continue;
        visit(a * n + b, i, place[static_cast<std::size_t>(b)], rates.generator(a, b));
      }
  };
  const auto variance = [&](const VectorXd& slope) {
    return slope.dot(rates.relative_covariance * slope);
  };
  for (const double t : times) {
    const double share = 1 - (math::transition_probabilities(q, t).transpose() * begin).sum();
    VectorXd slope = VectorXd::Zero(n * n);
    each_move([&](Index at, Index i, Index j, double rate) {
      MatrixXd direction = MatrixXd::Zero(k, k);
      direction(i, i) = -rate * t;
      if (j >= 0) direction(i, j) += rate * t;
      slope[at] =
          -(math::matrix_exponential_derivative(q * t, direction).transpose() * begin).sum();
    });
    const Estimate reached = share_estimate(share, variance(slope));
    out.reached.push_back(reached);
    if (!out.median_low && reached.high >= 0.5) out.median_low = t;
    if (!out.median_high && reached.low >= 0.5) out.median_high = t;
  }
  if (k == 0) {
    out.median = out.soonest = out.latest = 0;
    out.mean = Estimate{0, 0, 0, 0};
    out.spread = 0;
    return out;
  }
  out.median = time_until(begin, q, 0.5);
  out.soonest = time_until(begin, q, 0.95);
  out.latest = time_until(begin, q, 0.05);
  if (reach.lost >= 0) {
    out.status.end = FitEnd::not_identified;
    out.status.sentence = reach.sentence(rates.name(reach.lost), out.median.has_value());
    return out;
  }
  const Eigen::PartialPivLU<MatrixXd> lu(-q);
  const VectorXd t = lu.solve(VectorXd::Ones(k));
  const VectorXd stays = lu.transpose().solve(begin);
  const double expected = begin.dot(t);
  const double square = 2 * begin.dot(lu.solve(t));
  VectorXd slope = VectorXd::Zero(n * n);
  each_move([&](Index at, Index i, Index j, double rate) {
    slope[at] = stays[i] * ((j >= 0 ? t[j] : 0) - t[i]) * rate;
  });
  const double spread = square - expected * expected;
  if (!std::isfinite(expected) || !std::isfinite(spread)) {
    out.status.end = FitEnd::not_identified;
    out.status.sentence = "It takes longer than numbers can say.";
    return out;
  }
  out.mean = positive_estimate(expected, variance(slope));
  out.spread = std::sqrt(std::max(0.0, spread));
  return out;
}

std::vector<std::optional<Estimate>> climb_times(const Intensities& rates) {
  const Index n = rates.size();
  std::vector<std::optional<Estimate>> out;
  for (Index k = 0; k + 1 < n; ++k) {
    std::vector<bool> target(static_cast<std::size_t>(n));
    for (Index j = k + 1; j < n; ++j) target[static_cast<std::size_t>(j)] = true;
    out.push_back(first_passage(rates, VectorXd::Unit(n, k), target, {}).mean);
  }
  return out;
}

}  // namespace loyalty
