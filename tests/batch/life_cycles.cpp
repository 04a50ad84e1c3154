// SPDX-License-Identifier: MIT
/// \file
/// Promises, payments, requests and complaints from opening to end, at every border: what a read shows is
/// what the definition of the table of events says (docs/events.md; DESIGN section 4), however the life is
/// written down in rows, and whatever the calls in which the rows come.
#include <algorithm>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::apply_rows;
using loyalty_tests::balanced;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::skipped;
using loyalty_tests::within;

namespace {

constexpr Time t = utc(2020, 1, 1);
constexpr Time tau = 3600;
constexpr Time grace = 60;

Policy policy() {
  Policy p;
  p.fold.response_target = tau;
  p.fold.promise_grace = grace;
  return p;
}

Row row(Event e, std::string refers_to = {}, std::string who = "a") {
  return {.relationship = std::move(who), .event = e, .refers_to = std::move(refers_to)};
}

/// Applies rows in some chunks that follow time, each shuffled; some rows may meet in one call.
Portfolio folded(const std::vector<Row>& rows) {
  Portfolio p(policy(), t);
  const auto sorted = by_time(rows);
  for (std::size_t start = 0; start < sorted.size();) {
    const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 4));
    const Books books = apply_rows(
        p, shuffled(std::vector<Row>(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                                     sorted.begin() + static_cast<std::ptrdiff_t>(end))));
    RC_ASSERT(balanced(books));
    RC_ASSERT(books.rejects.empty());
    start = end;
  }
  return p;
}

/// Somebody else's row, so that the rows of the newest second act, too.
Row elsewhere(Time when) { return row({.kind = Kind::cost, .time = when, .amount = 1}, {}, "b"); }

ExactSum evidence(const Portfolio& p, Sum sum, double value, Time at) {
  return weighed(evidence_units(value), Grid::evidence, p.rules().fold().clock(sum).tick(at));
}

Relationship read(const Portfolio& p, Time now, const std::string& who = "a") {
  return p.state(p.find(who).value(), now);
}

}  // namespace

TEST_CASE(
    "a promise or payment ends by its due, its grace and its done, however it is written down") {
  law("every writing, every border", 800, [] {
    const Kind kind = *one_of({Kind::promise, Kind::payment});
    const Time due = t + *within<Time>(-200, 400);
    const Time limit = due + grace;
    const double stake = *one_of({1.0, 0.0625, 2.5});
    const bool ends = *within(0, 3) != 0;
    const Time done = ends ? *one_of<Time>({due, limit - 1, limit, limit + 1, limit + 2,
                                            *within<Time>(t - 200, t + 600)})
                           : no_time;
    const Time known = ends ? done : limit;
    // When the end is told: before it comes, in its second, later; perhaps after it counted as broken.
    const Time told = std::max(t, *one_of<Time>({known, known - 1, known + 1, limit, limit + 1,
                                                 limit + 2, *within<Time>(t, t + 600)}));
    const int writing = ends ? *within(0, 2) : *within(3, 4);
    std::vector<Row> rows;
    const auto opening = [&](Time when, Time end) {
      return Event{.kind = kind, .time = when, .value = stake, .due = due, .done = end};
    };
    switch (writing) {
      case 0:
        rows = {row(opening(told, done))};
        break;
      case 1:
        rows = {row(opening(told, done), "k")};
        break;
      case 2:
        rows = {row(opening(t, no_time), "k"),
                row({.kind = kind, .time = told, .value = *one_of({no_value, 7.0}), .done = done},
                    "k")};
        break;
      case 3:
        rows = {row(opening(t, no_time))};
        break;
      default:
        rows = {row(opening(t, no_time), "k")};
        break;
    }
    const bool whole = writing <= 1;
    const Time newest = ends ? told : t;
    const Time now = std::max(newest, *one_of<Time>({newest, known, known - 1, limit, limit + 1,
                                                     *within<Time>(newest, t + 1200)}));
    if (*rc::gen::arbitrary<bool>()) rows.push_back(elsewhere(now));
    RC_LOG() << "due " << due << " limit " << limit << " now " << now << '\n';
    log_rows(rows);
    const Portfolio p = folded(rows);
    const Relationship r = read(p, now);

    ExactSum kept;
    ExactSum bad;
    ExactSum grave;
    int events = 0;
    if (ends && done <= now) {
      (done <= limit ? kept : bad) = evidence(p, Sum::promises_kept, stake, done);
      events = 1;
    } else if (now > limit) {
      grave = evidence(p, Sum::promises_grave, stake, limit + 1);
      events = 1;
    }
    RC_ASSERT(r.promises_kept == kept);
    RC_ASSERT(r.promises_broken == bad);
    RC_ASSERT(r.promises_grave == grave);
    RC_ASSERT(r.events == events);
    RC_ASSERT(r.ladder.newest <= now);
    RC_ASSERT(r.empty() == (events == 0));
    RC_ASSERT(p.books().scored == static_cast<std::int64_t>(rows.size()));
    // Told in one row at once, the first and last event are those of the definition, too.
    if (whole && ends && done <= now) {
      RC_ASSERT(r.first_event == (done <= limit ? done : limit + 1));
      RC_ASSERT(r.ladder.newest == done);
    }
    // A read is not an act.
    RC_ASSERT(to_bytes(read(p, now)) == to_bytes(r));
  });
}

TEST_CASE("a request waits, is answered or expires, however it is written down") {
  law("every writing, every border", 800, [] {
    const Time opened = t;
    const Time expiry = opened + 30 * tau;
    const bool answers = *within(0, 3) != 0;
    const Time answered = answers ? *one_of<Time>({opened, opened + 1, expiry - 1, expiry,
                                                   expiry + 1, *within<Time>(opened, expiry + 50)})
                                  : no_time;
    const bool again = answers && *rc::gen::arbitrary<bool>();
    const bool keyed = *rc::gen::arbitrary<bool>();
    std::vector<Row> rows;
    if (keyed || !answers)
      rows.push_back(row({.kind = Kind::request, .time = opened}, keyed ? "k" : ""));
    if (answers)
      rows.push_back(
          row({.kind = Kind::response, .time = answered, .since = keyed ? no_time : opened},
              keyed ? "k" : ""));
    // A second answer changes nothing.
    if (again && keyed)
      rows.push_back(
          row({.kind = Kind::response, .time = answered + *one_of<Time>({0, 1, 9 * tau})}, "k"));
    const Time newest = std::max_element(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
                          return a.event.time < b.event.time;
                        })->event.time;
    const Time now = std::max(newest, *one_of<Time>({newest, expiry - 1, expiry, expiry + 1,
                                                     *within<Time>(newest, newest + 40 * tau)}));
    if (*rc::gen::arbitrary<bool>()) rows.push_back(elsewhere(now));
    RC_LOG() << "expiry " << expiry << " now " << now << '\n';
    log_rows(rows);
    const Portfolio p = folded(rows);
    const Relationship r = read(p, now);

    const bool in_time = answers && answered <= expiry;
    const bool expired = !in_time && now >= expiry;
    const FoldRules& by = p.rules().fold();
    ExactSum rn;
    ExactSum rx;
    if (in_time) {
      rn = evidence(p, Sum::answered, 1, answered);
      rx = weighed(duration_units(answered - opened, tau), Grid::duration,
                   by.clock(Sum::answer_time).tick(answered));
    } else if (expired) {
      rx = weighed(30 * 256, Grid::duration, by.clock(Sum::answer_time).tick(expiry));
    }
    RC_ASSERT(r.answered == rn);
    RC_ASSERT(r.answer_time == rx);
    const bool open = !in_time && !expired;
    RC_ASSERT(r.open_requests == (open ? 1 : 0));
    RC_ASSERT(r.open_time == (open ? opened : 0));
    const bool requested = keyed || !answers;
    RC_ASSERT(r.events == (requested ? 1 : 0) + (open ? 0 : 1));
    RC_ASSERT(r.ladder.newest <= now);
    // What found nothing open is skipped: the second answer, and one after the 30 targets.
    const int late = keyed && answers && !in_time ? 1 : 0;
    RC_ASSERT(skipped(p.books(), Skip::nothing_open) == late + (again && keyed ? 1 : 0));
    RC_ASSERT(balanced(p.books()));
  });
}

TEST_CASE("opener and closer of one second meet, in any order of rows and across a call") {
  struct Case {
    std::string what;
    Row opener;
    Row closer;
  };
  const Case cases[] = {{"request", row({.kind = Kind::request, .time = t}, "k"),
                         row({.kind = Kind::response, .time = t}, "k")},
                        {"complaint", row({.kind = Kind::complaint, .time = t}, "k"),
                         row({.kind = Kind::resolution, .time = t}, "k")},
                        {"promise", row({.kind = Kind::promise, .time = t, .due = t + 9}, "k"),
                         row({.kind = Kind::promise, .time = t, .done = t}, "k")},
                        {"payment", row({.kind = Kind::payment, .time = t, .due = t - 999}, "k"),
                         row({.kind = Kind::payment, .time = t, .done = t}, "k")}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto bytes = [](const std::vector<std::vector<Row>>& calls) {
      Portfolio p(policy());
      for (const auto& call : calls) apply_rows(p, call);
      CHECK(p.books().skipped_total() == 0);
      const Relationship r = p.state(0, t);
      CHECK(r.open_requests == 0);
      CHECK(r.open_complaints == 0);
      // A later stamp makes them act for good: nothing stays open.
      const auto waiting = p.bytes();
      apply_rows(p, {elsewhere(t + 1)});
      CHECK(p.books().skipped_total() == 0);
      CHECK(p.open_items() == 0);
      CHECK(to_bytes(p.state(0, t + 1)) == to_bytes(r));
      return waiting;
    };
    const auto expected = bytes({{c.opener, c.closer}});
    CHECK(bytes({{c.closer, c.opener}}) == expected);
    CHECK(bytes({{c.opener}, {c.closer}}) == expected);
    CHECK(bytes({{c.closer}, {c.opener}}) == expected);
  }
}

TEST_CASE("a key can be used again once its item is closed") {
  Portfolio p(policy());
  const auto sums = [&](Time now) { return read(p, now); };
  // Requests: open, answered, open again, answered again.
  for (const Time at : {t, t + 100}) {
    apply_rows(p, {row({.kind = Kind::request, .time = at}, "k")});
    CHECK(sums(at).open_requests == 1);
    apply_rows(p, {row({.kind = Kind::response, .time = at + 10}, "k")});
    CHECK(sums(at + 10).open_requests == 0);
  }
  CHECK(evidence_of(sums(t + 110), p.at(t + 110)).responsiveness.answered == doctest::Approx(2));
  // Complaints: each has one resolution of its own.
  for (const Time at : {t + 200, t + 300}) {
    apply_rows(p, {row({.kind = Kind::complaint, .time = at}, "k"),
                   row({.kind = Kind::complaint, .time = at + 5}, "k")});
    CHECK(sums(at + 5).open_complaints == 1);
    apply_rows(p, {row({.kind = Kind::resolution, .time = at + 10}, "k"),
                   row({.kind = Kind::resolution, .time = at + 11}, "k")});
    CHECK(sums(at + 11).open_complaints == 0);
  }
  CHECK(evidence_of(sums(t + 311), p.at(t + 311)).trust.kept == doctest::Approx(2));
  CHECK(evidence_of(sums(t + 311), p.at(t + 311)).trust.grave == doctest::Approx(4));
  // Promises: one that is said to be done in the future is closed at once for its key, and ends by itself.
  apply_rows(p, {row({.kind = Kind::promise, .time = t + 400, .value = 2, .due = t + 500}, "k")});
  apply_rows(p, {row({.kind = Kind::promise, .time = t + 410, .done = t + 550}, "k")});
  apply_rows(p, {row({.kind = Kind::promise, .time = t + 420, .value = 4, .due = t + 900}, "k")});
  apply_rows(
      p, {row({.kind = Kind::promise, .time = t + 430, .done = t + 430}, "k"), elsewhere(t + 431)});
  CHECK(skipped(p.books(), Skip::already_open) == 0);
  CHECK(evidence_of(sums(t + 549), p.at(t + 549)).trust.kept == doctest::Approx(2 + 4));
  CHECK(evidence_of(sums(t + 550), p.at(t + 550)).trust.kept == doctest::Approx(2 + 4 + 2));
  CHECK(sums(t + 10000).promises_broken.zero());
  CHECK(evidence_of(sums(t + 10000), p.at(t + 10000)).trust.grave ==
        doctest::Approx(4).epsilon(1e-3));
  CHECK(skipped(p.books(), Skip::nothing_open) == 2);  // the two second resolutions
}

TEST_CASE("a key is one item for each relationship and kind") {
  Portfolio p(policy());
  std::vector<Row> openers;
  for (const char* who : {"a", "b"}) {
    openers.push_back(row({.kind = Kind::request, .time = t}, "k", who));
    openers.push_back(row({.kind = Kind::complaint, .time = t}, "k", who));
    openers.push_back(row({.kind = Kind::promise, .time = t, .due = t + 50}, "k", who));
    openers.push_back(row({.kind = Kind::payment, .time = t, .due = t + 50}, "k", who));
  }
  openers.push_back(row({.kind = Kind::cost, .time = t + 1, .amount = 1}, {}, "c"));
  apply_rows(p, openers);
  CHECK(p.open_items() == 8);
  apply_rows(
      p, {row({.kind = Kind::resolution, .time = t + 2}, "k", "a"),
          row({.kind = Kind::payment, .time = t + 2, .done = t + 2}, "k", "b"), elsewhere(t + 3)});
  CHECK(p.open_items() == 6);
  const Relationship a = read(p, t + 3, "a");
  const Relationship b = read(p, t + 3, "b");
  CHECK(a.open_complaints == 0);
  CHECK(a.open_requests == 1);
  CHECK(b.open_complaints == 1);
  CHECK(b.open_requests == 1);
  // Only a's resolution and b's payment are good outcomes.
  CHECK(a.promises_kept == evidence(p, Sum::promises_kept, 1, t + 2));
  CHECK(b.promises_kept == evidence(p, Sum::promises_kept, 1, t + 2));
  // Much later a's promise and payment are broken, and b's promise alone.
  CHECK(evidence_of(read(p, t + 200, "a"), p.at(t + 200)).trust.grave ==
        doctest::Approx(1 + 2).epsilon(1e-3));
  CHECK(evidence_of(read(p, t + 200, "b"), p.at(t + 200)).trust.grave ==
        doctest::Approx(1 + 1).epsilon(1e-3));
}

TEST_CASE("what closes nothing leaves no trace but in the books") {
  const Row closers[] = {row({.kind = Kind::response, .time = t + 5}, "k"),
                         row({.kind = Kind::resolution, .time = t + 5}, "k"),
                         row({.kind = Kind::promise, .time = t + 5, .done = t + 5}, "k"),
                         row({.kind = Kind::payment, .time = t + 5, .done = t + 5}, "k")};
  for (const Row& closer : closers) {
    CAPTURE(name(closer.event.kind));
    Portfolio p(policy());
    apply_rows(p, {row({.kind = Kind::contact, .time = t, .side = Side::them})});
    const auto before = to_bytes(p.state(0, t + 9));
    apply_rows(p, {closer});
    CHECK(skipped(p.books(), Skip::nothing_open) ==
          1);  // counted even while it could still find one
    CHECK(p.books().scored == 1);
    CHECK(to_bytes(p.state(0, t + 9)) == before);
    apply_rows(p, {elsewhere(t + 9)});
    CHECK(skipped(p.books(), Skip::nothing_open) == 1);
    CHECK(p.books().scored == 2);
    CHECK(to_bytes(p.state(0, t + 9)) == before);
    CHECK(p.newest() == t + 9);
  }
}

TEST_CASE("requests are counted against us as they age: every open second of every open request") {
  law("the age of what is open", 200, [] {
    std::vector<Row> rows;
    const int count = *within(1, 6);
    Time age = 0;
    const Time now = t + *within<Time>(0, 29 * tau);
    for (int i = 0; i < count; ++i) {
      const Time opened = t + *within<Time>(0, now - t);
      const std::string key = "k" + std::to_string(i);
      rows.push_back(row({.kind = Kind::request, .time = opened}, key));
      if (*rc::gen::arbitrary<bool>())
        rows.push_back(row({.kind = Kind::response, .time = *within<Time>(opened, now)}, key));
      else
        age += now - opened;
    }
    log_rows(rows);
    const Portfolio p = folded(rows);
    const Evidence e = evidence_of(read(p, now), p.at(now));
    RC_ASSERT(e.responsiveness.open_time == static_cast<double>(age) / double{tau});
  });
}

TEST_CASE("a promise that is closed in the very second it would break was never broken") {
  // Rows of one second act together: at due + grace + 1 s it is known to have been kept in time.
  for (const Time told : {t + 100 + grace, t + 101 + grace, t + 102 + grace}) {
    Portfolio p(policy());
    apply_rows(p, {row({.kind = Kind::promise, .time = t, .due = t + 100}, "k")});
    apply_rows(
        p, {row({.kind = Kind::promise, .time = told, .done = t + 100}, "k"), elsewhere(told + 1)});
    const Relationship r = read(p, told + 1);
    CAPTURE(told - t);
    CHECK(r.promises_kept == evidence(p, Sum::promises_kept, 1, t + 100));
    CHECK(r.promises_grave.zero());
    CHECK(r.events == 1);
    // A second later it did count as broken, which is not forgotten.
    CHECK(r.ladder.newest == (told <= t + 101 + grace ? t + 100 : t + 101 + grace));
  }
}
