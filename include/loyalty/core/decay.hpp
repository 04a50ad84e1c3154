// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/core/exact_sum.hpp>
#include <loyalty/core/time.hpp>

namespace loyalty {

/// Steps of the weight within one half-life; h / 4096 is the resolution of time.
inline constexpr std::int64_t steps_per_half_life = 4096;

namespace detail {
consteval std::array<std::uint32_t, steps_per_half_life> make_decay_table() {
  std::array<std::uint32_t, steps_per_half_life> table{};
  const double step = 1.000169239705302231080;        // 2^(1/4096)
  double weight = 65536.0 * 1.000084616272694313202;  // 2^(16 + 1/8192)
  for (auto& entry : table) {
    entry = static_cast<std::uint32_t>(weight + 0.5);
    weight *= step;
  }
  return table;
}
}  // namespace detail

/// T[j] = round(2^(16 + (j + 1/2)/4096)): the weight's mantissa at step j. Its little-endian int32
/// bytes have the CRC32 0x4a500a76.
inline constexpr std::array<std::uint32_t, steps_per_half_life> decay_table =
    detail::make_decay_table();

/// A second on the clock of one half-life.
struct Tick {
  std::int64_t index;      ///< floor(4096 t / h): the table step that contains the second
  int halvings;            ///< whole half-lives from the landmark's, floor(t/h) - floor(L/h)
  std::uint32_t mantissa;  ///< T[index mod 4096], 65542..131061
};

/// Forward exponential decay with one half-life (Cormode, Shkapenyuk, Srivastava & Xu 2009): an
/// event weighs w(t) = T[j] * 2^(q - q0 - 16) when it arrives and the sum is divided by w(now) when
/// it is read, so what is stored is never touched. O(1), no division.
class Clock {
 public:
  /// One second of half-life, landmark 1970: only there to be assigned to.
  constexpr Clock() noexcept = default;
  /// `half_life` in whole seconds, > 0; `landmark` in UTC seconds.
  constexpr Clock(Time half_life, Time landmark) noexcept
      : half_life_(half_life),
        origin_(floor_div(landmark, half_life)),
        steps_per_second_(static_cast<double>(steps_per_half_life) /
                          static_cast<double>(half_life)) {}

  /// Seconds.
  constexpr Time half_life() const noexcept { return half_life_; }
  /// Whole half-lives from 1970 to the landmark.
  constexpr std::int64_t origin() const noexcept { return origin_; }

  /// floor(4096 t / h), |t| <= furthest_time, by one multiplication and an integer fix-up. O(1).
  constexpr std::int64_t index(Time t) const noexcept {
    const std::int64_t steps = t * steps_per_half_life;
    const auto guess = static_cast<std::int64_t>(static_cast<double>(t) * steps_per_second_);
    const std::int64_t rest = steps - guess * half_life_;
    return guess + (rest >= half_life_ ? 1 : 0) - (rest < 0 ? 1 : 0);
  }
  /// The tick of a table step. O(1).
  constexpr Tick tick_at(std::int64_t index) const noexcept {
    return {index, static_cast<int>((index >> 12) - origin_),
            decay_table[static_cast<std::size_t>(index & (steps_per_half_life - 1))]};
  }
  /// The tick of a second. O(1).
  constexpr Tick tick(Time t) const noexcept { return tick_at(index(t)); }

  /// First whole second of a table step: ceil(index * h / 4096). O(1).
  constexpr Time first_second(std::int64_t index) const noexcept {
    // index = 4096 q + j; j * h stays far inside 64 bits.
    const std::int64_t q = index >> 12;
    const std::int64_t j = index & (steps_per_half_life - 1);
    return q * half_life_ - floor_div(-(j * half_life_), steps_per_half_life);
  }

 private:
  Time half_life_ = 1;
  std::int64_t origin_ = 0;
  double steps_per_second_ = 1;
};

/// The grids on which values sit, as powers of two of one whole: evidence 1/16, durations 1/256 of
/// the target, money whole minor units.
enum class Grid : std::uint8_t { money = 0, evidence = 4, duration = 8 };

/// Units of 2^-56 in (one grid unit) * (mantissa unit) * 2^halvings: 56 - 16 - places of the grid.
constexpr int shift_of(Grid grid, int halvings) noexcept {
  return halvings + 40 - static_cast<int>(grid);
}

/// What a value of `units` on its grid adds to a sum at a tick: exact, or rounded half to even where the
/// tick lies more than 32 half-lives before the landmark, further back than the unit reaches.
/// |units| < 2^41. O(1).
constexpr ExactSum weighed(std::int64_t units, Grid grid, const Tick& tick) noexcept {
  return ExactSum::shifted(units * static_cast<std::int64_t>(tick.mantissa),
                           shift_of(grid, tick.halvings));
}

/// 2^exponent for exponents of normal doubles (-1022..1023). O(1).
constexpr double power_of_two(int exponent) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

/// The weight of a tick in units of 2^-56: an exact double; a sum is divided by it when it is read. O(1).
constexpr double weight_units(const Tick& tick) noexcept {
  return static_cast<double>(tick.mantissa) * power_of_two(tick.halvings + 40);
}

/// sum >= threshold * w(tick), exactly: doubles decide unless the two are within 1e-12 of each
/// other, and then integers do. O(1).
constexpr bool at_least(ExactSum sum, const Decimal& threshold, const Tick& tick) noexcept {
  const double left = sum.to_double();
  const double right = threshold.value * weight_units(tick);
  const double margin = right * 0x1p-40;
  if (left > right + margin) return true;
  if (left < right - margin) return false;
  if (sum.negative()) return false;
  const int shift = tick.halvings + 40;
  if (shift < 0 || shift > 128) return left >= right;
  return detail::times(sum, threshold.denominator) >=
         detail::shifted_wide(std::uint64_t{threshold.numerator} * tick.mantissa, shift);
}

/// part / (part + rest) >= share, exactly, where both decay by the same clock; true where `rest` is 0.
/// `share` 0..1. O(1).
constexpr bool share_at_least(ExactSum part, ExactSum rest, const Decimal& share) noexcept {
  if (rest.zero() || rest.negative()) return true;
  if (part.negative()) return false;
  return detail::times(part, share.denominator - share.numerator) >=
         detail::times(rest, share.numerator);
}

/// First second at which sum < threshold * w, in closed form: the first such table step of a sum
/// that is not added to any more. O(log) exact comparisons; the distant past for sums <= 0.
constexpr Time first_second_below(ExactSum sum, const Decimal& threshold,
                                  const Clock& clock) noexcept {
  if (sum.negative() || sum.zero()) return -furthest_time;
  // The weight of step 4096 (origin + q) is about 2^q: bracket by the size of the sum.
  const auto middle = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(
                          sum.high != 0 ? static_cast<std::uint64_t>(sum.high) : sum.low))) +
                      (sum.high != 0 ? 64 : 0) - 56;
  std::int64_t holds = (clock.origin() + middle - 34) << 12;
  std::int64_t fails = (clock.origin() + middle + 34) << 12;
  while (fails - holds > 1) {
    const std::int64_t probe = holds + (fails - holds) / 2;
    (at_least(sum, threshold, clock.tick_at(probe)) ? holds : fails) = probe;
  }
  return clock.first_second(fails);
}

}  // namespace loyalty
