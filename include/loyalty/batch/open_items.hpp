// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <loyalty/events/act.hpp>
#include <loyalty/events/relationship.hpp>

namespace loyalty {

/// Something that waits: a promise or payment not done (or done later than what is known now), a request
/// not answered, a complaint not resolved. What it will do is decided when time reaches it. `Text` owns the
/// key or, for a read, borrows it.
template <class Text>
struct BasicOpenItem {
  Kind kind = Kind::request;  ///< request, promise, payment or complaint
  Time from = no_time;  ///< request: opened; promise, payment: last second to keep it (due + grace)
  Time done = no_time;  ///< promise, payment whose end is known already
  double stake = 1;     ///< promise, payment: weight of the outcome
  Text key{};           ///< refers_to; empty: nothing later can close it
};
/// An item that owns its key.
using OpenItem = BasicOpenItem<std::string>;

/// Whether a row of the given second or a later one could still close the item, or time still move it.
template <class Text>
bool can_change(const BasicOpenItem<Text>& item, Time newest, const FoldRules& rules) noexcept {
  switch (item.kind) {
    case Kind::request: {
      const Time expiry = expiry_of(item.from, rules);
      return item.key.empty() ? expiry > newest : expiry >= newest;
    }
    case Kind::promise:
    case Kind::payment:
      if (item.done != no_time) return item.done > newest;
      return !item.key.empty() || item.from + 1 > newest;
    default:
      return true;
  }
}

/// Lets an item act on a state as time stands at `now` (all stamps up to and including it). `State` is a relationship, or
/// whatever else acts apply to.
template <class State, class Text>
void fire(State&& r, const BasicOpenItem<Text>& item, Time now, const FoldRules& rules) {
  switch (item.kind) {
    case Kind::request:
      if (expiry_of(item.from, rules) <= now) apply(r, expiry_act(item.from, true, rules), rules);
      break;
    case Kind::promise:
    case Kind::payment: {
      const bool known = item.done != no_time && item.done <= now;
      if (known && item.done <= item.from)
        apply(r, promise_act(item.kind, Outcome::kept, item.stake, item.from, item.done, rules),
              rules);
      else if (known)
        apply(r, promise_act(item.kind, Outcome::late, item.stake, item.from, item.done, rules),
              rules);
      else if (item.from + 1 <= now && !(item.done != no_time && item.done <= item.from))
        apply(r, promise_act(item.kind, Outcome::broken, item.stake, item.from, no_time, rules),
              rules);
      break;
    }
    default:
      break;
  }
}

/// The open items of all relationships: found by (relationship, kind, refers_to), listed by relationship.
class OpenItems {
 public:
  /// The head of an empty list.
  static constexpr std::uint32_t none = 0xffffffffU;

  /// Items of all relationships.
  std::size_t size() const noexcept { return size_; }

  /// The item with a key that is not empty, or null; valid until the next change. O(1).
  OpenItem* find(std::uint32_t relationship, Kind kind, std::string_view key) noexcept;
  /// Adds an item to the list that starts at `head` and moves `head`. Amortised O(1).
  void insert(std::uint32_t relationship, std::uint32_t& head, OpenItem item);
  /// Removes an item that `find` or a walk of the list returned. O(1).
  void erase(std::uint32_t& head, const OpenItem* item) noexcept;

  /// Calls visit(item) for each item of one relationship's list, the last inserted first; `visit`
  /// must not insert or erase. O(its items).
  template <class Visit>
  void each(std::uint32_t head, Visit&& visit) const {
    for (std::uint32_t i = head; i != none; i = nodes_[i].next) visit(nodes_[i].item);
  }

 private:
  struct Node {
    OpenItem item;
    std::uint32_t relationship = none;
    std::uint32_t next = none;  ///< in the list; in the free list of erased nodes
    std::uint32_t previous = none;
    std::uint64_t hash = 0;
  };
  static std::uint64_t hash(std::uint32_t relationship, Kind kind, std::string_view key) noexcept;
  std::size_t slot_of(std::uint32_t node) const noexcept;
  void grow();

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> table_ = std::vector<std::uint32_t>(16, none);
  std::size_t keyed_ = 0;
  std::size_t size_ = 0;
  std::uint32_t free_ = none;
};

}  // namespace loyalty
