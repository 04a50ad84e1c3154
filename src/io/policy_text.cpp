// SPDX-License-Identifier: MIT
#include <loyalty/io/policy_text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

// The parser asserts what some broken documents do not keep ("[" at the end of a line, in its version 3.3), and a
// release build would take it for granted. Here that is an error like any other, in every build.
namespace loyalty::detail {
struct BrokenToml {};
[[noreturn]] inline void broken_toml() { throw BrokenToml{}; }
}  // namespace loyalty::detail
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(holds) ((holds) ? void() : ::loyalty::detail::broken_toml())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace loyalty {
namespace {

using namespace std::string_view_literals;

constexpr std::array top_names = {
    "name"sv,         "perspective"sv, "default_role"sv,        "landmark"sv, "currency"sv,
    "minor_digits"sv, "language"sv,    "purchase_cycle_days"sv, "observes"sv, "labels"sv};

std::string join(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

template <class Names>
std::string listed(const Names& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// --- reading --------------------------------------------------------------------------------------------------------

/// Edits that turn one word into another: letters changed, added, left out or swapped.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// The name that was probably meant, or nothing.
std::string_view nearest(std::string_view given, const std::set<std::string, std::less<>>& names) {
  std::string_view best;
  if (given.size() > 100) return best;
  std::size_t least = std::max<std::size_t>(1, given.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool starts = given.size() >= 3 && name.starts_with(given);
    const std::size_t edits = starts ? 1 : distance(given, name);
    if (edits < least) {
      least = edits;
      best = name;
    }
  }
  return best;
}

/// A text from the file, fit for one line of a message: quoted, short, without control characters.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, longest))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (text.size() > longest) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    if (static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
    out += "...";
  }
  return out + '"';
}

std::string date_time_text(const toml::date& d, const toml::time* t) {
  std::string s = fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
  if (t != nullptr) s += fmt::format("T{:02}:{:02}:{:02}", t->hour, t->minute, t->second);
  return s;
}

/// A value of the file as it is shown in a message.
std::string given_text(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return in_quotes(node.as_string()->get());
    case toml::node_type::integer:
      return fmt::format("{}", node.as_integer()->get());
    case toml::node_type::floating_point:
      return detail::number_text(node.as_floating_point()->get());
    case toml::node_type::boolean:
      return node.as_boolean()->get() ? "true" : "false";
    case toml::node_type::date:
      return date_time_text(node.as_date()->get(), nullptr);
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time: {
      const toml::date_time& t = node.as_date_time()->get();
      return date_time_text(t.date, &t.time);
    }
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

struct Problem {
  std::size_t line;
  std::string text;
};

/// Reads a policy out of a parsed file and collects what is wrong with it.
class Reader {
 public:
  Reader(const toml::table& root, std::string_view source) : root_(root), source_(source) {}

  Policy read() {
    note_lines(root_, "");
    read_texts();
    const bool cycle_given = read_cycle();
    visit_common(policy_, [this](const Key& key, auto& field) { number(key, "", field); });
    if (cycle_given && taken_.count("half_life_days.purchases") == 0)
      policy_.fold.half_lives.purchases = purchases_half_life(policy_.purchase_cycle_days);
    for (std::size_t i = 0; i < role_names.size(); ++i)
      visit_role(policy_, static_cast<Role>(i),
                 [this](const Key& key, auto& field) { number(key, "", field); });
    for (std::size_t i = 0; i < role_names.size(); ++i) {
      const std::string prefix = join("roles", role_names[i]);
      know(prefix);
      visit_role(policy_, static_cast<Role>(i),
                 [&](const Key& key, auto& field) { number(key, prefix, field); });
    }
    read_rates();
    refuse_unknown(root_, "");
    if (problems_.empty())
      detail::examine(policy_, [this](const std::string& key, const std::string& given,
                                      const std::string& allowed) {
        wrong(line_of(key), named_as_given(key), given, allowed);
      });
    report();
    return std::move(policy_);
  }

 private:
  static std::size_t line(const toml::node& node) { return node.source().begin.line; }

  void wrong(std::size_t at, std::string_view key, std::string_view given,
             std::string_view allowed) {
    problems_.push_back({at, fmt::format("{} = {}: allowed is {}", key, given, allowed)});
  }
  void wrong(std::string_view key, const toml::node& node, std::string_view allowed) {
    wrong(line(node), key, given_text(node), allowed);
  }

  void note_lines(const toml::table& table, const std::string& path) {
    for (const auto& [key, node] : table) {
      const std::string full = join(path, key.str());
      lines_.emplace(full, key.source().begin.line);
      if (const toml::table* inner = node.as_table()) note_lines(*inner, full);
    }
  }

  /// The line that decides about a key: its own, or that of all roles, or that of its table.
  std::size_t line_of(std::string key) const {
    if (key.size() > 2 && key.ends_with("_*")) {
      const std::string start = key.substr(0, key.size() - 1);
      for (const std::string& prefix : {start, without_role(start)})
        for (const auto& [known, at] : lines_)
          if (known.starts_with(prefix)) return at;
    }
    while (!key.empty()) {
      for (const std::string& name : {key, without_role(key)})
        if (const auto found = lines_.find(name); found != lines_.end()) return found->second;
      // The threshold beside it: `keep` clashes with `enter`.
      if (key.ends_with(".keep"))
        if (const auto found = lines_.find(key.substr(0, key.size() - 4) + "enter");
            found != lines_.end())
          return found->second;
      const std::size_t dot = key.rfind('.');
      if (dot == std::string::npos) break;
      key.resize(dot);
    }
    return 1;
  }
  /// A role's key by the name for all roles, where the file says nothing of the role.
  std::string named_as_given(const std::string& key) const {
    const bool own = lines_.count(key.substr(0, key.rfind('.'))) != 0;
    return own ? key : without_role(key);
  }
  static std::string without_role(const std::string& key) {
    if (!key.starts_with("roles.")) return key;
    const std::size_t dot = key.find('.', 6);
    return dot == std::string::npos ? key : key.substr(dot + 1);
  }

  /// Makes a dotted name and the tables above it known.
  void know(std::string_view key) {
    while (!key.empty()) {
      const std::size_t dot = key.rfind('.');
      const bool top = dot == std::string_view::npos;
      const auto above = top ? std::string_view() : key.substr(0, dot);
      known_[std::string(above)].emplace(top ? key : key.substr(dot + 1));
      key = above;
    }
  }

  /// The value of a key, where the file gives one. A table that is none is reported once.
  const toml::node* take(const std::string& key) {
    know(key);
    const toml::table* table = &root_;
    std::string_view rest = key;
    for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      const toml::node* inner = table->get(rest.substr(0, dot));
      if (inner == nullptr) return nullptr;
      rest.remove_prefix(dot + 1);
      table = inner->as_table();
      if (table == nullptr) {
        const std::string path = key.substr(0, key.size() - rest.size() - 1);
        if (bad_tables_.insert(path).second)
          wrong(path, *inner, fmt::format("a table, [{}]", path));
        return nullptr;
      }
    }
    const toml::node* node = table->get(rest);
    if (node != nullptr) taken_.insert(key);
    return node;
  }

  static std::optional<double> number_of(const toml::node& node) {
    if (const auto* whole = node.as_integer()) return static_cast<double>(whole->get());
    if (const auto* real = node.as_floating_point()) return real->get();
    return std::nullopt;
  }

  template <class Field>
  void number(const Key& key, std::string_view prefix, Field& field) {
    const std::string name = join(prefix, join(key.section, key.name));
    const toml::node* node = take(name);
    if (node == nullptr) return;
    const std::optional<double> given = number_of(*node);
    // Keys for all roles are visited once for each.
    if (!given || !(*given >= key.low && *given <= key.high)) {
      if (refused_.insert(name).second)
        wrong(name, *node, (given ? "" : "a number, ") + detail::range_text(key));
      return;
    }
    if constexpr (std::same_as<Field, double>) {
      field = key.unit * *given;
    } else if constexpr (std::same_as<Field, Decimal>) {
      const Decimal decimal(*given);
      if (detail::chosen_value(decimal) != *given)
        wrong(name, *node, "a decimal of at most six places");
      field = decimal;
    } else {
      // What a whole number of seconds is in days may miss it by its last digits.
      const double exact = key.unit * *given;
      const double rounded = std::round(exact);
      if (std::fabs(exact - rounded) > (key.unit == 1 ? 0 : 1e-4))
        wrong(name, *node,
              key.unit == 1 ? "a whole number, " + detail::range_text(key)
                            : fmt::format("a whole number of seconds, this is {}; nearest is {}",
                                          detail::number_text(exact),
                                          detail::number_text(rounded / key.unit)));
      field = static_cast<Field>(rounded);
    }
  }

  const std::string* text(const std::string& key, std::string_view allowed) {
    const toml::node* node = take(key);
    if (node == nullptr) return nullptr;
    if (const auto* value = node->as_string()) return &value->get();
    wrong(key, *node, allowed);
    return nullptr;
  }

  /// One of some names; their index.
  template <std::size_t N>
  void choice(const std::string& key, const std::array<std::string_view, N>& names, auto& field) {
    const std::string allowed = listed(names);
    const std::string* given = text(key, allowed);
    if (given == nullptr) return;
    const auto found = std::find(names.begin(), names.end(), *given);
    if (found == names.end())
      wrong(key, *root_.get(key), allowed);
    else
      field = static_cast<std::remove_reference_t<decltype(field)>>(found - names.begin());
  }

  void read_texts() {
    for (const std::string_view key : top_names) know(key);
    if (const auto* name = text("name", "a text")) policy_.name = *name;
    choice("perspective", side_names, policy_.fold.perspective);
    choice("default_role", role_names, policy_.default_role);
    if (const auto* currency = text("currency", "a text such as \"EUR\""))
      policy_.currency = *currency;
    if (const auto* language = text("language", "a text such as \"en\""))
      policy_.language = *language;
    read_landmark();
    read_observes();
    read_labels();
  }

  void read_landmark() {
    const toml::node* node = take("landmark");
    if (node == nullptr) return;
    constexpr std::string_view allowed = "a date such as 2024-12-31, or 2024-12-31T18:00:00Z";
    const toml::node* value = node;
    toml::table inner;
    if (const auto* s = node->as_string()) {
      if (s->get().size() > 40 ||
          s->get().find_first_not_of("0123456789-+:.TtZz ") != std::string::npos)
        return wrong("landmark", *node, allowed);
      try {
        inner = toml::parse(fmt::format("v = {}", s->get()));
      } catch (const toml::parse_error&) {
        return wrong("landmark", *node, allowed);
      }
      value = inner.get("v");
    }
    const auto midnight = [](const toml::date& d) { return utc(d.year, d.month, d.day); };
    if (const auto* d = value->as_date()) {
      policy_.landmark = midnight(d->get());
    } else if (const auto* t = value->as_date_time()) {
      const toml::date_time& at = t->get();
      if (!at.offset)
        return wrong("landmark", *node, "a time with its zone, such as 2024-12-31T18:00:00Z");
      if (at.time.nanosecond != 0) return wrong("landmark", *node, "a whole second");
      policy_.landmark = midnight(at.date) + Time{at.time.hour} * 3600 + Time{at.time.minute} * 60 +
                         Time{at.time.second} - Time{at.offset->minutes} * 60;
    } else {
      wrong("landmark", *node, allowed);
    }
  }

  void read_observes() {
    const toml::node* node = take("observes");
    if (node == nullptr) return;
    const std::string allowed =
        "a list of kinds: " + listed(kind_names) + ", " + std::string(commitment_survey_name);
    const toml::array* list = node->as_array();
    if (list == nullptr) return wrong("observes", *node, allowed);
    std::set<std::string, std::less<>> names(kind_names.begin(), kind_names.end());
    names.emplace(commitment_survey_name);
    Observed seen;
    for (const toml::node& entry : *list) {
      const auto* name = entry.as_string();
      if (name != nullptr && name->get() == commitment_survey_name) {
        seen |= observed_commitment_survey;
        continue;
      }
      const auto found = name == nullptr
                             ? kind_names.end()
                             : std::find(kind_names.begin(), kind_names.end(), name->get());
      if (found != kind_names.end()) {
        seen.see(static_cast<Kind>(found - kind_names.begin()));
        continue;
      }
      const auto meant = name == nullptr ? std::string_view() : nearest(name->get(), names);
      wrong("observes", entry,
            meant.empty() ? allowed : fmt::format("a kind; did you mean \"{}\"?", meant));
    }
    policy_.observes = seen;
  }

  void read_labels() {
    const toml::node* node = take("labels");
    if (node == nullptr) return;
    constexpr std::string_view allowed =
        "a list of six texts, from prospect to partner (\"\" keeps the language's)";
    const toml::array* list = node->as_array();
    if (list == nullptr) return wrong("labels", *node, allowed);
    if (list->size() != policy_.labels.size())
      return wrong(line(*node), "labels", fmt::format("a list of {}", list->size()), allowed);
    for (std::size_t i = 0; i < policy_.labels.size(); ++i) {
      if (const auto* label = list->get(i)->as_string())
        policy_.labels[i] = label->get();
      else
        wrong("labels", *list->get(i), allowed);
    }
  }

  bool read_cycle() {
    const toml::node* node = take("purchase_cycle_days");
    if (node == nullptr) return false;
    const std::optional<double> given = number_of(*node);
    if (given && *given >= 0.25 && *given <= 9125) {
      policy_.purchase_cycle_days = *given;
      return true;
    }
    wrong("purchase_cycle_days", *node, given ? "0.25 .. 9125" : "a number, 0.25 .. 9125");
    return false;
  }

  void read_rates() {
    know("rates");
    const toml::node* node = root_.get("rates");
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return wrong("rates", *node, "a table, [rates]");
    for (const auto& [key, value] : *table) {
      const std::optional<double> rate = number_of(value);
      if (!rate)
        wrong(join("rates", key.str()), value, "a number, 1e-9 .. 1e9");
      else
        policy_.rates.push_back({std::string(key.str()), *rate});
    }
  }

  void refuse_unknown(const toml::table& table, const std::string& path) {
    if (path == "rates") return;
    const auto& names = known_[path];
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const std::string full = join(path, name);
      if (names.count(name) == 0) {
        unknown(key.source().begin.line, path, name, names);
      } else if (const toml::table* inner = node.as_table();
                 inner != nullptr && known_.count(full) != 0) {
        refuse_unknown(*inner, full);
      } else if (inner == nullptr && known_.count(full) != 0 && taken_.count(full) == 0 &&
                 bad_tables_.insert(full).second && full != "rates") {
        wrong(full, node, fmt::format("a table, [{}]", full));
      }
    }
  }

  void unknown(std::size_t at, const std::string& path, const std::string& name,
               const std::set<std::string, std::less<>>& names) {
    std::string text = fmt::format("unknown key {}", in_quotes(join(path, name)));
    const std::string common = without_role(join(path, name));
    if (path == "roles") {
      text += ": roles are " + listed(role_names);
    } else if (path.starts_with("roles.") && is_common(common)) {
      text += fmt::format(": it is the same for all roles, write {}", common);
    } else if (const std::string_view meant = nearest(name, names); !meant.empty()) {
      text += fmt::format(": did you mean {}?", in_quotes(join(path, meant)));
    } else if (const std::string elsewhere = section_with(name); !elsewhere.empty()) {
      text += fmt::format(": did you mean {}?", in_quotes(join(elsewhere, name)));
    } else {
      text +=
          fmt::format(": {} has {}", path.empty() ? "a policy" : "[" + path + "]", listed(names));
    }
    problems_.push_back({at, std::move(text)});
  }
  bool is_common(const std::string& key) const {
    const std::size_t dot = key.rfind('.');
    const auto section = known_.find(dot == std::string::npos ? "" : key.substr(0, dot));
    return section != known_.end() && section->second.count(key.substr(dot + 1)) != 0;
  }
  /// The only section that has such a key, or nothing.
  std::string section_with(const std::string& name) const {
    std::string only;
    for (const auto& [path, names] : known_) {
      if (path.starts_with("roles") || path.empty() || names.count(name) == 0) continue;
      if (!only.empty()) return {};
      only = path;
    }
    return only;
  }

  void report() {
    if (problems_.empty()) return;
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    constexpr std::size_t most = 20;
    std::string text;
    std::set<std::string> said;
    for (const Problem& problem : problems_) {
      std::string row = fmt::format("{}:{}: {}", source_, problem.line, problem.text);
      if (!said.insert(row).second) continue;
      if (said.size() > most) {
        text += fmt::format("\n{}: more problems, not shown", source_);
        break;
      }
      if (!text.empty()) text += '\n';
      text += row;
    }
    throw PolicyError(text);
  }

  const toml::table& root_;
  std::string_view source_;
  Policy policy_;
  std::vector<Problem> problems_;
  std::map<std::string, std::size_t> lines_;  ///< of every key that the file has
  std::map<std::string, std::set<std::string, std::less<>>> known_;  ///< names by table
  std::set<std::string> taken_;
  std::set<std::string> refused_;
  std::set<std::string> bad_tables_;
};

// --- writing --------------------------------------------------------------------------------------------------------

struct About {
  std::string_view key;
  std::string_view text;
};

/// A comment for every key of the full text.
constexpr About comments[] = {
    {"half_life_days", "evidence counts half after so many days; a whole number of seconds"},
    {"half_life_days.guarantees", "guarantees kept and breached"},
    {"half_life_days.trust", "promises, payments, complaints"},
    {"half_life_days.responses", "answered requests and their answer times"},
    {"half_life_days.concessions", "concessions granted and refused"},
    {"half_life_days.reciprocity", "value given by each side"},
    {"half_life_days.purchases", "four purchase cycles, unless set here"},
    {"half_life_days.support", "contacts, participations, reviews"},
    {"half_life_days.advocacy", "referrals, attendance, novelties"},
    {"half_life_days.partnership", "suggestions, work done together"},
    {"half_life_days.margin", "margin of purchases"},
    {"half_life_days.cost", "cost to serve"},
    {"promise", "promises and payments"},
    {"promise.grace_hours", "late by no more than this still counts as kept"},
    {"effects", "what one event of weight 1 adds to the evidence"},
    {"effects.purchase_regularity", "purchase: buys regularly"},
    {"effects.purchase_elsewhere", "purchase_elsewhere: share of wallet"},
    {"effects.return_broken", "return that is our fault: a promise not kept"},
    {"effects.contact_support", "contact that they made"},
    {"effects.participation_support", "participation: support"},
    {"effects.participation_received", "participation: points given by them"},
    {"effects.review_support", "review: support, times its place on the scale"},
    {"effects.review_received", "review: points given by them"},
    {"effects.attendance_advocacy", "attendance: advocacy"},
    {"effects.novelty_advocacy", "novelty: advocacy"},
    {"effects.referral_advocacy", "referral: advocacy"},
    {"effects.referral_received", "referral: points given by them"},
    {"effects.suggestion_partnership", "suggestion: partnership"},
    {"effects.suggestion_received", "suggestion: points given by them"},
    {"effects.co_creation_partnership", "co_creation: partnership"},
    {"effects.co_creation_received", "co_creation: points given by them"},
    {"effects.gift_given", "gift: points given by us"},
    {"effects.promise_kept", "promise kept in time"},
    {"effects.promise_late", "promise kept late"},
    {"effects.promise_broken", "promise broken: a grave failure"},
    {"effects.payment_kept", "our payment in time"},
    {"effects.payment_late", "our payment late"},
    {"effects.payment_broken", "our payment never made: a grave failure"},
    {"effects.guarantee_kept", "guarantee kept"},
    {"effects.guarantee_breached", "guarantee breached: commitment"},
    {"effects.guarantee_grave", "guarantee breached: a grave failure of trust"},
    {"effects.concession", "concession, split into granted and refused"},
    {"effects.complaint_grave", "complaint: a grave failure"},
    {"effects.resolution_kept", "complaint resolved"},
    {"effects.survey", "survey answer, split by its place on the scale"},
    {"effects.survey_support", "survey answer: support"},
    {"commitment", "guarantees and long-term obligations; for all roles"},
    {"commitment.prior_kept", "guarantees kept, before any evidence"},
    {"commitment.prior_breached", "guarantees breached, before any evidence"},
    {"commitment.contract_weight", "weight of a contract that runs; 0: the role has none"},
    {"commitment.contract_half_life_days", "a contract this long counts half"},
    {"responsiveness", "speed of answer and readiness to concede; for all roles"},
    {"responsiveness.target_hours", "an answer within this time is in time"},
    {"responsiveness.prior_answers", "answers, before any evidence"},
    {"responsiveness.prior_time", "their answer times together, in targets"},
    {"responsiveness.prior_granted", "concessions granted, before any evidence"},
    {"responsiveness.prior_refused", "concessions refused, before any evidence"},
    {"responsiveness.speed_weight", "weight of speed; the rest is readiness to concede"},
    {"reciprocity", "give and take; for all roles"},
    {"reciprocity.prior_given", "points given by us, before any evidence"},
    {"reciprocity.prior_received", "points given by them, before any evidence"},
    {"trust", "did we do what we said; for all roles"},
    {"trust.prior_kept", "promises kept, before any evidence"},
    {"trust.prior_broken", "promises broken, before any evidence"},
    {"trust.grave_weight", "a grave failure weighs so many others"},
    {"quality", "how the four parameters make the quality; for all roles"},
    {"quality.weight_commitment", "the four weights sum to 1"},
    {"quality.weight_responsiveness", ""},
    {"quality.weight_reciprocity", ""},
    {"quality.weight_trust", ""},
    {"quality.minimum_coverage", "below it no quality is published"},
    {"quality.fair_coverage", "from here the evidence is fair, below it thin"},
    {"quality.strong_coverage", "from here the evidence is strong"},
    {"ladder.client", "purchases; a contract that runs also makes a client"},
    {"ladder.client.purchases", "purchases ever, at least"},
    {"ladder.client.enter", "decayed purchases that reach the rung"},
    {"ladder.client.keep", "below it the rung is lost"},
    {"ladder.supporter", "decayed support evidence"},
    {"ladder.supporter.enter", ""},
    {"ladder.supporter.keep", ""},
    {"ladder.advocate", "decayed advocacy evidence"},
    {"ladder.advocate.enter", ""},
    {"ladder.advocate.keep", ""},
    {"ladder.share_of_wallet", "of an advocate, once a purchase elsewhere is known"},
    {"ladder.share_of_wallet.enter", ""},
    {"ladder.share_of_wallet.keep", ""},
    {"ladder.partner", "decayed partnership evidence"},
    {"ladder.partner.enter", ""},
    {"ladder.partner.keep", ""},
};

std::string_view comment_of(std::string_view key) {
  for (const About& about : comments)
    if (about.key == key) return about.text;
  return {};
}

/// A TOML basic string.
std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string toml_key(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
  });
  return bare ? std::string(key) : toml_text(key);
}

std::string toml_landmark(Time landmark) {
  const Time second = landmark - floor_div(landmark, day) * day;
  if (second == 0) return date_text(landmark);
  return fmt::format("{}T{:02}:{:02}:{:02}Z", date_text(landmark), second / 3600, second / 60 % 60,
                     second % 60);
}

std::string toml_observed(Observed observed) {
  std::vector<std::string> kinds;
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    const auto kind = static_cast<Kind>(i);
    if (observed.sees(kind)) kinds.push_back(toml_text(kind_names[i]));
    if (kind == Kind::survey && observed.sees_any(observed_commitment_survey))
      kinds.push_back(toml_text(commitment_survey_name));
  }
  return fmt::format("[{}]", fmt::join(kinds, ", "));
}

/// The number as the file writes it: a field in the file's unit.
template <class Field>
std::string toml_number(const Key& key, const Field& field) {
  return detail::number_text(detail::chosen_value(field) / key.unit);
}

/// Collects lines by section, in the order of their first mention.
class Writer {
 public:
  explicit Writer(PolicyText style) : full_(style == PolicyText::full) {}

  /// A key with its value: always in the full text, else where it is not the default.
  void add(std::string_view section, std::string_view name, std::string value,
           std::string_view normal, std::string_view comment) {
    const bool differs = value != normal;
    if (!full_ && !differs) return;
    std::string note(comment);
    if (full_ && differs && !normal.empty())
      note += fmt::format("{}default {}", note.empty() ? "" : "; ", normal);
    line(section, fmt::format("{} = {}", name, value), note);
  }
  /// A key that is not set, as an example in the full text.
  void example(std::string_view section, std::string_view text, std::string_view comment) {
    if (full_) line(section, fmt::format("# {}", text), comment);
  }

  std::string text() const {
    std::string out =
        full_ ? "# A loyalty policy with every key. A key that is left out has its default.\n"
              : "# A loyalty policy. A key that is left out has its default.\n";
    for (const Section& section : sections_) {
      out += '\n';
      if (!section.name.empty()) {
        const std::string_view about = full_ ? comment_of(section.name) : std::string_view();
        if (!about.empty()) out += fmt::format("# {}\n", about);
        out += fmt::format("[{}]\n", section.name);
      }
      std::size_t width = 0;
      for (const Line& l : section.lines)
        if (l.text.size() <= widest) width = std::max(width, l.text.size());
      for (const Line& l : section.lines)
        out += !full_ || l.comment.empty()
                   ? l.text + '\n'
                   : fmt::format("{:<{}}  # {}\n", l.text, width, l.comment);
    }
    return out;
  }

 private:
  static constexpr std::size_t widest = 36;
  struct Line {
    std::string text;
    std::string comment;
  };
  struct Section {
    std::string name;
    std::vector<Line> lines;
  };

  void line(std::string_view section, std::string text, std::string_view comment) {
    auto found = std::find_if(sections_.begin(), sections_.end(),
                              [&](const Section& s) { return s.name == section; });
    if (found == sections_.end()) found = sections_.insert(found, {std::string(section), {}});
    found->lines.push_back({std::move(text), std::string(comment)});
  }

  bool full_;
  std::vector<Section> sections_;
};

void write_top(const Policy& p, const Policy& normal, Writer& out) {
  out.add("", "name", toml_text(p.name), toml_text(normal.name), "");
  const auto side = [](const Policy& q) {
    return toml_text(side_names[static_cast<std::size_t>(q.fold.perspective)]);
  };
  out.add("", "perspective", side(p), side(normal),
          R"(whose conduct is judged: "us", or "them" for a supplier scorecard)");
  const auto role = [](const Policy& q) {
    return toml_text(role_names[static_cast<std::size_t>(q.default_role)]);
  };
  out.add("", "default_role", role(p), role(normal), listed(role_names));
  constexpr std::string_view about_landmark = "assessment dates lie within 30 half-lives of it";
  if (p.landmark)
    out.add("", "landmark", toml_landmark(*p.landmark), "", about_landmark);
  else
    out.example("", "landmark = " + toml_landmark(default_landmark), about_landmark);
  constexpr std::string_view about_currency = "of all money; not set: the first that the log names";
  if (p.currency.empty())
    out.example("", "currency = \"EUR\"", about_currency);
  else
    out.add("", "currency", toml_text(p.currency), "", about_currency);
  visit_common(p, [&](const Key& key, const auto& field) {
    if (key.section.empty())
      out.add("", key.name, toml_number(key, field), std::to_string(normal.fold.minor_digits),
              "decimal places of the currency");
  });
  out.add("", "language", toml_text(p.language), toml_text(normal.language),
          "of rung labels: en, de, ru, or any with six labels");
  std::vector<std::string> own;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    own.push_back(toml_text(p.labels[i]));
    shown.push_back(toml_text(p.label(static_cast<Rung>(i))));
  }
  if (p.labels == normal.labels)
    out.example("", fmt::format("labels = [{}]", fmt::join(shown, ", ")), "own rung labels");
  else
    out.add("", "labels", fmt::format("[{}]", fmt::join(own, ", ")), "", "own rung labels");
  out.add("", "purchase_cycle_days", detail::number_text(p.purchase_cycle_days),
          detail::number_text(normal.purchase_cycle_days), "median gap of a client's purchases");
  if (p.observes)
    out.add("", "observes", toml_observed(*p.observes), "", "kinds that the log records");
  else
    out.example("", R"(observes = ["purchase", "request", "response", "survey:commitment"])",
                "not set: the kinds seen");
}

void write_common(const Policy& p, const Policy& normal, PolicyText style, Writer& out) {
  // Without a key of its own the half-life of purchases follows the cycle, where the text shows that.
  const bool cycle_shown =
      style == PolicyText::full || p.purchase_cycle_days != normal.purchase_cycle_days;
  const Time implied =
      cycle_shown ? purchases_half_life(p.purchase_cycle_days) : normal.fold.half_lives.purchases;
  std::vector<std::string> defaults;
  visit_common(normal, [&](const Key& key, const auto& field) {
    defaults.push_back(toml_number(key, field));
  });
  std::size_t i = 0;
  visit_common(p, [&](const Key& key, const auto& field) {
    const std::string& usual = defaults[i++];
    const std::string name = detail::key_text(key);
    const std::string value = toml_number(key, field);
    if (key.section.empty()) return;
    if (name == "half_life_days.purchases") {
      if (p.fold.half_lives.purchases == implied)
        out.example(key.section, fmt::format("{} = {}", key.name, value), comment_of(name));
      else
        out.add(key.section, key.name, value, "", comment_of(name));
      return;
    }
    out.add(key.section, key.name, value, usual, comment_of(name));
  });
}

void write_roles(const Policy& p, const Policy& normal, Writer& out) {
  struct ByRole {
    Key key;
    std::vector<std::string> value;
    std::vector<std::string> usual;
  };
  std::vector<ByRole> all;
  for (std::size_t r = 0; r < role_names.size(); ++r) {
    std::size_t i = 0;
    visit_role(p, static_cast<Role>(r), [&](const Key& key, const auto& field) {
      if (r == 0) all.push_back({key, {}, {}});
      all[i++].value.push_back(toml_number(key, field));
    });
    i = 0;
    visit_role(normal, static_cast<Role>(r), [&](const Key& key, const auto& field) {
      all[i++].usual.push_back(toml_number(key, field));
    });
  }
  const auto same = [](const std::vector<std::string>& v) {
    return std::adjacent_find(v.begin(), v.end(), std::not_equal_to<>()) == v.end();
  };
  // The value for all roles: what most of them have, where that is shorter than the exceptions alone.
  const auto base_of = [&same](const ByRole& k) -> std::optional<std::string> {
    if (same(k.value)) return k.value[0];
    std::size_t overrides = 0;
    for (std::size_t r = 0; r < k.value.size(); ++r)
      overrides += k.value[r] != k.usual[r] ? 1U : 0U;
    for (const std::string& value : k.value) {
      const auto have = static_cast<std::size_t>(std::count(k.value.begin(), k.value.end(), value));
      if (1 + k.value.size() - have < overrides) return value;
    }
    return std::nullopt;
  };
  for (const ByRole& k : all) {
    const std::string_view comment = comment_of(detail::key_text(k.key));
    if (const auto base = base_of(k))
      out.add(k.key.section, k.key.name, *base,
              k.value == k.usual ? *base
              : same(k.usual)    ? k.usual[0]
                                 : "",
              comment);
    else
      out.example(k.key.section, fmt::format("{} = by role, below", k.key.name), comment);
  }
  for (std::size_t r = 0; r < role_names.size(); ++r) {
    for (const ByRole& k : all) {
      const std::optional<std::string> base = base_of(k);
      const std::string section = join(join("roles", role_names[r]), k.key.section);
      if (!base)
        out.add(section, k.key.name, k.value[r], k.usual[r], "");
      else if (k.value[r] != *base)
        out.add(section, k.key.name, k.value[r], "", "");
    }
  }
}

void write_rates(const Policy& p, Writer& out) {
  std::vector<Rate> rates = p.rates;
  std::sort(rates.begin(), rates.end(),
            [](const Rate& a, const Rate& b) { return a.currency < b.currency; });
  for (const Rate& rate : rates)
    out.add("rates", toml_key(rate.currency), detail::number_text(rate.rate), "",
            fmt::format("one {} in {}", rate.currency, p.currency));
}

}  // namespace

Policy parse_policy(std::string_view toml, std::string_view source_name, std::size_t most_bytes) {
  if (toml.size() > most_bytes)
    throw PolicyError(fmt::format("{}: {} bytes are no policy: allowed are {}", source_name,
                                  toml.size(), most_bytes));
  toml::table root;
  try {
    root = toml::parse(toml, source_name);
  } catch (const toml::parse_error& error) {
    throw PolicyError(fmt::format("{}:{}:{}: {}", source_name, error.source().begin.line,
                                  error.source().begin.column, error.description()));
  } catch (const detail::BrokenToml&) {
    throw PolicyError(fmt::format("{}: is no TOML: a [section] or a key breaks off", source_name));
  }
  return Reader(root, source_name).read();
}

Policy load_policy(const std::filesystem::path& file, std::size_t most_bytes) {
  const std::string name = file.string();
  std::error_code none;
  if (std::filesystem::is_directory(file, none))
    throw PolicyError(fmt::format("{}: is a folder, not a policy file", name));
  std::ifstream in(file, std::ios::binary);
  if (!in)  // in our own words: the system's depend on the locale
    throw PolicyError(fmt::format(
        "{}: {}", name, std::filesystem::exists(file, none) ? "cannot be read" : "no such file"));
  std::string text;
  std::array<char, 1 << 14> block;
  while (in && text.size() <= most_bytes) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) throw PolicyError(fmt::format("{}: cannot be read", name));
  if (text.size() > most_bytes)
    throw PolicyError(fmt::format("{}: more than {} bytes are no policy", name, most_bytes));
  return parse_policy(text, name, most_bytes);
}

std::string to_toml(const Policy& policy, PolicyText style) {
  const Policy normal;
  Writer out(style);
  write_top(policy, normal, out);
  write_common(policy, normal, style, out);
  write_roles(policy, normal, out);
  write_rates(policy, out);
  return out.text();
}

}  // namespace loyalty
