// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// Why a state cannot have come from events, or null; of a difference of states (see correction.hpp), why it cannot be
/// one.
inline const char* unsound(const Relationship& r, bool is_difference = false) noexcept {
  const LadderState& ladder = r.ladder;
  const auto time_or = [](Time t, Time absent) { return t == absent || detail::plausible(t); };
  constexpr std::int32_t most = 2'000'000'000;  // of counters that merges may have added up
  const auto inside = [](std::int64_t n, std::int64_t limit) { return n >= -limit && n <= limit; };
  if (r.events < 0 && !is_difference) return "counts events below zero";
  if (ladder.rung > Rung::partner || ladder.peak > Rung::partner) return "has an unknown rung";
  if (ladder.rung > ladder.peak) return "stands above its peak";
  if (ladder.flags >= 2 * divided_wallet) return "has unknown flags";
  if (!time_or(ladder.newest, no_time) || !time_or(ladder.contract_until, no_time) ||
      !time_or(ladder.since, no_time) || !time_or(r.first_event, never) ||
      !time_or(r.first_purchase, never) || !time_or(r.last_purchase, no_time))
    return "has a time that is none";
  if (!inside(r.events, most) || !inside(ladder.purchases, most) ||
      !inside(r.open_requests, 2 * most_events) || !inside(r.open_complaints, most) ||
      !inside(r.spend, std::int64_t{1} << 60) || (r.money < 0 && !is_difference) ||
      !inside(r.money, std::int64_t{1} << 60) ||
      !inside(r.open_time, 2 * most_events * furthest_time))
    return "has a counter beyond its limits";
  return nullptr;
}

}  // namespace loyalty
