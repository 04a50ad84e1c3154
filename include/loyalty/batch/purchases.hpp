// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <loyalty/batch/columns.hpp>
#include <loyalty/batch/portfolio.hpp>

namespace loyalty {

/// The purchases of a log as its fold counts them, by relationship in the order of `Portfolio::sorted`. Money is in
/// major units of the portfolio's currency, other currencies at the policy's rates.
struct Purchases {
  std::vector<std::size_t> first{
      0};                  ///< first purchase of each relationship, and one past the last purchase
  std::vector<Time> time;  ///< UTC seconds, ascending within a relationship
  std::vector<double> amount;  ///< NaN where the row states none
  std::vector<double> margin;  ///< likewise

  /// Of each relationship, also what it gave back afterwards.
  std::vector<std::int64_t> ever;         ///< purchases
  std::vector<std::int64_t> with_amount;  ///< those of them whose row states an amount
  std::vector<std::int64_t> with_margin;  ///< likewise
  std::vector<double>
      sales;  ///< amounts bought less amounts returned, decayed with the half-life of margins

  /// Purchases.
  std::size_t size() const noexcept { return time.size(); }
};

/// A log that was folded until a date, and its purchases.
struct PurchaseLog {
  Portfolio portfolio;  ///< as of the date
  Purchases purchases;
  Books books;             ///< of the rows until the date
  std::int64_t later = 0;  ///< rows after it, which were not used
};

/// Folds a log until `as_of`, a UTC second, rows in any order, and keeps its purchases: repeats by event_id count once,
/// what is retracted or set aside not at all. A return of a whole order takes out the purchase made at its `since`: of
/// several in that second the one whose amount is nearest to the money given back; where there is none, the last one
/// before it. A return of money alone leaves the purchases as they are. The landmark is the policy's, else the date.
/// Throws as `Portfolio::apply` and `Portfolio::at`. O(rows log rows); memory 48 bytes a purchase beside the portfolio.
PurchaseLog fold_purchases(const EventColumns& rows, const Policy& policy, Time as_of);

}  // namespace loyalty
