// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/gamma_gamma.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

namespace loyalty::purchase {

/// Simulated customers: histories up to T, and what the model's own world had in store for them.
struct Simulated {
  std::vector<double> x;
  std::vector<double> t_x;
  std::vector<double> later;  ///< purchases within the horizon after T
  std::vector<double> alive;  ///< 1 or 0: alive at T
};

/// Draws one customer for every T (model's unit). The same seed gives the same customers, on every machine but for the
/// rounding of log and exp. O(purchases).
template <class Model>
[[nodiscard]] Simulated simulate(const Model& model, const std::vector<double>& T, double horizon,
                                 std::uint64_t seed);

/// Draws the mean value of x purchases for every x > 0; NaN where x is 0.
[[nodiscard]] std::vector<double> simulate_spend(const GammaGamma& model,
                                                 const std::vector<double>& x, std::uint64_t seed);

}  // namespace loyalty::purchase
