// SPDX-License-Identifier: MIT
#include <loyalty/dynamics/tape.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <vector>

#include <loyalty/events.hpp>

#include "ladder/any_life.hpp"
#include "ladder/slow_staircase.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::any_life;
using loyalty_tests::hour;
using loyalty_tests::law;
using loyalty_tests::Life;
using loyalty_tests::log_life;
using loyalty_tests::SlowStaircase;
using loyalty_tests::Tries;

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, const TapeRow& row) {
  return out << row.time << ": " << name(row.from) << " to " << name(row.to);
}
}  // namespace loyalty

namespace {

/// The tape as the header says that it is written; events in the order of time.
std::vector<TapeRow> tape_of(const std::vector<Event>& events, Time until, const FoldRules& rules) {
  std::vector<TapeRow> tape;
  const auto write = [&tape](const TapeRow& row) { tape.push_back(row); };
  Relationship r;
  Rung rung = Rung::prospect;
  for (std::size_t i = 0; i < events.size();) {
    const Time second = events[i].time;
    rung = write_quiet(r.ladder, second - 1, rung, rules.ladder, write);
    for (; i < events.size() && events[i].time == second; ++i)
      REQUIRE(apply(r, events[i], rules) == Code::ok);
    rung = write_second(r.ladder, second, rung, rules.ladder, write);
  }
  write_quiet(r.ladder, until, rung, rules.ladder, write);
  return tape;
}

/// The changes that trying finds, a row for each rung passed.
std::vector<TapeRow> slow_tape(const Life& life, Tries tries) {
  std::vector<TapeRow> tape;
  const Time first = std::min(life.events.front().time, life.rules.ladder.start);
  int rung = 0;
  for (const auto& change :
       SlowStaircase(life.rules, life.events).changes(first, life.last, tries)) {
    const int next = static_cast<int>(change.position.rung);
    for (const int step = next < rung ? -1 : 1; rung != next; rung += step)
      tape.push_back({change.from, static_cast<Rung>(rung), static_cast<Rung>(rung + step)});
  }
  return tape;
}

void compare(const Life& life, Tries tries) {
  log_life(life);
  const auto is = tape_of(life.events, life.last, life.rules);
  const auto should = slow_tape(life, tries);
  for (const auto& row : is) RC_LOG() << "is " << row << '\n';
  for (const auto& row : should) RC_LOG() << "should be " << row << '\n';
  RC_ASSERT(is == should);
}

const FoldRules plain(FoldOptions{}, Criteria{}, 700 * day);

}  // namespace

TEST_CASE("the tape is that of trying every second") {
  law("half-lives of an hour", 25, [] {
    Life life = any_life({hour, hour + 1});
    life.last = std::min(life.last, life.events.back().time + 3 * hour);
    compare(life, Tries::seconds);
  });
}

TEST_CASE("the tape is that of continuous evaluation") {
  law("half-lives of hours", 1000, [] {
    compare(any_life({hour, hour + 1, 2 * hour}), Tries::crossings);
  });
  law("half-lives from a day to 5 years", 500, [] {
    compare(any_life({day, 30 * day, 365 * day, 5 * year}), Tries::crossings);
  });
}

TEST_CASE("a contract's end takes a rung in its next second") {
  const std::vector<Event> events = {
      {.kind = Kind::purchase, .time = 100 * day},
      {.kind = Kind::contract, .time = 100 * day, .until = 150 * day}};
  const std::vector<TapeRow> expected = {{100 * day, Rung::prospect, Rung::buyer},
                                         {100 * day, Rung::buyer, Rung::client},
                                         {150 * day + 1, Rung::client, Rung::buyer}};
  CHECK(tape_of(events, 700 * day, plain) == expected);
  CHECK(tape_of(events, 150 * day, plain).size() == 2);
}

TEST_CASE("a whole order that comes back takes its rungs in the second of the return") {
  const std::vector<Event> events = {
      {.kind = Kind::purchase, .time = 100 * day},
      {.kind = Kind::purchase, .time = 101 * day},
      {.kind = Kind::returned, .time = 110 * day, .since = 101 * day, .whole_order = true},
      {.kind = Kind::returned, .time = 120 * day, .since = 100 * day, .whole_order = true}};
  const std::vector<TapeRow> expected = {{100 * day, Rung::prospect, Rung::buyer},
                                         {101 * day, Rung::buyer, Rung::client},
                                         {110 * day, Rung::client, Rung::buyer},
                                         {120 * day, Rung::buyer, Rung::prospect}};
  CHECK(tape_of(events, 130 * day, plain) == expected);
}

TEST_CASE("what lies before the staircase is climbed at its start") {
  // 30 half-lives of 10 days before day 700.
  FoldOptions fold;
  fold.half_lives.purchases = fold.half_lives.support = 10 * day;
  fold.half_lives.advocacy = fold.half_lives.partnership = 10 * day;
  const FoldRules rules(fold, Criteria{}, 700 * day);
  const Time start = 400 * day;
  REQUIRE(rules.ladder.start == start);
  // Two purchases of day 399 weigh 1.87 at the start, enough to enter, and .75 after log2(2/.75) = 1.415 half-lives.
  const std::vector<Event> events = {{.kind = Kind::purchase, .time = start - day},
                                     {.kind = Kind::purchase, .time = start - day}};
  const auto tape = tape_of(events, 700 * day, rules);
  REQUIRE(tape.size() == 3);
  CHECK(tape[0] == TapeRow{start, Rung::prospect, Rung::buyer});
  CHECK(tape[1] == TapeRow{start, Rung::buyer, Rung::client});
  CHECK(tape[2].to == Rung::buyer);
  CHECK(static_cast<double>(tape[2].time - start) / day ==
        doctest::Approx(14.150 - 1).epsilon(0.001));
  CHECK(tape_of(events, start - 1, rules).empty());
}
