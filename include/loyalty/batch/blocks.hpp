// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <loyalty/batch/large_pages.hpp>

namespace loyalty {

/// A table that grows in blocks of `block_size` values, a power of two: values never move, so a pointer to one lasts, and
/// growing neither copies nor needs twice the memory.
template <class T, std::size_t block_size>
class Blocks {
  static_assert((block_size & (block_size - 1)) == 0);

 public:
  Blocks() = default;
  Blocks(Blocks&&) noexcept = default;
  Blocks& operator=(Blocks&&) noexcept = default;

  /// Values `0 .. size() - 1` are there.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return blocks_[i / block_size][i % block_size]; }
  const T& operator[](std::size_t i) const noexcept {
    return blocks_[i / block_size][i % block_size];
  }

  /// Adds default values until there are `size`; never fewer than before. Throws std::bad_alloc.
  void grow_to(std::size_t size) {
    if (size <= size_) return;
    while (blocks_.size() * block_size < size) {
      blocks_.emplace_back();
      blocks_.back().reserve(block_size);
    }
    for (std::size_t b = size_ / block_size; b < blocks_.size(); ++b)
      blocks_[b].resize(std::min(block_size, size - b * block_size));
    size_ = size;
  }

 private:
  std::vector<std::vector<T, LargePages<T>>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace loyalty
