// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "laws/law.hpp"

namespace loyalty_tests {

/// The laws of everything that claims to merge, written once. A model of M supplies
///   M::State              what merges
///   M::any_part()         a random part of a log (drawn from RapidCheck)
///   M::fold(part)         its state
///   M::merge(a, b)        the merged state
///   M::bytes(state)       everything that must agree, comparable with ==
///   M::sums(state)        what folding the joined log must give too, whatever the order
template <class M>
void merge_laws(const char* who, int cases) {
  using State = typename M::State;
  law(std::string(who) + ": an empty state is the identity", cases, [] {
    const State a = M::fold(M::any_part());
    RC_ASSERT(M::bytes(M::merge(a, M::fold({}))) == M::bytes(a));
    RC_ASSERT(M::bytes(M::merge(M::fold({}), a)) == M::bytes(a));
  });
  law(std::string(who) + ": merge is commutative", cases, [] {
    const State a = M::fold(M::any_part());
    const State b = M::fold(M::any_part());
    RC_ASSERT(M::bytes(M::merge(a, b)) == M::bytes(M::merge(b, a)));
  });
  law(std::string(who) + ": merge is associative", cases, [] {
    const State a = M::fold(M::any_part());
    const State b = M::fold(M::any_part());
    const State c = M::fold(M::any_part());
    RC_ASSERT(M::bytes(M::merge(M::merge(a, b), c)) == M::bytes(M::merge(a, M::merge(b, c))));
  });
  law(std::string(who) + ": split, fold and merge is fold", cases, [] {
    const auto first = M::any_part();
    const auto second = M::any_part();
    auto both = first;
    both.insert(both.end(), second.begin(), second.end());
    RC_ASSERT(M::sums(M::merge(M::fold(first), M::fold(second))) == M::sums(M::fold(both)));
  });
}

}  // namespace loyalty_tests
