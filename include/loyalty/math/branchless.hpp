// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

#include <loyalty/core/config.hpp>

// One loop, compiled for several processors; the loader picks. No operation is reordered or fused, so all give the same
// bits. Elsewhere the compiler's own target is what there is.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LOYALTY_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define LOYALTY_FOR_EACH_PROCESSOR
#endif

/// Elementary functions without branches, calls or conversions of integers, so that a loop over them becomes vector code.
namespace loyalty::math {

namespace detail {

inline constexpr double ln2_high = 6.93147180369123816490e-01;
inline constexpr double ln2_low = 1.90821492927058770002e-10;

/// e^x = scale (1 + fraction).
struct ScaledExp {
  double scale;
  double fraction;
};

/// x = k ln 2 + r, the Taylor polynomial of degree 13 in |r| <= ln 2/2.
[[nodiscard]] inline ScaledExp scaled_exp(double x) noexcept {
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
  return {std::bit_cast<double>(std::bit_cast<std::uint64_t>(1.0) +
                                (std::bit_cast<std::uint64_t>(shifted) << 52)),
          r + r2 * (0.5 + r * (low + r4 * high))};
}

}  // namespace detail

/// Natural logarithm of a positive normal number: x = 2^k (1 + f), s = f/(2 + f), a polynomial in s^2 (fdlibm, e_log.c).
/// Within 1 unit of the last place.
[[nodiscard]] inline double log_of_normal(double x) noexcept {
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
  return k * detail::ln2_high - ((half - (s * (half + (odd + even)) + k * detail::ln2_low)) - f);
}

/// ln(1 + x) for x >= 0, 1 + x normal: relative error of a few 1e-16 however small x.
[[nodiscard]] inline double log1p_of_positive(double x) noexcept {
  const double sum = 1 + x;
  return log_of_normal(sum) + (x - (sum - 1)) / sum;
}

/// e^x for |x| <= 700. Within 1 unit of the last place.
[[nodiscard]] inline double exp_of_moderate(double x) noexcept {
  const detail::ScaledExp e = detail::scaled_exp(x);
  return std::bit_cast<double>(
      std::bit_cast<std::uint64_t>(1 + e.fraction) +
      (std::bit_cast<std::uint64_t>(e.scale) - std::bit_cast<std::uint64_t>(1.0)));
}

/// e^x - 1 for |x| <= 700: relative error of a few 1e-16 for x >= -1/4 and wherever x is small.
[[nodiscard]] inline double expm1_of_moderate(double x) noexcept {
  const detail::ScaledExp e = detail::scaled_exp(x);
  return e.scale * e.fraction + (e.scale - 1);
}

}  // namespace loyalty::math
