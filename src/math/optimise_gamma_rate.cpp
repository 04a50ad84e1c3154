// SPDX-License-Identifier: MIT
#include <loyalty/math/optimise_gamma_rate.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include <loyalty/math/log_rising.hpp>

#include "math/prior_search.hpp"

namespace loyalty {
namespace {

PairSlopes likelihood_of(std::span<const SharedEvidence> all, double shape, double rate,
                         bool slopes) {
  PairSlopes sum;
  for (const SharedEvidence& e : all) {
    sum.value += e.count * log_gamma_rate(shape, rate, e.first, e.second);
    if (!slopes) continue;
    const auto rising = math::rising_slopes(shape, e.first);
    const double after = rate + e.second;
    const double events = shape + e.first;
    sum.by_first += e.count * (rising.first - std::log1p(e.second / rate));
    sum.by_first_twice += e.count * rising.second;
    // shape/rate - events/after, and its slope, without cancellation where the rate is large.
    sum.by_second += e.count * ((shape * e.second - e.first * rate) / (rate * after));
    sum.by_both += e.count * (e.second / (rate * after));
    sum.by_second_twice += e.count * (events / (after * after) - shape / (rate * rate));
  }
  return sum;
}

void start_by_moments(std::span<const SharedEvidence> all, double mean, const PriorBounds& bounds,
                      PriorFit& fit) {
  double spread = 0;
  double squares = 0;
  for (const SharedEvidence& e : all) {
    const double away = e.first - mean * e.second;
    spread += e.count * (away * away - mean * e.second);
    squares += e.count * e.second * e.second;
  }
  const double variance = std::max(spread / squares, 1e-4 * mean * mean);
  fit.start_first = std::clamp(mean * mean / variance, bounds.low, bounds.high);
  fit.start_second = std::clamp(mean / variance, bounds.low, bounds.high);
}

}  // namespace

double log_gamma_rate(double shape, double rate, double events, double exposure) noexcept {
  return (math::log_rising(shape, events) - events * std::log(rate + exposure)) -
         shape * std::log1p(exposure / rate);
}

bool begin_rates(std::span<const SharedEvidence> all, const PriorBounds& bounds, PriorFit& fit) {
  double count = 0;
  double total = 0;
  for (const SharedEvidence& e : all) {
    fit.used += static_cast<std::int64_t>(e.count);
    count += e.count * e.first;
    total += e.count * e.second;
  }
  if (fit.used < 2) {
    fit.status.end = FitEnd::too_little_data;
    fit.status.sentence = fit.used == 0 ? "No relationship has been observed; two are the least."
                                        : "One relationship has been observed; two are the least.";
    return false;
  }
  fit.mean.value = count / total;
  if (count == 0) {
    fit.status.end = FitEnd::not_identified;
    fit.status.sentence = "Nothing happened in all that time: how rare it is cannot be told.";
    return false;
  }
  start_by_moments(all, fit.mean.value, bounds, fit);
  return true;
}

PriorFit fit_gamma_rate(std::span<const double> events, std::span<const double> exposure,
                        const PriorBounds& bounds) {
  assert(events.size() == exposure.size());
  const auto all = share_evidence(events, exposure, [](double, double x) { return !(x > 0); });
  PriorFit fit;
  if (begin_rates(all, bounds, fit))
    search_prior({[&](double a, double b, bool slopes) { return likelihood_of(all, a, b, slopes); },
                  false, "rates"},
                 bounds, fit);
  return fit;
}

}  // namespace loyalty
