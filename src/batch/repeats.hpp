// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/policy.hpp>

namespace loyalty {

/// Leaves in `order`, rows that have an event_id, the first row of each event_id of a relationship: one whose currency
/// has a rate, then by time, then by what it says. An event that is taken back goes with the row that does so. What is
/// left out is booked as skipped. `currency` is that of the portfolio; null while it is not settled: any will do.
void drop_repeats(const EventColumns& rows, const Rules& rules, const std::string* currency,
                  std::vector<std::size_t>& order, Books& books);

}  // namespace loyalty
