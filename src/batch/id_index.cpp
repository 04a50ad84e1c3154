// SPDX-License-Identifier: MIT
#include <loyalty/batch/id_index.hpp>

#include <algorithm>
#include <array>

namespace loyalty {

std::vector<std::uint32_t> IdIndex::sorted() const {
  // Numbers are written out once, side by side, so that sorting compares bytes only.
  std::vector<std::array<char, 20>> digits(number_count_);
  struct Entry {
    std::string_view text;
    std::uint32_t index;
  };
  std::vector<Entry> entries;
  entries.reserve(ids_.size());
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < ids_.size(); ++i) {
    const Id& id = ids_[i];
    if (id.bytes != nullptr) {
      entries.push_back({view(id), i});
      continue;
    }
    auto& buffer = digits[next++];
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), id.number).ptr;
    entries.push_back({{buffer.data(), static_cast<std::size_t>(end - buffer.data())}, i});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.text < b.text; });
  std::vector<std::uint32_t> order(entries.size());
  std::transform(entries.begin(), entries.end(), order.begin(),
                 [](const Entry& entry) { return entry.index; });
  return order;
}

}  // namespace loyalty
