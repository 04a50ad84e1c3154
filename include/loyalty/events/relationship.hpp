// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include <loyalty/events/act.hpp>
#include <loyalty/events/fold.hpp>

namespace loyalty {

/// The first event of a relationship that has none.
inline constexpr Time never = std::numeric_limits<Time>::max();

/// The state of a relationship: 384 bytes in six cache lines, of which an event touches the first and one
/// or two more; trivially copyable, no pointers. Decayed sums are exact integers; the ladder position rides
/// along. Values are read through `rules.at(now)`.
struct alignas(64) Relationship {
  std::int32_t events = 0;                 ///< acts so far
  std::int32_t quiet_until = never_quiet;  ///< cache of `advance`; not part of the bytes
  LadderState ladder;                      ///< position, newest event, n, B, O, S, A, P
  Time first_event = never;                ///< earliest second that an event touched

  ExactSum margin;               ///< M
  ExactSum cost;                 ///< Cost
  std::int64_t spend = 0;        ///< minor units, undecayed, less returns
  std::int64_t money = 0;        ///< sum of |minor units|, for the limit
  Time first_purchase = never;   ///< stays where a purchase is taken back
  Time last_purchase = no_time;  ///< likewise

  ExactSum promises_kept;    ///< T+
  ExactSum promises_broken;  ///< T-
  ExactSum promises_grave;   ///< T*
  ExactSum granted;          ///< G+

  ExactSum refused;                  ///< G-
  ExactSum answered;                 ///< Rn
  ExactSum answer_time;              ///< Rx
  Time open_time = 0;                ///< sum of the opening times of open requests
  std::int32_t open_requests = 0;    ///< n_open; below 0 in a shard with answers only
  std::int32_t open_complaints = 0;  ///< complaints not resolved

  ExactSum guarantees_kept;      ///< K+
  ExactSum guarantees_breached;  ///< K-
  ExactSum given;                ///< Fo
  ExactSum received;             ///< Fi

  /// Whether nothing was ever applied: the identity of `merge`. O(1).
  bool empty() const noexcept { return events == 0 && ladder.newest == no_time; }
};
static_assert(sizeof(Relationship) == 384);
static_assert(std::is_trivially_copyable_v<Relationship> &&
              std::is_standard_layout_v<Relationship>);

namespace detail {
inline constexpr std::array<std::uint16_t, sum_count> sum_offsets = [] {
  std::array<std::uint16_t, sum_count> o{};
  const auto set = [&o](Sum sum, std::size_t offset) {
    o[static_cast<std::size_t>(sum)] = static_cast<std::uint16_t>(offset);
  };
  set(Sum::guarantees_kept, offsetof(Relationship, guarantees_kept));
  set(Sum::guarantees_breached, offsetof(Relationship, guarantees_breached));
  set(Sum::promises_kept, offsetof(Relationship, promises_kept));
  set(Sum::promises_broken, offsetof(Relationship, promises_broken));
  set(Sum::promises_grave, offsetof(Relationship, promises_grave));
  set(Sum::answered, offsetof(Relationship, answered));
  set(Sum::answer_time, offsetof(Relationship, answer_time));
  set(Sum::granted, offsetof(Relationship, granted));
  set(Sum::refused, offsetof(Relationship, refused));
  set(Sum::given, offsetof(Relationship, given));
  set(Sum::received, offsetof(Relationship, received));
  set(Sum::purchases, offsetof(Relationship, ladder) + offsetof(LadderState, regularity));
  set(Sum::elsewhere, offsetof(Relationship, ladder) + offsetof(LadderState, elsewhere));
  set(Sum::support, offsetof(Relationship, ladder) + offsetof(LadderState, support));
  set(Sum::advocacy, offsetof(Relationship, ladder) + offsetof(LadderState, advocacy));
  set(Sum::partnership, offsetof(Relationship, ladder) + offsetof(LadderState, partnership));
  set(Sum::margin, offsetof(Relationship, margin));
  set(Sum::cost, offsetof(Relationship, cost));
  return o;
}();
}  // namespace detail

/// One decayed sum of a state, in units of 2^-56 at the landmark's weight.
inline ExactSum& sum_of(Relationship& r, Sum sum) noexcept {
  return *reinterpret_cast<ExactSum*>(reinterpret_cast<std::byte*>(&r) +
                                      detail::sum_offsets[static_cast<std::size_t>(sum)]);
}
inline const ExactSum& sum_of(const Relationship& r, Sum sum) noexcept {
  return *reinterpret_cast<const ExactSum*>(reinterpret_cast<const std::byte*>(&r) +
                                            detail::sum_offsets[static_cast<std::size_t>(sum)]);
}

namespace detail {

template <int Sign>
inline void move_sums(Relationship& r, const Act& act, const FoldRules& rules) noexcept {
  for (int i = 0; i < act.count; ++i) {
    const Part& part = act.parts[i];
    const Tick tick = rules.clock(part.sum).tick(part.back ? act.back_stamp : act.stamp);
    sum_of(r, part.sum) += weighed(Sign * part.units, grid_of(part.sum), tick);
  }
  r.events += Sign * act.events;
  r.ladder.purchases += Sign * act.purchases;
  if (act.money != 0 || act.spend != 0) {
    r.spend += Sign * act.spend;
    r.money += Sign * act.money;
  }
  // Each condition spares a cache line that most events do not touch.
  if (act.complaints != 0) r.open_complaints += Sign * act.complaints;
  if (act.open != 0) {
    r.open_requests += Sign * act.open;
    r.open_time += Sign * act.open_time;
  }
}

}  // namespace detail

/// Applies an act: O(1), no allocation, no lock. Acts may come in any order; the sums do not depend on
/// it, and a late act that feeds the ladder flags the position.
inline void apply(Relationship& r, const Act& act, const FoldRules& rules) noexcept {
  advance(r.ladder, r.quiet_until, act.stamp, act.feed, rules.ladder);
  detail::move_sums<1>(r, act, rules);
  const Time first = act.first_stamp == no_time ? act.stamp : std::min(act.first_stamp, act.stamp);
  r.first_event = std::min(r.first_event, first);
  if (first < rules.ladder.start) r.ladder.flags |= before_staircase;
  if (act.until != no_time) r.ladder.contract_until = std::max(r.ladder.contract_until, act.until);
  if (act.buys) {
    r.first_purchase = std::min(r.first_purchase, act.stamp);
    r.last_purchase = std::max(r.last_purchase, act.stamp);
  }
}

/// Applies an event with the outcome that it states itself. Returns why a bad one was left out.
inline Code apply(Relationship& r, const Event& event, const FoldRules& rules) noexcept {
  Act act;
  const Code code = act_of(event, rules, act);
  if (code == Code::ok) apply(r, act, rules);
  return code;
}

/// Takes an act back: every sum is what it would be had it never happened. What fed the ladder, or was
/// an extreme (first, last, newest, longest contract), flags the position for a replay.
inline void retract(Relationship& r, const Act& act, const FoldRules& rules) noexcept {
  detail::move_sums<-1>(r, act, rules);
  const bool extreme = act.stamp == r.ladder.newest || act.stamp == r.first_event ||
                       (act.first_stamp != no_time && act.first_stamp == r.first_event) ||
                       (act.until != no_time && act.until == r.ladder.contract_until);
  if (act.feed != Feed::nothing || extreme) r.ladder.flags |= out_of_order;
  r.quiet_until = never_quiet;
}

/// Takes an event back; it must be given whole, as it was applied. Returns why a bad one was not.
inline Code retract(Relationship& r, const Event& event, const FoldRules& rules) noexcept {
  Act act;
  const Code code = act_of(event, rules, act);
  if (code == Code::ok) retract(r, act, rules);
  return code;
}

/// The union of two histories of one relationship: sums add, extremes join. The ladder position is
/// kept if one side is empty, else unset until a replay. Associative and commutative; a fresh
/// `Relationship` is its identity. Both must have been made by the same rules. O(1).
inline Relationship merge(const Relationship& a, const Relationship& b) noexcept {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Relationship m = a;
  for (int i = 0; i < sum_count; ++i)
    sum_of(m, static_cast<Sum>(i)) += sum_of(b, static_cast<Sum>(i));
  m.first_event = std::min(a.first_event, b.first_event);
  m.events += b.events;
  m.open_complaints += b.open_complaints;
  m.spend += b.spend;
  m.money += b.money;
  m.first_purchase = std::min(a.first_purchase, b.first_purchase);
  m.last_purchase = std::max(a.last_purchase, b.last_purchase);
  m.open_time += b.open_time;
  m.open_requests += b.open_requests;
  m.ladder.newest = std::max(a.ladder.newest, b.ladder.newest);
  m.ladder.contract_until = std::max(a.ladder.contract_until, b.ladder.contract_until);
  m.ladder.purchases += b.ladder.purchases;
  m.quiet_until = never_quiet;
  m.ladder.rung = m.ladder.peak = Rung::prospect;
  m.ladder.since = no_time;
  m.ladder.flags = static_cast<std::uint16_t>(
      ((a.ladder.flags | b.ladder.flags) & (before_staircase | divided_wallet)) | position_unset);
  return m;
}

/// Whether the counters are inside the documented limits (10^6 events, 10^12 minor units of money).
constexpr bool within_limits(const Relationship& r) noexcept {
  return r.events <= most_events && r.money <= most_money;
}

/// Version of the bytes of a state.
inline constexpr std::uint8_t state_version = 1;
/// Size of a state in bytes: 384.
inline constexpr std::size_t state_bytes = sizeof(Relationship);

/// The bytes of a state, little-endian on every platform, with `quiet_until` reset. O(1).
inline std::array<std::byte, state_bytes> to_bytes(const Relationship& r) noexcept;
/// The state of such bytes, which are not checked. O(1).
inline Relationship from_bytes(std::span<const std::byte, state_bytes> bytes) noexcept;

namespace detail {
/// Widths of the fields in order; only a big-endian machine needs them.
inline void swap_fields(std::byte* bytes) noexcept {
  const auto swap = [&bytes](std::size_t width, int times) {
    for (int i = 0; i < times; ++i, bytes += width) std::reverse(bytes, bytes + width);
  };
  swap(4, 2);   // events, quiet_until
  swap(8, 2);   // newest, contract_until
  swap(4, 1);   // purchases
  swap(2, 1);   // flags
  bytes += 2;   // rung, peak
  swap(8, 12);  // two sums, since, three sums, first_event
  swap(8, 8);   // margin, cost, spend, money, first and last purchase
  swap(8, 15);  // trust, concessions, responses, open_time
  swap(4, 2);   // open_requests, open_complaints
  swap(8, 8);   // guarantees, reciprocity
}
}  // namespace detail

inline std::array<std::byte, state_bytes> to_bytes(const Relationship& r) noexcept {
  Relationship plain = r;
  plain.quiet_until = never_quiet;
  std::array<std::byte, state_bytes> out;
  std::memcpy(out.data(), &plain, state_bytes);
  if constexpr (std::endian::native == std::endian::big) detail::swap_fields(out.data());
  return out;
}

inline Relationship from_bytes(std::span<const std::byte, state_bytes> bytes) noexcept {
  std::array<std::byte, state_bytes> copy;
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  if constexpr (std::endian::native == std::endian::big) detail::swap_fields(copy.data());
  Relationship r;
  std::memcpy(static_cast<void*>(&r), copy.data(), state_bytes);
  return r;
}

}  // namespace loyalty
