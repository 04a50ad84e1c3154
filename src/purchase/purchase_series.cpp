// SPDX-License-Identifier: MIT
#include "purchase/purchase_series.hpp"

#include <loyalty/math/branchless.hpp>

namespace loyalty::purchase {

namespace {

/// Whether what follows the term of number k is below 1e-17 of the sum: the first factor falls by 1 - f or more, where
/// f = 1 - (shape + k)/(k + 1) z, so that it is at most term (1/f + 1/f^2).
inline bool has_ended(double term, std::size_t k, double shape, double z, double sum) noexcept {
  const auto done = static_cast<double>(k);
  const double next = done + 1;
  const double fall = next - (shape + done) * z;  // f next
  return fall > 0 && term * (fall + next) * next <= 1e-17 * fall * fall * sum;
}

}  // namespace

LOYALTY_FOR_EACH_PROCESSOR
SeriesSum sum_of_series(const double* c, std::size_t count, double shape, double z) noexcept {
  constexpr std::size_t lanes = 4;
  double sums[lanes] = {};
  double power[lanes] = {z, z * z, z * z * z, (z * z) * (z * z)};
  const double step = power[lanes - 1];
  for (std::size_t done = 0; done < count;) {
    double last = 0;
    for (const std::size_t end = done + series_block; done < end; done += lanes) {
      last = power[lanes - 1];
      for (std::size_t k = 0; k < lanes; ++k) sums[k] += c[done + k] * power[k];
      for (std::size_t k = 0; k < lanes; ++k) power[k] *= step;
    }
    const double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    if (has_ended(c[done - 1] * last, done, shape, z, sum)) return {sum, done};
  }
  return {};
}

}  // namespace loyalty::purchase
