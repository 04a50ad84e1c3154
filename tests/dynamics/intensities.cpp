// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/intensities.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include <loyalty/core/error.hpp>
#include <loyalty/math/matrix_exponential.hpp>

#include "dynamics/published.hpp"

using namespace loyalty;
using namespace loyalty_tests;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const std::vector<bool> partner = {false, false, false, false, false, true};

/// vectors.json E_kalbfleisch_lawless: counts one and three units apart.
std::vector<SnapshotCounts> published() {
  return {{1, square(3, {50, 12, 2, 6, 40, 10, 1, 5, 30})},
          {3, square(3, {20, 14, 6, 7, 15, 12, 2, 6, 18})}};
}

/// A life of continuous time: the state at `end`, and moves and time at risk on the way.
Index live(const MatrixXd& q, Index state, double end, std::mt19937_64& random, MatrixXd* moves,
           VectorXd* time) {
  std::exponential_distribution<double> wait(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (double t = 0;;) {
    const double stay = q(state, state) < 0 ? wait(random) / -q(state, state) : end;
    if (time != nullptr) (*time)[state] += std::min(stay, end - t);
    t += stay;
    if (t >= end) return state;
    double u = uniform(random) * -q(state, state);
    for (Index j = 0; j < q.cols(); ++j) {
      if (j == state || (u -= q(state, j)) >= 0) continue;
      if (moves != nullptr) (*moves)(state, j) += 1;
      state = j;
      break;
    }
  }
}

}  // namespace

TEST_CASE("generator: vectors.json E_generator") {
  const Intensities rates = known_intensities(ladder_rates());
  const double row[] = {0.593222294555,  0.222739910698,  0.143780557014,
                        0.0353716644229, 0.0046342400813, 0.000251333228689};
  const MatrixXd p = probabilities_after(rates, 12);
  for (Index j = 0; j < 6; ++j) CHECK(std::abs(p(0, j) / row[j] - 1) < 1e-11);
  const double up[] = {20, 13.33333333, 27.77777778, 52.77777778, 129.16666667};
  const auto climbs = climb_times(rates);
  REQUIRE(climbs.size() == 5);
  for (std::size_t k = 0; k < 5; ++k) CHECK(std::abs(climbs[k]->value - up[k]) < 6e-9);
  const FirstPassage f = first_passage(rates, VectorXd::Unit(6, 0), partner, {60});
  CHECK(std::abs(f.mean->value - 243.05555556) < 6e-9);
  CHECK(std::abs(*f.spread - 186.69167326) < 6e-9);
  CHECK(std::abs(f.reached[0].value - 0.06909152132736034) < 1e-15);
  const FirstPassage from_3 = first_passage(rates, VectorXd::Unit(6, 3), partner, {60});
  CHECK(std::abs(from_3.reached[0].value - 0.2782034626303899) < 1e-15);
  // The quantiles are where the share is.
  for (const auto& [t, share] :
       {std::pair{*f.soonest, .05}, std::pair{*f.median, .5}, std::pair{*f.latest, .95}})
    CHECK(first_passage(rates, VectorXd::Unit(6, 0), partner, {t}).reached[0].value ==
          doctest::Approx(share).epsilon(1e-10));
}

TEST_CASE("rates from snapshots: vectors.json E_kalbfleisch_lawless") {
  const Intensities fit = fit_intensities(published(), adjacent_moves(3));
  REQUIRE(fit.status.end == FitEnd::converged);
  CHECK(std::abs(*fit.log_likelihood - -199.2468793058535) < 1e-9);
  CHECK(std::abs(fit.generator(0, 1) - 0.2829998) < 6e-8);
  CHECK(std::abs(fit.generator(1, 0) - 0.16962318) < 6e-9);
  CHECK(std::abs(fit.generator(1, 2) - 0.25197947) < 6e-9);
  CHECK(std::abs(fit.generator(2, 1) - 0.18812132) < 6e-9);
  CHECK(fit.generator(0, 2) == 0);
  CHECK(fit.generator.rowwise().sum().cwiseAbs().maxCoeff() < 1e-15);
  CHECK(fit.low(0, 1) < 0.283);
  CHECK(fit.high(0, 1) > 0.283);
}

TEST_CASE(
    "rates from snapshots: the gradient is that of differences, the information its mean square") {
  const MoveMask mask = adjacent_moves(3);
  VectorXd x = numbers({-1.2, -2, -1.1, -1.9});
  VectorXd gradient;
  MatrixXd information;
  (void)snapshot_log_likelihood(published(), mask, x, &gradient, &information);
  for (Index m = 0; m < 4; ++m) {
    const double h = 1e-5;
    VectorXd up = x;
    VectorXd down = x;
    up[m] += h;
    down[m] -= h;
    const double slope = (snapshot_log_likelihood(published(), mask, up, nullptr, nullptr) -
                          snapshot_log_likelihood(published(), mask, down, nullptr, nullptr)) /
                         (2 * h);
    CHECK(std::abs(gradient[m] - slope) < 1e-7);
  }
  // Where the counts are what the rates expect, it is minus the matrix of second derivatives.
  std::vector<SnapshotCounts> expected;
  const Intensities fit = fit_intensities(published(), mask);
  for (const SnapshotCounts& s : published())
    expected.push_back(
        {s.interval, s.counts.rowwise().sum().asDiagonal() * probabilities_after(fit, s.interval)});
  for (Index m = 0; m < 4; ++m)
    x[m] = std::log(numbers(
        {fit.generator(0, 1), fit.generator(1, 0), fit.generator(1, 2), fit.generator(2, 1)})[m]);
  (void)snapshot_log_likelihood(expected, mask, x, &gradient, &information);
  CHECK(gradient.cwiseAbs().maxCoeff() < 1e-10);
  for (Index m = 0; m < 4; ++m) {
    const double h = 1e-5;
    VectorXd up = x;
    VectorXd down = x;
    up[m] += h;
    down[m] -= h;
    VectorXd high;
    VectorXd low;
    (void)snapshot_log_likelihood(expected, mask, up, &high, nullptr);
    (void)snapshot_log_likelihood(expected, mask, down, &low, nullptr);
    CHECK(((low - high) / (2 * h) - information.col(m)).cwiseAbs().maxCoeff() < 1e-6);
  }
}

TEST_CASE(
    "rates from snapshots: with every move allowed they reproduce the shares of one interval") {
  // The maximum over all generators is the logarithm of the matrix of shares where it has one.
  const MatrixXd q = square(3, {-.3, .2, .1, .15, -.4, .25, .05, .2, -.25});
  const MatrixXd counts = 1e6 * math::transition_probabilities(q, 2);
  const MoveMask all = MoveMask::Constant(3, 3, true);
  const Intensities fit = fit_intensities({{2, counts}}, all);
  REQUIRE(fit.status.end == FitEnd::converged);
  CHECK((fit.generator - q).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE(
    "rates from snapshots: unit of time, order, splitting and adding change nothing but the unit") {
  const MoveMask mask = adjacent_moves(3);
  const Intensities fit = fit_intensities(published(), mask);
  auto months = published();
  for (SnapshotCounts& s : months) s.interval *= 30;
  const Intensities scaled = fit_intensities(months, mask);
  CHECK((30 * scaled.generator - fit.generator).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((30 * scaled.sd - fit.sd).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(*scaled.log_likelihood == doctest::Approx(*fit.log_likelihood).epsilon(1e-14));
  const auto given = published();
  const Intensities other = fit_intensities({given[1], given[0]}, mask);
  CHECK(other.generator == fit.generator);
  std::vector<SnapshotCounts> split = {given[1]};
  MatrixXd one = MatrixXd::Zero(3, 3);
  one(0, 1) = 5;
  split.push_back({1, one});
  split.push_back({1, given[0].counts - one});
  CHECK(fit_intensities(split, mask).generator == fit.generator);
  // Twice the data: the same rates, half the variance.
  const Intensities twice = fit_intensities({given[0], given[1], given[0], given[1]}, mask);
  CHECK((twice.generator - fit.generator).cwiseAbs().maxCoeff() < 1e-11);
  CHECK((twice.sd * std::sqrt(2.0) - fit.sd).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("rates from snapshots: how the fit ended is said") {
  // Nobody ever fell: the rates down are 0.
  Intensities fit = fit_intensities({{1, square(3, {50, 12, 2, 0, 40, 10, 0, 0, 30})}},
                                    adjacent_moves(3), {"buyer", "client", "supporter"});
  CHECK(fit.status.end == FitEnd::boundary);
  CHECK(fit.generator(1, 0) == 0);
  CHECK(fit.generator(2, 1) == 0);
  CHECK(fit.status.sentence ==
        "These snapshots are explained best without some moves, whose rates are 0: client to "
        "buyer, supporter to "
        "client.");
  CHECK(fit.generator(0, 1) > 0.1);
  // Without falls the first wait is exponential: its rate is what the share that stayed says.
  CHECK(std::isfinite(fit.sd(0, 1)));
  CHECK(std::isnan(fit.sd(1, 0)));
  // Independent of where they stood: the snapshots lie too far apart.
  fit = fit_intensities({{1, square(2, {50, 50, 50, 50})}}, adjacent_moves(2));
  CHECK_FALSE(fit.status.end == FitEnd::converged);
  // More move than stay: no chain in continuous time does that (determinant below 0).
  fit = fit_intensities({{1, square(2, {10, 90, 90, 10})}}, adjacent_moves(2));
  CHECK_FALSE(fit.status.end == FitEnd::converged);
  // Nobody ever stood on the third.
  fit = fit_intensities({{1, square(3, {50, 12, 0, 6, 40, 0, 0, 0, 0})}}, adjacent_moves(3));
  CHECK_FALSE(fit.status.end == FitEnd::converged);
  CHECK_FALSE(fit.status.sentence.empty());
  // Too little data.
  fit = fit_intensities({{1, square(2, {10, 9, 0, 0})}}, adjacent_moves(2));
  CHECK(fit.status.end == FitEnd::too_little_data);
  CHECK(fit.status.sentence == "Only 19 pairs of snapshots; at least 20 are needed.");
  CHECK(fit_intensities({}, adjacent_moves(2)).status.end == FitEnd::too_little_data);
}

TEST_CASE("rates from snapshots: simulated lives give back their rates, intervals cover them") {
  const MatrixXd q = square(3, {-.2, .2, 0, .1, -.25, .15, 0, .12, -.12});
  std::mt19937_64 random(17);
  int covered = 0;
  int asked = 0;
  for (int study = 0; study < 60; ++study) {
    std::vector<SnapshotCounts> snapshots = {{1, MatrixXd::Zero(3, 3)},
                                             {2.5, MatrixXd::Zero(3, 3)}};
    for (SnapshotCounts& s : snapshots)
      for (int life = 0; life < 600; ++life)
        s.counts(life % 3, live(q, life % 3, s.interval, random, nullptr, nullptr)) += 1;
    const Intensities fit = fit_intensities(snapshots, adjacent_moves(3));
    REQUIRE(fit.status.end == FitEnd::converged);
    for (Index i = 0; i < 3; ++i)
      for (Index j = 0; j < 3; ++j)
        if (i != j && fit.moves(i, j)) {
          ++asked;
          covered += fit.low(i, j) <= q(i, j) && q(i, j) <= fit.high(i, j);
        }
  }
  REQUIRE(asked == 240);
  // 90 % intervals: 216 of 240, standard deviation about 5.
  CHECK(covered > 200);
  CHECK(covered < 232);
}

TEST_CASE("rates from exact times: Gamma laws, coverage, and the passage that follows") {
  const MatrixXd q = [] {
    MatrixXd rates = ladder_rates();
    rates.diagonal() = -rates.rowwise().sum();
    return rates;
  }();
  std::mt19937_64 random(23);
  int covered = 0;
  int asked = 0;
  int passage_covered = 0;
  for (int study = 0; study < 100; ++study) {
    MatrixXd moves = MatrixXd::Zero(6, 6);
    VectorXd time = VectorXd::Zero(6);
    for (int life = 0; life < 120; ++life) (void)live(q, life % 6, 40, random, &moves, &time);
    const Intensities fit =
        intensities(moves, time, adjacent_moves(6), {.moves = 0.5, .time = 0.5});
    REQUIRE(fit.status.end == FitEnd::converged);
    for (Index i = 0; i < 6; ++i)
      for (Index j = 0; j < 6; ++j)
        if (i != j && fit.moves(i, j)) {
          ++asked;
          covered += fit.low(i, j) <= q(i, j) && q(i, j) <= fit.high(i, j);
        }
    const auto mean = first_passage(fit, VectorXd::Unit(6, 0), partner, {}).mean;
    REQUIRE(mean.has_value());
    passage_covered += mean->low <= 243.05555556 && 243.05555556 <= mean->high;
  }
  REQUIRE(asked == 1000);
  CHECK(covered > 870);
  CHECK(covered < 930);
  CHECK(passage_covered > 80);
  CHECK(passage_covered < 99);
}

TEST_CASE("rates from exact times: numbers, unit of time, what is missing") {
  MatrixXd moves = MatrixXd::Zero(3, 3);
  moves(0, 1) = 12;
  moves(1, 0) = 3;
  const VectorXd time = numbers({1000, 500, 0});
  Intensities r = intensities(moves, time, adjacent_moves(3), {}, {"buyer", "client", "supporter"});
  CHECK(r.generator(0, 1) == doctest::Approx(12.5 / 1182.5));
  CHECK(r.sd(0, 1) == doctest::Approx(std::sqrt(12.5) / 1182.5));
  CHECK(r.low(0, 1) == doctest::Approx(math::gamma_quantile(0.05, 12.5) / 1182.5));
  CHECK(r.generator(2, 1) == doctest::Approx(0.5 / 182.5));
  CHECK(
      r.status.sentence ==
      "The posterior of every rate is exact: 15 moves. Nobody ever stood there, so that the prior "
      "alone speaks: supporter.");
  const Intensities years = intensities(moves, time / 365, adjacent_moves(3), {0.5, 0.5});
  CHECK((years.generator / 365 - r.generator).cwiseAbs().maxCoeff() < 1e-15);
  CHECK((years.high / 365 - r.high).cwiseAbs().maxCoeff() < 1e-14);
  moves(0, 1) = 6;
  r = intensities(moves, time, adjacent_moves(3));
  CHECK(r.status.end == FitEnd::too_little_data);
  CHECK(r.status.sentence == "Only 9 moves were seen; at least 10 are needed.");
  CHECK(first_passage(r, VectorXd::Unit(3, 0), {false, true, false}, {1}).reached.empty());
}

TEST_CASE("first passage in continuous time: its slopes are those of differences") {
  MatrixXd moves = 10 * MatrixXd::Ones(6, 6);
  moves = (moves.array() * adjacent_moves(6).cast<double>().array()).matrix();
  const VectorXd time = numbers({200, 300, 250, 400, 500, 300});
  const Intensities fit = intensities(moves, time, adjacent_moves(6), {0.5, 0.5});
  const VectorXd from = numbers({3, 2, 1, 0, 0, 0});
  const FirstPassage f = first_passage(fit, from, partner, {50});
  double variance_mean = 0;
  double variance_share = 0;
  for (Index i = 0; i < 6; ++i)
    for (Index j = 0; j < 6; ++j) {
      if (i == j || !fit.moves(i, j)) continue;
      const double h = 1e-5;
      MatrixXd up = fit.generator;
      MatrixXd down = fit.generator;
      up(i, j) *= 1 + h;
      down(i, j) *= 1 - h;
      const FirstPassage high = first_passage(known_intensities(up), from, partner, {50});
      const FirstPassage low = first_passage(known_intensities(down), from, partner, {50});
      const double relative = fit.sd(i, j) / fit.generator(i, j);
      variance_mean += std::pow((high.mean->value - low.mean->value) / (2 * h) * relative, 2);
      variance_share +=
          std::pow((high.reached[0].value - low.reached[0].value) / (2 * h) * relative, 2);
    }
  CHECK(f.mean->sd == doctest::Approx(std::sqrt(variance_mean)).epsilon(1e-6));
  CHECK(f.reached[0].sd == doctest::Approx(std::sqrt(variance_share)).epsilon(1e-6));
}

TEST_CASE("first passage in continuous time: what cannot be reached is said") {
  Intensities rates = known_intensities(square(3, {0, .1, .1, 0, 0, 0, 0, 0, 0}));
  const FirstPassage f = first_passage(rates, VectorXd::Unit(3, 0), {false, false, true}, {1e6});
  CHECK(f.status.end == FitEnd::not_identified);
  CHECK_FALSE(f.mean.has_value());
  CHECK_FALSE(f.median.has_value());
  CHECK(f.soonest.has_value());
  CHECK(f.reached[0].value == doctest::Approx(0.5));
  CHECK_FALSE(climb_times(rates)[1].has_value());
  CHECK(climb_times(rates)[0]->value == doctest::Approx(5));
}

TEST_CASE("moves that snapshots can tell apart") {
  const MoveMask mask = adjacent_moves(7, 6);
  Index allowed = 0;
  for (Index i = 0; i < 7; ++i)
    for (Index j = 0; j < 7; ++j) {
      const bool ladder = i < 6 && j < 6 && std::abs(i - j) == 1;
      const bool lapse = j == 6 && i >= 1 && i < 6;
      const bool back = i == 6 && j == 1;
      CHECK(mask(i, j) == (ladder || lapse || back));
      allowed += mask(i, j);
    }
  CHECK(allowed == 16);
}

TEST_CASE("intensities: arguments out of range are named") {
  const MoveMask mask = adjacent_moves(2);
  CHECK_THROWS_AS((void)fit_intensities({{0, MatrixXd::Ones(2, 2)}}, mask), PolicyError);
  CHECK_THROWS_AS((void)fit_intensities({{1, MatrixXd::Ones(3, 3)}}, mask), PolicyError);
  CHECK_THROWS_AS((void)fit_intensities({{1, -MatrixXd::Ones(2, 2)}}, mask), PolicyError);
  CHECK_THROWS_AS((void)fit_intensities({}, MoveMask::Constant(2, 2, false)), PolicyError);
  MoveMask up_only = adjacent_moves(2);
  up_only(1, 0) = false;
  CHECK_THROWS_AS((void)fit_intensities({{1, 10 * MatrixXd::Ones(2, 2)}}, up_only), PolicyError);
  MatrixXd moves = MatrixXd::Zero(2, 2);
  const VectorXd time = VectorXd::Ones(2);
  CHECK_THROWS_AS((void)intensities(moves, -time, mask), PolicyError);
  CHECK_THROWS_AS((void)intensities(moves, VectorXd::Ones(3), mask), PolicyError);
  CHECK_THROWS_AS((void)intensities(moves, time, mask, {0, 1}), PolicyError);
  CHECK_THROWS_AS((void)intensities(moves, time, mask, {1, 0}), PolicyError);
  moves(1, 0) = 2;
  CHECK_THROWS_AS((void)intensities(moves, time, up_only), PolicyError);
  CHECK_THROWS_AS((void)known_intensities(-MatrixXd::Ones(2, 2)), PolicyError);
  CHECK_THROWS_AS((void)known_intensities(MatrixXd::Ones(2, 3)), PolicyError);
  const Intensities rates = known_intensities(MatrixXd::Ones(2, 2));
  CHECK_THROWS_AS((void)probabilities_after(rates, -1), PolicyError);
  CHECK_THROWS_AS((void)probabilities_after(rates, INFINITY), PolicyError);
  CHECK_THROWS_AS((void)first_passage(rates, time, {true, false}, {NAN}), PolicyError);
}
