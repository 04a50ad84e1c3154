// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

#include <loyalty/core/config.hpp>

namespace loyalty {

/// A signed 128-bit integer that counts units of 2^-56. No addition rounds, so a sum does not
/// depend on the order, the sharding or the threads it came from, and subtraction is a true
/// inverse. It wraps at the ends; the documented limits keep a relationship away from them.
struct ExactSum {
  std::uint64_t low = 0;  ///< the 64 low bits
  std::int64_t high = 0;  ///< the 64 high bits, with the sign (two's complement)

  /// `units` * 2^`shift`, wrapped; a negative shift rounds half to even. |units| < 2^58. O(1).
  static constexpr ExactSum shifted(std::int64_t units, int shift) noexcept {
    if (shift > 0 && shift < 64) [[likely]]
      return {static_cast<std::uint64_t>(units) << shift, units >> (64 - shift)};
    if (shift >= 128) return {};
    if (shift >= 64)
      return {0, static_cast<std::int64_t>(static_cast<std::uint64_t>(units) << (shift - 64))};
    return of(rounded_down_shift(units, -shift));
  }

  /// The integer itself.
  static constexpr ExactSum of(std::int64_t value) noexcept {
    return {static_cast<std::uint64_t>(value), value >> 63};
  }

  /// Addition, subtraction and negation modulo 2^128: exact inside the documented limits. O(1).
  constexpr ExactSum& operator+=(ExactSum other) noexcept {
    low += other.low;
    high = static_cast<std::int64_t>(static_cast<std::uint64_t>(high) +
                                     static_cast<std::uint64_t>(other.high) +
                                     (low < other.low ? 1U : 0U));
    return *this;
  }
  constexpr ExactSum& operator-=(ExactSum other) noexcept { return *this += -other; }
  constexpr ExactSum operator-() const noexcept {
    const std::uint64_t negated = ~low + 1;
    return {negated, static_cast<std::int64_t>(~static_cast<std::uint64_t>(high) +
                                               (negated == 0 ? 1U : 0U))};
  }

  /// Its sign.
  constexpr bool negative() const noexcept { return high < 0; }
  constexpr bool zero() const noexcept { return high == 0 && low == 0; }

  /// Nearest double but for at most one unit in the last place; the same on every platform.
  constexpr double to_double() const noexcept {
    if (negative()) {
      const ExactSum positive = -*this;
      return -positive.magnitude();
    }
    return magnitude();
  }

  /// The sum moved by `halvings` half-lives (positive: divided), rounded half to even once; wraps where it is multiplied.
  /// O(|halvings|), at most 128 steps.
  constexpr ExactSum halved(int halvings) const noexcept;

  friend constexpr bool operator==(const ExactSum&, const ExactSum&) = default;
  friend constexpr std::strong_ordering operator<=>(const ExactSum& a, const ExactSum& b) noexcept {
    if (a.high != b.high) return a.high <=> b.high;
    return a.low <=> b.low;
  }

 private:
  static constexpr std::int64_t rounded_down_shift(std::int64_t units, int places) noexcept {
    if (places == 0) return units;
    if (places > 60) return 0;
    const std::int64_t floor = units >> places;
    const std::int64_t rest = units - (floor << places);
    const std::int64_t half = std::int64_t{1} << (places - 1);
    return floor + (rest > half || (rest == half && (floor & 1) != 0) ? 1 : 0);
  }
  constexpr double magnitude() const noexcept {
    if (high == 0 && low >> 63 == 0) return static_cast<double>(static_cast<std::int64_t>(low));
    return static_cast<double>(high) * 0x1p64 +
           static_cast<double>(static_cast<std::int64_t>(low >> 11)) * 0x1p11;
  }
};

static_assert(sizeof(ExactSum) == 16);

constexpr ExactSum ExactSum::halved(int halvings) const noexcept {
  if (halvings == 0) return *this;
  if (halvings < 0) {
    ExactSum doubled = *this;
    for (int i = 0; i < -halvings && i < 128; ++i) doubled += doubled;
    return doubled;
  }
  if (halvings > 127) return {};
  // floor and remainder of the two's complement value, bit by bit exact.
  bool half = false;
  bool below_half = false;
  ExactSum floor = *this;
  for (int i = 0; i < halvings; ++i) {
    below_half = below_half || half;
    half = (floor.low & 1U) != 0;
    floor = {(floor.low >> 1) | (static_cast<std::uint64_t>(floor.high) << 63), floor.high >> 1};
  }
  if (half && (below_half || (floor.low & 1U) != 0)) floor += of(1);
  return floor;
}

/// A positive rational with a power-of-ten denominator, so that a threshold written as a decimal
/// is compared as that decimal: `Decimal(0.8)` is 4/5, not the nearest double. Six places at most.
struct Decimal {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;  ///< 1, 10, .. 10^6
  double value = 0;               ///< their quotient, nearest double

  /// Zero.
  constexpr Decimal() noexcept = default;
  /// Nearest multiple of 1e-6; `decimal` in 0..4000.
  constexpr Decimal(double decimal) noexcept {  // NOLINT: a threshold reads as the number it is
    auto n = static_cast<std::uint32_t>(decimal * 1e6 + 0.5);
    std::uint32_t d = 1000000;
    while (d % 10 == 0 && n % 10 == 0) {
      n /= 10;
      d /= 10;
    }
    numerator = n;
    denominator = d;
    value = static_cast<double>(n) / static_cast<double>(d);
  }
  friend constexpr bool operator==(const Decimal&, const Decimal&) = default;
};

namespace detail {

/// Three 64-bit limbs, enough for (2^127) * (2^32) and for any threshold at any weight.
struct Wide {
  std::uint64_t limb[3];
  friend constexpr std::strong_ordering operator<=>(const Wide& a, const Wide& b) noexcept {
    for (int i = 2; i > 0; --i)
      if (a.limb[i] != b.limb[i]) return a.limb[i] <=> b.limb[i];
    return a.limb[0] <=> b.limb[0];
  }
};

/// A sum that is not negative, times a 32-bit factor, exactly.
constexpr Wide times(ExactSum sum, std::uint32_t factor) noexcept {
  const std::uint64_t parts[4] = {sum.low & 0xffffffffU, sum.low >> 32,
                                  static_cast<std::uint64_t>(sum.high) & 0xffffffffU,
                                  static_cast<std::uint64_t>(sum.high) >> 32};
  std::uint64_t digits[6] = {};
  std::uint64_t carry = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t product = parts[i] * factor + carry;
    digits[i] = product & 0xffffffffU;
    carry = product >> 32;
  }
  digits[4] = carry;
  return {{digits[0] | digits[1] << 32, digits[2] | digits[3] << 32, digits[4] | digits[5] << 32}};
}

/// `units` * 2^`shift` for 0 <= shift <= 128.
constexpr Wide shifted_wide(std::uint64_t units, int shift) noexcept {
  Wide out{{0, 0, 0}};
  const int limb = shift / 64;
  const int bits = shift % 64;
  out.limb[limb] = units << bits;
  if (bits != 0 && limb < 2) out.limb[limb + 1] = units >> (64 - bits);
  return out;
}

}  // namespace detail

}  // namespace loyalty
