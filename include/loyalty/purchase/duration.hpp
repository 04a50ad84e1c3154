// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include <loyalty/core/config.hpp>

namespace loyalty::purchase {

/// What one unit of a model's time is. `unstated`: plain numbers, whose unit only the caller knows.
enum class TimeUnit : std::uint8_t { unstated, hour, day, week, month, year };
/// How many units there are, `unstated` included.
inline constexpr int time_unit_count = 6;

/// The word for it: unstated, hour, day, week, month, year.
[[nodiscard]] constexpr std::string_view name_of(TimeUnit unit) noexcept {
  constexpr std::string_view names[time_unit_count] = {"unstated", "hour",  "day",
                                                       "week",     "month", "year"};
  return names[static_cast<int>(unit)];
}

/// Seconds in one unit; a year has 365 days, a month 365/12. NaN for `unstated`.
[[nodiscard]] constexpr double seconds_in(TimeUnit unit) noexcept {
  constexpr double seconds[time_unit_count] = {
      std::numeric_limits<double>::quiet_NaN(), 3600, 86400, 604800, 2628000, 31536000};
  return seconds[static_cast<int>(unit)];
}

/// A span of time that knows its unit, so that weeks are never taken for days. A plain number has none and fits models
/// without a unit only.
struct Duration {
  double count = 0;  ///< how many units, 0 or more
  TimeUnit unit = TimeUnit::unstated;

  constexpr Duration() noexcept = default;
  /// A plain number.
  constexpr Duration(double plain) noexcept
      : count(plain) {}  // NOLINT(google-explicit-constructor)
  constexpr Duration(double units, TimeUnit of) noexcept : count(units), unit(of) {}

  friend constexpr bool operator==(const Duration&, const Duration&) = default;
};

[[nodiscard]] constexpr Duration hours(double count) noexcept { return {count, TimeUnit::hour}; }
[[nodiscard]] constexpr Duration days(double count) noexcept { return {count, TimeUnit::day}; }
[[nodiscard]] constexpr Duration weeks(double count) noexcept { return {count, TimeUnit::week}; }
/// 365/12 days each.
[[nodiscard]] constexpr Duration months(double count) noexcept { return {count, TimeUnit::month}; }
/// 365 days each.
[[nodiscard]] constexpr Duration years(double count) noexcept { return {count, TimeUnit::year}; }
/// Without end.
inline constexpr Duration forever{std::numeric_limits<double>::infinity()};

/// How many of `unit` a duration is. Throws MismatchError where one of the two has a unit and the other has none: it says
/// what to write. Endless is endless in every unit.
[[nodiscard]] double count_in(const Duration& duration, TimeUnit unit);

/// A discount rate and the period in which it is earned: `DiscountRate{0.15, TimeUnit::year}` is 15 % a year.
struct DiscountRate {
  double rate = 0;                    ///< 0 or more; 0.15 is 15 %
  TimeUnit per = TimeUnit::unstated;  ///< of the model's own time, where the model has no unit
  /// false: what is worth 1 + rate after one period is worth 1 now. true: the force of interest itself, e^-rate.
  bool continuous = false;
};

/// The force of interest in one `unit`: ln(1 + rate), or the rate itself, divided by the units in the period. Throws
/// MismatchError as count_in, PolicyError for a rate that is negative or not finite.
[[nodiscard]] double force_of_interest(const DiscountRate& rate, TimeUnit unit);

}  // namespace loyalty::purchase
