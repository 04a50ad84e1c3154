// SPDX-License-Identifier: MIT
/// \file
/// Value by relationship over columns. Value by rung is a method of chains: dynamics.cpp.
#include <loyalty/batch/purchases.hpp>
#include <loyalty/value.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "event_buffers.hpp"
#include "out_columns.hpp"
#include "purchase_arguments.hpp"

namespace loyalty::python {
namespace {

using namespace loyalty::purchase;

using Member = std::pair<const char*, double Prospect::*>;
constexpr std::array members{
    Member{"p_alive", &Prospect::p_alive}, Member{"purchases", &Prospect::purchases},
    Member{"margin", &Prospect::margin},   Member{"cost", &Prospect::cost},
    Member{"net", &Prospect::net},         Member{"sd_chance", &Prospect::sd_chance},
    Member{"sd_fit", &Prospect::sd_fit},   Member{"sd", &Prospect::sd},
    Member{"low", &Prospect::low},         Member{"high", &Prospect::high},
    Member{"p_loss", &Prospect::p_loss}};

py::dict prospects_of(const Parameters& model, const std::string& unit, const Parameters& spend,
                      const Reals& x, const Reals& t_x, const Reals& T, const Reals& mean_value,
                      const Reals& cost_a_year, double horizon, double rate, const std::string& per,
                      bool continuous, double margin_share, const std::optional<Reals>& covariance,
                      const std::optional<Reals>& spend_covariance) {
  const py::ssize_t rows = x.size();
  for (const Reals* column : {&t_x, &T, &mean_value, &cost_a_year})
    if (column->size() != rows)
      throw py::value_error("x, t_x, T, mean_value and cost_a_year differ in length");
  const ParetoNBD purchases{model.at(0), model.at(1), model.at(2), model.at(3), unit_of(unit)};
  const GammaGamma values{spend.at(0), spend.at(1), spend.at(2)};
  const HistoryColumns histories{.x = x.data(),
                                 .t_x = t_x.data(),
                                 .T = T.data(),
                                 .mean_value = mean_value.data(),
                                 .weight = nullptr,
                                 .rows = static_cast<std::size_t>(rows),
                                 .unit = purchases.unit};
  ProspectQuestion question;
  question.horizon = Duration(horizon, purchases.unit);
  question.rate = {rate, unit_of(per), continuous};
  question.margin_share = margin_share;
  const auto c = covariance_of(covariance);
  const auto c_spend = covariance_of(spend_covariance);
  std::vector<Prospect> found(static_cast<std::size_t>(rows));
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    prospects(purchases, values, histories, cost_a_year.data(), question, c ? &*c : nullptr,
              c_spend ? &*c_spend : nullptr, found.data());
  }
  py::dict made;
  for (const auto& [name, member] : members) {
    py::array_t<double> column(rows);
    std::transform(found.begin(), found.end(), column.mutable_data(),
                   [of = member](const Prospect& p) { return p.*of; });
    made[name] = column;
  }
  return made;
}

/// The portfolio of a log until a date, and its purchases by column.
py::tuple folded_purchases(const py::dict& columns, const Policy& policy, Time as_of) {
  EventBuffers buffers(columns);
  std::optional<PurchaseLog> log;
  {
    // Nothing of Python is touched: other threads may run.
    const py::gil_scoped_release release;
    log = fold_purchases(buffers.read(), policy, as_of);
  }
  Purchases& p = log->purchases;
  py::dict out;
  out["first"] = owned_array(std::vector<std::int64_t>(p.first.begin(), p.first.end()));
  out["time"] = owned_array(std::move(p.time));
  out["amount"] = owned_array(std::move(p.amount));
  out["margin"] = owned_array(std::move(p.margin));
  out["ever"] = owned_array(std::move(p.ever));
  out["with_amount"] = owned_array(std::move(p.with_amount));
  out["with_margin"] = owned_array(std::move(p.with_margin));
  out["sales"] = owned_array(std::move(p.sales));
  return py::make_tuple(std::make_unique<Portfolio>(std::move(log->portfolio)), out);
}

}  // namespace

void register_value(py::module_& m) {
  m.attr("value_least_known_years") = least_known_years;
  m.def(
      "value_yearly_rate",
      [](const py::object& decayed_sum, const py::object& known, double half_life) -> py::object {
        return for_each_row<1>(std::array{Numbers(decayed_sum, "decayed_sum", Range::any),
                                          Numbers(known, "known", Range::any)},
                               [&](const std::array<double, 2>& row) {
                                 return std::array{yearly_rate(row[0], row[1], half_life)};
                               })[0];
      },
      py::arg("decayed_sum"), py::arg("known"), py::arg("half_life"));
  m.def("fold_purchases", &folded_purchases, py::arg("columns"), py::arg("policy"),
        py::arg("as_of"));
  m.def("value_prospects", &prospects_of, py::arg("model"), py::arg("unit"), py::arg("spend"),
        py::arg("x"), py::arg("t_x"), py::arg("T"), py::arg("mean_value"), py::arg("cost_a_year"),
        py::arg("horizon"), py::arg("rate"), py::arg("per"), py::arg("continuous"),
        py::arg("margin_share"), py::arg("covariance"), py::arg("spend_covariance"));
}

}  // namespace loyalty::python
