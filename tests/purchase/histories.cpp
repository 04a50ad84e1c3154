// SPDX-License-Identifier: MIT
// Histories from purchases, and what a cohort is expected to do.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/purchase.hpp>

using namespace loyalty::purchase;

TEST_CASE("purchase: histories by hand") {
  // Days; customer 1 buys twice on day 7.
  const std::vector<std::int64_t> customer{1, 0, 1, 1, 0, 1, 2, 1, 3};
  const std::vector<std::int64_t> time{0, 3, 7, 7, 40, 21, 30, 45, 31};
  const std::vector<double> amount{10, 5, 20, 4, 99, 30, 8, 7, 1};
  PurchaseColumns purchases{customer.data(), time.data(), amount.data(), customer.size(), 4};
  const Histories made = make_histories(purchases, 30, TimeUnit::week, 7);
  CHECK(made.customer == std::vector<std::int64_t>{0, 1, 2});  // the fourth had not come yet
  CHECK(made.first == std::vector<std::int64_t>{3, 0, 30});
  CHECK(made.x == std::vector<double>{0, 2, 0});
  CHECK(made.t_x == std::vector<double>{0, 3, 0});
  CHECK(made.T == std::vector<double>{27.0 / 7, 30.0 / 7, 0});
  CHECK(std::isnan(made.mean_value[0]));
  CHECK(made.mean_value[1] == 27);  // (24 + 30)/2, without the first purchase
  CHECK(made.joined == 1);
  CHECK(made.after_end == 3);
  CHECK(made.repeat_customer == std::vector<std::int64_t>{1, 1});
  CHECK(made.repeat_time == std::vector<std::int64_t>{7, 21});
  CHECK(made.columns().unit == TimeUnit::week);

  // Without amounts; and the order of rows is nothing, not even to sums of money.
  std::vector<std::int64_t> back_customer(customer.rbegin(), customer.rend());
  std::vector<std::int64_t> back_time(time.rbegin(), time.rend());
  std::vector<double> back_amount(amount.rbegin(), amount.rend());
  purchases = {back_customer.data(), back_time.data(), back_amount.data(), customer.size(), 4};
  CHECK(make_histories(purchases, 30, TimeUnit::week, 7).mean_value[1] == 27);
  purchases.amount = nullptr;
  const Histories bare = make_histories(purchases, 30, TimeUnit::day, 1);
  CHECK(bare.mean_value.empty());
  CHECK(bare.columns().mean_value == nullptr);
  CHECK(bare.T == std::vector<double>{27, 30, 0});
  purchases.rows = 0;
  CHECK(make_histories(purchases, 30, TimeUnit::day, 1).x.empty());
}

TEST_CASE("purchase: a cohort is the sum of its customers") {
  const std::vector<double> T{10, 30, 10, 20};
  const std::vector<double> weight{1, 2, 3, 0.5};
  const CohortColumns cohort{T.data(), weight.data(), T.size()};
  const auto check = [&](const auto& model) {
    const std::vector<double> counts = expected_counts(model, cohort, 3);
    REQUIRE(counts.size() == 5);
    CHECK(std::accumulate(counts.begin(), counts.end(), 0.0) ==
          doctest::Approx(6.5).epsilon(1e-14));
    double two = 0;
    for (std::size_t i = 0; i < T.size(); ++i)
      two += weight[i] * model.p_counts_new(2, T[i]).back();
    CHECK(counts[2] == doctest::Approx(two).epsilon(1e-14));
    // At the end, five before it (who came later counts not yet), and seven after it.
    const std::vector<loyalty::Estimate> sums = expected_cumulative(model, cohort, {0, 15, -7, 30});
    double at_end = 0;
    double later = 0;
    for (std::size_t i = 0; i < T.size(); ++i) {
      at_end += weight[i] * model.expected_purchases_new(T[i]);
      later += weight[i] * model.expected_purchases_new(T[i] + 7);
    }
    CHECK(sums[0].value == doctest::Approx(at_end).epsilon(1e-14));
    CHECK(sums[1].value == doctest::Approx(2 * model.expected_purchases_new(15) +
                                           0.5 * model.expected_purchases_new(5))
                               .epsilon(1e-14));
    CHECK(sums[2].value == doctest::Approx(later).epsilon(1e-14));
    CHECK(sums[3].value == 0);
    CHECK(sums[3].high == 0);
    // Chance adds up over customers, who are independent; the fit's part is the delta method of the sum.
    double chance = 0;
    Gradient slope{};
    for (std::size_t i = 0; i < T.size(); ++i) {
      chance += weight[i] * model.variance_new(T[i]);
      Gradient own{};
      (void)model.expected_purchases_new(T[i], &own);
      for (std::size_t k = 0; k < 4; ++k) slope[k] += weight[i] * own[k];
    }
    CHECK(sums[0].sd == doctest::Approx(std::sqrt(chance)).epsilon(1e-14));
    Covariance covariance{};
    for (std::size_t k = 0; k < 4; ++k) covariance[k][k] = 1e-4;
    covariance[0][1] = covariance[1][0] = 5e-5;
    const double fit = standard_error(slope, covariance);
    CohortFit other{covariance};
    const loyalty::Estimate both = expected_cumulative(model, cohort, {0}, &other)[0];
    CHECK(both.value == sums[0].value);
    CHECK(both.sd == doctest::Approx(std::hypot(std::sqrt(chance), fit)).epsilon(1e-14));
    CHECK(both.low < sums[0].low);
    CHECK(both.high > sums[0].high);
    // A fit to the same customers drew the curve to them; later purchases count with what it expects of them.
    const std::vector<double> x{2, 0, 1, 1};
    const std::vector<double> t_x{9, 0, 3, 20};
    CohortFit same{covariance, {}, 0};
    same.histories.x = x.data();
    same.histories.t_x = t_x.data();
    same.histories.T = T.data();
    same.histories.weight = weight.data();
    same.histories.rows = T.size();
    const auto seen = expected_cumulative(model, cohort, {0, -7}, &same);
    CHECK(seen[0].sd == doctest::Approx(std::sqrt(chance - fit * fit)).epsilon(1e-14));
    Gradient then{};
    Gradient ahead{};
    double chance_then = 0;
    for (std::size_t i = 0; i < T.size(); ++i) {
      Gradient own{};
      (void)model.expected_purchases_new(T[i] + 7, &own);
      for (std::size_t k = 0; k < 4; ++k) then[k] += weight[i] * own[k];
      (void)model.expected_purchases({x[i], t_x[i], T[i]}, 7, &own);
      for (std::size_t k = 0; k < 4; ++k) ahead[k] += weight[i] * own[k];
      chance_then += weight[i] * model.variance_new(T[i] + 7);
    }
    double covaries = 0;
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) covaries += then[i] * covariance[i][j] * ahead[j];
    const double open = standard_error(then, covariance);
    CHECK(seen[1].sd ==
          doctest::Approx(std::sqrt(chance_then - open * open + 2 * covaries)).epsilon(1e-12));
  };
  check(BGNBD{0.243, 4.414, 0.793, 2.426});
  check(MBGNBD{0.525, 6.183, 0.891, 1.614});
  check(ParetoNBD{0.553, 10.578, 0.606, 11.669});
}
