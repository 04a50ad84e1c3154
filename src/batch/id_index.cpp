// SPDX-License-Identifier: MIT
#include <loyalty/batch/id_index.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace loyalty {

std::vector<std::uint32_t> IdIndex::sorted() const {
  // Numbers are written out once, side by side, so that sorting compares bytes only.
  std::vector<std::array<char, 20>> digits(number_count_);
  struct Entry {
    std::uint64_t first;  ///< the first eight bytes, so that most comparisons need no other
    std::string_view text;
    std::uint32_t index;
  };
  const auto entry = [](std::string_view text, std::uint32_t index) {
    unsigned char bytes[8] = {};
    std::memcpy(bytes, text.data(), std::min<std::size_t>(8, text.size()));
    std::uint64_t first = 0;
    for (const unsigned char byte : bytes) first = first << 8 | byte;
    return Entry{first, text, index};
  };
  std::vector<Entry> entries;
  entries.reserve(ids_.size());
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < ids_.size(); ++i) {
    const Id& id = ids_[i];
    if (id.bytes != nullptr) {
      entries.push_back(entry(view(id), i));
      continue;
    }
    auto& buffer = digits[next++];
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), id.number).ptr;
    entries.push_back(entry({buffer.data(), static_cast<std::size_t>(end - buffer.data())}, i));
  }
  // Where the first bytes are the same, one text may still be the other and a zero byte more.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.first != b.first ? a.first < b.first : a.text < b.text;
  });
  std::vector<std::uint32_t> order(entries.size());
  std::transform(entries.begin(), entries.end(), order.begin(),
                 [](const Entry& e) { return e.index; });
  return order;
}

}  // namespace loyalty
