// SPDX-License-Identifier: MIT
#include <loyalty/batch/history.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <loyalty/batch/id_index.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/dynamics/tape.hpp>

#include "batch/picked.hpp"
#include "batch/repeats.hpp"

namespace loyalty {
namespace {

// ---- the log ---------------------------------------------------------------------------------------

/// Whether a kind of event can feed the ladder.
constexpr bool feeds_ladder(std::uint8_t kind) noexcept {
  if (kind >= kind_count) return false;
  switch (static_cast<Kind>(kind)) {
    case Kind::contract:
    case Kind::returned:
    case Kind::survey:
      return true;
    default:
      for (const Side side : {Side::us, Side::them})
        if (effect_of(static_cast<Kind>(kind), side, {}).feed != Feed::nothing) return true;
      return false;
  }
}

/// Whether a time can be one.
constexpr bool dated(Time time) noexcept { return time >= -furthest_time && time <= furthest_time; }

/// The dated rows of a sorted log without those that were dropped. Relationships are numbered in the order of their
/// identifiers.
class Log {
 public:
  Log(const EventColumns& sorted, const Rules& rules, const std::string& currency) {
    rows_.resize(sorted.rows);
    std::iota(rows_.begin(), rows_.end(), std::size_t{0});
    Books booked;
    if (sorted.event_id) drop_repeats(sorted, rules, &currency, rows_, booked);
    const auto names_nobody = [&](std::size_t i) {
      return sorted.relationship_number != nullptr ? sorted.relationship_number[i] == no_time
                                                   : sorted.relationship[i].empty();
    };
    std::erase_if(rows_, [&](std::size_t i) { return !dated(sorted.time[i]) || names_nobody(i); });
    std::vector<std::uint32_t> index(rows_.size());
    for (std::size_t k = 0; k < rows_.size(); ++k)
      index[k] = sorted.relationship_number != nullptr
                     ? ids_.add(sorted.relationship_number[rows_[k]])
                     : ids_.add(sorted.relationship[rows_[k]]);
    std::vector<std::int64_t> number(ids_.size());
    std::int64_t next = 0;
    for (const std::uint32_t i : ids_.sorted()) number[i] = next++;
    numbers_.resize(index.size());
    for (std::size_t k = 0; k < index.size(); ++k) numbers_[k] = number[index[k]];
    EventColumns unnamed = sorted;
    unnamed.relationship_number = nullptr;
    unnamed.relationship = {};
    unnamed.event_id = {};
    picked_.emplace(unnamed, rows_);
    columns_ = picked_->columns();
    columns_.relationship_number = numbers_.data();
  }

  /// The rows, with numbers for relationships and without event_id.
  const EventColumns& columns() const noexcept { return columns_; }

  /// The identifiers, by number.
  TextValues names() const {
    TextValues names;
    for (const std::uint32_t index : ids_.sorted()) {
      names.bytes += ids_.text(index);
      names.offsets.push_back(static_cast<std::int64_t>(names.bytes.size()));
    }
    return names;
  }

 private:
  IdIndex ids_;
  std::vector<std::size_t> rows_;
  std::vector<std::int64_t> numbers_;
  std::optional<Picked> picked_;
  EventColumns columns_;
};

/// The index of a numbered relationship that a portfolio has a row of.
std::uint32_t index_of(const Portfolio& portfolio, std::int64_t number) {
  std::array<char, 24> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return portfolio.find({text.data(), static_cast<std::size_t>(end - text.data())})
      .value_or(IdIndex::none);
}

// ---- the tape --------------------------------------------------------------------------------------

/// Follows every relationship through a sorted log that only holds what can feed the ladder. Rows go to a portfolio in
/// pieces in which no relationship has two seconds, so that its state before and after each second can be read.
class Follower {
  struct Place {
    LadderState state;                    ///< after its newest second
    Rung rung = Rung::prospect;           ///< and where it stood then
    std::uint32_t index = IdIndex::none;  ///< in the portfolio
    std::size_t piece = 0;                ///< the last one with a row of it
    Time second = no_time;                ///< of that row
  };
  struct Row {
    std::uint32_t who;
    TapeRow row;
  };
  struct Bought {
    std::uint32_t who;
    Time time;
  };

  auto writer(std::uint32_t who) {
    return [this, who](const TapeRow& row) { rows_.push_back({who, row}); };
  }

 public:
  Follower(const EventColumns& log, std::size_t relationships, Policy policy, Time landmark)
      : c_(log), portfolio_(std::move(policy), landmark), places_(relationships) {}

  /// The tape, and the purchases.
  std::pair<RungTape, PurchaseTimes> tape(Time until) {
    for (std::size_t begin = 0; begin < c_.rows;) {
      const std::size_t end = piece(begin);
      follow(begin, end);
      begin = end;
    }
    for (std::uint32_t who = 0; who < places_.size(); ++who) {
      Place& place = places_[who];
      write_quiet(place.state, until, place.rung, ladder(), writer(who));
    }
    return {ordered(), purchases()};
  }

 private:
  const LadderRules& ladder() const noexcept { return portfolio_.rules().fold().ladder; }
  std::uint32_t who(std::size_t row) const noexcept {
    return static_cast<std::uint32_t>(c_.relationship_number[row]);
  }

  /// The end of the piece that begins with a row: whole seconds.
  std::size_t piece(std::size_t begin) {
    ++pieces_;
    for (std::size_t i = begin; i < c_.rows;) {
      const Time second = c_.time[i];
      std::size_t end = i;
      for (; end < c_.rows && c_.time[end] == second; ++end) {
        const Place& place = places_[who(end)];
        if (place.piece == pieces_ && place.second != second) return i;
      }
      for (; i < end; ++i) {
        places_[who(i)].piece = pieces_;
        places_[who(i)].second = second;
      }
    }
    return c_.rows;
  }

  void follow(std::size_t begin, std::size_t end) {
    (void)portfolio_.apply(slice(c_, begin, end - begin));
    for (std::size_t i = begin; i < end; ++i) {
      Place& place = places_[who(i)];
      const Time second = c_.time[i];
      if (place.state.newest == second) continue;  // another row of the same second
      if (place.index == IdIndex::none) place.index = index_of(portfolio_, who(i));
      const Relationship state = portfolio_.state(place.index, second);
      const LadderState& after = state.ladder;
      if (after.newest != second) continue;  // none of its rows was sound
      if (state.last_purchase == second) bought_.push_back({who(i), second});
      place.rung = write_quiet(place.state, second - 1, place.rung, ladder(), writer(who(i)));
      place.rung = write_second(after, second, place.rung, ladder(), writer(who(i)));
      place.state = after;
    }
  }

  /// The purchases by relationship; those of one stand in the order of time already.
  PurchaseTimes purchases() const {
    PurchaseTimes out;
    out.first.assign(places_.size() + 1, 0);
    for (const Bought& one : bought_) ++out.first[one.who + 1];
    std::partial_sum(out.first.begin(), out.first.end(), out.first.begin());
    std::vector<std::uint64_t> next = out.first;
    out.time.resize(bought_.size());
    for (const Bought& one : bought_) out.time[next[one.who]++] = one.time;
    return out;
  }

  /// The rows by relationship; those of one stand in the order of time already.
  RungTape ordered() const {
    std::vector<std::size_t> next(places_.size() + 1);
    for (const Row& row : rows_) ++next[row.who + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    RungTape tape;
    tape.relationship.resize(rows_.size());
    tape.time.resize(rows_.size());
    tape.from.resize(rows_.size());
    tape.to.resize(rows_.size());
    tape.at_least.resize(rows_.size());
    for (const Row& row : rows_) {
      const std::size_t k = next[row.who]++;
      tape.relationship[k] = row.who;
      tape.time[k] = row.row.time;
      tape.from[k] = row.row.from;
      tape.to[k] = row.row.to;
      tape.at_least[k] = places_[row.who].state.has(before_staircase) ? 1 : 0;
    }
    return tape;
  }

  const EventColumns& c_;
  Portfolio portfolio_;
  std::vector<Place> places_;
  std::vector<Row> rows_;
  std::vector<Bought> bought_;
  std::size_t pieces_ = 0;
};

// ---- snapshots -------------------------------------------------------------------------------------

/// One pass over a sorted log, with a look at every relationship on each date.
Snapshots snapshots_of(const EventColumns& log, std::size_t relationships, const Policy& policy,
                       Time landmark, std::vector<Time> dates) {
  Snapshots s;
  s.dates = std::move(dates);
  Portfolio portfolio(policy, landmark);
  std::vector<std::uint32_t> index(relationships, IdIndex::none);  // by identifier
  std::size_t known = 0;
  std::size_t begin = 0;
  for (const Time date : s.dates) {
    const std::size_t end = static_cast<std::size_t>(
        std::upper_bound(log.time + begin, log.time + log.rows, date) - log.time);
    if (end > begin) (void)portfolio.apply(slice(log, begin, end - begin));
    for (std::size_t i = begin; i < end && known < portfolio.size(); ++i) {
      std::uint32_t& own = index[static_cast<std::size_t>(log.relationship_number[i])];
      if (own != IdIndex::none) continue;
      own = index_of(portfolio, log.relationship_number[i]);
      ++known;
    }
    begin = end;
    const AsOf at = portfolio.at(date);
    const Lit lit(portfolio.observed());
    s.first.push_back(s.size());
    s.lit.push_back(lit);
    for (std::uint32_t who = 0; who < relationships; ++who) {
      if (index[who] == IdIndex::none) continue;
      const Relationship state = portfolio.state(index[who], date);
      const Scorer& scorer = portfolio.rules().scorer(portfolio.role(index[who]));
      const Standing standing = at.standing(state);
      const Parameters p = parameters_of(evidence_of(state, at), scorer, lit);
      const double covered = coverage(p, scorer.options.quality);
      const bool published = evidence_grade(covered, scorer.options.quality) != EvidenceGrade::none;
      s.relationship.push_back(who);
      s.rung.push_back(standing.position.rung);
      s.rung_peak.push_back(standing.position.peak);
      s.at_least.push_back(standing.at_least ? 1 : 0);
      s.quality.push_back(published ? quality(p, scorer.options.quality) : no_value);
      const QualityInterval interval =
          published ? quality_interval(p, scorer.options.quality) : QualityInterval{};
      s.quality_low.push_back(published ? interval.low : no_value);
      s.quality_high.push_back(published ? interval.high : no_value);
      s.coverage.push_back(covered);
      s.commitment.push_back(lit.commitment ? p.commitment.mean : no_value);
      s.responsiveness.push_back(lit.responsiveness ? p.responsiveness.mean : no_value);
      s.reciprocity.push_back(lit.reciprocity ? p.reciprocity.mean : no_value);
      s.trust.push_back(lit.trust ? p.trust.mean : no_value);
    }
  }
  s.first.push_back(s.size());
  return s;
}

}  // namespace

std::vector<Time> period_ends(Period period, Time first, Time last) {
  std::vector<Time> ends;
  if (period == Period::week) {
    // 1970-01-01 was a Thursday: the first Sunday was day 3.
    constexpr Time week = 7 * day;
    for (Time end = 4 * day - 1 + floor_div(first - 4 * day + week, week) * week; end <= last;
         end += week)
      ends.push_back(end);
    return ends;
  }
  const unsigned months = period == Period::month ? 1 : 3;
  const Date from = date_of(first);
  int y = from.year;
  for (unsigned m = (from.month - 1) / months * months;;) {
    m += months;
    if (m == 12) {
      m = 0;
      ++y;
    }
    const Time end = utc(y, m + 1, 1) - 1;
    if (end > last) return ends;
    ends.push_back(end);
  }
}

HistoryWindow history_window(const Policy& policy, Time first, Time until) {
  const Time any = policy.landmark.value_or(default_landmark);
  const FoldRules rules(policy.fold, policy.criteria, any);
  const Time reach = any - rules.window_start;
  if (policy.landmark || until == no_time) return {any, rules.window_start};
  const Time landmark = std::max(std::min(until, first + reach), until - reach);
  return {landmark, landmark - reach};
}

std::vector<RungMix> rung_mix(const Snapshots& s) {
  std::vector<RungMix> mix(s.dates.size());
  for (std::size_t d = 0; d < mix.size(); ++d) {
    RungMix& m = mix[d];
    m.date = s.dates[d];
    double sum = 0;
    for (std::size_t i = s.first[d]; i < s.first[d + 1]; ++i) {
      ++m.relationships;
      if (s.lit[d].purchases)
        ++m.rungs[static_cast<std::size_t>(s.rung[i])];
      else
        ++m.unknown;
      if (s.quality[i] != s.quality[i]) continue;
      ++m.published;
      sum += s.quality[i];
    }
    if (m.published != 0) m.mean_quality = sum / static_cast<double>(m.published);
  }
  return mix;
}

History history(const EventColumns& rows, const Policy& policy, const HistoryOptions& options) {
  History h;
  const std::size_t count = rows.time == nullptr ? 0 : rows.rows;
  h.until = options.until;
  if (h.until == no_time)
    for (std::size_t i = 0; i < count; ++i)
      if (rows.time[i] <= furthest_time) h.until = std::max(h.until, rows.time[i]);
  std::vector<Time> dates = options.dates;
  std::sort(dates.begin(), dates.end());
  dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
  if (!dates.empty() && dates.back() > h.until)
    throw WindowError("history: " + date_text(dates.back()) + " lies after the last date, " +
                      date_text(h.until) + "; allowed are dates until then");

  // The rows in the order of time, booked by a portfolio that gets them all.
  std::vector<std::size_t> order;
  order.reserve(count);
  Time first = h.until;
  for (std::size_t i = 0; i < count; ++i) {
    if (rows.time[i] > h.until) continue;
    order.push_back(i);
    if (dated(rows.time[i])) first = std::min(first, rows.time[i]);
  }
  h.later = static_cast<std::int64_t>(count - order.size());
  const auto earlier = [&](std::size_t a, std::size_t b) { return rows.time[a] < rows.time[b]; };
  if (!std::is_sorted(order.begin(), order.end(), earlier))
    std::stable_sort(order.begin(), order.end(), earlier);
  const Picked sorted(rows, order);
  h.landmark = history_window(policy, first, h.until).landmark;
  Portfolio whole(policy, h.landmark);
  h.start = whole.rules().fold().ladder.start;
  h.books = whole.apply(sorted.columns());
  if (h.until != no_time) (void)whole.at(h.until);  // throws outside the window
  for (Reject& reject : h.books.rejects)
    reject.row = static_cast<std::int64_t>(order[static_cast<std::size_t>(reject.row)]);
  std::sort(h.books.rejects.begin(), h.books.rejects.end(),
            [](const Reject& a, const Reject& b) { return a.row < b.row; });
  // From here on rows go to portfolios in parts, which must not settle on other currencies.
  Policy settled = policy;
  if (settled.currency.empty()) settled.currency = whole.currency();

  const Log log(sorted.columns(), whole.rules(), settled.currency);
  h.relationships = log.names();
  const std::size_t relationships = h.relationships.offsets.size() - 1;
  h.known_since.assign(relationships, furthest_time);
  for (std::size_t i = log.columns().rows; i-- > 0;)
    h.known_since[static_cast<std::size_t>(log.columns().relationship_number[i])] =
        log.columns().time[i];
  if (options.tape) {
    std::vector<std::size_t> feeding;
    for (std::size_t i = 0; i < log.columns().rows; ++i)
      if (feeds_ladder(log.columns().kind[i])) feeding.push_back(i);
    const Picked picked(log.columns(), feeding);
    std::tie(h.tape, h.purchases) =
        Follower(picked.columns(), relationships, settled, h.landmark).tape(h.until);
  }
  h.snapshots = snapshots_of(log.columns(), relationships, settled, h.landmark, std::move(dates));
  return h;
}

}  // namespace loyalty
