// SPDX-License-Identifier: MIT
#include <loyalty/core/exact_sum.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "core/slow_integer.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::SlowInteger;
using loyalty_tests::within;

namespace {

constexpr std::int64_t most_units = (std::int64_t{1} << 58) - 1;

rc::Gen<ExactSum> any_sum() {
  // Widths from one bit to all 128, so that small and large sums meet.
  return rc::gen::apply(
      [](std::uint64_t low, std::int64_t high, int bits) {
        ExactSum sum{low, high};
        return (SlowInteger(sum) >> (128 - bits)).wrapped();
      },
      rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()),
      rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::int64_t>()), within(1, 128));
}

}  // namespace

TEST_CASE("the slow integer of the tests counts as int64 does") {
  law("int64 arithmetic", 300, [] {
    const auto a = *within<std::int64_t>(-1'000'000'000, 1'000'000'000);
    const auto b = *within<std::int64_t>(-1'000'000'000, 1'000'000'000);
    const int places = *within(0, 40);
    RC_ASSERT(SlowInteger(a) + SlowInteger(b) == SlowInteger(a + b));
    RC_ASSERT(SlowInteger(a) - SlowInteger(b) == SlowInteger(a - b));
    RC_ASSERT(SlowInteger(a) * SlowInteger(b) == SlowInteger(a * b));
    RC_ASSERT((SlowInteger(a) < SlowInteger(b)) == (a < b));
    RC_ASSERT((SlowInteger(a) >> places) == SlowInteger(a >> places));
    RC_ASSERT(SlowInteger(ExactSum::of(a)) == SlowInteger(a));
  });
}

TEST_CASE("sums add, subtract and compare as integers do, and wrap at 128 bits") {
  law("add, subtract, negate, compare", 2000, [] {
    const ExactSum a = *any_sum();
    const ExactSum b = *any_sum();
    ExactSum sum = a;
    sum += b;
    RC_ASSERT(sum == (SlowInteger(a) + SlowInteger(b)).wrapped());
    sum -= b;
    RC_ASSERT(sum == a);
    RC_ASSERT(-a == (-SlowInteger(a)).wrapped());
    RC_ASSERT((a < b) == (SlowInteger(a) < SlowInteger(b)));
    RC_ASSERT(a.negative() == SlowInteger(a).negative());
    RC_ASSERT(a.zero() == (SlowInteger(a) == SlowInteger(0)));
  });
  const ExactSum most{~std::uint64_t{0}, std::numeric_limits<std::int64_t>::max()};
  const ExactSum least{0, std::numeric_limits<std::int64_t>::min()};
  ExactSum wrapped = most;
  wrapped += ExactSum::of(1);
  CHECK(wrapped == least);
  wrapped -= ExactSum::of(1);
  CHECK(wrapped == most);
  CHECK(-least == least);
}

TEST_CASE("the order of additions and subtractions does not matter") {
  law("any order", 300, [] {
    const auto parts = *rc::gen::container<std::vector<ExactSum>>(any_sum());
    ExactSum forward;
    ExactSum backward;
    for (const ExactSum& part : parts) forward += part;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) backward += *part;
    RC_ASSERT(forward == backward);
    for (const ExactSum& part : parts) forward -= part;
    RC_ASSERT(forward.zero());
  });
}

TEST_CASE(
    "a contribution is shifted exactly, and rounded half to even by itself where it is too old") {
  law("shifted", 3000, [] {
    const std::int64_t units = *within<std::int64_t>(-most_units, most_units) >> *within(0, 57);
    const int shift = *within(-140, 126);
    RC_LOG() << units << " * 2^" << shift;
    RC_ASSERT(ExactSum::shifted(units, shift) == SlowInteger(units).scaled(shift).wrapped());
  });
  // Half to even at the last place, on both sides of zero.
  CHECK(ExactSum::shifted(1, -1) == ExactSum::of(0));
  CHECK(ExactSum::shifted(3, -1) == ExactSum::of(2));
  CHECK(ExactSum::shifted(5, -1) == ExactSum::of(2));
  CHECK(ExactSum::shifted(-1, -1) == ExactSum::of(0));
  CHECK(ExactSum::shifted(-3, -1) == ExactSum::of(-2));
  CHECK(ExactSum::shifted(-5, -1) == ExactSum::of(-2));
  CHECK(ExactSum::shifted(most_units, -59) == ExactSum::of(0));
  CHECK(ExactSum::shifted(-most_units, -58) == ExactSum::of(-1));
  // What is added and taken back is rounded alike.
  law("the negative of a contribution is its inverse", 500, [] {
    const std::int64_t units = *within<std::int64_t>(-most_units, most_units) >> *within(0, 57);
    const int shift = *within(-70, 126);
    RC_ASSERT(ExactSum::shifted(-units, shift) == -ExactSum::shifted(units, shift));
  });
}

TEST_CASE("moving a sum by whole half-lives rounds it once, half to even") {
  law("halved", 1500, [] {
    const ExactSum sum = *any_sum();
    const int halvings = *within(-126, 127);
    RC_LOG() << sum << " by " << halvings;
    RC_ASSERT(sum.halved(halvings) == SlowInteger(sum).scaled(-halvings).wrapped());
  });
}

TEST_CASE("a sum reads as the nearest double, or its neighbour") {
  law("to_double", 2000, [] {
    const ExactSum sum = *any_sum();
    const long double exact =
        static_cast<long double>(sum.high) * 0x1p64L + static_cast<long double>(sum.low);
    const double read = sum.to_double();
    RC_ASSERT(std::fabs(static_cast<long double>(read) - exact) <= std::fabs(exact) * 0x1p-52L);
    RC_ASSERT((-sum).to_double() == -read || sum == -sum);
    RC_ASSERT(sum.zero() == (read == 0));
  });
  CHECK(ExactSum{}.to_double() == 0);
  CHECK(ExactSum::of(-7).to_double() == -7);
  CHECK(ExactSum{0, 1}.to_double() == 0x1p64);
}

TEST_CASE("a threshold is the decimal that was written") {
  const auto is = [](const Decimal& d, std::uint32_t numerator, std::uint32_t denominator) {
    CAPTURE(d.value);
    CHECK(d.numerator == numerator);
    CHECK(d.denominator == denominator);
    CHECK(d.value == static_cast<double>(numerator) / static_cast<double>(denominator));
  };
  is(0.8, 8, 10);
  is(0.7, 7, 10);
  is(1.5, 15, 10);
  is(0.375, 375, 1000);
  is(1000, 1000, 1);
  is(0.001, 1, 1000);
  is(0.000001, 1, 1000000);
  is(999.999999, 999999999, 1000000);
  is(0, 0, 1);
  // Beyond six places the nearest decimal of six places is meant, everywhere.
  is(0.7777777, 777778, 1000000);
  is(1.0 / 3, 333333, 1000000);
}
