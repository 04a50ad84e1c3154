// SPDX-License-Identifier: MIT
#pragma once

/// Special functions of the scoring path: they need the standard library only, allocate nothing, write no global and never
/// throw; beyond the limits that each names they return NaN where NaN enters. And the search for a maximum and the matrix
/// exponential, which need Eigen and loyalty::loyalty.

#include <loyalty/math/beta.hpp>
#include <loyalty/math/branchless.hpp>
#include <loyalty/math/estimate.hpp>
#include <loyalty/math/fit_status.hpp>
#include <loyalty/math/gamma.hpp>
#include <loyalty/math/gamma_quantile.hpp>
#include <loyalty/math/gauss_legendre.hpp>
#include <loyalty/math/log1p_gap.hpp>
#include <loyalty/math/log_beta_sum.hpp>
#include <loyalty/math/log_gamma.hpp>
#include <loyalty/math/log_mean.hpp>
#include <loyalty/math/log_rising.hpp>
#include <loyalty/math/matrix_exponential.hpp>
#include <loyalty/math/normal.hpp>
#include <loyalty/math/optimise.hpp>
#include <loyalty/math/optimise_beta_binomial.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>
#include <loyalty/math/optimise_prior.hpp>
#include <loyalty/math/polygamma.hpp>
#include <loyalty/math/polynomial.hpp>
#include <loyalty/math/share_interval.hpp>
