// SPDX-License-Identifier: MIT
/// \file
/// Columns and books on their way out.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/math/estimate.hpp>

namespace loyalty::python {

namespace py = pybind11;

/// Values as an array that owns them; nothing is copied.
template <class T>
py::array_t<T> owned_array(std::vector<T>&& values) {
  auto* kept = new std::vector<T>(std::move(values));
  py::capsule owner(kept, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(static_cast<py::ssize_t>(kept->size()), kept->data(), owner);
}

/// A text column as an array of str; equal neighbours and frequent words share one object, empty is None.
inline py::array object_array(const TextValues& values) {
  const std::size_t rows = values.offsets.size() - 1;
  py::array array(py::dtype("O"), std::vector<py::ssize_t>{static_cast<py::ssize_t>(rows)});
  auto** items = static_cast<PyObject**>(array.mutable_data());
  std::unordered_map<std::string_view, py::object> words;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string_view text = values[i];
    py::object item = py::none();
    if (!text.empty()) {
      const auto it = words.find(text);
      if (it != words.end()) {
        item = it->second;
      } else {
        PyObject* made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()),
                                              "surrogateescape");
        if (made == nullptr) throw py::error_already_set();
        item = py::reinterpret_steal<py::object>(made);
        if (words.size() < 4096) words.emplace(text, item);
      }
    }
    Py_XDECREF(items[i]);
    items[i] = item.release().ptr();
  }
  return array;
}

/// An estimate as `Estimate` of the package takes it.
inline py::tuple estimate_tuple(const Estimate& e) {
  return py::make_tuple(e.value, e.sd, e.low, e.high);
}

/// Books as `Books.of` of the package reads them.
inline py::dict books_dict(const Books& books) {
  py::dict skipped;
  for (std::size_t i = 0; i < books.skipped.size(); ++i)
    if (books.skipped[i] != 0) skipped[py::str(std::string(skip_names[i]))] = books.skipped[i];
  py::dict aside;
  for (std::size_t i = 0; i < books.set_aside.size(); ++i)
    if (books.set_aside[i] != 0) aside[py::str(std::string(code_names[i]))] = books.set_aside[i];
  std::vector<std::int64_t> rows;
  std::vector<std::uint8_t> codes;
  for (const Reject& reject : books.rejects) {
    rows.push_back(reject.row);
    codes.push_back(static_cast<std::uint8_t>(reject.code));
  }
  py::dict out;
  out["read"] = books.read;
  out["scored"] = books.scored;
  out["skipped"] = skipped;
  out["set_aside"] = aside;
  out["repeats"] = books.repeats;
  out["reject_rows"] = owned_array(std::move(rows));
  out["reject_codes"] = owned_array(std::move(codes));
  return out;
}

}  // namespace loyalty::python
