// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>

namespace loyalty {

/// The periods of rates and of chains.
enum class RatePeriod : std::uint8_t { daily, weekly, monthly, quarterly, yearly };
/// How many there are.
inline constexpr int rate_period_count = 5;
/// The words for them, in the order of `RatePeriod`.
inline constexpr std::array<std::string_view, rate_period_count> rate_period_names = {
    "day", "week", "month", "quarter", "year"};

/// Length of a period in days: 1, 7, 365/12, 365/4, 365.
[[nodiscard]] constexpr double days_of(RatePeriod period) noexcept {
  constexpr double days[rate_period_count] = {1, 7, 365.0 / 12, 365.0 / 4, 365};
  return days[static_cast<std::size_t>(period)];
}

/// The period of a word; throws PolicyError for another word.
[[nodiscard]] inline RatePeriod rate_period(std::string_view word) {
  for (std::size_t i = 0; i < rate_period_names.size(); ++i)
    if (rate_period_names[i] == word) return static_cast<RatePeriod>(i);
  throw PolicyError("period = '" + std::string(word) +
                    "': allowed are day, week, month, quarter, year");
}

/// A discount rate with its period: money that comes one `per` later is worth 1 / (1 + rate) of money now. There is no
/// rate without a period, so a yearly rate cannot be taken for a monthly one.
class DiscountRate {
 public:
  /// `rate` above -1 and finite (.15 is 15 %); throws PolicyError else.
  DiscountRate(double rate, RatePeriod per) : rate_{rate}, per_{per} {
    if (!(rate > -1 && rate < 1e6)) refuse(rate);
  }

  /// The rate, a share of 1.
  [[nodiscard]] constexpr double rate() const noexcept { return rate_; }
  /// Its period.
  [[nodiscard]] constexpr RatePeriod per() const noexcept { return per_; }

  /// What 1 that comes `days` from now is worth now, (1 + rate)^-(days / days of the period). O(1).
  [[nodiscard]] double factor(double days) const noexcept {
    return std::exp(-std::log1p(rate_) * (days / days_of(per_)));
  }
  /// The same of one period.
  [[nodiscard]] double factor(RatePeriod period) const noexcept {
    return period == per_ ? 1 / (1 + rate_) : factor(days_of(period));
  }
  /// The equivalent rate of another period: compounded, not divided. O(1).
  [[nodiscard]] DiscountRate to(RatePeriod period) const {
    return {std::expm1(std::log1p(rate_) * (days_of(period) / days_of(per_))), period};
  }

  friend constexpr bool operator==(const DiscountRate&, const DiscountRate&) = default;

 private:
  [[noreturn]] static void refuse(double rate) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), rate).ptr;
    throw PolicyError("discount rate = " + std::string(text.data(), end) +
                      ": allowed is a share above -1 and below 1e6, such as 0.15 for 15 %");
  }

  double rate_;
  RatePeriod per_;
};

}  // namespace loyalty
