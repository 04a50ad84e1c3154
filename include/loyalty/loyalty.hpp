// SPDX-License-Identifier: MIT
/// \file
/// Everything about one relationship: header-only, needs nothing but the standard library.
#pragma once

#include <loyalty/core/config.hpp>
#include <loyalty/core/error.hpp>
#include <loyalty/core/time.hpp>
#include <loyalty/core/version.hpp>
#include <loyalty/events.hpp>
#include <loyalty/ladder.hpp>
#include <loyalty/parameters.hpp>
#include <loyalty/policy.hpp>
#include <loyalty/scoring.hpp>
