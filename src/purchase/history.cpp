// SPDX-License-Identifier: MIT
#include <loyalty/purchase/history.hpp>

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

void require_sound(const HistoryColumns& histories, std::size_t row) {
  constexpr double most = 1e15;
  constexpr double longest = 1e300;
  const auto [x, t_x, T] = histories[row];
  if (!(x >= 0 && x <= most && x == std::floor(x)))
    refuse_number("x", row, x, "a whole number, 0 or more");
  if (!(T >= 0 && T <= longest)) refuse_number("T", row, T, "0 or more, and finite");
  if (!(t_x >= 0 && t_x <= T)) refuse_number("t_x", row, t_x, "0 to T of the same row");
  if (x == 0 && t_x > 0)
    refuse_number("t_x", row, t_x, "0 where x is 0: there is no repeat purchase");
}

void require_sound(const HistoryColumns& histories) {
  for (std::size_t i = 0; i < histories.rows; ++i) require_sound(histories, i);
}

}  // namespace loyalty::purchase
