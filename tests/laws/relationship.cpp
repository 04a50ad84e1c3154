// SPDX-License-Identifier: MIT
/// \file
/// Laws of the state of one relationship: order, merge, retraction, bytes.
#include <algorithm>
#include <array>
#include <type_traits>

#include <loyalty/events.hpp>

#include "laws/any_event.hpp"
#include "laws/mergeable.hpp"

using namespace loyalty;
using loyalty_tests::any_event;
using loyalty_tests::any_events;
using loyalty_tests::law;
using loyalty_tests::log_events;
using loyalty_tests::merge_laws;
using loyalty_tests::one_of;
using loyalty_tests::within;

namespace {

constexpr Time landmark = 18000 * day;
constexpr Time from = landmark - 3 * year;
constexpr Time to = landmark + 3 * year;

const FoldRules& rules() {
  static const FoldRules made(FoldOptions{}, Criteria{}, landmark);
  return made;
}

Relationship folded(const std::vector<Event>& events) {
  Relationship r;
  for (const Event& e : events) RC_ASSERT(apply(r, e, rules()) == Code::ok);
  return r;
}

/// Everything but the ladder position and the extremes: what adds.
struct Additive {
  std::array<ExactSum, sum_count> sums;
  std::array<std::int64_t, 7> counters;
  friend bool operator==(const Additive&, const Additive&) = default;
};

Additive additive(const Relationship& r) {
  Additive a{};
  for (int i = 0; i < sum_count; ++i)
    a.sums[static_cast<std::size_t>(i)] = sum_of(r, static_cast<Sum>(i));
  a.counters = {r.events, r.open_complaints, r.ladder.purchases, r.spend,
                r.money,  r.open_requests,   r.open_time};
  return a;
}

/// What folding any order of the same events gives.
struct OrderFree {
  Additive sums;
  std::array<Time, 5> extremes;
  bool before;
  friend bool operator==(const OrderFree&, const OrderFree&) = default;
};

OrderFree order_free(const Relationship& r) {
  return {
      additive(r),
      {r.first_event, r.ladder.newest, r.first_purchase, r.last_purchase, r.ladder.contract_until},
      r.ladder.has(before_staircase)};
}

struct StateModel {
  using State = Relationship;
  static std::vector<Event> any_part() { return any_events(from, to, 12); }
  static Relationship fold(const std::vector<Event>& part) { return folded(part); }
  static Relationship merge(const Relationship& a, const Relationship& b) {
    return loyalty::merge(a, b);
  }
  static auto bytes(const Relationship& r) { return to_bytes(r); }
  static OrderFree sums(const Relationship& r) { return order_free(r); }
};

}  // namespace

TEST_CASE("a state is 384 bytes of plain data") {
  CHECK(sizeof(Relationship) == 384);
  CHECK(alignof(Relationship) == 64);
  CHECK(std::is_trivially_copyable_v<Relationship>);
  CHECK(std::is_standard_layout_v<Relationship>);
  CHECK(sizeof(LadderState) == 112);
  CHECK(sizeof(ExactSum) == 16);
  CHECK(std::is_trivially_copyable_v<Event>);
  CHECK(state_bytes == 384);
  // No byte is padding: bytes of equal states are equal because nothing else is in them.
  CHECK(std::has_unique_object_representations_v<ExactSum>);
  CHECK(std::has_unique_object_representations_v<LadderState>);
  CHECK(std::has_unique_object_representations_v<Relationship>);
}

TEST_CASE("states merge") { merge_laws<StateModel>("a relationship", 200); }

TEST_CASE("merging two histories leaves the position to a replay, and flags it") {
  law("position after a merge", 200, [] {
    const Relationship a = folded(StateModel::any_part());
    const Relationship b = folded(StateModel::any_part());
    const Relationship m = merge(a, b);
    RC_ASSERT(m.ladder.has(position_unset) == (!a.empty() && !b.empty()));
    RC_ASSERT(within_limits(m));
  });
}

TEST_CASE("sums, counters and extremes do not depend on the order of events") {
  law("any order", 300, [] {
    auto events = any_events(from, to);
    log_events(events);
    const OrderFree expected = order_free(folded(events));
    for (std::size_t i = events.size(); i > 1; --i)
      std::swap(events[i - 1], events[*within<std::size_t>(0, i - 1)]);
    RC_ASSERT(order_free(folded(events)) == expected);
  });
}

TEST_CASE("equal times are one batch: their order within the second leaves no trace") {
  law("permutations within seconds", 400, [] {
    auto events = any_events(from, to);
    // The act's stamp counts: keep to kinds that act at their own time.
    events.erase(std::remove_if(events.begin(), events.end(),
                                [](const Event& e) {
                                  return e.kind == Kind::promise || e.kind == Kind::payment ||
                                         e.kind == Kind::response;
                                }),
                 events.end());
    if (*rc::gen::arbitrary<bool>() && !events.empty())
      for (Event& e : events) e.time = std::max(e.time, rules().ladder.start);
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });
    log_events(events);
    const auto expected = to_bytes(folded(events));
    std::vector<std::pair<int, Event>> shuffled;
    for (const Event& e : events) shuffled.emplace_back(*within(0, 1000), e);
    std::stable_sort(shuffled.begin(), shuffled.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.time, a.first) < std::pair(b.second.time, b.first);
    });
    std::vector<Event> again;
    for (const auto& [draw, e] : shuffled) again.push_back(e);
    RC_ASSERT(to_bytes(folded(again)) == expected);
  });
}

TEST_CASE("retracting an event leaves the sums of a history that never had it") {
  law("any kind, anywhere", 600, [] {
    auto events = any_events(from, to, 12);
    const Event extra = any_event(from, to);
    std::ostringstream text;
    loyalty_tests::describe(text, extra);
    RC_LOG() << "extra: " << text.str() << '\n';
    log_events(events);
    const Additive expected = additive(folded(events));
    events.insert(
        events.begin() + *within<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(events.size())),
        extra);
    Relationship r = folded(events);
    const Relationship before = r;
    RC_ASSERT(retract(r, extra, rules()) == Code::ok);
    RC_ASSERT(additive(r) == expected);

    // Flagged where the position may depend on it: what feeds the ladder, and extremes.
    const bool feeds = [&] {
      switch (extra.kind) {
        case Kind::purchase:
        case Kind::purchase_elsewhere:
        case Kind::participation:
        case Kind::review:
        case Kind::attendance:
        case Kind::novelty:
        case Kind::referral:
        case Kind::suggestion:
        case Kind::co_creation:
        case Kind::survey:
        case Kind::contract:
          return true;
        case Kind::contact:
          return extra.side == Side::them;
        case Kind::returned:
          return extra.whole_order;
        default:
          return false;
      }
    }();
    if (feeds) RC_ASSERT(r.ladder.has(out_of_order));
    const Relationship alone = folded({extra});
    if (alone.ladder.newest == before.ladder.newest || alone.first_event == before.first_event)
      RC_ASSERT(r.ladder.has(out_of_order));
    RC_CLASSIFY(!r.ladder.has(out_of_order), "not flagged");
    // Without effect on the ladder and no extreme: nothing to see.
    if (!feeds && alone.ladder.newest != before.ladder.newest &&
        alone.first_event != before.first_event)
      RC_ASSERT(r.ladder.flags == before.ladder.flags);
  });
}

TEST_CASE("bytes round-trip, and a state goes on from them as if never saved") {
  law("to_bytes, from_bytes", 300, [] {
    const auto events = any_events(from, to);
    const Relationship r = folded(events);
    const auto bytes = to_bytes(r);
    Relationship again = from_bytes(bytes);
    RC_ASSERT(to_bytes(again) == bytes);
    Relationship on = r;
    for (const Event& e : any_events(from, to)) {
      apply(on, e, rules());
      apply(again, e, rules());
    }
    RC_ASSERT(to_bytes(again) == to_bytes(on));
  });
}

TEST_CASE("bytes are little-endian: the fields of a big-endian machine are turned over whole") {
  std::array<std::byte, state_bytes> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(i * 37 + i / 256);
  auto turned = bytes;
  detail::swap_fields(turned.data());
  CHECK(turned != bytes);
  Relationship mark;
  mark.ladder.newest = 0x0102030405060708;
  mark.open_requests = 0x01020304;
  mark.events = 0x05060708;
  mark.guarantees_kept.low = 0x1112131415161718;
  mark.received.high = 0x2122232425262728;
  mark.ladder.flags = 0x0102;
  mark.spend = 0x3132333435363738;
  const auto plain = to_bytes(mark);
  auto other = plain;
  detail::swap_fields(other.data());
  const auto turns = [&](std::size_t at, std::size_t width) {
    CAPTURE(at);
    for (std::size_t i = 0; i < width; ++i) CHECK(other[at + i] == plain[at + width - 1 - i]);
  };
  turns(offsetof(Relationship, ladder) + offsetof(LadderState, newest), 8);
  turns(offsetof(Relationship, ladder) + offsetof(LadderState, flags), 2);
  turns(offsetof(Relationship, events), 4);
  turns(offsetof(Relationship, open_requests), 4);
  turns(offsetof(Relationship, open_complaints), 4);
  turns(offsetof(Relationship, guarantees_kept), 8);
  turns(offsetof(Relationship, received) + 8, 8);
  turns(offsetof(Relationship, spend), 8);
  detail::swap_fields(turned.data());
  CHECK(turned == bytes);
  const auto newest = offsetof(Relationship, ladder) + offsetof(LadderState, newest);
  CHECK(static_cast<unsigned>(plain[newest]) == 0x08);
}

TEST_CASE("the limits are 10^6 events and 10^12 minor units of money, both inclusive") {
  Relationship r;
  r.events = 1'000'000;
  r.money = 1'000'000'000'000;
  CHECK(within_limits(r));
  r.events += 1;
  CHECK_FALSE(within_limits(r));
  r.events = 1;
  r.money += 1;
  CHECK_FALSE(within_limits(r));
}

TEST_CASE("at the limits no sum wraps, 30 half-lives after the landmark") {
  const FoldRules r30(FoldOptions{}, Criteria{}, 0);
  const Time last = 30 * 365 * day;
  Relationship r;
  // One event of the largest value, added as often as the limit allows.
  apply(r, {.kind = Kind::participation, .time = last, .value = 1 << 20}, r30);
  const ExactSum one = r.ladder.support;
  for (int doublings = 0; doublings < 19; ++doublings) {  // 2^19 < 10^6
    r.ladder.support += r.ladder.support;
  }
  for (int i = 1 << 19; i < 1'000'000; ++i) r.ladder.support += one;
  CHECK_FALSE(r.ladder.support.negative());
  const AsOf at(last, r30);
  CHECK(at.read(r, Sum::support) == doctest::Approx(1e6 * (1 << 20)).epsilon(1e-14));
  Relationship money;
  apply(money, {.kind = Kind::purchase, .time = last, .margin = 1e10}, r30);
  CHECK(at.read(money, Sum::margin) == doctest::Approx(1e10).epsilon(1e-14));
  Relationship loss;
  apply(loss, {.kind = Kind::purchase, .time = last, .margin = -1e10}, r30);
  CHECK(at.read(loss, Sum::margin) == doctest::Approx(-1e10).epsilon(1e-14));
}

TEST_CASE("the error of an event too old for the unit is at most 2^-57 of the weight now") {
  law("old events", 500, [] {
    constexpr Time h = 7 * day;
    FoldOptions o;
    o.half_lives.support = h;
    const FoldRules short_support(o, Criteria{}, 0);
    const Time then = -*within<Time>(0, 80) * h - *within<Time>(0, h);
    const Time now = *within<Time>(-30, 30) * h;
    Relationship r;
    apply(r, {.kind = Kind::participation, .time = then}, short_support);
    const auto weight = [](Time t) {
      const Time q = floor_div(t, h);
      return static_cast<double>(decay_table[static_cast<std::size_t>(4096 * (t - q * h) / h)]) /
             65536 * std::exp2(static_cast<double>(q));
    };
    const double read = r.ladder.support.to_double() * 0x1p-56 / weight(now);
    const double exact = weight(then) / weight(now);
    RC_ASSERT(std::fabs(read - exact) <= 0x1p-57 / weight(now) + 1e-15 * exact);
    if (then >= -32 * h) RC_ASSERT(std::fabs(read - exact) <= 1e-15 * exact);
  });
}

TEST_CASE("a date of assessment lies within 30 of the shortest half-life of the landmark") {
  const FoldRules r(FoldOptions{}, Criteria{}, utc(2020, 1, 1));
  const Time first = utc(2020, 1, 1) - 30 * 365 * day;
  const Time last = utc(2020, 1, 1) + 30 * 365 * day;
  CHECK_NOTHROW(AsOf(first, r));
  CHECK_NOTHROW(AsOf(last, r));
  for (const Time t :
       {first - 1, last + 1, std::numeric_limits<Time>::max(), std::numeric_limits<Time>::min()})
    CHECK_THROWS_AS(AsOf(t, r), WindowError);
  CHECK_THROWS_WITH_AS(
      AsOf(utc(2055, 7, 4), r),
      "as-of date 2055-07-04 lies outside 1990-01-08 .. 2049-12-24, 30 of the shortest half-life "
      "around the landmark 2020-01-01; set landmark = 2055-07-04",
      WindowError);
}
