// SPDX-License-Identifier: MIT
/// \file
/// What customers will buy is the probability that they are alive times what they buy while they are. The second part does
/// not depend on when they bought last, so that many share it.
#pragma once

#include <unordered_map>

#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

#include "purchase/dual.hpp"
#include "purchase/purchase_series.hpp"

namespace loyalty::purchase {

/// E[purchases within `horizon` after T of who is alive then], discounted with `force`; all in the model's unit. `S` is
/// double or Dual. Throws PolicyError where neither force nor horizon ends it.
template <class S, bool AlsoAtOnce>
[[nodiscard]] S while_alive(const BetaGeometricNBD<AlsoAtOnce>& model, double x, double T,
                            double force, double horizon);
template <class S>
[[nodiscard]] S while_alive(const ParetoNBD& model, double x, double T, double force,
                            double horizon);

/// The same of many customers of one model, to the bit: what depends on their number of purchases alone is found once.
template <class S, class Model>
class WhileAlive {
 public:
  explicit WhileAlive(const Model& model);
  S operator()(double x, double T, double force, double horizon);

 private:
  const Model& model_;
  std::unordered_map<double, PurchaseSeries<S>> series_;  ///< by x
};
template <class S>
class WhileAlive<S, ParetoNBD> {
 public:
  explicit WhileAlive(const ParetoNBD& model) : model_(model) {}
  S operator()(double x, double T, double force, double horizon) const {
    return while_alive<S>(model_, x, T, force, horizon);
  }

 private:
  const ParetoNBD& model_;
};

/// P(alive at T) as a number of either kind.
template <class S, class Model>
[[nodiscard]] S p_alive_of(const Model& model, const CustomerHistory& history) {
  if constexpr (std::is_same_v<S, double>) {
    return model.p_alive(history);
  } else {
    S p;
    p.value = model.p_alive(history, &p.d);
    return p;
  }
}

}  // namespace loyalty::purchase
