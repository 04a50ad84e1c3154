// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>
#include <loyalty/math/fit_status.hpp>

namespace loyalty::math {

/// A smooth function to maximise: returns its value at x, and writes the gradient and the Hessian where they are asked for
/// (not null). A value that is not finite means that x is outside. Not all pointers are given at the same time.
using Objective = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd* gradient,
                                       Eigen::MatrixXd* hessian)>;

/// An objective without a Hessian of its own gets one by central differences of its gradient, 2 n more calls; exact to
/// about 1e-9 of its size where x is of order 1, as logs of parameters are.
[[nodiscard]] Objective with_difference_hessian(Objective objective);

/// Where and how long to search.
struct OptimiseOptions {
  Eigen::VectorXd low;   ///< lower bounds, -infinity for none; empty: no lower bounds
  Eigen::VectorXd high;  ///< upper bounds, likewise
  int most_steps = 200;  ///< accepted or refused
  double tolerance =
      1e-12;  ///< converged when a Newton step promises less than this, relative to max(1, |value|) 1e-4
  /// A direction is flat where one standard error along it would be longer than this; x are mostly logs, so that 20
  /// is a factor of e^20.
  double flat = 20;
};

/// A maximum, or the best point that was found.
struct Maximum {
  Eigen::VectorXd x;
  double value = -std::numeric_limits<double>::infinity();
  Eigen::VectorXd gradient;  ///< at x
  Eigen::MatrixXd hessian;   ///< at x
  /// Inverse of the negative Hessian over the coordinates that are not at a bound; NaN in the rows and columns of the
  /// others, everywhere where a direction is flat.
  Eigen::MatrixXd covariance;
  std::vector<int>
      at_low;  ///< coordinates at their lower bound where the function still falls inward
  std::vector<int> at_high;  ///< the same of upper bounds
  int flat =
      -1;  ///< the coordinate that changes most along the flattest direction; -1 if none is flat
  FitStatus
      status;  ///< its sentence speaks of coordinates by number; who knows their names writes a better one
};

/// Maximises by Newton's method in a trust region (J. Nocedal and S. Wright, Numerical Optimization, 2006, ch. 4: the
/// exact subproblem by eigenvalues), within bounds by projection: coordinates at a bound that the gradient presses
/// against it are held. O(n^3) a step; n is small. `start` is moved into the bounds; it must give a finite value, else
/// the status is `stopped`.
[[nodiscard]] Maximum maximise(const Objective& objective, Eigen::VectorXd start,
                               const OptimiseOptions& options = {});

}  // namespace loyalty::math
