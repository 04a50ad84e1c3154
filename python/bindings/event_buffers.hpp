// SPDX-License-Identifier: MIT
/// \file
/// The event columns of one call. They enter through here alone, which checks type and length and names the column in
/// its error.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/io/event_reader.hpp>

#include "python_column.hpp"

namespace loyalty::python {

/// Columns of Python, and the rows that they make once `read` has read them.
class EventBuffers {
 public:
  explicit EventBuffers(const py::dict& columns) : reader_({.naive_is_utc = true}) {
    for (const auto& [key, value] : columns) {
      const auto name = key.cast<std::string>();
      PythonColumn column(name, value, event_field(name));
      if (name == "relationship") unfit_ = column.unfit();
      given_.push_back(column.take());
    }
  }

  /// The rows. Touches no Python object: other threads may run.
  const EventColumns& read() {
    for (auto& column : given_) reader_.take(std::move(column));
    given_.clear();
    for (const std::size_t row : unfit_) reader_.set_aside(row, Code::bad_relationship);
    unfit_.clear();
    return reader_.columns();
  }

 private:
  EventReader reader_;
  std::vector<std::unique_ptr<SourceColumn>> given_;
  std::vector<std::size_t> unfit_;
};

}  // namespace loyalty::python
