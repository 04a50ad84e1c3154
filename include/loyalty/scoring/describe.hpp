// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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
      "none",           "keep_promise", "grant_concession", "answer_request", "resolve_complaint",
      "offer_contract", "give_gift"};
  return words[static_cast<std::size_t>(step)];
}

/// The rung above the present one; nothing above a partner.
constexpr std::optional<Rung> next_rung(const Standing& standing) noexcept {
  const Rung now = standing.position.rung;
  if (now == Rung::partner) return std::nullopt;
  return static_cast<Rung>(static_cast<int>(now) + 1);
}

/// What is missing to the rung above, in plain words; empty for a partner: "1 more purchase, or a
/// contract", "support 0.40 of 0.75: one contact from them, or one review", "share of wallet 63 % of the
/// 80 % needed". Several unmet conditions are joined by "; and ". `contracts`: the role has contracts,
/// another way to become a client. Written behind what `out` holds; about 0.2 us, and no allocation where there is room.
void describe_gap(std::string& out, const Relationship& r, const AsOf& at, const Standing& standing,
                  bool contracts);
/// The same as a text of its own.
std::string describe_gap(const Relationship& r, const AsOf& at, const Standing& standing,
                         bool contracts);

/// "answer the open request"; empty where there is no step.
std::string_view describe(NextStep step) noexcept;

/// "answer the open request: +2.1 points"; empty where there is no step. Allocates.
std::string describe(const NextStepPoints& next);

/// A parameter, or "purchases" for the rung, and the events that a log must record for it to be read.
struct Light {
  std::string_view name;
  std::string kinds;  ///< "gift, together with participation, review, referral, …"
};

/// The four parameters and the rung, in this order, each with what would show it. Allocates.
std::array<Light, 5> lights();

/// What an explanation calls things.
struct ExplainNames {
  std::string_view id{};                                        ///< of the relationship
  std::string_view role = "consumer";                           ///< its word for the role
  std::array<std::string_view, rung_count> rungs = rung_names;  ///< labels, prospect to partner
  std::uint32_t set_aside = 0;  ///< rows of this relationship that were set aside
};

/// The explanation of an assessment for a person, some twenty lines of at most 80 columns: where it
/// stands and what is missing to the rung above, how well it is treated and why, what rests on what, what
/// to do next, what comes if nothing more happens, and what to be careful about. Plain text, UTF-8, the
/// same in every locale. Allocates; not for the hot path.
std::string describe(const Assessment& a, const Relationship& r, const AsOf& at,
                     const Scorer& scorer, const ExplainNames& names);

}  // namespace loyalty
