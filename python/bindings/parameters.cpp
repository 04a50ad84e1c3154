// SPDX-License-Identifier: MIT
/// \file
/// The four parameters over plain numbers or columns, and what a policy says about one role.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <loyalty/math/share_interval.hpp>
#include <loyalty/parameters.hpp>

#include "arrays.hpp"
#include "role_scoring.hpp"

namespace loyalty::python {
namespace {

/// How C++ says that no contract runs; where the days left are null, none does.
constexpr double no_contract = -1;

std::array<double, 3> values(const Parameter& parameter) {
  return {parameter.mean, parameter.variance, parameter.coverage};
}

py::tuple commitment_columns(const RoleScoring& scoring, const py::object& kept,
                             const py::object& breached, const py::object& contract_days_left) {
  return for_each_row<3>(
      std::array{Numbers(kept, "kept"), Numbers(breached, "breached"),
                 Numbers(contract_days_left, "contract_days_left", Range::any, no_contract)},
      [&options = scoring.scorer.options.commitment](const std::array<double, 3>& row) {
        return values(commitment({row[0], row[1], row[2]}, options));
      });
}

py::tuple responsiveness_columns(const RoleScoring& scoring, const py::object& answered,
                                 const py::object& answer_time, const py::object& open,
                                 const py::object& open_time, const py::object& granted,
                                 const py::object& refused) {
  return for_each_row<3>(
      std::array{Numbers(answered, "answered"), Numbers(answer_time, "answer_time"),
                 Numbers(open, "open"), Numbers(open_time, "open_time"),
                 Numbers(granted, "granted"), Numbers(refused, "refused")},
      [&options = scoring.scorer.options.responsiveness](const std::array<double, 6>& row) {
        return values(responsiveness({row[0], row[1], row[2], row[3], row[4], row[5]}, options));
      });
}

py::tuple reciprocity_columns(const RoleScoring& scoring, const py::object& given,
                              const py::object& received) {
  return for_each_row<3>(
      std::array{Numbers(given, "given"), Numbers(received, "received")},
      [&options = scoring.scorer.options.reciprocity](const std::array<double, 2>& row) {
        return values(reciprocity({row[0], row[1]}, options));
      });
}

py::tuple direction_columns(const RoleScoring& scoring, const py::object& given,
                            const py::object& received) {
  return for_each_row<1>(
      std::array{Numbers(given, "given"), Numbers(received, "received")},
      [&options = scoring.scorer.options.reciprocity](const std::array<double, 2>& row) {
        return std::array{probability_we_give_more({row[0], row[1]}, options)};
      });
}

py::tuple trust_columns(const RoleScoring& scoring, const py::object& kept,
                        const py::object& broken, const py::object& grave) {
  return for_each_row<3>(
      std::array{Numbers(kept, "kept"), Numbers(broken, "broken"), Numbers(grave, "grave")},
      [&options = scoring.scorer.options.trust](const std::array<double, 3>& row) {
        return values(trust({row[0], row[1], row[2]}, options));
      });
}

py::tuple interval_columns(const py::object& mean, const py::object& variance) {
  return for_each_row<2>(
      std::array{Numbers(mean, "mean", Range::share), Numbers(variance, "variance")},
      [](const std::array<double, 2>& row) {
        const Interval ends = interval(Parameter{row[0], row[1], 0});
        return std::array{ends.low, ends.high};
      });
}

py::tuple density_columns(const py::object& at, const py::object& mean,
                          const py::object& variance) {
  return for_each_row<1>(
      std::array{Numbers(at, "at", Range::share), Numbers(mean, "mean", Range::share),
                 Numbers(variance, "variance")},
      [](const std::array<double, 3>& row) {
        return std::array{density(Parameter{row[1], row[2], 0}, row[0])};
      });
}

py::tuple share_columns(const py::object& count, const py::object& total) {
  return for_each_row<2>(std::array{Numbers(count, "count", Range::non_negative),
                                    Numbers(total, "total", Range::non_negative)},
                         [](const std::array<double, 2>& row) {
                           const auto [low, high] = math::share_interval(row[0], row[1]);
                           return std::array{low, high};
                         });
}

RoleScoring scoring_of(const Policy& policy, std::string_view role) {
  const auto found = role.empty() ? role_names.begin() + static_cast<int>(policy.default_role)
                                  : std::find(role_names.begin(), role_names.end(), role);
  if (found == role_names.end()) {
    std::string known;
    for (const std::string_view name : role_names)
      known += (known.empty() ? "" : ", ") + std::string(name);
    throw py::value_error("unknown role '" + std::string(role) + "'; known are " + known);
  }
  const auto which = static_cast<Role>(found - role_names.begin());
  RoleScoring scoring{which, Rules(policy).scorer(which), policy.criteria, {}};
  for (int i = 0; i < rung_count; ++i)
    scoring.rung_labels[static_cast<std::size_t>(i)] =
        std::string(policy.label(static_cast<Rung>(i)));
  return scoring;
}

RoleScoring with_weights(RoleScoring scoring, const py::object& commitment,
                         const py::object& responsiveness, const py::object& reciprocity,
                         const py::object& trust) {
  const std::array given{Numbers(commitment, "weight of commitment", Range::share),
                         Numbers(responsiveness, "weight of responsiveness", Range::share),
                         Numbers(reciprocity, "weight of reciprocity", Range::share),
                         Numbers(trust, "weight of trust", Range::share)};
  const Weights weights{given[0][0], given[1][0], given[2][0], given[3][0]};
  if (Shape::of(given).is_column || !loyalty::detail::sums_to_one(weights))
    throw py::value_error("weights must be four numbers that sum to 1, not to " +
                          py::str(py::float_(total(weights))).cast<std::string>());
  scoring.scorer.options.quality.weights = weights;
  return scoring;
}

}  // namespace

void register_parameters(py::module_& m) {
  py::class_<RoleScoring>(m, "RoleScoring",
                          "What a policy says about scoring relationships of one role.")
      .def(py::init(&scoring_of), py::arg("policy"), py::arg("role") = "")
      .def("with_weights", &with_weights, py::arg("commitment"), py::arg("responsiveness"),
           py::arg("reciprocity"), py::arg("trust"))
      .def_property_readonly("role",
                             [](const RoleScoring& s) {
                               return std::string(role_names[static_cast<std::size_t>(s.role)]);
                             })
      .def_readonly("rung_labels", &RoleScoring::rung_labels)
      .def_property_readonly("baseline", [](const RoleScoring& s) {
        const Parameters& b = s.scorer.baseline;
        return py::make_tuple(values(b.commitment), values(b.responsiveness), values(b.reciprocity),
                              values(b.trust));
      });
  const py::arg scoring("scoring");
  m.def("commitment", &commitment_columns, scoring, py::arg("kept"), py::arg("breached"),
        py::arg("contract_days_left"));
  m.def("responsiveness", &responsiveness_columns, scoring, py::arg("answered"),
        py::arg("answer_time"), py::arg("open"), py::arg("open_time"), py::arg("granted"),
        py::arg("refused"));
  m.def("reciprocity", &reciprocity_columns, scoring, py::arg("given"), py::arg("received"));
  m.def("probability_we_give_more", &direction_columns, scoring, py::arg("given"),
        py::arg("received"));
  m.def("trust", &trust_columns, scoring, py::arg("kept"), py::arg("broken"), py::arg("grave"));
  m.def("parameter_interval", &interval_columns, py::arg("mean"), py::arg("variance"));
  m.def("parameter_density", &density_columns, py::arg("at"), py::arg("mean"), py::arg("variance"));
  m.def("share_interval", &share_columns, py::arg("count"), py::arg("total"));
}

}  // namespace loyalty::python
