// SPDX-License-Identifier: MIT
#include <loyalty/purchase/pareto_nbd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "purchase/panels.hpp"
#include "purchase/pareto.hpp"
#include "purchase/while_alive.hpp"

namespace loyalty::purchase {
namespace {

/// The parameters, as numbers or as what derivatives are taken by.
template <class S>
struct Parameters {
  S r, alpha, s, beta;
};
template <class S>
Parameters<S> parameters(const ParetoNBD& m) {
  if constexpr (std::is_same_v<S, double>)
    return {m.r, m.alpha, m.s, m.beta};
  else
    return {S::parameter(m.r, 0), S::parameter(m.alpha, 1), S::parameter(m.s, 2),
            S::parameter(m.beta, 3)};
}

template <class S>
S alive_share(const ParetoNBD& m, const CustomerHistory& h) {
  if constexpr (std::is_same_v<S, double>) {
    const TwoFates fates(m, h, Moments::mass);
    return std::exp(fates.log_alive - fates.log_sum);
  } else {
    const TwoFates fates(m, h, Moments::all);
    const auto [stay, leave] = FateSlopes(m, h, fates);
    S p(std::exp(fates.log_alive - fates.log_sum));
    for (std::size_t i = 0; i < p.d.size(); ++i)
      p.d[i] = p.value * fates.share_gone * (stay[i] - leave[i]);
    return p;
  }
}

/// E[purchases within t] of who is alive: R/A times the mean life within t, whose rate is Gamma(s, B).
template <class S>
S purchases_while_alive(const S& R, const S& A, const S& s, const S& B, double t) {
  const S grown = log1p(S(t) / B);
  return R / A * B * grown * expm1_ratio(-(s - S(1.0)) * grown);
}

/// The same discounted: the integral of e^(-force v) (B/(B + v))^s.
template <class S>
S discounted_while_alive(const S& R, const S& A, const S& s, const S& B, double force, double t) {
  if (force == 0) return purchases_while_alive(R, A, s, B, t);
  const double scale = value_of(B);
  const double shape = value_of(s);
  return R / A *
         falling_integral<S>(
             t, scale, [&](double v) { return exp(S(-force * v) - s * log1p(S(v) / B)); },
             [&](double v) { return force + shape / (scale + v); });
}

/// Evaluates function(kind of number) with derivatives only where somebody wants them.
template <class Function>
double evaluated(Gradient* gradient, const Function& function) {
  if (gradient == nullptr) return function(double{});
  const Dual value = function(Dual{});
  *gradient = value.d;
  return value.value;
}

}  // namespace

double ParetoNBD::log_likelihood(const CustomerHistory& h, Gradient* gradient) const {
  const double rising = math::log_rising(r, h.x);
  if (gradient == nullptr) return rising + log_likelihood_of(*this, h, nullptr);
  *gradient = {};
  (*gradient)[0] = math::rising_slopes(r, h.x).first;
  return rising + log_likelihood_of(*this, h, gradient);
}

double ParetoNBD::p_alive(const CustomerHistory& h, Gradient* gradient) const {
  return evaluated(gradient, [&](auto kind) { return alive_share<decltype(kind)>(*this, h); });
}

double ParetoNBD::p_no_purchase(const CustomerHistory& h, Duration horizon,
                                Gradient* gradient) const {
  // Whoever was quiet until T + t was quiet until T: a ratio of two likelihoods that differ in T only.
  const CustomerHistory quiet{h.x, h.t_x, h.T + count_in(horizon, unit)};
  const Moments wanted = gradient == nullptr ? Moments::mass : Moments::all;
  const TwoFates now(*this, h, wanted);
  const TwoFates then(*this, quiet, wanted);
  const double p = std::min(1.0, std::exp(then.log_sum - now.log_sum));
  if (gradient != nullptr) {
    Gradient from{};
    Gradient to{};
    add_derivatives(*this, h, now, from, nullptr);
    add_derivatives(*this, quiet, then, to, nullptr);
    for (std::size_t i = 0; i < to.size(); ++i) (*gradient)[i] = p * (to[i] - from[i]);
  }
  return p;
}

template <class S>
S while_alive(const ParetoNBD& model, double x, double T, double force, double horizon) {
  require_end(force, horizon);
  const auto p = parameters<S>(model);
  return discounted_while_alive(p.r + S(x), p.alpha + S(T), p.s, p.beta + S(T), force, horizon);
}

double ParetoNBD::expected_purchases(const CustomerHistory& h, Duration horizon,
                                     Gradient* gradient) const {
  return discounted(h, {0, unit}, horizon, gradient);
}

double ParetoNBD::discounted(const CustomerHistory& h, const DiscountRate& rate, Duration horizon,
                             Gradient* gradient) const {
  const double t = count_in(horizon, unit);
  const double force = force_of_interest(rate, unit);
  if (gradient == nullptr) return p_alive(h) * while_alive<double>(*this, h.x, h.T, force, t);
  const Dual made = p_alive_of<Dual>(*this, h) * while_alive<Dual>(*this, h.x, h.T, force, t);
  *gradient = made.d;
  return made.value;
}

double ParetoNBD::expected_purchases_new(Duration time, Gradient* gradient) const {
  const double t = count_in(time, unit);
  return evaluated(gradient, [&](auto kind) {
    const auto p = parameters<decltype(kind)>(*this);
    return purchases_while_alive(p.r, p.alpha, p.s, p.beta, t);
  });
}

double ParetoNBD::variance_new(Duration time) const {
  const double t = count_in(time, unit);
  if (!(t > 0)) return 0;
  const double mean = purchases_while_alive(r, alpha, s, beta, t);
  // Half of E[L^2]: the integral of v P(L > v), whose integrand falls from v = beta/s on.
  const double half = falling_integral<double>(
      t, beta, [&](double v) { return v * std::exp(-s * std::log1p(v / beta)); },
      [&](double v) { return s / (beta + v); });
  const double pairs = r / alpha * ((r + 1) / alpha) * 2 * half;
  return std::max(0.0, pairs + mean * (1 - mean));
}

std::vector<double> ParetoNBD::p_counts_new(int most, Duration time) const {
  const double t = count_in(time, unit);
  std::vector<double> p(static_cast<std::size_t>(most) + 1, 0.0);
  if (!(t > 0)) {
    p[0] = 1;
    return p;
  }
  std::vector<double> log_ways;  // ln of r (r + 1) ... (r + k - 1)/k!
  for (std::size_t k = 0; k < p.size(); ++k) {
    const auto n = static_cast<double>(k);
    log_ways.push_back(math::log_rising(r, n) - math::log_rising(1, n));
  }
  // P(k purchases by v) of a customer who never drops out, the weight of v being when it drops out, or t.
  const auto add = [&](double v, double weight) {
    const double log_none = -r * std::log1p(v / alpha);
    const double log_z = -std::log1p(alpha / v);
    for (std::size_t k = 0; k < p.size(); ++k)
      p[k] += weight * std::exp(log_none + log_ways[k] + static_cast<double>(k) * log_z);
  };
  add(t, std::exp(-s * std::log1p(t / beta)));
  // Panels in w = ln(t/v). There the law of the count is sqrt(1/k + 1/r) wide, falls at w = 0 at a rate of at most k + 1,
  // and at the far end, where what is left out is 1e-18, at that of w itself.
  const double highest = std::max(1, most);
  const double longest = std::min(1.0, 2 * std::sqrt(1 / highest + 1 / r));
  const double end = std::max(2.0, 42 + std::log(t * s / beta));
  double length = std::min(longest, 8 / (highest + 1));
  for (double from = 0; from < end; from += length, length = std::min(longest, 1.25 * length))
    for (std::size_t i = 0; i < panel_nodes; ++i) {
      const double v = t * std::exp(-(from + length * panel_at[i]));
      const double density = s / (beta + v) * std::exp(-s * std::log1p(v / beta));
      add(v, length * panel_weight[i] * density * v);
    }
  return p;
}

template double while_alive<double>(const ParetoNBD&, double, double, double, double);
template Dual while_alive<Dual>(const ParetoNBD&, double, double, double, double);

}  // namespace loyalty::purchase
