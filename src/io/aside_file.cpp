// SPDX-License-Identifier: MIT
#include "io/aside_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define LOYALTY_POSIX 1
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace loyalty {

AsideFile::AsideFile(std::filesystem::path target) : target_(std::move(target)) {
  if (std::filesystem::is_directory(target_)) fail("cannot be written: it is a folder", EISDIR);
  aside_ = target_.parent_path() / ("." + target_.filename().string() + ".part");
#if defined(LOYALTY_POSIX)
  const int handle = ::open(aside_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (handle < 0)
    fail(errno == ENOENT ? "cannot be written: there is no such folder" : "cannot be written",
         errno);
  // Whoever held it may have put it in its place since it was opened.
  struct stat mine {};
  struct stat there {};
  if (::flock(handle, LOCK_EX | LOCK_NB) != 0 || ::fstat(handle, &mine) != 0 ||
      ::stat(aside_.c_str(), &there) != 0 || mine.st_ino != there.st_ino) {
    ::close(handle);
    fail("cannot be written: another run is writing it", EBUSY);
  }
  file_ = ::ftruncate(handle, 0) == 0 ? ::fdopen(handle, "wb") : nullptr;
  if (file_ == nullptr) {
    const int error = errno;
    ::close(handle);
    fail("cannot be written", error);
  }
#else
  file_ = std::fopen(aside_.string().c_str(), "wb");
  if (file_ == nullptr) fail("cannot be written", errno);
#endif
}

AsideFile::~AsideFile() {
  if (file_ == nullptr) return;
  std::error_code ignored;
  std::filesystem::remove(aside_, ignored);  // while it is still locked
  std::fclose(file_);
}

void AsideFile::fail(const char* what, int error) const {
  throw std::filesystem::filesystem_error(what, target_,
                                          std::error_code(error, std::generic_category()));
}

void AsideFile::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // an empty span may point nowhere, which fwrite does not allow
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
    fail("could not be written; the old one is untouched", errno);
}

void AsideFile::commit() {
  if (std::fflush(file_) != 0) fail("could not be written; the old one is untouched", errno);
#if defined(LOYALTY_POSIX)
  if (::fsync(::fileno(file_)) != 0) fail("could not be written; the old one is untouched", errno);
  std::filesystem::rename(aside_, target_);
  std::fclose(std::exchange(file_, nullptr));
  const auto folder = target_.has_parent_path() ? target_.parent_path() : ".";
  if (const int handle = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); handle >= 0) {
    ::fsync(handle);
    ::close(handle);
  }
#else
  std::fclose(std::exchange(file_, nullptr));
  std::filesystem::rename(aside_, target_);
#endif
}

}  // namespace loyalty
