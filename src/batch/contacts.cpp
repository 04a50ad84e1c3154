// SPDX-License-Identifier: MIT
#include <loyalty/batch/contacts.hpp>

#include <array>

namespace loyalty {
namespace {

constexpr std::array<ColumnInfo, 12> columns = {{
    {"relationship", ColumnType::text, "identifier"},
    {"contacts", ColumnType::integer, "contacts in all"},
    {"from_us", ColumnType::integer, "contacts that we made"},
    {"from_them", ColumnType::integer, "contacts that they made"},
    {"per_month", ColumnType::number, "contacts per 30 days, from the first to the as-of date"},
    {"share_from_us", ColumnType::number, "0..1"},
    {"share_personal", ColumnType::number, "0..1, of the contacts that say so"},
    {"share_answered", ColumnType::number, "0..1, of the contacts that say so"},
    {"quality", ColumnType::number, "mean place of their ratings on the scale, 0..1"},
    {"rated", ColumnType::integer, "contacts with a rating"},
    {"first_contact", ColumnType::time, "earliest contact"},
    {"last_contact", ColumnType::time, "newest contact"},
}};

}  // namespace

std::span<const ColumnInfo> contact_columns() noexcept { return columns; }

ResultTable contact_table(const Portfolio& portfolio, Time now) {
  ResultTable table;
  table.as_of = now;
  TextValues ids;
  std::array<std::vector<double>, columns.size()> reals;
  std::array<std::vector<std::int64_t>, columns.size()> integers;
  for (const std::uint32_t index : portfolio.sorted()) {
    const ContactProfile p = portfolio.contacts(index);
    if (p.contacts() <= 0) continue;
    const ContactFigures f = figures(p, now);
    ids.bytes += portfolio.id(index);
    ids.offsets.push_back(static_cast<std::int64_t>(ids.bytes.size()));
    std::size_t at = 0;
    const auto integer = [&](std::int64_t n) { integers[++at].push_back(n); };
    const auto real = [&](double x) { reals[++at].push_back(x); };
    integer(p.contacts());
    integer(p.from_us);
    integer(p.from_them);
    real(f.per_month);
    real(f.share_from_us);
    real(f.share_personal);
    real(f.share_answered);
    real(f.quality);
    integer(p.rated);
    integer(p.first);
    integer(p.last);
    ++table.summary.relationships;
  }
  for (std::size_t c = 0; c < columns.size(); ++c) {
    ResultColumn column{columns[c].name, columns[c].type, {}};
    if (columns[c].type == ColumnType::text)
      column.values = std::move(ids);
    else if (columns[c].type == ColumnType::number)
      column.values = std::move(reals[c]);
    else
      column.values = std::move(integers[c]);
    table.columns.push_back(std::move(column));
  }
  return table;
}

}  // namespace loyalty
