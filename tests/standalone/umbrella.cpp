// SPDX-License-Identifier: MIT
// Compiled by plain compiler calls with include/ as the only include path.
#include <loyalty/loyalty.hpp>

int main() { return loyalty::version.empty() ? 1 : 0; }
