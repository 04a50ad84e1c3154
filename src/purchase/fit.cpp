// SPDX-License-Identifier: MIT
#include <loyalty/purchase/fit.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <loyalty/core/error.hpp>
#include <loyalty/math/optimise.hpp>

#include "purchase/likelihood.hpp"
#include "purchase/words.hpp"

namespace loyalty::purchase {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// --- rows ---------------------------------------------------------------------------------------

/// The rows a fit uses, in the order of their values, equal ones joined. Whole weights add up exactly, so repetition is
/// weight to the bit.
struct Sample {
  std::vector<Customers> rows;
  double customers = 0;
  double repeaters = 0;
  double purchases = 0;  ///< sum of x
  double scale = 1;      ///< mean T, or mean value of a purchase: what rows are measured in
};

Sample sample_of(const HistoryColumns& h, bool spend) {
  Sample sample;
  if (!spend) require_sound(h);
  sample.rows.reserve(h.rows);
  for (std::size_t i = 0; i < h.rows; ++i) {
    const double weight = h.weight == nullptr ? 1 : h.weight[i];
    if (!(weight >= 0 && std::isfinite(weight)))
      refuse_number("weight", i, weight, "0 or more, and finite");
    if (spend) {
      const double x = h.x[i];
      if (!(x >= 0 && x <= 0x1p53 && x == std::floor(x)))
        refuse_number("x", i, x, "a whole number, 0 or more");
      if (x == 0 || std::isnan(h.mean_value[i])) continue;
      if (!(h.mean_value[i] > 0 && std::isfinite(h.mean_value[i])))
        refuse_number("mean_value", i, h.mean_value[i],
                      "above 0, and finite: leave out customers who paid nothing");
      if (weight > 0) sample.rows.push_back({x, 0, h.mean_value[i], weight});
    } else {
      if (weight > 0) sample.rows.push_back({h.x[i], h.t_x[i], h.T[i], weight});
    }
  }
  auto& rows = sample.rows;
  const auto same = [](const Customers& a, const Customers& b) {
    return a.x == b.x && a.T == b.T && a.t_x == b.t_x;
  };
  std::sort(rows.begin(), rows.end(), [](const Customers& a, const Customers& b) {
    if (a.x != b.x) return a.x < b.x;
    if (a.T != b.T) return a.T < b.T;
    if (a.t_x != b.t_x) return a.t_x < b.t_x;
    return a.weight < b.weight;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept > 0 && same(rows[kept - 1], rows[i]))
      rows[kept - 1].weight += rows[i].weight;
    else
      rows[kept++] = rows[i];
  }
  rows.resize(kept);
  double total = 0;
  for (const Customers& row : rows) {
    sample.customers += row.weight;
    sample.repeaters += row.x > 0 ? row.weight : 0;
    sample.purchases += row.weight * row.x;
    total += row.weight * row.T * (spend ? row.x : 1);
  }
  const double count = spend ? sample.purchases : sample.customers;
  if (total > 0 && count > 0) sample.scale = total / count;
  for (Customers& row : rows) {
    row.t_x /= sample.scale;
    row.T /= sample.scale;
  }
  return sample;
}

/// A few rows are about this many: enough to come close to the maximum of all in a fraction of the time.
constexpr std::size_t rows_to_begin = 200;

/// Rows at equal steps. They are in the order of x, T and t_x, so that all kinds of customers are among them.
std::vector<Customers> some_of(const std::vector<Customers>& rows) {
  const std::size_t step = rows.size() / rows_to_begin;
  std::vector<Customers> some;
  some.reserve(rows.size() / step + 1);
  for (std::size_t i = step / 2; i < rows.size(); i += step) some.push_back(rows[i]);
  return some;
}

// --- models -------------------------------------------------------------------------------------

/// What the search needs to know of a model, also whether its likelihood mostly has one maximum only; times and money are in
/// units of the sample's scale.
template <class Model>
struct Search;

/// What it means that a parameter ended at a bound.
using Meaning = std::string_view;

template <bool AlsoAtOnce>
struct Search<BetaGeometricNBD<AlsoAtOnce>> {
  using Model = BetaGeometricNBD<AlsoAtOnce>;
  static constexpr bool spend = false;
  static constexpr bool one_maximum = false;  // one with much dropout and one with little
  static constexpr std::array<bool, 4> scaled{false, true, false, false};
  BetaGeometricLikelihood likelihood;
  explicit Search(const std::vector<Customers>& rows) : likelihood(rows, AlsoAtOnce) {}
  static std::vector<Gradient> starts(double rate) {
    return {{1, 1 / rate, 0.8, 2.5}, {0.3, 0.3 / rate, 0.5, 10}, {5, 5 / rate, 2, 2}};
  }
  static Meaning meaning(std::size_t parameter, bool high) {
    switch (parameter) {
      case 0:
      case 1:
        return high ? "customers hardly differ in how often they buy, about r/alpha"
                    : "nearly all purchases are those of a few customers";
      case 2:
        return high ? "customers hardly differ in their dropout probability, about a/(a + b)"
                    : "hardly anybody drops out";
      default:
        return high ? "hardly anybody drops out, or all with the same probability, about a/(a + b)"
                    : "those who can drop out do so after nearly every purchase";
    }
  }
};

template <>
struct Search<ParetoNBD> {
  using Model = ParetoNBD;
  static constexpr bool spend = false;
  static constexpr bool one_maximum = true;
  static constexpr std::array<bool, 4> scaled{false, true, false, true};
  ParetoLikelihood likelihood;
  explicit Search(const std::vector<Customers>& rows) : likelihood(rows) {}
  static std::vector<Gradient> starts(double rate) {
    return {{0.7, 0.5 / rate, 0.6, 0.5}, {0.3, 0.3 / rate, 0.3, 3}, {5, 5 / rate, 2, 2}};
  }
  static Meaning meaning(std::size_t parameter, bool high) {
    switch (parameter) {
      case 0:
      case 1:
        return high ? "customers hardly differ in how often they buy, about r/alpha"
                    : "nearly all purchases are those of a few customers";
      case 2:
        return high ? "customers hardly differ in their dropout rate, about s/beta"
                    : "hardly anybody drops out";
      default:
        return high ? "hardly anybody drops out, or all at the same rate, about s/beta"
                    : "those who drop out do so at once";
    }
  }
};

template <>
struct Search<GammaGamma> {
  using Model = GammaGamma;
  static constexpr bool spend = true;
  static constexpr bool one_maximum = true;
  static constexpr std::array<bool, 4> scaled{false, false, true, false};
  SpendLikelihood likelihood;
  explicit Search(const std::vector<Customers>& rows) : likelihood(rows) {}
  static std::vector<Gradient> starts(double) { return {{5, 3, 0.4}, {1, 1.5, 0.5}, {30, 5, 0.1}}; }
  static Meaning meaning(std::size_t parameter, bool high) {
    switch (parameter) {
      case 0:
        return high ? "a customer's purchases are all of nearly the same value"
                    : "purchases of one customer differ without bound";
      case 1:
        return high ? "customers hardly differ in what they spend at a time"
                    : "customers differ in what they spend without bound";
      default:
        return high ? "customers hardly differ in what they spend at a time"
                    : "purchases are all of nearly the same value";
    }
  }
};

/// Less than this in ln L is no difference.
constexpr double as_likely = 1e-3;

/// Whether a maximum is to be taken in place of another: the higher, or of two as high the one of which more is known.
bool is_better(const math::Maximum& a, const math::Maximum& b) {
  if (b.x.size() == 0 || !(std::abs(a.value - b.value) < as_likely))
    return b.x.size() == 0 || a.value > b.value;
  constexpr auto rank = [](FitEnd end) {
    return end == FitEnd::converged ? 2 : end == FitEnd::boundary ? 1 : 0;
  };
  return std::pair(rank(a.status.end), a.value) > std::pair(rank(b.status.end), b.value);
}

/// Whether two points, logarithms of parameters, belong to one maximum.
bool are_close(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return (a - b).cwiseAbs().maxCoeff() < 0.3;
}

/// A log-likelihood over the logarithms of its parameters.
template <class Model>
math::Objective objective_of(const Search<Model>& search) {
  using Eigen::Index;
  using Eigen::MatrixXd;
  using Eigen::VectorXd;
  constexpr auto n = static_cast<Index>(Model::parameter_count);
  // A point is tried by its value first; where it is taken, its derivatives are at hand.
  return [&search, known_at = VectorXd(), known = LogLikelihood()](
             const VectorXd& logs, VectorXd* gradient, MatrixXd* hessian) mutable {
    const auto at = [](Index i) { return static_cast<std::size_t>(i); };
    Gradient q{};
    for (Index i = 0; i < n; ++i) q[at(i)] = std::exp(logs[i]);
    if (known_at.size() != n || known_at != logs) {
      known = search.likelihood.at(q);
      known_at = logs;
    }
    if (gradient != nullptr) {
      gradient->resize(n);
      for (Index i = 0; i < n; ++i) (*gradient)[i] = q[at(i)] * known.gradient[at(i)];
    }
    if (hessian != nullptr) {
      hessian->resize(n, n);
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < n; ++j)
          (*hessian)(i, j) = q[at(i)] * q[at(j)] * known.hessian[at(i)][at(j)] +
                             (i == j ? q[at(i)] * known.gradient[at(i)] : 0);
    }
    return known.value;
  };
}

template <class Model>
Model model_of(const Gradient& q, TimeUnit unit) {
  if constexpr (std::is_same_v<Model, GammaGamma>)
    return {q[0], q[1], q[2]};
  else
    return {q[0], q[1], q[2], q[3], unit};
}

// --- sentences ----------------------------------------------------------------------------------

template <class Model>
std::string values_of(const Gradient& q) {
  std::string words;
  for (std::size_t i = 0; i < Model::parameter_count; ++i)
    words += (i == 0 ? "" : ", ") + std::string(Model::parameter_names[i]) + " = " + text_of(q[i]);
  return words;
}

template <class Model>
std::string sentence_of(const math::Maximum& found, const Gradient& q) {
  const auto name = [](int i) {
    return std::string(Model::parameter_names[static_cast<std::size_t>(i)]);
  };
  switch (found.status.end) {
    case FitEnd::converged:
      return "Converged in " + std::to_string(found.status.iterations) + " steps at " +
             values_of<Model>(q) + ".";
    case FitEnd::boundary: {
      std::string words = "The likelihood is highest at the bound of ";
      std::string why;
      for (const bool high : {false, true})
        for (const int i : high ? found.at_high : found.at_low) {
          words += (why.empty() ? "" : " and of ") + name(i);
          if (why.empty()) why = Search<Model>::meaning(static_cast<std::size_t>(i), high);
        }
      return words + ", held there (" + values_of<Model>(q) + "): " + why +
             ". Forecasts are usable; a parameter at its bound has no standard error.";
    }
    case FitEnd::not_identified:
      return "These data do not tell " + name(found.flat) +
             ": other values fit as well (the search ended at " + values_of<Model>(q) +
             "). More customers or a longer observation may help, or a simpler model.";
    default:
      return "The search stopped after " + std::to_string(found.status.iterations) +
             " steps, before a maximum was reached, at " + values_of<Model>(q) + ".";
  }
}

/// More than this in ln L is a difference that decides: odds of seven to one.
constexpr double nearly_as_likely = 2;

/// Another maximum that the data do not rule out.
template <class Model>
std::string other_maximum(const Gradient& q, double lower) {
  return " Another maximum is nearly as likely, lower by " + text_of(lower) + " in ln L (" +
         values_of<Model>(q) + "): who is still alive these data do not tell for certain.";
}

std::string too_little(const Sample& sample, const FitOptions& options, bool spend) {
  const std::string needs = " A fit needs at least ";
  if (spend)
    return "Too little data: " + text_of(sample.repeaters) +
           " customers with a repeat purchase of known value." + needs +
           text_of(options.least_customers) + ".";
  return "Too little data: " + text_of(sample.customers) + " customers, " +
         text_of(sample.repeaters) + " of them with a repeat purchase." + needs +
         text_of(options.least_customers) + " and " + text_of(options.least_repeaters) + ".";
}

}  // namespace

template <class Model>
Fit<Model> fit(const HistoryColumns& histories, const FitOptions& options) {
  using Eigen::Index;
  using Eigen::VectorXd;
  constexpr auto n = static_cast<Index>(Model::parameter_count);
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  const Sample sample = sample_of(histories, Search<Model>::spend);
  Fit<Model> made;
  made.customers = sample.customers;
  made.repeaters = sample.repeaters;
  made.log_likelihood = nan;
  made.standard_errors.fill(nan);
  for (auto& row : made.covariance) row.fill(nan);
  made.model = model_of<Model>({nan, nan, nan, nan}, histories.unit);
  if (sample.customers < options.least_customers ||
      (!Search<Model>::spend && sample.repeaters < options.least_repeaters)) {
    made.status.sentence = too_little(sample, options, Search<Model>::spend);
    return made;
  }

  const Search<Model> search(sample.rows);
  const math::Objective objective = objective_of(search);
  math::OptimiseOptions bounds;
  const double reach = std::log(options.reach);
  bounds.low = VectorXd::Constant(n, -reach);
  bounds.high = VectorXd::Constant(n, reach);
  math::Maximum best;
  int evaluations = 0;
  const auto climb = [&](const VectorXd& from) {
    math::Maximum found = math::maximise(objective, from, bounds);
    evaluations += found.status.evaluations;
    return found;
  };
  std::vector<VectorXd> starts;
  for (const Gradient& start : Search<Model>::starts(sample.purchases / sample.customers)) {
    VectorXd logs(n);
    for (Index i = 0; i < n; ++i) logs[i] = std::log(start[at(i)]);
    starts.push_back(std::move(logs));
  }
  constexpr bool one_maximum = Search<Model>::one_maximum;
  // Where all starts lead to one maximum of a few rows, as they mostly do, that of all rows is looked for from there; else
  // from everywhere, and the highest counts.
  if (sample.rows.size() >= 4 * rows_to_begin) {
    const Search<Model> few(some_of(sample.rows));
    const math::Objective roughly = objective_of(few);
    math::OptimiseOptions soon = bounds;
    soon.tolerance = 1e-3;
    std::vector<VectorXd> ends;
    for (const VectorXd& start : starts) {
      if (one_maximum && !ends.empty()) break;
      math::Maximum near = math::maximise(roughly, start, soon);
      if (near.status.end == FitEnd::converged) ends.push_back(std::move(near.x));
    }
    const auto agrees = [&](const VectorXd& end) { return are_close(end, ends.front()); };
    const std::size_t enough = one_maximum ? 1 : starts.size();
    if (ends.size() >= enough && std::all_of(ends.begin(), ends.end(), agrees)) {
      // What leads to no maximum inside is left: which limit of the model is the best, the starts say.
      if (math::Maximum found = climb(ends.front()); found.status.end == FitEnd::converged)
        best = std::move(found);
    } else {
      starts.insert(starts.end(), ends.begin(), ends.end());
    }
  }
  std::vector<math::Maximum> others;
  if (best.status.end != FitEnd::converged)
    for (const VectorXd& start : starts) {
      math::Maximum found = climb(start);
      if (is_better(found, best)) std::swap(found, best);
      if (one_maximum && best.status.end == FitEnd::converged) break;
      if (!one_maximum && found.status.end == FitEnd::converged) others.push_back(std::move(found));
    }
  // A flat ridge mostly leads to a limit of the model, such as that without dropout: where its bound is as likely, that is
  // the end, and the other parameters may well be known there.
  for (Index tries = 0; tries < n && best.flat >= 0; ++tries) {
    const int along = best.flat;
    const math::OptimiseOptions before = bounds;
    math::Maximum limit;
    for (const double bound : {before.low[along], before.high[along]}) {
      bounds.low[along] = bounds.high[along] = bound;
      VectorXd from = best.x;
      from[along] = bound;
      math::Maximum found = climb(from);
      if (limit.x.size() == 0 || found.value > limit.value) limit = std::move(found);
    }
    if (!(limit.value > best.value - as_likely)) {
      bounds = before;
      break;
    }
    best = std::move(limit);
    bounds.low[along] = bounds.high[along] = best.x[along];
  }
  // A parameter that is held has been put at one of the two bounds, wherever the likelihood still rises.
  best.at_low.clear();
  best.at_high.clear();
  for (Index i = 0; i < n; ++i) {
    if (best.x[i] <= -reach) best.at_low.push_back(static_cast<int>(i));
    if (best.x[i] >= reach) best.at_high.push_back(static_cast<int>(i));
  }

  const auto parameters = [&](const VectorXd& logs) {
    Gradient q{};
    for (Index i = 0; i < n; ++i)
      q[at(i)] = std::exp(logs[i]) * (Search<Model>::scaled[at(i)] ? sample.scale : 1);
    return q;
  };
  const Gradient natural = parameters(best.x);
  made.model = model_of<Model>(natural, histories.unit);
  // A density of times and of money: measured in other units it changes by this factor.
  const double densities = Search<Model>::spend ? sample.customers : sample.purchases;
  made.log_likelihood = best.value - densities * std::log(sample.scale);
  made.status = best.status;
  made.status.evaluations = evaluations;
  made.status.sentence = sentence_of<Model>(best, natural);
  const math::Maximum* other = nullptr;
  for (const math::Maximum& one : others)
    if (best.status.end == FitEnd::converged && !are_close(one.x, best.x) &&
        one.value > best.value - nearly_as_likely && (other == nullptr || one.value > other->value))
      other = &one;
  if (other != nullptr)
    made.status.sentence += other_maximum<Model>(parameters(other->x), best.value - other->value);
  if (best.flat >= 0) return made;
  // At a maximum inside, the Hessian in the logarithms is that in the parameters but for their scale.
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      const bool used = i < Model::parameter_count && j < Model::parameter_count;
      const double c = used ? best.covariance(static_cast<Index>(i), static_cast<Index>(j)) : 0;
      made.covariance[i][j] = std::isnan(c) ? 0 : natural[i] * natural[j] * c;
    }
  for (std::size_t i = 0; i < Model::parameter_count; ++i)
    if (made.covariance[i][i] > 0) made.standard_errors[i] = std::sqrt(made.covariance[i][i]);
  return made;
}

template Fit<BGNBD> fit(const HistoryColumns&, const FitOptions&);
template Fit<MBGNBD> fit(const HistoryColumns&, const FitOptions&);
template Fit<ParetoNBD> fit(const HistoryColumns&, const FitOptions&);
template Fit<GammaGamma> fit(const HistoryColumns&, const FitOptions&);

}  // namespace loyalty::purchase
