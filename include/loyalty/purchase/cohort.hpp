// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/estimate.hpp>
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

/// Repeat purchases that the model expects to be seen of a whole cohort up to each of several dates, `past[i]` being how
/// long before the end of observation date i lies (negative: after it). Who entered later than a date adds nothing to it.
/// The variance is that of chance, the sum of `variance_new` over customers, who are independent, and with a covariance
/// of the estimates that of the fit by the delta method; the 5 and 95 % points are those of the Gamma law with this mean
/// and variance. O(dates times distinct T).
template <class Model>
[[nodiscard]] std::vector<Estimate> expected_cumulative(const Model& model,
                                                        const CohortColumns& cohort,
                                                        const std::vector<double>& past,
                                                        const Covariance* covariance = nullptr);

}  // namespace loyalty::purchase
