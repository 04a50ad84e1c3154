// SPDX-License-Identifier: MIT
/// \file
/// What the result table shows beside the numbers: a relationship with rows set aside is never shown
/// without that flag and its count (DESIGN section 7, missing), whatever happened to the portfolio since.
#include <loyalty/batch/output.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
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
using loyalty_tests::within;

namespace {

constexpr Time landmark = 18000 * day;

const ResultColumn& column(const ResultTable& table, std::string_view name) {
  const auto it = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const ResultColumn& c) { return c.name == name; });
  if (it == table.columns.end()) throw std::out_of_range(std::string(name));
  return *it;
}
std::string_view text(const ResultTable& table, std::string_view name, std::size_t row) {
  return std::get<TextValues>(column(table, name).values)[row];
}
double number(const ResultTable& table, std::string_view name, std::size_t row) {
  return std::get<std::vector<double>>(column(table, name).values)[row];
}
std::int64_t integer(const ResultTable& table, std::string_view name, std::size_t row) {
  return std::get<std::vector<std::int64_t>>(column(table, name).values)[row];
}

/// The flags of a row as a set of words.
std::set<std::string> flags(const ResultTable& table, std::size_t row) {
  std::set<std::string> words;
  std::string all(text(table, "flags", row));
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find(';', start), all.size());
    words.insert(all.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

/// Rows set aside by relationship, as the rejects of every call tell.
using Counts = std::map<std::string, std::int64_t>;
void count(Counts& counts, const std::vector<Row>& rows, const Books& books) {
  for (const Reject& reject : books.rejects)
    ++counts[rows[static_cast<std::size_t>(reject.row)].relationship];
  counts.erase("");
}

void check_flags(const Portfolio& p, const Counts& counts) {
  const Time now = std::max(p.newest() == no_time ? landmark : p.newest(), landmark);
  const ResultTable table = assess_all(p, now, {.intervals = false});
  std::int64_t with = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const std::string who(text(table, "relationship", i));
    const auto it = counts.find(who);
    const std::int64_t expected = it == counts.end() ? 0 : it->second;
    const auto words = flags(table, i);
    RC_LOG() << who << ": " << expected << " set aside, flags " << text(table, "flags", i) << '\n';
    RC_ASSERT(words.contains("set_aside=" + std::to_string(expected)) == (expected > 0));
    const auto about = [](const std::string& word) { return word.starts_with("set_aside"); };
    RC_ASSERT(std::count_if(words.begin(), words.end(), about) == (expected > 0 ? 1 : 0));
    with += expected > 0 ? 1 : 0;
  }
  RC_ASSERT(table.summary.with_set_aside == with);
  RC_ASSERT(table.summary.relationships == static_cast<std::int64_t>(p.size()));
}

}  // namespace

TEST_CASE("a relationship with rows set aside is never shown without that flag and count") {
  law("through calls, merges, notes and replays", 150, [] {
    const auto rows = any_rows({.currencies = *rc::gen::arbitrary<bool>()});
    log_rows(rows);
    Policy policy;
    policy.currency = "EUR";
    Portfolio p(policy, landmark);
    Counts counts;
    const auto sorted = by_time(rows);
    for (std::size_t start = 0; start < sorted.size();) {
      const auto end = std::min(sorted.size(), start + *within<std::size_t>(1, 15));
      const std::vector<Row> chunk(sorted.begin() + static_cast<std::ptrdiff_t>(start),
                                   sorted.begin() + static_cast<std::ptrdiff_t>(end));
      count(counts, chunk, apply_rows(p, chunk));
      start = end;
    }
    check_flags(p, counts);
    // A reader's count is added, also for somebody of whom nothing else is known.
    for (const char* who : {"17", "nobody else knows her"}) {
      const int n = *within(0, 2);
      for (int i = 0; i < n; ++i) {
        p.note_set_aside(who);
        ++counts[who];
      }
    }
    check_flags(p, counts);
    // Merging adds.
    const auto others = any_rows({});
    Portfolio q(policy, landmark);
    count(counts, others, apply_rows(q, others));
    p.merge(q);
    check_flags(p, counts);
    // A replay of the sound rows alone takes nothing away.
    std::vector<Row> sound;
    for (const Row& row : rows)
      if (row.event.kind == Kind::purchase && row.code == Code::ok && row.relationship == "anna" &&
          row.event.time != no_time && std::isnan(row.event.value) && row.currency.empty() &&
          row.role != EventColumns::unreadable)
        sound.push_back(row);
    RC_ASSERT(p.replay(loyalty_tests::Table(sound)).rejects.empty());
    check_flags(p, counts);
  });
}

TEST_CASE("an out-of-order position is shown with its bounds and without a date") {
  Portfolio p(Policy{}, landmark);
  const auto purchase = [](const char* who, Time at) {
    return Row{.relationship = who, .event = {.kind = Kind::purchase, .time = at}};
  };
  apply_rows(p, {purchase("late", landmark), purchase("on time", landmark)});
  apply_rows(p, {purchase("late", landmark - day), purchase("on time", landmark + day)});
  Portfolio q(Policy{}, landmark);
  apply_rows(q, {purchase("merged", landmark)});
  p.merge(q);
  p.merge(q);
  const ResultTable table = assess_all(p, landmark + day);
  REQUIRE(p.size() == 3);  // late, merged, on time
  CHECK(flags(table, 0).contains("rung_out_of_order"));
  CHECK(flags(table, 0).contains("rung_bounds=client..client"));
  CHECK(integer(table, "rung_since", 0) == no_time);
  CHECK(text(table, "rung", 0) == "client");
  CHECK(flags(table, 1).contains("rung_unset"));
  CHECK(integer(table, "rung_since", 1) == no_time);
  CHECK(flags(table, 2).size() == 4);  // only what the log does not record
  CHECK(integer(table, "rung_since", 2) == landmark + day);
  CHECK(table.summary.inexact_positions == 2);
}

TEST_CASE(
    "below the minimum coverage the quality is null, not a number; so is what the log cannot "
    "show") {
  Portfolio p(Policy{}, landmark);
  apply_rows(p,
             {{.relationship = "a", .event = {.kind = Kind::cost, .time = landmark, .amount = 3}}});
  const ResultTable table = assess_all(p, landmark);
  for (const char* null : {"quality", "quality_low", "quality_high", "next_step_points",
                           "commitment", "responsiveness", "reciprocity", "trust", "commitment_low",
                           "trust_high", "why_commitment", "why_responsiveness", "why_reciprocity",
                           "why_trust", "p_prospect", "p_partner", "margin"}) {
    CAPTURE(std::string(null));
    CHECK(std::isnan(number(table, null, 0)));
  }
  for (const char* empty :
       {"rung", "rung_peak", "next_rung", "next_rung_gap", "next_step", "currency"}) {
    CAPTURE(std::string(empty));
    CHECK(text(table, empty, 0).empty());
  }
  for (const char* null : {"rung_since", "first_purchase", "last_purchase"}) {
    CAPTURE(std::string(null));
    CHECK(integer(table, null, 0) == no_time);
  }
  CHECK(text(table, "evidence", 0) == "none");
  CHECK(number(table, "cost", 0) == doctest::Approx(3).epsilon(1e-3));
  CHECK(integer(table, "events", 0) == 1);
  CHECK(flags(table, 0) == std::set<std::string>{"purchases_unobserved", "commitment_unobserved",
                                                 "responsiveness_unobserved",
                                                 "reciprocity_unobserved", "trust_unobserved"});
}

TEST_CASE("no number of a result is infinite or out of its range, whatever the rows") {
  law("any rows, any date", 100, [] {
    const auto rows = any_rows({});
    log_rows(rows);
    Portfolio p(Policy{}, landmark);
    apply_rows(p, rows);
    const Time now = std::max(p.newest() == no_time ? landmark : p.newest(), landmark) +
                     *one_of<Time>({0, 1, day, 20 * year});
    const ResultTable table = assess_all(p, now);
    for (const ResultColumn& c : table.columns) {
      const auto* numbers = std::get_if<std::vector<double>>(&c.values);
      if (numbers == nullptr) continue;
      const std::string name(c.name);
      for (const double x : *numbers) {
        RC_LOG() << name << " = " << x << '\n';
        RC_ASSERT(!std::isinf(x));
        if (std::isnan(x)) continue;
        if (name.starts_with("quality")) RC_ASSERT(x >= 0 && x <= 100);
        if (name.ends_with("_coverage") || name.starts_with("p_")) RC_ASSERT(x >= 0 && x <= 1);
      }
    }
    for (std::size_t i = 0; i < p.size(); ++i) {
      for (const char* parameter : {"commitment", "responsiveness", "reciprocity", "trust"}) {
        const std::string name(parameter);
        const double low = number(table, name + "_low", i);
        const double high = number(table, name + "_high", i);
        RC_ASSERT(std::isnan(low) == std::isnan(number(table, name, i)));
        if (!std::isnan(low)) RC_ASSERT(0 <= low && low <= high && high <= 1);
      }
      const double low = number(table, "quality_low", i);
      RC_ASSERT(std::isnan(low) == std::isnan(number(table, "quality", i)));
      if (!std::isnan(low)) RC_ASSERT(low <= number(table, "quality_high", i));
    }
  });
}
