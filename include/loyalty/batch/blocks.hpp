// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <loyalty/batch/large_pages.hpp>
#include <loyalty/batch/workers.hpp>

namespace loyalty {

/// A table that grows in blocks of `block_size` values, a power of two: values never move, so a pointer to one lasts, and
/// growing neither copies nor needs twice the memory.
template <class T, std::size_t block_size>
class Blocks {
  static_assert((block_size & (block_size - 1)) == 0);

 public:
  Blocks() = default;
  Blocks(Blocks&& other) noexcept
      : blocks_(std::move(other.blocks_)), size_(std::exchange(other.size_, 0)) {}
  Blocks& operator=(Blocks&& other) noexcept {
    blocks_ = std::move(other.blocks_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  /// Values `0 .. size() - 1` are there.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return blocks_[i / block_size].get()[i % block_size]; }
  const T& operator[](std::size_t i) const noexcept {
    return blocks_[i / block_size].get()[i % block_size];
  }

  /// Adds default values until there are `size`; never fewer than before. Throws std::bad_alloc.
  void grow_to(std::size_t size) {
    if (size <= size_) return;
    make_room(size);
    make(size_, size);
    size_ = size;
  }
  /// The same; the values are made by all workers, since it takes the system some time to find memory for them.
  void grow_to(std::size_t size, Workers& workers) {
    if (size <= size_) return;
    make_room(size);
    const std::size_t fresh = size - size_;
    const std::size_t parts =
        std::clamp<std::size_t>(fresh * sizeof(T) / least_bytes, 1, workers.count());
    const auto make_part = [&](unsigned part) {
      make(size_ + fresh * part / parts, size_ + fresh * (part + 1) / parts);
    };
    if (parts == 1)
      make_part(0);
    else
      workers.run(static_cast<unsigned>(parts), std::ref(make_part));
    size_ = size;
  }
  /// Adds a value. Throws std::bad_alloc.
  void push_back(const T& value) {
    grow_to(size_ + 1);
    (*this)[size_ - 1] = value;
  }

 private:
  static constexpr std::size_t least_bytes = 1 << 18;  ///< worth a worker

  struct Free {
    void operator()(T* block) const noexcept { LargePages<T>{}.deallocate(block, block_size); }
  };

  void make_room(std::size_t size) {
    while (blocks_.size() * block_size < size) {
      std::unique_ptr<T, Free> block(LargePages<T>{}.allocate(block_size));
      blocks_.push_back(std::move(block));
    }
  }
  /// Makes the values `from .. to - 1`, for which there is room.
  void make(std::size_t from, std::size_t to) noexcept {
    static_assert(std::is_trivially_destructible_v<T> &&
                  std::is_nothrow_default_constructible_v<T>);
    while (from < to) {
      const std::size_t end = std::min(to, (from / block_size + 1) * block_size);
      std::uninitialized_value_construct_n(&(*this)[from], end - from);
      from = end;
    }
  }

  std::vector<std::unique_ptr<T, Free>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace loyalty
