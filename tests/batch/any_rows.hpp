// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "batch/rows.hpp"
#include "laws/any_event.hpp"

namespace loyalty_tests {

/// What a generated log may hold.
struct LogShape {
  loyalty::Time from = 18000 * loyalty::day;
  loyalty::Time to = 18010 * loyalty::day;
  int most = 40;
  bool keys = true;  ///< rows that open and close items
  bool bad_rows = true;
  bool event_ids = false;  ///< with repeats and retractions
  bool crowded =
      false;  ///< two relationships, three seconds, two event ids: nearly everything meets
  bool currencies = false;
};

/// A log of a few relationships that share seconds and keys, so that everything that can meet does.
inline std::vector<Row> any_rows(const LogShape& shape) {
  using namespace loyalty;
  std::vector<Row> rows;
  const int count = *within(0, shape.most);
  std::vector<Time> seconds;
  for (int i = 0; i < (shape.crowded ? 3 : 6); ++i)
    seconds.push_back(*within<Time>(shape.from, shape.to));
  for (int i = 0; i < count; ++i) {
    Row row;
    row.relationship =
        shape.crowded
            ? *one_of<std::string>({"anna", "17"})
            : *one_of<std::string>({"anna", "17", "-3", "0017", "a relationship with a long name"});
    const Time at = !shape.crowded && *within(0, 2) == 0 ? *within<Time>(shape.from, shape.to)
                                                         : *rc::gen::elementOf(seconds);
    row.event = any_event(at, at);
    Event& e = row.event;
    // Half of the rows are of kinds that wait for others.
    if (shape.keys && *rc::gen::arbitrary<bool>()) {
      e = Event{.kind = *one_of({Kind::request, Kind::response, Kind::promise, Kind::payment,
                                 Kind::complaint, Kind::resolution}),
                .time = at};
      row.refers_to =
          *one_of<std::string>({"", "k", "k", "l", "a key that does not fit into a short string"});
    }
    if (e.kind == Kind::promise || e.kind == Kind::payment) {
      // Due, done and the row's own time in any order, often in the same second as other rows.
      const auto any_time = [&] {
        return *one_of<Time>(
            {*rc::gen::elementOf(seconds), *within<Time>(shape.from - day, shape.to + day)});
      };
      e.due = *within(0, 4) == 0 ? no_time : any_time();
      e.done = *rc::gen::arbitrary<bool>() ? any_time() : no_time;
      if (*rc::gen::arbitrary<bool>()) e.value = *within(1, 4);
    }
    if (e.kind == Kind::response || (e.kind == Kind::returned && e.whole_order))
      e.since =
          *rc::gen::arbitrary<bool>() ? std::min(e.time, *rc::gen::elementOf(seconds)) : e.time;
    if (e.kind == Kind::contact) {
      row.personal = *one_of<std::uint8_t>({0, 1, EventColumns::absent});
      row.answered = *one_of<std::uint8_t>({0, 1, EventColumns::absent});
    }
    if (*within(0, 5) == 0) row.role = static_cast<std::uint8_t>(*within(0, role_count - 1));
    if (!shape.bad_rows) {
      // What a row lacks that closes nothing would set it aside.
      if (e.kind == Kind::resolution && row.refers_to.empty())
        e = Event{.kind = Kind::cost, .time = at, .amount = 1};
      const bool closes = e.done != no_time && !row.refers_to.empty();
      if ((e.kind == Kind::promise || e.kind == Kind::payment) && e.due == no_time && !closes)
        e.due = at;
    }
    if (shape.bad_rows && *within(0, 9) == 0) {
      switch (*within(0, 5)) {
        case 0:
          row.code = Code::unknown_kind;
          break;
        case 1:
          row.relationship.clear();
          break;
        case 2:
          e.time = no_time;
          break;
        case 3:
          e.value = -1;
          break;
        case 4:
          row.role = EventColumns::unreadable;
          break;
        default:
          e.kind = Kind::retraction;
          break;
      }
    }
    if (shape.currencies) row.currency = *one_of<std::string>({"", "EUR", "USD", "XXX"});
    if (shape.event_ids) {
      row.event_id = shape.crowded
                         ? *one_of<std::string>({"e1", "e2"})
                         : *one_of<std::string>({"", "e" + std::to_string(i), "e1", "e2", "e3"});
      if (*within(0, 7) == 0) {
        e.kind = Kind::retraction;
        row.refers_to = *one_of<std::string>({"e1", "e2", "e" + std::to_string(i / 2), "nothing"});
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

inline void log_rows(const std::vector<Row>& rows) {
  RC_LOG() << "rows:\n";
  for (const Row& row : rows) {
    std::ostringstream line;
    line << '"' << row.relationship << "\" ";
    describe(line, row.event);
    if (!row.refers_to.empty()) line << " refers_to \"" << row.refers_to << '"';
    if (!row.event_id.empty()) line << " event_id " << row.event_id;
    if (!row.currency.empty()) line << " currency " << row.currency;
    if (row.role != loyalty::EventColumns::absent) line << " role " << int{row.role};
    if (row.personal != loyalty::EventColumns::absent) line << " personal " << int{row.personal};
    if (row.answered != loyalty::EventColumns::absent) line << " answered " << int{row.answered};
    if (row.code != loyalty::Code::ok) line << " code " << name(row.code);
    RC_LOG() << line.str() << '\n';
  }
}

template <class T>
std::vector<T> shuffled(std::vector<T> items) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[*within<std::size_t>(0, i - 1)]);
  return items;
}

inline std::vector<Row> by_time(std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.event.time < b.event.time; });
  return rows;
}

}  // namespace loyalty_tests
