// SPDX-License-Identifier: MIT
/// \file
/// Counts every allocation of the test program: folding and assessing make none.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "batch/rows.hpp"

namespace {
std::atomic<long> allocations{0};  // NOLINT: what operator new counts

// Not inlined, or the compiler sees malloc behind `new` and warns of mismatches.
[[gnu::noinline]] void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = nullptr;
  if (alignment <= alignof(std::max_align_t))
    memory = std::malloc(size == 0 ? 1 : size);
  else if (posix_memalign(&memory, alignment, size) != 0)
    memory = nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void release(void* memory) noexcept { std::free(memory); }
}  // namespace

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new[](std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
// What the standard library's temporary buffers use; the others must match, or sanitizers object.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size, 1);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return operator new(size, nothrow);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

using namespace loyalty;
using loyalty_tests::Row;
using loyalty_tests::Table;

namespace {

/// Allocations that a piece of work makes.
template <class Work>
long counted(Work&& work) {
  const long before = allocations;
  work();
  return allocations - before;
}

constexpr Time t = utc(2020, 1, 1);
const std::string long_key = "a key that does not fit into a short string";

/// One event of every kind, sound.
std::vector<Event> every_kind(Time at) {
  std::vector<Event> events;
  for (int i = 0; i < kind_count - 1; ++i) {
    Event e{
        .kind = static_cast<Kind>(i), .time = at, .value = 1, .amount = 5, .margin = 1, .cost = 1};
    e.scale_low = 0;
    e.scale_high = 2;
    e.due = at;
    e.done = at;
    e.until = at + day;
    e.since = at - 10;
    events.push_back(e);
  }
  return events;
}

}  // namespace

TEST_CASE("the counter counts") {
  CHECK(counted([] { (void)std::string(100, 'x'); }) == 1);
  CHECK(counted([] { (void)std::vector<Relationship>(3); }) == 1);
}

TEST_CASE("apply, retract, merge and assess on a state allocate nothing") {
  const Rules rules(Policy{}, t);
  const auto events = every_kind(t);
  Relationship r;
  Relationship other;
  Assessment a;
  CHECK(counted([&] {
          for (const Event& e : events) (void)apply(r, e, rules);
          for (const Event& e : events) (void)retract(other, e, rules);
          r = merge(r, Relationship{});
        }) == 0);
  CHECK(r.events == static_cast<std::int32_t>(events.size()));
  CHECK(counted([&] {
          const AsOf at = rules.at(t + 30 * day);
          a = assess(r, at, rules, Role::distributor);
          (void)assess_brief(r, at, rules.scorer(Role::agent));
          (void)interval(a.parameters.trust);
          (void)falls_if_quiet(r.ladder, a.rung(), rules.fold().ladder);
          (void)to_bytes(r);
        }) == 0);
  CHECK(a.grade != EvidenceGrade::none);
}

TEST_CASE("a portfolio allocates only for what is new: relationships, open items, rejects") {
  Portfolio p(Policy{}, t);
  const auto rows_at = [](Time at, bool openers, bool closers) {
    std::vector<Row> rows;
    for (const char* who : {"17", "anna", "somebody with a long name"}) {
      if (openers) {
        rows.push_back({who, {.kind = Kind::request, .time = at}, long_key});
        rows.push_back({who, {.kind = Kind::promise, .time = at, .due = at + day}, long_key});
        rows.push_back({who, {.kind = Kind::complaint, .time = at}, long_key});
      } else if (closers) {
        rows.push_back({who, {.kind = Kind::response, .time = at}, long_key});
        rows.push_back({who, {.kind = Kind::promise, .time = at, .done = at}, long_key});
        rows.push_back({who, {.kind = Kind::resolution, .time = at}, long_key});
      } else {
        for (const Event& e : every_kind(at))
          if (e.kind != Kind::request && e.kind != Kind::resolution) rows.push_back({who, e});
      }
    }
    return rows;
  };
  // Everybody known, and the buffers for the rows of a second grown to their size.
  for (const Time at : {t, t + 10}) {
    p.apply(Table(rows_at(at, true, false)));
    p.apply(Table(rows_at(at + 1, false, true)));
    p.apply(Table(rows_at(at + 2, false, false)));
  }
  const Table plain(rows_at(t + 100, false, false));
  const Table openers(rows_at(t + 101, true, false));
  const Table closers(rows_at(t + 102, false, true));
  const Table later(rows_at(t + 103, false, false));
  CHECK(counted([&] { p.apply(plain); }) == 0);
  p.apply(openers);
  CHECK(p.books().rejects.empty());
  CHECK(counted([&] { p.apply(closers); }) <=
        9);  // the openers of the newest second act here: 9 new items
  CHECK(counted([&] { p.apply(later); }) == 0);  // and here the closers
  CHECK(p.open_items() == 0);
  const AsOf at = p.at(t + 200);
  CHECK(counted([&] {
          for (std::uint32_t i = 0; i < p.size(); ++i) (void)p.assess(i, at);
        }) == 0);
  CHECK(p.books().set_aside_total() == 0);
  CHECK(p.books().skipped_total() == 0);
}

TEST_CASE(
    "one event at a time: no allocation for those who are known, nor for an answer that closes") {
  Portfolio p(Policy{}, t);
  const auto events = every_kind(t + 1000);
  for (const Event& e : every_kind(t)) (void)p.apply("somebody with a long name", e, "");
  // The buffers for the rows of a second grow once.
  for (const Time at : {t + 10, t + 20}) {
    (void)p.apply("somebody with a long name", {.kind = Kind::request, .time = at}, long_key);
    (void)p.apply("somebody with a long name", {.kind = Kind::response, .time = at + 1}, long_key);
    (void)p.apply("somebody with a long name", {.kind = Kind::cost, .time = at + 2, .amount = 1},
                  "");
  }
  for (const Event& e : events) {
    // A request without a key is an item of its own, and a resolution without one is a reject.
    if (e.kind == Kind::request || e.kind == Kind::resolution) continue;
    CAPTURE(name(e.kind));
    CHECK(counted([&] { (void)p.apply("somebody with a long name", e, ""); }) == 0);
  }
  (void)p.apply("somebody with a long name", {.kind = Kind::request, .time = t + 2000}, long_key);
  (void)p.apply("somebody with a long name", {.kind = Kind::cost, .time = t + 2001, .amount = 1},
                "");
  CHECK(counted([&] {
          (void)p.apply("somebody with a long name", {.kind = Kind::response, .time = t + 2002},
                        long_key);
          (void)p.apply("somebody with a long name",
                        {.kind = Kind::cost, .time = t + 2003, .amount = 1}, "");
        }) == 0);
  CHECK(p.open_items() == 1);  // the request without a key, which only time closes
}

TEST_CASE("an assessment allocates nothing while items are open") {
  Portfolio p(Policy{}, t);
  std::vector<Row> rows;
  for (const char* who : {"anna", "somebody with a long name"}) {
    rows.push_back({who, {.kind = Kind::request, .time = t}, long_key});
    rows.push_back({who, {.kind = Kind::promise, .time = t, .due = t + day}, long_key});
    rows.push_back({who, {.kind = Kind::promise, .time = t, .due = t + day, .done = t + 2 * day}});
    rows.push_back({who, {.kind = Kind::complaint, .time = t}, long_key});
    rows.push_back({who, {.kind = Kind::purchase, .time = t + 1}});
  }
  p.apply(Table(rows));
  REQUIRE(p.open_items() == 8);
  for (const Time now : {t + 1, t + day + 1, t + 2 * day, t + 40 * day}) {
    CAPTURE(now - t);
    CHECK(counted([&] {
            const AsOf at = p.at(now);
            for (std::uint32_t i = 0; i < p.size(); ++i) (void)p.assess(i, at);
          }) == 0);
  }
}

TEST_CASE("an assessment allocates nothing while rows of the newest second wait") {
  Portfolio p(Policy{}, t);
  std::vector<Row> rows;
  for (const char* who : {"anna", "somebody with a long name"}) {
    rows.push_back({who, {.kind = Kind::request, .time = t}, long_key});
    rows.push_back({who, {.kind = Kind::promise, .time = t, .due = t + day}, long_key});
    rows.push_back({who, {.kind = Kind::complaint, .time = t}, long_key});
    rows.push_back({who, {.kind = Kind::response, .time = t + 1}, long_key});
    rows.push_back({who, {.kind = Kind::promise, .time = t + 1, .done = t + 1}, long_key});
    rows.push_back({who, {.kind = Kind::resolution, .time = t + 1}, long_key});
  }
  p.apply(Table(rows));
  for (const Time now : {t + 1, t + 40 * day}) {
    CAPTURE(now - t);
    CHECK(counted([&] {
            const AsOf at = p.at(now);
            for (std::uint32_t i = 0; i < p.size(); ++i) (void)p.assess(i, at);
          }) == 0);
  }
}
