// SPDX-License-Identifier: MIT
#include <loyalty/io/arrow.hpp>

#include <string_view>

#include <loyalty/core/error.hpp>

namespace loyalty {
namespace {

/// Throws where a struct is none that children can be taken from.
template <class Struct>
void check_children(const Struct& given, const char* what) {
  if (given.release == nullptr) throw ColumnError(std::string(what) + " was released before");
  if (given.n_children < 0 || (given.n_children > 0 && given.children == nullptr))
    throw ColumnError(std::string(what) + " states " + std::to_string(given.n_children) +
                      " columns and has none");
  for (std::int64_t c = 0; c < given.n_children; ++c)
    if (given.children[c] == nullptr)
      throw ColumnError(std::string(what) + " lacks column " + std::to_string(c));
}

void check_schema(const ArrowSchema& schema) {
  check_children(schema, "the Arrow schema");
  if (schema.format == nullptr || std::string_view(schema.format) != "+s")
    throw ColumnTypeError("events are an Arrow struct of columns, not Arrow's '" +
                          std::string(schema.format == nullptr ? "" : schema.format) + "'");
  for (std::int64_t c = 0; c < schema.n_children; ++c)
    if (schema.children[c]->name == nullptr)
      throw ColumnError("the Arrow schema does not name column " + std::to_string(c));
}

void check_batch(const ArrowArray& batch, std::int64_t columns) {
  check_children(batch, "an Arrow batch");
  if (batch.n_children != columns)
    throw ColumnError("an Arrow batch has " + std::to_string(batch.n_children) +
                      " columns, its schema " + std::to_string(columns));
  constexpr std::int64_t most = std::int64_t{1} << 48;
  if (batch.length < 0 || batch.offset < 0 || batch.length > most || batch.offset > most)
    throw ColumnError("an Arrow batch has length " + std::to_string(batch.length) + " and offset " +
                      std::to_string(batch.offset) + "; allowed is 0 .. 2^48");
  if (batch.null_count == 0 || batch.n_buffers < 1 || batch.buffers == nullptr) return;
  const auto* validity = static_cast<const std::uint8_t*>(batch.buffers[0]);
  for (std::int64_t i = 0; validity != nullptr && i < batch.length; ++i)
    if (!SourceColumn::bit(validity, static_cast<std::size_t>(batch.offset + i)))
      throw ColumnError("row " + std::to_string(i) +
                        " of an Arrow batch is null as a whole; an event row is not");
}

bool has_column(const ArrowSchema& schema, std::string_view name) {
  for (std::int64_t c = 0; c < schema.n_children; ++c)
    if (schema.children[c]->name == name) return true;
  return false;
}

/// A stream and its schema.
class Stream {
 public:
  explicit Stream(ArrowArrayStream& given) : stream_(given) {
    if (!stream_) throw ColumnError("the Arrow stream was released before");
    if (stream_->get_schema == nullptr || stream_->get_next == nullptr)
      throw ColumnError("the Arrow stream lacks its functions");
    check(stream_->get_schema(stream_.get(), schema_.get()));
    check_schema(*schema_);
  }
  const ArrowSchema& schema() const noexcept { return *schema_; }
  /// The next batch; nothing at the end.
  ArrowOwner<ArrowArray> next() {
    ArrowOwner<ArrowArray> batch;
    check(stream_->get_next(stream_.get(), batch.get()));
    return batch;
  }
  ArrowOwner<ArrowSchema> take_schema() noexcept { return std::move(schema_); }

 private:
  void check(int code) {
    if (code == 0) return;
    const char* why =
        stream_->get_last_error == nullptr ? nullptr : stream_->get_last_error(stream_.get());
    throw ColumnError("the Arrow stream failed: " + (why != nullptr && *why != '\0'
                                                         ? std::string(why)
                                                         : "error " + std::to_string(code)));
  }
  ArrowOwner<ArrowArrayStream> stream_;
  ArrowOwner<ArrowSchema> schema_;
};

/// The same error, which says what had been applied before.
template <class E>
[[noreturn]] void fail_after(const E& error, std::int64_t rows) {
  if (rows == 0) throw error;
  throw E(std::string(error.what()) + "; the " + std::to_string(rows) +
          " rows of the stream before stay applied");
}

/// Arrays beside each other, released together.
struct Batches {
  std::vector<ArrowArray> all;

  Batches() = default;
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;
  ~Batches() {
    for (ArrowArray& batch : all)
      if (batch.release != nullptr) batch.release(&batch);
  }
};

/// All batches of a stream, and the rows in them.
class Gathered {
 public:
  Gathered(Stream& stream, EventReading reading) {
    while (auto batch = stream.next()) {
      batches_.all.push_back(*batch);
      batch->release = nullptr;  // it has moved
    }
    events_ =
        std::make_unique<const ArrowEvents>(stream.schema(), batches_.all, std::move(reading));
    schema_ = stream.take_schema();
  }
  const EventColumns& columns() const noexcept { return events_->columns(); }

 private:
  ArrowOwner<ArrowSchema> schema_;
  Batches batches_;
  std::unique_ptr<const ArrowEvents> events_;
};

Books apply_by_batch(Portfolio& portfolio, Stream& stream, EventReading reading, Workers& workers) {
  Books books;
  const std::size_t first = reading.first_row;
  try {
    // A stream without batches has columns, too.
    (void)ArrowEvents(stream.schema(), {}, reading);
    while (const auto batch = stream.next()) {
      reading.first_row = first + static_cast<std::size_t>(books.read);
      const ArrowEvents events(stream.schema(), {&*batch, 1}, reading);
      Books part = portfolio.apply(events.columns(), workers);
      for (Reject& reject : part.rejects) reject.row += books.read;
      books.add_call(std::move(part));
    }
  } catch (const ColumnTypeError& error) {
    fail_after(error, books.read);
  } catch (const ColumnError& error) {
    fail_after(error, books.read);
  } catch (const WindowError& error) {
    fail_after(error, books.read);
  } catch (const MismatchError& error) {
    fail_after(error, books.read);
  }
  return books;
}

}  // namespace

ArrowEvents::ArrowEvents(const ArrowSchema& schema, std::span<const ArrowArray> batches,
                         EventReading reading)
    : reader_(reading) {
  check_schema(schema);
  for (const ArrowArray& batch : batches) check_batch(batch, schema.n_children);
  for (std::int64_t c = 0; c < schema.n_children; ++c) {
    const ArrowSchema& type = *schema.children[c];
    if (event_field(type.name) == EventField::carried) continue;
    auto column = std::make_unique<SourceColumn>(type.name, type);
    column->number_rows_from(reading.first_row);
    for (const ArrowArray& batch : batches)
      column->add(*batch.children[c], batch.offset, batch.length);
    reader_.take(std::move(column));
  }
  columns_ = &reader_.columns();
}

struct ArrowEventTable::Held : Gathered {
  using Gathered::Gathered;
};

ArrowEventTable::ArrowEventTable(ArrowArrayStream& given, EventReading reading) {
  Stream stream(given);
  held_ = std::make_shared<const Held>(stream, std::move(reading));
}

const EventColumns& ArrowEventTable::columns() const noexcept { return held_->columns(); }

Books apply(Portfolio& portfolio, ArrowArrayStream& given, StreamFold fold,
            const EventReading& reading, Workers& workers) {
  Stream stream(given);
  if (fold == StreamFold::by_batch && !has_column(stream.schema(), "event_id"))
    return apply_by_batch(portfolio, stream, reading, workers);
  return portfolio.apply(Gathered(stream, reading).columns(), workers);
}

}  // namespace loyalty
