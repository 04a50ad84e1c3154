// SPDX-License-Identifier: MIT
#include "math/prior_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <loyalty/math/normal.hpp>
#include <loyalty/math/optimise.hpp>

namespace loyalty {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// The likelihood in ln first, ln second.
math::Objective in_logs(const PriorLikelihood& likelihood) {
  return [&likelihood](const VectorXd& x, VectorXd* gradient, MatrixXd* hessian) {
    const double a = std::exp(x[0]);
    const double b = std::exp(x[1]);
    const PairSlopes s = likelihood.at(a, b, gradient != nullptr || hessian != nullptr);
    if (gradient != nullptr) {
      gradient->resize(2);
      *gradient << a * s.by_first, b * s.by_second;
    }
    if (hessian != nullptr) {
      hessian->resize(2, 2);
      *hessian << a * (a * s.by_first_twice + s.by_first), a * b * s.by_both, a * b * s.by_both,
          b * (b * s.by_second_twice + s.by_second);
    }
    return s.value;
  };
}

/// Priors of one weight, by the logarithm u of the ratio of their numbers.
struct AtWeight {
  const PriorLikelihood& likelihood;
  const PriorBounds& bounds;

  double first(double weight, double u) const noexcept {
    return likelihood.beta ? weight / (1 + std::exp(-u)) : weight;
  }
  double second(double weight, double u) const noexcept {
    return likelihood.beta ? weight / (1 + std::exp(u)) : weight * std::exp(-u);
  }

  /// The best of them near a guess: u, its likelihood, and the curvature there, by Newton's method.
  struct Best {
    double u;
    double value;
    double curvature;  ///< > 0
  };
  Best best(double weight, double guess) const {
    constexpr int most_steps = 50;
    Best found{guess, -infinity, 1};
    for (int step = 0; step < most_steps; ++step) {
      const double a = first(weight, found.u);
      const double b = second(weight, found.u);
      const PairSlopes s = likelihood.at(a, b, true);
      // The numbers move with u: at a + b = weight by ab/weight up and down, else the second alone.
      double slope = -b * s.by_second;
      double bend = b * (b * s.by_second_twice + s.by_second);
      if (likelihood.beta) {
        const double rate = a * (b / weight);
        slope = rate * (s.by_first - s.by_second);
        bend = rate * rate * (s.by_first_twice - 2 * s.by_both + s.by_second_twice) +
               slope * (b - a) / weight;
      }
      found.value = s.value;
      found.curvature = std::max(-bend, 1e-12);
      const double move = std::clamp(slope / found.curvature, -1.0, 1.0);
      if (std::abs(move) < 1e-9) break;
      found.u += move;
    }
    return found;
  }
};

math::Maximum maximum_of(const PriorLikelihood& likelihood, const PriorBounds& bounds, double first,
                         double second, double tolerance) {
  VectorXd start(2);
  start << std::log(first), std::log(second);
  math::OptimiseOptions options;
  options.low = VectorXd::Constant(2, std::log(bounds.low));
  options.high = VectorXd::Constant(2, std::log(bounds.high));
  options.tolerance = tolerance;
  return math::maximise(in_logs(likelihood), start, options);
}

/// Of the logarithms, at a maximum inside the bounds.
MatrixXd covariance_of(const PriorLikelihood& likelihood, const math::Maximum& best,
                       std::int64_t relationships) {
  if (!likelihood.spread) return best.covariance;
  const double a = std::exp(best.x[0]);
  const double b = std::exp(best.x[1]);
  const PairSpread s = likelihood.spread(a, b);
  MatrixXd spread(2, 2);
  spread << a * a * s.first_twice, a * b * s.both, a * b * s.both, b * b * s.second_twice;
  const auto n = static_cast<double>(relationships);
  return n / (n - 1) * (best.covariance * spread * best.covariance);
}

double exponential(double x) { return std::exp(x); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// A number whose logarithm, or logit, is estimated with a variance.
Estimate around(double centre, double variance, double (*back)(double)) {
  const double sd = std::sqrt(variance);
  const double half = math::normal_95 * sd;
  const double value = back(centre);
  const double slope = back == logistic ? value * (1 - value) : value;
  return {value, slope * sd, back(centre - half), back(centre + half)};
}

void take_intervals(const MatrixXd& c, const VectorXd& x, bool beta, PriorFit& fit) {
  const double a = fit.first.value;
  const double b = fit.second.value;
  fit.first = around(x[0], c(0, 0), exponential);
  fit.second = around(x[1], c(1, 1), exponential);
  const double ratio = std::max(0.0, c(0, 0) + c(1, 1) - 2 * c(0, 1));
  fit.mean = around(x[0] - x[1], ratio, beta ? logistic : exponential);
  if (!beta) {
    fit.weight = fit.first;
    return;
  }
  const double pa = a / (a + b);
  const double pb = b / (a + b);
  fit.weight = around(std::log(a + b),
                      pa * pa * c(0, 0) + pb * pb * c(1, 1) + 2 * pa * pb * c(0, 1), exponential);
}

/// The relationships do not differ beyond chance, or the data cannot tell: the least weight that they allow, if any.
void take_least_weight(const PriorLikelihood& likelihood, const PriorBounds& bounds, double best,
                       double guess, PriorFit& fit) {
  const AtWeight at{likelihood, bounds};
  // No number of a prior leaves its bounds.
  const auto within = [&](double weight, double u) {
    const double least = std::min(at.first(weight, u), at.second(weight, u));
    const double most = std::max(at.first(weight, u), at.second(weight, u));
    return least >= bounds.low && most <= bounds.high;
  };
  double high = std::log(bounds.high) + (likelihood.beta ? std::log(2.0) : 0);
  double u = guess;
  while (high > std::log(bounds.low) && !within(std::exp(high), u)) high -= 0.5;
  double low = std::log(bounds.low);
  const auto fits = [&](double log_weight) {
    const AtWeight::Best found = at.best(std::exp(log_weight), u);
    u = found.u;
    return best - found.value < math::likelihood_drop_95;
  };
  while (high - low > 1e-3) {
    const double middle = (low + high) / 2;
    (fits(middle) ? high : low) = middle;
  }
  const double weight = std::exp(high);
  const auto [where, value, curvature] = at.best(weight, u);
  fit.log_likelihood = value;
  const double a = at.first(weight, where);
  const double b = at.second(weight, where);
  if (low < std::log(bounds.low) + 0.01 || !within(weight, where)) {
    fit.first = fit.second = fit.weight = {};
    fit.mean.value = likelihood.beta ? logistic(where) : std::exp(where);
    fit.status.end = FitEnd::not_identified;
    fit.status.sentence = fmt::format("The data do not tell how alike the {} are: any weight fits.",
                                      likelihood.rates);
    return;
  }
  fit.first = {a, unknown, a, infinity};
  fit.second = {b, unknown, b, infinity};
  fit.weight = {weight, unknown, weight, infinity};
  fit.mean = around(where, 1 / curvature, likelihood.beta ? logistic : exponential);
  fit.status.end = FitEnd::boundary;
  fit.status.sentence = fmt::format(
      "The {} differ by no more than chance, so that any weight from {:.3g} on fits; that one is "
      "taken.",
      likelihood.rates, weight);
}

}  // namespace

std::vector<SharedEvidence> share_evidence(std::span<const double> first,
                                           std::span<const double> second,
                                           const std::function<bool(double, double)>& empty) {
  std::vector<SharedEvidence> all;
  all.reserve(first.size());
  for (std::size_t i = 0; i < first.size(); ++i)
    if (!empty(first[i], second[i])) all.push_back({first[i], second[i], 1});
  std::sort(all.begin(), all.end(), [](const SharedEvidence& a, const SharedEvidence& b) {
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].first == all[kept].first && all[i].second == all[kept].second)
      all[kept].count += 1;
    else
      all[++kept] = all[i];
  }
  if (!all.empty()) all.resize(kept + 1);
  return all;
}

double best_prior(const PriorLikelihood& likelihood, const PriorBounds& bounds, double& first,
                  double& second) {
  const math::Maximum best = maximum_of(likelihood, bounds, first, second, 1e-6);
  first = std::exp(best.x[0]);
  second = std::exp(best.x[1]);
  return best.value;
}

void search_prior(const PriorLikelihood& likelihood, const PriorBounds& bounds, PriorFit& fit) {
  const math::Maximum best = maximum_of(likelihood, bounds, fit.start_first, fit.start_second,
                                        math::OptimiseOptions{}.tolerance);
  fit.first.value = std::exp(best.x[0]);
  fit.second.value = std::exp(best.x[1]);
  fit.mean.value = likelihood.beta ? fit.first.value / (fit.first.value + fit.second.value)
                                   : fit.first.value / fit.second.value;
  fit.weight.value = likelihood.beta ? fit.first.value + fit.second.value : fit.first.value;
  fit.log_likelihood = best.value;
  fit.status = best.status;
  switch (best.status.end) {
    case FitEnd::converged:
      take_intervals(covariance_of(likelihood, best, fit.used), best.x, likelihood.beta, fit);
      fit.status.sentence = fmt::format(
          "The {} have a mean of {:.3g} ({:.3g} to {:.3g}), the prior the weight of {:.3g} "
          "outcomes ({:.3g} to {:.3g}).",
          likelihood.rates, fit.mean.value, fit.mean.low, fit.mean.high, fit.weight.value,
          fit.weight.low, fit.weight.high);
      break;
    case FitEnd::boundary:
      if (best.at_high.empty()) {
        fit.status.sentence = fmt::format(
            "The {} are nearly all at one end: a number of the prior lies at its least, {:g}.",
            likelihood.rates, bounds.low);
        break;
      }
      [[fallthrough]];
    case FitEnd::not_identified:
      take_least_weight(likelihood, bounds, best.value, best.x[0] - best.x[1], fit);
      break;
    default:
      break;
  }
}

}  // namespace loyalty
