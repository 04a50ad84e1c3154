// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <loyalty/core/config.hpp>
#include <loyalty/math/optimise_prior.hpp>

namespace loyalty {

/// ln of Gamma(A + events)/Gamma(A) B^A/(B + exposure)^(A + events): the log-density of events in an exposure whose
/// rate is Gamma(shape A, rate B), also where the exposure ended without one. Real-valued evidence >= 0; A, B > 0.
/// O(1).
[[nodiscard]] double log_gamma_rate(double shape, double rate, double events,
                                    double exposure) noexcept;

/// The Gamma prior of rates by maximum marginal likelihood: `events` in `exposure` of each relationship, real-valued
/// (decayed) and >= 0, of equal length; those without exposure say nothing and are not used. Answers are events, their
/// times and the waits of open requests the exposure, in targets. Intervals are Wald's in ln A, ln B, of mean and
/// weight in their logarithms. The start is the method of moments for Poisson counts, var = mean exposure + exposure^2
/// var(rate). The order of relationships changes no bit; another unit of exposure changes B and the mean by its factor.
/// Evidence must be finite, which is not checked. O(n log n + 10 n), about 0.2 us each and step; equal ones are counted
/// together.
[[nodiscard]] PriorFit fit_gamma_rate(std::span<const double> events,
                                      std::span<const double> exposure,
                                      const PriorBounds& bounds = {});

}  // namespace loyalty
