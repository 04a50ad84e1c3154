// SPDX-License-Identifier: MIT
// A program that links loyalty::loyalty: a portfolio, a policy read from a text, and words.
#include <loyalty/batch.hpp>
#include <loyalty/core/version.hpp>
#include <loyalty/io.hpp>
#include <loyalty/loyalty.hpp>

#include <cstdio>

namespace {

int failures = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "consumer: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  using namespace loyalty;
  check(library_version() == version, "headers and library are of one version");
  Portfolio portfolio(Policy{.currency = "EUR"}, utc(2024, 1, 1));
  const Time t = utc(2024, 1, 2);
  check(portfolio.apply("anna", {.kind = Kind::request, .time = t}, "r1") == Code::ok, "a request");
  check(portfolio.apply("anna", {.kind = Kind::response, .time = t + 60}, "r1") == Code::ok,
        "its answer");
  check(portfolio.apply("anna", {.kind = Kind::purchase, .time = t + 90, .amount = -1}) ==
            Code::negative,
        "a bad row is set aside");
  const ResultTable table = assess_all(portfolio, t + day);
  check(table.summary.relationships == 1, "one relationship");
  check(table.summary.with_set_aside == 1, "with a row set aside");
  const auto index = portfolio.find("anna");
  check(index.has_value() && portfolio.state(*index).open_requests == 0, "the request is answered");
  return failures;
}
