// SPDX-License-Identifier: MIT
/// \file
/// Policies: opaque in Python, read from and written to TOML by the library itself.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include <loyalty/core/error.hpp>
#include <loyalty/events/act.hpp>
#include <loyalty/events/as_of.hpp>
#include <loyalty/events/observed.hpp>
#include <loyalty/io/policy_text.hpp>
#include <loyalty/policy.hpp>
#include <loyalty/scoring/describe.hpp>

namespace py = pybind11;

namespace loyalty::python {

void register_policy(py::module_& m) {
  const auto error = py::register_exception<Error>(m, "Error", PyExc_Exception);
  // All are ValueErrors too, which is what callers already catch.
  const py::tuple bases =
      py::make_tuple(error, py::reinterpret_borrow<py::object>(PyExc_ValueError));
  py::register_exception<PolicyError>(m, "PolicyError", bases);
  py::register_exception<WindowError>(m, "WindowError", bases);
  py::register_exception<LimitError>(m, "LimitError", bases);
  py::register_exception<MismatchError>(m, "MismatchError", bases);
  // What is wrong with a column is what Python says of any argument.
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const ColumnTypeError& e) {
      py::set_error(PyExc_TypeError, e.what());
    } catch (const ColumnError& e) {
      py::set_error(PyExc_ValueError, e.what());
    }
  });

  m.def("date_text", &date_text, py::arg("seconds"));

  // What a log can record, whose conduct a kind is about, and which events show which parameter.
  py::list observable;
  py::list conduct;
  for (int i = 0; i < kind_count; ++i) {
    const auto kind = static_cast<Kind>(i);
    observable.append(std::string(name(kind)));
    if (judges_conduct(kind)) conduct.append(std::string(name(kind)));
  }
  observable.append(std::string(commitment_survey_name));
  m.attr("observable_names") = py::tuple(observable);
  m.attr("conduct_kinds") = py::tuple(conduct);
  py::dict steps;
  for (int i = 1; i <= static_cast<int>(NextStep::give_gift); ++i) {
    const auto step = static_cast<NextStep>(i);
    steps[py::str(std::string(name(step)))] = std::string(describe(step));
  }
  m.attr("next_step_words") = steps;
  py::dict shown_by;
  for (const Light& light : lights()) shown_by[py::str(std::string(light.name))] = light.kinds;
  m.attr("shown_by") = shown_by;

  py::class_<Policy>(m, "Policy")
      .def(py::init<>())
      .def_static("parse", &parse_policy, py::arg("text"), py::arg("source") = "policy",
                  py::arg("most_bytes") = most_policy_bytes)
      .def(
          "to_toml",
          [](const Policy& p, bool full) {
            return to_toml(p, full ? PolicyText::full : PolicyText::brief);
          },
          py::arg("full") = false)
      .def_property_readonly("fingerprints",
                             [](const Policy& p) {
                               const Fingerprints f = fingerprints(p);
                               return py::dict(py::arg("fold") = f.fold,
                                               py::arg("ladder") = f.ladder,
                                               py::arg("policy") = f.policy);
                             })
      .def_readonly("name", &Policy::name)
      .def_readonly("currency", &Policy::currency)
      .def_property_readonly("minor_digits", [](const Policy& p) { return p.fold.minor_digits; })
      .def_property_readonly("landmark",
                             [](const Policy& p) -> py::object {
                               if (!p.landmark) return py::none();
                               return py::int_(*p.landmark);
                             })
      .def_property_readonly("purchase_cycle_days",
                             [](const Policy& p) { return p.purchase_cycle_days; })
      .def_property_readonly("half_life_days",
                             [](const Policy& p) {
                               py::dict out;
                               visit_common(p, [&out](const Key& key, const auto& field) {
                                 if (key.section == "half_life_days")
                                   out[py::str(std::string(key.name))] =
                                       detail::field_value(field) / key.unit;
                               });
                               return out;
                             })
      .def_property_readonly("labels", [](const Policy& p) {
        py::list out;
        for (int i = 0; i < rung_count; ++i) out.append(std::string(p.label(static_cast<Rung>(i))));
        return out;
      });
}

}  // namespace loyalty::python
