// SPDX-License-Identifier: MIT
#include "other_unit.hpp"

loyalty::Code apply_in_other_unit(loyalty::Relationship& r, const loyalty::Event& e,
                                  const loyalty::Rules& rules) {
  return apply(r, e, rules);
}

double quality_in_other_unit(const loyalty::Relationship& r, const loyalty::AsOf& at,
                             const loyalty::Rules& rules) {
  return assess(r, at, rules).plug_in;
}
