// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/first_passage.hpp>

#include <cmath>
#include <string>

#include <Eigen/LU>

#include <loyalty/core/error.hpp>

#include "dynamics/check.hpp"
#include "dynamics/mix_walk.hpp"
#include "dynamics/reach.hpp"

namespace loyalty {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The first period m with start Q^m 1 <= left; absent where there is none below 2^50. By powers of two.
std::optional<double> first_below(const VectorXd& start, const MatrixXd& q, double left) {
  if (start.sum() <= left) return 0;
  constexpr int most = 50;
  std::vector<MatrixXd> powers{q};
  while ((powers.back().transpose() * start).sum() > left) {
    if (powers.size() > most) return std::nullopt;
    powers.push_back(powers.back() * powers.back());
  }
  // The last power is enough; the greatest number of periods that is not enough is found from its bits.
  VectorXd mix = start;
  double periods = 0;
  for (std::size_t k = powers.size() - 1; k-- > 0;) {
    const VectorXd next = powers[k].transpose() * mix;
    if (next.sum() <= left) continue;
    mix = next;
    periods += std::ldexp(1.0, static_cast<int>(k));
  }
  return periods + 1;
}

}  // namespace

FirstPassage first_passage(const Chain& chain, const VectorXd& from,
                           const std::vector<bool>& target, int periods) {
  const Index n = chain.size();
  detail::check_mix(from, "the mix to start from", n);
  detail::check_periods(periods, "periods");
  detail::check_target(target, n);
  FirstPassage out;
  out.status = chain.status;
  if (!chain.status.usable()) return out;
  const VectorXd start = from / from.sum();
  const detail::Reach reach(chain.mean, start, target);
  const Chain halting = stopped(chain, target);
  detail::MixWalk walk(halting, start);
  VectorXd there = VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i) there[i] = target[static_cast<std::size_t>(i)] ? 1 : 0;
  out.reached.reserve(static_cast<std::size_t>(periods) + 1);
  for (int m = 0; m <= periods; ++m) {
    if (m > 0) walk.step();
    const Estimate share =
        share_estimate(there.dot(walk.mix()), there.dot(walk.covariance() * there));
    out.reached.push_back(share);
    if (!out.median_low && share.high >= 0.5) out.median_low = m;
    if (!out.median_high && share.low >= 0.5) out.median_high = m;
  }
  const MatrixXd q = detail::part_of(chain.mean, reach.active);
  const VectorXd begin = detail::part_of(start, reach.active);
  out.median = first_below(begin, q, 0.5);
  out.soonest = first_below(begin, q, 0.95);
  out.latest = first_below(begin, q, 0.05);
  if (reach.lost >= 0) {
    out.status.end = FitEnd::not_identified;
    out.status.sentence = reach.sentence(chain.name(reach.lost), out.median.has_value());
    return out;
  }
  const auto k = static_cast<Index>(reach.active.size());
  VectorXd times = VectorXd::Zero(n);
  Estimate mean{0, 0, 0, 0};
  double spread = 0;
  if (k > 0) {
    const Eigen::PartialPivLU<MatrixXd> lu(MatrixXd::Identity(k, k) - q);
    const VectorXd t = lu.solve(VectorXd::Ones(k));
    const VectorXd visits = lu.transpose().solve(begin);
    const double expected = begin.dot(t);
    for (Index i = 0; i < k; ++i) times[reach.active[static_cast<std::size_t>(i)]] = t[i];
    double variance = 0;
    for (Index i = 0; i < k; ++i) {
      const Index r = reach.active[static_cast<std::size_t>(i)];
      if (!chain.is_exact(r))
        variance += visits[i] * visits[i] * times.dot(chain.covariance_of(r) * times);
    }
    mean = positive_estimate(expected, variance);
    const double factorial = 2 * begin.dot(lu.solve(q * t));
    spread = std::sqrt(std::max(0.0, factorial + expected - expected * expected));
    if (!std::isfinite(expected) || !std::isfinite(variance) || !std::isfinite(spread)) {
      out.status.end = FitEnd::not_identified;
      out.status.sentence = "It takes longer than numbers can say.";
      return out;
    }
  }
  out.mean = mean;
  out.spread = spread;
  return out;
}

}  // namespace loyalty
