// SPDX-License-Identifier: MIT
/// What customers will buy and spend: models of repeat purchases with dropout and of spend, fitted or given, each
/// forecast with its uncertainty. Needs loyalty::loyalty.
#pragma once

#include <loyalty/purchase/bg_nbd.hpp>
#include <loyalty/purchase/cohort.hpp>
#include <loyalty/purchase/columns.hpp>
#include <loyalty/purchase/duration.hpp>
#include <loyalty/purchase/estimate.hpp>
#include <loyalty/purchase/fit.hpp>
#include <loyalty/purchase/gamma_gamma.hpp>
#include <loyalty/purchase/histories.hpp>
#include <loyalty/purchase/history.hpp>
#include <loyalty/purchase/pareto_nbd.hpp>
#include <loyalty/purchase/simulate.hpp>
