// SPDX-License-Identifier: MIT
/// \file
/// A stream of outcomes as its priors see it: each outcome is predicted from the evidence before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <loyalty/math/optimise_prior.hpp>
#include <loyalty/policy.hpp>

#include "batch/ledger.hpp"
#include "math/prior_search.hpp"

namespace loyalty {

/// The likelihood of a stream by the chain rule: the product of what each outcome was worth after all before it, whose
/// evidence fades. Where nothing fades this is the marginal likelihood of the outcomes of each relationship; where it
/// does, it is still what the parameter does with evidence and prior, while a likelihood of faded counts would take the
/// relationships for more alike than they are (a faded count varies less than a count of its size).
class StreamModel {
 public:
  /// What a role has of the stream.
  struct Content {
    std::int64_t relationships = 0;  ///< with outcomes
    std::int64_t telling = 0;        ///< with outcomes at two times or more
    std::int64_t outcomes = 0;       ///< seconds with outcomes
    double good = 0;
    double bad = 0;
  };

  StreamModel(const Ledger& ledger, Stream stream);

  const Content& content(Role role) const noexcept { return of(role).content; }
  /// Of all roles.
  Content content() const noexcept;

  /// Lets evidence fade with a half-life, seconds. O(outcomes).
  void fade(double half_life);

  /// The log-score of a role under a prior.
  double score(Role role, double first, double second) const;
  /// The best log-score of a role under any prior; that of `fallback` where the outcomes teach none.
  double best_score(Role role, const PriorBounds& bounds, std::pair<double, double> fallback);
  /// The prior of a role with its intervals.
  PriorFit fit(Role role, const PriorBounds& bounds) const;

 private:
  struct Row {
    Time time;
    double good;  ///< the outcome
    double bad;
    double good_before = 0;  ///< the evidence
    double bad_before = 0;
  };
  struct OfRole {
    Content content;
    std::vector<std::size_t> first{0};  ///< first row of each relationship, and one past the last
    std::vector<Row> rows;
    std::vector<SharedEvidence> totals;       ///< of each relationship, nothing faded
    std::pair<double, double> moments{0, 0};  ///< the prior by moments; 0: none
    std::pair<double, double> near{0, 0};     ///< the last that was best
  };
  const OfRole& of(Role role) const noexcept { return roles_[static_cast<std::size_t>(role)]; }
  PriorLikelihood likelihood(const OfRole& own) const;
  bool begin(const OfRole& own, const PriorBounds& bounds, PriorFit& fit) const;

  bool rates_;
  std::array<OfRole, role_count> roles_;
};

}  // namespace loyalty
