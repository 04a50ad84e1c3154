// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/math/fit_status.hpp>

namespace loyalty {

/// What a mere negative binomial law of purchases, the same for a large brand and a small one but for two numbers, says
/// about a period (A. Ehrenberg, Applied Statistics 8, 1959, and Repeat-Buying, 1972, ch. 4). Shares are of all
/// relationships. The rungs are those that purchases alone can reach within the period: 0 purchases prospect, 1 buyer, 2
/// or more client.
struct NullMix {
  double relationships = 0;  ///< 0: not known, and no uncertainty is stated
  double penetration = 0;    ///< share that bought at all
  double mean = 0;           ///< purchases of each relationship
  std::optional<double> k;   ///< of the gamma law of rates; absent: Poisson, or nothing was fitted
  std::vector<Estimate>
      expected;                  ///< share with 0, 1, 2, ... purchases; the last: that many or more
  std::vector<double> observed;  ///< the same, counted; empty: not known
  std::vector<Estimate> rungs;   ///< expected share of prospect, buyer, client
  std::vector<double> observed_rungs;  ///< the same, counted; empty: not known
  Estimate repeaters;                  ///< share of those who bought that bought again
  /// Observed less expected share of clients (2 or more), with the uncertainty of both together; absent where nothing was
  /// counted. Its interval holds 0 where the counts say no more than the law.
  std::optional<Estimate> surplus;
  FitStatus status;
};

/// The null mix of a penetration and a mean: k by (1 + mean/k)^-k = 1 - penetration. `most`: the last count of its own,
/// 2 or more. Where purchases are as regular as Poisson's or more there is no k: boundary, and the Poisson law of the
/// mean. Throws PolicyError for numbers that no counts can have: 0 <= penetration <= 1, mean >= penetration.
[[nodiscard]] NullMix null_mix(double penetration, double mean, int most = 10,
                               double relationships = 0);

/// The null mix of counts: how many relationships bought 0, 1, 2, ... times. Uncertainty by the delta method from the
/// covariance of penetration and mean. Too little data below `least` relationships that bought.
[[nodiscard]] NullMix null_mix(std::span<const std::int64_t> relationships_by_purchases,
                               int most = 10, double least = 20);

}  // namespace loyalty
