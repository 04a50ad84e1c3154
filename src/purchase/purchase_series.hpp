// SPDX-License-Identifier: MIT
/// \file
/// What a customer of a beta-geometric model buys while it is alive, as a power series in time whose coefficients many
/// customers share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <vector>

#include "purchase/dual.hpp"

namespace loyalty::purchase {

/// Terms of a series that are added before it is seen whether it has ended.
inline constexpr std::size_t series_block = 16;

struct SeriesSum {
  double sum = 0;
  std::size_t terms = 0;  ///< added; 0: it has not ended with all of them
};

/// The sum of c[k - 1] z^k over k = 1 .. count, a multiple of `series_block`, or fewer: until what follows is below 1e-17
/// of the sum. The c are (shape)_k/k! times sums that grow by at most 1 from each to the next, from 1 on.
[[nodiscard]] SeriesSum sum_of_series(const double* c, std::size_t count, double shape,
                                      double z) noexcept;

/// Sum of (shape)_k/k! (1 + E[q] + ... + E[q^(k-1)]) z^k over k >= 1, where E[q^j] = (b)_j/(a + b)_j: all terms are
/// positive. Coefficients are found when they are first needed, and do not depend on who needs them. Values are the same to
/// the bit with and without derivatives.
template <class S>
class PurchaseSeries {
 public:
  PurchaseSeries(const S& shape, const S& a, const S& b) : shape_(shape), b_(b), both_(a + b) {}

  /// The sum at 0 < z < 1; nothing where a coefficient would be too large for a double, or too many are needed.
  std::optional<S> operator()(const S& z) {
    for (;;) {
      const SeriesSum found =
          sum_of_series(values_.data(), values_.size(), value_of(shape_), value_of(z));
      if (found.terms > 0) return with_slopes(found, z);
      if (full_) return std::nullopt;
      extend(std::max<std::size_t>(64, 2 * values_.size()));
    }
  }

 private:
  static constexpr std::size_t most = 4096;
  static constexpr double largest = 1e250;

  S with_slopes(const SeriesSum& found, [[maybe_unused]] const S& z) const {
    if constexpr (std::is_same_v<S, double>) {
      return found.sum;
    } else {
      S sum(found.sum);
      double by_z = 0;  // k c z^(k - 1)
      double power = 1;
      for (std::size_t k = 0; k < found.terms; ++k) {
        by_z += static_cast<double>(k + 1) * values_[k] * power;
        power *= z.value;
        for (std::size_t i = 0; i < sum.d.size(); ++i) sum.d[i] += slopes_[k][i] * power;
      }
      for (std::size_t i = 0; i < sum.d.size(); ++i) sum.d[i] += by_z * z.d[i];
      return sum;
    }
  }

  void extend(std::size_t count) {
    count = std::min(count, most);
    while (values_.size() < count) {
      const auto k = static_cast<double>(values_.size() + 1);
      rising_ *= (shape_ + S(k - 1)) * S(1 / k);
      bought_ += kept_;
      kept_ *= (b_ + S(k - 1)) / (both_ + S(k - 1));
      const S c = rising_ * bought_;
      if (value_of(c) > largest) {
        values_.resize(values_.size() / series_block * series_block);
        full_ = true;
        return;
      }
      values_.push_back(value_of(c));
      if constexpr (!std::is_same_v<S, double>) slopes_.push_back(c.d);
    }
    full_ = count == most;
  }

  S shape_, b_, both_;
  S rising_{1.0};  ///< (shape)_k/k!
  S kept_{1.0};    ///< E[q^k]
  S bought_{0.0};  ///< the sum of those before
  std::vector<double> values_;
  std::vector<Gradient> slopes_;  ///< of the values, where wanted
  bool full_ = false;
};

}  // namespace loyalty::purchase
