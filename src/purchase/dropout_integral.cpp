// SPDX-License-Identifier: MIT
#include "purchase/dropout_integral.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <loyalty/math/branchless.hpp>

#include "purchase/panels.hpp"

namespace loyalty::purchase {
namespace {

constexpr std::size_t lanes = 4;
static_assert(panel_nodes % lanes == 0);

/// The integrand e^(-slow u - steep ln(1 + c (e^u - 1))), u from 0 on. `near` is the base with the smaller scale.
struct Integrand {
  double slow;   ///< exponent of the near base, less 1 for dv = e^u du; may be negative
  double steep;  ///< exponent of the far base
  double c;      ///< ratio of the scales, at most 1
};

// Panels end where the integrand has fallen by e^42, and none falls by more than e^30: exponents are moderate.

/// Sums over nodes of 1, then of four quantities (near log, far log, near share, far share), then of their products.
constexpr std::size_t sum_count = 15;
using Sums = std::array<double, sum_count>;

LOYALTY_FOR_EACH_PROCESSOR
double panel_mass(const Integrand& f, double from, double length) noexcept {
  double mass[panel_nodes];
  for (std::size_t i = 0; i < panel_nodes; ++i) {
    const double u = from + length * panel_at[i];
    const double far = math::log1p_of_positive(f.c * math::expm1_of_moderate(u));
    const double exponent = -f.slow * u - f.steep * far;
    mass[i] = panel_weight[i] * math::exp_of_moderate(exponent);
  }
  double sums[lanes] = {};
  for (std::size_t i = 0; i < panel_nodes; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) sums[k] += mass[i + k];
  return length * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

LOYALTY_FOR_EACH_PROCESSOR
void panel_moments(const Integrand& f, double from, double length, Sums& total) noexcept {
  double mass[panel_nodes];
  double q[4][panel_nodes];
  for (std::size_t i = 0; i < panel_nodes; ++i) {
    const double u = from + length * panel_at[i];
    const double grown = math::expm1_of_moderate(u);
    const double far_grown = f.c * grown;
    const double far = math::log1p_of_positive(far_grown);
    const double exponent = -f.slow * u - f.steep * far;
    mass[i] = panel_weight[i] * math::exp_of_moderate(exponent);
    q[0][i] = u;
    q[1][i] = far;
    q[2][i] = grown / (1 + grown);
    q[3][i] = far_grown / (1 + far_grown);
  }
  double sums[sum_count][lanes] = {};
  for (std::size_t i = 0; i < panel_nodes; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) sums[0][k] += mass[i + k];
    std::size_t at = 5;
    for (std::size_t a = 0; a < 4; ++a) {
      double weighed[lanes];
      for (std::size_t k = 0; k < lanes; ++k) {
        weighed[k] = mass[i + k] * q[a][i + k];
        sums[1 + a][k] += weighed[k];
      }
      for (std::size_t b = a; b < 4; ++b, ++at)
        for (std::size_t k = 0; k < lanes; ++k) sums[at][k] += weighed[k] * q[b][i + k];
    }
  }
  for (std::size_t i = 0; i < sum_count; ++i)
    total[i] += length * ((sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3]));
}

/// Calls panel(from, length) until the end or until e^-42 is left.
template <class Panel>
void for_each_panel(const Integrand& f, double end, const Panel& panel) {
  constexpr double longest = 2.5;
  if (end <= longest && (f.slow + f.steep) * end <= 8) {  // most customers
    panel(0.0, end);
    return;
  }
  const auto fall_to = [&](double u) {
    return f.slow * u + f.steep * std::log1p(f.c * std::expm1(u));
  };
  const auto rate_at = [&](double u) {
    const double grown = f.c * std::exp(u);
    return f.slow + f.steep * grown / (1 - f.c + grown);
  };
  double from = 0;
  double fallen = 0;
  while (from < end && fallen < 42) {
    const double most = 8 + std::clamp(fallen, 0.0, 12.0);
    double length = std::min(longest, end - from);
    const double rate = rate_at(from);
    if (rate * length > most) length = most / rate;
    double reached = fall_to(from + length);
    while (reached - fallen > 1.5 * most) {  // it grows steeper along the way
      length *= 0.5;
      reached = fall_to(from + length);
    }
    panel(from, length);
    from = end - from - length > 0 ? from + length : end;
    fallen = reached;
  }
}

}  // namespace

DropoutMoments dropout_integral(double R, double A, double s_and_1, double B, double end,
                                Moments wanted) noexcept {
  DropoutMoments found;
  if (!(end > 0)) return found;
  const bool by_purchases = A <= B;
  const double near = by_purchases ? A : B;
  const double far = by_purchases ? B : A;
  const Integrand f{(by_purchases ? R : s_and_1) - 1, by_purchases ? s_and_1 : R, near / far};
  if (wanted == Moments::mass) {
    double mass = 0;
    for_each_panel(f, end,
                   [&](double from, double length) { mass += panel_mass(f, from, length); });
    found.mass = near * mass;
    return found;
  }
  Sums sums{};
  for_each_panel(f, end, [&](double from, double length) { panel_moments(f, from, length, sums); });
  found.mass = near * sums[0];
  // In the order near log, far log, near share, far share; the caller's is by purchases first.
  const std::array<std::size_t, 4> order = by_purchases ? std::array<std::size_t, 4>{0, 1, 2, 3}
                                                        : std::array<std::size_t, 4>{1, 0, 3, 2};
  std::array<double, 4> mean{};
  for (std::size_t a = 0; a < 4; ++a) mean[a] = sums[1 + a] / sums[0];
  std::size_t at = 5;
  for (std::size_t a = 0; a < 4; ++a) {
    found.mean[order[a]] = mean[a];
    for (std::size_t b = a; b < 4; ++b, ++at) {
      const double covariance = sums[at] / sums[0] - mean[a] * mean[b];
      found.covariance[order[a]][order[b]] = covariance;
      found.covariance[order[b]][order[a]] = covariance;
    }
  }
  return found;
}

}  // namespace loyalty::purchase
