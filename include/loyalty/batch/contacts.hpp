// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <loyalty/batch/output.hpp>

namespace loyalty {

/// Name, type and meaning of the columns of `contact_table`, in order.
std::span<const ColumnInfo> contact_columns() noexcept;

/// The contact profile of every relationship that has contacts, as of `now`, ordered by the bytes of their identifiers:
/// described, never scored. O(n log n) in relationships.
ResultTable contact_table(const Portfolio& portfolio, Time now);

}  // namespace loyalty
