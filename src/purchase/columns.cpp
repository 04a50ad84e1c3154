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

  /// `of_nothing` is the answer where every number is unknown, the only one that is known before it is kept.
  explicit Memory(const Answer& of_nothing) : slots_(2048) {
    Place nothing{{}, of_nothing};
    nothing.key.fill(~std::uint64_t{0});  // NaN
    places_.push_back(nothing);
  }

  /// Calls take(row, answer) for rows from `first` on while their answers are known and found at once, as most are; returns
  /// the row at which it stopped.
  template <class KeyOf, class Take>
  std::size_t take_known(std::size_t first, std::size_t rows, const KeyOf& key_of,
                         const Take& take) noexcept {
    if (idle_) return first;
    const std::uint32_t* const slots = slots_.data();
    const Place* const places = places_.data();
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = first;
    for (; i < rows; ++i) {
      const Key key = key_of(i);
      const Place& place = places[slots[hash_of(key) & mask]];
      if (!same(place.key, key)) break;
      take(i, place.answer);
    }
    asked_ += i - first;
    return i;
  }

  /// The answer of a key, or null.
  const Answer* find(const Key& key) noexcept {
    if (idle_) return nullptr;
    ++asked_;
    for (std::size_t at = hash_of(key);; ++at) {
      const std::uint32_t number = slots_[at & (slots_.size() - 1)];
      if (number == 0) return nullptr;
      if (same(places_[number].key, key)) return &places_[number].answer;
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
      slots_.assign(4 * slots_.size(), 0);
      for (std::size_t i = 1; i < places_.size(); ++i) enter(i);
    } else {
      enter(places_.size() - 1);
    }
  }

 private:
  struct Place {
    Key key;
    Answer answer;
  };
  static constexpr std::size_t largest = std::size_t{1} << 16;

  static bool same(const Key& a, const Key& b) noexcept {  // a comparison of bytes would be a call
    std::uint64_t differ = 0;
    for (std::size_t k = 0; k < words; ++k) differ |= a[k] ^ b[k];
    return differ == 0;
  }
  static std::size_t hash_of(const Key& key) noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    std::uint64_t mixed = (key[0] ^ std::rotl(key[1], 21) ^ std::rotl(key[2], 42)) * odd;
    if constexpr (words == 4) mixed += key[3];
    return static_cast<std::size_t>((mixed ^ (mixed >> 32)) * odd >> 20);
  }

  void enter(std::size_t place) {
    std::size_t at = hash_of(places_[place].key) & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = static_cast<std::uint32_t>(place);
  }

  std::vector<std::uint32_t> slots_;  ///< places, 0: none
  std::vector<Place> places_;         ///< the first is that of nothing
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
  Memory<S, 3> shared_{S(unknown)};
};

/// What is kept of an answer: with S = Dual, its standard error, too.
template <class S>
using Kept = std::conditional_t<std::is_same_v<S, double>, double, Forecast>;

template <class S, std::size_t words, class Model>
void answer_all(const Model& model, const Question& question, const HistoryColumns& histories,
                double* values, const Covariance* covariance, double* standard_errors) {
  const Kept<S> of_nothing = [] {
    if constexpr (std::is_same_v<S, double>)
      return unknown;
    else
      return Forecast{unknown, unknown};
  }();
  Memory<Kept<S>, words> memory(of_nothing);
  Answers<S, Model> answers(model, question);
  const auto horizon_of = [&](std::size_t row) {
    if constexpr (words == 4)
      return question.horizon_of_row[row];
    else
      return question.horizon;
  };
  const auto compute = [&](std::size_t row) -> Kept<S> {
    const CustomerHistory h = histories[row];
    const double horizon = horizon_of(row);
    if (std::isnan(h.x + h.t_x + h.T + horizon)) return of_nothing;
    require_sound(histories, row);
    if constexpr (std::is_same_v<S, double>) {
      return answers(h, horizon);
    } else {
      const Dual made = answers(h, horizon);
      return {made.value, standard_error(made.d, *covariance)};
    }
  };
  const double* const x = histories.x;
  const double* const t_x = histories.t_x;
  const double* const T = histories.T;
  const auto key_of_row = [&](std::size_t row) {
    if constexpr (words == 4)
      return key_of(x[row], t_x[row], T[row], horizon_of(row));
    else
      return key_of(x[row], t_x[row], T[row]);
  };
  const auto take = [&](std::size_t row, const Kept<S>& answer) {
    if constexpr (std::is_same_v<S, double>) {
      values[row] = answer;
    } else {
      values[row] = answer.value;
      standard_errors[row] = answer.standard_error;
    }
  };
  for (std::size_t i = 0; i < histories.rows; ++i) {
    i = memory.take_known(i, histories.rows, key_of_row, take);
    if (i == histories.rows) break;
    const auto key = key_of_row(i);
    if (const Kept<S>* known = memory.find(key)) {
      take(i, *known);
    } else {
      const Kept<S> made = compute(i);
      memory.keep(key, made);
      take(i, made);
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
