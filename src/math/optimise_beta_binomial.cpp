// SPDX-License-Identifier: MIT
#include <loyalty/math/optimise_beta_binomial.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include <loyalty/math/log_rising.hpp>

#include "math/prior_search.hpp"

namespace loyalty {
namespace {

PairSlopes likelihood_of(std::span<const SharedEvidence> all, double a, double b, bool slopes) {
  PairSlopes sum;
  for (const SharedEvidence& e : all) {
    sum.value += e.count * log_beta_binomial(a, b, e.first, e.second);
    if (!slopes) continue;
    const auto good = math::rising_slopes(a, e.first);
    const auto bad = math::rising_slopes(b, e.second);
    const auto both = math::rising_slopes(a + b, e.first + e.second);
    sum.by_first += e.count * (good.first - both.first);
    sum.by_second += e.count * (bad.first - both.first);
    sum.by_first_twice += e.count * (good.second - both.second);
    sum.by_second_twice += e.count * (bad.second - both.second);
    sum.by_both -= e.count * both.second;
  }
  return sum;
}

/// J. Kleinman, Proportions with extraneous variance: single and independent samples, JASA 68 (1973).
void start_by_moments(std::span<const SharedEvidence> all, double share, const PriorBounds& bounds,
                      PriorFit& fit) {
  double count = 0;
  double total = 0;
  double squares = 0;
  double spread = 0;
  for (const SharedEvidence& e : all) {
    const double n = e.first + e.second;
    const double away = e.first / n - share;
    count += e.count;
    total += e.count * n;
    squares += e.count * n * n;
    spread += e.count * n * away * away;
  }
  const double chance = share * (1 - share);
  const double room = total - squares / total - (count - 1);
  double alike = (spread - chance * (count - 1)) / (chance * room);  // 1/(a + b + 1)
  if (!(room > 0) || !(alike > 1e-4)) alike = 1e-4;
  const double weight = 1 / std::min(alike, 0.99) - 1;
  fit.start_first = std::clamp(share * weight, bounds.low, bounds.high);
  fit.start_second = std::clamp((1 - share) * weight, bounds.low, bounds.high);
}

}  // namespace

double log_beta_binomial(double a, double b, double good, double bad) noexcept {
  return (math::log_rising(a, good) + math::log_rising(b, bad)) -
         math::log_rising(a + b, good + bad);
}

bool begin_shares(std::span<const SharedEvidence> all, const PriorBounds& bounds, PriorFit& fit) {
  double goods = 0;
  double bads = 0;
  for (const SharedEvidence& e : all) {
    fit.used += static_cast<std::int64_t>(e.count);
    goods += e.count * e.first;
    bads += e.count * e.second;
  }
  if (fit.used < 2) {
    fit.status.end = FitEnd::too_little_data;
    fit.status.sentence = fit.used == 0 ? "No relationship has any outcome; two are the least."
                                        : "One relationship has outcomes; two are the least.";
    return false;
  }
  fit.mean.value = goods / (goods + bads);
  if (goods == 0 || bads == 0) {
    fit.status.end = FitEnd::not_identified;
    fit.status.sentence =
        bads == 0 ? "No outcome speaks against: how rare such outcomes are cannot be told."
                  : "No outcome speaks in favour: how rare such outcomes are cannot be told.";
    return false;
  }
  start_by_moments(all, fit.mean.value, bounds, fit);
  return true;
}

PriorFit fit_beta_binomial(std::span<const double> good, std::span<const double> bad,
                           const PriorBounds& bounds) {
  assert(good.size() == bad.size());
  const auto all = share_evidence(good, bad, [](double k, double l) { return !(k + l > 0); });
  PriorFit fit;
  if (begin_shares(all, bounds, fit))
    search_prior({[&](double a, double b, bool slopes) { return likelihood_of(all, a, b, slopes); },
                  true, "shares"},
                 bounds, fit);
  return fit;
}

}  // namespace loyalty
