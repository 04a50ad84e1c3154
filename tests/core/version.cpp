// SPDX-License-Identifier: MIT
#include "loyalty/core/version.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the text of the version agrees with its numbers and with the compiled library") {
  const std::string expected = std::to_string(loyalty::version_major) + "." +
                               std::to_string(loyalty::version_minor) + "." +
                               std::to_string(loyalty::version_patch);
  CHECK(std::string(loyalty::version) == expected);
  CHECK(loyalty::library_version() == loyalty::version);
}
