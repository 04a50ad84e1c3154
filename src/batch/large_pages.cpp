// SPDX-License-Identifier: MIT
#include <loyalty/batch/large_pages.hpp>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace loyalty {

void advise_large_pages([[maybe_unused]] void* memory,
                        [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(MADV_HUGEPAGE)
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace loyalty
