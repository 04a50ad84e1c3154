// SPDX-License-Identifier: MIT
#include <loyalty/batch/output.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <loyalty/scoring/describe.hpp>

#include "table.hpp"

namespace loyalty {
namespace {

constexpr Parameter no_parameter{no_value, no_value, no_value};

/// Everything from which the columns of one row are read.
struct Row {
  const Portfolio& portfolio;
  const AsOf& at;
  std::uint32_t index = 0;
  Relationship state;
  Assessment a;
  std::array<Interval, 4> intervals{};
  std::array<Parameter, 4> found{no_parameter, no_parameter, no_parameter,
                                 no_parameter};  ///< whose intervals these are
  bool has_intervals = false;

  bool has_rung() const noexcept { return a.lit.purchases; }
  bool published() const noexcept { return a.grade != EvidenceGrade::none; }
};

using Number = ColumnOf<Row>::Number;
using Integer = ColumnOf<Row>::Integer;
using Text = ColumnOf<Row>::Text;

std::string_view rung_text(const Row& row, Rung rung) {
  return rung_label(row.portfolio.policy(), rung);
}

enum Which : std::uint8_t { commitment_, responsiveness_, reciprocity_, trust_ };

template <Which W>
const Parameter& parameter(const Row& row) {
  const Parameters& p = row.a.parameters;
  if constexpr (W == commitment_)
    return p.commitment;
  else if constexpr (W == responsiveness_)
    return p.responsiveness;
  else if constexpr (W == reciprocity_)
    return p.reciprocity;
  else
    return p.trust;
}
template <Which W>
bool lit(const Row& row) {
  const Lit& l = row.a.lit;
  return std::array{l.commitment, l.responsiveness, l.reciprocity, l.trust}[W];
}
template <Which W>
double mean(const Row& row) {
  return lit<W>(row) ? parameter<W>(row).mean : no_value;
}
template <Which W>
double low(const Row& row) {
  return lit<W>(row) && row.has_intervals ? row.intervals[W].low : no_value;
}
template <Which W>
double high(const Row& row) {
  return lit<W>(row) && row.has_intervals ? row.intervals[W].high : no_value;
}
template <Which W>
double coverage_of(const Row& row) {
  return parameter<W>(row).coverage;
}
template <Which W>
double why(const Row& row) {
  const Attribution& w = row.a.why;
  if (!row.published() || !lit<W>(row)) return no_value;
  return std::array{w.commitment, w.responsiveness, w.reciprocity, w.trust}[W];
}
template <int K>
double strength(const Row& row) {
  return row.has_rung() ? row.a.strength[K] : no_value;
}
std::int64_t time_or_null(Time t) { return t == never ? no_time : t; }

constexpr auto number = ColumnType::number;
constexpr auto integer = ColumnType::integer;
constexpr auto time_ = ColumnType::time;
constexpr auto text = ColumnType::text;

const ColumnOf<Row> definitions[] = {
    {{"relationship", text, "identifier of the counterparty"},
     Text{[](const Row& r, std::string& out) { r.portfolio.write_id(out, r.index); }}},
    {{"role", text, "its place in the chain"}, Text{[](const Row& r, std::string& out) {
       out += role_names[static_cast<std::size_t>(r.portfolio.role(r.index))];
     }}},
    {{"rung", text, "where it stands on the ladder; null where the log records no purchases"},
     Text{[](const Row& r, std::string& out) {
       if (r.has_rung()) out += rung_text(r, r.a.rung());
     }}},
    {{"rung_peak", text, "highest rung ever held"}, Text{[](const Row& r, std::string& out) {
       if (r.has_rung()) out += rung_text(r, r.a.standing.position.peak);
     }}},
    {{"rung_since", time_,
      "second in which the present rung was entered; null where order is unknown"},
     Integer{[](const Row& r) -> std::int64_t {
       if (!r.has_rung() || !r.a.standing.exact) return no_time;
       const Time since = r.a.standing.position.since;
       if (since != no_time || r.state.first_event == never) return since;
       // A prospect from the start.
       return std::max(r.state.first_event, r.at.rules().ladder.start);
     }}},
    {{"next_rung", text, "the rung above"}, Text{[](const Row& r, std::string& out) {
       if (r.has_rung() && r.a.rung() < Rung::partner)
         out += rung_text(r, static_cast<Rung>(static_cast<int>(r.a.rung()) + 1));
     }}},
    {{"next_rung_gap", text, "what is missing to the rung above, in words"},
     Text{[](const Row& r, std::string& out) {
       if (!r.has_rung()) return;
       const Role role = r.portfolio.role(r.index);
       describe_gap(out, r.state, r.at, r.a.standing,
                    r.portfolio.policy().scoring(role).commitment.contract_weight > 0);
     }}},
    {{"quality", number, "how well the company treats it, 0..100; null below the minimum coverage"},
     Number{[](const Row& r) { return r.a.quality().value_or(no_value); }}},
    {{"quality_low", number, "5 % point of the quality"},
     Number{[](const Row& r) { return r.published() ? r.a.interval.low : no_value; }}},
    {{"quality_high", number, "95 % point of the quality"},
     Number{[](const Row& r) { return r.published() ? r.a.interval.high : no_value; }}},
    {{"evidence", text, "grade of the evidence: none, thin, fair, strong"},
     Text{[](const Row& r, std::string& out) { out += name(r.a.grade); }}},
    {{"commitment", number, "guarantees and long-term obligations, 0..1"},
     Number{mean<commitment_>}},
    {{"responsiveness", number, "speed of answer and readiness to concede, 0..1"},
     Number{mean<responsiveness_>}},
    {{"reciprocity", number, "balance of give and take, 0..1"}, Number{mean<reciprocity_>}},
    {{"trust", number, "did we do what we said, 0..1"}, Number{mean<trust_>}},
    {{"commitment_low", number, "5 % point"}, Number{low<commitment_>}},
    {{"commitment_high", number, "95 % point"}, Number{high<commitment_>}},
    {{"responsiveness_low", number, "5 % point"}, Number{low<responsiveness_>}},
    {{"responsiveness_high", number, "95 % point"}, Number{high<responsiveness_>}},
    {{"reciprocity_low", number, "5 % point"}, Number{low<reciprocity_>}},
    {{"reciprocity_high", number, "95 % point"}, Number{high<reciprocity_>}},
    {{"trust_low", number, "5 % point"}, Number{low<trust_>}},
    {{"trust_high", number, "95 % point"}, Number{high<trust_>}},
    {{"commitment_coverage", number, "evidence / (evidence + prior weight), 0..1"},
     Number{coverage_of<commitment_>}},
    {{"responsiveness_coverage", number, "evidence / (evidence + prior weight), 0..1"},
     Number{coverage_of<responsiveness_>}},
    {{"reciprocity_coverage", number, "evidence / (evidence + prior weight), 0..1"},
     Number{coverage_of<reciprocity_>}},
    {{"trust_coverage", number, "evidence / (evidence + prior weight), 0..1"},
     Number{coverage_of<trust_>}},
    {{"why_commitment", number, "points of quality against a stranger"}, Number{why<commitment_>}},
    {{"why_responsiveness", number, "points of quality against a stranger"},
     Number{why<responsiveness_>}},
    {{"why_reciprocity", number, "points of quality against a stranger"},
     Number{why<reciprocity_>}},
    {{"why_trust", number, "points of quality against a stranger"}, Number{why<trust_>}},
    {{"next_step", text, "the action open now that gains most"},
     Text{[](const Row& r, std::string& out) {
       if (r.published() && r.a.next.step != NextStep::none) out += name(r.a.next.step);
     }}},
    {{"next_step_points", number, "points of quality that one such act gains"},
     Number{[](const Row& r) {
       return r.published() && r.a.next.step != NextStep::none ? r.a.next.points : no_value;
     }}},
    {{"p_prospect", number, "probability of the rung from the evidence alone"},
     Number{strength<0>}},
    {{"p_buyer", number, "probability of the rung from the evidence alone"}, Number{strength<1>}},
    {{"p_client", number, "probability of the rung from the evidence alone"}, Number{strength<2>}},
    {{"p_supporter", number, "probability of the rung from the evidence alone"},
     Number{strength<3>}},
    {{"p_advocate", number, "probability of the rung from the evidence alone"},
     Number{strength<4>}},
    {{"p_partner", number, "probability of the rung from the evidence alone"}, Number{strength<5>}},
    {{"purchases", integer, "purchases ever, less orders taken back"},
     Integer{[](const Row& r) -> std::int64_t { return r.state.ladder.purchases; }}},
    {{"first_purchase", time_, "first purchase"},
     Integer{[](const Row& r) -> std::int64_t { return time_or_null(r.state.first_purchase); }}},
    {{"last_purchase", time_, "last purchase"},
     Integer{[](const Row& r) -> std::int64_t { return r.state.last_purchase; }}},
    {{"spend", number, "money spent ever, less returns, in major units"}, Number{[](const Row& r) {
       return static_cast<double>(r.state.spend) / r.at.rules().minor_units;
     }}},
    {{"currency", text, "currency of the portfolio"},
     Text{[](const Row& r, std::string& out) { out += r.portfolio.currency(); }}},
    {{"margin", number, "decayed margin; null where no purchase states one"},
     Number{[](const Row& r) {
       return r.portfolio.margin_stated() ? r.at.read(r.state, Sum::margin) : no_value;
     }}},
    {{"cost", number, "decayed cost to serve"},
     Number{[](const Row& r) { return r.at.read(r.state, Sum::cost); }}},
    {{"open_requests", integer, "requests that wait for an answer"},
     Integer{[](const Row& r) -> std::int64_t { return r.state.open_requests; }}},
    {{"events", integer, "events that have acted"},
     Integer{[](const Row& r) -> std::int64_t { return r.state.events; }}},
    {{"first_event", time_, "first event"},
     Integer{[](const Row& r) -> std::int64_t { return time_or_null(r.state.first_event); }}},
    {{"last_event", time_, "newest event"},
     Integer{[](const Row& r) -> std::int64_t { return r.state.ladder.newest; }}},
    {{"flags", text, "what to know before using the row, joined by ;"},
     Text{[](const Row& r, std::string& out) {
       write_flags(out, r.state, r.a, r.portfolio.set_aside(r.index));
     }}},
};

void count(ResultSummary& s, const Row& row) {
  const Assessment& a = row.a;
  ++s.relationships;
  ++s.rungs[static_cast<std::size_t>(a.rung())];
  ++s.grades[static_cast<std::size_t>(a.grade)];
  if (const auto q = a.quality())
    ++s.quality_tenths[static_cast<std::size_t>(std::clamp(*q / 10, 0.0, 9.0))];
  const Parameters& p = a.parameters;
  const double coverages[] = {p.commitment.coverage, p.responsiveness.coverage,
                              p.reciprocity.coverage, p.trust.coverage};
  for (std::size_t i = 0; i < 4; ++i) s.mean_coverage[i] += coverages[i];
  const double units = row.at.rules().minor_units;
  s.spend += static_cast<double>(row.state.spend) / units;
  s.cost += row.at.read(row.state, Sum::cost);
  s.inexact_positions += a.standing.exact ? 0 : 1;
  s.with_set_aside += row.portfolio.set_aside(row.index) > 0 ? 1 : 0;
}

}  // namespace

std::span<const ColumnInfo> result_columns() noexcept {
  static const auto infos = infos_of(definitions);
  return infos;
}

void write_flags(std::string& out, const Relationship& r, const Assessment& a,
                 std::uint32_t set_aside) {
  const std::size_t start = out.size();
  const auto add = [&](std::string_view flag) {
    if (out.size() > start) out += ';';
    out += flag;
  };
  if (set_aside > 0) {
    add("set_aside=");
    out += std::to_string(set_aside);
  }
  if (!a.lit.purchases) {
    add("purchases_unobserved");
  } else {
    if (!a.standing.exact) {
      add(r.ladder.has(position_unset) ? "rung_unset" : "rung_out_of_order");
      add("rung_bounds=");
      out += name(a.standing.band.enter);
      out += "..";
      out += name(a.standing.band.keep);
    }
    if (a.standing.at_least) add("rung_history_at_least");
    if (a.wallet_waived) add("share_of_wallet_waived");
  }
  if (!a.lit.commitment) add("commitment_unobserved");
  if (!a.lit.responsiveness) add("responsiveness_unobserved");
  if (!a.lit.reciprocity) add("reciprocity_unobserved");
  if (!a.lit.trust) add("trust_unobserved");
}

namespace {

/// Consecutive rows of the result: what they add to the summary, and their texts until these are joined.
struct Block {
  ResultSummary summary;
  std::vector<TextValues> texts;
};

void add(ResultSummary& total, const ResultSummary& part) {
  const auto add_all = [](auto& into, const auto& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
  };
  total.relationships += part.relationships;
  add_all(total.rungs, part.rungs);
  add_all(total.grades, part.grades);
  add_all(total.quality_tenths, part.quality_tenths);
  add_all(total.mean_coverage, part.mean_coverage);
  total.spend += part.spend;
  total.cost += part.cost;
  total.inexact_positions += part.inexact_positions;
  total.with_set_aside += part.with_set_aside;
}

/// The intervals of the parameters that are shown; what the row before has found is not found again, since many
/// relationships rest on the prior alone.
void find_intervals(Row& row) {
  const auto find = [](const Parameter& p, bool lit, Parameter& last, Interval& interval) {
    if (!lit || (p.mean == last.mean && p.variance == last.variance)) return;
    interval = loyalty::interval(p);
    last = p;
  };
  const Parameters& p = row.a.parameters;
  const Lit& lit = row.a.lit;
  find(p.commitment, lit.commitment, row.found[commitment_], row.intervals[commitment_]);
  find(p.responsiveness, lit.responsiveness, row.found[responsiveness_],
       row.intervals[responsiveness_]);
  find(p.reciprocity, lit.reciprocity, row.found[reciprocity_], row.intervals[reciprocity_]);
  find(p.trust, lit.trust, row.found[trust_], row.intervals[trust_]);
}

/// Assesses the relationships of `order` into the rows from `start` on.
void assess_block(const Portfolio& portfolio, const AsOf& at, const ResultOptions& options,
                  std::span<const std::uint32_t> order, std::size_t start, ResultTable& table,
                  Block& block) {
  constexpr std::size_t ahead =
      4;  // states lie in the order of arrival, rows in that of identifiers
  Row row{portfolio, at, 0, {}, {}};
  row.has_intervals = options.intervals;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i + ahead < order.size()) portfolio.fetch(order[i + ahead]);
    row.index = order[i];
    row.state = portfolio.state(order[i], at.now());
    row.a = loyalty::assess(row.state, at, portfolio.rules().scorer(portfolio.role(order[i])),
                            table.summary.lit);
    if (options.intervals) find_intervals(row);
    fill_row(table.columns, std::span<const ColumnOf<Row>>(definitions), row, start + i,
             block.texts);
    count(block.summary, row);
  }
}

/// Coverages that were added up, as means.
void as_means(ResultSummary& summary) noexcept {
  for (double& coverage : summary.mean_coverage)
    coverage /= std::max<double>(1, static_cast<double>(summary.relationships));
}

/// Joins the blocks' texts of one column.
TextValues join(std::vector<Block>& blocks, std::size_t column, std::size_t rows) {
  TextValues all;
  std::size_t bytes = 0;
  for (const Block& block : blocks) bytes += block.texts[column].bytes.size();
  all.bytes.reserve(bytes);
  all.offsets.reserve(rows + 1);
  for (Block& block : blocks) {
    TextValues& texts = block.texts[column];
    const auto before = static_cast<std::int64_t>(all.bytes.size());
    all.bytes += texts.bytes;
    for (std::size_t i = 1; i < texts.offsets.size(); ++i)
      all.offsets.push_back(before + texts.offsets[i]);
    texts = {};
  }
  return all;
}

}  // namespace

Assessments::Assessments(const Portfolio& portfolio, Time now, const ResultOptions& options)
    : portfolio_(portfolio), at_(portfolio.at(now)), options_(options), order_(portfolio.sorted()) {
  sums_.lit = Lit(portfolio.observed());
  sums_.rungs_observed = sums_.lit.purchases;
}

ResultTable Assessments::next(std::size_t rows, Workers& workers) {
  if (portfolio_.size() != order_.size())
    throw std::logic_error("the portfolio has taken relationships while it is assessed");
  return take(rows, workers);
}

ResultTable Assessments::take(std::size_t rows, Workers& workers) {
  const std::size_t left = order_.size() - done_;
  const std::size_t count =
      rows >= left ? left : std::min(left, (rows + block - 1) / block * block);
  const auto order = std::span<const std::uint32_t>(order_).subspan(done_, count);
  ResultTable table;
  table.as_of = at_.now();
  table.summary.lit = sums_.lit;
  table.summary.rungs_observed = sums_.rungs_observed;
  const std::span<const ColumnOf<Row>> all(definitions);
  table.columns = columns_for(all, count);
  // Blocks do not depend on the workers, nor on how many rows are asked for, so that sums over them add in one order.
  std::vector<Block> blocks((count + block - 1) / block);
  const auto assess_one = [&](unsigned b) {
    blocks[b].texts.resize(std::size(definitions));
    const std::size_t start = b * block;
    assess_block(portfolio_, at_, options_, order.subspan(start, std::min(block, count - start)),
                 start, table, blocks[b]);
  };
  workers.run(static_cast<unsigned>(blocks.size()), std::ref(assess_one));
  for (const Block& one : blocks) {
    add(table.summary, one.summary);
    add(sums_, one.summary);
  }
  const auto join_one = [&](unsigned c) {
    if (definitions[c].info.type == ColumnType::text)
      table.columns[c].values = join(blocks, c, count);
  };
  workers.run(static_cast<unsigned>(std::size(definitions)), std::ref(join_one));
  as_means(table.summary);
  done_ += count;
  return table;
}

ResultTable Assessments::sample(const std::function<bool(std::string_view)>& odd) const {
  std::uint32_t found = 0;  // in the order of arrival, in which identifiers lie
  while (found < portfolio_.size() && !odd(portfolio_.id(found))) ++found;
  Assessments one(*this);
  one.order_.clear();
  if (found < portfolio_.size()) one.order_.push_back(found);
  one.done_ = 0;
  Alone alone;
  return one.take(one.order_.size(), alone);
}

ResultSummary Assessments::summary() const {
  ResultSummary summary = sums_;
  as_means(summary);
  return summary;
}

}  // namespace loyalty
