// SPDX-License-Identifier: MIT
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include <loyalty/io/arrow.hpp>

namespace loyalty {
namespace {

/// The batches of a source, read by a thread that starts with the first request.
class Ahead {
 public:
  Ahead(ArrowArrayStream& source, std::size_t batches) : source_(source), most_(batches) {}
  ~Ahead() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  int schema(ArrowSchema* out) {
    const std::scoped_lock lock(reading_);
    return note(source_->get_schema(source_.get(), out), error_);
  }

  int next(ArrowArray* out) {
    std::unique_lock lock(mutex_);
    if (!started_) {
      thread_ = std::thread([this] { read(); });
      started_ = true;
    }
    changed_.wait(lock, [this] { return ended_ || !ready_.empty(); });
    if (ready_.empty()) {  // once they are used up, every call says how the source ended
      *out = ArrowArray{};
      error_ = end_error_;
      return code_;
    }
    *out = *ready_.front();
    ready_.front()->release = nullptr;  // it has moved
    ready_.pop_front();
    changed_.notify_all();
    return 0;
  }

  /// Of the last call, which is the consumer's.
  std::string error_;

 private:
  void read() noexcept {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || ready_.size() < most_; });
        if (stopping_) return;
      }
      ArrowOwner<ArrowArray> batch;
      int code = ENOMEM;
      std::string why;
      try {
        const std::scoped_lock lock(reading_);
        code = note(source_->get_next(source_.get(), batch.get()), why);
      } catch (...) {  // no memory for the message
      }
      const std::scoped_lock lock(mutex_);
      const bool ends = code != 0 || !batch;
      if (!ends) {
        try {
          ready_.push_back(std::move(batch));
        } catch (...) {
          code = ENOMEM;
        }
      }
      if (ends || code != 0) {
        code_ = code;
        end_error_.swap(why);
        ended_ = true;
      }
      changed_.notify_all();
      if (ended_) return;
    }
  }

  int note(int code, std::string& into) {
    if (code != 0) {
      const char* said =
          source_->get_last_error == nullptr ? nullptr : source_->get_last_error(source_.get());
      into = said == nullptr ? "" : said;
    }
    return code;
  }

  ArrowOwner<ArrowArrayStream> source_;
  std::size_t most_;
  std::mutex reading_;  ///< the source: it is asked by one thread at a time
  std::mutex mutex_;    ///< everything below
  std::condition_variable changed_;
  std::deque<ArrowOwner<ArrowArray>> ready_;
  int code_ = 0;
  std::string end_error_;
  bool started_ = false;
  bool ended_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Ahead& of(ArrowArrayStream* stream) { return *static_cast<Ahead*>(stream->private_data); }

/// Runs what a consumer calls; an exception must not cross the interface.
template <class F>
int guarded(ArrowArrayStream* stream, F&& f) noexcept {
  try {
    return f(of(stream));
  } catch (const std::exception& error) {
    try {
      of(stream).error_ = error.what();
    } catch (...) {
      of(stream).error_.clear();
    }
    return EAGAIN;
  }
}

}  // namespace

void read_ahead(ArrowArrayStream& source, ArrowArrayStream& out, std::size_t batches) {
  if (batches < 1) throw std::invalid_argument("read_ahead: batches must be at least 1");
  if (source.release == nullptr || source.get_schema == nullptr || source.get_next == nullptr)
    throw ColumnError("the Arrow stream was released before or lacks its functions");
  out =
      ArrowArrayStream{[](ArrowArrayStream* stream, ArrowSchema* schema) {
                         return guarded(stream, [&](Ahead& ahead) { return ahead.schema(schema); });
                       },
                       [](ArrowArrayStream* stream, ArrowArray* batch) {
                         return guarded(stream, [&](Ahead& ahead) { return ahead.next(batch); });
                       },
                       [](ArrowArrayStream* stream) { return of(stream).error_.c_str(); },
                       [](ArrowArrayStream* stream) {
                         delete &of(stream);
                         stream->release = nullptr;
                       },
                       new Ahead(source, batches)};
}

}  // namespace loyalty
