// SPDX-License-Identifier: MIT
/// How fast a log becomes a history, in processor time on one core: the tape alone, and twelve snapshots. Arguments: events and
/// relationships, in millions.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include <loyalty/batch/history.hpp>

#include "random.hpp"

using loyalty::Kind;
using loyalty::Time;

int main(int argc, char** argv) {
  const auto events = static_cast<std::size_t>((argc > 1 ? std::atof(argv[1]) : 5) * 1e6);
  const auto people = static_cast<std::uint64_t>((argc > 2 ? std::atof(argv[2]) : 0.1) * 1e6);
  std::vector<std::int64_t> id(events);
  std::vector<Time> time(events);
  std::vector<std::uint8_t> kind(events);
  constexpr Kind kinds[] = {Kind::purchase,   Kind::purchase,  Kind::purchase, Kind::review,
                            Kind::attendance, Kind::guarantee, Kind::gift,     Kind::suggestion};
  std::vector<double> value(events, 1);
  const Time first = loyalty::utc(2021, 1, 1);
  Random random;
  for (std::size_t i = 0; i < events; ++i) {
    id[i] = static_cast<std::int64_t>(random() % people);
    time[i] = first + static_cast<Time>(random() % (3 * 365 * 86400ULL));
    kind[i] = static_cast<std::uint8_t>(kinds[random() % std::size(kinds)]);
  }
  loyalty::EventColumns rows;
  rows.rows = events;
  rows.relationship_number = id.data();
  rows.kind = kind.data();
  rows.value = value.data();
  const auto run = [&](const char* what, const loyalty::HistoryOptions& options) {
    rows.time = time.data();
    const std::clock_t start = std::clock();
    const loyalty::History h = loyalty::history(rows, {}, options);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%-28s %6.2f s, %5.2f M events/s; %zu changes of rung, %zu rows of snapshots\n",
                what, seconds, static_cast<double>(events) / seconds * 1e-6, h.tape.size(),
                h.snapshots.size());
  };
  const Time last = loyalty::utc(2024, 1, 1);
  run("tape, rows in any order", {.until = last});
  std::sort(time.begin(), time.end());
  run("tape, rows by time", {.until = last});
  const auto dates = loyalty::month_ends(loyalty::utc(2023, 1, 1), last);
  run("12 snapshots, without a tape", {.until = last, .dates = dates, .tape = false});
  return 0;
}
