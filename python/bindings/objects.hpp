// SPDX-License-Identifier: MIT
/// \file
/// Arrays of Python objects as plain columns. These passes hold the interpreter's lock. What cannot be read is refused
/// by name.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loyalty/core/prefetch.hpp>
#include <loyalty/io/column_reader.hpp>
#include <loyalty/io/event_reader.hpp>
#include <loyalty/io/source_column.hpp>

namespace loyalty::python {

namespace py = pybind11;

/// Reads the objects of one column.
class ObjectReader {
 public:
  explicit ObjectReader(std::string name) : name_(std::move(name)) {}

  /// Null: None, NaN, and pandas' NaT and NA.
  static bool is_absent(PyObject* object) {
    if (object == nullptr || object == Py_None) return true;
    if (PyUnicode_CheckExact(object)) return false;
    if (PyFloat_Check(object)) return std::isnan(PyFloat_AS_DOUBLE(object));
    const std::string_view type = Py_TYPE(object)->tp_name;
    return type.ends_with("NAType") || type.ends_with("NaTType");
  }

  /// UTF-8 of a str, the bytes of a bytes object. Valid until the next call.
  std::string_view text(PyObject* object) {
    if (PyUnicode_Check(object)) {
      if (PyUnicode_IS_COMPACT_ASCII(object))
        return {static_cast<const char*>(PyUnicode_DATA(object)),
                static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
      Py_ssize_t size = 0;
      if (const char* bytes = PyUnicode_AsUTF8AndSize(object, &size))
        return {bytes, static_cast<std::size_t>(size)};
      // Bytes that are no UTF-8 came in as lone surrogates, and go out as they were.
      PyErr_Clear();
      held_ = py::reinterpret_steal<py::object>(
          PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape"));
      if (!held_) throw py::error_already_set();
      object = held_.ptr();
    }
    if (PyBytes_Check(object))
      return {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
    throw py::type_error("column '" + name_ + "': needs text, not " +
                         py::str(py::type::handle_of(object)).cast<std::string>());
  }

  /// Whether an object is a whole number of Python or NumPy, of any size, but no truth value.
  static bool is_whole(PyObject* object) {
    if (PyUnicode_Check(object) || PyBytes_Check(object) || PyBool_Check(object)) return false;
    if (PyFloat_Check(object))
      return PyFloat_AS_DOUBLE(object) == std::floor(PyFloat_AS_DOUBLE(object)) &&
             std::fabs(PyFloat_AS_DOUBLE(object)) < 0x1p53;
    return PyIndex_Check(object) != 0;
  }
  /// The decimal text of a whole number.
  static std::string whole_text(PyObject* object) {
    if (PyFloat_Check(object))
      return std::to_string(static_cast<std::int64_t>(PyFloat_AS_DOUBLE(object)));
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(object));
    if (!number) throw py::error_already_set();
    return py::str(number).cast<std::string>();
  }

  double real(PyObject* object, std::size_t row) const {
    if (is_absent(object)) return std::numeric_limits<double>::quiet_NaN();
    const auto holds = [&](const std::string& what) {
      return "column '" + name_ + "' holds " + what + py::repr(object).cast<std::string>();
    };
    const std::string where = " in row " + std::to_string(row) + " where numbers are needed";
    if (PyUnicode_Check(object) || PyBytes_Check(object))
      throw py::type_error(holds("text (") + ")" + where);
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Float(object));
    if (!number) {
      PyErr_Clear();
      throw py::type_error(holds("") + where);
    }
    return PyFloat_AS_DOUBLE(number.ptr());
  }

 private:
  std::string name_;
  py::object held_;
};

/// Objects as texts. Whole numbers become their decimal text; what is neither is refused or, where `unfit` is given,
/// noted there and left empty.
inline TextBuilder& texts_of_objects(const std::string& name, std::span<PyObject* const> items,
                                     TextBuilder& out, std::vector<std::size_t>* unfit) {
  ObjectReader reader(name);
  constexpr std::size_t ahead = 12;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + ahead < items.size()) prefetch(items[i + ahead]);
    PyObject* item = items[i];
    if (ObjectReader::is_absent(item)) {
      out.push({});
    } else if (PyUnicode_Check(item) || PyBytes_Check(item)) {
      out.push(reader.text(item));
    } else if (ObjectReader::is_whole(item)) {
      out.push(ObjectReader::whole_text(item));
    } else if (unfit != nullptr) {
      out.push({});
      unfit->push_back(i);
    } else if (PyFloat_Check(item)) {
      throw py::type_error("column '" + name + "': needs text or whole numbers, not " +
                           std::to_string(PyFloat_AS_DOUBLE(item)) + " in row " +
                           std::to_string(i));
    } else {
      out.push(reader.text(item));  // which refuses it
    }
  }
  return out;
}

/// Objects as the numbers of words; 255 is absent.
inline void codes_of_objects(const std::string& name, std::span<PyObject* const> items,
                             std::span<const std::string_view> words, std::uint8_t* out) {
  ObjectReader reader(name);
  const WordTable table(words);
  // Frames repeat few objects many times: each is looked up once as long as it is remembered.
  struct Known {
    PyObject* object = nullptr;
    std::uint8_t code = 0;
  };
  std::array<Known, 128> known{};
  for (std::size_t i = 0; i < items.size(); ++i) {
    PyObject* item = items[i];
    Known& slot = known[(reinterpret_cast<std::uintptr_t>(item) >> 4) % known.size()];
    if (slot.object != item || item == nullptr) {
      const std::string_view text =
          ObjectReader::is_absent(item) ? std::string_view{} : reader.text(item);
      slot = {item, text.empty() ? EventColumns::absent : table.find(text)};
    }
    out[i] = slot.code;
  }
}

/// The column of an array of objects, read as `field` needs them.
inline std::unique_ptr<SourceColumn> column_of_objects(const std::string& name,
                                                       const py::array& array, EventField field,
                                                       std::vector<std::size_t>& unfit) {
  using Type = SourceColumn::Type;
  const auto rows = static_cast<std::size_t>(array.shape(0));
  const std::span<PyObject* const> items(static_cast<PyObject* const*>(array.data()), rows);
  SourceColumn::Form form;
  form.described = "object";
  SourceColumn::Chunk chunk;
  chunk.size = rows;
  std::shared_ptr<const void> owner;
  switch (field) {
    case EventField::identifier:
    case EventField::text:
    case EventField::scale: {
      auto texts = std::make_shared<TextBuilder>(rows, 8 * rows);
      texts_of_objects(name, items, *texts, field == EventField::identifier ? &unfit : nullptr);
      form.type = Type::text64;
      chunk.values = texts->view().offsets;
      chunk.bytes = texts->view().bytes;
      owner = std::move(texts);
      break;
    }
    case EventField::number:
    case EventField::flag: {
      const std::shared_ptr<double[]> numbers(new double[rows + 1]);
      double* out = numbers.get();
      const ObjectReader reader(name);
      for (std::size_t i = 0; i < rows; ++i) out[i] = reader.real(items[i], i);
      form.type = Type::f64;
      chunk.values = out;
      owner = numbers;
      break;
    }
    case EventField::word: {
      const std::shared_ptr<std::uint8_t[]> codes(new std::uint8_t[rows + 1]);
      codes_of_objects(name, items, event_words(name).words, codes.get());
      form.type = Type::u8;
      chunk.values = codes.get();
      owner = codes;
      break;
    }
    case EventField::time:
    case EventField::carried: {
      // Times are no objects, but a column without any time may come as one.
      const bool any = std::any_of(items.begin(), items.end(),
                                   [](PyObject* item) { return !ObjectReader::is_absent(item); });
      form.type = any ? Type::other : Type::nothing;
      break;
    }
  }
  auto column = std::make_unique<SourceColumn>(name, std::move(form));
  if (owner) column->keep(std::move(owner));
  column->add(std::move(chunk));
  return column;
}

}  // namespace loyalty::python
