// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/duration.hpp>

namespace loyalty::purchase {

/// What the models need to know of one customer, in the names of the literature (P. Fader, B. Hardie, K. Lee, Marketing
/// Science 24, 2005). Time runs from the customer's first purchase, in the model's unit.
struct CustomerHistory {
  double x = 0;    ///< repeat purchases: those after the first; 0, 1, 2, ...
  double t_x = 0;  ///< when the last of them came, 0 where there is none; 0..T
  double T = 0;    ///< when observation ended; 0 or more
};

/// Histories by column, borrowed from the caller.
struct HistoryColumns {
  const double* x = nullptr;
  const double* t_x = nullptr;
  const double* T = nullptr;
  const double* mean_value =
      nullptr;  ///< of the repeat purchases; only Gamma-Gamma reads it, where x > 0
  const double* weight = nullptr;  ///< how many customers a row stands for, 0 or more; null: 1 each
  std::size_t rows = 0;
  TimeUnit unit = TimeUnit::unstated;  ///< of t_x and T

  [[nodiscard]] CustomerHistory operator[](std::size_t row) const noexcept {
    return {x[row], t_x[row], T[row]};
  }
};

/// Throws ColumnError, naming column, row and value, where x is negative or no whole number, T is negative or infinite,
/// t_x lies outside 0..T, or x is 0 and t_x is not; NaN is none of what is allowed. One row, or all of them.
void require_sound(const HistoryColumns& histories, std::size_t row);
void require_sound(const HistoryColumns& histories);

}  // namespace loyalty::purchase
