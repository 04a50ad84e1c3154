// SPDX-License-Identifier: MIT
/// \file
/// Gauss-Legendre panels of 12 nodes on 0..1, for integrands that fall along the way.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "purchase/dual.hpp"

namespace loyalty::purchase {

inline constexpr std::size_t panel_nodes = 12;
inline constexpr std::array<double, panel_nodes> panel_at{
    0.0092196828766403746547, 0.047941371814762571661, 0.11504866290284765648,
    0.20634102285669127635,   0.31608425050090990312,  0.43738329574426554226,
    0.56261670425573445774,   0.68391574949909009688,  0.79365897714330872365,
    0.88495133709715234352,   0.95205862818523742834,  0.99078031712335962535};
inline constexpr std::array<double, panel_nodes> panel_weight{
    0.023587668193255913597, 0.05346966299765921548, 0.080039164271673113167,
    0.10158371336153296087,  0.11674626826917740438, 0.1245735229067013925,
    0.1245735229067013925,   0.11674626826917740438, 0.10158371336153296087,
    0.080039164271673113167, 0.05346966299765921548, 0.023587668193255913597};

/// Integral over 0..end, which may be infinite, of a positive function that falls ever more slowly: `f(v)`, S or double, falls
/// at a relative rate of at most `rate(v)`, which falls in v, too, and has its nearest singularity at -scale. Panels grow
/// with the distance to it, none spans a fall by more than e^8 or, once that much is behind, e^20; ends where e^-42 is
/// left.
template <class S, class Function, class Rate>
S falling_integral(double end, double scale, const Function& f, const Rate& rate) {
  S sum(0.0);
  double from = 0;
  double fallen = 0;  // at most this much, as an exponent
  while (from < end) {
    const double here = rate(from);
    double length = std::min(end - from, scale + from);
    const double most = (8 + std::min(fallen, 12.0)) / here;
    length = std::min(length, most);
    S part(0.0);
    for (std::size_t i = 0; i < panel_nodes; ++i)
      part += S(panel_weight[i] * length) * f(from + length * panel_at[i]);
    sum += part;
    from += length;
    fallen += length * rate(from);  // at least this much, since the rate falls
    if (value_of(part) < 1e-18 * value_of(sum)) break;
  }
  return sum;
}

}  // namespace loyalty::purchase
