// SPDX-License-Identifier: MIT
/// \file
/// Likelihood of the Pareto/NBD model with first and second derivatives.
#pragma once

#include <array>
#include <cmath>

#include <loyalty/math/log_rising.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

#include "purchase/dropout_integral.hpp"
#include "purchase/dual.hpp"

namespace loyalty::purchase {

/// Second derivatives by the four parameters, symmetric.
using Hessian = std::array<std::array<double, 4>, 4>;

/// How far the time since the last purchase reaches: ln((alpha + T)/(alpha + t_x)), and the same of beta.
struct QuietLogs {
  double a = 0;
  double b = 0;
  QuietLogs(double by_alpha, double by_beta) noexcept : a(by_alpha), b(by_beta) {}
  QuietLogs(const ParetoNBD& m, const CustomerHistory& h) noexcept
      : a(std::log1p((h.T - h.t_x) / (m.alpha + h.t_x))),
        b(std::log1p((h.T - h.t_x) / (m.beta + h.t_x))) {}
};

/// A customer is alive at T or dropped out at some time since t_x. Both masses are told relative to
/// (alpha + t_x)^-(r + x) (beta + t_x)^-s.
struct TwoFates {
  QuietLogs quiet;
  double log_alive = 0;  ///< of the first mass
  double gone = 0;       ///< the second
  double log_sum = 0;    ///< of both
  double share_gone = 0;
  DropoutMoments moments;

  TwoFates(const ParetoNBD& m, const CustomerHistory& h, Moments wanted) noexcept
      : TwoFates(m, h, QuietLogs(m, h), wanted) {}
  TwoFates(const ParetoNBD& m, const CustomerHistory& h, const QuietLogs& logs,
           Moments wanted) noexcept
      : quiet(logs) {
    const double A = m.alpha + h.t_x;
    const double B = m.beta + h.t_x;
    log_alive = -(m.r + h.x) * quiet.a - m.s * quiet.b;
    moments = dropout_integral(m.r + h.x, A, m.s + 1, B, A <= B ? quiet.a : quiet.b, wanted);
    gone = m.s / B * moments.mass;
    const double alive = std::exp(log_alive);
    log_sum = std::log(alive + gone);
    share_gone = gone / (alive + gone);
  }
};

/// Derivatives of the logarithms of the two masses: of the one at T, and the mean over the others.
struct FateSlopes {
  Gradient stay;
  Gradient leave;

  FateSlopes(const ParetoNBD& m, const CustomerHistory& at, const TwoFates& fates) noexcept {
    const double A = m.alpha + at.t_x;
    const double B = m.beta + at.t_x;
    const double span = at.T - at.t_x;
    const double R = m.r + at.x;
    const auto& mean = fates.moments.mean;
    stay = {-fates.quiet.a, R / A * (span / (m.alpha + at.T)), -fates.quiet.b,
            m.s / B * (span / (m.beta + at.T))};
    leave = {-mean[0], R / A * mean[2], 1 / m.s - mean[1], (-1 + (m.s + 1) * mean[3]) / B};
  }
};

/// Derivatives of log_sum, added to `g` and, where given, `h`.
inline void add_derivatives(const ParetoNBD& m, const CustomerHistory& at, const TwoFates& fates,
                            Gradient& g, Hessian* h) noexcept {
  const double gone = fates.share_gone;
  const double here = 1 - gone;
  const auto [stay, leave] = FateSlopes(m, at, fates);
  for (std::size_t i = 0; i < 4; ++i) g[i] += gone * leave[i] + here * stay[i];
  if (h == nullptr) return;
  const double A = m.alpha + at.t_x;
  const double B = m.beta + at.t_x;
  const double R = m.r + at.x;
  const double share_a = (at.T - at.t_x) / (m.alpha + at.T);
  const double share_b = (at.T - at.t_x) / (m.beta + at.T);
  const auto& mean = fates.moments.mean;
  const auto& c = fates.moments.covariance;
  // How each derivative moves with the four quantities.
  const double factor[4] = {-1, R / A, -1, (m.s + 1) / B};
  const std::size_t quantity[4] = {0, 2, 1, 3};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      (*h)[i][j] += gone * (here * (leave[i] - stay[i]) * (leave[j] - stay[j]) +
                            factor[i] * factor[j] * c[quantity[i]][quantity[j]]);
    }
  // Means of the second derivatives themselves; 1 - (1 - p)^2 = p (2 - p).
  const double square_a = 2 * mean[2] - (c[2][2] + mean[2] * mean[2]);
  const double square_b = 2 * mean[3] - (c[3][3] + mean[3] * mean[3]);
  const double r_alpha = (gone * mean[2] + here * share_a) / A;
  const double s_beta = (gone * mean[3] + here * share_b) / B;
  (*h)[0][1] += r_alpha;
  (*h)[1][0] += r_alpha;
  (*h)[1][1] -= R / (A * A) * (gone * square_a + here * share_a * (2 - share_a));
  (*h)[2][2] -= gone / (m.s * m.s);
  (*h)[2][3] += s_beta;
  (*h)[3][2] += s_beta;
  (*h)[3][3] +=
      (gone * (1 - (m.s + 1) * square_b) - here * m.s * share_b * (2 - share_b)) / (B * B);
}

/// Logarithms that a customer's likelihood consists of: ln((alpha + t_x)/alpha), the same of beta, and those above.
struct ParetoLogs {
  double a;
  double b;
  QuietLogs quiet;
};

/// ln of the likelihood but for Gamma(r + x)/Gamma(r): value, and derivatives added where wanted.
inline double log_likelihood_of(const ParetoNBD& m, const CustomerHistory& at,
                                const ParetoLogs& logs, Gradient* g, Hessian* h) noexcept {
  const double A = m.alpha + at.t_x;
  const double B = m.beta + at.t_x;
  const TwoFates fates(m, at, logs.quiet, g == nullptr ? Moments::mass : Moments::all);
  if (g != nullptr) {
    add_derivatives(m, at, fates, *g, h);
    (*g)[0] -= logs.a;
    (*g)[1] += (m.r * at.t_x - at.x * m.alpha) / (m.alpha * A);
    (*g)[2] -= logs.b;
    (*g)[3] += m.s * at.t_x / (m.beta * B);
  }
  if (h != nullptr) {
    const double r_alpha = at.t_x / (m.alpha * A);
    const double s_beta = at.t_x / (m.beta * B);
    (*h)[0][1] += r_alpha;
    (*h)[1][0] += r_alpha;
    (*h)[1][1] += (m.r + at.x) / (A * A) - m.r / (m.alpha * m.alpha);
    (*h)[2][3] += s_beta;
    (*h)[3][2] += s_beta;
    (*h)[3][3] += m.s / (B * B) - m.s / (m.beta * m.beta);
  }
  return fates.log_sum - m.r * logs.a - at.x * std::log(A) - m.s * logs.b;
}
inline double log_likelihood_of(const ParetoNBD& m, const CustomerHistory& at,
                                Gradient* g) noexcept {
  const ParetoLogs logs{std::log1p(at.t_x / m.alpha), std::log1p(at.t_x / m.beta), {m, at}};
  return log_likelihood_of(m, at, logs, g, nullptr);
}

}  // namespace loyalty::purchase
