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

/// What the estimates of a model leave open of a cohort.
struct CohortFit {
  Covariance covariance{};  ///< of the estimates
  HistoryColumns
      histories{};  ///< of the same customers at the end of the fit; no rows: it has seen others
  double past = 0;  ///< how long before the end of observation the fit ended
};

/// Repeat purchases that the model expects to be seen of a whole cohort up to each of several dates, `past[i]` being how
/// long before the end of observation date i lies (negative: after it). Who entered later than a date adds nothing to it.
///
/// The variance is that of what is seen about what is expected: of chance, the sum of `variance_new` over customers, who
/// are independent, and with a fit of its estimates by the delta method. With g the gradient of what is expected and C
/// their covariance, a fit to others adds g'Cg. One to the same customers has followed their purchases: what is seen
/// covaries with the estimates by C (g - h), h being the gradient of what is expected after the end of the fit given the
/// histories, so that g'Cg - 2 g'C (g - h) is added, less than nothing until the end of the fit (D. Pierce, Annals of
/// Statistics 10, 1982). The 5 and 95 % points are those of the Gamma law with this mean and variance. O(dates times
/// distinct T, and distinct (x, T) of the histories).
template <class Model>
[[nodiscard]] std::vector<Estimate> expected_cumulative(const Model& model,
                                                        const CohortColumns& cohort,
                                                        const std::vector<double>& past,
                                                        const CohortFit* fit = nullptr);

}  // namespace loyalty::purchase
