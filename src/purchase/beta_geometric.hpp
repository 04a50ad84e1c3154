// SPDX-License-Identifier: MIT
/// \file
/// The formulas of the beta-geometric models, for numbers with and without derivatives.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include <loyalty/math/beta.hpp>
#include <loyalty/math/log_rising.hpp>
#include <loyalty/purchase/history.hpp>

#include "purchase/dual.hpp"
#include "purchase/panels.hpp"
#include "purchase/purchase_series.hpp"

namespace loyalty::purchase {

inline double log_rising(double z, double n) { return math::log_rising(z, n); }
inline Dual log_rising(const Dual& z, double n) {
  return Dual::chain(z, math::log_rising(z.value, n), math::rising_slopes(z.value, n).first);
}
inline double log_all_fail(double a, double b, double n) { return math::log_all_fail(a, b, n); }
inline Dual log_all_fail(const Dual& a, const Dual& b, double n) {
  const double both = math::rising_slopes(a.value + b.value, n).first;
  const double fails = math::rising_slopes(b.value, n).first;
  Dual made(math::log_all_fail(a.value, b.value, n));
  for (std::size_t i = 0; i < made.d.size(); ++i)
    made.d[i] = fails * b.d[i] - both * (a.d[i] + b.d[i]);
  return made;
}

/// The sum of shares (1 + y p)^-shape, y >= 0; no power below e^-700.
[[nodiscard]] double sum_of_powers(const double* shares, const double* p, std::size_t count,
                                   double y, double shape) noexcept;

/// The law p ~ Beta(a, b) as points and shares, for means of functions that are positive and smooth in ln(p/(1 - p)) and
/// change by a relative |g'/g| <= slope near either end. The trapezoidal rule in that variable, whose error falls
/// exponentially in 1/step: the integrand is analytic in a strip of half-width pi/2 or more. What lies beyond the points
/// is a geometric series. At most about 450 points.
template <class S>
class DropoutLaw {
 public:
  DropoutLaw(const S& a, const S& b, double slope) {
    const double shape_a = value_of(a);
    const double shape_b = value_of(b);
    const double middle = std::log(shape_a / shape_b);
    const double step = std::min(0.25, 0.6 * std::sqrt(1 / shape_a + 1 / shape_b));
    const double near = 1e-17 / std::max({slope, shape_a, shape_b, 1.0});
    const Point top = point_at(middle);
    S mass(0.0);
    for (const int side : {-1, 1}) {
      for (int i = side < 0 ? 0 : 1; i < 100000; ++i) {
        const Point at = point_at(middle + side * i * step);
        S share = exp(a * S(at.log_p - top.log_p) + b * S(at.log_q - top.log_q));
        const bool last = (side < 0 ? at.p : at.q) < near;
        if (last) share = share + share / expm1((side < 0 ? a : b) * S(step));
        mass += share;
        p_.push_back(at.p);
        shares_.push_back(share);
        // A function that is larger where p is smaller may make up for a small share, but not for this.
        if (last || (i > 8 && value_of(share) * std::max(slope, 1.0) < 1e-19 * value_of(mass)))
          break;
      }
      if (side < 0) {
        std::reverse(p_.begin(), p_.end());
        std::reverse(shares_.begin(), shares_.end());
      }
    }
    for (S& share : shares_) share = share / mass;
  }

  /// E[g(p)].
  template <class Function>
  S mean(const Function& g) const {
    S sum(0.0);
    for (std::size_t i = 0; i < p_.size(); ++i) sum += shares_[i] * g(p_[i]);
    return sum;
  }

  /// E[(1 + y p)^-shape].
  S mean_power(const S& y, const S& shape) const {
    if constexpr (std::is_same_v<S, double>) {
      // Points ascend in p: from some on, the power is below e^-700.
      const double farthest = std::expm1(std::min(700 / shape, 700.0)) / y;
      const auto end = std::upper_bound(p_.begin(), p_.end(), farthest) - p_.begin();
      return sum_of_powers(shares_.data(), p_.data(), static_cast<std::size_t>(end), y, shape);
    } else {
      return mean([&](double p) { return exp(-shape * log1p(y * S(p))); });
    }
  }

 private:
  struct Point {
    double p, q, log_p, log_q;
  };
  static Point point_at(double log_odds) {
    const double e = std::exp(-std::abs(log_odds));
    const double small = e / (1 + e);
    const double large = 1 / (1 + e);
    const double log_large = -std::log1p(e);
    const double log_small = log_large - std::abs(log_odds);
    return log_odds < 0 ? Point{small, large, log_small, log_large}
                        : Point{large, small, log_large, log_small};
  }

  std::vector<double> p_;  // ascending
  std::vector<S> shares_;
};

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

/// How many terms of a sum are added before it is seen whether it has ended; they grow by less than 1e25 meanwhile.
inline constexpr int check_every = 4;

/// Terms that a sum over a negative binomial law with this shape and odds z/(1 - z) = y takes.
inline double terms_needed(double shape, double y) {
  return shape * y + 10 * std::sqrt(shape * y * (1 + y)) + 40 * (1 + y);
}

/// The sum of `PurchaseSeries` where its coefficients are too large for a double.
template <class S>
S long_purchase_series(const Alive<S>& now, const S& y, const S& z) {
  const double shape = value_of(now.shape);
  double scale = 0;  // the terms are held e^-scale of their size
  S term(1.0);
  S kept(1.0);  // E[q^j]
  S bought(0.0);
  S sum(0.0);
  const S both = now.a + now.b;
  for (int i = 1;; ++i) {
    const double k = i;
    term *= (now.shape + S(k - 1)) * z * S(1 / k);
    bought += kept;
    kept *= (now.b + S(k - 1)) / (both + S(k - 1));
    sum += term * bought;
    if (i % check_every != 0) continue;
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

/// E[purchases within t]: were there no dropout their number K would be negative binomial, and each is the last with the
/// probability p, so it is the sum of P(K = k) (1 + E[q] + ... + E[q^(k-1)]), E[q^j] = (b)_j/(a + b)_j, all positive.
/// `series` is that of these shapes.
template <class S>
S purchases_while_alive(const Alive<S>& now, double t, PurchaseSeries<S>& series) {
  if (!(t > 0)) return S(0.0);
  const S y = S(t) / now.rate;
  const double shape = value_of(now.shape);
  const double odds_y = value_of(y);
  if (terms_needed(shape, odds_y) > most_terms) {
    const double slope = (shape + 1) * std::min(odds_y, 1e12);
    return DropoutLaw<S>(now.a, now.b, slope).mean([&](double p) {
      return -expm1(-now.shape * log1p(y * S(p))) / S(p);
    });
  }
  const S z = S(t) / (now.rate + S(t));
  const auto sum = series(z);
  return sum ? exp(-now.shape * log1p(y)) * *sum : long_purchase_series(now, y, z);
}
template <class S>
S purchases_while_alive(const Alive<S>& now, double t) {
  PurchaseSeries<S> series(now.shape, now.a, now.b);
  return purchases_while_alive(now, t, series);
}

/// E[X (X - 1)] of the purchases X within t: they are at least j where K is and the first j - 1 were not the last, so it
/// is the sum of P(K = k) 2 (E[q] + 2 E[q^2] + ... + (k - 1) E[q^(k-1)]). Given the dropout probability p it is
/// 2 q/p^2 P(K' > 1), K' being K with the odds y p.
inline double pairs_while_alive(const Alive<double>& now, double t) {
  if (!(t > 0)) return 0;
  const double y = t / now.rate;
  if (terms_needed(now.shape, y) > most_terms) {
    const double slope = (now.shape + 1) * std::min(y, 1e12);
    const math::detail::BetaLaw two_or_more(2, now.shape);
    return DropoutLaw<double>(now.a, now.b, slope).mean([&](double p) {
      const double z = y * p / (1 + y * p);
      if (!(z > 0)) return now.shape * (now.shape + 1) * y * y;
      const double rest = 1 / (1 + y * p);
      return 2 * (1 - p) / p / p * two_or_more.tails({z, rest, z < rest}).lower;
    });
  }
  const double z = t / (now.rate + t);
  double scale = 0;  // the terms are held e^-scale of their size
  double term = 1;
  double kept = 1;  // E[q^j]
  double pairs = 0;
  double sum = 0;
  for (int i = 1;; ++i) {
    const double k = i;
    term *= (now.shape + k - 1) * z / k;
    pairs += 2 * (k - 1) * kept;
    kept *= (now.b + k - 1) / (now.a + now.b + k - 1);
    sum += term * pairs;
    if (i % check_every != 0) continue;
    if (sum > 1e200) {
      term *= 1e-200;
      sum *= 1e-200;
      scale += 200 * 2.30258509299404568402;
    }
    // What is left out falls at least as fast as k^2 times a geometric series.
    const double fall = 1 - (now.shape + k) / (k + 1) * z;
    if (fall > 0 && term * (pairs + 2 * (k + 1 / fall) / fall) <= 1e-17 * fall * sum) break;
  }
  return std::exp(scale - now.shape * std::log1p(y)) * sum;
}

/// The rate of purchases over time after now, the derivative of the function above.
template <class S>
class RateWhileAlive {
 public:
  explicit RateWhileAlive(const Alive<S>& now) : now_(now), shape_(now.shape + S(1.0)) {}

  S operator()(double t) {
    const S y = S(t) / now_.rate;
    const S first = now_.shape / now_.rate;
    if (terms_needed(value_of(shape_), value_of(y)) <= most_terms) return first * series(t, y);
    if (!law_) law_.emplace(now_.a, now_.b, value_of(shape_) * 1e12);
    return first * law_->mean_power(y, shape_);
  }

 private:
  /// E[(1 + y p)^-shape], its positive series.
  S series(double t, const S& y) const {
    const S z = S(t) / (now_.rate + S(t));
    const S both = now_.a + now_.b;
    double scale = 0;
    S term(1.0);
    S sum(1.0);
    for (int i = 1;; ++i) {
      const double k = i;
      term *= (shape_ + S(k - 1)) * (now_.b + S(k - 1)) / (both + S(k - 1)) * z * S(1 / k);
      sum += term;
      if (i % check_every != 0) continue;
      if (value_of(sum) > 1e200) {
        term *= S(1e-200);
        sum *= S(1e-200);
        scale += 200 * 2.30258509299404568402;
      }
      const double fall = 1 - (value_of(shape_) + k) / (k + 1) * value_of(z);
      if (fall > 0 && value_of(term) < 1e-17 * fall * value_of(sum)) break;
    }
    return exp(S(scale) - shape_ * log1p(y)) * sum;
  }

  Alive<S> now_;
  S shape_;
  std::optional<DropoutLaw<S>> law_;  // made where it is first needed
};

/// The integral of the rate over 0..horizon, discounted by e^(-force t).
template <class S>
S discounted_while_alive(const Alive<S>& now, double force, double horizon) {
  if (force == 0) return purchases_while_alive(now, horizon);
  const double scale = value_of(now.rate);
  const double shape = value_of(now.shape) + 1;
  const double share = value_of(now.a) / value_of(now.a + now.b);
  RateWhileAlive<S> rate(now);
  return falling_integral<S>(
      horizon, scale, [&](double t) { return S(std::exp(-force * t)) * rate(t); },
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
  S log_odds_gone(const CustomerHistory& h) const {
    const double chances = h.x + at_once - 1;  // after the last purchase, the others survived
    if (chances < 0) return S(-std::numeric_limits<double>::infinity());
    const S quiet = (r + S(h.x)) * log1p(S(h.T - h.t_x) / (alpha + S(h.t_x)));
    return log(a / (b + S(chances))) + quiet;
  }

  S log_likelihood(const CustomerHistory& h) const {
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

  Odds<S> alive(const CustomerHistory& h) const {
    if (h.x + at_once < 1) return {S(1.0), S(0.0)};
    return odds(log_odds_gone(h));
  }

  S p_no_purchase(const CustomerHistory& h, double horizon) const {
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
