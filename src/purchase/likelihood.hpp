// SPDX-License-Identifier: MIT
/// \file
/// Log-likelihood of many customers with first and second derivatives, equal customers collapsed.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <loyalty/math/log_rising.hpp>
#include <loyalty/purchase/gamma_gamma.hpp>

#include "purchase/pareto.hpp"

namespace loyalty::purchase {

/// What a customer's likelihood depends on, and how many such customers there are. For spend `t_x` is unused and `T` is
/// the mean value.
struct Customers {
  double x = 0;
  double t_x = 0;
  double T = 0;
  double weight = 0;
};

/// A log-likelihood at one point.
struct LogLikelihood {
  double value = 0;
  Gradient gradient{};
  Hessian hessian{};
};

/// Customers with the same count, or the same T.
struct Group {
  double key = 0;
  double weight = 0;
  double purchases = 0;  ///< weight times x
};

/// Sums of runs; `rows` ordered by key.
template <class Key>
std::vector<Group> groups_of(const std::vector<Customers>& rows, const Key& key) {
  std::vector<Group> groups;
  for (const Customers& row : rows) {
    if (groups.empty() || groups.back().key != key(row)) groups.push_back({key(row), 0, 0});
    groups.back().weight += row.weight;
    groups.back().purchases += row.weight * row.x;
  }
  return groups;
}

/// (r, alpha, a, b) of the beta-geometric models.
class BetaGeometricLikelihood {
 public:
  BetaGeometricLikelihood(const std::vector<Customers>& rows, bool at_once);
  [[nodiscard]] LogLikelihood at(const Gradient& parameters) const;

 private:
  int at_once_;
  std::vector<Group> by_x_;
  std::vector<Group> by_T_;
  std::vector<Customers> can_be_gone_;
  std::vector<double> t_x_;   ///< of these
  std::vector<double> span_;  ///< T - t_x
};

/// (r, alpha, s, beta) of Pareto/NBD.
class ParetoLikelihood {
 public:
  explicit ParetoLikelihood(const std::vector<Customers>& rows);
  [[nodiscard]] LogLikelihood at(const Gradient& parameters) const;

 private:
  std::vector<Group> by_x_;
  std::vector<Customers> rows_;
  std::vector<double> t_x_;   ///< of the rows
  std::vector<double> span_;  ///< T - t_x
};

/// (p, q, v) of Gamma-Gamma.
class SpendLikelihood {
 public:
  explicit SpendLikelihood(const std::vector<Customers>& rows) : rows_(rows) {}
  [[nodiscard]] LogLikelihood at(const Gradient& parameters) const;

 private:
  std::vector<Customers> rows_;
};

}  // namespace loyalty::purchase
