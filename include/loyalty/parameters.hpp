// SPDX-License-Identifier: MIT
#pragma once

/// The four relationship parameters, each a pure function of plain numbers.

#include <loyalty/parameters/commitment.hpp>
#include <loyalty/parameters/density.hpp>
#include <loyalty/parameters/parameter.hpp>
#include <loyalty/parameters/reciprocity.hpp>
#include <loyalty/parameters/responsiveness.hpp>
#include <loyalty/parameters/trust.hpp>
