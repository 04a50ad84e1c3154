// SPDX-License-Identifier: MIT
#include <loyalty/ladder/placement.hpp>

#include <string>

#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::one_of;
using loyalty_tests::within;

namespace loyalty {
static std::ostream& operator<<(std::ostream& out, Rung rung) { return out << name(rung); }
}  // namespace loyalty

namespace {

constexpr double above = 0.75;
constexpr double inside = 0.5;
constexpr double below = 0.374;

/// A counterparty that meets the enter criteria of every rung up to the given one, and none above.
LadderNumbers typical(Rung top) {
  LadderNumbers n;
  if (top >= Rung::buyer) n.purchases = 1;
  if (top >= Rung::client) n.purchases = 2, n.regularity = 1.5;
  if (top >= Rung::supporter) n.support = above;
  if (top >= Rung::advocate) n.advocacy = above;
  if (top >= Rung::partner) n.partnership = above;
  return n;
}

constexpr Rung all_rungs[] = {Rung::prospect,  Rung::buyer,    Rung::client,
                              Rung::supporter, Rung::advocate, Rung::partner};

}  // namespace

TEST_CASE("every rung is entered at its criterion, from any rung below (docs/model.md, Rung)") {
  for (const Rung top : all_rungs) {
    CHECK(rung(typical(top)) == top);
    CHECK(band(typical(top)) == Band{top, top});
    for (const Rung held : all_rungs) CHECK(rung(typical(top), held) == top);
  }
}

TEST_CASE("a rung is entered at `enter` and lost below `keep`") {
  struct Row {
    Rung rung;
    double LadderNumbers::*count;
    double enter, keep;
  };
  const Row rows[] = {{Rung::client, &LadderNumbers::regularity, 1.5, 0.75},
                      {Rung::supporter, &LadderNumbers::support, 0.75, 0.375},
                      {Rung::advocate, &LadderNumbers::advocacy, 0.75, 0.375},
                      {Rung::partner, &LadderNumbers::partnership, 0.75, 0.375}};
  for (const Row& row : rows) {
    const auto lower = static_cast<Rung>(static_cast<int>(row.rung) - 1);
    LadderNumbers n = typical(row.rung);
    const auto at = [&](double count, Rung held) {
      n.*row.count = count;
      return rung(n, held);
    };
    CAPTURE(row.rung);
    CHECK(at(row.enter, lower) == row.rung);
    CHECK(at(row.enter * (1 - 1e-15), lower) == lower);
    CHECK(at(row.keep, lower) == lower);
    CHECK(at(row.keep, row.rung) == row.rung);
    CHECK(at(row.keep * (1 - 1e-15), row.rung) == lower);
    n.*row.count = row.keep;
    CHECK(band(n) == Band{lower, row.rung});
    n.*row.count = 0;
    CHECK(band(n) == Band{lower, lower});
  }
}

TEST_CASE("a buyer has bought; a client has bought twice and lately, or has a contract that runs") {
  CHECK(rung({.purchases = 0, .regularity = 9, .support = 9, .advocacy = 9, .partnership = 9}) ==
        Rung::prospect);
  CHECK(rung({.purchases = 0, .contract = true}) == Rung::prospect);
  CHECK(rung({.purchases = 1}) == Rung::buyer);
  CHECK(rung({.purchases = 1, .regularity = 9}) == Rung::buyer);
  CHECK(rung({.purchases = 1, .contract = true}) == Rung::client);
  CHECK(rung({.purchases = 1000, .regularity = 0}, Rung::partner) == Rung::buyer);
  CHECK(rung({.purchases = 1, .regularity = 1}, Rung::client) ==
        Rung::buyer);  // a purchase was taken back
  CHECK(rung({.purchases = 1, .contract = true}, Rung::client) == Rung::client);
  CHECK(rung({.purchases = 0}, Rung::partner) == Rung::prospect);
}

TEST_CASE("what fails below takes everything above with it") {
  LadderNumbers n = typical(Rung::partner);
  n.support = below;
  CHECK(rung(n, Rung::partner) == Rung::client);
  CHECK(band(n) == Band{Rung::client, Rung::client});
  // Inside the band of supporter, an enter criterion above still counts: E asks lower rungs to be kept only.
  n = typical(Rung::partner);
  n.support = inside;
  CHECK(band(n) == Band{Rung::partner, Rung::partner});
  CHECK(rung(n, Rung::prospect) == Rung::partner);
  n.partnership = inside;
  CHECK(band(n) == Band{Rung::advocate, Rung::partner});
  n.advocacy = inside;
  CHECK(band(n) == Band{Rung::client, Rung::partner});
  CHECK(rung(n, Rung::supporter) == Rung::supporter);
}

TEST_CASE("an advocate buys from us alone, once a purchase elsewhere is known") {
  const auto with = [](double ours, double elsewhere) {
    LadderNumbers n = typical(Rung::advocate);
    n.regularity = ours;
    n.elsewhere = elsewhere;
    return n;
  };
  CHECK(rung(with(1.5, 0)) == Rung::advocate);  // waived
  CHECK(rung(with(4, 1)) == Rung::advocate);    // .8 exactly
  CHECK(rung(with(4, 1 + 1e-15)) == Rung::supporter);
  CHECK(rung(with(4, 1 + 1e-15), Rung::advocate) == Rung::advocate);
  CHECK(rung(with(7, 3), Rung::advocate) == Rung::advocate);  // .7 exactly
  CHECK(rung(with(7, 3)) == Rung::supporter);
  CHECK(rung(with(7, 3 + 1e-15), Rung::advocate) == Rung::supporter);
  // Thresholds are decimals: .8 * 1.1 in doubles would miss the tie.
  CHECK(rung(with(4.4, 1.1)) == Rung::advocate);
}

TEST_CASE("thresholds are the policy's") {
  Criteria hard;
  hard.client_purchases = 5;
  hard.client = {3.2, 0.1};
  CHECK(rung({.purchases = 4, .regularity = 4}, Rung::prospect, hard) == Rung::buyer);
  CHECK(rung({.purchases = 5, .regularity = 3.2}, Rung::prospect, hard) == Rung::client);
  CHECK(rung({.purchases = 5, .regularity = 3.1999999}, Rung::prospect, hard) == Rung::buyer);
  CHECK(rung({.purchases = 5, .regularity = 0.1}, Rung::client, hard) == Rung::client);
}

TEST_CASE("the entered rung never exceeds the kept one, and clamps compose") {
  law("E <= K", 3000, [] {
    const auto count = [] {
      return *one_of({0.0, 0.3, 0.374, 0.375, 0.376, 0.5, 0.749, 0.75, 0.76, 1.49, 1.5, 4.0, 1e6});
    };
    const auto numbers = [&] {
      return LadderNumbers{.purchases = *within<std::int64_t>(0, 3),
                           .regularity = count(),
                           .elsewhere = count(),
                           .support = count(),
                           .advocacy = count(),
                           .partnership = count(),
                           .contract = *rc::gen::arbitrary<bool>()};
    };
    const Band first = band(numbers());
    const Band second = band(numbers());
    RC_ASSERT(first.enter <= first.keep);
    RC_ASSERT(second.enter <= second.keep);
    const Band both{second.clamp(first.enter), second.clamp(first.keep)};
    RC_ASSERT(both.enter <= both.keep);
    for (const Rung held : all_rungs)
      RC_ASSERT(second.clamp(first.clamp(held)) == both.clamp(held));
  });
  law("more of anything good never lowers the rung", 2000, [] {
    const auto count = [] { return *within(0, 40) / 16.0; };
    const LadderNumbers less{.purchases = *within<std::int64_t>(0, 3),
                             .regularity = count(),
                             .elsewhere = count(),
                             .support = count(),
                             .advocacy = count(),
                             .partnership = count(),
                             .contract = *rc::gen::arbitrary<bool>()};
    LadderNumbers more = less;
    switch (*within(0, 5)) {
      case 0:
        more.regularity += count();
        break;
      case 1:
        more.support += count();
        break;
      case 2:
        more.advocacy += count();
        break;
      case 3:
        more.partnership += count();
        break;
      case 4:
        more.elsewhere = 0;
        break;
      default:
        more.contract = true;
    }
    for (const Rung held : all_rungs) RC_ASSERT(rung(more, held) >= rung(less, held));
  });
}
