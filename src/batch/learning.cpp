// SPDX-License-Identifier: MIT
#include <loyalty/batch/learning.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <loyalty/core/error.hpp>
#include <loyalty/math/normal.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>

#include "batch/ledger.hpp"
#include "batch/stream_model.hpp"
#include "core/counts.hpp"

namespace loyalty {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// What fades by so much a second, fades by so much in `seconds`.
double fade(Time seconds, double half_life) noexcept {
  return std::exp2(-static_cast<double>(seconds) / half_life);
}

// ---- what a policy says of a stream ------------------------------------------------------------------

/// The two numbers of a stream's prior, and what the policy calls them.
struct PriorKeys {
  std::string_view section;
  std::string_view first;
  std::string_view second;
};
constexpr std::array<PriorKeys, stream_count> prior_keys = {{
    {"commitment", "prior_kept", "prior_breached"},
    {"trust", "prior_kept", "prior_broken"},
    {"responsiveness", "prior_answers", "prior_time"},
    {"responsiveness", "prior_granted", "prior_refused"},
    {"reciprocity", "prior_given", "prior_received"},
}};

template <class Options>  // ScoringOptions, const or not
auto prior_of(Options& o, Stream stream) {
  switch (stream) {
    case Stream::guarantees:
      return std::pair(&o.commitment.prior_kept, &o.commitment.prior_breached);
    case Stream::trust:
      return std::pair(&o.trust.prior_kept, &o.trust.prior_broken);
    case Stream::responses:
      return std::pair(&o.responsiveness.prior_answers, &o.responsiveness.prior_time);
    case Stream::concessions:
      return std::pair(&o.responsiveness.prior_granted, &o.responsiveness.prior_refused);
    default:
      return std::pair(&o.reciprocity.prior_given, &o.reciprocity.prior_received);
  }
}

template <class Lives>
auto& half_life_in(Lives& h, Stream stream) {
  switch (stream) {
    case Stream::guarantees:
      return h.guarantees;
    case Stream::trust:
      return h.trust;
    case Stream::responses:
      return h.responses;
    case Stream::concessions:
      return h.concessions;
    default:
      return h.reciprocity;
  }
}

/// The range that the policy allows a number, in the file's unit.
PriorBounds range_of(std::string_view section, std::string_view name) {
  PriorBounds range;
  const auto look = [&](const Key& key, const auto&) {
    if (key.section == section && key.name == name) range = {key.low, key.high};
  };
  const Policy any;
  visit_common(any, look);
  visit_role(any, Role::consumer, look);
  return range;
}

// ---- scores ----------------------------------------------------------------------------------------

double score_of(std::span<const DatedOutcome> outcomes, Stream stream, double half_life,
                const ScoringOptions& options, Time from) noexcept {
  const auto [first, second] = prior_of(options, stream);
  return stream == Stream::responses
             ? prequential_rates(outcomes, half_life, *first, *second, from)
             : prequential_shares(outcomes, half_life, *first, *second, from);
}

/// The log-score of a stream, over all relationships.
double score_of(const Ledger& ledger, Stream stream, double half_life, const Policy& policy,
                Time from = no_time) {
  const auto& log = ledger.streams[static_cast<std::size_t>(stream)];
  double sum = 0;
  for (std::size_t who = 0; who < ledger.size(); ++who)
    if (log.first[who] != log.first[who + 1])
      sum += score_of(log.of(who), stream, half_life, policy.scoring(ledger.roles[who]), from);
  return sum;
}

// ---- words -----------------------------------------------------------------------------------------

std::string lacking(std::int64_t have, std::int64_t least) {
  return fmt::format(
      "{} {} outcomes at two times or more; {} are needed: {} more. The policy's value stays.",
      counted(have, "relationship"), have == 1 ? "has" : "have", least, least - have);
}

/// A number with so many significant digits, as it would be written.
double rounded(double x, int digits) {
  char text[40];
  const auto end =
      std::to_chars(text, text + sizeof text, x, std::chars_format::general, digits).ptr;
  double value = x;
  std::from_chars(text, end, value);
  return value;
}

// ---- half-lives ------------------------------------------------------------------------------------

/// A number for people: four digits, and all of those before the point.
std::string number(double x) {
  if (std::isnan(x)) return "-";
  if (std::isinf(x)) return "no limit";
  return std::abs(x) >= 1000 ? fmt::format("{:.0f}", x) : fmt::format("{:.4g}", x);
}

double in_days(double seconds) { return seconds / double{day}; }

/// The half-lives that are tried: from one day on, each twice the one before, to about 90 years.
std::vector<double> candidates() {
  std::vector<double> all;
  for (int i = 0; i <= 15; ++i) all.push_back(double{day} * std::exp2(i));
  return all;
}

/// Scores half-lives, and finds the best.
class HalfLifeSearch {
 public:
  /// `score`: the log-score of a half-life in seconds.
  explicit HalfLifeSearch(std::function<double(double)> score) : score_(std::move(score)) {
    for (const double h : candidates()) points_.emplace_back(h, score_(h));
  }

  /// Refines the best of the grid by golden section, to 2 %.
  void refine() {
    std::size_t at = best();
    const std::size_t last = points_.size() - 1;
    double low = std::log(points_[at == 0 ? 0 : at - 1].first);
    double high = std::log(points_[at == last ? last : at + 1].first);
    constexpr double golden = 0.6180339887498949;
    double left = high - golden * (high - low);
    double right = low + golden * (high - low);
    double at_left = add(left);
    double at_right = add(right);
    while (high - low > precision) {
      if (at_left < at_right) {
        low = left;
        left = right;
        at_left = at_right;
        right = low + golden * (high - low);
        at_right = add(right);
      } else {
        high = right;
        right = left;
        at_right = at_left;
        left = high - golden * (high - low);
        at_left = add(left);
      }
    }
    sort();
    // Where the score falls below the best by `likelihood_drop_95`, on either side, to 2 %.
    at = best();
    const double least = points_[at].second - math::likelihood_drop_95;
    std::size_t below = at;
    while (below > 0 && points_[below - 1].second >= least) --below;
    std::size_t above = at;
    while (above + 1 < points_.size() && points_[above + 1].second >= least) ++above;
    const bool from_zero = below == 0;
    const bool without_end = above + 1 == points_.size();
    const double inside[] = {points_[below].first, points_[above].first};
    const double outside[] = {from_zero ? 0 : points_[below - 1].first,
                              without_end ? infinity : points_[above + 1].first};
    low_ = from_zero ? 0 : crossing(outside[0], inside[0], least);
    high_ = without_end ? infinity : crossing(outside[1], inside[1], least);
    sort();
  }

  /// The best half-life, and those between which all predict nearly as well; 0 and infinity are open ends. Seconds.
  Estimate estimate() const { return {points_[best()].first, unknown, low_, high_}; }

  HalfLifeScores scores(Stream stream) const {
    HalfLifeScores out;
    out.stream = stream;
    for (const auto& [h, value] : points_) {
      const auto seconds = static_cast<Time>(std::llround(h));
      if (!out.half_lives.empty() && out.half_lives.back() == seconds) continue;
      out.half_lives.push_back(seconds);
      out.scores.push_back(value);
    }
    return out;
  }

 private:
  double add(double log_half_life) {
    points_.emplace_back(std::exp(log_half_life), score_(std::exp(log_half_life)));
    return points_.back().second;
  }
  void sort() { std::sort(points_.begin(), points_.end()); }
  std::size_t best() const {
    std::size_t at = 0;
    for (std::size_t i = 1; i < points_.size(); ++i)
      if (points_[i].second > points_[at].second) at = i;
    return at;
  }
  double crossing(double outside, double inside, double least) {
    while (std::abs(std::log(inside / outside)) > precision) {
      const double middle = std::sqrt(outside * inside);
      (add(std::log(middle)) >= least ? inside : outside) = middle;
    }
    return inside;
  }

  static constexpr double precision = 0.02;  ///< of the logarithm of a half-life

  std::function<double(double)> score_;
  std::vector<std::pair<double, double>> points_;  ///< half-life in seconds, score
  double low_ = 0;
  double high_ = infinity;
};

// ---- one pass --------------------------------------------------------------------------------------

/// Learns from a ledger; `policy` becomes the new one.
class Learner {
 public:
  Learner(const Ledger& ledger, const LearnOptions& options, Policy& policy)
      : ledger_(ledger), options_(options), policy_(policy) {
    for (const Role role : ledger.roles) ++known_[static_cast<std::size_t>(role)];
  }

  std::vector<LearnedValue> values;  ///< half-lives, the purchase cycle, then priors by role
  std::vector<HalfLifeScores> scores;
  std::vector<LearnedCycle> cycles;

  void run() {
    std::array<std::vector<LearnedValue>, role_count> priors;
    for (int i = 0; i < stream_count; ++i) {
      const auto stream = static_cast<Stream>(i);
      StreamModel model(ledger_, stream);
      if (options_.half_lives) learn_half_life(stream, model);
      if (!options_.priors) continue;
      model.fade(static_cast<double>(half_life_in(policy_.fold.half_lives, stream)));
      for (int r = 0; r < role_count; ++r)
        learn_prior(stream, model, static_cast<Role>(r), priors[static_cast<std::size_t>(r)]);
    }
    if (options_.purchase_cycle) learn_purchase_cycle();
    for (auto& of_role : priors) values.insert(values.end(), of_role.begin(), of_role.end());
  }

 private:
  bool teaches(const StreamModel& model, Role role) const {
    return model.content(role).telling >= options_.least_relationships;
  }

  /// The log-score of a half-life, under the priors that fit it best where priors are learned, else the policy's.
  double score_of_half_life(Stream stream, StreamModel& model, double half_life) const {
    model.fade(half_life);
    const PriorBounds bounds = prior_bounds(stream);
    double sum = 0;
    for (int r = 0; r < role_count; ++r) {
      const auto role = static_cast<Role>(r);
      if (model.content(role).outcomes == 0) continue;
      const auto [first, second] = prior_of(policy_.scoring(role), stream);
      sum += options_.priors && teaches(model, role)
                 ? model.best_score(role, bounds, {*first, *second})
                 : model.score(role, *first, *second);
    }
    return sum;
  }

  void learn_half_life(Stream stream, StreamModel& model) {
    Time& half_life = half_life_in(policy_.fold.half_lives, stream);
    const StreamModel::Content all = model.content();
    LearnedValue value;
    value.key = fmt::format("half_life_days.{}", stream_names[static_cast<std::size_t>(stream)]);
    value.before = value.after = in_days(static_cast<double>(half_life));
    value.relationships = all.telling;
    value.evidence = static_cast<double>(all.outcomes);
    if (all.telling < options_.least_relationships) {
      value.sentence = lacking(all.telling, options_.least_relationships);
    } else if (all.good == 0 || (all.bad == 0 && stream != Stream::responses)) {
      value.end = FitEnd::not_identified;
      value.sentence = fmt::format(
          "No outcome speaks {}: no half-life predicts better. The policy's value stays.",
          all.good == 0 ? "in favour" : "against");
    } else {
      HalfLifeSearch search([&](double h) { return score_of_half_life(stream, model, h); });
      search.refine();
      scores.push_back(search.scores(stream));
      take_half_life(search.estimate(), stream, half_life, value);
    }
    values.push_back(std::move(value));
  }

  /// Decides what becomes of a half-life; `found` in seconds.
  static void take_half_life(const Estimate& found, Stream stream, Time& half_life,
                             LearnedValue& value) {
    value.estimate = {in_days(found.value), unknown, in_days(found.low), in_days(found.high)};
    const auto old = static_cast<double>(half_life);
    const bool fits = old >= found.low && old <= found.high;
    const auto days = [](double seconds) { return number(in_days(seconds)); };
    double wanted = old;
    if (found.low == 0 && found.high == infinity) {
      value.end = FitEnd::not_identified;
      value.sentence = "Any half-life predicts as well: the data do not tell. The policy's stays.";
    } else if (found.low == 0) {
      value.end = FitEnd::boundary;
      value.sentence = fmt::format(
          "The shorter the better, below {} days: what came before hardly predicts these outcomes, "
          "so "
          "that no half-life is worth taking. The policy's stays.",
          days(found.high));
    } else if (found.high == infinity) {
      value.end = FitEnd::boundary;
      value.sentence = fmt::format(
          "Every half-life above {} days predicts as well: no older evidence has lost its worth. "
          "{}",
          days(found.low),
          fits ? "The policy's is among them and stays." : "The least of them is taken.");
      if (!fits) wanted = found.low;
    } else {
      value.end = FitEnd::converged;
      value.sentence = fmt::format("Half-lives of {} to {} days predict best{}.", days(found.low),
                                   days(found.high), fits ? "; the policy's was among them" : "");
      wanted = found.value;
    }
    if (wanted == old) return;
    // Whole days, or hours where there are few.
    const double unit = wanted >= 10 * double{day} ? double{day} : 3600.0;
    const PriorBounds range =
        range_of("half_life_days", stream_names[static_cast<std::size_t>(stream)]);
    const double rounded_days =
        std::clamp(in_days(unit * std::round(wanted / unit)), range.low, range.high);
    half_life = static_cast<Time>(std::llround(rounded_days * double{day}));
    value.after = in_days(static_cast<double>(half_life));
  }

  /// A prior whose weight has an interval wider than this factor is not taken.
  static constexpr double widest = 50;

  /// A prior at the lower bounds says that they do not suit these outcomes.
  static bool taken(const PriorFit& fit) {
    return fit.status.usable() && !std::isnan(fit.first.low);
  }

  static PriorBounds prior_bounds(Stream stream) {
    const PriorKeys& keys = prior_keys[static_cast<std::size_t>(stream)];
    return range_of(keys.section, keys.first);
  }

  void learn_prior(Stream stream, const StreamModel& model, Role role,
                   std::vector<LearnedValue>& told) {
    if (known_[static_cast<std::size_t>(role)] == 0) return;
    const StreamModel::Content& content = model.content(role);
    const PriorKeys& keys = prior_keys[static_cast<std::size_t>(stream)];
    const PriorBounds bounds = prior_bounds(stream);
    PriorFit fit;
    if (teaches(model, role)) {
      fit = model.fit(role, bounds);
      if (fit.status.end == FitEnd::converged && fit.weight.high > widest * fit.weight.low) {
        fit.status.end = FitEnd::not_identified;
        fit.status.sentence = fmt::format(
            "The data hardly tell how alike the relationships are: the prior may have the weight "
            "of {} to {} outcomes.",
            number(fit.weight.low), number(fit.weight.high));
      }
      if (!taken(fit)) fit.status.sentence += " The policy's value stays.";
    } else {
      fit.status.sentence = lacking(content.telling, options_.least_relationships);
    }
    const auto [first, second] = prior_of(policy_.roles[static_cast<std::size_t>(role)], stream);
    const auto take = [&](std::string_view name, double& current, const Estimate& estimate) {
      LearnedValue value;
      value.key = fmt::format("roles.{}.{}.{}", role_names[static_cast<std::size_t>(role)],
                              keys.section, name);
      value.before = current;
      if (taken(fit)) current = std::clamp(rounded(estimate.value, 4), bounds.low, bounds.high);
      value.after = current;
      value.estimate = estimate;
      value.relationships = content.relationships;
      value.evidence = static_cast<double>(content.outcomes);
      value.end = fit.status.end;
      value.sentence = fit.status.sentence;
      told.push_back(std::move(value));
    };
    take(keys.first, *first, fit.first);
    take(keys.second, *second, fit.second);
  }

  void learn_purchase_cycle() {
    const std::optional<Role> roles[] = {std::nullopt,      Role::consumer, Role::supplier,
                                         Role::distributor, Role::agency,   Role::agent};
    for (const auto& role : roles) {
      PurchaseCycle cycle = cycle_of(role);
      if (role && cycle.closed + cycle.open == 0) continue;
      cycles.push_back({role ? std::string(role_names[static_cast<std::size_t>(*role)]) : "all",
                        std::move(cycle)});
    }
    const PurchaseCycle& all = cycles.front().cycle;
    LearnedValue value;
    value.key = "purchase_cycle_days";
    value.before = value.after = policy_.purchase_cycle_days;
    value.estimate = all.days;
    value.relationships = all.relationships;
    value.evidence = static_cast<double>(all.closed);
    value.end = all.status.end;
    value.sentence = all.status.sentence;
    Time& half_life = policy_.fold.half_lives.purchases;
    const bool follows = half_life == purchases_half_life(policy_.purchase_cycle_days);
    LearnedValue purchases;
    purchases.key = "half_life_days.purchases";
    purchases.before = in_days(static_cast<double>(half_life));
    purchases.relationships = value.relationships;
    purchases.evidence = value.evidence;
    purchases.end = value.end;
    if (all.status.usable()) {
      value.after = std::clamp(std::round(100 * all.days.value) / 100, least_purchase_cycle_days,
                               most_purchase_cycle_days);
      policy_.purchase_cycle_days = value.after;
      if (follows) half_life = purchases_half_life(value.after);
      purchases.sentence =
          follows ? "Four purchase cycles." : "The policy states it by itself: it stays.";
    } else {
      value.sentence += " The policy's value stays.";
      purchases.sentence = "Stays with the purchase cycle.";
    }
    purchases.after = in_days(static_cast<double>(half_life));
    values.push_back(std::move(value));
    values.push_back(std::move(purchases));
  }

  PurchaseCycle cycle_of(std::optional<Role> role) const {
    std::vector<PurchaseGap> gaps;
    for (std::size_t who = 0; who < ledger_.size(); ++who) {
      if (role && ledger_.roles[who] != *role) continue;
      const auto times = ledger_.purchases.of(who);
      for (std::size_t i = 0; i < times.size(); ++i) {
        const bool closed = i + 1 < times.size();
        const Time seconds = (closed ? times[i + 1] : ledger_.as_of) - times[i];
        if (seconds > 0)
          gaps.push_back(
              {static_cast<std::uint32_t>(who), in_days(static_cast<double>(seconds)), closed});
      }
    }
    return purchase_cycle(std::move(gaps), options_.least_relationships);
  }

  const Ledger& ledger_;
  const LearnOptions& options_;
  Policy& policy_;
  std::array<std::int64_t, role_count> known_{};
};

HoldOut held_out(const Ledger& ledger, const EventColumns& rows, const Policy& policy,
                 const LearnOptions& options) {
  HoldOut out;
  out.from = options.hold_out;
  Policy learned = policy;
  const Ledger early = ledger_of(rows, policy, options.hold_out);
  Learner(early, options, learned).run();
  for (int i = 0; i < stream_count; ++i) {
    const auto stream = static_cast<Stream>(i);
    const auto k = static_cast<std::size_t>(i);
    for (const DatedOutcome& outcome : ledger.streams[k].items)
      out.outcomes[k] += outcome.time > out.from ? 1 : 0;
    const auto score = [&](const Policy& p) {
      return score_of(ledger, stream, static_cast<double>(half_life_in(p.fold.half_lives, stream)),
                      p, out.from);
    };
    out.before[k] = score(policy);
    out.after[k] = score(learned);
  }
  return out;
}

}  // namespace

double prequential_shares(std::span<const DatedOutcome> outcomes, double half_life, double a,
                          double b, Time from) noexcept {
  double good = 0;
  double bad = 0;
  double sum = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const DatedOutcome& now = outcomes[i];
    if (i > 0) {
      const double weight = fade(now.time - outcomes[i - 1].time, half_life);
      good = weight * (good + outcomes[i - 1].good);
      bad = weight * (bad + outcomes[i - 1].bad);
    }
    if (now.time <= from) continue;
    const double all = (a + good) + (b + bad);
    if (now.good > 0) sum += now.good * std::log((a + good) / all);
    if (now.bad > 0) sum += now.bad * std::log((b + bad) / all);
  }
  return sum;
}

double prequential_rates(std::span<const DatedOutcome> outcomes, double half_life, double shape,
                         double rate, Time from) noexcept {
  double events = 0;
  double exposure = 0;
  double sum = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const DatedOutcome& now = outcomes[i];
    if (i > 0) {
      const double weight = fade(now.time - outcomes[i - 1].time, half_life);
      events = weight * (events + outcomes[i - 1].good);
      exposure = weight * (exposure + outcomes[i - 1].bad);
    }
    if (now.time > from) sum += log_gamma_rate(shape + events, rate + exposure, now.good, now.bad);
  }
  return sum;
}

std::vector<double> prequential_scores(const OutcomeColumns& columns, Law law, double a, double b,
                                       std::span<const double> half_lives) {
  struct Row {
    std::int64_t who;
    DatedOutcome outcome;
  };
  std::vector<Row> rows;
  rows.reserve(columns.time.size());
  for (std::size_t i = 0; i < columns.time.size(); ++i)
    rows.push_back({columns.relationship.empty() ? 0 : columns.relationship[i],
                    {columns.time[i], columns.good[i], columns.bad[i]}});
  const auto key = [](const Row& r) {
    return std::tuple(r.who, r.outcome.time, r.outcome.good, r.outcome.bad);
  };
  std::sort(rows.begin(), rows.end(), [&](const Row& x, const Row& y) { return key(x) < key(y); });
  std::vector<double> scores(half_lives.size());
  std::vector<DatedOutcome> own;
  for (std::size_t i = 0; i < rows.size();) {
    own.clear();
    const std::int64_t who = rows[i].who;
    for (; i < rows.size() && rows[i].who == who; ++i) {
      const DatedOutcome& now = rows[i].outcome;
      if (own.empty() || own.back().time != now.time) {
        own.push_back(now);
      } else {
        own.back().good += now.good;
        own.back().bad += now.bad;
      }
    }
    for (std::size_t h = 0; h < scores.size(); ++h)
      scores[h] += law == Law::rates ? prequential_rates(own, half_lives[h], a, b)
                                     : prequential_shares(own, half_lives[h], a, b);
  }
  return scores;
}

Learning learn(const EventColumns& rows, const Policy& policy, const LearnOptions& options) {
  if (options.as_of == no_time)
    throw PolicyError("learn: as_of is absent; it is the date by which the log is judged");
  if (options.hold_out != no_time && options.hold_out >= options.as_of)
    throw PolicyError("learn: hold_out = " + date_text(options.hold_out) +
                      ": allowed is a date before as_of, " + date_text(options.as_of));
  if (options.least_relationships < 2)
    throw PolicyError("learn: least_relationships = " +
                      std::to_string(options.least_relationships) + ": allowed is 2 or more");
  Learning learning;
  learning.policy = policy;
  const Ledger ledger = ledger_of(rows, policy, options.as_of);
  Learner learner(ledger, options, learning.policy);
  learner.run();
  learning.before = fingerprints(policy);
  learning.after = fingerprints(learning.policy);
  learning.values = std::move(learner.values);
  learning.scores = std::move(learner.scores);
  learning.cycles = std::move(learner.cycles);
  learning.books = ledger.books;
  learning.later = ledger.later;
  learning.relationships = static_cast<std::int64_t>(ledger.size());
  learning.first = ledger.first;
  learning.last = ledger.last;
  learning.as_of = options.as_of;
  if (options.hold_out != no_time) learning.hold_out = held_out(ledger, rows, policy, options);
  return learning;
}

// ---- for people ------------------------------------------------------------------------------------

namespace {

/// Adds words in lines of at most 100 columns, indented.
void add_wrapped(std::string& s, std::string_view words, std::size_t indent) {
  constexpr std::size_t width = 100;
  while (words.size() + indent > width) {
    const std::size_t gap = words.rfind(' ', width - indent);
    if (gap == std::string_view::npos) break;
    s.append(indent, ' ').append(words.substr(0, gap)) += '\n';
    words.remove_prefix(gap + 1);
  }
  s.append(indent, ' ').append(words) += '\n';
}

/// The rows of values that changed, or of those that did not.
void add_values(std::string& s, const Learning& l, bool changed) {
  const auto wanted = [&](const LearnedValue& v) { return v.changed() == changed; };
  if (std::none_of(l.values.begin(), l.values.end(), wanted)) return;
  s += changed ? fmt::format("\n{:<48}{:>9}{:>9}   {}\n", "Changed", "before", "now", "5-95 %")
               : fmt::format("\n{:<48}{:>9}   {}\n", "Kept", "value", "ended");
  for (std::size_t i = 0; i < l.values.size(); ++i) {
    const LearnedValue& v = l.values[i];
    if (!wanted(v)) continue;
    s += fmt::format("  {:<46}{:>9}", v.key, number(v.before));
    if (!changed)
      s += fmt::format("   {}", name_of(v.end));
    else if (std::isnan(v.estimate.value))
      s += fmt::format("{:>9}", number(v.after));
    else
      s += fmt::format("{:>9}   {} .. {}", number(v.after), number(v.estimate.low),
                       number(v.estimate.high));
    s += '\n';
    // What holds for the two numbers of a prior is said once.
    const bool again = i + 1 < l.values.size() && wanted(l.values[i + 1]) &&
                       l.values[i + 1].sentence == v.sentence;
    if (again) continue;
    add_wrapped(s,
                v.relationships == 0 ? v.sentence
                                     : fmt::format("{} From {}.", v.sentence,
                                                   counted(v.relationships, "relationship")),
                4);
  }
}

void add_hold_out(std::string& s, const HoldOut& h) {
  s += fmt::format("\nWhat is learned until {}, tried on the outcomes after it: log-scores\n",
                   date_text(h.from));
  s += fmt::format("  {:<16}{:>12}{:>14}{:>14}{:>10}\n", "", "outcomes", "policy", "learned",
                   "gain");
  double gain = 0;
  std::int64_t outcomes = 0;
  for (std::size_t i = 0; i < stream_names.size(); ++i) {
    gain += h.after[i] - h.before[i];
    outcomes += h.outcomes[i];
    if (h.outcomes[i] != 0)
      s += fmt::format("  {:<16}{:>12}{:>14.1f}{:>14.1f}{:>+10.1f}\n", stream_names[i],
                       thousands(h.outcomes[i]), h.before[i], h.after[i], h.after[i] - h.before[i]);
  }
  s += outcomes == 0 ? "  There are none.\n"
       : gain > 0    ? "  What was learned predicts better.\n"
                     : "  What was learned predicts no better.\n";
}

}  // namespace

std::string summary(const Learning& l) {
  std::int64_t changed = 0;
  for (const LearnedValue& v : l.values) changed += v.changed() ? 1 : 0;
  const std::string span =
      l.first == no_time ? ""
                         : fmt::format(" from {} to {}", date_text(l.first), date_text(l.last));
  std::string s = fmt::format("Learned from {} rows{} of {}, as of {}.\n", thousands(l.books.read),
                              span, counted(l.relationships, "relationship"), date_text(l.as_of));
  const std::int64_t without = l.books.skipped_total() + l.books.set_aside_total();
  if (without + l.later > 0)
    s += fmt::format("{} of the rows were skipped or set aside; {} later ones were not used.\n",
                     thousands(without), thousands(l.later));
  s += fmt::format("{} of {} values changed; policy {} became {}.\n", changed, l.values.size(),
                   l.before.policy, l.after.policy);
  add_values(s, l, true);
  add_values(s, l, false);
  if (l.hold_out) add_hold_out(s, *l.hold_out);
  return s;
}

}  // namespace loyalty
