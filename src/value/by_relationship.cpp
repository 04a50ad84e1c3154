// SPDX-License-Identifier: MIT
#include <loyalty/value/by_relationship.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <loyalty/core/error.hpp>
#include <loyalty/math/gamma.hpp>
#include <loyalty/math/gamma_quantile.hpp>

#include "dynamics/check.hpp"
#include "purchase/dual.hpp"
#include "purchase/panels.hpp"
#include "purchase/while_alive.hpp"

namespace loyalty {

using namespace loyalty::purchase;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double ln_2 = 0.69314718055994530942;

/// A question in the unit of a model's time.
struct Terms {
  double horizon;
  double force;
  double cost;   ///< per unit
  double share;  ///< the margin of a value of 1
  double level;
  /// What the whole horizon costs.
  double longest() const {
    if (force == 0) return horizon;
    return -std::expm1(-force * horizon) / force;
  }
};

Terms terms_of(const ParetoNBD& model, double cost_a_year, const ProspectQuestion& asked) {
  if (model.unit == TimeUnit::unstated)
    throw MismatchError(
        "the model's time has no unit, and a cost is one of years: state the unit of its "
        "parameters");
  if (!(asked.margin_share > 0 && asked.margin_share <= 1))
    throw PolicyError("margin share = " + detail::shown(asked.margin_share) +
                      ": allowed is a share of the value, above 0 and at most 1");
  if (!(asked.level > 0 && asked.level < 1))
    throw PolicyError("level = " + detail::shown(asked.level) +
                      ": the probability of an interval lies between 0 and 1");
  if (!(asked.horizon.count >= 0))
    throw PolicyError("horizon = " + detail::shown(asked.horizon.count) +
                      ": allowed is a duration of 0 or more");
  if (!(cost_a_year >= 0 && std::isfinite(cost_a_year)))
    throw PolicyError("cost to serve a year = " + detail::shown(cost_a_year) +
                      ": allowed is 0 or more, and finite");
  const Terms t{count_in(asked.horizon, model.unit), force_of_interest(asked.rate, model.unit),
                cost_a_year * seconds_in(model.unit) / seconds_in(TimeUnit::year),
                asked.margin_share, asked.level};
  require_end(t.force, t.horizon);
  return t;
}

/// E[D^2]: the integral of 2 a(v) e^(-force v) (B/(B + v))^s, a(v) being D of who leaves after v.
double mean_square_time(double s, double B, double force, double horizon) {
  return falling_integral<double>(
      horizon, B,
      [&](double v) {
        const double a = force == 0 ? v : -std::expm1(-force * v) / force;
        return 2 * a * std::exp(-force * v - s * std::log1p(v / B));
      },
      [&](double v) { return force + s / (B + v); });
}

/// Who is alive and buys nothing more, given alive: stays to the end of the horizon, or leaves before it.
struct Quiet {
  double stay = 0;         ///< P(stays and does not buy)
  double leave = 0;        ///< P(leaves within the horizon without having bought)
  double time = 0;         ///< E[D; leaves so]
  double square_time = 0;  ///< E[D^2; leaves so]
};

/// Of the Pareto/NBD law, given x and T: integrals of a(u)^k, D of who leaves at u, over the density of that and the
/// probability of no purchase until then.
Quiet quiet(double R, double A, double s, double B, double force, double horizon) {
  Quiet made;
  made.stay = std::exp(-s * std::log1p(horizon / B) - R * std::log1p(horizon / A));
  const auto moment = [&](int k) {
    return falling_integral<double>(
        horizon, std::min(A, B),
        [&](double u) {
          const double a = force == 0 ? u : -std::expm1(-force * u) / force;
          return s / (B + u) * std::exp(-s * std::log1p(u / B) - R * std::log1p(u / A)) *
                 (k == 0   ? 1
                  : k == 1 ? a
                           : a * a);
        },
        [&](double u) { return (s + 1) / (B + u) + R / (A + u); });
  };
  made.leave = moment(0);
  made.time = moment(1);
  made.square_time = moment(2);
  return made;
}

/// The law of net: points, ascending, and -shift + Gamma with a probability, mean and variance.
class Law {
 public:
  struct Point {
    double at = 0;
    double p = 0;
  };
  Law(const std::array<Point, 3>& points, double p, double shift, double mean, double variance)
      : points_(points), p_(p), shift_(shift), above_(mean + shift), variance_(variance) {}

  /// P(below 0).
  double below_0() const {
    double sum = p_ * share_below(0);
    for (const Point& point : points_) sum += point.at < 0 ? point.p : 0;
    return std::min(1.0, sum);
  }
  double quantile(double q) const {
    double passed = 0;
    for (const Point& point : points_) {
      const double under = p_ * share_below(point.at);
      if (q < passed + under) return std::min(point.at, smooth((q - passed) / p_));
      if (q <= passed + under + point.p) return point.at;
      passed += point.p;
    }
    return std::max(points_.back().at, p_ > 0 ? smooth((q - passed) / p_) : points_.back().at);
  }

 private:
  bool sure() const { return !(variance_ > 0 && above_ > 0); }
  double share_below(double y) const {
    if (!(p_ > 0)) return 0;
    if (sure()) return above_ - shift_ < y ? 1 : 0;
    return 1 - math::gamma_sf(above_ * above_ / variance_, (y + shift_) * above_ / variance_);
  }
  double smooth(double q) const {
    if (sure()) return above_ - shift_;
    return math::gamma_quantile(q, above_ * above_ / variance_) * variance_ / above_ - shift_;
  }
  std::array<Point, 3> points_;
  double p_, shift_, above_, variance_;
};

}  // namespace

double decayed_years(double known, double half_life) noexcept {
  return -half_life / ln_2 * std::expm1(-ln_2 * known / half_life);
}

double yearly_rate(double decayed_sum, double known, double half_life) noexcept {
  if (!(known >= least_known_years)) return unknown;
  return decayed_sum / decayed_years(known, half_life);
}

Prospect prospect(const ParetoNBD& model, const GammaGamma& spend, const CustomerHistory& h,
                  double mean_value, double cost_a_year, const ProspectQuestion& question,
                  const Covariance* covariance, const Covariance* spend_covariance) {
  const Terms t = terms_of(model, cost_a_year, question);
  require_sound({.x = &h.x, .t_x = &h.t_x, .T = &h.T, .rows = 1}, 0);
  const double x = mean_value >= 0 ? h.x : 0;  // without values it is like anybody
  const double R = model.r + h.x;
  const double A = model.alpha + h.T;
  const double B = model.beta + h.T;

  const Dual p = p_alive_of<Dual>(model, h);
  const Dual bought = while_alive<Dual>(model, h.x, h.T, t.force, t.horizon);
  const Dual rate =
      (Dual::parameter(model.r, 0) + Dual(h.x)) / (Dual::parameter(model.alpha, 1) + Dual(h.T));
  const Dual time = bought / rate;  // E[D]
  Gradient price_slopes{};
  const double price = t.share * spend.expected_spend(x, mean_value, &price_slopes);
  const Dual net = p * (bought * Dual(price) - time * Dual(t.cost));

  Prospect made;
  made.p_alive = p.value;
  made.purchases = p.value * bought.value;
  if (!std::isfinite(price)) {  // the law of values has no mean
    made.margin = made.net = made.sd = made.sd_chance = made.sd_fit = unknown;
    made.low = made.high = made.p_loss = unknown;
    made.cost = p.value * time.value * t.cost;
    return made;
  }
  made.margin = made.purchases * price;
  made.cost = p.value * time.value * t.cost;
  made.net = net.value;

  made.sd_fit = unknown;
  if (covariance != nullptr && spend_covariance != nullptr) {
    for (double& slope : price_slopes) slope *= t.share * made.purchases;
    made.sd_fit = std::hypot(standard_error(net.d, *covariance),
                             standard_error(price_slopes, *spend_covariance));
  }

  // Mean values p/nu, nu being Gamma(Q, V): E[Z] = p V/(Q - 1), E[Z^2] = (p + 1)/p E[(p/nu)^2].
  const double Q = spend.p * x + spend.q;
  made.sd_chance = made.sd = made.low = made.high = made.p_loss = unknown;
  if (!(Q > 2)) return made;
  const double mean_square = price * price * ((Q - 1) / (Q - 2));
  const double force_2 = 2 * t.force;
  const double time_2 =
      t.force == 0 ? time.value : while_alive<double>(model, h.x, h.T, force_2, t.horizon) * A / R;
  const double square_time = mean_square_time(model.s, B, t.force, t.horizon);
  const double L = R / A;
  const double values = L * time_2 * mean_square * ((spend.p + 1) / spend.p);
  // E[(m L E[Z|customer] - c)^2] by its mean and its variance: no difference of large numbers.
  const double drift = L * price - t.cost;
  const double drift_variance = L * L * (mean_square * ((R + 1) / R) - price * price);
  const double alive_mean = drift * time.value;
  const double alive_variance =
      values + square_time * drift_variance +
      drift * drift * std::max(0.0, square_time - time.value * time.value);
  const double chance =
      p.value * alive_variance + p.value * (1 - p.value) * alive_mean * alive_mean;
  made.sd_chance = std::sqrt(chance);
  made.sd = std::isnan(made.sd_fit) ? made.sd_chance : std::hypot(made.sd_chance, made.sd_fit);
  const double fit = std::isnan(made.sd_fit) ? 0 : made.sd_fit * made.sd_fit;

  // Who buys again: what is left of the moments without who does not.
  const double longest = t.longest();
  const Quiet q = quiet(R, A, model.s, B, t.force, t.horizon);
  const double buys = std::max(0.0, 1 - q.stay - q.leave);
  const double stay_cost = t.cost * longest;
  double mean_buys = 0;
  double variance_buys = 0;
  if (p.value * buys > 0) {
    mean_buys = (alive_mean + stay_cost * q.stay + t.cost * q.time) / buys;
    const double square = alive_variance + alive_mean * alive_mean -
                          stay_cost * stay_cost * q.stay - t.cost * t.cost * q.square_time;
    variance_buys = std::max(0.0, square / buys - mean_buys * mean_buys) + fit / (p.value * buys);
  }
  const double left_early = q.leave > 0 ? t.cost * q.time / q.leave : 0;
  const Law law(
      {{{0 - stay_cost, p.value * q.stay}, {0 - left_early, p.value * q.leave}, {0, 1 - p.value}}},
      p.value * buys, stay_cost, mean_buys, variance_buys);
  made.p_loss = law.below_0();
  made.low = law.quantile(0.5 - 0.5 * t.level);
  made.high = law.quantile(0.5 + 0.5 * t.level);
  return made;
}

void prospects(const ParetoNBD& model, const GammaGamma& spend, const HistoryColumns& histories,
               const double* cost_a_year, const ProspectQuestion& question,
               const Covariance* covariance, const Covariance* spend_covariance, Prospect* out) {
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const CustomerHistory h = histories[i];
    if (std::isnan(h.x + h.t_x + h.T + cost_a_year[i])) {
      out[i] = {unknown, unknown, unknown, unknown, unknown, unknown,
                unknown, unknown, unknown, unknown, unknown};
      continue;
    }
    require_sound(histories, i);
    const double mean_value = histories.mean_value == nullptr ? unknown : histories.mean_value[i];
    out[i] = prospect(model, spend, h, mean_value, cost_a_year[i], question, covariance,
                      spend_covariance);
  }
}

}  // namespace loyalty
