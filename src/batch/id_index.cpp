// SPDX-License-Identifier: MIT
#include <loyalty/batch/id_index.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace loyalty {

/// Sorts identifiers by eight bytes at a time: all by the first eight, then those that have these in common by the next.
class IdIndex::Sorting {
 public:
  explicit Sorting(const IdIndex& ids) : ids_(ids.ids_), all_(ids_.size()), spare_(ids_.size()) {}

  std::vector<std::uint32_t> order() {
    for (std::uint32_t i = 0; i < all_.size(); ++i) all_[i].index = i;
    sort(all_, 0);
    std::vector<std::uint32_t> order(all_.size());
    std::transform(all_.begin(), all_.end(), order.begin(), [](const Entry& e) { return e.index; });
    return order;
  }

 private:
  struct Entry {
    std::uint64_t word =
        0;  ///< eight bytes of the text, the first in the highest place, then zeros
    std::uint32_t index = 0;
  };
  using Digits = std::array<char, 20>;
  static constexpr std::size_t few = 2048;  ///< less than a table of counts is worth
  static constexpr std::size_t deep = 8;    ///< words; few identifiers are longer
  static constexpr int digit_bits = 16;     ///< of a word
  static constexpr std::size_t digit_count = 64 / digit_bits;

  /// The text of an identifier; numbers are written to `digits`.
  std::string_view text(std::uint32_t index, Digits& digits) const noexcept {
    const Id& id = ids_[index];
    if (id.bytes != nullptr) return view(id);
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), id.number).ptr;
    return {digits.data(), static_cast<std::size_t>(end - digits.data())};
  }
  std::uint64_t word(std::uint32_t index, std::size_t depth) const noexcept {
    Digits digits;
    const std::string_view whole = text(index, digits);
    unsigned char bytes[8] = {};
    if (whole.size() > 8 * depth)
      std::memcpy(bytes, whole.data() + 8 * depth,
                  std::min<std::size_t>(8, whole.size() - 8 * depth));
    std::uint64_t word = 0;
    for (const unsigned char byte : bytes) word = word << 8 | byte;
    return word;
  }

  /// Sorts identifiers whose first `depth` words are the same.
  void sort(std::span<Entry> part, std::size_t depth) {
    for (Entry& entry : part) entry.word = word(entry.index, depth);
    if (part.size() < few)
      std::sort(part.begin(), part.end(),
                [](const Entry& a, const Entry& b) { return a.word < b.word; });
    else
      sort_by_digits(part);
    for (std::size_t from = 0; from < part.size();) {
      std::size_t to = from + 1;
      while (to < part.size() && part[to].word == part[from].word) ++to;
      const auto same = part.subspan(from, to - from);
      if (same.size() >= few && depth + 1 < deep)
        sort(same, depth + 1);
      else if (same.size() > 1)
        sort_by_text(same);
      from = to;
    }
  }
  void sort_by_text(std::span<Entry> part) const {
    std::sort(part.begin(), part.end(), [this](const Entry& a, const Entry& b) {
      Digits of_a;
      Digits of_b;
      return text(a.index, of_a) < text(b.index, of_b);
    });
  }
  /// Sorts by word; each pass keeps the order of the one before.
  void sort_by_digits(std::span<Entry> part) {
    constexpr std::size_t values = std::size_t{1} << digit_bits;
    std::vector<std::array<std::uint32_t, digit_count>> counts(values);
    const auto digit = [](const Entry& entry, std::size_t pass) {
      return entry.word >> (pass * digit_bits) & (values - 1);
    };
    for (const Entry& entry : part)
      for (std::size_t pass = 0; pass < digit_count; ++pass) ++counts[digit(entry, pass)][pass];
    const auto spare = std::span<Entry>(spare_).first(part.size());
    bool moved = false;  // the entries are in the spare
    for (std::size_t pass = 0; pass < digit_count; ++pass) {
      if (counts[digit(part[0], pass)][pass] == part.size()) continue;
      std::uint32_t start = 0;
      for (auto& count : counts) start += std::exchange(count[pass], start);
      const auto from = moved ? spare : part;
      const auto to = moved ? part : spare;
      for (const Entry& entry : from) to[counts[digit(entry, pass)][pass]++] = entry;
      moved = !moved;
    }
    if (moved) std::copy(spare.begin(), spare.end(), part.begin());
  }

  const Ids& ids_;
  std::vector<Entry> all_;
  std::vector<Entry> spare_;
};

std::vector<std::uint32_t> IdIndex::sorted() const { return Sorting(*this).order(); }

}  // namespace loyalty
