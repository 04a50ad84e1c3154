// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <loyalty/scoring/assessment.hpp>

namespace loyalty {

/// Stable word of a grade: none, thin, fair, strong.
constexpr std::string_view name(EvidenceGrade grade) noexcept {
  constexpr std::array<std::string_view, 4> words = {"none", "thin", "fair", "strong"};
  return words[static_cast<std::size_t>(grade)];
}

/// Stable word of a step: keep_promise, grant_concession, answer_request, resolve_complaint,
/// offer_contract, give_gift; none.
constexpr std::string_view name(NextStep step) noexcept {
  constexpr std::array<std::string_view, 7> words = {
      "none",           "keep_promise",      "grant_concession", "answer_request",
      "resolve_complaint", "offer_contract", "give_gift"};
  return words[static_cast<std::size_t>(step)];
}

/// What is missing to the rung above, in plain words; empty for a partner. `contracts`: the role has
/// contracts, which are another way to become a client. Allocates; not for the hot path.
std::string describe_gap(const Relationship& r, const AsOf& at, const Standing& standing,
                         bool contracts);

/// `answer the open request (+2.1 points)`.
std::string describe(const NextStepPoints& next);

/// What an explanation calls things.
struct ExplainNames {
  std::string_view id;
  std::string_view role = "consumer";
  std::array<std::string_view, rung_count> rungs = rung_names;
  std::uint32_t set_aside = 0;  ///< rows of this relationship that were set aside
};

/// The explanation of an assessment for a person, some twenty lines of at most 80 columns: where it
/// stands, how well it is treated and why, what rests on what, what to do next, what comes if nothing
/// more happens, and what to be careful about.
std::string describe(const Assessment& a, const Relationship& r, const AsOf& at, const Scorer& scorer,
                     const ExplainNames& names);

}  // namespace loyalty
