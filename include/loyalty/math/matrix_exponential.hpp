// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <Eigen/Core>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// e^A of a square matrix by scaling, a Padé approximant of degree 3 to 13 and squaring (N. Higham, SIAM Journal on Matrix
/// Analysis 26, 2005, algorithm 2.3). The error is a few units of the last place of the norm of the result, about as
/// many more as there are squarings. A must be finite. O(n^3 log |A|).
[[nodiscard]] Eigen::MatrixXd matrix_exponential(const Eigen::MatrixXd& a);

/// The derivative of e^A at A in the direction `e`: the upper right block of the exponential of [A E; 0 A] (R. Mathias,
/// SIAM Journal on Matrix Analysis 17, 1996). Also right where eigenvalues coincide. 8 times the cost of e^A.
[[nodiscard]] Eigen::MatrixXd matrix_exponential_derivative(const Eigen::MatrixXd& a,
                                                            const Eigen::MatrixXd& e);

/// e^(Q t) of a generator Q (rates >= 0 off the diagonal, rows that sum to 0 or less), t >= 0: probabilities, each with a
/// small relative error however improbable the move, since nothing is subtracted (uniformisation: e^(-r t) e^((Q + r) t)
/// by Taylor's series and squaring). The last digits lost grow with log2 of the largest rate times t. O(n^3 log |Q t|).
[[nodiscard]] Eigen::MatrixXd transition_probabilities(const Eigen::MatrixXd& generator, double t);

}  // namespace loyalty::math
