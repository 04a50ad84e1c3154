// SPDX-License-Identifier: MIT
/// \file
/// The version of Loyalty Ladder. This file is its only source: CMake and the Python build read the three macros below.
#pragma once

#include <string_view>

#define LOYALTY_VERSION_MAJOR 0
#define LOYALTY_VERSION_MINOR 1
#define LOYALTY_VERSION_PATCH 0

#define LOYALTY_DETAIL_DOTTED_TEXT(major, minor, patch) #major "." #minor "." #patch
#define LOYALTY_DETAIL_DOTTED(major, minor, patch) LOYALTY_DETAIL_DOTTED_TEXT(major, minor, patch)

namespace loyalty {

/// The three numbers of the version.
inline constexpr int version_major = LOYALTY_VERSION_MAJOR;
inline constexpr int version_minor = LOYALTY_VERSION_MINOR;
inline constexpr int version_patch = LOYALTY_VERSION_PATCH;

/// The version of these headers, "major.minor.patch".
inline constexpr std::string_view version =
    LOYALTY_DETAIL_DOTTED(LOYALTY_VERSION_MAJOR, LOYALTY_VERSION_MINOR, LOYALTY_VERSION_PATCH);

/// The version of the compiled library that the program is linked with. It differs from `version` only when headers
/// and library come from different releases. Needs `loyalty::loyalty`.
[[nodiscard]] std::string_view library_version() noexcept;

}  // namespace loyalty

#undef LOYALTY_DETAIL_DOTTED
#undef LOYALTY_DETAIL_DOTTED_TEXT
