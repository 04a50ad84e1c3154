// SPDX-License-Identifier: MIT
// A program that uses loyalty::headers only: nothing to link, and two translation units that include them.
#include <loyalty/loyalty.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>

#include "other_unit.hpp"

double product_less(double x, double y, double z);  // contraction.cpp

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
  static_assert(std::is_trivially_copyable_v<Relationship>);

  check(!version.empty(), "the library has a version");
  // One of each parameter from plain numbers: Beta(4 + 8, 1 + 1) has the mean 12/14 (docs/model.md, Trust).
  check(std::fabs(trust({.kept = 8, .broken = 1}).mean - 12.0 / 14) < 1e-15,
        "trust of plain numbers");

  // The same state whichever unit applies the event, and memcpy is all that it takes to keep one.
  const Rules rules(Policy{}, utc(2024, 1, 1));
  const Event events[] = {{.kind = Kind::purchase, .time = utc(2024, 1, 2), .amount = 12.5},
                          {.kind = Kind::gift, .time = utc(2024, 1, 3), .value = 3},
                          {.kind = Kind::promise, .time = utc(2024, 1, 4), .due = utc(2024, 1, 5)}};
  Relationship here;
  Relationship there;
  for (const Event& e : events) {
    check(apply(here, e, rules) == Code::ok, "apply here");
    check(apply_in_other_unit(there, e, rules) == Code::ok, "apply in the other unit");
  }
  check(to_bytes(here) == to_bytes(there), "both units give the same bytes");
  Relationship copy;
  std::memcpy(static_cast<void*>(&copy), &here, sizeof here);
  check(to_bytes(copy) == to_bytes(here), "a copy of the memory is a copy of the state");

  const AsOf at = rules.at(utc(2024, 6, 1));
  const Assessment a = assess(here, at, rules);
  check(a.rung() == Rung::buyer, "one purchase makes a buyer");
  check(a.plug_in == quality_in_other_unit(there, at, rules), "both units give the same quality");
  check(a.plug_in > 0 && a.plug_in < a.baseline, "a broken promise shows");

  // The target brings -ffp-contract=off: a fused multiply-add would not round the square first.
  const volatile double x = 1 + 0x1p-30;
  const volatile double square = x * x;
  check(product_less(x, x, square) == 0, "floating-point contraction is off");
  return failures;
}
