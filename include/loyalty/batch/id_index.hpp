// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
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

#include <loyalty/batch/blocks.hpp>
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

  /// Writes it behind what `out` holds.
  void write(std::string& out, std::uint32_t index) const {
    const Id& id = ids_[index];
    if (id.bytes != nullptr) {
      out += view(id);
      return;
    }
    std::array<char, 20> digits;  // a sign and 19 of them
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id.number).ptr;
    out.append(digits.data(), end);
  }

  /// Brings an identifier near the processor, some reads ahead of `text`.
  void prefetch_text(std::uint32_t index) const noexcept { loyalty::prefetch(&ids_[index]); }

  /// The indices in the order of the identifiers' bytes. O(n) for the first eight bytes, O(n log n) beyond.
  std::vector<std::uint32_t> sorted() const;

 private:
  struct Id {
    const char* bytes = nullptr;  ///< null for numbers
    std::int64_t number = 0;      ///< the number, or the length of the text
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
  /// A text by its mark; with its bytes, so that a look-up touches no entry of `ids_`.
  struct TextSlot {
    const char* bytes = nullptr;
    std::uint32_t mark = 0;
    std::uint32_t index = none;
  };
  static constexpr std::uint32_t long_size = 0xffff;
  /// Sixteen bits of the hash, and the length as far as it fits: texts of other marks differ.
  static std::uint32_t mark(std::uint64_t h, std::size_t size) noexcept {
    return static_cast<std::uint32_t>(h >> 48) << 16 |
           (size < long_size ? static_cast<std::uint32_t>(size) : long_size);
  }

  /// Bytes that do not move.
  class Block {
   public:
    explicit Block(std::size_t size) : bytes_(LargePages<char>{}.allocate(size), Free{size}) {}
    char* bytes() const noexcept { return bytes_.get(); }

   private:
    struct Free {
      std::size_t size;
      void operator()(char* bytes) const noexcept { LargePages<char>{}.deallocate(bytes, size); }
    };
    std::unique_ptr<char, Free> bytes_;
  };

  bool is_dense(std::int64_t number) const noexcept {
    return static_cast<std::uint64_t>(number) < dense_.size();
  }

  template <class TextOf, class OfNumber, class OfText>
  void each(std::size_t n, TextOf& text_of, std::uint32_t* out, OfNumber&& of_number,
            OfText&& of_text) const {
    std::array<std::string_view, block> texts;
    std::array<std::uint64_t, block> hashes;
    std::array<std::int64_t, block> numbers;
    std::array<bool, block> is_number;
    std::array<TextSlot, block>
        likely;  // the first of the same mark; a copy, since a table may grow
    for (std::size_t k = 0; k < n; ++k) {
      texts[k] = text_of(k);
      loyalty::prefetch(texts[k].data());
    }
    for (std::size_t k = 0; k < n; ++k) {
      is_number[k] = canonical_number(texts[k], numbers[k]);
      if (is_number[k]) {
        prefetch(numbers[k]);
      } else {
        hashes[k] = hash(texts[k]);
        loyalty::prefetch(&texts_[hashes[k] & (texts_.size() - 1)]);
      }
    }
    for (std::size_t k = 0; k < n; ++k) {
      if (is_number[k]) continue;
      const std::uint32_t wanted = mark(hashes[k], texts[k].size());
      std::size_t i = hashes[k] & (texts_.size() - 1);
      while (texts_[i].index != none && texts_[i].mark != wanted) i = (i + 1) & (texts_.size() - 1);
      likely[k] = texts_[i];
      if (likely[k].index == none) continue;
      loyalty::prefetch(likely[k].bytes);
      if (!texts[k].empty()) loyalty::prefetch(likely[k].bytes + texts[k].size() - 1);
    }
    for (std::size_t k = 0; k < n; ++k) {
      if (texts[k].empty())
        out[k] = none;
      else if (is_number[k])
        out[k] = of_number(numbers[k]);
      else if (likely[k].index != none && holds(likely[k], texts[k])) [[likely]]
        out[k] = likely[k].index;
      else
        out[k] = of_text(texts[k], hashes[k]);
    }
  }

  /// Whether the text of a slot, whose mark is that of `text`, is `text`.
  bool holds(const TextSlot& slot, std::string_view text) const noexcept {
    if (text.size() >= long_size) return view(ids_[slot.index]) == text;
    return same_bytes(slot.bytes, text.data(), text.size());
  }

  std::uint32_t find_text(std::string_view text, std::uint64_t h) const noexcept {
    const std::uint32_t wanted = mark(h, text.size());
    for (std::size_t i = h & (texts_.size() - 1);; i = (i + 1) & (texts_.size() - 1)) {
      const TextSlot& slot = texts_[i];
      if (slot.index == none) return none;
      if (slot.mark == wanted && holds(slot, text)) return slot.index;
    }
  }

  std::uint32_t add_text(std::string_view text, std::uint64_t h) {
    const std::uint32_t wanted = mark(h, text.size());
    std::size_t i = h & (texts_.size() - 1);
    for (;; i = (i + 1) & (texts_.size() - 1)) {
      const TextSlot& slot = texts_[i];
      if (slot.index == none) break;
      if (slot.mark == wanted && holds(slot, text)) return slot.index;
    }
    const auto index = static_cast<std::uint32_t>(ids_.size());
    const char* const bytes = store(text);
    ids_.push_back({bytes, static_cast<std::int64_t>(text.size())});
    texts_[i] = {bytes, wanted, index};
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
  /// The first `n` bytes as a word, 1 <= n <= 8, each byte at least once.
  static std::uint64_t word(const char* p, std::size_t n) noexcept {
    if (n == 8) return load<std::uint64_t>(p);
    if (n >= 4) return load<std::uint32_t>(p) | std::uint64_t{load<std::uint32_t>(p + n - 4)} << 32;
    const auto byte = [p](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(p[i])};
    };
    return byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16;
  }
  template <class Word>
  static Word load(const char* p) noexcept {
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word;
  }
  /// Both halves of a product, on top of each other.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
    const std::uint64_t h = (a ^ (b >> 29) ^ (b << 35)) * 0xe7037ed1a0b428dbULL;
    return (h ^ (h >> 29)) * (b | 1);
#endif
  }
  /// Sixteen bytes a step; the last step takes the last sixteen, whether or not they were taken before.
  static std::uint64_t hash(std::string_view text) noexcept {
    constexpr std::uint64_t salt = 0xe7037ed1a0b428dbULL;
    const char* p = text.data();
    const std::size_t n = text.size();
    std::uint64_t h = (n + 1) * 0xa0761d6478bd642fULL;
    if (n > 16) {
      for (std::size_t left = n; left > 16; left -= 16, p += 16)
        h = mix(load<std::uint64_t>(p) ^ salt, load<std::uint64_t>(p + 8) ^ h);
      p = text.data() + n;
      h = mix(load<std::uint64_t>(p - 16) ^ salt, load<std::uint64_t>(p - 8) ^ h);
    } else if (n >= 8) {
      h = mix(load<std::uint64_t>(p) ^ salt, load<std::uint64_t>(p + n - 8) ^ h);
    } else if (n != 0) {
      h = mix(word(p, n) ^ salt, h);
    }
    return mix(h, 0x9e3779b97f4a7c15ULL);
  }
  /// Whether `n` bytes are the same; without a call, since identifiers are short.
  static bool same_bytes(const char* a, const char* b, std::size_t n) noexcept {
    if (n < 8) return n == 0 || word(a, n) == word(b, n);
    std::uint64_t differ = load<std::uint64_t>(a + n - 8) ^ load<std::uint64_t>(b + n - 8);
    for (std::size_t i = 0; i + 8 < n; i += 8)
      differ |= load<std::uint64_t>(a + i) ^ load<std::uint64_t>(b + i);
    return differ == 0;
  }

  /// A copy of a text that lives as long as this; a short one lies within one cache line.
  const char* store(std::string_view text) {
    if (text.empty()) return "";
    constexpr std::size_t line = 64;
    constexpr std::size_t least = 1 << 16;
    constexpr std::size_t most = LargePages<char>::page;
    std::size_t skip = 0;
    if (text.size() <= line && room_ % line < text.size()) skip = room_ % line;
    if (text.size() + skip > room_) {
      skip = 0;
      room_ = std::max(std::min(std::bit_ceil(stored_ + least), most), text.size());
      room_ = (room_ + line - 1) / line * line;
      stored_ += room_;
      blocks_.emplace_back(room_);
      next_ = blocks_.back().bytes();
    }
    char* at = next_ + skip;
    std::memcpy(at, text.data(), text.size());
    next_ += skip + text.size();
    room_ -= skip + text.size();
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

  using Ids = Blocks<Id, 1 << 12>;
  class Sorting;

  Ids ids_;
  Slots<Bucket> buckets_;
  Slots<std::uint32_t> dense_;  ///< indices by number
  Slots<TextSlot> texts_;
  std::size_t number_count_ = 0;
  std::size_t bucketed_ = 0;  ///< of them, in the buckets
  std::size_t text_count_ = 0;
  std::vector<Block> blocks_;  ///< the bytes of texts
  char* next_ = nullptr;       ///< room for more of them, up to the end of a line
  std::size_t room_ = 0;
  std::size_t stored_ = 0;  ///< bytes of all blocks
};

}  // namespace loyalty
