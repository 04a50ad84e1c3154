// SPDX-License-Identifier: MIT
#include <loyalty/batch/quality_columns.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

// One loop, compiled for several processors; the loader picks. No operation is reordered or fused, so all give the same
// bits. Elsewhere the compiler's own target is what there is.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LOYALTY_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define LOYALTY_FOR_EACH_PROCESSOR
#endif

namespace loyalty {
namespace {

/// Means below are left to `quality` itself: products of five of them stay far from underflow.
constexpr double least = 0x1p-200;

/// Natural logarithm of a positive normal number: x = 2^k (1 + f), s = f/(2 + f), a polynomial in s^2 (fdlibm, e_log.c).
/// No branches, calls or conversions of integers, so that a loop becomes vector code. Within 1 unit of the last place.
inline double log_of_normal(double x) noexcept {
  constexpr double ln2_high = 6.93147180369123816490e-01;
  constexpr double ln2_low = 1.90821492927058770002e-10;
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd;
  constexpr std::uint64_t bias = std::uint64_t{1024} << 52;
  constexpr std::uint64_t two_to_52 = 0x4330000000000000;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t exponent = (bits - sqrt_half + bias) >> 52;  // k + 1024
  const double k = std::bit_cast<double>(exponent | two_to_52) - (0x1p52 + 1024);
  const double f = std::bit_cast<double>(bits - (exponent << 52) + bias) - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  const double w = z * z;
  const double even = w * (3.999999999940941908e-01 +
                           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double odd = z * (6.666666666666735130e-01 +
                          w * (2.857142874366239149e-01 +
                               w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01)));
  const double half = 0.5 * f * f;
  return k * ln2_high - ((half - (s * (half + (odd + even)) + k * ln2_low)) - f);
}

/// e^x for |x| <= 700: x = k ln 2 + r, the Taylor polynomial of degree 13 in |r| <= ln 2/2. Within 1 unit of the last place.
inline double exp_of_moderate(double x) noexcept {
  constexpr double ln2_high = 6.93147180369123816490e-01;
  constexpr double ln2_low = 1.90821492927058770002e-10;
  constexpr double log2_e = 1.44269504088896340736;
  constexpr double to_integer = 0x1.8p52;
  const double shifted = x * log2_e + to_integer;
  const double k = shifted - to_integer;
  const double r = (x - k * ln2_high) - k * ln2_low;
  const double r2 = r * r;
  const double r4 = r2 * r2;
  const double low = (1.0 / 6 + r * (1.0 / 24)) + r2 * (1.0 / 120 + r * (1.0 / 720));
  const double high = (1.0 / 5040 + r * (1.0 / 40320)) + r2 * (1.0 / 362880 + r * (1.0 / 3628800)) +
                      r4 * ((1.0 / 39916800 + r * (1.0 / 479001600)) + r2 * (1.0 / 6227020800));
  const double value = 1 + (r + r2 * (0.5 + r * (low + r4 * high)));
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) +
                               (std::bit_cast<std::uint64_t>(shifted) << 52));
}

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
