// SPDX-License-Identifier: MIT
/// \file
/// Models of purchases, their units and covariances as arguments.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <loyalty/purchase.hpp>

namespace loyalty::python {

namespace py = pybind11;
using purchase::BGNBD, purchase::Covariance, purchase::GammaGamma, purchase::MBGNBD,
    purchase::ParetoNBD;

/// Of a model, in order.
using Parameters = std::vector<double>;
using Integers = py::array_t<std::int64_t, py::array::c_style>;
using Reals = py::array_t<double, py::array::c_style>;

/// Calls function(model) with the model of a name; its time is in plain units, which the caller has seen to.
template <class Function>
auto with_model(const std::string& name, const Parameters& q, const Function& function) {
  if (name == BGNBD::name) return function(BGNBD{q.at(0), q.at(1), q.at(2), q.at(3)});
  if (name == MBGNBD::name) return function(MBGNBD{q.at(0), q.at(1), q.at(2), q.at(3)});
  if (name == ParetoNBD::name) return function(ParetoNBD{q.at(0), q.at(1), q.at(2), q.at(3)});
  throw py::value_error("no model '" + name + "'");
}

inline GammaGamma spend_model(const Parameters& q) { return {q.at(0), q.at(1), q.at(2)}; }

/// The value of an enumeration by its name; raises ValueError.
template <class Enumeration, int count>
Enumeration named(const std::string& word) {
  for (int i = 0; i < count; ++i)
    if (name_of(static_cast<Enumeration>(i)) == word) return static_cast<Enumeration>(i);
  throw py::value_error("no '" + word + "'");
}
inline TimeUnit unit_of(const std::string& word) { return named<TimeUnit, time_unit_count>(word); }

/// A covariance of parameters, where there is one.
inline std::optional<Covariance> covariance_of(const std::optional<Reals>& given) {
  if (!given) return std::nullopt;
  Covariance covariance{};
  const auto view = given->unchecked<2>();
  for (py::ssize_t i = 0; i < view.shape(0); ++i)
    for (py::ssize_t j = 0; j < view.shape(1); ++j)
      covariance.at(static_cast<std::size_t>(i)).at(static_cast<std::size_t>(j)) = view(i, j);
  return covariance;
}

}  // namespace loyalty::python
