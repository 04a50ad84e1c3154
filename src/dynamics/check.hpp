// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>

#include "core/counts.hpp"

namespace loyalty::detail {

/// A number as messages show it, whatever the locale: whole numbers in full, others to six digits.
[[nodiscard]] inline std::string shown(double x) {
  std::array<char, 32> text{};
  const bool whole = x == std::floor(x) && std::abs(x) < 1e15;
  const auto end =
      whole
          ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(x)).ptr
          : std::to_chars(text.data(), text.data() + text.size(), x, std::chars_format::general, 6)
                .ptr;
  return {text.data(), end};
}

/// A count as sentences show it, 0 or more: 14,089; counts of weighted rows may have a part.
[[nodiscard]] inline std::string shown_count(double n) {
  const bool whole = n == std::floor(n) && n < 1e15;
  return whole ? thousands(static_cast<std::int64_t>(n)) : shown(n);
}

/// Refuses a matrix that is not n x n (n = 0: not square) or has an entry below 0 or not finite.
inline void check_weights(const Eigen::MatrixXd& m, const char* what, Eigen::Index n = 0) {
  if (m.rows() != m.cols() || m.rows() == 0 || (n != 0 && m.rows() != n))
    throw PolicyError(std::string(what) + " of " + std::to_string(m.rows()) + " x " +
                      std::to_string(m.cols()) + ": needs " +
                      (n == 0 ? "a square matrix, row = from, column = to"
                              : std::to_string(n) + " x " + std::to_string(n)));
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    for (Eigen::Index j = 0; j < m.cols(); ++j)
      if (!(m(i, j) >= 0 && std::isfinite(m(i, j))))
        throw PolicyError(std::string(what) + ", row " + std::to_string(i) + ", column " +
                          std::to_string(j) + ": " + shown(m(i, j)) +
                          " is not allowed; needs 0 or more, and finite");
}

/// Refuses a vector that is not of n numbers, 0 or more and finite, or that is all 0.
inline void check_mix(const Eigen::VectorXd& v, const char* what, Eigen::Index n) {
  if (v.size() != n)
    throw PolicyError(std::string(what) + " has " + std::to_string(v.size()) +
                      " values: needs one for each of the " + std::to_string(n) + " states");
  for (Eigen::Index i = 0; i < n; ++i)
    if (!(v[i] >= 0 && std::isfinite(v[i])))
      throw PolicyError(std::string(what) + ", state " + std::to_string(i) + ": " + shown(v[i]) +
                        " is not allowed; needs 0 or more, and finite");
  if (!(v.sum() > 0))
    throw PolicyError(std::string(what) + " is 0 in every state: nobody stands anywhere");
}

/// Refuses a count of periods below 0 or beyond a million.
inline void check_periods(int periods, const char* what) {
  if (periods < 0 || periods > 1000000)
    throw PolicyError(std::string(what) + " = " + std::to_string(periods) +
                      ": allowed is 0 to 1000000");
}

}  // namespace loyalty::detail
