// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <loyalty/core/exact_sum.hpp>

namespace loyalty {

/// A criterion with hysteresis: reached at `enter`, lost below `keep`. Decayed counts, 0.001..1000,
/// keep <= enter.
struct Threshold {
  Decimal enter;
  Decimal keep;
  friend constexpr bool operator==(const Threshold&, const Threshold&) = default;
};

/// What each rung asks for. Thresholds are decimal rationals, compared exactly.
struct Criteria {
  std::int32_t client_purchases = 2;       ///< purchases ever, beside `client`
  Threshold client = {1.5, 0.75};          ///< decayed purchases
  Threshold supporter = {0.75, 0.375};     ///< decayed support evidence
  Threshold advocate = {0.75, 0.375};      ///< decayed advocacy evidence
  Threshold share_of_wallet = {0.8, 0.7};  ///< of an advocate, once a purchase elsewhere is known
  Threshold partner = {0.75, 0.375};       ///< decayed partnership evidence
  friend constexpr bool operator==(const Criteria&, const Criteria&) = default;
};

}  // namespace loyalty
