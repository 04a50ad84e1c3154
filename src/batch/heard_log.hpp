// SPDX-License-Identifier: MIT
/// \file
/// A log that is folded until a date while somebody hears what acts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <loyalty/batch/portfolio.hpp>

namespace loyalty {

/// A log as a portfolio holds it on a date, and where its relationships stand.
struct HeardLog {
  Portfolio portfolio;
  std::vector<std::uint32_t> sorted;  ///< relationships by the bytes of their identifiers
  std::vector<std::uint32_t> rank;    ///< the place of each there
  Books books;                        ///< of the rows until the date; rejects by row of the log
  std::int64_t later = 0;             ///< rows after it, which were not used
  Time first = no_time;               ///< earliest and latest row that was used, UTC seconds
  Time last = no_time;
};

/// Folds the rows until `as_of`, in any order, and lets `hear` hear their acts; what waits then is heard by
/// `Portfolio::state`. The landmark is the policy's, else the date. Throws as `Portfolio::apply`. O(rows log rows).
HeardLog hear_log(const EventColumns& rows, const Policy& policy, Time as_of,
                  const ActObserver& hear);

}  // namespace loyalty
