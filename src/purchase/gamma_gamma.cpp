// SPDX-License-Identifier: MIT
#include <loyalty/purchase/gamma_gamma.hpp>

#include <cmath>
#include <limits>

#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/polygamma.hpp>

namespace loyalty::purchase {

double GammaGamma::log_likelihood(double x, double mean_value, Gradient* gradient) const {
  const double k = p * x;
  const double spent = x * mean_value;
  const double log_known = std::log1p(v / spent);  // ln((spent + v)/spent)
  const double log_prior = std::log1p(spent / v);
  if (gradient != nullptr) {
    const double both = math::polygammas(k + q).psi0;
    *gradient = {x * (both - math::polygammas(k).psi0 - log_known),
                 both - math::polygammas(q).psi0 - log_prior,
                 (q * spent - k * v) / (v * (v + spent)), 0};
  }
  return -math::log_beta(k, q) - q * log_prior - k * log_known - std::log(mean_value);
}

double GammaGamma::expected_spend(double x, double mean_value, Gradient* gradient) const {
  const double spent = x > 0 ? x * mean_value : 0;
  const double rest = p * x + q - 1;
  if (!(rest > 0)) {
    if (gradient != nullptr) gradient->fill(std::numeric_limits<double>::quiet_NaN());
    return std::numeric_limits<double>::infinity();
  }
  const double value = p * (v + spent) / rest;
  if (gradient != nullptr)
    *gradient = {(v + spent) * (q - 1) / (rest * rest), -value / rest, p / rest, 0};
  return value;
}

}  // namespace loyalty::purchase
