// SPDX-License-Identifier: MIT
/// \file
/// A kind that the log does not record is not a zero (DESIGN section 7, not observable): which kinds light
/// which parameter, and that this decides what is shown and never what is summed.
#include <loyalty/events/observed.hpp>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::within;

namespace {

/// The parameters that a set of kinds lights, by the words of the design.
std::set<std::string> lit(const Observed& o) {
  std::set<std::string> words;
  if (o.commitment()) words.insert("commitment");
  if (o.responsiveness()) words.insert("responsiveness");
  if (o.reciprocity()) words.insert("reciprocity");
  if (o.trust()) words.insert("trust");
  if (o.purchases()) words.insert("rung");
  return words;
}

Observed seen(std::initializer_list<Kind> kinds) {
  Observed o;
  for (const Kind kind : kinds) o.see(kind);
  return o;
}

}  // namespace

TEST_CASE("each kind lights what the design says, and nothing else") {
  using Words = std::set<std::string>;
  for (int i = 0; i < kind_count; ++i) {
    const auto kind = static_cast<Kind>(i);
    CAPTURE(name(kind));
    Words expected;
    switch (kind) {
      case Kind::guarantee:
        expected = {"commitment", "trust"};
        break;
      case Kind::contract:
        expected = {"commitment"};
        break;
      case Kind::response:
      case Kind::concession:
        expected = {"responsiveness"};
        break;
      case Kind::promise:
      case Kind::payment:
      case Kind::complaint:
      case Kind::survey:  // about trust, its default
        expected = {"trust"};
        break;
      case Kind::purchase:
        expected = {"rung"};
        break;
      default:
        break;
    }
    CHECK(lit(seen({kind})) == expected);
    // Reciprocity needs both sides: what we give, and anything that they do.
    const bool gives = kind == Kind::participation || kind == Kind::review ||
                       kind == Kind::referral || kind == Kind::suggestion ||
                       kind == Kind::co_creation;
    CHECK(seen({Kind::gift, kind}).reciprocity() == gives);
  }
  Observed about_commitment;
  about_commitment.see(Kind::survey, SurveyOf::commitment);
  CHECK(lit(about_commitment) == Words{"commitment"});
  about_commitment.see(Kind::survey, SurveyOf::trust);
  CHECK(lit(about_commitment) == Words{"commitment", "trust"});
  CHECK(lit(Observed{}).empty());
  CHECK(lit(Observed::everything()).size() == 5);
}

TEST_CASE(
    "what is unlit enters the quality at its prior with coverage 0; what is declared outranks what "
    "was seen") {
  constexpr Time t = utc(2020, 1, 1);
  const std::vector<Row> rows = {
      {.relationship = "a", .event = {.kind = Kind::guarantee, .time = t, .value = 1}},
      {.relationship = "a", .event = {.kind = Kind::concession, .time = t, .value = 0}},
      {.relationship = "a", .event = {.kind = Kind::gift, .time = t, .value = 5}},
      {.relationship = "a", .event = {.kind = Kind::review, .time = t}},
      {.relationship = "a", .event = {.kind = Kind::complaint, .time = t}}};
  Policy none;
  none.observes = Observed{};
  Policy all;
  all.observes = Observed::everything();
  Portfolio dark(none, t);
  Portfolio bright(all, t);
  Portfolio plain(Policy{}, t);
  for (Portfolio* p : {&dark, &bright, &plain}) apply_rows(*p, rows);
  // Never sums.
  CHECK(to_bytes(dark.state(0, t)) == to_bytes(bright.state(0, t)));
  CHECK(to_bytes(dark.state(0, t)) == to_bytes(plain.state(0, t)));
  const Assessment d = dark.assess(0, dark.at(t));
  const Assessment b = bright.assess(0, bright.at(t));
  const Assessment p = plain.assess(0, plain.at(t));
  CHECK(d.coverage == 0);
  CHECK(d.plug_in == d.baseline);
  CHECK_FALSE(d.quality().has_value());
  CHECK(b.plug_in < b.baseline);
  CHECK(b.quality().has_value());
  CHECK(p.plug_in == b.plug_in);  // every parameter is lit here
  CHECK_FALSE(p.lit.purchases);
  CHECK(b.lit.purchases);
}

TEST_CASE("kinds seen are merged by OR, and do not depend on how the rows came") {
  law("the bitmap", 100, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    const auto folded = [](const std::vector<Row>& some) {
      auto p = std::make_unique<Portfolio>(Policy{}, 18000 * day);
      apply_rows(*p, some);
      return p;
    };
    const auto whole = folded(rows);
    std::array<std::vector<Row>, 2> halves;
    for (const Row& row : rows) halves[*within<std::size_t>(0, 1)].push_back(row);
    const auto merged = folded(halves[0]);
    merged->merge(*folded(halves[1]));
    RC_ASSERT(merged->observed() == whole->observed());
    RC_ASSERT(folded(shuffled(rows))->observed() == whole->observed());
  });
}

TEST_CASE(
    "a portfolio keeps the landmark it was made with: the caller's, else the policy's, else "
    "2020-01-01") {
  Policy dated;
  dated.landmark = utc(2031, 5, 6);
  CHECK(Portfolio().rules().landmark() == utc(2020, 1, 1));
  CHECK(Portfolio(dated).rules().landmark() == utc(2031, 5, 6));
  CHECK(Portfolio(dated, utc(1999, 1, 1)).rules().landmark() == utc(1999, 1, 1));
  Portfolio p(dated);
  apply_rows(p,
             {{.relationship = "a", .event = {.kind = Kind::purchase, .time = utc(2033, 1, 1)}}});
  CHECK(p.rules().landmark() == utc(2031, 5, 6));
  // At one year the default reaches from 1990 to 2050 (DESIGN section 3).
  const Portfolio q;
  CHECK_NOTHROW(q.at(utc(1990, 1, 9)));
  CHECK_NOTHROW(q.at(utc(2049, 12, 23)));
  CHECK_THROWS_AS(q.at(utc(1989, 12, 31)), WindowError);
  CHECK_THROWS_AS(q.at(utc(2050, 1, 1)), WindowError);
}
