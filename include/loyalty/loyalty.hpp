// SPDX-License-Identifier: MIT
/// \file
/// Everything about one relationship: header-only, needs nothing but the standard library.
#pragma once

#include <loyalty/core/config.hpp>
#include <loyalty/core/version.hpp>
