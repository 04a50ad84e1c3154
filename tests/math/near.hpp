// SPDX-License-Identifier: MIT
/// \file
/// How far a computed number is from the one it should be.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace loyalty_tests {

/// |got - wanted| on the scale of what is wanted. NaN counts as infinitely far, so that no bound is met by it.
inline double relative_error(double got, double wanted) {
  if (got == wanted) return 0;
  const double error = std::abs(got - wanted) / std::abs(wanted);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

/// |got - wanted|, on the scale of what is wanted where that is larger than 1.
inline double error(double got, double wanted) {
  if (got == wanted) return 0;
  const double error = std::abs(got - wanted) / std::max(1.0, std::abs(wanted));
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

}  // namespace loyalty_tests
