// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

namespace loyalty {

/// Runs the parts of a large call, at the same time where there are threads for it. The library starts none of its
/// own accord: hand in `Threads`, or a class of your own around those that an application has already. Results never
/// depend on how many there are.
class Workers {
 public:
  virtual ~Workers() = default;
  /// How many parts can run at the same time, 1 or more.
  virtual unsigned count() const noexcept = 0;
  /// Calls `part(0)` to `part(parts - 1)`, each once, on any threads, and returns when all are done. Where a part
  /// throws, one such exception is thrown on, after all are done.
  virtual void run(unsigned parts, const std::function<void(unsigned)>& part) = 0;
};

/// Threads that are started once and wait for work; the calling thread is one of them. Not for concurrent calls.
class Threads final : public Workers {
 public:
  /// Starts `count` - 1 threads; 0 means as many as the machine has cores. Throws std::system_error.
  explicit Threads(unsigned count = 0);
  ~Threads() override;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  unsigned count() const noexcept override;
  void run(unsigned parts, const std::function<void(unsigned)>& part) override;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// The calling thread alone.
class Alone final : public Workers {
 public:
  unsigned count() const noexcept override { return 1; }
  void run(unsigned parts, const std::function<void(unsigned)>& part) override {
    for (unsigned i = 0; i < parts; ++i) part(i);
  }
};

}  // namespace loyalty
