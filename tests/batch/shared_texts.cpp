// SPDX-License-Identifier: MIT
/// \file
/// Texts by words or as views give what the same texts end to end give.
#include "batch/shared_texts.hpp"

#include <string>
#include <vector>

#include <loyalty/batch/history.hpp>
#include <loyalty/batch/portfolio.hpp>

#include "batch/any_rows.hpp"
#include "laws/law.hpp"

using namespace loyalty;
using namespace loyalty_tests;

namespace {

constexpr SharedTexts::Form forms[] = {SharedTexts::Form::views, SharedTexts::Form::words};

std::string told(const Books& books) {
  std::string out = std::to_string(books.read) + " " + std::to_string(books.scored) + " " +
                    std::to_string(books.repeats);
  for (const auto count : books.skipped) out += " " + std::to_string(count);
  for (const auto count : books.set_aside) out += " " + std::to_string(count);
  for (const Reject& reject : books.rejects)
    out += ", " + std::to_string(reject.row) + ":" + std::to_string(static_cast<int>(reject.code));
  return out;
}

Policy of_euros() {
  Policy policy;
  policy.currency = "EUR";
  return policy;
}

}  // namespace

TEST_CASE("shared texts: every call says and keeps what it does of texts of their own") {
  law("apply, more rows, retract, replay", 300, [] {
    const LogShape shape{.event_ids = true, .currencies = true};
    const LogShape later{.from = shape.to, .to = shape.to + 10 * day, .event_ids = true};
    std::vector<Row> first = any_rows(shape);
    const std::vector<Row> second = any_rows(later);
    for (Row& row : first)
      if (*within(0, 9) == 0) row.relationship.clear();
    const Table one(first, true);
    const Table two(second, true);
    for (const auto form : forms) {
      const SharedTexts shared_one(one, form);
      const SharedTexts shared_two(two, form);
      Portfolio should(of_euros());
      Portfolio is(of_euros());
      RC_ASSERT(told(is.apply(shared_one)) == told(should.apply(one)));
      RC_ASSERT(is.bytes() == should.bytes());
      for (std::uint32_t i = 0; i < should.size(); ++i) RC_ASSERT(is.id(i) == should.id(i));
      RC_ASSERT(told(is.apply(shared_two)) == told(should.apply(two)));
      RC_ASSERT(is.bytes() == should.bytes());
      RC_ASSERT(told(is.retract(shared_two)) == told(should.retract(two)));
      RC_ASSERT(is.bytes() == should.bytes());
      RC_ASSERT(told(is.replay(shared_one)) == told(should.replay(one)));
      RC_ASSERT(is.bytes() == should.bytes());
      RC_ASSERT(told(is.books()) == told(should.books()));
    }
  });
}

TEST_CASE("shared texts: histories are the same") {
  law("tape and snapshots", 60, [] {
    const std::vector<Row> rows = any_rows({.event_ids = true, .currencies = true});
    const Table table(rows, true);
    const HistoryOptions options{};
    const History should = history(table, of_euros(), options);
    for (const auto form : forms) {
      const History is = history(SharedTexts(table, form), of_euros(), options);
      RC_ASSERT(is.relationships.bytes == should.relationships.bytes);
      RC_ASSERT(is.relationships.offsets == should.relationships.offsets);
      RC_ASSERT(is.tape.relationship == should.tape.relationship);
      RC_ASSERT(is.tape.at_least == should.tape.at_least);
      RC_ASSERT(told(is.books) == told(should.books));
    }
  });
}
