// SPDX-License-Identifier: MIT
/// \file
/// The monthly chain, the passage rows and the generator of vectors.json, keys E_monthly_chain,
/// E_first_passage_discrete and E_generator.
#pragma once

#include <initializer_list>

#include <Eigen/Core>

namespace loyalty_tests {

inline Eigen::VectorXd numbers(std::initializer_list<double> values) {
  Eigen::VectorXd v(static_cast<Eigen::Index>(values.size()));
  Eigen::Index i = 0;
  for (const double value : values) v[i++] = value;
  return v;
}

/// A square matrix, row by row.
inline Eigen::MatrixXd square(Eigen::Index n, std::initializer_list<double> values) {
  Eigen::MatrixXd m(n, n);
  Eigen::Index i = 0;
  for (const double value : values) {
    m(i / n, i % n) = value;
    ++i;
  }
  return m;
}

inline Eigen::MatrixXd monthly_counts() {
  return square(6, {90, 10, 0, 0,  0, 0, 5, 80, 15, 0, 0,  0, 0, 8, 60, 10, 2, 0,
                    0,  0,  4, 30, 6, 0, 0, 0,  1,  2, 15, 2, 0, 0, 0,  0,  1, 4});
}

inline Eigen::VectorXd monthly_start() { return numbers({.4, .3, .15, .1, .04, .01}); }

inline Eigen::MatrixXd passage_rows() {
  return square(6,
                {.9, .1, 0,   0,   0,   0, .04, .8,  .16, 0,   0,   0, 0, .08, .78, .12, .02, 0, 0,
                 0,  .1, .74, .15, .01, 0, 0,   .02, .12, .75, .11, 0, 0, 0,   .03, .17, .8});
}

/// Rates up lam = .05 .12 .06 .04 .02, down mu = .03 .05 .04 .03 .02.
inline Eigen::MatrixXd ladder_rates() {
  Eigen::MatrixXd q = Eigen::MatrixXd::Zero(6, 6);
  const double up[] = {.05, .12, .06, .04, .02};
  const double down[] = {.03, .05, .04, .03, .02};
  for (Eigen::Index k = 0; k < 5; ++k) {
    q(k, k + 1) = up[k];
    q(k + 1, k) = down[k];
  }
  return q;
}

}  // namespace loyalty_tests
