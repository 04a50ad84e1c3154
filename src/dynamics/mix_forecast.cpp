// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/mix_forecast.hpp>

#include <string>
#include <utility>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>

#include <loyalty/core/error.hpp>

#include "dynamics/check.hpp"
#include "dynamics/mix_walk.hpp"

namespace loyalty {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Estimate MixForecast::expected_share(int period, Index state) const {
  const MixAhead& at = ahead[static_cast<std::size_t>(period)];
  return share_estimate(at.mean[state], at.model_covariance(state, state));
}

Estimate MixForecast::share(int period, Index state) const {
  const MixAhead& at = ahead[static_cast<std::size_t>(period)];
  return share_estimate(at.mean[state],
                        at.model_covariance(state, state) + at.chance_variance[state]);
}

MixForecast forecast_mix(const Chain& chain, const VectorXd& now, double size, int periods) {
  const Index n = chain.size();
  detail::check_mix(now, "the mix of today", n);
  detail::check_periods(periods, "periods");
  if (!(size >= 0 && size <= 1e15))
    throw PolicyError("size = " + detail::shown(size) + ": needs 0 (not known) or more");
  MixForecast out;
  out.size = size;
  out.status = chain.status;
  if (!chain.status.usable()) return out;
  const VectorXd shares = now / now.sum();
  detail::MixWalk walk(chain, shares);
  MatrixXd power = MatrixXd::Identity(n, n);
  out.ahead.reserve(static_cast<std::size_t>(periods) + 1);
  for (int h = 0; h <= periods; ++h) {
    if (h > 0) {
      walk.step();
      power = (power * chain.mean).eval();
    }
    MixAhead at;
    at.period = h;
    at.plug_in = walk.mix();
    // A share stays one, however rough the second order is.
    at.mean = (walk.mix() + walk.bend()).cwiseMax(0.0);
    at.mean /= at.mean.sum();
    at.model_covariance = walk.covariance();
    at.chance_variance = VectorXd::Zero(n);
    if (size > 0)
      at.chance_variance =
          (power.array() * (1 - power.array())).matrix().transpose() * shares / size;
    out.ahead.push_back(std::move(at));
  }
  return out;
}

StationaryMix stationary_mix(const Chain& chain) {
  const Index n = chain.size();
  StationaryMix out;
  out.status = chain.status;
  if (!chain.status.usable()) return out;
  // One solution means one closed class: the rank of I - P is then n - 1.
  const MatrixXd rest = MatrixXd::Identity(n, n) - chain.mean;
  Eigen::FullPivLU<MatrixXd> lu(rest);
  lu.setThreshold(1e-13);
  if (lu.rank() < n - 1) {
    out.status.end = FitEnd::not_identified;
    out.status.sentence =
        "There is no one mix in the end: the states fall apart into groups that nobody leaves, so "
        "that it depends on the "
        "start.";
    return out;
  }
  MatrixXd system = rest.transpose();
  system.row(n - 1).setOnes();
  VectorXd right = VectorXd::Zero(n);
  right[n - 1] = 1;
  out.mean = system.partialPivLu().solve(right).cwiseMax(0.0);
  out.mean /= out.mean.sum();
  const MatrixXd fundamental =
      (rest + VectorXd::Ones(n) * out.mean.transpose()).partialPivLu().inverse();
  out.covariance = MatrixXd::Zero(n, n);
  for (Index r = 0; r < n; ++r)
    if (!chain.is_exact(r))
      out.covariance += out.mean[r] * out.mean[r] * fundamental.transpose() *
                        chain.covariance_of(r) * fundamental;
  out.status.sentence +=
      " It is the mix to which these moves would lead in the end if they never changed.";
  return out;
}

}  // namespace loyalty
