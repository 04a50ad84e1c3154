// SPDX-License-Identifier: MIT
#include <loyalty/batch/changes.hpp>

#include <algorithm>
#include <cmath>

#include <loyalty/scoring/describe_change.hpp>

#include "table.hpp"

namespace loyalty {
namespace {

/// What a portfolio that was marked at the earlier date and went on since says of that date.
CorrectedStates corrected_by_mark(const Portfolio& earlier, const Portfolio& later) {
  const auto find = [&earlier, &later](std::string_view id, Time now) -> std::optional<KnownState> {
    const auto was = earlier.find(id);
    const auto is = later.find(id);
    const auto correction = is ? later.correction(*is) : std::nullopt;
    if (!was && !correction) return std::nullopt;
    KnownState known{was ? earlier.state(*was, now) : Relationship{},
                     was ? earlier.role(*was) : later.role(*is)};
    if (correction) known.state = corrected(known.state, *correction);
    return known;
  };
  CorrectedStates states(find, earlier.rules(), earlier.observed());
  states.newest = earlier.newest();
  return states;
}

/// Two sides in the order of time, with what reading them needs.
class Comparison {
 public:
  Comparison(const Portfolio& first, const Portfolio& second, Time first_as_of, Time second_as_of,
             const ChangeOptions& options)
      : options_(options),
        backwards_(is_backwards(first, second, first_as_of, second_as_of)),
        earlier_(backwards_ ? second : first),
        later_(backwards_ ? first : second),
        from_(backwards_ ? second_as_of : first_as_of),
        to_(backwards_ ? first_as_of : second_as_of),
        at_from_(earlier_.at(from_)),
        at_to_(later_.at(to_)),
        faded_at_(earlier_.rules().at(to_)) {
    const std::string fold = fingerprints(earlier_.policy()).fold;
    bridge_ = options.one_log ? &earlier_ : options.refolded;
    if (bridge_ != nullptr) {
      if (fingerprints(bridge_->policy()).policy != fingerprints(earlier_.policy()).policy)
        throw MismatchError("refolded: its policy is " + fingerprints(bridge_->policy()).policy +
                            ", but that of the earlier side is " +
                            fingerprints(earlier_.policy()).policy);
      bridge_at_.emplace(bridge_->rules().at(to_));
      bridge_lit_ = Lit(bridge_->observed());
    } else {
      if (fold != fingerprints(later_.policy()).fold)
        throw MismatchError(
            "changes between portfolios of other fold fingerprints, " + fold + " and " +
            fingerprints(later_.policy()).fold +
            ": fold the later log under the earlier policy too, and give it as refolded");
      bridge_lit_ = Lit(earlier_.policy().observes.value_or(
          later_.policy().observes ? earlier_.observed() : later_.observed()));
    }
    if (!options_.corrected && later_.marked() == from_ && from_ != to_)
      options_.corrected = corrected_by_mark(earlier_, later_);
    if (options_.corrected) {
      const CorrectedStates& c = *options_.corrected;
      if (fingerprints(c.rules->policy()).fold != fold)
        throw MismatchError("corrected: its fold fingerprint is " +
                            fingerprints(c.rules->policy()).fold +
                            ", but that of the earlier side is " + fold);
      if (c.newest != no_time && c.newest > from_)
        throw WindowError("corrected: its newest row, of " + date_text(c.newest) +
                          ", comes after the earlier date, " + date_text(from_) +
                          "; fold the rows up to that date");
      corrected_from_.emplace(c.rules->at(from_));
      corrected_to_.emplace(c.rules->at(to_));
    }
    left_ = fading(earlier_.policy().fold, to_ - from_);
  }

  Time before() const noexcept { return backwards_ ? to_ : from_; }
  Time after() const noexcept { return backwards_ ? from_ : to_; }
  const Portfolio& first() const noexcept { return backwards_ ? later_ : earlier_; }
  const Portfolio& second() const noexcept { return backwards_ ? earlier_ : later_; }
  /// At one date everything that differs but the rules is a correction.
  bool corrections_known() const noexcept {
    return options_.corrected.has_value() || options_.one_log || from_ == to_;
  }
  bool rungs_observed() const {
    return earlier_.observed().purchases() && later_.observed().purchases();
  }

  /// The change of one relationship, its role, and why the rung moved.
  AssessedChange read(std::string_view id, Role& role, std::string& why_moved,
                      const ExplainNames& names) const {
    std::optional<KnownState> old = state(earlier_, id, from_);
    std::optional<KnownState> fresh = state(later_, id, to_);
    std::optional<KnownState> refolded = bridge_ != nullptr ? state(*bridge_, id, to_) : fresh;
    std::optional<KnownState> fixed = old;
    std::optional<KnownState> quiet = state(earlier_, id, to_);
    const AsOf* fixed_at = &at_from_;
    const AsOf* quiet_at = &faded_at_;
    Lit fixed_lit = Lit(earlier_.observed());
    const Lit first_lit = fixed_lit;
    if (options_.corrected) {
      fixed = options_.corrected->find(id, from_);
      quiet = options_.corrected->find(id, to_);
      fixed_at = &*corrected_from_;
      quiet_at = &*corrected_to_;
      fixed_lit = Lit(options_.corrected->observed);
    }
    const AsOf* refolded_at = bridge_ != nullptr ? &*bridge_at_ : &at_to_;
    if (from_ == to_) {
      fixed = quiet = refolded;
      fixed_at = quiet_at = refolded_at;
      fixed_lit = bridge_lit_;
    }

    AssessedChange c;
    c.corrections_known = corrections_known();
    const bool was_known = old.has_value();
    const bool is_known = fresh.has_value();
    // Where it is not known it is a stranger of the role that it has where it is.
    const KnownState stranger{{}, role_of(old, fresh, refolded, fixed)};
    const auto or_stranger = [&](std::optional<KnownState>& s) {
      if (!s) s = stranger;
    };
    for (auto* s : {&old, &fixed, &quiet, &refolded, &fresh}) or_stranger(*s);
    const Rules& rules = earlier_.rules();
    const Lit last_lit = Lit(later_.observed());
    const auto scorer = [&](const KnownState& s) -> const Scorer& { return rules.scorer(s.role); };
    const Scorer& last_scorer = later_.rules().scorer(fresh->role);
    const ChangePath path{
        .earlier = reading(old->state, at_from_, scorer(*old), first_lit),
        .corrected = reading(fixed->state, *fixed_at, scorer(*fixed), fixed_lit),
        .faded = reading(quiet->state, *quiet_at, scorer(*quiet), fixed_lit),
        .later = reading(refolded->state, *refolded_at, scorer(*refolded), bridge_lit_),
        .ruled = reading(fresh->state, at_to_, last_scorer, last_lit)};
    c.points = change(path);
    // What broke between the dates is evidence, whether or not a row says so: it does not fade into the reference.
    Evidence reference = evidence_of(quiet->state, *quiet_at);
    reference.trust = evidence_of(fixed->state, *quiet_at).trust;
    c.noise = change_noise(reference, evidence_of(refolded->state, *refolded_at), scorer(*refolded),
                           bridge_lit_, left_);
    c.before = side(was_known, *old, at_from_, scorer(*old), first_lit, path.earlier);
    c.after = side(is_known, *fresh, at_to_, last_scorer, last_lit, path.ruled);
    const KnownState* states[] = {&*old, &*fresh};
    const AsOf* dates[] = {&at_from_, &at_to_};
    if (backwards_) {
      c.points = -c.points;
      c.noise.evidence = 0 - c.noise.evidence;
      std::swap(c.before, c.after);
      std::swap(states[0], states[1]);
      std::swap(dates[0], dates[1]);
    }
    c.move = move_of(c);
    role = c.after.known ? states[1]->role : states[0]->role;
    why_moved = c.move == Move::climbed || c.move == Move::fell
                    ? describe_move({states[0]->state, *dates[0], c.before.standing},
                                    {states[1]->state, *dates[1], c.after.standing}, names)
                    : std::string();
    return c;
  }

 private:
  /// Whether the path runs from the second side to the first: later in time or, at one date, of the larger fingerprint.
  static bool is_backwards(const Portfolio& first, const Portfolio& second, Time first_as_of,
                           Time second_as_of) {
    if (first_as_of != second_as_of) return first_as_of > second_as_of;
    return fingerprints(first.policy()).policy > fingerprints(second.policy()).policy;
  }

  static std::optional<KnownState> state(const Portfolio& p, std::string_view id, Time now) {
    const auto index = p.find(id);
    if (!index) return std::nullopt;
    return KnownState{p.state(*index, now), p.role(*index)};
  }

  /// That of the first that knows it.
  static Role role_of(const std::optional<KnownState>& old, const std::optional<KnownState>& fresh,
                      const std::optional<KnownState>& refolded,
                      const std::optional<KnownState>& fixed) {
    for (const auto* s : {&old, &fresh, &refolded, &fixed})
      if (s->has_value()) return (*s)->role;
    return Role::consumer;
  }

  static ChangeSide side(bool known, const KnownState& s, const AsOf& at, const Scorer& scorer,
                         Lit lit, const Reading& read) {
    ChangeSide out;
    out.known = known;
    out.has_rung = lit.purchases;
    out.standing = at.standing(s.state);
    out.plug_in = quality(read);
    out.coverage = coverage(read.parameters, scorer.options.quality);
    out.published =
        known && evidence_grade(out.coverage, scorer.options.quality) != EvidenceGrade::none;
    return out;
  }

  static Move move_of(const AssessedChange& c) {
    if (!c.after.known) return Move::gone;
    if (!c.before.known) return Move::appeared;
    if (!c.before.has_rung || !c.after.has_rung) return Move::held;
    const Rung from = c.before.standing.position.rung;
    const Rung to = c.after.standing.position.rung;
    return to > from ? Move::climbed : to < from ? Move::fell : Move::held;
  }

  ChangeOptions options_;
  bool backwards_;
  const Portfolio& earlier_;
  const Portfolio& later_;
  Time from_;
  Time to_;
  AsOf at_from_;
  AsOf at_to_;
  AsOf faded_at_;
  std::optional<AsOf> corrected_from_;
  std::optional<AsOf> corrected_to_;
  const Portfolio* bridge_ = nullptr;  ///< the later log by the earlier rules, where it is another
  std::optional<AsOf> bridge_at_;
  Lit bridge_lit_;
  Fading left_;
};

/// Everything from which the columns of one row are read.
struct ChangeRow {
  std::string id;
  Role role = Role::consumer;
  AssessedChange change;
  std::string why_moved;
  const Portfolio& first;
  const Portfolio& second;
};

using Number = ColumnOf<ChangeRow>::Number;
using Integer = ColumnOf<ChangeRow>::Integer;
using Text = ColumnOf<ChangeRow>::Text;
constexpr auto number = ColumnType::number;
constexpr auto integer = ColumnType::integer;
constexpr auto text = ColumnType::text;

void put_rung(const Portfolio& p, const ChangeSide& side, std::string& out) {
  if (side.known && side.has_rung) out += rung_label(p.policy(), side.standing.position.rung);
}
double published(const ChangeSide& side) { return side.published ? side.plug_in : no_value; }

const ColumnOf<ChangeRow> definitions[] = {
    {{"relationship", text, "identifier of the counterparty"},
     Text{[](const ChangeRow& r, std::string& out) { out += r.id; }}},
    {{"role", text, "its place in the chain, on the second side where it is known there"},
     Text{[](const ChangeRow& r, std::string& out) {
       out += role_names[static_cast<std::size_t>(r.role)];
     }}},
    {{"rung_before", text,
      "where it stood; null where it was not known or the log had no purchases"},
     Text{[](const ChangeRow& r, std::string& out) { put_rung(r.first, r.change.before, out); }}},
    {{"rung_after", text, "where it stands, likewise"},
     Text{[](const ChangeRow& r, std::string& out) { put_rung(r.second, r.change.after, out); }}},
    {{"moved", text, "climbed, held, fell, new or gone"},
     Text{[](const ChangeRow& r, std::string& out) { out += name(r.change.move); }}},
    {{"quality_before", number, "quality 0..100 as published; null where it was not"},
     Number{[](const ChangeRow& r) { return published(r.change.before); }}},
    {{"quality_after", number, "quality 0..100 as published; null where it is not"},
     Number{[](const ChangeRow& r) { return published(r.change.after); }}},
    {{"change", number,
      "points of quality, also where one was not published; the four causes sum to it"},
     Number{[](const ChangeRow& r) { return r.change.after.plug_in - r.change.before.plug_in; }}},
    {{"by_new_events", number, "points by what happened between the dates"},
     Number{[](const ChangeRow& r) { return total(r.change.points.new_events); }}},
    {{"by_decay", number, "points by time alone"},
     Number{[](const ChangeRow& r) { return total(r.change.points.decay); }}},
    {{"by_corrections", number,
      "points by late rows and retractions; null where they are among the new events"},
     Number{[](const ChangeRow& r) {
       return r.change.corrections_known ? total(r.change.points.corrections) : no_value;
     }}},
    {{"by_rules", number, "points by another policy"},
     Number{[](const ChangeRow& r) { return total(r.change.points.rules); }}},
    {{"by_commitment", number, "points of the change by this parameter; the four sum to it"},
     Number{[](const ChangeRow& r) { return by_parameter(r.change.points).commitment; }}},
    {{"by_responsiveness", number, "likewise"},
     Number{[](const ChangeRow& r) { return by_parameter(r.change.points).responsiveness; }}},
    {{"by_reciprocity", number, "likewise"},
     Number{[](const ChangeRow& r) { return by_parameter(r.change.points).reciprocity; }}},
    {{"by_trust", number, "likewise"},
     Number{[](const ChangeRow& r) { return by_parameter(r.change.points).trust; }}},
    {{"noise", number,
      "points that chance alone stays within in 9 of 10, had the conduct not changed"},
     Number{[](const ChangeRow& r) { return r.change.noise.points; }}},
    {{"beyond_noise", integer,
      "1 where the evidence between the dates moved the quality by more, else 0"},
     Integer{[](const ChangeRow& r) -> std::int64_t { return r.change.noise.beyond ? 1 : 0; }}},
    {{"reason", text, "why the rung moved; where it held, what moved the quality most"},
     Text{[](const ChangeRow& r, std::string& out) {
       out += r.why_moved.empty() ? describe_cause(r.change.points) : r.why_moved;
     }}},
};

ExplainNames names_of(const Portfolio& p) {
  ExplainNames names;
  for (std::size_t i = 0; i < names.rungs.size(); ++i)
    names.rungs[i] = p.policy().label(static_cast<Rung>(i));
  return names;
}

/// The identifiers of both, each once, in the order of their bytes.
std::vector<std::string> all_ids(const Portfolio& a, const Portfolio& b) {
  std::vector<std::string> ids;
  ids.reserve(std::max(a.size(), b.size()));
  const std::vector<std::uint32_t> in_a = a.sorted();
  const std::vector<std::uint32_t> in_b = b.sorted();
  std::size_t j = 0;
  for (const std::uint32_t i : in_a) {
    std::string id = a.id(i);
    for (; j < in_b.size(); ++j) {
      std::string other = b.id(in_b[j]);
      if (other > id) break;
      if (other < id) ids.push_back(std::move(other));
    }
    ids.push_back(std::move(id));
  }
  for (; j < in_b.size(); ++j) ids.push_back(b.id(in_b[j]));
  return ids;
}

void count(ChangeSummary& s, const AssessedChange& c) {
  ++s.relationships;
  ++s.moves[static_cast<std::size_t>(c.move)];
  if (c.before.known && c.after.known)
    ++s.rungs[static_cast<std::size_t>(c.before.standing.position.rung)]
             [static_cast<std::size_t>(c.after.standing.position.rung)];
  if (!c.before.published || !c.after.published) return;
  ++s.compared;
  if (c.noise.beyond) ++(c.noise.evidence > 0 ? s.better : s.worse);
  s.mean_change += total(c.points);
  const double by[] = {total(c.points.new_events), total(c.points.decay),
                       total(c.points.corrections), total(c.points.rules)};
  for (std::size_t i = 0; i < 4; ++i) s.mean_by[i] += by[i];
}

}  // namespace

CorrectedStates::CorrectedStates(const Portfolio& portfolio)
    : find([&portfolio](std::string_view id, Time now) -> std::optional<KnownState> {
        const auto index = portfolio.find(id);
        if (!index) return std::nullopt;
        return KnownState{portfolio.state(*index, now), portfolio.role(*index)};
      }),
      rules(&portfolio.rules()),
      observed(portfolio.observed()),
      newest(portfolio.newest()) {}

std::span<const ColumnInfo> change_columns() noexcept {
  static const auto infos = infos_of(definitions);
  return infos;
}

ChangeTable changes(const Portfolio& earlier, const Portfolio& later, Time earlier_as_of,
                    Time later_as_of, const ChangeOptions& options) {
  const Comparison comparison(earlier, later, earlier_as_of, later_as_of, options);
  const ExplainNames names = names_of(later);
  std::vector<std::string> ids = all_ids(earlier, later);
  ChangeTable table;
  table.before = earlier_as_of;
  table.after = later_as_of;
  table.summary.rungs_observed = comparison.rungs_observed();
  table.summary.corrections_known = comparison.corrections_known();
  const std::span<const ColumnOf<ChangeRow>> columns(definitions);
  ChangeRow row{{}, {}, {}, {}, earlier, later};
  table.columns = table_of(columns, ids.size(), [&](std::size_t i) -> const ChangeRow& {
    row.id = std::move(ids[i]);
    row.change = comparison.read(row.id, row.role, row.why_moved, names);
    count(table.summary, row.change);
    return row;
  });
  const double compared = std::max<double>(1, static_cast<double>(table.summary.compared));
  table.summary.mean_change /= compared;
  for (double& by : table.summary.mean_by) by /= compared;
  return table;
}

AssessedChange change_of(std::string_view relationship, const Portfolio& earlier,
                         const Portfolio& later, Time earlier_as_of, Time later_as_of,
                         const ChangeOptions& options) {
  Role role{};
  std::string why_moved;
  return Comparison(earlier, later, earlier_as_of, later_as_of, options)
      .read(relationship, role, why_moved, {});
}

std::string explain_change(std::string_view relationship, const Portfolio& earlier,
                           const Portfolio& later, Time earlier_as_of, Time later_as_of,
                           const ChangeOptions& options) {
  if (!earlier.find(relationship) && !later.find(relationship)) return {};
  ExplainNames names = names_of(later);
  names.id = relationship;
  Role role{};
  std::string why_moved;
  const AssessedChange c = Comparison(earlier, later, earlier_as_of, later_as_of, options)
                               .read(relationship, role, why_moved, names);
  names.role = role_names[static_cast<std::size_t>(role)];
  return describe(c, earlier_as_of, later_as_of, why_moved, names);
}

}  // namespace loyalty
