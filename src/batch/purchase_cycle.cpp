// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <loyalty/batch/learning.hpp>
#include <loyalty/math/normal.hpp>

#include "core/counts.hpp"

namespace loyalty {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The product-limit curve, at the lengths of gaps that ended.
struct Curve {
  std::vector<double> days;     ///< ascending
  std::vector<double> share;    ///< still open just after
  std::vector<double> at_risk;  ///< gaps at least as long
  std::vector<double> hazards;  ///< sum of ended/at_risk^2 so far
};

/// Gaps by length, those that ended first.
Curve curve_of(const std::vector<PurchaseGap>& gaps) {
  Curve c;
  double share = 1;
  double hazards = 0;
  for (std::size_t i = 0; i < gaps.size();) {
    const auto at_risk = static_cast<double>(gaps.size() - i);
    const double days = gaps[i].days;
    double ended = 0;
    for (; i < gaps.size() && gaps[i].days == days; ++i) ended += gaps[i].closed ? 1 : 0;
    if (ended == 0) continue;
    share *= (at_risk - ended) / at_risk;
    hazards += ended / (at_risk * at_risk);
    c.days.push_back(days);
    c.share.push_back(share);
    c.at_risk.push_back(at_risk);
    c.hazards.push_back(hazards);
  }
  return c;
}

/// The last point of the curve at or before a length; one past the end where there is none.
std::size_t point_at(const Curve& c, double days) {
  const auto it = std::upper_bound(c.days.begin(), c.days.end(), days);
  return it == c.days.begin() ? c.days.size() : static_cast<std::size_t>(it - c.days.begin()) - 1;
}

/// Standard error of share(at) - share(end)/2, from what each relationship adds to it.
double standard_error(const std::vector<PurchaseGap>& gaps, const Curve& c, std::size_t at) {
  const std::size_t end = c.days.size() - 1;
  std::uint32_t most = 0;
  for (const PurchaseGap& gap : gaps) most = std::max(most, gap.relationship);
  std::vector<double> sums(std::size_t{most} + 1);
  for (const PurchaseGap& gap : gaps) {
    const std::size_t own = point_at(c, gap.days);
    if (own == c.days.size()) continue;  // open, and shorter than any that ended
    const auto influence = [&](std::size_t t) {
      const double jump = gap.closed && own <= t ? 1 / c.at_risk[own] : 0;
      return c.share[t] * (c.hazards[std::min(own, t)] - jump);
    };
    sums[gap.relationship] += influence(at) - influence(end) / 2;
  }
  double squares = 0;
  for (const double sum : sums) squares += sum * sum;
  return std::sqrt(squares);
}

}  // namespace

PurchaseCycle purchase_cycle(std::vector<PurchaseGap> gaps, std::int64_t least_relationships) {
  PurchaseCycle cycle;
  std::sort(gaps.begin(), gaps.end(), [](const PurchaseGap& a, const PurchaseGap& b) {
    if (a.days != b.days) return a.days < b.days;
    return a.closed != b.closed ? a.closed : a.relationship < b.relationship;
  });
  std::vector<std::uint32_t> again;
  for (const PurchaseGap& gap : gaps) {
    ++(gap.closed ? cycle.closed : cycle.open);
    if (gap.closed) again.push_back(gap.relationship);
  }
  std::sort(again.begin(), again.end());
  again.erase(std::unique(again.begin(), again.end()), again.end());
  cycle.relationships = static_cast<std::int64_t>(again.size());
  const auto lacking = [&] {
    return fmt::format("{} bought twice; {} are needed: {} more.",
                       counted(cycle.relationships, "relationship"), least_relationships,
                       least_relationships - cycle.relationships);
  };
  if (cycle.closed == 0) {
    cycle.status.sentence = "Nobody bought twice: " + std::to_string(least_relationships) +
                            " relationships that did are needed.";
    return cycle;
  }
  const Curve c = curve_of(gaps);
  cycle.not_again = c.share.back();
  const double level = (1 + c.share.back()) / 2;
  std::size_t at = 0;
  while (c.share[at] > level + 1e-12) ++at;
  // As for any median: halfway, where the curve runs level there.
  const bool halfway = c.share[at] > level - 1e-12 && at + 1 < c.days.size();
  cycle.days.value = halfway ? (c.days[at] + c.days[at + 1]) / 2 : c.days[at];
  const double half = math::normal_95 * standard_error(gaps, c, at);
  std::size_t low = 0;
  while (low < at && c.share[low] > level + half) ++low;
  std::size_t high = at;
  while (high < c.days.size() && c.share[high] >= level - half) ++high;
  cycle.days.low = c.days[low];
  cycle.days.high =
      high == c.days.size() || level - half <= c.share.back() ? infinity : c.days[high];
  if (cycle.relationships < least_relationships) {
    cycle.status.sentence = lacking();
    return cycle;
  }
  cycle.status.end = FitEnd::converged;
  cycle.status.sentence = fmt::format(
      "Half of the gaps that ended or will end do so within {:.4g} days.", cycle.days.value);
  return cycle;
}

}  // namespace loyalty
