// SPDX-License-Identifier: MIT
/// \file
/// Assessments that are made as an Arrow stream is read, and the columns that are kept of them for a report.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <loyalty/batch/output.hpp>
#include <loyalty/batch/workers.hpp>
#include <loyalty/io/arrow.hpp>

#include "out_columns.hpp"
#include "stopwatch.hpp"

namespace loyalty::python {

namespace py = pybind11;

/// The threads of a call, or the calling thread alone.
class Crew {
 public:
  explicit Crew(Threads* threads) noexcept : threads_(threads) {}
  operator Workers&() noexcept {  // NOLINT: a crew is what works
    return threads_ != nullptr ? static_cast<Workers&>(*threads_) : alone_;
  }

 private:
  Threads* threads_;
  Alone alone_;
};

/// A capsule that owns a stream, under the name that Arrow's capsules have.
inline py::capsule stream_capsule(std::unique_ptr<ArrowArrayStream> stream) {
  return py::capsule(stream.release(), "arrow_array_stream", [](PyObject* capsule) {
    auto* held =
        static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
    if (held->release != nullptr) held->release(held);
    delete held;
  });
}

/// A column that outlives its batches: numbers as they are, texts as the numbers of their words.
struct KeptColumn {
  static constexpr std::size_t most_words = std::numeric_limits<std::uint8_t>::max();

  std::string name;
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint8_t>> values;
  std::vector<std::string> words;  ///< of a text column, by number; an absent text is 255

  /// Adds the rows of a batch. Throws std::length_error for a column of more than 255 words.
  void add(const ResultColumn& column) {
    if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
      append(*numbers);
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values)) {
      append(*integers);
    } else {
      const auto& texts = std::get<TextValues>(column.values);
      if (!std::holds_alternative<std::vector<std::uint8_t>>(values))
        values = std::vector<std::uint8_t>{};
      auto& codes = std::get<std::vector<std::uint8_t>>(values);
      for (std::size_t i = 0; i + 1 < texts.offsets.size(); ++i) codes.push_back(code(texts[i]));
    }
  }

 private:
  template <class T>
  void append(const std::vector<T>& from) {
    if (!std::holds_alternative<std::vector<T>>(values)) values = std::vector<T>{};
    auto& to = std::get<std::vector<T>>(values);
    to.insert(to.end(), from.begin(), from.end());
  }
  std::uint8_t code(std::string_view text) {
    if (text.empty()) return most_words;
    const auto found = std::find(words.begin(), words.end(), text);
    if (found == words.end()) {
      if (words.size() == most_words)
        throw std::length_error("column '" + name + "' has too many words to be kept");
      words.emplace_back(text);
      return static_cast<std::uint8_t>(words.size() - 1);
    }
    return static_cast<std::uint8_t>(found - words.begin());
  }
};

/// The assessments of a portfolio as Arrow streams, each of which makes them anew. Keeps portfolio and threads alive.
class AssessmentStream {
 public:
  AssessmentStream(py::object portfolio, Time now, bool intervals, py::object threads,
                   std::vector<std::string> kept)
      : portfolio_(std::move(portfolio)),
        threads_(std::move(threads)),
        now_(now),
        intervals_(intervals),
        kept_(std::move(kept)),
        pass_(pass()) {}

  std::size_t size() const { return pass_->assessments.size(); }

  /// A stream of batches of at least `rows` rows.
  py::capsule arrow_stream(const py::dict& metadata, std::size_t rows) {
    ArrowMetadata pairs;
    for (const auto& [key, value] : metadata)
      pairs.emplace_back(key.cast<std::string>(), value.cast<std::string>());
    // What no other stream holds and nobody has read is as good as new.
    if (pass_->assessments.done() > 0 || pass_.use_count() > 1) pass_ = pass();
    auto stream = std::make_unique<ArrowArrayStream>();
    {
      const py::gil_scoped_release release;
      ResultBatches batches =
          batches_of(pass_->assessments, rows, pass_->crew,
                     [&kept = pass_->kept](const ResultTable& batch) { keep(kept, batch); });
      batches.next = [pass = pass_, next = std::move(batches.next)] {
        const Stopwatch watch(pass->seconds);
        return next();
      };
      to_arrow(std::move(batches), *stream, std::move(pairs));
    }
    return stream_capsule(std::move(stream));
  }

  /// Assesses what no stream has read.
  void finish(std::size_t rows) {
    const py::gil_scoped_release release;
    Assessments& all = pass_->assessments;
    const Stopwatch watch(pass_->seconds);
    while (all.done() < all.size()) keep(pass_->kept, all.next(rows, pass_->crew));
  }

  bool is_complete() const { return pass_->assessments.done() == pass_->assessments.size(); }
  /// Seconds that assessing took.
  double seconds() const { return pass_->seconds; }
  ResultSummary summary() const { return pass_->assessments.summary(); }
  std::string id(std::size_t row) const {
    if (row >= size()) throw py::index_error();
    return pass_->assessments.id(row);
  }

  /// A kept column: an array, or codes and words.
  py::object kept(const std::string& name) const {
    for (const KeptColumn& column : pass_->kept) {
      if (column.name != name) continue;
      return std::visit(
          [&](const auto& values) -> py::object {
            auto array = owned_array(std::decay_t<decltype(values)>(values));
            if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::uint8_t>>)
              return py::make_tuple(std::move(array), column.words);
            else
              return array;
          },
          column.values);
    }
    throw py::key_error(name);
  }

 private:
  /// One way through all relationships.
  struct Pass {
    std::shared_ptr<const void> owners;
    Assessments assessments;
    Crew crew;
    std::vector<KeptColumn> kept;
    double seconds = 0;
  };

  static void keep(std::vector<KeptColumn>& kept, const ResultTable& batch) {
    for (KeptColumn& column : kept) {
      const auto found = std::find_if(batch.columns.begin(), batch.columns.end(),
                                      [&](const ResultColumn& c) { return c.name == column.name; });
      if (found != batch.columns.end()) column.add(*found);
    }
  }

  std::shared_ptr<Pass> pass() const {
    const auto& portfolio = portfolio_.cast<const Portfolio&>();
    Threads* threads = threads_.is_none() ? nullptr : threads_.cast<Threads*>();
    // A stream may be released where no lock is held.
    using Owners = std::pair<py::object, py::object>;
    std::shared_ptr<const void> owners(new Owners(portfolio_, threads_), [](Owners* held) {
      const py::gil_scoped_acquire lock;
      delete held;
    });
    std::vector<KeptColumn> kept;
    for (const std::string& name : kept_) kept.push_back({name, {}, {}});
    const py::gil_scoped_release release;
    return std::make_shared<Pass>(Pass{std::move(owners),
                                       Assessments(portfolio, now_, {.intervals = intervals_}),
                                       Crew(threads), std::move(kept), 0});
  }

  py::object portfolio_;
  py::object threads_;
  Time now_;
  bool intervals_;
  std::vector<std::string> kept_;
  std::shared_ptr<Pass> pass_;
};

}  // namespace loyalty::python
