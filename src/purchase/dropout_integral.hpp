// SPDX-License-Identifier: MIT
/// \file
/// The integral that the Pareto/NBD model consists of.
#pragma once

#include <array>
#include <cstddef>

namespace loyalty::purchase {

/// The mass of (A/(A + v))^R (B/(B + v))^(s + 1) from v = 0 on, and the means under it of what the derivatives by
/// the parameters consist of.
struct DropoutMoments {
  double mass = 0;
  /// Means and then covariances of: ln((A + v)/A), ln((B + v)/B), v/(A + v), v/(B + v).
  std::array<double, 4> mean{};
  std::array<std::array<double, 4>, 4> covariance{};
};

/// How much of it is wanted.
enum class Moments { mass, all };

/// A = alpha + t_x, B = beta + t_x, s_and_1 = s + 1, all above 0; the mass ends where ln(1 + v/min(A, B)) is `end`.
/// Panels of 12 nodes in the logarithm of the smaller of A + v and B + v, in which powers are exponentials; each spans a
/// factor of at most e^2.5 and a fall of at most e^8, or e^20 once that much is behind.
[[nodiscard]] DropoutMoments dropout_integral(double R, double A, double s_and_1, double B,
                                              double end, Moments wanted) noexcept;

}  // namespace loyalty::purchase
