// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/events/event.hpp>

namespace loyalty {

/// A column of byte strings: row i is bytes[offsets[i] .. offsets[i + 1]). An empty string is absent.
struct TextColumn {
  const char* bytes = nullptr;
  const std::int64_t* offsets = nullptr;

  explicit operator bool() const noexcept { return offsets != nullptr; }
  std::string_view operator[](std::size_t i) const noexcept {
    return {bytes + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

/// Event rows by column, borrowed from the caller. A null pointer is an absent column; NaN, `no_time` and
/// the empty string are absent values. `relationship` (as numbers or as texts), `time` and `kind` are
/// required.
struct EventColumns {
  /// Marks an absent code in `side`, `parameter`, `role`, and an unknown one in `kind`.
  static constexpr std::uint8_t absent = 255;
  /// Marks a code that the importer could not read.
  static constexpr std::uint8_t unreadable = 254;

  std::size_t rows = 0;
  const std::int64_t* relationship_number = nullptr;  ///< `no_time` is absent
  TextColumn relationship;
  const Time* time = nullptr;
  const std::uint8_t* kind = nullptr;  ///< Kind
  const double* value = nullptr;
  const double* amount = nullptr;
  const double* margin = nullptr;
  const double* cost = nullptr;
  const double* rating = nullptr;
  const double* scale_low = nullptr;
  const double* scale_high = nullptr;
  const Time* due = nullptr;
  const Time* done = nullptr;
  const Time* until = nullptr;
  const Time* since = nullptr;
  const std::uint8_t* side = nullptr;         ///< Side
  const std::uint8_t* parameter = nullptr;    ///< SurveyOf
  const std::uint8_t* role = nullptr;         ///< Role
  const std::uint8_t* whole_order = nullptr;  ///< 0 or 1
  const std::uint8_t* code = nullptr;         ///< Code: rows that the importer sets aside already
  TextColumn refers_to;
  TextColumn event_id;
  TextColumn currency;
};

}  // namespace loyalty
