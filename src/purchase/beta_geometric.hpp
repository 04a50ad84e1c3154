// SPDX-License-Identifier: MIT
/// \file
/// The formulas of the beta-geometric models, for numbers with and without derivatives.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <loyalty/math/log_rising.hpp>
#include <loyalty/purchase/history.hpp>

#include "purchase/dual.hpp"
#include "purchase/panels.hpp"

namespace loyalty::purchase {

inline double log_rising(double z, double n) { return math::log_rising(z, n); }
inline Dual log_rising(const Dual& z, double n) {
  return Dual::chain(z, math::log_rising(z.value, n), math::psi_growth(z.value, n).psi0);
}
inline double log_all_fail(double a, double b, double n) { return math::log_all_fail(a, b, n); }
inline Dual log_all_fail(const Dual& a, const Dual& b, double n) {
  const double both = math::psi_growth(a.value + b.value, n).psi0;
  const double fails = math::psi_growth(b.value, n).psi0;
  Dual made(math::log_all_fail(a.value, b.value, n));
  for (std::size_t i = 0; i < made.d.size(); ++i)
    made.d[i] = fails * b.d[i] - both * (a.d[i] + b.d[i]);
  return made;
}

/// E[g(p)] over p ~ Beta(a, b), for g that is positive, g(p, 1 - p), and changes by a relative |g'/g| <= slope near
/// either end. The trapezoidal rule in ln(p/(1 - p)), whose error falls exponentially in 1/step: the integrand is
/// analytic in a strip of half-width pi/2 or more. What lies beyond the nodes is a geometric series. At most about 450
/// calls.
template <class S, class Function>
S over_dropout(const S& a, const S& b, double slope, const Function& g) {
  const double shape_a = value_of(a);
  const double shape_b = value_of(b);
  const double middle = std::log(shape_a / shape_b);
  const double width = std::sqrt(1 / shape_a + 1 / shape_b);
  const double step = std::min(0.25, 0.6 * width);
  const double near = 1e-17 / std::max({slope, shape_a, shape_b, 1.0});
  struct Point {
    double p, q, log_p, log_q;
  };
  const auto point = [&](double log_odds) {
    const double e = std::exp(-std::abs(log_odds));
    const double small = e / (1 + e);
    const double large = 1 / (1 + e);
    const double log_large = -std::log1p(e);
    const double log_small = log_large - std::abs(log_odds);
    return log_odds < 0 ? Point{small, large, log_small, log_large}
                        : Point{large, small, log_large, log_small};
  };
  const Point top = point(middle);
  S mass(0.0);
  S sum(0.0);
  for (const int side : {-1, 1}) {
    for (int i = side < 0 ? 0 : 1; i < 100000; ++i) {
      const Point at = point(middle + side * i * step);
      const S weight = exp(a * S(at.log_p - top.log_p) + b * S(at.log_q - top.log_q));
      const S value = g(at.p, at.q);
      S share = weight;
      const double end = side < 0 ? at.p : at.q;
      const bool last = end < near;
      if (last) share = weight + weight / expm1((side < 0 ? a : b) * S(step));
      mass += share;
      sum += share * value;
      if (last || (i > 8 && value_of(weight) < 1e-19 * value_of(mass) &&
                   value_of(weight * value) < 1e-19 * value_of(sum)))
        break;
    }
  }
  return sum / mass;
}

/// The state of one customer's knowledge given that it is alive: its purchase rate is Gamma(shape, rate), its dropout
/// probability Beta(a, b).
template <class S>
struct Alive {
  S shape;
  S rate;
  S a;
  S b;
};

/// More terms than this: by the integral.
inline constexpr double most_terms = 1500;

/// Terms that a sum over a negative binomial law with this shape and odds z/(1 - z) = y takes.
inline double terms_needed(double shape, double y) {
  return shape * y + 10 * std::sqrt(shape * y * (1 + y)) + 40 * (1 + y);
}

/// E[purchases within t]: were there no dropout their number K would be negative binomial, and each is the last with the
/// probability p, so it is the sum of P(K = k) (1 + E[q] + ... + E[q^(k-1)]), E[q^j] = (b)_j/(a + b)_j, all positive.
template <class S>
S purchases_while_alive(const Alive<S>& now, double t) {
  if (!(t > 0)) return S(0.0);
  const S y = S(t) / now.rate;
  const double shape = value_of(now.shape);
  const double odds_y = value_of(y);
  if (terms_needed(shape, odds_y) > most_terms) {
    const double slope = (shape + 1) * std::min(odds_y, 1e12);
    return over_dropout(now.a, now.b, slope, [&](double p, double) {
      return -expm1(-now.shape * log1p(y * S(p))) / S(p);
    });
  }
  const S z = S(t) / (now.rate + S(t));
  double scale = 0;  // the terms are held e^-scale of their size
  S term(1.0);
  S kept(1.0);  // E[q^j]
  S bought(0.0);
  S sum(0.0);
  const S both = now.a + now.b;
  for (double k = 1;; ++k) {
    term *= (now.shape + S(k - 1)) * z * S(1 / k);
    bought += kept;
    kept *= (now.b + S(k - 1)) / (both + S(k - 1));
    sum += term * bought;
    if (value_of(sum) > 1e200) {
      term *= S(1e-200);
      sum *= S(1e-200);
      scale += 200 * 2.30258509299404568402;
    }
    const double fall = 1 - (shape + k) / (k + 1) * value_of(z);
    if (fall > 0 && value_of(term) * (value_of(bought) + 1 / fall) < 1e-17 * fall * value_of(sum))
      break;
  }
  return exp(S(scale) - now.shape * log1p(y)) * sum;
}

/// The rate of purchases at time t after now, the derivative of the function above.
template <class S>
S rate_while_alive(const Alive<S>& now, double t) {
  const S y = S(t) / now.rate;
  const S shape = now.shape + S(1.0);
  const double odds_y = value_of(y);
  if (terms_needed(value_of(shape), odds_y) > most_terms) {
    const double slope = value_of(shape) * std::min(odds_y, 1e12);
    return now.shape / now.rate * over_dropout(now.a, now.b, slope, [&](double p, double) {
             return exp(-shape * log1p(y * S(p)));
           });
  }
  const S z = S(t) / (now.rate + S(t));
  double scale = 0;
  S term(1.0);
  S sum(1.0);
  const S both = now.a + now.b;
  for (double k = 1;; ++k) {
    term *= (shape + S(k - 1)) * (now.b + S(k - 1)) / (both + S(k - 1)) * z * S(1 / k);
    sum += term;
    if (value_of(sum) > 1e200) {
      term *= S(1e-200);
      sum *= S(1e-200);
      scale += 200 * 2.30258509299404568402;
    }
    const double fall = 1 - (value_of(shape) + k) / (k + 1) * value_of(z);
    if (fall > 0 && value_of(term) < 1e-17 * fall * value_of(sum)) break;
  }
  return now.shape / now.rate * exp(S(scale) - shape * log1p(y)) * sum;
}

/// The integral of the rate over 0..horizon, discounted by e^(-force t).
template <class S>
S discounted_while_alive(const Alive<S>& now, double force, double horizon) {
  if (force == 0) return purchases_while_alive(now, horizon);
  const double scale = value_of(now.rate);
  const double shape = value_of(now.shape) + 1;
  const double share = value_of(now.a) / value_of(now.a + now.b);
  return falling_integral<S>(
      horizon, scale, [&](double t) { return S(std::exp(-force * t)) * rate_while_alive(now, t); },
      [&](double t) { return force + std::min(shape * share / scale, shape / (scale + t)); });
}

/// One model with its parameters. `at_once` is 1 where the first purchase may be the last, too.
template <class S>
struct BetaGeometric {
  S r;
  S alpha;
  S a;
  S b;
  int at_once = 0;

  /// ln of P(gone at T)/P(alive at T).
  S log_odds_gone(const History& h) const {
    const double chances = h.x + at_once - 1;  // after the last purchase, the others survived
    if (chances < 0) return S(-std::numeric_limits<double>::infinity());
    const S quiet = (r + S(h.x)) * log1p(S(h.T - h.t_x) / (alpha + S(h.t_x)));
    return log(a / (b + S(chances))) + quiet;
  }

  S log_likelihood(const History& h) const {
    const S bought = log_rising(r, h.x) - S(h.x) * log(alpha + S(h.T)) - r * log1p(S(h.T) / alpha);
    const S stayed = log_all_fail(a, b, h.x + at_once);
    if (h.x + at_once < 1) return bought + stayed;
    const S odds_gone = log_odds_gone(h);
    const double u = value_of(odds_gone);
    const double more = std::max(u, 0.0) + std::log1p(std::exp(-std::abs(u)));
    if constexpr (std::is_same_v<S, double>)
      return bought + stayed + more;
    else
      return bought + stayed + Dual::chain(odds_gone, more, value_of(odds<double>(u).above));
  }

  Odds<S> alive(const History& h) const {
    if (h.x + at_once < 1) return {S(1.0), S(0.0)};
    return odds(log_odds_gone(h));
  }

  S p_no_purchase(const History& h, double horizon) const {
    const auto [here, gone] = alive(h);
    return gone + here * exp(-(r + S(h.x)) * log1p(S(horizon) / (alpha + S(h.T))));
  }

  /// Who is alive at T after x repeat purchases.
  Alive<S> now(double x, double T) const { return {r + S(x), alpha + S(T), a, b + S(x + at_once)}; }
  /// A new customer who stays after the first purchase, and the probability that it does.
  Alive<S> beginner() const { return {r, alpha, a, b + S(at_once)}; }
  S p_stays() const { return at_once != 0 ? b / (a + b) : S(1.0); }
};

}  // namespace loyalty::purchase
