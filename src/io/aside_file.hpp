// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <filesystem>
#include <span>

namespace loyalty {

/// A file that is written beside its place, `.NAME.part`, and takes it on `commit`: a reader, or a run killed half-way,
/// meets the old file or the new one. What an earlier killed run left aside is overwritten. Throws filesystem_error
/// that names the target.
class AsideFile {
 public:
  explicit AsideFile(std::filesystem::path target);
  ~AsideFile();
  AsideFile(const AsideFile&) = delete;
  AsideFile& operator=(const AsideFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Syncs the bytes to the disk and renames.
  void commit();

 private:
  [[noreturn]] void fail(const char* what, int error) const;
  std::filesystem::path target_;
  std::filesystem::path aside_;
  std::FILE* file_ = nullptr;
};

}  // namespace loyalty
