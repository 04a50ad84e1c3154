// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

namespace loyalty::purchase {

/// What can be computed of every customer.
enum class Quantity : std::uint8_t {
  log_likelihood,
  p_alive,
  p_no_purchase,
  expected_purchases,
  discounted,
};

/// Which quantity, and over what stretch of time after T, in the model's unit.
struct Question {
  Quantity quantity = Quantity::expected_purchases;
  double horizon = 0;  ///< the same for all rows; unused by log_likelihood and p_alive
  const double* horizon_of_row = nullptr;  ///< or one for each
  double force_of_interest = 0;            ///< of `discounted`, per unit of time
};

/// One quantity of many customers: what the model's function of the same name gives for each row, to the bit, whoever
/// else is among the rows; rows that were seen before are not computed again. `covariance` and `standard_errors` come
/// together or not at all. NaN in a row gives NaN; throws ColumnError for unsound rows as require_sound.
template <class Model>
void evaluate(const Model& model, const Question& question, const HistoryColumns& histories,
              double* values, const Covariance* covariance = nullptr,
              double* standard_errors = nullptr);

}  // namespace loyalty::purchase
