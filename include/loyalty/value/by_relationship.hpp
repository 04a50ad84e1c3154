// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/gamma_gamma.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>

namespace loyalty {

/// Who has been known for less has no yearly rate: a first purchase of yesterday is none of 365 a year.
inline constexpr double least_known_years = 1.0 / 12;

/// How many years a decayed sum stands for: (h/ln 2)(1 - 2^(-known/h)), the sum of a stream of 1 a year that began `known`
/// years ago and fades with the half-life `half_life`; both in years, known 0 or more, half_life above 0. O(1).
[[nodiscard]] double decayed_years(double known, double half_life) noexcept;

/// The yearly rate of a decayed sum: sum / decayed_years; NaN below least_known_years, or where an argument is NaN. O(1).
[[nodiscard]] double yearly_rate(double decayed_sum, double known, double half_life) noexcept;

/// What is asked about the time to come.
struct ProspectQuestion {
  purchase::Duration horizon = purchase::years(3);
  DiscountRate rate{0.1, TimeUnit::year};
  double margin_share =
      1;               ///< the part of a purchase's value that stays with us, above 0, at most 1
  double level = 0.9;  ///< probability of the interval, above 0, below 1
};

/// What a relationship will bring and cost from T to the horizon, discounted to T, in the unit of money of the values. NaN
/// is what the law does not give.
struct Prospect {
  double p_alive = 0;
  double purchases = 0;  ///< E[discounted purchases]
  double margin = 0;     ///< E[their margin]
  double cost = 0;       ///< E[discounted cost to serve], while it is alive
  double net = 0;        ///< margin - cost
  double sd_chance =
      0;  ///< because of the customer's own chance; NaN where p x + q <= 2: values have no variance
  double sd_fit = 0;  ///< because the parameters are estimates; NaN where they have no covariance
  double sd = 0;      ///< of both, or of chance alone where sd_fit is NaN
  double low = 0;     ///< the interval under the law stated at `prospect`
  double high = 0;
  double p_loss = 0;  ///< P(net < 0) under that law
};

/// The prospect of one relationship under the Pareto/NBD and the Gamma-Gamma model, which hold independently of each
/// other. `cost_a_year`: cost to serve, 0 or more, taken as known, as long as the customer is alive. `mean_value` is not
/// read at x = 0; NaN at x > 0 is an unknown one, answered by that of anybody.
///
/// Given alive, the purchase rate L is Gamma(r + x, alpha + T), the remaining life is exponential with a rate that is
/// Gamma(s, beta + T), and mean values are Gamma as docs/value.md says, all independent; the discounted time alive within
/// the horizon is D, that at the double force of interest D2. With a margin m Z of a purchase and the cost c
///     E[net] = P(alive) E[D] (m E[L] E[Z] - c),
///     E[net^2] = P(alive) (m^2 E[L] E[D2] E[Z^2] + E[D^2] E[(m L E[Z|customer] - c)^2]),
/// which is exact, and not a bound. sd_fit is by the delta method, the two models' estimates being independent.
///
/// The interval and P(net < 0) are those of a law of four parts with exact probabilities: gone, 0; alive, without another
/// purchase and there at the end, the cost of the whole horizon; the same, but gone before the end, the mean cost of those;
/// who buys, a Gamma that begins at minus the cost of the whole horizon and has the exact mean and variance of that part,
/// with the variance of the fit.
///
/// `covariance` and `spend_covariance`: of the parameters; null where they are given and not estimated. Throws
/// MismatchError for a model without a unit, PolicyError for a question or cost out of range or a sum without an end,
/// ColumnError for unsound histories. O(1), about 7 us.
[[nodiscard]] Prospect prospect(const purchase::ParetoNBD& model, const purchase::GammaGamma& spend,
                                const purchase::CustomerHistory& history, double mean_value,
                                double cost_a_year, const ProspectQuestion& question,
                                const purchase::Covariance* covariance = nullptr,
                                const purchase::Covariance* spend_covariance = nullptr);

/// The same of many relationships: `cost_a_year` and `out` have a row for each history, whose mean_value may be null. Each
/// row is what `prospect` gives, whoever else is among them; NaN in x, t_x, T or the cost gives NaN.
void prospects(const purchase::ParetoNBD& model, const purchase::GammaGamma& spend,
               const purchase::HistoryColumns& histories, const double* cost_a_year,
               const ProspectQuestion& question, const purchase::Covariance* covariance,
               const purchase::Covariance* spend_covariance, Prospect* out);

}  // namespace loyalty
