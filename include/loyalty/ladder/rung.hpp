// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace loyalty {

/// Where a counterparty stands on the loyalty ladder, 0..5: what *they* do.
enum class Rung : std::uint8_t {
  prospect,   ///< known, has not bought
  buyer,      ///< has bought
  client,     ///< buys regularly, or has a contract that runs
  supporter,  ///< a client in contact with us: answers, takes part, leaves reviews
  advocate,   ///< buys only from us in this category, refers others
  partner,    ///< takes part in our work, proposes improvements
};

/// Number of rungs.
inline constexpr int rung_count = 6;
/// The rungs as they are written in data, which is English, in the order of `Rung`.
inline constexpr std::array<std::string_view, rung_count> rung_names = {
    "prospect", "buyer", "client", "supporter", "advocate", "partner"};

/// How a rung is written in data; `label` speaks other languages. O(1).
constexpr std::string_view name(Rung rung) noexcept {
  return rung_names[static_cast<std::size_t>(rung)];
}

}  // namespace loyalty
