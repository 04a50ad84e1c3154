// SPDX-License-Identifier: MIT
/// \file
/// The worked example of docs/model.md: a distributor on day 700.
#pragma once

#include <loyalty/scoring.hpp>

namespace loyalty_tests {

/// The decayed sums of its events, from the definition of the decay table, in doubles.
inline constexpr loyalty::Evidence worked_evidence{
    .commitment = {.kept = 1.6199847708164885, .breached = 0, .contract_days_left = 360},
    .responsiveness = {.answered = 0.9708077243028017,
                       .answer_time = 0.7000482567014223,
                       .open = 1,
                       .open_time = 2,
                       .granted = 0.5047610586591502,
                       .refused = 0.5988434544529426},
    .reciprocity = {.given = 2.114338095738065, .received = 7.469095520001291},
    .trust = {.kept = 5.858761098071231, .broken = 0.6133043403173009, .grave = 0.613822446560481}};

inline constexpr loyalty::ScoringOptions distributor{.commitment = {.contract_weight = 0.25}};

inline constexpr loyalty::StrengthEvidence worked_strength{.purchases = 8,
                                                           .regularity = 4.474155406769668,
                                                           .support = 2.068906127591526,
                                                           .advocacy = 1.234378154857572,
                                                           .partnership = 1.548809937246097,
                                                           .years = 690.0 / 365};

}  // namespace loyalty_tests
