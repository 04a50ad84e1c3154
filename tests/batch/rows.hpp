// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/batch/portfolio.hpp>

namespace loyalty_tests {

/// One event row as a user writes it.
struct Row {
  std::string relationship;
  loyalty::Event event;
  std::string refers_to{};
  std::string event_id{};
  std::string currency{};
  std::uint8_t role = loyalty::EventColumns::absent;
  std::uint8_t personal = loyalty::EventColumns::absent;
  std::uint8_t answered = loyalty::EventColumns::absent;
  loyalty::Code code = loyalty::Code::ok;  ///< set aside by the importer already
};

/// Rows by column, and the columns that point into them.
class Table {
 public:
  explicit Table(const std::vector<Row>& rows, bool with_event_ids = false, bool numbers = false) {
    columns_.rows = rows.size();
    for (const Row& row : rows) {
      const loyalty::Event& e = row.event;
      relationship_.add(row.relationship);
      refers_to_.add(row.refers_to);
      event_id_.add(row.event_id);
      currency_.add(row.currency);
      if (numbers) number_.push_back(std::stoll(row.relationship));
      for (auto& [column, field] : reals()) column->push_back(e.*field);
      for (auto& [column, field] : times()) column->push_back(e.*field);
      kind_.push_back(static_cast<std::uint8_t>(e.kind));
      side_.push_back(static_cast<std::uint8_t>(e.side));
      parameter_.push_back(static_cast<std::uint8_t>(e.parameter));
      whole_order_.push_back(e.whole_order ? 1 : 0);
      role_.push_back(row.role);
      personal_.push_back(row.personal);
      answered_.push_back(row.answered);
      code_.push_back(static_cast<std::uint8_t>(row.code));
    }
    if (numbers)
      columns_.relationship_number = number_.data();
    else
      columns_.relationship = relationship_.column();
    columns_.refers_to = refers_to_.column();
    if (with_event_ids) columns_.event_id = event_id_.column();
    columns_.currency = currency_.column();
    columns_.kind = kind_.data();
    columns_.side = side_.data();
    columns_.parameter = parameter_.data();
    columns_.whole_order = whole_order_.data();
    columns_.role = role_.data();
    columns_.personal = personal_.data();
    columns_.answered = answered_.data();
    columns_.code = code_.data();
    columns_.value = value_.data();
    columns_.amount = amount_.data();
    columns_.margin = margin_.data();
    columns_.cost = cost_.data();
    columns_.rating = rating_.data();
    columns_.scale_low = scale_low_.data();
    columns_.scale_high = scale_high_.data();
    columns_.time = time_.data();
    columns_.due = due_.data();
    columns_.done = done_.data();
    columns_.until = until_.data();
    columns_.since = since_.data();
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  operator const loyalty::EventColumns&() const {
    return columns_;
  }  // NOLINT: a table is its columns
  loyalty::EventColumns& columns() { return columns_; }

 private:
  struct Texts {
    std::string bytes;
    std::vector<std::int64_t> offsets{0};
    void add(const std::string& text) {
      bytes += text;
      offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
    loyalty::TextColumn column() const { return {bytes.data(), offsets.data()}; }
  };
  using Reals = std::vector<double>;
  using Times = std::vector<loyalty::Time>;
  std::vector<std::pair<Reals*, double loyalty::Event::*>> reals() {
    using loyalty::Event;
    return {{&value_, &Event::value},          {&amount_, &Event::amount},
            {&margin_, &Event::margin},        {&cost_, &Event::cost},
            {&rating_, &Event::rating},        {&scale_low_, &Event::scale_low},
            {&scale_high_, &Event::scale_high}};
  }
  std::vector<std::pair<Times*, loyalty::Time loyalty::Event::*>> times() {
    using loyalty::Event;
    return {{&time_, &Event::time},
            {&due_, &Event::due},
            {&done_, &Event::done},
            {&until_, &Event::until},
            {&since_, &Event::since}};
  }

  loyalty::EventColumns columns_;
  Texts relationship_, refers_to_, event_id_, currency_;
  std::vector<std::int64_t> number_;
  Reals value_, amount_, margin_, cost_, rating_, scale_low_, scale_high_;
  Times time_, due_, done_, until_, since_;
  std::vector<std::uint8_t> kind_, side_, parameter_, whole_order_, role_, personal_, answered_,
      code_;
};

inline loyalty::Books apply_rows(loyalty::Portfolio& p, const std::vector<Row>& rows,
                                 bool with_event_ids = false) {
  return p.apply(Table(rows, with_event_ids));
}

inline std::int64_t skipped(const loyalty::Books& b, loyalty::Skip why) {
  return b.skipped[static_cast<std::size_t>(why)];
}
inline std::int64_t set_aside(const loyalty::Books& b, loyalty::Code code) {
  return b.set_aside[static_cast<std::size_t>(code)];
}
inline bool balanced(const loyalty::Books& b) {
  return b.scored + b.skipped_total() + b.set_aside_total() == b.read;
}

}  // namespace loyalty_tests
