// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log1p_gap.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polynomial.hpp>

namespace loyalty::math {

namespace detail {

/// sqrt(2 pi).
inline constexpr double sqrt_2pi = 2.50662827463100050242;

/// Q(a, x) for a >= 30 and |x - a| <= 0.35 a: N. Temme's uniform expansion, half an erfc and a series in 1/a whose
/// coefficients are functions of eta, eta^2/2 = x/a - 1 - ln(x/a) (A. DiDonato and A. Morris, ACM TOMS 12, 1986, eq. 17),
/// here telescoped to polynomials.
[[nodiscard]] inline double gamma_sf_uniform(double a, double t, double gap) noexcept {
  constexpr std::array<double, 13> c0{
      -0.3333333333333333,   0.08333333333333333,    -0.014814814814816116,
      0.0011574074074070671, 0.000352733686207893,   -0.00017875514395536502,
      3.919262616449489e-05, -2.185453259746189e-06, -1.8539595429622046e-06,
      8.297857180823921e-07, -1.775410050576752e-07, 5.524328783570317e-09,
      1.3243034091140074e-08};
  constexpr std::array<double, 12> c1{
      -0.0018518518518518552,  -0.00347222222222138,  0.002645502645504681,
      -0.0009902263376059854,  0.000205761316613258,  -4.018693179732285e-07,
      -1.8098537220196932e-05, 7.648983340320238e-06, -1.6123911880046913e-06,
      6.329764843113671e-09,   1.409862801059296e-07, -6.33626547872523e-08};
  constexpr std::array<double, 11> c2{
      0.0041335978835980005,   -0.0026813271604931204,  0.000771604938214317,
      2.009387798143882e-06,   -0.00010736652779782392, 5.292345029535163e-05,
      -1.2760760250374956e-05, 3.421871002792871e-08,   1.3737317730598207e-06,
      -6.297797212292102e-07,  1.3462203162204523e-07};
  constexpr std::array<double, 9> c3{
      0.0006494341563449762,  0.00022947209324005377, -0.00046918948282418337,
      0.0002677206603209968,  -7.561863125608128e-05, -2.4021223887381906e-07,
      1.1093704292606401e-05, -5.671105801483264e-06, 1.3459090013228642e-06};
  constexpr std::array<double, 8> c4{-0.0008618882883622384,  0.0007840391383794088,
                                     -0.00029907309949462295, -1.4569772862186005e-06,
                                     6.644053620214598e-05,   -3.982500604366132e-05,
                                     1.1011862127238446e-05,  8.993054636994728e-07};
  constexpr std::array<double, 7> c5{-0.0003367984759189076, -6.972679655094086e-05,
                                     0.00027726026848930895, -0.0001994127343855108,
                                     6.839701493399759e-05,  1.6599672481639724e-06,
                                     -1.6621000127251625e-05};
  constexpr std::array<double, 6> c6{0.0005313070653836848,  -0.0005921536175134345,
                                     0.0002710051302915015,  2.476497507594052e-07,
                                     -8.448448319011692e-05, 6.051049623499173e-05};
  constexpr std::array<double, 4> c7{0.000344560583563768, 5.060261010338304e-05,
                                     -0.0003474235536867919, 0.0002987656890878523};
  constexpr std::array<double, 3> c8{-0.0006527744277174098, 0.0008369031783763092,
                                     -0.00041697602346939835};
  const double eta = std::copysign(std::sqrt(2 * gap), t);
  const double r = 1 / a;
  const std::array<double, 9> series{polynomial(c0, eta), polynomial(c1, eta), polynomial(c2, eta),
                                     polynomial(c3, eta), polynomial(c4, eta), polynomial(c5, eta),
                                     polynomial(c6, eta), polynomial(c7, eta), polynomial(c8, eta)};
  const double exponent = a * gap;
  return 0.5 * std::erfc(std::copysign(std::sqrt(exponent), t)) +
         std::exp(-exponent) * polynomial(series, r) * std::sqrt(r) / sqrt_2pi;
}

/// P(a, x) / (x^a e^-x / Gamma(a)) by its series; about 20 terms where a and x are of order 1.
[[nodiscard]] inline double gamma_series(double a, double x) noexcept {
  constexpr double tolerance = 1e-17;
  double denominator = a;
  double term = 1 / a;
  double sum = term;
  do {
    denominator += 1;
    term *= x / denominator;
    sum += term;
  } while (term > tolerance * sum);
  return sum;
}

/// Q(a, x) / (x^a e^-x / Gamma(a)) by Legendre's continued fraction, forward recurrence.
[[nodiscard]] inline double gamma_fraction(double a, double x) noexcept {
  constexpr double tolerance = 2e-16;
  double numerator_before = 1;
  double denominator_before = 0;
  double numerator = x + 1 - a;
  double denominator = 1;
  for (int step = 1; step < 10000; ++step) {
    const double m = step;
    const double alpha = m * (a - m);
    const double beta = x + (2 * m + 1) - a;
    const double next_numerator = beta * numerator + alpha * numerator_before;
    const double next_denominator = beta * denominator + alpha * denominator_before;
    const double here = next_numerator * denominator;
    const double change = here - numerator * next_denominator;
    numerator_before = numerator;
    denominator_before = denominator;
    numerator = next_numerator;
    denominator = next_denominator;
    if (!(std::abs(change) > tolerance * std::abs(here))) break;
    if (std::abs(denominator) > 0x1p150) {
      numerator_before *= 0x1p-150;
      denominator_before *= 0x1p-150;
      numerator *= 0x1p-150;
      denominator *= 0x1p-150;
    }
  }
  return denominator / numerator;
}

}  // namespace detail

/// Regularised upper incomplete gamma function Q(a, x): the probability that Gamma(a, rate 1) exceeds x; a > 0, 1 for
/// x <= 0. Absolute error below 1e-15, relative below 1e-13; a up to 1e12 loses nothing. About 0.1 us.
[[nodiscard]] inline double gamma_sf(double a, double x) noexcept {
  assert(!(a <= 0));
  if (x <= 0) return 1;
  if (a == 0.5) return std::erfc(std::sqrt(x));
  const double t = (x - a) / a;
  const double gap = log1p_gap(t, x / a);
  if (a >= 30 && std::abs(t) <= 0.35) return detail::gamma_sf_uniform(a, t, gap);
  const double weight = std::sqrt(a) / detail::sqrt_2pi * std::exp(-(a * gap + stirling_error(a)));
  if (!(weight > 0)) return t < 0 ? 1 : weight;
  if (x < a + 1 + std::sqrt(a)) return 1 - weight * detail::gamma_series(a, x);
  return weight * detail::gamma_fraction(a, x);
}

}  // namespace loyalty::math
