// SPDX-License-Identifier: MIT
#include <loyalty/math/branchless.hpp>

#include "purchase/beta_geometric.hpp"

namespace loyalty::purchase {

LOYALTY_FOR_EACH_PROCESSOR
double sum_of_powers(const double* shares, const double* p, std::size_t count, double y,
                     double shape) noexcept {
  constexpr std::size_t lanes = 4;
  double sums[lanes] = {};
  const auto power = [&](std::size_t i) {
    return shares[i] * math::exp_of_moderate(-shape * math::log1p_of_positive(y * p[i]));
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) sums[k] += power(i + k);
  for (; i < count; ++i) sums[0] += power(i);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace loyalty::purchase
