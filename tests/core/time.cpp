// SPDX-License-Identifier: MIT
#include <loyalty/core/time.hpp>

#include <doctest/doctest.h>

#include <ostream>

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, const Date& d) {
  return out << d.year << '-' << d.month << '-' << d.day;
}
}  // namespace loyalty

using namespace loyalty;

TEST_CASE("division rounds towards minus infinity") {
  CHECK(floor_div(7, 2) == 3);
  CHECK(floor_div(-7, 2) == -4);
  CHECK(floor_div(-8, 2) == -4);
  CHECK(floor_div(0, 5) == 0);
  CHECK(floor_div(-1, 86400) == -1);
}

TEST_CASE("civil dates that are known") {
  CHECK(utc(1970, 1, 1) == 0);
  CHECK(utc(2000, 2, 29) == 951782400);
  CHECK(utc(2020, 1, 1) == 1577836800);
  CHECK(utc(1900, 3, 1) == -2203891200);
  CHECK(utc(2038, 1, 19, 3, 14, 7) == 2147483647);
  CHECK(utc(1, 1, 1) == -62135596800);
  CHECK(utc(-4713, 11, 24) == -210866803200);  // Julian day 0
  CHECK(date_of(-1) == Date{1969, 12, 31});
  CHECK(date_of(951782400 + 86399) == Date{2000, 2, 29});
  CHECK(date_of(951782400 + 86400) == Date{2000, 3, 1});
}

TEST_CASE("walking through eight centuries day by day, seconds and dates agree") {
  const auto leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
  const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  Date d{1600, 1, 1};
  Time t = -11676096000;
  for (; d.year < 2400; t += day) {
    CAPTURE(t);
    REQUIRE(date_of(t) == d);
    REQUIRE(date_of(t + day - 1) == d);
    REQUIRE(utc(d.year, d.month, d.day) == t);
    const unsigned length = lengths[d.month - 1] + (d.month == 2 && leap(d.year) ? 1U : 0U);
    if (++d.day > length) {
      d.day = 1;
      if (++d.month > 12) {
        d.month = 1;
        ++d.year;
      }
    }
  }
}
