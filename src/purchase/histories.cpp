// SPDX-License-Identifier: MIT
#include <loyalty/purchase/histories.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace loyalty::purchase {
namespace {

struct Row {
  std::int64_t customer;
  std::int64_t time;
  double amount;
};

/// By customer, time and amount, unknown amounts last: sums of amounts do not depend on the order of rows.
bool before(const Row& a, const Row& b) noexcept {
  if (a.customer != b.customer) return a.customer < b.customer;
  if (a.time != b.time) return a.time < b.time;
  if (std::isnan(a.amount) || std::isnan(b.amount))
    return !std::isnan(a.amount) && std::isnan(b.amount);
  return a.amount < b.amount;
}

}  // namespace

HistoryColumns Histories::columns() const noexcept {
  HistoryColumns made;
  made.x = x.data();
  made.t_x = t_x.data();
  made.T = T.data();
  made.mean_value = mean_value.empty() ? nullptr : mean_value.data();
  made.rows = x.size();
  made.unit = unit;
  return made;
}

Histories make_histories(const PurchaseColumns& purchases, std::int64_t end, TimeUnit unit,
                         double counts_in_unit) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const bool with_amounts = purchases.amount != nullptr;
  Histories made;
  made.unit = unit;
  made.end = end;
  made.counts_in_unit = counts_in_unit;
  std::vector<Row> rows;
  rows.reserve(purchases.rows);
  for (std::size_t i = 0; i < purchases.rows; ++i) {
    if (purchases.time[i] > end)
      ++made.after_end;
    else
      rows.push_back(
          {purchases.customer[i], purchases.time[i], with_amounts ? purchases.amount[i] : unknown});
  }
  std::sort(rows.begin(), rows.end(), before);
  const auto units = [&](std::int64_t counts) {
    return static_cast<double>(counts) / counts_in_unit;
  };
  for (std::size_t i = 0; i < rows.size();) {
    const std::int64_t customer = rows[i].customer;
    const std::int64_t first = rows[i].time;
    const auto number = static_cast<std::int64_t>(made.customer.size());
    double repeats = 0;
    double spent = 0;
    double valued = 0;
    std::int64_t last = first;
    while (i < rows.size() && rows[i].customer == customer) {
      const std::int64_t time = rows[i].time;
      double amount = 0;
      bool known = false;
      for (std::size_t shared = 0;
           i < rows.size() && rows[i].customer == customer && rows[i].time == time; ++i, ++shared) {
        if (shared > 0) ++made.joined;
        if (std::isnan(rows[i].amount)) continue;
        amount += rows[i].amount;
        known = true;
      }
      if (time == first) continue;
      ++repeats;
      last = time;
      made.repeat_customer.push_back(number);
      made.repeat_time.push_back(time);
      if (known) {
        spent += amount;
        ++valued;
      }
    }
    made.customer.push_back(customer);
    made.first.push_back(first);
    made.x.push_back(repeats);
    made.t_x.push_back(units(last - first));
    made.T.push_back(units(end - first));
    if (with_amounts) made.mean_value.push_back(valued > 0 ? spent / valued : unknown);
  }
  return made;
}

}  // namespace loyalty::purchase
