// SPDX-License-Identifier: MIT
/// \file
/// All outcomes of a log by stream, relationship and second, as a fold of it finds them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <loyalty/batch/learning.hpp>

namespace loyalty {

/// Something of each relationship, ordered by the bytes of their identifiers, then by time.
template <class Item>
struct ByRelationship {
  std::vector<std::size_t> first;  ///< first item of each relationship, and one past the last item
  std::vector<Item> items;

  std::span<const Item> of(std::size_t who) const noexcept {
    return std::span<const Item>(items).subspan(first[who], first[who + 1] - first[who]);
  }
};

/// What a log says until a date.
struct Ledger {
  std::vector<Role> roles;      ///< by relationship
  std::vector<double> waiting;  ///< X, the waits of open requests at the date, in targets
  std::array<ByRelationship<DatedOutcome>, stream_count> streams;
  ByRelationship<Time> purchases;  ///< their seconds, each once
  Books books;
  std::int64_t later = 0;
  Time first = no_time;
  Time last = no_time;
  Time as_of = no_time;

  std::size_t size() const noexcept { return roles.size(); }
};

/// Reads a log until a date under the effects of a policy; graves count by the weight of their relationship's role.
Ledger ledger_of(const EventColumns& rows, const Policy& policy, Time as_of);

}  // namespace loyalty
