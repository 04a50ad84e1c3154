// SPDX-License-Identifier: MIT
/// What relationships are worth: the third answer beside rung and quality, never mixed into them.
#pragma once

#include <loyalty/value/by_relationship.hpp>
#include <loyalty/value/by_rung.hpp>
