// SPDX-License-Identifier: MIT
#include "batch/repeats.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "batch/event_order.hpp"
#include "batch/row_reader.hpp"
#include "batch/row_rules.hpp"

namespace loyalty {

void drop_repeats(const EventColumns& rows, const Rules& rules, const std::string* currency,
                  std::vector<std::size_t>& order, Books& books) {
  const RowReader reader(rows, rules.policy(), currency);
  const RowReader any_currency(rows, rules.policy(), nullptr);
  const auto before = [&](std::size_t a, std::size_t b) {
    Event ea;
    Event eb;
    const bool a_fails = reader.read(a, ea) != Code::ok;
    const bool b_fails = reader.read(b, eb) != Code::ok;
    if (a_fails != b_fails) return b_fails;  // by its currency
    if (rows.time[a] != rows.time[b]) return rows.time[a] < rows.time[b];
    const auto ka = order_of(ea);
    const auto kb = order_of(eb);
    if (ka != kb) return ka < kb;
    const auto less = [a, b](const auto& column) { return column[a] < column[b]; };
    const auto differs = [a, b](const auto& column) { return column && column[a] != column[b]; };
    if (differs(rows.refers_to)) return less(rows.refers_to);
    if (differs(rows.currency)) return less(rows.currency);
    for (const auto* column : {rows.role, rows.personal, rows.answered})
      if (differs(column)) return less(column);
    return differs(rows.code) && less(rows.code);
  };
  constexpr auto retraction = static_cast<std::uint8_t>(Kind::retraction);
  constexpr std::size_t gone = static_cast<std::size_t>(-1);
  // An identifier names an event of its relationship, so that sharding by relationship changes nothing.
  struct Name {
    std::int64_t number;
    std::string_view relationship;
    std::string_view event;
    bool operator==(const Name&) const = default;
  };
  struct HashOfName {
    std::size_t operator()(const Name& name) const noexcept {
      const std::hash<std::string_view> hash;
      return (hash(name.event) * 0x9e3779b97f4a7c15ULL + hash(name.relationship)) *
                 0x9e3779b97f4a7c15ULL +
             static_cast<std::size_t>(name.number);
    }
  };
  const auto name_of = [&rows](std::size_t i, std::string_view event) {
    if (rows.relationship_number != nullptr) return Name{rows.relationship_number[i], {}, event};
    return Name{0, rows.relationship[i], event};
  };
  std::unordered_map<Name, std::size_t, HashOfName> first;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const std::size_t i = order[p];
    const std::string_view id = rows.event_id[i];
    if (id.empty() || rows.kind[i] == retraction) continue;
    Event event;
    Act act;
    const bool has_key = rows.refers_to && !rows.refers_to[i].empty();
    if (any_currency.read(i, event) != Code::ok ||
        judge(event, has_key, rules.fold(), act) != Code::ok)
      continue;  // set aside later
    const auto [it, fresh] = first.try_emplace(name_of(i, id), p);
    if (fresh) continue;
    books.skip(Skip::repeated);
    const bool better = before(i, order[it->second]);
    order[better ? it->second : p] = gone;
    if (better) it->second = p;
  }
  if (rows.refers_to) {
    // The first retraction of an event takes it away; others are set aside, whatever the order of rows.
    std::unordered_map<std::size_t, std::size_t> by_event;
    for (std::size_t p = 0; p < order.size(); ++p) {
      const std::size_t i = order[p];
      if (i == gone || rows.kind[i] != retraction || rows.refers_to[i].empty()) continue;
      Event event;
      if (any_currency.read(i, event) != Code::ok) continue;
      const auto it = first.find(name_of(i, rows.refers_to[i]));
      if (it == first.end()) continue;
      const auto [taken, fresh] = by_event.try_emplace(it->second, p);
      if (!fresh && before(i, order[taken->second])) taken->second = p;
    }
    for (const auto& [event, taken] : by_event) {
      books.skip(Skip::retracted, 2);
      order[event] = gone;
      order[taken] = gone;
    }
  }
  order.erase(std::remove(order.begin(), order.end(), gone), order.end());
}

}  // namespace loyalty
