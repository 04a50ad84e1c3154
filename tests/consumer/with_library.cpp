// SPDX-License-Identifier: MIT
// A program that links loyalty::loyalty.
#include <loyalty/core/version.hpp>

int main() { return loyalty::library_version() == loyalty::version ? 0 : 1; }
