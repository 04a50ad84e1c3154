// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// Folds plain events, those that most rows of a log are, several times faster than `apply` by itself: what
/// their kind adds is looked up rather than decided, and the weights of the present table step are kept, since
/// logs follow time. `apply` says whether it took an event; one that it did not take left the state alone and
/// goes to `loyalty::apply`, which gives the same state for those that it takes. Not for concurrent use; refers
/// to the rules, which must outlive it.
///
/// ```
/// PlainFold fold(rules);
/// if (!fold.apply(anna, fold.plan(Kind::gift, Side::us), now, 2, no_value)) apply(anna, event, rules);
/// ```
class PlainFold {
 public:
  /// What events of one kind and side add, compiled: to two sums, of which an unused one gets 0.
  struct Plan {
    double least = 1;                ///< values above it and
    double most = 0;                 ///< up to it are plain; none where the kind never is
    double absent = 1;               ///< the value of a row that states none
    double weight[2] = {0, 0};       ///< of the value
    std::int64_t units[2] = {0, 0};  ///< added whatever the value
    std::uint64_t value_bits =
        0;  ///< all ones where the row's value matters, else none: it reads as 0
    std::uint64_t amount_bits = 0;  ///< the same of its amount
    /// Byte offsets of the two sums in a state.
    std::uint16_t offset[2] = {detail::sum_offsets[static_cast<std::size_t>(Sum::purchases)],
                               detail::sum_offsets[static_cast<std::size_t>(Sum::support)]};
    std::uint8_t clock[2] = {0, 0};  ///< of each sum, among the clocks of PlainFold
    Feed feed = Feed::nothing;       ///< what it feeds of the ladder
    bool buys = false;               ///< a purchase: counts, spends and dates
  };

  /// Compiles a plan for each kind and side. O(kinds).
  explicit PlainFold(const FoldRules& rules) noexcept : rules_(&rules) {
    for (int i = 0; i < sum_count; ++i) {
      const Clock& clock = rules.clocks[static_cast<std::size_t>(i)];
      if (grid_of(static_cast<Sum>(i)) == Grid::evidence) (void)clock_of(clock);
    }
    for (int kind = 0; kind < kind_count; ++kind)
      for (const Side side : {Side::us, Side::them})
        plans_[index(static_cast<Kind>(kind), side)] = compile(static_cast<Kind>(kind), side);
  }

  /// The rules that it was made with.
  const FoldRules& rules() const noexcept { return *rules_; }

  /// The plan of a kind and side. O(1).
  const Plan& plan(Kind kind, Side side) const noexcept { return plans_[index(kind, side)]; }

  /// All plans, by 2 kind + side.
  const std::array<Plan, kind_count * 2>& plans() const noexcept { return plans_; }

  /// Whether events of a kind can be plain; those leave their own second as a state's newest at once.
  static constexpr bool takes(Kind kind) noexcept {
    switch (kind) {
      case Kind::purchase:
      case Kind::contact:
      case Kind::participation:
      case Kind::review:
      case Kind::attendance:
      case Kind::novelty:
      case Kind::referral:
      case Kind::suggestion:
      case Kind::co_creation:
      case Kind::gift:
      case Kind::guarantee:
        return true;
      default:
        return false;
    }
  }

  /// Applies an event of the plan's kind and side to a state, unless it is not plain: a value, amount or time out
  /// of the ordinary, or at the limits. `value` and `amount` are NaN where absent. A purchase must have no
  /// margin, a gift no cost, a review no rating. O(1), no allocation, no lock.
  bool apply(Relationship& r, const Plan& plan, Time time, double value, double amount) noexcept {
    if (static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(step_start_) >= step_seconds_)
        [[unlikely]]
      if (!enter_step(time)) return false;
    const double stated = masked(value, plan.value_bits);
    const double given = stated == stated ? stated : plan.absent;
    const double major = masked(amount, plan.amount_bits);
    const double minor = major == major ? major * rules_->minor_units : 0.0;
    const bool fits = (given > plan.least) & (given <= plan.most) & ((minor == 0) | (minor > 0.5)) &
                      (minor <= static_cast<double>(most_money)) & (r.events < most_events);
    if (!fits) [[unlikely]]
      return false;
    // Only purchases touch the line of the money.
    Relationship& purse = plan.buys ? r : nobody_;
    const std::int64_t money = static_cast<std::int64_t>(round_half_even(minor));
    if (purse.money + money > most_money) [[unlikely]]
      return false;

    if (time < r.ladder.newest || r.events == 0) [[unlikely]]
      r.first_event = std::min(r.first_event, time);
    advance(r.ladder, r.quiet_until, time, plan.feed, rules_->ladder);
    auto* bytes = reinterpret_cast<std::byte*>(&r);
    for (int i = 0; i < 2; ++i) {
      const Weight weight = weights_[plan.clock[i]];
      const std::int64_t units =
          plan.units[i] + static_cast<std::int64_t>(round_half_even(16 * given * plan.weight[i]));
      const auto product = static_cast<std::uint64_t>(units) * weight.mantissa;
      *reinterpret_cast<ExactSum*>(bytes + plan.offset[i]) +=
          {product << weight.shift, static_cast<std::int64_t>(product >> (64 - weight.shift))};
    }
    r.events += 1;
    r.ladder.purchases += plan.buys ? 1 : 0;
    purse.spend += money;
    purse.money += money;
    purse.first_purchase = std::min(purse.first_purchase, time);
    purse.last_purchase = std::max(purse.last_purchase, time);
    return true;
  }

 private:
  struct Weight {
    std::uint32_t mantissa = 0;
    std::uint32_t shift = 1;
  };

  static double masked(double x, std::uint64_t bits) noexcept {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & bits);
  }

  static constexpr std::size_t index(Kind kind, Side side) noexcept {
    return static_cast<std::size_t>(kind) * 2 + static_cast<std::size_t>(side);
  }

  std::uint8_t clock_of(const Clock& clock) noexcept {
    for (std::size_t i = 0; i < clock_count_; ++i)
      if (clocks_[i].half_life() == clock.half_life()) return static_cast<std::uint8_t>(i);
    clocks_[clock_count_] = clock;
    return static_cast<std::uint8_t>(clock_count_++);
  }

  Plan compile(Kind kind, Side side) noexcept {
    Plan plan;
    if (!takes(kind)) return plan;
    const Effect effect = effect_of(kind, side, rules_->options);
    double largest = 1;
    for (int i = 0; i < effect.count; ++i) {
      const Addition& a = effect.additions[i];
      plan.offset[i] = detail::sum_offsets[static_cast<std::size_t>(a.sum)];
      plan.clock[i] = clock_of(rules_->clock(a.sum));
      if (a.times_value) {
        plan.value_bits = ~std::uint64_t{0};
        plan.weight[i] = a.weight;
        largest = std::max(largest, a.weight);
      } else {
        plan.units[i] = evidence_units(1, a.weight);
      }
    }
    plan.feed = effect.feed;
    plan.buys = kind == Kind::purchase;
    if (plan.buys) plan.amount_bits = ~std::uint64_t{0};
    if (kind == Kind::guarantee) {  // 1 for one that was kept, and nothing else
      plan.value_bits = ~std::uint64_t{0};
      plan.absent = 0;
      plan.least = 0x1.fffffffffffffp-1;
      plan.most = 1;
    } else if (plan.value_bits == 0) {
      plan.least = -1;
    } else {
      plan.least = 0.5 / 16;  // what does not round to 0 on the grid
      plan.most = most_evidence / largest;
    }
    return plan;
  }

  /// Weights for the table step of `time`; none where a weight needs more care, centuries from the landmark.
  bool enter_step(Time time) noexcept {
    step_seconds_ = 0;
    if (!detail::plausible(time)) return false;
    Time first = -furthest_time;
    Time last = furthest_time;
    for (std::size_t i = 0; i < clock_count_; ++i) {
      const Tick tick = clocks_[i].tick(time);
      const int shift = shift_of(Grid::evidence, tick.halvings);
      if (shift < 1 || shift > 63) return false;
      weights_[i] = {tick.mantissa, static_cast<std::uint32_t>(shift)};
      first = std::max(first, clocks_[i].first_second(tick.index));
      last = std::min(last, clocks_[i].first_second(tick.index + 1));
    }
    step_start_ = first;
    step_seconds_ = static_cast<std::uint64_t>(last - first);
    return true;
  }

  const FoldRules* rules_;
  Time step_start_ = 0;
  std::uint64_t step_seconds_ = 0;
  std::array<Weight, sum_count> weights_{};
  std::array<Clock, sum_count> clocks_{};
  std::size_t clock_count_ = 0;
  Relationship nobody_;
  std::array<Plan, kind_count * 2> plans_{};
};

}  // namespace loyalty
