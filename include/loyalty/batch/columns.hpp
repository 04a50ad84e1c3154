// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <loyalty/core/config.hpp>
#include <loyalty/events/event.hpp>

namespace loyalty {

/// A column of byte strings, which lie end to end or are views. Row i is text i, or text words[i] where rows share
/// their texts. An empty string is absent.
struct TextColumn {
  const char* bytes = nullptr;              ///< all texts, end to end
  const std::int64_t* offsets = nullptr;    ///< texts + 1, in bytes, not falling; null: views
  const std::string_view* views = nullptr;  ///< the texts, read where there are no offsets
  const std::uint32_t* words = nullptr;     ///< the text of each row; null: as many texts as rows
  std::size_t word_count = 0;               ///< texts, where there are words

  /// Whether the column is there.
  explicit operator bool() const noexcept { return offsets != nullptr || views != nullptr; }
  /// Text k, which is that of row k unless there are words; borrows the bytes. O(1).
  std::string_view text(std::size_t k) const noexcept {
    if (offsets == nullptr) return views[k];
    return {bytes + offsets[k], static_cast<std::size_t>(offsets[k + 1] - offsets[k])};
  }
  /// The string of row i; borrows the bytes. O(1).
  std::string_view operator[](std::size_t i) const noexcept {
    return text(words == nullptr ? i : words[i]);
  }
  /// The column without its first rows. O(1).
  TextColumn from(std::size_t first) const noexcept {
    TextColumn rest = *this;
    if (words != nullptr)
      rest.words += first;
    else if (offsets != nullptr)
      rest.offsets += first;
    else
      rest.views += first;
    return rest;
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

  std::size_t rows = 0;                               ///< length of every column
  const std::int64_t* relationship_number = nullptr;  ///< `no_time` is absent
  TextColumn relationship;                            ///< read where there are no numbers
  const Time* time = nullptr;                         ///< when it happened, UTC seconds
  const std::uint8_t* kind = nullptr;                 ///< Kind
  const double* value = nullptr;       ///< weight, points, stake, severity, 0/1 outcome or answer
  const double* amount = nullptr;      ///< money in major units of the row's currency, >= 0
  const double* margin = nullptr;      ///< money in major units, may be negative
  const double* cost = nullptr;        ///< money in major units, >= 0
  const double* rating = nullptr;      ///< of a review, on its scale
  const double* scale_low = nullptr;   ///< worst answer of a rating or survey
  const double* scale_high = nullptr;  ///< best answer; may be the lower number
  const Time* due = nullptr;           ///< promised for, UTC seconds
  const Time* done = nullptr;          ///< kept at, UTC seconds
  const Time* until = nullptr;         ///< last second of a contract, UTC
  const Time* since = nullptr;  ///< UTC second of the request answered or the purchase returned
  const std::uint8_t* side = nullptr;         ///< Side
  const std::uint8_t* parameter = nullptr;    ///< SurveyOf
  const std::uint8_t* role = nullptr;         ///< Role
  const std::uint8_t* whole_order = nullptr;  ///< 0 or 1
  const std::uint8_t* personal = nullptr;     ///< of a contact: 0 or 1
  const std::uint8_t* answered = nullptr;     ///< of a contact: 0 or 1
  const std::uint8_t* code = nullptr;         ///< Code: rows that the importer sets aside already
  TextColumn refers_to;                       ///< what a row opens or closes, or takes back
  TextColumn event_id;                        ///< tells repeats apart, by relationship
  TextColumn currency;                        ///< of the row's money; absent: the portfolio's
};

}  // namespace loyalty
