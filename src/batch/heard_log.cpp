// SPDX-License-Identifier: MIT
#include "batch/heard_log.hpp"

#include <algorithm>

#include "batch/picked.hpp"

namespace loyalty {

HeardLog hear_log(const EventColumns& rows, const Policy& policy, Time as_of,
                  const ActObserver& hear) {
  HeardLog log{Portfolio(policy, policy.landmark ? policy.landmark : as_of), {}, {}, {}};
  std::vector<std::size_t> until;
  const std::size_t count = rows.time == nullptr ? 0 : rows.rows;
  until.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Time time = rows.time[i];
    if (time > as_of) continue;
    until.push_back(i);
    if (time < -furthest_time) continue;
    log.first = log.first == no_time ? time : std::min(log.first, time);
    log.last = std::max(log.last, time);
  }
  log.later = static_cast<std::int64_t>(count - until.size());
  const Picked picked(rows, until);
  log.portfolio.observe(hear);
  log.books = log.portfolio.apply(picked.columns());
  log.portfolio.observe({});
  for (Reject& reject : log.books.rejects)
    reject.row = static_cast<std::int64_t>(until[static_cast<std::size_t>(reject.row)]);
  log.sorted = log.portfolio.sorted();
  log.rank.resize(log.sorted.size());
  for (std::uint32_t place = 0; place < log.sorted.size(); ++place)
    log.rank[log.sorted[place]] = place;
  return log;
}

}  // namespace loyalty
