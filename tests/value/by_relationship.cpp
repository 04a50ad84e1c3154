// SPDX-License-Identifier: MIT
#include <loyalty/value.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <loyalty/core/error.hpp>
#include <loyalty/purchase.hpp>

using namespace loyalty;
using namespace loyalty::purchase;

namespace {

constexpr double nan_ = std::numeric_limits<double>::quiet_NaN();

/// CDNOW, weeks: P. Fader, B. Hardie, K. Lee, Marketing Science 24 (2005), p. 281, and their note on the Gamma-Gamma model.
const ParetoNBD cdnow{0.553, 10.578, 0.606, 11.669, TimeUnit::week};
const GammaGamma values{6.25, 3.74, 15.44};
const CustomerHistory buyer{6, 29, 38.86};
const double mean_of_buyer = 21;

ProspectQuestion over(Duration horizon, double rate = 0.15, double share = 0.3) {
  ProspectQuestion q;
  q.horizon = horizon;
  q.rate = {rate, TimeUnit::year};
  q.margin_share = share;
  return q;
}

/// E over a dropout rate that is Gamma(s, B) of f(mu), by the trapezoidal rule in ln mu.
template <class Function>
double over_dropout(double s, double B, const Function& f) {
  double sum = 0;
  double mass = 0;
  for (double u = -120; u < 8; u += 1e-3) {
    const double z = std::exp(u);  // mu B
    const double w = std::exp(s * u - z);
    sum += w * f(z / B);
    mass += w;
  }
  return sum / mass;
}

/// Mean and standard deviation by the formulas given the dropout rate, each integrated on its own.
struct Slow {
  double net, sd;
};
Slow slowly(const ParetoNBD& m, const GammaGamma& g, const CustomerHistory& h, double z,
            double cost, double force, double t, double share) {
  const double p = m.p_alive(h);
  const double B = m.beta + h.T;
  const auto life = [t](double mu, double f) { return -std::expm1(-(mu + f) * t) / (mu + f); };
  const double D = over_dropout(m.s, B, [&](double mu) { return life(mu, force); });
  const double D2 = over_dropout(m.s, B, [&](double mu) { return life(mu, 2 * force); });
  const double DD = 2 / force * (D - D2);
  const double Q = g.q + g.p * h.x;
  const double V = g.v + h.x * z;
  const double Z = share * g.p * V / (Q - 1);
  const double M = share * share * g.p * g.p * V * V / ((Q - 1) * (Q - 2));  // E[mean value^2]
  const double ZZ = M * (g.p + 1) / g.p;
  const double L = (m.r + h.x) / (m.alpha + h.T);
  const double LL = L * (m.r + h.x + 1) / (m.alpha + h.T);
  const double net = p * D * (L * Z - cost);
  const double second = p * (L * D2 * ZZ + DD * (LL * M - 2 * L * Z * cost + cost * cost));
  return {net, std::sqrt(second - net * net)};
}

}  // namespace

TEST_CASE("a yearly rate is what a steady stream would have left") {
  // A stream of 12 a year for two years, half-life one: 12 * (1 - 2^-2)/ln 2.
  CHECK(decayed_years(2, 1) == doctest::Approx(0.75 / std::log(2.0)).epsilon(1e-14));
  CHECK(yearly_rate(12 * 0.75 / std::log(2.0), 2, 1) == doctest::Approx(12).epsilon(1e-14));
  // Without fading it is the time itself; for ever, the mean life of what fades.
  CHECK(decayed_years(3, 1e9) == doctest::Approx(3).epsilon(1e-8));
  CHECK(decayed_years(1e9, 1) == doctest::Approx(1 / std::log(2.0)));
  CHECK(decayed_years(0, 1) == 0);
  CHECK(yearly_rate(-5, 1, 1) < 0);
  CHECK(yearly_rate(0, 1, 1) == 0);
  CHECK(std::isnan(yearly_rate(5, 0, 1)));
  CHECK(std::isnan(yearly_rate(5, least_known_years * 0.999, 1)));
  CHECK(std::isfinite(yearly_rate(5, least_known_years, 1)));
  CHECK(std::isnan(yearly_rate(nan_, 1, 1)));
}

TEST_CASE("mean and variance of the prospect are those of an independent slow integral") {
  for (const double cost : {0.0, 5.0, 400.0})
    for (const double horizon : {1.0, 52.0, 1000.0})
      for (const CustomerHistory& h : {buyer, CustomerHistory{0, 0, 38.86},
                                       CustomerHistory{0, 0, 0}, CustomerHistory{40, 38, 39}}) {
        CAPTURE(cost);
        CAPTURE(horizon);
        CAPTURE(h.x);
        const double z = h.x > 0 ? mean_of_buyer : nan_;
        const Prospect found = prospect(cdnow, values, h, z, cost, over(weeks(horizon)));
        const double force = std::log(1.15) * 7 / 365;
        const Slow slow =
            slowly(cdnow, values, h, h.x > 0 ? z : 0, cost * 7 / 365, force, horizon, 0.3);
        CHECK(found.net == doctest::Approx(slow.net).epsilon(1e-9));
        CHECK(found.sd_chance == doctest::Approx(slow.sd).epsilon(1e-8));
        CHECK(found.net == doctest::Approx(found.margin - found.cost).epsilon(1e-12));
        CHECK(found.sd == found.sd_chance);
        CHECK(std::isnan(found.sd_fit));
        CHECK(found.low <= found.high);
        CHECK(found.p_loss >= 0);
        CHECK(found.p_loss <= found.p_alive * (1 + 1e-12));
      }
}

TEST_CASE("purchases and margin are those of the models") {
  const auto asked = over(years(2));
  const Prospect found = prospect(cdnow, values, buyer, mean_of_buyer, 10, asked);
  const double count = cdnow.discounted(buyer, asked.rate, asked.horizon);
  CHECK(found.purchases == doctest::Approx(count).epsilon(1e-14));
  CHECK(found.p_alive == cdnow.p_alive(buyer));
  CHECK(found.margin == doctest::Approx(0.3 * count * values.expected_spend(6, 21)).epsilon(1e-14));
  // Without discount two years cost the time that one is alive in them.
  const Prospect plain = prospect(cdnow, values, buyer, mean_of_buyer, 10, over(years(2), 0));
  CHECK(plain.cost < 20 * plain.p_alive);
  CHECK(plain.cost > 0);
}

TEST_CASE("mean, variance and chance of a loss are those of simulated customers") {
  // Customers with one history, drawn from the laws given that they are alive: rates, life, purchases one by one.
  std::mt19937_64 dice(20240229);
  const double force = std::log(1.15) * 7 / 365;
  const double horizon = 104;
  for (const double cost : {0.0, 60.0, 250.0}) {
    CAPTURE(cost);
    const Prospect found =
        prospect(cdnow, values, buyer, mean_of_buyer, cost, over(weeks(horizon)));
    std::gamma_distribution<double> rate(cdnow.r + buyer.x, 1 / (cdnow.alpha + buyer.T));
    std::gamma_distribution<double> dropout(cdnow.s, 1 / (cdnow.beta + buyer.T));
    std::gamma_distribution<double> nu(values.q + values.p * buyer.x,
                                       1 / (values.v + buyer.x * mean_of_buyer));
    std::exponential_distribution<double> unit(1);
    std::bernoulli_distribution alive(found.p_alive);
    const int customers = 400'000;
    std::vector<double> nets;
    for (int i = 0; i < customers; ++i) {
      double net = 0;
      if (alive(dice)) {
        const double L = rate(dice);
        const double end = std::min(horizon, unit(dice) / dropout(dice));
        std::gamma_distribution<double> worth(values.p, 1 / nu(dice));
        net = cost * 7 / 365 * std::expm1(-force * end) / force;
        for (double v = unit(dice) / L; v < end; v += unit(dice) / L)
          net += 0.3 * worth(dice) * std::exp(-force * v);
      }
      nets.push_back(net);
    }
    double mean = 0;
    for (const double net : nets) mean += net / customers;
    double variance = 0;
    double fourth = 0;
    int losses = 0;
    for (const double net : nets) {
      const double square = (net - mean) * (net - mean);
      variance += square / customers;
      fourth += square * square / customers;
      losses += net < 0 ? 1 : 0;
    }
    const double sd = std::sqrt(variance);
    CHECK(std::abs(mean - found.net) < 4 * sd / std::sqrt(customers));
    CHECK(std::abs(variance - found.sd_chance * found.sd_chance) <
          4 * std::sqrt((fourth - variance * variance) / customers));
    // The law of the interval is an approximation: docs/value.md has how far it lies off.
    CHECK(std::abs(losses / double(customers) - found.p_loss) < 0.03);
    std::sort(nets.begin(), nets.end());
    const double low = nets[static_cast<std::size_t>(0.05 * customers)];
    const double high = nets[static_cast<std::size_t>(0.95 * customers)];
    CHECK(std::abs(low - found.low) < 0.3 * sd);
    CHECK(std::abs(high - found.high) < 0.3 * sd);
  }
}

TEST_CASE("second moments of purchases are those of the model's own simulated world") {
  // Values of 1, no cost, no discount: net is the count of purchases. Over customers of every history the squares that
  // are expected sum to the squares that come.
  const GammaGamma ones{1e9, 1e9, 1 - 1e-9};
  const std::vector<double> T(60'000, 39);
  const Simulated world = simulate(cdnow, T, 39, 7);
  double expected = 0, squares = 0, fourths = 0, came = 0, squares_came = 0;
  for (std::size_t i = 0; i < T.size(); ++i) {
    const CustomerHistory h{world.x[i], world.t_x[i], T[i]};
    const Prospect found = prospect(cdnow, ones, h, 1, 0, over(weeks(39), 0, 1));
    expected += found.net;
    squares += found.net * found.net + found.sd_chance * found.sd_chance;
    came += world.later[i];
    const double square = world.later[i] * world.later[i];
    squares_came += square;
    fourths += square * square;
  }
  CHECK(std::abs(came - expected) < 4 * std::sqrt(squares_came));
  CHECK(std::abs(squares_came - squares) < 4 * std::sqrt(fourths));
  CHECK(squares_came > 10 * std::sqrt(fourths));  // it could have failed
}

TEST_CASE("uncertainty of the fit is the delta method's") {
  Covariance c{};
  Covariance c_spend{};
  const double sds[] = {0.03, 0.5, 0.05, 0.9};
  for (std::size_t i = 0; i < 4; ++i) c[i][i] = sds[i] * sds[i];
  for (std::size_t i = 0; i < 3; ++i) c_spend[i][i] = 0.01 * (1 + double(i));
  const auto asked = over(years(3));
  const Prospect found = prospect(cdnow, values, buyer, 21, 40, asked, &c, &c_spend);
  const auto net = [&](const ParetoNBD& m, const GammaGamma& g) {
    return prospect(m, g, buyer, 21, 40, asked).net;
  };
  double variance = 0;
  double ParetoNBD::*const of[] = {&ParetoNBD::r, &ParetoNBD::alpha, &ParetoNBD::s,
                                   &ParetoNBD::beta};
  for (std::size_t i = 0; i < 4; ++i) {
    ParetoNBD up = cdnow, down = cdnow;
    const double step = 1e-4 * cdnow.*of[i];
    up.*of[i] += step;
    down.*of[i] -= step;
    variance += std::pow((net(up, values) - net(down, values)) / (2 * step), 2) * c[i][i];
  }
  double GammaGamma::*const by[] = {&GammaGamma::p, &GammaGamma::q, &GammaGamma::v};
  for (std::size_t i = 0; i < 3; ++i) {
    GammaGamma up = values, down = values;
    const double step = 1e-4 * values.*by[i];
    up.*by[i] += step;
    down.*by[i] -= step;
    variance += std::pow((net(cdnow, up) - net(cdnow, down)) / (2 * step), 2) * c_spend[i][i];
  }
  CHECK(found.sd_fit == doctest::Approx(std::sqrt(variance)).epsilon(1e-5));
  CHECK(found.sd == doctest::Approx(std::hypot(found.sd_fit, found.sd_chance)).epsilon(1e-14));
  // Known parameters are a covariance of 0.
  const Covariance none{};
  const Prospect known = prospect(cdnow, values, buyer, 21, 40, asked, &none, &none);
  CHECK(known.sd_fit == 0);
  CHECK(known.sd == known.sd_chance);
}

TEST_CASE("the unit of time changes nothing") {
  ParetoNBD in_days = cdnow;
  in_days.alpha *= 7;
  in_days.beta *= 7;
  in_days.unit = TimeUnit::day;
  const CustomerHistory days_{buyer.x, 7 * buyer.t_x, 7 * buyer.T};
  for (const Duration& horizon : {Duration(years(3)), Duration(forever)}) {
    const Prospect a = prospect(cdnow, values, buyer, 21, 80, over(horizon));
    const Prospect b = prospect(in_days, values, days_, 21, 80, over(horizon));
    CHECK(a.net == doctest::Approx(b.net).epsilon(1e-10));
    CHECK(a.sd == doctest::Approx(b.sd).epsilon(1e-10));
    CHECK(a.low == doctest::Approx(b.low).epsilon(1e-8));
    CHECK(a.high == doctest::Approx(b.high).epsilon(1e-8));
    CHECK(a.p_loss == doctest::Approx(b.p_loss).epsilon(1e-8));
  }
}

TEST_CASE("extremes of the prospect") {
  const auto asked = over(years(3));
  SUBCASE("no time to come") {
    const Prospect none = prospect(cdnow, values, buyer, 21, 80, over(weeks(0)));
    CHECK(none.net == 0);
    CHECK(none.sd == 0);
    CHECK(none.p_loss == 0);
    CHECK(none.low == 0);
    CHECK(none.high == 0);
  }
  SUBCASE("without cost nothing is lost") {
    const Prospect free = prospect(cdnow, values, buyer, 21, 0, asked);
    CHECK(free.p_loss == 0);
    CHECK(free.low >= 0);
    CHECK(free.cost == 0);
  }
  SUBCASE("the probability of no purchase is exact: it is that of 0 where nothing costs") {
    const Duration horizon = weeks(20);
    const double none = cdnow.p_no_purchase(buyer, horizon);
    auto question = over(horizon);
    question.level = 1 - 2 * none * (1 - 1e-9);
    CHECK(prospect(cdnow, values, buyer, 21, 0, question).low == 0);
    CHECK(!std::signbit(prospect(cdnow, values, buyer, 21, 0, question).low));
    question.level = 1 - 2 * none * (1 + 1e-9);
    CHECK(prospect(cdnow, values, buyer, 21, 0, question).low > 0);
  }
  SUBCASE("without margin to speak of all that it costs is lost, where it is alive") {
    const Prospect lost = prospect(cdnow, values, buyer, 21, 80, over(years(3), 0.15, 1e-9));
    CHECK(lost.p_loss == doctest::Approx(lost.p_alive).epsilon(0.1));
    CHECK(lost.net == doctest::Approx(-lost.cost));
  }
  SUBCASE("T = 0: just bought for the first time") {
    const Prospect fresh = prospect(cdnow, values, {0, 0, 0}, nan_, 0, asked);
    CHECK(fresh.p_alive == 1);
    CHECK(fresh.purchases == doctest::Approx(cdnow.discounted({0, 0, 0}, asked.rate, years(3))));
  }
  SUBCASE("values without a variance, or without a mean, are said to have none") {
    const Prospect wide = prospect(cdnow, {2, 1.5, 10}, {0, 0, 10}, nan_, 5, asked);
    CHECK(std::isfinite(wide.net));
    CHECK(std::isnan(wide.sd));
    CHECK(std::isnan(wide.low));
    const Prospect wider = prospect(cdnow, {2, 0.9, 10}, {0, 0, 10}, nan_, 5, asked);
    CHECK(std::isnan(wider.net));
    CHECK(std::isfinite(wider.cost));
    CHECK(std::isfinite(prospect(cdnow, {2, 0.9, 10}, buyer, 21, 5, asked).sd));
  }
  SUBCASE("an unknown mean value is that of anybody") {
    const Prospect unknown = prospect(cdnow, values, buyer, nan_, 5, asked);
    CHECK(unknown.margin == doctest::Approx(unknown.purchases * 0.3 * values.expected_spend(0, 0)));
  }
  SUBCASE("refused") {
    ParetoNBD plain = cdnow;
    plain.unit = TimeUnit::unstated;
    CHECK_THROWS_AS((void)prospect(plain, values, buyer, 21, 5, asked), MismatchError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, -1, asked), PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, INFINITY, asked), PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, 5, over(weeks(-1))), PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, 5, over(forever, 0)), PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, 5, over(years(1), 0.1, 1.2)),
                    PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, buyer, 21, 5, over(years(1), 0.1, 0)),
                    PolicyError);
    CHECK_THROWS_AS((void)prospect(cdnow, values, {1, 5, 3}, 21, 5, asked), ColumnError);
  }
}

TEST_CASE("columns give what each history gives, in any order") {
  const std::vector<double> x{6, 0, nan_, 2};
  const std::vector<double> t_x{29, 0, 0, 3};
  const std::vector<double> T{38.86, 38.86, 5, 30};
  const std::vector<double> mean{21, nan_, nan_, 80};
  const std::vector<double> cost{10, 20, 30, 40};
  HistoryColumns rows;
  rows.x = x.data();
  rows.t_x = t_x.data();
  rows.T = T.data();
  rows.mean_value = mean.data();
  rows.rows = x.size();
  std::vector<Prospect> found(x.size());
  const auto asked = over(years(3));
  prospects(cdnow, values, rows, cost.data(), asked, nullptr, nullptr, found.data());
  for (const std::size_t i : {3u, 1u, 0u}) {
    const Prospect one = prospect(cdnow, values, rows[i], mean[i], cost[i], asked);
    CHECK(found[i].net == one.net);
    CHECK(found[i].sd == one.sd);
    CHECK(found[i].low == one.low);
    CHECK(found[i].p_loss == one.p_loss);
  }
  CHECK(std::isnan(found[2].net));
  CHECK(std::isnan(found[2].p_loss));
}
