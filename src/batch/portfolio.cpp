// SPDX-License-Identifier: MIT
#include <loyalty/batch/portfolio.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory_resource>
#include <new>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "batch/event_order.hpp"
#include "batch/repeats.hpp"
#include "batch/row_reader.hpp"
#include "batch/row_rules.hpp"

namespace loyalty {
namespace {

/// The open items of one relationship in the pool.
struct PooledItems {
  using Item = OpenItem;
  OpenItems& pool;
  std::uint32_t relationship;
  std::uint32_t& head;
  OpenItem* find(Kind kind, std::string_view key) { return pool.find(relationship, kind, key); }
  void insert(OpenItem item) { pool.insert(relationship, head, std::move(item)); }
  void erase(const OpenItem* item) { pool.erase(head, item); }
};

/// A copy of them for a read, on the stack unless there are very many.
struct CopiedItems {
  using Item = BasicOpenItem<std::string_view>;
  std::array<std::byte, 8192> memory;
  std::pmr::monotonic_buffer_resource resource{memory.data(), memory.size()};
  std::pmr::vector<Item> items{&resource};

  CopiedItems(const OpenItems& pool, std::uint32_t head, std::size_t more) {
    std::size_t count = more;
    pool.each(head, [&](const OpenItem&) { ++count; });
    items.reserve(count);
    pool.each(head, [&](const OpenItem& item) {
      items.push_back({item.kind, item.from, item.done, item.stake, item.key});
    });
  }
  Item* find(Kind kind, std::string_view key) {
    const auto it = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      return item.kind == kind && !item.key.empty() && item.key == key;
    });
    return it == items.end() ? nullptr : &*it;
  }
  void insert(const Item& item) { items.push_back(item); }
  void erase(const Item* item) { items.erase(items.begin() + (item - items.data())); }
};

/// A relationship whose acts somebody may hear.
struct Heard {
  Relationship& r;
  std::uint32_t index;
  const ActObserver& observer;

  void take(const Act& act, const FoldRules& rules) const {
    loyalty::apply(r, act, rules);
    if (observer) observer(index, act);
  }
};

void apply(const Heard& heard, const Act& act, const FoldRules& rules) { heard.take(act, rules); }

/// A promise or payment whose end is known: acts at once where time has reached it, else waits.
template <class Items>
void schedule(typename Items::Item item, Time now, const Heard& r, Items& items,
              const FoldRules& rules) {
  if (can_change(item, now, rules))
    items.insert(std::move(item));
  else
    fire(r, item, now, rules);
}

/// Lets a row act that opens, closes or waits. Rows of one relationship come in the order of time, and
/// within a second openers before closers. `reached` is the row's time or, for a late one, the newest second of
/// the calls before: a request that had expired by then is closed, whether or not it was folded away already.
template <class Items>
std::optional<Skip> act_with_items(const Event& e, const Act& act, std::string_view key,
                                   Time reached, const Heard& r, Items& items,
                                   const FoldRules& rules) {
  using Item = typename Items::Item;
  using Text = decltype(Item::key);
  Item* open = key.empty() ? nullptr
                           : items.find(e.kind == Kind::response     ? Kind::request
                                        : e.kind == Kind::resolution ? Kind::complaint
                                                                     : e.kind,
                                        key);
  switch (e.kind) {
    case Kind::request: {
      if (open != nullptr) {
        if (expiry_of(open->from, rules) >= reached) return Skip::already_open;
        fire(r, *open, reached, rules);
        items.erase(open);
      }
      apply(r, request_act(e.time), rules);
      items.insert({Kind::request, e.time, no_time, 1, Text(key)});
      return std::nullopt;
    }
    case Kind::response: {
      if (open == nullptr || open->from > e.time) return Skip::nothing_open;
      const Time opened = open->from;
      const bool expired = expiry_of(opened, rules) < reached;
      if (expired)
        fire(r, *open, reached, rules);
      else
        apply(r, response_act(opened, e.time, true, rules), rules);
      items.erase(open);
      if (expired) return Skip::nothing_open;
      return std::nullopt;
    }
    case Kind::promise:
    case Kind::payment: {
      const double stake = std::isnan(e.value) ? 1.0 : e.value;
      const Time limit = e.due == no_time ? no_time : e.due + rules.options.promise_grace;
      if (e.done == no_time) {
        if (open != nullptr) return Skip::already_open;
        schedule(Item{e.kind, limit, no_time, stake, Text(key)}, e.time, r, items, rules);
        return std::nullopt;
      }
      if (open == nullptr) {
        if (limit == no_time) return Skip::nothing_open;
        schedule(Item{e.kind, limit, e.done, stake, {}}, e.time, r, items, rules);
        return std::nullopt;
      }
      Item item{e.kind, open->from, e.done, open->stake, {}};  // nothing can close it twice
      items.erase(open);
      if (item.from + 1 < e.time && e.done <= e.time) {
        // It counted as broken since then; now it is known to have been kept, if late.
        apply(r, promise_act(e.kind, Outcome::broken, item.stake, item.from, no_time, rules),
              rules);
        apply(r,
              e.done <= item.from
                  ? kept_after_broken_act(e.kind, item.stake, item.from, e.done, rules)
                  : promise_act(e.kind, Outcome::late_after_broken, item.stake, item.from, e.done,
                                rules),
              rules);
        return std::nullopt;
      }
      schedule(std::move(item), e.time, r, items, rules);
      return std::nullopt;
    }
    case Kind::complaint: {
      Act opening = act;
      opening.complaints = open == nullptr ? 1 : 0;
      apply(r, opening, rules);
      if (open == nullptr) items.insert({Kind::complaint, e.time, no_time, 1, Text(key)});
      return std::nullopt;
    }
    case Kind::resolution: {
      if (open == nullptr) return Skip::nothing_open;
      Act closing = act;
      closing.complaints = -1;
      apply(r, closing, rules);
      items.erase(open);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

/// Whether a state's counts and times leave room for an act that is to be taken back. (Sums alone cannot tell.)
bool can_hold(const Relationship& r, const Act& act) noexcept {
  return act.stamp >= r.first_event && act.stamp <= r.ladder.newest && act.events <= r.events &&
         act.purchases <= std::max(r.ladder.purchases, 0) && act.money <= r.money;
}

/// Adds a difference to those of the same relationship.
void add_correction(std::unordered_map<std::uint32_t, Relationship>& corrections,
                    std::uint32_t index, const Relationship& found) {
  const auto [it, fresh] = corrections.try_emplace(index, found);
  if (!fresh) {
    it->second = corrected(it->second, found);
    it->second.ladder.flags = 0;
  }
}

/// Throws MismatchError where a column is absent that every row needs.
void require_columns(const EventColumns& rows) {
  if (rows.rows != 0 && (rows.time == nullptr || rows.kind == nullptr ||
                         (rows.relationship_number == nullptr && !rows.relationship)))
    throw MismatchError("event columns: relationship, time and kind are required");
}

/// The cache lines of a state that an event of each kind touches, three at most, by their offsets.
constexpr std::array<std::array<std::uint16_t, 3>, 256> lines_of_kind = [] {
  std::array<std::array<std::uint16_t, 3>, 256> lines{};
  const auto touches = [&](Kind kind, std::initializer_list<Sum> sums) {
    std::size_t count = 1;
    auto& own = lines[static_cast<std::size_t>(kind)];
    for (const Sum sum : sums) {
      const auto line =
          static_cast<std::uint16_t>(detail::sum_offsets[static_cast<std::size_t>(sum)] / 64 * 64);
      if (std::find(own.begin(), own.end(), line) == own.end()) own.at(count++) = line;
    }
  };
  touches(Kind::purchase, {Sum::purchases, Sum::margin});
  touches(Kind::purchase_elsewhere, {Sum::elsewhere});
  touches(Kind::returned, {Sum::purchases, Sum::promises_broken, Sum::margin, Sum::cost});
  touches(Kind::participation, {Sum::support, Sum::received});
  touches(Kind::review, {Sum::support, Sum::received});
  touches(Kind::attendance, {Sum::advocacy});
  touches(Kind::novelty, {Sum::advocacy});
  touches(Kind::referral, {Sum::advocacy, Sum::received});
  touches(Kind::suggestion, {Sum::partnership, Sum::received});
  touches(Kind::co_creation, {Sum::partnership, Sum::received});
  touches(Kind::gift, {Sum::given});
  touches(Kind::promise, {Sum::promises_kept});
  touches(Kind::payment, {Sum::promises_kept});
  touches(Kind::guarantee, {Sum::guarantees_kept});
  touches(Kind::request, {Sum::answered});
  touches(Kind::response, {Sum::answered});
  touches(Kind::concession, {Sum::granted, Sum::refused});
  touches(Kind::complaint, {Sum::promises_grave});
  touches(Kind::resolution, {Sum::promises_kept});
  touches(Kind::survey, {Sum::promises_kept, Sum::guarantees_kept});
  touches(Kind::cost, {Sum::cost});
  return lines;
}();

void prefetch_lines(const Relationship& r, std::uint8_t kind) noexcept {
  const auto* bytes = reinterpret_cast<const std::byte*>(&r);
  for (const std::uint16_t line : lines_of_kind[kind]) prefetch(bytes + line);
}

/// Numbers the plans of PlainFold; `not_plain` is a row that it cannot take.
using PlanNumber = std::uint8_t;
constexpr PlanNumber not_plain = 255;
constexpr PlanNumber plan_number(Kind kind, Side side) noexcept {
  return static_cast<PlanNumber>(2 * static_cast<int>(kind) + static_cast<int>(side));
}

/// Finds the plain rows: those whose columns say no more than kind, side, value and amount. Each column that
/// could say more is looked through by itself, so that absent ones cost nothing.
class PlainRows {
 public:
  PlainRows(const EventColumns& columns, std::string_view currency) noexcept
      : c_(columns), currency_(currency) {
    first_plan_.fill(not_plain);
    for (std::size_t k = 0; k < kind_count; ++k)
      if (PlainFold::takes(static_cast<Kind>(k)))
        first_plan_[k] = plan_number(static_cast<Kind>(k), Side::us);
  }

  /// The plans of `n` rows.
  void number(const std::size_t* rows, std::size_t n, PlanNumber* out) const noexcept {
    for (std::size_t k = 0; k < n; ++k) {
      const std::uint8_t kind = c_.kind[rows[k]];
      out[k] = first_plan_[kind];
    }
    if (c_.side != nullptr)
      for (std::size_t k = 0; k < n; ++k) {
        const std::uint8_t side = c_.side[rows[k]];
        if (side == 1 && out[k] != not_plain) ++out[k];
        if (side == EventColumns::unreadable) out[k] = not_plain;
      }
    const auto rule_out = [&](const auto& column, auto&& says_more) {
      if (!column) return;
      for (std::size_t k = 0; k < n; ++k)
        if (says_more(column[rows[k]], out[k])) out[k] = not_plain;
    };
    rule_out(c_.code, [](std::uint8_t code, PlanNumber) { return code != 0; });
    rule_out(c_.role,
             [](std::uint8_t role, PlanNumber) { return role == EventColumns::unreadable; });
    const auto of = [](Kind kind) {
      return [kind](double x, PlanNumber plan) {
        return x == x && plan / 2 == static_cast<int>(kind);
      };
    };
    rule_out(c_.margin, of(Kind::purchase));
    rule_out(c_.cost, of(Kind::gift));
    rule_out(c_.rating, of(Kind::review));
    rule_out(c_.currency, [this](std::string_view currency, PlanNumber) {
      return !currency.empty() && currency != currency_;
    });
  }

 private:
  const EventColumns& c_;
  std::string_view currency_;
  std::array<PlanNumber, 256> first_plan_;  ///< of each kind, for our side
};

/// Brings the columns of rows that do not follow one another near the processor, a block from `start` on.
void fetch_rows(const EventColumns& rows, std::span<const std::size_t> order, std::size_t start) {
  const std::size_t end = std::min(order.size(), start + IdIndex::block);
  const auto fetch = [&](const auto* column) {
    if (column == nullptr) return;
    for (std::size_t p = start; p < end; ++p) prefetch(&column[order[p]]);
  };
  fetch(rows.relationship_number);
  fetch(rows.relationship.words);
  if (rows.relationship.words == nullptr) {
    fetch(rows.relationship.offsets);
    fetch(rows.relationship.views);
  }
  fetch(rows.kind);
  fetch(rows.time);
  fetch(rows.value);
  fetch(rows.amount);
}

/// Brings the identifiers of rows in the order of arrival near the processor, a block from `start` on, where they are
/// views and may lie anywhere.
void fetch_views(const EventColumns& rows, std::size_t start) {
  const TextColumn& ids = rows.relationship;
  if (rows.relationship_number != nullptr || ids.words != nullptr || ids.offsets != nullptr) return;
  const std::size_t end = std::min(rows.rows, start + IdIndex::block);
  for (std::size_t i = start; i < end; ++i) {
    const std::string_view id = ids.views[i];
    prefetch(id.data());
    if (!id.empty()) prefetch(id.data() + id.size() - 1);
  }
}

/// Some rows ahead of their use: what they are, whose, and where the state is.
struct Ahead {
  static constexpr std::size_t block = IdIndex::block;
  static constexpr std::size_t size = 2 * block;
  static constexpr std::size_t at(std::size_t position) noexcept { return position % size; }

  std::array<std::size_t, size> row;
  std::array<std::uint32_t, size> index;
  std::array<Relationship*, size> state;
  std::array<PlanNumber, size> plan;
};

}  // namespace

// ---- storage -------------------------------------------------------------------------------------

void Portfolio::KeyedRows::add(std::uint32_t relationship, const Event& event,
                               std::string_view key_, Time newest, bool earlier, bool corrects) {
  rows.push_back({relationship, event, keys.size(), key_.size(), newest, earlier, corrects});
  keys += key_;
}

void Portfolio::KeyedRows::clear() noexcept {
  rows.clear();
  keys.clear();
}

void Portfolio::KeyedRows::sort() {
  std::sort(rows.begin(), rows.end(), [this](const KeyedRow& a, const KeyedRow& b) {
    if (a.relationship != b.relationship) return a.relationship < b.relationship;
    const bool a_closes = is_closer(a.event);
    const bool b_closes = is_closer(b.event);
    if (a_closes != b_closes) return b_closes;
    const auto a_order = order_of(a.event);
    const auto b_order = order_of(b.event);
    if (a_order != b_order) return a_order < b_order;
    return key(a) < key(b);
  });
}

// ---- folding -------------------------------------------------------------------------------------

Portfolio::Portfolio(Policy policy, std::optional<Time> landmark)
    : rules_(std::make_shared<const Rules>(std::move(policy), landmark)),
      currency_(rules_->policy().currency) {
  workers_.emplace_back(rules_->fold());
}

std::size_t Portfolio::open_items() const noexcept {
  const FoldRules& rules = rules_->fold();
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < meta_.size(); ++i)
    items(i).each(meta_[i].open,
                  [&](const OpenItem& item) { count += can_change(item, newest_, rules) ? 1 : 0; });
  return count;
}

std::size_t Portfolio::kept_items() const noexcept {
  std::size_t count = 0;
  for (const OpenItems& lane : items_) count += lane.size();
  return count;
}

void Portfolio::grow() {
  Alone alone;
  grow(alone);
}

void Portfolio::grow(Workers& workers) {
  if (meta_.size() == ids_.size()) return;
  meta_.grow_to(ids_.size(), workers);
  states_.grow_to(ids_.size(), workers);
  if (!contacts_.empty()) contacts_.grow_to(ids_.size(), workers);
}

void Portfolio::fetch(std::uint32_t index, std::uint8_t kind) const noexcept {
  prefetch_lines(states_[index], kind);
  if (kind == static_cast<std::uint8_t>(Kind::contact) && index < contacts_.size())
    prefetch(&contacts_[index]);
}

void Portfolio::act_on(KeyedRows& rows, Worker& worker) {
  rows.sort();
  const FoldRules& rules = rules_->fold();
  for (const KeyedRow& row : rows.rows) {
    Act act;
    (void)act_of(row.event, rules, act);  // judged when the row was read
    Meta& meta = meta_[row.relationship];
    PooledItems pool{items(row.relationship), row.relationship, meta.open};
    Relationship& r = states_[row.relationship];
    const bool late = row.newest > row.event.time;
    const bool corrects = row.corrects;
    const Relationship before = corrects ? r : Relationship{};
    const auto skip = act_with_items(row.event, act, rows.key(row), row.reached(),
                                     Heard{r, row.relationship, observer_}, pool, rules);
    if (corrects) add_correction(worker.corrections, row.relationship, difference(r, before));
    if (skip) {
      // Each row stays in the books of the call that brought it; what it turned out to be is in the total.
      Books& counted = row.earlier ? worker.before : worker.books;
      --counted.scored;
      counted.skip(*skip);
    }
    // In order, a late row might have met what came before it: only a replay can tell.
    const bool unmatched = skip == Skip::nothing_open;
    if (late && (unmatched || (!is_closer(row.event) && meta.unmatched != 0)))
      r.ladder.flags |= out_of_order;
    if (unmatched) ++meta.unmatched;
    if (!within_limits(r)) worker.over_limit = true;
  }
  rows.clear();
}

void Portfolio::note_corrections(std::unordered_map<std::uint32_t, Relationship>& found) {
  for (const auto& [index, one] : found) add_correction(corrections_, index, one);
  found.clear();
}

void Portfolio::mark(Time as_of) {
  marked_ = as_of;
  corrections_.clear();
}

void Portfolio::observe(ActObserver observer) { observer_ = std::move(observer); }

std::optional<Relationship> Portfolio::correction(std::uint32_t index) const {
  const auto it = corrections_.find(index);
  if (it == corrections_.end()) return std::nullopt;
  return it->second;
}

void Portfolio::Worker::start() {
  books = {};
  before = {};
  seen = {};
  folded.fill(false);
  margin_stated = false;
  over_limit = false;
  newest = no_time;
  marked = no_time;
  one_by_one = no_time;
  second = no_time;
  second_start = second_rejects = 0;
  again.clear();
}

/// Gives each worker the rows of its relationships that have waited.
void Portfolio::share_pending(unsigned parts) {
  for (unsigned part = 0; part < parts; ++part) workers_[part].pending.time = pending_.time;
  if (parts == 1) {
    std::swap(pending_, workers_[0].pending);
  } else {
    for (const KeyedRow& row : pending_.rows)
      workers_[lane_of(row.relationship) % parts].pending.add(row, pending_.key(row));
  }
  pending_.clear();
}

/// Lets rows of seconds before the newest act.
void Portfolio::close(Worker& worker) {
  for (KeyedRows* rows : {&worker.pending, &worker.current})
    if (!rows->rows.empty() && rows->time < newest_) act_on(*rows, worker);
}

/// Takes over what the workers found; rows of the newest second wait.
void Portfolio::gather(unsigned parts) {
  pending_.time = newest_;
  for (unsigned part = 0; part < parts; ++part) {
    Worker& worker = workers_[part];
    for (KeyedRows* rows : {&worker.pending, &worker.current}) {
      if (pending_.rows.empty()) {
        std::swap(pending_.rows, rows->rows);
        std::swap(pending_.keys, rows->keys);
      } else {
        for (const KeyedRow& row : rows->rows) pending_.add(row, rows->key(row));
      }
      rows->clear();
    }
    books_.add(worker.before);
    note_corrections(worker.corrections);
    seen_ |= worker.seen;
    margin_stated_ = margin_stated_ || worker.margin_stated;
    over_limit_ = over_limit_ || worker.over_limit;
  }
  for (KeyedRow& row : pending_.rows) row.earlier = true;
  pending_.sort();
  // Items that nothing can change any more are folded away, now and then.
  if (kept_items() > 2 * settled_items_ + 1024) settle();
}

void Portfolio::settle() {
  const FoldRules& rules = rules_->fold();
  std::vector<const OpenItem*> done;
  for (std::uint32_t i = 0; i < meta_.size(); ++i) {
    if (meta_[i].open == OpenItems::none) continue;
    done.clear();
    items(i).each(meta_[i].open, [&](const OpenItem& item) {
      if (!can_change(item, newest_, rules)) done.push_back(&item);
    });
    for (const OpenItem* item : done) {
      fire(Heard{states_[i], i, observer_}, *item, newest_, rules);
      items(i).erase(meta_[i].open, item);
    }
    if (!within_limits(states_[i])) over_limit_ = true;
  }
  settled_items_ = kept_items();
}

void Portfolio::throw_limit(std::uint32_t index, const Relationship& r) const {
  throw LimitError("relationship " + ids_.text(index) +
                   " is beyond the limits: " + std::to_string(r.events) + " events (at most " +
                   std::to_string(most_events) + "), " + std::to_string(r.money) +
                   " minor units of money (at most " + std::to_string(most_money) +
                   "); split it, or leave its rows out, and fold the log anew");
}

void Portfolio::check_limits() const {
  if (!over_limit_) return;
  // Those that went over may have been replayed since.
  for (std::uint32_t i = 0; i < size(); ++i)
    if (!within_limits(states_[i])) throw_limit(i, states_[i]);
}

/// A portfolio whose policy names no currency takes that of the earliest sound row that names one. Two in that
/// second leave no answer that the order of arrival could not change: the policy has to say.
void Portfolio::settle_currency(const EventColumns& rows, std::span<const std::size_t> order) {
  if (!rows.currency || !policy().currency.empty()) return;
  const RowReader reader(rows, policy(), nullptr);
  std::vector<std::size_t> kept;
  if (rows.event_id) {
    kept.assign(order.begin(), order.end());
    Books ignored;
    drop_repeats(rows, *rules_, nullptr, kept, ignored);
    order = kept;
  }
  Time first = currency_time_;
  std::string_view lowest = currency_;
  std::string_view highest = currency_;
  const std::size_t count = rows.event_id || !order.empty() ? order.size() : rows.rows;
  for (std::size_t p = 0; p < count; ++p) {
    const std::size_t i = order.empty() ? p : order[p];
    const std::string_view named = rows.currency[i];
    if (first != no_time && rows.time[i] > first) break;
    if (named.empty() || (currency_time_ != no_time && rows.time[i] != first)) continue;
    Event event;
    Act act;
    if (reader.read(i, event) != Code::ok ||
        judge(event, rows.refers_to && !rows.refers_to[i].empty(), rules_->fold(), act) != Code::ok)
      continue;
    if (first == no_time) lowest = highest = named;
    first = rows.time[i];
    lowest = std::min(lowest, named);
    highest = std::max(highest, named);
  }
  if (lowest != highest)
    throw MismatchError("the first rows that name a currency, of " + date_text(first) +
                        ", name both " + std::string(lowest) + " and " + std::string(highest) +
                        "; set `currency` in the policy, and `rates` for the others");
  if (first == no_time) return;
  currency_time_ = first;
  currency_ = std::string(lowest);
}

/// Throws where a row is newer than the landmark allows.
void Portfolio::check_window(const EventColumns& rows) const {
  const FoldRules& rules = rules_->fold();
  Time latest = no_time;
  for (std::size_t i = 0; i < rows.rows; ++i)
    if (rows.time[i] > rules.window_end && detail::plausible(rows.time[i]) &&
        (rows.code == nullptr || rows.code[i] == 0))
      latest = std::max(latest, rows.time[i]);
  if (latest > rules.window_end)
    throw WindowError(
        "a row of " + date_text(latest) + " is newer than " + date_text(rules.window_end) +
        ", 30 of the shortest half-life after the landmark " + date_text(rules.landmark) +
        "; set landmark = " + date_text(latest) + ", or leave rows after the as-of date out");
}

/// Rows that say the same, to the bit.
class SameRows {
 public:
  explicit SameRows(const EventColumns& columns) noexcept : c_(columns) {}

  /// An order in which equal rows are neighbours.
  std::strong_ordering compare(std::size_t a, std::size_t b) const noexcept {
    std::strong_ordering order = c_.kind[a] <=> c_.kind[b];
    const auto whole = [&](const auto* column) {
      if (order == 0 && column != nullptr) order = column[a] <=> column[b];
    };
    const auto real = [&](const double* column) {
      if (order == 0 && column != nullptr) order = order_bits(column[a]) <=> order_bits(column[b]);
    };
    const auto text = [&](const TextColumn& column) {
      if (order == 0 && column) order = column[a] <=> column[b];
    };
    for (const double* column :
         {c_.value, c_.amount, c_.margin, c_.cost, c_.rating, c_.scale_low, c_.scale_high})
      real(column);
    for (const Time* column : {c_.due, c_.done, c_.until, c_.since}) whole(column);
    for (const std::uint8_t* column :
         {c_.side, c_.parameter, c_.role, c_.whole_order, c_.personal, c_.answered})
      whole(column);
    for (const TextColumn* column : {&c_.refers_to, &c_.event_id, &c_.currency}) text(*column);
    return order;
  }

 private:
  const EventColumns& c_;
};

/// The index of a row's relationship, if there is one.
std::uint32_t Portfolio::index_of(const EventColumns& rows, std::size_t i) const noexcept {
  if (rows.relationship_number == nullptr) return ids_.find(rows.relationship[i]);
  const std::int64_t id = rows.relationship_number[i];
  return id == no_time ? IdIndex::none : ids_.find(id);
}

/// The rows of a call in the order of time, equal times in the order of arrival. O(rows).
std::vector<std::size_t> order_of_times(const Time* time, std::size_t rows) {
  std::vector<std::size_t> order(rows);
  const auto [low, high] = std::minmax_element(time, time + rows);
  const auto range = static_cast<std::uint64_t>(*high) - static_cast<std::uint64_t>(*low);
  constexpr std::size_t most = 0xffffffff;
  if (range > most || rows > most) {  // some time is absent or absurd
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [time](std::size_t a, std::size_t b) { return time[a] < time[b]; });
    return order;
  }
  // By the digits of the time, the last first; each pass keeps the order of the one before.
  constexpr int digit_bits = 11;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  std::vector<std::uint64_t> keys(rows);
  std::vector<std::uint64_t> sorted(rows);
  for (std::size_t i = 0; i < rows; ++i)
    keys[i] = (static_cast<std::uint64_t>(time[i]) - static_cast<std::uint64_t>(*low)) << 32 | i;
  const int last_bit = 32 + static_cast<int>(std::bit_width(range));
  for (int shift = 32; shift < last_bit; shift += digit_bits) {
    std::array<std::size_t, digits> start{};
    for (const std::uint64_t key : keys) ++start[(key >> shift) % digits];
    std::size_t sum = 0;
    for (std::size_t& count : start) sum += std::exchange(count, sum);
    for (const std::uint64_t key : keys) sorted[start[(key >> shift) % digits]++] = key;
    keys.swap(sorted);
  }
  for (std::size_t i = 0; i < rows; ++i) order[i] = keys[i] & most;
  return order;
}

Books Portfolio::apply(const EventColumns& rows, Workers& workers) {
  Books books = prepare_and_fold(rows, newest_, marked_, workers, [] {});
  books_.add(books);
  check_limits();
  return books;
}

/// Everything that can throw is checked first; then `begin` is called and the rows are folded. Rows before `known`
/// are late, those up to `marked` corrections.
template <class Begin>
Books Portfolio::prepare_and_fold(const EventColumns& rows, Time known, Time marked,
                                  Workers& workers, Begin&& begin) {
  if (rows.rows == 0) return {};
  known_ = known;
  require_columns(rows);
  check_window(rows);
  std::vector<std::size_t> order;
  if (!std::is_sorted(rows.time, rows.time + rows.rows)) {
    order = order_of_times(rows.time, rows.rows);
  } else if (rows.event_id) {
    order.resize(rows.rows);
    std::iota(order.begin(), order.end(), std::size_t{0});
  }
  settle_currency(rows, order);
  begin();
  Books books;
  const bool all = order.empty();
  if (rows.event_id) drop_repeats(rows, *rules_, &currency_, order, books);
  if (contacts_.empty() &&
      std::find(rows.kind, rows.kind + rows.rows, static_cast<std::uint8_t>(Kind::contact)) !=
          rows.kind + rows.rows)
    contacts_.grow_to(std::max<std::size_t>(ids_.size(), 1));
  if (all || !order.empty()) books.add_call(fold(rows, order, workers, marked));
  books.read = static_cast<std::int64_t>(rows.rows);
  std::sort(books.rejects.begin(), books.rejects.end(),
            [](const Reject& a, const Reject& b) { return a.row < b.row; });
  return books;
}

namespace {

Contact contact_of(const EventColumns& rows, std::size_t i) noexcept {
  const auto flag = [i](const std::uint8_t* column) {
    return column == nullptr ? Contact::unstated : column[i];
  };
  const auto real = [i](const double* column) { return column == nullptr ? no_value : column[i]; };
  return {.time = rows.time[i],
          .side = rows.side != nullptr && rows.side[i] == 1 ? Side::them : Side::us,
          .personal = flag(rows.personal),
          .answered = flag(rows.answered),
          .rating = real(rows.rating),
          .scale_low = real(rows.scale_low),
          .scale_high = real(rows.scale_high)};
}

}  // namespace

/// One worker's way through its rows of a call, in the order of time.
class Portfolio::Pass {
 public:
  Pass(Portfolio& portfolio, Worker& worker, const EventColumns& rows,
       std::span<const std::size_t> order) noexcept
      : p_(portfolio),
        w_(worker),
        rows_(rows),
        order_(order),
        rules_(portfolio.rules_->fold()),
        reader_(rows, portfolio.policy(), &portfolio.currency_) {}

  /// Folds row `i`, the one at `position` in the order of time. `state` is null where no relationship is named.
#if defined(__GNUC__)
  [[gnu::always_inline]]  // a call for each row costs a tenth of the fold
#endif
  void
  row(std::size_t position, std::size_t i, std::uint32_t index, Relationship* state,
      PlanNumber plan) {
    const Time time = rows_.time[i];
    if (time != w_.second) {
      end_second(position);
      w_.second = time;
      w_.second_start = position;
      w_.second_rejects = w_.books.rejects.size();
    }
    if (state != nullptr && (plan == not_plain || state->ladder.newest == time)) [[unlikely]]
      w_.again.push_back(index);
    if (time <= w_.one_by_one) [[unlikely]]
      plan = not_plain;  // what it changes is kept apart, or heard
    if (!counted(i, index, state, plan)) return;
    ++w_.books.scored;
    w_.newest = std::max(w_.newest, time);
    if (rows_.role != nullptr && rows_.role[i] < role_count)
      p_.meta_[index].settle_role(static_cast<Role>(rows_.role[i]), time);
    if (!p_.contacts_.empty() && rows_.kind[i] == static_cast<std::uint8_t>(Kind::contact))
      p_.contacts_[index].add(contact_of(rows_, i));
  }

  /// After the last row; `count` is that of all rows of the call.
  void end(std::size_t count) {
    end_second(count);
    for (int i = 0; i < kind_count; ++i) {
      const auto kind = static_cast<Kind>(i);
      for (const Side side : {Side::us, Side::them})
        if (w_.folded[plan_number(kind, side)] &&
            (side == rules_.options.perspective || !judges_conduct(kind)))
          w_.seen.see(kind);
    }
  }

 private:
  /// Folds a row, plain or not; false where it is set aside.
  bool counted(std::size_t i, std::uint32_t index, Relationship* state, PlanNumber plan) {
    if (plan != not_plain && w_.plain.apply(*state, w_.plain.plans()[plan], rows_.time[i],
                                            rows_.value != nullptr ? rows_.value[i] : no_value,
                                            rows_.amount != nullptr ? rows_.amount[i] : no_value)) {
      w_.folded[plan] = true;
      return true;
    }
    if (const Code code = any_row(i, index); code != Code::ok) {
      ++w_.books.set_aside[static_cast<std::size_t>(code)];
      w_.books.rejects.push_back({static_cast<std::int64_t>(i), code});
      if (state != nullptr) ++p_.meta_[index].set_aside;
      return false;
    }
    return true;
  }

  /// Folds one row of any kind; returns why a bad one is set aside.
  Code any_row(std::size_t i, std::uint32_t index) {
    Event event;
    Act act;
    Code code = reader_.read(i, event);
    if (code == Code::ok && index == IdIndex::none) code = Code::missing_relationship;
    if (code != Code::ok) return code;
    const std::string_view key = rows_.refers_to ? rows_.refers_to[i] : std::string_view{};
    code = judge(event, !key.empty(), rules_, act);
    if (code != Code::ok) return code;
    if (event.side == rules_.options.perspective || !judges_conduct(event.kind))
      w_.seen.see(event.kind, event.parameter);
    if (event.kind == Kind::purchase && !std::isnan(event.margin)) w_.margin_stated = true;
    Relationship& r = p_.states_[index];
    const bool opens_or_closes = uses_items(event, !key.empty(), rules_);
    if (opens_or_closes && !key.empty()) {
      reach(event.time);
      w_.current.add(index, event, key, p_.known_, false, event.time <= w_.marked);
      return Code::ok;
    }
    std::optional<Relationship> before;
    if (event.time <= w_.marked) [[unlikely]]
      before = r;
    if (opens_or_closes) {
      PooledItems pool{p_.items(index), index, p_.meta_[index].open};
      (void)act_with_items(event, act, key, event.time, Heard{r, index, p_.observer_}, pool,
                           rules_);
    } else {
      Heard{r, index, p_.observer_}.take(act, rules_);
    }
    if (before) add_correction(w_.corrections, index, difference(r, *before));
    if (!within_limits(r)) w_.over_limit = true;
    return Code::ok;
  }

  /// Rows of earlier seconds are complete once a later one is reached.
  void reach(Time time) {
    if (!w_.current.rows.empty() && w_.current.time < time) p_.act_on(w_.current, w_);
    if (!w_.pending.rows.empty() && w_.pending.time < time) p_.act_on(w_.pending, w_);
    if (!w_.pending.rows.empty() && w_.pending.time == time) {
      for (const KeyedRow& row : w_.pending.rows) w_.current.add(row, w_.pending.key(row));
      w_.pending.clear();
    }
    w_.current.time = time;
  }

  void end_second(std::size_t end) {
    if (w_.again.empty()) return;
    if (end - w_.second_start > 1) count_copies(end);
    w_.again.clear();
  }

  /// Among the rows of the second that ends before position `end`, how many are copies of another.
  void count_copies(std::size_t end) {
    std::sort(w_.again.begin(), w_.again.end());
    w_.again.erase(std::unique(w_.again.begin(), w_.again.end()), w_.again.end());
    auto rejects = std::span<const Reject>(w_.books.rejects).subspan(w_.second_rejects);
    auto& found = w_.same_second;
    found.clear();
    for (std::size_t p = w_.second_start; p < end; ++p) {
      const std::size_t i = order_.empty() ? p : order_[p];
      if (!rejects.empty() && rejects.front().row == static_cast<std::int64_t>(i)) {
        rejects = rejects.subspan(1);
        continue;
      }
      const std::uint32_t index = p_.word_index_.empty()
                                      ? p_.index_of(rows_, i)
                                      : p_.word_index_[rows_.relationship.words[i]];
      if (std::binary_search(w_.again.begin(), w_.again.end(), index)) found.emplace_back(index, i);
    }
    const SameRows same(rows_);
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : same.compare(a.second, b.second) < 0;
    });
    for (std::size_t k = 1; k < found.size(); ++k)
      if (found[k].first == found[k - 1].first &&
          same.compare(found[k].second, found[k - 1].second) == 0)
        ++w_.books.repeats;
  }

  Portfolio& p_;
  Worker& w_;
  const EventColumns& rows_;
  std::span<const std::size_t> order_;
  const FoldRules& rules_;
  RowReader reader_;
};

Books Portfolio::fold(const EventColumns& rows, std::span<const std::size_t> order,
                      Workers& workers, Time marked) {
  const std::size_t count = order.empty() ? rows.rows : order.size();
  constexpr std::size_t least = 1 << 11;  // rows that are worth a worker
  const auto parts =
      observer_ ? 1U
                : static_cast<unsigned>(std::clamp<std::size_t>(
                      count / least, 1, std::min<std::size_t>(workers.count(), lane_count)));
  while (workers_.size() < parts) workers_.emplace_back(rules_->fold());
  for (unsigned part = 0; part < parts; ++part) {
    workers_[part].start();
    workers_[part].marked = marked;
    workers_[part].one_by_one = observer_ ? furthest_time : marked;
  }
  share_pending(parts);
  start_words(rows.relationship_number == nullptr ? rows.relationship : TextColumn{}, rows.rows);
  if (parts == 1)
    fold_alone(rows, order);
  else
    fold_shared(rows, order, parts, workers);
  for (unsigned part = 0; part < parts; ++part) newest_ = std::max(newest_, workers_[part].newest);
  if (parts == 1)
    close(workers_[0]);
  else
    workers.run(parts, [this](unsigned part) { close(workers_[part]); });
  Books books;
  for (unsigned part = 0; part < parts; ++part) books.add_call(std::move(workers_[part].books));
  gather(parts);
  return books;
}

void Portfolio::fold_alone(const EventColumns& rows, std::span<const std::size_t> order) {
  const PlainRows plain(rows, currency_);
  const std::size_t count = order.empty() ? rows.rows : order.size();
  // Rows are resolved a block ahead, and the lines of a state are fetched some rows ahead of their use, so that
  // cache misses overlap with work.
  Ahead next;
  const auto resolve = [&](std::size_t start) {
    if (start >= count) return;
    const std::size_t n = std::min(Ahead::block, count - start);
    const std::size_t at = Ahead::at(start);
    for (std::size_t k = 0; k < n; ++k)
      next.row[at + k] = order.empty() ? start + k : order[start + k];
    if (order.empty())
      fetch_views(rows, start + Ahead::block);
    else
      fetch_rows(rows, order, start + Ahead::block);
    plain.number(&next.row[at], n, &next.plan[at]);
    resolve_ids(rows, &next.row[at], n, &next.index[at]);
    grow();
    for (std::size_t k = at; k < at + n; ++k) {
      const std::uint32_t index = next.index[k];
      next.state[k] = index == IdIndex::none ? nullptr : &states_[index];
      if (index == IdIndex::none) next.plan[k] = not_plain;
    }
    // All in one go, so that address translations overlap, too.
    for (std::size_t k = at; k < at + n; ++k)
      if (next.state[k] != nullptr) prefetch(next.state[k]);
  };
  const auto fetch = [&](std::size_t p) {
    const std::size_t at = Ahead::at(p);
    if (p < count && next.state[at] != nullptr)
      this->fetch(next.index[at], rows.kind[next.row[at]]);
  };
  constexpr std::size_t distance = 24;
  resolve(0);
  for (std::size_t p = 0; p < distance; ++p) fetch(p);
  Pass pass(*this, workers_[0], rows, order);
  for (std::size_t p = 0; p < count; ++p) {
    if (p % Ahead::block == 0) resolve(p + Ahead::block);
    fetch(p + distance);
    const std::size_t at = Ahead::at(p);
    pass.row(p, next.row[at], next.index[at], next.state[at], next.plan[at]);
  }
  pass.end(count);
}

/// Chunk by chunk: the rows' relationships are found by all workers, new ones are added by one, in the order of rows,
/// and then each worker folds the rows of its own.
void Portfolio::fold_shared(const EventColumns& rows, std::span<const std::size_t> order,
                            unsigned parts, Workers& workers) {
  constexpr std::size_t chunk_size = 1 << 17;
  const PlainRows plain(rows, currency_);
  const std::size_t count = order.empty() ? rows.rows : order.size();
  chunk_.index.resize(std::min(chunk_size, count));
  chunk_.plan.resize(chunk_.index.size());
  std::array<unsigned, lane_count> owner;
  for (unsigned lane = 0; lane < lane_count; ++lane) owner[lane] = lane % parts;
  std::vector<Pass> passes;
  passes.reserve(parts);
  for (unsigned part = 0; part < parts; ++part)
    passes.emplace_back(*this, workers_[part], rows, order);
  for (std::size_t start = 0; start < count; start += chunk_size) {
    const std::size_t n = std::min(chunk_size, count - start);
    const auto row_of = [&](std::size_t k) { return order.empty() ? start + k : order[start + k]; };
    const auto find = [&](unsigned part) {
      std::array<std::size_t, IdIndex::block> at;
      const std::size_t share = (n / parts + IdIndex::block) / IdIndex::block * IdIndex::block;
      const std::size_t end = std::min(n, (part + 1) * share);
      for (std::size_t k = part * share; k < end; k += IdIndex::block) {
        const std::size_t block = std::min(IdIndex::block, end - k);
        for (std::size_t j = 0; j < block; ++j) at[j] = row_of(k + j);
        if (order.empty())
          fetch_views(rows, start + k + IdIndex::block);
        else
          fetch_rows(rows, order, start + k + IdIndex::block);
        plain.number(at.data(), block, &chunk_.plan[k]);
        find_ids(rows, at.data(), block, &chunk_.index[k]);
      }
    };
    workers.run(parts, std::ref(find));
    add_ids(rows, row_of, n);
    grow(workers);
    const auto fold_own = [&](unsigned part) {
      auto& mine = workers_[part].mine;
      mine.resize(n + 1);
      std::size_t own = 0;
      for (std::size_t k = 0; k < n; ++k) {
        const std::uint32_t index = chunk_.index[k];
        const unsigned whose = index == IdIndex::none ? 0 : owner[lane_of(index)];
        mine[own] = static_cast<std::uint32_t>(k);
        own += whose == part ? 1 : 0;
      }
      const auto state_of = [&](std::size_t k) {
        const std::uint32_t index = chunk_.index[k];
        return index == IdIndex::none ? nullptr : &states_[index];
      };
      constexpr std::size_t far = 64;
      constexpr std::size_t near = 24;
      for (std::size_t j = 0; j < own + far; ++j) {
        if (j % 32 == 0)  // so that address translations overlap
          for (std::size_t a = j; a < std::min(own, j + 32); ++a)
            if (const Relationship* state = state_of(mine[a])) prefetch(state);
        if (j >= far - near && j - (far - near) < own) {
          const std::size_t k = mine[j - (far - near)];
          if (chunk_.index[k] != IdIndex::none) fetch(chunk_.index[k], rows.kind[row_of(k)]);
        }
        if (j < far) continue;
        const std::size_t k = mine[j - far];
        Relationship* state = state_of(k);
        passes[part].row(start + k, row_of(k), chunk_.index[k], state,
                         state == nullptr ? not_plain : chunk_.plan[k]);
      }
    };
    workers.run(parts, std::ref(fold_own));
  }
  const auto end = [&](unsigned part) { passes[part].end(count); };
  workers.run(parts, std::ref(end));
}

/// Adds the relationships of a chunk that were not found, in the order of rows.
template <class RowOf>
void Portfolio::add_ids(const EventColumns& rows, RowOf&& row_of, std::size_t n) {
  std::array<std::size_t, IdIndex::block> at;
  std::array<std::size_t, IdIndex::block> row;
  std::array<std::uint32_t, IdIndex::block> index;
  std::size_t count = 0;
  const auto add = [&] {
    resolve_ids(rows, row.data(), count, index.data());
    for (std::size_t j = 0; j < count; ++j) chunk_.index[at[j]] = index[j];
    count = 0;
  };
  for (std::size_t k = 0; k < n; ++k) {
    if (chunk_.index[k] != IdIndex::none) continue;
    at[count] = k;
    row[count] = row_of(k);
    if (++count == IdIndex::block) add();
  }
  if (count != 0) add();
}

/// Words whose relationships are found once a call; none where there are too many of them to be worth it.
void Portfolio::start_words(const TextColumn& column, std::size_t rows) {
  const bool few = column.words != nullptr && column.word_count <= rows;
  word_index_.assign(few ? column.word_count : 0, IdIndex::none);
}

/// The indices of `n` rows by their words; `look_up` finds those of texts, at most a block, for words that come for
/// the first time. Workers may meet in one word: then they find the same.
template <class LookUp>
void Portfolio::ids_of_words(const TextColumn& column, const std::size_t* at, std::size_t n,
                             std::uint32_t* index, LookUp&& look_up) {
  const auto known = [this](std::uint32_t word) {
    return std::atomic_ref<std::uint32_t>(word_index_[word]);
  };
  std::array<std::uint32_t, IdIndex::block> unknown;
  std::size_t count = 0;
  for (std::size_t k = 0; k < n; ++k) {
    index[k] = known(column.words[at[k]]).load(std::memory_order_relaxed);
    unknown[count] = static_cast<std::uint32_t>(k);
    count += index[k] == IdIndex::none ? 1 : 0;
  }
  if (count == 0) return;
  std::array<std::uint32_t, IdIndex::block> found;
  look_up(
      count, [&](std::size_t j) { return column[at[unknown[j]]]; }, found.data());
  for (std::size_t j = 0; j < count; ++j) {
    index[unknown[j]] = found[j];
    known(column.words[at[unknown[j]]]).store(found[j], std::memory_order_relaxed);
  }
}

/// The indices of the relationships of `n` rows, new where they are unknown; none where a row names none.
void Portfolio::resolve_ids(const EventColumns& rows, const std::size_t* at, std::size_t n,
                            std::uint32_t* index) {
  if (rows.relationship_number != nullptr) {
    for (std::size_t k = 0; k < n; ++k) ids_.prefetch(rows.relationship_number[at[k]]);
    for (std::size_t k = 0; k < n; ++k) {
      const std::int64_t id = rows.relationship_number[at[k]];
      index[k] = id == no_time ? IdIndex::none : ids_.add(id);
    }
  } else if (!word_index_.empty()) {
    ids_of_words(rows.relationship, at, n, index,
                 [this](std::size_t count, auto&& text_of, std::uint32_t* found) {
                   ids_.add(count, text_of, found);
                 });
  } else {
    ids_.add(
        n, [&](std::size_t k) { return rows.relationship[at[k]]; }, index);
  }
}

/// The same of known relationships.
void Portfolio::find_ids(const EventColumns& rows, const std::size_t* at, std::size_t n,
                         std::uint32_t* index) {
  if (rows.relationship_number != nullptr) {
    for (std::size_t k = 0; k < n; ++k) ids_.prefetch(rows.relationship_number[at[k]]);
    for (std::size_t k = 0; k < n; ++k) index[k] = index_of(rows, at[k]);
  } else if (!word_index_.empty()) {
    ids_of_words(rows.relationship, at, n, index,
                 [this](std::size_t count, auto&& text_of, std::uint32_t* found) {
                   ids_.find(count, text_of, found);
                 });
  } else {
    ids_.find(
        n, [&](std::size_t k) { return rows.relationship[at[k]]; }, index);
  }
}

Code Portfolio::apply(std::string_view relationship, const Event& event,
                      std::string_view refers_to) {
  const std::int64_t offsets[] = {0, static_cast<std::int64_t>(relationship.size())};
  const std::int64_t key_offsets[] = {0, static_cast<std::int64_t>(refers_to.size())};
  const auto kind = static_cast<std::uint8_t>(event.kind);
  const auto side = static_cast<std::uint8_t>(event.side);
  const auto parameter = static_cast<std::uint8_t>(event.parameter);
  const auto whole = static_cast<std::uint8_t>(event.whole_order);
  EventColumns row;
  row.rows = 1;
  row.relationship = {relationship.data(), offsets};
  row.refers_to = {refers_to.data(), key_offsets};
  row.kind = &kind;
  row.time = &event.time;
  row.value = &event.value;
  row.amount = &event.amount;
  row.margin = &event.margin;
  row.cost = &event.cost;
  row.rating = &event.rating;
  row.scale_low = &event.scale_low;
  row.scale_high = &event.scale_high;
  row.due = &event.due;
  row.done = &event.done;
  row.until = &event.until;
  row.since = &event.since;
  row.side = &side;
  row.parameter = &parameter;
  row.whole_order = &whole;
  const Books books = apply(row);
  return books.rejects.empty() ? Code::ok : books.rejects.front().code;
}

Books Portfolio::retract(const EventColumns& rows) {
  require_columns(rows);
  settle();
  const FoldRules& rules = rules_->fold();
  const RowReader reader(rows, policy(), &currency_);
  Books books;
  books.read = static_cast<std::int64_t>(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::uint32_t index = index_of(rows, i);
    Event event;
    Act act;
    Code code = reader.read(i, event);
    const bool has_key = rows.refers_to && !rows.refers_to[i].empty();
    if (code == Code::ok) code = judge(event, has_key, rules, act);
    if (code == Code::ok &&
        (index == IdIndex::none || !can_hold(states_[index], act) ||
         (has_key && uses_items(event, has_key, rules)) ||
         (event.kind == Kind::request && event.side == rules.options.perspective)))
      code = Code::retraction_without_event;
    if (code != Code::ok) {
      ++books.set_aside[static_cast<std::size_t>(code)];
      books.rejects.push_back({static_cast<std::int64_t>(i), code});
      if (index != IdIndex::none) ++meta_[index].set_aside;
      continue;
    }
    const Relationship before = states_[index];
    loyalty::retract(states_[index], act, rules);
    if (event.time <= marked_)
      add_correction(corrections_, index, difference(states_[index], before));
    if (event.kind == Kind::contact && index < contacts_.size())
      contacts_[index].add(contact_of(rows, i), -1);
    ++books.scored;
  }
  return books;
}

Books Portfolio::replay(const EventColumns& rows, Workers& workers) {
  std::unordered_map<std::uint32_t, std::uint32_t> set_aside;
  const Books books = prepare_and_fold(
      rows, no_time, no_time, workers, [&] {  // nothing is known of them, so nothing is late
        for (std::size_t i = 0; i < rows.rows; ++i) {
          const std::uint32_t index = index_of(rows, i);
          if (index == IdIndex::none ||
              !set_aside.try_emplace(index, meta_[index].set_aside).second)
            continue;
          states_[index] = Relationship{};
          while (meta_[index].open != OpenItems::none) {
            const OpenItem* first = nullptr;
            items(index).each(meta_[index].open, [&](const OpenItem& item) {
              if (first == nullptr) first = &item;
            });
            items(index).erase(meta_[index].open, first);
          }
          meta_[index] = Meta{};
          if (index < contacts_.size()) contacts_[index] = {};
        }
        const auto replayed = [&](const KeyedRow& row) {
          return set_aside.contains(row.relationship);
        };
        pending_.rows.erase(std::remove_if(pending_.rows.begin(), pending_.rows.end(), replayed),
                            pending_.rows.end());
      });
  // The rows stay in the books as they were counted when they first came. Those that a reader set aside are not
  // in this call; the flag must outlive the replay.
  for (const auto& [index, rows_before] : set_aside)
    meta_[index].set_aside = std::max(meta_[index].set_aside, rows_before);
  check_limits();
  return books;
}

void Portfolio::merge(const Portfolio& other) {
  if (&other == this)
    throw MismatchError("a portfolio does not merge with itself: every row would count twice");
  const Fingerprints mine = fingerprints(policy());
  const Fingerprints theirs = fingerprints(other.policy());
  if (mine.fold != theirs.fold)
    throw MismatchError("portfolios of other fold fingerprints do not merge: " + mine.fold +
                        " and " + theirs.fold + "; fold both logs under one policy");
  if (rules_->landmark() != other.rules_->landmark())
    throw MismatchError(
        "portfolios of other landmarks do not merge: " + date_text(rules_->landmark()) + " and " +
        date_text(other.rules_->landmark()));
  if (!currency_.empty() && !other.currency_.empty() && currency_ != other.currency_)
    throw MismatchError("portfolios of other currencies do not merge: " + currency_ + " and " +
                        other.currency_ + "; set `currency` and `rates` in the policy");
  if (currency_.empty() ||
      (other.currency_time_ != no_time && other.currency_time_ < currency_time_)) {
    currency_ = other.currency_;
    currency_time_ = other.currency_time_;
  }
  const bool criteria_differ = mine.ladder != theirs.ladder;
  std::vector<std::uint32_t> here(other.size());
  for (std::uint32_t i = 0; i < other.size(); ++i) {
    here[i] = ids_.add(other.ids_.text(i));
    grow();
    Meta& meta = meta_[here[i]];
    const Meta& from = other.meta_[i];
    Relationship& r = states_[here[i]];
    Relationship added = other.states_[i];
    if (criteria_differ && !added.empty()) added.ladder.flags |= position_unset;
    r = loyalty::merge(r, added);
    meta.set_aside += from.set_aside;
    if (from.role_time != no_time) meta.settle_role(from.role, from.role_time);
    // What one side opened, the other may have closed: only a replay can tell.
    if ((meta.unmatched != 0 && from.open != OpenItems::none) ||
        (from.unmatched != 0 && meta.open != OpenItems::none))
      r.ladder.flags |= out_of_order;
    meta.unmatched += from.unmatched;
    if (i < other.contacts_.size() && !other.contacts_[i].empty()) {
      contacts_.grow_to(ids_.size());
      contacts_[here[i]] += other.contacts_[i];
    }
    other.items(i).each(
        from.open, [&](const OpenItem& item) { items(here[i]).insert(here[i], meta.open, item); });
    if (!within_limits(r)) over_limit_ = true;
  }
  workers_[0].start();
  share_pending(1);
  // The rows that wait on both sides act in the order of time, those of one second together.
  KeyedRows& waiting = workers_[0].pending;
  KeyedRows& added = workers_[0].current;
  waiting.time = waiting.rows.empty() ? no_time : waiting.time;
  added.time = other.pending_.rows.empty() ? no_time : other.pending_.time;
  KeyedRows& target = waiting.time == added.time ? waiting : added;
  for (const KeyedRow& row : other.pending_.rows)
    target.add(here[row.relationship], row.event, other.pending_.key(row), row.newest, true);
  if (added.time < waiting.time) std::swap(waiting, added);
  newest_ = std::max(newest_, other.newest_);
  close(workers_[0]);
  books_.add(other.books_);
  seen_ |= other.seen_;
  margin_stated_ = margin_stated_ || other.margin_stated_;
  gather(1);
  check_limits();
}

void Portfolio::note_set_aside(std::string_view relationship, std::uint32_t rows) {
  if (relationship.empty()) return;
  const std::uint32_t index = ids_.add(relationship);
  grow();
  meta_[index].set_aside += rows;
}

// ---- reading -------------------------------------------------------------------------------------

Books Portfolio::books() const {
  Books total = books_;
  total.rejects.clear();
  // Rows of the newest second may yet turn out to find nothing open: count them as a read would.
  for (std::size_t i = 0; i < pending_.rows.size();) {
    const std::uint32_t index = pending_.rows[i].relationship;
    const int skipped = read_pending(index, newest_, total).second;
    total.scored -= skipped;
    while (i < pending_.rows.size() && pending_.rows[i].relationship == index) ++i;
  }
  return total;
}

std::optional<std::uint32_t> Portfolio::find(std::string_view relationship) const noexcept {
  const std::uint32_t index = ids_.find(relationship);
  if (index == IdIndex::none) return std::nullopt;
  return index;
}

std::span<const Portfolio::KeyedRow> Portfolio::pending_of(std::uint32_t index) const noexcept {
  const auto less = [](const auto& a, const auto& b) {
    const auto relationship = [](const auto& x) {
      if constexpr (std::is_same_v<std::decay_t<decltype(x)>, KeyedRow>)
        return x.relationship;
      else
        return x;
    };
    return relationship(a) < relationship(b);
  };
  const auto [first, last] =
      std::equal_range(pending_.rows.begin(), pending_.rows.end(), index, less);
  return {first, last};
}

std::pair<Relationship, int> Portfolio::read_pending(std::uint32_t index, Time now, Books& books,
                                                     const ActObserver& observer) const {
  const FoldRules& rules = rules_->fold();
  Relationship r = states_[index];
  const Heard heard{r, index, observer};
  const auto waiting = pending_of(index);
  CopiedItems copied(items(index), meta_[index].open, waiting.size());
  int skipped = 0;
  for (const KeyedRow& row : waiting) {
    Act act;
    (void)act_of(row.event, rules, act);
    if (const auto skip = act_with_items(row.event, act, pending_.key(row), row.reached(), heard,
                                         copied, rules)) {
      ++skipped;
      books.skip(*skip);
    }
  }
  for (const CopiedItems::Item& item : copied.items) fire(heard, item, now, rules);
  return {r, skipped};
}

Relationship Portfolio::state(std::uint32_t index, Time now) const { return state(index, now, {}); }

Relationship Portfolio::state(std::uint32_t index, Time now, const ActObserver& observer) const {
  Relationship r;
  if (!pending_.rows.empty() && !pending_of(index).empty()) {
    Books ignored;
    r = read_pending(index, now, ignored, observer).first;
  } else {
    r = states_[index];
    items(index).each(meta_[index].open, [&](const OpenItem& item) {
      fire(Heard{r, index, observer}, item, now, rules_->fold());
    });
  }
  if (!within_limits(r)) [[unlikely]]
    throw_limit(index, r);  // by items that no later row has folded away
  return r;
}

AsOf Portfolio::at(Time now) const {
  check_limits();
  if (newest_ != no_time && now < newest_)
    throw WindowError("as-of date " + date_text(now) + " lies before the newest row, " +
                      date_text(newest_) +
                      "; to see that date, fold the rows up to it into a new portfolio");
  return rules_->at(now);
}

Assessment Portfolio::assess(std::uint32_t index, const AsOf& at) const {
  return loyalty::assess(state(index, at.now()), at, rules_->scorer(role(index)), Lit(observed()));
}

}  // namespace loyalty
