// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/batch/columns.hpp>

namespace loyalty_tests {

/// The same rows with texts in another form: as views, or by words as in a dictionary that also has words that no row
/// uses, and each word of it twice.
class SharedTexts {
 public:
  enum class Form : std::uint8_t { views, words };

  SharedTexts(const loyalty::EventColumns& rows, Form form) : columns_(rows) {
    for (loyalty::TextColumn* column :
         {&columns_.relationship, &columns_.refers_to, &columns_.event_id, &columns_.currency})
      if (*column) *column = form == Form::views ? viewed(*column) : worded(*column);
  }
  SharedTexts(const SharedTexts&) = delete;
  SharedTexts& operator=(const SharedTexts&) = delete;

  operator const loyalty::EventColumns&() const { return columns_; }  // NOLINT: as a table

 private:
  struct Kept {
    std::vector<std::string_view> texts;
    std::vector<std::uint32_t> words;
  };

  loyalty::TextColumn viewed(const loyalty::TextColumn& column) {
    Kept& kept = keep();
    for (std::size_t i = 0; i < columns_.rows; ++i) kept.texts.push_back(column[i]);
    if (kept.texts.empty()) kept.texts.emplace_back();
    return {.views = kept.texts.data()};
  }
  loyalty::TextColumn worded(const loyalty::TextColumn& column) {
    Kept& kept = keep();
    kept.texts = {"a word that no row uses", "4711"};
    std::map<std::string_view, std::uint32_t> known;
    for (std::size_t i = 0; i < columns_.rows; ++i) {
      const auto [it, fresh] =
          known.try_emplace(column[i], static_cast<std::uint32_t>(kept.texts.size()));
      if (fresh) kept.texts.insert(kept.texts.end(), 2, column[i]);
      kept.words.push_back(it->second + static_cast<std::uint32_t>(i % 2));
    }
    if (kept.words.empty()) kept.words.push_back(0);
    return {
        .views = kept.texts.data(), .words = kept.words.data(), .word_count = kept.texts.size()};
  }
  Kept& keep() { return *kept_.emplace_back(std::make_unique<Kept>()); }

  loyalty::EventColumns columns_;
  std::vector<std::unique_ptr<Kept>> kept_;
};

}  // namespace loyalty_tests
