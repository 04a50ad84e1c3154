// SPDX-License-Identifier: MIT
#include <loyalty/purchase/cohort.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace loyalty::purchase {
namespace {

/// Customers observed for the same time, in its order.
std::vector<std::pair<double, double>> grouped(const CohortColumns& cohort) {
  std::vector<std::pair<double, double>> groups;  // T and weight
  groups.reserve(cohort.rows);
  for (std::size_t i = 0; i < cohort.rows; ++i)
    groups.emplace_back(cohort.T[i], cohort.weight == nullptr ? 1 : cohort.weight[i]);
  std::sort(groups.begin(), groups.end());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (kept > 0 && groups[kept - 1].first == groups[i].first)
      groups[kept - 1].second += groups[i].second;
    else
      groups[kept++] = groups[i];
  }
  groups.resize(kept);
  return groups;
}

}  // namespace

template <class Model>
std::vector<double> expected_counts(const Model& model, const CohortColumns& cohort, int most) {
  std::vector<double> expected(static_cast<std::size_t>(most) + 2, 0.0);
  for (const auto& [T, weight] : grouped(cohort)) {
    const std::vector<double> p = model.p_counts_new(most, {T, model.unit});
    double rest = 1;
    for (std::size_t k = 0; k < p.size(); ++k) {
      expected[k] += weight * p[k];
      rest -= p[k];
    }
    expected.back() += weight * std::max(rest, 0.0);
  }
  return expected;
}

template <class Model>
std::vector<Estimate> expected_cumulative(const Model& model, const CohortColumns& cohort,
                                          const std::vector<double>& past,
                                          const Covariance* covariance) {
  const auto groups = grouped(cohort);
  std::vector<Estimate> expected;
  expected.reserve(past.size());
  for (const double before : past) {
    double sum = 0;
    double chance = 0;
    Gradient slope{};
    for (const auto& [T, weight] : groups) {
      if (!(T > before)) continue;
      const Duration time(T - before, model.unit);
      Gradient own{};
      sum += weight * model.expected_purchases_new(time, covariance == nullptr ? nullptr : &own);
      chance += weight * model.variance_new(time);
      for (std::size_t k = 0; k < slope.size(); ++k) slope[k] += weight * own[k];
    }
    const double fit = covariance == nullptr ? 0 : standard_error(slope, *covariance);
    expected.push_back(positive_estimate(sum, chance + fit * fit));
  }
  return expected;
}

template std::vector<double> expected_counts(const BGNBD&, const CohortColumns&, int);
template std::vector<double> expected_counts(const MBGNBD&, const CohortColumns&, int);
template std::vector<double> expected_counts(const ParetoNBD&, const CohortColumns&, int);
template std::vector<Estimate> expected_cumulative(const BGNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const Covariance*);
template std::vector<Estimate> expected_cumulative(const MBGNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const Covariance*);
template std::vector<Estimate> expected_cumulative(const ParetoNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const Covariance*);

}  // namespace loyalty::purchase
