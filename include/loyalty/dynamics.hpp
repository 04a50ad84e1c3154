// SPDX-License-Identifier: MIT
/// How relationships move on the ladder along time.
#pragma once

#include <loyalty/dynamics/tape.hpp>
