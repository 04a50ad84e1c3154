// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include <loyalty/core/time.hpp>
#include <loyalty/events/event.hpp>
#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// What a contact row says beside its time and side. Absent is `unstated`.
struct Contact {
  /// A flag that the row does not state.
  static constexpr std::uint8_t unstated = 255;

  Time time = no_time;               ///< UTC second
  Side side = Side::us;              ///< who made it
  std::uint8_t personal = unstated;  ///< 1 personal, 0 by a machine or to many
  std::uint8_t answered = unstated;  ///< 1 the other side answered, 0 it did not
  double rating = no_value;          ///< of the contact, on its scale
  double scale_low = no_value;       ///< worst rating
  double scale_high = no_value;      ///< best rating; may be the lower number
};

/// The contacts with one counterparty, described and not scored: how often, by whom, how personal, how many
/// answered, how well rated. Counts only, so that order and shards leave no trace; nothing fades.
struct alignas(64) ContactProfile {
  Time first = never;                ///< earliest contact; stays where it is taken back
  Time last = no_time;               ///< newest contact; likewise
  std::int32_t from_us = 0;          ///< contacts that we made
  std::int32_t from_them = 0;        ///< contacts that they made
  std::int32_t personal = 0;         ///< of those that say so
  std::int32_t personal_stated = 0;  ///< contacts that say whether they were personal
  std::int32_t answered = 0;         ///< of those that say so
  std::int32_t answered_stated = 0;  ///< contacts that say whether they were answered
  std::int64_t rating = 0;           ///< sum of places on the scale, 0..1, in units of 2^-20
  std::int32_t rated = 0;            ///< contacts with a rating on its scale

  /// Whether there were none.
  bool empty() const noexcept { return last == no_time; }
  /// Contacts in all.
  std::int32_t contacts() const noexcept { return from_us + from_them; }

  /// Adds a contact; `sign` -1 takes it back. O(1).
  void add(const Contact& c, int sign = 1) noexcept {
    (c.side == Side::them ? from_them : from_us) += sign;
    if (c.personal <= 1) {
      personal_stated += sign;
      personal += sign * c.personal;
    }
    if (c.answered <= 1) {
      answered_stated += sign;
      answered += sign * c.answered;
    }
    double place = 0;
    if (c.rating == c.rating &&
        detail::scale_position(c.rating, c.scale_low, c.scale_high, place) == Code::ok) {
      rated += sign;
      rating += sign * static_cast<std::int64_t>(place * 0x1p20 + 0.5);
    }
    if (sign < 0) return;
    first = std::min(first, c.time);
    last = std::max(last, c.time);
  }

  /// Adds another part of the same history. O(1).
  ContactProfile& operator+=(const ContactProfile& other) noexcept {
    first = std::min(first, other.first);
    last = std::max(last, other.last);
    from_us += other.from_us;
    from_them += other.from_them;
    personal += other.personal;
    personal_stated += other.personal_stated;
    answered += other.answered;
    answered_stated += other.answered_stated;
    rating += other.rating;
    rated += other.rated;
    return *this;
  }
  friend bool operator==(const ContactProfile&, const ContactProfile&) = default;
};

/// A profile in figures for a reader; NaN where no row says it.
struct ContactFigures {
  double per_month = no_value;       ///< contacts per 30 days, from the first contact to `now`
  double share_from_us = no_value;   ///< 0..1
  double share_personal = no_value;  ///< 0..1, of the contacts that say so
  double share_answered = no_value;  ///< 0..1, of the contacts that say so
  double quality = no_value;         ///< mean place of the ratings on their scale, 0..1
};

/// The figures of a profile as of `now`, UTC seconds; less than a day counts as a day. O(1).
inline ContactFigures figures(const ContactProfile& p, Time now) noexcept {
  ContactFigures f;
  if (p.contacts() <= 0) return f;
  const auto share = [](std::int32_t part, std::int32_t of) {
    return of > 0 ? static_cast<double>(part) / of : no_value;
  };
  const Time span = std::max<Time>(now - std::min(p.first, now), day);
  f.per_month = p.contacts() * static_cast<double>(30 * day) / static_cast<double>(span);
  f.share_from_us = share(p.from_us, p.contacts());
  f.share_personal = share(p.personal, p.personal_stated);
  f.share_answered = share(p.answered, p.answered_stated);
  f.quality = p.rated > 0 ? static_cast<double>(p.rating) * 0x1p-20 / p.rated : no_value;
  return f;
}

}  // namespace loyalty
