// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <loyalty/core/config.hpp>
#include <loyalty/math/beta.hpp>

namespace loyalty::math {

/// The 5 and 95 % points of a share of which `count` of `total` were seen, 0 <= count <= total: Jeffreys' interval, of
/// Beta(count + 1/2, total - count + 1/2), with the ends 0 and 1 where nothing or everything was seen (L. Brown, T. Cai and
/// A. DasGupta, Statistical Science 16, 2001, p. 108). 0 and 1 where total is 0. About 1 us.
[[nodiscard]] inline std::pair<double, double> share_interval(double count, double total) noexcept {
  if (!(total > 0)) return {0.0, 1.0};
  auto [low, high] = beta_quantiles(0.05, 0.95, count + 0.5, total - count + 0.5);
  if (count <= 0) low = 0;
  if (count >= total) high = 1;
  return {low, high};
}

}  // namespace loyalty::math
