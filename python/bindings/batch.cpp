// SPDX-License-Identifier: MIT
/// \file
/// Portfolios, event columns in and result columns out. Columns enter through `EventBuffers` alone, which checks type,
/// shape and stride and names the column in its error.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <loyalty/batch/output.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/scoring/describe.hpp>

namespace py = pybind11;

namespace loyalty::python {
namespace {

/// A text column owned by the call.
struct Texts {
  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  void push(std::string_view text) {
    bytes += text;
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  }
  TextColumn view() const { return {bytes.data(), offsets.data()}; }
};

[[noreturn]] void refuse(const std::string& column, const std::string& what) {
  throw py::type_error("column '" + column + "': " + what);
}

/// The event columns of one call: borrowed where the array has the right type, else converted exactly.
class EventBuffers {
 public:
  explicit EventBuffers(const py::dict& columns) {
    bool first = true;
    for (const auto& [key, value] : columns) {
      const auto name = key.cast<std::string>();
      const auto array = py::array::ensure(value);
      if (!array || array.ndim() != 1) refuse(name, "needs a one-dimensional array");
      const auto size = static_cast<std::size_t>(array.shape(0));
      if (first) columns_.rows = size;
      else if (size != columns_.rows)
        throw py::value_error("column '" + name + "' has " + std::to_string(size) + " rows, the others have " +
                              std::to_string(columns_.rows));
      first = false;
      take(name, array);
    }
    for (const char* needed : {"relationship", "time", "kind"})
      if (!columns.contains(needed))
        throw py::value_error(std::string("missing column '") + needed +
                              "'; an event row needs relationship, time and kind");
    if (!codes_.empty()) columns_.code = codes_.data();
    columns_.relationship = relationship_;
    columns_.refers_to = refers_to_;
    columns_.event_id = event_id_;
    columns_.currency = currency_;
  }

  const EventColumns& columns() const { return columns_; }

 private:
  void take(const std::string& name, const py::array& array) {
    if (name == "relationship") return take_relationship(array);
    if (name == "kind") {
      columns_.kind = codes(name, array, {kind_names.begin(), kind_names.end()}, EventColumns::unreadable);
      return;
    }
    if (name == "side") {
      columns_.side = codes(name, array, {side_names.begin(), side_names.end()}, EventColumns::absent);
      return;
    }
    if (name == "parameter") {
      columns_.parameter = codes(name, array, {survey_names.begin(), survey_names.end()}, EventColumns::absent);
      return;
    }
    if (name == "role") {
      columns_.role = codes(name, array, {role_names.begin(), role_names.end()}, EventColumns::absent);
      return;
    }
    if (name == "code") {
      columns_.code = codes(name, array, {code_names.begin(), code_names.end()}, 0);
      return;
    }
    if (name == "whole_order") {
      columns_.whole_order = flags(name, array);
      return;
    }
    for (auto [column, target] : {std::pair<const char*, TextColumn*>{"refers_to", &refers_to_},
                                  {"event_id", &event_id_},
                                  {"currency", &currency_}})
      if (name == column) {
        *target = texts(name, array);
        return;
      }
    for (auto [column, target] :
         {std::pair<const char*, const double**>{"value", &columns_.value}, {"amount", &columns_.amount},
          {"margin", &columns_.margin}, {"cost", &columns_.cost}, {"rating", &columns_.rating},
          {"scale_low", &columns_.scale_low}, {"scale_high", &columns_.scale_high}})
      if (name == column) {
        *target = reals(name, array);
        return;
      }
    for (auto [column, target] :
         {std::pair<const char*, const Time**>{"time", &columns_.time}, {"due", &columns_.due},
          {"done", &columns_.done}, {"until", &columns_.until}, {"since", &columns_.since}})
      if (name == column) {
        *target = integers(name, array, "UTC seconds as int64");
        return;
      }
    throw py::value_error("unknown event column '" + name + "'");
  }

  /// Keeps an array of exactly this type, contiguous; the owner lives as long as the buffers.
  template <class T>
  const T* keep(const py::array& array) {
    auto exact = py::array_t<T, py::array::c_style>::ensure(array);
    owners_.push_back(exact);
    return exact.data();
  }

  const std::int64_t* integers(const std::string& name, const py::array& array, const char* wants) {
    const char kind = array.dtype().kind();
    if (kind != 'i' && kind != 'u') refuse(name, std::string("needs ") + wants);
    return keep<std::int64_t>(array);
  }

  const double* reals(const std::string& name, const py::array& array) {
    const char kind = array.dtype().kind();
    if (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b')
      refuse(name, "needs numbers, not dtype " + py::str(array.dtype()).cast<std::string>());
    return keep<double>(array);
  }

  const std::uint8_t* flags(const std::string& name, const py::array& array) {
    if (array.dtype().kind() != 'b' && array.dtype().kind() != 'u')
      refuse(name, "needs booleans, not dtype " + py::str(array.dtype()).cast<std::string>());
    return keep<std::uint8_t>(array);
  }

  static bool is_absent(PyObject* object) {
    return object == Py_None || (PyFloat_Check(object) && std::isnan(PyFloat_AS_DOUBLE(object))) ||
           (!PyUnicode_Check(object) && !PyBytes_Check(object) && !PyLong_Check(object) && !PyFloat_Check(object) &&
            !PyObject_HasAttrString(object, "__index__"));
  }

  static std::string_view text_of(PyObject* object, const std::string& name) {
    if (PyUnicode_Check(object)) {
      Py_ssize_t size = 0;
      const char* bytes = PyUnicode_AsUTF8AndSize(object, &size);
      if (bytes == nullptr) throw py::error_already_set();
      return {bytes, static_cast<std::size_t>(size)};
    }
    if (PyBytes_Check(object)) return {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
    refuse(name, "needs text, not " + py::str(py::type::handle_of(object)).cast<std::string>());
  }

  /// NumPy's own fixed-width texts become objects first.
  static py::array as_objects(const py::array& array) {
    return array.dtype().kind() == 'O' ? array : py::array(array.attr("astype")("O"));
  }
  static PyObject* const* objects(const py::array& array) {
    if (array.strides(0) != static_cast<py::ssize_t>(sizeof(PyObject*))) throw py::type_error("objects must be contiguous");
    return static_cast<PyObject* const*>(array.data());
  }
  py::array contiguous_objects(const py::array& array) {
    py::array copy = py::module_::import("numpy").attr("ascontiguousarray")(as_objects(array));
    owners_.push_back(copy);
    return copy;
  }

  TextColumn texts(const std::string& name, const py::array& array) {
    auto& column = *texts_.emplace_back(std::make_unique<Texts>());
    column.offsets.reserve(columns_.rows + 1);
    const char kind = array.dtype().kind();
    if (kind == 'i' || kind == 'u') {
      const auto* numbers = keep<std::int64_t>(array);
      for (std::size_t i = 0; i < columns_.rows; ++i)
        column.push(numbers[i] == no_time ? std::string() : std::to_string(numbers[i]));
      return column.view();
    }
    if (kind != 'O' && kind != 'U' && kind != 'S' && kind != 'T')
      refuse(name, "needs text or integers, not dtype " + py::str(array.dtype()).cast<std::string>());
    const py::array owned = contiguous_objects(array);
    PyObject* const* items = objects(owned);
    for (std::size_t i = 0; i < columns_.rows; ++i) {
      if (is_absent(items[i])) column.push({});
      else if (PyLong_Check(items[i])) column.push(py::str(items[i]).cast<std::string>());
      else column.push(text_of(items[i], name));
    }
    return column.view();
  }

  /// Identifiers: integers stay numbers; integral floats become them; other floats are set aside.
  void take_relationship(const py::array& array) {
    const char kind = array.dtype().kind();
    if (kind == 'i' || kind == 'u') {
      columns_.relationship_number = keep<std::int64_t>(array);
      return;
    }
    if (kind == 'f') {
      const auto* given = keep<double>(array);
      numbers_.resize(columns_.rows);
      for (std::size_t i = 0; i < columns_.rows; ++i) {
        const bool whole = given[i] == std::floor(given[i]) && std::fabs(given[i]) < 0x1p53;
        numbers_[i] = whole ? static_cast<std::int64_t>(given[i]) : no_time;
        if (!whole && !std::isnan(given[i])) set_aside(i, Code::bad_relationship);
      }
      columns_.relationship_number = numbers_.data();
      return;
    }
    if (kind != 'O') {
      relationship_ = texts("relationship", array);
      return;
    }
    auto& column = *texts_.emplace_back(std::make_unique<Texts>());
    column.offsets.reserve(columns_.rows + 1);
    const py::array owned = contiguous_objects(array);
    PyObject* const* items = objects(owned);
    for (std::size_t i = 0; i < columns_.rows; ++i) {
      PyObject* item = items[i];
      if (is_absent(item)) {
        column.push({});
      } else if (PyFloat_Check(item)) {
        const double x = PyFloat_AS_DOUBLE(item);
        const bool whole = x == std::floor(x) && std::fabs(x) < 0x1p53;
        column.push(whole ? std::to_string(static_cast<std::int64_t>(x)) : std::string("?"));
        if (!whole) set_aside(i, Code::bad_relationship);
      } else if (PyUnicode_Check(item) || PyBytes_Check(item)) {
        column.push(text_of(item, "relationship"));
      } else {
        column.push(py::str(item).cast<std::string>());
      }
    }
    relationship_ = column.view();
  }

  void set_aside(std::size_t row, Code code) {
    if (codes_.empty()) codes_.resize(columns_.rows, 0);
    if (codes_[row] == 0) codes_[row] = static_cast<std::uint8_t>(code);
  }

  /// Words from a fixed list as numbers. uint8 arrays are taken as such.
  const std::uint8_t* codes(const std::string& name, const py::array& array, const std::vector<std::string_view>& words,
                            std::uint8_t absent) {
    if (array.dtype().kind() == 'u' && array.itemsize() == 1) return keep<std::uint8_t>(array);
    const char kind = array.dtype().kind();
    if (kind != 'O' && kind != 'U' && kind != 'S' && kind != 'T')
      refuse(name, "needs text, not dtype " + py::str(array.dtype()).cast<std::string>());
    std::unordered_map<std::string_view, std::uint8_t> index;
    for (std::size_t i = 0; i < words.size(); ++i) index[words[i]] = static_cast<std::uint8_t>(i);
    auto& out = *code_columns_.emplace_back(std::make_unique<std::vector<std::uint8_t>>(columns_.rows));
    const py::array owned = contiguous_objects(array);
    PyObject* const* items = objects(owned);
    PyObject* last = nullptr;
    std::uint8_t last_code = absent;
    for (std::size_t i = 0; i < columns_.rows; ++i) {
      if (items[i] != last) {
        last = items[i];
        if (is_absent(last)) {
          last_code = absent;
        } else {
          const std::string_view text = text_of(last, name);
          const auto it = index.find(text);
          last_code = text.empty() ? absent : it == index.end() ? EventColumns::unreadable : it->second;
        }
      }
      out[i] = last_code;
    }
    return out.data();
  }

  EventColumns columns_;
  TextColumn relationship_;
  TextColumn refers_to_;
  TextColumn event_id_;
  TextColumn currency_;
  std::vector<py::array> owners_;
  std::vector<std::unique_ptr<Texts>> texts_;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> code_columns_;
  std::vector<std::int64_t> numbers_;
  std::vector<std::uint8_t> codes_;
};

template <class T>
py::array_t<T> owned_array(std::vector<T>&& values) {
  auto* kept = new std::vector<T>(std::move(values));
  py::capsule owner(kept, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(static_cast<py::ssize_t>(kept->size()), kept->data(), owner);
}

/// A text column as an array of str; equal neighbours and frequent words share one object, empty is None.
py::array object_array(const TextValues& values) {
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
        PyObject* made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
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

py::dict books_dict(const Books& books) {
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
  out["reject_rows"] = owned_array(std::move(rows));
  out["reject_codes"] = owned_array(std::move(codes));
  return out;
}

py::dict result_dict(const ResultTable& table) {
  py::dict columns;
  for (const ResultColumn& column : table.columns) {
    const py::str name{std::string(column.name)};
    if (const auto* numbers = std::get_if<std::vector<double>>(&column.values))
      columns[name] = owned_array(std::vector<double>(*numbers));
    else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values))
      columns[name] = owned_array(std::vector<std::int64_t>(*integers));
    else
      columns[name] = object_array(std::get<TextValues>(column.values));
  }
  return columns;
}

py::dict summary_dict(const ResultSummary& s) {
  py::dict out;
  out["relationships"] = s.relationships;
  out["rungs"] = std::vector<std::int64_t>(s.rungs.begin(), s.rungs.end());
  out["rungs_observed"] = s.rungs_observed;
  out["grades"] = std::vector<std::int64_t>(s.grades.begin(), s.grades.end());
  out["quality_tenths"] = std::vector<std::int64_t>(s.quality_tenths.begin(), s.quality_tenths.end());
  out["mean_coverage"] = std::vector<double>(s.mean_coverage.begin(), s.mean_coverage.end());
  out["lit"] = py::dict(py::arg("commitment") = s.lit.commitment, py::arg("responsiveness") = s.lit.responsiveness,
                        py::arg("reciprocity") = s.lit.reciprocity, py::arg("trust") = s.lit.trust,
                        py::arg("purchases") = s.lit.purchases);
  out["spend"] = s.spend;
  out["cost"] = s.cost;
  out["inexact_positions"] = s.inexact_positions;
  out["with_set_aside"] = s.with_set_aside;
  return out;
}

/// A 128-bit sum as a Python integer.
py::int_ exact_int(const ExactSum& sum) {
  const py::int_ high(sum.high);
  const py::int_ low(sum.low);
  return py::int_((high << py::int_(64)) + low);
}

py::object time_object(Time t) {
  if (t == no_time || t == never) return py::none();
  return py::int_(t);
}

py::dict state_dict(const Relationship& r) {
  py::dict out;
  for (int i = 0; i < sum_count; ++i) {
    const auto sum = static_cast<Sum>(i);
    out[py::str(std::string(name(sum)))] = exact_int(sum_of(r, sum));
  }
  out["open_requests"] = r.open_requests;
  out["open_time_sum"] = r.open_time;
  out["open_complaints"] = r.open_complaints;
  out["n"] = r.ladder.purchases;
  out["first_event"] = time_object(r.first_event);
  out["first_purchase"] = time_object(r.first_purchase);
  out["last_purchase"] = time_object(r.last_purchase);
  out["contract_until"] = time_object(r.ladder.contract_until);
  out["newest"] = time_object(r.ladder.newest);
  out["spend"] = r.spend;
  out["money"] = r.money;
  out["events"] = r.events;
  out["flags"] = r.ladder.flags;
  return out;
}

std::string explain(const Portfolio& p, std::uint32_t index, const AsOf& at) {
  const std::string id = p.id(index);
  const Role role = p.role(index);
  ExplainNames names{.id = id, .role = role_names[static_cast<std::size_t>(role)], .set_aside = p.set_aside(index)};
  for (std::size_t i = 0; i < names.rungs.size(); ++i) names.rungs[i] = p.policy().label(static_cast<Rung>(i));
  const Relationship r = p.state(index, at.now());
  const Scorer& scorer = p.rules().scorer(role);
  return describe(assess(r, at, scorer, Lit(p.observed())), r, at, scorer, names);
}

std::uint32_t index_of(const Portfolio& p, const std::string& id) {
  const auto index = p.find(id);
  if (!index) throw py::key_error("no relationship '" + id + "' in this portfolio");
  return *index;
}

}  // namespace

void register_batch(py::module_& m) {
  m.attr("no_time") = no_time;
  py::list infos;
  for (const ColumnInfo& info : result_columns()) {
    static constexpr const char* types[] = {"number", "integer", "time", "text"};
    infos.append(py::make_tuple(std::string(info.name), types[static_cast<int>(info.type)], std::string(info.meaning)));
  }
  m.attr("result_columns") = py::tuple(infos);
  const auto words = [](const auto& names) {
    py::list list;
    for (const auto& word : names) list.append(std::string(word));
    return py::tuple(list);
  };
  m.attr("kind_names") = words(kind_names);
  m.attr("rung_names") = words(rung_names);
  m.attr("role_names") = words(role_names);
  m.attr("code_names") = words(code_names);
  m.attr("skip_names") = words(skip_names);

  py::class_<Portfolio>(m, "Portfolio")
      .def(py::init([](const Policy& policy, std::optional<Time> landmark) {
             return std::make_unique<Portfolio>(policy, landmark);
           }),
           py::arg("policy"), py::arg("landmark") = py::none())
      .def("apply",
           [](Portfolio& p, const py::dict& columns) {
             const EventBuffers buffers(columns);
             Books books;
             {
               // Folding touches no Python object: other threads may run.
               const py::gil_scoped_release release;
               books = p.apply(buffers.columns());
             }
             return books_dict(books);
           })
      .def("retract",
           [](Portfolio& p, const py::dict& columns) {
             const EventBuffers buffers(columns);
             return books_dict(p.retract(buffers.columns()));
           })
      .def("replay",
           [](Portfolio& p, const py::dict& columns) {
             const EventBuffers buffers(columns);
             Books books;
             {
               const py::gil_scoped_release release;
               books = p.replay(buffers.columns());
             }
             return books_dict(books);
           })
      .def("merge", &Portfolio::merge, py::call_guard<py::gil_scoped_release>())
      .def("note_set_aside", &Portfolio::note_set_aside)
      .def("copy", [](const Portfolio& p) {
        auto fresh = std::make_unique<Portfolio>(p.policy(), p.rules().landmark());
        fresh->merge(p);
        return fresh;
      })
      .def("bytes",
           [](const Portfolio& p) {
             const auto bytes = p.bytes();
             return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
           })
      .def("__len__", &Portfolio::size)
      .def("__contains__", [](const Portfolio& p, const std::string& id) { return p.find(id).has_value(); })
      .def_property_readonly("newest", [](const Portfolio& p) { return time_object(p.newest()); })
      .def_property_readonly("landmark", [](const Portfolio& p) { return p.rules().landmark(); })
      .def_property_readonly("open_items", &Portfolio::open_items)
      .def_property_readonly("currency", &Portfolio::currency)
      .def_property_readonly("books", [](const Portfolio& p) { return books_dict(p.books()); })
      .def("state", [](const Portfolio& p, const std::string& id, std::optional<Time> now) {
             return state_dict(p.state(index_of(p, id), now.value_or(p.newest())));
           }, py::arg("id"), py::arg("now") = py::none())
      .def("standing",
           [](const Portfolio& p, const std::string& id, Time now) {
             const Standing s = p.at(now).standing(p.state(index_of(p, id), now));
             return py::make_tuple(static_cast<int>(s.position.rung), static_cast<int>(s.position.peak),
                                   time_object(s.position.since), static_cast<int>(s.band.enter),
                                   static_cast<int>(s.band.keep), s.exact, s.at_least);
           })
      .def("falls",
           [](const Portfolio& p, const std::string& id, Time now) {
             const Relationship r = p.state(index_of(p, id), now);
             const Standing s = p.at(now).standing(r);
             py::list out;
             for (const RungChange& fall : falls_if_quiet(r.ladder, s.position.rung, p.rules().fold().ladder))
               out.append(py::make_tuple(fall.time, static_cast<int>(fall.rung)));
             return out;
           })
      .def("explain",
           [](const Portfolio& p, const std::string& id, Time now) { return explain(p, index_of(p, id), p.at(now)); })
      .def("assess",
           [](const Portfolio& p, Time now, bool intervals) {
             ResultTable table;
             {
               const py::gil_scoped_release release;
               table = assess_all(p, now, {.intervals = intervals});
             }
             return py::make_tuple(result_dict(table), summary_dict(table.summary));
           },
           py::arg("now"), py::arg("intervals") = true);
}

}  // namespace loyalty::python
