// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

namespace loyalty::purchase {

/// Customers by the time that each has been observed.
struct CohortColumns {
  const double* T = nullptr;       ///< model's unit, 0 or more
  const double* weight = nullptr;  ///< null: 1 each
  std::size_t rows = 0;
};

/// How many customers of a cohort the model expects with k = 0..most repeat purchases; the last element is all with more.
/// O(distinct T times most).
template <class Model>
[[nodiscard]] std::vector<double> expected_counts(const Model& model, const CohortColumns& cohort,
                                                  int most);

/// Repeat purchases that the model expects of a whole cohort up to each of several dates, `past[i]` being how long before
/// the end of observation date i lies (negative: after it). Who entered later than a date adds nothing to it.
template <class Model>
[[nodiscard]] std::vector<double> expected_cumulative(const Model& model,
                                                      const CohortColumns& cohort,
                                                      const std::vector<double>& past);

}  // namespace loyalty::purchase
