// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <loyalty/batch/large_pages.hpp>

namespace loyalty {

/// Identifiers of relationships, numbered in the order of arrival. An identifier is bytes; one that is
/// the canonical decimal text of a 64-bit integer is kept as that number, so the text "17850" and the
/// number 17850 are the same relationship.
class IdIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  IdIndex() : numbers_(16), texts_(16) {}

  std::size_t size() const noexcept { return ids_.size(); }

  /// Brings the slot of a number near the processor, some rows ahead of its use.
  void prefetch(std::int64_t number) const noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(&numbers_[hash(number) & (numbers_.size() - 1)]);
#else
    (void)number;
#endif
  }

  std::uint32_t find(std::int64_t number) const noexcept {
    for (std::size_t i = hash(number) & (numbers_.size() - 1);; i = (i + 1) & (numbers_.size() - 1)) {
      if (numbers_[i].index == none) return none;
      if (numbers_[i].key == number) return numbers_[i].index;
    }
  }

  std::uint32_t find(std::string_view text) const noexcept {
    std::int64_t number = 0;
    if (canonical_number(text, number)) return find(number);
    const std::uint64_t h = hash(text);
    for (std::size_t i = h & (texts_.size() - 1);; i = (i + 1) & (texts_.size() - 1)) {
      const TextSlot& slot = texts_[i];
      if (slot.index == none) return none;
      if (slot.tag == static_cast<std::uint32_t>(h >> 32) && view(ids_[slot.index]) == text)
        return slot.index;
    }
  }

  /// The index of an identifier, new where it is unknown. Amortised O(1); allocates only for new ones.
  std::uint32_t add(std::int64_t number) {
    std::size_t i = hash(number) & (numbers_.size() - 1);
    for (;; i = (i + 1) & (numbers_.size() - 1)) {
      if (numbers_[i].index == none) break;
      if (numbers_[i].key == number) return numbers_[i].index;
    }
    const auto index = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back({nullptr, number});
    numbers_[i] = {number, index};
    if (++number_count_ * 2 > numbers_.size()) grow_numbers();
    return index;
  }

  std::uint32_t add(std::string_view text) {
    std::int64_t number = 0;
    if (canonical_number(text, number)) return add(number);
    const std::uint64_t h = hash(text);
    std::size_t i = h & (texts_.size() - 1);
    for (;; i = (i + 1) & (texts_.size() - 1)) {
      const TextSlot& slot = texts_[i];
      if (slot.index == none) break;
      if (slot.tag == static_cast<std::uint32_t>(h >> 32) && view(ids_[slot.index]) == text)
        return slot.index;
    }
    const auto index = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back({store(text), static_cast<std::int64_t>(text.size())});
    texts_[i] = {static_cast<std::uint32_t>(h >> 32), index};
    if (++text_count_ * 2 > texts_.size()) grow_texts();
    return index;
  }

  /// The identifier as text.
  std::string text(std::uint32_t index) const {
    const Id& id = ids_[index];
    return id.bytes == nullptr ? std::to_string(id.number) : std::string(view(id));
  }

  /// The indices in the order of the identifiers' bytes. O(n log n).
  std::vector<std::uint32_t> sorted() const;

 private:
  struct Id {
    const char* bytes;     ///< null for numbers
    std::int64_t number;   ///< the number, or the length of the text
  };
  struct NumberSlot {
    std::int64_t key = 0;
    std::uint32_t index = none;
  };
  struct TextSlot {
    std::uint32_t tag = 0;
    std::uint32_t index = none;
  };

  template <class Slot>
  using Slots = std::vector<Slot, LargePages<Slot>>;

  static std::string_view view(const Id& id) noexcept {
    return {id.bytes, static_cast<std::size_t>(id.number)};
  }

  static bool canonical_number(std::string_view text, std::int64_t& number) noexcept {
    if (text.empty() || text.size() > 20) return false;  // a sign and 19 digits
    const std::size_t digits = text[0] == '-' ? 1 : 0;
    if (text.size() == digits) return false;
    if (text[digits] == '0' && text.size() > 1) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
  }

  static std::uint64_t hash(std::int64_t number) noexcept {
    const std::uint64_t x = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15ULL;
    return x ^ (x >> 32);
  }
  static std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t h = text.size() * 0xa0761d6478bd642fULL;
    const char* p = text.data();
    std::size_t n = text.size();
    const auto mix = [&h](std::uint64_t word) {
      h = (h ^ word) * 0xe7037ed1a0b428dbULL;
      h ^= h >> 29;
    };
    for (; n >= 8; n -= 8, p += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, 8);
      mix(word);
    }
    std::uint64_t word = 0;
    if (n != 0) std::memcpy(&word, p, n);
    mix(word);
    return h ^ (h >> 32);
  }

  const char* store(std::string_view text) {
    constexpr std::size_t block = 1 << 16;
    if (text.size() > room_) {
      room_ = text.size() > block ? text.size() : block;
      blocks_.push_back(std::make_unique<char[]>(room_));
      next_ = blocks_.back().get();
    }
    char* at = next_;
    std::memcpy(at, text.data(), text.size());
    next_ += text.size();
    room_ -= text.size();
    return at;
  }

  void grow_numbers() {
    Slots<NumberSlot> old(numbers_.size() * 2);
    old.swap(numbers_);
    for (const NumberSlot& slot : old) {
      if (slot.index == none) continue;
      std::size_t i = hash(slot.key) & (numbers_.size() - 1);
      while (numbers_[i].index != none) i = (i + 1) & (numbers_.size() - 1);
      numbers_[i] = slot;
    }
  }
  void grow_texts() {
    Slots<TextSlot> old(texts_.size() * 2);
    old.swap(texts_);
    for (const TextSlot& slot : old) {
      if (slot.index == none) continue;
      std::size_t i = hash(view(ids_[slot.index])) & (texts_.size() - 1);
      while (texts_[i].index != none) i = (i + 1) & (texts_.size() - 1);
      texts_[i] = slot;
    }
  }

  std::vector<Id> ids_;
  Slots<NumberSlot> numbers_;
  Slots<TextSlot> texts_;
  std::size_t number_count_ = 0;
  std::size_t text_count_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace loyalty
