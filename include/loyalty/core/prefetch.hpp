// SPDX-License-Identifier: MIT
#pragma once

namespace loyalty {

/// Brings a cache line near the processor ahead of its use; a hint, never an error.
inline void prefetch([[maybe_unused]] const void* line) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(line, 1);
  // GCC takes a function that does nothing but prefetch for one without effect, and drops its calls.
  asm volatile("" : : "r"(line));
#endif
}

}  // namespace loyalty
