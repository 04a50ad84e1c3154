// SPDX-License-Identifier: MIT
/// \file
/// The bytes that a fuzzer gives, taken one value at a time; zeros where they have run out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}

  std::size_t left() const noexcept { return left_; }
  template <class T>
  T take() {
    T value{};
    copy(&value, sizeof value);
    return value;
  }
  /// 0 .. most.
  std::size_t up_to(std::size_t most) { return take<std::uint8_t>() % (most + 1); }
  /// Once in `n` on average.
  bool rarely(std::uint8_t n) { return take<std::uint8_t>() % n == n - 1; }
  std::string text(std::size_t size) {
    std::string out(size, '\0');
    copy(out.data(), size);
    return out;
  }

 private:
  void copy(void* to, std::size_t size) {
    const std::size_t n = size < left_ ? size : left_;
    if (n != 0) std::memcpy(to, at_, n);
    at_ += n;
    left_ -= n;
  }
  const std::uint8_t* at_;
  std::size_t left_;
};
