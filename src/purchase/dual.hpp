// SPDX-License-Identifier: MIT
/// \file
/// Numbers that carry their derivatives by the four parameters of a model, so that a formula is written once and gives
/// its value (S = double) or its value and gradient (S = Dual).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <loyalty/core/error.hpp>
#include <loyalty/math/log_mean.hpp>
#include <loyalty/purchase/estimate.hpp>

namespace loyalty::purchase {

struct Dual {
  double value = 0;
  Gradient d{};

  constexpr Dual() = default;
  constexpr Dual(double constant) noexcept
      : value(constant) {}  // NOLINT(google-explicit-constructor)
  constexpr Dual(double of, const Gradient& by) noexcept : value(of), d(by) {}
  /// The parameter of a number.
  static constexpr Dual parameter(double of, std::size_t number) noexcept {
    Dual made(of);
    made.d[number] = 1;
    return made;
  }

  Dual& operator*=(const Dual& b) noexcept { return *this = *this * b; }
  Dual& operator+=(const Dual& b) noexcept {
    value += b.value;
    for (std::size_t i = 0; i < d.size(); ++i) d[i] += b.d[i];
    return *this;
  }
  /// A function of x: its value, and its derivative times that of x.
  static Dual chain(const Dual& x, double value, double slope) noexcept {
    Dual made(value);
    for (std::size_t i = 0; i < made.d.size(); ++i) made.d[i] = slope * x.d[i];
    return made;
  }

  friend Dual operator-(const Dual& a) noexcept { return chain(a, -a.value, -1); }
  friend Dual operator+(Dual a, const Dual& b) noexcept { return a += b; }
  friend Dual operator-(const Dual& a, const Dual& b) noexcept { return a + -b; }
  friend Dual operator*(const Dual& a, const Dual& b) noexcept {
    Dual made(a.value * b.value);
    for (std::size_t i = 0; i < made.d.size(); ++i) made.d[i] = a.value * b.d[i] + a.d[i] * b.value;
    return made;
  }
  friend Dual operator/(const Dual& a, const Dual& b) noexcept {
    Dual made(a.value / b.value);
    for (std::size_t i = 0; i < made.d.size(); ++i)
      made.d[i] = (a.d[i] - made.value * b.d[i]) / b.value;
    return made;
  }
};

inline double value_of(double x) noexcept { return x; }
inline double value_of(const Dual& x) noexcept { return x.value; }
inline Gradient gradient_of(double) noexcept { return {}; }
inline Gradient gradient_of(const Dual& x) noexcept { return x.d; }

inline Dual exp(const Dual& x) noexcept {
  const double e = std::exp(x.value);
  return Dual::chain(x, e, e);
}
inline Dual log(const Dual& x) noexcept { return Dual::chain(x, std::log(x.value), 1 / x.value); }
inline Dual log1p(const Dual& x) noexcept {
  return Dual::chain(x, std::log1p(x.value), 1 / (1 + x.value));
}
inline Dual expm1(const Dual& x) noexcept {
  return Dual::chain(x, std::expm1(x.value), std::exp(x.value));
}
using std::exp;
using std::expm1;
using std::log;
using std::log1p;

/// 1/(1 + e^x) and 1/(1 + e^-x), neither by a difference.
template <class S>
struct Odds {
  S below;
  S above;
};
template <class S>
Odds<S> odds(const S& x) {
  const double e = std::exp(-std::abs(value_of(x)));
  const double small = e / (1 + e);
  const double large = 1 / (1 + e);
  const bool up = value_of(x) > 0;
  if constexpr (std::is_same_v<S, double>) {
    return {up ? small : large, up ? large : small};
  } else {
    const double slope = small * large;
    return {Dual::chain(x, up ? small : large, -slope), Dual::chain(x, up ? large : small, slope)};
  }
}

/// Throws PolicyError for an endless sum that nothing discounts.
inline void require_end(double force, double horizon) {
  if (!(force > 0) && std::isinf(horizon))
    throw PolicyError(
        "purchases that nothing discounts have no end: give a horizon, or a rate above 0");
}

/// (e^x - 1)/x, 1 at 0.
inline double expm1_ratio(double x) noexcept { return math::expm1_ratio(x); }
inline Dual expm1_ratio(const Dual& x) noexcept {
  const double ratio = math::expm1_ratio(x.value);
  // The derivative is 1/2 + x/3 + x^2/8 + ..., the sum of x^k / (k! (k + 2)).
  double slope = 0;
  if (std::abs(x.value) < 0.5) {
    double power = 1;
    for (int k = 0; k < 16; ++k) {
      slope += power / (k + 2);
      power *= x.value / (k + 1);
    }
  } else {
    slope = (std::exp(x.value) - ratio) / x.value;
  }
  return Dual::chain(x, ratio, slope);
}

}  // namespace loyalty::purchase
