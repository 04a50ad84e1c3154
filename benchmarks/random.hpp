// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// SplitMix64: the same stream on every platform.
struct Random {
  std::uint64_t state = 1;
  std::uint64_t operator()() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
};
