// SPDX-License-Identifier: MIT
/// The loyalty ladder: rungs, criteria, placement and the staircase that moves along time.
#pragma once

#include <loyalty/ladder/criteria.hpp>
#include <loyalty/ladder/labels.hpp>
#include <loyalty/ladder/placement.hpp>
#include <loyalty/ladder/rung.hpp>
#include <loyalty/ladder/staircase.hpp>
