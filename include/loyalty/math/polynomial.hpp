// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// Value of the polynomial sum c[i] x^i, as an even part in x^2 plus x times an odd one: half the latency of Horner's rule,
/// and the order of operations is fixed. N multiplications.
template <std::size_t N>
[[nodiscard]] constexpr double polynomial(const std::array<double, N>& c, double x) noexcept {
  static_assert(N >= 2);
  const double x2 = x * x;
  double even = c[(N - 1) & ~std::size_t{1}];
  double odd = c[((N - 2) & ~std::size_t{1}) + 1];
  for (std::size_t i = (N - 1) & ~std::size_t{1}; i >= 2; i -= 2) {
    even = even * x2 + c[i - 2];
  }
  for (std::size_t i = ((N - 2) & ~std::size_t{1}) + 1; i >= 3; i -= 2) {
    odd = odd * x2 + c[i - 2];
  }
  return even + x * odd;
}

}  // namespace loyalty::math
