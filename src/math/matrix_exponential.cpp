// SPDX-License-Identifier: MIT
#include <loyalty/math/matrix_exponential.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include <Eigen/LU>

namespace loyalty::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

double one_norm(const MatrixXd& a) { return a.cwiseAbs().colwise().sum().maxCoeff(); }

/// The Padé approximant [m/m] from its coefficients, lowest power first; m odd.
template <std::size_t N>
MatrixXd pade(const MatrixXd& a, const std::array<double, N>& b) {
  const MatrixXd identity = MatrixXd::Identity(a.rows(), a.cols());
  const MatrixXd square = a * a;
  MatrixXd odd = b[1] * identity;
  MatrixXd even = b[0] * identity;
  MatrixXd power = identity;
  for (std::size_t k = 2; k < N; k += 2) {
    power = power * square;
    even += b[k] * power;
    odd += b[k + 1] * power;
  }
  odd = a * odd;
  return (even - odd).partialPivLu().solve(even + odd);
}

/// How often to halve a norm until it is at most `bound`.
int halvings(double norm, double bound) {
  return norm > bound ? std::max(0, static_cast<int>(std::ceil(std::log2(norm / bound)))) : 0;
}

}  // namespace

MatrixXd matrix_exponential(const MatrixXd& a) {
  assert(a.rows() == a.cols());
  if (a.size() == 0) return a;
  // Table 2.3 of Higham (2005): below these norms the backward error is less than 2^-53.
  const double norm = one_norm(a);
  if (norm <= 1.495585217958292e-2) return pade<4>(a, {120, 60, 12, 1});
  if (norm <= 2.539398330063230e-1) return pade<6>(a, {30240, 15120, 3360, 420, 30, 1});
  if (norm <= 9.504178996162932e-1)
    return pade<8>(a, {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1});
  if (norm <= 2.097847961257068)
    return pade<10>(a, {17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880,
                        3960, 90, 1});
  const int squarings = halvings(norm, 5.371920351148152);
  MatrixXd result = pade<14>(
      std::ldexp(1.0, -squarings) * a,
      {64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
       10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1});
  for (int i = 0; i < squarings; ++i) result = (result * result).eval();
  return result;
}

MatrixXd matrix_exponential_derivative(const MatrixXd& a, const MatrixXd& e) {
  const Index n = a.rows();
  assert(a.cols() == n && e.rows() == n && e.cols() == n);
  // The direction is scaled to the size of A, so that it costs no squarings of its own.
  const double size = one_norm(e);
  if (!(size > 0)) return MatrixXd::Zero(n, n);
  const double scale = std::max(one_norm(a), 1.0) / size;
  MatrixXd both = MatrixXd::Zero(2 * n, 2 * n);
  both.topLeftCorner(n, n) = a;
  both.bottomRightCorner(n, n) = a;
  both.topRightCorner(n, n) = scale * e;
  return matrix_exponential(both).topRightCorner(n, n) / scale;
}

MatrixXd transition_probabilities(const MatrixXd& generator, double t) {
  const Index n = generator.rows();
  assert(generator.cols() == n && t >= 0);
  const double rate = n == 0 ? 0 : std::max(0.0, -generator.diagonal().minCoeff());
  const int squarings = halvings(rate * t, 1);
  const double step = std::ldexp(t, -squarings);
  MatrixXd jumps = step * generator;
  jumps.diagonal().array() += step * rate;
  MatrixXd term = MatrixXd::Identity(n, n);
  MatrixXd sum = term;
  for (int k = 1; k < 60; ++k) {
    term = (term * jumps / k).eval();
    sum += term;
    if ((term.array() <= 1e-17 * sum.array()).all()) break;
  }
  sum *= std::exp(-step * rate);
  for (int i = 0; i < squarings; ++i) sum = (sum * sum).eval();
  return sum;
}

}  // namespace loyalty::math
