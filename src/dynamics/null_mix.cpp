// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/null_mix.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <loyalty/core/error.hpp>

#include "dynamics/check.hpp"

namespace loyalty {
namespace {

/// A share as sentences show it.
std::string percent(double share) {
  const auto tenths = static_cast<int>(std::lround(1000 * share));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

/// k ln(1 + mean/k), which grows in k from 0 to the mean.
double exponent(double k, double mean) { return k * std::log1p(mean / k); }

/// ln(1 + x) - x / (1 + x), x >= 0; without cancellation for small x.
double log_gap(double x) {
  if (x > 1e-3) return std::log1p(x) - x / (1 + x);
  return x * x * (0.5 - x * (2.0 / 3 - x * (0.75 - x * 0.8)));
}

double solve_k(double target, double mean) {
  // In ln k: bisection, which needs no luck.
  double low = -700;
  double high = 700;
  for (int i = 0; i < 200 && high - low > 1e-16 * std::abs(low + high); ++i) {
    const double middle = 0.5 * (low + high);
    (exponent(std::exp(middle), mean) < target ? low : high) = middle;
  }
  double k = std::exp(0.5 * (low + high));
  for (int i = 0; i < 3; ++i) {  // the last digits
    const double step = (exponent(k, mean) - target) / log_gap(mean / k);
    if (std::abs(step) < 1e-6 * k) k -= step;
  }
  return k;
}

/// A share and its slopes in penetration and mean.
struct Sloped {
  double value = 0;
  double by_penetration = 0;
  double by_mean = 0;
};

/// Shares of 0, 1, .., most - 1 and of `most` or more purchases.
std::vector<Sloped> shares_of(double penetration, double mean, std::optional<double> k, int most) {
  std::vector<Sloped> shares;
  Sloped rest{1, 0, 0};
  double share = k ? 1 - penetration : std::exp(-mean);
  double digamma_gap = 0;  // psi(k + r) - psi(k)
  for (int r = 0; r < most; ++r) {
    Sloped s{share, 0, 0};
    if (k) {
      const double by_k = share * (digamma_gap - std::log1p(mean / *k) + (mean - r) / (mean + *k));
      const double slope_k = log_gap(mean / *k);
      const double k_by_penetration = 1 / (1 - penetration) / slope_k;
      const double k_by_mean = -*k / (*k + mean) / slope_k;
      s.by_penetration = by_k * k_by_penetration;
      s.by_mean = share * (r / mean - (r + *k) / (mean + *k)) + by_k * k_by_mean;
      digamma_gap += 1 / (*k + r);
      share *= (*k + r) / (r + 1) * (mean / (mean + *k));
    } else {
      s.by_mean = share * (r / mean - 1);
      share *= mean / (r + 1);
    }
    rest.value -= s.value;
    rest.by_penetration -= s.by_penetration;
    rest.by_mean -= s.by_mean;
    shares.push_back(s);
  }
  rest.value = std::max(rest.value, 0.0);
  shares.push_back(rest);
  return shares;
}

/// `variance`: of one relationship's purchases; where it is not known, that of the law.
NullMix fitted(double penetration, double mean, int most, double relationships,
               std::optional<double> variance) {
  if (!(penetration >= 0 && penetration <= 1))
    throw PolicyError("penetration = " + detail::shown(penetration) + ": allowed is 0 to 1");
  if (!(mean >= penetration && std::isfinite(mean)))
    throw PolicyError("mean = " + detail::shown(mean) + ": needs at least the penetration, " +
                      detail::shown(penetration) + ", since who bought did so once or more");
  if (most < 2 || most > 10000)
    throw PolicyError("most = " + std::to_string(most) + ": allowed is 2 to 10000");
  NullMix out;
  out.relationships = relationships;
  out.penetration = penetration;
  out.mean = mean;
  if (penetration == 0) {
    out.status.sentence = "Nobody bought in the period.";
    return out;
  }
  if (penetration == 1) {
    out.status.end = FitEnd::not_identified;
    out.status.sentence =
        "Everybody bought in the period, so that nothing tells how many would not have: take a "
        "shorter one.";
    return out;
  }
  const double target = -std::log1p(-penetration);
  if (target < mean * (1 - 1e-9)) {
    out.k = solve_k(target, mean);
    out.status.end = FitEnd::converged;
    out.status.sentence = "The negative binomial law has this penetration and mean.";
  } else {
    out.status.end = FitEnd::boundary;
    out.status.sentence =
        "Purchases are spread as evenly as by chance alone, or more: no negative binomial law does "
        "that; shown is the "
        "Poisson law of the mean.";
  }
  double by_penetration = 0;
  double by_mean = 0;
  double both = 0;
  if (relationships > 0) {
    by_penetration = penetration * (1 - penetration) / relationships;
    by_mean = variance.value_or(mean + (out.k ? mean * mean / *out.k : 0)) / relationships;
    both = mean * (1 - penetration) / relationships;
  }
  const auto estimate = [&](const Sloped& s) {
    return share_estimate(s.value, s.by_penetration * s.by_penetration * by_penetration +
                                       s.by_mean * s.by_mean * by_mean +
                                       2 * s.by_penetration * s.by_mean * both);
  };
  const std::vector<Sloped> shares = shares_of(penetration, mean, out.k, most);
  for (const Sloped& s : shares) out.expected.push_back(estimate(s));
  const std::vector<Sloped> rungs = shares_of(penetration, mean, out.k, 2);
  for (const Sloped& s : rungs) out.rungs.push_back(estimate(s));
  const double bought = 1 - rungs[0].value;
  const double again = rungs[2].value / bought;
  out.repeaters =
      estimate({again, (rungs[2].by_penetration + again * rungs[0].by_penetration) / bought,
                (rungs[2].by_mean + again * rungs[0].by_mean) / bought});
  return out;
}

}  // namespace

NullMix null_mix(double penetration, double mean, int most, double relationships) {
  if (!(relationships >= 0 && std::isfinite(relationships)))
    throw PolicyError("relationships = " + detail::shown(relationships) + ": needs 0 or more");
  return fitted(penetration, mean, most, relationships, std::nullopt);
}

NullMix null_mix(std::span<const std::int64_t> counts, int most, double least) {
  double all = 0;
  double sum = 0;
  double squares = 0;
  for (std::size_t r = 0; r < counts.size(); ++r) {
    if (counts[r] < 0)
      throw PolicyError("relationships with " + std::to_string(r) + " purchases: " +
                        std::to_string(counts[r]) + " is not allowed; needs 0 or more");
    const auto n = static_cast<double>(counts[r]);
    const auto x = static_cast<double>(r);
    all += n;
    sum += n * x;
    squares += n * x * x;
  }
  const double bought = counts.empty() ? 0 : all - static_cast<double>(counts[0]);
  NullMix out;
  out.relationships = all;
  if (all > 0) {
    out.penetration = bought / all;
    out.mean = sum / all;
  }
  if (bought < least) {
    out.status.end = FitEnd::too_little_data;
    out.status.sentence = "Only " + detail::shown_count(bought) + " of " +
                          detail::shown_count(all) +
                          " relationships bought in the period; at least " +
                          detail::shown_count(least) + " are needed.";
    return out;
  }
  out = fitted(out.penetration, out.mean, most, all, squares / all - out.mean * out.mean);
  if (out.expected.empty()) return out;
  out.observed.assign(out.expected.size(), 0);
  out.observed_rungs.assign(3, 0);
  for (std::size_t r = 0; r < counts.size(); ++r) {
    const double share = static_cast<double>(counts[r]) / all;
    out.observed[std::min(r, out.observed.size() - 1)] += share;
    out.observed_rungs[std::min<std::size_t>(r, 2)] += share;
  }
  // What one relationship adds to the difference: [x >= 2] less the slopes of the law times [x >= 1] and x.
  const Sloped law = shares_of(out.penetration, out.mean, out.k, 2)[2];
  const auto part = [&](std::size_t x) {
    return (x >= 2 ? 1 : 0) - law.by_penetration * (x >= 1 ? 1 : 0) -
           law.by_mean * static_cast<double>(x);
  };
  double middle = 0;
  for (std::size_t x = 0; x < counts.size(); ++x)
    middle += static_cast<double>(counts[x]) / all * part(x);
  double spread = 0;
  for (std::size_t x = 0; x < counts.size(); ++x)
    spread += static_cast<double>(counts[x]) / all * std::pow(part(x) - middle, 2);
  out.surplus = real_estimate(out.observed_rungs[2] - law.value, spread / all);
  const std::string seen = percent(out.observed_rungs[2]) + " were seen to buy twice or more, " +
                           percent(law.value) + " are expected.";
  out.status.sentence += out.surplus->low > 0    ? " More buy again than by it: " + seen
                         : out.surplus->high < 0 ? " Fewer buy again than by it: " + seen
                                                 : " The counts say no more than it: " + seen;
  return out;
}

}  // namespace loyalty
