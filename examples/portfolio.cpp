// SPDX-License-Identifier: MIT
// Many relationships at once: open items are matched, and every number can be explained.
#include <cstdio>

#include <loyalty/batch.hpp>
#include <loyalty/scoring/describe.hpp>

int main() {
  using namespace loyalty;
  Portfolio portfolio;
  portfolio.apply("nordwind", {.kind = Kind::purchase, .time = utc(2024, 2, 1), .amount = 900});
  portfolio.apply("nordwind", {.kind = Kind::request, .time = utc(2024, 2, 10)}, "ticket-1");
  portfolio.apply("nordwind", {.kind = Kind::response, .time = utc(2024, 2, 10, 6)}, "ticket-1");
  portfolio.apply("nordwind", {.kind = Kind::complaint, .time = utc(2024, 3, 1)}, "damage-7");
  portfolio.apply("suedwind", {.kind = Kind::purchase, .time = utc(2024, 2, 3), .amount = 120});
  portfolio.apply("suedwind", {.kind = Kind::promise,
                               .time = utc(2024, 2, 3),
                               .due = utc(2024, 2, 8),
                               .done = utc(2024, 2, 7)});

  const AsOf at = portfolio.at(utc(2024, 3, 31));
  for (const auto index : portfolio.sorted()) {
    const Assessment a = portfolio.assess(index, at);
    std::printf("%s: %s, quality %.1f, next %s\n", portfolio.id(index).c_str(),
                name(a.rung()).data(), a.quality().value_or(0), describe(a.next).c_str());
  }
}
