// SPDX-License-Identifier: MIT
/// \file
/// Populations: transitions and time at risk from histories, chains, rates, the null mix, value by state.
#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/core/discount.hpp>
#include <loyalty/core/error.hpp>
#include <loyalty/dynamics.hpp>
#include <loyalty/value.hpp>

#include "out_columns.hpp"

namespace py = pybind11;

namespace loyalty::python {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Names = std::vector<std::string>;

py::tuple status_tuple(const FitStatus& status) {
  return py::make_tuple(std::string(name_of(status.end)), status.sentence, status.iterations,
                        status.evaluations, status.remaining);
}

py::object optional_tuple(const std::optional<Estimate>& e) {
  return e ? py::object(estimate_tuple(*e)) : py::object(py::none());
}

/// Estimates as the rows value, sd, low, high.
Rows table(const std::vector<Estimate>& estimates) {
  Rows out(4, static_cast<Index>(estimates.size()));
  for (Index i = 0; i < out.cols(); ++i) {
    const Estimate& e = estimates[static_cast<std::size_t>(i)];
    out.col(i) << e.value, e.sd, e.low, e.high;
  }
  return out;
}

// ---- histories -------------------------------------------------------------------------------------

template <class T>
std::span<const T> span_of(const py::array_t<T, py::array::c_style>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

/// The columns of a history, as the module's own `history` gives them; kept alive while they are looked at.
class Columns {
 public:
  Columns(const py::array_t<Time, py::array::c_style>& known_since, const py::dict& tape,
          const py::dict& purchases)
      : known_{known_since},
        who_{tape["relationship"]},
        time_{tape["time"]},
        from_{tape["from_rung"]},
        to_{tape["to_rung"]},
        first_{purchases["first"]},
        bought_{purchases["time"]} {}

  RungPaths paths() const {
    return {span_of(known_), span_of(who_),   span_of(time_),  rungs(from_),
            rungs(to_),      span_of(first_), span_of(bought_)};
  }

 private:
  static std::span<const Rung> rungs(const py::array_t<std::uint8_t, py::array::c_style>& codes) {
    return {reinterpret_cast<const Rung*>(codes.data()), static_cast<std::size_t>(codes.size())};
  }
  py::array_t<Time, py::array::c_style> known_;
  py::array_t<std::uint32_t, py::array::c_style> who_;
  py::array_t<Time, py::array::c_style> time_;
  py::array_t<std::uint8_t, py::array::c_style> from_;
  py::array_t<std::uint8_t, py::array::c_style> to_;
  py::array_t<std::uint64_t, py::array::c_style> first_;
  py::array_t<Time, py::array::c_style> bought_;
};

void register_movements(py::module_& m) {
  m.def(
      "transitions",
      [](const Columns& columns, const std::vector<Time>& dates, Time lapse_after) {
        const RungPaths paths = columns.paths();
        // Plain columns from here on: other threads may run.
        const py::gil_scoped_release release;
        return matrix_of(transitions(paths, dates, lapse_after).counts, lapse_after > 0);
      },
      py::arg("columns"), py::arg("dates"), py::arg("lapse_after"));
  m.def(
      "dated_transitions",
      [](const Columns& columns, const std::vector<Time>& dates, Time lapse_after) {
        const RungPaths paths = columns.paths();
        const py::gil_scoped_release release;
        std::vector<std::pair<Time, MatrixXd>> out;
        for (const DatedTransitions& some : dated_transitions(paths, dates, lapse_after))
          out.emplace_back(some.interval, matrix_of(some.moves.counts, lapse_after > 0));
        return out;
      },
      py::arg("columns"), py::arg("dates"), py::arg("lapse_after"));
  m.def(
      "time_at_risk",
      [](const Columns& columns, Time from, Time until, Time lapse_after) {
        const RungPaths paths = columns.paths();
        const py::gil_scoped_release release;
        const TimeAtRisk risk = time_at_risk(paths, from, until, lapse_after);
        return std::pair(matrix_of(risk.moves, lapse_after > 0),
                         vector_of(risk.seconds, lapse_after > 0));
      },
      py::arg("columns"), py::arg("start"), py::arg("until"), py::arg("lapse_after"));
  m.def(
      "states_at",
      [](const Columns& columns, Time at, Time lapse_after) {
        const RungPaths paths = columns.paths();
        const py::gil_scoped_release release;
        return vector_of(states_at(paths, at, lapse_after), lapse_after > 0);
      },
      py::arg("columns"), py::arg("at"), py::arg("lapse_after"));
  m.def(
      "purchase_days",
      [](const Columns& columns, Time after, Time until) {
        const RungPaths paths = columns.paths();
        const py::gil_scoped_release release;
        return purchase_days(paths, after, until);
      },
      py::arg("columns"), py::arg("after"), py::arg("until"));
}

// ---- chains ----------------------------------------------------------------------------------------

/// A chain, and the rows' posterior where there is one.
struct AnyChain {
  Chain chain;
  std::optional<DirichletRows> rows;
};

py::dict passage_dict(const FirstPassage& f) {
  py::dict out;
  out["reached"] = table(f.reached);
  out["mean"] = optional_tuple(f.mean);
  out["spread"] = f.spread;
  out["soonest"] = f.soonest;
  out["median"] = f.median;
  out["latest"] = f.latest;
  out["median_low"] = f.median_low;
  out["median_high"] = f.median_high;
  out["status"] = status_tuple(f.status);
  return out;
}

py::dict forecast_dict(const MixForecast& f, Index n) {
  const auto rows = static_cast<Index>(f.ahead.size());
  Rows plug_in(rows, n);
  Rows model_sd(rows, n);
  Rows chance_sd(rows, n);
  Rows share(rows, n);
  Rows sd(rows, n);
  Rows low(rows, n);
  Rows high(rows, n);
  Rows expected_low(rows, n);
  Rows expected_high(rows, n);
  for (Index h = 0; h < rows; ++h) {
    const MixAhead& at = f.ahead[static_cast<std::size_t>(h)];
    for (Index j = 0; j < n; ++j) {
      const Estimate expected = f.expected_share(static_cast<int>(h), j);
      const Estimate counted = f.share(static_cast<int>(h), j);
      plug_in(h, j) = at.plug_in[j];
      share(h, j) = counted.value;
      model_sd(h, j) = expected.sd;
      chance_sd(h, j) = std::sqrt(at.chance_variance[j]);
      sd(h, j) = counted.sd;
      low(h, j) = counted.low;
      high(h, j) = counted.high;
      expected_low(h, j) = expected.low;
      expected_high(h, j) = expected.high;
    }
  }
  py::dict out;
  out["share"] = share;
  out["sd"] = sd;
  out["low"] = low;
  out["high"] = high;
  out["expected_low"] = expected_low;
  out["expected_high"] = expected_high;
  out["model_sd"] = model_sd;
  out["chance_sd"] = chance_sd;
  out["plug_in"] = plug_in;
  out["status"] = status_tuple(f.status);
  return out;
}

void register_chains(py::module_& m) {
  m.def(
      "chain_prior",
      [](Index n, Index lapsed, Index buyer, double diagonal, double neighbour, double elsewhere) {
        return ChainPrior{diagonal, neighbour, elsewhere}.weights(n, lapsed, buyer);
      },
      py::arg("n"), py::arg("lapsed"), py::arg("buyer"),
      py::arg("diagonal") = ChainPrior{}.diagonal, py::arg("neighbour") = ChainPrior{}.neighbour,
      py::arg("elsewhere") = ChainPrior{}.elsewhere);
  py::class_<AnyChain>(m, "Chain")
      .def_static(
          "of_counts",
          [](const MatrixXd& counts, const MatrixXd& prior, Names names) {
            AnyChain any{{}, dirichlet_rows(counts, prior)};
            any.chain = any.rows->chain();
            any.chain.names = std::move(names);
            return any;
          },
          py::arg("counts"), py::arg("prior"), py::arg("names"))
      .def_static(
          "known",
          [](const MatrixXd& probabilities, Names names) {
            AnyChain any{known_chain(probabilities), {}};
            any.chain.names = std::move(names);
            return any;
          },
          py::arg("probabilities"), py::arg("names"))
      .def_property_readonly("mean", [](const AnyChain& any) { return any.chain.mean; })
      .def_property_readonly("status",
                             [](const AnyChain& any) { return status_tuple(any.chain.status); })
      .def("probabilities",
           [](const AnyChain& any) {
             // The rows mean, sd, low, high; columns by from, then to.
             std::vector<Estimate> all;
             for (Index i = 0; i < any.chain.size(); ++i)
               for (Index j = 0; j < any.chain.size(); ++j) {
                 const double p = any.chain.mean(i, j);
                 all.push_back(any.rows ? any.rows->probability(i, j) : Estimate{p, 0, p, p});
               }
             return table(all);
           })
      .def(
          "forecast",
          [](const AnyChain& any, const VectorXd& now, double size, int periods) {
            MixForecast f;
            {
              // Plain numbers, no Python object: other threads may run.
              const py::gil_scoped_release release;
              f = forecast_mix(any.chain, now, size, periods);
            }
            return forecast_dict(f, any.chain.size());
          },
          py::arg("now"), py::arg("size"), py::arg("periods"))
      .def("stationary",
           [](const AnyChain& any) {
             const StationaryMix mix = stationary_mix(any.chain);
             std::vector<Estimate> shares;
             for (Index j = 0; j < mix.mean.size(); ++j)
               shares.push_back(share_estimate(mix.mean[j], mix.covariance(j, j)));
             py::dict out;
             out["shares"] = table(shares);
             out["covariance"] = mix.covariance;
             out["status"] = status_tuple(mix.status);
             return out;
           })
      .def(
          "first_passage",
          [](const AnyChain& any, const VectorXd& from, const std::vector<bool>& target,
             int periods) {
            FirstPassage f;
            {
              const py::gil_scoped_release release;
              f = first_passage(any.chain, from, target, periods);
            }
            return passage_dict(f);
          },
          py::arg("start"), py::arg("target"), py::arg("periods"))
      .def(
          "value",
          [](const AnyChain& any, const VectorXd& margins, const VectorXd& variance,
             double discount, std::optional<int> periods, const std::optional<VectorXd>& counts) {
            RungValue v;
            {
              const py::gil_scoped_release release;
              v = value_by_state(any.chain, margins, variance, discount, periods);
            }
            std::vector<Estimate> values;
            for (Index i = 0; i < v.value.size(); ++i) values.push_back(v.of(i));
            py::dict out;
            out["values"] = table(values);
            out["covariance"] = v.covariance;
            out["total"] = counts && v.value.size() != 0
                               ? py::object(estimate_tuple(v.of_all(*counts)))
                               : py::object(py::none());
            out["status"] = status_tuple(v.status);
            return out;
          },
          py::arg("margins"), py::arg("variance"), py::arg("discount"), py::arg("periods"),
          py::arg("counts"));
}

// ---- rates -----------------------------------------------------------------------------------------

void register_rates(py::module_& m) {
  m.def("adjacent_moves", &adjacent_moves, py::arg("n"), py::arg("lapsed"), py::arg("buyer"));
  m.attr("rate_prior") = py::make_tuple(RatePrior{}.moves, RatePrior{}.time);
  py::class_<Intensities>(m, "Intensities")
      .def_static(
          "known",
          [](const MatrixXd& rates, Names names) {
            Intensities out = known_intensities(rates);
            out.names = std::move(names);
            return out;
          },
          py::arg("rates"), py::arg("names"))
      .def_static(
          "of_times",
          [](const MatrixXd& moves, const VectorXd& time, const MoveMask& mask, double prior_moves,
             double prior_time, Names names) {
            return intensities(moves, time, mask, {prior_moves, prior_time}, std::move(names));
          },
          py::arg("moves"), py::arg("time"), py::arg("mask"), py::arg("prior_moves"),
          py::arg("prior_time"), py::arg("names"))
      .def_static(
          "of_snapshots",
          [](const std::vector<std::pair<double, MatrixXd>>& snapshots, const MoveMask& mask,
             Names names) {
            // Plain numbers, no Python object: other threads may run.
            const py::gil_scoped_release release;
            std::vector<SnapshotCounts> counts;
            for (const auto& [interval, some] : snapshots) counts.push_back({interval, some});
            return fit_intensities(counts, mask, std::move(names));
          },
          py::arg("snapshots"), py::arg("mask"), py::arg("names"))
      .def_readonly("generator", &Intensities::generator)
      .def_readonly("moves", &Intensities::moves)
      .def_readonly("sd", &Intensities::sd)
      .def_readonly("low", &Intensities::low)
      .def_readonly("high", &Intensities::high)
      .def_readonly("log_likelihood", &Intensities::log_likelihood)
      .def_property_readonly("status",
                             [](const Intensities& rates) { return status_tuple(rates.status); })
      .def("probabilities_after", &probabilities_after, py::arg("t"))
      .def("climb_times",
           [](const Intensities& rates) {
             py::list out;
             for (const auto& one : climb_times(rates)) out.append(optional_tuple(one));
             return out;
           })
      .def(
          "first_passage",
          [](const Intensities& rates, const VectorXd& from, const std::vector<bool>& target,
             const std::vector<double>& times) {
            FirstPassage f;
            {
              const py::gil_scoped_release release;
              f = first_passage(rates, from, target, times);
            }
            return passage_dict(f);
          },
          py::arg("start"), py::arg("target"), py::arg("times"));
}

// ---- the null mix and discounting ------------------------------------------------------------------

py::dict null_mix_dict(const NullMix& mix) {
  py::dict out;
  out["relationships"] = mix.relationships;
  out["penetration"] = mix.penetration;
  out["mean"] = mix.mean;
  out["k"] = mix.k;
  out["expected"] = table(mix.expected);
  out["observed"] = mix.observed;
  out["rungs"] = table(mix.rungs);
  out["observed_rungs"] = mix.observed_rungs;
  out["repeaters"] = estimate_tuple(mix.repeaters);
  out["surplus"] = optional_tuple(mix.surplus);
  out["status"] = status_tuple(mix.status);
  return out;
}

void register_null_mix(py::module_& m) {
  m.def(
      "null_mix",
      [](double penetration, double mean, int most, double relationships) {
        return null_mix_dict(null_mix(penetration, mean, most, relationships));
      },
      py::arg("penetration"), py::arg("mean"), py::arg("most"), py::arg("relationships"));
  m.def(
      "null_mix_of_counts",
      [](const std::vector<std::int64_t>& counts, int most) {
        return null_mix_dict(null_mix(counts, most));
      },
      py::arg("counts"), py::arg("most"));
}

void register_discount(py::module_& m) {
  py::list words;
  for (int i = 1; i < time_unit_count; ++i)
    words.append(std::string(name_of(static_cast<TimeUnit>(i))));
  m.attr("rate_period_names") = py::tuple(words);
  m.def(
      "days_of_period", [](const std::string& word) { return days_in(time_unit(word)); },
      py::arg("period"));
  m.def(
      "discount_factor",
      [](double rate, const std::string& per, bool continuous, double days) {
        return DiscountRate(rate, time_unit(per), continuous).factor(days);
      },
      py::arg("rate"), py::arg("per"), py::arg("continuous"), py::arg("days"));
  m.def(
      "discount_factor_of_period",
      [](double rate, const std::string& per, bool continuous, const std::string& period) {
        return DiscountRate(rate, time_unit(per), continuous).factor(time_unit(period));
      },
      py::arg("rate"), py::arg("per"), py::arg("continuous"), py::arg("period"));
}

}  // namespace

void register_dynamics(py::module_& m) {
  py::class_<Columns>(m, "HistoryColumns")
      .def(py::init<const py::array_t<Time, py::array::c_style>&, const py::dict&,
                    const py::dict&>(),
           py::arg("known_since"), py::arg("tape"), py::arg("purchases"));
  register_discount(m);
  register_movements(m);
  register_chains(m);
  register_rates(m);
  register_null_mix(m);
}

}  // namespace loyalty::python
