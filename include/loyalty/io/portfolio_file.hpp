// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <loyalty/batch/portfolio.hpp>

namespace loyalty {

/// What a portfolio file holds.
struct SavedPortfolio {
  Portfolio portfolio;   ///< with its books, its mark and corrections
  std::string manifest;  ///< the text that it was saved with
};

/// Saves a portfolio with its policy, its books, its mark and corrections, and last a manifest (any text; what the
/// command writes there is in docs/update.md). The file is written aside, synced and renamed: whoever is killed leaves
/// the old file or the new one. Every part carries a checksum. Equal portfolios, books and manifests give equal files.
/// Throws std::filesystem::filesystem_error that names the file; the old one is then untouched. O(size()), memory of
/// a few megabytes.
void save_portfolio(const Portfolio& portfolio, const std::filesystem::path& file,
                    std::string_view manifest = {});

/// Reads such a file; all versions that were ever released are read. `policy`, where given, takes the place of the
/// saved one and needs the same fold fingerprint; other criteria leave positions unset until a replay. Throws
/// MismatchError where the file is damaged, of a later version, or of another policy, and filesystem_error where it
/// cannot be read.
SavedPortfolio load_portfolio(const std::filesystem::path& file,
                              std::optional<Policy> policy = std::nullopt);

/// The manifest alone, without reading the portfolio. Throws as `load_portfolio`. O(size of the manifest).
std::string load_manifest(const std::filesystem::path& file);

/// A checksum of bytes for which any change inside eight neighbouring bytes gives another value. Not against forgery.
class Checksum {
 public:
  /// Adds bytes; how they are cut does not matter. O(bytes), a few gigabytes a second.
  void add(std::span<const std::byte> bytes) noexcept;
  /// The checksum of the bytes so far.
  std::uint64_t value() const noexcept;

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15ULL;
  std::uint64_t partial_ = 0;  ///< bytes of an unfinished word, the first lowest
  std::uint64_t size_ = 0;
};

}  // namespace loyalty
