// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

#include <loyalty/core/config.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/math/fit_status.hpp>

namespace loyalty {

/// Where the two numbers of a prior may lie.
struct PriorBounds {
  double low = 0.01;  ///< > 0
  double high = 1e6;  ///< > low
};

/// A prior of two numbers that many relationships teach: the maximum of the probability of all their evidence, each
/// relationship's own rate integrated out (empirical Bayes; H. Robbins 1956, B. Efron and C. Morris, JASA 70, 1975).
struct PriorFit {
  Estimate first;   ///< a of Beta(a, b), shape A of Gamma(A, B)
  Estimate second;  ///< b, or rate B
  Estimate mean;    ///< a/(a + b), or A/B: that of the relationships
  /// How alike they are: a + b, or A. The evidence of so many outcomes counts as much as the prior does.
  Estimate weight;
  double start_first = 0;  ///< by the method of moments, within the bounds
  double start_second = 0;
  double log_likelihood = -std::numeric_limits<double>::infinity();
  std::int64_t used = 0;  ///< relationships with any evidence
  /// `boundary`: they differ by no more than chance, so that any larger weight fits as well; `weight` is then the least
  /// that the data allow, with the mean that fits it best.
  FitStatus status;
};

}  // namespace loyalty
