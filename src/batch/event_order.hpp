// SPDX-License-Identifier: MIT
/// \file
/// An order of events by all that they say, for what must not depend on the order of arrival.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>

#include <loyalty/events/event.hpp>

namespace loyalty {

/// Bits of a double in an order of their own, so that rows compare without rounding; NaN has a place.
inline std::int64_t order_bits(double x) noexcept {
  if (std::isnan(x)) return std::numeric_limits<std::int64_t>::min();
  const auto bits = std::bit_cast<std::int64_t>(x + 0.0);
  return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
}

/// Of events in one second.
inline auto order_of(const Event& e) noexcept {
  return std::tuple(e.kind, e.side, order_bits(e.value), order_bits(e.amount), order_bits(e.margin),
                    order_bits(e.cost), order_bits(e.rating), order_bits(e.scale_low),
                    order_bits(e.scale_high), e.due, e.done, e.until, e.since, e.parameter,
                    e.whole_order);
}

}  // namespace loyalty
