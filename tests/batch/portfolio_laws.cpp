// SPDX-License-Identifier: MIT
/// \file
/// The same rows give the same portfolio to the bit: in any order within a call, in any chunks that follow
/// time, however they are sharded by relationship; plain events in any shards, but for the position.
#include <array>
#include <cstdlib>
#include <string>
#include <tuple>

#include "batch/any_rows.hpp"
#include "laws/mergeable.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::LogShape;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::within;

namespace {

constexpr Time landmark = 18000 * day;

/// Short targets and a grace, so that requests expire and promises break inside the log.
Policy policy() {
  Policy p;
  p.fold.response_target = 7200;
  p.fold.promise_grace = 3600;
  return p;
}

Portfolio folded(const std::vector<Row>& rows, bool with_event_ids = false) {
  Portfolio p(policy(), landmark);
  const Books books = apply_rows(p, rows, with_event_ids);
  RC_ASSERT(balanced(books));
  return p;
}

using Counts = std::vector<std::int64_t>;

Counts counts(const Books& b) {
  Counts c{b.read, b.scored};
  c.insert(c.end(), b.skipped.begin(), b.skipped.end());
  c.insert(c.end(), b.set_aside.begin(), b.set_aside.end());
  return c;
}

/// Chunks that follow time, cut anywhere, shuffled inside.
std::vector<std::vector<Row>> chunks(const std::vector<Row>& rows) {
  const auto sorted = by_time(shuffled(rows));
  std::vector<std::vector<Row>> parts;
  for (std::size_t start = 0; start < sorted.size();) {
    const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 12));
    parts.push_back(shuffled(std::vector<Row>(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                                              sorted.begin() + static_cast<std::ptrdiff_t>(end))));
    start = end;
  }
  return parts;
}

std::size_t shard_of(const std::string& relationship) { return relationship.size() % 3; }

}  // namespace

TEST_CASE("any order of rows within a call gives the same bytes and books") {
  const std::pair<const char*, LogShape> shapes[] = {
      {"without event ids", {.currencies = true}},
      {"with event ids, repeats and retractions", {.event_ids = true, .currencies = true}},
      {"with rows of one name in one second that differ",
       {.most = 12, .event_ids = true, .crowded = true}}};
  for (const auto& one : shapes) {
    law(one.first, 150, [&shape = one.second] {
      const bool ids = shape.event_ids;
      const auto rows = any_rows(shape);
      log_rows(rows);
      const auto outcome = [ids](const std::vector<Row>& given) {
        try {
          const Portfolio p = folded(given, ids);
          return std::tuple(std::string(), counts(p.books()), p.bytes());
        } catch (const MismatchError& e) {  // two currencies in the first second that names any
          return std::tuple(std::string(e.what()), Counts(), std::vector<std::byte>());
        }
      };
      RC_ASSERT(outcome(rows) == outcome(shuffled(rows)));
    });
  }
}

TEST_CASE("of two contacts of one name the same is kept in any order") {
  const auto contact = [](std::uint8_t personal, std::uint8_t answered) {
    return Row{.relationship = "a",
               .event = {.kind = Kind::contact, .time = landmark - day, .side = Side::them},
               .event_id = "1",
               .personal = personal,
               .answered = answered};
  };
  const std::vector<Row> rows = {contact(1, 0), contact(0, 1)};
  CHECK(folded(rows, true).bytes() == folded({rows[1], rows[0]}, true).bytes());
}

TEST_CASE(
    "any chunks that follow time, also through the middle of a second, give the same bytes and "
    "books") {
  law("chunks", 150, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    Portfolio p(policy(), landmark);
    for (const auto& chunk : chunks(rows)) {
      RC_LOG() << "chunk of " << chunk.size() << '\n';
      RC_ASSERT(balanced(apply_rows(p, chunk)));
      RC_ASSERT(balanced(p.books()));
    }
    RC_ASSERT(p.bytes() == whole.bytes());
    RC_ASSERT(counts(p.books()) == counts(whole.books()));
  });
  law("chunks that name currencies", 100, [] {
    const auto rows = any_rows({.currencies = true});
    log_rows(rows);
    const auto outcome = [](const std::vector<std::vector<Row>>& parts) {
      Portfolio p(policy(), landmark);
      try {
        for (const auto& part : parts) apply_rows(p, part);
      } catch (const MismatchError&) {
        return std::vector<std::byte>();
      }
      return p.bytes();
    };
    RC_ASSERT(outcome(chunks(rows)) == outcome({rows}));
  });
  law("row by row", 40, [] {
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    Portfolio p(policy(), landmark);
    for (const Row& row : by_time(shuffled(rows))) apply_rows(p, {row});
    RC_ASSERT(p.bytes() == whole.bytes());
  });
}

TEST_CASE(
    "shards by relationship, folded apart and merged in any order, give the same bytes and books") {
  law("shards", 100, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    std::array<std::vector<Row>, 3> shards;
    for (const Row& row : rows) shards[shard_of(row.relationship)].push_back(row);
    std::vector<std::size_t> order = shuffled(std::vector<std::size_t>{0, 1, 2});
    Portfolio merged(policy(), landmark);
    for (const std::size_t i : order) {
      Portfolio part(policy(), landmark);
      for (const auto& chunk : chunks(shards[i])) apply_rows(part, chunk);
      merged.merge(part);
    }
    RC_ASSERT(merged.bytes() == whole.bytes());
    RC_ASSERT(counts(merged.books()) == counts(whole.books()));
  });
}

TEST_CASE("shards that were merged go on as the whole would") {
  law("merge in the middle of a log, of a second", 80, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    const auto sorted = by_time(shuffled(rows));
    const std::size_t cut = *within<std::size_t>(0, sorted.size());
    std::array<std::vector<Row>, 3> shards;
    for (std::size_t i = 0; i < cut; ++i)
      shards[shard_of(sorted[i].relationship)].push_back(sorted[i]);
    Portfolio merged(policy(), landmark);
    for (const auto& shard : shards) merged.merge(folded(shard));
    const std::vector<Row> rest(sorted.begin() + static_cast<std::ptrdiff_t>(cut), sorted.end());
    for (const auto& chunk : chunks(rest)) apply_rows(merged, chunk);
    RC_ASSERT(merged.bytes() == whole.bytes());
    RC_ASSERT(counts(merged.books()) == counts(whole.books()));
  });
}

TEST_CASE(
    "arbitrary shards of plain events merge to the same sums, flagged; a replay makes them "
    "identical") {
  law("arbitrary shards", 100, [] {
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    std::array<std::vector<Row>, 3> shards;
    for (const Row& row : rows) shards[*within<std::size_t>(0, 2)].push_back(row);
    Portfolio merged(policy(), landmark);
    for (const auto& shard : shards) merged.merge(folded(shard));
    RC_ASSERT(merged.size() == whole.size());
    const Time now = whole.newest() == no_time ? landmark : whole.newest();
    for (std::uint32_t i = 0; i < merged.size(); ++i) {
      const std::uint32_t k = *whole.find(merged.id(i));
      const Relationship a = merged.state(i, now);
      const Relationship b = whole.state(k, now);
      for (int s = 0; s < sum_count; ++s)
        RC_ASSERT(sum_of(a, static_cast<Sum>(s)) == sum_of(b, static_cast<Sum>(s)));
      RC_ASSERT(a.events == b.events);
      RC_ASSERT(a.spend == b.spend);
      RC_ASSERT(a.ladder.purchases == b.ladder.purchases);
      RC_ASSERT(a.open_requests == b.open_requests);
      RC_ASSERT(a.first_event == b.first_event);
      RC_ASSERT(a.ladder.newest == b.ladder.newest);
      RC_ASSERT(merged.role(i) == whole.role(k));
      int holders = 0;
      for (const auto& shard : shards)
        holders += std::any_of(shard.begin(), shard.end(),
                               [&](const Row& row) { return row.relationship == merged.id(i); });
      if (holders < 2) RC_ASSERT(!a.ladder.has(position_unset));
      // Quality is a function of the sums alone.
      if (now != no_time) {
        const AsOf at = merged.at(now);
        RC_ASSERT(merged.assess(i, at).plug_in == whole.assess(k, whole.at(now)).plug_in);
        if (a.ladder.has(position_unset)) RC_ASSERT(!merged.assess(i, at).standing.exact);
      }
    }
    const Counts before = counts(merged.books());
    merged.replay(loyalty_tests::Table(shuffled(rows)));
    RC_ASSERT(merged.bytes() == whole.bytes());
    RC_ASSERT(counts(merged.books()) == before);
  });
}

TEST_CASE("late chunks keep sums exact and flag; a replay makes them identical") {
  law("chunks in any order", 80, [] {
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    Portfolio p(policy(), landmark);
    for (const auto& chunk : shuffled(chunks(rows))) apply_rows(p, chunk);
    const Time now = whole.newest() == no_time ? landmark : whole.newest();
    for (std::uint32_t i = 0; i < p.size(); ++i)
      for (int s = 0; s < sum_count; ++s)
        RC_ASSERT(sum_of(p.state(i, now), static_cast<Sum>(s)) ==
                  sum_of(whole.state(*whole.find(p.id(i)), now), static_cast<Sum>(s)));
    p.replay(loyalty_tests::Table(rows));
    RC_ASSERT(p.bytes() == whole.bytes());
  });
  law("a replay of some relationships of a keyed log", 80, [] {
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(rows);
    Portfolio p = folded(rows);
    std::vector<Row> some;
    for (const Row& row : rows)
      if (shard_of(row.relationship) != 1) some.push_back(row);
    p.replay(loyalty_tests::Table(shuffled(some)));
    RC_ASSERT(p.bytes() == whole.bytes());
    RC_ASSERT(counts(p.books()) == counts(whole.books()));
  });
}

TEST_CASE("a retraction in the call equals a log that never had the row") {
  law("retracted rows are absent", 80, [] {
    auto rows = any_rows({.bad_rows = false});
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].event_id = "e" + std::to_string(i);
    log_rows(rows);
    std::vector<Row> kept;
    std::vector<Row> all = rows;
    for (const Row& row : rows) {
      if (*within(0, 3) != 0) {
        kept.push_back(row);
        continue;
      }
      Row back{.relationship = row.relationship,
               .event = {.kind = Kind::retraction, .time = landmark}};
      back.refers_to = row.event_id;
      all.push_back(back);
      if (*rc::gen::arbitrary<bool>()) all.push_back(row);  // a repeat is taken back with it
    }
    const Portfolio a = folded(shuffled(all), true);
    const Portfolio b = folded(kept, true);
    RC_ASSERT(a.bytes() == b.bytes());
    RC_ASSERT(a.books().scored == b.books().scored);
  });
}

TEST_CASE("retracting plain rows in a later call leaves the sums of a log that never had them") {
  law("retract", 80, [] {
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    std::vector<Row> kept;
    std::vector<Row> back;
    for (const Row& row : rows) (*within(0, 3) == 0 ? back : kept).push_back(row);
    Portfolio p = folded(rows);
    const Books books = p.retract(loyalty_tests::Table(back));
    RC_ASSERT(balanced(books));
    // What only time or an item decides needs a replay, and says so.
    std::vector<Row> rest = kept;
    std::size_t next = 0;
    for (std::size_t i = 0; i < back.size(); ++i) {
      const bool refused =
          next < books.rejects.size() && books.rejects[next].row == static_cast<std::int64_t>(i);
      if (!refused) continue;
      ++next;
      rest.push_back(back[i]);
    }
    const Portfolio without = folded(rest);
    const Time now = std::max(p.newest() == no_time ? landmark : p.newest(), landmark);
    for (std::uint32_t i = 0; i < p.size(); ++i) {
      const auto k = without.find(p.id(i));
      const Relationship a = p.state(i, now);
      const Relationship b = k ? without.state(*k, now) : Relationship{};
      for (int s = 0; s < sum_count; ++s)
        RC_ASSERT(sum_of(a, static_cast<Sum>(s)) == sum_of(b, static_cast<Sum>(s)));
      RC_ASSERT(a.spend == b.spend);
      RC_ASSERT(a.events == b.events);
      RC_ASSERT(a.ladder.purchases == b.ladder.purchases);
    }
  });
}

TEST_CASE("reads see the rows of the newest second, and change nothing") {
  law("a read equals a fold that has gone on", 100, [] {
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    Portfolio p = folded(rows);
    if (p.newest() == no_time) return;
    const auto before = p.bytes();
    const Time now = p.newest() + *within<Time>(1, 30 * day);
    std::vector<std::array<std::byte, state_bytes>> read;
    for (std::uint32_t i = 0; i < p.size(); ++i) read.push_back(to_bytes(p.state(i, now)));
    (void)p.books();
    RC_ASSERT(p.bytes() == before);
    // Somebody else's row at that second makes the rows of the newest second act.
    const std::uint32_t size = static_cast<std::uint32_t>(p.size());
    apply_rows(p, {{.relationship = "somebody else",
                    .event = {.kind = Kind::cost, .time = now, .amount = 1}}});
    for (std::uint32_t i = 0; i < size; ++i) RC_ASSERT(to_bytes(p.state(i, now)) == read[i]);
  });
}

TEST_CASE("what is read as of a date depends only on what was known by then") {
  law("filtering rows by time is travelling back", 80, [] {
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    const Time now = *within<Time>(landmark, landmark + 11 * day);
    std::vector<Row> known;
    for (const Row& row : rows)
      if (row.event.time <= now) known.push_back(row);
    const Portfolio then = folded(known);
    // No effect stamped later counts.
    for (std::uint32_t i = 0; i < then.size(); ++i) {
      const Relationship r = then.state(i, now);
      RC_ASSERT(r.ladder.newest <= now);
    }
  });
}

namespace {

struct PortfolioModel {
  using State = std::shared_ptr<Portfolio>;
  static std::vector<Row> any_part() { return any_rows({.most = 15, .keys = false}); }
  static State fold(const std::vector<Row>& rows) {
    return std::make_shared<Portfolio>(folded(rows));
  }
  static State merge(const State& a, const State& b) {
    auto m = std::make_shared<Portfolio>(policy(), landmark);
    m->merge(*a);
    m->merge(*b);
    return m;
  }
  static std::pair<std::vector<std::byte>, Counts> bytes(const State& p) {
    return {p->bytes(), counts(p->books())};
  }
  static std::vector<ExactSum> sums(const State& p) {
    std::vector<ExactSum> out;
    const Time now = landmark + 20 * day;
    for (const std::uint32_t i : p->sorted())
      for (int s = 0; s < sum_count; ++s)
        out.push_back(sum_of(p->state(i, now), static_cast<Sum>(s)));
    return out;
  }
};

}  // namespace

TEST_CASE("portfolios merge") { loyalty_tests::merge_laws<PortfolioModel>("a portfolio", 30); }
