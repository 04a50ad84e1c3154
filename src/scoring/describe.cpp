// SPDX-License-Identifier: MIT
#include <loyalty/scoring/describe.hpp>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "words.hpp"

namespace loyalty {
namespace {

using namespace words;

constexpr std::size_t rests_on = 42;  ///< column where a parameter's evidence starts

/// Evidence to one decimal; what is there is never shown as nothing.
std::string amount(double x) {
  if (!(x > 0)) return "0";
  return x < 0.05 ? "<0.1" : fmt::format("{:.1f}", x);
}

void write_count(std::string& out, int n, std::string_view one, std::string_view many) {
  if (n == 1)
    out += "one ";
  else
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{} "), n);
  out += n == 1 ? one : many;
}

std::string span_text(Time seconds) {
  if (seconds % day == 0) return fmt::format("{} d", seconds / day);
  if (seconds % 3600 == 0) return fmt::format("{} h", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

/// A time of waiting, given in targets, in a unit that suits it: "33.5 d".
std::string wait_text(double targets, Time target) {
  const double seconds = targets * static_cast<double>(target);
  if (target % day == 0 || seconds >= double{day}) return amount(seconds / double{day}) + " d";
  if (target % 3600 == 0 || seconds >= 3600) return amount(seconds / 3600) + " h";
  return amount(seconds / 60) + " min";
}

/// What one event of a kind adds to a sum of evidence, on its grid.
double effect_of(double weight) { return static_cast<double>(evidence_units(1, weight)) / 16; }

/// Events of `effect` that lift `now` to `needed`, at least 1; 0 where they never do.
int events_to(double needed, double now, double effect) {
  if (!(effect > 0)) return 0;
  return std::max(1, static_cast<int>(std::ceil((needed - now) / effect - 1e-9)));
}

/// One way to climb.
struct Way {
  double weight;  ///< of the effect
  std::string_view one;
  std::string_view many;
};

/// Writes "support 0.40 of 0.75: one contact from them, or one review".
void write_lacking(std::string& out, std::string_view what, double now, double needed,
                   std::initializer_list<Way> ways) {
  out += what;
  out += ' ';
  write_short_of(out, now);
  out += " of ";
  write_threshold(out, needed);
  std::string_view before = ": ";
  for (const Way& way : ways) {
    const int n = events_to(needed, now, effect_of(way.weight));
    if (n == 0) continue;
    out += std::exchange(before, ", or ");
    write_count(out, n, way.one, way.many);
  }
}

void write_gap_to_client(std::string& out, const Relationship& r, const AsOf& at, bool contracts) {
  const Criteria& c = at.rules().ladder.criteria;
  const double regularity = at.read(r, Sum::purchases);
  const double needed = c.client.enter.value;
  const double effect = effect_of(at.rules().options.effects.purchase_regularity);
  const int by_count = std::max(0, c.client_purchases - r.ladder.purchases);
  const bool regular = detail::ExactEvidence{r.ladder, at.instant()}.at_least(
      LadderStream::purchases, c.client.enter);
  const int by_regularity = regular ? 0 : events_to(needed, regularity, effect);
  const int more = std::max(by_count, by_regularity);
  std::string_view before;
  if (!regular && (by_regularity > by_count || effect <= 0)) {
    out += "regularity ";
    write_short_of(out, regularity);
    out += " of ";
    write_threshold(out, needed);
    before = ": ";
  }
  if (more > 0) {
    out += before;
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{} more "), more);
    out += more == 1 ? "purchase" : "purchases";
  }
  if (contracts) out += ", or a contract";
}

void write_gap_to_advocate(std::string& out, const Relationship& r, const AsOf& at) {
  const Criteria& c = at.rules().ladder.criteria;
  const Effects& e = at.rules().options.effects;
  const detail::ExactEvidence exact{r.ladder, at.instant()};
  const std::size_t start = out.size();
  if (!exact.at_least(LadderStream::advocacy, c.advocate.enter))
    write_lacking(out, "advocacy", at.read(r, Sum::advocacy), c.advocate.enter.value,
                  {{e.referral_advocacy, "referral", "referrals"},
                   {e.attendance_advocacy, "event attended", "events attended"}});
  if (!exact.share_at_least(c.share_of_wallet.enter)) {
    if (out.size() > start) out += "; and ";
    const double ours = std::max(at.read(r, Sum::purchases), 0.0);
    const double all = ours + at.read(r, Sum::elsewhere);
    fmt::format_to(std::back_inserter(out), "share of wallet {:.0f} % of the {:g} % needed",
                   std::floor(all > 0 ? 100 * ours / all : 0), 100 * c.share_of_wallet.enter.value);
  }
}

/// Kinds as they are written in data; a survey with what it must ask about.
std::string kinds_text(Observed observed, std::string_view last = ", ") {
  std::vector<std::string> kinds;
  for (int i = 0; i < kind_count; ++i) {
    const auto kind = static_cast<Kind>(i);
    if (kind == Kind::survey && observed.sees(kind))
      kinds.emplace_back("survey of trust");
    else if (observed.sees(kind))
      kinds.emplace_back(name(kind));
  }
  if (observed.sees_any(observed_commitment_survey)) kinds.emplace_back("survey of commitment");
  if (kinds.size() < 2) return join(kinds, "");
  const std::string end = std::move(kinds.back());
  kinds.pop_back();
  return fmt::format("{}{}{}", join(kinds, ", "), last, end);
}

/// A parameter as it is explained.
struct Line {
  std::string_view name;
  bool lit;
  Parameter parameter;
  double points;
  double weight;
  std::string_view helps;  ///< events that speak about it, in words
  std::vector<std::string> evidence;
};

std::vector<std::string> commitment_evidence(const Assessment& a, const Relationship& r) {
  const CommitmentEvidence& e = a.evidence.commitment;
  std::vector<std::string> parts;
  if (e.kept > 0 || e.breached > 0)
    parts.push_back(
        fmt::format("{} guarantees kept, {} breached", amount(e.kept), amount(e.breached)));
  if (e.contract_days_left >= 0)
    parts.push_back(fmt::format("contract until {}", date_text(r.ladder.contract_until)));
  return parts;
}

std::vector<std::string> responsiveness_evidence(const Assessment& a, Time target) {
  const ResponsivenessEvidence& e = a.evidence.responsiveness;
  std::vector<std::string> parts;
  if (e.answered > 0 || e.answer_time > 0)
    parts.push_back(fmt::format("{} requests answered, which waited {} in all", amount(e.answered),
                                wait_text(e.answer_time, target)));
  if (e.open > 0)
    parts.push_back(fmt::format("{:.0f} open, waiting {}{}", e.open, wait_text(e.open_time, target),
                                e.open > 1 ? " in all" : ""));
  if (!parts.empty()) parts.back() += fmt::format(" (target {})", span_text(target));
  if (e.granted > 0 || e.refused > 0)
    parts.push_back(
        fmt::format("{} concessions granted, {} refused", amount(e.granted), amount(e.refused)));
  return parts;
}

std::vector<std::string> reciprocity_evidence(const Assessment& a, const Scorer& scorer,
                                              bool judges_them) {
  const ReciprocityEvidence& e = a.evidence.reciprocity;
  if (!(e.given > 0 || e.received > 0)) return {};
  const double more = probability_we_give_more(e, scorer.options.reciprocity);
  return {fmt::format("{} points from {}, {} from {}", amount(e.given), judges_them ? "them" : "us",
                      amount(e.received), judges_them ? "us" : "them"),
          fmt::format("probability that {} give more: {:.0f} %", judges_them ? "they" : "we",
                      100 * more)};
}

std::vector<std::string> trust_evidence(const Assessment& a, const Scorer& scorer) {
  const TrustEvidence& e = a.evidence.trust;
  if (!(e.kept > 0 || e.broken > 0 || e.grave > 0)) return {};
  std::vector<std::string> parts = {
      fmt::format("outcomes of promises, payments and complaints: {} good, {} bad, {} grave",
                  amount(e.kept), amount(e.broken), amount(e.grave))};
  if (e.grave > 0) {
    TrustOptions once = scorer.options.trust;
    once.grave_weight = 1;
    parts.push_back(fmt::format("{:.2f} with grave failures counted once", trust(e, once).mean));
  }
  return parts;
}

/// The next gift would lower reciprocity.
bool gives_too_much(const ReciprocityEvidence& e, const ReciprocityOptions& options) {
  const ReciprocityEvidence more{e.given + 1, e.received};
  return e.given > 0 && probability_we_give_more(e, options) > 0.5 &&
         reciprocity(more, options).mean < reciprocity(e, options).mean;
}

void write_rung(std::string& out, const Assessment& a, const Relationship& r, const AsOf& at,
                const Scorer& scorer, const ExplainNames& names) {
  const auto label = [&](Rung k) { return names.rungs[static_cast<std::size_t>(k)]; };
  if (!a.lit.purchases) {
    field(out, "Rung", "not known: this log records no purchases");
    return;
  }
  const Position& p = a.standing.position;
  std::string text(label(p.rung));
  // A prospect from the start has stood there since its first event.
  const Time since = p.since == no_time && r.first_event != never
                         ? std::max(r.first_event, at.rules().ladder.start)
                         : p.since;
  if (a.standing.exact && since != no_time)
    text += fmt::format(" since {}{}", date_text(since), a.standing.at_least ? " or earlier" : "");
  if (p.peak > p.rung)
    text += fmt::format(", was {}{} at its peak", label(p.peak),
                        a.standing.at_least ? " or higher" : "");
  else if (a.standing.exact && p.rung > Rung::prospect)
    text += ", its peak so far";
  field(out, "Rung", text);
  if (const auto next = next_rung(a.standing))
    field(out, "Next rung",
          fmt::format(
              "{}: {}", label(*next),
              describe_gap(r, at, a.standing, scorer.options.commitment.contract_weight > 0)));
}

void write_quality(std::string& out, const Assessment& a, const Scorer& scorer,
                   const std::vector<Line>& lines) {
  if (a.quality()) {
    field(out, "Quality",
          fmt::format("{:.1f} of 100 (5-95 %: {:.1f} .. {:.1f}); a stranger has {:.1f}", a.plug_in,
                      a.interval.low, a.interval.high, a.baseline));
    field(out, "Evidence", fmt::format("{}, coverage {:.2f}", name(a.grade), a.coverage));
    return;
  }
  const double least = scorer.options.quality.minimum_coverage;
  field(out, "Quality",
        fmt::format("none yet: coverage {} is below the policy's {}", short_of(a.coverage),
                    threshold_text(least)));
  std::vector<Line> wanting;
  for (const Line& line : lines)
    if (line.weight > 0 && line.parameter.coverage < least) wanting.push_back(line);
  std::stable_sort(wanting.begin(), wanting.end(),
                   [](const Line& x, const Line& y) { return x.weight > y.weight; });
  std::vector<std::string> helps;
  helps.reserve(wanting.size());
  for (const Line& line : wanting) helps.push_back(fmt::format("{} ({})", line.helps, line.name));
  if (!helps.empty()) field(out, "", "What would help: " + join(helps, "; ") + ".");
}

void write_lines(std::string& out, const std::vector<Line>& lines, bool published) {
  out += fmt::format("\n  {:<15} mean  {:<9} {:>6}  rests on\n", "", "5-95 %",
                     published ? "points" : "");
  const std::array<Light, 5> shown_by = lights();
  for (const Line& line : lines) {
    if (!line.lit) {
      const auto light = std::find_if(shown_by.begin(), shown_by.end(),
                                      [&](const Light& l) { return l.name == line.name; });
      wrap(out, fmt::format("  {:<15}", line.name), 18,
           fmt::format("not recorded in this log; these kinds would show it: {}", light->kinds));
      continue;
    }
    const Interval range = interval(line.parameter);
    wrap(out,
         fmt::format("  {:<15} {:.2f}  {:.2f}-{:.2f} {:>6}", line.name, line.parameter.mean,
                     range.low, range.high, published ? points_text(line.points) : ""),
         rests_on, line.evidence.empty() ? "no evidence yet" : join(line.evidence, "; "));
  }
}

std::string falls_text(const Assessment& a, const Relationship& r, const AsOf& at,
                       const ExplainNames& names) {
  std::vector<std::string> falls;
  const Falls all = falls_if_quiet(r.ladder, a.rung(), at.rules().ladder);
  for (const RungChange* fall = all.begin(); fall != all.end(); ++fall) {
    if (fall + 1 != all.end() && fall[1].time == fall->time) continue;  // passed, not stood on
    falls.push_back(fmt::format("{} on {}", names.rungs[static_cast<std::size_t>(fall->rung)],
                                date_text(fall->time)));
  }
  return join(falls, ", ");
}

/// What a reader must know before using the numbers.
std::vector<std::string> cautions(const Assessment& a, const Relationship& r,
                                  const ExplainNames& names) {
  const auto label = [&](Rung k) { return names.rungs[static_cast<std::size_t>(k)]; };
  std::vector<std::string> all;
  if (names.set_aside > 0)
    all.push_back(fmt::format(
        "{} of this relationship {} set aside: every number here may be off, either way.",
        names.set_aside == 1 ? "1 row" : fmt::format("{} rows", names.set_aside),
        names.set_aside == 1 ? "was" : "were"));
  if (!a.lit.purchases) return all;
  if (!a.standing.exact) {
    const Band& band = a.standing.band;
    const std::string bounds =
        band.enter == band.keep
            ? fmt::format("the evidence says {}", label(band.enter))
            : fmt::format("the evidence allows {} to {}", label(band.enter), label(band.keep));
    all.push_back(fmt::format("{}: {}; a replay gives the rung and its date.",
                              r.ladder.has(position_unset) ? "Histories were merged"
                                                           : "Events came late or were taken back",
                              bounds));
  }
  if (a.standing.at_least)
    all.push_back(
        "Old events were summed but not followed along the ladder: peak and date are bounds.");
  if (a.wallet_waived)
    all.push_back("The share of wallet is waived: no purchase elsewhere is known.");
  return all;
}

}  // namespace

void describe_gap(std::string& out, const Relationship& r, const AsOf& at, const Standing& standing,
                  bool contracts) {
  const Criteria& c = at.rules().ladder.criteria;
  const Effects& e = at.rules().options.effects;
  switch (standing.position.rung) {
    case Rung::prospect:
      out += "a first purchase";
      break;
    case Rung::buyer:
      write_gap_to_client(out, r, at, contracts);
      break;
    case Rung::client:
      write_lacking(out, "support", at.read(r, Sum::support), c.supporter.enter.value,
                    {{e.contact_support, "contact from them", "contacts from them"},
                     {e.review_support, "review", "reviews"}});
      break;
    case Rung::supporter:
      write_gap_to_advocate(out, r, at);
      break;
    case Rung::advocate:
      write_lacking(
          out, "partnership", at.read(r, Sum::partnership), c.partner.enter.value,
          {{e.suggestion_partnership, "suggestion", "suggestions"},
           {e.co_creation_partnership, "piece of work together", "pieces of work together"}});
      break;
    case Rung::partner:
      break;
  }
}

std::string describe_gap(const Relationship& r, const AsOf& at, const Standing& standing,
                         bool contracts) {
  std::string text;
  describe_gap(text, r, at, standing, contracts);
  return text;
}

std::string_view describe(NextStep step) noexcept {
  constexpr std::array<std::string_view, 7> words = {"",
                                                     "keep a promise",
                                                     "grant a concession",
                                                     "answer the open request",
                                                     "resolve the open complaint",
                                                     "offer a contract of one year",
                                                     "give a gift of one point"};
  return words[static_cast<std::size_t>(step)];
}

std::string describe(const NextStepPoints& next) {
  if (next.step == NextStep::none) return {};
  return fmt::format("{}: {} points", describe(next.step),
                     next.points < 0.05 ? "less than +0.1" : points_text(next.points));
}

std::array<Light, 5> lights() {
  return {{{"commitment", kinds_text(lit_by::commitment)},
           {"responsiveness", kinds_text(lit_by::responsiveness)},
           {"reciprocity", kinds_text(lit_by::reciprocity) + ", together with " +
                               kinds_text(lit_by::reciprocity_with, " or ")},
           {"trust", kinds_text(lit_by::trust)},
           {"purchases", kinds_text(lit_by::purchases)}}};
}

std::string describe(const Assessment& a, const Relationship& r, const AsOf& at,
                     const Scorer& scorer, const ExplainNames& names) {
  const bool judges_them = at.rules().options.perspective == Side::them;
  const Weights& w = scorer.options.quality.weights;
  const bool contracts = scorer.options.commitment.contract_weight > 0;
  const std::vector<Line> lines = {
      {"commitment", a.lit.commitment, a.parameters.commitment, a.why.commitment, w.commitment,
       contracts ? "guarantees kept, a contract" : "guarantees kept", commitment_evidence(a, r)},
      {"responsiveness", a.lit.responsiveness, a.parameters.responsiveness, a.why.responsiveness,
       w.responsiveness, "requests and their answers, concessions",
       responsiveness_evidence(a, at.rules().options.response_target)},
      {"reciprocity", a.lit.reciprocity, a.parameters.reciprocity, a.why.reciprocity, w.reciprocity,
       "gifts, reviews, referrals, suggestions", reciprocity_evidence(a, scorer, judges_them)},
      {"trust", a.lit.trust, a.parameters.trust, a.why.trust, w.trust,
       "promises and payments with a due date, complaints", trust_evidence(a, scorer)}};

  std::string out;
  wrap(out, "", 0,
       fmt::format("{} ({}), as of {}{}", one_line(names.id), names.role, date_text(at.now()),
                   judges_them ? "; their conduct toward us" : ""));
  out += '\n';
  write_rung(out, a, r, at, scorer, names);
  write_quality(out, a, scorer, lines);
  write_lines(out, lines, a.quality().has_value());
  out += '\n';
  if (a.lit.reciprocity && gives_too_much(a.evidence.reciprocity, scorer.options.reciprocity))
    field(out, "Balance",
          fmt::format(
              "{} give more than half: generosity beyond balance lowers reciprocity, and one more "
              "gift would lower it further.",
              judges_them ? "They" : "We"));
  if (a.next.step != NextStep::none)
    field(out, judges_them ? "Their step" : "Next step", describe(a.next));
  if (a.lit.purchases)
    if (const std::string falls = falls_text(a, r, at, names); !falls.empty())
      field(out, "Outlook", "if nothing more happens: " + falls);
  std::string_view label = "Careful";
  for (const std::string& caution : cautions(a, r, names)) {
    field(out, label, caution);
    label = "";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace loyalty
