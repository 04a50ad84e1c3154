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

void require_sound(const HistoryColumns& histories, bool nulls) {
  constexpr double most = 1e300;
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const auto [x, t_x, T] = histories[i];
    const bool sound =
        (x >= 0) & (x <= 0x1p53) & (t_x >= 0) & (t_x <= T) & (T <= most) & ((x > 0) | (t_x == 0));
    if (sound && x == std::floor(x)) continue;
    if (nulls && std::isnan(x + t_x + T)) continue;
    if (!(x >= 0 && x <= 0x1p53 && x == std::floor(x)))
      refuse_number("x", i, x, "a whole number, 0 or more");
    if (!(T >= 0 && T <= most)) refuse_number("T", i, T, "0 or more, and finite");
    if (!(t_x >= 0 && t_x <= T)) refuse_number("t_x", i, t_x, "0 to T of the same row");
    refuse_number("t_x", i, t_x, "0 where x is 0: there is no repeat purchase");
  }
}

}  // namespace loyalty::purchase
