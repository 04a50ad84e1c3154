// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <loyalty/events/fold.hpp>

namespace loyalty {

/// What one event of a kind adds to one sum: a weight of the policy, times the row's value where that counts.
struct Addition {
  Sum sum;           ///< where it goes
  double weight;     ///< 0..1000
  bool times_value;  ///< whether the row's value multiplies it
};

/// What an event of a kind adds, where kind, side and value decide it alone.
struct Effect {
  Addition additions[2] = {};  ///< the first `count` are set
  std::uint8_t count = 0;      ///< 0..2
  Feed feed = Feed::nothing;   ///< what it feeds of the ladder

  /// Adds an addition; at most two, which is not checked.
  constexpr void add(Sum sum, double weight, bool times_value = false) noexcept {
    additions[count++] = {sum, weight, times_value};
  }
};

/// The table of effects of the kinds that need no more than a value: one home for `act_of` and `PlainFold`.
/// A guarantee is one that was kept, a review one without rating; money comes on top. Other kinds: nothing.
/// `side` is whose conduct the row is about, or who made a contact. O(1).
constexpr Effect effect_of(Kind kind, Side side, const FoldOptions& options) noexcept {
  const Effects& w = options.effects;
  const bool judged = side == options.perspective;
  // Value given by them, and by the row's side, seen from the side under judgement.
  const Sum from_them = options.perspective == Side::them ? Sum::given : Sum::received;
  const Sum from_side = judged ? Sum::given : Sum::received;
  Effect e;
  switch (kind) {
    case Kind::purchase:
      e.add(Sum::purchases, w.purchase_regularity);
      e.feed = Feed::purchases;
      break;
    case Kind::purchase_elsewhere:
      e.add(Sum::elsewhere, w.purchase_elsewhere);
      e.feed = Feed::sinks;
      break;
    case Kind::contact:
      if (side == Side::us) break;
      e.add(Sum::support, w.contact_support);
      e.feed = Feed::support;
      break;
    case Kind::participation:
      e.add(Sum::support, w.participation_support, true);
      e.add(from_them, w.participation_received, true);
      e.feed = Feed::support;
      break;
    case Kind::review:
      e.add(Sum::support, w.review_support, true);
      e.add(from_them, w.review_received, true);
      e.feed = Feed::support;
      break;
    case Kind::attendance:
      e.add(Sum::advocacy, w.attendance_advocacy, true);
      e.feed = Feed::advocacy;
      break;
    case Kind::novelty:
      e.add(Sum::advocacy, w.novelty_advocacy, true);
      e.feed = Feed::advocacy;
      break;
    case Kind::referral:
      e.add(Sum::advocacy, w.referral_advocacy);
      e.add(from_them, w.referral_received, true);
      e.feed = Feed::advocacy;
      break;
    case Kind::suggestion:
      e.add(Sum::partnership, w.suggestion_partnership);
      e.add(from_them, w.suggestion_received, true);
      e.feed = Feed::partnership;
      break;
    case Kind::co_creation:
      e.add(Sum::partnership, w.co_creation_partnership);
      e.add(from_them, w.co_creation_received, true);
      e.feed = Feed::partnership;
      break;
    case Kind::gift:
      e.add(from_side, w.gift_given, true);
      break;
    case Kind::guarantee:
      if (judged) e.add(Sum::guarantees_kept, w.guarantee_kept);
      break;
    default:
      break;
  }
  return e;
}

}  // namespace loyalty
