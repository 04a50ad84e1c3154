// SPDX-License-Identifier: MIT
/// \file
/// A table of plain numbers, one row per relationship, scored in one call.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <loyalty/ladder.hpp>
#include <loyalty/scoring.hpp>

#include "arrays.hpp"
#include "role_scoring.hpp"

namespace loyalty::python {
namespace {

/// One column of the table that may be absent.
struct Column {
  const char* name;
  Range range = Range::non_negative;
  double if_null = null_number;
};

constexpr double no_contract = CommitmentEvidence{}.contract_days_left;

enum : std::size_t {
  guarantees_kept,
  guarantees_breached,
  contract_days_left,
  answered,
  answer_time,
  open_requests,
  open_time,
  granted,
  refused,
  given,
  received,
  promises_kept,
  promises_broken,
  promises_grave,
  open_complaints,
  purchases,
  regularity,
  elsewhere,
  support,
  advocacy,
  partnership,
  contract,
  column_count
};

constexpr std::array<Column, column_count> table_columns{
    {{"guarantees_kept"},
     {"guarantees_breached"},
     {"contract_days_left", Range::any, no_contract},
     {"answered"},
     {"answer_time"},
     {"open_requests"},
     {"open_time"},
     {"granted"},
     {"refused"},
     {"given"},
     {"received"},
     {"promises_kept"},
     {"promises_broken"},
     {"promises_grave"},
     {"open_complaints"},
     {"purchases", Range::whole},
     {"regularity"},
     {"elsewhere"},
     {"support"},
     {"advocacy"},
     {"partnership"},
     {"contract", Range::yes_no}}};

/// The columns at hand, in the order of `table_columns`.
class Table {
 public:
  explicit Table(const py::dict& columns) {
    std::size_t known = 0;
    for (std::size_t i = 0; i < column_count; ++i) {
      const Column& c = table_columns[i];
      if (!columns.contains(c.name)) continue;
      ++known;
      const Numbers& column =
          columns_[i].emplace(py::object(columns[c.name]), c.name, c.range, c.if_null);
      shape_ = shape_.with(column);
    }
    if (known != columns.size()) throw py::value_error("the table has a column that is not known");
  }

  const Shape& shape() const noexcept { return shape_; }
  bool has(std::size_t column) const noexcept { return columns_[column].has_value(); }

  /// The value in a row; an absent column is 0 (no contract), and whether that means anything is told by `is_lit`.
  double at(std::size_t column, std::size_t row) const noexcept {
    if (has(column)) return (*columns_[column])[row];
    return column == contract_days_left ? no_contract : 0;
  }

  /// Whether the columns first..last speak: one is there, and none is null in this row.
  bool is_lit(std::size_t first, std::size_t last, std::size_t row) const noexcept {
    bool any = false;
    for (std::size_t i = first; i <= last; ++i) {
      if (!has(i)) continue;
      any = true;
      if (std::isnan((*columns_[i])[row])) return false;
    }
    return any;
  }

 private:
  std::array<std::optional<Numbers>, column_count> columns_;
  Shape shape_{0, false};
};

enum Number : std::size_t {
  quality_,
  quality_low,
  quality_high,
  commitment_,
  responsiveness_,
  reciprocity_,
  trust_,
  commitment_low,
  commitment_high,
  responsiveness_low,
  responsiveness_high,
  reciprocity_low,
  reciprocity_high,
  trust_low,
  trust_high,
  commitment_coverage,
  responsiveness_coverage,
  reciprocity_coverage,
  trust_coverage,
  why_commitment,
  why_responsiveness,
  why_reciprocity,
  why_trust,
  next_step_points,
  number_count
};

constexpr std::array<const char*, number_count> number_names{"quality",
                                                             "quality_low",
                                                             "quality_high",
                                                             "commitment",
                                                             "responsiveness",
                                                             "reciprocity",
                                                             "trust",
                                                             "commitment_low",
                                                             "commitment_high",
                                                             "responsiveness_low",
                                                             "responsiveness_high",
                                                             "reciprocity_low",
                                                             "reciprocity_high",
                                                             "trust_low",
                                                             "trust_high",
                                                             "commitment_coverage",
                                                             "responsiveness_coverage",
                                                             "reciprocity_coverage",
                                                             "trust_coverage",
                                                             "why_commitment",
                                                             "why_responsiveness",
                                                             "why_reciprocity",
                                                             "why_trust",
                                                             "next_step_points"};

enum Code : std::size_t { rung_code, evidence_code, next_step_code, code_count };

/// What comes out of one row.
struct Scored {
  std::array<double, number_count> numbers;
  std::array<std::uint8_t, code_count> codes;
};

Evidence evidence_of(const Table& table, std::size_t row, const Lit& lit) {
  const auto at = [&](std::size_t column) { return table.at(column, row); };
  Evidence evidence;
  if (lit.commitment)
    evidence.commitment = {at(guarantees_kept), at(guarantees_breached), at(contract_days_left)};
  if (lit.responsiveness)
    evidence.responsiveness = {at(answered),  at(answer_time), at(open_requests),
                               at(open_time), at(granted),     at(refused)};
  if (lit.reciprocity) evidence.reciprocity = {at(given), at(received)};
  if (lit.trust) evidence.trust = {at(promises_kept), at(promises_broken), at(promises_grave)};
  return evidence;
}

std::uint8_t rung_of(const Table& table, std::size_t row, const Criteria& criteria) {
  if (!table.has(purchases) || !table.is_lit(purchases, contract, row)) return null_code;
  const auto at = [&](std::size_t column) { return table.at(column, row); };
  const bool runs = table.has(contract) ? at(contract) != 0 : at(contract_days_left) >= 0;
  return static_cast<std::uint8_t>(
      rung({static_cast<std::int64_t>(at(purchases)), at(regularity), at(elsewhere), at(support),
            at(advocacy), at(partnership), runs},
           Rung::prospect, criteria));
}

Scored score(const Table& table, std::size_t row, const RoleScoring& scoring) {
  const Scorer& scorer = scoring.scorer;
  const QualityOptions& options = scorer.options.quality;
  Scored out;
  out.numbers.fill(null_number);
  out.codes.fill(null_code);
  out.codes[rung_code] = rung_of(table, row, scoring.criteria);

  Lit lit;
  lit.commitment = table.is_lit(guarantees_kept, contract_days_left, row);
  lit.responsiveness = table.is_lit(answered, refused, row);
  // One side alone cannot show a balance.
  lit.reciprocity = table.has(given) && table.has(received) && table.is_lit(given, received, row);
  lit.trust = table.is_lit(promises_kept, promises_grave, row);

  const Evidence evidence = evidence_of(table, row, lit);
  const Parameters p = parameters_of(evidence, scorer, lit);
  const auto parameter = [&](bool is_lit, const Parameter& value, std::size_t mean, std::size_t low,
                             std::size_t covered) {
    out.numbers[covered] = value.coverage;
    if (!is_lit) return;
    const Interval ends = interval(value);
    out.numbers[mean] = value.mean;
    out.numbers[low] = ends.low;
    out.numbers[low + 1] = ends.high;
  };
  parameter(lit.commitment, p.commitment, commitment_, commitment_low, commitment_coverage);
  parameter(lit.responsiveness, p.responsiveness, responsiveness_, responsiveness_low,
            responsiveness_coverage);
  parameter(lit.reciprocity, p.reciprocity, reciprocity_, reciprocity_low, reciprocity_coverage);
  parameter(lit.trust, p.trust, trust_, trust_low, trust_coverage);

  const EvidenceGrade grade = evidence_grade(coverage(p, options), options);
  out.codes[evidence_code] = static_cast<std::uint8_t>(grade);
  if (grade == EvidenceGrade::none) return out;

  const QualityInterval range = quality_interval(p, options);
  out.numbers[quality_] = quality(p, options);
  out.numbers[quality_low] = range.low;
  out.numbers[quality_high] = range.high;
  const Attribution why = attribution(p, scorer.baseline, options.weights);
  if (lit.commitment) out.numbers[why_commitment] = why.commitment;
  if (lit.responsiveness) out.numbers[why_responsiveness] = why.responsiveness;
  if (lit.reciprocity) out.numbers[why_reciprocity] = why.reciprocity;
  if (lit.trust) out.numbers[why_trust] = why.trust;
  const NextStepPoints next =
      next_step(evidence, p,
                {.open_complaints = table.at(open_complaints, row) > 0 ? 1 : 0,
                 .contract_possible = scorer.options.commitment.contract_weight > 0},
                scorer.options, scorer.sizes);
  if (next.step != NextStep::none) {
    out.codes[next_step_code] = static_cast<std::uint8_t>(next.step);
    out.numbers[next_step_points] = next.points;
  }
  return out;
}

py::dict score_table(const std::vector<RoleScoring>& scorings, const py::object& role,
                     const py::dict& columns) {
  std::vector<std::string> roles;
  for (const RoleScoring& scoring : scorings)
    roles.emplace_back(role_names[static_cast<std::size_t>(scoring.role)]);
  const Table table(columns);
  const Words role_of(role, "role", roles, 0);  // the first is the role of a row that names none
  const Shape shape = table.shape().with(role_of);
  const Results<double, number_count> numbers({shape.rows, true});
  const Results<std::uint8_t, code_count + 1> codes({shape.rows, true});
  {
    // Plain numbers from here on, no Python object: other threads may run.
    const py::gil_scoped_release release;
    for (std::size_t i = 0; i < shape.rows; ++i) {
      const std::size_t which = role_of[i];
      const Scored row = score(table, i, scorings[which]);
      for (std::size_t k = 0; k < number_count; ++k) numbers[k][i] = row.numbers[k];
      for (std::size_t k = 0; k < code_count; ++k) codes[k][i] = row.codes[k];
      codes[code_count][i] = static_cast<std::uint8_t>(which);
    }
  }
  py::dict out;
  for (std::size_t k = 0; k < number_count; ++k) out[number_names[k]] = numbers.object(k);
  out["rung"] = codes.object(rung_code);
  out["evidence"] = codes.object(evidence_code);
  out["next_step"] = codes.object(next_step_code);
  out["role"] = codes.object(code_count);
  return out;
}

}  // namespace

void register_tables(py::module_& m) {
  py::list names;
  for (const Column& column : table_columns) names.append(column.name);
  m.attr("table_columns") = py::tuple(names);
  m.def("score_table", &score_table, py::arg("scorings"), py::arg("role"), py::arg("columns"));
}

}  // namespace loyalty::python
