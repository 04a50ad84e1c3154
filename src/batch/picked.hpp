// SPDX-License-Identifier: MIT
/// \file
/// Some rows of event columns, as columns of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <loyalty/batch/columns.hpp>
#include <loyalty/batch/output.hpp>

namespace loyalty {

/// Calls visit(column) for each column of plain values that is there.
template <class Columns, class Visit>
void each_plain_column(Columns& c, Visit&& visit) {
  const auto one = [&](auto& column) {
    if (column != nullptr) visit(column);
  };
  one(c.relationship_number);
  for (auto* column : {&c.time, &c.due, &c.done, &c.until, &c.since}) one(*column);
  for (auto* column :
       {&c.value, &c.amount, &c.margin, &c.cost, &c.rating, &c.scale_low, &c.scale_high})
    one(*column);
  for (auto* column :
       {&c.kind, &c.side, &c.parameter, &c.role, &c.whole_order, &c.personal, &c.answered, &c.code})
    one(*column);
}
template <class Columns, class Visit>
void each_text_column(Columns& c, Visit&& visit) {
  for (auto* column : {&c.relationship, &c.refers_to, &c.event_id, &c.currency})
    if (*column) visit(*column);
}

/// Rows [first, first + rows) of columns.
inline EventColumns slice(const EventColumns& columns, std::size_t first, std::size_t rows) {
  EventColumns part = columns;
  part.rows = rows;
  each_plain_column(part, [first](auto& column) { column += first; });
  each_text_column(part, [first](TextColumn& column) { column = column.from(first); });
  return part;
}

/// Some rows of columns in an order of their own. Borrows the columns where these are all their rows as they stand.
class Picked {
 public:
  Picked(const EventColumns& columns, std::span<const std::size_t> rows) : columns_(columns) {
    columns_.rows = rows.size();
    bool as_they_stand = rows.size() == columns.rows;
    for (std::size_t k = 0; as_they_stand && k < rows.size(); ++k) as_they_stand = rows[k] == k;
    if (as_they_stand) return;
    each_plain_column(columns_, [&](auto& column) {
      using Value = std::remove_const_t<std::remove_pointer_t<std::decay_t<decltype(column)>>>;
      auto values = std::make_shared<std::vector<Value>>(rows.size());
      for (std::size_t k = 0; k < rows.size(); ++k) (*values)[k] = column[rows[k]];
      column = values->data();
      owned_.push_back(std::move(values));
    });
    each_text_column(columns_, [&](TextColumn& column) {
      auto texts = std::make_shared<TextValues>();
      texts->offsets.reserve(rows.size() + 1);
      for (const std::size_t row : rows) {
        texts->bytes += column[row];
        texts->offsets.push_back(static_cast<std::int64_t>(texts->bytes.size()));
      }
      column = {texts->bytes.data(), texts->offsets.data()};
      owned_.push_back(std::move(texts));
    });
  }

  const EventColumns& columns() const noexcept { return columns_; }

 private:
  EventColumns columns_;
  std::vector<std::shared_ptr<void>> owned_;
};

}  // namespace loyalty
