// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <loyalty/core/config.hpp>
#include <loyalty/core/discount.hpp>
#include <loyalty/core/time_unit.hpp>

namespace loyalty::purchase {

using loyalty::DiscountRate;
using loyalty::TimeUnit;

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

/// The force of interest in one `unit`: ln(1 + rate), or the rate itself, divided by the units in the period. Throws
/// MismatchError as count_in, PolicyError for a rate that is negative or not finite.
[[nodiscard]] double force_of_interest(const DiscountRate& rate, TimeUnit unit);

}  // namespace loyalty::purchase
