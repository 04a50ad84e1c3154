// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>

namespace loyalty {

/// Asks the system to back memory with large pages where it can; a hint, never an error.
void advise_large_pages(void* memory, std::size_t bytes) noexcept;

/// Allocator of tables that are visited at random: large ones are aligned for large pages, which spare
/// the address translation.
template <class T>
struct LargePages {
  using value_type = T;
  /// Size of a large page, 2 MiB: from it on, memory is aligned to it, below to a cache line.
  static constexpr std::size_t page = std::size_t{1} << 21;

  LargePages() noexcept = default;
  template <class U>
  LargePages(const LargePages<U>&) noexcept {}  // NOLINT: allocators convert

  /// Memory for `n` values; throws std::bad_alloc.
  T* allocate(std::size_t n) {
    const std::size_t bytes = n * sizeof(T);
    if (bytes < page) return static_cast<T*>(::operator new (bytes, std::align_val_t{64}));
    void* memory = ::operator new (bytes, std::align_val_t{page});
    advise_large_pages(memory, bytes);
    return static_cast<T*>(memory);
  }
  /// Gives back memory of `allocate`, with the same `n`, on which its alignment depends.
  void deallocate(T* memory, std::size_t n) noexcept {
    ::operator delete (memory, std::align_val_t{n * sizeof(T) < page ? 64 : page});
  }
  template <class U>
  friend bool operator==(const LargePages&, const LargePages<U>&) noexcept {
    return true;
  }
};

}  // namespace loyalty
