// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/movements.hpp>

#include <algorithm>
#include <map>

namespace loyalty {
namespace {

void add_all(StateCounts& to, const StateCounts& from) noexcept {
  for (std::size_t i = 0; i < to.size(); ++i)
    for (std::size_t j = 0; j < to.size(); ++j) to[i][j] += from[i][j];
}

std::int64_t& at(StateCounts& counts, int from, int to) noexcept {
  return counts[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

/// Where a relationship stands at seconds that ascend.
class Cursor {
 public:
  Cursor(const RungPath& path, Time until, Time lapse_after) {
    changes_of_state(path, until, lapse_after, changes_);
  }
  int state(Time second) {
    for (; next_ < changes_.size() && changes_[next_].time <= second; ++next_)
      state_ = changes_[next_].to;
    return state_;
  }

 private:
  std::vector<StateChange> changes_;
  std::size_t next_ = 0;
  int state_ = 0;
};

/// Calls visit(date before, date, state before, state).
template <class Visit>
void each_transition(const RungPath& path, std::span<const Time> dates, Time lapse_after,
                     Visit&& visit) {
  const auto known = std::lower_bound(dates.begin(), dates.end(), path.known_since);
  if (dates.end() - known < 2) return;
  Cursor cursor(path, dates.back(), lapse_after);
  int before = cursor.state(*known);
  for (auto date = known + 1; date != dates.end(); ++date) {
    const int now = cursor.state(*date);
    visit(date[-1], *date, before, now);
    before = now;
  }
}

}  // namespace

Eigen::MatrixXd matrix_of(const StateCounts& counts, bool lapsed) {
  const Eigen::Index n = lapsed ? state_count : rung_count;
  Eigen::MatrixXd out(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      out(i, j) =
          static_cast<double>(counts[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
  return out;
}

Eigen::VectorXd vector_of(const std::array<std::int64_t, state_count>& counts, bool lapsed) {
  Eigen::VectorXd out(lapsed ? state_count : rung_count);
  for (Eigen::Index i = 0; i < out.size(); ++i)
    out[i] = static_cast<double>(counts[static_cast<std::size_t>(i)]);
  return out;
}

void Transitions::add(const RungPath& path, std::span<const Time> dates, Time lapse_after) {
  each_transition(path, dates, lapse_after,
                  [this](Time, Time, int from, int to) { ++at(counts, from, to); });
}

Transitions& Transitions::operator+=(const Transitions& other) noexcept {
  add_all(counts, other.counts);
  return *this;
}

void TimeAtRisk::add(const RungPath& path, Time from, Time until, Time lapse_after) {
  const Time begin = std::max(from, path.known_since);
  if (begin > until) return;
  std::vector<StateChange> changes;
  changes_of_state(path, until, lapse_after, changes);
  int state = 0;
  Time since = begin;
  for (const StateChange& change : changes) {
    if (change.time > begin) {
      seconds[static_cast<std::size_t>(state)] += change.time - since;
      ++at(moves, change.from, change.to);
      since = change.time;
    }
    state = change.to;
  }
  seconds[static_cast<std::size_t>(state)] += until + 1 - since;
}

TimeAtRisk& TimeAtRisk::operator+=(const TimeAtRisk& other) noexcept {
  for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] += other.seconds[i];
  add_all(moves, other.moves);
  return *this;
}

std::array<std::int64_t, state_count> states_at(const RungPaths& paths, Time second,
                                                Time lapse_after) {
  std::array<std::int64_t, state_count> counts{};
  paths.each([&](const RungPath& path) {
    if (path.known_since > second) return;
    ++counts[static_cast<std::size_t>(Cursor(path, second, lapse_after).state(second))];
  });
  return counts;
}

Transitions transitions(const RungPaths& paths, std::span<const Time> dates, Time lapse_after) {
  Transitions all;
  paths.each([&](const RungPath& path) { all.add(path, dates, lapse_after); });
  return all;
}

std::vector<DatedTransitions> dated_transitions(const RungPaths& paths, std::span<const Time> dates,
                                                Time lapse_after) {
  std::map<Time, Transitions> by_interval;
  paths.each([&](const RungPath& path) {
    each_transition(path, dates, lapse_after, [&](Time before, Time now, int from, int to) {
      ++at(by_interval[now - before].counts, from, to);
    });
  });
  std::vector<DatedTransitions> out;
  for (const auto& [interval, moves] : by_interval) out.push_back({interval, moves});
  return out;
}

TimeAtRisk time_at_risk(const RungPaths& paths, Time from, Time until, Time lapse_after) {
  TimeAtRisk all;
  paths.each([&](const RungPath& path) { all.add(path, from, until, lapse_after); });
  return all;
}

std::vector<std::int64_t> purchase_days(const RungPaths& paths, Time after, Time until) {
  std::vector<std::int64_t> counts{0};
  paths.each([&](const RungPath& path) {
    if (path.known_since > after) return;
    std::size_t days = 0;
    Time last = no_time;
    for (const Time time : path.purchases) {
      if (time <= after || time > until) continue;
      const Time today = floor_div(time, day);
      if (days == 0 || today != last) ++days;
      last = today;
    }
    if (days >= counts.size()) counts.resize(days + 1);
    ++counts[days];
  });
  return counts;
}

}  // namespace loyalty
