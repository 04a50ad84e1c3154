// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/math/log_mean.hpp>
#include <loyalty/scoring/assessment.hpp>

namespace loyalty {

/// What a quality is made of: the four parameters, and how much each counts.
struct Reading {
  Parameters parameters;  ///< as they enter the quality: at their priors where the log cannot speak
  Weights weights{};      ///< sum to 1
};

/// Quality of a reading whatever its coverage, 0..100: the plug-in value. O(1).
[[nodiscard]] inline double quality(const Reading& reading) noexcept {
  return 100 * std::exp(detail::log_quality(reading.parameters, reading.weights));
}

/// Logarithmic-mean attribution between readings whose weights may differ:
/// contribution_i = Lambda(Q, Q0) (w_i ln m_i - w_i0 ln m_i0), which sums to Q - Q0 to rounding (docs/changes.md, The
/// split; B. W. Ang, Energy Policy 33, 2005, LMDI). O(1).
[[nodiscard]] inline Attribution attribution(const Reading& now, const Reading& base) noexcept {
  const auto change = [&](double Weights::*weight, Parameter Parameters::*parameter) {
    const double w = now.weights.*weight;
    const double w0 = base.weights.*weight;
    const double m = (now.parameters.*parameter).mean;
    const double m0 = (base.parameters.*parameter).mean;
    return w == w0 ? detail::weighted_log(w, m / m0)
                   : detail::weighted_log(w, m) - detail::weighted_log(w0, m0);
  };
  const double commitment = change(&Weights::commitment, &Parameters::commitment);
  const double responsiveness = change(&Weights::responsiveness, &Parameters::responsiveness);
  const double reciprocity = change(&Weights::reciprocity, &Parameters::reciprocity);
  const double trust = change(&Weights::trust, &Parameters::trust);
  const double scale =
      quality(base) * math::expm1_ratio((commitment + responsiveness) + (reciprocity + trust));
  return {scale * commitment, scale * responsiveness, scale * reciprocity, scale * trust};
}

/// The readings between two dates, in the order of time whichever way the question is asked. Where nothing of a kind
/// happened, two neighbours are equal.
struct ChangePath {
  Reading earlier;  ///< what was known at the earlier date, under the rules of then
  Reading
      corrected;  ///< the same date with what came later but is stamped by then, less what was taken back
  Reading faded;  ///< that at the later date, had nothing more happened
  Reading later;  ///< what is known at the later date, still under the rules of the earlier
  Reading ruled;  ///< the same under the rules of the later
};

/// A change of quality in points, split by cause and parameter. All sixteen sum to it.
struct Change {
  Attribution corrections{};  ///< late rows and retractions that bear on the earlier date
  Attribution decay{};        ///< time alone: fading, open requests that wait, terms that pass
  Attribution new_events{};   ///< what happened between the dates
  Attribution rules{};        ///< another policy
};

/// Each parameter's points from two splits together. O(1).
[[nodiscard]] constexpr Attribution operator+(const Attribution& a, const Attribution& b) noexcept {
  return {a.commitment + b.commitment, a.responsiveness + b.responsiveness,
          a.reciprocity + b.reciprocity, a.trust + b.trust};
}
/// The opposite change. O(1).
[[nodiscard]] constexpr Attribution operator-(const Attribution& a) noexcept {
  return {0 - a.commitment, 0 - a.responsiveness, 0 - a.reciprocity, 0 - a.trust};  // no -0
}
/// The change from the later side to the earlier. O(1).
[[nodiscard]] constexpr Change operator-(const Change& c) noexcept {
  return {-c.corrections, -c.decay, -c.new_events, -c.rules};
}

/// What each parameter accounts for, whatever the cause, in points. O(1).
[[nodiscard]] constexpr Attribution by_parameter(const Change& c) noexcept {
  return (c.corrections + c.decay) + (c.new_events + c.rules);
}
/// The whole change in points: the difference of the two qualities, to 1e-10. O(1).
[[nodiscard]] constexpr double total(const Change& c) noexcept {
  return (total(c.corrections) + total(c.decay)) + (total(c.new_events) + total(c.rules));
}

/// Splits the change along its path (docs/changes.md, The split): the steps telescope, so they sum to
/// quality(path.ruled) - quality(path.earlier). O(1), about 0.5 us.
[[nodiscard]] inline Change change(const ChangePath& path) noexcept {
  return {.corrections = attribution(path.corrected, path.earlier),
          .decay = attribution(path.faded, path.corrected),
          .new_events = attribution(path.later, path.faded),
          .rules = attribution(path.ruled, path.later)};
}

/// A state as it is read at a date. O(1).
[[nodiscard]] inline Reading reading(const Relationship& r, const AsOf& at, const Scorer& scorer,
                                     Lit lit = {}) noexcept {
  return {parameters_of<false>(evidence_of(r, at), scorer, lit), scorer.options.quality.weights};
}

/// The change of one relationship between two dates under the same rules: `before` is its state as of `then`, `after`
/// as of `now`. Late rows count as new events here, since two states cannot tell. Asked backwards in time it gives the
/// opposite change. O(1), no allocation.
[[nodiscard]] inline Change change(const Relationship& before, const AsOf& then,
                                   const Relationship& after, const AsOf& now, const Scorer& scorer,
                                   Lit lit = {}) noexcept {
  if (then.now() > now.now()) return -change(after, now, before, then, scorer, lit);
  const Reading first = reading(before, then, scorer, lit);
  const Reading last = reading(after, now, scorer, lit);
  return change({first, first, reading(before, now, scorer, lit), last, last});
}

/// What the noise of a change depends on beside the evidence: how much of a weight is left after the time between the
/// dates, by stream, 2^(-period/half-life), 0..1; and how grave a breached guarantee is.
struct Fading {
  double guarantees = 1;
  double trust = 1;
  double responses = 1;
  double concessions = 1;
  double reciprocity = 1;
  double grave_of_breach = 1;  ///< what a breached guarantee adds to T*, >= 0
};

/// The fading of a period of seconds, >= 0, under the options of a fold. O(1).
[[nodiscard]] inline Fading fading(const FoldOptions& fold, Time period) noexcept {
  const auto left = [period](Time half_life) {
    return std::exp2(-static_cast<double>(period) / static_cast<double>(half_life));
  };
  const HalfLives& h = fold.half_lives;
  return {left(h.guarantees),  left(h.trust),       left(h.responses),
          left(h.concessions), left(h.reciprocity), fold.effects.guarantee_grave};
}

/// What chance alone does to a quality while the conduct stays the same.
struct ChangeNoise {
  double points = 0;    ///< nine changes of ten stay within so many points, up or down
  double evidence = 0;  ///< points that the evidence of the time between the dates did move
  bool beyond = false;  ///< the evidence moved the quality by more than that
};

namespace detail {

/// The standard normal law is within it in 9 of 10.
inline constexpr double noise_quantile = 1.6448536269514722;
/// Differences below it are rounding, in points.
inline constexpr double least_points = 1e-9;

/// What of a sum is new. O(1).
[[nodiscard]] constexpr double gained(double now, double faded) noexcept {
  return now > faded ? now - faded : 0;
}

/// What shifts a posterior mean: the evidence before (prior and old) and the fresh one, all in weights.
struct Shift {
  double prior = 0;  ///< weight of the prior, > 0
  double old = 0;    ///< evidence of the earlier date, faded
  double fresh = 0;  ///< evidence since
  double left = 1;   ///< how much the period leaves of a weight

  [[nodiscard]] constexpr double before() const noexcept { return prior + old; }
  [[nodiscard]] constexpr double after() const noexcept { return prior + old + fresh; }
  [[nodiscard]] constexpr double share() const noexcept { return fresh / before(); }
  /// Squares of weights, summed: fresh ones lie evenly between `left` and 1, old ones are at most `left`.
  [[nodiscard]] constexpr double fresh_squares() const noexcept { return (1 + left) / 2 * fresh; }
  [[nodiscard]] constexpr double old_squares() const noexcept { return left * old; }
};

/// Variance of the shift; `spread` is the variance of one event of weight 1 (docs/changes.md, Noise).
[[nodiscard]] constexpr double shift_variance(double spread, const Shift& s) noexcept {
  if (!(s.fresh > 0)) return 0;
  return spread * (s.fresh_squares() + s.share() * s.share() * (s.prior + s.old_squares())) /
         (s.after() * s.after());
}

[[nodiscard]] constexpr Shift guarantees_shift(const CommitmentEvidence& faded,
                                               const CommitmentEvidence& now,
                                               const CommitmentOptions& o, double left) noexcept {
  return {o.prior_kept + o.prior_breached, non_negative(faded.kept) + non_negative(faded.breached),
          gained(now.kept, faded.kept) + gained(now.breached, faded.breached), left};
}
/// Mean of the record of guarantees, without the contract.
[[nodiscard]] constexpr double guarantees_mean(const CommitmentEvidence& e,
                                               const CommitmentOptions& o) noexcept {
  return beta_moments(o.prior_kept + non_negative(e.kept),
                      o.prior_breached + non_negative(e.breached))
      .mean;
}

[[nodiscard]] constexpr double commitment_shift(const CommitmentEvidence& faded,
                                                const CommitmentEvidence& now,
                                                const CommitmentOptions& o, double left) noexcept {
  const double mean = guarantees_mean(faded, o);
  const double scale = 1 - o.contract_weight;  // a contract is known, not estimated
  return scale * scale * shift_variance(mean * (1 - mean), guarantees_shift(faded, now, o, left));
}

[[nodiscard]] inline double responsiveness_shift(const ResponsivenessEvidence& faded,
                                                 const ResponsivenessEvidence& now,
                                                 const ResponsivenessOptions& o,
                                                 double left_answers,
                                                 double left_concessions) noexcept {
  const AnswerRate before = answer_rate(faded, o);
  const AnswerRate after = answer_rate(now, o);
  double fresh = gained(now.answered, faded.answered) + gained(now.open, faded.open);
  // Where silence is all that is new, the answers that one would have expected in it.
  if (!(fresh > 0)) fresh = gained(after.rate, before.rate) * before.shape / before.rate;
  const double speed =
      shift_variance(answer_variance(before.shape, before.rate) * (before.shape + 1),
                     {o.prior_answers, before.shape - o.prior_answers, fresh, left_answers});
  const double mean = readiness(faded, o).mean;
  const double conceding = shift_variance(
      mean * (1 - mean),
      {o.prior_granted + o.prior_refused, non_negative(faded.granted) + non_negative(faded.refused),
       gained(now.granted, faded.granted) + gained(now.refused, faded.refused), left_concessions});
  return o.speed_weight * o.speed_weight * speed +
         (1 - o.speed_weight) * (1 - o.speed_weight) * conceding;
}

[[nodiscard]] inline double reciprocity_shift(const ReciprocityEvidence& faded,
                                              const ReciprocityEvidence& now,
                                              const ReciprocityOptions& o, double left) noexcept {
  const double given = non_negative(faded.given);
  const double received = non_negative(faded.received);
  const double a = o.prior_given + given;
  const double b = o.prior_received + received;
  return shift_variance(
      balance_variance(a, b) * (a + b + 1),
      {o.prior_given + o.prior_received, given + received,
       gained(now.given, faded.given) + gained(now.received, faded.received), left});
}

[[nodiscard]] constexpr Shift outcomes_shift(const TrustEvidence& faded, const TrustEvidence& now,
                                             const TrustOptions& o, double left) noexcept {
  return {o.prior_kept + o.prior_broken,
          non_negative(faded.kept) + non_negative(faded.broken) +
              o.grave_weight * non_negative(faded.grave),
          gained(now.kept, faded.kept) + gained(now.broken, faded.broken) +
              o.grave_weight * gained(now.grave, faded.grave),
          left};
}

[[nodiscard]] constexpr double trust_shift(const TrustEvidence& faded, const TrustEvidence& now,
                                           const TrustOptions& o, double left) noexcept {
  const double kappa = o.grave_weight;
  const double good = o.prior_kept + non_negative(faded.kept);
  const double bad = o.prior_broken + non_negative(faded.broken);
  const double grave = non_negative(faded.grave);
  const Shift shift = outcomes_shift(faded, now, o, left);
  const double mean = good / shift.before();
  // A grave failure is one event that weighs kappa: its square counts.
  const double squares =
      good * (1 - mean) * (1 - mean) + (bad + kappa * kappa * grave) * mean * mean;
  return shift_variance(squares / shift.before(), shift);
}

/// Covariance of both shifts, since a breached guarantee is a grave failure, too.
[[nodiscard]] constexpr double breach_covariance(const Evidence& faded, const Evidence& now,
                                                 const ScoringOptions& o,
                                                 const Fading& left) noexcept {
  const Shift record = guarantees_shift(faded.commitment, now.commitment, o.commitment,
                                        std::max(left.guarantees, left.trust));
  const Shift outcomes = outcomes_shift(faded.trust, now.trust, o.trust, left.trust);
  if (!(record.fresh > 0 && outcomes.fresh > 0)) return 0;
  const double kept = guarantees_mean(faded.commitment, o.commitment);
  const double good = (o.trust.prior_kept + non_negative(faded.trust.kept)) / outcomes.before();
  const double weight = o.trust.grave_weight * left.grave_of_breach;
  return (1 - o.commitment.contract_weight) * weight * good * kept * (1 - kept) *
         (record.fresh_squares() + record.share() * outcomes.share() * record.old_squares()) /
         (record.after() * outcomes.after());
}

}  // namespace detail

/// Whether what came between two dates moved the quality by more than chance alone would, had the conduct stayed the
/// same (docs/changes.md, Noise). `faded` is the evidence of the earlier date, faded to the later, `now` that of the
/// later; `left` is how much the period leaves of a weight. O(1), about 0.5 us.
[[nodiscard]] inline ChangeNoise change_noise(const Evidence& faded, const Evidence& now,
                                              const Scorer& scorer, Lit lit = {},
                                              const Fading& left = {}) noexcept {
  const ScoringOptions& o = scorer.options;
  const Weights& w = o.quality.weights;
  const Reading before{parameters_of<false>(faded, scorer, lit), w};
  const Reading after{parameters_of<false>(now, scorer, lit), w};
  const auto in_logs = [](bool shown, double weight, double mean, double variance) {
    return shown && weight > 0 ? weight * weight * variance / (mean * mean) : 0;
  };
  const Parameters& m = before.parameters;
  const double variance =
      (in_logs(lit.commitment, w.commitment, m.commitment.mean,
               detail::commitment_shift(faded.commitment, now.commitment, o.commitment,
                                        left.guarantees)) +
       in_logs(lit.responsiveness, w.responsiveness, m.responsiveness.mean,
               detail::responsiveness_shift(faded.responsiveness, now.responsiveness,
                                            o.responsiveness, left.responses, left.concessions))) +
      (in_logs(lit.reciprocity, w.reciprocity, m.reciprocity.mean,
               detail::reciprocity_shift(faded.reciprocity, now.reciprocity, o.reciprocity,
                                         left.reciprocity)) +
       in_logs(lit.trust, w.trust, m.trust.mean,
               detail::trust_shift(faded.trust, now.trust, o.trust, left.trust)));
  const double joint = lit.commitment && lit.trust && w.commitment > 0 && w.trust > 0
                           ? 2 * w.commitment * w.trust *
                                 detail::breach_covariance(faded, now, o, left) /
                                 (m.commitment.mean * m.trust.mean)
                           : 0;
  const double q0 = quality(before);
  const double q1 = quality(after);
  ChangeNoise noise;
  noise.evidence = total(attribution(after, before));
  noise.points = detail::noise_quantile * std::sqrt(variance + joint) * math::log_mean(q1, q0);
  noise.beyond = std::fabs(noise.evidence) > std::max(noise.points, detail::least_points);
  return noise;
}

/// What became of a relationship's rung.
enum class Move : std::uint8_t {
  climbed,   ///< stands on a higher rung
  held,      ///< stands where it stood, or the log records no rungs
  fell,      ///< stands on a lower rung
  appeared,  ///< is known on the second side only
  gone,      ///< is known on the first side only
};

/// Stable word of a move: climbed, held, fell, new, gone.
constexpr std::string_view name(Move move) noexcept {
  constexpr std::array<std::string_view, 5> words = {"climbed", "held", "fell", "new", "gone"};
  return words[static_cast<std::size_t>(move)];
}

/// One side of a change.
struct ChangeSide {
  bool known = false;      ///< the relationship is there
  bool has_rung = false;   ///< and the log records purchases
  Standing standing{};     ///< on the ladder
  double plug_in = 0;      ///< quality whatever the coverage, 0..100; a stranger's where not known
  double coverage = 0;     ///< of the quality, 0..1
  bool published = false;  ///< the coverage sufficed to publish it
};

/// A change of one relationship from a first side to a second, which need not be the later one.
struct AssessedChange {
  ChangeSide before;
  ChangeSide after;
  Move move = Move::held;
  Change points;      ///< sums to after.plug_in - before.plug_in
  ChangeNoise noise;  ///< of the evidence between the dates; `evidence` from first to second
  bool corrections_known = false;  ///< else late rows are among the new events
};

}  // namespace loyalty
