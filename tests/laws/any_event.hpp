// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>

#include <loyalty/events.hpp>

#include "laws/law.hpp"

namespace loyalty_tests {

inline void describe(std::ostream& out, const loyalty::Event& e) {
  using loyalty::no_time;
  out << name(e.kind) << " time " << e.time;
  const auto number = [&out](const char* what, double x) {
    if (!std::isnan(x)) out << ' ' << what << ' ' << x;
  };
  const auto time = [&out](const char* what, loyalty::Time x) {
    if (x != no_time) out << ' ' << what << ' ' << x;
  };
  number("value", e.value);
  number("amount", e.amount);
  number("margin", e.margin);
  number("cost", e.cost);
  number("rating", e.rating);
  number("scale_low", e.scale_low);
  number("scale_high", e.scale_high);
  time("due", e.due);
  time("done", e.done);
  time("until", e.until);
  time("since", e.since);
  if (e.side == loyalty::Side::them) out << " them";
  if (e.whole_order) out << " whole";
  if (e.kind == loyalty::Kind::survey)
    out << (e.parameter == loyalty::SurveyOf::trust ? " of trust" : " of commitment");
}

/// A sound event of any kind at a second within [from, to], with the fields that its kind needs.
inline loyalty::Event any_event(loyalty::Time from, loyalty::Time to) {
  using namespace loyalty;
  Event e;
  e.kind = static_cast<Kind>(*within(0, kind_count - 2));  // all but retraction
  e.time = *within<Time>(from, to);
  e.side = *rc::gen::weightedElement<Side>({{3, Side::us}, {1, Side::them}});
  const Time span = to - from;
  const auto some_value = [] { return *within(1, 80) / 16.0; };
  const auto sometimes = [] { return *rc::gen::arbitrary<bool>(); };
  const auto money = [] { return *within(0, 100'000) / 100.0; };
  switch (e.kind) {
    case Kind::purchase:
      if (sometimes()) e.amount = money();
      if (sometimes()) e.margin = money() - 300;
      break;
    case Kind::returned:
      if (sometimes()) e.value = some_value();
      if (sometimes()) e.amount = money();
      if (sometimes()) e.cost = money();
      if (sometimes()) {
        e.whole_order = true;
        e.since = *within<Time>(from, e.time);
      }
      break;
    case Kind::review:
      if (sometimes()) {
        e.rating = *within(1, 5);
        e.scale_low = 1;
        e.scale_high = 5;
      }
      break;
    case Kind::participation:
    case Kind::attendance:
    case Kind::novelty:
    case Kind::referral:
    case Kind::suggestion:
    case Kind::co_creation:
    case Kind::complaint:
      if (sometimes()) e.value = some_value();
      break;
    case Kind::gift:
      if (sometimes()) e.value = some_value();
      if (sometimes()) e.cost = money();
      break;
    case Kind::promise:
    case Kind::payment:
      e.due = *within<Time>(from - span / 4, to + span / 4);
      if (sometimes()) e.done = *within<Time>(from - span / 4, to + span / 4);
      if (sometimes()) e.value = some_value();
      break;
    case Kind::guarantee:
      e.value = *within(0, 1);
      break;
    case Kind::contract:
      e.until = *within<Time>(from, to + span / 2);
      break;
    case Kind::response:
      e.since = *within<Time>(from - span / 4, e.time);
      break;
    case Kind::concession:
      e.value = *within(0, 16) / 16.0;
      break;
    case Kind::survey:
      e.value = *within(0, 10);
      e.scale_low = *one_of({0.0, 10.0});
      e.scale_high = 10 - e.scale_low;
      e.parameter = sometimes() ? SurveyOf::trust : SurveyOf::commitment;
      break;
    case Kind::cost:
      e.amount = money();
      break;
    default:
      break;
  }
  return e;
}

/// Up to `most` of them; some share their second.
inline std::vector<loyalty::Event> any_events(loyalty::Time from, loyalty::Time to, int most = 30) {
  std::vector<loyalty::Event> events;
  const int count = *within(0, most);
  for (int i = 0; i < count; ++i) {
    const bool tied = i > 0 && *within(0, 3) == 0;
    const loyalty::Time at = tied ? events[static_cast<std::size_t>(*within(0, i - 1))].time : from;
    events.push_back(any_event(tied ? at : from, tied ? at : to));
  }
  return events;
}

inline void log_events(const std::vector<loyalty::Event>& events) {
  RC_LOG() << "events:\n";
  for (const loyalty::Event& e : events) {
    std::ostringstream line;
    describe(line, e);
    RC_LOG() << line.str() << '\n';
  }
}

}  // namespace loyalty_tests
