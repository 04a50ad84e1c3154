// SPDX-License-Identifier: MIT
#include <loyalty/batch/quality_columns.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <loyalty/math/branchless.hpp>

namespace loyalty {
namespace {

using math::exp_of_moderate;
using math::log_of_normal;

/// Means below are left to `quality` itself: products of five of them stay far from underflow.
constexpr double least = 0x1p-200;

/// The highest bit is set where x is not in least..1: below, above, negative or NaN. Bits of positive doubles are ordered
/// as the numbers are, and a difference of integers needs neither branch nor comparison.
inline std::uint64_t outside(double x) noexcept {
  constexpr auto low = std::bit_cast<std::uint64_t>(least);
  constexpr auto high = std::bit_cast<std::uint64_t>(1.0);
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return (bits - low) | (high - bits);
}

/// Q = 100 (c r p t^2)^w: trust counts double, the others once, and all share one logarithm. The highest bit of the result
/// is set where a mean is not in least..1; such rows are wrong.
LOYALTY_FOR_EACH_PROCESSOR
std::uint64_t trust_twice(const double* c, const double* r, const double* p, const double* t,
                          std::size_t rows, double weight, double* __restrict quality) noexcept {
  std::uint64_t unusual = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    unusual |= (outside(c[i]) | outside(r[i])) | (outside(p[i]) | outside(t[i]));
    const double product = ((c[i] * r[i]) * p[i]) * (t[i] * t[i]);
    quality[i] = 100 * exp_of_moderate(weight * log_of_normal(product));
  }
  return unusual;
}

/// The same for any weights.
LOYALTY_FOR_EACH_PROCESSOR
std::uint64_t any_weights(const double* c, const double* r, const double* p, const double* t,
                          std::size_t rows, const Weights& weights,
                          double* __restrict quality) noexcept {
  const Weights w = weights;
  std::uint64_t unusual = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    unusual |= (outside(c[i]) | outside(r[i])) | (outside(p[i]) | outside(t[i]));
    const double log =
        (w.commitment * log_of_normal(c[i]) + w.responsiveness * log_of_normal(r[i])) +
        (w.reciprocity * log_of_normal(p[i]) + w.trust * log_of_normal(t[i]));
    quality[i] = 100 * exp_of_moderate(log);
  }
  return unusual;
}

}  // namespace

std::size_t quality_columns(const MeanColumns& means, std::size_t rows, const Weights& weights,
                            double* quality) noexcept {
  const double* c = means.commitment;
  const double* r = means.responsiveness;
  const double* p = means.reciprocity;
  const double* t = means.trust;
  const double w = weights.commitment;
  const bool is_default_shape =
      weights.responsiveness == w && weights.reciprocity == w && weights.trust == 2 * w;
  const std::uint64_t unusual = is_default_shape ? trust_twice(c, r, p, t, rows, w, quality)
                                                 : any_weights(c, r, p, t, rows, weights, quality);
  if (unusual >> 63 == 0) return rows;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::array row{c[i], r[i], p[i], t[i]};
    if (std::ranges::any_of(row, [](double x) { return x < 0 || x > 1; })) return i;
    if (std::ranges::any_of(row, [](double x) { return std::isnan(x); })) {
      quality[i] = std::numeric_limits<double>::quiet_NaN();
    } else if (std::ranges::any_of(row, [](double x) { return x < least; })) {
      quality[i] = loyalty::quality({{row[0]}, {row[1]}, {row[2]}, {row[3]}}, {.weights = weights});
    }
  }
  return rows;
}

}  // namespace loyalty
