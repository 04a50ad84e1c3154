// SPDX-License-Identifier: MIT
#include <loyalty/scoring/interval.hpp>

#include <loyalty/scoring/evidence.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "scoring/worked_example.hpp"

using namespace loyalty;
using loyalty_tests::distributor;
using loyalty_tests::worked_evidence;

namespace {

bool near(double got, double wanted, double within) { return std::abs(got - wanted) <= within; }

Parameter beta(double a, double b) {
  const double sum = a + b;
  return {a / sum, a * b / (sum * sum * (sum + 1)), 0.5};
}

/// The law of the inversion for the same parameters, whether or not the expansion holds.
QualityInterval inverted(const Parameters& p, const QualityOptions& options = {}) {
  const auto q = detail::log_quality_law(detail::quality_factors(p, options.weights))
                     .quantiles(std::array{0.05, 0.5, 0.95});
  return {100 * std::exp(q[0]), 100 * std::exp(q[1]), 100 * std::exp(q[2]), true};
}

const Parameters four_betas{beta(7, 2), beta(5, 3), beta(6, 5), beta(12, 3)};

}  // namespace

TEST_CASE("the worked example: 5, 50 and 95 %") {
  const QualityInterval i = quality_interval(parameters(worked_evidence, distributor));
  CHECK(near(i.low, 53.737255, 5e-7));
  CHECK(near(i.median, 69.043606, 5e-7));
  CHECK(near(i.high, 80.595359, 5e-7));
  CHECK_FALSE(i.inverted);
}

TEST_CASE("four Betas: Cornish-Fisher, the inversion, the mean, and a simulation") {
  const QualityInterval i = quality_interval(four_betas);
  CHECK(near(i.low, 56.67854634431202, 1e-10));
  CHECK(near(i.median, 69.28034421904754, 1e-10));
  CHECK(near(i.high, 80.10710078307861, 1e-10));
  CHECK_FALSE(i.inverted);
  CHECK(near(quality_mean(four_betas), 68.95294999016841, 1e-11));
  // The quantiles of a simulation, which the expansion misses by as much as it is inexact.
  const QualityInterval exact = inverted(four_betas);
  CHECK(near(exact.low, 56.694966, 0.02));
  CHECK(near(exact.median, 69.265954, 0.02));
  CHECK(near(exact.high, 80.12195, 0.02));
  CHECK(near(i.low, exact.low, 0.05));
  CHECK(near(i.median, exact.median, 0.05));
  CHECK(near(i.high, exact.high, 0.05));
}

TEST_CASE("the expansion is exact for one log-normal-like law: cumulants of a Beta(a, b) power") {
  // With all weight on one parameter the law is Beta(a, b) itself.
  const QualityOptions trust_alone{.weights = {0, 0, 0, 1}};
  const Parameters p{{}, {}, {}, beta(400, 300)};
  const QualityInterval i = quality_interval(p, trust_alone);
  CHECK_FALSE(i.inverted);
  CHECK(near(i.low, 100 * math::beta_quantile(0.05, 400, 300), 1e-4));
  CHECK(near(i.median, 100 * math::beta_quantile(0.5, 400, 300), 1e-4));
  CHECK(near(i.high, 100 * math::beta_quantile(0.95, 400, 300), 1e-4));
  CHECK(near(quality_mean(p, trust_alone), 100 * 400.0 / 700, 1e-11));
}

TEST_CASE("a rich record beside an empty parameter is inverted, and then exact") {
  const QualityOptions trust_alone{.weights = {0, 0, 0, 1}};
  const Parameters p{{}, {}, {}, beta(1.2, 0.8)};
  const QualityInterval i = quality_interval(p, trust_alone);
  CHECK(i.inverted);
  CHECK(near(i.low, 100 * math::beta_quantile(0.05, 1.2, 0.8), 1e-8));
  CHECK(near(i.median, 100 * math::beta_quantile(0.5, 1.2, 0.8), 1e-8));
  CHECK(near(i.high, 100 * math::beta_quantile(0.95, 1.2, 0.8), 1e-8));

  const Evidence rich{.commitment = {.kept = 900},
                      .responsiveness = {.answered = 2000, .answer_time = 50, .granted = 500},
                      .trust = {.kept = 3000}};
  CHECK(quality_interval(parameters(rich)).inverted);
}

TEST_CASE("the cubic is asked for its slope everywhere on the range") {
  const auto rises_on_grid = [](const detail::CornishFisher& x) {
    for (int k = 0; k < 4000; ++k) {
      const double z = detail::z95 * (k - 2000) / 2000.0;
      const double next = detail::z95 * (k - 1999) / 2000.0;
      if (!(x(next) > x(z))) return false;
    }
    return true;
  };
  int rising = 0;
  int falling = 0;
  for (double skew = -4; skew <= 0.5; skew += 0.11) {
    for (double excess = -1; excess < 25; excess += 0.37) {
      const detail::CornishFisher x{skew, excess};
      CAPTURE(skew);
      CAPTURE(excess);
      const bool rises = rises_on_grid(x);
      CHECK(x.is_increasing(detail::z95) == rises);
      ++(rises ? rising : falling);
    }
  }
  CHECK(rising > 100);
  CHECK(falling > 100);
}

TEST_CASE("low <= median <= high, all within 0..100, whatever the evidence") {
  int inverted_ones = 0;
  const double amounts[] = {0, 0.0625, 1, 17, 3e3, 1e6};
  for (const double c : amounts) {
    for (const double r : amounts) {
      for (const double p : amounts) {
        for (const double t : amounts) {
          const Evidence mixed{.commitment = {c, 0.1 * r},
                               .responsiveness = {r, 0.3 * p, 1, 1, c, p},
                               .reciprocity = {p, t},
                               .trust = {t, 0.2 * c, 0.05 * r}};
          const Evidence flawless{.commitment = {c, 0},
                                  .responsiveness = {r, 0.02 * r, 0, 0, c, 0},
                                  .reciprocity = {p, 0.5 * p},
                                  .trust = {t, 0, 0}};
          for (const Evidence& e : {mixed, flawless}) {
            const QualityInterval i = quality_interval(parameters(e));
            inverted_ones += i.inverted;
            CAPTURE(c);
            CAPTURE(r);
            CAPTURE(p);
            CAPTURE(t);
            CHECK(i.low >= 0);
            CHECK(i.low < i.median);
            CHECK(i.median < i.high);
            CHECK(i.high <= 100);
            const double mean = quality_mean(parameters(e));
            CHECK(mean > i.low);
            CHECK(mean < i.high);
          }
        }
      }
    }
  }
  CHECK(inverted_ones > 10);
}

TEST_CASE("parameters without variance are points") {
  const Parameters points{{0.8, 0, 1}, {0.5, 0, 1}, {0.5, 0, 1}, {0.8, 0, 1}};
  const QualityInterval i = quality_interval(points);
  CHECK(near(i.low, 66.28908034679975, 1e-12));
  CHECK(i.low == i.high);
  CHECK(near(quality_mean(points), 66.28908034679975, 1e-12));
  Parameters one_law = points;
  one_law.trust = beta(1.5, 0.7);
  const QualityInterval j = quality_interval(one_law);
  const double fixed = std::pow(0.8, 0.2) * std::pow(0.25, 0.2);
  CHECK(j.inverted);
  CHECK(near(j.low, 100 * fixed * std::pow(math::beta_quantile(0.05, 1.5, 0.7), 0.4), 1e-8));
  CHECK(near(j.high, 100 * fixed * std::pow(math::beta_quantile(0.95, 1.5, 0.7), 0.4), 1e-8));
}
