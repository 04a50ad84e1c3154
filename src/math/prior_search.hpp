// SPDX-License-Identifier: MIT
/// \file
/// The search that priors of two numbers share: what each likelihood brings, and how the fit ends.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <loyalty/math/optimise_prior.hpp>

namespace loyalty {

/// Evidence that several relationships have in common.
struct SharedEvidence {
  double first;   ///< good outcomes, or events
  double second;  ///< bad outcomes, or exposure
  double count;   ///< relationships with it
};

/// The pairs in an order of their own, equal ones together, without those that `empty` calls so.
std::vector<SharedEvidence> share_evidence(std::span<const double> first,
                                           std::span<const double> second,
                                           const std::function<bool(double, double)>& empty);

/// A log-likelihood of two positive numbers with its derivatives by them.
struct PairSlopes {
  double value = 0;
  double by_first = 0;
  double by_second = 0;
  double by_first_twice = 0;
  double by_both = 0;
  double by_second_twice = 0;
};

/// Sums of products of the derivatives that each relationship adds.
struct PairSpread {
  double first_twice = 0;
  double both = 0;
  double second_twice = 0;
};

/// A likelihood of a prior of two numbers.
struct PriorLikelihood {
  /// The value at (first, second), with derivatives where they are asked for.
  std::function<PairSlopes(double first, double second, bool slopes)> at;
  /// Whether the numbers are the shapes of a Beta law; else shape and rate of a Gamma law.
  bool beta = true;
  std::string_view rates;  ///< what the relationships may differ in: "shares", "rates"
  /// Where it is there, intervals hold also where the likelihood is that of another law (H. White, Econometrica 50,
  /// 1982).
  std::function<PairSpread(double first, double second)> spread{};
};

/// Counts, mean and start of a fit by moments; false where it ends before it begins, with the status that says why.
bool begin_shares(std::span<const SharedEvidence> all, const PriorBounds& bounds, PriorFit& fit);
bool begin_rates(std::span<const SharedEvidence> all, const PriorBounds& bounds, PriorFit& fit);

/// The largest likelihood, and where it is, from a start.
double best_prior(const PriorLikelihood& likelihood, const PriorBounds& bounds, double& first,
                  double& second);

/// Maximises from a start within bounds, and judges the end.
void search_prior(const PriorLikelihood& likelihood, const PriorBounds& bounds, PriorFit& fit);

}  // namespace loyalty
