// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace loyalty {

/// What can happen between a company and a counterparty. The numbers are part of the saved format.
enum class Kind : std::uint8_t {
  purchase,
  purchase_elsewhere,
  returned,  ///< written `return` in data
  contact,
  participation,
  review,
  attendance,
  novelty,
  referral,
  suggestion,
  co_creation,
  gift,
  promise,
  guarantee,
  contract,
  request,
  response,
  concession,
  complaint,
  resolution,
  payment,
  survey,
  cost,
  retraction,
};

/// Number of kinds.
inline constexpr int kind_count = 24;
/// The kinds as they are written in data, in the order of `Kind`.
inline constexpr std::array<std::string_view, kind_count> kind_names = {
    "purchase",      "purchase_elsewhere",
    "return",        "contact",
    "participation", "review",
    "attendance",    "novelty",
    "referral",      "suggestion",
    "co_creation",   "gift",
    "promise",       "guarantee",
    "contract",      "request",
    "response",      "concession",
    "complaint",     "resolution",
    "payment",       "survey",
    "cost",          "retraction"};

/// How a kind is written in data: `return` for `Kind::returned`. O(1).
constexpr std::string_view name(Kind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}

/// Whose conduct a row is about; for a contact, who made it.
enum class Side : std::uint8_t { us, them };
/// The sides as they are written in data, in the order of `Side`.
inline constexpr std::array<std::string_view, 2> side_names = {"us", "them"};

/// The counterparty's place in the chain.
enum class Role : std::uint8_t { consumer, supplier, distributor, agency, agent };
/// Number of roles.
inline constexpr int role_count = 5;
/// The roles as they are written in data, in the order of `Role`.
inline constexpr std::array<std::string_view, role_count> role_names = {
    "consumer", "supplier", "distributor", "agency", "agent"};

/// The parameter that a survey asks about.
enum class SurveyOf : std::uint8_t { trust, commitment };
/// The parameters as a survey row writes them, in the order of `SurveyOf`.
inline constexpr std::array<std::string_view, 2> survey_names = {"trust", "commitment"};

/// The decayed sums of a relationship.
enum class Sum : std::uint8_t {
  guarantees_kept,      ///< K+
  guarantees_breached,  ///< K-
  promises_kept,        ///< T+ good outcomes
  promises_broken,      ///< T- bad outcomes
  promises_grave,       ///< T* grave outcomes
  answered,             ///< Rn answered requests
  answer_time,          ///< Rx their answer times, in targets
  granted,              ///< G+ concessions granted
  refused,              ///< G- concessions refused
  given,                ///< Fo value given by the side under judgement
  received,             ///< Fi value given by the other
  purchases,            ///< B
  elsewhere,            ///< O
  support,              ///< S
  advocacy,             ///< A
  partnership,          ///< P
  margin,               ///< M, minor units of money
  cost,                 ///< Cost, minor units of money
};
/// Number of decayed sums.
inline constexpr int sum_count = 18;
/// The sums by name, in the order of `Sum`.
inline constexpr std::array<std::string_view, sum_count> sum_names = {
    "guarantees_kept", "guarantees_breached",
    "promises_kept",   "promises_broken",
    "promises_grave",  "answered",
    "answer_time",     "granted",
    "refused",         "given",
    "received",        "purchases",
    "elsewhere",       "support",
    "advocacy",        "partnership",
    "margin",          "cost"};

/// The name of a sum. O(1).
constexpr std::string_view name(Sum sum) noexcept {
  return sum_names[static_cast<std::size_t>(sum)];
}

/// Why a row is set aside. The numbers are part of the saved format.
enum class Code : std::uint8_t {
  ok,  ///< nothing is wrong with it
  unknown_kind,
  missing_relationship,
  bad_relationship,
  missing_time,
  bad_time,
  missing_due,
  missing_until,
  missing_value,
  missing_since,
  missing_scale,
  missing_refers_to,
  missing_amount,
  bad_value,
  not_finite,
  negative,
  rounds_to_zero,
  too_large,
  out_of_scale,
  bad_scale,
  since_after_time,
  other_currency,
  bad_side,
  bad_role,
  bad_parameter,
  retraction_without_event,
};
/// Number of codes, `ok` among them.
inline constexpr int code_count = 26;
/// The codes as reports write them, in the order of `Code`.
inline constexpr std::array<std::string_view, code_count> code_names = {"ok",
                                                                        "unknown_kind",
                                                                        "missing_relationship",
                                                                        "bad_relationship",
                                                                        "missing_time",
                                                                        "bad_time",
                                                                        "missing_due",
                                                                        "missing_until",
                                                                        "missing_value",
                                                                        "missing_since",
                                                                        "missing_scale",
                                                                        "missing_refers_to",
                                                                        "missing_amount",
                                                                        "bad_value",
                                                                        "not_finite",
                                                                        "negative",
                                                                        "rounds_to_zero",
                                                                        "too_large",
                                                                        "out_of_scale",
                                                                        "bad_scale",
                                                                        "since_after_time",
                                                                        "other_currency",
                                                                        "bad_side",
                                                                        "bad_role",
                                                                        "bad_parameter",
                                                                        "retraction_without_event"};

/// How reports write a code. O(1).
constexpr std::string_view name(Code code) noexcept {
  return code_names[static_cast<std::size_t>(code)];
}

}  // namespace loyalty
