// SPDX-License-Identifier: MIT
/// \file
/// Runs the tests. Unlike doctest's own main it fails when a filter matches nothing, and, with LOYALTY_TEST_LOCALE set,
/// runs under that locale, after making sure that the locale writes a decimal comma.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <locale>

namespace {

unsigned cases_run = 0;

struct CountCases : doctest::IReporter {
  explicit CountCases(const doctest::ContextOptions&) {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    cases_run = stats.numTestCasesPassingFilters;
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

bool use_locale(const char* name) {
  if (std::setlocale(LC_ALL, name) == nullptr) {
    std::fprintf(stderr, "tests: the locale %s is not available\n", name);
    return false;
  }
  if (std::strcmp(std::localeconv()->decimal_point, ",") != 0) {
    std::fprintf(stderr, "tests: the locale %s has no decimal comma\n", name);
    return false;
  }
  std::locale::global(std::locale(name));
  return true;
}

}  // namespace

DOCTEST_REGISTER_LISTENER("count_cases", 1, CountCases);

int main(int argc, char** argv) {
  const char* const locale = std::getenv("LOYALTY_TEST_LOCALE");
  if (locale != nullptr && *locale != '\0' && !use_locale(locale)) return EXIT_FAILURE;
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit()) return result;  // a query such as --list-test-cases
  if (cases_run == 0) {
    std::fputs("tests: no test case matches, which counts as a failure\n", stderr);
    return EXIT_FAILURE;
  }
  return result;
}
