// SPDX-License-Identifier: MIT
/// \file
/// PlainFold leaves the bytes that `apply` leaves, whatever the row says, or leaves the state alone.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <loyalty/policy.hpp>

#include "laws/any_event.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::describe;
using loyalty_tests::law;
using loyalty_tests::one_of;
using loyalty_tests::within;

namespace {

/// The kinds that the table of effects decides, as docs/events.md lists them.
constexpr Kind plain_kinds[] = {Kind::purchase,  Kind::contact,    Kind::participation,
                                Kind::review,    Kind::novelty,    Kind::attendance,
                                Kind::referral,  Kind::suggestion, Kind::gift,
                                Kind::guarantee, Kind::co_creation};

/// Values and amounts at and around every bound: of the grids (half of 1/16, half a cent), the limits (2^20,
/// 10^12 minor units), zero, and what is no number.
rc::Gen<double> odd_number() {
  const double inf = std::numeric_limits<double>::infinity();
  const auto odd = one_of<double>({0.5,
                                   0,
                                   -0.0,
                                   -1,
                                   1.0 / 32,
                                   std::nextafter(1.0 / 32, 1),
                                   std::nextafter(1.0 / 32, 0),
                                   0.999999,
                                   1 << 20,
                                   (1 << 20) + 1,
                                   349525.4,
                                   1e10,
                                   1e10 + 0.01,
                                   1e16,
                                   0.005,
                                   0.0051,
                                   0.015,
                                   1e-300,
                                   5e-324,
                                   inf,
                                   -inf,
                                   123.455});
  return rc::gen::weightedOneOf<double>({{5, one_of<double>({no_value, 1, 1, 2.75})}, {1, odd}});
}

Policy any_policy() {
  Policy p;
  for (Time* h : {&p.fold.half_lives.purchases, &p.fold.half_lives.support,
                  &p.fold.half_lives.advocacy, &p.fold.half_lives.partnership,
                  &p.fold.half_lives.reciprocity, &p.fold.half_lives.guarantees})
    *h = *one_of<Time>({7 * day, 365 * day, 730 * day, 1825 * day, 100'003});
  Effects& e = p.fold.effects;
  for (double* w : {&e.purchase_regularity, &e.contact_support, &e.participation_support,
                    &e.participation_received, &e.review_received, &e.gift_given, &e.guarantee_kept,
                    &e.referral_received})
    *w = *one_of<double>({1, 1, 0, 0.5, 0.01, 3, 1000, 1.0 / 3});
  p.fold.minor_digits = *within(0, 4);
  p.fold.perspective = *one_of({Side::us, Side::us, Side::them});
  return p;
}

}  // namespace

TEST_CASE("PlainFold leaves the bytes of `apply`, or leaves the state alone") {
  int taken = 0;
  int offered = 0;
  law("fast and plain agree", 1500, [&] {
    const Policy policy = any_policy();
    const Time landmark = 18000 * day;
    const FoldRules rules(policy.fold, policy.criteria, landmark);
    PlainFold fold(rules);
    Relationship fast;
    Relationship slow;
    // Around the staircase's start, around the landmark, and where weights leave 64 bits.
    const Time h = policy.fold.half_lives.purchases;
    Time t =
        *one_of<Time>({rules.ladder.start - 3 * h, landmark - 5 * h, landmark, landmark + 26 * h});
    const int rows = *within(1, 40);
    for (int i = 0; i < rows; ++i) {
      Event e;
      e.kind = *one_of(
          {plain_kinds[0], plain_kinds[0],
           *rc::gen::elementOf(std::vector<Kind>(std::begin(plain_kinds), std::end(plain_kinds)))});
      e.side = *one_of({Side::us, Side::us, Side::them});
      // Mostly forward, some in the same second, some late, some after a long silence.
      t += *one_of<Time>({0, 1, 3600, 20 * day, 20 * day, h, 3 * h, -day, -2 * h});
      e.time = t;
      const double value = *odd_number();
      const double amount = *odd_number();
      e.value = value;
      e.amount = amount;
      std::ostringstream line;
      describe(line, e);
      RC_LOG() << line.str() << '\n';
      const auto before = to_bytes(fast);
      const bool took = fold.apply(fast, fold.plan(e.kind, e.side), e.time, value, amount);
      if (!took) {
        RC_ASSERT(to_bytes(fast) == before);
        RC_ASSERT(fold.apply(fast, fold.plan(e.kind, e.side), e.time, value, amount) == false);
      }
      const Code code = apply(slow, e, rules);
      if (took)
        RC_ASSERT(code == Code::ok);
      else if (code == Code::ok)
        RC_ASSERT(apply(fast, e, rules) == Code::ok);
      RC_ASSERT(to_bytes(fast) == to_bytes(slow));
      ++offered;
      taken += took ? 1 : 0;
    }
  });
  CAPTURE(offered);
  CHECK(taken > offered / 10);  // half of the logs lie where weights need more care
}

TEST_CASE("PlainFold takes what an ordinary log holds, and none of the kinds that need more") {
  const FoldRules rules(FoldOptions{}, Criteria{}, 18000 * day);
  PlainFold fold(rules);
  for (int k = 0; k < kind_count; ++k) {
    const auto kind = static_cast<Kind>(k);
    CAPTURE(name(kind));
    Relationship r;
    const bool plain =
        std::find(std::begin(plain_kinds), std::end(plain_kinds), kind) != std::end(plain_kinds);
    CHECK(fold.apply(r, fold.plan(kind, Side::us), 18000 * day, 1, 12.5) == plain);
    CHECK(r.events == (plain ? 1 : 0));
  }
}

TEST_CASE(
    "PlainFold stops at the limits of a relationship, where `apply` and the portfolio refuse "
    "loudly") {
  const FoldRules rules;
  PlainFold fold(rules);
  const auto& purchase = fold.plan(Kind::purchase, Side::us);
  Relationship r;
  r.events = most_events - 1;
  CHECK(fold.apply(r, purchase, default_landmark, no_value, 1));
  CHECK(r.events == most_events);
  CHECK_FALSE(fold.apply(r, purchase, default_landmark + 1, no_value, 1));
  r.events = 1;
  r.money = most_money - 100;
  CHECK_FALSE(fold.apply(r, purchase, default_landmark + 1, no_value, 1.01));
  CHECK(fold.apply(r, purchase, default_landmark + 1, no_value, 1));
  CHECK(r.money == most_money);
}
