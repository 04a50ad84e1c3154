// SPDX-License-Identifier: MIT
/// \file
/// How sentences count things, the same in every locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loyalty {

/// A count, 0 or more, with a comma between thousands: 14,089.
inline std::string thousands(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// So many of a thing whose plural ends in s: "1 move", "14,089 moves".
inline std::string counted(std::int64_t n, std::string_view thing) {
  return thousands(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

}  // namespace loyalty
