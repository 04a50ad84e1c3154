// SPDX-License-Identifier: MIT
/// \file
/// Quality, interval, attribution, next step and evidence strength over plain numbers or columns.
#include <pybind11/pybind11.h>

#include <array>
#include <cstdint>

#include <loyalty/batch/quality_columns.hpp>
#include <loyalty/scoring.hpp>
#include <loyalty/scoring/describe.hpp>

#include "arrays.hpp"
#include "role_scoring.hpp"

namespace loyalty::python {
namespace {

py::object quality_numbers(const RoleScoring& scoring, const py::object& commitment,
                           const py::object& responsiveness, const py::object& reciprocity,
                           const py::object& trust) {
  // The kernel looks for values outside 0..1 itself.
  const std::array means{Numbers(commitment, "commitment", Range::any),
                         Numbers(responsiveness, "responsiveness", Range::any),
                         Numbers(reciprocity, "reciprocity", Range::any),
                         Numbers(trust, "trust", Range::any)};
  const Shape shape = Shape::of(means);
  const Results<double, 1> results(shape);
  std::size_t bad_row = shape.rows;
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    const Weights& weights = scoring.scorer.options.quality.weights;
    for (std::size_t begin = 0; begin < shape.rows; begin += Numbers::block) {
      const std::size_t rows = std::min(Numbers::block, shape.rows - begin);
      const std::size_t done = quality_columns(
          {means[0].from(begin), means[1].from(begin), means[2].from(begin), means[3].from(begin)},
          rows, weights, results[0] + begin);
      if (done == rows) continue;
      bad_row = begin + done;
      break;
    }
  }
  if (bad_row < shape.rows)
    for (const Numbers& mean : means)
      if (mean[bad_row] < 0 || mean[bad_row] > 1) mean.refuse(bad_row, detail::words(Range::share));
  return results.object(0);
}

py::tuple interval_numbers(const RoleScoring& scoring, const py::object& commitment,
                           const py::object& commitment_variance, const py::object& responsiveness,
                           const py::object& responsiveness_variance, const py::object& reciprocity,
                           const py::object& reciprocity_variance, const py::object& trust,
                           const py::object& trust_variance) {
  return for_each_row<3>(
      std::array{Numbers(commitment, "commitment", Range::mean),
                 Numbers(commitment_variance, "variance of commitment"),
                 Numbers(responsiveness, "responsiveness", Range::mean),
                 Numbers(responsiveness_variance, "variance of responsiveness"),
                 Numbers(reciprocity, "reciprocity", Range::mean),
                 Numbers(reciprocity_variance, "variance of reciprocity"),
                 Numbers(trust, "trust", Range::mean),
                 Numbers(trust_variance, "variance of trust")},
      [&options = scoring.scorer.options.quality](const std::array<double, 8>& row) {
        const QualityInterval q = quality_interval(
            Parameters{{row[0], row[1]}, {row[2], row[3]}, {row[4], row[5]}, {row[6], row[7]}},
            options);
        return std::array{q.low, q.median, q.high};
      });
}

py::tuple attribution_numbers(const RoleScoring& scoring, const py::object& commitment,
                              const py::object& responsiveness, const py::object& reciprocity,
                              const py::object& trust, const py::object& base_commitment,
                              const py::object& base_responsiveness,
                              const py::object& base_reciprocity, const py::object& base_trust) {
  return for_each_row<4>(
      std::array{Numbers(commitment, "commitment", Range::mean),
                 Numbers(responsiveness, "responsiveness", Range::mean),
                 Numbers(reciprocity, "reciprocity", Range::mean),
                 Numbers(trust, "trust", Range::mean),
                 Numbers(base_commitment, "base commitment", Range::mean),
                 Numbers(base_responsiveness, "base responsiveness", Range::mean),
                 Numbers(base_reciprocity, "base reciprocity", Range::mean),
                 Numbers(base_trust, "base trust", Range::mean)},
      [&weights = scoring.scorer.options.quality.weights](const std::array<double, 8>& row) {
        const Attribution a = attribution({{row[0]}, {row[1]}, {row[2]}, {row[3]}},
                                          {{row[4]}, {row[5]}, {row[6]}, {row[7]}}, weights);
        return std::array{a.commitment, a.responsiveness, a.reciprocity, a.trust};
      });
}

py::tuple next_step_numbers(const RoleScoring& scoring, const py::object& guarantees_kept,
                            const py::object& guarantees_breached,
                            const py::object& contract_days_left, const py::object& answered,
                            const py::object& answer_time, const py::object& open_requests,
                            const py::object& open_time, const py::object& granted,
                            const py::object& refused, const py::object& given,
                            const py::object& received, const py::object& promises_kept,
                            const py::object& promises_broken, const py::object& promises_grave,
                            const py::object& open_complaints) {
  const std::array columns{Numbers(guarantees_kept, "guarantees_kept"),
                           Numbers(guarantees_breached, "guarantees_breached"),
                           Numbers(contract_days_left, "contract_days_left", Range::any,
                                   CommitmentEvidence{}.contract_days_left),
                           Numbers(answered, "answered"),
                           Numbers(answer_time, "answer_time"),
                           Numbers(open_requests, "open_requests"),
                           Numbers(open_time, "open_time"),
                           Numbers(granted, "granted"),
                           Numbers(refused, "refused"),
                           Numbers(given, "given"),
                           Numbers(received, "received"),
                           Numbers(promises_kept, "promises_kept"),
                           Numbers(promises_broken, "promises_broken"),
                           Numbers(promises_grave, "promises_grave"),
                           Numbers(open_complaints, "open_complaints")};
  const Shape shape = Shape::of(columns);
  const Results<std::uint8_t, 1> steps(shape);
  const Results<double, 1> points(shape);
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    const Scorer& scorer = scoring.scorer;
    for (std::size_t i = 0; i < shape.rows; ++i) {
      const auto at = [&](std::size_t column) { return columns[column][i]; };
      if (std::any_of(columns.begin(), columns.end(),
                      [i](const Numbers& c) { return std::isnan(c[i]); })) {
        steps[0][i] = null_code;
        points[0][i] = null_number;
        continue;
      }
      const Evidence evidence{{at(0), at(1), at(2)},
                              {at(3), at(4), at(5), at(6), at(7), at(8)},
                              {at(9), at(10)},
                              {at(11), at(12), at(13)}};
      const NextStepPoints next =
          next_step(evidence,
                    {.open_complaints = at(14) > 0 ? 1 : 0,
                     .contract_possible = scorer.options.commitment.contract_weight > 0},
                    scorer.options, scorer.sizes);
      steps[0][i] = static_cast<std::uint8_t>(next.step);
      points[0][i] = next.points;
    }
  }
  return py::make_tuple(steps.object(0), points.object(0));
}

py::tuple strength_numbers(const RoleScoring& scoring, const py::object& purchases,
                           const py::object& regularity, const py::object& support,
                           const py::object& advocacy, const py::object& partnership,
                           const py::object& years) {
  return for_each_row<6>(
      std::array{Numbers(purchases, "purchases"), Numbers(regularity, "regularity"),
                 Numbers(support, "support"), Numbers(advocacy, "advocacy"),
                 Numbers(partnership, "partnership"), Numbers(years, "years")},
      [&options = scoring.scorer.strength](const std::array<double, 6>& v) {
        return rung_strength({v[0], v[1], v[2], v[3], v[4], v[5]}, options);
      });
}

}  // namespace

void register_scoring(py::module_& m) {
  const auto words = [](auto last) {
    py::list list;
    for (int i = 0; i <= static_cast<int>(last); ++i)
      list.append(std::string(name(static_cast<decltype(last)>(i))));
    return py::tuple(list);
  };
  m.attr("next_step_names") = words(NextStep::give_gift);
  m.attr("evidence_names") = words(EvidenceGrade::strong);

  const py::arg scoring("scoring");
  const py::arg commitment("commitment");
  const py::arg responsiveness("responsiveness");
  const py::arg reciprocity("reciprocity");
  const py::arg trust("trust");
  m.def("quality", &quality_numbers, scoring, commitment, responsiveness, reciprocity, trust);
  m.def("quality_interval", &interval_numbers, scoring, commitment, py::arg("commitment_variance"),
        responsiveness, py::arg("responsiveness_variance"), reciprocity,
        py::arg("reciprocity_variance"), trust, py::arg("trust_variance"));
  m.def("attribution", &attribution_numbers, scoring, commitment, responsiveness, reciprocity,
        trust, py::arg("base_commitment"), py::arg("base_responsiveness"),
        py::arg("base_reciprocity"), py::arg("base_trust"));
  m.def("next_step", &next_step_numbers, scoring, py::arg("guarantees_kept"),
        py::arg("guarantees_breached"), py::arg("contract_days_left"), py::arg("answered"),
        py::arg("answer_time"), py::arg("open_requests"), py::arg("open_time"), py::arg("granted"),
        py::arg("refused"), py::arg("given"), py::arg("received"), py::arg("promises_kept"),
        py::arg("promises_broken"), py::arg("promises_grave"), py::arg("open_complaints"));
  m.def("rung_strength", &strength_numbers, scoring, py::arg("purchases"), py::arg("regularity"),
        py::arg("support"), py::arg("advocacy"), py::arg("partnership"), py::arg("years"));
}

}  // namespace loyalty::python
