// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

#include <loyalty/policy.hpp>

namespace loyalty::python {

/// What a policy says about scoring relationships of one role: opaque in Python, made once and handed to every function.
struct RoleScoring {
  Role role;
  Scorer scorer;
  Criteria criteria;
  std::array<std::string, rung_count> rung_labels;
};

}  // namespace loyalty::python
