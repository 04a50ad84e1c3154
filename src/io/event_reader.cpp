// SPDX-License-Identifier: MIT
#include <loyalty/io/event_reader.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <loyalty/core/error.hpp>

namespace loyalty {
namespace {

using Type = SourceColumn::Type;

/// Where the plain columns go.
struct TimeTarget {
  std::string_view name;
  const Time* EventColumns::*target;
};
constexpr std::array<TimeTarget, 5> times = {{{"time", &EventColumns::time},
                                              {"due", &EventColumns::due},
                                              {"done", &EventColumns::done},
                                              {"until", &EventColumns::until},
                                              {"since", &EventColumns::since}}};
struct NumberTarget {
  std::string_view name;
  const double* EventColumns::*target;
};
constexpr std::array<NumberTarget, 7> numbers = {{{"value", &EventColumns::value},
                                                  {"amount", &EventColumns::amount},
                                                  {"margin", &EventColumns::margin},
                                                  {"cost", &EventColumns::cost},
                                                  {"rating", &EventColumns::rating},
                                                  {"scale_low", &EventColumns::scale_low},
                                                  {"scale_high", &EventColumns::scale_high}}};
struct TextTarget {
  std::string_view name;
  TextColumn EventColumns::*target;
};
constexpr std::array<TextTarget, 3> texts = {{{"refers_to", &EventColumns::refers_to},
                                              {"event_id", &EventColumns::event_id},
                                              {"currency", &EventColumns::currency}}};
struct WordTarget {
  std::string_view name;
  const std::uint8_t* EventColumns::*target;
  EventWords words;
};
constexpr std::array<WordTarget, 5> words = {
    {{"kind", &EventColumns::kind, {kind_names, EventColumns::unreadable}},
     {"side", &EventColumns::side, {side_names, EventColumns::absent}},
     {"parameter", &EventColumns::parameter, {survey_names, EventColumns::absent}},
     {"role", &EventColumns::role, {role_names, EventColumns::absent}},
     {"code", &EventColumns::code, {code_names, 0}}}};
struct FlagTarget {
  std::string_view name;
  const std::uint8_t* EventColumns::*target;
  std::uint8_t absent;
};
constexpr std::array<FlagTarget, 3> flags = {
    {{"whole_order", &EventColumns::whole_order, 0},
     {"personal", &EventColumns::personal, EventColumns::absent},
     {"answered", &EventColumns::answered, EventColumns::absent}}};
constexpr std::array<std::string_view, 4> carried = {"quantity", "channel", "manager", "account"};

template <class Table>
auto find(const Table& table, std::string_view name) noexcept {
  return std::find_if(table.begin(), table.end(), [&](const auto& t) { return t.name == name; });
}
template <class Table>
bool has(const Table& table, std::string_view name) noexcept {
  return find(table, name) != table.end();
}

std::string known_columns() {
  std::string list = "relationship";
  const auto add = [&list](std::string_view name) { list.append(", ").append(name); };
  for (const auto& t : times) add(t.name);
  for (const auto& t : words) add(t.name);
  for (const auto& t : numbers) add(t.name);
  for (const auto& t : texts) add(t.name);
  for (const auto& t : flags) add(t.name);
  add("scale");
  for (const auto name : carried) add(name);
  return list;
}

/// One end of a scale; false where it is no number.
bool read_end(std::string_view text, double& x) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<EventField> event_field(std::string_view name) noexcept {
  if (name == "relationship") return EventField::identifier;
  if (has(flags, name)) return EventField::flag;
  if (name == "scale") return EventField::scale;
  if (has(times, name)) return EventField::time;
  if (has(numbers, name)) return EventField::number;
  if (has(texts, name)) return EventField::text;
  if (has(words, name)) return EventField::word;
  if (std::find(carried.begin(), carried.end(), name) != carried.end()) return EventField::carried;
  return std::nullopt;
}

EventWords event_words(std::string_view name) noexcept {
  const auto found = find(words, name);
  return found == words.end() ? EventWords{} : found->words;
}

void EventReader::take(std::unique_ptr<const SourceColumn> column) {
  const auto field = event_field(column->name());
  if (!field)
    throw ColumnError("unknown event column '" + column->name() + "' (known: " + known_columns() +
                      ")");
  for (const auto& other : sources_)
    if (other->name() == column->name())
      throw ColumnError("there are two columns named '" + column->name() + "'; keep one");
  if (sources_.empty())
    columns_.rows = column->rows();
  else if (column->rows() != columns_.rows)
    throw ColumnError("column '" + column->name() + "' has " + std::to_string(column->rows()) +
                      " rows, the others have " + std::to_string(columns_.rows));
  read(*sources_.emplace_back(std::move(column)), *field);
}

void EventReader::read(const SourceColumn& column, EventField field) {
  const std::string& name = column.name();
  switch (field) {
    case EventField::identifier:
      return read_relationship(column);
    case EventField::time:
      columns_.*(find(times, name)->target) = utc(column);
      return;
    case EventField::number:
      columns_.*(find(numbers, name)->target) = reader_.reals(column);
      return;
    case EventField::text:
      columns_.*(find(texts, name)->target) = reader_.texts(column);
      return;
    case EventField::word: {
      const WordTarget& word = *find(words, name);
      columns_.*word.target = reader_.codes(column, word.words.words, word.words.absent);
      if (name == "code") read_code(column);
      return;
    }
    case EventField::flag: {
      const FlagTarget& flag = *find(flags, name);
      columns_.*flag.target = reader_.flags(column, flag.absent);
      return;
    }
    case EventField::scale:
      return read_scale(column);
    case EventField::carried:
      return;
  }
}

const Time* EventReader::utc(const SourceColumn& column) {
  const Time* seconds = reader_.times(column, ends_its_day(column.name()));
  if (!column.is_naive() || reading_.naive_is_utc) return seconds;
  if (!reading_.to_utc)
    throw ColumnError("column '" + column.name() +
                      "' holds times without a zone; give its type a zone, or give UTC seconds as "
                      "integers");
  Time* converted = reader_.make<Time>(column.rows());
  std::copy_n(seconds, column.rows(), converted);
  reading_.to_utc(column.name(), {converted, column.rows()});
  return converted;
}

void EventReader::read_code(const SourceColumn& column) {
  for (std::size_t i = 0; i < columns_.rows; ++i)
    if (columns_.code[i] >= code_count)
      throw ColumnError("column 'code', " + column.row_text(i) +
                        ": no such reason for a row to be set aside; see code_names");
}

/// Identifiers: integers stay numbers; integral floats become them; other floats are set aside.
void EventReader::read_relationship(const SourceColumn& column) {
  if (column.is_dictionary() && !column.chunks().empty() &&
      std::all_of(column.chunks().begin(), column.chunks().end(), [](const auto& chunk) {
        return chunk.words->is_integer() && chunk.words->unit() == SourceColumn::Unit::none &&
               chunk.words->type() != Type::u64;
      }))
    return read_numbered_words(column);
  if (column.is_integer() && !column.is_dictionary() && column.unit() == SourceColumn::Unit::none) {
    columns_.relationship_number = reader_.integers(column);
    if (columns_.relationship_number == nullptr) columns_.relationship = reader_.texts(column);
    return;
  }
  if (!column.is_real() && (column.type() != Type::decimal || column.is_dictionary())) {
    columns_.relationship = reader_.texts(column);
    return;
  }
  const double* given = reader_.reals(column);
  auto* whole_numbers = reader_.make<std::int64_t>(columns_.rows);
  for (std::size_t i = 0; i < columns_.rows; ++i) {
    const bool whole = given[i] == std::floor(given[i]) && std::fabs(given[i]) < 0x1p53;
    whole_numbers[i] = whole ? static_cast<std::int64_t>(given[i]) : no_time;
    if (!whole && !std::isnan(given[i])) set_aside(i, Code::bad_relationship);
  }
  columns_.relationship_number = whole_numbers;
}

/// A dictionary of whole numbers: one number a row.
void EventReader::read_numbered_words(const SourceColumn& column) {
  auto* out = reader_.make<std::int64_t>(columns_.rows);
  for (const auto& chunk : column.chunks()) {
    const std::int64_t* words_of_chunk = reader_.integers(*chunk.words);
    const auto size = static_cast<std::int64_t>(chunk.words->rows());
    visit_numbers(column.type(), chunk, [&](const auto* values) {
      for (std::size_t k = 0; k < chunk.size; ++k) {
        const auto at = static_cast<std::int64_t>(values[k]);
        out[chunk.start + k] =
            chunk.valid(k) && at >= 0 && at < size ? words_of_chunk[at] : no_time;
      }
    });
  }
  columns_.relationship_number = out;
}

/// `1..5` as its two ends.
void EventReader::read_scale(const SourceColumn& column) {
  const TextColumn scales = reader_.texts(column);
  low_ = reader_.make<double>(columns_.rows);
  high_ = reader_.make<double>(columns_.rows);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < columns_.rows; ++i) {
    const std::string_view text = scales[i];
    if (text.empty()) {
      low_[i] = high_[i] = none;
    } else if (i > 0 && text == scales[i - 1]) {
      low_[i] = low_[i - 1];
      high_[i] = high_[i - 1];
    } else {
      const std::size_t dots = text.find("..");
      if (dots == std::string_view::npos || !read_end(text.substr(0, dots), low_[i]) ||
          !read_end(text.substr(dots + 2), high_[i]))
        throw ColumnError("column 'scale': '" + std::string(text.substr(0, 40)) + "' in " +
                          column.row_text(i) + " is not a scale; write it as 1..5");
    }
  }
}

/// A stated scale goes before the columns of its ends.
void EventReader::join_scales() {
  if (low_ == nullptr) return;
  const auto join = [&](const double*& column, double* stated) {
    for (std::size_t i = 0; column != nullptr && i < columns_.rows; ++i)
      if (std::isnan(stated[i])) stated[i] = column[i];
    column = stated;
  };
  join(columns_.scale_low, low_);
  join(columns_.scale_high, high_);
  low_ = high_ = nullptr;
}

void EventReader::set_aside(std::size_t row, Code code) {
  if (set_aside_ == nullptr) {
    set_aside_ = reader_.make<std::uint8_t>(columns_.rows);
    std::fill_n(set_aside_, columns_.rows, std::uint8_t{0});
  }
  set_aside_[row] = static_cast<std::uint8_t>(code);
}

const EventColumns& EventReader::columns() {
  for (const std::string_view needed : {"relationship", "time", "kind"})
    if (std::none_of(sources_.begin(), sources_.end(),
                     [&](const auto& source) { return source->name() == needed; }))
      throw ColumnError("missing column '" + std::string(needed) +
                        "'; an event row needs relationship, time and kind");
  join_scales();
  if (set_aside_ != nullptr) {
    // What the importer says of a row goes before what was found here.
    for (std::size_t i = 0; columns_.code != nullptr && i < columns_.rows; ++i)
      if (columns_.code[i] != 0) set_aside_[i] = columns_.code[i];
    columns_.code = set_aside_;
    set_aside_ = nullptr;
  }
  return columns_;
}

}  // namespace loyalty
