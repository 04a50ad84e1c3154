// SPDX-License-Identifier: MIT
/// How relationships move on the ladder along time. The tape needs the standard library only; what is learned from
/// populations needs Eigen and loyalty::loyalty.
#pragma once

#include <loyalty/dynamics/chain.hpp>
#include <loyalty/dynamics/first_passage.hpp>
#include <loyalty/dynamics/intensities.hpp>
#include <loyalty/dynamics/mix_forecast.hpp>
#include <loyalty/dynamics/movements.hpp>
#include <loyalty/dynamics/null_mix.hpp>
#include <loyalty/dynamics/path.hpp>
#include <loyalty/dynamics/tape.hpp>
