// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <loyalty/core/config.hpp>

namespace loyalty {

/// How a fit ended.
enum class FitEnd : std::uint8_t {
  converged,        ///< at a maximum inside the bounds
  boundary,         ///< the likelihood still rises where the bounds end
  not_identified,   ///< a flat direction: other parameters fit these data as well
  too_little_data,  ///< not tried
  stopped,          ///< out of steps before any of these
};
/// How many ends there are.
inline constexpr int fit_end_count = 5;

/// The word for it: converged, boundary, not_identified, too_little_data, stopped.
[[nodiscard]] constexpr std::string_view name_of(FitEnd end) noexcept {
  constexpr std::string_view names[fit_end_count] = {"converged", "boundary", "not_identified",
                                                     "too_little_data", "stopped"};
  return names[static_cast<int>(end)];
}

/// How a fit ended, for programs and in a sentence for people.
struct FitStatus {
  FitEnd end = FitEnd::too_little_data;
  std::string sentence;  ///< what it means for these data, and what to do; ends with a full stop
  int iterations = 0;    ///< accepted steps
  int evaluations = 0;   ///< of the likelihood, with or without derivatives
  double remaining = 0;  ///< what another step is expected to add to the log-likelihood, >= 0

  /// Whether the parameters are the best ones for these data: a maximum, in or on the bounds.
  [[nodiscard]] bool usable() const noexcept {
    return end == FitEnd::converged || end == FitEnd::boundary;
  }
};

}  // namespace loyalty
