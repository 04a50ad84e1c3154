// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <loyalty/batch/blocks.hpp>
#include <loyalty/batch/books.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/batch/id_index.hpp>
#include <loyalty/batch/open_items.hpp>
#include <loyalty/batch/workers.hpp>
#include <loyalty/core/prefetch.hpp>
#include <loyalty/events/contact_profile.hpp>
#include <loyalty/events/correction.hpp>
#include <loyalty/events/plain_fold.hpp>
#include <loyalty/policy.hpp>

namespace loyalty {

/// Hears what acts on a relationship: its index, and the act.
using ActObserver = std::function<void(std::uint32_t relationship, const Act& act)>;

/// Many relationships under one policy: rows in, assessments out. It holds a state for each
/// relationship and the open items; memory does not grow with events. Not safe for concurrent writers;
/// concurrent reads are. Calls that take `Workers` share their work among them, split by relationship.
///
/// The same rows give the same states to the bit, in any order within a call, in any chunks that follow
/// time, however they are sharded by relationship, on any number of threads. Copies of whole rows are folded as often as given;
/// `event_id` tells repeats apart within a call.
class Portfolio {
 public:
  /// An empty portfolio. `landmark` in UTC seconds outranks the policy's. Throws PolicyError.
  explicit Portfolio(Policy policy = {}, std::optional<Time> landmark = std::nullopt);
  Portfolio(Portfolio&&) noexcept = default;
  Portfolio& operator=(Portfolio&&) noexcept = default;

  /// The policy compiled for the hot path.
  const Rules& rules() const noexcept { return *rules_; }
  /// The policy that it was made with.
  const Policy& policy() const noexcept { return rules_->policy(); }

  /// Applies rows in any order. Bad rows are set aside and counted, never thrown for. Before
  /// anything is applied it throws MismatchError where a required column is absent, or where the
  /// policy names no currency and the first second that names one names two; and WindowError where
  /// a row is newer than the landmark allows. LimitError comes after the rows are applied, where a
  /// relationship went over its limits. Amortised O(1) a row for rows in order of time (others are
  /// sorted first); allocates only for new relationships, new open items and rejects.
  Books apply(const EventColumns& rows, Workers& workers);
  Books apply(const EventColumns& rows) {
    Alone alone;
    return apply(rows, alone);
  }
  /// Applies one event; what a row's `refers_to` names closes or opens an item. Returns the code of a bad one.
  /// Throws WindowError and LimitError as above.
  Code apply(std::string_view relationship, const Event& event, std::string_view refers_to = {});

  /// Takes rows back, each given whole as it was applied: sums are what they would be without them,
  /// and positions that depend on them are flagged. Rows whose effect went through open items
  /// (requests with refers_to, promises closed later) need a replay instead and are set aside.
  /// Throws MismatchError where a required column is absent.
  Books retract(const EventColumns& rows);

  /// From here on `observer` hears every act of rows that `apply` folds, in any order of stamps; what an act takes back was
  /// heard before with the same stamp. Rows of the newest second and open items are heard when a later row settles them
  /// (or see `state`). Such calls run alone, one row at a time. An empty observer ends it.
  void observe(ActObserver observer);

  /// Starts the relationships named in the rows afresh and applies the rows, which must be their
  /// whole history: positions are then what in-order arrival gives. Throws as `apply`: WindowError
  /// and MismatchError (also of a first second with two currencies) before anything is wiped,
  /// LimitError after the rows are applied.
  Books replay(const EventColumns& rows, Workers& workers);
  Books replay(const EventColumns& rows) {
    Alone alone;
    return replay(rows, alone);
  }

  /// Adds another portfolio of the same fold fingerprint, landmark and currency; throws
  /// MismatchError before anything is added, also where `other` is this portfolio: none merges with
  /// itself, since every row would count twice. Relationships in both get their sums added and
  /// their ladder position unset until a replay. Throws LimitError after that where one is then
  /// over its limits. O(relationships and open items of `other`).
  void merge(const Portfolio& other);

  /// Counts rows that a reader set aside before they came here, so that their relationships carry the
  /// flag; an unknown identifier is added, an empty one changes nothing. They are not in `books`.
  void note_set_aside(std::string_view relationship, std::uint32_t rows = 1);

  /// Relationships; their indices are 0..size() - 1, in order of arrival.
  std::size_t size() const noexcept { return ids_.size(); }
  /// Items that wait at the newest row, of all relationships. O(items).
  std::size_t open_items() const noexcept;
  /// Items in memory: also those that time has reached and no call has folded away. O(1).
  std::size_t kept_items() const noexcept;
  /// Newest row applied so far, `no_time` if none; assessments lie on it or later.
  Time newest() const noexcept { return newest_; }
  /// Books over all calls, as of now.
  Books books() const;
  /// The same before the rows that wait are judged: what `restore` takes.
  const Books& kept_books() const noexcept { return books_; }
  /// Kinds that the log records: the policy's declaration, else what was seen.
  Observed observed() const noexcept { return policy().observes.value_or(seen_); }
  /// Whether any purchase stated a margin.
  bool margin_stated() const noexcept { return margin_stated_; }
  /// The policy's currency, else that of the first row that named one; empty where none did.
  const std::string& currency() const noexcept { return currency_; }

  /// Index of a relationship, or nothing.
  std::optional<std::uint32_t> find(std::string_view relationship) const noexcept;
  /// The identifier of a relationship, index < size().
  std::string id(std::uint32_t index) const { return ids_.text(index); }
  /// Writes it behind what `out` holds.
  void write_id(std::string& out, std::uint32_t index) const { ids_.write(out, index); }
  /// Indices in the order of the identifiers' bytes.
  std::vector<std::uint32_t> sorted() const { return ids_.sorted(); }
  /// The role that the newest row with one stated; without any, the policy's default. O(1).
  Role role(std::uint32_t index) const noexcept {
    const Meta& meta = meta_[index];
    return meta.role_time == no_time ? policy().default_role : meta.role;
  }
  /// Rows of a relationship that were set aside, here or by a reader. O(1).
  std::uint32_t set_aside(std::uint32_t index) const noexcept { return meta_[index].set_aside; }

  /// Brings what is kept of a relationship near the processor, some reads ahead of its use.
  void fetch(std::uint32_t index) const noexcept {
    const auto* line = reinterpret_cast<const std::byte*>(&states_[index]);
    for (std::size_t i = 0; i < sizeof(Relationship); i += 64) prefetch(line + i);
    prefetch(&meta_[index]);
    ids_.prefetch_text(index);
  }
  /// A relationship's state as a read at `now` sees it: with the rows of the newest second, and
  /// every open item that time has reached. Throws LimitError where items that act only at the read
  /// pass the limits. O(1 + its open items).
  Relationship state(std::uint32_t index, Time now) const;
  /// The same; `observer` hears the acts that such a read adds to what was folded.
  Relationship state(std::uint32_t index, Time now, const ActObserver& observer) const;
  /// The same at the newest row.
  Relationship state(std::uint32_t index) const { return state(index, newest_); }

  /// A date of assessment; throws WindowError before the newest row or outside the landmark's window,
  /// LimitError where a relationship is over its limits.
  AsOf at(Time now) const;
  /// The assessment of one relationship as of `at(now)`. Throws LimitError as `state`.
  Assessment assess(std::uint32_t index, const AsOf& at) const;

  /// The contacts of a relationship, index < size(); empty where it has none. O(1).
  ContactProfile contacts(std::uint32_t index) const noexcept {
    return index < contacts_.size() ? contacts_[index] : ContactProfile{};
  }

  /// From here on, what rows stamped at or before `as_of` change is also kept apart, for whoever explains the change
  /// since that date; what was kept before is forgotten. `no_time` ends it. Memory grows with the relationships that
  /// are corrected.
  void mark(Time as_of);
  /// The corrections since the mark, by identifier. O(corrections log corrections).
  std::vector<std::pair<std::string, Relationship>> corrections() const;
  /// The date of the last mark, or `no_time`.
  Time marked() const noexcept { return marked_; }
  /// What rows stamped at or before the mark changed since it was set (see `corrected`), if anything; what such a row
  /// leaves open counts as new once time reaches it. A replay changes no sums, and is no correction. O(1).
  std::optional<Relationship> correction(std::uint32_t index) const;

  /// Moves the landmark: every sum by whole half-lives, each rounded half to even once, so that later dates can be
  /// assessed. Throws PolicyError or, where rows are newer than the new landmark allows, WindowError, before anything
  /// has changed. O(size()).
  void rebase(Time landmark);

  /// Erases relationships and everything kept of them, also their identifiers; returns how many there were. The books
  /// still count their rows. Indices change. O(size()), however many are named.
  std::size_t forget(std::span<const std::string_view> relationships);

  /// Canonical bytes of everything that was folded, ordered by identifier: equal for equal rows.
  std::vector<std::byte> bytes() const;
  /// The same in pieces of about a megabyte, without holding the whole. O(size() log size()).
  void write(const std::function<void(std::span<const std::byte>)>& sink) const;
  /// The portfolio of such bytes. `policy` needs the fold fingerprint that they were folded under; where its criteria
  /// differ, positions are unset. Books start at zero; no mark is set. Throws MismatchError that says what does not
  /// fit and where, and never more than that, whatever the bytes.
  static Portfolio from_bytes(std::span<const std::byte> bytes, Policy policy);

  /// The same from the pieces that `write` made, one a call; an empty one ends them.
  static Portfolio read(const std::function<std::span<const std::byte>()>& source, Policy policy);

  /// Puts back what `from_bytes` leaves out: the books of the calls before, a mark and its corrections.
  void restore(const Books& books, Time marked,
               std::span<const std::pair<std::string, Relationship>> corrections);

 private:
  struct Meta {
    Time role_time = no_time;
    std::uint32_t open = OpenItems::none;
    std::uint32_t set_aside = 0;
    std::uint32_t unmatched = 0;  ///< closing rows that found nothing open
    Role role = Role::consumer;

    /// The newest row that names a role decides; of several in one second, the last in the list of roles.
    void settle_role(Role stated, Time at) noexcept {
      if (at < role_time || (at == role_time && stated <= role)) return;
      role = stated;
      role_time = at;
    }
  };
  /// A row whose effect depends on what is open; the rows of one second act in a canonical order.
  struct KeyedRow {
    std::uint32_t relationship;
    Event event;
    std::size_t key_start;
    std::size_t key_size;
    Time newest;            ///< newest row of the calls before
    bool earlier;           ///< came in an earlier call
    bool corrects = false;  ///< was stamped at or before the mark when it came

    Time reached() const noexcept { return std::max(event.time, newest); }
  };
  struct KeyedRows {
    Time time = no_time;
    std::vector<KeyedRow> rows;
    std::string keys;
    std::string_view key(const KeyedRow& row) const noexcept {
      return std::string_view(keys).substr(row.key_start, row.key_size);
    }
    void add(std::uint32_t relationship, const Event& event, std::string_view key, Time newest,
             bool earlier, bool corrects = false);
    /// Takes over a row of another list.
    void add(const KeyedRow& row, std::string_view key) {
      add(row.relationship, row.event, key, row.newest, true, row.corrects);
    }
    void clear() noexcept;
    void sort();
  };
  /// Relationships are dealt out in groups of neighbours to lanes, and lanes to workers; a lane's open items are
  /// touched by one worker only.
  static constexpr std::size_t lane_count = 64;
  static constexpr std::uint32_t lane_of(std::uint32_t index) noexcept {
    return (index >> 10) % lane_count;
  }
  OpenItems& items(std::uint32_t index) noexcept { return items_[lane_of(index)]; }
  const OpenItems& items(std::uint32_t index) const noexcept { return items_[lane_of(index)]; }

  /// What one worker keeps while it folds its share of a call.
  struct Worker {
    explicit Worker(const FoldRules& rules) noexcept : plain(rules) {}
    void start();

    PlainFold plain;
    KeyedRows current;  ///< rows of the second being folded
    KeyedRows pending;  ///< rows that waited at the newest second of the calls before
    Books books;        ///< of this call
    Books before;       ///< what this call changes of the books of the calls before
    Observed seen;
    std::array<bool, 2 * kind_count> folded{};  ///< plans of plain rows
    bool margin_stated = false;
    bool over_limit = false;
    Time newest = no_time;
    Time marked = no_time;      ///< rows up to it are corrections
    Time one_by_one = no_time;  ///< rows up to it are folded as acts, not by plans
    std::unordered_map<std::uint32_t, Relationship> corrections;
    // Copies of a row stand in one second, and the first of them leaves its stamp, or waits.
    Time second = no_time;
    std::size_t second_start = 0;
    std::size_t second_rejects = 0;
    std::vector<std::uint32_t> again;  ///< relationships that may hold copies in this second
    std::vector<std::pair<std::uint32_t, std::size_t>> same_second;
    std::vector<std::uint32_t> mine;  ///< its rows of a chunk
  };
  /// Rows of a call that several workers fold: whose they are, and their plans.
  struct Chunk {
    std::vector<std::uint32_t> index;
    std::vector<std::uint8_t> plan;
  };

  class Pass;
  Books fold(const EventColumns& rows, std::span<const std::size_t> order, Workers& workers,
             Time marked);
  void fold_alone(const EventColumns& rows, std::span<const std::size_t> order);
  void fold_shared(const EventColumns& rows, std::span<const std::size_t> order, unsigned parts,
                   Workers& workers);
  template <class Begin>
  Books prepare_and_fold(const EventColumns& rows, Time known, Time marked, Workers& workers,
                         Begin&& begin);
  void resolve_ids(const EventColumns& rows, const std::size_t* at, std::size_t n,
                   std::uint32_t* index);
  void find_ids(const EventColumns& rows, const std::size_t* at, std::size_t n,
                std::uint32_t* index);
  template <class RowOf>
  void add_ids(const EventColumns& rows, RowOf&& row_of, std::size_t n);
  void start_words(const TextColumn& column, std::size_t rows);
  template <class LookUp>
  void ids_of_words(const TextColumn& column, const std::size_t* at, std::size_t n,
                    std::uint32_t* index, LookUp&& look_up);
  void settle_currency(const EventColumns& rows, std::span<const std::size_t> order);
  void check_window(const EventColumns& rows) const;
  std::uint32_t index_of(const EventColumns& rows, std::size_t i) const noexcept;
  void grow();
  void grow(Workers& workers);
  /// Brings what an event of a kind touches near the processor, some rows ahead.
  void fetch(std::uint32_t index, std::uint8_t kind) const noexcept;
  void act_on(KeyedRows& rows, Worker& worker);
  void close(Worker& worker);
  void note_corrections(std::unordered_map<std::uint32_t, Relationship>& found);
  void share_pending(unsigned parts);
  void gather(unsigned parts);
  void settle();
  [[noreturn]] void throw_limit(std::uint32_t index, const Relationship& r) const;
  void check_limits() const;
  std::span<const KeyedRow> pending_of(std::uint32_t index) const noexcept;
  /// The state of a relationship with waiting rows, and how many of those had no effect.
  std::pair<Relationship, int> read_pending(std::uint32_t index, Time now, Books& books,
                                            const ActObserver& observer = {}) const;

  std::shared_ptr<const Rules> rules_;
  IdIndex ids_;
  Blocks<Relationship, 1 << 14> states_;
  Blocks<Meta, 1 << 12> meta_;
  std::vector<OpenItems> items_ = std::vector<OpenItems>(lane_count);
  KeyedRows pending_;  ///< sorted rows of the newest second, which wait for a later stamp
  Books books_;
  Time newest_ = no_time;
  Time known_ = no_time;  ///< rows of this call before it are late
  Observed seen_;
  bool margin_stated_ = false;
  bool over_limit_ = false;                   ///< some relationship went over the limits
  Blocks<ContactProfile, 1 << 15> contacts_;  ///< none before the first contact
  Time marked_ = no_time;
  std::unordered_map<std::uint32_t, Relationship> corrections_;
  std::string currency_;
  Time currency_time_ = no_time;
  std::size_t settled_items_ = 0;
  std::vector<Worker> workers_;
  Chunk chunk_;
  ActObserver observer_;
  std::vector<std::uint32_t> word_index_;  ///< of this call: relationships by word, once found
};

}  // namespace loyalty
