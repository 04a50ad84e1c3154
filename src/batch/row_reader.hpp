// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/policy.hpp>

namespace loyalty {

/// Reads one row into an event, and judges what can be judged without the relationship.
class RowReader {
 public:
  /// `currency` is that of the portfolio; null while it is not settled, so that any will do.
  RowReader(const EventColumns& columns, const Policy& policy, const std::string* currency)
      : c_(columns), policy_(policy), currency_(currency) {}

  Code read(std::size_t i, Event& e) const {
    if (c_.code != nullptr && c_.code[i] != 0) return static_cast<Code>(c_.code[i]);
    if (c_.kind[i] >= kind_count) return Code::unknown_kind;
    e.kind = static_cast<Kind>(c_.kind[i]);
    e.time = c_.time[i];
    if (c_.value != nullptr) e.value = c_.value[i];
    if (c_.amount != nullptr) e.amount = c_.amount[i];
    if (c_.margin != nullptr) e.margin = c_.margin[i];
    if (c_.cost != nullptr) e.cost = c_.cost[i];
    if (c_.rating != nullptr) e.rating = c_.rating[i];
    if (c_.scale_low != nullptr) e.scale_low = c_.scale_low[i];
    if (c_.scale_high != nullptr) e.scale_high = c_.scale_high[i];
    if (c_.due != nullptr) e.due = c_.due[i];
    if (c_.done != nullptr) e.done = c_.done[i];
    if (c_.until != nullptr) e.until = c_.until[i];
    if (c_.since != nullptr) e.since = c_.since[i];
    if (c_.whole_order != nullptr) e.whole_order = c_.whole_order[i] == 1;
    if (c_.side != nullptr) {
      if (c_.side[i] == EventColumns::unreadable) return Code::bad_side;
      e.side = c_.side[i] == 1 ? Side::them : Side::us;
    }
    if (c_.parameter != nullptr) {
      if (c_.parameter[i] == EventColumns::unreadable && e.kind == Kind::survey)
        return Code::bad_parameter;
      e.parameter = c_.parameter[i] == 1 ? SurveyOf::commitment : SurveyOf::trust;
    }
    if (c_.role != nullptr && c_.role[i] == EventColumns::unreadable) return Code::bad_role;
    if (c_.currency) return convert(c_.currency[i], e);
    return Code::ok;
  }

 private:
  Code convert(std::string_view currency, Event& e) const {
    if (currency.empty() || currency_ == nullptr || currency == *currency_) return Code::ok;
    for (const Rate& rate : policy_.rates) {
      if (rate.currency != currency) continue;
      e.amount *= rate.rate;
      e.margin *= rate.rate;
      e.cost *= rate.rate;
      return Code::ok;
    }
    return Code::other_currency;
  }

  const EventColumns& c_;
  const Policy& policy_;
  const std::string* currency_;
};

}  // namespace loyalty
