// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// What changed between two states of one relationship, as a state of differences: sums and counters are
/// subtracted, a contract is that of `after` where it is another. O(1).
inline Relationship difference(const Relationship& after, const Relationship& before) noexcept {
  Relationship d;
  for (int i = 0; i < sum_count; ++i) {
    const auto sum = static_cast<Sum>(i);
    sum_of(d, sum) = sum_of(after, sum);
    sum_of(d, sum) -= sum_of(before, sum);
  }
  d.events = after.events - before.events;
  d.ladder.purchases = after.ladder.purchases - before.ladder.purchases;
  d.open_requests = after.open_requests - before.open_requests;
  d.open_time = after.open_time - before.open_time;
  d.open_complaints = after.open_complaints - before.open_complaints;
  d.spend = after.spend - before.spend;
  d.money = after.money - before.money;
  if (after.ladder.contract_until != before.ladder.contract_until)
    d.ladder.contract_until = after.ladder.contract_until;
  d.first_event = after.first_event;
  d.ladder.newest = after.ladder.newest;
  return d;
}

/// An earlier state with a difference put in: the same sums as if the corrected rows had been known then. The ladder
/// position is unset, since it depends on order. O(1).
inline Relationship corrected(const Relationship& earlier,
                              const Relationship& difference) noexcept {
  Relationship r = earlier;
  for (int i = 0; i < sum_count; ++i)
    sum_of(r, static_cast<Sum>(i)) += sum_of(difference, static_cast<Sum>(i));
  r.events += difference.events;
  r.ladder.purchases += difference.ladder.purchases;
  r.open_requests += difference.open_requests;
  r.open_time += difference.open_time;
  r.open_complaints += difference.open_complaints;
  r.spend += difference.spend;
  r.money += difference.money;
  r.ladder.contract_until = std::max(r.ladder.contract_until, difference.ladder.contract_until);
  r.first_event = std::min(r.first_event, difference.first_event);
  r.ladder.newest = std::max(r.ladder.newest, difference.ladder.newest);
  r.ladder.flags |= position_unset;
  r.quiet_until = never_quiet;
  return r;
}

}  // namespace loyalty
