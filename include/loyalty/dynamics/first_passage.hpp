// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/dynamics/chain.hpp>

namespace loyalty {

/// The time until a group of relationships first reaches some states.
struct FirstPassage {
  /// Who has reached them by the end of each period 0, 1, ...: the share of the group, with the uncertainty of the moves.
  std::vector<Estimate> reached;
  /// Mean number of periods, with the uncertainty of the moves (delta method); absent where some never get there.
  std::optional<Estimate> mean;
  /// Standard deviation of the periods from one relationship to another; absent likewise.
  std::optional<double> spread;
  /// The first period by whose end half of the group has been there; absent where half never are.
  std::optional<double> median;
  /// The same of 5 and 95 % of the group.
  std::optional<double> soonest;
  std::optional<double> latest;
  /// Bounds of the median by the 95 and 5 % points of `reached`; absent where they lie beyond its last period.
  std::optional<double> median_low;
  std::optional<double> median_high;
  FitStatus status;
};

/// First passage from a mix of states (`from`: shares or counts) to `target` (a flag for each state). Periods of the
/// chain; who stands there already has passed in period 0. With Q the moves among the other states: P(T > m) = from Q^m 1,
/// E T = from (I - Q)^-1 1, E T(T-1) = 2 from (I - Q)^-1 Q (I - Q)^-1 1 (Kemeny and Snell, 1960, ch. III). `periods` is
/// how far `reached` is followed, 0 or more. O(periods n^4). Where the states cannot be reached the status says so.
/// Throws PolicyError for arguments out of range.
[[nodiscard]] FirstPassage first_passage(const Chain& chain, const Eigen::VectorXd& from,
                                         const std::vector<bool>& target, int periods);

}  // namespace loyalty
