// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <loyalty/core/config.hpp>
#include <loyalty/math/optimise_prior.hpp>

namespace loyalty {

/// ln B(a + good, b + bad) - ln B(a, b): the log-probability of a sequence of outcomes whose rate is Beta(a, b),
/// without the number of orders. Real-valued evidence >= 0 of any size; a, b > 0. Nothing overflows. O(1).
[[nodiscard]] double log_beta_binomial(double a, double b, double good, double bad) noexcept;

/// The Beta prior of shares by maximum marginal likelihood: `good` and `bad` outcomes of each relationship, real-valued
/// and >= 0, of equal length; those without any say nothing and are not used. Counts that have faded vary less than
/// counts of their size, so that their weight comes out too large (`learn` knows how they faded). Intervals are Wald's
/// in ln a, ln b, of the mean in its logit, of the weight in its logarithm. The search starts from the spread of the
/// shares, weighted by their evidence (J. Kleinman, JASA 68, 1973). The order of relationships changes no bit. Evidence
/// must be finite, which is not checked. O(n log n + 10 n), about 0.3 us each and step; equal ones are counted
/// together.
[[nodiscard]] PriorFit fit_beta_binomial(std::span<const double> good, std::span<const double> bad,
                                         const PriorBounds& bounds = {});

}  // namespace loyalty
