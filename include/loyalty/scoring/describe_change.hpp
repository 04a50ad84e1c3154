// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <loyalty/scoring/change.hpp>
#include <loyalty/scoring/describe.hpp>

namespace loyalty {

/// Where a relationship stands at one side of a change, for the words of its move.
struct MoveSide {
  const Relationship& state;
  const AsOf& at;
  const Standing& standing;
};

/// Why the rung moved, by the criterion that decides: "support 0.31, below the 0.375 that a supporter needs to stay",
/// "third purchase: regularity 1.62, at least the 1.50 that a client needs". Empty where it held. Thresholds are those of
/// the second side; a different one of the first is named. Allocates.
std::string describe_move(const MoveSide& before, const MoveSide& after,
                          const ExplainNames& names = {});

/// The cause that moved the quality most, with its parameter: "new events -3.2 points, most of it trust (-2.9)"; empty
/// where the quality moved by less than a tenth of a point and no cause did either. Allocates.
std::string describe_cause(const Change& change);

/// The explanation of a change for a person, some twenty lines of at most 80 columns: the move and its criterion, both
/// qualities, the split by cause and parameter, and whether chance alone would do as much. `move` is what
/// `describe_move` says. Plain text, UTF-8, the same in every locale. Allocates; not for the hot path.
std::string describe(const AssessedChange& change, Time before, Time after, std::string_view move,
                     const ExplainNames& names);

}  // namespace loyalty
