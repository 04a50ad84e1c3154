// SPDX-License-Identifier: MIT
/// \file
/// The same rows give the same portfolio to the bit under any policy: half-lives so short that rungs are
/// lost within the log, logs across the start of the staircase, both perspectives, other effects. And a
/// position that is not flagged is the one that in-order arrival gives.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

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
using loyalty_tests::Table;
using loyalty_tests::within;

namespace {

constexpr Time from = 18000 * day;
constexpr Time to = from + 10 * day;  // of LogShape

struct Rulebook {
  Policy policy;
  Time landmark;
};

Rulebook any_rulebook() {
  Rulebook b;
  FoldOptions& f = b.policy.fold;
  HalfLives& h = f.half_lives;
  const auto length = [] { return *one_of<Time>({10 * 3600, day, 3 * day, 7 * day, 365 * day}); };
  h.purchases = length();
  h.support = h.advocacy = h.partnership = h.purchases;
  if (*rc::gen::arbitrary<bool>()) {
    h.support = length();
    h.advocacy = length();
    h.partnership = length();
  }
  if (*rc::gen::arbitrary<bool>()) h.trust = h.responses = h.reciprocity = length();
  f.response_target = *one_of<Time>({1, 7200, day});
  f.promise_grace = *one_of<Time>({0, 1, 3600});
  f.perspective = *one_of({Side::us, Side::us, Side::them});
  f.minor_digits = *within(0, 4);
  if (*rc::gen::arbitrary<bool>()) {
    f.effects.contact_support = *one_of({0.0, 0.25, 2.0});
    f.effects.promise_broken = *one_of({0.0, 0.3, 3.0});
    f.effects.purchase_elsewhere = *one_of({0.0, 0.5});
    f.effects.attendance_advocacy = 0.75;
  }
  b.policy.currency = "EUR";
  const Time shortest = std::min(
      {h.purchases, h.support, h.advocacy, h.partnership, h.trust, h.responses, h.reciprocity});
  // The staircase starts 30 of the ladder's shortest half-life before the landmark.
  const Time ladder_shortest = std::min({h.purchases, h.support, h.advocacy, h.partnership});
  switch (*within(0, 2)) {
    case 0:
      b.landmark = to;
      break;
    case 1:
      b.landmark = from;
      break;
    default:
      b.landmark = from + 5 * day + 30 * ladder_shortest;
      break;
  }
  // Rows newer than the window are refused; keep the whole log inside.
  if (to + 2 * day > b.landmark + 30 * shortest) b.landmark = to;
  return b;
}

void log(const Rulebook& b) {
  const HalfLives& h = b.policy.fold.half_lives;
  RC_LOG() << "landmark " << b.landmark << " half-lives " << h.purchases << ' ' << h.support << ' '
           << h.advocacy << ' ' << h.partnership << " trust " << h.trust << " target "
           << b.policy.fold.response_target << " grace " << b.policy.fold.promise_grace
           << (b.policy.fold.perspective == Side::them ? " them" : " us") << '\n';
}

Portfolio empty(const Rulebook& b) { return Portfolio(b.policy, b.landmark); }

Portfolio folded(const Rulebook& b, const std::vector<Row>& rows) {
  Portfolio p = empty(b);
  RC_ASSERT(balanced(apply_rows(p, rows)));
  return p;
}

std::vector<std::vector<Row>> chunks(const std::vector<Row>& rows) {
  const auto sorted = by_time(shuffled(rows));
  std::vector<std::vector<Row>> parts;
  for (std::size_t start = 0; start < sorted.size();) {
    const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 9));
    parts.push_back(shuffled(std::vector<Row>(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                                              sorted.begin() + static_cast<std::ptrdiff_t>(end))));
    start = end;
  }
  return parts;
}

Time date_for(const Portfolio& p, const Rulebook& b) {
  return std::max(p.newest() == no_time ? b.landmark : p.newest(), b.landmark - 10 * 3600);
}

/// Sums and counters of everybody as of a date agree to the bit, and so do the qualities; a position that
/// is not flagged is the true one.
void same_but_for_flagged_positions(const Portfolio& is, const Portfolio& should, Time now) {
  const AsOf at = is.at(now);
  const AsOf by = should.at(now);
  for (std::uint32_t i = 0; i < is.size(); ++i) {
    const auto k = should.find(is.id(i));
    const Relationship a = is.state(i, now);
    const Relationship b = k ? should.state(*k, now) : Relationship{};
    RC_LOG() << is.id(i) << '\n';
    for (int s = 0; s < sum_count; ++s)
      RC_ASSERT(sum_of(a, static_cast<Sum>(s)) == sum_of(b, static_cast<Sum>(s)));
    RC_ASSERT(a.events == b.events);
    RC_ASSERT(a.spend == b.spend);
    RC_ASSERT(a.money == b.money);
    RC_ASSERT(a.ladder.purchases == b.ladder.purchases);
    RC_ASSERT(a.open_requests == b.open_requests);
    RC_ASSERT(a.open_time == b.open_time);
    RC_ASSERT(a.open_complaints == b.open_complaints);
    if (!k) continue;
    // Under one role and one set of observed kinds, which are no sums: a row taken back has been seen.
    const Assessment x = assess(a, at, is.rules());
    const Assessment y = assess(b, by, should.rules());
    // The longest contract, once taken back, is an extreme: flagged, and gone after a replay.
    if (a.ladder.contract_until == b.ladder.contract_until)
      RC_ASSERT(x.standing.band == y.standing.band);
    else
      RC_ASSERT(!x.standing.exact);
    RC_ASSERT(x.plug_in == y.plug_in);
    if (!x.standing.exact) {
      RC_ASSERT(x.standing.position.since == no_time);
      RC_ASSERT(x.standing.position.rung == x.standing.band.clamp(x.standing.position.rung));
      RC_ASSERT(x.standing.position.peak >= x.standing.position.rung);
      continue;
    }
    RC_ASSERT(y.standing.exact);
    RC_ASSERT(x.standing.position == y.standing.position);
    if (y.standing.at_least) RC_ASSERT(x.standing.at_least);
  }
}

}  // namespace

TEST_CASE("under any policy, order within calls, chunks and shards leave no trace in the bytes") {
  law("any policy", 250, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.currencies = *rc::gen::arbitrary<bool>()});
    log_rows(rows);
    const Portfolio whole = folded(book, rows);
    RC_ASSERT(folded(book, shuffled(rows)).bytes() == whole.bytes());
    Portfolio chunked = empty(book);
    for (const auto& chunk : chunks(rows)) RC_ASSERT(balanced(apply_rows(chunked, chunk)));
    RC_ASSERT(chunked.bytes() == whole.bytes());
    std::array<std::vector<Row>, 3> shards;
    for (const Row& row : rows) shards[row.relationship.size() % 3].push_back(row);
    Portfolio merged = empty(book);
    for (const auto& shard : shards) {
      Portfolio part = empty(book);
      for (const auto& chunk : chunks(shard)) apply_rows(part, chunk);
      merged.merge(part);
    }
    RC_ASSERT(merged.bytes() == whole.bytes());
    // Equal bytes are equal futures: what comes next acts alike.
    const auto more = any_rows({.from = to, .to = to + 2 * day - 1, .most = 20});
    for (Portfolio* p : {&chunked, &merged})
      for (const auto& chunk : chunks(more)) apply_rows(*p, chunk);
    Portfolio on = folded(book, rows);
    apply_rows(on, more);
    RC_ASSERT(chunked.bytes() == on.bytes());
    RC_ASSERT(merged.bytes() == on.bytes());
    // And as of any later date.
    const Time now =
        std::min(date_for(on, book) + *within<Time>(0, 2 * day), on.rules().fold().window_end);
    same_but_for_flagged_positions(chunked, on, now);
  });
}

TEST_CASE("late rows: sums stay exact, and a position without a flag is that of in-order arrival") {
  law("chunks in any order", 250, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(book, rows);
    Portfolio late = empty(book);
    for (const auto& chunk : shuffled(chunks(rows))) apply_rows(late, chunk);
    same_but_for_flagged_positions(late, whole, date_for(whole, book));
    late.replay(Table(shuffled(rows)));
    RC_ASSERT(late.bytes() == whole.bytes());
  });
}

TEST_CASE("arbitrary shards: sums stay exact, and a position without a flag is that of the whole") {
  law("rows dealt to three portfolios", 250, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(book, rows);
    std::array<std::vector<Row>, 3> shards;
    for (const Row& row : rows) shards[*within<std::size_t>(0, 2)].push_back(row);
    Portfolio merged = empty(book);
    for (const auto& shard : shards) merged.merge(folded(book, shard));
    same_but_for_flagged_positions(merged, whole, date_for(whole, book));
    merged.replay(Table(shuffled(rows)));
    RC_ASSERT(merged.bytes() == whole.bytes());
  });
}

TEST_CASE(
    "rows taken back: sums as if they had never been, and a position without a flag is the true "
    "one") {
  law("retract", 250, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.keys = false, .bad_rows = false});
    log_rows(rows);
    std::vector<Row> kept;
    std::vector<Row> back;
    for (const Row& row : rows) (*within(0, 3) == 0 ? back : kept).push_back(row);
    Portfolio p = folded(book, rows);
    const Books books = p.retract(Table(back));
    RC_ASSERT(balanced(books));
    // What was refused (only time or an item decides it) is still there.
    for (const Reject& reject : books.rejects)
      kept.push_back(back[static_cast<std::size_t>(reject.row)]);
    const Portfolio without = folded(book, kept);
    same_but_for_flagged_positions(p, without, date_for(p, book));
  });
}

TEST_CASE("a read in the middle of a log, or a note of the reader, changes nothing that follows") {
  law("reads between calls", 100, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    Portfolio quiet = empty(book);
    Portfolio read = empty(book);
    for (const auto& chunk : chunks(rows)) {
      apply_rows(quiet, chunk);
      apply_rows(read, chunk);
      if (read.newest() == no_time || read.newest() < book.landmark - 10 * 3600) continue;
      const AsOf at =
          read.at(std::min(read.newest() + *within<Time>(0, day), read.rules().fold().window_end));
      for (std::uint32_t i = 0; i < read.size(); ++i) (void)read.assess(i, at);
      (void)read.books();
      (void)read.retract(EventColumns{});  // folds away what nothing can change any more
    }
    RC_ASSERT(read.bytes() == quiet.bytes());
  });
}

TEST_CASE("items split between shards or told of late: a replay makes the portfolio identical") {
  law("any rows, arbitrary shards, chunks in any order", 150, [] {
    const Rulebook book = any_rulebook();
    log(book);
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    const Portfolio whole = folded(book, rows);
    Portfolio p = empty(book);
    if (*rc::gen::arbitrary<bool>()) {
      std::array<std::vector<Row>, 3> shards;
      for (const Row& row : rows) shards[*within<std::size_t>(0, 2)].push_back(row);
      for (const auto& shard : shards) p.merge(folded(book, shard));
    } else {
      for (const auto& chunk : shuffled(chunks(rows))) apply_rows(p, chunk);
    }
    const Books books = p.replay(Table(shuffled(rows)));
    RC_ASSERT(balanced(books));
    RC_ASSERT(p.bytes() == whole.bytes());
  });
}

TEST_CASE("a promise and its end in different shards: what is read is right, or flagged") {
  // Sums cannot be right before a replay, since neither shard could join the two. Unflagged they may not be.
  const Time t = from;
  const auto row = [](Event e) { return Row{.relationship = "a", .event = e, .refers_to = "k"}; };
  struct Case {
    std::string what;
    Row opener;
    Row closer;
  };
  const Case cases[] = {{"promise", row({.kind = Kind::promise, .time = t, .due = t + 100}),
                         row({.kind = Kind::promise, .time = t + 50, .done = t + 50})},
                        {"request", row({.kind = Kind::request, .time = t}),
                         row({.kind = Kind::response, .time = t + 50})},
                        {"complaint", row({.kind = Kind::complaint, .time = t}),
                         row({.kind = Kind::resolution, .time = t + 50})}};
  const Row other{.relationship = "b", .event = {.kind = Kind::cost, .time = t + 60, .amount = 1}};
  const auto portfolio = [](const std::vector<Row>& rows) {
    Portfolio p(Policy{}, from);
    (void)apply_rows(p, rows);
    return p;
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Portfolio whole = portfolio({c.opener, c.closer, other});
    const Time now = t + 200;
    const auto right_or_flagged = [&](const Portfolio& p) {
      const std::uint32_t a = *p.find("a");
      const bool exact = p.assess(a, p.at(now)).standing.exact;
      const bool right = to_bytes(p.state(a, now)) == to_bytes(whole.state(*whole.find("a"), now));
      CHECK((right || !exact));
    };
    Portfolio merged = portfolio({c.opener, other});
    merged.merge(portfolio({c.closer}));
    right_or_flagged(merged);
    // The same where the closer comes in an earlier call.
    Portfolio late = portfolio({c.closer, other});
    (void)apply_rows(late, {c.opener});
    right_or_flagged(late);
  }
}

TEST_CASE(
    "a late answer counts alike, whether or not the expired request was folded away meanwhile") {
  const Time t = from;
  const auto folded_after = [&](bool tidied) {
    Portfolio p(Policy{.fold = {.response_target = 60}}, from);
    (void)apply_rows(
        p, {{.relationship = "a", .event = {.kind = Kind::request, .time = t}, .refers_to = "k"},
            {.relationship = "b", .event = {.kind = Kind::cost, .time = t + day, .amount = 1}}});
    if (tidied) (void)p.retract(EventColumns{});  // as many open items would
    (void)apply_rows(p, {{.relationship = "a",
                          .event = {.kind = Kind::response, .time = t + 30},
                          .refers_to = "k"}});
    return p;
  };
  CHECK(folded_after(true).bytes() == folded_after(false).bytes());
}
