// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/null_mix.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include <loyalty/core/error.hpp>

using namespace loyalty;

TEST_CASE("null mix: vectors.json A_null_mix_nbd") {
  const NullMix mix = null_mix(0.4, 1.2);
  REQUIRE(mix.status.end == FitEnd::converged);
  CHECK(std::abs(*mix.k - 0.336222340624) < 6e-13);
  const double shares[] = {0.6, 0.157581411784, 0.082239581078, 0.050026598759};
  for (std::size_t r = 0; r < 4; ++r) CHECK(std::abs(mix.expected[r].value - shares[r]) < 6e-13);
  // The key has .606046470538; at 40 digits it is .60604647054073605752.
  CHECK(std::abs(mix.repeaters.value - 0.606046470538) < 3e-12);
  CHECK(std::abs(mix.repeaters.value - 0.606046470540736) < 1e-14);
  CHECK(mix.expected.size() == 11);
  double sum = 0;
  for (const Estimate& share : mix.expected) sum += share.value;
  CHECK(sum == doctest::Approx(1).epsilon(1e-14));
  // The rungs that purchases alone reach.
  CHECK(mix.rungs[0].value == doctest::Approx(0.6));
  CHECK(std::abs(mix.rungs[1].value - 0.157581411784) < 6e-13);
  CHECK(mix.rungs[2].value == doctest::Approx(0.4 - 0.157581411784));
}

TEST_CASE("null mix: penetration and mean come back from the shares, however skew the law") {
  for (const double penetration : {1e-6, 0.01, 0.4, 0.9, 0.999})
    for (const double factor : {1.001, 1.5, 10.0, 1000.0}) {
      const double mean = -std::log1p(-penetration) * factor;
      CAPTURE(penetration);
      CAPTURE(mean);
      const NullMix mix = null_mix(penetration, mean, 10);
      REQUIRE(mix.status.end == FitEnd::converged);
      CHECK(std::exp(-*mix.k * std::log1p(mean / *mix.k)) ==
            doctest::Approx(1 - penetration).epsilon(1e-10));
      CHECK(mix.repeaters.value >= 0);
      CHECK(mix.repeaters.value <= 1);
    }
}

TEST_CASE("null mix: the uncertainty is that of populations drawn from the law") {
  std::mt19937_64 random(8);
  constexpr int population = 2000;
  const NullMix truth = null_mix(0.4, 1.2, 5, population);
  std::gamma_distribution<double> rate(*truth.k, 1.2 / *truth.k);
  std::vector<double> sum(6);
  std::vector<double> squares(6);
  double again = 0;
  double again_squares = 0;
  double surplus_squares = 0;
  double surplus_variance = 0;
  int covers = 0;
  constexpr int draws = 400;
  for (int d = 0; d < draws; ++d) {
    std::vector<std::int64_t> counts;
    for (int i = 0; i < population; ++i) {
      const auto x = static_cast<std::size_t>(std::poisson_distribution<int>(rate(random))(random));
      if (x >= counts.size()) counts.resize(x + 1);
      ++counts[x];
    }
    const NullMix fit = null_mix(counts, 5);
    REQUIRE(fit.status.end == FitEnd::converged);
    CHECK(fit.expected[0].value == doctest::Approx(fit.observed[0]).epsilon(1e-12));
    CHECK(std::accumulate(fit.observed.begin(), fit.observed.end(), 0.0) == doctest::Approx(1));
    for (std::size_t r = 0; r < 6; ++r) {
      sum[r] += fit.expected[r].value;
      squares[r] += fit.expected[r].value * fit.expected[r].value;
    }
    surplus_squares += fit.surplus->value * fit.surplus->value;
    surplus_variance += fit.surplus->sd * fit.surplus->sd;
    covers += fit.surplus->low <= 0 && fit.surplus->high >= 0;
    again += fit.repeaters.value;
    again_squares += fit.repeaters.value * fit.repeaters.value;
  }
  const auto sd = [&](double s, double q) { return std::sqrt(q / draws - s / draws * s / draws); };
  for (std::size_t r = 0; r < 6; ++r) {
    CAPTURE(r);
    CHECK(truth.expected[r].sd == doctest::Approx(sd(sum[r], squares[r])).epsilon(0.12));
  }
  CHECK(truth.repeaters.sd == doctest::Approx(sd(again, again_squares)).epsilon(0.12));
  // What is seen beyond the law: nothing, within 90 % intervals (360 of 400, standard deviation 6).
  CHECK(surplus_variance / draws == doctest::Approx(surplus_squares / draws).epsilon(0.2));
  CHECK(covers > 338);
  CHECK(covers < 382);
}

TEST_CASE("null mix: who buys again more than by the law is told") {
  // 400 of 1000 bought; 300 of them five times.
  const std::vector<std::int64_t> loyal = {600, 100, 0, 0, 0, 300};
  const NullMix more = null_mix(loyal);
  REQUIRE(more.surplus.has_value());
  CHECK(more.surplus->value == doctest::Approx(0.3 - more.rungs[2].value));
  CHECK(more.surplus->low > 0);
  CHECK(more.status.sentence.find("More buy again than by it: 30.0 % were seen") !=
        std::string::npos);
  const std::vector<std::int64_t> fickle = {600, 370, 10, 5, 5, 2, 2, 2, 2, 0, 0,
                                            0,   0,   0,  0, 0, 0, 0, 0, 0, 2};
  CHECK(null_mix(fickle).surplus->high < 0);
  CHECK_FALSE(null_mix(0.4, 1.2).surplus.has_value());
}

TEST_CASE("null mix: as regular as chance or more is the Poisson law, at the boundary") {
  // 10 x 0, 30 x 1, 10 x 2: variance .4, mean 1.
  const std::vector<std::int64_t> counts = {10, 30, 10};
  const NullMix mix = null_mix(counts);
  CHECK(mix.status.end == FitEnd::boundary);
  CHECK_FALSE(mix.k.has_value());
  CHECK(mix.expected[0].value == doctest::Approx(std::exp(-1)));
  CHECK(mix.expected[2].value == doctest::Approx(std::exp(-1) / 2));
  CHECK(mix.observed[1] == doctest::Approx(0.6));
}

TEST_CASE("null mix: nobody, everybody, too few") {
  CHECK(null_mix(0, 0).status.end == FitEnd::too_little_data);
  CHECK(null_mix(0, 0).status.sentence == "Nobody bought in the period.");
  CHECK(null_mix(1, 3).status.end == FitEnd::not_identified);
  const std::vector<std::int64_t> few = {100, 19};
  CHECK(null_mix(few).status.sentence ==
        "Only 19 of 119 relationships bought in the period; at least 20 are needed.");
  CHECK(null_mix(std::vector<std::int64_t>{}).status.end == FitEnd::too_little_data);
  const std::vector<std::int64_t> everybody = {0, 50, 50};
  CHECK(null_mix(everybody).status.end == FitEnd::not_identified);
}

TEST_CASE("null mix: arguments out of range are named") {
  CHECK_THROWS_AS((void)null_mix(-0.1, 1), PolicyError);
  CHECK_THROWS_AS((void)null_mix(1.1, 2), PolicyError);
  CHECK_THROWS_AS((void)null_mix(0.5, 0.4), PolicyError);
  CHECK_THROWS_AS((void)null_mix(0.5, NAN), PolicyError);
  CHECK_THROWS_AS((void)null_mix(0.5, INFINITY), PolicyError);
  CHECK_THROWS_AS((void)null_mix(0.5, 1, 1), PolicyError);
  CHECK_THROWS_AS((void)null_mix(0.5, 1, 10, -1), PolicyError);
  CHECK_THROWS_AS((void)null_mix(std::vector<std::int64_t>{100, -1}), PolicyError);
}
