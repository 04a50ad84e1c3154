// SPDX-License-Identifier: MIT
/// \file
/// A hand-made producer of Arrow structs, which counts what it gave away and what was released.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <loyalty/io/arrow_abi.hpp>

/// Structs given away and released, of one test.
struct Releases {
  int given = 0;
  int released = 0;
};

/// The bytes of some values.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// Bits, the lowest of a byte first, with `before` bits of the opposite of the first in front.
inline std::string bitmap(const std::vector<bool>& bits, std::size_t before = 0) {
  std::string bytes((bits.size() + before + 7) / 8, '\0');
  const auto set = [&](std::size_t at) {
    bytes[at / 8] = static_cast<char>(bytes[at / 8] | 1 << (at % 8));
  };
  for (std::size_t i = 0; i < before; ++i)
    if (!bits.empty() && !bits[0]) set(i);
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (bits[i]) set(before + i);
  return bytes;
}

/// A column that becomes a schema and an array. A buffer that is `absent` is a null pointer.
struct MadeColumn {
  std::string name{};
  std::string format{};
  std::int64_t length = 0;
  std::vector<std::string> buffers{};
  std::int64_t null_count = 0;
  std::int64_t offset = 0;
  std::vector<MadeColumn> children{};
  std::vector<MadeColumn> dictionary{};  ///< one or none

  static inline const std::string absent = "absent buffer";
};

namespace made {

struct SchemaHolder {
  MadeColumn column;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  ArrowSchema dictionary{};
  Releases* releases;
};
struct ArrayHolder {
  std::vector<std::vector<std::uint64_t>> memory;  ///< aligned
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  ArrowArray dictionary{};
  Releases* releases;
};

template <class Holder, class Struct>
void release(Struct* given) {
  auto* holder = static_cast<Holder*>(given->private_data);
  for (Struct* child : holder->pointers)
    if (child->release != nullptr) child->release(child);
  if (holder->dictionary.release != nullptr) holder->dictionary.release(&holder->dictionary);
  ++holder->releases->released;
  delete holder;
  given->release = nullptr;
}

inline void schema(const MadeColumn& column, Releases& releases, ArrowSchema& out) {
  auto holder = std::make_unique<SchemaHolder>();
  holder->column = column;
  holder->releases = &releases;
  holder->children.resize(column.children.size());
  for (std::size_t c = 0; c < column.children.size(); ++c) {
    schema(column.children[c], releases, holder->children[c]);
    holder->pointers.push_back(&holder->children[c]);
  }
  if (!column.dictionary.empty()) schema(column.dictionary[0], releases, holder->dictionary);
  out = ArrowSchema{};
  out.format = holder->column.format.c_str();
  out.name = holder->column.name.c_str();
  out.flags = 2;
  out.n_children = static_cast<std::int64_t>(holder->pointers.size());
  out.children = holder->pointers.data();
  out.dictionary = column.dictionary.empty() ? nullptr : &holder->dictionary;
  out.release = release<SchemaHolder, ArrowSchema>;
  out.private_data = holder.release();
  ++releases.given;
}

inline void array(const MadeColumn& column, Releases& releases, ArrowArray& out) {
  auto holder = std::make_unique<ArrayHolder>();
  holder->releases = &releases;
  for (const std::string& bytes : column.buffers) {
    auto& memory = holder->memory.emplace_back(bytes.size() / 8 + 1);
    std::memcpy(memory.data(), bytes.data(), bytes.size());
    holder->buffers.push_back(bytes == MadeColumn::absent ? nullptr : memory.data());
  }
  holder->children.resize(column.children.size());
  for (std::size_t c = 0; c < column.children.size(); ++c) {
    array(column.children[c], releases, holder->children[c]);
    holder->pointers.push_back(&holder->children[c]);
  }
  if (!column.dictionary.empty()) array(column.dictionary[0], releases, holder->dictionary);
  out = ArrowArray{};
  out.length = column.length;
  out.null_count = column.null_count;
  out.offset = column.offset;
  out.n_buffers = static_cast<std::int64_t>(holder->buffers.size());
  out.buffers = holder->buffers.data();
  out.n_children = static_cast<std::int64_t>(holder->pointers.size());
  out.children = holder->pointers.data();
  out.dictionary = column.dictionary.empty() ? nullptr : &holder->dictionary;
  out.release = release<ArrayHolder, ArrowArray>;
  out.private_data = holder.release();
  ++releases.given;
}

struct StreamHolder {
  MadeColumn type;
  std::vector<MadeColumn> batches;
  std::size_t next = 0;
  std::size_t fails_at;
  Releases* releases;
};

inline int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  auto& holder = *static_cast<StreamHolder*>(stream->private_data);
  schema(holder.type, *holder.releases, *out);
  return 0;
}
inline int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto& holder = *static_cast<StreamHolder*>(stream->private_data);
  if (holder.next == holder.fails_at) return 5;
  if (holder.next == holder.batches.size())
    *out = ArrowArray{};
  else
    array(holder.batches[holder.next++], *holder.releases, *out);
  return 0;
}
inline const char* get_last_error(ArrowArrayStream*) { return "the disk is full"; }
inline void release_stream(ArrowArrayStream* stream) {
  auto* holder = static_cast<StreamHolder*>(stream->private_data);
  ++holder->releases->released;
  delete holder;
  stream->release = nullptr;
}

}  // namespace made

/// A struct of columns, each of the length of the first.
inline MadeColumn made_batch(std::vector<MadeColumn> columns) {
  const std::int64_t length = columns.empty() ? 0 : columns[0].length;
  return {.format = "+s",
          .length = length,
          .buffers = {MadeColumn::absent},
          .children = std::move(columns)};
}

/// A stream of batches, whose types are those of the first; the batch numbered `fails_at` is an error.
inline ArrowArrayStream made_stream(std::vector<MadeColumn> batches, Releases& releases,
                                    std::size_t fails_at = static_cast<std::size_t>(-1)) {
  auto* holder = new made::StreamHolder{batches.at(0), std::move(batches), 0, fails_at, &releases};
  ++releases.given;
  return {made::get_schema, made::get_next, made::get_last_error, made::release_stream, holder};
}

template <class T>
MadeColumn made_numbers(std::string name, std::string format, const std::vector<T>& values) {
  return {.name = std::move(name),
          .format = std::move(format),
          .length = static_cast<std::int64_t>(values.size()),
          .buffers = {MadeColumn::absent, bytes_of(values)}};
}

/// Texts by offsets of 32 bits.
inline MadeColumn made_texts(std::string name, const std::vector<std::string>& texts) {
  std::vector<std::int32_t> offsets{0};
  std::string bytes;
  for (const std::string& text : texts) {
    bytes += text;
    offsets.push_back(static_cast<std::int32_t>(bytes.size()));
  }
  return {.name = std::move(name),
          .format = "u",
          .length = static_cast<std::int64_t>(texts.size()),
          .buffers = {MadeColumn::absent, bytes_of(offsets), bytes}};
}
