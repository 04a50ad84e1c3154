// SPDX-License-Identifier: MIT
#include <loyalty/purchase/bg_nbd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <loyalty/core/error.hpp>
#include <loyalty/math/beta.hpp>

#include "purchase/beta_geometric.hpp"
#include "purchase/while_alive.hpp"

namespace loyalty::purchase {
namespace {

template <class S, bool AlsoAtOnce>
BetaGeometric<S> formulas(const BetaGeometricNBD<AlsoAtOnce>& m) {
  if constexpr (std::is_same_v<S, double>)
    return {m.r, m.alpha, m.a, m.b, AlsoAtOnce};
  else
    return {S::parameter(m.r, 0), S::parameter(m.alpha, 1), S::parameter(m.a, 2),
            S::parameter(m.b, 3), AlsoAtOnce};
}

/// Evaluates with derivatives only where somebody wants them.
template <bool AlsoAtOnce, class Function>
double evaluated(const BetaGeometricNBD<AlsoAtOnce>& model, Gradient* gradient,
                 const Function& function) {
  if (gradient == nullptr) return function(formulas<double>(model));
  const Dual value = function(formulas<Dual>(model));
  *gradient = value.d;
  return value.value;
}

}  // namespace

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::log_likelihood(const CustomerHistory& h,
                                                    Gradient* gradient) const {
  return evaluated(*this, gradient, [&](const auto& m) { return m.log_likelihood(h); });
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::p_alive(const CustomerHistory& h, Gradient* gradient) const {
  return evaluated(*this, gradient, [&](const auto& m) { return m.alive(h).below; });
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::p_no_purchase(const CustomerHistory& h, Duration horizon,
                                                   Gradient* gradient) const {
  const double t = count_in(horizon, unit);
  return evaluated(*this, gradient, [&](const auto& m) { return m.p_no_purchase(h, t); });
}

template <class S, bool AlsoAtOnce>
S while_alive(const BetaGeometricNBD<AlsoAtOnce>& model, double x, double T, double force,
              double horizon) {
  require_end(force, horizon);
  return discounted_while_alive(formulas<S>(model).now(x, T), force, horizon);
}

template <class S, class Model>
WhileAlive<S, Model>::WhileAlive(const Model& model) : model_(model) {}

template <class S, class Model>
S WhileAlive<S, Model>::operator()(double x, double T, double force, double horizon) {
  constexpr std::size_t most = 256;  // numbers of purchases; few customers have others
  const auto now = formulas<S>(model_).now(x, T);
  if (force != 0 || (series_.size() == most && !series_.contains(x)))
    return while_alive<S>(model_, x, T, force, horizon);
  require_end(force, horizon);
  auto& series = series_.try_emplace(x, now.shape, now.a, now.b).first->second;
  return purchases_while_alive(now, horizon, series);
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::expected_purchases(const CustomerHistory& h, Duration horizon,
                                                        Gradient* gradient) const {
  return discounted(h, {0, unit}, horizon, gradient);
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::discounted(const CustomerHistory& h, const DiscountRate& rate,
                                                Duration horizon, Gradient* gradient) const {
  const double t = count_in(horizon, unit);
  const double force = force_of_interest(rate, unit);
  if (gradient == nullptr) return p_alive(h) * while_alive<double>(*this, h.x, h.T, force, t);
  const Dual made = p_alive_of<Dual>(*this, h) * while_alive<Dual>(*this, h.x, h.T, force, t);
  *gradient = made.d;
  return made.value;
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::expected_purchases_new(Duration time,
                                                            Gradient* gradient) const {
  const double t = count_in(time, unit);
  return evaluated(*this, gradient, [&](const auto& m) {
    return m.p_stays() * purchases_while_alive(m.beginner(), t);
  });
}

template <bool AlsoAtOnce>
double BetaGeometricNBD<AlsoAtOnce>::variance_new(Duration time) const {
  const double t = count_in(time, unit);
  const auto m = formulas<double>(*this);
  const double mean = m.p_stays() * purchases_while_alive(m.beginner(), t);
  return std::max(0.0, m.p_stays() * pairs_while_alive(m.beginner(), t) + mean * (1 - mean));
}

template <bool AlsoAtOnce>
std::vector<double> BetaGeometricNBD<AlsoAtOnce>::p_counts_new(int most, Duration time) const {
  const double t = count_in(time, unit);
  std::vector<double> p(static_cast<std::size_t>(most) + 1, 0.0);
  const double z = t / (alpha + t);
  const double y = alpha / (alpha + t);
  double stays = AlsoAtOnce ? b / (a + b) : 1;  // after the first purchase and k repeats
  double leaves = AlsoAtOnce ? a / (a + b) : 0;
  for (int k = 0; k <= most; ++k) {
    const double n = k;
    // Bought k times and could have gone on; or left after the k-th, having the time for it.
    const double log_count = math::log_rising(r, n) - math::log_rising(1, n) -
                             r * std::log1p(t / alpha) + (k > 0 ? n * std::log(z) : 0);
    double reached = 1;
    if (k > 0) {
      reached = z > 0 && y > 0 ? math::detail::BetaLaw(n, r).tails({z, y, z < y}).lower
                               : (z > 0 ? 1.0 : 0.0);
    }
    p[static_cast<std::size_t>(k)] =
        (k > 0 && !(z > 0) ? 0 : stays * std::exp(log_count)) + leaves * reached;
    const double chances = n + AlsoAtOnce;
    leaves = stays * (a / (a + (b + chances)));
    stays *= (b + chances) / (a + (b + chances));
  }
  return p;
}

template struct BetaGeometricNBD<false>;
template struct BetaGeometricNBD<true>;
template class WhileAlive<double, BGNBD>;
template class WhileAlive<double, MBGNBD>;
template class WhileAlive<Dual, BGNBD>;
template class WhileAlive<Dual, MBGNBD>;
template double while_alive<double>(const BGNBD&, double, double, double, double);
template double while_alive<double>(const MBGNBD&, double, double, double, double);
template Dual while_alive<Dual>(const BGNBD&, double, double, double, double);
template Dual while_alive<Dual>(const MBGNBD&, double, double, double, double);

}  // namespace loyalty::purchase
