// SPDX-License-Identifier: MIT
#include <loyalty/scoring/describe.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/ladder/labels.hpp>
#include <loyalty/policy.hpp>

using namespace loyalty;

namespace {

constexpr Time now = 700 * day;

constexpr Time on(double days) { return static_cast<Time>(days * double{day}); }

Event event(Kind kind, double days) {
  Event e;
  e.kind = kind;
  e.time = on(days);
  return e;
}
Event event(Kind kind, double days, double value) {
  Event e = event(kind, days);
  e.value = value;
  return e;
}

Relationship fold(std::vector<Event> events, const Rules& rules) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  Relationship r;
  for (const Event& e : events) REQUIRE(apply(r, e, rules) == Code::ok);
  return r;
}

/// The worked example of docs/model.md: a distributor as of day 700.
std::vector<Event> worked_example() {
  std::vector<Event> events;
  for (const double d : {10., 90., 180., 260., 400., 520., 600., 690.})
    events.push_back(event(Kind::purchase, d));
  const auto promise = [&](double time, double due, double done) {
    Event e = event(Kind::promise, time);
    e.due = on(due);
    e.done = on(done);
    events.push_back(e);
  };
  for (const double d : {12., 93., 262., 402., 523., 601., 692.}) promise(d, d, d);
  promise(183, 184, 185);
  events.push_back(event(Kind::complaint, 186));
  events.push_back(event(Kind::resolution, 188));
  for (const auto& [opened, answered] : {std::pair{40., 41.25}, std::pair{500., 500.5}}) {
    events.push_back(event(Kind::response, answered));
    events.back().since = on(opened);
  }
  events.push_back(event(Kind::request, 698));
  events.push_back(event(Kind::contact, 120));
  events.back().side = Side::them;
  events.push_back(event(Kind::review, 150));
  events.push_back(event(Kind::review, 640));
  events.push_back(event(Kind::participation, 480));
  events.push_back(event(Kind::gift, 200, 3));
  events.push_back(event(Kind::gift, 310, 2));
  for (const double d : {300., 560.}) events.push_back(event(Kind::referral, d, 2));
  for (const double d : {450., 660.}) events.push_back(event(Kind::suggestion, d, 2));
  events.push_back(event(Kind::contract, 330));
  events.back().until = on(1060);
  events.push_back(event(Kind::concession, 340, 1));
  events.push_back(event(Kind::concession, 430, 0));
  for (const double d : {365., 580.}) events.push_back(event(Kind::guarantee, d, 1));
  return events;
}

std::string explain(const Relationship& r, const Rules& rules, Role role, const ExplainNames& names,
                    Lit lit = {}) {
  const AsOf at = rules.at(now);
  return describe(assess(r, at, rules, role, lit), r, at, rules.scorer(role), names);
}

std::string gap(const std::vector<Event>& events, const Rules& rules, bool contracts = false) {
  const Relationship r = fold(events, rules);
  const AsOf at = rules.at(now);
  return describe_gap(r, at, at.standing(r), contracts);
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto width = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    });
    widest = std::max(widest, static_cast<std::size_t>(width));
  }
  return widest;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The text with every run of spaces and line ends as one space.
std::string flowed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const char d = c == '\n' ? ' ' : c;
    if (d != ' ' || (!out.empty() && out.back() != ' ')) out += d;
  }
  return out;
}

}  // namespace

TEST_CASE("describe: the worked example") {
  const Rules rules(Policy{}, now);
  const Relationship r = fold(worked_example(), rules);
  // Numbers: docs/model.md, Worked example.
  CHECK(explain(r, rules, Role::distributor, {.id = "dealer-7", .role = "distributor"}) ==
        R"(dealer-7 (distributor), as of 1971-12-02

Rung       partner since 1971-03-27, its peak so far
Quality    69.9 of 100 (5-95 %: 53.7 .. 80.6); a stranger has 70.6
Evidence   strong, coverage 0.58

                  mean  5-95 %    points  rests on
  commitment      0.76  0.58-0.90   +3.3  1.6 guarantees kept, 0 breached;
                                          contract until 1972-11-26
  responsiveness  0.50  0.25-0.76   -4.4  1.0 requests answered, which waited
                                          0.7 d in all; 1 open, waiting 2.0 d
                                          (target 1 d); 0.5 concessions granted,
                                          0.6 refused
  reciprocity     0.72  0.31-0.98   +1.2  2.1 points from us, 7.5 from them;
                                          probability that we give more: 5 %
  trust           0.78  0.57-0.93   -0.8  outcomes of promises, payments and
                                          complaints: 5.9 good, 0.6 bad, 0.6
                                          grave; 0.82 with grave failures
                                          counted once

Next step  answer the open request: +2.1 points
Outlook    if nothing more happens: supporter on 1973-08-20, client on
           1974-05-19, buyer on 1974-06-29
Careful    The share of wallet is waived: no purchase elsewhere is known.
)");
}

TEST_CASE("describe: labels of any language, at most 80 columns") {
  const Rules rules(Policy{}, now);
  const Relationship r = fold(worked_example(), rules);
  for (const RungLabels& language : rung_languages) {
    const std::string text = explain(r, rules, Role::distributor,
                                     {.id = "x", .role = "distributor", .rungs = language.labels});
    CHECK(has(text, language.labels[5]));
    CHECK(has(text, language.labels[1]));
    CHECK(widest_line(text) <= 80);
  }
}

TEST_CASE("describe: what the log cannot show") {
  const Rules rules(Policy{}, now);
  Observed promises;
  promises.see(Kind::promise);
  const std::string text = flowed(
      explain(fold(worked_example(), rules), rules, Role::distributor, {.id = "x"}, Lit(promises)));
  CHECK(has(text, "Rung not known: this log records no purchases"));
  CHECK(has(text,
            "commitment not recorded in this log; these kinds would show it: guarantee, contract, "
            "survey of commitment"));
  CHECK(has(
      text,
      "responsiveness not recorded in this log; these kinds would show it: response, concession"));
  CHECK(has(text,
            "reciprocity not recorded in this log; these kinds would show it: gift, together with "
            "participation, review, referral, suggestion or co_creation"));
  CHECK(has(text, "trust 0.78 0.57-0.93"));
  CHECK_FALSE(has(text, "Outlook"));
  CHECK_FALSE(has(text, "waived"));
}

TEST_CASE("describe: without enough evidence there is no quality, and it says what would help") {
  const Rules rules(Policy{}, now);
  const Relationship r = fold({event(Kind::purchase, 600)}, rules);
  const std::string consumer = flowed(explain(r, rules, Role::consumer, {.id = "new"}));
  CHECK(has(
      consumer,
      "new (consumer), as of 1971-12-02 Rung buyer since 1971-08-24, its peak so far "
      "Next rung client: 1 more purchase "
      "Quality none yet: coverage 0.00 is below the policy's 0.05 "
      "What would help: promises and payments with a due date, complaints (trust); guarantees kept "
      "(commitment); requests and their answers, concessions (responsiveness); gifts, reviews, "
      "referrals, suggestions (reciprocity). "));
  CHECK(has(consumer, "trust 0.80 0.47-0.99 no evidence yet"));
  CHECK_FALSE(has(consumer, "Next step"));
  const std::string agent = flowed(explain(r, rules, Role::agent, {.id = "new", .role = "agent"}));
  CHECK(has(agent, "guarantees kept, a contract (commitment)"));
  CHECK(has(agent, "Next rung client: 1 more purchase, or a contract"));
}

TEST_CASE("describe: generosity beyond balance is said to lower reciprocity") {
  const Rules rules(Policy{}, now);
  const std::vector<Event> events = {event(Kind::purchase, 600), event(Kind::gift, 610, 5)};
  const std::string text = flowed(explain(fold(events, rules), rules, Role::agency, {.id = "x"}));
  CHECK(has(text, "4.2 points from us, 0 from them; probability that we give more: 97 %"));
  CHECK(has(
      text,
      "Balance We give more than half: generosity beyond balance lowers reciprocity, and one more "
      "gift would lower it further."));
  CHECK_FALSE(has(explain(fold(worked_example(), rules), rules, Role::distributor, {.id = "x"}),
                  "Balance"));
  // Seen from the other side, the same gift is one that they received.
  Policy supplier;
  supplier.fold.perspective = Side::them;
  const Rules theirs(supplier, now);
  const std::string other =
      flowed(explain(fold(events, theirs), theirs, Role::supplier, {.id = "x"}));
  CHECK(has(other, "as of 1971-12-02; their conduct toward us"));
  CHECK(has(other, "0 points from them, 4.2 from us; probability that they give more: 3 %"));
  CHECK_FALSE(has(other, "Balance"));
  CHECK(has(other, "Their step"));
}

TEST_CASE("describe: flags in plain words") {
  const Rules rules(Policy{}, now);
  const Relationship r = fold(worked_example(), rules);
  const Relationship other = fold({event(Kind::purchase, 610)}, rules);

  const std::string one = flowed(explain(r, rules, Role::distributor, {.id = "x", .set_aside = 1}));
  CHECK(has(one,
            "Careful 1 row of this relationship was set aside: every number here may be off, "
            "either way."));
  CHECK(has(explain(r, rules, Role::distributor, {.id = "x", .set_aside = 12}),
            "12 rows of this relationship were"));

  const std::string merged =
      flowed(explain(merge(r, other), rules, Role::distributor, {.id = "x"}));
  CHECK(has(
      merged,
      "Histories were merged: the evidence says partner; a replay gives the rung and its date."));
  CHECK_FALSE(has(merged, "since"));

  Relationship late = fold({event(Kind::purchase, 100), event(Kind::purchase, 600)}, rules);
  REQUIRE(apply(late, event(Kind::purchase, 300), rules) == Code::ok);
  const std::string out_of_order = flowed(explain(late, rules, Role::consumer, {.id = "x"}));
  CHECK(
      has(out_of_order, "Events came late or were taken back: the evidence says client; a replay"));

  // Half-lives of a day: the staircase starts 30 days before the landmark.
  Policy fast;
  for (Time* h : {&fast.fold.half_lives.purchases, &fast.fold.half_lives.support,
                  &fast.fold.half_lives.advocacy, &fast.fold.half_lives.partnership})
    *h = day;
  const Rules short_lived(fast, now);
  const std::string old = flowed(explain(fold({event(Kind::purchase, 600)}, short_lived),
                                         short_lived, Role::consumer, {.id = "x"}));
  CHECK(has(old, "or earlier"));
  CHECK(has(old,
            "Old events were summed but not followed along the ladder: peak and date are bounds."));
}

TEST_CASE("describe: peak above the present rung, and odd identifiers") {
  const Rules rules(Policy{}, now);
  const Relationship r = fold({event(Kind::purchase, -900), event(Kind::purchase, -899)}, rules);
  const std::string text = explain(r, rules, Role::consumer, {.id = "a\n\x1b[31mb"});
  CHECK(has(text, "a??[31mb (consumer)"));
  CHECK(has(text, "Rung       buyer since "));
  CHECK(has(text, ", was client at its peak\n"));
  CHECK_FALSE(has(text, "Outlook"));
}

TEST_CASE("describe: an empty relationship") {
  const Rules rules(Policy{}, now);
  const std::string text = explain(Relationship{}, rules, Role::consumer, {.id = "x"});
  CHECK(has(text, "Rung       prospect\nNext rung  buyer: a first purchase\nQuality    none yet"));
}

TEST_CASE("describe: gap to the next rung") {
  const Rules rules(Policy{}, now);
  std::vector<Event> events;
  CHECK(gap(events, rules) == "a first purchase");
  events.push_back(event(Kind::purchase, -300));
  // 2^-(1000/365) = 0.15 purchases are left: two more are needed.
  CHECK(gap(events, rules) == "regularity 0.14 of 1.50: 2 more purchases");
  CHECK(gap(events, rules, true) == "regularity 0.14 of 1.50: 2 more purchases, or a contract");
  events.push_back(event(Kind::purchase, 690));
  CHECK(gap(events, rules) == "regularity 1.13 of 1.50: 1 more purchase");
  CHECK(gap({event(Kind::purchase, 690)}, rules) == "1 more purchase");
  events.push_back(event(Kind::purchase, 695));
  CHECK(gap(events, rules) == "support 0.00 of 0.75: 2 contacts from them, or one review");
  // A contact at now is exactly 0.5.
  Event contact = event(Kind::contact, 700);
  contact.side = Side::them;
  events.push_back(contact);
  CHECK(gap(events, rules) == "support 0.50 of 0.75: one contact from them, or one review");
  events.push_back(contact);
  CHECK(gap(events, rules) == "advocacy 0.00 of 0.75: one referral, or one event attended");
  events.push_back(event(Kind::purchase_elsewhere, 695));
  CHECK(gap(events, rules) ==
        "advocacy 0.00 of 0.75: one referral, or one event attended; and "
        "share of wallet 68 % of the 80 % needed");
  events.push_back(event(Kind::referral, 699));
  CHECK(gap(events, rules) == "share of wallet 68 % of the 80 % needed");
  for (const double d : {696., 697., 698.}) events.push_back(event(Kind::purchase, d));
  CHECK(gap(events, rules) ==
        "partnership 0.00 of 0.75: one suggestion, or one piece of work together");
  events.push_back(event(Kind::suggestion, 699));
  CHECK(gap(events, rules).empty());
}

TEST_CASE("describe: the gap follows the policy's effects and criteria") {
  Policy policy;
  policy.fold.effects.contact_support = 0;
  policy.criteria.supporter = {2.125, 1};
  policy.criteria.client = {0.5, 0.25};
  policy.criteria.client_purchases = 5;
  const Rules rules(policy, now);
  CHECK(gap({event(Kind::purchase, 699)}, rules) == "4 more purchases");
  policy.criteria.client_purchases = 1;
  CHECK(gap({event(Kind::purchase, 699)}, Rules(policy, now)) ==
        "support 0.00 of 2.125: 3 reviews");
  policy.fold.effects.review_support = 0;
  CHECK(gap({event(Kind::purchase, 699)}, Rules(policy, now)) == "support 0.00 of 2.125");
  policy.fold.effects.purchase_regularity = 0;
  CHECK(gap({event(Kind::purchase, 699)}, Rules(policy, now), true) ==
        "regularity 0.00 of 0.50, or a contract");
}

TEST_CASE("describe: a value just short of its threshold does not look as if it had reached it") {
  const Rules rules(Policy{}, now);
  std::vector<Event> events = {event(Kind::purchase, 699), event(Kind::purchase, 700)};
  events.push_back(event(Kind::review, 700 - 151.4, 1));  // 2^-(151.4/365) = 0.7501
  REQUIRE(!gap(events, rules).empty());
  CHECK(has(gap(events, rules), "advocacy"));
  events.back().time = on(700 - 151.9);  // 0.7494
  CHECK(gap(events, rules) == "support 0.74 of 0.75: one contact from them, or one review");
}

TEST_CASE("describe: next steps and stable names") {
  CHECK(describe(NextStepPoints{NextStep::answer_request, 2.0553}) ==
        "answer the open request: +2.1 points");
  CHECK(describe(NextStepPoints{NextStep::keep_promise, 0.5844}) == "keep a promise: +0.6 points");
  CHECK(describe(NextStepPoints{NextStep::give_gift, 0.01}) ==
        "give a gift of one point: less than +0.1 points");
  CHECK(describe(NextStepPoints{}).empty());
  CHECK(name(NextStep::none) == "none");
  CHECK(name(NextStep::keep_promise) == "keep_promise");
  CHECK(name(NextStep::grant_concession) == "grant_concession");
  CHECK(name(NextStep::answer_request) == "answer_request");
  CHECK(name(NextStep::resolve_complaint) == "resolve_complaint");
  CHECK(name(NextStep::offer_contract) == "offer_contract");
  CHECK(name(NextStep::give_gift) == "give_gift");
  CHECK(name(EvidenceGrade::fair) == "fair");
  Standing standing{};
  CHECK(next_rung(standing) == Rung::buyer);
  standing.position.rung = Rung::partner;
  CHECK_FALSE(next_rung(standing));
}
