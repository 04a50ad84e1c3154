// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <loyalty/events/kind.hpp>

namespace loyalty {

/// Why a sound row had no effect.
enum class Skip : std::uint8_t {
  repeated,      ///< its event_id came before in the same call
  retracted,     ///< taken back in the same call, or the row that takes back
  nothing_open,  ///< answers, resolves or closes what is not open
  already_open,  ///< opens what is open
};
/// Number of reasons to skip.
inline constexpr int skip_count = 4;
/// The reasons as reports write them, in the order of `Skip`.
inline constexpr std::array<std::string_view, skip_count> skip_names = {
    "repeated", "retracted", "nothing_open", "already_open"};

/// A row that was set aside.
struct Reject {
  std::int64_t row;  ///< its index in the call, from 0
  Code code;         ///< why; never `ok`
};

/// What became of the rows: scored + skipped + set aside = read, always.
struct Books {
  std::int64_t read = 0;                             ///< rows given
  std::int64_t scored = 0;                           ///< rows that count in a state, or wait to
  std::array<std::int64_t, skip_count> skipped{};    ///< by Skip
  std::array<std::int64_t, code_count> set_aside{};  ///< by Code
  std::int64_t repeats = 0;     ///< of the scored, exact copies of another row of the same call
  std::vector<Reject> rejects;  ///< of one call, in row order

  /// Rows skipped for any reason. O(reasons).
  std::int64_t skipped_total() const noexcept {
    std::int64_t n = 0;
    for (const auto k : skipped) n += k;
    return n;
  }
  /// Rows set aside with any code. O(codes).
  std::int64_t set_aside_total() const noexcept {
    std::int64_t n = 0;
    for (const auto k : set_aside) n += k;
    return n;
  }
  /// Counts `n` rows as skipped; `scored` is the caller's to correct.
  void skip(Skip why, std::int64_t n = 1) noexcept { skipped[static_cast<std::size_t>(why)] += n; }

  /// Adds another part of the same call, with its rejected rows.
  void add_call(Books&& part) {
    add(part);
    rejects.insert(rejects.end(), part.rejects.begin(), part.rejects.end());
  }
  /// Adds the counts, not the rejected rows; `sign` -1 takes them away.
  void add(const Books& other, int sign = 1) noexcept {
    read += sign * other.read;
    scored += sign * other.scored;
    repeats += sign * other.repeats;
    for (std::size_t i = 0; i < skipped.size(); ++i) skipped[i] += sign * other.skipped[i];
    for (std::size_t i = 0; i < set_aside.size(); ++i) set_aside[i] += sign * other.set_aside[i];
  }
};

}  // namespace loyalty
