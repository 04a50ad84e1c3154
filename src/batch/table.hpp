// SPDX-License-Identifier: MIT
/// \file
/// Tables made row by row from a list of columns, each with how it is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <loyalty/batch/output.hpp>

namespace loyalty {

/// A column of a table, and how its value is read from a row; a text is appended.
template <class Row>
struct ColumnOf {
  using Number = double (*)(const Row&);
  using Integer = std::int64_t (*)(const Row&);
  using Text = void (*)(const Row&, std::string&);

  ColumnInfo info;
  std::variant<Number, Integer, Text> get;
};

/// Name, type and meaning of each column.
template <class Row, std::size_t Count>
std::array<ColumnInfo, Count> infos_of(const ColumnOf<Row> (&definitions)[Count]) {
  std::array<ColumnInfo, Count> infos{};
  for (std::size_t i = 0; i < Count; ++i) infos[i] = definitions[i].info;
  return infos;
}

/// Columns of `rows` rows to fill, texts empty.
template <class Row>
std::vector<ResultColumn> columns_for(std::span<const ColumnOf<Row>> definitions,
                                      std::size_t rows) {
  std::vector<ResultColumn> columns;
  columns.reserve(definitions.size());
  for (const ColumnOf<Row>& definition : definitions) {
    ResultColumn column{definition.info.name, definition.info.type, {}};
    switch (definition.info.type) {
      case ColumnType::number:
        column.values = std::vector<double>(rows);
        break;
      case ColumnType::integer:
      case ColumnType::time:
        column.values = std::vector<std::int64_t>(rows);
        break;
      case ColumnType::text:
        column.values = TextValues{};
        break;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

/// Fills row `i`; rows come in order. Texts are appended to `texts`, one for each column.
template <class Row>
void fill_row(std::vector<ResultColumn>& columns, std::span<const ColumnOf<Row>> definitions,
              const Row& row, std::size_t i, std::vector<TextValues>& texts) {
  for (std::size_t c = 0; c < definitions.size(); ++c) {
    const auto& get = definitions[c].get;
    if (const auto* number = std::get_if<typename ColumnOf<Row>::Number>(&get)) {
      std::get<std::vector<double>>(columns[c].values)[i] = (*number)(row);
    } else if (const auto* integer = std::get_if<typename ColumnOf<Row>::Integer>(&get)) {
      std::get<std::vector<std::int64_t>>(columns[c].values)[i] = (*integer)(row);
    } else {
      std::get<typename ColumnOf<Row>::Text>(get)(row, texts[c].bytes);
      texts[c].offsets.push_back(static_cast<std::int64_t>(texts[c].bytes.size()));
    }
  }
}

/// A table of `rows` rows, each made by `row_of(i)`.
template <class Row, class RowOf>
std::vector<ResultColumn> table_of(std::span<const ColumnOf<Row>> definitions, std::size_t rows,
                                   RowOf&& row_of) {
  std::vector<ResultColumn> columns = columns_for(definitions, rows);
  std::vector<TextValues> texts(definitions.size());
  for (std::size_t i = 0; i < rows; ++i) fill_row(columns, definitions, row_of(i), i, texts);
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].type == ColumnType::text) columns[c].values = std::move(texts[c]);
  return columns;
}

}  // namespace loyalty
