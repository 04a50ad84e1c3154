// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include <loyalty/core/config.hpp>

namespace loyalty::math {

/// Integral of f over low..high by Gauss-Legendre quadrature with 28 nodes, exact for polynomials of degree 55. 28 calls.
template <typename Function>
[[nodiscard]] constexpr double gauss_legendre(const Function& f, double low, double high) noexcept {
  constexpr std::array<double, 14> nodes{
      0.05507928988403427, 0.16456928213338076, 0.2720616276351781, 0.3762515160890787,
      0.4758742249551183,  0.5697204718114017,  0.656651094038865,  0.7356108780136318,
      0.8056413709171791,  0.8658925225743951,  0.9156330263921321, 0.9542592806289382,
      0.9813031653708727,  0.9964424975739544};
  constexpr std::array<double, 14> weights{
      0.1100470130164752,  0.10871119225829413, 0.10605576592284642, 0.10211296757806076,
      0.09693065799792992, 0.09057174439303284, 0.08311341722890121, 0.07464621423456878,
      0.0652729239669996,  0.05510734567571675, 0.04427293475900423, 0.03290142778230438,
      0.02113211259277126, 0.009124282593094517};
  const double middle = 0.5 * (low + high);
  const double half = 0.5 * (high - low);
  double sum = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    sum += weights[i] * (f(middle - half * nodes[i]) + f(middle + half * nodes[i]));
  }
  return half * sum;
}

}  // namespace loyalty::math
