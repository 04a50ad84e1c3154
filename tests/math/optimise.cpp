// SPDX-License-Identifier: MIT
#include <cmath>

#include <doctest/doctest.h>

#include <loyalty/math/optimise.hpp>

using Eigen::MatrixXd;
using Eigen::VectorXd;
using loyalty::FitEnd;
using loyalty::math::maximise;
using loyalty::math::Objective;

namespace {

VectorXd point(std::initializer_list<double> values) {
  VectorXd x(static_cast<Eigen::Index>(values.size()));
  Eigen::Index i = 0;
  for (const double value : values) x[i++] = value;
  return x;
}

/// H. H. Rosenbrock, The Computer Journal 3 (1960), p. 175, turned around; its maximum is 0 at (1, 1).
double rosenbrock(const VectorXd& x, VectorXd* g, MatrixXd* h) {
  const double a = x[1] - x[0] * x[0];
  if (g != nullptr) *g = point({400 * a * x[0] + 2 * (1 - x[0]), -200 * a});
  if (h != nullptr) {
    h->resize(2, 2);
    *h << 400 * (x[1] - 3 * x[0] * x[0]) - 2, 400 * x[0], 400 * x[0], -200;
  }
  return -100 * a * a - (1 - x[0]) * (1 - x[0]);
}

}  // namespace

TEST_CASE("maximise: Rosenbrock's valley from its usual start and others") {
  for (const VectorXd& start : {point({-1.2, 1}), point({10, -40}), point({0, 0}), point({1, 1})}) {
    CAPTURE(start[0]);
    const auto best = maximise(rosenbrock, start);
    CHECK(best.status.end == FitEnd::converged);
    CHECK(best.x[0] == doctest::Approx(1).epsilon(1e-7));
    CHECK(best.x[1] == doctest::Approx(1).epsilon(1e-7));
    // The inverse of the matrix of second derivatives at the minimum: 802, -400, 200, determinant 400.
    CHECK(best.covariance(0, 0) == doctest::Approx(0.5).epsilon(1e-6));
    CHECK(best.covariance(1, 1) == doctest::Approx(2.005).epsilon(1e-6));
    CHECK(best.covariance(0, 1) == doctest::Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("maximise: a saddle is left, not taken for a maximum") {
  // x^2 - y^4/4 - x^4/2: a saddle at 0, where the gradient is 0; maxima 1/2 at x = +-1.
  const Objective f = [](const VectorXd& x, VectorXd* g, MatrixXd* h) {
    if (g != nullptr) *g = point({2 * x[0] - 2 * std::pow(x[0], 3), -std::pow(x[1], 3) - x[1]});
    if (h != nullptr) {
      *h = MatrixXd::Zero(2, 2);
      (*h)(0, 0) = 2 - 6 * x[0] * x[0];
      (*h)(1, 1) = -3 * x[1] * x[1] - 1;
    }
    return x[0] * x[0] - std::pow(x[0], 4) / 2 - std::pow(x[1], 4) / 4 - x[1] * x[1] / 2;
  };
  const auto best = maximise(f, point({0, 0.3}));
  CHECK(best.status.end == FitEnd::converged);
  CHECK(std::abs(best.x[0]) == doctest::Approx(1).epsilon(1e-7));
  CHECK(best.value == doctest::Approx(0.5).epsilon(1e-12));
}

TEST_CASE("maximise: a maximum beyond a bound ends there, and the status says so") {
  loyalty::math::OptimiseOptions options;
  options.high = point({0.5, 100});
  const auto best = maximise(rosenbrock, point({-1.2, 1}), options);
  CHECK(best.status.end == FitEnd::boundary);
  CHECK(best.at_high == std::vector<int>{0});
  CHECK(best.at_low.empty());
  CHECK(best.x[0] == 0.5);
  CHECK(best.x[1] == doctest::Approx(0.25).epsilon(1e-9));
  CHECK(std::isnan(best.covariance(0, 0)));
  CHECK(best.covariance(1, 1) == doctest::Approx(1.0 / 200).epsilon(1e-9));
}

TEST_CASE(
    "maximise: a start outside the bounds is moved inside, a bound that does not matter is left") {
  loyalty::math::OptimiseOptions options;
  options.low = point({-5, -5});
  options.high = point({5, 5});
  const auto best = maximise(rosenbrock, point({-50, 70}), options);
  CHECK(best.status.end == FitEnd::converged);
  CHECK(best.x[0] == doctest::Approx(1).epsilon(1e-7));
}

TEST_CASE("maximise: a flat direction is not identified") {
  // Only the sum counts.
  const Objective f = [](const VectorXd& x, VectorXd* g, MatrixXd* h) {
    const double d = x[0] + x[1] - 3;
    if (g != nullptr) *g = point({-2 * d, -2 * d});
    if (h != nullptr) *h = MatrixXd::Constant(2, 2, -2.0);
    return -d * d;
  };
  const auto best = maximise(f, point({0, 0}));
  CHECK(best.status.end == FitEnd::not_identified);
  CHECK(best.flat >= 0);
  CHECK(std::isnan(best.covariance(0, 0)));
  CHECK(best.value == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE(
    "maximise: a function that rises for ever is not identified or at its bound, never converged") {
  const Objective f = [](const VectorXd& x, VectorXd* g, MatrixXd* h) {
    const double e = std::exp(-x[0]);
    if (g != nullptr) *g = point({e});
    if (h != nullptr) *h = MatrixXd::Constant(1, 1, -e);
    return -e;
  };
  CHECK(maximise(f, point({0})).status.end == FitEnd::not_identified);
  loyalty::math::OptimiseOptions options;
  options.low = point({-3});
  options.high = point({4});
  const auto best = maximise(f, point({0}), options);
  CHECK(best.status.end == FitEnd::boundary);
  CHECK(best.x[0] == 4);
}

TEST_CASE("maximise: outside is where the value is not finite") {
  // ln x - x, from a start whose full Newton step leaves the domain.
  const Objective f = [](const VectorXd& x, VectorXd* g, MatrixXd* h) {
    if (g != nullptr) *g = point({1 / x[0] - 1});
    if (h != nullptr) *h = MatrixXd::Constant(1, 1, -1 / (x[0] * x[0]));
    return std::log(x[0]) - x[0];
  };
  const auto best = maximise(f, point({2.5}));
  CHECK(best.status.end == FitEnd::converged);
  CHECK(best.x[0] == doctest::Approx(1).epsilon(1e-7));
  const auto none = maximise(f, point({-1}));
  CHECK(none.status.end == FitEnd::stopped);
  CHECK(none.status.iterations == 0);
}

TEST_CASE("maximise: the Hessian by differences is that of the formula") {
  const Objective only_gradient = [](const VectorXd& x, VectorXd* g, MatrixXd*) {
    return rosenbrock(x, g, nullptr);
  };
  const Objective full = loyalty::math::with_difference_hessian(only_gradient);
  for (const VectorXd& x : {point({-1.2, 1}), point({0.3, 2}), point({1, 1})}) {
    VectorXd g(2);
    MatrixXd found(2, 2);
    MatrixXd exact(2, 2);
    full(x, &g, &found);
    rosenbrock(x, &g, &exact);
    CHECK((found - exact).cwiseAbs().maxCoeff() < 1e-6 * exact.cwiseAbs().maxCoeff());
  }
  CHECK(maximise(full, point({-1.2, 1})).x[1] == doctest::Approx(1).epsilon(1e-7));
}

TEST_CASE("name_of: every end of a fit has a word of its own") {
  for (int i = 0; i < loyalty::fit_end_count; ++i) {
    CHECK_FALSE(loyalty::name_of(static_cast<FitEnd>(i)).empty());
    for (int j = 0; j < i; ++j)
      CHECK(loyalty::name_of(static_cast<FitEnd>(i)) != loyalty::name_of(static_cast<FitEnd>(j)));
  }
}
