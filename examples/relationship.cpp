// SPDX-License-Identifier: MIT
// One relationship, event by event: 384 bytes of state, no allocation, nanoseconds an event.
#include <cstdio>

#include <loyalty/loyalty.hpp>

int main() {
  using namespace loyalty;
  const Rules rules;  // every default; Rules(Policy{...}) for your own
  Relationship anna;  // trivially copyable: keep it where you like

  const Event history[] = {
      {.kind = Kind::purchase, .time = utc(2024, 1, 10), .amount = 60},
      {.kind = Kind::promise,
       .time = utc(2024, 1, 10),
       .due = utc(2024, 1, 14),
       .done = utc(2024, 1, 13)},
      {.kind = Kind::purchase, .time = utc(2024, 3, 2), .amount = 85},
      {.kind = Kind::response, .time = utc(2024, 3, 9, 15), .since = utc(2024, 3, 9, 9)},
      {.kind = Kind::review,
       .time = utc(2024, 3, 20),
       .rating = 5,
       .scale_low = 1,
       .scale_high = 5},
      {.kind = Kind::gift, .time = utc(2024, 5, 1), .value = 1},
      {.kind = Kind::promise, .time = utc(2024, 6, 1), .due = utc(2024, 6, 5)},
  };
  for (const Event& event : history) apply(anna, event, rules);

  const Assessment a = assess(anna, rules.at(utc(2024, 6, 30, 23, 59, 59)), rules);
  std::printf("rung %s since %s\n", name(a.rung()).data(),
              date_text(a.standing.position.since).c_str());
  std::printf("quality %.1f (%.1f to %.1f)\n", a.quality().value_or(0), a.interval.low,
              a.interval.high);
  std::printf(
      "why: commitment %+.1f, responsiveness %+.1f, reciprocity %+.1f, trust %+.1f points\n",
      a.why.commitment, a.why.responsiveness, a.why.reciprocity, a.why.trust);
}
