// SPDX-License-Identifier: MIT
#include <loyalty/value.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include <loyalty/core/discount.hpp>
#include <loyalty/core/error.hpp>

#include "dynamics/published.hpp"

using namespace loyalty;
using namespace loyalty_tests;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// P. Pfeifer and R. Carraway, Journal of Interactive Marketing 14 (2000), pp. 43-55: recency 1 to 4, then a former
/// customer; NC 40, M 4, r .2, p .3 .2 .15 .05.
MatrixXd recency() {
  return square(
      5, {.3, .7, 0, 0, 0, .2, 0, .8, 0, 0, .15, 0, 0, .85, 0, .05, 0, 0, 0, .95, 0, 0, 0, 0, 1});
}
const double yearly = DiscountRate(.2, TimeUnit::year).factor(TimeUnit::year);

DirichletRows monthly() { return dirichlet_rows(monthly_counts(), ChainPrior{}.weights(6)); }
const VectorXd margins = numbers({-1, 5, 20, 30, 60, 120});

}  // namespace

TEST_CASE("value by state: vectors.json E_pfeifer_carraway") {
  const VectorXd rewards = numbers({40 - 4, -4, -4, -4, 0});
  const RungValue all = value_by_state(known_chain(recency()), rewards, {}, yearly);
  const RungValue four = value_by_state(known_chain(recency()), rewards, {}, yearly, 4);
  const double infinite[] = {52.319609, 5.553784, 1.250773, -1.820016, 0};
  const double finite[] = {50.114969, 4.219907, 0.59211, -1.980131, 0};
  for (Index i = 0; i < 5; ++i) {
    CHECK(std::abs(all.value[i] - infinite[i]) < 6e-7);
    CHECK(std::abs(four.value[i] - finite[i]) < 6e-7);
    CHECK(all.of(i).sd == 0);
  }
  CHECK(four.periods == 4);
  CHECK_FALSE(all.periods.has_value());
  // No mail after the third period without a purchase: recency 4 is a former customer.
  MatrixXd stop = recency();
  stop.row(3) << 0, 0, 0, 0, 1;
  const RungValue stopped =
      value_by_state(known_chain(stop), numbers({40 - 4, -4, -4, 0, 0}), {}, yearly);
  const double after_3[] = {53.149425, 6.62069, 2.643678};
  for (Index i = 0; i < 3; ++i) CHECK(std::abs(stopped.value[i] - after_3[i]) < 6e-7);
}

TEST_CASE("value by state: vectors.json E_monthly_chain, value") {
  const RungValue v = value_by_state(monthly().chain(), margins, {}, 0.9);
  const double value[] = {78.03024426,  165.96946236, 279.18831857,
                          389.63030201, 533.67933735, 732.84518702};
  const double sd[] = {22.313, 30.701, 44.025, 63.128, 99.021, 151.378};
  for (Index i = 0; i < 6; ++i) {
    CHECK(std::abs(v.value[i] - value[i]) < 6e-9);
    CHECK(std::abs(v.of(i).sd - sd[i]) < 6e-4);
    CHECK(v.of(i).low == doctest::Approx(value[i] - 1.6448536269514727 * sd[i]).epsilon(1e-4));
  }
}

TEST_CASE("value by state: many periods are all periods, none is the margin") {
  const VectorXd noise = numbers({1, 2, 3, 4, 5, 6});
  const RungValue all = value_by_state(monthly().chain(), margins, noise, 0.9);
  const RungValue many = value_by_state(monthly().chain(), margins, noise, 0.9, 500);
  CHECK((all.value - many.value).cwiseAbs().maxCoeff() < 1e-10);
  CHECK((all.covariance - many.covariance).cwiseAbs().maxCoeff() < 1e-7);
  const RungValue none = value_by_state(monthly().chain(), margins, noise, 0.9, 0);
  CHECK(none.value == margins);
  CHECK(none.covariance == MatrixXd(noise.asDiagonal()));
  // Undiscounted, over a stated time.
  CHECK(value_by_state(monthly().chain(), VectorXd::Ones(6), {}, 1, 9).of(0).value ==
        doctest::Approx(10));
}

TEST_CASE("value by state: the variance is that of draws, with and without an end") {
  const DirichletRows rows = dirichlet_rows(50 * monthly_counts(), ChainPrior{}.weights(6));
  const VectorXd noise = numbers({.1, .1, .5, 1, 4, 9});
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  for (const std::optional<int> periods : {std::optional<int>(), std::optional<int>(8)}) {
    const RungValue v = value_by_state(rows.chain(), margins, noise, 0.9, periods);
    constexpr int draws = 8000;
    VectorXd sum = VectorXd::Zero(6);
    MatrixXd squares = MatrixXd::Zero(6, 6);
    for (int d = 0; d < draws; ++d) {
      MatrixXd p(6, 6);
      VectorXd m = margins;
      for (Index i = 0; i < 6; ++i) {
        for (Index j = 0; j < 6; ++j)
          p(i, j) = std::gamma_distribution<double>(rows.weight(i, j), 1)(random);
        p.row(i) /= p.row(i).sum();
        m[i] += std::sqrt(noise[i]) * normal(random);
      }
      const VectorXd one = value_by_state(known_chain(p), m, {}, 0.9, periods).value;
      sum += one;
      squares += one * one.transpose();
    }
    const MatrixXd covariance = squares / draws - sum * sum.transpose() / draws / draws;
    for (Index i = 0; i < 6; ++i)
      CHECK(v.of(i).sd == doctest::Approx(std::sqrt(covariance(i, i))).epsilon(0.05));
    const VectorXd counts = numbers({10, 20, 30, 20, 10, 5});
    CHECK(v.of_all(counts).sd ==
          doctest::Approx(std::sqrt(counts.dot(covariance * counts))).epsilon(0.05));
  }
}

TEST_CASE("value by state: too little data says so, arguments out of range are named") {
  MatrixXd few = MatrixXd::Zero(6, 6);
  few(0, 0) = 3;
  const RungValue v =
      value_by_state(dirichlet_rows(few, ChainPrior{}.weights(6)).chain(), margins, {}, 0.9);
  CHECK(v.status.end == FitEnd::too_little_data);
  CHECK(v.value.size() == 0);
  const Chain chain = monthly().chain();
  CHECK_THROWS_AS((void)value_by_state(chain, margins, {}, 1), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, margins, {}, 0), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, margins, {}, NAN), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, margins, {}, 0.9, -1), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, VectorXd::Ones(5), {}, 0.9), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, margins, -VectorXd::Ones(6), 0.9), PolicyError);
  CHECK_THROWS_AS((void)value_by_state(chain, NAN * margins, {}, 0.9), PolicyError);
}
