// SPDX-License-Identifier: MIT
/// \file
/// Laws of time (DESIGN section 3, exact sums): the landmark only places the window, weights depend on
/// differences of times alone, and a stored sum is never touched.
#include <array>
#include <cmath>
#include <vector>

#include <loyalty/loyalty.hpp>

#include "laws/any_event.hpp"

using namespace loyalty;
using loyalty_tests::any_events;
using loyalty_tests::law;
using loyalty_tests::log_events;
using loyalty_tests::one_of;
using loyalty_tests::within;

namespace {

constexpr Time middle = 18000 * day;

Relationship folded(const std::vector<Event>& events, const FoldRules& rules) {
  Relationship r;
  for (const Event& e : events) RC_ASSERT(apply(r, e, rules) == Code::ok);
  return r;
}

std::vector<Event> in_order(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  return events;
}

}  // namespace

TEST_CASE("another landmark moves every sum by whole half-lives and changes nothing that is read") {
  law("two landmarks", 300, [] {
    FoldOptions fold;
    const Time h = *one_of<Time>({30 * day, 365 * day, 730 * day, 5 * year});
    fold.half_lives.support = fold.half_lives.purchases = h;
    const Time first = middle + *within<Time>(-5, 5) * 30 * day;
    const Time second = middle + *within<Time>(-5, 5) * 30 * day;
    const FoldRules a(fold, Criteria{}, first);
    const FoldRules b(fold, Criteria{}, second);
    const auto events = in_order(any_events(middle - 100 * day, middle + 100 * day));
    RC_LOG() << "half-life " << h << " landmarks " << first << ' ' << second << '\n';
    log_events(events);
    const Relationship x = folded(events, a);
    const Relationship y = folded(events, b);
    const Time now = middle + *within<Time>(500, 600) * day;
    for (int i = 0; i < sum_count; ++i) {
      const auto sum = static_cast<Sum>(i);
      const Time half_life = half_life_of(fold.half_lives, sum);
      const auto moved =
          static_cast<int>(floor_div(second, half_life) - floor_div(first, half_life));
      RC_LOG() << name(sum) << " moved by " << moved << '\n';
      RC_ASSERT(sum_of(y, sum).halved(-moved) == sum_of(x, sum));
      RC_ASSERT(AsOf(now, a).read(x, sum) == AsOf(now, b).read(y, sum));
    }
    RC_ASSERT(AsOf(now, a).standing(x).position == AsOf(now, b).standing(y).position);
    RC_ASSERT(AsOf(now, a).standing(x).exact == AsOf(now, b).standing(y).exact);
  });
}

TEST_CASE("only differences of times matter: a life moved by whole half-lives reads the same") {
  law("the same life later", 200, [] {
    // All half-lives divide two years, so that every weight keeps its place in the table.
    const FoldRules rules(FoldOptions{}, Criteria{}, middle);
    const Time shift = *within<Time>(-3, 3) * 730 * day;
    auto events = in_order(any_events(middle - 100 * day, middle + 100 * day));
    log_events(events);
    const Relationship x = folded(events, rules);
    for (Event& e : events)
      for (Time* time : {&e.time, &e.due, &e.done, &e.until, &e.since})
        if (*time != no_time) *time += shift;
    const Relationship y = folded(events, rules);
    const Time now = middle + 600 * day;
    for (int i = 0; i < sum_count; ++i)
      RC_ASSERT(AsOf(now, rules).read(x, static_cast<Sum>(i)) ==
                AsOf(now + shift, rules).read(y, static_cast<Sum>(i)));
    const Position p = AsOf(now, rules).standing(x).position;
    const Position q = AsOf(now + shift, rules).standing(y).position;
    RC_ASSERT(p.rung == q.rung);
    RC_ASSERT(p.peak == q.peak);
    RC_ASSERT((p.since == no_time ? no_time : p.since + shift) == q.since);
  });
}

TEST_CASE("an event of one half-life ago counts half, of ten 1/1024; reading touches no sum") {
  const FoldRules rules(FoldOptions{}, Criteria{}, middle);
  Relationship r;
  REQUIRE(apply(r, {.kind = Kind::purchase, .time = middle}, rules) == Code::ok);
  const auto before = to_bytes(r);
  for (const int k : {0, 1, 2, 10, 30}) {
    CAPTURE(k);
    // To the bit: both weights are the same entry of the table.
    CHECK(AsOf(middle + k * 365 * day, rules).read(r, Sum::purchases) == std::exp2(-k));
  }
  CHECK(to_bytes(r) == before);
  // Within a half-life the table's steps are 1/4096 of it: 2^(1/4096) at most between neighbours.
  const Time step = 365 * day / 4096;
  for (Time t = middle; t < middle + 365 * day; t += 17 * step) {
    const double exact = std::exp2(-static_cast<double>(t - middle) / (365.0 * day));
    CHECK(std::fabs(AsOf(t, rules).read(r, Sum::purchases) / exact - 1) <=
          std::exp2(1.0 / 4096) - 1);
  }
}
