// SPDX-License-Identifier: MIT
#include <loyalty/io/learning_text.hpp>

namespace loyalty {
namespace {

/// Lines as comments; what no comment may hold becomes a question mark.
void add_comment(std::string& toml, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    toml += line.empty() ? "#" : "# ";
    for (const char c : line)
      toml += (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
    toml += '\n';
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

}  // namespace

std::string to_toml(const Learning& learning, PolicyText style, std::string_view source) {
  std::string toml;
  add_comment(toml, summary(learning));
  if (!source.empty()) add_comment(toml, "\nFrom " + std::string(source));
  return toml + '\n' + to_toml(learning.policy, style);
}

}  // namespace loyalty
