// SPDX-License-Identifier: MIT
/// \file
/// Models of purchases and spend over columns. Models come by name and parameters: their classes are Python's.
#include <loyalty/purchase.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "purchase_arguments.hpp"

namespace loyalty::python {
namespace {

using namespace loyalty::purchase;

Quantity quantity_of(const std::string& word) {
  constexpr std::array words{"log_likelihood", "p_alive", "p_no_purchase", "expected_purchases",
                             "discounted"};
  for (std::size_t i = 0; i < words.size(); ++i)
    if (word == words[i]) return static_cast<Quantity>(i);
  throw py::value_error("no quantity '" + word + "'");
}

/// An argument as one value for each of so many rows.
class Filled {
 public:
  Filled(const Numbers& numbers, std::size_t rows) {
    if (numbers.is_column()) {
      data_ = numbers.from(0);
    } else {
      copy_.assign(rows, numbers[0]);
      data_ = copy_.data();
    }
  }
  const double* data() const noexcept { return data_; }

 private:
  std::vector<double> copy_;
  const double* data_;
};

Reals array_of(const std::vector<double>& values) {
  return Reals(static_cast<py::ssize_t>(values.size()), values.data());
}
std::vector<double> vector_of(const Reals& values) {
  return {values.data(), values.data() + values.size()};
}

py::tuple evaluate_columns(const std::string& model, const Parameters& parameters,
                           const std::string& quantity, const py::object& x, const py::object& t_x,
                           const py::object& T, const py::object& horizon, double force_of_interest,
                           const std::optional<Reals>& covariance) {
  // The kernel looks for values that no history has itself.
  const std::array columns{Numbers(x, "x", Range::any), Numbers(t_x, "t_x", Range::any),
                           Numbers(T, "T", Range::any), Numbers(horizon, "horizon", Range::any)};
  const Shape shape = Shape::of(columns);
  const Filled rows_x(columns[0], shape.rows);
  const Filled rows_t_x(columns[1], shape.rows);
  const Filled rows_T(columns[2], shape.rows);
  HistoryColumns histories;
  histories.x = rows_x.data();
  histories.t_x = rows_t_x.data();
  histories.T = rows_T.data();
  histories.rows = shape.rows;
  Question question;
  question.quantity = quantity_of(quantity);
  question.force_of_interest = force_of_interest;
  if (columns[3].is_column())
    question.horizon_of_row = columns[3].from(0);
  else
    question.horizon = columns[3][0];
  const bool endless = question.quantity == Quantity::discounted;
  for (std::size_t i = 0; i < columns[3].rows(); ++i)
    if (columns[3][i] < 0 || (std::isinf(columns[3][i]) && !endless))
      columns[3].refuse(i, endless ? "0 or more" : "0 or more, and finite");
  const std::optional<Covariance> c = covariance_of(covariance);
  const Results<double, 1> values(shape);
  const Results<double, 1> errors(c ? shape : Shape{});
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    with_model(model, parameters, [&](const auto& m) {
      evaluate(m, question, histories, values[0], c ? &*c : nullptr, c ? errors[0] : nullptr);
    });
  }
  return py::make_tuple(values.object(0), c ? errors.object(0) : py::object(py::none()));
}

py::tuple expected_new(const std::string& model, const Parameters& parameters,
                       const py::object& time, const std::optional<Reals>& covariance) {
  const std::optional<Covariance> c = covariance_of(covariance);
  return for_each_row<2>(std::array{Numbers(time, "time")}, [&](const std::array<double, 1>& row) {
    return with_model(model, parameters, [&](const auto& m) {
      Gradient gradient;
      const double value = m.expected_purchases_new(row[0], c ? &gradient : nullptr);
      return std::array{value, c ? standard_error(gradient, *c) : null_number};
    });
  });
}

template <class Model>
py::dict fit_columns(const HistoryColumns& histories, const FitOptions& options) {
  Fit<Model> found;
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    found = fit<Model>(histories, options);
  }
  constexpr auto n = static_cast<std::size_t>(Model::parameter_count);
  std::vector<double> parameters;
  if constexpr (std::is_same_v<Model, GammaGamma>)
    parameters = {found.model.p, found.model.q, found.model.v};
  else if constexpr (std::is_same_v<Model, ParetoNBD>)
    parameters = {found.model.r, found.model.alpha, found.model.s, found.model.beta};
  else
    parameters = {found.model.r, found.model.alpha, found.model.a, found.model.b};
  Reals covariance({n, n});
  auto cells = covariance.mutable_unchecked<2>();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      cells(static_cast<py::ssize_t>(i), static_cast<py::ssize_t>(j)) = found.covariance[i][j];
  py::dict made;
  made["parameters"] = parameters;
  made["standard_errors"] =
      std::vector<double>(found.standard_errors.begin(), found.standard_errors.begin() + n);
  made["covariance"] = covariance;
  made["log_likelihood"] = found.log_likelihood;
  made["aic"] = found.aic();
  made["bic"] = found.bic();
  made["customers"] = found.customers;
  made["repeaters"] = found.repeaters;
  made["end"] = std::string(name_of(found.status.end));
  made["sentence"] = found.status.sentence;
  made["iterations"] = found.status.iterations;
  made["evaluations"] = found.status.evaluations;
  made["remaining"] = found.status.remaining;
  return made;
}

py::dict fit_model(const std::string& model, const py::object& x, const py::object& t_x,
                   const py::object& T, const py::object& mean_value, const py::object& weight,
                   double least_customers, double least_repeaters) {
  const std::array columns{
      Numbers(x, "x", Range::any), Numbers(t_x, "t_x", Range::any), Numbers(T, "T", Range::any),
      Numbers(mean_value, "mean_value", Range::any), Numbers(weight, "weight", Range::any, 1)};
  const Shape shape = Shape::of(columns);
  const Filled rows_x(columns[0], shape.rows);
  const Filled rows_t_x(columns[1], shape.rows);
  const Filled rows_T(columns[2], shape.rows);
  const Filled rows_mean(columns[3], shape.rows);
  const Filled rows_weight(columns[4], shape.rows);
  HistoryColumns histories;
  histories.x = rows_x.data();
  histories.t_x = rows_t_x.data();
  histories.T = rows_T.data();
  histories.mean_value = rows_mean.data();
  histories.weight = rows_weight.data();
  histories.rows = shape.rows;
  FitOptions options;
  options.least_customers = least_customers;
  options.least_repeaters = least_repeaters;
  if (model == GammaGamma::name) return fit_columns<GammaGamma>(histories, options);
  return with_model(model, {1, 1, 1, 1}, [&](const auto& m) {
    return fit_columns<std::decay_t<decltype(m)>>(histories, options);
  });
}

py::object spend_log_likelihood(const Parameters& parameters, const py::object& x,
                                const py::object& mean_value) {
  const GammaGamma model = spend_model(parameters);
  const std::array columns{Numbers(x, "x", Range::whole), Numbers(mean_value, "mean_value")};
  for (const Numbers& column : columns)
    for (std::size_t i = 0; i < column.rows(); ++i)
      if (column[i] <= 0) column.refuse(i, "above 0");
  return for_each_row<1>(columns, [&](const std::array<double, 2>& row) {
    return std::array{model.log_likelihood(row[0], row[1])};
  })[0];
}

py::tuple expected_spend(const Parameters& parameters, const py::object& x,
                         const py::object& mean_value, const std::optional<Reals>& covariance) {
  const GammaGamma model = spend_model(parameters);
  const std::optional<Covariance> c = covariance_of(covariance);
  // Who has not bought again has no mean value.
  return for_each_row<2>(std::array{Numbers(x, "x", Range::whole),
                                    Numbers(mean_value, "mean_value", Range::non_negative, 0)},
                         [&](const std::array<double, 2>& row) {
                           Gradient gradient;
                           const double value =
                               model.expected_spend(row[0], row[1], c ? &gradient : nullptr);
                           return std::array{value, c ? standard_error(gradient, *c) : null_number};
                         });
}

py::dict histories_of(const Integers& customer, const Integers& time,
                      const std::optional<Reals>& amount, std::int64_t end, double counts_in_unit) {
  PurchaseColumns purchases;
  purchases.customer = customer.data();
  purchases.time = time.data();
  purchases.amount = amount ? amount->data() : nullptr;
  purchases.rows = static_cast<std::size_t>(customer.size());
  if (time.size() != customer.size() || (amount && amount->size() != customer.size()))
    throw py::value_error("customer, time and amount differ in length");
  Histories found;
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    found = make_histories(purchases, end, TimeUnit::unstated, counts_in_unit);
  }
  const auto integers = [](const std::vector<std::int64_t>& values) {
    return Integers(static_cast<py::ssize_t>(values.size()), values.data());
  };
  py::dict made;
  made["customer"] = integers(found.customer);
  made["first"] = integers(found.first);
  made["x"] = array_of(found.x);
  made["t_x"] = array_of(found.t_x);
  made["T"] = array_of(found.T);
  made["mean_value"] = amount ? py::object(array_of(found.mean_value)) : py::object(py::none());
  made["repeat_customer"] = integers(found.repeat_customer);
  made["repeat_time"] = integers(found.repeat_time);
  made["joined"] = found.joined;
  made["after_end"] = found.after_end;
  return made;
}

CohortColumns cohort_of(const Reals& T, const std::optional<Reals>& weight) {
  if (weight && weight->size() != T.size()) throw py::value_error("T and weight differ in length");
  return {T.data(), weight ? weight->data() : nullptr, static_cast<std::size_t>(T.size())};
}

}  // namespace

void register_purchase(py::module_& m) {
  py::dict models;
  const auto add = [&](auto model) {
    py::list names;
    for (int i = 0; i < model.parameter_count; ++i)
      names.append(std::string(model.parameter_names[static_cast<std::size_t>(i)]));
    models[py::str(std::string(model.name))] = py::tuple(names);
  };
  add(BGNBD{});
  add(MBGNBD{});
  add(ParetoNBD{});
  add(GammaGamma{});
  m.attr("purchase_models") = models;
  py::list units;
  for (int i = 0; i < time_unit_count; ++i)
    units.append(std::string(name_of(static_cast<TimeUnit>(i))));
  m.attr("time_unit_names") = py::tuple(units);
  const FitOptions defaults;
  m.attr("purchase_least_customers") = defaults.least_customers;
  m.attr("purchase_least_repeaters") = defaults.least_repeaters;

  m.def(
      "purchase_units_in",
      [](const std::string& given, const std::string& unit) {
        return count_in({1, unit_of(given)}, unit_of(unit));
      },
      py::arg("given"), py::arg("unit"));
  m.def(
      "purchase_seconds_in", [](const std::string& unit) { return seconds_in(unit_of(unit)); },
      py::arg("unit"));
  m.def(
      "purchase_force_of_interest",
      [](double rate, const std::string& per, bool continuous, const std::string& unit) {
        return force_of_interest({rate, unit_of(per), continuous}, unit_of(unit));
      },
      py::arg("rate"), py::arg("per"), py::arg("continuous"), py::arg("unit"));
  m.def("purchase_evaluate", &evaluate_columns, py::arg("model"), py::arg("parameters"),
        py::arg("quantity"), py::arg("x"), py::arg("t_x"), py::arg("T"), py::arg("horizon"),
        py::arg("force_of_interest"), py::arg("covariance"));
  m.def("purchase_expected_new", &expected_new, py::arg("model"), py::arg("parameters"),
        py::arg("time"), py::arg("covariance"));
  m.def("purchase_fit", &fit_model, py::arg("model"), py::arg("x"), py::arg("t_x"), py::arg("T"),
        py::arg("mean_value"), py::arg("weight"), py::arg("least_customers"),
        py::arg("least_repeaters"));
  m.def("purchase_spend_log_likelihood", &spend_log_likelihood, py::arg("parameters"), py::arg("x"),
        py::arg("mean_value"));
  m.def("purchase_expected_spend", &expected_spend, py::arg("parameters"), py::arg("x"),
        py::arg("mean_value"), py::arg("covariance"));
  m.def(
      "purchase_interval",
      [](const py::object& value, const py::object& error, double level, bool share) {
        const double reach = normal_reach(level);
        return for_each_row<2>(
            std::array{Numbers(value, "value", Range::any), Numbers(error, "error", Range::any)},
            [&](const std::array<double, 2>& row) {
              const Forecast forecast{row[0], row[1]};
              const Interval ends =
                  share ? share_interval(forecast, reach) : positive_interval(forecast, reach);
              return std::array{ends.low, ends.high};
            });
      },
      py::arg("value"), py::arg("error"), py::arg("level"), py::arg("share"));
  m.def("purchase_histories", &histories_of, py::arg("customer"), py::arg("time"),
        py::arg("amount"), py::arg("end"), py::arg("counts_in_unit"));
  m.def(
      "purchase_p_counts",
      [](const std::string& model, const Parameters& parameters, int most, double time) {
        return array_of(with_model(model, parameters,
                                   [&](const auto& of) { return of.p_counts_new(most, time); }));
      },
      py::arg("model"), py::arg("parameters"), py::arg("most"), py::arg("time"));
  m.def(
      "purchase_expected_counts",
      [](const std::string& model, const Parameters& parameters, const Reals& T,
         const std::optional<Reals>& weight, int most) {
        const CohortColumns cohort = cohort_of(T, weight);
        std::vector<double> counts;
        {
          // Plain numbers from here on, no Python object: other threads may run.
          const py::gil_scoped_release release;
          counts = with_model(model, parameters,
                              [&](const auto& of) { return expected_counts(of, cohort, most); });
        }
        return array_of(counts);
      },
      py::arg("model"), py::arg("parameters"), py::arg("T"), py::arg("weight"), py::arg("most"));
  m.def(
      "purchase_expected_cumulative",
      [](const std::string& model, const Parameters& parameters, const Reals& T,
         const std::optional<Reals>& weight, const Reals& past,
         const std::optional<Reals>& covariance, const std::optional<std::array<Reals, 3>>& seen,
         double fit_past) {
        const CohortColumns cohort = cohort_of(T, weight);
        const std::vector<double> dates = vector_of(past);
        std::optional<CohortFit> fit;
        if (const auto c = covariance_of(covariance)) {
          fit = CohortFit{*c, {}, fit_past};
          if (seen) {
            const auto& [x, t_x, at] = *seen;
            if (x.size() != t_x.size() || x.size() != at.size())
              throw py::value_error("x, t_x and T differ in length");
            fit->histories.x = x.data();
            fit->histories.t_x = t_x.data();
            fit->histories.T = at.data();
            fit->histories.rows = static_cast<std::size_t>(x.size());
          }
        }
        std::vector<Estimate> sums;
        {
          // Plain numbers from here on, no Python object: other threads may run.
          const py::gil_scoped_release release;
          sums = with_model(model, parameters, [&](const auto& of) {
            return expected_cumulative(of, cohort, dates, fit ? &*fit : nullptr);
          });
        }
        Reals table({py::ssize_t{4}, static_cast<py::ssize_t>(sums.size())});
        auto cells = table.mutable_unchecked<2>();
        for (std::size_t i = 0; i < sums.size(); ++i) {
          const auto at = static_cast<py::ssize_t>(i);
          cells(0, at) = sums[i].value;
          cells(1, at) = sums[i].sd;
          cells(2, at) = sums[i].low;
          cells(3, at) = sums[i].high;
        }
        return table;
      },
      py::arg("model"), py::arg("parameters"), py::arg("T"), py::arg("weight"), py::arg("past"),
      py::arg("covariance"), py::arg("seen"), py::arg("fit_past"));
  m.def(
      "purchase_simulate",
      [](const std::string& model, const Parameters& parameters, const Reals& T, double horizon,
         std::uint64_t seed) {
        const std::vector<double> ends = vector_of(T);
        Simulated made;
        {
          // Plain numbers from here on, no Python object: other threads may run.
          const py::gil_scoped_release release;
          made = with_model(model, parameters,
                            [&](const auto& of) { return simulate(of, ends, horizon, seed); });
        }
        return py::make_tuple(array_of(made.x), array_of(made.t_x), array_of(made.later),
                              array_of(made.alive));
      },
      py::arg("model"), py::arg("parameters"), py::arg("T"), py::arg("horizon"), py::arg("seed"));
  m.def(
      "purchase_simulate_spend",
      [](const Parameters& parameters, const Reals& x, std::uint64_t seed) {
        return array_of(simulate_spend(spend_model(parameters), vector_of(x), seed));
      },
      py::arg("parameters"), py::arg("x"), py::arg("seed"));
}

}  // namespace loyalty::python
