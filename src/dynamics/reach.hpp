// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>

namespace loyalty::detail {

/// Refuses flags that do not fit n states, or name none.
inline void check_target(const std::vector<bool>& target, Eigen::Index n) {
  if (static_cast<Eigen::Index>(target.size()) != n)
    throw PolicyError("target has " + std::to_string(target.size()) +
                      " flags: needs one for each of the " + std::to_string(n) + " states");
  for (const bool is : target)
    if (is) return;
  throw PolicyError("target names no state: needs at least one to be reached");
}

/// Some rows and the same columns of a matrix.
inline Eigen::MatrixXd part_of(const Eigen::MatrixXd& all, const std::vector<Eigen::Index>& at) {
  const auto n = static_cast<Eigen::Index>(at.size());
  Eigen::MatrixXd part(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      part(i, j) = all(at[static_cast<std::size_t>(i)], at[static_cast<std::size_t>(j)]);
  return part;
}
inline Eigen::VectorXd part_of(const Eigen::VectorXd& all, const std::vector<Eigen::Index>& at) {
  Eigen::VectorXd part(static_cast<Eigen::Index>(at.size()));
  for (Eigen::Index i = 0; i < part.size(); ++i) part[i] = all[at[static_cast<std::size_t>(i)]];
  return part;
}

/// Where a start can lead before some states are reached, by moves (positive entries off the diagonal).
struct Reach {
  std::vector<Eigen::Index> active;  ///< states where one can stand before; ascending
  Eigen::Index lost = -1;            ///< the first of them from which the target cannot be reached

  Reach(const Eigen::MatrixXd& moves, const Eigen::VectorXd& start,
        const std::vector<bool>& target) {
    const Eigen::Index n = moves.rows();
    const auto is_target = [&](Eigen::Index i) { return target[static_cast<std::size_t>(i)]; };
    std::vector<bool> stood(static_cast<std::size_t>(n));
    std::vector<bool> leads = target;
    for (Eigen::Index i = 0; i < n; ++i) stood[static_cast<std::size_t>(i)] = start[i] > 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j < n; ++j) {
          if (i == j || !(moves(i, j) > 0)) continue;
          const auto from = static_cast<std::size_t>(i);
          const auto to = static_cast<std::size_t>(j);
          if (stood[from] && !is_target(i) && !stood[to]) stood[to] = changed = true;
          if (leads[to] && !leads[from]) leads[from] = changed = true;
        }
    }
    for (Eigen::Index i = 0; i < n; ++i) {
      if (!stood[static_cast<std::size_t>(i)] || is_target(i)) continue;
      active.push_back(i);
      if (lost < 0 && !leads[static_cast<std::size_t>(i)]) lost = i;
    }
  }

  /// What it means that the target cannot be reached from some state.
  static std::string sentence(const std::string& state, bool half) {
    return "There is no mean time: from " + state +
           ", where some of the group stand or come, these moves never lead there" +
           (half ? "; half of the group get there all the same."
                 : ", and fewer than half ever do.");
  }
};

}  // namespace loyalty::detail
