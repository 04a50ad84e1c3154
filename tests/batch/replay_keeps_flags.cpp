// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdint>

#include <loyalty/batch.hpp>

using namespace loyalty;

TEST_CASE("a replay keeps the count of rows that a reader set aside") {
  Portfolio portfolio;
  const std::int64_t id = 7;
  const Time time = utc(2024, 1, 1);
  const auto kind = static_cast<std::uint8_t>(Kind::purchase);
  EventColumns row;
  row.rows = 1;
  row.relationship_number = &id;
  row.time = &time;
  row.kind = &kind;
  portfolio.apply(row);
  portfolio.note_set_aside("7", 3);
  portfolio.replay(row);
  const auto index = portfolio.find("7");
  REQUIRE(index.has_value());
  CHECK(portfolio.set_aside(*index) == 3);
  CHECK(portfolio.state(*index).ladder.purchases == 1);
}
