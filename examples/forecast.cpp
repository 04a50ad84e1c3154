// SPDX-License-Identifier: MIT
// How many moved from rung to rung last month, and what that says about the year ahead.
#include <cstdio>

#include <loyalty/core/discount.hpp>
#include <loyalty/dynamics.hpp>
#include <loyalty/value.hpp>

int main() {
  using namespace loyalty;
  Eigen::MatrixXd moves(4, 4);  // buyer, client, advocate, lapsed: from a row to a column
  moves << 160, 14, 0, 26, 8, 240, 6, 6, 0, 3, 45, 0, 7, 0, 0, 185;
  Eigen::VectorXd today(4);
  today << 170, 260, 50, 220;
  const Chain chain = dirichlet_rows(moves, ChainPrior{}.weights(4, 3, 0)).chain();
  std::printf("%s\n", chain.status.sentence.c_str());

  const MixForecast ahead = forecast_mix(chain, today, today.sum(), 12);
  const Estimate advocates = ahead.share(12, 2);
  std::printf("advocates in a year %.1f %% (%.1f to %.1f)\n", 100 * advocates.value,
              100 * advocates.low, 100 * advocates.high);

  const FirstPassage climb =
      first_passage(chain, Eigen::VectorXd::Unit(4, 1), {false, false, true, false}, 60);
  std::printf("half of the clients have been advocates by month %.0f\n", *climb.median);

  Eigen::VectorXd margins(4);
  margins << 5, 20, 60, 0;
  const DiscountRate rate(0.15, TimeUnit::year);
  const RungValue value = value_by_state(chain, margins, {}, rate.factor(TimeUnit::month));
  std::printf("a client is worth %.0f (%.0f to %.0f)\n", value.of(1).value, value.of(1).low,
              value.of(1).high);
}
