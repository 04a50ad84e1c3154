// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/math/fit_status.hpp>
#include <loyalty/math/optimise_prior.hpp>
#include <loyalty/policy.hpp>

namespace loyalty {

/// Streams of outcomes of the conduct under judgement: each has a half-life, and a prior for each role.
enum class Stream : std::uint8_t { guarantees, trust, responses, concessions, reciprocity };
/// Number of streams.
inline constexpr int stream_count = 5;
/// The streams by name, as `[half_life_days]` of a policy calls them, in the order of `Stream`.
inline constexpr std::array<std::string_view, stream_count> stream_names = {
    "guarantees", "trust", "responses", "concessions", "reciprocity"};

/// What one second brought to one stream of one relationship: evidence for (kept, granted, given; answers) and against
/// (breached, broken and graves by their weight, refused, received; the answers' times in targets), >= 0.
struct DatedOutcome {
  Time time = no_time;
  double good = 0;
  double bad = 0;
};

/// How well evidence predicts the outcomes after it: the sum of good ln p + bad ln(1 - p), p = (a + K+)/(a + b + K+ +
/// K-) from the evidence of all earlier seconds, which fades with the half-life (A. Dawid, JRSS A 147, 1984:
/// prequential). Outcomes of one relationship, ascending in time, of which those after `from` are scored; `half_life`
/// in seconds, > 0; a, b > 0. O(n).
[[nodiscard]] double prequential_shares(std::span<const DatedOutcome> outcomes, double half_life,
                                        double a, double b, Time from = no_time) noexcept;

/// The same of answers: the sum of their log-densities `log_gamma_rate(A + Rn, B + Rx, good, bad)`, A = `shape`, B =
/// `rate`.
[[nodiscard]] double prequential_rates(std::span<const DatedOutcome> outcomes, double half_life,
                                       double shape, double rate, Time from = no_time) noexcept;

/// What the evidence of a stream is about.
enum class Law : std::uint8_t {
  shares,  ///< good against bad outcomes: Beta
  rates,   ///< answers in time: Gamma
};

/// Outcomes by column, in any order; columns of one length.
struct OutcomeColumns {
  std::span<const std::int64_t> relationship;  ///< a number for each; empty: one relationship
  std::span<const Time> time;
  std::span<const double> good;  ///< finite, >= 0
  std::span<const double> bad;   ///< likewise
};

/// The log-score of each half-life (seconds, > 0) over many relationships with one prior, a, b > 0. Outcomes of one
/// second are one batch, predicted from what came before it. The order of rows changes no bit. O(n log n + n
/// half-lives).
[[nodiscard]] std::vector<double> prequential_scores(const OutcomeColumns& outcomes, Law law,
                                                     double a, double b,
                                                     std::span<const double> half_lives);

/// The time between two purchases of one relationship, or since its last one.
struct PurchaseGap {
  std::uint32_t relationship = 0;
  double days = 0;      ///< > 0
  bool closed = false;  ///< whether the next purchase came; else none has come yet
};

/// How long those who buy again take to.
struct PurchaseCycle {
  Estimate days;                   ///< median
  std::int64_t closed = 0;         ///< gaps that ended
  std::int64_t open = 0;           ///< that have not, yet
  std::int64_t relationships = 0;  ///< with a gap that ended
  double not_again = no_value;  ///< share of purchases that no other follows, in the time observed
  FitStatus status;
};

/// The median gap by the product-limit estimator (E. Kaplan and P. Meier, JASA 53, 1958), so that gaps still open count
/// for as long as they were seen. Some buyers never return: the curve S falls to a plateau, and the median of those who
/// do is where S reaches (1 + plateau)/2 (R. Maller and X. Zhou, Biometrika 79, 1992). The interval turns the tests of
/// that at 5 % on either side around, with a variance between relationships, since gaps of one are alike (Z. Ying and L.
/// Wei, J. Multivariate Analysis 50, 1994); the median has no sd. Gaps in any order. `too_little_data` below
/// `least_relationships` with a gap that ended; the median is there if any did. O(n log n).
[[nodiscard]] PurchaseCycle purchase_cycle(std::vector<PurchaseGap> gaps,
                                           std::int64_t least_relationships = 20);

/// What to learn, and from which part of a log.
struct LearnOptions {
  Time as_of = no_time;  ///< UTC second, required; later rows are not used
  Time hold_out =
      no_time;  ///< UTC second before `as_of`: what is learned until then is tried on the rest
  bool priors = true;                     ///< of every role
  bool half_lives = true;                 ///< of every stream
  bool purchase_cycle = true;             ///< and with it the half-life of purchases
  std::int64_t least_relationships = 20;  ///< with enough evidence, for each value; >= 2
};

/// One key of the policy: what it was, what it is now, and why.
struct LearnedValue {
  std::string key;    ///< `roles.consumer.trust.prior_kept`
  double before = 0;  ///< in the file's unit
  double after = 0;   ///< equal to `before` where it stays
  Estimate estimate;  ///< what the data say, whether or not it was taken; in the file's unit
  std::int64_t relationships = 0;  ///< that had evidence
  double evidence = 0;             ///< outcomes, or gaps between purchases
  FitEnd end = FitEnd::too_little_data;
  std::string sentence;  ///< how the fit ended and what became of the value
  bool changed() const noexcept { return before != after; }
};

/// How well each half-life predicts.
struct HalfLifeScores {
  Stream stream = Stream::guarantees;
  std::vector<Time> half_lives;  ///< seconds, ascending
  std::vector<double> scores;    ///< log-score of each; the differences count
};

/// The purchase cycle of some relationships.
struct LearnedCycle {
  std::string who;  ///< a role, or "all"
  PurchaseCycle cycle;
};

/// Whether a policy learned from the earlier part of a log predicts the rest better.
struct HoldOut {
  Time from = no_time;                                ///< UTC second; later outcomes are predicted
  std::array<std::int64_t, stream_count> outcomes{};  ///< by Stream
  std::array<double, stream_count> before{};          ///< log-score of the policy as it was
  std::array<double, stream_count> after{};  ///< log-score of what was learned until `from`
};

/// What a log teaches.
struct Learning {
  Policy policy;                       ///< the new one
  Fingerprints before, after;          ///< of the policy as it was, and of the new one
  std::vector<LearnedValue> values;    ///< every key that was looked at
  std::vector<HalfLifeScores> scores;  ///< of the streams that had enough data
  std::vector<LearnedCycle> cycles;    ///< of all, then of the roles that bought
  std::optional<HoldOut> hold_out;
  Books books;             ///< of the rows until `as_of`
  std::int64_t later = 0;  ///< rows after it, which were not used
  std::int64_t relationships = 0;
  Time first = no_time;  ///< earliest and latest row that was used, UTC seconds
  Time last = no_time;
  Time as_of = no_time;
};

/// Learns from a log, rows in any order, starting from a policy:
///
/// - half-lives by prequential log-score, from one day to 90 years, each under the priors that fit it; to 2 %;
/// - priors of each role by the likelihood of its relationships' outcomes, each predicted from the faded evidence
///   before it. Where nothing fades this is the marginal likelihood of `fit_beta_binomial` and `fit_gamma_rate`;
/// - the purchase cycle.
///
/// What the data do not tell stays, and its sentence says why; where every half-life above some length predicts as
/// well, the policy's stays if it is one of them. A policy that sets the half-life of purchases by itself keeps it.
/// Numbers are rounded: half-lives to whole days, priors to four digits.
///
/// What was taken back is absent from all of the past. Throws PolicyError without `as_of` or for a hold-out that is not
/// before it, else as `Portfolio::apply` and `Portfolio::at`. O(rows log rows + outcomes candidates); memory 64 bytes
/// an outcome.
Learning learn(const EventColumns& rows, const Policy& policy, const LearnOptions& options);

/// What was learned in a few lines, and one for each key: at most 100 columns.
std::string summary(const Learning& learning);

}  // namespace loyalty
