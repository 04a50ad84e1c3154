// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <loyalty/batch/quality_columns.hpp>

namespace {

using loyalty::MeanColumns;
using loyalty::Weights;

struct Columns {
  std::vector<double> c, r, p, t, q;

  explicit Columns(std::size_t rows) : c(rows), r(rows), p(rows), t(rows), q(rows) {}
  std::size_t score(const Weights& weights) {
    return loyalty::quality_columns({c.data(), r.data(), p.data(), t.data()}, q.size(), weights,
                                    q.data());
  }
  double expected(std::size_t i, const Weights& weights) const {
    return loyalty::quality({{c[i]}, {r[i]}, {p[i]}, {t[i]}}, {.weights = weights});
  }
};

const Weights own_weights{0.1, 0.25, 0.3, 0.35};

}  // namespace

TEST_CASE("quality over columns is the quality of each row") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 1);
  for (const Weights& weights : {Weights{}, own_weights, Weights{0.25, 0.25, 0.25, 0.25}}) {
    Columns columns(1003);  // no multiple of any vector's length
    for (std::size_t i = 0; i < columns.q.size(); ++i) {
      // Means from 1 down to 1e-9.
      for (auto* column : {&columns.c, &columns.r, &columns.p, &columns.t})
        (*column)[i] = std::pow(10, i % 2 == 0 ? -9 * exponent(random) : -exponent(random));
    }
    REQUIRE(columns.score(weights) == columns.q.size());
    for (std::size_t i = 0; i < columns.q.size(); ++i) {
      CAPTURE(i);
      CHECK(std::abs(columns.q[i] / columns.expected(i, weights) - 1) < 1e-14);
    }
  }
}

TEST_CASE("quality over columns at the ends, and null") {
  constexpr double null = std::numeric_limits<double>::quiet_NaN();
  constexpr double smallest = std::numeric_limits<double>::denorm_min();
  for (const Weights& weights : {Weights{}, own_weights, Weights{0, 0.25, 0.25, 0.5}}) {
    for (const double edge : {0.0, -0.0, smallest, 1e-310, 1e-100, 1.0, null}) {
      CAPTURE(edge);
      Columns columns(9);
      for (auto* column : {&columns.c, &columns.r, &columns.p, &columns.t})
        std::fill(column->begin(), column->end(), 0.5);
      columns.c[4] = edge;
      columns.t[6] = edge;
      REQUIRE(columns.score(weights) == 9);
      for (const std::size_t i : {4U, 6U}) {
        if (std::isnan(edge)) {
          CHECK(std::isnan(columns.q[i]));
        } else {
          CHECK(columns.q[i] == doctest::Approx(columns.expected(i, weights)).epsilon(1e-13));
        }
      }
      CHECK(columns.q[5] == doctest::Approx(50).epsilon(1e-14));
    }
  }
}

TEST_CASE("quality over columns stops at the first mean outside 0..1") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Weights& weights : {Weights{}, own_weights}) {
    for (const double wrong : {-1e-300, -0.5, 1 + 1e-15, 2.0, infinity, -infinity}) {
      CAPTURE(wrong);
      Columns columns(20);
      for (auto* column : {&columns.c, &columns.r, &columns.p, &columns.t})
        std::fill(column->begin(), column->end(), 0.5);
      columns.p[13] = wrong;
      columns.r[17] = wrong;
      CHECK(columns.score(weights) == 13);
    }
  }
  Columns none(0);
  CHECK(none.score(Weights{}) == 0);
}
