// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/batch/large_pages.hpp>
#include <loyalty/core/prefetch.hpp>

namespace loyalty {

/// Identifiers of relationships, numbered in the order of arrival. An identifier is bytes; one that is
/// the canonical decimal text of a 64-bit integer is kept as that number, so the text "17850" and the
/// number 17850 are the same relationship.
class IdIndex {
 public:
  /// No index: what `find` says of an unknown identifier.
  static constexpr std::uint32_t none = 0xffffffffU;

  /// No identifiers yet.
  IdIndex() : buckets_(4), texts_(16) {}

  /// Identifiers so far; their indices are 0..size() - 1, at most 2^32 - 1 of them.
  std::size_t size() const noexcept { return ids_.size(); }

  /// Brings the bucket of a number near the processor, some rows ahead of its use.
  void prefetch(std::int64_t number) const noexcept {
    if (is_dense(number))
      loyalty::prefetch(&dense_[static_cast<std::size_t>(number)]);
    else
      loyalty::prefetch(&buckets_[hash(number) & (buckets_.size() - 1)]);
  }

  /// The index of a number, or `none`. O(1).
  std::uint32_t find(std::int64_t number) const noexcept {
    if (is_dense(number)) return dense_[static_cast<std::size_t>(number)];
    for (std::size_t i = hash(number) & (buckets_.size() - 1);;
         i = (i + 1) & (buckets_.size() - 1)) {
      const Bucket& bucket = buckets_[i];
      if (const std::uint32_t index = bucket.find(number); index != none || !bucket.full())
        return index;
    }
  }

  /// The index of a text, or of the number that it spells, or `none`. O(length).
  std::uint32_t find(std::string_view text) const noexcept {
    std::int64_t number = 0;
    if (canonical_number(text, number)) return find(number);
    return find_text(text, hash(text));
  }

  /// The index of a number, new where it is unknown. Amortised O(1); allocates only for new ones.
  std::uint32_t add(std::int64_t number) {
    if (is_dense(number)) {
      std::uint32_t& index = dense_[static_cast<std::size_t>(number)];
      if (index == none) [[unlikely]]
        index = new_number(number);
      return index;
    }
    std::size_t i = hash(number) & (buckets_.size() - 1);
    for (;; i = (i + 1) & (buckets_.size() - 1)) {
      const Bucket& bucket = buckets_[i];
      if (const std::uint32_t index = bucket.find(number); index != none) [[likely]]
        return index;
      if (!bucket.full()) break;
    }
    const std::uint32_t index = new_number(number);
    buckets_[i].add(number, index);
    if (++bucketed_ * 2 > buckets_.size() * Bucket::slots) grow_numbers();
    // Once a quarter of the numbers up to this one are known, a plain table takes over.
    if (number >= 0 && static_cast<std::uint64_t>(number) < 4 * std::uint64_t{number_count_})
      grow_dense(static_cast<std::size_t>(number));
    return index;
  }

  /// The same for a text, whose bytes are copied where it is new. Amortised O(length).
  std::uint32_t add(std::string_view text) {
    std::int64_t number = 0;
    if (canonical_number(text, number)) return add(number);
    return add_text(text, hash(text));
  }

  /// Most texts of one call of `add`.
  static constexpr std::size_t block = 128;
  /// The indices of `n` texts, `text_of(k)` each, at most `block`; `none` where a text is empty. Cache misses overlap:
  /// slots, identifiers and their bytes are fetched for all before any is compared.
  template <class TextOf>
  void add(std::size_t n, TextOf&& text_of, std::uint32_t* out) {
    each(
        n, text_of, out, [this](std::int64_t number) { return add(number); },
        [this](std::string_view text, std::uint64_t h) { return add_text(text, h); });
  }
  /// The same of known texts; `none` where a text is unknown.
  template <class TextOf>
  void find(std::size_t n, TextOf&& text_of, std::uint32_t* out) const {
    each(
        n, text_of, out, [this](std::int64_t number) { return find(number); },
        [this](std::string_view text, std::uint64_t h) { return find_text(text, h); });
  }

  /// The identifier of an index < size(), as text; numbers in decimal.
  std::string text(std::uint32_t index) const {
    const Id& id = ids_[index];
    return id.bytes == nullptr ? std::to_string(id.number) : std::string(view(id));
  }

  /// Brings an identifier near the processor, some reads ahead of `text`.
  void prefetch_text(std::uint32_t index) const noexcept { loyalty::prefetch(&ids_[index]); }

  /// The indices in the order of the identifiers' bytes. O(n log n).
  std::vector<std::uint32_t> sorted() const;

 private:
  struct Id {
    const char* bytes;    ///< null for numbers
    std::int64_t number;  ///< the number, or the length of the text
  };
  /// Four numbers and their indices in one cache line, filled in order; looked through without branches.
  struct alignas(64) Bucket {
    static constexpr std::size_t slots = 4;
    std::int64_t number[slots] = {};
    std::uint32_t index[slots] = {none, none, none, none};

    bool full() const noexcept { return index[slots - 1] != none; }
    std::uint32_t find(std::int64_t wanted) const noexcept {
      std::uint32_t found = none;
      for (std::size_t i = slots; i-- > 0;) found = number[i] == wanted ? index[i] : found;
      return found;
    }
    void add(std::int64_t fresh, std::uint32_t at) noexcept {
      std::size_t i = 0;
      while (index[i] != none) ++i;
      number[i] = fresh;
      index[i] = at;
    }
  };
  struct TextSlot {
    std::uint32_t tag = 0;
    std::uint32_t index = none;
  };

  bool is_dense(std::int64_t number) const noexcept {
    return static_cast<std::uint64_t>(number) < dense_.size();
  }

  template <class TextOf, class OfNumber, class OfText>
  void each(std::size_t n, TextOf& text_of, std::uint32_t* out, OfNumber&& of_number,
            OfText&& of_text) const {
    std::array<std::uint64_t, block> hashes;
    std::array<std::int64_t, block> numbers;
    std::array<bool, block> is_number;
    for (std::size_t k = 0; k < n; ++k) {
      const std::string_view text = text_of(k);
      is_number[k] = canonical_number(text, numbers[k]);
      if (is_number[k]) {
        prefetch(numbers[k]);
      } else {
        hashes[k] = hash(text);
        loyalty::prefetch(&texts_[hashes[k] & (texts_.size() - 1)]);
      }
    }
    const auto slot_of = [&](std::size_t k) {
      return texts_[hashes[k] & (texts_.size() - 1)].index;
    };
    for (std::size_t k = 0; k < n; ++k)
      if (!is_number[k] && slot_of(k) != none) loyalty::prefetch(&ids_[slot_of(k)]);
    for (std::size_t k = 0; k < n; ++k)
      if (!is_number[k] && slot_of(k) != none) loyalty::prefetch(ids_[slot_of(k)].bytes);
    for (std::size_t k = 0; k < n; ++k) {
      const std::string_view text = text_of(k);
      if (text.empty())
        out[k] = none;
      else
        out[k] = is_number[k] ? of_number(numbers[k]) : of_text(text, hashes[k]);
    }
  }

  std::uint32_t find_text(std::string_view text, std::uint64_t h) const noexcept {
    for (std::size_t i = h & (texts_.size() - 1);; i = (i + 1) & (texts_.size() - 1)) {
      const TextSlot& slot = texts_[i];
      if (slot.index == none) return none;
      if (slot.tag == static_cast<std::uint32_t>(h >> 32) && view(ids_[slot.index]) == text)
        return slot.index;
    }
  }

  std::uint32_t add_text(std::string_view text, std::uint64_t h) {
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

  std::uint32_t new_number(std::int64_t number) {
    const auto index = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back({nullptr, number});
    ++number_count_;
    return index;
  }

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
    constexpr std::size_t least = 1 << 16;
    if (text.size() > room_) {
      room_ = text.size() > least ? text.size() : least;
      blocks_.push_back(std::make_unique<char[]>(room_));
      next_ = blocks_.back().get();
    }
    char* at = next_;
    std::memcpy(at, text.data(), text.size());
    next_ += text.size();
    room_ -= text.size();
    return at;
  }

  /// Small numbers find their index in a table by themselves; the buckets keep those that they have.
  void grow_dense(std::size_t number) {
    dense_.assign(std::bit_ceil(number + 1), none);
    for (std::size_t i = 0; i < ids_.size(); ++i)
      if (ids_[i].bytes == nullptr && is_dense(ids_[i].number))
        dense_[static_cast<std::size_t>(ids_[i].number)] = static_cast<std::uint32_t>(i);
  }

  void grow_numbers() {
    Slots<Bucket> old(buckets_.size() * 2);
    old.swap(buckets_);
    for (const Bucket& bucket : old) {
      for (std::size_t k = 0; k < Bucket::slots && bucket.index[k] != none; ++k) {
        std::size_t i = hash(bucket.number[k]) & (buckets_.size() - 1);
        while (buckets_[i].full()) i = (i + 1) & (buckets_.size() - 1);
        buckets_[i].add(bucket.number[k], bucket.index[k]);
      }
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
  Slots<Bucket> buckets_;
  Slots<std::uint32_t> dense_;  ///< indices by number
  Slots<TextSlot> texts_;
  std::size_t number_count_ = 0;
  std::size_t bucketed_ = 0;  ///< of them, in the buckets
  std::size_t text_count_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace loyalty
