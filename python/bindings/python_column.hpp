// SPDX-License-Identifier: MIT
/// \file
/// A column of Python as the library reads columns: a NumPy array, an Arrow column of any library, or the codes and
/// words of a categorical. Objects are read here, since only Python knows them; everything else is borrowed and read
/// by the library, which needs no lock of the interpreter for it.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/io/arrow.hpp>
#include <loyalty/io/event_reader.hpp>
#include <loyalty/io/source_column.hpp>

#include "objects.hpp"

namespace loyalty::python {

/// A Python object kept alive by what knows nothing of Python.
inline std::shared_ptr<const void> kept_alive(py::object object) {
  return {object.release().ptr(), [](const void* kept) {
            const py::gil_scoped_acquire lock;
            Py_DECREF(static_cast<PyObject*>(const_cast<void*>(kept)));
          }};
}

/// The Arrow stream of an object that offers one; the capsule stays its owner until somebody takes the stream over.
struct StreamCapsule {
  explicit StreamCapsule(const py::handle& given)
      : capsule(given.attr("__arrow_c_stream__")()),
        stream(static_cast<ArrowArrayStream*>(
            PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"))) {
    if (stream == nullptr) throw py::error_already_set();
  }
  py::object capsule;
  ArrowArrayStream* stream;
};

/// Makes the column called `name`, which holds what `field` says; without a field, objects are left unread.
class PythonColumn {
 public:
  PythonColumn(std::string name, const py::handle& given, std::optional<EventField> field)
      : name_(std::move(name)), field_(field) {
    if (PyTuple_Check(given.ptr()) && PyTuple_GET_SIZE(given.ptr()) == 2)
      take_categorical(given);
    else if (py::isinstance<py::array>(given))
      take_array(py::reinterpret_borrow<py::array>(given));
    else if (py::hasattr(given, "__arrow_c_stream__"))
      take_stream(given);
    else if (py::hasattr(given, "__arrow_c_array__"))
      take_arrow_array(given);
    else
      take_array(py::module_::import("numpy").attr("asarray")(given));
  }

  /// Rows whose object is no identifier.
  const std::vector<std::size_t>& unfit() const noexcept { return unfit_; }
  std::unique_ptr<SourceColumn> take() noexcept { return std::move(made_); }

 private:
  using Type = SourceColumn::Type;
  using Unit = SourceColumn::Unit;

  [[noreturn]] void refuse(const std::string& what) const {
    throw py::type_error("column '" + name_ + "': " + what);
  }

  void take_array(py::array array) {
    if (array.ndim() != 1) refuse("needs a one-dimensional array");
    SourceColumn::Form form;
    form.described = py::str(array.dtype()).cast<std::string>();
    if (!array.dtype().attr("isnative").cast<bool>())
      array = array.attr("astype")(array.dtype().attr("newbyteorder")("="));
    const char kind = array.dtype().kind();
    if (kind == 'T') array = array.attr("astype")("O");
    if (kind == 'f' && array.itemsize() == 2) array = array.attr("astype")("f8");
    array = py::module_::import("numpy").attr("ascontiguousarray")(array);
    if (array.dtype().kind() == 'O' && field_) {
      made_ = column_of_objects(name_, array, *field_, unfit_);
      return;
    }
    form.width = static_cast<std::size_t>(array.itemsize());
    set_type(kind, array, form);
    made_ = std::make_unique<SourceColumn>(name_, std::move(form));
    made_->keep(kept_alive(array));
    made_->add({.size = static_cast<std::size_t>(array.shape(0)), .values = array.data()});
  }

  static void set_type(char kind, const py::array& array, SourceColumn::Form& form) {
    switch (kind) {
      case 'b':
        form.type = Type::boolean;
        break;
      case 'i':
        form.type = integer(form.width, true);
        break;
      case 'u':
        form.type = integer(form.width, false);
        break;
      case 'f':
        if (form.width == 4) form.type = Type::f32;
        if (form.width == 8) form.type = Type::f64;
        break;
      case 'M': {
        const auto data =
            py::module_::import("numpy").attr("datetime_data")(array.dtype()).cast<py::tuple>();
        const auto unit = data[0].cast<std::string>();
        form.naive = unit != "D";
        if (data[1].cast<int>() != 1) break;
        form.unit = unit == "s"    ? Unit::second
                    : unit == "ms" ? Unit::milli
                    : unit == "us" ? Unit::micro
                    : unit == "ns" ? Unit::nano
                    : unit == "D"  ? Unit::date
                                   : Unit::none;
        if (form.unit != Unit::none) form.type = Type::i64;
        break;
      }
      case 'U':
        form.type = Type::ucs4;
        form.width /= 4;
        break;
      case 'S':
        form.type = Type::bytes;
        break;
      default:
        break;
    }
  }

  /// The pair (codes, words) of a pandas Categorical; negative codes are null.
  void take_categorical(const py::handle& given) {
    const auto pair = py::reinterpret_borrow<py::tuple>(given);
    const py::object object = pair[0];
    if (!py::isinstance<py::array>(object)) refuse("needs codes in a NumPy array");
    const auto codes =
        py::array(py::module_::import("numpy").attr("ascontiguousarray")(py::object(pair[0])));
    SourceColumn::Form form;
    form.width = static_cast<std::size_t>(codes.itemsize());
    set_type(codes.dtype().kind(), codes, form);
    if (form.type < Type::i8 || form.type > Type::u64)
      refuse("needs integers as codes, not " + py::str(codes.dtype()).cast<std::string>());
    // Words that are no identifiers are refused, not set aside: they stand in no row.
    const bool identifier = field_ == EventField::identifier;
    PythonColumn words(name_, pair[1], identifier ? EventField::text : field_);
    if (words.made_->is_dictionary()) refuse("its categories are categorical themselves");
    form.dictionary = true;
    form.described = "category";
    made_ = std::make_unique<SourceColumn>(name_, std::move(form));
    made_->keep(kept_alive(codes));
    SourceColumn::Chunk chunk;
    chunk.size = static_cast<std::size_t>(codes.shape(0));
    chunk.values = codes.data();
    chunk.words = std::move(words.made_);
    made_->add(std::move(chunk));
  }

  void take_stream(const py::handle& given) {
    const StreamCapsule capsule(given);
    ArrowArrayStream* stream = capsule.stream;
    const auto check = [&](int code) {
      if (code == 0) return;
      const char* why = stream->get_last_error(stream);
      throw py::value_error("column '" + name_ +
                            "': " + (why != nullptr ? why : "its Arrow stream failed"));
    };
    ArrowOwner<ArrowSchema> schema;
    check(stream->get_schema(stream, schema.get()));
    made_ = std::make_unique<SourceColumn>(name_, *schema);
    made_->keep(kept_alive(capsule.capsule));
    for (;;) {
      auto array = std::make_shared<ArrowOwner<ArrowArray>>();
      check(stream->get_next(stream, array->get()));
      if (!*array) break;
      made_->keep(array);
      made_->add(**array, 0, (*array)->length);
    }
  }

  void take_arrow_array(const py::handle& given) {
    const auto pair = given.attr("__arrow_c_array__")().cast<py::tuple>();
    const auto* schema = static_cast<const ArrowSchema*>(
        PyCapsule_GetPointer(py::object(pair[0]).ptr(), "arrow_schema"));
    const auto* array = static_cast<const ArrowArray*>(
        PyCapsule_GetPointer(py::object(pair[1]).ptr(), "arrow_array"));
    if (schema == nullptr || array == nullptr) throw py::error_already_set();
    made_ = std::make_unique<SourceColumn>(name_, *schema);
    made_->keep(kept_alive(pair));
    made_->add(*array, 0, array->length);
  }

  static Type integer(std::size_t width, bool is_signed) noexcept {
    const int log = width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
    return static_cast<Type>(static_cast<int>(is_signed ? Type::i8 : Type::u8) + log);
  }

  std::string name_;
  std::optional<EventField> field_;
  std::unique_ptr<SourceColumn> made_;
  std::vector<std::size_t> unfit_;
};

}  // namespace loyalty::python
