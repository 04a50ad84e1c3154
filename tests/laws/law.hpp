// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace loyalty_tests {

/// Runs a RapidCheck property as one doctest check. A failure prints the shrunk case, what the property
/// logged, and the seed that runs it again: RC_PARAMS="seed=...". LOYALTY_LAW_TIMES=50 tries that many times more.
template <class Property>
void law(const std::string& sentence, int cases, Property&& property) {
  rc::detail::TestParams parameters = rc::detail::configuration().testParams;
  const char* const times = std::getenv("LOYALTY_LAW_TIMES");
  parameters.maxSuccess = cases * (times != nullptr ? std::max(1, std::atoi(times)) : 1);
  const auto result = rc::detail::checkTestable(
      std::forward<Property>(property), rc::detail::TestMetadata{sentence, sentence}, parameters);
  std::ostringstream report;
  // The draws behind a failed case are many and nameless; what the property logged says more.
  if (result.template is<rc::detail::FailureResult>())
    report << result.template get<rc::detail::FailureResult>().description;
  else
    rc::detail::printResultMessage(result, report);
  INFO(sentence << "\n" << report.str() << "\nseed " << parameters.seed);
  CHECK(result.template is<rc::detail::SuccessResult>());
}

/// One of the given values.
template <class T>
rc::Gen<T> one_of(std::initializer_list<T> values) {
  return rc::gen::elementOf(std::vector<T>(values));
}

/// A whole number in [low, high], the ends and their neighbours more often than chance would.
template <class Int>
rc::Gen<Int> within(Int low, Int high) {
  if (low == high) return rc::gen::just(low);
  return rc::gen::weightedOneOf<Int>(
      {{8, rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Int>(low, high))},
       {1, one_of<Int>({low, high, high - 1, low + 1})}});
}

}  // namespace loyalty_tests
