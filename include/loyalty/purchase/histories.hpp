// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/core/time.hpp>
#include <loyalty/purchase/history.hpp>

namespace loyalty::purchase {

/// A table of purchases by column, borrowed from the caller, in any order.
struct PurchaseColumns {
  const std::int64_t* customer = nullptr;  ///< number of the customer, 0..customers-1
  const std::int64_t* time = nullptr;      ///< any count that grows with time: days, or seconds
  const double* amount = nullptr;          ///< null: none; NaN: unknown
  std::size_t rows = 0;
  std::size_t customers = 0;
};

/// One row for each customer with a purchase by the end of observation, and the purchases themselves for tracking.
struct Histories {
  TimeUnit unit = TimeUnit::unstated;
  std::int64_t end = 0;                ///< of observation, in the count of the purchases
  double counts_in_unit = 1;           ///< how many of that count are one unit
  std::vector<std::int64_t> customer;  ///< its number, ascending
  std::vector<std::int64_t> first;     ///< time of its first purchase
  std::vector<double> x;
  std::vector<double> t_x;
  std::vector<double> T;
  std::vector<double>
      mean_value;  ///< of repeat purchases with a known amount; NaN where there is none. Empty without amounts
  std::vector<std::int64_t> repeat_customer;  ///< of every repeat purchase: the row above
  std::vector<std::int64_t> repeat_time;      ///< and its time; by customer, then time
  std::size_t joined = 0;                     ///< rows that share customer and time with another
  std::size_t after_end = 0;                  ///< rows later than the end, not used

  [[nodiscard]] HistoryColumns columns() const noexcept;
};

/// Makes histories. Rows of one customer with equal time are one purchase, and amounts are added. `end` must be stated:
/// the time of the newest purchase says nothing about when one stopped looking. O(n log n).
[[nodiscard]] Histories make_histories(const PurchaseColumns& purchases, std::int64_t end,
                                       TimeUnit unit, double counts_in_unit);

}  // namespace loyalty::purchase
