// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/movements.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <ostream>
#include <random>
#include <vector>

using namespace loyalty;

namespace {

struct AnyPath {
  std::vector<TapeRow> tape;
  std::vector<Time> purchases;
  Time known_since = 0;
  RungPath path() const { return {known_since, tape, purchases}; }
};

/// A path over a few seconds: rows that follow each other, purchases anywhere.
AnyPath any_path(std::mt19937_64& random, Time last) {
  AnyPath any;
  std::uniform_int_distribution<int> coin(0, 5);
  any.known_since = coin(random);
  int rung = 0;
  for (Time t = any.known_since; t <= last; ++t) {
    if (coin(random) == 0) any.purchases.push_back(t);
    for (int steps = coin(random) - 3; steps > 0; --steps) {
      const int next = rung + (coin(random) < 3 ? 1 : -1);
      if (next < 0 || next > 5) continue;
      any.tape.push_back({t, static_cast<Rung>(rung), static_cast<Rung>(next)});
      rung = next;
    }
  }
  return any;
}

/// The state at a second, as the header defines it.
int slow_state(const AnyPath& any, Time second, Time lapse_after) {
  int rung = 0;
  for (const TapeRow& row : any.tape)
    if (row.time <= second) rung = static_cast<int>(row.to);
  if (rung == 0 || lapse_after == 0) return rung;
  Time last = no_time;
  for (const Time t : any.purchases)
    if (t <= second) last = t;
  return last != no_time && second - last > lapse_after ? lapsed_state : rung;
}

}  // namespace

TEST_CASE("changes of state: at every second they lead where the definition says") {
  std::mt19937_64 random(1);
  int lapses = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const AnyPath any = any_path(random, 40);
    for (const Time lapse_after : {0, 1, 2, 5, 100}) {
      std::vector<StateChange> changes;
      changes_of_state(any.path(), 40, lapse_after, changes);
      int state = 0;
      Time before = 0;
      std::size_t next = 0;
      for (Time t = 0; t <= 40; ++t) {
        for (; next < changes.size() && changes[next].time == t; ++next) {
          REQUIRE(changes[next].from == state);
          REQUIRE(changes[next].to != state);
          REQUIRE(changes[next].time >= before);
          state = changes[next].to;
          lapses += state == lapsed_state;
          before = t;
        }
        REQUIRE(state == slow_state(any, t, lapse_after));
      }
      REQUIRE(next == changes.size());
    }
    // Without a lapsed state they are the tape.
    std::vector<StateChange> changes;
    changes_of_state(any.path(), 40, 0, changes);
    REQUIRE(changes.size() == any.tape.size());
  }
  CHECK(lapses > 1000);
}

TEST_CASE("changes of state: one who lapses and comes back") {
  const std::vector<TapeRow> tape = {{10, Rung::prospect, Rung::buyer},
                                     {20, Rung::buyer, Rung::client},
                                     {45, Rung::client, Rung::buyer},
                                     {60, Rung::buyer, Rung::client}};
  const std::vector<Time> purchases = {10, 20, 60};
  std::vector<StateChange> changes;
  changes_of_state({0, tape, purchases}, 100, 20, changes);
  // Lapsed from second 41 on: the fall of second 45 is not followed.
  const std::vector<StateChange> expected = {
      {10, 0, 1}, {20, 1, 2}, {41, 2, lapsed_state}, {60, lapsed_state, 2}, {81, 2, lapsed_state}};
  CHECK(changes == expected);
  changes_of_state({0, tape, purchases}, 40, 20, changes);
  CHECK(changes.size() == 2);
}

TEST_CASE("transitions: counted date by date, they are those of standing in two places") {
  std::mt19937_64 random(2);
  const std::vector<Time> dates = {3, 4, 11, 20, 33, 40};
  for (int trial = 0; trial < 500; ++trial) {
    const AnyPath any = any_path(random, 40);
    for (const Time lapse_after : {0, 4}) {
      Transitions is;
      is.add(any.path(), dates, lapse_after);
      Transitions should;
      for (std::size_t d = 1; d < dates.size(); ++d)
        if (any.known_since <= dates[d - 1])
          ++should.counts[static_cast<std::size_t>(slow_state(any, dates[d - 1], lapse_after))]
                         [static_cast<std::size_t>(slow_state(any, dates[d], lapse_after))];
      REQUIRE(is == should);
    }
  }
}

TEST_CASE("time at risk: counted second by second; parts of time add up") {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 500; ++trial) {
    const AnyPath any = any_path(random, 40);
    for (const Time lapse_after : {0, 4})
      for (const Time from : {-5, 0, 17}) {
        TimeAtRisk is;
        is.add(any.path(), from, 40, lapse_after);
        const Time begin = std::max(from, any.known_since);
        std::array<std::int64_t, state_count> seconds{};
        for (Time t = begin; t <= 40; ++t)
          ++seconds[static_cast<std::size_t>(slow_state(any, t, lapse_after))];
        REQUIRE(is.seconds == seconds);
        std::int64_t moves = 0;
        for (const auto& row : is.moves) moves = std::accumulate(row.begin(), row.end(), moves);
        std::vector<StateChange> changes;
        changes_of_state(any.path(), 40, lapse_after, changes);
        REQUIRE(moves == std::count_if(changes.begin(), changes.end(),
                                       [&](const StateChange& c) { return c.time > begin; }));
        // Until the end of one second, and from the next on with its moves.
        TimeAtRisk parts;
        parts.add(any.path(), from, 24, lapse_after);
        TimeAtRisk rest;
        rest.add(any.path(), 24, 40, lapse_after);
        const Time twice = std::max<Time>(from, any.known_since) <= 24 ? 24 : -1;
        if (twice == 24) {
          --rest.seconds[static_cast<std::size_t>(slow_state(any, 24, lapse_after))];
          parts += rest;
          REQUIRE(parts == is);
        }
      }
  }
}

TEST_CASE("populations: columns give what paths give, in any split") {
  std::mt19937_64 random(4);
  const std::vector<Time> dates = {5, 10, 20, 30};
  std::vector<Time> known;
  std::vector<std::uint32_t> who;
  std::vector<Time> time;
  std::vector<Rung> from;
  std::vector<Rung> to;
  std::vector<std::uint64_t> first = {0};
  std::vector<Time> bought;
  Transitions moves;
  TimeAtRisk risk;
  std::array<std::int64_t, state_count> states{};
  std::map<Time, std::int64_t> by_interval;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const AnyPath any = any_path(random, 40);
    known.push_back(any.known_since);
    for (const TapeRow& row : any.tape) {
      who.push_back(i);
      time.push_back(row.time);
      from.push_back(row.from);
      to.push_back(row.to);
    }
    bought.insert(bought.end(), any.purchases.begin(), any.purchases.end());
    first.push_back(bought.size());
    moves.add(any.path(), dates, 6);
    risk.add(any.path(), 2, 35, 6);
    ++states[static_cast<std::size_t>(slow_state(any, 30, 6))];
    for (std::size_t d = 1; d < dates.size(); ++d)
      by_interval[dates[d] - dates[d - 1]] += any.known_since <= dates[d - 1];
  }
  const RungPaths paths{known, who, time, from, to, first, bought};
  CHECK(transitions(paths, dates, 6) == moves);
  CHECK(time_at_risk(paths, 2, 35, 6) == risk);
  CHECK(states_at(paths, 30, 6) == states);
  const Eigen::MatrixXd counts = matrix_of(moves.counts, true);
  CHECK(counts.rows() == 7);
  CHECK(counts(lapsed_state, 2) == static_cast<double>(moves.counts[lapsed_state][2]));
  CHECK(matrix_of(moves.counts) == counts.topLeftCorner(6, 6));
  CHECK(vector_of(states, true).sum() == 200);
  CHECK(vector_of(states).size() == 6);
  const auto dated = dated_transitions(paths, dates, 6);
  REQUIRE(dated.size() == 2);
  Transitions all;
  for (const DatedTransitions& some : dated) {
    std::int64_t count = 0;
    for (const auto& row : some.moves.counts)
      count = std::accumulate(row.begin(), row.end(), count);
    CHECK(count == by_interval[some.interval]);
    all += some.moves;
  }
  CHECK(all == moves);
  CHECK(transitions(paths, std::vector<Time>{}, 6) == Transitions{});
  CHECK(transitions(paths, std::vector<Time>{5}, 6) == Transitions{});
}

TEST_CASE("purchase days: one a day, within the period, of those known before it") {
  const std::vector<Time> known = {0, 0, 0, 5 * day};
  const std::vector<Time> bought = {day, day + 1, 3 * day, 9 * day, 2 * day, 5 * day};
  const std::vector<std::uint64_t> first = {0, 4, 5, 5, 6};
  RungPaths paths;
  paths.known_since = known;
  paths.first_purchase = first;
  paths.purchase = bought;
  // From day 1 on: the first bought on days 1 and 3, the second on day 2, the third never, the fourth is too new.
  CHECK(purchase_days(paths, day - 1, 8 * day) == std::vector<std::int64_t>{1, 1, 1});
  // A purchase at the start of the period belongs to the one before.
  CHECK(purchase_days(paths, 2 * day, 8 * day) == std::vector<std::int64_t>{2, 1});
  CHECK(purchase_days(paths, 0, 10 * day) == std::vector<std::int64_t>{1, 1, 0, 1});
}
