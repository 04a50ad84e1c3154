// SPDX-License-Identifier: MIT
/// \file
/// A portfolio that was saved goes on as if it had never been; what was forgotten was never there; a new landmark
/// changes no score; corrections are what a better informed past would have known.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "batch/any_rows.hpp"

using namespace loyalty;
using loyalty_tests::any_rows;
using loyalty_tests::apply_rows;
using loyalty_tests::by_time;
using loyalty_tests::law;
using loyalty_tests::log_rows;
using loyalty_tests::one_of;
using loyalty_tests::Row;
using loyalty_tests::shuffled;
using loyalty_tests::Table;
using loyalty_tests::within;

namespace {

constexpr Time from = 18000 * day;
constexpr Time to = from + 10 * day;  // of LogShape

Portfolio saved_and_read(const Portfolio& p) {
  Portfolio copy = Portfolio::from_bytes(p.bytes(), p.policy());
  copy.restore(p.kept_books(), p.marked(), p.corrections());
  return copy;
}

bool same_books(const Books& a, const Books& b) {
  return a.read == b.read && a.scored == b.scored && a.skipped == b.skipped &&
         a.set_aside == b.set_aside && a.repeats == b.repeats;
}

std::string words(const Books& b) {
  std::string text = std::to_string(b.read) + " read, " + std::to_string(b.scored) + " scored, " +
                     std::to_string(b.repeats) + " repeats";
  for (std::size_t i = 0; i < b.skipped.size(); ++i)
    if (b.skipped[i] != 0)
      text += ", " + std::to_string(b.skipped[i]) + " " + std::string(skip_names[i]);
  for (std::size_t i = 0; i < b.set_aside.size(); ++i)
    if (b.set_aside[i] != 0)
      text += ", " + std::to_string(b.set_aside[i]) + " " + std::string(code_names[i]);
  return text;
}

std::vector<std::vector<Row>> cut(const std::vector<Row>& rows) {
  const auto sorted = by_time(rows);
  std::vector<std::vector<Row>> parts;
  for (std::size_t start = 0; start < sorted.size();) {
    const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 12));
    parts.emplace_back(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                       sorted.begin() + static_cast<std::ptrdiff_t>(end));
    start = end;
  }
  return parts;
}

}  // namespace

TEST_CASE("portfolio bytes: saved and read between any two calls, it goes on as it was") {
  law("save, read, go on", 250, [] {
    const auto rows = any_rows({.currencies = *rc::gen::arbitrary<bool>()});
    log_rows(rows);
    Policy policy;
    if (*rc::gen::arbitrary<bool>()) policy.currency = "EUR";
    Portfolio whole(policy, from);
    Portfolio nightly(policy, from);
    try {
      for (const auto& night : cut(rows)) {
        whole.apply(Table(night));
        nightly.apply(Table(shuffled(night)));
        nightly = saved_and_read(nightly);
        RC_ASSERT(nightly.bytes() == whole.bytes());
        RC_ASSERT(nightly.newest() == whole.newest());
        RC_ASSERT(nightly.currency() == whole.currency());
        RC_LOG() << "books " << words(nightly.books()) << "\n  for " << words(whole.books())
                 << '\n';
        RC_ASSERT(same_books(nightly.books(), whole.books()));
      }
    } catch (const MismatchError&) {  // two currencies in the first second
      return;
    }
    const Time now = std::max(whole.newest() == no_time ? from : whole.newest(), from) + day;
    const AsOf at = whole.at(now);
    const AsOf also = nightly.at(now);
    for (std::uint32_t i = 0; i < whole.size(); ++i) {
      const auto k = nightly.find(whole.id(i));
      RC_ASSERT(k.has_value());
      RC_ASSERT(whole.assess(i, at).plug_in == nightly.assess(*k, also).plug_in);
      RC_ASSERT(whole.role(i) == nightly.role(*k));
      RC_ASSERT(whole.set_aside(i) == nightly.set_aside(*k));
      RC_ASSERT(whole.contacts(i) == nightly.contacts(*k));
    }
  });
}

TEST_CASE("portfolio bytes: whoever was forgotten was never there") {
  law("forget", 200, [] {
    const auto rows = any_rows({.bad_rows = false});
    log_rows(rows);
    const std::array<std::string_view, 3> names = {"anna", "17", "nobody"};
    std::vector<Row> others;
    for (const Row& row : rows)
      if (row.relationship != "anna" && row.relationship != "17") others.push_back(row);
    Portfolio p(Policy{}, from);
    apply_rows(p, rows);
    const std::size_t before = p.size();
    const std::size_t gone = p.forget(names);
    RC_ASSERT(p.size() == before - gone);
    RC_ASSERT(!p.find("anna") && !p.find("17"));
    Portfolio without(Policy{}, from);
    apply_rows(without, others);
    // What the log as a whole has shown stays: its newest second and the kinds seen.
    const auto more = any_rows({.from = to, .to = to + day, .bad_rows = false});
    apply_rows(p, more);
    apply_rows(without, more);
    const Time now = to + 2 * day;
    for (std::uint32_t i = 0; i < without.size(); ++i) {
      const auto k = p.find(without.id(i));
      RC_ASSERT(k.has_value());
      RC_ASSERT(to_bytes(p.state(*k, now)) == to_bytes(without.state(i, now)));
    }
    RC_ASSERT(p.size() == without.size());
    const auto bytes = p.bytes();
    if (!std::any_of(more.begin(), more.end(),
                     [](const Row& row) { return row.relationship == "anna"; })) {
      const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      RC_ASSERT(text.find("anna") == std::string::npos);
    }
  });
}

TEST_CASE("portfolio bytes: a landmark that moves on and back, changes nothing that can be seen") {
  law("rebase", 200, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    Portfolio p(Policy{}, from);
    apply_rows(p, rows);
    Portfolio moved = saved_and_read(p);
    const Time landmark = from + *within<Time>(-10, 25) * 365 * day;
    moved.rebase(landmark);
    RC_ASSERT(moved.rules().landmark() == landmark);
    // As a log folded at the later landmark: the sums are the same but for a rounding of 2^-57 of a unit each.
    const Time now = std::max(p.newest() == no_time ? from : p.newest(), from) + day;
    const AsOf at = p.at(now);
    const AsOf by = moved.at(now);
    for (std::uint32_t i = 0; i < p.size(); ++i) {
      const auto k = moved.find(p.id(i));
      const Assessment a = p.assess(i, at);
      const Assessment b = moved.assess(*k, by);
      RC_ASSERT(std::abs(a.plug_in - b.plug_in) < 1e-9);
      RC_ASSERT(a.standing.position.rung == b.standing.position.rung);
    }
    // Earlier and back is exact: nothing is rounded where sums are multiplied.
    Portfolio there = saved_and_read(p);
    there.rebase(from - 3 * 365 * day);
    there.rebase(from);
    RC_ASSERT(there.bytes() == p.bytes());
  });
}

TEST_CASE("portfolio bytes: rebase refuses a landmark whose window the rows are beyond") {
  Portfolio p(Policy{}, from);
  p.apply("anna", {.kind = Kind::purchase, .time = from, .amount = 5});
  const auto before = p.bytes();
  CHECK_THROWS_WITH_AS(p.rebase(from - 40 * 365 * day),
                       doctest::Contains("choose a later landmark"), WindowError);
  CHECK(p.bytes() == before);
}

TEST_CASE("corrections: an earlier state with them is the fold of all that is stamped by then") {
  law("late rows and retractions behind a mark", 250, [] {
    auto rows = any_rows({.keys = false, .bad_rows = false});
    // What a late row leaves open is not known to have been late when time reaches it.
    std::erase_if(rows, [](const Row& row) {
      return row.event.kind == Kind::promise || row.event.kind == Kind::payment ||
             row.event.kind == Kind::request;
    });
    log_rows(rows);
    const Time mark = *within<Time>(from, to);
    std::vector<Row> known;       // by the mark, and on time
    std::vector<Row> afterwards;  // newer rows, and late ones
    std::vector<Row> truth;       // what is stamped by the mark, without what is taken back
    std::vector<Row> back;
    for (const Row& row : rows) {
      const bool on_time = row.event.time <= mark && *within(0, 2) != 0;
      (on_time ? known : afterwards).push_back(row);
      if (row.event.time > mark) continue;
      if (on_time && *within(0, 4) == 0)
        back.push_back(row);
      else
        truth.push_back(row);
    }
    Portfolio earlier(Policy{}, from);
    apply_rows(earlier, known);
    Portfolio later = saved_and_read(earlier);
    later.mark(mark);
    for (const auto& night : cut(afterwards)) {
      later.apply(Table(night));
      later = saved_and_read(later);
    }
    const Books taken = later.retract(Table(back));
    for (const Reject& reject : taken.rejects)
      truth.push_back(back[static_cast<std::size_t>(reject.row)]);
    Portfolio should(Policy{}, from);
    apply_rows(should, truth);
    RC_LOG() << "mark " << mark << "\nafterwards ";
    log_rows(afterwards);
    RC_LOG() << "back ";
    log_rows(back);
    for (std::uint32_t i = 0; i < should.size(); ++i) {
      const auto was = earlier.find(should.id(i));
      Relationship is = was ? earlier.state(*was, earlier.newest()) : Relationship{};
      const auto k = later.find(should.id(i));
      RC_ASSERT(k.has_value());
      if (const auto correction = later.correction(*k)) is = corrected(is, *correction);
      const Relationship expected = should.state(i, should.newest());
      RC_LOG() << "known on time " << known.size() << ", taken back " << back.size()
               << " of which refused " << taken.rejects.size() << ", " << should.id(i) << '\n';
      for (int s = 0; s < sum_count; ++s) {
        RC_LOG() << name(static_cast<Sum>(s)) << '\n';
        RC_ASSERT(sum_of(is, static_cast<Sum>(s)) == sum_of(expected, static_cast<Sum>(s)));
      }
      RC_ASSERT(is.events == expected.events);
      RC_ASSERT(is.ladder.purchases == expected.ladder.purchases);
      RC_ASSERT(is.spend == expected.spend);
    }
  });
}

TEST_CASE("contact profiles: counts, whatever the order, the shards and what is taken back") {
  law("contacts", 150, [] {
    std::vector<Row> rows = any_rows({.keys = false, .bad_rows = false});
    for (Row& row : rows) {
      if (*rc::gen::arbitrary<bool>()) continue;
      row.event = {
          .kind = Kind::contact, .time = row.event.time, .side = *one_of({Side::us, Side::them})};
      row.personal = *one_of<std::uint8_t>({0, 1, EventColumns::absent});
      row.answered = *one_of<std::uint8_t>({0, 1, EventColumns::absent});
      if (*rc::gen::arbitrary<bool>()) {
        row.event.rating = *within(1, 5);
        row.event.scale_low = 1;
        row.event.scale_high = 5;
      }
    }
    log_rows(rows);
    Portfolio whole(Policy{}, from);
    apply_rows(whole, rows);
    std::array<std::vector<Row>, 2> shards;
    for (const Row& row : rows) shards[*within<std::size_t>(0, 1)].push_back(row);
    Portfolio merged(Policy{}, from);
    for (const auto& shard : shards) {
      Portfolio part(Policy{}, from);
      apply_rows(part, shuffled(shard));
      merged.merge(part);
    }
    for (std::uint32_t i = 0; i < whole.size(); ++i) {
      ContactProfile slow;
      int personal = 0;
      double places = 0;
      int rated = 0;
      for (const Row& row : rows) {
        if (row.relationship != whole.id(i) || row.event.kind != Kind::contact) continue;
        (row.event.side == Side::us ? slow.from_us : slow.from_them) += 1;
        personal += row.personal == 1 ? 1 : 0;
        if (std::isnan(row.event.rating) || std::isnan(row.event.scale_low)) continue;
        const double place =
            (row.event.rating - row.event.scale_low) / (row.event.scale_high - row.event.scale_low);
        if (!(place >= 0 && place <= 1)) continue;
        places += place;
        ++rated;
      }
      const ContactProfile is = whole.contacts(i);
      RC_ASSERT(is.from_us == slow.from_us);
      RC_ASSERT(is.from_them == slow.from_them);
      RC_ASSERT(is.personal == personal);
      RC_ASSERT(is.rated == rated);
      if (rated > 0) RC_ASSERT(std::abs(figures(is, to).quality - places / rated) < 1e-5);
      RC_ASSERT(merged.contacts(*merged.find(whole.id(i))) == is);
    }
    // Taken back in another call, the counts are gone.
    std::vector<Row> contacts;
    for (const Row& row : rows)
      if (row.event.kind == Kind::contact) contacts.push_back(row);
    RC_ASSERT(whole.retract(Table(contacts)).rejects.empty());
    for (std::uint32_t i = 0; i < whole.size(); ++i) RC_ASSERT(whole.contacts(i).contacts() == 0);
  });
}

TEST_CASE("contact profiles: figures by hand") {
  ContactProfile p;
  CHECK(std::isnan(figures(p, to).per_month));
  p.add({.time = from, .side = Side::us, .personal = 1, .answered = 0});
  p.add({.time = from + 20 * day,
         .side = Side::them,
         .personal = 1,
         .rating = 4,
         .scale_low = 1,
         .scale_high = 5});
  p.add({.time = from + 30 * day, .side = Side::us, .personal = 0, .answered = 1});
  const ContactFigures f = figures(p, from + 60 * day);
  CHECK(f.per_month == doctest::Approx(1.5));  // 3 in 60 days
  CHECK(f.share_from_us == doctest::Approx(2.0 / 3));
  CHECK(f.share_personal == doctest::Approx(2.0 / 3));
  CHECK(f.share_answered == doctest::Approx(0.5));
  CHECK(f.quality == doctest::Approx(0.75));
}
