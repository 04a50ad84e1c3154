// SPDX-License-Identifier: MIT
/// \file
/// The reader of policies: any text is a policy or a PolicyError, and what it writes of a policy is that policy again.
#include <loyalty/io/policy_text.hpp>

#include <cstdlib>
#include <string_view>

#include <loyalty/core/error.hpp>

using namespace loyalty;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Policy policy = parse_policy(text, "fuzz", 1 << 16);
    const std::string brief = to_toml(policy);
    if (to_toml(parse_policy(brief)) != brief) std::abort();
    const std::string full = to_toml(policy, PolicyText::full);
    if (to_toml(parse_policy(full)) != brief) std::abort();
  } catch (const PolicyError&) {
  }
  return 0;
}
