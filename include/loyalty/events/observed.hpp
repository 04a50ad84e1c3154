// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <loyalty/events/kind.hpp>

namespace loyalty {

/// The kinds that a log records: a kind that it does not record is not a zero. It never changes sums;
/// at assessment it decides which parameters are shown. Merged by OR.
struct Observed {
  std::uint32_t bits = 0;

  static constexpr Observed everything() noexcept { return {(1U << (kind_count + 1)) - 1}; }

  /// Notes a kind; a survey also notes which parameter it asks about.
  constexpr void see(Kind kind, SurveyOf parameter = SurveyOf::trust) noexcept {
    const bool asks_commitment = kind == Kind::survey && parameter == SurveyOf::commitment;
    bits |= asks_commitment ? commitment_survey : bit(kind);
  }
  constexpr bool sees(Kind kind) const noexcept { return (bits & bit(kind)) != 0; }

  constexpr bool commitment() const noexcept {
    return sees(Kind::guarantee) || sees(Kind::contract) || (bits & commitment_survey) != 0;
  }
  constexpr bool responsiveness() const noexcept {
    return sees(Kind::response) || sees(Kind::concession);
  }
  /// Gifts, together with anything that the other side gives.
  constexpr bool reciprocity() const noexcept {
    return sees(Kind::gift) && (sees(Kind::participation) || sees(Kind::review) ||
                                sees(Kind::referral) || sees(Kind::suggestion) ||
                                sees(Kind::co_creation));
  }
  constexpr bool trust() const noexcept {
    return sees(Kind::promise) || sees(Kind::payment) || sees(Kind::complaint) ||
           sees(Kind::guarantee) || sees(Kind::survey);
  }
  constexpr bool purchases() const noexcept { return sees(Kind::purchase); }

  constexpr Observed& operator|=(Observed other) noexcept {
    bits |= other.bits;
    return *this;
  }
  friend constexpr bool operator==(const Observed&, const Observed&) = default;

 private:
  static constexpr std::uint32_t bit(Kind kind) noexcept {
    return 1U << static_cast<unsigned>(kind);
  }
  static constexpr std::uint32_t commitment_survey = 1U << kind_count;
};

}  // namespace loyalty
