// SPDX-License-Identifier: MIT
#include <loyalty/purchase/cohort.hpp>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "purchase/dual.hpp"
#include "purchase/while_alive.hpp"

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

/// Customers with the same x and T, and how many of them are alive then, with derivatives.
struct AliveGroup {
  double x;
  double T;
  Dual alive;
};

template <class Model>
std::vector<AliveGroup> alive_at_end(const Model& model, const HistoryColumns& histories) {
  std::vector<AliveGroup> groups;
  groups.reserve(histories.rows);
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const CustomerHistory h = histories[i];
    const double weight = histories.weight == nullptr ? 1 : histories.weight[i];
    groups.push_back({h.x, h.T, Dual(weight) * p_alive_of<Dual>(model, h)});
  }
  std::sort(groups.begin(), groups.end(), [](const AliveGroup& a, const AliveGroup& b) {
    return std::tie(a.x, a.T, a.alive.value) < std::tie(b.x, b.T, b.alive.value);
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (kept > 0 && groups[kept - 1].x == groups[i].x && groups[kept - 1].T == groups[i].T)
      groups[kept - 1].alive += groups[i].alive;
    else
      groups[kept++] = groups[i];
  }
  groups.resize(kept);
  return groups;
}

/// a' C b.
double product(const Gradient& a, const Covariance& c, const Gradient& b) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) sum += a[i] * c[i][j] * b[j];
  return sum;
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
                                          const std::vector<double>& past, const CohortFit* fit) {
  const auto groups = grouped(cohort);
  const bool same = fit != nullptr && fit->histories.rows > 0;
  const auto alive = same ? alive_at_end(model, fit->histories) : std::vector<AliveGroup>{};
  WhileAlive<Dual, Model> bought_while_alive(model);
  std::vector<Estimate> expected;
  expected.reserve(past.size());
  for (const double before : past) {
    double sum = 0;
    double variance = 0;
    Gradient slope{};
    for (const auto& [T, weight] : groups) {
      if (!(T > before)) continue;
      const Duration time(T - before, model.unit);
      Gradient own{};
      sum += weight * model.expected_purchases_new(time, fit == nullptr ? nullptr : &own);
      variance += weight * model.variance_new(time);
      for (std::size_t k = 0; k < slope.size(); ++k) slope[k] += weight * own[k];
    }
    if (fit != nullptr) {
      const double open = product(slope, fit->covariance, slope);
      const double later = same ? fit->past - before : 0;
      variance += same ? -open : open;
      if (later > 0) {
        Dual ahead(0.0);
        for (const AliveGroup& g : alive) ahead += g.alive * bought_while_alive(g.x, g.T, 0, later);
        variance += 2 * product(slope, fit->covariance, ahead.d);
      }
    }
    expected.push_back(positive_estimate(sum, variance));
  }
  return expected;
}

template std::vector<double> expected_counts(const BGNBD&, const CohortColumns&, int);
template std::vector<double> expected_counts(const MBGNBD&, const CohortColumns&, int);
template std::vector<double> expected_counts(const ParetoNBD&, const CohortColumns&, int);
template std::vector<Estimate> expected_cumulative(const BGNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const CohortFit*);
template std::vector<Estimate> expected_cumulative(const MBGNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const CohortFit*);
template std::vector<Estimate> expected_cumulative(const ParetoNBD&, const CohortColumns&,
                                                   const std::vector<double>&, const CohortFit*);

}  // namespace loyalty::purchase
