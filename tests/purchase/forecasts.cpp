// SPDX-License-Identifier: MIT
// What the forecasts of purchase models must satisfy whatever the parameters, and what they refuse.
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/core/error.hpp>
#include <loyalty/purchase.hpp>

using namespace loyalty::purchase;
using loyalty::ColumnError;
using loyalty::Interval;
using loyalty::MismatchError;
using loyalty::PolicyError;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

const std::vector<CustomerHistory> histories{{0, 0, 0},     {0, 0, 38.86},     {1, 38.86, 38.86},
                                             {2, 5, 38.86}, {2, 30.43, 38.86}, {26, 30, 31},
                                             {300, 1, 40},  {2000, 155.9, 156}};

/// The published fits, and shapes at which the textbook formulas fail.
template <class Function>
void for_each_model(const Function& function) {
  function(BGNBD{0.243, 4.414, 0.793, 2.426});
  function(BGNBD{0.5, 2, 1, 0.7});
  function(BGNBD{3, 0.01, 1e-3, 0.2});
  function(BGNBD{2000, 9000, 300, 2000});
  function(MBGNBD{0.525, 6.183, 0.891, 1.614});
  function(MBGNBD{0.5, 2, 1, 0.7});
  function(ParetoNBD{0.553, 10.578, 0.606, 11.669});
  function(ParetoNBD{0.553, 10.578, 1, 10.578});
  function(ParetoNBD{2000, 9000, 300, 2000});
  function(ParetoNBD{0.02, 1e-3, 0.02, 500});
}

}  // namespace

TEST_CASE("purchase: individual forecasts at the published parameters") {
  // vectors.json, F_individual.
  const CustomerHistory h{2, 30.43, 38.86};
  const BGNBD bg{.r = 0.243, .alpha = 4.414, .a = 0.793, .b = 2.426};
  CHECK(std::abs(bg.log_likelihood(h) - -9.458606307066) < 1e-11);
  CHECK(std::abs(bg.p_alive(h) - 0.7265785700807) < 1e-12);
  CHECK(std::abs(bg.expected_purchases(h, 39) - 1.226028174767) < 1e-11);
  const MBGNBD mbg{.r = 0.525, .alpha = 6.183, .a = 0.891, .b = 1.614};
  CHECK(std::abs(mbg.log_likelihood(h) - -9.48555131453) < 1e-10);
  CHECK(std::abs(mbg.p_alive(h) - 0.706202265118) < 1e-11);
  CHECK(std::abs(mbg.expected_purchases(h, 39) - 1.26296062327) < 1e-10);
  const ParetoNBD pareto{.r = 0.553, .alpha = 10.578, .s = 0.606, .beta = 11.669};
  CHECK(std::abs(pareto.log_likelihood(h) - -9.55428324515) < 1e-10);
  CHECK(std::abs(pareto.p_alive(h) - 0.869167559153) < 1e-11);
  CHECK(std::abs(pareto.expected_purchases(h, 39) - 1.45512319326) < 1e-10);
  const CustomerHistory frequent{221, 103.42857, 103.57143};
  CHECK(std::abs(pareto.log_likelihood(frequent) - -76.9677415856) < 1e-9);
  CHECK(std::abs(pareto.p_alive(frequent) - 0.999134071588) < 1e-11);
}

TEST_CASE("purchase: a null mix is that of a negative binomial law") {
  // vectors.json, A_null_mix_nbd: penetration 0.4 and mean 1.2 give k = 0.336222340624. Nobody drops out.
  const double k = 0.336222340624;
  const double expected[] = {0.6, 0.157581411784, 0.082239581078, 0.050026598759};
  const std::vector<double> p = BGNBD{k, k / 1.2, 1e-12, 1e6}.p_counts_new(3, 1);
  const std::vector<double> q = ParetoNBD{k, k / 1.2, 1e-12, 1e6}.p_counts_new(3, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(p[i] - expected[i]) < 1e-11);
    CHECK(std::abs(q[i] - expected[i]) < 1e-11);
  }
}

TEST_CASE("purchase: forecasts agree with each other, whatever the parameters") {
  for_each_model([](const auto& m) {
    CAPTURE(m.name);
    CAPTURE(m.r);
    CAPTURE(m.alpha);
    for (const CustomerHistory& h : histories) {
      CAPTURE(h.x);
      CAPTURE(h.t_x);
      CAPTURE(h.T);
      const double alive = m.p_alive(h);
      CHECK(alive >= 0);
      CHECK(alive <= 1);
      double before = 0;
      double silent_before = 1;
      for (const double t : {0.0, 1e-9, 0.5, 8.0, 60.0, 2000.0, 1e6}) {
        CAPTURE(t);
        const double bought = m.expected_purchases(h, t);
        const double silent = m.p_no_purchase(h, t);
        CHECK(std::isfinite(bought));
        CHECK(bought >= before * (1 - 1e-12));
        CHECK(silent <= silent_before * (1 + 1e-14));
        CHECK(silent >= 1 - bought - 1e-13);
        CHECK(silent >= 1 - alive - 1e-13);
        // P(quiet until T + t) is the ratio of two likelihoods.
        const double ratio =
            std::exp(m.log_likelihood({h.x, h.t_x, h.T + t}) - m.log_likelihood(h));
        CHECK(std::abs(silent - ratio) < 1e-9);
        before = bought;
        silent_before = silent;
      }
      CHECK(m.expected_purchases(h, 0) == 0);
      CHECK(m.p_no_purchase(h, 0) == doctest::Approx(1).epsilon(1e-14));
      // At once after a history the purchases are those of the rate, and a discount of nothing changes nothing.
      CHECK(m.discounted(h, {1e-12, TimeUnit::unstated, true}, 13) ==
            doctest::Approx(m.expected_purchases(h, 13)).epsilon(1e-10));
      CHECK(m.discounted(h, {0.01, TimeUnit::unstated, true}) >=
            m.discounted(h, {0.01, TimeUnit::unstated, true}, 100) * (1 - 1e-12));
    }
    // A customer who has just come is a new one.
    CHECK(m.expected_purchases({0, 0, 0}, 30) ==
          doctest::Approx(m.expected_purchases_new(30)).epsilon(1e-12));
    const std::vector<double> p = m.p_counts_new(60, 1);
    double rest = 1;
    for (const double one : p) {
      CHECK(one >= 0);
      rest -= one;
    }
    CHECK(rest > -1e-12);
    CHECK(m.p_counts_new(0, 0).front() == doctest::Approx(m.p_counts_new(4, 0).front()));
  });
}

TEST_CASE("purchase: a series and an integral over the dropout probability say the same") {
  // Beyond some length the series gives way to the integral: across the border the rate of purchases is smooth, since
  // it is all of what is bought within a little time.
  for (const double a : {0.05, 0.793, 1.0, 7.0})
    for (const double b : {0.1, 2.4, 300.0}) {
      const BGNBD m{0.3, 1, a, b};
      for (double t = 20; t < 60; t += 0.5) {  // 40 (1 + t) terms reach 1500 at 36.5
        const double left = m.expected_purchases_new(t);
        const double middle = m.expected_purchases_new(t + 0.25);
        const double right = m.expected_purchases_new(t + 0.5);
        const double bend = left - 2 * middle + right;
        CHECK(bend <= 1e-13 * middle);  // ever fewer
        CHECK(std::abs(bend) < 1e-4 * middle);
      }
    }
}

TEST_CASE("purchase: BG/NBD calls every one-time buyer alive, the others do not") {
  const CustomerHistory once{0, 0, 1000};
  CHECK(BGNBD{0.243, 4.414, 0.793, 2.426}.p_alive(once) == 1);
  CHECK(MBGNBD{0.525, 6.183, 0.891, 1.614}.p_alive(once) < 0.2);
  CHECK(ParetoNBD{0.553, 10.578, 0.606, 11.669}.p_alive(once) < 0.2);
}

TEST_CASE("purchase: probabilities far below the least number are 0, not errors") {
  const CustomerHistory silent{2000, 3, 156};
  for_each_model([&](const auto& m) {
    CHECK(std::isfinite(m.log_likelihood(silent)));
    const double alive = m.p_alive(silent);
    CHECK(alive >= 0);
    CHECK(alive < 1e-4);
    Gradient g{};
    CHECK(m.expected_purchases(silent, 10, &g) >= 0);
    for (const double slope : g) CHECK(std::isfinite(slope));
    CHECK(std::isfinite(m.log_likelihood(silent, &g)));
    for (const double slope : g) CHECK(std::isfinite(slope));
  });
}

TEST_CASE("purchase: a customer's answer is the same to the bit whoever else is there") {
  std::vector<double> x;
  std::vector<double> t_x;
  std::vector<double> T;
  for (int i = 0; i < 40000; ++i) {  // more than are remembered
    const double ends = 10 + (i * 37 % 5000) * 0.01;
    x.push_back(i % 7);
    t_x.push_back(i % 7 == 0 ? 0 : ends * (i % 11) / 11);
    T.push_back(ends);
  }
  HistoryColumns columns;
  columns.x = x.data();
  columns.t_x = t_x.data();
  columns.T = T.data();
  columns.rows = x.size();
  Covariance covariance{};
  for (std::size_t i = 0; i < 4; ++i) covariance[i][i] = 0.01;
  const auto check = [&](const auto& m) {
    for (const Quantity quantity :
         {Quantity::log_likelihood, Quantity::p_alive, Quantity::p_no_purchase,
          Quantity::expected_purchases, Quantity::discounted}) {
      Question question;
      question.quantity = quantity;
      question.horizon = 13;
      question.force_of_interest = 0.002;
      std::vector<double> all(x.size());
      std::vector<double> same(x.size());
      std::vector<double> errors(x.size());
      evaluate(m, question, columns, all.data());
      evaluate(m, question, columns, same.data(), &covariance, errors.data());
      CHECK(all == same);
      for (std::size_t i = 0; i < x.size(); i += 997) {
        HistoryColumns one = columns;
        one.x += i;
        one.t_x += i;
        one.T += i;
        one.rows = 1;
        double alone = 0;
        double error = 0;
        evaluate(m, question, one, &alone, &covariance, &error);
        CHECK(alone == all[i]);
        CHECK(error == errors[i]);
      }
      const CustomerHistory h = columns[5];
      if (quantity == Quantity::expected_purchases) CHECK(all[5] == m.expected_purchases(h, 13));
      if (quantity == Quantity::p_alive) CHECK(all[5] == m.p_alive(h));
    }
  };
  check(BGNBD{0.243, 4.414, 0.793, 2.426});
  check(ParetoNBD{0.553, 10.578, 0.606, 11.669});
}

TEST_CASE("purchase: null in, null out") {
  const double x[] = {1, unknown, 1};
  const double t_x[] = {1, 1, 1};
  const double T[] = {2, 2, unknown};
  HistoryColumns columns;
  columns.x = x;
  columns.t_x = t_x;
  columns.T = T;
  columns.rows = 3;
  CHECK_THROWS_AS(require_sound(columns), ColumnError);
  double values[3];
  Question question;
  question.quantity = Quantity::p_alive;
  evaluate(BGNBD{0.243, 4.414, 0.793, 2.426}, question, columns, values);
  CHECK(values[0] > 0);
  CHECK(std::isnan(values[1]));
  CHECK(std::isnan(values[2]));
}

TEST_CASE("purchase: days are never taken for weeks") {
  const BGNBD by_weeks{0.243, 4.414, 0.793, 2.426, TimeUnit::week};
  const CustomerHistory h{2, 30.43, 38.86};
  CHECK(by_weeks.expected_purchases(h, days(273)) ==
        doctest::Approx(by_weeks.expected_purchases(h, weeks(39))).epsilon(1e-14));
  CHECK_THROWS_WITH_AS(static_cast<void>(by_weeks.expected_purchases(h, 39)),
                       doctest::Contains("write weeks(...)"), MismatchError);
  BGNBD plain = by_weeks;
  plain.unit = TimeUnit::unstated;
  CHECK_THROWS_WITH_AS(static_cast<void>(plain.expected_purchases(h, weeks(39))),
                       doctest::Contains("no unit"), MismatchError);
  CHECK(plain.expected_purchases(h, 39) == by_weeks.expected_purchases(h, weeks(39)));
  CHECK_THROWS_AS(static_cast<void>(by_weeks.discounted(h, {0.15, TimeUnit::unstated})),
                  MismatchError);
  CHECK_THROWS_AS(static_cast<void>(plain.discounted(h, {0.15, TimeUnit::year})), MismatchError);
  CHECK_THROWS_AS(static_cast<void>(by_weeks.discounted(h, {0, TimeUnit::year})), PolicyError);
  CHECK_THROWS_AS(static_cast<void>(by_weeks.discounted(h, {-0.1, TimeUnit::year})), PolicyError);
  CHECK(by_weeks.discounted(h, {0, TimeUnit::year}, weeks(39)) ==
        by_weeks.expected_purchases(h, weeks(39)));
  CHECK(force_of_interest({0.15, TimeUnit::year}, TimeUnit::week) ==
        doctest::Approx(std::log(1.15) * 7 / 365).epsilon(1e-15));
  CHECK(force_of_interest({0.0027, TimeUnit::week, true}, TimeUnit::day) ==
        doctest::Approx(0.0027 / 7).epsilon(1e-15));
  CHECK(count_in(years(1), TimeUnit::month) == doctest::Approx(12).epsilon(1e-15));
  CHECK(count_in(hours(36), TimeUnit::day) == 1.5);
  CHECK(count_in(forever, TimeUnit::day) == infinity);
  CHECK(weeks(1) != days(7));
}

TEST_CASE("purchase: unsound histories are refused by column, row and value") {
  const auto refusal = [](double x, double t_x, double T) -> std::string {
    const double xs[] = {0, x};
    const double t_xs[] = {0, t_x};
    const double Ts[] = {1, T};
    HistoryColumns columns;
    columns.x = xs;
    columns.t_x = t_xs;
    columns.T = Ts;
    columns.rows = 2;
    try {
      require_sound(columns);
    } catch (const ColumnError& error) {
      double values[2];
      Question question;
      question.quantity = Quantity::p_alive;
      if (!std::isnan(x))  // which is null in a forecast
        CHECK_THROWS_AS(evaluate(BGNBD{}, question, columns, values), ColumnError);
      return error.what();
    }
    return "";
  };
  CHECK(refusal(1, 1, 2).empty());
  CHECK(refusal(1.5, 1, 2).find("column 'x', row 1") == 0);
  CHECK(refusal(-1, 1, 2).find("column 'x', row 1") == 0);
  CHECK(refusal(unknown, 1, 2).find("column 'x', row 1") == 0);
  CHECK(refusal(1, 3, 2).find("column 't_x', row 1 (the first row is 0): 3") == 0);
  CHECK(refusal(1, -1, 2).find("column 't_x', row 1") == 0);
  CHECK(refusal(0, 1, 2).find("no repeat purchase") != std::string::npos);
  CHECK(refusal(1, 1, infinity).find("column 'T', row 1") == 0);
}

TEST_CASE("purchase: intervals") {
  // The 95 % point of the standard normal law, Abramowitz and Stegun table 26.5: 1.644854.
  CHECK(normal_reach(0.9) == doctest::Approx(1.6448536269514722).epsilon(1e-13));
  CHECK(normal_reach(0.95) == doctest::Approx(1.959963984540054).epsilon(1e-13));
  CHECK(normal_reach(0.5) == doctest::Approx(0.6744897501960817).epsilon(1e-13));
  const Interval count = positive_interval({2, 0.5}, 1);
  CHECK(count.low == doctest::Approx(2 * std::exp(-0.25)));
  CHECK(count.high == doctest::Approx(2 * std::exp(0.25)));
  const Interval share = share_interval({0.9, 0.3}, 2);
  CHECK(share.low > 0);
  CHECK(share.high < 1);
  CHECK(std::log(share.low / (1 - share.low)) == doctest::Approx(std::log(9.0) - 2 * 0.3 / 0.09));
  CHECK(share_interval({1, 0}, 2).low == 1);
}

TEST_CASE("variance of a new customer's purchases is that of the law of their number") {
  // The law itself has references of its own (references.csv, p_count).
  const auto check = [](const auto& model, double t, int most, double precision) {
    const std::vector<double> p = model.p_counts_new(most, t);
    double mean = 0;
    for (std::size_t k = 0; k < p.size(); ++k) mean += static_cast<double>(k) * p[k];
    double variance = 0;
    for (std::size_t k = 0; k < p.size(); ++k)
      variance += (static_cast<double>(k) - mean) * (static_cast<double>(k) - mean) * p[k];
    CAPTURE(model.name);
    CAPTURE(t);
    CHECK(model.variance_new(t) == doctest::Approx(variance).epsilon(precision));
  };
  for (const double t : {1e-6, 0.5, 10.0, 78.0}) {
    check(BGNBD{0.243, 4.414, 0.793, 2.426}, t, 1000, 1e-10);
    check(MBGNBD{0.525, 6.183, 0.891, 1.614}, t, 1000, 1e-10);
    check(ParetoNBD{0.553, 10.578, 0.606, 11.669}, t, 1000, 1e-10);
    check(ParetoNBD{2, 5, 1, 20}, t, 1000,
          1e-10);  // s = 1 and s = 2: where closed forms divide by 0
    check(ParetoNBD{2, 5, 2, 20}, t, 1000, 1e-10);
    check(BGNBD{1, 1, 50, 0.5}, t, 2000, 1e-10);  // hardly anybody stays
    check(MBGNBD{1, 1, 0.5, 50}, t, 4000, 1e-10);
  }
  // Where the sum would be long, here from 23 on: the integral over the dropout probability.
  for (const double t : {22.0, 23.0, 24.0, 25.0}) check(BGNBD{4, 1, 0.7, 3}, t, 2000, 1e-10);
  check(BGNBD{5, 1, 0.8, 2.4}, 400, 25000, 1e-10);
  check(MBGNBD{5, 1, 0.8, 2.4}, 400, 25000, 1e-10);
  check(BGNBD{5, 1, 1e-3, 1e3}, 400, 25000, 1e-10);
}

TEST_CASE(
    "variance of a new customer's purchases: none in no time, and rare ones by chance alone") {
  const auto check = [](const auto& model, double rate) {
    CHECK(model.variance_new(0) == 0);
    CHECK(model.variance_new(1e-200) == doctest::Approx(rate * 1e-200));
  };
  check(BGNBD{0.5, 4, 0.8, 2.4}, 0.5 / 4);
  check(MBGNBD{0.5, 4, 0.8, 2.4}, 0.5 / 4 * 0.75);
  check(ParetoNBD{0.5, 4, 0.8, 2.4}, 0.5 / 4);
}

TEST_CASE(
    "cumulative purchases of simulated cohorts lie between 5 and 95 % as often as they should") {
  const auto check = [](const auto& model) {
    std::vector<double> T;
    for (int i = 0; i < 150; ++i) T.push_back(20 + 0.1 * i);
    const CohortColumns cohort{T.data(), nullptr, T.size()};
    const loyalty::Estimate expected = expected_cumulative(model, cohort, {0})[0];
    constexpr int cohorts = 2000;
    int below = 0;
    int above = 0;
    double sum = 0;
    double squares = 0;
    for (int k = 0; k < cohorts; ++k) {
      const Simulated drawn = simulate(model, T, 0, static_cast<std::uint64_t>(k) + 1);
      const double total = std::accumulate(drawn.x.begin(), drawn.x.end(), 0.0);
      below += total < expected.low ? 1 : 0;
      above += total > expected.high ? 1 : 0;
      sum += total;
      squares += (total - expected.value) * (total - expected.value);
    }
    CAPTURE(model.name);
    MESSAGE(model.name, ": of ", cohorts, " cohorts ", below, " below and ", above, " above, sd ",
            std::sqrt(squares / cohorts), " drawn, ", expected.sd, " expected");
    CHECK(std::abs(sum / cohorts - expected.value) < 4 * expected.sd / std::sqrt(cohorts));
    CHECK(std::sqrt(squares / cohorts) == doctest::Approx(expected.sd).epsilon(0.07));
    CHECK(below > 60);  // 5 % are 100 +- 9.7
    CHECK(below < 140);
    CHECK(above > 60);
    CHECK(above < 140);
  };
  check(BGNBD{0.243, 4.414, 0.793, 2.426});
  check(MBGNBD{0.525, 6.183, 0.891, 1.614});
  check(ParetoNBD{0.553, 10.578, 0.606, 11.669});
}

TEST_CASE("cumulative purchases of the cohort that was fitted lie between 5 and 95 % later, too") {
  const MBGNBD truth{0.525, 6.183, 0.891, 1.614};
  std::vector<double> T;
  for (int i = 0; i < 1000; ++i) T.push_back(27 + 0.012 * i);
  constexpr double later = 39;
  std::vector<double> until = T;
  for (double& t : until) t += later;
  const CohortColumns cohort{until.data(), nullptr, until.size()};
  constexpr int cohorts = 60;
  int held = 0;
  int wide = 0;
  for (int k = 0; k < cohorts; ++k) {
    const Simulated drawn = simulate(truth, T, later, static_cast<std::uint64_t>(k) + 1);
    CohortFit same{{}, {}, later};
    same.histories.x = drawn.x.data();
    same.histories.t_x = drawn.t_x.data();
    same.histories.T = T.data();
    same.histories.rows = T.size();
    const Fit<MBGNBD> found = fit<MBGNBD>(same.histories);
    REQUIRE(found.status.usable());
    same.covariance = found.covariance;
    const double total = std::accumulate(drawn.x.begin(), drawn.x.end(), 0.0) +
                         std::accumulate(drawn.later.begin(), drawn.later.end(), 0.0);
    const loyalty::Estimate e = expected_cumulative(found.model, cohort, {0}, &same)[0];
    held += e.low <= total && total <= e.high ? 1 : 0;
    // Of another cohort less is known, and it need not be where this one is.
    const CohortFit other{found.covariance};
    const loyalty::Estimate o = expected_cumulative(found.model, cohort, {0}, &other)[0];
    wide += o.low < e.low && e.high < o.high ? 1 : 0;
  }
  MESSAGE("of ", cohorts, " totals ", held, " lay in the interval");
  CHECK(held >= 46);  // 90 % are 54 +- 2.3
  CHECK(wide == cohorts);
}

TEST_CASE("purchase: expected spend lies between the customer's own mean and that of all") {
  const GammaGamma m{.p = 6.24957, .q = 3.74422, .v = 15.44352};
  const double all = m.p * m.v / (m.q - 1);
  CHECK(m.expected_spend(0, unknown) == doctest::Approx(all));
  for (const double mean : {1.0, 30.0, 500.0}) {
    const double one = m.expected_spend(1, mean);
    const double ten = m.expected_spend(10, mean);
    CHECK((one - all) * (mean - one) > 0);
    CHECK(std::abs(ten - mean) < std::abs(one - mean));
  }
  CHECK(GammaGamma{1, 0.5, 3}.expected_spend(0, 0) == infinity);
}
