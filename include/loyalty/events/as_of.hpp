// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <loyalty/core/error.hpp>
#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// `2024-03-01` of a second, for messages.
inline std::string date_text(Time t) {
  const Date d = date_of(t);
  const auto pad = [](std::int64_t n, std::size_t width) {
    std::string s = std::to_string(n);
    return s.size() < width ? std::string(width - s.size(), '0') + s : s;
  };
  return pad(d.year, 4) + "-" + pad(d.month, 2) + "-" + pad(d.day, 2);
}

/// A date of assessment, with every weight that reading a state then needs. Made once and used for any
/// number of relationships; refers to the rules, which must outlive it.
class AsOf {
 public:
  /// Throws WindowError where `now` is more than 30 of the shortest half-life from the landmark.
  AsOf(Time now, const FoldRules& rules)
      : rules_(&rules), now_(checked(now, rules)), instant_(now_, rules.ladder) {
    for (std::size_t i = 0; i < weights_.size(); ++i)
      weights_[i] = weight_units(rules.clocks[i].tick(now)) *
                    (grid_of(static_cast<Sum>(i)) == Grid::money ? rules.minor_units : 1.0);
  }

  /// The date, UTC seconds.
  Time now() const noexcept { return now_; }
  /// The rules that it was made with.
  const FoldRules& rules() const noexcept { return *rules_; }
  /// The date on the ladder's clocks.
  const LadderInstant& instant() const noexcept { return instant_; }

  /// A decayed sum as of this date, >= 0 but for margin: evidence in events, answer time in targets,
  /// money in major units.
  double read(const Relationship& r, Sum sum) const noexcept {
    return sum_of(r, sum).to_double() / weights_[static_cast<std::size_t>(sum)];
  }

  /// Age of the open requests, in targets: max(0, n_open now - sum t_open)/tau, at most 64 each.
  double open_age(const Relationship& r) const noexcept {
    if (r.open_requests <= 0) return 0;
    const Time seconds = r.open_requests * now_ - r.open_time;
    return std::clamp(
        static_cast<double>(seconds) / static_cast<double>(rules_->options.response_target), 0.0,
        64.0 * r.open_requests);
  }

  /// Whether a contract runs: now <= until. O(1).
  bool contract_runs(const Relationship& r) const noexcept {
    return r.ladder.contract_until != no_time && now_ <= r.ladder.contract_until;
  }

  /// The rung of `standing` alone, several times faster. O(1).
  Rung rung(const Relationship& r) const noexcept {
    return rung_at(r.ladder, instant_, rules_->ladder);
  }

  /// Rung, peak, since and bounds; `now` must not lie before the newest event. O(1).
  Standing standing(const Relationship& r) const noexcept {
    return loyalty::standing(r.ladder, instant_, rules_->ladder);
  }

 private:
  /// Before anything is computed from it: a date far outside would overflow the clocks.
  static Time checked(Time now, const FoldRules& rules) {
    if (now < rules.window_start || now > rules.window_end)
      throw WindowError("as-of date " + date_text(now) + " lies outside " +
                        date_text(rules.window_start) + " .. " + date_text(rules.window_end) +
                        ", 30 of the shortest half-life around the landmark " +
                        date_text(rules.landmark) + "; set landmark = " + date_text(now));
    return now;
  }

  const FoldRules* rules_;
  Time now_;
  LadderInstant instant_;
  std::array<double, sum_count> weights_{};
};

}  // namespace loyalty
