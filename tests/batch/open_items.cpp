// SPDX-License-Identifier: MIT
#include <loyalty/batch/open_items.hpp>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::within;

TEST_CASE("open items are found, listed and erased as in a map, whatever the order") {
  law("against std::map", 60, [] {
    OpenItems items;
    std::vector<std::uint32_t> heads(5, OpenItems::none);
    std::map<std::tuple<std::uint32_t, Kind, std::string>, Time> keyed;
    std::multimap<std::uint32_t, Time> unkeyed;
    const Kind kinds[] = {Kind::request, Kind::promise, Kind::payment, Kind::complaint};
    const int steps = *within(0, 1500);
    // Many inserts at first, then mostly erasures, so that the table fills, empties and probes wrap around.
    for (int step = 0; step < steps; ++step) {
      const auto relationship = *within<std::uint32_t>(0, 4);
      const Kind kind = kinds[*within(0, 3)];
      const std::string key = "key" + std::to_string(*within(0, 60));
      const auto place = std::tuple(relationship, kind, key);
      OpenItem* const found = items.find(relationship, kind, key);
      RC_ASSERT((found != nullptr) == keyed.contains(place));
      if (found != nullptr) RC_ASSERT(found->from == keyed[place]);
      const bool erases = *within(0, 9) < (step < steps / 2 ? 2 : 7);
      if (found != nullptr && erases) {
        items.erase(heads[relationship], found);
        keyed.erase(place);
      } else if (found == nullptr && !erases) {
        items.insert(relationship, heads[relationship], {kind, step, no_time, 1, key});
        keyed[place] = step;
      } else if (!erases) {
        items.insert(relationship, heads[relationship], {kind, step, no_time, 1, {}});
        unkeyed.emplace(relationship, step);
      } else if (heads[relationship] != OpenItems::none) {
        // The newest of the list, keyed or not.
        const OpenItem* newest = nullptr;
        items.each(heads[relationship], [&](const OpenItem& item) {
          if (newest == nullptr) newest = &item;
        });
        if (newest->key.empty()) {
          const auto [first, last] = unkeyed.equal_range(relationship);
          for (auto it = first; it != last; ++it)
            if (it->second == newest->from) {
              unkeyed.erase(it);
              break;
            }
        } else {
          keyed.erase(std::tuple(relationship, newest->kind, newest->key));
        }
        items.erase(heads[relationship], newest);
      }
      RC_ASSERT(items.size() == keyed.size() + unkeyed.size());
    }
    std::map<std::tuple<std::uint32_t, Kind, std::string>, Time> listed;
    std::multimap<std::uint32_t, Time> listed_unkeyed;
    for (std::uint32_t r = 0; r < heads.size(); ++r)
      items.each(heads[r], [&](const OpenItem& item) {
        if (item.key.empty())
          listed_unkeyed.emplace(r, item.from);
        else
          listed[{r, item.kind, item.key}] = item.from;
      });
    RC_ASSERT(listed == keyed);
    std::vector<std::pair<std::uint32_t, Time>> a(listed_unkeyed.begin(), listed_unkeyed.end());
    std::vector<std::pair<std::uint32_t, Time>> b(unkeyed.begin(), unkeyed.end());
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    RC_ASSERT(a == b);
    for (const auto& [place, from] : keyed) {
      const OpenItem* found =
          items.find(std::get<0>(place), std::get<1>(place), std::get<2>(place));
      RC_ASSERT(found != nullptr);
      RC_ASSERT(found->from == from);
    }
  });
}
