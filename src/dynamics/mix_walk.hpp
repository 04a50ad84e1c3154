// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/dynamics/chain.hpp>

namespace loyalty::detail {

/// pi P^h for h = 0, 1, ... with its derivatives in the entries of P, and the mean of its second order.
class MixWalk {
 public:
  MixWalk(const Chain& chain, Eigen::VectorXd start)
      : chain_{chain},
        mix_{std::move(start)},
        bend_{Eigen::VectorXd::Zero(chain.size())},
        slope_(static_cast<std::size_t>(chain.size()),
               Eigen::MatrixXd::Zero(chain.size(), chain.size())) {}

  /// One period on. O(n^4).
  void step() {
    const Eigen::Index n = chain_.size();
    Eigen::VectorXd pairs = Eigen::VectorXd::Zero(n);
    for (Eigen::Index r = 0; r < n; ++r) {
      if (chain_.is_exact(r)) continue;
      Eigen::MatrixXd& slope = slope_[static_cast<std::size_t>(r)];
      // An error of row r before, times an error of the same row now.
      pairs += chain_.covariance_of(r) * slope.col(r);
      slope = (slope * chain_.mean).eval();
      slope.diagonal().array() += mix_[r];
    }
    bend_ = (chain_.mean.transpose() * bend_ + pairs).eval();
    mix_ = (chain_.mean.transpose() * mix_).eval();
  }

  /// pi P^h.
  [[nodiscard]] const Eigen::VectorXd& mix() const noexcept { return mix_; }
  /// What the spread of P adds to its mean, to second order.
  [[nodiscard]] const Eigen::VectorXd& bend() const noexcept { return bend_; }
  /// Its covariance to first order.
  [[nodiscard]] Eigen::MatrixXd covariance() const {
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(chain_.size(), chain_.size());
    for (Eigen::Index r = 0; r < chain_.size(); ++r)
      if (!chain_.is_exact(r)) {
        const Eigen::MatrixXd& slope = slope_[static_cast<std::size_t>(r)];
        sum += slope.transpose() * chain_.covariance_of(r) * slope;
      }
    return sum;
  }

 private:
  const Chain& chain_;
  Eigen::VectorXd mix_;
  Eigen::VectorXd bend_;
  std::vector<Eigen::MatrixXd> slope_;  ///< of row r of P: entry (k, j) is d mix_j / d P_rk
};

}  // namespace loyalty::detail
