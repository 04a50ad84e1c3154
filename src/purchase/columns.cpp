// SPDX-License-Identifier: MIT
#include <loyalty/purchase/columns.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace loyalty::purchase {
namespace {

/// What the answer depends on, as bits, and the answer. Customers repeat: few of a million differ in all of these.
struct Remembered {
  std::array<std::uint64_t, 4> key;
  Estimate answer;
};

/// Places for keys: each has a few next to each other, and who finds them all taken takes the first.
class Memory {
 public:
  explicit Memory(std::size_t rows)
      : mask_(std::bit_ceil(2 * std::min(rows, most)) - 1), places_(mask_ + near, unused()) {}

  Remembered& place_of(const std::array<std::uint64_t, 4>& key) noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    const std::uint64_t mixed =
        (key[0] ^ std::rotl(key[1], 21) ^ std::rotl(key[2], 42)) * odd + key[3];
    Remembered* home = &places_[((mixed ^ (mixed >> 32)) * odd >> 32) & mask_];
    for (std::size_t i = 0; i < near; ++i)
      if (home[i].key == key || home[i].key == unused().key) return home[i];
    return *home;
  }

 private:
  static constexpr std::size_t most = 8192;
  static constexpr std::size_t near = 8;
  /// Bits of a NaN that no row has, since rows with NaN are not looked up.
  static Remembered unused() noexcept { return {{~std::uint64_t{0}, 0, 0, 0}, {}}; }
  std::size_t mask_;
  std::vector<Remembered> places_;
};

template <class Model>
Estimate answer(const Model& model, const Question& question, const History& h, double horizon,
                const Covariance* covariance) {
  Gradient gradient;
  Gradient* wanted = covariance == nullptr ? nullptr : &gradient;
  const Duration stretch{horizon, std::isinf(horizon) ? TimeUnit::unstated : model.unit};
  Estimate found;
  switch (question.quantity) {
    case Quantity::log_likelihood:
      found.value = model.log_likelihood(h, wanted);
      break;
    case Quantity::p_alive:
      found.value = model.p_alive(h, wanted);
      break;
    case Quantity::p_no_purchase:
      found.value = model.p_no_purchase(h, stretch, wanted);
      break;
    case Quantity::expected_purchases:
      found.value = model.expected_purchases(h, stretch, wanted);
      break;
    case Quantity::discounted:
      found.value =
          model.discounted(h, {question.force_of_interest, model.unit, true}, stretch, wanted);
      break;
  }
  if (covariance != nullptr) found.standard_error = standard_error(gradient, *covariance);
  return found;
}

}  // namespace

template <class Model>
void evaluate(const Model& model, const Question& question, const HistoryColumns& histories,
              double* values, const Covariance* covariance, double* standard_errors) {
  Memory memory(histories.rows);
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const History h = histories[i];
    const double horizon =
        question.horizon_of_row == nullptr ? question.horizon : question.horizon_of_row[i];
    const std::array key{std::bit_cast<std::uint64_t>(h.x), std::bit_cast<std::uint64_t>(h.t_x),
                         std::bit_cast<std::uint64_t>(h.T), std::bit_cast<std::uint64_t>(horizon)};
    if (std::isnan(h.x + h.t_x + h.T + horizon)) {
      values[i] = std::numeric_limits<double>::quiet_NaN();
      if (covariance != nullptr) standard_errors[i] = values[i];
      continue;
    }
    Remembered& place = memory.place_of(key);
    if (place.key != key) {
      place = {key, answer(model, question, h, horizon, covariance)};
    }
    values[i] = place.answer.value;
    if (covariance != nullptr) standard_errors[i] = place.answer.standard_error;
  }
}

template void evaluate(const BGNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);
template void evaluate(const MBGNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);
template void evaluate(const ParetoNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);

}  // namespace loyalty::purchase
