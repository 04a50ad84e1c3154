// SPDX-License-Identifier: MIT
/// \file
/// Events from Arrow and results as Arrow, through its C interface: no library of Arrow is needed, and any that
/// speaks it will do (pyarrow, polars, DuckDB, Arrow C++, nanoarrow).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/io/arrow_abi.hpp>
#include <loyalty/io/event_reader.hpp>

namespace loyalty {

/// Holds an ArrowSchema, ArrowArray or ArrowArrayStream and releases it once, at the end of its life.
template <class T>
class ArrowOwner {
 public:
  ArrowOwner() noexcept = default;
  /// Takes over what another struct holds; it counts as released then.
  explicit ArrowOwner(T& given) noexcept : held_(given) { given.release = nullptr; }
  ArrowOwner(ArrowOwner&& other) noexcept : held_(std::exchange(other.held_, T{})) {}
  ArrowOwner& operator=(ArrowOwner&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~ArrowOwner() {
    if (held_.release != nullptr) held_.release(&held_);
  }

  /// Whether it holds anything.
  explicit operator bool() const noexcept { return held_.release != nullptr; }
  T* get() noexcept { return &held_; }
  const T& operator*() const noexcept { return held_; }
  T& operator*() noexcept { return held_; }
  T* operator->() noexcept { return &held_; }
  const T* operator->() const noexcept { return &held_; }

 private:
  T held_{};
};

/// Event rows of Arrow batches: structs whose children are event columns (docs/events.md). The batches are borrowed;
/// float64, int64, uint8 and large_string columns of a single batch are read where they lie, others in one pass.
class ArrowEvents {
 public:
  /// Throws ColumnError and ColumnTypeError as `EventReader`, and where the structs contradict themselves; whatever
  /// their numbers say, nothing is read beyond what the ABI lets a consumer know.
  ArrowEvents(const ArrowSchema& schema, std::span<const ArrowArray> batches,
              EventReading reading = {});
  /// The rows, borrowed from this and the batches.
  const EventColumns& columns() const noexcept { return *columns_; }

 private:
  EventReader reader_;
  const EventColumns* columns_ = nullptr;
};

/// How a stream is folded.
enum class StreamFold : std::uint8_t {
  by_batch,  ///< each batch as it comes: memory is bounded by the largest
  whole,     ///< all batches as one call of `apply`, whatever their order: they are held until then
};

/// Applies a stream of event batches to a portfolio. By batch, rows of one batch may stand in any order, as in one call
/// of `Portfolio::apply`, and batches that follow time give the state that one call for all would give; rows older than
/// those of an earlier batch are late, as across calls. A stream with `event_id` is folded whole, since repeats and
/// retractions are resolved within one call. Rejects are numbered over the whole stream, repeats counted within a batch.
/// The stream is taken over, and released also where this throws: ColumnError, also for what the producer reports, and
/// as `Portfolio::apply`. Batches before the one that fails stay applied; the message says how many rows they had.
Books apply(Portfolio& portfolio, ArrowArrayStream& stream, StreamFold fold,
            const EventReading& reading, Workers& workers);
inline Books apply(Portfolio& portfolio, ArrowArrayStream& stream,
                   StreamFold fold = StreamFold::by_batch, const EventReading& reading = {}) {
  Alone alone;
  return apply(portfolio, stream, fold, reading, alone);
}

/// A stream of the batches of `source`, which is taken over: a thread of its own reads up to `batches` of them ahead of
/// the consumer, from the first that is asked for until `out` is released, so that reading and folding overlap. Memory
/// is that of the batches read ahead. What the source reports reaches the consumer in its place. The source is asked by
/// one thread at a time, which is not the consumer's: one that needs a lock which the consumer holds, such as that of an
/// interpreter, would wait for ever. Throws ColumnError for a stream that is released or lacks its functions,
/// std::invalid_argument for no batch at all.
void read_ahead(ArrowArrayStream& source, ArrowArrayStream& out, std::size_t batches = 2);

/// All batches of a stream of events together, with what they borrow from: for `Portfolio::retract` and `replay`.
class ArrowEventTable {
 public:
  /// Takes the stream over. Throws as `ArrowEvents`, and ColumnError for what the producer reports.
  explicit ArrowEventTable(ArrowArrayStream& stream, EventReading reading = {});
  /// The rows, borrowed from this.
  const EventColumns& columns() const noexcept;

 private:
  struct Held;
  std::shared_ptr<const Held> held_;
};

/// Keys and values of a schema's metadata.
using ArrowMetadata = std::vector<std::pair<std::string, std::string>>;

/// A result as an Arrow stream, which shares the table's buffers: numbers are float64, integers int64, times
/// timestamp[s, UTC], texts large_string, or large_binary where a text is no UTF-8; what is absent is null. The columns
/// are those of `result_columns`, in order. `rows_per_batch` 0: all rows in one batch. The consumer releases the stream;
/// streams, schemas and batches live on by themselves. O(rows) for the validity of each column.
void to_arrow(std::shared_ptr<const ResultTable> result, ArrowArrayStream& out,
              ArrowMetadata metadata = {}, std::size_t rows_per_batch = 0);

/// Results that are made as a consumer asks for them.
struct ResultBatches {
  /// Has the columns of all batches, and where a text of one may be no UTF-8, such a text in its column.
  std::shared_ptr<const ResultTable> sample;
  /// The next batch, null after the last. What it throws reaches the consumer as the stream's error.
  std::function<std::shared_ptr<const ResultTable>()> next;
};
/// The same of results that are made batch by batch, so that memory is that of the batches which the consumer holds.
/// The stream yields each batch once; `next` is called on the consumer's thread and destroyed with the stream.
void to_arrow(ResultBatches batches, ArrowArrayStream& out, ArrowMetadata metadata = {});

/// The assessments of a portfolio as such batches of at least `rows` rows. `assessments` and `workers` must outlive the
/// stream, and `each`, where there is one, sees every batch.
ResultBatches batches_of(Assessments& assessments, std::size_t rows, Workers& workers,
                         std::function<void(const ResultTable&)> each = {});

}  // namespace loyalty
