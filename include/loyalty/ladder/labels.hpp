// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <loyalty/ladder/rung.hpp>

namespace loyalty {

/// What people call the rungs in one language, UTF-8, from prospect to partner.
struct RungLabels {
  std::string_view language;                        ///< ISO 639-1 code
  std::array<std::string_view, rung_count> labels;  ///< by Rung
};

/// The languages that come with the library; the first is the default.
inline constexpr std::array<RungLabels, 3> rung_languages = {{
    {"en", rung_names},
    {"de", {"Interessent", "Käufer", "Stammkunde", "Unterstützer", "Fürsprecher", "Partner"}},
    {"ru", {"потенциальный клиент", "покупатель", "клиент", "сторонник", "приверженец", "партнёр"}},
}};

/// Whether the library has rung labels in a language.
constexpr bool speaks(std::string_view language) noexcept {
  for (const RungLabels& known : rung_languages)
    if (known.language == language) return true;
  return false;
}

/// What a rung is called in a language: `label(Rung::client, "de")`. English where the library does not
/// speak it; a policy with such a language must bring labels of its own.
constexpr std::string_view label(Rung rung, std::string_view language = "en") noexcept {
  for (const RungLabels& known : rung_languages)
    if (known.language == language) return known.labels[static_cast<std::size_t>(rung)];
  return rung_names[static_cast<std::size_t>(rung)];
}

}  // namespace loyalty
