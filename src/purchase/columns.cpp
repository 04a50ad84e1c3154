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

/// The bits of what an answer depends on: three numbers, or four where each row has a horizon of its own.
template <std::size_t words>
using Key = std::array<std::uint64_t, words>;

/// Answers by the bits of what they depend on. Customers repeat: few of a million differ in all of it, and those few lie
/// close together here, found by a sparse table of their numbers. Up to some size; then nothing more is kept, and where
/// hardly anybody repeated, nothing more is looked for.
template <class Answer, std::size_t words>
class Memory {
 public:
  using Key = purchase::Key<words>;

  Memory() : slots_(2048) {}

  /// The answer of a key, or null.
  const Answer* find(const Key& key) noexcept {
    if (idle_) return nullptr;
    ++asked_;
    const std::uint64_t hash = hash_of(key);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot slot = slots_[at];
      if (slot.number == 0) return nullptr;
      if (slot.tag != tag_of(hash)) continue;
      const Place& place = places_[slot.number - 1];
      if (same(place.key, key)) return &place.answer;
    }
  }

  /// Keeps the answer of a key that was not found.
  void keep(const Key& key, const Answer& answer) {
    if (places_.size() == largest) {
      idle_ = asked_ < largest + largest / 4;
      return;
    }
    places_.push_back({key, answer});
    // Where there is room in the processor's caches, most keys are in the first slot where they are looked for.
    const std::size_t sparse = slots_.size() < (std::size_t{1} << 15) ? 16 : 4;
    if (sparse * places_.size() > slots_.size()) {
      slots_.assign(4 * slots_.size(), {});
      for (std::size_t i = 0; i < places_.size(); ++i) enter(i);
    } else {
      enter(places_.size() - 1);
    }
  }

 private:
  struct Place {
    Key key;
    Answer answer;
  };
  struct Slot {
    std::uint32_t number = 0;  ///< of the place, from 1; 0: none
    std::uint32_t tag = 0;
  };
  static constexpr std::size_t largest = std::size_t{1} << 16;

  static bool same(const Key& a, const Key& b) noexcept {  // a comparison of bytes would be a call
    std::uint64_t differ = 0;
    for (std::size_t k = 0; k < words; ++k) differ |= a[k] ^ b[k];
    return differ == 0;
  }
  static std::uint64_t hash_of(const Key& key) noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    std::uint64_t mixed = (key[0] ^ std::rotl(key[1], 21) ^ std::rotl(key[2], 42)) * odd;
    if constexpr (words == 4) mixed += key[3];
    return (mixed ^ (mixed >> 32)) * odd >> 20;
  }
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 12);
  }

  void enter(std::size_t place) {
    const std::uint64_t hash = hash_of(places_[place].key);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(place + 1), tag_of(hash)};
  }

  std::vector<Slot> slots_;
  std::vector<Place> places_;
  std::size_t asked_ = 0;
  bool idle_ = false;
};

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

template <class... Numbers>
Key<sizeof...(Numbers)> key_of(Numbers... numbers) noexcept {
  return {std::bit_cast<std::uint64_t>(numbers)...};
}

/// One model's answers of one kind, S double or Dual.
template <class S, class Model>
class Answers {
 public:
  Answers(const Model& model, const Question& question)
      : model_(model), question_(question), while_alive_(model) {}

  S operator()(const CustomerHistory& h, double horizon) {
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
    const auto key = key_of(h.x, h.T, horizon);
    if (const S* known = shared_.find(key)) return p_alive_of<S>(model_, h) * *known;
    const S rest = while_alive_(h.x, h.T, force, horizon);
    shared_.keep(key, rest);
    return p_alive_of<S>(model_, h) * rest;
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
  WhileAlive<S, Model> while_alive_;
  Memory<S, 3> shared_;
};

/// What is kept of an answer: with S = Dual, its standard error, too.
template <class S>
using Kept = std::conditional_t<std::is_same_v<S, double>, double, Forecast>;

template <class S, std::size_t words, class Model>
void answer_all(const Model& model, const Question& question, const HistoryColumns& histories,
                double* values, const Covariance* covariance, double* standard_errors) {
  Memory<Kept<S>, words> memory;
  Answers<S, Model> answers(model, question);
  const auto compute = [&](const CustomerHistory& h, double horizon, std::size_t row) -> Kept<S> {
    const bool is_known = !std::isnan(h.x + h.t_x + h.T + horizon);
    if (is_known) require_sound(histories, row);
    if constexpr (std::is_same_v<S, double>) {
      return is_known ? answers(h, horizon) : unknown;
    } else {
      if (!is_known) return {unknown, unknown};
      const Dual made = answers(h, horizon);
      return {made.value, standard_error(made.d, *covariance)};
    }
  };
  for (std::size_t i = 0; i < histories.rows; ++i) {
    const CustomerHistory h = histories[i];
    double horizon = question.horizon;
    Key<words> key;
    if constexpr (words == 4) {
      horizon = question.horizon_of_row[i];
      key = key_of(h.x, h.t_x, h.T, horizon);
    } else {
      key = key_of(h.x, h.t_x, h.T);
    }
    const Kept<S>* known = memory.find(key);
    Kept<S> made;
    if (known == nullptr) [[unlikely]] {
      made = compute(h, horizon, i);
      memory.keep(key, made);
      known = &made;
    }
    if constexpr (std::is_same_v<S, double>) {
      values[i] = *known;
    } else {
      values[i] = known->value;
      standard_errors[i] = known->standard_error;
    }
  }
}

template <class S, class Model>
void answer_all(const Model& model, const Question& question, const HistoryColumns& histories,
                double* values, const Covariance* covariance, double* standard_errors) {
  if (question.horizon_of_row == nullptr)
    answer_all<S, 3>(model, question, histories, values, covariance, standard_errors);
  else
    answer_all<S, 4>(model, question, histories, values, covariance, standard_errors);
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
