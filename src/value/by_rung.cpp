// SPDX-License-Identifier: MIT
#include <loyalty/value/by_rung.hpp>

#include <cmath>
#include <string>

#include <Eigen/LU>

#include "dynamics/check.hpp"

namespace loyalty {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

RungValue value_by_state(const Chain& chain, const VectorXd& margins,
                         const VectorXd& margin_variance, double discount,
                         std::optional<int> periods) {
  const Index n = chain.size();
  if (margins.size() != n || (margin_variance.size() != 0 && margin_variance.size() != n))
    throw PolicyError("margins have " + std::to_string(margins.size()) + " values, variances " +
                      std::to_string(margin_variance.size()) + ": needs one for each of the " +
                      std::to_string(n) + " states");
  for (Index i = 0; i < n; ++i) {
    if (!std::isfinite(margins[i]))
      throw PolicyError("margin of " + chain.name(i) + ": " + detail::shown(margins[i]) +
                        " is not allowed; needs a finite number");
    if (margin_variance.size() != 0 &&
        !(margin_variance[i] >= 0 && std::isfinite(margin_variance[i])))
      throw PolicyError("variance of the margin of " + chain.name(i) + ": " +
                        detail::shown(margin_variance[i]) +
                        " is not allowed; needs 0 or more, and finite");
  }
  if (!(discount > 0 && discount <= 1) || (!periods && discount == 1))
    throw PolicyError(
        "discount = " + detail::shown(discount) +
        ": needs more than 0, and less than 1 (at most 1 where the periods are limited)");
  if (periods) detail::check_periods(*periods, "periods");
  RungValue out;
  out.periods = periods;
  out.status = chain.status;
  if (!chain.status.usable()) return out;
  const MatrixXd step = discount * chain.mean;
  const VectorXd variances = margin_variance.size() == 0 ? VectorXd::Zero(n) : margin_variance;
  if (!periods) {
    const MatrixXd visits = (MatrixXd::Identity(n, n) - step).partialPivLu().inverse();
    out.value = visits * margins;
    VectorXd noise = variances;
    for (Index r = 0; r < n; ++r)
      if (!chain.is_exact(r))
        noise[r] += discount * discount * out.value.dot(chain.covariance_of(r) * out.value);
    out.covariance = visits * noise.asDiagonal() * visits.transpose();
    return out;
  }
  out.value = margins;
  MatrixXd visits = MatrixXd::Identity(n, n);
  // Of row r of P: entry (i, k) is d value_i / d P_rk.
  std::vector<MatrixXd> slope(static_cast<std::size_t>(n), MatrixXd::Zero(n, n));
  for (int t = 0; t < *periods; ++t) {
    for (Index r = 0; r < n; ++r) {
      if (chain.is_exact(r)) continue;
      MatrixXd& s = slope[static_cast<std::size_t>(r)];
      s = (step * s).eval();
      s.row(r) += discount * out.value.transpose();
    }
    visits = MatrixXd::Identity(n, n) + step * visits;
    out.value = margins + step * out.value;
  }
  out.covariance = visits * variances.asDiagonal() * visits.transpose();
  for (Index r = 0; r < n; ++r)
    if (!chain.is_exact(r)) {
      const MatrixXd& s = slope[static_cast<std::size_t>(r)];
      out.covariance += s * chain.covariance_of(r) * s.transpose();
    }
  return out;
}

}  // namespace loyalty
