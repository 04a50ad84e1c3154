// SPDX-License-Identifier: MIT
/// How fast events fold and relationships are assessed, on one core: 20 M events over 1 M relationships
/// at random, times ascending, staircase included; then on two. Arguments: events and relationships, in millions.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <loyalty/batch/portfolio.hpp>

#include "random.hpp"

namespace {

using loyalty::Kind;
using loyalty::Time;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What memory alone allows: the two lines of a state that an average event touches, fetched ahead and written,
/// of as many states at random, and nothing else.
double bare_touch(const std::vector<std::int64_t>& id, std::uint64_t people) {
  std::vector<loyalty::Relationship, loyalty::LargePages<loyalty::Relationship>> states(people);
  const auto begin = std::chrono::steady_clock::now();
  constexpr std::size_t ahead = 24;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i + ahead < id.size()) {
      loyalty::prefetch(&states[static_cast<std::size_t>(id[i + ahead])]);
      loyalty::prefetch(&states[static_cast<std::size_t>(id[i + ahead])].margin);
    }
    loyalty::Relationship& r = states[static_cast<std::size_t>(id[i])];
    r.events += 1;
    r.spend += 1;
  }
  return seconds_since(begin);
}

}  // namespace

int main(int argc, char** argv) {
  const auto events = static_cast<std::size_t>((argc > 1 ? std::atof(argv[1]) : 20) * 1e6);
  const auto people = static_cast<std::uint64_t>((argc > 2 ? std::atof(argv[2]) : 1) * 1e6);
  std::vector<std::int64_t> id(events);
  std::vector<Time> time(events);
  std::vector<std::uint8_t> kind(events);
  std::vector<double> amount(events);
  std::vector<double> value(events);
  constexpr Kind mix[] = {Kind::purchase, Kind::purchase,      Kind::purchase, Kind::purchase,
                          Kind::contact,  Kind::participation, Kind::gift,     Kind::guarantee};
  Random random;
  const Time start = loyalty::utc(2021, 1, 1);
  const Time span = 3 * loyalty::year;
  for (std::size_t i = 0; i < events; ++i) {
    id[i] = static_cast<std::int64_t>(random() % people);
    time[i] = start + static_cast<Time>(static_cast<double>(i) / static_cast<double>(events) *
                                        static_cast<double>(span));
    kind[i] = static_cast<std::uint8_t>(mix[random() % 8]);
    amount[i] = static_cast<double>(random() % 10000) / 100;
    value[i] = 1;
  }
  loyalty::EventColumns columns;
  columns.rows = events;
  columns.relationship_number = id.data();
  columns.time = time.data();
  columns.kind = kind.data();
  columns.amount = amount.data();
  columns.value = value.data();

  double bare = 1e9;
  double best = 1e9;
  double best_new = 1e9;
  double best_two = 1e9;
  double best_shuffled = 1e9;
  loyalty::Threads two(2);
  loyalty::Portfolio portfolio;
  for (int round = 0; round < 3; ++round) {
    bare = std::min(bare, bare_touch(id, people));
    loyalty::Portfolio fresh;
    auto begin = std::chrono::steady_clock::now();
    fresh.apply(columns);
    best_new = std::min(best_new, seconds_since(begin));
    // A year later the same again: every relationship is known by now.
    for (Time& t : time) t += span;
    begin = std::chrono::steady_clock::now();
    const auto books = fresh.apply(columns);
    best = std::min(best, seconds_since(begin));
    for (Time& t : time) t += span;
    begin = std::chrono::steady_clock::now();
    fresh.apply(columns, two);
    best_two = std::min(best_two, seconds_since(begin));
    for (Time& t : time) t += span;
    for (std::size_t i = 0; i < events; ++i)
      std::swap(time[i], time[static_cast<std::size_t>(random() % events)]);
    begin = std::chrono::steady_clock::now();
    fresh.apply(columns);
    best_shuffled = std::min(best_shuffled, seconds_since(begin));
    std::sort(time.begin(), time.end());
    for (Time& t : time) t -= 3 * span;
    if (books.scored != static_cast<std::int64_t>(events)) return 1;
    portfolio = std::move(fresh);
  }
  const auto rate = [&](double s) { return static_cast<double>(events) / s / 1e6; };
  std::printf("two lines of a state alone   %6.1f M events/s\n", rate(bare));
  std::printf("apply, new relationships     %6.1f M events/s\n", rate(best_new));
  std::printf("apply, known relationships   %6.1f M events/s\n", rate(best));
  std::printf("  the same on two threads    %6.1f M events/s, %.2f times\n", rate(best_two),
              best / best_two);
  std::printf("  times in any order         %6.1f M events/s\n", rate(best_shuffled));

  const loyalty::AsOf at = portfolio.at(portfolio.newest());
  const auto& scorer = portfolio.rules().scorer(loyalty::Role::consumer);
  const auto per_relationship = [&](auto&& f) {
    double fastest = 1e9;
    const std::uint32_t n =
        static_cast<std::uint32_t>(std::min<std::size_t>(portfolio.size(), 200000));
    for (int round = 0; round < 3; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      for (std::uint32_t i = 0; i < n; ++i) f(i);
      fastest = std::min(fastest, seconds_since(begin) / n);
    }
    return fastest * 1e9;
  };
  double sink = 0;
  const double brief = per_relationship([&](std::uint32_t i) {
    sink += loyalty::assess_brief(portfolio.state(i), at, scorer).quality;
  });
  int inverted = 0;
  const double full = per_relationship([&](std::uint32_t i) {
    const auto a = portfolio.assess(i, at);
    sink += a.plug_in;
    inverted += a.interval.inverted ? 1 : 0;
  });
  const double with_intervals = per_relationship([&](std::uint32_t i) {
    const auto a = portfolio.assess(i, at);
    sink += loyalty::interval(a.parameters.commitment).low +
            loyalty::interval(a.parameters.responsiveness).low +
            loyalty::interval(a.parameters.reciprocity).low +
            loyalty::interval(a.parameters.trust).low;
  });
  std::printf("rung and quality             %6.0f ns a relationship\n", brief);
  std::printf(
      "full assessment              %6.0f ns a relationship (%.1f %% by inversion)\n", full,
      100.0 * inverted / 3 / std::min<double>(static_cast<double>(portfolio.size()), 200000));
  std::printf("  and parameters' intervals  %6.0f ns a relationship\n", with_intervals);
  return sink == 0 ? 1 : 0;
}
