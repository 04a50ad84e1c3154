// SPDX-License-Identifier: MIT
#include "purchase/likelihood.hpp"

#include <algorithm>
#include <cmath>

#include <loyalty/math/branchless.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polygamma.hpp>

namespace loyalty::purchase {
namespace {

/// The second derivatives were added on and above the diagonal only.
void fill_below(Hessian& h) {
  for (std::size_t i = 0; i < h.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) h[i][j] = h[j][i];
}

constexpr std::size_t block = 128;  ///< rows at a time

/// ln((scale + t_x)/scale) of each row.
LOYALTY_FOR_EACH_PROCESSOR
void before_of(const double* t_x, std::size_t rows, double scale,
               double* __restrict before) noexcept {
  for (std::size_t i = 0; i < rows; ++i) before[i] = math::log1p_of_positive(t_x[i] / scale);
}

/// ln((scale + T)/(scale + t_x)) of each row, span = T - t_x.
LOYALTY_FOR_EACH_PROCESSOR
void quiet_of(const double* t_x, const double* span, std::size_t rows, double scale,
              double* __restrict quiet) noexcept {
  for (std::size_t i = 0; i < rows; ++i)
    quiet[i] = math::log1p_of_positive(span[i] / (scale + t_x[i]));
}

/// e^-|u| and ln(1 + e^u) of log-odds.
LOYALTY_FOR_EACH_PROCESSOR
void odds_of(const double* u, std::size_t rows, double* __restrict e,
             double* __restrict more) noexcept {
  for (std::size_t i = 0; i < rows; ++i) {
    const double size = std::abs(u[i]);
    e[i] = math::exp_of_moderate(-std::min(size, 700.0));
    more[i] = 0.5 * (u[i] + size) + math::log1p_of_positive(e[i]);
  }
}

}  // namespace

BetaGeometricLikelihood::BetaGeometricLikelihood(const std::vector<Customers>& rows, bool at_once)
    : at_once_(at_once), by_x_(groups_of(rows, [](const Customers& row) { return row.x; })) {
  for (const Customers& row : rows) {
    if (row.x + at_once_ <= 0) continue;
    can_be_gone_.push_back(row);
    t_x_.push_back(row.t_x);
    span_.push_back(row.T - row.t_x);
  }
  std::vector<Customers> by_T = rows;
  std::stable_sort(by_T.begin(), by_T.end(),
                   [](const Customers& a, const Customers& b) { return a.T < b.T; });
  by_T_ = groups_of(by_T, [](const Customers& row) { return row.T; });
}

LogLikelihood BetaGeometricLikelihood::at(const Gradient& parameters) const {
  const auto [r, alpha, a, b] = parameters;
  LogLikelihood sum;
  Gradient& g = sum.gradient;
  Hessian& h = sum.hessian;
  for (const Group& group : by_x_) {
    const double w = group.weight;
    const double chances = group.key + at_once_;
    sum.value += w * (math::log_rising(r, group.key) + math::log_all_fail(a, b, chances));
    const math::RisingSlopes buys = math::rising_slopes(r, group.key);
    const math::RisingSlopes both = math::rising_slopes(a + b, chances);
    const math::RisingSlopes fails = math::rising_slopes(b, chances);
    g[0] += w * buys.first;
    g[2] -= w * both.first;
    g[3] += w * (fails.first - both.first);
    h[0][0] += w * buys.second;
    h[2][2] -= w * both.second;
    h[2][3] -= w * both.second;
    h[3][3] += w * (fails.second - both.second);
  }
  for (const Group& group : by_T_) {
    const double later = alpha + group.key;
    const double quiet = std::log1p(group.key / alpha);
    sum.value -= group.purchases * std::log(later) + group.weight * r * quiet;
    const double share = group.key / (alpha * later);
    g[0] -= group.weight * quiet;
    g[1] += group.weight * r * share - group.purchases / later;
    h[0][1] += group.weight * share;
    h[1][1] += group.purchases / (later * later) -
               group.weight * r * share * (2 * alpha + group.key) / (alpha * later);
  }
  const double log_a = std::log(a);
  double last_x = -1;
  double log_ratio = 0;
  double grown[block];
  double u[block];
  double e[block];
  double more[block];
  for (std::size_t start = 0; start < can_be_gone_.size(); start += block) {
    const std::size_t n = std::min(block, can_be_gone_.size() - start);
    quiet_of(&t_x_[start], &span_[start], n, alpha, grown);
    for (std::size_t k = 0; k < n; ++k) {
      const double x = can_be_gone_[start + k].x;
      if (x != last_x) {
        last_x = x;
        log_ratio = log_a - std::log(b + (x + at_once_ - 1));
      }
      u[k] = log_ratio + (r + x) * grown[k];
    }
    odds_of(u, n, e, more);
    for (std::size_t k = 0; k < n; ++k) {
      const Customers& row = can_be_gone_[start + k];
      const double chances = b + (row.x + at_once_ - 1);
      const double R = r + row.x;
      const double before = 1 / (alpha + row.t_x);
      const double after = 1 / (alpha + row.T);
      const double gone = (u[k] > 0 ? 1 : e[k]) / (1 + e[k]);
      const double here = (u[k] > 0 ? e[k] : 1) / (1 + e[k]);
      sum.value += row.weight * more[k];
      const double drop = span_[start + k] * before * after;
      const Gradient slope{grown[k], -R * drop, 1 / a, -1 / chances};
      const double first = row.weight * gone;
      const double second = first * here;
      for (std::size_t i = 0; i < 4; ++i) {
        g[i] += first * slope[i];
        for (std::size_t j = i; j < 4; ++j) h[i][j] += second * slope[i] * slope[j];
      }
      h[0][1] -= first * drop;
      h[1][1] += first * R * drop * (before + after);
      h[2][2] -= first / (a * a);
      h[3][3] += first / (chances * chances);
    }
  }
  fill_below(h);
  return sum;
}

ParetoLikelihood::ParetoLikelihood(const std::vector<Customers>& rows)
    : by_x_(groups_of(rows, [](const Customers& row) { return row.x; })), rows_(rows) {
  t_x_.reserve(rows.size());
  span_.reserve(rows.size());
  for (const Customers& row : rows) {
    t_x_.push_back(row.t_x);
    span_.push_back(row.T - row.t_x);
  }
}

LogLikelihood ParetoLikelihood::at(const Gradient& parameters) const {
  const auto [r, alpha, s, beta] = parameters;
  const ParetoNBD model{r, alpha, s, beta};
  LogLikelihood sum;
  for (const Group& group : by_x_) {
    const math::RisingSlopes buys = math::rising_slopes(r, group.key);
    sum.value += group.weight * math::log_rising(r, group.key);
    sum.gradient[0] += group.weight * buys.first;
    sum.hessian[0][0] += group.weight * buys.second;
  }
  double before[2][block];
  double quiet[2][block];
  for (std::size_t start = 0; start < rows_.size(); start += block) {
    const std::size_t n = std::min(block, rows_.size() - start);
    before_of(&t_x_[start], n, alpha, before[0]);
    before_of(&t_x_[start], n, beta, before[1]);
    quiet_of(&t_x_[start], &span_[start], n, alpha, quiet[0]);
    quiet_of(&t_x_[start], &span_[start], n, beta, quiet[1]);
    for (std::size_t k = 0; k < n; ++k) {
      const Customers& row = rows_[start + k];
      const ParetoLogs logs{before[0][k], before[1][k], {quiet[0][k], quiet[1][k]}};
      Gradient g{};
      Hessian h{};
      sum.value += row.weight * log_likelihood_of(model, {row.x, row.t_x, row.T}, logs, &g, &h);
      for (std::size_t i = 0; i < 4; ++i) {
        sum.gradient[i] += row.weight * g[i];
        for (std::size_t j = 0; j < 4; ++j) sum.hessian[i][j] += row.weight * h[i][j];
      }
    }
  }
  return sum;
}

LogLikelihood SpendLikelihood::at(const Gradient& parameters) const {
  const double p = parameters[0];
  const double q = parameters[1];
  const double v = parameters[2];
  LogLikelihood sum;
  Gradient& g = sum.gradient;
  Hessian& h = sum.hessian;
  const math::Polygammas prior = math::polygammas(q);
  math::Polygammas known;
  math::Polygammas both;
  double log_beta = 0;
  double last_x = -1;
  for (const Customers& row : rows_) {
    const double w = row.weight;
    const double k = p * row.x;
    if (row.x != last_x) {
      last_x = row.x;
      known = math::polygammas(k);
      both = math::polygammas(k + q);
      log_beta = math::log_beta(k, q);
    }
    const double spent = row.x * row.T;
    const double log_known = std::log1p(v / spent);
    const double log_prior = std::log1p(spent / v);
    const double total = v + spent;
    sum.value -= w * (log_beta + q * log_prior + k * log_known + std::log(row.T));
    g[0] += w * row.x * (both.psi0 - known.psi0 - log_known);
    g[1] += w * (both.psi0 - prior.psi0 - log_prior);
    g[2] += w * (q * spent - k * v) / (v * total);
    h[0][0] += w * row.x * row.x * (both.psi1 - known.psi1);
    h[0][1] += w * row.x * both.psi1;
    h[0][2] -= w * row.x / total;
    h[1][1] += w * (both.psi1 - prior.psi1);
    h[1][2] += w * spent / (v * total);
    h[2][2] += w * (k / (total * total) - q * spent * (v + total) / (v * v * total * total));
  }
  fill_below(h);
  return sum;
}

}  // namespace loyalty::purchase
