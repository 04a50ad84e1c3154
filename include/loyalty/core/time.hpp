// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

namespace loyalty {

/// UTC seconds since 1970-01-01. Whole seconds are the only times there are.
using Time = std::int64_t;

/// Marks an absent time.
inline constexpr Time no_time = std::numeric_limits<Time>::min();
/// Seconds of a day.
inline constexpr Time day = 86400;
/// The year of rates and of the staircase's words: 365 days.
inline constexpr Time year = 365 * day;
/// Times further from 1970 than this (about 34,000 years) are refused as `bad_time`.
inline constexpr Time furthest_time = Time{1} << 40;

/// The UTC second of a civil date and time of day (proleptic Gregorian calendar): midnight where only the date is given.
/// `month` 1..12, `day_of_month` 1..31; not checked. O(1).
constexpr Time utc(int y, unsigned month, unsigned day_of_month, unsigned hour = 0,
                   unsigned minute = 0, unsigned second = 0) noexcept {
  // Days are counted from 1 March of year 0, so that the leap day ends the year.
  const std::int64_t shifted_year = std::int64_t{y} - (month <= 2 ? 1 : 0);
  const std::int64_t era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
  const std::int64_t year_of_era = shifted_year - era * 400;
  const std::int64_t month_from_march = (month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + day_of_month - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  const std::int64_t days = era * 146097 + day_of_era - 719468;
  return days * day + Time{hour} * 3600 + Time{minute} * 60 + Time{second};
}

/// A civil date.
struct Date {
  int year;
  unsigned month;  ///< 1..12
  unsigned day;    ///< 1..31
  friend constexpr bool operator==(const Date&, const Date&) = default;
};

/// Quotient rounded towards minus infinity; `b` > 0. O(1).
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// The civil date (UTC) that contains a second, O(1).
constexpr Date date_of(Time t) noexcept {
  const std::int64_t days = floor_div(t, day) + 719468;
  const std::int64_t era = floor_div(days, 146097);
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto month =
      static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month,
          static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

}  // namespace loyalty
