// SPDX-License-Identifier: MIT
#include <loyalty/scoring/describe_change.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "words.hpp"

namespace loyalty {
namespace {

using namespace words;

detail::ExactEvidence evidence(const MoveSide& side) {
  return {side.state.ladder, side.at.instant()};
}
const Criteria& criteria(const MoveSide& side) { return side.at.rules().ladder.criteria; }

std::string with_article(std::string_view noun) {
  const bool vowel =
      !noun.empty() && std::string_view("aeiouAEIOU").find(noun.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", noun);
}

std::string ordinal(int n) {
  constexpr std::array<std::string_view, 10> words = {"first", "second", "third",   "fourth",
                                                      "fifth", "sixth",  "seventh", "eighth",
                                                      "ninth", "tenth"};
  return n >= 1 && n <= 10 ? std::string(words[static_cast<std::size_t>(n - 1)])
                           : fmt::format("{}.", n);
}

/// One criterion of a rung on a decayed sum or a share.
struct Measure {
  std::string_view name;
  double value;
  const Threshold& asked;
  const Threshold& asked_before;
  bool percent = false;

  std::string number(double x) const {
    return percent ? fmt::format("{:g} %", 100 * x) : threshold_text(x);
  }
  std::string now() const {
    return percent ? fmt::format("{:.0f} %", std::floor(100 * value)) : short_of(value);
  }
  /// "0.375 that a supporter needs to stay (0.25 before)".
  std::string stay(const std::string& who) const {
    std::string text = fmt::format("{} that {} needs to stay", number(asked.keep.value), who);
    if (!(asked.keep == asked_before.keep))
      text += fmt::format(" ({} before)", number(asked_before.keep.value));
    return text;
  }
  std::string enter(const std::string& who) const {
    std::string text = fmt::format("{} that {} needs", number(asked.enter.value), who);
    if (!(asked.enter == asked_before.enter))
      text += fmt::format(" ({} before)", number(asked_before.enter.value));
    return text;
  }
};

double share_of_wallet(const MoveSide& side) {
  const double ours = std::max(side.at.read(side.state, Sum::purchases), 0.0);
  const double all = ours + side.at.read(side.state, Sum::elsewhere);
  return all > 0 ? ours / all : 0;
}

Measure measure(Rung rung, const MoveSide& before, const MoveSide& after) {
  const Criteria& now = criteria(after);
  const Criteria& then = criteria(before);
  const auto read = [&](Sum sum) { return after.at.read(after.state, sum); };
  switch (rung) {
    case Rung::supporter:
      return {"support", read(Sum::support), now.supporter, then.supporter};
    case Rung::advocate:
      return {"advocacy", read(Sum::advocacy), now.advocate, then.advocate};
    case Rung::partner:
      return {"partnership", read(Sum::partnership), now.partner, then.partner};
    default:
      return {"regularity", read(Sum::purchases), now.client, then.client};
  }
}
Measure wallet(const MoveSide& before, const MoveSide& after) {
  return {"share of wallet", share_of_wallet(after), criteria(after).share_of_wallet,
          criteria(before).share_of_wallet, true};
}

/// The criterion of an advocate that decides: the share of wallet where advocacy itself holds.
Measure deciding(Rung rung, const Decimal& asked, const MoveSide& before, const MoveSide& after) {
  const bool by_share =
      rung == Rung::advocate && evidence(after).at_least(LadderStream::advocacy, asked);
  return by_share ? wallet(before, after) : measure(rung, before, after);
}

/// "the contract ended on 2024-03-01", where one ran before.
std::string lost_contract(const MoveSide& before, const MoveSide& after) {
  if (!before.at.contract_runs(before.state) || after.at.contract_runs(after.state)) return {};
  const Time until = after.state.ladder.contract_until;
  if (until == no_time || until < before.at.now()) return "the contract was taken back";
  return fmt::format("the contract ended on {}", date_text(until));
}

/// " after a fall in between", where the same criteria once held: they keep but do not enter.
std::string_view fell_between(const MoveSide& before, const MoveSide& after) {
  const bool same = criteria(before) == criteria(after) && before.at.now() != after.at.now();
  return same ? " after a fall in between" : "";
}

/// Why the rung `lost` is not held any more.
std::string lost_text(Rung lost, const MoveSide& before, const MoveSide& after,
                      const ExplainNames& names) {
  const std::string who = with_article(names.rungs[static_cast<std::size_t>(lost)]);
  const Criteria& c = criteria(after);
  const std::int32_t purchases = after.state.ladder.purchases;
  if (lost == Rung::buyer) return "the purchases were taken back";
  if (lost == Rung::client) {
    const std::string contract = lost_contract(before, after);
    std::string text = contract.empty() ? "" : contract + ", and ";
    if (purchases < c.client_purchases)
      return text + fmt::format("{} {}, fewer than the {} of {}", purchases,
                                purchases == 1 ? "purchase" : "purchases", c.client_purchases, who);
    const Measure m = measure(lost, before, after);
    if (!keeps(evidence(after), lost, c))
      return text + fmt::format("{} {}, below the {}", m.name, m.now(), m.stay(who));
    return text + fmt::format("{} {}{}, below the {}", m.name, m.now(), fell_between(before, after),
                              m.enter(who));
  }
  if (!keeps(evidence(after), lost, c)) {
    const Threshold& t = lost == Rung::supporter  ? c.supporter
                         : lost == Rung::advocate ? c.advocate
                                                  : c.partner;
    const Measure m = deciding(lost, t.keep, before, after);
    return fmt::format("{} {}, below the {}", m.name, m.now(), m.stay(who));
  }
  const Measure m = deciding(lost, measure(lost, before, after).asked.enter, before, after);
  return fmt::format("{} {}{}, below the {}", m.name, m.now(), fell_between(before, after),
                     m.enter(who));
}

/// What brought the rung `reached`.
std::string reached_text(Rung reached, const MoveSide& before, const MoveSide& after,
                         const ExplainNames& names) {
  const std::string who = with_article(names.rungs[static_cast<std::size_t>(reached)]);
  const std::int32_t had = before.state.ladder.purchases;
  const std::int32_t has = after.state.ladder.purchases;
  if (reached == Rung::buyer)
    return has == 1 ? "first purchase" : fmt::format("first purchases, {} of them", has);
  const detail::ExactEvidence e = evidence(after);
  const Criteria& c = criteria(after);
  std::string start;
  if (reached == Rung::client) {
    const bool by_purchases =
        has >= c.client_purchases && e.at_least(LadderStream::purchases, c.client.keep);
    if (!by_purchases ||
        (!before.at.contract_runs(before.state) && after.at.contract_runs(after.state) &&
         !e.at_least(LadderStream::purchases, c.client.enter)))
      return fmt::format("a contract until {}", date_text(after.state.ladder.contract_until));
    if (has == had + 1)
      start = ordinal(has) + " purchase: ";
    else if (has > had)
      start = fmt::format("{} more purchases: ", has - had);
  }
  const Measure m =
      reached == Rung::advocate &&
              evidence(before).at_least(LadderStream::advocacy, criteria(before).advocate.enter)
          ? wallet(before, after)
          : measure(reached, before, after);
  if (enters(e, reached, c))
    return start + fmt::format("{} {}, at least the {}", m.name, m.now(), m.enter(who));
  return start + fmt::format("{} reached {} in between and is {}, at least the {}", m.name,
                             m.number(m.asked.enter.value), m.now(), m.stay(who));
}

/// The causes of a change in the order in which they are told.
struct Cause {
  std::string_view name;
  Attribution points;
};
std::array<Cause, 4> causes(const Change& c) {
  return {{{"new events", c.new_events},
           {"time passing", c.decay},
           {"corrections", c.corrections},
           {"rules", c.rules}}};
}

struct Share {
  std::string_view name;
  double points;
};
std::array<Share, 4> shares(const Attribution& a) {
  return {{{"commitment", a.commitment},
           {"responsiveness", a.responsiveness},
           {"reciprocity", a.reciprocity},
           {"trust", a.trust}}};
}

std::string quality_text(const AssessedChange& c) {
  const auto value = [](const ChangeSide& side) {
    return side.published ? fmt::format("{:.1f}", side.plug_in) : std::string("not published");
  };
  std::string text = fmt::format("{}, was {}: {} points", value(c.after), value(c.before),
                                 points_text(total(c.points)));
  if (c.before.published && c.after.published) return text;
  const auto unpublished = [](const ChangeSide& side, std::string_view when) {
    if (!side.known)
      return fmt::format("{} not known, and a stranger has {:.1f}", when, side.plug_in);
    return fmt::format("{} too little was known to publish the {:.1f} (coverage {})", when,
                       side.plug_in, short_of(side.coverage));
  };
  std::vector<std::string> notes;
  if (!c.before.published) notes.push_back(unpublished(c.before, "before,"));
  if (!c.after.published) notes.push_back(unpublished(c.after, "after,"));
  return text + "; " + join(notes, "; ");
}

std::string noise_text(const AssessedChange& c) {
  const ChangeNoise& n = c.noise;
  if (!(n.points > 0) && std::fabs(n.evidence) < 0.05) return {};
  if (!(n.points > 0))
    return fmt::format("the evidence moved it by {} points; none of that is left to chance",
                       points_text(n.evidence));
  return fmt::format(
      "the evidence of the time between moved it by {} points; the same conduct would have stayed "
      "within {:.1f} in 9 cases of 10, so this is {}",
      points_text(n.evidence), n.points,
      n.beyond ? "more than chance" : "no more than chance can do");
}

}  // namespace

std::string describe_move(const MoveSide& before, const MoveSide& after,
                          const ExplainNames& names) {
  const Rung from = before.standing.position.rung;
  const Rung to = after.standing.position.rung;
  const auto above = [](Rung rung) { return static_cast<Rung>(static_cast<int>(rung) + 1); };
  if (from == to) return {};
  std::string text;
  if (to < from) {
    text = lost_text(above(to), before, after, names);
  } else {
    std::vector<std::string> reached;
    for (Rung k = above(from); k <= to; k = above(k)) {
      const bool held_already = enters(evidence(before), k, criteria(before));
      if (!held_already) reached.push_back(reached_text(k, before, after, names));
      if (k == Rung::partner) break;
    }
    if (reached.empty()) reached.push_back(reached_text(to, before, after, names));
    text = join(reached, "; ");
  }
  if (!before.standing.exact || !after.standing.exact)
    text += "; events came out of order, so a replay may tell otherwise";
  return text;
}

std::string describe_cause(const Change& change) {
  const auto all = causes(change);
  const auto by_size = [](const auto& a, const auto& b) { return std::fabs(a) < std::fabs(b); };
  const auto cause = std::max_element(all.begin(), all.end(), [&](const Cause& a, const Cause& b) {
    return by_size(total(a.points), total(b.points));
  });
  if (std::fabs(total(cause->points)) < 0.05) return {};
  const auto parts = shares(cause->points);
  const auto most =
      std::max_element(parts.begin(), parts.end(),
                       [&](const Share& a, const Share& b) { return by_size(a.points, b.points); });
  return fmt::format("{} {} points, most of it {} ({})", cause->name,
                     points_text(total(cause->points)), most->name, points_text(most->points));
}

std::string describe(const AssessedChange& c, Time before, Time after, std::string_view move,
                     const ExplainNames& names) {
  const auto label = [&](const ChangeSide& side) {
    return names.rungs[static_cast<std::size_t>(side.standing.position.rung)];
  };
  std::string out;
  wrap(out, "", 0,
       before == after ? fmt::format("{} ({}), as of {}, under two policies", one_line(names.id),
                                     names.role, date_text(after))
                       : fmt::format("{} ({}), from {} to {}", one_line(names.id), names.role,
                                     date_text(before), date_text(after)));
  out += '\n';
  if (c.before.has_rung && c.after.has_rung && c.before.known && c.after.known) {
    std::string text = c.move == Move::held ? fmt::format("{}, held", label(c.after))
                                            : fmt::format("{}, {} from {}", label(c.after),
                                                          name(c.move), label(c.before));
    if (!move.empty()) text += fmt::format(": {}", move);
    field(out, "Rung", text);
  } else if (c.move == Move::appeared || c.move == Move::gone) {
    const ChangeSide& side = c.move == Move::appeared ? c.after : c.before;
    field(out, "Rung",
          fmt::format("{}{}", side.has_rung ? fmt::format("{}; ", label(side)) : std::string(),
                      c.move == Move::appeared ? "new, not known on the first side"
                                               : "gone, not known on the second side"));
  } else {
    field(out, "Rung", "not known: the log records no purchases");
  }
  field(out, "Quality", quality_text(c));
  if (const std::string text = noise_text(c); !text.empty()) field(out, "Chance", text);

  const auto all = causes(c.points);
  out += fmt::format("\n  {:<15}{:>8}", "points", "all");
  for (const Cause& cause : all) out += fmt::format("{:>13}", cause.name);
  out += '\n';
  const auto line = [&](std::string_view name, double sum, const std::array<double, 4>& points) {
    out += fmt::format("  {:<15}{:>8}", name, points_text(sum));
    for (const double p : points) out += fmt::format("{:>13}", points_text(p));
    out += '\n';
  };
  const auto sums = shares(by_parameter(c.points));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    std::array<double, 4> points{};
    for (std::size_t k = 0; k < all.size(); ++k) points[k] = shares(all[k].points)[i].points;
    line(sums[i].name, sums[i].points, points);
  }
  std::array<double, 4> totals{};
  for (std::size_t k = 0; k < all.size(); ++k) totals[k] = total(all[k].points);
  line("all", total(c.points), totals);
  if (!c.corrections_known) {
    out += '\n';
    field(out, "Careful", "late rows and retractions, if any, are among the new events.");
  }
  return out;
}

}  // namespace loyalty
