// SPDX-License-Identifier: MIT
#include <loyalty/batch/purchases.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "batch/heard_log.hpp"

namespace loyalty {
namespace {

constexpr std::int64_t unstated = std::numeric_limits<std::int64_t>::max();

/// A purchase, or one that is taken back.
struct Entry {
  std::uint32_t who;
  bool back;
  Time time;
  std::int64_t amount;  ///< minor units, `unstated` where the row has none
  std::int64_t margin;  ///< likewise
};

/// What acts leave, by relationship in the order of arrival.
class Acts {
 public:
  explicit Acts(const Policy& policy, Time landmark)
      : rules_(policy.fold, policy.criteria, landmark) {}

  void hear(std::uint32_t who, const Act& act) {
    if (act.purchases > 0) {
      std::int64_t margin = 0;
      for (int i = 0; i < act.count; ++i)
        if (act.parts[i].sum == Sum::margin) margin += act.parts[i].units;
      entries_.push_back({who, false, act.stamp, act.states_amount ? act.spend : unstated,
                          act.states_margin ? margin : unstated});
    } else if (act.purchases < 0) {
      entries_.push_back({who, true, act.back_stamp, -act.spend, unstated});
    }
    if (act.spend == 0) return;
    if (who >= sales_.size()) sales_.resize(who + 1);
    sales_[who] += weighed(act.spend, Grid::money, rules_.clock(Sum::margin).tick(act.stamp));
  }

  Purchases settle(const HeardLog& log, const AsOf& at) {
    Purchases made;
    const std::size_t size = log.sorted.size();
    made.ever.resize(size);
    made.with_amount.resize(size);
    made.with_margin.resize(size);
    sales_.resize(size);
    for (const std::uint32_t who : log.sorted) {
      Relationship sold;
      sum_of(sold, Sum::margin) = sales_[who];
      made.sales.push_back(at.read(sold, Sum::margin));
    }
    for (Entry& e : entries_) e.who = log.rank[e.who];
    // A purchase stands before what takes it back, and the order of rows changes nothing.
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.who, a.time, a.back, a.amount, a.margin) <
             std::tie(b.who, b.time, b.back, b.amount, b.margin);
    });
    std::vector<Entry> kept;
    auto next = entries_.begin();
    const double minor = at.rules().minor_units;
    const auto major = [minor](std::int64_t units) {
      return units == unstated ? no_value : static_cast<double>(units) / minor;
    };
    for (std::uint32_t who = 0; who < size; ++who) {
      kept.clear();
      for (; next != entries_.end() && next->who == who; ++next) {
        if (next->back) {
          take_back(kept, *next);
          continue;
        }
        kept.push_back(*next);
        ++made.ever[who];
        made.with_amount[who] += next->amount != unstated ? 1 : 0;
        made.with_margin[who] += next->margin != unstated ? 1 : 0;
      }
      for (const Entry& e : kept) {
        made.time.push_back(e.time);
        made.amount.push_back(major(e.amount));
        made.margin.push_back(major(e.margin));
      }
      made.first.push_back(made.time.size());
    }
    return made;
  }

 private:
  /// Of the purchases in the second of a return the nearest in amount, else the last before it.
  static void take_back(std::vector<Entry>& kept, const Entry& back) {
    if (kept.empty()) return;
    auto taken = kept.end() - 1;
    const auto far = [&back](const Entry& e) {
      return std::abs((e.amount == unstated ? 0 : e.amount) - back.amount);
    };
    if (taken->time == back.time)
      for (auto it = taken; it->time == back.time; --it) {
        if (far(*it) <= far(*taken)) taken = it;
        if (it == kept.begin()) break;
      }
    kept.erase(taken);
  }

  FoldRules rules_;
  std::vector<Entry> entries_;
  std::vector<ExactSum> sales_;
};

}  // namespace

PurchaseLog fold_purchases(const EventColumns& rows, const Policy& policy, Time as_of) {
  validate(policy);
  Acts acts(policy, policy.landmark.value_or(as_of));
  const ActObserver hear = [&acts](std::uint32_t who, const Act& act) { acts.hear(who, act); };
  HeardLog log = hear_log(rows, policy, as_of, hear);
  // Purchases never wait: all of them have been heard.
  Purchases purchases = acts.settle(log, log.portfolio.at(as_of));
  return {std::move(log.portfolio), std::move(purchases), std::move(log.books), log.later};
}

}  // namespace loyalty
