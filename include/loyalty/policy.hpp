// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/core/error.hpp>
#include <loyalty/events.hpp>
#include <loyalty/scoring.hpp>

namespace loyalty {

/// What one major unit of another currency is worth in the policy's.
struct Rate {
  std::string currency;
  double rate = 1;
};

/// Scoring options by role. Without overrides the roles differ in one thing: consumers have no
/// long-term contracts.
constexpr std::array<ScoringOptions, role_count> default_role_scoring() noexcept {
  std::array<ScoringOptions, role_count> roles{};
  for (std::size_t i = 1; i < roles.size(); ++i) roles[i].commitment.contract_weight = 0.25;
  return roles;
}

/// Everything that can be chosen, with a default for each:
/// `Policy{.fold = {.response_target = 4 * 3600}}`. `Rules` checks and compiles it.
struct Policy {
  std::string name = "default";
  FoldOptions fold;
  Criteria criteria;
  std::array<ScoringOptions, role_count> roles = default_role_scoring();
  Role default_role = Role::consumer;  ///< of a relationship whose rows name none
  std::optional<Time> landmark;        ///< else 2020-01-01
  double purchase_cycle_days = 365.0 / 4;  ///< median gap of a client's purchases; B and O live four
  std::string currency;                ///< of the portfolio; empty: the first that the log names
  std::vector<Rate> rates;             ///< of other currencies; without one their rows are set aside
  std::optional<Observed> observes;    ///< kinds that the log records; else those seen
  std::string language = "en";         ///< of rung labels: en, de, ru, or own labels
  std::array<std::string, rung_count> labels{};  ///< own rung labels; empty: the language's

  const ScoringOptions& scoring(Role role) const noexcept {
    return roles[static_cast<std::size_t>(role)];
  }
};

/// Which fingerprint a key of the policy enters beside the whole.
enum class KeyScope : std::uint8_t { fold, ladder, scoring };

/// A number of the policy: its dotted key, its range, and how the file's unit relates to the field's.
struct Key {
  std::string_view section;
  std::string_view name;
  double low;
  double high;
  KeyScope scope;
  double unit = 1;  ///< field = unit * file: 86400 where the file says days
  bool whole = false;
};

namespace detail {

template <class Options, class Visitor>
void visit_scoring(Options& o, std::string_view, Visitor&& visit) {
  using enum KeyScope;
  constexpr double most_prior = 1e6;
  visit(Key{"commitment", "prior_kept", 0.01, most_prior, scoring}, o.commitment.prior_kept);
  visit(Key{"commitment", "prior_breached", 0.01, most_prior, scoring}, o.commitment.prior_breached);
  visit(Key{"commitment", "contract_weight", 0, 0.95, scoring}, o.commitment.contract_weight);
  visit(Key{"commitment", "contract_half_life_days", 1, 36500, scoring},
        o.commitment.contract_half_life_days);
  visit(Key{"responsiveness", "prior_answers", 0.01, most_prior, scoring},
        o.responsiveness.prior_answers);
  visit(Key{"responsiveness", "prior_time", 0.01, most_prior, scoring}, o.responsiveness.prior_time);
  visit(Key{"responsiveness", "prior_granted", 0.01, most_prior, scoring},
        o.responsiveness.prior_granted);
  visit(Key{"responsiveness", "prior_refused", 0.01, most_prior, scoring},
        o.responsiveness.prior_refused);
  visit(Key{"responsiveness", "speed_weight", 0, 1, scoring}, o.responsiveness.speed_weight);
  visit(Key{"reciprocity", "prior_given", 0.01, most_prior, scoring}, o.reciprocity.prior_given);
  visit(Key{"reciprocity", "prior_received", 0.01, most_prior, scoring},
        o.reciprocity.prior_received);
  visit(Key{"trust", "prior_kept", 0.01, most_prior, scoring}, o.trust.prior_kept);
  visit(Key{"trust", "prior_broken", 0.01, most_prior, scoring}, o.trust.prior_broken);
  visit(Key{"trust", "grave_weight", 0, 100, scoring}, o.trust.grave_weight);
  visit(Key{"quality", "weight_commitment", 0, 1, scoring}, o.quality.weights.commitment);
  visit(Key{"quality", "weight_responsiveness", 0, 1, scoring}, o.quality.weights.responsiveness);
  visit(Key{"quality", "weight_reciprocity", 0, 1, scoring}, o.quality.weights.reciprocity);
  visit(Key{"quality", "weight_trust", 0, 1, scoring}, o.quality.weights.trust);
  visit(Key{"quality", "minimum_coverage", 0, 1, scoring}, o.quality.minimum_coverage);
  visit(Key{"quality", "fair_coverage", 0, 1, scoring}, o.quality.fair_coverage);
  visit(Key{"quality", "strong_coverage", 0, 1, scoring}, o.quality.strong_coverage);
}

template <class Effects, class Visitor>
void visit_effects(Effects& e, Visitor&& visit) {
  const auto key = [&visit](std::string_view name, auto& field) {
    visit(Key{"effects", name, 0, 1000, KeyScope::fold}, field);
  };
  key("purchase_regularity", e.purchase_regularity);
  key("purchase_elsewhere", e.purchase_elsewhere);
  key("return_broken", e.return_broken);
  key("contact_support", e.contact_support);
  key("participation_support", e.participation_support);
  key("participation_received", e.participation_received);
  key("review_support", e.review_support);
  key("review_received", e.review_received);
  key("attendance_advocacy", e.attendance_advocacy);
  key("novelty_advocacy", e.novelty_advocacy);
  key("referral_advocacy", e.referral_advocacy);
  key("referral_received", e.referral_received);
  key("suggestion_partnership", e.suggestion_partnership);
  key("suggestion_received", e.suggestion_received);
  key("co_creation_partnership", e.co_creation_partnership);
  key("co_creation_received", e.co_creation_received);
  key("gift_given", e.gift_given);
  key("promise_kept", e.promise_kept);
  key("promise_late", e.promise_late);
  key("promise_broken", e.promise_broken);
  key("payment_kept", e.payment_kept);
  key("payment_late", e.payment_late);
  key("payment_broken", e.payment_broken);
  key("guarantee_kept", e.guarantee_kept);
  key("guarantee_breached", e.guarantee_breached);
  key("guarantee_grave", e.guarantee_grave);
  key("concession", e.concession);
  key("complaint_grave", e.complaint_grave);
  key("resolution_kept", e.resolution_kept);
  key("survey", e.survey);
  key("survey_support", e.survey_support);
}

}  // namespace detail

/// Visits every number of the policy that is common to all roles, with its key and range: the one list
/// from which files are read and written, ranges checked and fingerprints made. `visit(key, field)`
/// receives a double, a Time, an int or a Decimal by reference.
template <class P, class Visitor>
void visit_common(P& policy, Visitor&& visit) {
  using enum KeyScope;
  constexpr double days = 86400;
  auto& h = policy.fold.half_lives;
  const auto half_life = [&visit](std::string_view name, auto& field) {
    visit(Key{"half_life_days", name, 1.0 / 24, 36500, fold, days, true}, field);
  };
  half_life("guarantees", h.guarantees);
  half_life("trust", h.trust);
  half_life("responses", h.responses);
  half_life("concessions", h.concessions);
  half_life("reciprocity", h.reciprocity);
  half_life("purchases", h.purchases);
  half_life("support", h.support);
  half_life("advocacy", h.advocacy);
  half_life("partnership", h.partnership);
  half_life("margin", h.margin);
  half_life("cost", h.cost);
  visit(Key{"responsiveness", "target_hours", 1.0 / 3600, 8760, fold, 3600, true},
        policy.fold.response_target);
  visit(Key{"promise", "grace_hours", 0, 8760, fold, 3600, true}, policy.fold.promise_grace);
  visit(Key{"", "minor_digits", 0, 4, fold, 1, true}, policy.fold.minor_digits);
  detail::visit_effects(policy.fold.effects, visit);
  auto& c = policy.criteria;
  const auto threshold = [&visit](std::string_view section, auto& t, double high) {
    visit(Key{section, "enter", 0.001, high, ladder}, t.enter);
    visit(Key{section, "keep", 0.001, high, ladder}, t.keep);
  };
  visit(Key{"ladder.client", "purchases", 1, 1000, ladder, 1, true}, c.client_purchases);
  threshold("ladder.client", c.client, 1000);
  threshold("ladder.supporter", c.supporter, 1000);
  threshold("ladder.advocate", c.advocate, 1000);
  threshold("ladder.share_of_wallet", c.share_of_wallet, 1);
  threshold("ladder.partner", c.partner, 1000);
}

/// Visits the numbers of one role: `roles.<role>.<section>.<name>`, or for all roles `<section>.<name>`.
template <class P, class Visitor>
void visit_role(P& policy, Role role, Visitor&& visit) {
  detail::visit_scoring(policy.roles[static_cast<std::size_t>(role)],
                        role_names[static_cast<std::size_t>(role)], visit);
}

namespace detail {

inline double field_value(double field) { return field; }
inline double field_value(const Decimal& field) { return field.value; }
inline double field_value(std::int64_t field) { return static_cast<double>(field); }
inline double field_value(std::int32_t field) { return field; }

/// Shortest plain text of a number for messages; enough digits to tell it apart.
inline std::string number_text(double x) {
  if (x == std::floor(x) && std::fabs(x) < 1e15) return std::to_string(static_cast<std::int64_t>(x));
  std::string s = std::to_string(x);
  while (s.size() > 1 && s.back() == '0') s.pop_back();
  return s;
}

[[noreturn]] inline void refuse(const std::string& key, double given, const std::string& allowed) {
  throw PolicyError("policy key " + key + " = " + number_text(given) + ": allowed is " + allowed);
}

inline std::string key_text(const Key& key, std::string_view role = {}) {
  std::string s = role.empty() ? "" : "roles." + std::string(role) + ".";
  if (!key.section.empty()) s += std::string(key.section) + ".";
  return s + std::string(key.name);
}

/// FNV-1a over what is written to it: a fingerprint, not a seal.
class Hash {
 public:
  void add(std::string_view text) noexcept {
    for (const char c : text) byte(static_cast<unsigned char>(c));
    byte(0);
  }
  void add(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x == 0 ? 0.0 : x);
    for (int i = 0; i < 64; i += 8) byte(static_cast<unsigned char>(bits >> i));
  }
  std::string hex() const {
    std::string s(16, '0');
    for (std::size_t i = 0; i < 16; ++i) s[i] = "0123456789abcdef"[(state_ >> (60 - 4 * i)) & 15];
    return s;
  }

 private:
  void byte(unsigned char b) noexcept { state_ = (state_ ^ b) * 0x100000001b3ULL; }
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace detail

/// Throws PolicyError, naming key, given value and allowed range, where a policy is out of range: single
/// values, thresholds with keep above enter, weights that do not sum to 1, coverage grades out of order.
inline void validate(const Policy& policy) {
  const auto check = [](std::string_view role) {
    return [role](const Key& key, const auto& field) {
      const double given = detail::field_value(field) / key.unit;
      if (!(given >= key.low && given <= key.high))
        detail::refuse(detail::key_text(key, role), given,
                       detail::number_text(key.low) + " .. " + detail::number_text(key.high));
    };
  };
  visit_common(policy, check({}));
  const auto monotone = [](const char* key, const Threshold& t) {
    if (t.keep.value > t.enter.value)
      detail::refuse(std::string("ladder.") + key + ".keep", t.keep.value,
                     "at most its enter, " + detail::number_text(t.enter.value));
  };
  monotone("client", policy.criteria.client);
  monotone("supporter", policy.criteria.supporter);
  monotone("advocate", policy.criteria.advocate);
  monotone("share_of_wallet", policy.criteria.share_of_wallet);
  monotone("partner", policy.criteria.partner);
  for (int i = 0; i < role_count; ++i) {
    const auto role = static_cast<Role>(i);
    const std::string_view role_name = role_names[static_cast<std::size_t>(i)];
    visit_role(policy, role, check(role_name));
    const QualityOptions& q = policy.scoring(role).quality;
    const double sum = total(q.weights);
    if (std::fabs(sum - 1) > 1e-9)
      detail::refuse("roles." + std::string(role_name) + ".quality.weight_*", sum, "a sum of 1");
    if (q.fair_coverage < q.minimum_coverage || q.strong_coverage < q.fair_coverage)
      detail::refuse("roles." + std::string(role_name) + ".quality.fair_coverage", q.fair_coverage,
                     "minimum_coverage <= fair_coverage <= strong_coverage");
  }
  for (const Rate& rate : policy.rates)
    if (!(rate.rate > 0 && rate.rate < 1e9))
      detail::refuse("rates." + rate.currency, rate.rate, "above 0 and below 1e9");
  if (!policy.rates.empty() && policy.currency.empty())
    throw PolicyError("policy key rates: needs `currency`, the currency that they lead to");
  if (!(policy.purchase_cycle_days >= 0.25 && policy.purchase_cycle_days <= 9125))
    detail::refuse("purchase_cycle_days", policy.purchase_cycle_days, "0.25 .. 9125");
  if (policy.landmark && !(*policy.landmark > -furthest_time && *policy.landmark < furthest_time))
    throw PolicyError("policy key landmark: not a date");
}

/// Three fingerprints of a policy, 16 hexadecimal digits each: what the sums depend on, the criteria,
/// and the whole. Equal choices have equal fingerprints on every platform.
struct Fingerprints {
  std::string fold;
  std::string ladder;
  std::string policy;
  friend bool operator==(const Fingerprints&, const Fingerprints&) = default;
};

inline Fingerprints fingerprints(const Policy& policy) {
  detail::Hash fold;
  detail::Hash ladder;
  detail::Hash whole;
  visit_common(policy, [&](const Key& key, const auto& field) {
    detail::Hash& own = key.scope == KeyScope::fold ? fold : ladder;
    for (detail::Hash* hash : {&own, &whole}) {
      hash->add(detail::key_text(key));
      hash->add(detail::field_value(field));
    }
  });
  for (detail::Hash* hash : {&fold, &whole}) {
    hash->add(side_names[static_cast<std::size_t>(policy.fold.perspective)]);
    hash->add(policy.currency);
    for (const Rate& rate : policy.rates) {
      hash->add(rate.currency);
      hash->add(rate.rate);
    }
  }
  for (int i = 0; i < role_count; ++i)
    visit_role(policy, static_cast<Role>(i), [&](const Key& key, const auto& field) {
      whole.add(detail::key_text(key, role_names[static_cast<std::size_t>(i)]));
      whole.add(detail::field_value(field));
    });
  whole.add(role_names[static_cast<std::size_t>(policy.default_role)]);
  whole.add(policy.landmark ? static_cast<double>(*policy.landmark) : 0.5);
  whole.add(policy.purchase_cycle_days);
  whole.add(policy.observes ? static_cast<double>(policy.observes->bits) : 0.5);
  whole.add(policy.language);
  for (const std::string& label : policy.labels) whole.add(label);
  return {fold.hex(), ladder.hex(), whole.hex()};
}

/// A policy checked and compiled for the hot path. Made once, shared by any number of relationships and
/// threads; never changes. Throws PolicyError.
class Rules {
 public:
  explicit Rules(Policy policy = {}, std::optional<Time> landmark = std::nullopt)
      : policy_((validate(policy), std::move(policy))),
        fold_(policy_.fold, policy_.criteria,
              landmark ? *landmark : policy_.landmark.value_or(default_landmark)) {
    scorers_.reserve(role_count);
    for (const ScoringOptions& options : policy_.roles) scorers_.emplace_back(options, fold_);
  }

  const Policy& policy() const noexcept { return policy_; }
  const FoldRules& fold() const noexcept { return fold_; }
  operator const FoldRules&() const noexcept { return fold_; }  // NOLINT: rules are fold rules
  const Scorer& scorer(Role role) const noexcept { return scorers_[static_cast<std::size_t>(role)]; }
  Time landmark() const noexcept { return fold_.landmark; }

  /// A date of assessment; throws WindowError outside the landmark's window. The rules must outlive it.
  AsOf at(Time now) const { return AsOf(now, fold_); }

 private:
  Policy policy_;
  FoldRules fold_;
  std::vector<Scorer> scorers_;
};

/// The full assessment of one relationship under a policy's rules for its role.
inline Assessment assess(const Relationship& r, const AsOf& at, const Rules& rules,
                         Role role = Role::consumer, Lit lit = {}) noexcept {
  return assess(r, at, rules.scorer(role), lit);
}

}  // namespace loyalty
