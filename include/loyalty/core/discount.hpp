// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>
#include <loyalty/core/time_unit.hpp>

namespace loyalty {

/// A discount rate with its period: money that comes one `per` later is worth 1 / (1 + rate) of money now, so that a yearly
/// rate cannot be taken for a monthly one. `DiscountRate(0.15, TimeUnit::year)` is 15 % a year.
class DiscountRate {
 public:
  /// `rate` above -1 and finite (.15 is 15 %); throws PolicyError else. `per` is unstated only for models whose time has no
  /// unit: it is then one of theirs. `continuous`: `rate` is the force of interest itself, and money one `per` later is
  /// worth e^-rate.
  DiscountRate(double rate, TimeUnit per, bool continuous = false)
      : rate_{rate}, per_{per}, continuous_{continuous} {
    if (!(rate > -1 && rate < 1e6)) refuse(rate);
  }

  /// The rate, a share of 1.
  [[nodiscard]] constexpr double rate() const noexcept { return rate_; }
  /// Its period.
  [[nodiscard]] constexpr TimeUnit per() const noexcept { return per_; }
  /// Whether the rate is a force of interest.
  [[nodiscard]] constexpr bool continuous() const noexcept { return continuous_; }

  /// The force of interest in one period: ln(1 + rate), or the rate itself.
  [[nodiscard]] double force() const noexcept { return continuous_ ? rate_ : std::log1p(rate_); }
  /// What 1 that comes `days` from now is worth now, e^(-force days / days of the period). Throws MismatchError where the
  /// period is unstated. O(1).
  [[nodiscard]] double factor(double days) const {
    return std::exp(-force() * (days / days_in(stated())));
  }
  /// The same of one period.
  [[nodiscard]] double factor(TimeUnit period) const {
    return period == stated() && !continuous_ ? 1 / (1 + rate_) : factor(days_in(period));
  }
  /// The equivalent rate of another period: compounded, not divided. Throws likewise. O(1).
  [[nodiscard]] DiscountRate to(TimeUnit period) const {
    const double there = force() * (days_in(period) / days_in(stated()));
    return {continuous_ ? there : std::expm1(there), period, continuous_};
  }

  friend constexpr bool operator==(const DiscountRate&, const DiscountRate&) = default;

 private:
  static std::string text(double rate) {
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), rate).ptr};
  }
  [[noreturn]] static void refuse(double rate) {
    throw PolicyError("discount rate = " + text(rate) +
                      ": allowed is a share above -1 and below 1e6, such as 0.15 for 15 %");
  }
  [[nodiscard]] TimeUnit stated() const {
    if (per_ == TimeUnit::unstated)
      throw MismatchError("discount rate = " + text(rate_) +
                          " has no period: state one, such as 0.15 a year");
    return per_;
  }

  double rate_;
  TimeUnit per_;
  bool continuous_;
};

}  // namespace loyalty
