// SPDX-License-Identifier: MIT
#include <loyalty/batch/open_items.hpp>

#include <utility>

namespace loyalty {

std::uint64_t OpenItems::hash(std::uint32_t relationship, Kind kind,
                              std::string_view key) noexcept {
  std::uint64_t h =
      (std::uint64_t{relationship} << 8 | static_cast<std::uint64_t>(kind)) * 0x9e3779b97f4a7c15ULL;
  for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h ^ (h >> 31);
}

OpenItem* OpenItems::find(std::uint32_t relationship, Kind kind, std::string_view key) noexcept {
  const std::uint64_t h = hash(relationship, kind, key);
  for (std::size_t i = h & (table_.size() - 1);; i = (i + 1) & (table_.size() - 1)) {
    if (table_[i] == none) return nullptr;
    Node& node = nodes_[table_[i]];
    if (node.hash == h && node.relationship == relationship && node.item.kind == kind &&
        node.item.key == key)
      return &node.item;
  }
}

void OpenItems::insert(std::uint32_t relationship, std::uint32_t& head, OpenItem item) {
  std::uint32_t at = free_;
  if (at == none) {
    at = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    free_ = nodes_[at].next;
  }
  Node& node = nodes_[at];
  node.item = std::move(item);
  node.relationship = relationship;
  node.next = head;
  node.previous = none;
  if (head != none) nodes_[head].previous = at;
  head = at;
  ++size_;
  if (node.item.key.empty()) return;
  node.hash = hash(relationship, node.item.kind, node.item.key);
  if (++keyed_ * 2 > table_.size()) grow();
  std::size_t i = node.hash & (table_.size() - 1);
  while (table_[i] != none) i = (i + 1) & (table_.size() - 1);
  table_[i] = at;
}

std::size_t OpenItems::slot_of(std::uint32_t node) const noexcept {
  std::size_t i = nodes_[node].hash & (table_.size() - 1);
  while (table_[i] != node) i = (i + 1) & (table_.size() - 1);
  return i;
}

void OpenItems::erase(std::uint32_t& head, const OpenItem* item) noexcept {
  // The item is the first member of its node.
  const auto at = static_cast<std::uint32_t>(reinterpret_cast<const Node*>(item) - nodes_.data());
  Node& node = nodes_[at];
  if (!node.item.key.empty()) {
    // Linear probing without tombstones: what follows the hole moves up where its home allows.
    const std::size_t mask = table_.size() - 1;
    std::size_t hole = slot_of(at);
    for (std::size_t i = (hole + 1) & mask; table_[i] != none; i = (i + 1) & mask) {
      const std::size_t home = nodes_[table_[i]].hash & mask;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        table_[hole] = table_[i];
        hole = i;
      }
    }
    table_[hole] = none;
    --keyed_;
  }
  if (node.previous != none)
    nodes_[node.previous].next = node.next;
  else
    head = node.next;
  if (node.next != none) nodes_[node.next].previous = node.previous;
  node.item = {};
  node.relationship = none;
  node.next = free_;
  free_ = at;
  --size_;
}

void OpenItems::grow() {
  std::vector<std::uint32_t> old(table_.size() * 2, none);
  old.swap(table_);
  for (const std::uint32_t at : old) {
    if (at == none) continue;
    std::size_t i = nodes_[at].hash & (table_.size() - 1);
    while (table_[i] != none) i = (i + 1) & (table_.size() - 1);
    table_[i] = at;
  }
}

}  // namespace loyalty
