// SPDX-License-Identifier: MIT
/// \file
/// Numbers in sentences, and errors that name a row.
#pragma once

#include <cstddef>
#include <string>

namespace loyalty::purchase {

/// Four significant digits, with a point in every locale.
[[nodiscard]] std::string text_of(double value);

/// Throws ColumnError that names column, row, value and what is allowed.
[[noreturn]] void refuse_number(const char* column, std::size_t row, double value,
                                const char* allowed);

}  // namespace loyalty::purchase
