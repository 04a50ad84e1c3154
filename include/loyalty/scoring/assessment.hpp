// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <loyalty/events/as_of.hpp>
#include <loyalty/events/observed.hpp>
#include <loyalty/scoring/attribution.hpp>
#include <loyalty/scoring/evidence.hpp>
#include <loyalty/scoring/interval.hpp>
#include <loyalty/scoring/next_step.hpp>
#include <loyalty/scoring/strength.hpp>

namespace loyalty {

/// Options of one role with what every assessment would otherwise compute again.
struct Scorer {
  ScoringOptions options;    ///< priors, weights and coverages of the role
  Parameters baseline;       ///< of a stranger
  StrengthOptions strength;  ///< half-lives and thresholds of the streams
  StepSizes sizes;           ///< what one act of each kind adds

  /// Options must be in range (`validate` of a policy); nothing is checked here. O(1).
  explicit Scorer(const ScoringOptions& scoring = {}, const FoldRules& rules = FoldRules{})
      : options(scoring), baseline(loyalty::baseline(scoring)) {
    const HalfLives& h = rules.options.half_lives;
    const auto years = [](Time seconds) {
      return static_cast<double>(seconds) / static_cast<double>(year);
    };
    strength.half_life_years = {years(h.purchases), years(h.support), years(h.advocacy),
                                years(h.partnership)};
    const Criteria& c = rules.ladder.criteria;
    strength.enter = {c.client.enter.value, c.supporter.enter.value, c.advocate.enter.value,
                      c.partner.enter.value};
    const Effects& e = rules.options.effects;
    sizes = {.promise = e.promise_kept,
             .concession = e.concession,
             .resolution = e.resolution_kept,
             .gift = e.gift_given};
  }
};

/// Which parameters, and whether rungs, a log can speak about. An unlit one is not published.
struct Lit {
  bool commitment = true;
  bool responsiveness = true;
  bool reciprocity = true;
  bool trust = true;
  bool purchases = true;

  /// Everything.
  constexpr Lit() noexcept = default;
  /// What the kinds that a log records can light.
  constexpr explicit Lit(Observed observed) noexcept
      : commitment(observed.commitment()),
        responsiveness(observed.responsiveness()),
        reciprocity(observed.reciprocity()),
        trust(observed.trust()),
        purchases(observed.purchases()) {}
};

/// What a state says about our conduct as of a date. O(1), no allocation.
inline Evidence evidence_of(const Relationship& r, const AsOf& at) noexcept {
  Evidence e;
  // Taking back what was never applied leaves less than nothing, which counts as nothing.
  const auto held = [&](Sum sum) { return std::max(at.read(r, sum), 0.0); };
  e.commitment = {held(Sum::guarantees_kept), held(Sum::guarantees_breached),
                  at.contract_runs(r)
                      ? static_cast<double>(r.ladder.contract_until - at.now()) / double{day}
                      : -1.0};
  e.responsiveness = {held(Sum::answered),
                      held(Sum::answer_time),
                      static_cast<double>(r.open_requests > 0 ? r.open_requests : 0),
                      at.open_age(r),
                      held(Sum::granted),
                      held(Sum::refused)};
  e.reciprocity = {held(Sum::given), held(Sum::received)};
  e.trust = {held(Sum::promises_kept), held(Sum::promises_broken), held(Sum::promises_grave)};
  return e;
}

/// The parameters as they enter the quality: one that the log cannot speak about stands at its prior,
/// with coverage 0. O(1).
template <bool WithVariance = true>
inline Parameters parameters_of(const Evidence& evidence, const Scorer& scorer, Lit lit) noexcept {
  const auto unlit = [](Parameter prior) {
    prior.coverage = 0;
    return prior;
  };
  const ScoringOptions& o = scorer.options;
  return {lit.commitment ? commitment(evidence.commitment, o.commitment)
                         : unlit(scorer.baseline.commitment),
          lit.responsiveness
              ? detail::responsiveness<WithVariance>(evidence.responsiveness, o.responsiveness)
              : unlit(scorer.baseline.responsiveness),
          lit.reciprocity ? reciprocity(evidence.reciprocity, o.reciprocity)
                          : unlit(scorer.baseline.reciprocity),
          lit.trust ? trust(evidence.trust, o.trust) : unlit(scorer.baseline.trust)};
}

/// Rung and quality, and nothing else.
struct BriefAssessment {
  Rung rung = Rung::prospect;
  double quality = no_value;  ///< 0..100; NaN where the evidence is below the minimum coverage
  double coverage = 0;        ///< of the quality, 0..1
};

/// Everything that one relationship's state says as of a date. Numbers are 0..100 (quality), 0..1
/// (parameters, coverage, strength), points of quality (why, next).
struct Assessment {
  Standing standing;      ///< on the ladder
  Evidence evidence;      ///< the decayed sums behind the parameters
  Parameters parameters;  ///< as they enter the quality
  Lit lit;                ///< which of them may be shown
  double coverage = 0;    ///< of the quality
  EvidenceGrade grade = EvidenceGrade::none;
  double plug_in = 0;  ///< quality whatever the coverage; `quality()` is what may be published
  QualityInterval interval;                   ///< of the quality, whatever the coverage
  Attribution why;                            ///< against the baseline; sums to plug_in - baseline
  double baseline = 0;                        ///< quality of a stranger
  NextStepPoints next;                        ///< none below the minimum coverage
  std::array<double, rung_count> strength{};  ///< P(rung = k) from the evidence alone
  bool wallet_waived = false;  ///< advocate or above without any known purchase elsewhere

  /// Rung on the date.
  Rung rung() const noexcept { return standing.position.rung; }
  /// Published quality: nothing below the minimum coverage.
  std::optional<double> quality() const noexcept {
    if (grade == EvidenceGrade::none) return std::nullopt;
    return plug_in;
  }
};

/// Rung and quality of a state. About 150 ns, no allocation.
inline BriefAssessment assess_brief(const Relationship& r, const AsOf& at, const Scorer& scorer,
                                    Lit lit = {}) noexcept {
  BriefAssessment b;
  b.rung = at.rung(r);
  const Parameters p = parameters_of<false>(evidence_of(r, at), scorer, lit);
  b.coverage = coverage(p, scorer.options.quality);
  if (b.coverage >= scorer.options.quality.minimum_coverage)
    b.quality = quality(p, scorer.options.quality);
  return b;
}

/// The evidence of a state that places it softly on the ladder. O(1), no allocation.
inline StrengthEvidence strength_evidence(const Relationship& r, const AsOf& at) noexcept {
  const Time span = r.first_event <= at.now() ? at.now() - r.first_event : 0;
  return {.purchases = static_cast<double>(r.ladder.purchases),
          .regularity = at.read(r, Sum::purchases),
          .support = at.read(r, Sum::support),
          .advocacy = at.read(r, Sum::advocacy),
          .partnership = at.read(r, Sum::partnership),
          .years = static_cast<double>(span) / static_cast<double>(year)};
}

/// The full assessment of a state, but for the parameters' own intervals (`interval(parameter)`) and
/// words (`describe`). About 2 us, no allocation, no lock; the state is not changed.
inline Assessment assess(const Relationship& r, const AsOf& at, const Scorer& scorer,
                         Lit lit = {}) noexcept {
  const QualityOptions& q = scorer.options.quality;
  Assessment a;
  a.standing = at.standing(r);
  a.evidence = evidence_of(r, at);
  a.parameters = parameters_of(a.evidence, scorer, lit);
  a.lit = lit;
  a.coverage = coverage(a.parameters, q);
  a.grade = evidence_grade(a.coverage, q);
  a.plug_in = quality(a.parameters, q);
  a.interval = quality_interval(a.parameters, q);
  a.why = attribution(a.parameters, scorer.baseline, q.weights);
  a.baseline = quality(scorer.baseline, q);
  if (a.grade != EvidenceGrade::none)
    a.next = next_step(a.evidence, a.parameters,
                       {.open_complaints = r.open_complaints,
                        .contract_possible = scorer.options.commitment.contract_weight > 0},
                       scorer.options, scorer.sizes);
  a.strength = rung_strength(strength_evidence(r, at), scorer.strength);
  a.wallet_waived = a.rung() >= Rung::advocate && r.ladder.elsewhere.zero();
  return a;
}

}  // namespace loyalty
