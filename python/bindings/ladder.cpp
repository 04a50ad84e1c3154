// SPDX-License-Identifier: MIT
/// \file
/// The rung of plain numbers or columns.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>

#include <loyalty/ladder.hpp>

#include "arrays.hpp"
#include "role_scoring.hpp"

namespace loyalty::python {
namespace {

py::object rung_codes(const RoleScoring& scoring, const py::object& purchases,
                      const py::object& regularity, const py::object& elsewhere,
                      const py::object& support, const py::object& advocacy,
                      const py::object& partnership, const py::object& contract,
                      const py::object& held) {
  const std::array numbers{Numbers(purchases, "purchases", Range::whole),
                           Numbers(regularity, "regularity"),
                           Numbers(elsewhere, "elsewhere"),
                           Numbers(support, "support"),
                           Numbers(advocacy, "advocacy"),
                           Numbers(partnership, "partnership"),
                           Numbers(contract, "contract", Range::yes_no)};
  const Words before(held, "held", scoring.rung_labels, static_cast<std::uint8_t>(Rung::prospect));
  const Shape shape = Shape::of(numbers).with(before);
  const Results<std::uint8_t, 1> results(shape);
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    for (std::size_t i = 0; i < shape.rows; ++i) {
      const auto is_null = [i](const Numbers& column) { return std::isnan(column[i]); };
      if (std::any_of(numbers.begin(), numbers.end(), is_null)) {
        results[0][i] = null_code;
        continue;
      }
      const LadderNumbers row{static_cast<std::int64_t>(numbers[0][i]),
                              numbers[1][i],
                              numbers[2][i],
                              numbers[3][i],
                              numbers[4][i],
                              numbers[5][i],
                              numbers[6][i] != 0};
      results[0][i] =
          static_cast<std::uint8_t>(rung(row, static_cast<Rung>(before[i]), scoring.criteria));
    }
  }
  return results.object(0);
}

}  // namespace

void register_ladder(py::module_& m) {
  m.def("rung", &rung_codes, py::arg("scoring"), py::arg("purchases"), py::arg("regularity"),
        py::arg("elsewhere"), py::arg("support"), py::arg("advocacy"), py::arg("partnership"),
        py::arg("contract"), py::arg("held"));
}

}  // namespace loyalty::python
