// SPDX-License-Identifier: MIT
#pragma once

#include <loyalty/loyalty.hpp>

loyalty::Code apply_in_other_unit(loyalty::Relationship& r, const loyalty::Event& e,
                                  const loyalty::Rules& rules);
double quality_in_other_unit(const loyalty::Relationship& r, const loyalty::AsOf& at,
                             const loyalty::Rules& rules);
