// SPDX-License-Identifier: MIT
/// \file
/// Results do not depend on the number of threads: states, open items, books and rejects are the same to the bit.
#include <loyalty/batch/workers.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <loyalty/batch/output.hpp>

#include "batch/rows.hpp"
#include "batch/shared_texts.hpp"

using namespace loyalty;
using loyalty_tests::Row;
using loyalty_tests::SharedTexts;
using loyalty_tests::Table;

namespace {

struct Random {
  std::uint64_t state;
  std::uint64_t operator()(std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  }
};

/// A log of every kind, good and bad rows, keys that meet, several rows of one relationship in one second.
std::vector<Row> busy_log(std::size_t rows, std::uint64_t people, std::uint64_t seed,
                          bool as_numbers) {
  Random random{seed};
  std::vector<Row> log;
  const Time start = utc(2021, 1, 1);
  for (std::size_t i = 0; i < rows; ++i) {
    Row row;
    const std::uint64_t who = random(people);
    row.relationship = as_numbers || who % 3 == 0 ? std::to_string(who)
                                                  : "relationship number " + std::to_string(who);
    Event& e = row.event;
    e.kind = static_cast<Kind>(random(kind_count - 1));
    e.time = start + static_cast<Time>(i / 4) * 600;
    e.value = random(4) == 0 ? no_value : static_cast<double>(random(2));
    e.amount = static_cast<double>(random(100));
    e.side = random(4) == 0 ? Side::them : Side::us;
    if (e.kind == Kind::promise || e.kind == Kind::payment || e.kind == Kind::contract) {
      e.due = e.until = e.time + static_cast<Time>(random(40)) * day;
      if (random(2) == 0) e.done = e.time + static_cast<Time>(random(40)) * day;
    }
    if (e.kind == Kind::response) e.since = e.time - static_cast<Time>(random(1000000));
    if (random(2) == 0 && e.kind != Kind::purchase) row.refers_to = "k" + std::to_string(random(2));
    if (random(5) == 0) row.role = static_cast<std::uint8_t>(random(role_count));
    if (random(50) == 0) e.amount = -1;
    if (random(200) == 0 && !as_numbers) row.relationship.clear();
    if (random(100) == 0) row.code = Code::bad_side;
    log.push_back(row);
    if (random(20) == 0) log.push_back(row);  // an exact copy
  }
  return log;
}

bool same(const Books& a, const Books& b) {
  const auto rejects_agree = [&] {
    return a.rejects.size() == b.rejects.size() &&
           std::equal(
               a.rejects.begin(), a.rejects.end(), b.rejects.begin(),
               [](const Reject& x, const Reject& y) { return x.row == y.row && x.code == y.code; });
  };
  return a.read == b.read && a.scored == b.scored && a.skipped == b.skipped &&
         a.set_aside == b.set_aside && a.repeats == b.repeats && rejects_agree();
}

}  // namespace

TEST_CASE("workers: every number of threads gives the same portfolio, books and rejects") {
  for (const bool numbers : {true, false}) {
    auto rows = busy_log(30000, 6000, numbers ? 1 : 2, numbers);
    for (const bool in_order : {true, false}) {
      if (!in_order) {
        Random random{3};
        for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random(i)]);
      }
      const Table table(rows, false, numbers);
      Portfolio alone;
      const Books should = alone.apply(table);
      CHECK(should.repeats > 100);
      CHECK(should.rejects.size() > 100);
      CHECK(alone.open_items() > 100);
      CHECK(alone.size() > 5000);
      for (const unsigned count : {2U, 3U, 7U}) {
        CAPTURE(count);
        Threads threads(count);
        Portfolio p;
        CHECK(same(p.apply(table, threads), should));
        CHECK(same(p.books(), alone.books()));
        CHECK(p.bytes() == alone.bytes());
        CHECK(p.newest() == alone.newest());
      }
    }
  }
}

TEST_CASE("workers: identifiers by word or as views give the same on every number of threads") {
  auto rows = busy_log(40000, 9000, 4, false);
  for (const bool in_order : {true, false}) {
    Random random{9};
    for (std::size_t i = rows.size(); !in_order && i > 1; --i)
      std::swap(rows[i - 1], rows[random(i)]);
    const Table table(rows);
    Portfolio should;
    const Books books = should.apply(table);
    const auto expected = assess_all(should, should.newest() + day);
    for (const auto form : {SharedTexts::Form::views, SharedTexts::Form::words})
      for (const unsigned count : {1U, 2U, 3U}) {
        CAPTURE(count);
        const SharedTexts shared(table, form);
        Threads threads(count);
        Portfolio p;
        CHECK(same(p.apply(shared, threads), books));
        CHECK(p.bytes() == should.bytes());
        const auto found = assess_all(p, p.newest() + day, {}, threads);
        CHECK(found.summary.quality_tenths == expected.summary.quality_tenths);
        CHECK(found.summary.spend == expected.summary.spend);
        CHECK(same(p.replay(shared, threads), books));
        CHECK(p.bytes() == should.bytes());
      }
  }
}

TEST_CASE(
    "workers: calls on different numbers of threads, cut through a second, follow each other") {
  const auto rows = busy_log(24000, 3000, 5, true);
  Portfolio whole;
  whole.apply(Table(rows, false, true));
  Portfolio cut;
  Threads five(5);
  Threads two(2);
  Alone alone;
  Workers* const turns[] = {&five, &alone, &two};
  std::size_t turn = 0;
  for (std::size_t start = 0; start < rows.size(); start += 8191) {
    const auto end = std::min(rows.size(), start + 8191);
    cut.apply(Table({rows.begin() + static_cast<std::ptrdiff_t>(start),
                     rows.begin() + static_cast<std::ptrdiff_t>(end)},
                    false, true),
              *turns[turn++ % 3]);
  }
  CHECK(cut.bytes() == whole.bytes());
  CHECK(cut.books().scored == whole.books().scored);
  CHECK(cut.books().skipped == whole.books().skipped);
}

TEST_CASE("workers: a replay on threads is a replay") {
  const auto rows = busy_log(20000, 4000, 6, true);
  const Table table(rows, false, true);
  Portfolio once;
  once.apply(table);
  Portfolio again;
  Threads threads(3);
  again.apply(table, threads);
  again.replay(table, threads);
  CHECK(again.bytes() == once.bytes());
}

TEST_CASE("workers: results are the same to the bit") {
  const auto rows = busy_log(30000, 9000, 7, false);
  Portfolio p;
  p.apply(Table(rows));
  const ResultTable should = assess_all(p, p.newest() + day);
  CHECK(should.summary.relationships == static_cast<std::int64_t>(p.size()));
  for (const unsigned count : {2U, 7U}) {
    Threads threads(count);
    const ResultTable is = assess_all(p, p.newest() + day, {}, threads);
    CHECK(is.summary.mean_coverage == should.summary.mean_coverage);
    CHECK(is.summary.spend == should.summary.spend);
    CHECK(is.summary.cost == should.summary.cost);
    CHECK(is.summary.rungs == should.summary.rungs);
    CHECK(is.summary.quality_tenths == should.summary.quality_tenths);
    REQUIRE(is.columns.size() == should.columns.size());
    for (std::size_t c = 0; c < is.columns.size(); ++c) {
      CAPTURE(is.columns[c].name);
      if (const auto* numbers = std::get_if<std::vector<double>>(&is.columns[c].values)) {
        const auto& expected = std::get<std::vector<double>>(should.columns[c].values);
        REQUIRE(numbers->size() == expected.size());
        CHECK(std::memcmp(numbers->data(), expected.data(), expected.size() * 8) == 0);
      } else if (const auto* texts = std::get_if<TextValues>(&is.columns[c].values)) {
        const auto& expected = std::get<TextValues>(should.columns[c].values);
        CHECK(texts->bytes == expected.bytes);
        CHECK(texts->offsets == expected.offsets);
        CHECK(texts->offsets.size() == p.size() + 1);
      } else {
        CHECK(std::get<std::vector<std::int64_t>>(is.columns[c].values) ==
              std::get<std::vector<std::int64_t>>(should.columns[c].values));
      }
    }
  }
}

TEST_CASE("assessments some at a time are those of all at once, to the bit") {
  const auto rows = busy_log(30000, 12000, 8, false);
  Portfolio p;
  p.apply(Table(rows));
  REQUIRE(p.size() > 2 * Assessments::block);
  const ResultTable all = assess_all(p, p.newest() + day);
  Threads threads(2);
  Alone alone;
  for (const std::size_t some :
       {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{5000}, p.size()}) {
    CAPTURE(some);
    Assessments parts(p, p.newest() + day);
    CHECK(parts.size() == p.size());
    std::int64_t counted = 0;
    std::size_t row = 0;
    while (parts.done() < parts.size()) {
      const ResultTable part = parts.next(some, some == 1 ? static_cast<Workers&>(threads) : alone);
      const auto size = static_cast<std::size_t>(part.summary.relationships);
      counted += part.summary.relationships;
      if (some == 0) {
        CHECK(size == 0);  // whoever asks for nothing gets nothing
        break;
      }
      REQUIRE(parts.done() == row + size);
      CHECK((parts.done() == parts.size() || size % Assessments::block == 0));
      CHECK(parts.id(row) == std::get<TextValues>(part.columns[0].values)[0]);
      for (std::size_t c = 0; c < all.columns.size(); ++c) {
        CAPTURE(all.columns[c].name);
        const auto same = [&](const auto& whole, const auto& piece) {
          REQUIRE(piece.size() == size);
          CHECK(std::memcmp(piece.data(), whole.data() + row, size * 8) == 0);
        };
        if (const auto* numbers = std::get_if<std::vector<double>>(&all.columns[c].values)) {
          same(*numbers, std::get<std::vector<double>>(part.columns[c].values));
        } else if (const auto* whole =
                       std::get_if<std::vector<std::int64_t>>(&all.columns[c].values)) {
          same(*whole, std::get<std::vector<std::int64_t>>(part.columns[c].values));
        } else {
          const auto& texts = std::get<TextValues>(all.columns[c].values);
          const auto& piece = std::get<TextValues>(part.columns[c].values);
          for (std::size_t i = 0; i < size; ++i) CHECK(piece[i] == texts[row + i]);
        }
      }
      row += size;
    }
    if (some == 0) continue;
    CHECK(counted == all.summary.relationships);
    const ResultSummary sum = parts.summary();
    CHECK(sum.mean_coverage == all.summary.mean_coverage);
    CHECK(sum.spend == all.summary.spend);
    CHECK(sum.cost == all.summary.cost);
    CHECK(sum.rungs == all.summary.rungs);
    CHECK(sum.grades == all.summary.grades);
    CHECK(sum.quality_tenths == all.summary.quality_tenths);
    CHECK(sum.inexact_positions == all.summary.inexact_positions);
    CHECK(parts.next(100, alone).columns[0].name == "relationship");
    CHECK(parts.next(100, alone).summary.relationships == 0);
  }
}

TEST_CASE("assessments: a portfolio that took relationships meanwhile is refused") {
  Portfolio p;
  p.apply("a", {.kind = Kind::gift, .time = 18000 * day});
  Assessments parts(p, 18001 * day);
  p.apply("b", {.kind = Kind::gift, .time = 18000 * day});
  Alone alone;
  CHECK_THROWS_AS(parts.next(1, alone), std::logic_error);
}

TEST_CASE("assessments: what a neighbour has found is not taken for another's interval") {
  Portfolio p(Policy{}, 18000 * day);
  for (int i = 0; i < 50; ++i) {
    const std::string id = std::to_string(i);
    for (int k = 0; k <= i % 4; ++k)
      p.apply(id, {.kind = Kind::gift, .time = 18000 * day + k, .value = 1.0 + i % 3});
    if (i % 2 == 0) p.apply(id, {.kind = Kind::guarantee, .time = 18000 * day + 10, .value = 1});
  }
  const AsOf at = p.at(18001 * day);
  const ResultTable table = assess_all(p, 18001 * day);
  const auto order = p.sorted();
  const auto numbers = [&](std::string_view name) {
    for (const ResultColumn& column : table.columns)
      if (column.name == name) return std::get<std::vector<double>>(column.values);
    throw std::out_of_range(std::string(name));
  };
  const auto check = [](double shown, bool lit, double expected) {
    if (lit)
      CHECK(shown == expected);
    else
      CHECK(shown != shown);
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Assessment a = p.assess(order[i], at);
    const Interval reciprocity = interval(a.parameters.reciprocity);
    check(numbers("reciprocity_low")[i], a.lit.reciprocity, reciprocity.low);
    check(numbers("reciprocity_high")[i], a.lit.reciprocity, reciprocity.high);
    check(numbers("commitment_low")[i], a.lit.commitment, interval(a.parameters.commitment).low);
    check(numbers("trust_low")[i], a.lit.trust, interval(a.parameters.trust).low);
  }
}

TEST_CASE("threads: each part runs once, from any caller, again and again") {
  for (const unsigned count : {1U, 2U, 5U}) {
    Threads threads(count);
    CHECK(threads.count() == count);
    for (unsigned parts : {0U, 1U, 4U, 100U}) {
      std::vector<std::atomic<int>> runs(parts);
      threads.run(parts, [&](unsigned part) { ++runs[part]; });
      for (const auto& run : runs) CHECK(run == 1);
    }
  }
  CHECK(Threads().count() >= 1);
}

TEST_CASE("threads: what a part throws arrives, after all parts are done") {
  Threads threads(3);
  std::atomic<int> runs{0};
  CHECK_THROWS_WITH_AS(threads.run(20,
                                   [&](unsigned part) {
                                     ++runs;
                                     if (part == 7) throw std::runtime_error("part 7");
                                   }),
                       "part 7", std::runtime_error);
  CHECK(runs == 20);
  threads.run(3, [&](unsigned) { ++runs; });
  CHECK(runs == 23);
}
