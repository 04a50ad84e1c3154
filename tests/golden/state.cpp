// SPDX-License-Identifier: MIT
/// \file
/// The bytes of a state are a format: portfolios saved by an earlier release must read the same. This file
/// holds what version 1 writes for the worked example (docs/model.md). If it fails, either a sum changed,
/// which is an error, or the layout did: then raise `state_version`, keep reading this version, and add
/// the new bytes beside it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <loyalty/batch/portfolio.hpp>
#include <loyalty/loyalty.hpp>

#include "golden/worked_events.hpp"

using namespace loyalty;
using loyalty_tests::worked_example;

namespace {

constexpr Time now = 700 * day;

const Rules& rules() {
  static const Rules made(Policy{}, now);
  return made;
}

Relationship folded() {
  Relationship r;
  for (const Event& e : worked_example()) REQUIRE(apply(r, e, rules()) == Code::ok);
  return r;
}

/// 384 bytes as 24 lines of 16.
std::string hex(const Relationship& r) {
  std::string s;
  const auto bytes = to_bytes(r);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned>(bytes[i]);
    s += "0123456789abcdef"[byte >> 4];
    s += "0123456789abcdef"[byte & 15U];
    if (i % 16 == 15) s += '\n';
  }
  return s;
}

const std::string version_1 =
    "24000000000000800037980300000000\n"
    "00767505000000000800000000000505\n"
    "0000000080f873080000000000000000\n"
    "00000000c0a5e8030000000000000000\n"
    "00435102000000000000000000000000\n"
    "00000000000000000000000000055502\n"
    "0000000000000000000000000019ed02\n"
    "0000000000000000002f0d0000000000\n"
    "00000000000000000000000000000000\n"
    "00000000000000000000000000000000\n"
    "e028010000000000e028010000000000\n"
    "002f0d000000000000ab8d0300000000\n"
    "00000000005a630b0000000000000000\n"
    "00000000002f31010000000000000000\n"
    "00000000007131010000000000000000\n"
    "000000000022f4000000000000000000\n"
    "0000000000a321010000000000000000\n"
    "00000000808ad5010000000000000000\n"
    "00000000e09552010000000000000000\n"
    "00379803000000000100000000000000\n"
    "00000000001d26030000000000000000\n"
    "00000000000000000000000000000000\n"
    "00000000009ffe030000000000000000\n"
    "0000000000811c0e0000000000000000\n";

}  // namespace

TEST_CASE("golden: version 1 of the bytes of a state") {
  CHECK(state_version == 1);
  CHECK(hex(folded()) == version_1);
}

TEST_CASE("golden: bytes of version 1 read as the worked example") {
  std::array<std::byte, state_bytes> bytes{};
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < version_1.size(); i += 2) {
    if (version_1[i] == '\n')
      --i;
    else
      bytes[next++] = static_cast<std::byte>(std::stoi(version_1.substr(i, 2), nullptr, 16));
  }
  REQUIRE(next == state_bytes);
  const Relationship r = from_bytes(bytes);
  const Assessment a = assess(r, rules().at(now), rules(), Role::distributor);
  const auto about = [](double x, double places) {
    return doctest::Approx(x).epsilon(0).scale(1).epsilon(places);
  };
  CHECK(a.parameters.commitment.mean == about(.760514, 5e-7));
  CHECK(a.parameters.responsiveness.mean == about(.502735, 5e-7));
  CHECK(a.parameters.reciprocity.mean == about(.723813, 5e-7));
  CHECK(a.parameters.trust.mean == about(.776298, 5e-7));
  CHECK(std::sqrt(a.parameters.commitment.variance) == about(.097296, 5e-7));
  CHECK(std::sqrt(a.parameters.responsiveness.variance) == about(.154391, 5e-7));
  CHECK(std::sqrt(a.parameters.reciprocity.variance) == about(.213320, 5e-7));
  CHECK(std::sqrt(a.parameters.trust.variance) == about(.112588, 5e-7));
  CHECK(a.parameters.commitment.coverage == about(.433533, 5e-7));
  CHECK(a.parameters.responsiveness.coverage == about(.46114, 5e-6));
  CHECK(a.parameters.reciprocity.coverage == about(.82734, 5e-6));
  CHECK(a.parameters.trust.coverage == about(.5863, 5e-5));
  CHECK(a.plug_in == about(69.89174505174313, 1e-9));
  CHECK(a.baseline == about(70.64843300523572, 1e-9));
  CHECK(a.interval.low == about(53.737255, 5e-7));
  CHECK(a.interval.median == about(69.043606, 5e-7));
  CHECK(a.interval.high == about(80.595359, 5e-7));
  CHECK(a.why.commitment == about(3.331684, 5e-7));
  CHECK(a.why.responsiveness == about(-4.398857, 5e-7));
  CHECK(a.why.reciprocity == about(1.155830, 5e-7));
  CHECK(a.why.trust == about(-.845344, 5e-7));
  CHECK(a.next.step == NextStep::answer_request);
  CHECK(a.next.points == about(2.0553, 5e-5));
  const double strength[] = {0, .0253569, .0890436, .2355187, .1186712, .5314097};
  for (std::size_t k = 0; k < 6; ++k) CHECK(a.strength[k] == about(strength[k], 5e-8));
  CHECK(a.rung() == Rung::partner);
  CHECK(a.standing.position.peak == Rung::partner);
  CHECK(a.standing.position.since == 450 * day);
  CHECK(a.standing.exact);
  CHECK_FALSE(a.standing.at_least);
}

TEST_CASE(
    "the worked example climbs on days 10, 90, 150, 300 and 450, and would fall on 1327.4, 1599.4 "
    "and 1640.5") {
  Relationship r;
  std::vector<std::pair<Time, Rung>> climbs;
  Rung rung = Rung::prospect;
  for (const Event& e : worked_example()) {
    apply(r, e, rules());
    const Position p = standing(r.ladder, LadderInstant(r.ladder.newest, rules().fold().ladder),
                                rules().fold().ladder)
                           .position;
    if (p.rung != rung) climbs.emplace_back(p.since, p.rung);
    rung = p.rung;
  }
  const std::vector<std::pair<Time, Rung>> expected = {{10 * day, Rung::buyer},
                                                       {90 * day, Rung::client},
                                                       {150 * day, Rung::supporter},
                                                       {300 * day, Rung::advocate},
                                                       {450 * day, Rung::partner}};
  CHECK(climbs == expected);
  const Falls falls = falls_if_quiet(r.ladder, rung, rules().fold().ladder);
  REQUIRE(falls.count == 4);  // the first passes the advocate, in the same second
  CHECK(falls.rows[0] == RungChange{falls.rows[1].time, Rung::advocate});
  const std::pair<double, Rung> to_come[] = {
      {1327.4, Rung::supporter}, {1599.4, Rung::client}, {1640.5, Rung::buyer}};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(static_cast<double>(falls.rows[i + 1].time) / day ==
          doctest::Approx(to_come[i].first).epsilon(0.05 / 1600));
    CHECK(falls.rows[i + 1].rung == to_come[i].second);
    // And so they come.
    const LadderRules& ladder = rules().fold().ladder;
    const Time t = falls.rows[i + 1].time;
    CHECK(standing(r.ladder, LadderInstant(t, ladder), ladder).position.rung == to_come[i].second);
    CHECK(standing(r.ladder, LadderInstant(t - 1, ladder), ladder).position.rung >
          to_come[i].second);
  }
}

TEST_CASE("the worked example through a portfolio leaves the same bytes") {
  Portfolio p(Policy{}, now);
  for (const Event& e : worked_example()) {
    const bool keyed = e.kind == Kind::complaint || e.kind == Kind::resolution;
    REQUIRE(p.apply("17850", e, keyed ? "complaint" : "") == Code::ok);
  }
  REQUIRE(p.size() == 1);
  CHECK(hex(p.state(0, now)) == hex(folded()));
}
