// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <loyalty/io/arrow.hpp>

namespace loyalty {
namespace {

/// Whether bytes are UTF-8 (RFC 3629: shortest forms, no surrogates, up to U+10FFFF).
bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = at + text.size();
  while (at != end) {
    const unsigned lead = *at++;
    if (lead < 0x80) continue;
    const int more = lead >= 0xc2 && lead < 0xe0   ? 1
                     : lead >= 0xe0 && lead < 0xf0 ? 2
                     : lead >= 0xf0 && lead < 0xf5 ? 3
                                                   : 0;
    if (more == 0 || end - at < more) return false;
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[0] < low || at[0] > high) return false;
    for (int i = 1; i < more; ++i)
      if (at[i] < 0x80 || at[i] > 0xbf) return false;
    at += more;
  }
  return true;
}

bool is_ascii(std::string_view text) noexcept {
  unsigned char seen = 0;
  for (const char c : text) seen = static_cast<unsigned char>(seen | static_cast<unsigned char>(c));
  return seen < 0x80;
}

bool is_utf8(const TextValues& texts) noexcept {
  if (is_ascii(texts.bytes)) return true;
  for (std::size_t i = 0; i + 1 < texts.offsets.size(); ++i)
    if (!is_utf8(texts[i])) return false;
  return true;
}

/// What all batches and schemas of one stream share.
struct Shared {
  struct Column {
    std::string name;
    const char* format = nullptr;
    std::vector<std::uint8_t> validity;  ///< bits; empty where nothing is null
    std::array<const void*, 3> buffers{};
    std::int64_t buffer_count = 2;
  };

  std::shared_ptr<const ResultTable> table;
  std::size_t rows = 0;
  std::size_t rows_per_batch = 0;
  std::string metadata;
  std::vector<Column> columns;

  explicit Shared(std::shared_ptr<const ResultTable> given) : table(std::move(given)) {
    columns.reserve(table->columns.size());
    for (const ResultColumn& column : table->columns) add(column);
  }

 private:
  void add(const ResultColumn& given) {
    Column column;
    column.name = std::string(given.name);
    if (const auto* numbers = std::get_if<std::vector<double>>(&given.values)) {
      column.format = "g";
      column.buffers[1] = numbers->data();
      rows = numbers->size();
      mark(column, [&](std::size_t i) { return (*numbers)[i] == (*numbers)[i]; });
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&given.values)) {
      column.format = given.type == ColumnType::time ? "tss:UTC" : "l";
      column.buffers[1] = integers->data();
      rows = integers->size();
      mark(column, [&](std::size_t i) { return (*integers)[i] != no_time; });
    } else {
      const auto& texts = std::get<TextValues>(given.values);
      column.format = is_utf8(texts) ? "U" : "Z";
      column.buffers[1] = texts.offsets.data();
      column.buffers[2] = texts.bytes.data();
      column.buffer_count = 3;
      rows = texts.offsets.size() - 1;
      mark(column, [&](std::size_t i) { return texts.offsets[i] != texts.offsets[i + 1]; });
    }
    columns.push_back(std::move(column));
    // The bits moved with their column, and the pointer to them is set where they stay.
    Column& kept = columns.back();
    kept.buffers[0] = kept.validity.empty() ? nullptr : kept.validity.data();
  }

  template <class Valid>
  void mark(Column& column, Valid&& valid) const {
    std::vector<std::uint8_t> bits((rows + 7) / 8);
    bool all = true;
    for (std::size_t byte = 0; byte < bits.size(); ++byte) {
      const std::size_t end = std::min<std::size_t>(8, rows - 8 * byte);
      unsigned eight = 0;
      for (std::size_t k = 0; k < end; ++k)
        eight |= static_cast<unsigned>(valid(8 * byte + k)) << k;
      bits[byte] = static_cast<std::uint8_t>(eight);
      all = all && eight == (1U << end) - 1;
    }
    if (!all) column.validity = std::move(bits);
  }
};

using SharedPointer = std::shared_ptr<const Shared>;

// ---- schema --------------------------------------------------------------------------------------

struct SchemaHolder {
  SharedPointer shared;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;

  SchemaHolder() = default;
  SchemaHolder(const SchemaHolder&) = delete;
  SchemaHolder& operator=(const SchemaHolder&) = delete;
  ~SchemaHolder() {
    for (ArrowSchema& child : children)
      if (child.release != nullptr) child.release(&child);
  }
};

void release_child_schema(ArrowSchema* schema) {
  delete static_cast<SharedPointer*>(schema->private_data);
  schema->release = nullptr;
}

void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaHolder*>(schema->private_data);
  schema->release = nullptr;
}

constexpr std::int64_t nullable = 2;  // ARROW_FLAG_NULLABLE

void make_schema(const SharedPointer& shared, ArrowSchema& out) {
  auto holder = std::make_unique<SchemaHolder>();
  holder->shared = shared;
  holder->children.resize(shared->columns.size());
  for (ArrowSchema& child : holder->children) holder->pointers.push_back(&child);
  for (std::size_t c = 0; c < shared->columns.size(); ++c) {
    ArrowSchema& child = holder->children[c];
    child.format = shared->columns[c].format;
    child.name = shared->columns[c].name.c_str();
    child.flags = nullable;
    child.private_data = new SharedPointer(shared);
    child.release = release_child_schema;
  }
  out = ArrowSchema{};
  out.format = "+s";
  out.name = "";
  out.metadata = shared->metadata.empty() ? nullptr : shared->metadata.data();
  out.n_children = static_cast<std::int64_t>(holder->children.size());
  out.children = holder->pointers.data();
  out.private_data = holder.release();
  out.release = release_schema;
}

// ---- batches -------------------------------------------------------------------------------------

/// Columns have their own, since a consumer may move them out of their batch.
struct ColumnHolder {
  SharedPointer shared;
  std::array<const void*, 3> buffers;
};

struct BatchHolder {
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  std::array<const void*, 1> buffers{};

  BatchHolder() = default;
  BatchHolder(const BatchHolder&) = delete;
  BatchHolder& operator=(const BatchHolder&) = delete;
  ~BatchHolder() {
    for (ArrowArray& child : children)
      if (child.release != nullptr) child.release(&child);
  }
};

void release_column(ArrowArray* array) {
  delete static_cast<ColumnHolder*>(array->private_data);
  array->release = nullptr;
}

void release_batch(ArrowArray* array) {
  delete static_cast<BatchHolder*>(array->private_data);
  array->release = nullptr;
}

void make_batch(const SharedPointer& shared, std::size_t first, std::size_t rows, ArrowArray& out) {
  auto holder = std::make_unique<BatchHolder>();
  holder->children.resize(shared->columns.size());
  for (ArrowArray& child : holder->children) holder->pointers.push_back(&child);
  for (std::size_t c = 0; c < shared->columns.size(); ++c) {
    const Shared::Column& column = shared->columns[c];
    ArrowArray& child = holder->children[c];
    auto kept = std::make_unique<ColumnHolder>(ColumnHolder{shared, column.buffers});
    child.length = static_cast<std::int64_t>(rows);
    child.null_count = column.validity.empty() ? 0 : -1;
    child.offset = static_cast<std::int64_t>(first);
    child.n_buffers = column.buffer_count;
    child.buffers = kept->buffers.data();
    child.private_data = kept.release();
    child.release = release_column;
  }
  out = ArrowArray{};
  out.length = static_cast<std::int64_t>(rows);
  out.n_buffers = 1;
  out.n_children = static_cast<std::int64_t>(holder->children.size());
  out.buffers = holder->buffers.data();
  out.children = holder->pointers.data();
  out.private_data = holder.release();
  out.release = release_batch;
}

// ---- stream --------------------------------------------------------------------------------------

struct StreamHolder {
  SharedPointer shared;  ///< the table, or the sample of one that is made batch by batch
  std::size_t next = 0;
  std::function<std::shared_ptr<const ResultTable>()> source;
  std::string error;
};

/// Runs what a consumer calls; an exception must not cross the interface.
template <class F>
int guarded(ArrowArrayStream* stream, F&& f) noexcept {
  auto& holder = *static_cast<StreamHolder*>(stream->private_data);
  try {
    f(holder);
    return 0;
  } catch (const std::bad_alloc&) {
    holder.error = "out of memory";  // no longer than what a string holds in itself
    return ENOMEM;
  } catch (const std::exception& error) {
    try {
      holder.error = error.what();
    } catch (...) {
      holder.error = "out of memory";
    }
    return EINVAL;
  } catch (...) {
    holder.error = "unknown error";
    return EINVAL;
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [&](StreamHolder& holder) { make_schema(holder.shared, *out); });
}

/// A batch that is made now, of the columns that the sample promised.
void next_made(StreamHolder& holder, ArrowArray* out) {
  const auto table = holder.source();
  if (table == nullptr) return;
  const auto made = std::make_shared<const Shared>(table);
  const auto& promised = holder.shared->columns;
  for (std::size_t c = 0; c < promised.size(); ++c)
    if (made->columns.size() != promised.size() || made->columns[c].name != promised[c].name ||
        (std::string_view(made->columns[c].format) == "Z" &&
         std::string_view(promised[c].format) == "U"))
      throw std::logic_error("a batch has other columns than the sample, such as " +
                             promised[c].name);
  make_batch(made, 0, made->rows, *out);
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  *out = ArrowArray{};
  return guarded(stream, [&](StreamHolder& holder) {
    if (holder.source) return next_made(holder, out);
    const Shared& shared = *holder.shared;
    if (holder.next >= shared.rows) return;
    const std::size_t rows = std::min(shared.rows_per_batch, shared.rows - holder.next);
    make_batch(holder.shared, holder.next, rows, *out);
    holder.next += rows;
  });
}

const char* get_last_error(ArrowArrayStream* stream) {
  return static_cast<StreamHolder*>(stream->private_data)->error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  delete static_cast<StreamHolder*>(stream->private_data);
  stream->release = nullptr;
}

/// Metadata as the schema carries them: a count, then length and bytes of each key and value.
std::string encoded(const ArrowMetadata& metadata) {
  std::string out;
  const auto number = [&out](std::size_t n) {
    const auto narrow = static_cast<std::int32_t>(n);
    char bytes[sizeof narrow];
    std::memcpy(bytes, &narrow, sizeof narrow);
    out.append(bytes, sizeof bytes);
  };
  const auto text = [&](const std::string& t) {
    number(t.size());
    out += t;
  };
  number(metadata.size());
  for (const auto& [key, value] : metadata) {
    text(key);
    text(value);
  }
  return out;
}

}  // namespace

namespace {

void open_stream(std::shared_ptr<Shared> shared, const ArrowMetadata& metadata,
                 std::function<std::shared_ptr<const ResultTable>()> source,
                 ArrowArrayStream& out) {
  if (!metadata.empty()) shared->metadata = encoded(metadata);
  auto holder = std::make_unique<StreamHolder>();
  holder->shared = std::move(shared);
  holder->source = std::move(source);
  out = ArrowArrayStream{get_schema, get_next, get_last_error, release_stream, holder.release()};
}

}  // namespace

void to_arrow(std::shared_ptr<const ResultTable> result, ArrowArrayStream& out,
              ArrowMetadata metadata, std::size_t rows_per_batch) {
  auto shared = std::make_shared<Shared>(std::move(result));
  shared->rows_per_batch =
      rows_per_batch == 0 ? std::max<std::size_t>(shared->rows, 1) : rows_per_batch;
  open_stream(std::move(shared), metadata, {}, out);
}

void to_arrow(ResultBatches batches, ArrowArrayStream& out, ArrowMetadata metadata) {
  open_stream(std::make_shared<Shared>(std::move(batches.sample)), metadata,
              std::move(batches.next), out);
}

ResultBatches batches_of(Assessments& assessments, std::size_t rows, Workers& workers,
                         std::function<void(const ResultTable&)> each) {
  ResultBatches batches;
  batches.sample = std::make_shared<const ResultTable>(
      assessments.sample([](std::string_view text) { return !is_utf8(text); }));
  batches.next = [&assessments, &workers, rows,
                  each = std::move(each)]() -> std::shared_ptr<const ResultTable> {
    if (assessments.done() == assessments.size()) return nullptr;
    auto table = std::make_shared<const ResultTable>(assessments.next(rows, workers));
    if (each) each(*table);
    return table;
  };
  return batches;
}

}  // namespace loyalty
