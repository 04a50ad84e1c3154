// SPDX-License-Identifier: MIT
/// \file
/// Where time goes: in the library, or in what it waits for.
#pragma once

#include <chrono>

#include <loyalty/io/arrow_abi.hpp>

namespace loyalty::python {

/// Adds the seconds of its life to a total.
class Stopwatch {
 public:
  explicit Stopwatch(double& total) noexcept : total_(total) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A stream that passes another on and counts the seconds until each batch is there. Takes the other over.
class TimedStream {
 public:
  explicit TimedStream(ArrowArrayStream& given) noexcept : given_(given) {
    if (given.release == nullptr) return;  // was taken before: whoever reads this will see that
    given.release = nullptr;
    stream.get_schema = [](ArrowArrayStream* s, ArrowSchema* out) {
      return of(s).given_.get_schema(&of(s).given_, out);
    };
    stream.get_next = [](ArrowArrayStream* s, ArrowArray* out) {
      const Stopwatch watch(of(s).seconds);
      return of(s).given_.get_next(&of(s).given_, out);
    };
    stream.get_last_error = [](ArrowArrayStream* s) {
      return of(s).given_.get_last_error(&of(s).given_);
    };
    stream.release = [](ArrowArrayStream* s) {
      of(s).release();
      s->release = nullptr;
    };
    stream.private_data = this;
  }
  TimedStream(const TimedStream&) = delete;
  TimedStream& operator=(const TimedStream&) = delete;
  ~TimedStream() { release(); }

  ArrowArrayStream stream{};  ///< must not outlive this
  double seconds = 0;         ///< spent in waiting for batches

 private:
  static TimedStream& of(ArrowArrayStream* s) noexcept {
    return *static_cast<TimedStream*>(s->private_data);
  }
  void release() noexcept {
    if (given_.release != nullptr) given_.release(&given_);
    given_.release = nullptr;
  }

  ArrowArrayStream given_;
};

}  // namespace loyalty::python
