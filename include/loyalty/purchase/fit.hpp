// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>

#include <loyalty/core/config.hpp>
#include <loyalty/math/fit_status.hpp>
#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/gamma_gamma.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

namespace loyalty::purchase {

/// When a fit is tried, and how far parameters may go.
struct FitOptions {
  double least_customers = 20;  ///< fewer: too_little_data
  double least_repeaters = 5;   ///< customers with a repeat purchase; fewer: too_little_data
  /// Shapes are searched in 1/reach .. reach, rates and v in the same of the mean T and the mean value.
  double reach = 1e6;
};

/// A model fitted by maximum likelihood.
template <class Model>
struct Fit {
  Model model;       ///< with the unit of the histories; meaningless unless status.usable()
  FitStatus status;  ///< how the fit ended, in the names of the model's parameters
  double log_likelihood = 0;
  double customers = 0;  ///< the sum of weights of the rows that were used
  double repeaters = 0;  ///< that of rows with x > 0
  /// Square roots of the diagonal of `covariance`; NaN for a parameter at a bound.
  std::array<double, 4> standard_errors{};
  /// Inverse of the negative Hessian in the natural parameters. 0 in the rows of parameters at a bound, which are held;
  /// NaN where the parameters are not identified.
  Covariance covariance{};

  /// 2 k - 2 ln L, k parameters.
  [[nodiscard]] double aic() const noexcept {
    return 2 * Model::parameter_count - 2 * log_likelihood;
  }
  /// k ln n - 2 ln L, n customers.
  [[nodiscard]] double bic() const noexcept {
    return Model::parameter_count * std::log(customers) - 2 * log_likelihood;
  }
};

/// Fits BGNBD, MBGNBD, ParetoNBD or, to the rows with x > 0, GammaGamma. Newton's method over the logarithms of the
/// parameters with analytic derivatives; equal rows are collapsed and summed in the order of their values, so neither
/// the order of rows nor repetition in place of weights changes a bit, and times are measured in the mean T, so the
/// unit changes nothing but the unit. Where the likelihood is flat along a ridge and as high (to 1e-3) at the bound to
/// which that leads, the fit ends there, at a boundary: that of a model without dropout, say.
/// BG/NBD and MBG/NBD can have two maxima, one with more dropout: the higher is taken, and the sentence tells of another
/// that is lower by less than 2 in ln L.
/// Throws ColumnError, naming row and value, for x that is negative or no whole number, t_x beyond 0..T, x = 0 with
/// t_x > 0, weights below 0, mean values that are not above 0, and what is not finite.
template <class Model>
[[nodiscard]] Fit<Model> fit(const HistoryColumns& histories, const FitOptions& options = {});

}  // namespace loyalty::purchase
