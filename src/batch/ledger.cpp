// SPDX-License-Identifier: MIT
#include "batch/ledger.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "batch/heard_log.hpp"

namespace loyalty {
namespace {

/// Units of one sum in one second.
struct Entry {
  std::uint32_t who;
  std::uint8_t stream;  ///< Stream, or `purchases`
  std::uint8_t place;   ///< 0 good, 1 bad, 2 grave
  Time stamp;
  std::int64_t units;
};
constexpr std::uint8_t purchases = stream_count;

/// The stream of a sum and its place there, if any.
std::optional<std::pair<Stream, std::uint8_t>> place_of(Sum sum) noexcept {
  switch (sum) {
    case Sum::guarantees_kept:
      return {{Stream::guarantees, 0}};
    case Sum::guarantees_breached:
      return {{Stream::guarantees, 1}};
    case Sum::promises_kept:
      return {{Stream::trust, 0}};
    case Sum::promises_broken:
      return {{Stream::trust, 1}};
    case Sum::promises_grave:
      return {{Stream::trust, 2}};
    case Sum::answered:
      return {{Stream::responses, 0}};
    case Sum::answer_time:
      return {{Stream::responses, 1}};
    case Sum::granted:
      return {{Stream::concessions, 0}};
    case Sum::refused:
      return {{Stream::concessions, 1}};
    case Sum::given:
      return {{Stream::reciprocity, 0}};
    case Sum::received:
      return {{Stream::reciprocity, 1}};
    default:
      return std::nullopt;
  }
}

/// What acts leave, by relationship in the order of arrival.
class Acts {
 public:
  void hear(std::uint32_t who, const Act& act) {
    for (int i = 0; i < act.count; ++i) {
      const Part& part = act.parts[i];
      if (const auto place = place_of(part.sum))
        entries_.push_back({who, static_cast<std::uint8_t>(place->first), place->second,
                            part.back ? act.back_stamp : act.stamp, part.units});
    }
    if (act.purchases != 0)  // a returned order takes its purchase back
      entries_.push_back(
          {who, purchases, 0, act.purchases > 0 ? act.stamp : act.back_stamp, act.purchases});
  }

  /// Moves all of it to a ledger; `rank` is the place of each relationship there.
  void settle(const std::vector<std::uint32_t>& rank, const Policy& policy, Ledger& ledger) {
    for (Entry& e : entries_) e.who = rank[e.who];
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.stream, a.who, a.stamp) < std::tie(b.stream, b.who, b.stamp);
    });
    for (auto& stream : ledger.streams) stream.first.assign(ledger.size() + 1, 0);
    ledger.purchases.first.assign(ledger.size() + 1, 0);
    for (std::size_t i = 0; i < entries_.size();) {
      const Entry& at = entries_[i];
      std::array<std::int64_t, 3> units{};
      for (; i < entries_.size() && same_second(entries_[i], at); ++i)
        units[entries_[i].place] += entries_[i].units;
      if (at.stream == purchases) {
        if (units[0] <= 0) continue;
        ledger.purchases.items.push_back(at.stamp);
        ++ledger.purchases.first[at.who + 1];
        continue;
      }
      const auto stream = static_cast<Stream>(at.stream);
      const double grave = policy.scoring(ledger.roles[at.who]).trust.grave_weight;
      const DatedOutcome outcome{
          at.stamp, static_cast<double>(units[0]) / 16,
          stream == Stream::responses
              ? static_cast<double>(units[1]) / 256
              : (static_cast<double>(units[1]) + grave * static_cast<double>(units[2])) / 16};
      if (!(outcome.good > 0 || outcome.bad > 0)) continue;
      auto& own = ledger.streams[at.stream];
      own.items.push_back(outcome);
      ++own.first[at.who + 1];
    }
    for (auto& stream : ledger.streams)
      std::partial_sum(stream.first.begin(), stream.first.end(), stream.first.begin());
    std::partial_sum(ledger.purchases.first.begin(), ledger.purchases.first.end(),
                     ledger.purchases.first.begin());
  }

 private:
  static bool same_second(const Entry& a, const Entry& b) noexcept {
    return a.stream == b.stream && a.who == b.who && a.stamp == b.stamp;
  }
  std::vector<Entry> entries_;
};

}  // namespace

Ledger ledger_of(const EventColumns& rows, const Policy& policy, Time as_of) {
  Acts acts;
  const ActObserver hear = [&acts](std::uint32_t who, const Act& act) { acts.hear(who, act); };
  HeardLog log = hear_log(rows, policy, as_of, hear);
  Ledger ledger;
  ledger.as_of = as_of;
  ledger.first = log.first;
  ledger.last = log.last;
  ledger.later = log.later;
  ledger.books = std::move(log.books);
  const AsOf at = log.portfolio.at(as_of);
  for (const std::uint32_t who : log.sorted) {
    ledger.roles.push_back(log.portfolio.role(who));
    ledger.waiting.push_back(at.open_age(log.portfolio.state(who, as_of, hear)));
  }
  acts.settle(log.rank, policy, ledger);
  return ledger;
}

}  // namespace loyalty
