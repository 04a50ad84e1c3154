// SPDX-License-Identifier: MIT
#include "loyalty/core/version.hpp"

namespace loyalty {

std::string_view library_version() noexcept { return version; }

}  // namespace loyalty
