// SPDX-License-Identifier: MIT
/// \file
/// Who hears the acts of a portfolio hears all of them: applied to empty states they give the states.
#include <map>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::LogShape;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::Table;
using loyalty_tests::within;

namespace {

constexpr Time landmark = 18000 * day;

/// Short targets and a grace, so that requests expire and promises break inside the log.
Policy policy() {
  Policy p;
  p.fold.response_target = 7200;
  p.fold.promise_grace = 3600;
  return p;
}

/// What acts add up to, beside the ladder, which follows their order.
bool same(const Relationship& a, const Relationship& b) {
  bool equal = a.events == b.events && a.spend == b.spend && a.money == b.money &&
               a.open_requests == b.open_requests && a.open_time == b.open_time &&
               a.open_complaints == b.open_complaints && a.first_event == b.first_event &&
               a.first_purchase == b.first_purchase && a.last_purchase == b.last_purchase &&
               a.ladder.purchases == b.ladder.purchases && a.ladder.newest == b.ladder.newest;
  for (int i = 0; i < sum_count; ++i) {
    const auto sum = static_cast<Sum>(i);
    equal = equal && sum_of(a, sum) == sum_of(b, sum);
  }
  return equal;
}

}  // namespace

TEST_CASE("an observer hears every act of a portfolio") {
  law("states are what the acts add up to, in one call or several", 300, [] {
    LogShape shape;
    shape.event_ids = true;
    shape.to = shape.from + 3 * day;
    const std::vector<Row> rows = by_time(any_rows(shape));
    log_rows(rows);
    const Time now = 18020 * day;
    Portfolio quiet(policy(), landmark);
    Portfolio heard(policy(), landmark);
    std::map<std::uint32_t, Relationship> states;
    const ActObserver hear = [&](std::uint32_t who, const Act& act) {
      apply(states[who], act, heard.rules().fold());
    };
    heard.observe(hear);
    // Repeats are told apart within a call.
    const std::size_t cut = *within<std::size_t>(0, rows.size());
    for (const auto& [first, last] :
         {std::pair<std::size_t, std::size_t>{0, cut}, {cut, rows.size()}}) {
      const auto begin = rows.begin();
      const std::vector<Row> part = shuffled(std::vector<Row>(
          begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last)));
      const Books a = quiet.apply(Table(part, true));
      const Books b = heard.apply(Table(part, true));
      RC_ASSERT(a.scored == b.scored);
    }
    RC_ASSERT(quiet.bytes() == heard.bytes());
    for (std::uint32_t i = 0; i < heard.size(); ++i) {
      const Relationship state = heard.state(i, now, hear);
      RC_ASSERT(same(state, heard.state(i, now)));
      RC_ASSERT(same(state, states[i]));
    }
  });
}
