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
#include <utility>
#include <vector>

#include "purchase/while_alive.hpp"

namespace loyalty::purchase {
namespace {

using Key = std::array<std::uint64_t, 4>;

/// Answers by the bits of what they depend on. Customers repeat: few of a million differ in all of it. Grows with what it
/// holds, up to some size; from then on who finds the places near its own taken takes the first of them.
template <class Answer>
class Memory {
 public:
  Memory() { resize(smallest); }

  /// The answer of a key, or null.
  const Answer* find(const Key& key) const noexcept {
    const Place* const home = &places_[home_of(key)];
    for (std::size_t i = 0; i < near; ++i) {
      if (home[i].key == key) return &home[i].answer;
      if (home[i].key == unused) break;
    }
    return nullptr;
  }

  const Answer& keep(const Key& key, const Answer& answer) {
    if (8 * count_ > mask_ && mask_ < largest) {
      const std::vector<Place> old = std::move(places_);
      resize(4 * (mask_ + 1));
      for (const Place& place : old)
        if (place.key != unused) put(place.key, place.answer);
    }
    return put(key, answer);
  }

 private:
  struct Place {
    Key key;
    Answer answer;
  };
  static constexpr std::size_t smallest = std::size_t{1} << 7;
  static constexpr std::size_t largest = std::size_t{1} << 16;
  static constexpr std::size_t near = 8;
  /// Bits of a NaN: rows with NaN are not kept.
  static constexpr Key unused{~std::uint64_t{0}, 0, 0, 0};

  void resize(std::size_t places) {
    mask_ = places - 1;
    count_ = 0;
    places_.assign(places + near, Place{unused, {}});
  }

  std::size_t home_of(const Key& key) const noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    const std::uint64_t mixed =
        (key[0] ^ std::rotl(key[1], 21) ^ std::rotl(key[2], 42)) * odd + key[3];
    return ((mixed ^ (mixed >> 32)) * odd >> 32) & mask_;
  }

  const Answer& put(const Key& key, const Answer& answer) {
    Place* place = &places_[home_of(key)];
    for (std::size_t i = 0; i < near; ++i)
      if (place[i].key == unused) {
        place += i;
        ++count_;
        break;
      }
    *place = {key, answer};
    return place->answer;
  }

  std::size_t mask_ = 0;
  std::size_t count_ = 0;
  std::vector<Place> places_;
};

constexpr Estimate unknown{std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::quiet_NaN()};

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
  Answers(const Model& model, const Question& question) : model_(model), question_(question) {}

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
    const Key key = key_of(h.x, h.T, horizon, 0);
    const S* rest = shared_.find(key);
    if (rest == nullptr)
      rest = &shared_.keep(key, while_alive<S>(model_, h.x, h.T, force, horizon));
    return p_alive_of<S>(model_, h) * *rest;
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
  Memory<Estimate> memory;
  Answers<S, Model> answers(model, question);
  const auto compute = [&](const History& h, double horizon) {
    const Dual made = dual_of(answers(h, horizon));
    return Estimate{made.value, covariance == nullptr ? 0 : standard_error(made.d, *covariance)};
  };
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const History h = histories[i];
    const double horizon =
        question.horizon_of_row == nullptr ? question.horizon : question.horizon_of_row[i];
    const Key key = key_of(h.x, h.t_x, h.T, horizon);
    const Estimate* found = memory.find(key);
    if (found == nullptr) [[unlikely]] {
      if (std::isnan(h.x + h.t_x + h.T + horizon))
        found = &unknown;
      else
        found = &memory.keep(key, compute(h, horizon));
    }
    values[i] = found->value;
    if (covariance != nullptr) standard_errors[i] = found->standard_error;
  }
}

}  // namespace

template <class Model>
void evaluate(const Model& model, const Question& question, const HistoryColumns& histories,
              double* values, const Covariance* covariance, double* standard_errors) {
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
