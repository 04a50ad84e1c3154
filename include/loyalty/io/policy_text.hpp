// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <loyalty/policy.hpp>

namespace loyalty {

/// Policy files above this size are refused, unless the caller allows more.
inline constexpr std::size_t most_policy_bytes = std::size_t{1} << 20;

/// Reads a policy from TOML text, UTF-8. Every key has a default; `[commitment]`, `[responsiveness]`,
/// `[reciprocity]`, `[trust]` and `[quality]` speak for all roles, `[roles.<role>.<section>]` for one.
/// Where `purchase_cycle_days` is given and `half_life_days.purchases` is not, that half-life is four
/// cycles. Throws PolicyError, one line per problem: `source:line: key = given: what is allowed`.
Policy parse_policy(std::string_view toml, std::string_view source_name = "policy",
                    std::size_t most_bytes = most_policy_bytes);

/// Reads a policy file; throws PolicyError as `parse_policy`, and where the file cannot be read.
Policy load_policy(const std::filesystem::path& file, std::size_t most_bytes = most_policy_bytes);

/// How much of a policy its text shows.
enum class PolicyText : std::uint8_t {
  brief,  ///< what differs from the defaults
  full,   ///< every key with a comment; optional keys that are not set are commented out
};

/// The policy as TOML. `parse_policy(to_toml(p))` is p again, with the same fingerprints. The policy must
/// be valid (`validate`).
std::string to_toml(const Policy& policy, PolicyText style = PolicyText::brief);

}  // namespace loyalty
