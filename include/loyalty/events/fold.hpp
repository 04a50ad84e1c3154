// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include <loyalty/core/decay.hpp>
#include <loyalty/events/kind.hpp>
#include <loyalty/ladder/staircase.hpp>

namespace loyalty {

/// Half-lives by stream, in whole seconds; one hour to 100 years.
struct HalfLives {
  Time guarantees = 730 * day;   ///< K+ K-
  Time trust = 730 * day;        ///< T+ T- T*
  Time responses = 365 * day;    ///< Rn Rx
  Time concessions = 365 * day;  ///< G+ G-
  Time reciprocity = 365 * day;  ///< Fo Fi
  Time purchases = 365 * day;    ///< B O: four purchase cycles
  Time support = 365 * day;      ///< S
  Time advocacy = 365 * day;     ///< A
  Time partnership = 365 * day;  ///< P
  Time margin = 365 * day;       ///< M
  Time cost = 365 * day;         ///< Cost
  friend constexpr bool operator==(const HalfLives&, const HalfLives&) = default;
};

/// What one event of weight 1 adds to the sums; 0..1000 each. Points given by them go to Fi; to Fo
/// where the perspective is theirs.
struct Effects {
  double purchase_regularity = 1;      ///< B
  double purchase_elsewhere = 1;       ///< O
  double return_broken = 1;            ///< T-, times the value of a return
  double contact_support = 0.5;        ///< S, a contact that they made
  double participation_support = 1;    ///< S, times the value
  double participation_received = 1;   ///< points given by them, times the value
  double review_support = 1;           ///< S, times value and place on the scale
  double review_received = 1;          ///< points given by them, times the same
  double attendance_advocacy = 1;      ///< A, times the value
  double novelty_advocacy = 1;         ///< A, times the value
  double referral_advocacy = 1;        ///< A
  double referral_received = 1;        ///< points given by them, times the value
  double suggestion_partnership = 1;   ///< P
  double suggestion_received = 1;      ///< points given by them, times the value
  double co_creation_partnership = 1;  ///< P
  double co_creation_received = 1;     ///< points given by them, times the value
  double gift_given = 1;               ///< points given by the row's side, times the value
  double promise_kept = 1;             ///< T+, times the stake
  double promise_late = 1;             ///< T-, times the stake
  double promise_broken = 1;           ///< T*, times the stake
  double payment_kept = 1;             ///< T+, times the stake
  double payment_late = 1;             ///< T-, times the stake
  double payment_broken = 1;           ///< T*, times the stake
  double guarantee_kept = 1;           ///< K+
  double guarantee_breached = 1;       ///< K-
  double guarantee_grave = 1;          ///< T*, beside K-
  double concession = 1;               ///< split by the value between G+ and G-
  double complaint_grave = 1;          ///< T*, times the severity
  double resolution_kept = 1;          ///< T+
  double survey = 0.5;                 ///< split by the answer: T+ and T-, or K+ and K-
  double survey_support = 0.25;        ///< S, times the answer's place on the scale
  friend constexpr bool operator==(const Effects&, const Effects&) = default;
};

/// Everything that the sums depend on; two portfolios merge only where it is the same.
struct FoldOptions {
  HalfLives half_lives{};       ///< seconds, by stream
  Effects effects{};            ///< what one event adds
  Time response_target = day;   ///< tau, one second to one year
  Time promise_grace = 0;       ///< a promise is broken when now > due + grace, up to one year
  Side perspective = Side::us;  ///< whose conduct the four parameters judge
  int minor_digits = 2;         ///< of the currency: 0..4
  friend constexpr bool operator==(const FoldOptions&, const FoldOptions&) = default;
};

/// Requests open for this many targets are closed unanswered.
inline constexpr std::int64_t expiry_targets = 30;
/// Assessment dates lie within this many half-lives of the landmark.
inline constexpr std::int64_t window_half_lives = 30;
/// Most events of a relationship, checked on a counter that does not depend on order.
inline constexpr std::int32_t most_events = 1'000'000;
/// Most money of a relationship: the sum of |minor units|, checked likewise.
inline constexpr std::int64_t most_money = 1'000'000'000'000;
/// Largest single evidence value.
inline constexpr double most_evidence = 1 << 20;

/// The landmark of a portfolio whose policy sets none: 2020-01-01.
inline constexpr Time default_landmark = utc(2020, 1, 1);

/// The grid on which values sit before they go to a sum. O(1).
constexpr Grid grid_of(Sum sum) noexcept {
  if (sum == Sum::answer_time) return Grid::duration;
  return sum == Sum::margin || sum == Sum::cost ? Grid::money : Grid::evidence;
}

/// The half-life of a sum, in seconds. O(1).
constexpr Time half_life_of(const HalfLives& h, Sum sum) noexcept {
  switch (sum) {
    case Sum::guarantees_kept:
    case Sum::guarantees_breached:
      return h.guarantees;
    case Sum::promises_kept:
    case Sum::promises_broken:
    case Sum::promises_grave:
      return h.trust;
    case Sum::answered:
    case Sum::answer_time:
      return h.responses;
    case Sum::granted:
    case Sum::refused:
      return h.concessions;
    case Sum::given:
    case Sum::received:
      return h.reciprocity;
    case Sum::purchases:
    case Sum::elsewhere:
      return h.purchases;
    case Sum::support:
      return h.support;
    case Sum::advocacy:
      return h.advocacy;
    case Sum::partnership:
      return h.partnership;
    case Sum::margin:
      return h.margin;
    case Sum::cost:
      return h.cost;
  }
  return h.cost;
}

/// Fold options compiled for the hot path: clocks by sum, the ladder's clocks and criteria.
struct FoldRules {
  FoldOptions options;                  ///< what the rules were made from
  Time landmark = default_landmark;     ///< UTC second that places the window
  std::array<Clock, sum_count> clocks;  ///< by Sum
  LadderRules ladder;                   ///< clocks and criteria of B, S, A and P
  double minor_units = 100;             ///< per major unit
  Time window_start = 0;  ///< earliest assessment date: 30 of the shortest half-life before L
  Time window_end = 0;    ///< latest assessment date: as far after it

  /// Compiles options that lie in their ranges, which is not checked here (`validate` of a policy
  /// does). `landmark` in UTC seconds. O(sums).
  explicit FoldRules(const FoldOptions& fold = {}, const Criteria& criteria = {},
                     Time landmark_ = default_landmark)
      : options(fold), landmark(landmark_) {
    Time shortest = fold.half_lives.purchases;
    for (int i = 0; i < sum_count; ++i) {
      const Time h = half_life_of(fold.half_lives, static_cast<Sum>(i));
      clocks[static_cast<std::size_t>(i)] = Clock(h, landmark);
      shortest = std::min(shortest, h);
    }
    ladder = LadderRules(
        {clock(Sum::purchases), clock(Sum::support), clock(Sum::advocacy), clock(Sum::partnership)},
        criteria, landmark);
    for (int i = 2; i < fold.minor_digits; ++i) minor_units *= 10;
    for (int i = fold.minor_digits; i < 2; ++i) minor_units /= 10;
    window_start = landmark - window_half_lives * shortest;
    window_end = landmark + window_half_lives * shortest;
  }

  /// The clock of a sum. O(1).
  const Clock& clock(Sum sum) const noexcept { return clocks[static_cast<std::size_t>(sum)]; }
};

}  // namespace loyalty
