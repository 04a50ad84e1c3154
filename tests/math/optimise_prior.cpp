// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/math/optimise_beta_binomial.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>

#include "math/near.hpp"

using loyalty::Estimate;
using loyalty::fit_beta_binomial;
using loyalty::fit_gamma_rate;
using loyalty::FitEnd;
using loyalty::log_beta_binomial;
using loyalty::log_gamma_rate;
using loyalty::PriorFit;
using loyalty_tests::relative_error;

namespace {

using Column = std::vector<double>;

bool holds(const Estimate& e, double truth) { return e.low <= truth && truth <= e.high; }

/// What a fit must say whatever it found.
void is_sound(const PriorFit& fit) {
  CHECK_FALSE(fit.status.sentence.empty());
  CHECK(fit.status.sentence.back() == '.');
  if (!fit.status.usable()) return;
  for (const Estimate& e : {fit.first, fit.second, fit.mean, fit.weight}) {
    CHECK(std::isfinite(e.value));
    CHECK(e.value > 0);
  }
  CHECK(std::isfinite(fit.log_likelihood));
}

/// The relationships of one simulated company.
struct Simulated {
  Column first;
  Column second;
};

double gamma_draw(std::mt19937_64& random, double shape) {
  return std::gamma_distribution<double>(shape, 1)(random);
}

Simulated shares(std::mt19937_64& random, double a, double b, int relationships, int outcomes) {
  Simulated s;
  for (int i = 0; i < relationships; ++i) {
    const double x = gamma_draw(random, a);
    const double y = gamma_draw(random, b);
    std::binomial_distribution<int> draw(1 + i % outcomes, x / (x + y));
    const int good = draw(random);
    s.first.push_back(good);
    s.second.push_back(1 + i % outcomes - good);
  }
  return s;
}

Simulated answers(std::mt19937_64& random, double shape, double rate, int relationships,
                  int requests) {
  Simulated s;
  for (int i = 0; i < relationships; ++i) {
    std::exponential_distribution<double> time(gamma_draw(random, shape) / rate);
    double answered = 0;
    double waited = 0;
    for (int k = 0; k <= i % requests; ++k) {
      const double wait = time(random);
      answered += wait <= 30 ? 1 : 0;  // closed unanswered after 30 targets
      waited += std::min(wait, 30.0);
    }
    s.first.push_back(answered);
    s.second.push_back(waited);
  }
  return s;
}

}  // namespace

TEST_CASE("beta-binomial: vectors.json B5_beta_binomial") {
  const Column k{3, 5, 8, 2, 0, 9, 7, 4, 10, 6};
  const Column n{4, 6, 10, 5, 3, 10, 9, 8, 11, 6};
  Column bad;
  for (std::size_t i = 0; i < k.size(); ++i) bad.push_back(n[i] - k[i]);
  const PriorFit fit = fit_beta_binomial(k, bad);
  CHECK(fit.status.end == FitEnd::converged);
  is_sound(fit);
  CHECK(fit.used == 10);
  // mom
  CHECK(relative_error(fit.start_first, 2.984977982997983) < 1e-13);
  CHECK(relative_error(fit.start_second, 0.9949926609993276) < 1e-13);
  CHECK(relative_error(1 / (fit.start_first + fit.start_second + 1), 0.20080439654907736) < 1e-13);
  // mle: the likelihood to all digits; a and b as far as a search for a maximum could give them
  CHECK(relative_error(fit.log_likelihood, -39.771528465242895) < 1e-15);
  CHECK(relative_error(fit.first.value, 5.880618071) < 1e-7);
  CHECK(relative_error(fit.second.value, 2.22790435) < 1e-7);
  // ll: with the number of orders of each
  double orders = 0;
  for (std::size_t i = 0; i < k.size(); ++i)
    orders += std::log(
        std::round(std::tgamma(n[i] + 1) / std::tgamma(k[i] + 1) / std::tgamma(n[i] - k[i] + 1)));
  CHECK(fit.log_likelihood + orders == doctest::Approx(-17.951732505832695).epsilon(1e-14));
  const Column shrunk{0.733419, 0.771209, 0.766524, 0.601183, 0.529379,
                      0.821747, 0.752877, 0.613378, 0.831075, 0.842088};
  for (std::size_t i = 0; i < k.size(); ++i)
    CHECK(std::abs((fit.first.value + k[i]) / (fit.weight.value + n[i]) - shrunk[i]) < 5.1e-7);
  // The root of the gradient and the inverse Hessian at 50 digits: tests/math/priors_reference.py.
  CHECK(relative_error(fit.first.value, 5.88061759624326) < 1e-9);
  CHECK(relative_error(fit.second.value, 2.22790417656177) < 1e-9);
  CHECK(relative_error(std::log(fit.first.high / fit.first.value) / loyalty::math::normal_95,
                       1.26866325715386) < 1e-7);
  CHECK(relative_error(std::log(fit.second.value / fit.second.low) / loyalty::math::normal_95,
                       1.14062724292063) < 1e-7);
}

TEST_CASE("beta-binomial: standard deviations are those of the logarithms, by the delta method") {
  const PriorFit fit = fit_beta_binomial(Column{3, 5, 8, 2, 0, 9, 7, 4, 10, 6},
                                         Column{1, 1, 2, 3, 3, 1, 2, 4, 1, 0});
  // The inverse Hessian at 50 digits, as above.
  CHECK(relative_error(fit.first.sd, 5.88061759624326 * 1.26866325715386) < 1e-7);
  CHECK(relative_error(fit.second.sd, 2.22790417656177 * 1.14062724292063) < 1e-7);
  const double m = fit.mean.value;
  const double half = std::log(fit.mean.high / (1 - fit.mean.high) * (1 - m) / m);
  CHECK(relative_error(fit.mean.sd, m * (1 - m) * half / loyalty::math::normal_95) < 1e-12);
}

TEST_CASE("beta-binomial: decayed evidence against 50 digits") {
  // tests/math/priors_reference.py
  const PriorFit fit = fit_beta_binomial(
      Column{2.4375, 0.8125, 9.6875, 0.0625, 1.3125, 1.125, 17.5, 0.5625, 4, 6.9375},
      Column{0.3125, 0.9375, 0.4375, 2.5, 4.0625, 0, 1.1875, 3.25, 0.75, 0.0625});
  CHECK(fit.status.end == FitEnd::converged);
  CHECK(relative_error(fit.first.value, 1.17332843988364) < 1e-9);
  CHECK(relative_error(fit.second.value, 0.610613800642314) < 1e-9);
  CHECK(relative_error(fit.log_likelihood, -25.7970625312463) < 1e-14);
  CHECK(relative_error(std::log(fit.first.high / fit.first.value) / loyalty::math::normal_95,
                       0.738887433640004) < 1e-7);
  CHECK(relative_error(std::log(fit.second.high / fit.second.value) / loyalty::math::normal_95,
                       0.622954798252453) < 1e-7);
}

TEST_CASE("gamma rates against 50 digits") {
  // tests/math/priors_reference.py
  const PriorFit fit = fit_gamma_rate(Column{3, 5, 0, 9, 2, 4, 1, 12, 6, 2.5},
                                      Column{1, 4, 2, 3, 3, 2, 2, 1.75, 9, 0.5});
  CHECK(fit.status.end == FitEnd::converged);
  CHECK(relative_error(fit.first.value, 1.49248564846675) < 1e-9);
  CHECK(relative_error(fit.second.value, 0.719587657889401) < 1e-9);
  CHECK(relative_error(fit.log_likelihood, -16.2378668013333) < 1e-14);
  CHECK(relative_error(std::log(fit.first.high / fit.first.value) / loyalty::math::normal_95,
                       0.605462423636833) < 1e-7);
  CHECK(relative_error(std::log(fit.second.high / fit.second.value) / loyalty::math::normal_95,
                       0.716459092726015) < 1e-7);
}

TEST_CASE("priors: neither the order of relationships nor repetition changes more than it must") {
  std::mt19937_64 random(4);
  Simulated s = shares(random, 3, 2, 60, 7);
  const PriorFit fit = fit_beta_binomial(s.first, s.second);
  std::vector<std::size_t> order(s.first.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  Simulated moved;
  for (const std::size_t i : order) {
    moved.first.push_back(s.first[i]);
    moved.second.push_back(s.second[i]);
  }
  moved.first.push_back(0);  // says nothing
  moved.second.push_back(0);
  const PriorFit again = fit_beta_binomial(moved.first, moved.second);
  CHECK(again.first.value == fit.first.value);
  CHECK(again.second.high == fit.second.high);
  CHECK(again.log_likelihood == fit.log_likelihood);
  CHECK(again.used == fit.used);
  // Everybody twice: the same maximum, twice the likelihood, intervals narrower by the root of 2.
  Simulated twice = s;
  twice.first.insert(twice.first.end(), s.first.begin(), s.first.end());
  twice.second.insert(twice.second.end(), s.second.begin(), s.second.end());
  const PriorFit doubled = fit_beta_binomial(twice.first, twice.second);
  CHECK(doubled.first.value == doctest::Approx(fit.first.value).epsilon(1e-8));
  CHECK(doubled.log_likelihood == doctest::Approx(2 * fit.log_likelihood).epsilon(1e-13));
  CHECK(std::log(doubled.first.high / doubled.first.low) * std::sqrt(2.0) ==
        doctest::Approx(std::log(fit.first.high / fit.first.low)).epsilon(1e-7));
  // The mirror image.
  const PriorFit mirror = fit_beta_binomial(s.second, s.first);
  CHECK(mirror.first.value == doctest::Approx(fit.second.value).epsilon(1e-9));
  CHECK(mirror.mean.low == doctest::Approx(1 - fit.mean.high).epsilon(1e-8));
}

TEST_CASE("gamma rates: another unit of time changes B by its factor, and nothing else") {
  std::mt19937_64 random(9);
  const Simulated s = answers(random, 2, 1.5, 80, 6);
  const PriorFit days = fit_gamma_rate(s.first, s.second);
  Column hours = s.second;
  for (double& x : hours) x *= 24;
  const PriorFit fit = fit_gamma_rate(s.first, hours);
  REQUIRE(days.status.end == FitEnd::converged);
  CHECK(fit.first.value == doctest::Approx(days.first.value).epsilon(1e-8));
  CHECK(fit.second.value == doctest::Approx(24 * days.second.value).epsilon(1e-8));
  CHECK(fit.second.low == doctest::Approx(24 * days.second.low).epsilon(1e-7));
  CHECK(fit.mean.value == doctest::Approx(days.mean.value / 24).epsilon(1e-8));
}

TEST_CASE("beta-binomial: log-probabilities of sequences multiply, and sum to one") {
  // P(good, then bad) is the product of what each is worth after the other.
  const double a = 2.5;
  const double b = 0.75;
  CHECK(log_beta_binomial(a, b, 1, 1) ==
        doctest::Approx(std::log(a / (a + b)) + std::log(b / (a + b + 1))).epsilon(1e-14));
  double sum = 0;  // over the numbers of good ones among four: 1, 4, 6, 4, 1 orders
  const double orders[] = {1, 4, 6, 4, 1};
  for (int k = 0; k <= 4; ++k) sum += orders[k] * std::exp(log_beta_binomial(a, b, k, 4 - k));
  CHECK(sum == doctest::Approx(1).epsilon(1e-14));
  // Exponential answers with a Gamma rate: the density integrates to 1 - P(none yet).
  double area = 0;
  const int steps = 200000;
  const double most = 40;
  for (int i = 0; i < steps; ++i) {
    const double x = (i + 0.5) * most / steps;
    area += std::exp(log_gamma_rate(2, 1, 1, x)) * most / steps;
  }
  CHECK(area == doctest::Approx(1 - std::exp(log_gamma_rate(2, 1, 0, most))).epsilon(1e-6));
}

TEST_CASE("priors at the edge: each says how it ended") {
  SUBCASE("nobody, one relationship, only empty ones") {
    CHECK(fit_beta_binomial(Column{}, Column{}).status.end == FitEnd::too_little_data);
    CHECK(fit_beta_binomial(Column{7}, Column{2}).status.end == FitEnd::too_little_data);
    CHECK(fit_beta_binomial(Column{0, 0, 0}, Column{0, 0, 0}).status.end ==
          FitEnd::too_little_data);
    CHECK(fit_gamma_rate(Column{}, Column{}).status.end == FitEnd::too_little_data);
    is_sound(fit_gamma_rate(Column{3}, Column{2}));
  }
  SUBCASE("all good, all bad, nothing ever") {
    for (const double huge : {0.0625, 1.0, 1e9}) {
      const PriorFit good = fit_beta_binomial(Column(50, huge), Column(50, 0));
      CHECK(good.status.end == FitEnd::not_identified);
      CHECK(good.mean.value == 1);
      CHECK(fit_beta_binomial(Column(50, 0), Column(50, huge)).status.end ==
            FitEnd::not_identified);
      CHECK(fit_gamma_rate(Column(50, 0), Column(50, huge)).status.end == FitEnd::not_identified);
    }
  }
  SUBCASE("one outcome each does not tell how alike they are") {
    Column good(200, 1);
    Column bad(200, 0);
    for (std::size_t i = 0; i < 50; ++i) std::swap(good[i], bad[i]);
    const PriorFit fit = fit_beta_binomial(good, bad);
    CHECK(fit.status.end == FitEnd::not_identified);
    CHECK(std::isnan(fit.first.value));
    CHECK(fit.mean.value == doctest::Approx(0.75).epsilon(1e-6));
  }
  SUBCASE(
      "exactly alike: any large weight fits, the least is taken, its likelihood is 1.35 below") {
    const PriorFit fit = fit_beta_binomial(Column(200, 8), Column(200, 2));
    CHECK(fit.status.end == FitEnd::boundary);
    is_sound(fit);
    CHECK(std::isinf(fit.weight.high));
    // Infinite weight: each sequence has the probability of ten independent outcomes.
    const double most = 200 * (8 * std::log(0.8) + 2 * std::log(0.2));
    CHECK(most - fit.log_likelihood == doctest::Approx(1.35277).epsilon(0.01));
    CHECK(holds(fit.mean, 0.8));
    const PriorFit rates = fit_gamma_rate(Column(100, 4), Column(100, 2));
    CHECK(rates.status.end == FitEnd::boundary);
    CHECK(100 * (4 * std::log(2.0) - 4) - rates.log_likelihood ==
          doctest::Approx(1.35277).epsilon(0.01));
    CHECK(holds(rates.mean, 2));
  }
  SUBCASE("opposites: the least numbers that are allowed") {
    const PriorFit fit = fit_beta_binomial(Column{1e9, 0, 5e8, 0}, Column{0, 1e9, 0, 3e4});
    CHECK(fit.status.end == FitEnd::boundary);
    CHECK(fit.first.value == doctest::Approx(0.01));
    is_sound(fit);
  }
  SUBCASE("huge and tiny evidence beside each other") {
    const PriorFit fit =
        fit_beta_binomial(Column{1e9, 2e9, 5e8, 0.0625}, Column{1e9, 1e9, 1e9, 0.0625});
    CHECK(fit.status.usable());
    is_sound(fit);
    // With shares known exactly the maximum is that of the Beta law of 1/2, 2/3, 1/3: symmetric.
    CHECK(fit.mean.value == doctest::Approx(0.5).epsilon(1e-3));
  }
  SUBCASE("sixteenths alone") {
    is_sound(fit_beta_binomial(Column(30, 1 / 16.), Column(30, 1 / 16.)));
    is_sound(fit_gamma_rate(Column(30, 1 / 16.), Column(30, 1 / 256.)));
  }
}

TEST_CASE("priors: truth is recovered, and intervals hold it as often as they say") {
  // 300 companies of 150 relationships each; with 95 % the count is binomial, 285 +- 3.8.
  std::mt19937_64 random(20240517);
  const int companies = 300;
  int beta_mean = 0;
  int beta_weight = 0;
  int gamma_mean = 0;
  int gamma_weight = 0;
  double a = 0;
  double shape = 0;
  int usable = 0;
  for (int i = 0; i < companies; ++i) {
    const Simulated s = shares(random, 4, 1, 150, 12);
    const PriorFit fit = fit_beta_binomial(s.first, s.second);
    usable += fit.status.end == FitEnd::converged ? 1 : 0;
    beta_mean += holds(fit.mean, 0.8) ? 1 : 0;
    beta_weight += holds(fit.weight, 5) ? 1 : 0;
    a += std::log(fit.first.value) / companies;
    const Simulated r = answers(random, 2, 1, 150, 12);
    const PriorFit rates = fit_gamma_rate(r.first, r.second);
    gamma_mean += holds(rates.mean, 2) ? 1 : 0;
    gamma_weight += holds(rates.weight, 2) ? 1 : 0;
    shape += std::log(rates.first.value) / companies;
  }
  CHECK(usable == companies);
  for (const int held : {beta_mean, beta_weight, gamma_mean, gamma_weight}) {
    CHECK(held >= 252);  // 3.4 standard deviations
    CHECK(held <= 288);
  }
  CHECK(std::exp(a) ==
        doctest::Approx(4).epsilon(0.1));  // few relationships look more alike than many
  CHECK(std::exp(shape) == doctest::Approx(2).epsilon(0.05));
  MESSAGE("intervals that held the truth, of ", companies, ": ", beta_mean, " ", beta_weight, " ",
          gamma_mean, " ", gamma_weight, "; a ", std::exp(a), ", A ", std::exp(shape));
}
