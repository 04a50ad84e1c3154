// SPDX-License-Identifier: MIT
/// \file
/// Learning: event columns in, a new policy and what it rests on out; and the fits behind it over plain columns.
#include <loyalty/batch/learning.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/io/learning_text.hpp>
#include <loyalty/math/optimise_beta_binomial.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>

#include "arrays.hpp"
#include "event_buffers.hpp"
#include "out_columns.hpp"

namespace py = pybind11;

namespace loyalty::python {
namespace {

/// Two columns of evidence, without the rows in which one is null.
struct Evidences {
  std::vector<double> first;
  std::vector<double> second;

  Evidences(const py::object& one, const char* one_name, const py::object& other,
            const char* other_name) {
    const std::array<Numbers, 2> given{Numbers(one, one_name), Numbers(other, other_name)};
    const Shape shape = Shape::of(given);
    for (std::size_t i = 0; i < shape.rows; ++i) {
      if (std::isnan(given[0][i]) || std::isnan(given[1][i])) continue;
      first.push_back(given[0][i]);
      second.push_back(given[1][i]);
    }
  }
};

py::dict prior_dict(const PriorFit& fit) {
  py::dict out;
  out["first"] = estimate_tuple(fit.first);
  out["second"] = estimate_tuple(fit.second);
  out["mean"] = estimate_tuple(fit.mean);
  out["weight"] = estimate_tuple(fit.weight);
  out["start"] = py::make_tuple(fit.start_first, fit.start_second);
  out["log_likelihood"] = fit.log_likelihood;
  out["relationships"] = fit.used;
  out["end"] = std::string(name_of(fit.status.end));
  out["sentence"] = fit.status.sentence;
  out["usable"] = fit.status.usable();
  return out;
}

py::dict cycle_dict(const PurchaseCycle& c) {
  py::dict out;
  out["days"] = estimate_tuple(c.days);
  out["closed"] = c.closed;
  out["open"] = c.open;
  out["relationships"] = c.relationships;
  out["not_again"] = c.not_again;
  out["end"] = std::string(name_of(c.status.end));
  out["sentence"] = c.status.sentence;
  return out;
}

/// A column of the values, by what is read of each.
template <class Get>
auto column_of(const std::vector<LearnedValue>& values, Get&& get) {
  std::vector<decltype(get(values.front()))> column;
  column.reserve(values.size());
  for (const LearnedValue& v : values) column.push_back(get(v));
  return owned_array(std::move(column));
}

template <class Get>
py::array text_of(const std::vector<LearnedValue>& values, Get&& get) {
  TextValues texts;
  for (const LearnedValue& v : values) {
    texts.bytes += get(v);
    texts.offsets.push_back(static_cast<std::int64_t>(texts.bytes.size()));
  }
  return object_array(texts);
}

py::dict values_dict(const std::vector<LearnedValue>& values) {
  py::dict out;
  out["key"] = text_of(values, [](const LearnedValue& v) { return v.key; });
  out["before"] = column_of(values, [](const LearnedValue& v) { return v.before; });
  out["after"] = column_of(values, [](const LearnedValue& v) { return v.after; });
  out["changed"] =
      column_of(values, [](const LearnedValue& v) { return std::uint8_t{v.changed()}; });
  out["estimate"] = column_of(values, [](const LearnedValue& v) { return v.estimate.value; });
  out["low"] = column_of(values, [](const LearnedValue& v) { return v.estimate.low; });
  out["high"] = column_of(values, [](const LearnedValue& v) { return v.estimate.high; });
  out["relationships"] = column_of(values, [](const LearnedValue& v) { return v.relationships; });
  out["evidence"] = column_of(values, [](const LearnedValue& v) { return v.evidence; });
  out["ended"] = text_of(values, [](const LearnedValue& v) { return std::string(name_of(v.end)); });
  out["status"] = text_of(values, [](const LearnedValue& v) { return v.sentence; });
  return out;
}

py::dict scores_dict(const std::vector<HalfLifeScores>& all) {
  TextValues stream;
  std::vector<double> days;
  std::vector<double> scores;
  for (const HalfLifeScores& s : all)
    for (std::size_t i = 0; i < s.scores.size(); ++i) {
      stream.bytes += stream_names[static_cast<std::size_t>(s.stream)];
      stream.offsets.push_back(static_cast<std::int64_t>(stream.bytes.size()));
      days.push_back(static_cast<double>(s.half_lives[i]) / double{day});
      scores.push_back(s.scores[i]);
    }
  py::dict out;
  out["stream"] = object_array(stream);
  out["half_life_days"] = owned_array(std::move(days));
  out["log_score"] = owned_array(std::move(scores));
  return out;
}

py::object hold_out_dict(const std::optional<HoldOut>& h) {
  if (!h) return py::none();
  py::dict out;
  out["from"] = h->from;
  TextValues stream;
  for (const std::string_view name : stream_names) {
    stream.bytes += name;
    stream.offsets.push_back(static_cast<std::int64_t>(stream.bytes.size()));
  }
  out["stream"] = object_array(stream);
  out["outcomes"] = owned_array(std::vector<std::int64_t>(h->outcomes.begin(), h->outcomes.end()));
  out["before"] = owned_array(std::vector<double>(h->before.begin(), h->before.end()));
  out["after"] = owned_array(std::vector<double>(h->after.begin(), h->after.end()));
  return out;
}

}  // namespace

void register_learning(py::module_& m) {
  py::list streams;
  for (const std::string_view name : stream_names) streams.append(std::string(name));
  m.attr("stream_names") = py::tuple(streams);
  py::class_<Learning>(m, "Learning")
      .def("summary", [](const Learning& l) { return summary(l); })
      .def(
          "to_toml",
          [](const Learning& l, bool full, const std::string& source) {
            return to_toml(l, full ? PolicyText::full : PolicyText::brief, source);
          },
          py::arg("full") = false, py::arg("source") = "")
      .def("values", [](const Learning& l) { return values_dict(l.values); })
      .def("scores", [](const Learning& l) { return scores_dict(l.scores); })
      .def("cycles",
           [](const Learning& l) {
             py::dict out;
             for (const LearnedCycle& c : l.cycles) out[py::str(c.who)] = cycle_dict(c.cycle);
             return out;
           })
      .def("hold_out", [](const Learning& l) { return hold_out_dict(l.hold_out); })
      .def("books", [](const Learning& l) { return books_dict(l.books); })
      .def_property_readonly("policy", [](const Learning& l) { return Policy(l.policy); })
      .def_readonly("later", &Learning::later)
      .def_readonly("relationships", &Learning::relationships)
      .def_readonly("first", &Learning::first)
      .def_readonly("last", &Learning::last)
      .def_readonly("as_of", &Learning::as_of);
  m.def(
      "learn",
      [](const py::dict& columns, const Policy& policy, Time as_of, std::optional<Time> hold_out,
         bool priors, bool half_lives, bool purchase_cycle, std::int64_t least_relationships) {
        EventBuffers buffers(columns);
        // Nothing of Python is touched: other threads may run.
        const py::gil_scoped_release release;
        return learn(buffers.read(), policy,
                     {.as_of = as_of,
                      .hold_out = hold_out.value_or(no_time),
                      .priors = priors,
                      .half_lives = half_lives,
                      .purchase_cycle = purchase_cycle,
                      .least_relationships = least_relationships});
      },
      py::arg("columns"), py::arg("policy"), py::arg("as_of"), py::arg("hold_out"),
      py::arg("priors"), py::arg("half_lives"), py::arg("purchase_cycle"),
      py::arg("least_relationships"));
  m.def(
      "fit_beta_binomial",
      [](const py::object& good, const py::object& bad) {
        const Evidences e(good, "good", bad, "bad");
        PriorFit fit;
        {
          const py::gil_scoped_release release;
          fit = fit_beta_binomial(e.first, e.second);
        }
        return prior_dict(fit);
      },
      py::arg("good"), py::arg("bad"));
  m.def(
      "fit_gamma_rate",
      [](const py::object& events, const py::object& exposure) {
        const Evidences e(events, "events", exposure, "exposure");
        PriorFit fit;
        {
          const py::gil_scoped_release release;
          fit = fit_gamma_rate(e.first, e.second);
        }
        return prior_dict(fit);
      },
      py::arg("events"), py::arg("exposure"));
  m.def(
      "prequential_scores",
      [](const std::optional<py::array_t<std::int64_t, py::array::c_style>>& relationship,
         const py::array_t<std::int64_t, py::array::c_style>& time, const py::object& good,
         const py::object& bad, const std::vector<double>& half_lives, double first, double second,
         bool rates) {
        const std::array<Numbers, 2> given{Numbers(good, "good"), Numbers(bad, "bad")};
        const auto rows = static_cast<std::size_t>(time.size());
        std::array<std::vector<double>, 2> values;
        for (std::size_t k = 0; k < 2; ++k)
          for (std::size_t i = 0; i < rows; ++i) {
            if (given[k].is_column() && given[k].rows() != rows)
              throw py::value_error("column '" + std::string(given[k].name()) + "' has " +
                                    std::to_string(given[k].rows()) + " rows, column 'time' has " +
                                    std::to_string(rows));
            if (std::isnan(given[k][i])) given[k].refuse(i, "a number");
            values[k].push_back(given[k][i]);
          }
        if (relationship && static_cast<std::size_t>(relationship->size()) != rows)
          throw py::value_error("column 'relationship' has " +
                                std::to_string(relationship->size()) + " rows, column 'time' has " +
                                std::to_string(rows));
        for (const double h : half_lives)
          if (!(h > 0 && h < INFINITY))
            throw py::value_error("half_life_days: " + std::to_string(h / double{day}) +
                                  " is not allowed; needs above 0, and finite");
        for (const double number : {first, second})
          if (!(number > 0 && number < INFINITY))
            throw py::value_error("prior: " + std::to_string(number) +
                                  " is not allowed; needs above 0, and finite");
        OutcomeColumns columns{{}, {time.data(), rows}, values[0], values[1]};
        if (relationship) columns.relationship = {relationship->data(), rows};
        std::vector<double> scores;
        {
          const py::gil_scoped_release release;
          scores = prequential_scores(columns, rates ? Law::rates : Law::shares, first, second,
                                      half_lives);
        }
        return owned_array(std::move(scores));
      },
      py::arg("relationship"), py::arg("time"), py::arg("good"), py::arg("bad"),
      py::arg("half_lives"), py::arg("first"), py::arg("second"), py::arg("rates"));
}

}  // namespace loyalty::python
