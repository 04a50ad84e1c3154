// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>

namespace loyalty {

namespace units {  // GCC takes enumerators of the outer namespace for shadows of `day` and `year` there

/// What one unit of a model's time is, and the period of a rate. `unstated`: plain numbers, whose unit only the caller knows.
enum class TimeUnit : std::uint8_t { unstated, hour, day, week, month, quarter, year };
}  // namespace units

using units::TimeUnit;

/// How many units there are, `unstated` included.
inline constexpr int time_unit_count = 7;

/// The word for it: unstated, hour, day, week, month, quarter, year.
[[nodiscard]] constexpr std::string_view name_of(TimeUnit unit) noexcept {
  constexpr std::string_view names[time_unit_count] = {"unstated", "hour",    "day", "week",
                                                       "month",    "quarter", "year"};
  return names[static_cast<int>(unit)];
}

/// Seconds in one unit; a year has 365 days, a month a twelfth and a quarter a fourth of it. NaN for `unstated`.
[[nodiscard]] constexpr double seconds_in(TimeUnit unit) noexcept {
  constexpr double seconds[time_unit_count] = {
      std::numeric_limits<double>::quiet_NaN(), 3600, 86400, 604800, 2628000, 7884000, 31536000};
  return seconds[static_cast<int>(unit)];
}

/// Days in one unit, likewise.
[[nodiscard]] constexpr double days_in(TimeUnit unit) noexcept { return seconds_in(unit) / 86400; }

/// The unit of a word, `unstated` aside; throws PolicyError for another word.
[[nodiscard]] inline TimeUnit time_unit(std::string_view word) {
  std::string known;
  for (int i = 1; i < time_unit_count; ++i) {
    const auto unit = static_cast<TimeUnit>(i);
    if (name_of(unit) == word) return unit;
    known += (known.empty() ? "" : ", ") + std::string(name_of(unit));
  }
  throw PolicyError("period = '" + std::string(word) + "': allowed are " + known);
}

}  // namespace loyalty
