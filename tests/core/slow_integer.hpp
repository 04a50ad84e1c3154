// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <ostream>

#include <loyalty/core/exact_sum.hpp>

namespace loyalty_tests {

/// A signed 512-bit integer, digit by digit as on paper: what exact sums are compared with. Wide enough
/// that nothing in these tests overflows it.
class SlowInteger {
 public:
  SlowInteger() = default;
  SlowInteger(std::int64_t value) {  // NOLINT: a number is a number
    digits_.fill(value < 0 ? 0xffffffffU : 0U);
    digits_[0] = static_cast<std::uint32_t>(value);
    digits_[1] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32);
  }
  SlowInteger(loyalty::ExactSum sum) : SlowInteger(sum.high) {  // NOLINT
    *this = (*this << 64) + (SlowInteger(static_cast<std::int64_t>(sum.low >> 32)) << 32) +
            SlowInteger(static_cast<std::int64_t>(sum.low & 0xffffffffU));
  }

  /// The low 128 bits: what a sum that wraps keeps.
  loyalty::ExactSum wrapped() const {
    const auto word = [this](std::size_t i) {
      return static_cast<std::uint64_t>(digits_[i + 1]) << 32 | digits_[i];
    };
    return {word(0), static_cast<std::int64_t>(word(2))};
  }
  bool negative() const { return (digits_[size - 1] >> 31) != 0; }
  bool odd() const { return (digits_[0] & 1U) != 0; }

  friend SlowInteger operator+(const SlowInteger& a, const SlowInteger& b) {
    SlowInteger sum;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < size; ++i) {
      carry += std::uint64_t{a.digits_[i]} + b.digits_[i];
      sum.digits_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    return sum;
  }
  SlowInteger operator-() const {
    SlowInteger flipped;
    for (std::size_t i = 0; i < size; ++i) flipped.digits_[i] = ~digits_[i];
    return flipped + SlowInteger(1);
  }
  friend SlowInteger operator-(const SlowInteger& a, const SlowInteger& b) { return a + -b; }
  friend SlowInteger operator*(const SlowInteger& a, const SlowInteger& b) {
    if (b.negative()) return -(a * -b);
    SlowInteger product;
    for (std::size_t i = 0; i < size; ++i) {
      std::uint64_t carry = 0;
      for (std::size_t k = 0; i + k < size; ++k) {
        carry += std::uint64_t{a.digits_[k]} * b.digits_[i] + product.digits_[i + k];
        product.digits_[i + k] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    return product;
  }
  SlowInteger operator<<(int places) const {
    SlowInteger shifted = *this;
    for (int i = 0; i < places; ++i) shifted = shifted + shifted;
    return shifted;
  }
  /// Divided by 2^places, rounded towards minus infinity.
  SlowInteger operator>>(int places) const {
    SlowInteger shifted = *this;
    for (int p = 0; p < places; ++p) {
      const std::uint32_t sign = shifted.digits_[size - 1] & 0x80000000U;
      for (std::size_t i = 0; i + 1 < size; ++i)
        shifted.digits_[i] = shifted.digits_[i] >> 1 | shifted.digits_[i + 1] << 31;
      shifted.digits_[size - 1] = shifted.digits_[size - 1] >> 1 | sign;
    }
    return shifted;
  }
  /// Times 2^places; where that divides, rounded half to even.
  SlowInteger scaled(int places) const {
    if (places >= 0) return *this << places;
    const SlowInteger floor = *this >> -places;
    const SlowInteger rest = *this - (floor << -places);
    const SlowInteger half = SlowInteger(1) << (-places - 1);
    return rest > half || (rest == half && floor.odd()) ? floor + SlowInteger(1) : floor;
  }

  friend bool operator==(const SlowInteger&, const SlowInteger&) = default;
  friend bool operator<(const SlowInteger& a, const SlowInteger& b) { return (a - b).negative(); }
  friend bool operator>(const SlowInteger& a, const SlowInteger& b) { return b < a; }
  friend bool operator>=(const SlowInteger& a, const SlowInteger& b) { return !(a < b); }

 private:
  static constexpr std::size_t size = 16;
  std::array<std::uint32_t, size> digits_{};
};

}  // namespace loyalty_tests

namespace loyalty {
inline std::ostream& operator<<(std::ostream& out, const ExactSum& sum) {
  return out << "ExactSum(high " << sum.high << ", low " << sum.low << ')';
}
}  // namespace loyalty
