// SPDX-License-Identifier: MIT
// A service inside another program: several threads bring events into a sharded portfolio while others ask where a
// customer stands. `example_service latency` shows how long the answers took under that load.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <loyalty/batch.hpp>

namespace {

using namespace loyalty;

/// Portfolios under one policy, each with a lock of its own; a customer lives in one of them.
class Service {
 public:
  explicit Service(std::size_t shards) : shards_(shards) {}

  void ingest(const std::string& customer, const Event& event, std::string_view refers_to = {}) {
    Shard& shard = shard_of(customer);
    const std::unique_lock lock(shard.mutex);
    shard.portfolio.apply(customer, event, refers_to);
  }

  /// Where a customer stands now; nothing where nobody knows of them.
  std::optional<Assessment> ask(const std::string& customer) const {
    const Shard& shard = shard_of(customer);
    const std::shared_lock lock(shard.mutex);
    const auto index = shard.portfolio.find(customer);
    if (!index) return std::nullopt;
    return shard.portfolio.assess(*index, shard.portfolio.at(shard.portfolio.newest()));
  }

  /// All shards as one portfolio, say for a nightly report.
  Portfolio merged() const {
    Portfolio all;
    for (const Shard& shard : shards_) {
      const std::shared_lock lock(shard.mutex);
      all.merge(shard.portfolio);
    }
    return all;
  }

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    Portfolio portfolio;
  };
  Shard& shard_of(const std::string& customer) {
    return shards_[std::hash<std::string>{}(customer) % shards_.size()];
  }
  const Shard& shard_of(const std::string& customer) const {
    return shards_[std::hash<std::string>{}(customer) % shards_.size()];
  }
  std::vector<Shard> shards_;
};

/// How long things took, by powers of two of a microsecond.
struct Histogram {
  std::vector<long> buckets = std::vector<long>(16);
  void add(std::chrono::nanoseconds took) {
    std::size_t bucket = 0;
    while (bucket + 1 < buckets.size() && took > std::chrono::microseconds(1 << bucket)) ++bucket;
    ++buckets[bucket];
  }
};

constexpr int writers = 4;
constexpr int readers = 2;
constexpr int customers = 20'000;
constexpr int events_each = 50'000;

std::string name_of(int customer) { return "customer-" + std::to_string(customer); }

/// What writer `w` brings as its event `i`: it alone brings those of its customers, in the order of time, as one
/// partition of a message queue does.
std::pair<int, Event> event_of(int w, int i) {
  const auto mixed = static_cast<unsigned>(i) * 2654435761U + static_cast<unsigned>(w);
  const int customer = static_cast<int>(mixed % (customers / writers)) * writers + w;
  constexpr Kind kinds[] = {Kind::purchase, Kind::contact, Kind::gift, Kind::review,
                            Kind::guarantee};
  Event e{.kind = kinds[mixed / 7 % 5], .time = utc(2024, 1, 1) + i * 60};
  e.value = 1;
  if (e.kind == Kind::purchase) e.amount = mixed % 100;
  if (e.kind == Kind::contact) e.side = Side::them;
  return {customer, e};
}

}  // namespace

int main(int argc, char**) {
  Service service(64);
  std::vector<Histogram> answers(readers);
  std::atomic<long> known{0};
  std::atomic<int> writing{writers};
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&service, &writing, w] {
      for (int i = 0; i < events_each; ++i) {
        const auto [customer, event] = event_of(w, i);
        service.ingest(name_of(customer), event);
      }
      --writing;
    });
  for (int r = 0; r < readers; ++r)
    threads.emplace_back([&, r] {
      for (int i = r; writing > 0; i = (i + 7919) % customers) {
        const std::string customer = name_of(i);
        const auto start = std::chrono::steady_clock::now();
        const auto answer = service.ask(customer);
        answers[static_cast<std::size_t>(r)].add(std::chrono::steady_clock::now() - start);
        known += answer ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();

  // The shards together are what one portfolio says that saw everything in order.
  Portfolio whole;
  for (int i = 0; i < events_each; ++i)
    for (int w = 0; w < writers; ++w) {
      const auto [customer, event] = event_of(w, i);
      whole.apply(name_of(customer), event);
    }
  std::printf("%d events by %d threads, while %d others asked\n", writers * events_each, writers,
              readers);
  std::printf("same bytes as one portfolio that saw all events in order: %s\n",
              service.merged().bytes() == whole.bytes() ? "yes" : "no");
  const auto answer = service.ask(name_of(7));
  std::printf("%s: %s, quality %.1f\n", name_of(7).c_str(), name(answer->rung()).data(),
              answer->quality().value_or(0));
  if (argc < 2) return 0;

  Histogram all;
  for (const Histogram& one : answers)
    for (std::size_t b = 0; b < all.buckets.size(); ++b) all.buckets[b] += one.buckets[b];
  const long asked = std::accumulate(all.buckets.begin(), all.buckets.end(), 0L);
  std::printf("\n%ld answers under load, %ld about somebody known by then\n", asked, known.load());
  long so_far = 0;
  for (std::size_t b = 0; b < all.buckets.size(); ++b) {
    if (all.buckets[b] == 0) continue;
    so_far += all.buckets[b];
    const double share = 100.0 * static_cast<double>(all.buckets[b]) / static_cast<double>(asked);
    std::printf("  up to %6d us  %6.2f %%  (%6.2f %% so far)  %s\n", 1 << b, share,
                100.0 * static_cast<double>(so_far) / static_cast<double>(asked),
                std::string(static_cast<std::size_t>(share / 2), '#').c_str());
  }
}
