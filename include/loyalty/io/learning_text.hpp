// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <loyalty/batch/learning.hpp>
#include <loyalty/io/policy_text.hpp>

namespace loyalty {

/// The new policy as TOML, below comments that say what changed, why, and from which data: the summary, and `source`,
/// such as the names of files, where it is not empty. `parse_policy` reads it back with the same fingerprints.
std::string to_toml(const Learning& learning, PolicyText style = PolicyText::brief,
                    std::string_view source = {});

}  // namespace loyalty
