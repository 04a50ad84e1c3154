// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <concepts>
#include <cstdint>

#include <loyalty/core/config.hpp>
#include <loyalty/ladder/criteria.hpp>
#include <loyalty/ladder/rung.hpp>

namespace loyalty {

/// The decayed counts that place a relationship.
enum class LadderStream : std::uint8_t { purchases, support, advocacy, partnership };

/// What evidence must answer to be placed on the ladder: the event path answers with exact sums,
/// plain numbers with doubles, and one formula places both.
template <class E>
concept LadderEvidence = requires(const E& e, LadderStream stream, const Decimal& threshold) {
  { e.purchases() } -> std::convertible_to<std::int64_t>;
  { e.contract_runs() } -> std::same_as<bool>;
  { e.at_least(stream, threshold) } -> std::same_as<bool>;
  { e.share_at_least(threshold) } -> std::same_as<bool>;
};

/// The band that evidence allows, `enter` <= `keep`: a counterparty below it climbs to `enter` at
/// once, one above it falls to `keep`, and inside it stays.
struct Band {
  Rung enter;
  Rung keep;
  /// rung <- min(max(rung, enter), keep).
  constexpr Rung clamp(Rung rung) const noexcept { return std::min(std::max(rung, enter), keep); }
  friend constexpr bool operator==(const Band&, const Band&) = default;
};

/// Whether the keep criterion of one rung holds by itself. O(1).
template <LadderEvidence E>
constexpr bool keeps(const E& e, Rung rung, const Criteria& c) noexcept {
  using enum LadderStream;
  switch (rung) {
    case Rung::prospect:
      return true;
    case Rung::buyer:
      return e.purchases() >= 1;
    case Rung::client:
      return (e.purchases() >= c.client_purchases && e.at_least(purchases, c.client.keep)) ||
             (e.purchases() >= 1 && e.contract_runs());
    case Rung::supporter:
      return e.at_least(support, c.supporter.keep);
    case Rung::advocate:
      return e.at_least(advocacy, c.advocate.keep) && e.share_at_least(c.share_of_wallet.keep);
    case Rung::partner:
      return e.at_least(partnership, c.partner.keep);
  }
  return false;
}

/// Highest rung whose keep criteria, and those of all rungs below, hold. O(1).
template <LadderEvidence E>
constexpr Rung kept_rung(const E& e, const Criteria& c) noexcept {
  int kept = 0;
  while (kept < rung_count - 1 && keeps(e, static_cast<Rung>(kept + 1), c)) ++kept;
  return static_cast<Rung>(kept);
}

/// Whether the enter criterion of one rung holds by itself. O(1).
template <LadderEvidence E>
constexpr bool enters(const E& e, Rung rung, const Criteria& c) noexcept {
  using enum LadderStream;
  switch (rung) {
    case Rung::prospect:
      return true;
    case Rung::buyer:
      return e.purchases() >= 1;
    case Rung::client:
      return (e.purchases() >= c.client_purchases && e.at_least(purchases, c.client.enter)) ||
             (e.purchases() >= 1 && e.contract_runs());
    case Rung::supporter:
      return e.at_least(support, c.supporter.enter);
    case Rung::advocate:
      return e.at_least(advocacy, c.advocate.enter) && e.share_at_least(c.share_of_wallet.enter);
    case Rung::partner:
      return e.at_least(partnership, c.partner.enter);
  }
  return false;
}

/// The band of some evidence: highest rung that it enters (with the keep criteria of all lower rungs)
/// and highest that it keeps. Since keep <= enter, the former never exceeds the latter. O(1).
template <LadderEvidence E>
constexpr Band band(const E& e, const Criteria& c) noexcept {
  const Rung keep = kept_rung(e, c);
  auto enter = static_cast<int>(keep);
  while (enter > 0 && !enters(e, static_cast<Rung>(enter), c)) --enter;
  return {static_cast<Rung>(enter), keep};
}

/// Plain numbers to place: counts as of one date, after decay.
struct LadderNumbers {
  std::int64_t purchases = 0;  ///< purchases ever (undecayed)
  double regularity = 0;       ///< decayed purchases B, >= 0
  double elsewhere = 0;        ///< decayed purchases from others O, >= 0
  double support = 0;          ///< decayed support evidence S, >= 0
  double advocacy = 0;         ///< decayed advocacy evidence A, >= 0
  double partnership = 0;      ///< decayed partnership evidence P, >= 0
  bool contract = false;       ///< a contract runs
};

namespace detail {

/// a * x >= b * y exactly, for non-negative doubles times integers below 2^32: rounding is monotone,
/// so the products decide unless they round to the same double, and then their errors do.
inline bool product_at_least(double a, double x, double b, double y) noexcept {
  const double left = a * x;
  const double right = b * y;
  if (left != right) return left > right;
  return std::fma(a, x, -left) >= std::fma(b, y, -right);
}

struct NumbersEvidence {
  const LadderNumbers& n;
  std::int64_t purchases() const noexcept { return n.purchases; }
  bool contract_runs() const noexcept { return n.contract; }
  bool at_least(LadderStream stream, const Decimal& t) const noexcept {
    const double by_stream[] = {n.regularity, n.support, n.advocacy, n.partnership};
    return product_at_least(by_stream[static_cast<int>(stream)], t.denominator, t.numerator, 1.0);
  }
  bool share_at_least(const Decimal& t) const noexcept {
    return n.elsewhere <= 0 ||
           product_at_least(n.regularity, t.denominator - t.numerator, n.elsewhere, t.numerator);
  }
};

}  // namespace detail

/// The band of plain numbers.
inline Band band(const LadderNumbers& numbers, const Criteria& criteria = {}) noexcept {
  return band(detail::NumbersEvidence{numbers}, criteria);
}

/// The rung of plain numbers for a counterparty that stood on `held` before: up at once, down
/// slowly. `loyalty::rung({.purchases = 3, .regularity = 2.2, .support = 1.0})` is a supporter. O(1).
inline Rung rung(const LadderNumbers& numbers, Rung held = Rung::prospect,
                 const Criteria& criteria = {}) noexcept {
  return band(numbers, criteria).clamp(held);
}

}  // namespace loyalty
