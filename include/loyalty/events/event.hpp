// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <loyalty/core/config.hpp>
#include <loyalty/core/time.hpp>
#include <loyalty/events/kind.hpp>

namespace loyalty {

/// Marks an absent number.
inline constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// One thing that happened with a counterparty. Fields that a kind does not use are ignored; NaN and
/// `no_time` mean absent. `{.kind = Kind::purchase, .time = utc(2024, 3, 1), .amount = 120}`.
struct Event {
  Kind kind = Kind::purchase;
  Time time = no_time;           ///< when it happened, UTC seconds
  double value = no_value;       ///< weight, points, stake, severity, 0/1 outcome or survey answer
  double amount = no_value;      ///< money in major units, >= 0
  double margin = no_value;      ///< money in major units, may be negative
  double cost = no_value;        ///< money in major units, >= 0
  double rating = no_value;      ///< of a review, on its scale
  double scale_low = no_value;   ///< worst answer of a rating or survey
  double scale_high = no_value;  ///< best answer; below scale_low for scales that count down
  Time due = no_time;            ///< promise, payment: promised for
  Time done = no_time;           ///< promise, payment: kept at
  Time until = no_time;          ///< contract: last second
  Time since = no_time;  ///< response: when the request was opened; whole order: its purchase
  Side side = Side::us;
  SurveyOf parameter = SurveyOf::trust;
  bool whole_order = false;  ///< return: takes the whole purchase back
  bool opened = false;       ///< response: the request was applied before, as an event of its own
};

}  // namespace loyalty
