// SPDX-License-Identifier: MIT
/// \file
/// Portfolios as bytes and back, and what rewrites all of one: a new landmark, relationships erased.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <loyalty/batch/portfolio.hpp>

#include "batch/row_rules.hpp"
#include "batch/unsound.hpp"

namespace loyalty {
namespace {

/// Version of the bytes of a portfolio; each one that was ever written is read.
constexpr std::int64_t portfolio_version = 1;

/// Collects bytes and hands them on in large pieces, which end where `may_end` is called. Numbers are 64 bits, the
/// lowest byte first.
class Writer {
 public:
  using Sink = std::function<void(std::span<const std::byte>)>;
  explicit Writer(const Sink& sink) : sink_(sink) { buffer_.reserve(piece + 4096); }

  void number(std::int64_t n) {
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < 8; ++i)
      bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(n) >> (8 * i) & 0xff);
    raw(bytes);
  }
  void real(double x) { number(std::isnan(x) ? no_time : std::bit_cast<std::int64_t>(x)); }
  void text(std::string_view text) {
    number(static_cast<std::int64_t>(text.size()));
    raw(std::as_bytes(std::span(text.data(), text.size())));
  }
  void raw(std::span<const std::byte> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  void may_end() {
    if (buffer_.size() >= piece) flush();
  }
  void flush() {
    if (!buffer_.empty()) sink_(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t piece = 1 << 20;
  const Sink& sink_;
  std::vector<std::byte> buffer_;
};

/// Takes bytes apart, piece by piece; whatever they hold, it stays inside them.
class Reader {
 public:
  using Source = std::function<std::span<const std::byte>()>;
  explicit Reader(const Source& source) : source_(source), bytes_(source()) {}

  [[noreturn]] void damaged(const std::string& what) const {
    throw MismatchError("portfolio bytes, at " + std::to_string(before_ + at_) + ": " + what);
  }
  /// Goes on to the next piece where this one is used up; false where there is none.
  bool more() {
    if (at_ < bytes_.size()) return true;
    before_ += at_;
    at_ = 0;
    bytes_ = source_();
    return !bytes_.empty();
  }

  std::span<const std::byte> raw(std::size_t size) {
    if (size > bytes_.size() - at_) damaged("they end too early");
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::int64_t number() {
    std::uint64_t n = 0;
    const auto bytes = raw(8);
    for (std::size_t i = 0; i < 8; ++i)
      n |= std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])} << (8 * i);
    return static_cast<std::int64_t>(n);
  }
  std::int64_t number(const char* what, std::int64_t low, std::int64_t high) {
    const std::int64_t n = number();
    if (n < low || n > high)
      damaged(std::string(what) + " is " + std::to_string(n) + ", not " + std::to_string(low) +
              " .. " + std::to_string(high));
    return n;
  }
  std::size_t count(const char* what) {
    // Each takes a byte at least, so no memory is asked for that the bytes do not pay for.
    return static_cast<std::size_t>(
        number(what, 0, static_cast<std::int64_t>(bytes_.size() - at_)));
  }
  Time time(const char* what) {
    const std::int64_t t = number();
    if (t != no_time && !detail::plausible(t)) damaged(std::string(what) + " is no time");
    return t;
  }
  double real() {
    const std::int64_t n = number();
    return n == no_time ? no_value : std::bit_cast<double>(n);
  }
  std::string_view text(const char* what) {
    const auto bytes = raw(count(what));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  const Source& source_;
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::size_t before_ = 0;  ///< bytes of the pieces before
};

void put_contacts(Writer& out, const ContactProfile& p) {
  out.number(p.empty() ? 0 : 1);
  if (p.empty()) return;
  for (const std::int64_t n :
       {p.first, p.last, std::int64_t{p.from_us}, std::int64_t{p.from_them},
        std::int64_t{p.personal}, std::int64_t{p.personal_stated}, std::int64_t{p.answered},
        std::int64_t{p.answered_stated}, p.rating, std::int64_t{p.rated}})
    out.number(n);
}

ContactProfile take_contacts(Reader& in) {
  ContactProfile p;
  if (in.number("contacts", 0, 1) == 0) return p;
  p.first = in.time("first contact");
  p.last = in.time("last contact");
  const auto counter = [&in] {
    return static_cast<std::int32_t>(in.number("a number of contacts", 0, 2'000'000'000));
  };
  p.from_us = counter();
  p.from_them = counter();
  p.personal = counter();
  p.personal_stated = counter();
  p.answered = counter();
  p.answered_stated = counter();
  p.rating = in.number("ratings", 0, std::int64_t{1} << 52);
  p.rated = counter();
  if (p.empty() || p.first == no_time) in.damaged("contacts without a time");
  return p;
}

OpenItem take_item(Reader& in) {
  OpenItem item;
  item.kind = static_cast<Kind>(in.number("an open item's kind", 0, kind_count - 1));
  const bool waits = item.kind == Kind::promise || item.kind == Kind::payment;
  if (!waits && item.kind != Kind::request && item.kind != Kind::complaint)
    in.damaged("an open item of the kind " + std::string(name(item.kind)) + ", which never waits");
  item.from = in.time("an open item's time");
  item.done = in.time("an open item's end");
  item.stake = in.real();
  item.key = std::string(in.text("an open item's key"));
  if (item.from == no_time) in.damaged("an open item without a time");
  if (!(item.stake >= 0 && item.stake <= most_evidence)) in.damaged("an open item's stake");
  return item;
}

}  // namespace

std::vector<std::byte> Portfolio::bytes() const {
  std::vector<std::byte> all;
  write([&all](std::span<const std::byte> piece) {
    all.insert(all.end(), piece.begin(), piece.end());
  });
  return all;
}

void Portfolio::write(const std::function<void(std::span<const std::byte>)>& sink) const {
  Writer out(sink);
  const FoldRules& rules = rules_->fold();
  const Fingerprints prints = fingerprints(policy());
  out.number(portfolio_version);
  out.text(prints.fold);
  out.text(prints.ladder);
  out.number(rules_->landmark());
  out.text(currency_);
  out.number(currency_time_);
  out.number(newest_);
  out.number(seen_.bits);
  out.number(margin_stated_ ? 1 : 0);
  out.number(static_cast<std::int64_t>(size()));
  std::vector<const OpenItem*> open;
  for (const std::uint32_t index : sorted()) {
    out.text(ids_.text(index));
    const Meta& meta = meta_[index];
    out.number(meta.role_time);
    out.number(static_cast<std::int64_t>(meta.role));
    out.number(meta.set_aside);
    out.number(meta.unmatched);
    Relationship r = states_[index];
    open.clear();
    items(index).each(meta.open, [&](const OpenItem& item) {
      if (can_change(item, newest_, rules))
        open.push_back(&item);
      else
        fire(r, item, newest_, rules);
    });
    out.raw(to_bytes(r));
    std::sort(open.begin(), open.end(), [](const OpenItem* a, const OpenItem* b) {
      return std::tuple(a->kind, a->from, a->done, a->stake, std::string_view(a->key)) <
             std::tuple(b->kind, b->from, b->done, b->stake, std::string_view(b->key));
    });
    out.number(static_cast<std::int64_t>(open.size()));
    for (const OpenItem* item : open) {
      out.number(static_cast<std::int64_t>(item->kind));
      out.number(item->from);
      out.number(item->done);
      out.real(item->stake);
      out.text(item->key);
    }
    const auto waiting = pending_of(index);
    out.number(static_cast<std::int64_t>(waiting.size()));
    for (const KeyedRow& row : waiting) {
      out.number(static_cast<std::int64_t>(row.event.kind));
      for (const double x : {row.event.value, row.event.amount, row.event.cost}) out.real(x);
      for (const Time t : {row.event.due, row.event.done, row.event.since}) out.number(t);
      out.text(pending_.key(row));
    }
    put_contacts(out, contacts(index));
    out.may_end();
  }
  out.flush();
}

Portfolio Portfolio::from_bytes(std::span<const std::byte> bytes, Policy policy) {
  return read([bytes]() mutable { return std::exchange(bytes, {}); }, std::move(policy));
}

Portfolio Portfolio::read(const std::function<std::span<const std::byte>()>& source,
                          Policy policy) {
  Reader in(source);
  const std::int64_t version = in.number();
  if (version != portfolio_version)
    in.damaged("version " + std::to_string(version) + "; this library reads version " +
               std::to_string(portfolio_version));
  const Fingerprints prints = fingerprints(policy);
  const std::string fold(in.text("a fingerprint"));
  const std::string ladder(in.text("a fingerprint"));
  if (fold != prints.fold)
    throw MismatchError("the portfolio was folded under the fold fingerprint " + fold +
                        ", the policy has " + prints.fold +
                        "; give the policy that it was made with, or fold the log anew");
  const Time landmark = in.time("the landmark");
  if (landmark == no_time) in.damaged("no landmark");
  Portfolio p(std::move(policy), landmark);
  const std::string currency(in.text("a currency"));
  if (!p.currency_.empty() && currency != p.currency_)
    throw MismatchError("the portfolio is in " + currency + ", the policy in " + p.currency_);
  p.currency_ = currency;
  p.currency_time_ = in.time("a time");
  p.newest_ = in.time("the newest row");
  p.seen_.bits =
      static_cast<std::uint32_t>(in.number("kinds seen", 0, Observed::everything().bits));
  p.margin_stated_ = in.number("a flag", 0, 1) == 1;
  const FoldRules& rules = p.rules_->fold();
  if (p.newest_ > rules.window_end) in.damaged("rows beyond the landmark's window");
  p.pending_.time = p.newest_;
  const std::int64_t count = in.number("the number of relationships", 0, IdIndex::none);
  std::string before;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!in.more()) in.damaged("they end too early");
    const std::string_view id = in.text("an identifier");
    if (id.empty() || (i != 0 && id <= before)) in.damaged("identifiers out of order");
    before = id;
    const std::uint32_t index = p.ids_.add(id);
    p.grow();
    Meta& meta = p.meta_[index];
    meta.role_time = in.time("a role's time");
    meta.role = static_cast<Role>(in.number("a role", 0, role_count - 1));
    meta.set_aside = static_cast<std::uint32_t>(in.number("rows set aside", 0, 0xffffffff));
    meta.unmatched = static_cast<std::uint32_t>(in.number("unmatched rows", 0, 0xffffffff));
    Relationship& r = p.states_[index];
    r = loyalty::from_bytes(in.raw(state_bytes).first<state_bytes>());
    r.quiet_until = never_quiet;
    if (const char* why = unsound(r)) in.damaged("a state that " + std::string(why));
    if (ladder != prints.ladder && !r.empty()) r.ladder.flags |= position_unset;
    p.over_limit_ = p.over_limit_ || !within_limits(r);
    for (std::size_t k = in.count("open items"); k > 0; --k)
      p.items(index).insert(index, meta.open, take_item(in));
    for (std::size_t k = in.count("waiting rows"); k > 0; --k) {
      Event e{.kind = static_cast<Kind>(in.number("a row's kind", 0, kind_count - 1)),
              .time = p.newest_};
      for (double* x : {&e.value, &e.amount, &e.cost}) *x = in.real();
      for (Time* t : {&e.due, &e.done, &e.since}) *t = in.time("a row's time");
      e.side = rules.options.perspective;
      const std::string_view key = in.text("a row's key");
      Act act;
      if (key.empty() || !uses_items(e, true, rules) || judge(e, true, rules, act) != Code::ok)
        in.damaged("a waiting row that cannot wait");
      p.pending_.add(index, e, key, no_time, true);
    }
    const ContactProfile contacts = take_contacts(in);
    if (!contacts.empty()) {
      p.contacts_.grow_to(p.ids_.size());
      p.contacts_[index] = contacts;
    }
  }
  if (in.more()) in.damaged("more than the relationships that they count");
  p.pending_.sort();
  p.settled_items_ = p.kept_items();
  return p;
}

void Portfolio::restore(const Books& books, Time marked,
                        std::span<const std::pair<std::string, Relationship>> corrections) {
  books_ = books;
  mark(marked);
  for (const auto& [id, found] : corrections)
    if (const auto index = find(id)) corrections_.emplace(*index, found);
}

std::vector<std::pair<std::string, Relationship>> Portfolio::corrections() const {
  std::vector<std::pair<std::string, Relationship>> all;
  all.reserve(corrections_.size());
  for (const auto& [index, found] : corrections_) all.emplace_back(ids_.text(index), found);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

void Portfolio::rebase(Time landmark) {
  auto moved = std::make_shared<const Rules>(policy(), landmark);
  if (newest_ != no_time && newest_ > moved->fold().window_end)
    throw WindowError("the newest row, of " + date_text(newest_) + ", is newer than " +
                      date_text(moved->fold().window_end) +
                      ", 30 of the shortest half-life after the landmark " + date_text(landmark) +
                      "; choose a later landmark");
  std::array<int, sum_count> halvings;
  for (std::size_t i = 0; i < sum_count; ++i)
    halvings[i] = static_cast<int>(std::clamp<std::int64_t>(
        moved->fold().clocks[i].origin() - rules_->fold().clocks[i].origin(), -128, 128));
  const auto move = [&halvings](Relationship& r) {
    for (std::size_t i = 0; i < sum_count; ++i) {
      ExactSum& sum = sum_of(r, static_cast<Sum>(i));
      sum = sum.halved(halvings[i]);
    }
    r.quiet_until = never_quiet;
  };
  for (std::uint32_t i = 0; i < size(); ++i) move(states_[i]);
  for (auto& [index, found] : corrections_) move(found);
  rules_ = std::move(moved);
  workers_.clear();
  workers_.emplace_back(rules_->fold());
}

std::size_t Portfolio::forget(std::span<const std::string_view> relationships) {
  std::unordered_set<std::uint32_t> gone;
  for (const std::string_view id : relationships)
    if (const auto index = find(id)) gone.insert(*index);
  if (gone.empty()) return 0;
  Portfolio kept(policy(), rules_->landmark());
  kept.pending_.time = pending_.time;
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (gone.contains(i)) continue;
    const std::uint32_t index = kept.ids_.add(ids_.text(i));
    kept.grow();
    kept.states_[index] = states_[i];
    Meta& meta = kept.meta_[index];
    meta = meta_[i];
    meta.open = OpenItems::none;
    items(i).each(meta_[i].open,
                  [&](const OpenItem& item) { kept.items(index).insert(index, meta.open, item); });
    for (const KeyedRow& row : pending_of(i))
      kept.pending_.add(index, row.event, pending_.key(row), row.newest, row.earlier);
    if (i < contacts_.size() && !contacts_[i].empty()) {
      kept.contacts_.grow_to(kept.ids_.size());
      kept.contacts_[index] = contacts_[i];
    }
    if (const auto found = corrections_.find(i); found != corrections_.end())
      kept.corrections_.emplace(index, found->second);
  }
  kept.pending_.sort();
  kept.books_ = books_;
  kept.newest_ = newest_;
  kept.seen_ = seen_;
  kept.margin_stated_ = margin_stated_;
  kept.over_limit_ = over_limit_;
  kept.currency_ = currency_;
  kept.currency_time_ = currency_time_;
  kept.marked_ = marked_;
  kept.settled_items_ = kept.kept_items();
  *this = std::move(kept);
  return gone.size();
}

}  // namespace loyalty
