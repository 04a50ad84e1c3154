// SPDX-License-Identifier: MIT
/// \file
/// Why rows are set aside, each code with the values at its border and one past it.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include <loyalty/events.hpp>

using namespace loyalty;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = 1 << 20;
constexpr double most_major = 1e10;  ///< 10^12 minor units

/// The code of an event, as its word; a row that is set aside leaves no trace.
std::string code_of(const Event& e, const FoldOptions& options = {}) {
  const FoldRules rules(options);
  Relationship r;
  const Code code = apply(r, e, rules);
  CHECK((code == Code::ok) == !r.empty());
  CHECK(to_bytes(r) == (code == Code::ok ? to_bytes(r) : to_bytes(Relationship{})));
  return std::string(name(code));
}

constexpr Time t = utc(2020, 6, 1);

Event event(Kind kind, double value = no_value) {
  return {.kind = kind, .time = t, .value = value};
}

}  // namespace

TEST_CASE("set aside: times") {
  CHECK(code_of({.kind = Kind::purchase}) == "missing_time");
  CHECK(code_of({.kind = Kind::purchase, .time = furthest_time}) == "ok");
  CHECK(code_of({.kind = Kind::purchase, .time = furthest_time + 1}) == "bad_time");
  CHECK(code_of({.kind = Kind::purchase, .time = -furthest_time}) == "ok");
  CHECK(code_of({.kind = Kind::purchase, .time = -furthest_time - 1}) == "bad_time");
  for (const Kind kind : {Kind::promise, Kind::payment}) {
    CHECK(code_of(event(kind)) == "missing_due");
    CHECK(code_of({.kind = kind, .time = t, .done = t}) == "missing_due");
    CHECK(code_of({.kind = kind, .time = t, .due = furthest_time + 1}) == "bad_time");
    CHECK(code_of({.kind = kind, .time = t, .due = t, .done = furthest_time + 1}) == "bad_time");
    CHECK(code_of({.kind = kind, .time = t, .due = t, .done = -furthest_time - 1}) == "bad_time");
    CHECK(code_of({.kind = kind, .time = t, .due = t - 1}) == "ok");
  }
  CHECK(code_of(event(Kind::contract)) == "missing_until");
  CHECK(code_of({.kind = Kind::contract, .time = t, .until = furthest_time + 1}) == "bad_time");
  CHECK(code_of({.kind = Kind::contract, .time = t, .until = t - 1}) == "ok");
  CHECK(code_of(event(Kind::response)) == "missing_since");
  CHECK(code_of({.kind = Kind::response, .time = t, .since = -furthest_time - 1}) == "bad_time");
  CHECK(code_of({.kind = Kind::response, .time = t, .since = t}) == "ok");
  CHECK(code_of({.kind = Kind::response, .time = t, .since = t + 1}) == "since_after_time");
  CHECK(code_of({.kind = Kind::returned, .time = t, .whole_order = true}) == "missing_since");
  CHECK(
      code_of(
          {.kind = Kind::returned, .time = t, .since = -furthest_time - 1, .whole_order = true}) ==
      "bad_time");
  CHECK(code_of({.kind = Kind::returned, .time = t, .since = t, .whole_order = true}) == "ok");
  CHECK(code_of({.kind = Kind::returned, .time = t, .since = t + 1, .whole_order = true}) ==
        "since_after_time");
  CHECK(code_of({.kind = Kind::returned, .time = t}) == "ok");
}

TEST_CASE("set aside: weights, stakes and points") {
  for (const Kind kind : {Kind::participation, Kind::review, Kind::attendance, Kind::novelty,
                          Kind::referral, Kind::suggestion, Kind::co_creation, Kind::gift,
                          Kind::complaint, Kind::promise, Kind::payment}) {
    INFO(name(kind));
    const auto with = [kind](double value) {
      Event e = event(kind, value);
      e.due = t;
      return code_of(e);
    };
    CHECK(with(no_value) == "ok");
    CHECK(with(1.0 / 16) == "ok");
    CHECK(with(std::nextafter(1.0 / 32, 1)) == "ok");
    CHECK(with(1.0 / 32) == "rounds_to_zero");  // half to even
    CHECK(with(0) == "rounds_to_zero");
    CHECK(with(-0.0) == "rounds_to_zero");
    CHECK(with(-1) == "negative");
    CHECK(with(largest) == "ok");
    CHECK(with(std::nextafter(largest, infinity)) == "too_large");
    CHECK(with(infinity) == "not_finite");
    CHECK(with(-infinity) == "not_finite");
  }
  const auto fault = [](double value) { return code_of(event(Kind::returned, value)); };
  CHECK(fault(0) == "ok");
  CHECK(fault(1.0 / 32) == "rounds_to_zero");
  CHECK(fault(largest) == "ok");
  CHECK(fault(largest + 1) == "too_large");
  CHECK(fault(-0.5) == "negative");
  CHECK(fault(infinity) == "not_finite");
}

TEST_CASE("set aside: outcomes") {
  const auto guarantee = [](double value) { return code_of(event(Kind::guarantee, value)); };
  CHECK(guarantee(no_value) == "missing_value");
  CHECK(guarantee(0) == "ok");
  CHECK(guarantee(1) == "ok");
  CHECK(guarantee(0.5) == "bad_value");
  CHECK(guarantee(-1) == "bad_value");
  CHECK(guarantee(infinity) == "bad_value");
  const auto concession = [](double value) { return code_of(event(Kind::concession, value)); };
  CHECK(concession(no_value) == "missing_value");
  CHECK(concession(0) == "ok");
  CHECK(concession(1) == "ok");
  CHECK(concession(1.0 / 32) == "rounds_to_zero");
  CHECK(concession(std::nextafter(1.0, 2)) == "bad_value");
  CHECK(concession(-0.1) == "negative");
  CHECK(concession(infinity) == "not_finite");
}

TEST_CASE("set aside: scales") {
  const auto survey = [](double value, double low, double high) {
    return code_of(
        {.kind = Kind::survey, .time = t, .value = value, .scale_low = low, .scale_high = high});
  };
  CHECK(survey(no_value, 1, 5) == "missing_value");
  CHECK(survey(3, no_value, 5) == "missing_scale");
  CHECK(survey(3, 1, no_value) == "missing_scale");
  CHECK(survey(3, 5, 5) == "bad_scale");
  CHECK(survey(1, 1, 5) == "ok");
  CHECK(survey(5, 1, 5) == "ok");
  CHECK(survey(5, 6, 1) == "ok");
  CHECK(survey(std::nextafter(5.0, 6), 1, 5) == "out_of_scale");
  CHECK(survey(std::nextafter(1.0, 0), 1, 5) == "out_of_scale");
  CHECK(survey(0, 6, 1) == "out_of_scale");
  CHECK(survey(infinity, 1, 5) == "not_finite");
  CHECK(survey(3, -infinity, 5) == "not_finite");
  CHECK(survey(3, 1, infinity) == "not_finite");
  const auto review = [](double rating, double low, double high) {
    return code_of(
        {.kind = Kind::review, .time = t, .rating = rating, .scale_low = low, .scale_high = high});
  };
  CHECK(review(no_value, no_value, no_value) == "ok");  // no rating needs no scale
  CHECK(review(3, no_value, no_value) == "missing_scale");
  CHECK(review(5, 1, 5) == "ok");
  CHECK(review(6, 1, 5) == "out_of_scale");
  CHECK(review(infinity, 1, 5) == "not_finite");
}

TEST_CASE("set aside: money") {
  const auto amount = [](Kind kind, double value) {
    return code_of({.kind = kind, .time = t, .amount = value});
  };
  for (const Kind kind : {Kind::purchase, Kind::returned, Kind::cost}) {
    INFO(name(kind));
    CHECK(amount(kind, 0) == "ok");
    CHECK(amount(kind, 0.01) == "ok");
    CHECK(amount(kind, 0.005) == "rounds_to_zero");  // half to even
    CHECK(amount(kind, -1) == "negative");
    CHECK(amount(kind, most_major) == "ok");
    CHECK(amount(kind, most_major + 0.01) == "too_large");
    CHECK(amount(kind, infinity) == "not_finite");
    CHECK(amount(kind, 1e308) == "too_large");
  }
  CHECK(amount(Kind::cost, no_value) == "missing_amount");
  CHECK(amount(Kind::purchase, no_value) == "ok");
  const auto margin = [](double value) {
    return code_of({.kind = Kind::purchase, .time = t, .margin = value});
  };
  CHECK(margin(-most_major) == "ok");
  CHECK(margin(-most_major - 0.01) == "too_large");
  CHECK(margin(-0.001) == "rounds_to_zero");
  CHECK(margin(-infinity) == "not_finite");
  const auto cost = [](Kind kind, double value) {
    return code_of({.kind = kind, .time = t, .cost = value});
  };
  for (const Kind kind : {Kind::returned, Kind::gift}) {
    CHECK(cost(kind, -0.01) == "negative");
    CHECK(cost(kind, most_major + 0.01) == "too_large");
    CHECK(cost(kind, 1) == "ok");
  }
}

TEST_CASE("set aside: what is no event") {
  CHECK(code_of(event(Kind::retraction)) == "retraction_without_event");
  CHECK(code_of(event(static_cast<Kind>(kind_count))) == "unknown_kind");
  CHECK(code_of(event(static_cast<Kind>(255))) == "unknown_kind");
}

TEST_CASE("set aside: a row about the other side is judged as strictly") {
  const auto theirs = [](Event e) {
    e.side = Side::them;
    return code_of(e);
  };
  CHECK(theirs(event(Kind::guarantee, 0.5)) == "bad_value");
  CHECK(theirs(event(Kind::promise)) == "missing_due");
  CHECK(theirs(event(Kind::complaint, -1)) == "negative");
  CHECK(theirs(event(Kind::survey, 3)) == "missing_scale");
}

TEST_CASE("every kind, side and code has its own word") {
  CHECK(kind_names.size() == kind_count);
  CHECK(code_names.size() == code_count);
  CHECK(name(Kind::returned) == "return");
  CHECK(name(static_cast<Kind>(kind_count - 1)) == "retraction");
  CHECK(name(static_cast<Code>(code_count - 1)) == "retraction_without_event");
  for (std::size_t i = 0; i < code_names.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) CHECK(code_names[i] != code_names[k]);
  for (std::size_t i = 0; i < kind_names.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) CHECK(kind_names[i] != kind_names[k]);
}
