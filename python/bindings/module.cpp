// SPDX-License-Identifier: MIT
/// \file
/// The module loyalty._core. Each folder of the library has one file here with one function
/// `void register_<folder>(pybind11::module_&)`, called below in the order of the layers: classes are registered before
/// the functions that mention them, so that docstrings show Python names.
#include <pybind11/pybind11.h>

#include <string>

#include "loyalty/core/version.hpp"

namespace py = pybind11;

namespace loyalty::python {
void register_policy(py::module_&);
void register_parameters(py::module_&);
void register_ladder(py::module_&);
void register_scoring(py::module_&);
void register_tables(py::module_&);
void register_batch(py::module_&);
void register_history(py::module_&);
void register_learning(py::module_&);
void register_purchase(py::module_&);
void register_dynamics(py::module_&);
void register_value(py::module_&);
}  // namespace loyalty::python

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled half of loyalty; private, use the package loyalty.";
  m.attr("__version__") = std::string(loyalty::library_version());
  loyalty::python::register_policy(m);
  loyalty::python::register_parameters(m);
  loyalty::python::register_ladder(m);
  loyalty::python::register_scoring(m);
  loyalty::python::register_tables(m);
  loyalty::python::register_batch(m);
  loyalty::python::register_history(m);
  loyalty::python::register_learning(m);
  loyalty::python::register_purchase(m);
  loyalty::python::register_dynamics(m);
  loyalty::python::register_value(m);
}
