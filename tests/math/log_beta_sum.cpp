// SPDX-License-Identifier: MIT
#include <loyalty/math/log_beta_sum.hpp>

#include <loyalty/math/beta.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <initializer_list>

#include "math/near.hpp"

using namespace loyalty::math;
using loyalty_tests::error;
using loyalty_tests::relative_error;

namespace {

using Terms = std::array<LogBetaSum::Term, 4>;

constexpr Terms moderate{{{.2, 7, 2}, {.2, 5, 3}, {.2, 6, 5}, {.4, 12, 3}}};
constexpr Terms rich_beside_empty{{{.2, 400, 1}, {.2, 4, 1}, {.2, 2.2, 1}, {.4, 1.7, .8}}};
constexpr Terms small{{{.2, .5, .5}, {.2, .5, 2}, {.2, 3, .5}, {.4, .7, .6}}};
constexpr Terms two{{{.2, .5, .5}, {0, 9, 9}, {0, 9, 9}, {.4, .5, 2}}};

struct SumValue {
  Terms terms;
  double y;
  double cdf;
};

// Computed with mpmath 1.4.1 at 30 digits, invertlaplace(prod B(alpha + w p, beta)/B(alpha, beta)/p, -y,
// method='talbot') from 1, degree 50 and 80 alike; `two` also as the integral of the arcsine law over the density of the other.
constexpr SumValue sum_values[] = {
    {moderate, -.22, 0.952221952802007087},
    {moderate, -.367, 0.500433905523600286},
    {moderate, -.568, 0.0497220815574595868},
    {rich_beside_empty, -.06, 0.968381605483750435},
    {rich_beside_empty, -.3, 0.458427358077654338},
    {rich_beside_empty, -.9, 0.0343516081064879095},
    {small, -.15, 0.995143418074765909},
    {small, -.8, 0.6912612387491705},
    {small, -2.5, 0.0720520594472894219},
    {two, -.05, 0.999081610080742448},
    {two, -.6, 0.797036355075829995},
    {two, -2, 0.192873440339673743},
};

/// P(w1 ln X1 + w2 ln X2 <= y) by the trapezoidal rule over the normal score of X2: another route than an inversion.
double convolution(const LogBetaSum::Term& first, const LogBetaSum::Term& second, double y) {
  constexpr double h = 0.005;
  double sum = 0;
  for (int i = -1700; i <= 1700; ++i) {
    const double z = i * h;
    const double p = 0.5 * std::erfc(-z / std::sqrt(2.0));
    const double q = 0.5 * std::erfc(z / std::sqrt(2.0));
    const double x = beta_quantile(p, second.alpha, second.beta);
    const double log_second =
        x < 0.9 ? std::log(x) : std::log1p(-beta_quantile(q, second.beta, second.alpha));
    const double log_first = (y - second.weight * log_second) / first.weight;
    const double below =
        log_first < 0 ? 1 - beta_cdf(-std::expm1(log_first), first.beta, first.alpha) : 1;
    sum += h * std::exp(-0.5 * z * z) * below;
  }
  return sum / std::sqrt(2 * 3.14159265358979323846);
}

Terms only(const LogBetaSum::Term& first, const LogBetaSum::Term& second = {}) {
  return {first, second, {}, {}};
}

}  // namespace

TEST_CASE("the law of a sum of four log-Betas") {
  for (const SumValue& row : sum_values) {
    const Terms& terms = row.terms;
    const double y = row.y;
    const double wanted = row.cdf;
    const LogBetaSum law{terms};
    CAPTURE(y);
    CHECK(std::abs(law.cdf(y) - wanted) < 2e-12);
    if (wanted > 0.01 && wanted < 0.99)
      CHECK(std::abs(std::expm1(law.quantile(wanted) - y)) < 1e-10);
  }
}

TEST_CASE("one term is a Beta law, whatever its shapes") {
  for (const double a : {0.5, 1.0, 3.0, 50.0, 1e4, 1e8, 1e12}) {
    for (const double b : {0.5, 1.0, 3.0, 50.0, 1e4, 1e8, 1e12}) {
      const LogBetaSum law{only({0.4, a, b})};
      for (const double p : {0.01, 0.05, 0.5, 0.95, 0.99}) {
        CAPTURE(a);
        CAPTURE(b);
        CAPTURE(p);
        const double x = beta_quantile(p, a, b);
        const double y = 0.4 * (x < 0.9 ? std::log(x) : std::log1p(-beta_quantile(1 - p, b, a)));
        CHECK(std::abs(law.cdf(y) - p) < 1e-10);  // y itself is rounded
        CHECK(std::abs(std::expm1(law.quantile(p) - y)) < 1e-10);
      }
    }
  }
}

TEST_CASE("two terms, one of them narrow, agree with their convolution") {
  for (const double a : {0.5, 2.0, 30.0}) {
    for (const double b : {0.5, 1.5, 40.0}) {
      for (const double size : {20.0, 1e3, 1e6, 1e12}) {
        const LogBetaSum::Term first{0.2, a, b};
        const LogBetaSum::Term second{0.4, size, 0.3 * size};
        const LogBetaSum law{only(first, second)};
        for (const double p : {0.05, 0.5, 0.95}) {
          CAPTURE(a);
          CAPTURE(b);
          CAPTURE(size);
          CAPTURE(p);
          const double y = law.quantile(p);
          CHECK(std::abs(law.cdf(y) - p) < 2e-11);
          // The rule is exact where the inner law is smooth on the scale of its steps; at the end of a law with shape 1/2
          // its distribution function has a corner, which costs it digits.
          const double convolved =
              size < 1e4 ? convolution(second, first, y) : convolution(first, second, y);
          CHECK(std::abs(convolved - p) < (size > 1e4 && b < 1 ? 1e-5 : 1e-9));
        }
      }
    }
  }
}

TEST_CASE("quantiles found together are those found apart, and rise") {
  constexpr std::array p{0.05, 0.5, 0.95};
  for (const Terms& terms : {moderate, rich_beside_empty, small, two, only({1, 0.5, 0.5}),
                             only({0.3, 1e12, 1e12}, {0.7, 1e6, 0.5})}) {
    const LogBetaSum law{terms};
    const auto together = law.quantiles(p);
    CHECK(together[0] < together[1]);
    CHECK(together[1] < together[2]);
    CHECK(together[2] < 0);
    for (std::size_t i = 0; i < p.size(); ++i) {
      CAPTURE(p[i]);
      CHECK(std::abs(together[i] - law.quantile(p[i])) < 1e-10);
    }
  }
}

TEST_CASE("the distribution function rises from 0 to 1 and a constant shifts it") {
  for (const Terms& terms : {moderate, rich_beside_empty, small, two}) {
    const LogBetaSum law{terms};
    const LogBetaSum shifted{terms, -3};
    double before = 0;
    for (double y = -8; y < 0; y += 0.0625) {  // exact, also when shifted
      CAPTURE(y);
      const double here = law.cdf(y);
      CHECK(here >= before - 1e-11);
      CHECK(std::abs(shifted.cdf(y - 3) - here) < 1e-11);
      before = here;
    }
    CHECK(law.cdf(-200) < 1e-10);
    CHECK(law.cdf(-1e-13) == doctest::Approx(1).epsilon(1e-6));
    CHECK(law.cdf(0) == 1);
    CHECK(law.cdf(1) == 1);
  }
}

TEST_CASE("wide and narrow terms mixed: quantiles rise and return their probabilities") {
  constexpr std::array shapes{0.5, 1.0, 2.2, 14.0, 300.0, 2e4, 3e6, 1e12};
  constexpr std::array p{0.05, 0.5, 0.95};
  unsigned state = 12345;
  const auto any_shape = [&] {
    state = state * 1664525u + 1013904223u;
    return shapes[state >> 29];
  };
  for (int i = 0; i < 400; ++i) {
    Terms terms{{{.2}, {.2}, {.2}, {.4}}};
    for (LogBetaSum::Term& term : terms) {
      term.alpha = any_shape();
      term.beta = any_shape();
    }
    CAPTURE(terms[0].alpha);
    CAPTURE(terms[0].beta);
    CAPTURE(terms[1].alpha);
    CAPTURE(terms[1].beta);
    CAPTURE(terms[2].alpha);
    CAPTURE(terms[2].beta);
    CAPTURE(terms[3].alpha);
    CAPTURE(terms[3].beta);
    const LogBetaSum law{terms};
    const auto y = law.quantiles(p);
    CAPTURE(i);
    CHECK(y[0] < y[1]);
    CHECK(y[1] < y[2]);
    for (std::size_t k = 0; k < p.size(); ++k) {
      CAPTURE(p[k]);
      CAPTURE(y[k]);
      // What the neighbouring doubles change is what y cannot resolve.
      const double slack = law.cdf(std::nextafter(y[k], 1)) - law.cdf(std::nextafter(y[k], -1e9));
      CHECK(std::abs(law.cdf(y[k]) - p[k]) < 1e-10 + 2 * std::abs(slack));
    }
  }
}
