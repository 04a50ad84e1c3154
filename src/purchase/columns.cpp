// SPDX-License-Identifier: MIT
#include <loyalty/purchase/columns.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "purchase/while_alive.hpp"

namespace loyalty::purchase {
namespace {

using Key = std::array<std::uint64_t, 4>;

/// Answers by the bits of what they depend on. Customers repeat: few of a million differ in all of it. Each key has a few
/// places next to each other, and who finds them all taken takes the first.
template <class Answer>
class Memory {
 public:
  struct Place {
    Key key;
    Answer answer;
  };

  explicit Memory(std::size_t rows)
      : mask_(std::bit_ceil(2 * std::clamp(rows, std::size_t{1}, most)) - 1),
        places_(mask_ + near, Place{unused, {}}) {}

  /// The answer of a key: what is remembered, or else what `compute` says.
  template <class Compute>
  const Answer& find(const Key& key, const Compute& compute) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    const std::uint64_t mixed =
        (key[0] ^ std::rotl(key[1], 21) ^ std::rotl(key[2], 42)) * odd + key[3];
    Place* const home = &places_[((mixed ^ (mixed >> 32)) * odd >> 32) & mask_];
    Place* place = home;
    for (std::size_t i = 0; i < near; ++i) {
      if (home[i].key == key) return home[i].answer;
      if (home[i].key == unused) {
        place = &home[i];
        break;
      }
    }
    place->answer = compute();
    place->key = key;
    return place->answer;
  }

 private:
  static constexpr std::size_t most = 16384;
  static constexpr std::size_t near = 8;
  /// Bits of a NaN that no row has, since rows with NaN are not looked up.
  static constexpr Key unused{~std::uint64_t{0}, 0, 0, 0};
  std::size_t mask_;
  std::vector<Place> places_;
};

Key key_of(double a, double b, double c, double d) noexcept {
  return {std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b),
          std::bit_cast<std::uint64_t>(c), std::bit_cast<std::uint64_t>(d)};
}

Dual dual_of(double value) { return {value}; }
Dual dual_of(const Dual& value) { return value; }

/// One model's answers of one kind, S double or Dual.
template <class S, class Model>
class Answers {
 public:
  Answers(const Model& model, const Question& question, std::size_t rows)
      : model_(model),
        question_(question),
        shared_(question.quantity >= Quantity::expected_purchases ? rows : 1) {}

  S operator()(const History& h, double horizon) {
    const Duration stretch{horizon, std::isinf(horizon) ? TimeUnit::unstated : model_.unit};
    switch (question_.quantity) {
      case Quantity::log_likelihood:
        return plain([&](Gradient* g) { return model_.log_likelihood(h, g); });
      case Quantity::p_alive:
        return p_alive_of<S>(model_, h);
      case Quantity::p_no_purchase:
        return plain([&](Gradient* g) { return model_.p_no_purchase(h, stretch, g); });
      case Quantity::expected_purchases:
      case Quantity::discounted:
        break;
    }
    const double force =
        question_.quantity == Quantity::discounted ? question_.force_of_interest : 0;
    return p_alive_of<S>(model_, h) * shared_.find(key_of(h.x, h.T, horizon, 0), [&] {
      return while_alive<S>(model_, h.x, h.T, force, horizon);
    });
  }

 private:
  template <class Function>
  static S plain(const Function& function) {
    if constexpr (std::is_same_v<S, double>) {
      return function(nullptr);
    } else {
      S made;
      made.value = function(&made.d);
      return made;
    }
  }

  const Model& model_;
  const Question& question_;
  Memory<S> shared_;
};

template <class S, class Model>
void answer_all(const Model& model, const Question& question, const HistoryColumns& histories,
                double* values, const Covariance* covariance, double* standard_errors) {
  Memory<Estimate> memory(histories.rows);
  Answers<S, Model> answers(model, question, histories.rows);
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const History h = histories[i];
    const double horizon =
        question.horizon_of_row == nullptr ? question.horizon : question.horizon_of_row[i];
    Estimate found{std::numeric_limits<double>::quiet_NaN(),
                   std::numeric_limits<double>::quiet_NaN()};
    if (!std::isnan(h.x + h.t_x + h.T + horizon))
      found = memory.find(key_of(h.x, h.t_x, h.T, horizon), [&] {
        const Dual made = dual_of(answers(h, horizon));
        return Estimate{made.value,
                        covariance == nullptr ? 0 : standard_error(made.d, *covariance)};
      });
    values[i] = found.value;
    if (covariance != nullptr) standard_errors[i] = found.standard_error;
  }
}

}  // namespace

template <class Model>
void evaluate(const Model& model, const Question& question, const HistoryColumns& histories,
              double* values, const Covariance* covariance, double* standard_errors) {
  if (question.quantity == Quantity::discounted && question.horizon_of_row == nullptr)
    require_end(question.force_of_interest, question.horizon);
  if (covariance == nullptr)
    answer_all<double>(model, question, histories, values, covariance, standard_errors);
  else
    answer_all<Dual>(model, question, histories, values, covariance, standard_errors);
}

template void evaluate(const BGNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);
template void evaluate(const MBGNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);
template void evaluate(const ParetoNBD&, const Question&, const HistoryColumns&, double*,
                       const Covariance*, double*);

}  // namespace loyalty::purchase
