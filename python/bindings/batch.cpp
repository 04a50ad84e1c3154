// SPDX-License-Identifier: MIT
/// \file
/// Portfolios: event columns in, result columns out.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <loyalty/batch/changes.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/scoring/describe.hpp>

#include "event_buffers.hpp"

namespace py = pybind11;

namespace loyalty::python {
namespace {

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

/// One column that `read` reads, as an array that keeps its owners.
template <class T, class Read>
py::array_t<T> single_column(const std::string& name, const py::handle& column, Read&& read) {
  struct Kept {
    std::unique_ptr<const Source> source;
    ColumnReader reader;
  };
  auto kept = std::make_unique<Kept>();
  kept->source = std::make_unique<const Source>(name, column);
  const T* data = read(kept->reader, *kept->source);
  const auto rows = static_cast<py::ssize_t>(kept->source->rows());
  const py::capsule owner(kept.release(), [](void* p) { delete static_cast<Kept*>(p); });
  return py::array_t<T>(rows, data, owner);
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
  out["repeats"] = books.repeats;
  out["reject_rows"] = owned_array(std::move(rows));
  out["reject_codes"] = owned_array(std::move(codes));
  return out;
}

py::dict columns_dict(const std::vector<ResultColumn>& table) {
  py::dict columns;
  for (const ResultColumn& column : table) {
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
  out["quality_tenths"] =
      std::vector<std::int64_t>(s.quality_tenths.begin(), s.quality_tenths.end());
  out["mean_coverage"] = std::vector<double>(s.mean_coverage.begin(), s.mean_coverage.end());
  out["lit"] = py::dict(py::arg("commitment") = s.lit.commitment,
                        py::arg("responsiveness") = s.lit.responsiveness,
                        py::arg("reciprocity") = s.lit.reciprocity, py::arg("trust") = s.lit.trust,
                        py::arg("purchases") = s.lit.purchases);
  out["spend"] = s.spend;
  out["cost"] = s.cost;
  out["inexact_positions"] = s.inexact_positions;
  out["with_set_aside"] = s.with_set_aside;
  return out;
}

py::dict change_summary_dict(const ChangeSummary& s) {
  py::dict moves;
  for (std::size_t i = 0; i < s.moves.size(); ++i)
    moves[py::str(std::string(name(static_cast<Move>(i))))] = s.moves[i];
  py::list rungs;
  for (const auto& row : s.rungs) rungs.append(std::vector<std::int64_t>(row.begin(), row.end()));
  py::dict out;
  out["relationships"] = s.relationships;
  out["moves"] = moves;
  out["rungs_observed"] = s.rungs_observed;
  out["corrections_known"] = s.corrections_known;
  out["rungs"] = rungs;
  out["compared"] = s.compared;
  out["better"] = s.better;
  out["worse"] = s.worse;
  out["mean_change"] = s.mean_change;
  out["mean_by"] = py::dict(py::arg("new_events") = s.mean_by[0], py::arg("decay") = s.mean_by[1],
                            py::arg("corrections") = s.mean_by[2], py::arg("rules") = s.mean_by[3]);
  return out;
}

using MaybePortfolio = std::optional<const Portfolio*>;

ChangeOptions change_options(MaybePortfolio corrected, MaybePortfolio refolded, bool one_log) {
  ChangeOptions options;
  if (corrected) options.corrected.emplace(**corrected);
  options.refolded = refolded.value_or(nullptr);
  options.one_log = one_log;
  return options;
}

/// Name, type and meaning of columns.
py::tuple infos_tuple(std::span<const ColumnInfo> columns) {
  static constexpr const char* types[] = {"number", "integer", "time", "text"};
  py::list infos;
  for (const ColumnInfo& info : columns)
    infos.append(py::make_tuple(std::string(info.name), types[static_cast<int>(info.type)],
                                std::string(info.meaning)));
  return py::tuple(infos);
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
  ExplainNames names{.id = id,
                     .role = role_names[static_cast<std::size_t>(role)],
                     .set_aside = p.set_aside(index)};
  for (std::size_t i = 0; i < names.rungs.size(); ++i)
    names.rungs[i] = p.policy().label(static_cast<Rung>(i));
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
  m.attr("result_columns") = infos_tuple(result_columns());
  m.attr("change_columns") = infos_tuple(change_columns());
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

  // One column, for tables that are no event log. What is given lives as long as what is made of it.
  m.def(
      "utc_seconds",
      [](const std::string& name, const py::handle& column) {
        return single_column<Time>(name, column, [&](ColumnReader& reader, const Source& source) {
          return reader.times(name, source, ends_its_day(name));
        });
      },
      py::arg("name"), py::arg("column"));
  m.def(
      "reals",
      [](const std::string& name, const py::handle& column) {
        return single_column<double>(name, column, [&](ColumnReader& reader, const Source& source) {
          return reader.reals(name, source);
        });
      },
      py::arg("name"), py::arg("column"));

  m.def(
      "is_naive",
      [](const std::string& name, const py::handle& column) {
        return Source(name, column).is_naive();
      },
      py::arg("name"), py::arg("column"));
  m.def(
      "distinct",
      [](const std::string& name, const py::handle& column) {
        const Source source(name, column);
        ColumnReader reader;
        const TextColumn texts = reader.texts(name, source);
        std::vector<std::int32_t> which(source.rows());
        std::unordered_map<std::string_view, std::int32_t> seen;
        py::list words;
        for (std::size_t i = 0; i < which.size(); ++i) {
          const auto [it, fresh] =
              seen.try_emplace(texts[i], static_cast<std::int32_t>(seen.size()));
          if (fresh) words.append(py::str(std::string(texts[i])));
          which[i] = it->second;
        }
        return py::make_tuple(owned_array(std::move(which)), words);
      },
      py::arg("name"), py::arg("column"));

  py::class_<Portfolio>(m, "Portfolio")
      .def(py::init([](const Policy& policy, std::optional<Time> landmark) {
             return std::make_unique<Portfolio>(policy, landmark);
           }),
           py::arg("policy"), py::arg("landmark") = py::none())
      .def(
          "apply",
          [](Portfolio& p, const py::dict& columns) {
            const EventBuffers buffers(columns);
            Books books;
            {
              // Folding touches no Python object: other threads may run.
              const py::gil_scoped_release release;
              books = p.apply(buffers.columns());
            }
            return books_dict(books);
          },
          py::arg("columns"))
      .def(
          "retract",
          [](Portfolio& p, const py::dict& columns) {
            const EventBuffers buffers(columns);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.retract(buffers.columns());
            }
            return books_dict(books);
          },
          py::arg("columns"))
      .def(
          "replay",
          [](Portfolio& p, const py::dict& columns) {
            const EventBuffers buffers(columns);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.replay(buffers.columns());
            }
            return books_dict(books);
          },
          py::arg("columns"))
      .def("merge", &Portfolio::merge, py::arg("other"), py::call_guard<py::gil_scoped_release>())
      .def("note_set_aside", &Portfolio::note_set_aside, py::arg("relationship"),
           py::arg("rows") = 1)
      .def("copy",
           [](const Portfolio& p) {
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
      .def(
          "__contains__",
          [](const Portfolio& p, const std::string& id) { return p.find(id).has_value(); },
          py::arg("id"))
      .def_property_readonly("newest", [](const Portfolio& p) { return time_object(p.newest()); })
      .def_property_readonly("landmark", [](const Portfolio& p) { return p.rules().landmark(); })
      .def_property_readonly("open_items", &Portfolio::open_items)
      .def_property_readonly("currency", &Portfolio::currency)
      .def_property_readonly("books", [](const Portfolio& p) { return books_dict(p.books()); })
      .def(
          "state",
          [](const Portfolio& p, const std::string& id, std::optional<Time> now) {
            return state_dict(p.state(index_of(p, id), now.value_or(p.newest())));
          },
          py::arg("id"), py::arg("now") = py::none())
      .def(
          "standing",
          [](const Portfolio& p, const std::string& id, Time now) {
            const Standing s = p.at(now).standing(p.state(index_of(p, id), now));
            return py::make_tuple(static_cast<int>(s.position.rung),
                                  static_cast<int>(s.position.peak), time_object(s.position.since),
                                  static_cast<int>(s.band.enter), static_cast<int>(s.band.keep),
                                  s.exact, s.at_least);
          },
          py::arg("id"), py::arg("now"))
      .def(
          "falls",
          [](const Portfolio& p, const std::string& id, Time now) {
            const Relationship r = p.state(index_of(p, id), now);
            const Standing s = p.at(now).standing(r);
            py::list out;
            for (const RungChange& fall :
                 falls_if_quiet(r.ladder, s.position.rung, p.rules().fold().ladder))
              out.append(py::make_tuple(fall.time, static_cast<int>(fall.rung)));
            return out;
          },
          py::arg("id"), py::arg("now"))
      .def(
          "explain",
          [](const Portfolio& p, const std::string& id, Time now) {
            return explain(p, index_of(p, id), p.at(now));
          },
          py::arg("id"), py::arg("now"))
      .def(
          "assess",
          [](const Portfolio& p, Time now, bool intervals) {
            ResultTable table;
            {
              const py::gil_scoped_release release;
              table = assess_all(p, now, {.intervals = intervals});
            }
            return py::make_tuple(columns_dict(table.columns), summary_dict(table.summary));
          },
          py::arg("now"), py::arg("intervals") = true)
      .def(
          "changes",
          [](const Portfolio& p, const Portfolio& earlier, Time since, Time now,
             MaybePortfolio corrected, MaybePortfolio refolded, bool one_log) {
            ChangeTable table;
            {
              const py::gil_scoped_release release;
              table = changes(earlier, p, since, now, change_options(corrected, refolded, one_log));
            }
            return py::make_tuple(columns_dict(table.columns), change_summary_dict(table.summary));
          },
          py::arg("earlier"), py::arg("since"), py::arg("now"), py::arg("corrected") = py::none(),
          py::arg("refolded") = py::none(), py::arg("one_log") = false)
      .def(
          "explain_change",
          [](const Portfolio& p, const std::string& id, const Portfolio& earlier, Time since,
             Time now, MaybePortfolio corrected, MaybePortfolio refolded, bool one_log) {
            std::string text = explain_change(id, earlier, p, since, now,
                                              change_options(corrected, refolded, one_log));
            if (text.empty()) throw py::key_error("no relationship '" + id + "' on either side");
            return text;
          },
          py::arg("id"), py::arg("earlier"), py::arg("since"), py::arg("now"),
          py::arg("corrected") = py::none(), py::arg("refolded") = py::none(),
          py::arg("one_log") = false);
}

}  // namespace loyalty::python
