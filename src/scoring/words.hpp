// SPDX-License-Identifier: MIT
/// \file
/// How the explanations write numbers and paragraphs: 80 columns, plain text, UTF-8, the same in every locale.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace loyalty::words {

inline constexpr std::size_t page_width = 80;
inline constexpr std::size_t label_width = 11;  ///< of "Quality    "

inline std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string all;
  for (const std::string& part : parts) {
    if (&part != parts.data()) all += between;
    all += part;
  }
  return all;
}

/// Columns of a UTF-8 text, one a code point.
inline std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// Writes `start`, then `text` from column `indent` on, broken between words at the page's width.
inline void wrap(std::string& out, std::string_view start, std::size_t indent,
                 std::string_view text) {
  out += start;
  std::size_t at = columns(start);
  const auto pad = [&](std::size_t to) {
    if (at < to) out.append(to - at, ' ');
    at = std::max(at, to);
  };
  bool first_word = true;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    const std::size_t needed = columns(word) + (first_word ? 0 : 1);
    if (!first_word && at + needed > page_width) {
      out += '\n';
      at = 0;
      first_word = true;
    }
    pad(first_word ? indent : at + 1);
    out += word;
    at += columns(word);
    first_word = false;
  }
  out += '\n';
}

/// A labelled paragraph: "Quality    69.9 of 100".
inline void field(std::string& out, std::string_view label, std::string_view text) {
  wrap(out, label, label_width, text);
}

/// Points of quality with their sign; none for what rounds to nothing.
inline std::string points_text(double points) {
  return std::fabs(points) < 0.05 ? "0.0" : fmt::format("{:+.1f}", points);
}

/// Writes a number of hundredths, 0 or more, as "0.40".
inline void write_hundredths(std::string& out, double hundredths) {
  if (hundredths < 1e15) {
    const auto whole = static_cast<std::uint64_t>(hundredths);
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}.{}{}"), whole / 100, whole / 10 % 10,
                   whole % 10);
  } else {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:.2f}"), hundredths / 100);
  }
}

/// Two decimals, more only where a threshold has them; 0 or more.
inline void write_threshold(std::string& out, double x) {
  const double hundredths = std::round(x * 100);
  if (hundredths / 100 == x)
    write_hundredths(out, hundredths);
  else
    fmt::format_to(std::back_inserter(out), "{:g}", x);
}
inline std::string threshold_text(double x) {
  std::string text;
  write_threshold(text, x);
  return text;
}

/// Two decimals, rounded down: what falls just short of a threshold never looks as if it had reached it.
inline void write_short_of(std::string& out, double x) {
  write_hundredths(out, std::floor(std::max(x, 0.0) * 100));
}
inline std::string short_of(double x) {
  std::string text;
  write_short_of(text, x);
  return text;
}

/// A text from outside on one line.
inline std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

}  // namespace loyalty::words
