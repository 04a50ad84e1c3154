// SPDX-License-Identifier: MIT
// Fits: known worlds recovered, what must change nothing, and ends in words.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/core/error.hpp>
#include <loyalty/purchase.hpp>

using namespace loyalty::purchase;
using loyalty::ColumnError;
using loyalty::FitEnd;

namespace {

/// Histories that own their columns.
struct Table {
  std::vector<double> x;
  std::vector<double> t_x;
  std::vector<double> T;
  std::vector<double> mean_value;
  std::vector<double> weight;

  void add(double count, double last, double end) {
    x.push_back(count);
    t_x.push_back(last);
    T.push_back(end);
  }
  HistoryColumns columns(TimeUnit unit = TimeUnit::week) const {
    HistoryColumns made;
    made.x = x.data();
    made.t_x = t_x.data();
    made.T = T.data();
    made.mean_value = mean_value.empty() ? nullptr : mean_value.data();
    made.weight = weight.empty() ? nullptr : weight.data();
    made.rows = x.size();
    made.unit = unit;
    return made;
  }
};

template <class Model>
Table simulated(const Model& model, int customers, std::uint64_t seed) {
  Table table;
  for (int i = 0; i < customers; ++i) table.T.push_back(20 + 40.0 * (i % 400) / 400);
  const Simulated made = simulate(model, table.T, 10, seed);
  table.x = made.x;
  table.t_x = made.t_x;
  return table;
}

template <class Model>
std::vector<double> parameters_of(const Model& m) {
  if constexpr (std::is_same_v<Model, ParetoNBD>)
    return {m.r, m.alpha, m.s, m.beta};
  else if constexpr (std::is_same_v<Model, GammaGamma>)
    return {m.p, m.q, m.v};
  else
    return {m.r, m.alpha, m.a, m.b};
}

template <class Function>
void for_each_world(const Function& function) {
  function(BGNBD{0.8, 6, 0.6, 2});
  function(MBGNBD{0.8, 6, 0.6, 2});
  function(ParetoNBD{0.8, 6, 0.7, 15});
}

}  // namespace

TEST_CASE("purchase: fits recover known worlds, at a point where no parameter can be improved") {
  for_each_world([](const auto& world) {
    using Model = std::decay_t<decltype(world)>;
    CAPTURE(Model::name);
    const Table table = simulated(world, 8000, 3);
    const Fit<Model> found = fit<Model>(table.columns());
    CHECK(found.status.end == FitEnd::converged);
    CHECK(found.customers == 8000);
    CHECK(found.model.unit == TimeUnit::week);
    const auto truth = parameters_of(world);
    const auto estimate = parameters_of(found.model);
    // The sum over customers, one by one, by the function of one customer.
    double sum = 0;
    Gradient slope{};
    for (std::size_t i = 0; i < table.x.size(); ++i) {
      Gradient g{};
      sum += found.model.log_likelihood({table.x[i], table.t_x[i], table.T[i]}, &g);
      for (std::size_t k = 0; k < 4; ++k) slope[k] += g[k];
    }
    CHECK(found.log_likelihood == doctest::Approx(sum).epsilon(1e-12));
    for (std::size_t k = 0; k < 4; ++k) {
      CAPTURE(Model::parameter_names[k]);
      CHECK(std::abs(estimate[k] - truth[k]) < 4 * found.standard_errors[k]);
      CHECK(std::abs(slope[k] * found.standard_errors[k]) < 1e-4);
      CHECK(found.standard_errors[k] == doctest::Approx(std::sqrt(found.covariance[k][k])));
      CHECK(found.status.sentence.find(Model::parameter_names[k]) != std::string::npos);
    }
    CHECK(found.aic() == doctest::Approx(8 - 2 * sum));
    CHECK(found.bic() == doctest::Approx(4 * std::log(8000.0) - 2 * sum));
  });
}

TEST_CASE(
    "purchase: the covariance is the inverse of the curvature, by differences of the likelihood") {
  for_each_world([](const auto& world) {
    using Model = std::decay_t<decltype(world)>;
    CAPTURE(Model::name);
    const Table table = simulated(world, 3000, 8);
    const Fit<Model> found = fit<Model>(table.columns());
    const auto gradient_at = [&](std::size_t by, double step) {
      auto q = parameters_of(found.model);
      q[by] += step;
      const Model moved{q[0], q[1], q[2], q[3]};
      Gradient sum{};
      for (std::size_t i = 0; i < table.x.size(); ++i) {
        Gradient g{};
        static_cast<void>(moved.log_likelihood({table.x[i], table.t_x[i], table.T[i]}, &g));
        for (std::size_t k = 0; k < 4; ++k) sum[k] += g[k];
      }
      return sum;
    };
    // -Hessian times covariance is 1.
    double curvature[4][4];
    for (std::size_t i = 0; i < 4; ++i) {
      const double step = 1e-4 * parameters_of(found.model)[i];
      const Gradient up = gradient_at(i, step);
      const Gradient down = gradient_at(i, -step);
      for (std::size_t k = 0; k < 4; ++k) curvature[i][k] = (down[k] - up[k]) / (2 * step);
    }
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t k = 0; k < 4; ++k) {
        double sum = 0;
        for (std::size_t j = 0; j < 4; ++j) sum += curvature[i][j] * found.covariance[j][k];
        const double scale = found.standard_errors[k] / found.standard_errors[i];
        CHECK(std::abs(sum - (i == k ? 1 : 0)) < 1e-4 * std::max(1.0, scale));
      }
  });
}

TEST_CASE("purchase: order, repetition and unit change nothing") {
  for_each_world([](const auto& world) {
    using Model = std::decay_t<decltype(world)>;
    CAPTURE(Model::name);
    Table table = simulated(world, 1500, 5);
    for (double& t : table.T) t = std::round(t * 7) / 7;  // days, so that rows repeat
    for (std::size_t i = 0; i < table.x.size(); ++i)
      table.t_x[i] = std::min(table.t_x[i], table.T[i]);
    const Fit<Model> base = fit<Model>(table.columns());
    std::vector<std::size_t> order(table.x.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    Table shuffled;
    for (const std::size_t i : order) shuffled.add(table.x[i], table.t_x[i], table.T[i]);
    CHECK(parameters_of(fit<Model>(shuffled.columns()).model) == parameters_of(base.model));
    CHECK(fit<Model>(shuffled.columns()).covariance == base.covariance);

    Table weighed = table;
    weighed.weight.assign(table.x.size(), 3);
    Table thrice = table;
    for (int k = 0; k < 2; ++k)
      for (std::size_t i = 0; i < table.x.size(); ++i)
        thrice.add(table.x[i], table.t_x[i], table.T[i]);
    const Fit<Model> by_weight = fit<Model>(weighed.columns());
    const Fit<Model> by_rows = fit<Model>(thrice.columns());
    CHECK(parameters_of(by_weight.model) == parameters_of(by_rows.model));
    CHECK(by_weight.log_likelihood == by_rows.log_likelihood);
    CHECK(by_weight.covariance == by_rows.covariance);
    weighed.weight.assign(table.x.size(), 1);
    weighed.add(5, 1, 50);
    weighed.weight.push_back(0);  // nobody
    CHECK(parameters_of(fit<Model>(weighed.columns()).model) == parameters_of(base.model));

    Table by_hours = table;
    for (double& t : by_hours.T) t *= 168;
    for (double& t : by_hours.t_x) t *= 168;
    const Fit<Model> hours_fit = fit<Model>(by_hours.columns(TimeUnit::hour));
    const double purchases = std::accumulate(table.x.begin(), table.x.end(), 0.0);
    CHECK(hours_fit.log_likelihood ==
          doctest::Approx(base.log_likelihood - purchases * std::log(168.0)).epsilon(1e-11));
    for (std::size_t k = 0; k < 4; ++k) {
      const bool time = Model::parameter_names[k] == "alpha" || Model::parameter_names[k] == "beta";
      CHECK(parameters_of(hours_fit.model)[k] ==
            doctest::Approx((time ? 168 : 1) * parameters_of(base.model)[k]).epsilon(1e-7));
      CHECK(hours_fit.standard_errors[k] ==
            doctest::Approx((time ? 168 : 1) * base.standard_errors[k]).epsilon(1e-7));
    }
  });
}

TEST_CASE("purchase: fits that cannot end well say so in words") {
  for_each_world([](const auto& world) {
    using Model = std::decay_t<decltype(world)>;
    CAPTURE(Model::name);
    Table nobody;
    const Fit<Model> empty = fit<Model>(nobody.columns());
    CHECK(empty.status.end == FitEnd::too_little_data);
    CHECK(empty.status.sentence.find("at least 20 and 5") != std::string::npos);
    CHECK(std::isnan(empty.model.r));

    Table once;
    for (int i = 0; i < 900; ++i) once.add(0, 0, 10 + i % 5);
    CHECK(fit<Model>(once.columns()).status.end == FitEnd::too_little_data);

    // Purchases like clockwork at one rate, and nobody drops out: there is nothing to tell customers apart by.
    Table alike;
    for (int i = 0; i < 900; ++i) alike.add(20, 39.9, 40);
    const Fit<Model> flat = fit<Model>(alike.columns());
    CHECK(flat.status.end != FitEnd::converged);
    CHECK(flat.status.sentence.size() > 40);
    CHECK(flat.status.sentence.back() == '.');
    for (const double q : parameters_of(flat.model)) CHECK((q > 0 && std::isfinite(q)));
    if (flat.status.end == FitEnd::boundary) {
      CHECK(flat.status.sentence.find("bound of ") != std::string::npos);
      CHECK(std::any_of(flat.standard_errors.begin(), flat.standard_errors.end(),
                        [](double e) { return std::isnan(e); }));
    }
    Table wrong = once;
    wrong.add(1, 9, 8);
    CHECK_THROWS_AS(static_cast<void>(fit<Model>(wrong.columns())), ColumnError);
    wrong = once;
    wrong.weight.assign(wrong.x.size(), 1);
    wrong.weight[7] = -1;
    CHECK_THROWS_WITH_AS(static_cast<void>(fit<Model>(wrong.columns())),
                         doctest::Contains("column 'weight', row 7"), ColumnError);
  });
}

TEST_CASE(
    "purchase: of two maxima the higher is found, and the other told where it is nearly as "
    "likely") {
  // With little dropout and few who buy much, and with much at once; both were found by climbing from other starts.
  struct {
    MBGNBD world;
    std::uint64_t seed;
    MBGNBD low, high;
    bool told;
  } const cases[] = {
      {{0.11852099260247367, 3.8782893193271444, 0.41329272352671165, 2.1872929579133866},
       627,
       {0.1067, 4.071, 0.4923, 5.259},
       {0.5446, 6.894, 0.1828, 0.08379},
       false},
      {{0.10895245635204825, 12.284177301500314, 1.6981806594799371, 10.929441818723596},
       79,
       {0.1212, 9.962, 0.9268, 3.059},
       {0.8333, 19.57, 0.4015, 0.1164},
       true}};
  for (const auto& one : cases) {
    const Table table = simulated(one.world, 1500, one.seed);
    const auto log_likelihood = [&](const MBGNBD& model) {
      double sum = 0;
      for (std::size_t i = 0; i < table.x.size(); ++i)
        sum += model.log_likelihood({table.x[i], table.t_x[i], table.T[i]});
      return sum;
    };
    const Fit<MBGNBD> found = fit<MBGNBD>(table.columns());
    CAPTURE(found.status.sentence);
    CHECK(found.status.end == FitEnd::converged);
    const double high = log_likelihood(one.high);
    CHECK((high - log_likelihood(one.low) < 2) == one.told);
    CHECK(found.log_likelihood >= high);
    CHECK(found.log_likelihood == doctest::Approx(high).epsilon(1e-7));
    const bool told = found.status.sentence.find("Another maximum") != std::string::npos;
    CHECK(told == one.told);
  }
}

TEST_CASE(
    "purchase: a world without dropout is found to be one, and its other parameters are known") {
  const BGNBD world{1.2, 8, 1e-9, 1e3};
  const Table table = simulated(world, 3000, 6);
  for_each_world([&](const auto& of) {
    using Model = std::decay_t<decltype(of)>;
    CAPTURE(Model::name);
    const Fit<Model> found = fit<Model>(table.columns());
    CAPTURE(found.status.sentence);
    CHECK(found.status.usable());
    if (std::is_same_v<Model,
                       MBGNBD>) {  // which may take some who never came back for gone at once
      CHECK(found.model.p_alive({0, 0, 40}) > 0.5);
      return;
    }
    CHECK(found.status.end == FitEnd::boundary);
    CHECK(found.status.sentence.find("hardly anybody drops out") != std::string::npos);
    CHECK(std::abs(found.model.r - 1.2) < 4 * found.standard_errors[0]);
    CHECK(std::abs(found.model.alpha - 8) < 4 * found.standard_errors[1]);
    // A negative binomial law: E[purchases in t] = (r + x) t/(alpha + T), and its likelihood.
    const CustomerHistory h{3, 20, 35};
    const double rate = (found.model.r + 3) / (found.model.alpha + 35);
    CHECK(found.model.expected_purchases(h, weeks(10)) == doctest::Approx(10 * rate).epsilon(1e-3));
    CHECK(found.model.p_alive(h) > 0.999);
  });
}

TEST_CASE(
    "purchase: customers that all leave at one rate are told apart from those who do not leave") {
  // Dropout rates hardly differ: s and beta grow together.
  const ParetoNBD world{1.5, 6, 2e4, 8e5};
  const Fit<ParetoNBD> found = fit<ParetoNBD>(simulated(world, 6000, 2).columns());
  CAPTURE(found.status.sentence);
  CHECK(found.status.usable());
  if (found.status.end == FitEnd::boundary)
    CHECK(found.status.sentence.find("about s/beta") != std::string::npos);
  CHECK(found.model.s / found.model.beta == doctest::Approx(0.025).epsilon(0.3));
}

TEST_CASE("purchase: a fit of spend") {
  const GammaGamma world{6.25, 3.744, 15.44};
  Table table;
  std::mt19937 dice(4);
  for (int i = 0; i < 12000; ++i) table.add(i % 6, 0, 0);
  table.mean_value = simulate_spend(world, table.x, 12);
  for (std::size_t i = 0; i < table.x.size(); ++i)
    CHECK(std::isnan(table.mean_value[i]) == (table.x[i] == 0));
  const Fit<GammaGamma> found = fit<GammaGamma>(table.columns());
  CHECK(found.status.end == FitEnd::converged);
  CHECK(found.customers == 10000);
  double sum = 0;
  Gradient slope{};
  for (std::size_t i = 0; i < table.x.size(); ++i) {
    if (table.x[i] == 0) continue;
    Gradient g{};
    sum += found.model.log_likelihood(table.x[i], table.mean_value[i], &g);
    for (std::size_t k = 0; k < 3; ++k) slope[k] += g[k];
  }
  CHECK(found.log_likelihood == doctest::Approx(sum).epsilon(1e-12));
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(std::abs(parameters_of(found.model)[k] - parameters_of(world)[k]) <
          4 * found.standard_errors[k]);
    CHECK(std::abs(slope[k] * found.standard_errors[k]) < 1e-4);
  }
  // Pence instead of pounds.
  Table pence = table;
  for (double& value : pence.mean_value) value *= 100;
  const Fit<GammaGamma> same = fit<GammaGamma>(pence.columns());
  CHECK(same.model.p == doctest::Approx(found.model.p).epsilon(1e-8));
  CHECK(same.model.v == doctest::Approx(100 * found.model.v).epsilon(1e-8));
  table.mean_value[1] = 0;
  CHECK_THROWS_WITH_AS(static_cast<void>(fit<GammaGamma>(table.columns())),
                       doctest::Contains("column 'mean_value', row 1"), ColumnError);
}

TEST_CASE("purchase: simulated worlds are what the models say") {
  for_each_world([](const auto& world) {
    using Model = std::decay_t<decltype(world)>;
    CAPTURE(Model::name);
    const std::vector<double> T(60000, 30.0);
    const Simulated made = simulate(world, T, 20, 17);
    const std::vector<double> p = world.p_counts_new(9, 30);
    for (std::size_t k = 0; k < p.size(); ++k) {
      const auto count =
          static_cast<double>(std::count(made.x.begin(), made.x.end(), static_cast<double>(k)));
      const double spread = std::sqrt(60000 * p[k] * (1 - p[k]));
      CAPTURE(k);
      CHECK(std::abs(count - 60000 * p[k]) < 4.5 * spread);
    }
    const double bought = std::accumulate(made.x.begin(), made.x.end(), 0.0) / 60000;
    CHECK(bought == doctest::Approx(world.expected_purchases_new(30)).epsilon(0.04));
    const double later = std::accumulate(made.later.begin(), made.later.end(), 0.0) / 60000;
    CHECK(later ==
          doctest::Approx(world.expected_purchases_new(50) - world.expected_purchases_new(30))
              .epsilon(0.05));
    for (std::size_t i = 0; i < made.x.size(); ++i)
      CHECK((made.t_x[i] <= 30 && (made.x[i] > 0) == (made.t_x[i] > 0)));
    CHECK(simulate(world, T, 20, 17).t_x == made.t_x);
    CHECK(simulate(world, T, 20, 18).t_x != made.t_x);
  });
}
