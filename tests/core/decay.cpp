// SPDX-License-Identifier: MIT
#include <loyalty/core/decay.hpp>

#include <cmath>
#include <cstdint>

#include "core/slow_integer.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::one_of;
using loyalty_tests::SlowInteger;
using loyalty_tests::within;

namespace {

constexpr Time shortest_half_life = 3600;
constexpr Time longest_half_life = 100 * year;

/// CRC-32 as zlib computes it, bit by bit.
std::uint32_t crc32_of_table() {
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint32_t entry : decay_table) {
    for (int byte = 0; byte < 4; ++byte) {
      crc ^= entry >> (8 * byte) & 0xffU;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
    }
  }
  return ~crc;
}

/// floor(4096 t / h) by the division that the clock avoids.
std::int64_t index_by_division(Time t, Time h) {
  const std::int64_t q = floor_div(t, h);
  return 4096 * q + 4096 * (t - q * h) / h;
}

Time any_half_life() {
  return *rc::gen::weightedOneOf<Time>(
      {{3, within<Time>(shortest_half_life, longest_half_life)},
       {3, within<Time>(shortest_half_life, 10 * day)},
       {2, one_of<Time>({shortest_half_life, 4096, 8192, day, 365 * day, 730 * day, 4096 * day,
                         longest_half_life})}});
}

/// sum >= threshold * w, in whole numbers.
bool at_least_slowly(ExactSum sum, const Decimal& threshold, const Tick& tick) {
  const SlowInteger left = SlowInteger(sum) * SlowInteger(threshold.denominator);
  const SlowInteger right = SlowInteger(threshold.numerator) * SlowInteger(tick.mantissa);
  const int shift = tick.halvings + 40;
  return shift >= 0 ? left >= (right << shift) : (left << -shift) >= right;
}

Decimal any_threshold() {
  return *rc::gen::weightedOneOf<double>(
      {{3, one_of({1.5, 0.75, 0.375, 0.8, 0.7, 0.001, 1000.0, 0.3})},
       {1, rc::gen::map(within(1000, 1'000'000'000), [](int n) { return n / 1e6; })}});
}

}  // namespace

TEST_CASE("the decay table is the documented one") {
  CHECK(crc32_of_table() == 0x4a500a76U);
  CHECK(decay_table[0] == 65542);
  CHECK(decay_table[1] == 65553);
  CHECK(decay_table[1024] == 77942);
  CHECK(decay_table[2048] == 92690);
  CHECK(decay_table[4095] == 131061);
  for (std::size_t j = 0; j < 4096; ++j) {
    const long double exact = std::exp2(16.0L + (static_cast<long double>(j) + 0.5L) / 4096);
    CAPTURE(j);
    REQUIRE(decay_table[j] == static_cast<std::uint32_t>(std::floor(exact + 0.5L)));
  }
}

TEST_CASE("the clock's index is floor(4096 t / h) for every half-life and time") {
  law("index", 20000, [] {
    const Time h = any_half_life();
    const Time t = *within<Time>(-furthest_time, furthest_time) >> *within(0, 40);
    const Clock clock(h, 0);
    RC_LOG() << "h " << h << " t " << t;
    RC_ASSERT(clock.index(t) == index_by_division(t, h));
  });
  law("index at the ends of table steps", 5000, [] {
    const Time h = any_half_life();
    const std::int64_t index = index_by_division(*within<Time>(-furthest_time, furthest_time), h);
    const Clock clock(h, 0);
    const Time first = clock.first_second(index);
    RC_LOG() << "h " << h << " step " << index << " starts at " << first;
    // A step shorter than a second may contain none; then the second after it comes first.
    RC_ASSERT(clock.index(first) >= index);
    RC_ASSERT(clock.index(first - 1) < index);
    RC_ASSERT(clock.index(first) == index_by_division(first, h));
    RC_ASSERT(clock.index(first - 1) == index_by_division(first - 1, h));
    if (h >= 4096) RC_ASSERT(clock.index(first) == index);
  });
  for (const Time h : {shortest_half_life, Time{4095}, Time{4096}, Time{4097}, day, 365 * day,
                       longest_half_life}) {
    const Clock clock(h, 0);
    for (const Time k : {-3, -1, 0, 1, 7}) {
      CAPTURE(h);
      CAPTURE(k);
      CHECK(clock.index(k * h) == 4096 * k);
      CHECK(clock.index(k * h - 1) < 4096 * k);
      CHECK(clock.first_second(4096 * k) == k * h);
    }
  }
}

TEST_CASE("a tick is the weight of its second, counted from the landmark's half-life") {
  law("tick", 1000, [] {
    const Time h = any_half_life();
    const Time landmark = *within<Time>(-(Time{1} << 36), Time{1} << 36);
    const Time t = landmark + *within<Time>(-30, 30) * h + *within<Time>(-h, h);
    const Clock clock(h, landmark);
    const Tick tick = clock.tick(t);
    const std::int64_t index = index_by_division(t, h);
    RC_ASSERT(tick.index == index);
    RC_ASSERT(tick.mantissa ==
              decay_table[static_cast<std::size_t>(index - 4096 * floor_div(index, 4096))]);
    RC_ASSERT(tick.halvings == floor_div(t, h) - floor_div(landmark, h));
    const double exact = std::exp2(static_cast<double>(t) / static_cast<double>(h) -
                                   static_cast<double>(floor_div(landmark, h)));
    RC_ASSERT(std::fabs(weight_units(tick) * 0x1p-56 / exact - 1) < 2e-4);  // half a table step
  });
}

TEST_CASE("values sit on their grids in units of 2^-56") {
  const Clock clock(day, 0);
  const Tick now = clock.tick(0);  // mantissa 65542, no halvings
  CHECK(weighed(1, Grid::money, now) == (SlowInteger(65542) << 40).wrapped());
  CHECK(weighed(16, Grid::evidence, now) == (SlowInteger(65542) << 40).wrapped());
  CHECK(weighed(256, Grid::duration, now) == (SlowInteger(65542) << 40).wrapped());
  CHECK(weighed(-1, Grid::evidence, clock.tick(-day)) == (SlowInteger(-65542) << 35).wrapped());
  // 36 half-lives before the landmark the evidence grid meets the unit; one more and it rounds.
  CHECK(weighed(1, Grid::evidence, clock.tick(-36 * day)) == ExactSum::of(65542));
  CHECK(weighed(1, Grid::evidence, clock.tick(-38 * day)) ==
        ExactSum::of(16386));  // 16385.5, half to even
  CHECK(weighed(1, Grid::duration, clock.tick(-32 * day)) == ExactSum::of(65542));
  CHECK(weighed(-1, Grid::evidence, clock.tick(-38 * day)) == ExactSum::of(-16386));
  CHECK(weighed(16, Grid::evidence, clock.tick(-100 * day)) == ExactSum{});
  // The furthest an event can be on either side of a landmark leaves no trace, or wraps to none.
  CHECK(weighed(16, Grid::evidence, clock.tick(-furthest_time)) == ExactSum{});
  CHECK(weighed(16, Grid::evidence, clock.tick(furthest_time)) == ExactSum{});
}

TEST_CASE("a sum is compared with a threshold exactly, ties and their neighbours included") {
  law("at_least", 4000, [] {
    const Clock clock(any_half_life(), 0);
    const Tick tick = clock.tick_at(*within<std::int64_t>(-30 * 4096, 31 * 4096));
    const Decimal threshold = any_threshold();
    // Around the largest sum that does not exceed the threshold, or anywhere.
    const SlowInteger product = SlowInteger(threshold.numerator) * SlowInteger(tick.mantissa)
                                << (tick.halvings + 40);
    ExactSum sum;
    // floor(product / denominator), bit by bit.
    SlowInteger rest = product;
    SlowInteger quotient;
    for (int bit = 126; bit >= 0; --bit) {
      const SlowInteger part = SlowInteger(threshold.denominator) << bit;
      if (rest >= part) {
        rest = rest - part;
        quotient = quotient + (SlowInteger(1) << bit);
      }
    }
    sum = (quotient +
           SlowInteger(*one_of<std::int64_t>({-1000000, -2, -1, 0, 1, 2, 1000000,
                                              *within<std::int64_t>(-(1LL << 60), 1LL << 60)})))
              .wrapped();
    RC_LOG() << sum << " threshold " << threshold.value << " mantissa " << tick.mantissa
             << " halvings " << tick.halvings;
    RC_ASSERT(at_least(sum, threshold, tick) == at_least_slowly(sum, threshold, tick));
    RC_CLASSIFY(rest == SlowInteger(0) && sum == quotient.wrapped(), "tie");
  });
  // Three quarters of a purchase, exactly: 12 of 16 grid units at the weight of the same second.
  const Clock clock(365 * day, 0);
  for (const Time t : {-20 * year, -day, Time{0}, day, 400 * day, 20 * year}) {
    const Tick tick = clock.tick(t);
    ExactSum sum = weighed(12, Grid::evidence, tick);
    CAPTURE(t);
    CHECK(at_least(sum, 0.75, tick));
    sum -= ExactSum::of(1);
    CHECK_FALSE(at_least(sum, 0.75, tick));
    sum += ExactSum::of(2);
    CHECK(at_least(sum, 0.75, tick));
  }
  CHECK_FALSE(at_least(ExactSum{}, 0.001, clock.tick(0)));
  CHECK_FALSE(at_least(-weighed(12, Grid::evidence, clock.tick(0)), 0.75, clock.tick(0)));
}

TEST_CASE("a share is compared exactly: four of five is .8, seven of ten is .7") {
  law("share_at_least", 3000, [] {
    const Decimal share = *one_of({0.8, 0.7, 0.375, 0.999999, 1.0, 0.001});
    const std::int64_t scale = *within<std::int64_t>(1, std::int64_t{1} << 40);
    const int shift = *within(0, 60);
    SlowInteger part = SlowInteger(scale) * SlowInteger(share.numerator) << shift;
    SlowInteger rest = SlowInteger(scale) * SlowInteger(share.denominator - share.numerator)
                       << shift;
    part = part + SlowInteger(*one_of({-1, 0, 1}));
    rest = rest + SlowInteger(*one_of({-1, 0, 1}));
    const bool expected = !(SlowInteger(0) < rest) ||
                          (!part.negative() && part * SlowInteger(share.denominator) >=
                                                   SlowInteger(share.numerator) * (part + rest));
    RC_LOG() << part.wrapped() << " and " << rest.wrapped() << " share " << share.value;
    RC_ASSERT(share_at_least(part.wrapped(), rest.wrapped(), share) == expected);
  });
  const Tick tick = Clock(365 * day, 0).tick(123 * day);
  const auto purchases = [&tick](std::int64_t n) { return weighed(16 * n, Grid::evidence, tick); };
  CHECK(share_at_least(purchases(4), purchases(1), 0.8));
  CHECK(share_at_least(purchases(7), purchases(3), 0.7));
  CHECK_FALSE(share_at_least(purchases(399'999), purchases(100'000), 0.8));
  CHECK_FALSE(share_at_least(purchases(699'999), purchases(300'000), 0.7));
  CHECK(share_at_least(ExactSum{}, ExactSum{}, 0.8));
  CHECK(share_at_least(purchases(1), ExactSum{}, 0.8));
  CHECK_FALSE(share_at_least(ExactSum{}, purchases(1), 0.7));
  CHECK_FALSE(share_at_least(-purchases(1), purchases(1), 0.7));
}

TEST_CASE("the first second below a threshold is dated in closed form") {
  law("it fails there and not a second earlier", 2000, [] {
    const Time h = any_half_life();
    const Time landmark = *within<Time>(-(Time{1} << 34), Time{1} << 34);
    const Clock clock(h, landmark);
    const Decimal threshold = any_threshold();
    ExactSum sum;
    for (int i = *within(1, 6); i > 0; --i)
      sum += weighed(*within<std::int64_t>(1, 16 << 20), Grid::evidence,
                     clock.tick(landmark + *within<Time>(-30 * h, 30 * h)));
    const Time t = first_second_below(sum, threshold, clock);
    RC_LOG() << "h " << h << " threshold " << threshold.value << " sum " << sum << " at " << t;
    RC_ASSERT(!at_least_slowly(sum, threshold, clock.tick(t)));
    RC_ASSERT(at_least_slowly(sum, threshold, clock.tick(t - 1)));
    // Dated at the start of a table step.
    RC_ASSERT(clock.first_second(clock.index(t)) == t);
  });
  // Every second tried, on a clock of one hour.
  const Clock hour(3600, 0);
  for (const std::int64_t units : {12, 16, 24, 40, 333}) {
    const ExactSum sum = weighed(units, Grid::evidence, hour.tick(1234));
    Time t = 1234;
    while (at_least_slowly(sum, 0.375, hour.tick(t))) ++t;
    CAPTURE(units);
    CHECK(first_second_below(sum, 0.375, hour) == t);
  }
  CHECK(first_second_below(ExactSum{}, 0.75, hour) == -furthest_time);
  CHECK(first_second_below(ExactSum::of(-5), 0.75, hour) == -furthest_time);
}
