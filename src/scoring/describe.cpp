// SPDX-License-Identifier: MIT
#include <loyalty/scoring/describe.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace loyalty {
namespace {

std::string plural(double n, std::string_view one, std::string_view many) {
  return n == 1 ? fmt::format("1 {}", one) : fmt::format("{:g} {}", n, many);
}

/// `support 0.40 of 0.75`.
std::string part_of(std::string_view what, double now, double needed) {
  // Rounded down, so that a value just below its threshold never looks as if it had reached it.
  return fmt::format("{} {:.2f} of {:g}", what, std::floor(std::max(now, 0.0) * 100) / 100, needed);
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += between;
    out += part;
  }
  return out;
}

std::string line(std::string_view label, double mean, Interval range, bool lit, bool published,
                 double points, const std::string& rests_on) {
  if (!lit) return fmt::format("  {:<15}not recorded in this log\n", label);
  const std::string why = published ? fmt::format("{:+6.1f}", points) : std::string(6, ' ');
  return fmt::format("  {:<15}{:.2f}  ({:.2f} to {:.2f}) {}  {}\n", label, mean, range.low, range.high,
                     why, rests_on);
}

std::string amount(double x) { return fmt::format("{:.1f}", x + 0.0); }

}  // namespace

std::string describe_gap(const Relationship& r, const AsOf& at, const Standing& standing,
                         bool contracts) {
  const Criteria& c = at.rules().ladder.criteria;
  switch (standing.position.rung) {
    case Rung::prospect: return "a first purchase";
    case Rung::buyer: {
      const double regularity = at.read(r, Sum::purchases);
      const int by_count = std::max(0, c.client_purchases - r.ladder.purchases);
      const double step = std::max(at.rules().options.effects.purchase_regularity, 1e-6);
      const int by_regularity =
          static_cast<int>(std::ceil(std::max(0.0, c.client.enter.value - regularity) / step));
      const int more = std::max({by_count, by_regularity, 1});
      std::string words = fmt::format("{} soon ({})", plural(more, "more purchase", "more purchases"),
                                      part_of("regularity", regularity, c.client.enter.value));
      if (contracts) words += ", or a contract";
      return words;
    }
    case Rung::client:
      return part_of("support", at.read(r, Sum::support), c.supporter.enter.value) +
             ": contacts they make, taking part, reviews";
    case Rung::supporter: {
      std::vector<std::string> parts;
      const double advocacy = at.read(r, Sum::advocacy);
      if (advocacy < c.advocate.enter.value)
        parts.push_back(part_of("advocacy", advocacy, c.advocate.enter.value) +
                        ": referrals, attendance, novelties");
      if (!share_at_least(r.ladder.regularity, r.ladder.elsewhere, c.share_of_wallet.enter)) {
        const double own = at.read(r, Sum::purchases);
        const double all = own + at.read(r, Sum::elsewhere);
        parts.push_back(fmt::format("share of wallet {:.0f} % of {:.0f} %", std::floor(100 * own / all),
                                    100 * c.share_of_wallet.enter.value));
      }
      return join(parts, "; ");
    }
    case Rung::advocate:
      return part_of("partnership", at.read(r, Sum::partnership), c.partner.enter.value) +
             ": suggestions, work done together";
    case Rung::partner: break;
  }
  return {};
}

std::string describe(const NextStepPoints& next) {
  constexpr std::array<std::string_view, 7> words = {
      "nothing in particular", "keep a promise",         "grant a concession", "answer the open request",
      "resolve the complaint", "offer a contract of a year", "give a gift"};
  if (next.step == NextStep::none) return std::string(words[0]);
  return fmt::format("{} (+{:.1f} points)", words[static_cast<std::size_t>(next.step)], next.points);
}

std::string describe(const Assessment& a, const Relationship& r, const AsOf& at, const Scorer& scorer,
                     const ExplainNames& names) {
  const auto rung = [&](Rung k) { return names.rungs[static_cast<std::size_t>(k)]; };
  const Position& p = a.standing.position;
  std::string out = fmt::format("{} ({}) as of {}\n\n", names.id, names.role, date_text(at.now()));

  if (!a.lit.purchases) {
    out += "Rung       not known: this log records no purchases\n";
  } else {
    out += fmt::format("Rung       {}", rung(p.rung));
    const Time since = p.since == no_time && r.first_event != never ? r.first_event : p.since;
    if (a.standing.exact && since != no_time)
      out += fmt::format(" since {}{}", a.standing.at_least ? "at least " : "", date_text(since));
    if (p.peak > p.rung) out += fmt::format(", once {}", rung(p.peak));
    out += '\n';
    if (!a.standing.exact)
      out += fmt::format("           events came out of order: between {} and {}; a replay settles it\n",
                         rung(a.standing.band.enter), rung(a.standing.band.keep));
    if (p.rung < Rung::partner)
      out += fmt::format("Next rung  {}: {}\n", rung(static_cast<Rung>(static_cast<int>(p.rung) + 1)),
                         describe_gap(r, at, a.standing,
                                      scorer.options.commitment.contract_weight > 0));
    if (a.wallet_waived)
      out += "           share of wallet is not known (no purchase elsewhere in the log)\n";
    const Falls falls = falls_if_quiet(r.ladder, p.rung, at.rules().ladder);
    if (falls.count > 0) {
      out += "If quiet   ";
      for (int i = 0; i < falls.count; ++i)
        out += fmt::format("{}{} on {}", i == 0 ? "" : ", ",
                           rung(falls.rows[static_cast<std::size_t>(i)].rung),
                           date_text(falls.rows[static_cast<std::size_t>(i)].time));
      out += '\n';
    }
  }

  const bool published = a.grade != EvidenceGrade::none;
  if (published) {
    out += fmt::format("\nQuality    {:.1f} of 100, {:.1f} to {:.1f} (evidence {}); a stranger has {:.1f}\n",
                       a.plug_in, a.interval.low, a.interval.high, name(a.grade), a.baseline);
  } else {
    out += fmt::format("\nQuality    not published: evidence covers {:.1f} %, {:g} % are needed\n",
                       100 * a.coverage, 100 * scorer.options.quality.minimum_coverage);
  }

  const Evidence& e = a.evidence;
  std::string commitment_rests = fmt::format("{} guarantees kept, {} breached", amount(e.commitment.kept),
                                             amount(e.commitment.breached));
  if (e.commitment.contract_days_left >= 0)
    commitment_rests += fmt::format(", contract to {}", date_text(r.ladder.contract_until));
  std::string responsiveness_rests =
      fmt::format("{} answers", amount(e.responsiveness.answered));
  if (e.responsiveness.open > 0) responsiveness_rests += fmt::format(", {:g} open", e.responsiveness.open);
  responsiveness_rests += fmt::format(", {} concessions, {} refused", amount(e.responsiveness.granted),
                                      amount(e.responsiveness.refused));
  out += line("commitment", a.parameters.commitment.mean, interval(a.parameters.commitment),
              a.lit.commitment, published, a.why.commitment, commitment_rests);
  out += line("responsiveness", a.parameters.responsiveness.mean, interval(a.parameters.responsiveness),
              a.lit.responsiveness, published, a.why.responsiveness, responsiveness_rests);
  out += line("reciprocity", a.parameters.reciprocity.mean, interval(a.parameters.reciprocity),
              a.lit.reciprocity, published, a.why.reciprocity,
              fmt::format("{} given, {} received", amount(e.reciprocity.given),
                          amount(e.reciprocity.received)));
  out += line("trust", a.parameters.trust.mean, interval(a.parameters.trust), a.lit.trust, published,
              a.why.trust,
              fmt::format("{} kept, {} broken, {} grave", amount(e.trust.kept), amount(e.trust.broken),
                          amount(e.trust.grave)));
  if (a.lit.trust && e.trust.grave > 0.05) {
    TrustOptions once = scorer.options.trust;
    once.grave_weight = 1;
    out += fmt::format("                 {:.2f} with grave failures counted once\n",
                       trust(e.trust, once).mean);
  }
  if (a.lit.reciprocity && e.reciprocity.given > e.reciprocity.received + 0.05)
    out += "  We give more than we receive: more gifts would lower reciprocity, which\n"
           "  is about balance.\n";
  if (published && a.next.step != NextStep::none)
    out += fmt::format("\nNext       {}\n", describe(a.next));
  if (names.set_aside > 0)
    out += fmt::format("\nCareful    {} of this relationship were set aside: scores may be off either way\n",
                       plural(names.set_aside, "row", "rows"));
  return out;
}

}  // namespace loyalty
