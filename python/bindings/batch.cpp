// SPDX-License-Identifier: MIT
/// \file
/// Portfolios: event columns and Arrow streams in, result columns and Arrow streams out.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <loyalty/batch/changes.hpp>
#include <loyalty/batch/contacts.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/io/arrow.hpp>
#include <loyalty/io/portfolio_file.hpp>
#include <loyalty/scoring/describe.hpp>

#include "assessment_stream.hpp"
#include "event_buffers.hpp"
#include "out_columns.hpp"
#include "stopwatch.hpp"

namespace py = pybind11;

namespace loyalty::python {
namespace {

/// One column that `read` reads, as an array that keeps its owners.
template <class T, class Read>
py::array_t<T> single_column(const std::string& name, const py::handle& column, EventField field,
                             Read&& read) {
  struct Kept {
    std::unique_ptr<const SourceColumn> source;
    ColumnReader reader;
  };
  auto kept = std::make_unique<Kept>();
  kept->source = PythonColumn(name, column, field).take();
  const T* data = nullptr;
  {
    const py::gil_scoped_release release;
    data = read(kept->reader, *kept->source);
  }
  const auto rows = static_cast<py::ssize_t>(kept->source->rows());
  const py::capsule owner(kept.release(), [](void* p) { delete static_cast<Kept*>(p); });
  return py::array_t<T>(rows, data, owner);
}

/// A column of a result: numbers where they stand in the table, texts as objects made now.
py::array result_array(const std::shared_ptr<ResultTable>& table, std::string_view name) {
  for (const ResultColumn& column : table->columns) {
    if (column.name != name) continue;
    if (const auto* texts = std::get_if<TextValues>(&column.values)) return object_array(*texts);
    const py::capsule owner(new std::shared_ptr<ResultTable>(table), [](void* kept) {
      delete static_cast<std::shared_ptr<ResultTable>*>(kept);
    });
    const auto view = [&owner](const auto& values) {
      using T = typename std::decay_t<decltype(values)>::value_type;
      py::array array =
          py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data(), owner);
      array.attr("setflags")(py::arg("write") = false);  // others look at the same numbers
      return array;
    };
    if (const auto* numbers = std::get_if<std::vector<double>>(&column.values))
      return view(*numbers);
    return view(std::get<std::vector<std::int64_t>>(column.values));
  }
  throw py::key_error(std::string(name));
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

py::capsule result_stream(const std::shared_ptr<ResultTable>& table, const py::dict& metadata,
                          std::size_t rows_per_batch) {
  ArrowMetadata pairs;
  for (const auto& [key, value] : metadata)
    pairs.emplace_back(key.cast<std::string>(), value.cast<std::string>());
  auto stream = std::make_unique<ArrowArrayStream>();
  {
    const py::gil_scoped_release release;
    to_arrow(table, *stream, std::move(pairs), rows_per_batch);
  }
  return stream_capsule(std::move(stream));
}

/// How the times of a stream become UTC: `to_utc` gets name and seconds of a column whose times name no zone, and gives
/// other seconds; None where they are UTC.
EventReading stream_reading(const py::object& to_utc) {
  EventReading reading;
  if (to_utc.is_none()) {
    reading.naive_is_utc = true;
    return reading;
  }
  reading.to_utc = [&to_utc](std::string_view column, std::span<Time> seconds) {
    const py::gil_scoped_acquire lock;
    const auto rows = static_cast<py::ssize_t>(seconds.size());
    const py::array_t<Time> given(rows, seconds.data());
    const auto made = py::array_t<Time, py::array::c_style | py::array::forcecast>::ensure(
        to_utc(std::string(column), given));
    if (!made || made.ndim() != 1 || made.shape(0) != rows)
      throw py::value_error("column '" + std::string(column) +
                            "': its times need as many UTC seconds");
    std::copy_n(made.data(), seconds.size(), seconds.begin());
  };
  return reading;
}

/// Lets other threads run while a file is read or written; its errors become OSError with the file's name.
template <class Work>
void saving(const std::filesystem::path& file, Work&& work) {
  std::optional<std::filesystem::filesystem_error> failed;
  {
    const py::gil_scoped_release release;
    try {
      work();
    } catch (const std::filesystem::filesystem_error& error) {
      failed = error;
    }
  }
  if (!failed) return;
  // Without the name, which OSError adds, and without the words of the standard library.
  std::string what = failed->what();
  if (const auto start = what.find(": "); start != std::string::npos) what.erase(0, start + 2);
  if (const auto end = what.find(": " + failed->code().message()); end != std::string::npos)
    what.erase(end);
  const py::object error =
      py::module_::import("builtins").attr("OSError")(failed->code().value(), what, file.string());
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
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
py::tuple column_tuples(std::span<const ColumnInfo> columns) {
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
  m.attr("result_columns") = column_tuples(result_columns());
  m.attr("contact_columns") = column_tuples(contact_columns());
  m.attr("change_columns") = column_tuples(change_columns());
  const auto words = [](const auto& names) {
    py::list list;
    for (const auto& word : names) list.append(std::string(word));
    return py::tuple(list);
  };
  m.attr("kind_names") = words(kind_names);
  py::list kinds;
  for (const KindInfo& info : kind_infos)
    kinds.append(py::make_tuple(info.kind, info.required, info.needs, info.optional, info.effect));
  m.attr("kind_infos") = py::tuple(kinds);
  m.attr("rung_names") = words(rung_names);
  m.attr("role_names") = words(role_names);
  m.attr("side_names") = words(event_words("side").words);
  m.attr("survey_names") = words(event_words("parameter").words);
  m.attr("code_names") = words(code_names);
  m.attr("skip_names") = words(skip_names);

  // One column, for tables that are no event log. What is given lives as long as what is made of it.
  m.def(
      "utc_seconds",
      [](const std::string& name, const py::handle& column) {
        return single_column<Time>(name, column, EventField::time,
                                   [&](ColumnReader& reader, const SourceColumn& source) {
                                     return reader.times(source, ends_its_day(name));
                                   });
      },
      py::arg("name"), py::arg("column"));
  m.def(
      "reals",
      [](const std::string& name, const py::handle& column) {
        return single_column<double>(
            name, column, EventField::number,
            [](ColumnReader& reader, const SourceColumn& source) { return reader.reals(source); });
      },
      py::arg("name"), py::arg("column"));
  m.def(
      "is_naive",
      [](const std::string& name, const py::handle& column) {
        return PythonColumn(name, column, std::nullopt).take()->is_naive();
      },
      py::arg("name"), py::arg("column"));

  py::class_<ResultTable, std::shared_ptr<ResultTable>>(m, "ResultTable")
      .def("__len__", [](const ResultTable& table) { return table.summary.relationships; })
      .def(
          "column",
          [](const std::shared_ptr<ResultTable>& table, const std::string& name) {
            return result_array(table, name);
          },
          py::arg("name"))
      .def("arrow_stream", &result_stream, py::arg("metadata"), py::arg("rows_per_batch") = 0);

  m.def(
      "read_ahead",
      [](const py::handle& source) {
        const StreamCapsule given(source);
        auto stream = std::make_unique<ArrowArrayStream>();
        loyalty::read_ahead(*given.stream, *stream);
        return stream_capsule(std::move(stream));
      },
      py::arg("source"));

  py::class_<Threads>(m, "Threads")
      .def(py::init<unsigned>(), py::arg("count"))
      .def_property_readonly("count", &Threads::count);

  py::class_<AssessmentStream>(m, "AssessmentStream")
      .def(py::init<py::object, Time, bool, py::object, std::vector<std::string>>(),
           py::arg("portfolio"), py::arg("now"), py::arg("intervals") = true,
           py::arg("threads") = py::none(), py::arg("kept") = std::vector<std::string>{})
      .def("__len__", &AssessmentStream::size)
      .def("arrow_stream", &AssessmentStream::arrow_stream, py::arg("metadata"), py::arg("rows"))
      .def("finish", &AssessmentStream::finish, py::arg("rows"))
      .def_property_readonly("is_complete", &AssessmentStream::is_complete)
      .def_property_readonly("seconds", &AssessmentStream::seconds)
      .def_property_readonly("summary",
                             [](const AssessmentStream& s) { return summary_dict(s.summary()); })
      .def("id", &AssessmentStream::id, py::arg("row"))
      .def("kept", &AssessmentStream::kept, py::arg("name"));

  py::class_<Portfolio>(m, "Portfolio")
      .def(py::init([](const Policy& policy, std::optional<Time> landmark) {
             return std::make_unique<Portfolio>(policy, landmark);
           }),
           py::arg("policy"), py::arg("landmark") = py::none())
      .def(
          "apply",
          [](Portfolio& p, const py::dict& columns, Threads* threads) {
            EventBuffers buffers(columns);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.apply(buffers.read(), Crew(threads));
            }
            return books_dict(books);
          },
          py::arg("columns"), py::arg("threads") = py::none())
      .def(
          "retract",
          [](Portfolio& p, const py::dict& columns) {
            EventBuffers buffers(columns);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.retract(buffers.read());
            }
            return books_dict(books);
          },
          py::arg("columns"))
      .def(
          "replay",
          [](Portfolio& p, const py::dict& columns, Threads* threads) {
            EventBuffers buffers(columns);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.replay(buffers.read(), Crew(threads));
            }
            return books_dict(books);
          },
          py::arg("columns"), py::arg("threads") = py::none())
      .def(
          "apply_stream",
          [](Portfolio& p, const py::handle& source, const py::object& to_utc, bool whole,
             Threads* threads) {
            const StreamCapsule given(source);
            const EventReading reading = stream_reading(to_utc);
            Books books;
            TimedStream timed(*given.stream);
            {
              const py::gil_scoped_release release;
              books =
                  loyalty::apply(p, timed.stream, whole ? StreamFold::whole : StreamFold::by_batch,
                                 reading, Crew(threads));
            }
            py::dict out = books_dict(books);
            out["waited"] = timed.seconds;
            return out;
          },
          py::arg("source"), py::arg("to_utc"), py::arg("whole") = false,
          py::arg("threads") = py::none())
      .def(
          "retract_stream",
          [](Portfolio& p, const py::handle& source, const py::object& to_utc) {
            const StreamCapsule given(source);
            const EventReading reading = stream_reading(to_utc);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.retract(ArrowEventTable(*given.stream, reading).columns());
            }
            return books_dict(books);
          },
          py::arg("source"), py::arg("to_utc"))
      .def(
          "replay_stream",
          [](Portfolio& p, const py::handle& source, const py::object& to_utc) {
            const StreamCapsule given(source);
            const EventReading reading = stream_reading(to_utc);
            Books books;
            {
              const py::gil_scoped_release release;
              books = p.replay(ArrowEventTable(*given.stream, reading).columns());
            }
            return books_dict(books);
          },
          py::arg("source"), py::arg("to_utc"))
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
          "parameters",
          [](const Portfolio& p, const std::string& id, Time now) {
            const auto made = [](const Parameter& parameter) {
              return py::make_tuple(parameter.mean, parameter.variance, parameter.coverage);
            };
            const Parameters found = p.assess(index_of(p, id), p.at(now)).parameters;
            return py::make_tuple(made(found.commitment), made(found.responsiveness),
                                  made(found.reciprocity), made(found.trust));
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
          [](const Portfolio& p, Time now, bool intervals, Threads* threads) {
            auto table = std::make_shared<ResultTable>();
            {
              const py::gil_scoped_release release;
              *table = assess_all(p, now, {.intervals = intervals}, Crew(threads));
            }
            py::dict summary = summary_dict(table->summary);
            return py::make_tuple(std::move(table), std::move(summary));
          },
          py::arg("now"), py::arg("intervals") = true, py::arg("threads") = py::none())
      .def(
          "contacts",
          [](const Portfolio& p, Time now) {
            auto table = std::make_shared<ResultTable>();
            {
              const py::gil_scoped_release release;
              *table = contact_table(p, now);
            }
            return table;
          },
          py::arg("now"))
      .def(
          "save",
          [](const Portfolio& p, const std::filesystem::path& file, const std::string& manifest) {
            saving(file, [&] { save_portfolio(p, file, manifest); });
          },
          py::arg("file"), py::arg("manifest") = "")
      .def_static(
          "load",
          [](const std::filesystem::path& file, std::optional<Policy> policy) {
            std::optional<SavedPortfolio> saved;
            saving(file, [&] { saved = load_portfolio(file, std::move(policy)); });
            return py::make_tuple(std::make_unique<Portfolio>(std::move(saved->portfolio)),
                                  py::str(saved->manifest));
          },
          py::arg("file"), py::arg("policy") = py::none())
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes, const Policy& policy) {
            const std::string_view view = bytes;
            return std::make_unique<Portfolio>(
                Portfolio::from_bytes(std::as_bytes(std::span(view.data(), view.size())), policy));
          },
          py::arg("bytes"), py::arg("policy"))
      .def(
          "forget",
          [](Portfolio& p, const std::vector<std::string>& ids) {
            const std::vector<std::string_view> views(ids.begin(), ids.end());
            return p.forget(views);
          },
          py::arg("ids"), py::call_guard<py::gil_scoped_release>())
      .def("rebase", &Portfolio::rebase, py::arg("landmark"),
           py::call_guard<py::gil_scoped_release>())
      .def("mark", &Portfolio::mark, py::arg("as_of"))
      .def_property_readonly("marked", [](const Portfolio& p) { return time_object(p.marked()); })
      // A copy: a rebase replaces the portfolio's own.
      .def_property_readonly("policy", [](const Portfolio& p) { return Policy(p.policy()); })
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

  m.def(
      "load_manifest",
      [](const std::filesystem::path& file) {
        std::string text;
        saving(file, [&] { text = load_manifest(file); });
        return text;
      },
      py::arg("file"));
}

}  // namespace loyalty::python
