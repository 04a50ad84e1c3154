// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <loyalty/events/kind.hpp>

namespace loyalty {

/// The kinds that a log records: a kind that it does not record is not a zero. It never changes sums;
/// at assessment it decides which parameters are shown. Merged by OR.
struct Observed {
  /// Bit k is Kind k, for a survey one of trust; bit `kind_count` a survey of commitment.
  std::uint32_t bits = 0;

  /// Every kind, and both kinds of survey.
  static constexpr Observed everything() noexcept { return {(1U << (kind_count + 1)) - 1}; }

  /// Notes a kind; a survey also notes which parameter it asks about.
  constexpr void see(Kind kind, SurveyOf parameter = SurveyOf::trust) noexcept {
    const bool asks_commitment = kind == Kind::survey && parameter == SurveyOf::commitment;
    bits |= asks_commitment ? commitment_survey : bit(kind);
  }
  /// Whether a kind is noted; a survey is one of trust.
  constexpr bool sees(Kind kind) const noexcept { return (bits & bit(kind)) != 0; }

  /// Whether at least one of `kinds` is noted.
  constexpr bool sees_any(Observed kinds) const noexcept { return (bits & kinds.bits) != 0; }

  /// Whether commitment can be read: a guarantee, a contract or a survey about it is noted.
  constexpr bool commitment() const noexcept;
  /// Whether responsiveness can be read: a response or a concession is noted.
  constexpr bool responsiveness() const noexcept;
  /// Whether reciprocity can be read: gifts are noted, and a kind with which they give.
  constexpr bool reciprocity() const noexcept;
  /// Whether trust can be read: promise, payment, complaint, guarantee or survey is noted.
  constexpr bool trust() const noexcept;
  /// Whether the rung can be read: purchases are noted.
  constexpr bool purchases() const noexcept;

  /// Notes what another log records, too. O(1).
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

/// These kinds; a survey is one of trust.
constexpr Observed observed(std::initializer_list<Kind> kinds) noexcept {
  Observed all;
  for (const Kind kind : kinds) all.see(kind);
  return all;
}

/// A survey that asks about commitment.
inline constexpr Observed observed_commitment_survey = [] {
  Observed survey;
  survey.see(Kind::survey, SurveyOf::commitment);
  return survey;
}();
/// What it is called where kinds are listed.
inline constexpr std::string_view commitment_survey_name = "survey:commitment";

/// Any of which a log must record for a parameter, or the rung, to be read from it.
namespace lit_by {
inline constexpr Observed commitment = [] {
  Observed kinds = observed({Kind::guarantee, Kind::contract});
  return kinds |= observed_commitment_survey;
}();
inline constexpr Observed responsiveness = observed({Kind::response, Kind::concession});
inline constexpr Observed reciprocity = observed({Kind::gift});
/// What the other side gives; reciprocity needs one of these, too.
inline constexpr Observed reciprocity_with = observed(
    {Kind::participation, Kind::review, Kind::referral, Kind::suggestion, Kind::co_creation});
inline constexpr Observed trust =
    observed({Kind::promise, Kind::payment, Kind::complaint, Kind::guarantee, Kind::survey});
inline constexpr Observed purchases = observed({Kind::purchase});
}  // namespace lit_by

constexpr bool Observed::commitment() const noexcept { return sees_any(lit_by::commitment); }
constexpr bool Observed::responsiveness() const noexcept {
  return sees_any(lit_by::responsiveness);
}
constexpr bool Observed::reciprocity() const noexcept {
  return sees_any(lit_by::reciprocity) && sees_any(lit_by::reciprocity_with);
}
constexpr bool Observed::trust() const noexcept { return sees_any(lit_by::trust); }
constexpr bool Observed::purchases() const noexcept { return sees_any(lit_by::purchases); }

}  // namespace loyalty
