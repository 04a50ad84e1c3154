// SPDX-License-Identifier: MIT
#include <loyalty/batch/workers.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace loyalty {

struct Threads::Pool {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  const std::function<void(unsigned)>* part = nullptr;
  unsigned parts = 0;
  unsigned next = 0;     ///< the part that nobody has taken yet
  unsigned running = 0;  ///< parts taken and not finished
  bool stopping = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;

  /// Takes parts until none is left; the lock is held between them.
  void work(std::unique_lock<std::mutex>& lock) {
    while (next < parts) {
      const unsigned mine = next++;
      ++running;
      const auto* task = part;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*task)(mine);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown && !error) error = thrown;
      if (--running == 0 && next == parts) done.notify_all();
    }
  }

  void wait_for_work() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || next < parts; });
      if (stopping) return;
      work(lock);
    }
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

Threads::Threads(unsigned count) : pool_(std::make_unique<Pool>()) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  pool_->threads.reserve(count - 1);
  try {
    for (unsigned i = 1; i < count; ++i)
      pool_->threads.emplace_back([pool = pool_.get()] { pool->wait_for_work(); });
  } catch (...) {
    pool_->stop();
    throw;
  }
}

Threads::~Threads() { pool_->stop(); }

unsigned Threads::count() const noexcept {
  return static_cast<unsigned>(pool_->threads.size()) + 1;
}

void Threads::run(unsigned parts, const std::function<void(unsigned)>& part) {
  if (parts == 0) return;
  Pool& pool = *pool_;
  std::unique_lock lock(pool.mutex);
  pool.part = &part;
  pool.parts = parts;
  pool.next = 0;
  pool.error = nullptr;
  if (parts > 1) pool.wake.notify_all();
  pool.work(lock);
  pool.done.wait(lock, [&pool] { return pool.running == 0 && pool.next == pool.parts; });
  pool.parts = pool.next = 0;
  if (pool.error) std::rethrow_exception(pool.error);
}

}  // namespace loyalty
