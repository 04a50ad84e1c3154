// SPDX-License-Identifier: MIT
// A program that uses loyalty::headers only: nothing to link.
#include <loyalty/core/version.hpp>

int main() { return loyalty::version.empty() ? 1 : 0; }
