// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
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
#include <loyalty/ladder.hpp>
#include <loyalty/scoring.hpp>

namespace loyalty {

/// What one major unit of another currency is worth in the policy's.
struct Rate {
  std::string currency{};  ///< 1 to 16 bytes
  double rate = 1;         ///< 1e-9..1e9
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
  std::string name = "default";  ///< shown in outputs; in no fingerprint
  FoldOptions fold{};            ///< what the sums depend on: half-lives, effects, target, grace
  Criteria criteria{};           ///< what each rung asks for
  std::array<ScoringOptions, role_count> roles = default_role_scoring();  ///< by Role
  Role default_role = Role::consumer;  ///< of a relationship whose rows name none
  std::optional<Time> landmark{};      ///< else 2020-01-01
  double purchase_cycle_days =
      365.0 / 4;              ///< median gap of a client's purchases; B and O live four
  std::string currency{};     ///< of the portfolio; empty: the first that the log names
  std::vector<Rate> rates{};  ///< of other currencies; without one their rows are set aside
  std::optional<Observed> observes{};  ///< kinds that the log records; else those seen
  std::string language = "en";         ///< of rung labels: en, de, ru, or any with six own labels
  std::array<std::string, rung_count> labels{};  ///< own rung labels; empty: the language's

  /// What a rung is called. O(1).
  std::string_view label(Rung rung) const noexcept {
    const std::string& own = labels[static_cast<std::size_t>(rung)];
    return own.empty() ? loyalty::label(rung, language) : std::string_view(own);
  }
  /// Priors, weights and coverages of a role. O(1).
  const ScoringOptions& scoring(Role role) const noexcept {
    return roles[static_cast<std::size_t>(role)];
  }
};

/// What a rung is called under a policy. O(1).
inline std::string_view rung_label(const Policy& policy, Rung rung) noexcept {
  return policy.label(rung);
}

/// Range of `purchase_cycle_days`.
inline constexpr double least_purchase_cycle_days = 0.25;
inline constexpr double most_purchase_cycle_days = 9125;

/// The half-life of B and O that fits a purchase cycle: four cycles, to the whole second. A policy file
/// that gives the cycle alone means this one. Days 0.25..9125; seconds. O(1).
inline Time purchases_half_life(double purchase_cycle_days) noexcept {
  return static_cast<Time>(std::llround(4 * purchase_cycle_days * double{day}));
}

/// Which fingerprint a key of the policy enters beside the whole.
enum class KeyScope : std::uint8_t {
  fold,     ///< a change means that the log must be read again
  ladder,   ///< a change leaves the sums, and flags rungs until a replay
  scoring,  ///< a change needs nothing to be read again
};

/// A number of the policy: its dotted key, its range, and how the file's unit relates to the field's.
struct Key {
  std::string_view section;  ///< "half_life_days"; empty at the top
  std::string_view name;
  double low;  ///< least and largest value, in the file's unit
  double high;
  KeyScope scope;
  double unit = 1;     ///< field = unit * file: 86400 where the file says days
  bool whole = false;  ///< the field is a whole number
};

namespace detail {

template <class Options, class Visitor>
void visit_scoring(Options& o, std::string_view, Visitor&& visit) {
  using enum KeyScope;
  constexpr double most_prior = 1e6;
  visit(Key{"commitment", "prior_kept", 0.01, most_prior, scoring}, o.commitment.prior_kept);
  visit(Key{"commitment", "prior_breached", 0.01, most_prior, scoring},
        o.commitment.prior_breached);
  visit(Key{"commitment", "contract_weight", 0, 0.95, scoring}, o.commitment.contract_weight);
  visit(Key{"commitment", "contract_half_life_days", 1, 36500, scoring},
        o.commitment.contract_half_life_days);
  visit(Key{"responsiveness", "prior_answers", 0.01, most_prior, scoring},
        o.responsiveness.prior_answers);
  visit(Key{"responsiveness", "prior_time", 0.01, most_prior, scoring},
        o.responsiveness.prior_time);
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

/// What is compared: a decimal's nearest double, whatever arithmetic the caller got it from.
template <class Field>
double chosen_value(const Field& field) {
  return field_value(field);
}
inline double chosen_value(const Decimal& field) {
  return static_cast<double>(field.numerator) / static_cast<double>(field.denominator);
}

/// Shortest text that reads back as the same number, whatever the locale.
inline std::string number_text(double x) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, x).ptr;
  if (std::fabs(x) >= 1e15 || x != std::floor(x)) return std::string(text, end);
  return std::to_string(static_cast<std::int64_t>(x));
}

[[noreturn]] inline void refuse(const std::string& key, const std::string& given,
                                const std::string& allowed) {
  throw PolicyError("policy key " + key + " = " + given + ": allowed is " + allowed);
}

/// The range of a key, to six digits: an hour in days is 0.0416667.
inline std::string range_text(const Key& key) {
  const auto rounded = [](double x) {
    char text[32];
    return std::string(
        text, std::to_chars(text, text + sizeof text, x, std::chars_format::general, 6).ptr);
  };
  return (key.low < 1 ? rounded(key.low) : number_text(key.low)) + " .. " + number_text(key.high);
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

namespace detail {

inline bool is_one_line(std::string_view text, std::size_t longest) {
  return text.size() <= longest && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

/// Finds everything in a policy that is out of range: calls `complain(key, given, allowed)`.
template <class Complain>
void examine(const Policy& policy, Complain&& complain) {
  const auto check = [&complain](std::string_view role) {
    return [&complain, role](const Key& key, const auto& field) {
      const double given = field_value(field) / key.unit;
      if (!(given >= key.low && given <= key.high))
        complain(key_text(key, role), number_text(given), range_text(key));
    };
  };
  visit_common(policy, check({}));
  const auto monotone = [&complain](const char* key, const Threshold& t) {
    if (t.keep.value > t.enter.value)
      complain(std::string("ladder.") + key + ".keep", number_text(t.keep.value),
               "at most its enter, " + number_text(t.enter.value));
  };
  monotone("client", policy.criteria.client);
  monotone("supporter", policy.criteria.supporter);
  monotone("advocate", policy.criteria.advocate);
  monotone("share_of_wallet", policy.criteria.share_of_wallet);
  monotone("partner", policy.criteria.partner);
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    const std::string_view role = role_names[i];
    visit_role(policy, static_cast<Role>(i), check(role));
    const QualityOptions& q = policy.roles[i].quality;
    const std::string section = "roles." + std::string(role) + ".quality.";
    if (!(std::fabs(total(q.weights) - 1) <= 1e-9))
      complain(section + "weight_*",
               number_text(q.weights.commitment) + ", " + number_text(q.weights.responsiveness) +
                   ", " + number_text(q.weights.reciprocity) + ", " + number_text(q.weights.trust),
               "four weights that sum to 1; these sum to " + number_text(total(q.weights)));
    if (q.fair_coverage < q.minimum_coverage)
      complain(section + "fair_coverage", number_text(q.fair_coverage),
               "at least minimum_coverage, " + number_text(q.minimum_coverage));
    if (q.strong_coverage < q.fair_coverage)
      complain(section + "strong_coverage", number_text(q.strong_coverage),
               "at least fair_coverage, " + number_text(q.fair_coverage));
  }
  const auto text = [&complain](std::string key, std::string_view given, std::size_t longest) {
    if (!is_one_line(given, longest))
      complain(std::move(key), "a text of " + std::to_string(given.size()) + " bytes",
               "one line of at most " + std::to_string(longest) + " bytes");
  };
  text("name", policy.name, 200);
  text("currency", policy.currency, 16);
  for (std::size_t i = 0; i < policy.rates.size(); ++i) {
    const Rate& rate = policy.rates[i];
    const std::string key = "rates." + rate.currency;
    if (rate.currency.empty() || !is_one_line(rate.currency, 16))
      complain("rates", "\"" + rate.currency + "\"", "the names of currencies, 1 to 16 bytes each");
    if (!(rate.rate >= 1e-9 && rate.rate <= 1e9))
      complain(key, number_text(rate.rate), "1e-9 .. 1e9");
    if (rate.currency == policy.currency && !policy.currency.empty())
      complain(key, number_text(rate.rate),
               "other currencies only: the policy's own is " + policy.currency);
    for (std::size_t j = 0; j < i; ++j)
      if (policy.rates[j].currency == rate.currency)
        complain(key, number_text(rate.rate), "one rate for each currency");
  }
  if (!policy.rates.empty() && policy.currency.empty())
    complain("rates", std::to_string(policy.rates.size()) + " currencies",
             "rates only beside `currency`, the one that they lead to");
  if (!(policy.purchase_cycle_days >= least_purchase_cycle_days &&
        policy.purchase_cycle_days <= most_purchase_cycle_days))
    complain("purchase_cycle_days", number_text(policy.purchase_cycle_days), "0.25 .. 9125");
  if (policy.landmark && !(*policy.landmark >= utc(1, 1, 1) && *policy.landmark < utc(10000, 1, 1)))
    complain("landmark", std::to_string(*policy.landmark) + " s",
             "a date, 0001-01-01 .. 9999-12-31");
  bool all_own = true;
  for (std::size_t i = 0; i < policy.labels.size(); ++i) {
    all_own = all_own && !policy.labels[i].empty();
    text("labels", policy.labels[i], 100);
    for (std::size_t j = 0; j < i; ++j)
      if (policy.label(static_cast<Rung>(i)) == policy.label(static_cast<Rung>(j)))
        complain("labels", "\"" + policy.labels[i] + "\" twice", "another label for each rung");
  }
  if (!speaks(policy.language) && !all_own) {
    std::string known;
    for (const RungLabels& language : rung_languages)
      known += std::string(language.language) + ", ";
    complain("language", "\"" + policy.language + "\"", known + "or any other with six `labels`");
  }
  text("language", policy.language, 35);
}

}  // namespace detail

/// Throws PolicyError, naming key, given value and what is allowed, where a policy is out of range:
/// single values, thresholds with keep above enter, weights that do not sum to 1, coverage grades out of
/// order, rates without a currency, an unknown language without own labels.
inline void validate(const Policy& policy) {
  detail::examine(policy, [](const std::string& key, const std::string& given,
                             const std::string& allowed) { detail::refuse(key, given, allowed); });
}

/// Three fingerprints of a policy, 16 hexadecimal digits each: what the sums depend on, the criteria,
/// and the whole. Equal choices have equal fingerprints on every platform.
struct Fingerprints {
  std::string fold;    ///< half-lives, effects, target, grace, perspective, money
  std::string ladder;  ///< criteria
  std::string policy;  ///< everything but the name
  friend bool operator==(const Fingerprints&, const Fingerprints&) = default;
};

/// The fingerprints of a policy. Allocates; not for the hot path.
inline Fingerprints fingerprints(const Policy& policy) {
  detail::Hash fold;
  detail::Hash ladder;
  detail::Hash whole;
  visit_common(policy, [&](const Key& key, const auto& field) {
    detail::Hash& own = key.scope == KeyScope::fold ? fold : ladder;
    for (detail::Hash* hash : {&own, &whole}) {
      hash->add(detail::key_text(key));
      hash->add(detail::chosen_value(field));
    }
  });
  std::vector<Rate> rates = policy.rates;
  std::sort(rates.begin(), rates.end(),
            [](const Rate& a, const Rate& b) { return a.currency < b.currency; });
  for (detail::Hash* hash : {&fold, &whole}) {
    hash->add(side_names[static_cast<std::size_t>(policy.fold.perspective)]);
    hash->add(policy.currency);
    for (const Rate& rate : rates) {
      hash->add(rate.currency);
      hash->add(rate.rate);
    }
  }
  for (int i = 0; i < role_count; ++i)
    visit_role(policy, static_cast<Role>(i), [&](const Key& key, const auto& field) {
      whole.add(detail::key_text(key, role_names[static_cast<std::size_t>(i)]));
      whole.add(detail::chosen_value(field));
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
  /// `landmark`, where given, outranks the policy's; without either it is 2020-01-01. Throws PolicyError.
  explicit Rules(Policy policy = {}, std::optional<Time> landmark = std::nullopt)
      : policy_((validate(policy), std::move(policy))),
        fold_(policy_.fold, policy_.criteria,
              landmark ? *landmark : policy_.landmark.value_or(default_landmark)) {
    scorers_.reserve(role_count);
    for (const ScoringOptions& options : policy_.roles) scorers_.emplace_back(options, fold_);
  }

  const Policy& policy() const noexcept { return policy_; }
  /// What applying events needs. O(1).
  const FoldRules& fold() const noexcept { return fold_; }
  operator const FoldRules&() const noexcept { return fold_; }  // NOLINT: rules are fold rules
  /// What scoring a relationship of a role needs. O(1).
  const Scorer& scorer(Role role) const noexcept {
    return scorers_[static_cast<std::size_t>(role)];
  }
  /// UTC second that places the window of exact sums.
  Time landmark() const noexcept { return fold_.landmark; }

  /// A date of assessment; throws WindowError outside the landmark's window. The rules must outlive it.
  AsOf at(Time now) const { return AsOf(now, fold_); }

 private:
  Policy policy_;
  FoldRules fold_;
  std::vector<Scorer> scorers_;
};

/// The full assessment of one relationship under a policy's rules for its role. About 2 us, no allocation.
inline Assessment assess(const Relationship& r, const AsOf& at, const Rules& rules,
                         Role role = Role::consumer, Lit lit = {}) noexcept {
  return assess(r, at, rules.scorer(role), lit);
}

}  // namespace loyalty
