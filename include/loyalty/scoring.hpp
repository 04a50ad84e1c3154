// SPDX-License-Identifier: MIT
#pragma once

/// The quality of one relationship: its value, interval, explanation, next step; and the strength of the evidence for a rung.

#include <loyalty/scoring/assessment.hpp>
#include <loyalty/scoring/attribution.hpp>
#include <loyalty/scoring/change.hpp>
#include <loyalty/scoring/evidence.hpp>
#include <loyalty/scoring/interval.hpp>
#include <loyalty/scoring/next_step.hpp>
#include <loyalty/scoring/quality.hpp>
#include <loyalty/scoring/strength.hpp>
