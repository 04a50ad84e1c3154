// SPDX-License-Identifier: MIT
/// \file
/// The one way in and out for columns of plain numbers. A column enters through `Numbers`, which checks type, shape,
/// stride and range and names the column in its error; nothing is parsed, truncated or filled in. Null is NaN.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loyalty::python {

namespace py = pybind11;

inline constexpr double null_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::uint8_t null_code = 255;

/// What an argument may hold beside null.
enum class Range : std::uint8_t {
  any,           ///< every number, infinities too
  non_negative,  ///< finite, 0 or more
  whole,         ///< 0, 1, 2, ...
  share,         ///< 0..1
  mean,          ///< above 0, at most 1
  yes_no,        ///< 0 or 1
};

namespace detail {

constexpr bool allows(Range range, double x) noexcept {
  constexpr double most = std::numeric_limits<double>::max();
  switch (range) {
    case Range::any:
      return true;
    case Range::non_negative:
      return x >= 0 && x <= most;
    case Range::whole:
      return x >= 0 && x <= 0x1p53 && x == static_cast<double>(static_cast<std::int64_t>(x));
    case Range::share:
      return x >= 0 && x <= 1;
    case Range::mean:
      return x > 0 && x <= 1;
    case Range::yes_no:
      return x == 0 || x == 1;
  }
  return false;
}

constexpr std::string_view words(Range range) noexcept {
  switch (range) {
    case Range::any:
      return "a number";
    case Range::non_negative:
      return "0 or more, and finite";
    case Range::whole:
      return "a whole number, 0 or more";
    case Range::share:
      return "0 to 1";
    case Range::mean:
      return "above 0, at most 1";
    case Range::yes_no:
      return "true or false";
  }
  return "";
}

}  // namespace detail

/// The strict entry of one argument: a column, or one number that holds for every row.
class Numbers {
 public:
  /// Rows that a kernel treats at a time; a number given for all rows is repeated so often.
  static constexpr std::size_t block = 1024;

  /// `if_null`: what null stands for, where it is not unknown.
  Numbers(const py::handle& given, const char* name, Range range = Range::non_negative,
          double if_null = null_number)
      : name_{name}, if_null_{if_null} {
    if (py::isinstance<py::array>(given)) {
      take(py::reinterpret_borrow<py::array>(given));
    } else {
      single_ = number(given);
    }
    check(range);
  }

  const char* name() const noexcept { return name_; }
  bool is_column() const noexcept { return is_column_; }
  std::size_t rows() const noexcept { return rows_; }
  double operator[](std::size_t row) const noexcept {
    const double x = is_column_ ? data_[row] : single_;
    return std::isnan(x) ? if_null_ : x;
  }

  /// The values from a row on, contiguous; at least `block` of them or up to the last row.
  const double* from(std::size_t row) const {
    if (is_column_) return data_ + row;
    if (repeated_.empty()) repeated_.assign(block, single_);
    return repeated_.data();
  }

  [[noreturn]] void refuse(std::size_t row, std::string_view allowed) const {
    const std::string value = py::str(py::float_((*this)[row])).cast<std::string>();
    throw py::value_error(
        "column '" + std::string(name_) + "'" +
        (is_column_ ? ", row " + std::to_string(row) + " (the first row is 0)" : "") + ": " +
        value + " is not allowed; needs " + std::string(allowed));
  }

 private:
  [[noreturn]] void refuse_type(const std::string& what) const {
    throw py::type_error("column '" + std::string(name_) + "': needs numbers, not " + what);
  }

  double number(const py::handle& given) const {
    if (given.is_none()) return null_number;
    PyObject* object = given.ptr();
    if (PyFloat_Check(object)) return PyFloat_AS_DOUBLE(object);
    if (PyLong_Check(object)) {  // bool too
      const double x = PyLong_AsDouble(object);
      if (PyErr_Occurred()) throw py::error_already_set();
      if (std::abs(x) >= 0x1p53) refuse_large(x);  // 2^53 + 1 has been rounded to it
      return x;
    }
    refuse_type(py::str(py::type::handle_of(given).attr("__name__")).cast<std::string>());
  }

  void take(const py::array& given) {
    const py::dtype type = given.dtype();
    const char kind = type.kind();
    const bool number_like = kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b';
    if (!number_like || type.itemsize() > 8) {
      const bool text = kind == 'U' || kind == 'S' || kind == 'T';
      refuse_type((text ? "text (dtype " : "dtype ") +
                  py::str(py::object(type)).cast<std::string>() + (text ? ")" : "") +
                  "; convert the column first, so that what cannot be read is seen");
    }
    if (given.ndim() > 1)
      refuse_type("an array of " + std::to_string(given.ndim()) + " dimensions");
    array_ = given;
    // Integers, booleans and shorter floats convert exactly; a strided or swapped column is copied once.
    const bool as_is = type.is(py::dtype::of<double>()) || type.equal(py::dtype::of<double>());
    const bool contiguous =
        given.ndim() == 0 || given.size() <= 1 || given.strides(0) == py::ssize_t{sizeof(double)};
    const bool aligned = (reinterpret_cast<std::uintptr_t>(given.data()) % alignof(double)) == 0;
    if (!as_is || !contiguous || !aligned) {
      array_ = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(
          given.attr("astype")(py::dtype::of<double>(), py::arg("order") = "C"));
      if (!array_) throw py::error_already_set();
    }
    const auto* data = static_cast<const double*>(array_.data());
    if (given.ndim() == 0) {
      single_ = data[0];
    } else {
      is_column_ = true;
      data_ = data;
      rows_ = static_cast<std::size_t>(array_.size());
    }
    if ((kind == 'i' || kind == 'u') && type.itemsize() == 8)
      for (std::size_t i = 0; i < rows_; ++i)
        if (std::abs((*this)[i]) >= 0x1p53) refuse_large((*this)[i]);
  }

  [[noreturn]] void refuse_large(double x) const {
    throw py::value_error(
        "column '" + std::string(name_) + "': an integer near " +
        py::str(py::float_(x)).cast<std::string>() +
        " is at or beyond 2^53, where not every one has an exact floating-point value");
  }

  void check(Range range) const {
    if (range == Range::any) return;
    const std::size_t n = is_column_ ? rows_ : 1;
    for (std::size_t begin = 0; begin < n; begin += block) {
      const std::size_t end = std::min(n, begin + block);
      unsigned wrong = 0;
      for (std::size_t i = begin; i < end; ++i) {
        const double x = (*this)[i];
        wrong |= static_cast<unsigned>(!detail::allows(range, x)) & static_cast<unsigned>(x == x);
      }
      if (wrong == 0) continue;
      for (std::size_t i = begin; i < end; ++i)
        if (!std::isnan((*this)[i]) && !detail::allows(range, (*this)[i]))
          refuse(i, detail::words(range));
    }
  }

  const char* name_;
  double if_null_;
  py::array array_;  // keeps the data alive
  const double* data_ = nullptr;
  double single_ = 0;
  std::size_t rows_ = 1;
  bool is_column_ = false;
  mutable std::vector<double> repeated_;
};

/// The strict entry of one argument of words from a fixed list, as codes: a column of text, or one word for every row.
class Words {
 public:
  /// `if_null`: the code that null stands for.
  Words(const py::handle& given, const char* name, std::span<const std::string> words,
        std::uint8_t if_null)
      : name_{name}, words_{words}, if_null_{if_null} {
    if (!py::isinstance<py::array>(given)) {
      single_ = code(given.ptr(), 0);
      return;
    }
    auto array = py::reinterpret_borrow<py::array>(given);
    const char kind = array.dtype().kind();
    if (array.ndim() != 1 || (kind != 'O' && kind != 'U' && kind != 'T'))
      throw py::type_error("column '" + std::string(name_) + "': needs text, not dtype " +
                           py::str(py::object(array.dtype())).cast<std::string>());
    // As contiguous objects, so that one loop reads every kind of text.
    array = py::module_::import("numpy").attr("ascontiguousarray")(array, py::arg("dtype") = "O");
    is_column_ = true;
    codes_.resize(static_cast<std::size_t>(array.size()));
    auto* const* items = static_cast<PyObject* const*>(array.data());
    const PyObject* last = nullptr;
    std::uint8_t last_code = if_null;
    for (std::size_t i = 0; i < codes_.size(); ++i) {
      if (items[i] != last) {  // words repeat
        last = items[i];
        last_code = code(items[i], i);
      }
      codes_[i] = last_code;
    }
  }

  const char* name() const noexcept { return name_; }
  bool is_column() const noexcept { return is_column_; }
  std::size_t rows() const noexcept { return is_column_ ? codes_.size() : 1; }
  std::uint8_t operator[](std::size_t row) const noexcept {
    return is_column_ ? codes_[row] : single_;
  }

 private:
  std::uint8_t code(PyObject* item, std::size_t row) const {
    if (item == Py_None || (PyFloat_Check(item) && std::isnan(PyFloat_AS_DOUBLE(item))))
      return if_null_;
    if (PyUnicode_Check(item)) {
      Py_ssize_t size = 0;
      const char* bytes = PyUnicode_AsUTF8AndSize(item, &size);
      if (bytes == nullptr) throw py::error_already_set();
      const std::string_view text(bytes, static_cast<std::size_t>(size));
      const auto found = std::find(words_.begin(), words_.end(), text);
      if (found != words_.end()) return static_cast<std::uint8_t>(found - words_.begin());
    }
    std::string known;
    for (const std::string& word : words_) known += (known.empty() ? "" : ", ") + word;
    throw py::value_error(
        "column '" + std::string(name_) + "'" +
        (is_column_ ? ", row " + std::to_string(row) + " (the first row is 0)" : "") + ": " +
        py::repr(item).cast<std::string>() + " is not one of " + known);
  }

  const char* name_;
  std::span<const std::string> words_;
  std::uint8_t if_null_;
  std::uint8_t single_ = 0;
  bool is_column_ = false;
  std::vector<std::uint8_t> codes_;
};

/// What the arguments of one call have in common.
struct Shape {
  std::size_t rows = 1;
  bool is_column = false;

  /// The shape of these columns together with one more.
  template <class Column>
  Shape with(const Column& column) const {
    if (!column.is_column()) return *this;
    if (is_column && column.rows() != rows)
      throw py::value_error("column '" + std::string(column.name()) + "' has " +
                            std::to_string(column.rows()) + " rows, the others have " +
                            std::to_string(rows));
    return {column.rows(), true};
  }

  /// One length for all columns, or an error that names two that differ.
  static Shape of(std::span<const Numbers> arguments) {
    Shape shape;
    const Numbers* first = nullptr;
    for (const Numbers& argument : arguments) {
      if (!argument.is_column()) continue;
      if (first == nullptr) {
        first = &argument;
        shape = {argument.rows(), true};
      } else if (argument.rows() != shape.rows) {
        throw py::value_error("column '" + std::string(argument.name()) + "' has " +
                              std::to_string(argument.rows()) + " rows, column '" + first->name() +
                              "' has " + std::to_string(shape.rows));
      }
    }
    return shape;
  }
};

/// Result columns of one call: floats where every argument was one number, else arrays.
template <class T, std::size_t N>
class Results {
 public:
  explicit Results(Shape shape) : shape_{shape} {
    for (std::size_t i = 0; i < N; ++i) {
      arrays_[i] = py::array_t<T>(static_cast<py::ssize_t>(shape.rows));
      data_[i] = arrays_[i].mutable_data();
    }
  }

  T* operator[](std::size_t i) const noexcept { return data_[i]; }

  py::object object(std::size_t i) const {
    if (shape_.is_column) return arrays_[i];
    return py::cast(data_[i][0]);
  }

  py::tuple tuple() const {
    py::tuple out(N);
    for (std::size_t i = 0; i < N; ++i) out[i] = object(i);
    return out;
  }

 private:
  Shape shape_;
  std::array<py::array_t<T>, N> arrays_;
  std::array<T*, N> data_{};
};

/// Applies a function of plain numbers, `std::array<double, N>(const std::array<double, M>&)`, to every row. A row in
/// which any argument is null gives nulls.
template <std::size_t N, std::size_t M, class Function>
py::tuple for_each_row(const std::array<Numbers, M>& arguments, Function&& function) {
  const Shape shape = Shape::of(arguments);
  const Results<double, N> results(shape);
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    std::array<double, M> row;
    for (std::size_t i = 0; i < shape.rows; ++i) {
      bool known = true;
      for (std::size_t k = 0; k < M; ++k) {
        row[k] = arguments[k][i];
        known = known && !std::isnan(row[k]);
      }
      std::array<double, N> value;
      if (known) {
        value = function(row);
      } else {
        value.fill(null_number);
      }
      for (std::size_t k = 0; k < N; ++k) results[k][i] = value[k];
    }
  }
  return results.tuple();
}

}  // namespace loyalty::python
