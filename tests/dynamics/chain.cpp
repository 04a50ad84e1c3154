// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/chain.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include <Eigen/LU>

#include <loyalty/core/error.hpp>
#include <loyalty/dynamics/first_passage.hpp>
#include <loyalty/dynamics/mix_forecast.hpp>

#include "dynamics/published.hpp"

using namespace loyalty;
using namespace loyalty_tests;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Chain monthly_chain() { return dirichlet_rows(monthly_counts(), ChainPrior{}.weights(6)).chain(); }

/// A matrix drawn from the posterior of rows.
MatrixXd drawn(const MatrixXd& weight, std::mt19937_64& random) {
  MatrixXd p(weight.rows(), weight.cols());
  for (Index i = 0; i < p.rows(); ++i) {
    for (Index j = 0; j < p.cols(); ++j)
      p(i, j) = weight(i, j) > 0 ? std::gamma_distribution<double>(weight(i, j), 1)(random) : 0;
    p.row(i) /= p.row(i).sum();
  }
  return p;
}

const std::vector<bool> top_two = {false, false, false, false, true, true};

}  // namespace

TEST_CASE("forecast of the mix: vectors.json E_monthly_chain") {
  const MixForecast f = forecast_mix(monthly_chain(), monthly_start(), 0, 12);
  REQUIRE(f.status.end == FitEnd::converged);
  REQUIRE(f.ahead.size() == 13);
  const VectorXd plug_in =
      numbers({0.21201992, 0.24305691, 0.22509659, 0.14888043, 0.12220674, 0.04873941});
  const VectorXd mean =
      numbers({0.2174853, 0.2414584, 0.22070235, 0.14694692, 0.12018842, 0.05321861});
  const VectorXd sd = numbers({0.06392, 0.05403, 0.05067, 0.04534, 0.0429, 0.0332});
  for (Index j = 0; j < 6; ++j) {
    CAPTURE(j);
    CHECK(std::abs(f.ahead[12].plug_in[j] - plug_in[j]) < 6e-9);
    CHECK(std::abs(f.ahead[12].mean[j] - mean[j]) < 6e-9);
    CHECK(std::abs(std::sqrt(f.ahead[12].model_covariance(j, j)) - sd[j]) < 6e-6);
    CHECK(f.ahead[12].chance_variance[j] == 0);
  }
  CHECK(f.ahead[0].plug_in == monthly_start());
  CHECK(f.ahead[0].model_covariance.isZero(0));
}

TEST_CASE("forecast of the mix: draws from the posterior have its mean and variance") {
  const DirichletRows rows = dirichlet_rows(100 * monthly_counts(), ChainPrior{}.weights(6));
  const MixForecast f = forecast_mix(rows.chain(), monthly_start(), 0, 6);
  std::mt19937_64 random(5);
  VectorXd sum = VectorXd::Zero(6);
  MatrixXd squares = MatrixXd::Zero(6, 6);
  constexpr int draws = 20000;
  for (int d = 0; d < draws; ++d) {
    const MatrixXd p = drawn(rows.weight, random);
    VectorXd mix = monthly_start();
    for (int h = 0; h < 6; ++h) mix = (p.transpose() * mix).eval();
    sum += mix;
    squares += mix * mix.transpose();
  }
  const VectorXd mean = sum / draws;
  const MatrixXd covariance = squares / draws - mean * mean.transpose();
  for (Index j = 0; j < 6; ++j) {
    const double sd = std::sqrt(covariance(j, j));
    CHECK(std::abs(f.ahead[6].mean[j] - mean[j]) < 4 * sd / std::sqrt(draws));
    CHECK(std::sqrt(f.ahead[6].model_covariance(j, j)) == doctest::Approx(sd).epsilon(0.03));
  }
}

TEST_CASE("forecast of the mix: chance alone is multinomial, state by state") {
  const MatrixXd p = passage_rows();
  const VectorXd counts = numbers({40, 30, 15, 10, 4, 1});
  const MixForecast f = forecast_mix(known_chain(p), counts, 100, 3);
  const MatrixXd p3 = p * p * p;
  for (Index j = 0; j < 6; ++j) {
    double variance = 0;
    for (Index i = 0; i < 6; ++i) variance += counts[i] * p3(i, j) * (1 - p3(i, j));
    CHECK(f.ahead[3].chance_variance[j] * 100 * 100 == doctest::Approx(variance).epsilon(1e-12));
    CHECK(f.ahead[3].model_covariance(j, j) == 0);
    CHECK(f.share(3, j).sd == doctest::Approx(std::sqrt(variance) / 100).epsilon(1e-12));
    CHECK(f.expected_share(3, j).sd == 0);
  }
}

TEST_CASE("forecast of the mix: covariances of a share that is one sum to nothing") {
  const MixForecast f = forecast_mix(monthly_chain(), monthly_start(), 100, 40);
  for (const MixAhead& at : f.ahead) {
    CHECK(at.mean.sum() == doctest::Approx(1).epsilon(1e-14));
    CHECK(std::abs(at.plug_in.sum() - 1) < 1e-13);
    CHECK((at.model_covariance * VectorXd::Ones(6)).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("Dirichlet rows: weights, means and the Beta law of each probability") {
  const DirichletRows rows = dirichlet_rows(monthly_counts(), ChainPrior{}.weights(6));
  // Row 0: 92, 10.5, .05 four times.
  CHECK(rows.weight(0, 0) == 92);
  CHECK(rows.weight(0, 1) == 10.5);
  CHECK(rows.weight(0, 5) == 0.05);
  CHECK(rows.seen == 345);
  const Estimate up = rows.probability(0, 1);
  CHECK(up.value == doctest::Approx(10.5 / 102.7));
  CHECK(up.low == doctest::Approx(math::beta_quantile(0.05, 10.5, 92.2)));
  CHECK(up.high == doctest::Approx(math::beta_quantile(0.95, 10.5, 92.2)));
  const Chain chain = rows.chain();
  CHECK(up.sd == doctest::Approx(std::sqrt(chain.covariance_of(0)(1, 1))).epsilon(1e-14));
}

TEST_CASE("chain: sentences count with a comma between thousands, and weights with their part") {
  const auto said = [](double scale) {
    return dirichlet_rows(scale * monthly_counts(), ChainPrior{}.weights(6))
        .chain()
        .status.sentence;
  };
  CHECK(said(100) == "The posterior of every row is exact: 34,500 transitions, staying included.");
  CHECK(said(1) == "The posterior of every row is exact: 345 transitions, staying included.");
  CHECK(said(0.1) == "The posterior of every row is exact: 34.5 transitions, staying included.");
}

TEST_CASE("prior of a chain with a lapsed state: who bought may lapse and come back as a buyer") {
  const MatrixXd w = ChainPrior{}.weights(7, 6);
  CHECK(w.topLeftCorner(6, 6) == ChainPrior{}.weights(6));
  CHECK(w(0, 6) == 0.05);
  for (Index k = 1; k < 6; ++k) CHECK(w(k, 6) == 0.5);
  CHECK(w(6, 6) == 2);
  CHECK(w(6, 1) == 0.5);
  CHECK(w(6, 5) == 0.05);
  // Without prospects: the first state may lapse, and is where one comes back.
  const MatrixXd bought = ChainPrior{}.weights(3, 2, 0);
  CHECK(bought == square(3, {2, .5, .5, .5, 2, .5, .5, .05, 2}));
}

TEST_CASE("Dirichlet rows: adding counts is adding them, and order plays no part") {
  const MatrixXd prior = ChainPrior{}.weights(6);
  const MatrixXd half = monthly_counts() / 2;
  CHECK(dirichlet_rows(half + half, prior).weight ==
        dirichlet_rows(monthly_counts(), prior).weight);
  // States in another order give the same numbers in that order.
  Eigen::PermutationMatrix<6> swap;
  swap.indices() << 3, 1, 5, 0, 4, 2;
  const MatrixXd moved = swap * monthly_counts() * swap.transpose();
  const MatrixXd moved_prior = swap * prior * swap.transpose();
  const auto a =
      forecast_mix(dirichlet_rows(monthly_counts(), prior).chain(), monthly_start(), 0, 5);
  const auto b =
      forecast_mix(dirichlet_rows(moved, moved_prior).chain(), swap * monthly_start(), 0, 5);
  CHECK((swap * a.ahead[5].mean - b.ahead[5].mean).cwiseAbs().maxCoeff() < 1e-15);
  CHECK((swap * a.ahead[5].model_covariance * swap.transpose() - b.ahead[5].model_covariance)
            .cwiseAbs()
            .maxCoeff() < 1e-15);
}

TEST_CASE("too few transitions: nothing is said, and why") {
  MatrixXd counts = MatrixXd::Zero(6, 6);
  counts(1, 1) = 19;
  const Chain chain = dirichlet_rows(counts, ChainPrior{}.weights(6)).chain();
  CHECK(chain.status.end == FitEnd::too_little_data);
  CHECK(chain.status.sentence ==
        "Only 19 transitions were seen, staying included; at least 20 are needed.");
  CHECK(forecast_mix(chain, monthly_start(), 0, 3).ahead.empty());
  CHECK(stationary_mix(chain).mean.size() == 0);
  const FirstPassage passage = first_passage(chain, monthly_start(), top_two, 3);
  CHECK(passage.reached.empty());
  CHECK_FALSE(passage.mean.has_value());
  CHECK(passage.status.end == FitEnd::too_little_data);
  counts(1, 2) = 1;
  CHECK(dirichlet_rows(counts, ChainPrior{}.weights(6)).chain().status.usable());
}

TEST_CASE("stationary mix: solves pi = pi P; its covariance is that of finite differences") {
  const DirichletRows rows = dirichlet_rows(monthly_counts(), ChainPrior{}.weights(6));
  const Chain chain = rows.chain();
  const StationaryMix s = stationary_mix(chain);
  REQUIRE(s.status.end == FitEnd::converged);
  CHECK((chain.mean.transpose() * s.mean - s.mean).cwiseAbs().maxCoeff() < 1e-15);
  CHECK(s.mean.sum() == doctest::Approx(1).epsilon(1e-15));
  // The forecast tends to it, mean and covariance.
  const MixForecast f = forecast_mix(chain, monthly_start(), 0, 3000);
  CHECK((f.ahead[3000].plug_in - s.mean).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((f.ahead[3000].model_covariance - s.covariance).cwiseAbs().maxCoeff() < 1e-10);
  // One entry's slope, by central differences along a change that keeps the row's sum.
  const double h = 1e-6;
  MatrixXd up = chain.mean;
  MatrixXd down = chain.mean;
  up(1, 2) += h;
  up(1, 1) -= h;
  down(1, 2) -= h;
  down(1, 1) += h;
  const VectorXd slope =
      (stationary_mix(known_chain(up)).mean - stationary_mix(known_chain(down)).mean) / (2 * h);
  const MatrixXd z =
      (MatrixXd::Identity(6, 6) - chain.mean + VectorXd::Ones(6) * s.mean.transpose()).inverse();
  CHECK((slope - s.mean[1] * (z.row(2) - z.row(1)).transpose()).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE(
    "stationary mix: two groups that nobody leaves have none, two states that swap have one") {
  const StationaryMix apart = stationary_mix(known_chain(square(2, {1, 0, 0, 1})));
  CHECK(apart.status.end == FitEnd::not_identified);
  CHECK(apart.mean.size() == 0);
  const StationaryMix swapping = stationary_mix(known_chain(square(2, {0, 1, 1, 0})));
  CHECK(swapping.status.usable());
  CHECK(swapping.mean[0] == doctest::Approx(0.5));
  const StationaryMix one_end = stationary_mix(known_chain(square(2, {0.5, 0.5, 0, 1})));
  CHECK(one_end.mean[1] == doctest::Approx(1));
}

TEST_CASE("first passage: vectors.json E_first_passage_discrete") {
  const Chain chain = known_chain(passage_rows());
  const double means[] = {41.78278689, 31.78278689, 23.03278689, 12.70491803};
  for (Index i = 0; i < 4; ++i) {
    const FirstPassage f = first_passage(chain, VectorXd::Unit(6, i), top_two, 0);
    REQUIRE(f.mean.has_value());
    CHECK(std::abs(f.mean->value - means[i]) < 6e-9);
    CHECK(f.mean->sd == 0);
  }
  const FirstPassage f = first_passage(chain, VectorXd::Unit(6, 0), top_two, 24);
  CHECK(std::abs(*f.spread - 28.05100938) < 6e-9);
  CHECK(std::abs(f.reached[12].value - 0.068277494978) < 6e-13);
  CHECK(std::abs(f.reached[24].value - 0.303127156506) < 6e-13);
  CHECK(f.status.end == FitEnd::converged);
}

TEST_CASE("first passage: quantiles are those of counting month by month") {
  const Chain chain = known_chain(passage_rows());
  for (const VectorXd& from : {numbers({1, 0, 0, 0, 0, 0}), numbers({1, 2, 3, 4, 0, 0}),
                               numbers({1, 0, 0, 0, 0.8, 0}), numbers({0, 0, 0, 0, 1, 1})}) {
    const FirstPassage f = first_passage(chain, from, top_two, 400);
    const auto first = [&](double share) {
      double m = 0;
      while (f.reached[static_cast<std::size_t>(m)].value < share) ++m;
      return m;
    };
    CHECK(*f.median == first(0.5));
    CHECK(*f.soonest == first(0.05));
    CHECK(*f.latest == first(0.95));
  }
}

TEST_CASE("first passage: simulated lives have its mean, spread and shares") {
  std::mt19937_64 random(11);
  const MatrixXd p = passage_rows();
  const FirstPassage f = first_passage(known_chain(p), VectorXd::Unit(6, 1), top_two, 24);
  constexpr int lives = 40000;
  double sum = 0;
  double squares = 0;
  int within = 0;
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int life = 0; life < lives; ++life) {
    Index state = 1;
    int months = 0;
    while (state < 4) {
      double u = uniform(random);
      Index next = 0;
      while (next < 5 && u >= p(state, next)) u -= p(state, next++);
      state = next;
      ++months;
    }
    sum += months;
    squares += static_cast<double>(months) * months;
    within += months <= 24;
  }
  const double mean = sum / lives;
  const double spread = std::sqrt(squares / lives - mean * mean);
  CHECK(std::abs(f.mean->value - mean) < 4 * spread / std::sqrt(lives));
  CHECK(*f.spread == doctest::Approx(spread).epsilon(0.03));
  CHECK(std::abs(f.reached[24].value - static_cast<double>(within) / lives) < 0.01);
}

TEST_CASE("first passage: the uncertainty is that of draws from the posterior") {
  const DirichletRows rows = dirichlet_rows(100 * monthly_counts(), ChainPrior{}.weights(6));
  const FirstPassage f = first_passage(rows.chain(), monthly_start(), top_two, 12);
  std::mt19937_64 random(3);
  double sum = 0;
  double squares = 0;
  double share_sum = 0;
  double share_squares = 0;
  constexpr int draws = 5000;
  for (int d = 0; d < draws; ++d) {
    const FirstPassage one =
        first_passage(known_chain(drawn(rows.weight, random)), monthly_start(), top_two, 12);
    sum += one.mean->value;
    squares += one.mean->value * one.mean->value;
    share_sum += one.reached[12].value;
    share_squares += one.reached[12].value * one.reached[12].value;
  }
  const double sd = std::sqrt(squares / draws - sum / draws * sum / draws);
  CHECK(f.mean->sd == doctest::Approx(sd).epsilon(0.05));
  const double share_sd = std::sqrt(share_squares / draws - share_sum / draws * share_sum / draws);
  CHECK(f.reached[12].sd == doctest::Approx(share_sd).epsilon(0.05));
  CHECK(f.median_low.has_value() == (f.reached.back().high >= 0.5));
}

TEST_CASE("first passage: what cannot be reached is said, without infinity") {
  // 0 -> 1 for good, or 0 -> 2 for good.
  Chain chain = known_chain(square(3, {0.5, 0.3, 0.2, 0, 1, 0, 0, 0, 1}));
  chain.names = {"client", "lapsed", "advocate"};
  const std::vector<bool> advocate = {false, false, true};
  FirstPassage f = first_passage(chain, VectorXd::Unit(3, 0), advocate, 100);
  CHECK(f.status.end == FitEnd::not_identified);
  CHECK_FALSE(f.mean.has_value());
  CHECK_FALSE(f.spread.has_value());
  CHECK_FALSE(f.median.has_value());
  CHECK(*f.soonest == 1);
  CHECK(f.reached[100].value == doctest::Approx(0.4));
  CHECK(f.status.sentence.find("from lapsed") != std::string::npos);
  // Nobody ever gets there.
  f = first_passage(chain, VectorXd::Unit(3, 1), advocate, 10);
  CHECK(f.status.end == FitEnd::not_identified);
  CHECK(f.reached[10].value == 0);
  // Everybody stands there already.
  f = first_passage(chain, VectorXd::Unit(3, 2), advocate, 0);
  CHECK(f.status.usable());
  CHECK(f.mean->value == 0);
  CHECK(*f.median == 0);
  // An end that the start cannot reach does no harm.
  f = first_passage(known_chain(square(3, {0.5, 0, 0.5, 0, 1, 0, 0, 0, 1})), VectorXd::Unit(3, 0),
                    advocate, 1);
  CHECK(f.mean->value == doctest::Approx(2));
  // A move so rare that the months cannot be counted.
  f = first_passage(known_chain(square(2, {1, 1e-300, 0, 1})), VectorXd::Unit(2, 0), {false, true},
                    1);
  CHECK_FALSE(f.median.has_value());
}

TEST_CASE("chains: arguments out of range are named") {
  CHECK_THROWS_WITH_AS((void)known_chain(square(2, {0.5, 0.4, 0, 1})),
                       "probabilities, row 0: they sum to 0.9; needs 1", PolicyError);
  CHECK_THROWS_AS((void)known_chain(MatrixXd::Zero(2, 3)), PolicyError);
  CHECK_THROWS_AS((void)known_chain(MatrixXd(0, 0)), PolicyError);
  const MatrixXd prior = ChainPrior{}.weights(2);
  CHECK_THROWS_AS((void)dirichlet_rows(square(2, {1, -1, 0, 1}), prior), PolicyError);
  CHECK_THROWS_AS((void)dirichlet_rows(square(2, {1, NAN, 0, 1}), prior), PolicyError);
  CHECK_THROWS_AS((void)dirichlet_rows(square(2, {1, INFINITY, 0, 1}), prior), PolicyError);
  CHECK_THROWS_AS((void)dirichlet_rows(monthly_counts(), prior), PolicyError);
  CHECK_THROWS_AS((void)dirichlet_rows(square(2, {1, 1, 0, 0}), MatrixXd::Zero(2, 2)), PolicyError);
  const Chain chain = monthly_chain();
  CHECK_THROWS_AS((void)forecast_mix(chain, VectorXd::Zero(6), 0, 1), PolicyError);
  CHECK_THROWS_AS((void)forecast_mix(chain, VectorXd::Ones(5), 0, 1), PolicyError);
  CHECK_THROWS_AS((void)forecast_mix(chain, -VectorXd::Ones(6), 0, 1), PolicyError);
  CHECK_THROWS_AS((void)forecast_mix(chain, VectorXd::Ones(6), -1, 1), PolicyError);
  CHECK_THROWS_AS((void)forecast_mix(chain, VectorXd::Ones(6), 0, -1), PolicyError);
  CHECK_THROWS_AS((void)first_passage(chain, VectorXd::Ones(6), std::vector<bool>(6), 1),
                  PolicyError);
  CHECK_THROWS_AS((void)first_passage(chain, VectorXd::Ones(6), {true}, 1), PolicyError);
}
