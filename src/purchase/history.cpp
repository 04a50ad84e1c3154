// SPDX-License-Identifier: MIT
#include <loyalty/purchase/history.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <loyalty/core/error.hpp>

#include "purchase/words.hpp"

namespace loyalty::purchase {

std::string text_of(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  for (char& c : buffer)
    if (c == ',') c = '.';
  return buffer;
}

void refuse_number(const char* column, std::size_t row, double value, const char* allowed) {
  throw ColumnError("column '" + std::string(column) + "', row " + std::to_string(row) +
                    " (the first row is 0): " + text_of(value) + " is not allowed; needs " +
                    allowed);
}

namespace {

constexpr double most_purchases = 1e15;
constexpr double longest = 1e300;

/// Without branches, for vector code; NaN is unsound. Below 2^51 a sum with 2^52 rounds to a whole number.
bool is_sound(double x, double t_x, double T) noexcept {
  const double whole = (x + 0x1p52) - 0x1p52;
  return (x >= 0) & (x <= most_purchases) & (whole == x) & (t_x >= 0) & (t_x <= T) &
         (T <= longest) & ((x > 0) | (t_x == 0));
}

}  // namespace

void require_sound(const HistoryColumns& histories, bool nulls) {
  constexpr std::size_t block = 1024;
  for (std::size_t begin = 0; begin < histories.rows; begin += block) {
    const std::size_t end = std::min(histories.rows, begin + block);
    unsigned unsound = 0;
    for (std::size_t i = begin; i < end; ++i)
      unsound |= static_cast<unsigned>(!is_sound(histories.x[i], histories.t_x[i], histories.T[i]));
    if (unsound == 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      const auto [x, t_x, T] = histories[i];
      if (is_sound(x, t_x, T) || (nulls && std::isnan(x + t_x + T))) continue;
      if (!(x >= 0 && x <= most_purchases && x == std::floor(x)))
        refuse_number("x", i, x, "a whole number, 0 or more");
      if (!(T >= 0 && T <= longest)) refuse_number("T", i, T, "0 or more, and finite");
      if (!(t_x >= 0 && t_x <= T)) refuse_number("t_x", i, t_x, "0 to T of the same row");
      refuse_number("t_x", i, t_x, "0 where x is 0: there is no repeat purchase");
    }
  }
}

}  // namespace loyalty::purchase
