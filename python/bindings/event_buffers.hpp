// SPDX-License-Identifier: MIT
/// \file
/// The event columns of one call. They enter through here alone, which checks type and length and names the column in
/// its error.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/batch/books.hpp>

#include "column_reader.hpp"

namespace loyalty::python {

/// A date without a time means the end of the day in these columns, its start in the others.
inline bool ends_its_day(std::string_view column) noexcept {
  return column == "due" || column == "until";
}

class EventBuffers {
 public:
  explicit EventBuffers(const py::dict& columns) {
    for (const auto& [key, value] : columns) {
      const auto name = key.cast<std::string>();
      const Source& source = *sources_.emplace_back(std::make_unique<const Source>(name, value));
      if (sources_.size() == 1)
        columns_.rows = source.rows();
      else if (source.rows() != columns_.rows)
        throw py::value_error("column '" + name + "' has " + std::to_string(source.rows()) +
                              " rows, the others have " + std::to_string(columns_.rows));
      take(name, source);
    }
    for (const char* needed : {"relationship", "time", "kind"})
      if (!columns.contains(needed))
        throw py::value_error(std::string("missing column '") + needed +
                              "'; an event row needs relationship, time and kind");
    if (set_aside_ != nullptr) {
      // What the importer says of a row goes before what was found here.
      for (std::size_t i = 0; columns_.code != nullptr && i < columns_.rows; ++i)
        if (columns_.code[i] != 0) set_aside_[i] = columns_.code[i];
      columns_.code = set_aside_;
    }
  }

  const EventColumns& columns() const { return columns_; }

 private:
  void take(const std::string& name, const Source& source) {
    for (const auto& [column, target] :
         {std::pair<const char*, const Time**>{"time", &columns_.time},
          {"due", &columns_.due},
          {"done", &columns_.done},
          {"until", &columns_.until},
          {"since", &columns_.since}})
      if (name == column) {
        *target = reader_.times(name, source, ends_its_day(name));
        return;
      }
    for (const auto& [column, target] :
         {std::pair<const char*, const double**>{"value", &columns_.value},
          {"amount", &columns_.amount},
          {"margin", &columns_.margin},
          {"cost", &columns_.cost},
          {"rating", &columns_.rating},
          {"scale_low", &columns_.scale_low},
          {"scale_high", &columns_.scale_high}})
      if (name == column) {
        *target = reader_.reals(name, source);
        return;
      }
    for (const auto& [column, target] :
         {std::pair<const char*, TextColumn*>{"refers_to", &columns_.refers_to},
          {"event_id", &columns_.event_id},
          {"currency", &columns_.currency}})
      if (name == column) {
        *target = reader_.texts(name, source);
        return;
      }
    constexpr std::uint8_t absent = EventColumns::absent;
    if (name == "relationship")
      take_relationship(source);
    else if (name == "kind")
      columns_.kind = reader_.codes(name, source, kind_names, EventColumns::unreadable);
    else if (name == "side")
      columns_.side = reader_.codes(name, source, side_names, absent);
    else if (name == "parameter")
      columns_.parameter = reader_.codes(name, source, survey_names, absent);
    else if (name == "role")
      columns_.role = reader_.codes(name, source, role_names, absent);
    else if (name == "code")
      take_code(source);
    else if (name == "whole_order")
      columns_.whole_order = reader_.flags(name, source);
    else
      throw py::value_error("unknown event column '" + name + "'");
  }

  void take_code(const Source& source) {
    columns_.code = reader_.codes("code", source, code_names, 0);
    for (std::size_t i = 0; i < columns_.rows; ++i)
      if (columns_.code[i] >= code_count)
        throw py::value_error(
            "column 'code', row " + std::to_string(i) +
            " (the first row is 0): no such reason for a row to be set aside; see code_names");
  }

  /// Identifiers: integers stay numbers; integral floats become them; other floats are set aside.
  void take_relationship(const Source& source) {
    const std::string name = "relationship";
    using Type = Source::Type;
    if (source.is_dictionary() && !source.chunks().empty() &&
        std::all_of(source.chunks().begin(), source.chunks().end(), [](const auto& chunk) {
          return chunk.words->is_integer() && chunk.words->type() != Type::u64;
        }))
      return take_numbered_words(source);
    if (source.is_integer() && !source.is_dictionary() && source.unit() == Source::Unit::none) {
      columns_.relationship_number = reader_.integers(source);
      if (columns_.relationship_number == nullptr)
        columns_.relationship = reader_.texts(name, source);
      return;
    }
    if (source.is_real()) {
      const double* given = reader_.reals(name, source);
      auto* numbers = reader_.make<std::int64_t>(columns_.rows);
      for (std::size_t i = 0; i < columns_.rows; ++i) {
        const bool whole = given[i] == std::floor(given[i]) && std::fabs(given[i]) < 0x1p53;
        numbers[i] = whole ? static_cast<std::int64_t>(given[i]) : no_time;
        if (!whole && !std::isnan(given[i])) set_aside(i, Code::bad_relationship);
      }
      columns_.relationship_number = numbers;
      return;
    }
    if (source.type() != Type::objects) {
      columns_.relationship = reader_.texts(name, source);
      return;
    }
    auto& column = reader_.keep(std::make_shared<TextBuilder>(columns_.rows, 8 * columns_.rows));
    constexpr std::size_t ahead = 12;
    const auto items = ColumnReader::objects(source);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i + ahead < items.size()) prefetch(items[i + ahead]);
      PyObject* item = items[i];
      if (ColumnReader::is_absent(item)) {
        column.push({});
      } else if (PyUnicode_Check(item) || PyBytes_Check(item)) {
        column.push(reader_.text_of(item, name));
      } else if (PyFloat_Check(item) &&
                 PyFloat_AS_DOUBLE(item) == std::floor(PyFloat_AS_DOUBLE(item)) &&
                 std::fabs(PyFloat_AS_DOUBLE(item)) < 0x1p53) {
        column.push(std::to_string(static_cast<std::int64_t>(PyFloat_AS_DOUBLE(item))));
      } else if (!PyBool_Check(item) && PyIndex_Check(item)) {
        column.push(ColumnReader::whole_number_text(item));
      } else {
        column.push({});
        set_aside(i, Code::bad_relationship);
      }
    }
    columns_.relationship = column.view();
  }

  /// A dictionary of whole numbers: one number a row.
  void take_numbered_words(const Source& source) {
    auto* numbers = reader_.make<std::int64_t>(columns_.rows);
    for (const auto& chunk : source.chunks()) {
      const std::int64_t* words = reader_.integers(*chunk.words);
      const auto size = static_cast<std::int64_t>(chunk.words->rows());
      visit_numbers(source.type(), chunk, [&](const auto* values) {
        for (std::size_t k = 0; k < chunk.size; ++k) {
          const auto at = static_cast<std::int64_t>(values[k]);
          numbers[chunk.start + k] = chunk.valid(k) && at >= 0 && at < size ? words[at] : no_time;
        }
      });
    }
    columns_.relationship_number = numbers;
  }

  void set_aside(std::size_t row, Code code) {
    if (set_aside_ == nullptr) {
      set_aside_ = reader_.make<std::uint8_t>(columns_.rows);
      std::fill_n(set_aside_, columns_.rows, std::uint8_t{0});
    }
    set_aside_[row] = static_cast<std::uint8_t>(code);
  }

  EventColumns columns_;
  ColumnReader reader_;
  std::vector<std::unique_ptr<const Source>> sources_;
  std::uint8_t* set_aside_ = nullptr;
};

}  // namespace loyalty::python
