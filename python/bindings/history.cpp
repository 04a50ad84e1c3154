// SPDX-License-Identifier: MIT
/// \file
/// Histories: event columns in, the rung tape, snapshots and the rung mix out.
#include <loyalty/batch/history.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_buffers.hpp"
#include "out_columns.hpp"

namespace py = pybind11;

namespace loyalty::python {
namespace {

/// Codes of rungs as NumPy reads them; 255 is null.
std::vector<std::uint8_t> codes(const std::vector<Rung>& rungs) {
  std::vector<std::uint8_t> out(rungs.size());
  for (std::size_t i = 0; i < rungs.size(); ++i) out[i] = static_cast<std::uint8_t>(rungs[i]);
  return out;
}

/// The same of snapshots, null on dates by which the log cannot speak of rungs.
std::vector<std::uint8_t> codes(const std::vector<Rung>& rungs, const Snapshots& s) {
  std::vector<std::uint8_t> out = codes(rungs);
  for (std::size_t d = 0; d < s.dates.size(); ++d)
    if (!s.lit[d].purchases)
      for (std::size_t i = s.first[d]; i < s.first[d + 1]; ++i) out[i] = 255;
  return out;
}

py::dict tape_dict(RungTape&& tape) {
  py::dict out;
  out["from_rung"] = owned_array(codes(tape.from));
  out["to_rung"] = owned_array(codes(tape.to));
  out["relationship"] = owned_array(std::move(tape.relationship));
  out["time"] = owned_array(std::move(tape.time));
  out["at_least"] = owned_array(std::move(tape.at_least));
  return out;
}

py::dict purchases_dict(PurchaseTimes&& purchases) {
  py::dict out;
  out["first"] = owned_array(std::move(purchases.first));
  out["time"] = owned_array(std::move(purchases.time));
  return out;
}

py::dict snapshots_dict(Snapshots&& s) {
  py::dict out;
  std::vector<std::int32_t> date(s.size());
  for (std::size_t d = 0; d < s.dates.size(); ++d)
    for (std::size_t i = s.first[d]; i < s.first[d + 1]; ++i)
      date[i] = static_cast<std::int32_t>(d);
  out["date"] = owned_array(std::move(date));
  out["rung"] = owned_array(codes(s.rung, s));
  out["rung_peak"] = owned_array(codes(s.rung_peak, s));
  out["dates"] = owned_array(std::move(s.dates));
  out["relationship"] = owned_array(std::move(s.relationship));
  out["at_least"] = owned_array(std::move(s.at_least));
  out["quality"] = owned_array(std::move(s.quality));
  out["quality_low"] = owned_array(std::move(s.quality_low));
  out["quality_high"] = owned_array(std::move(s.quality_high));
  out["coverage"] = owned_array(std::move(s.coverage));
  out["commitment"] = owned_array(std::move(s.commitment));
  out["responsiveness"] = owned_array(std::move(s.responsiveness));
  out["reciprocity"] = owned_array(std::move(s.reciprocity));
  out["trust"] = owned_array(std::move(s.trust));
  return out;
}

py::dict mix_dict(const std::vector<RungMix>& mix) {
  const auto column = [&](auto&& get) {
    using Value = decltype(get(mix.front()));
    std::vector<Value> values(mix.size());
    for (std::size_t i = 0; i < mix.size(); ++i) values[i] = get(mix[i]);
    return owned_array(std::move(values));
  };
  py::dict out;
  out["date"] = column([](const RungMix& m) { return m.date; });
  out["relationships"] = column([](const RungMix& m) { return m.relationships; });
  for (std::size_t k = 0; k < rung_count; ++k)
    out[py::str(std::string(rung_names[k]))] = column([k](const RungMix& m) { return m.rungs[k]; });
  out["unknown"] = column([](const RungMix& m) { return m.unknown; });
  for (std::size_t k = 0; k < rung_count; ++k)
    out[py::str(std::string(rung_names[k]) + "_share")] =
        column([k](const RungMix& m) { return m.share(static_cast<Rung>(k)); });
  out["published"] = column([](const RungMix& m) { return m.published; });
  out["mean_quality"] = column([](const RungMix& m) { return m.mean_quality; });
  return out;
}

}  // namespace

void register_history(py::module_& m) {
  py::list periods;
  for (const auto& word : period_names) periods.append(std::string(word));
  m.attr("period_names") = py::tuple(periods);
  m.def(
      "period_ends",
      [](int period, Time first, Time last) {
        if (period < 0 || period >= period_count)
          throw py::value_error("period = " + std::to_string(period) + ": allowed is 0 .. " +
                                std::to_string(period_count - 1));
        return owned_array(period_ends(static_cast<Period>(period), first, last));
      },
      py::arg("period"), py::arg("first"), py::arg("last"));
  m.def(
      "history_window",
      [](const Policy& policy, Time first, Time until) {
        const HistoryWindow window = history_window(policy, first, until);
        return py::make_tuple(window.landmark, window.first);
      },
      py::arg("policy"), py::arg("first"), py::arg("until"));
  m.def(
      "history",
      [](const py::dict& columns, const Policy& policy, std::optional<Time> until,
         const std::vector<Time>& dates) {
        EventBuffers buffers(columns);
        History h;
        std::vector<RungMix> mix;
        {
          // Nothing of Python is touched: other threads may run.
          const py::gil_scoped_release release;
          h = history(buffers.read(), policy, {.until = until.value_or(no_time), .dates = dates});
          mix = rung_mix(h.snapshots);
        }
        py::dict out;
        out["until"] = h.until;
        out["landmark"] = h.landmark;
        out["start"] = h.start;
        out["later"] = h.later;
        out["books"] = books_dict(h.books);
        out["relationships"] = object_array(h.relationships);
        out["known_since"] = owned_array(std::move(h.known_since));
        out["tape"] = tape_dict(std::move(h.tape));
        out["purchases"] = purchases_dict(std::move(h.purchases));
        out["mix"] = mix_dict(mix);
        out["snapshots"] = snapshots_dict(std::move(h.snapshots));
        return out;
      },
      py::arg("columns"), py::arg("policy"), py::arg("until"), py::arg("dates"));
}

}  // namespace loyalty::python
