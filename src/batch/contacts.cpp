// SPDX-License-Identifier: MIT
#include <loyalty/batch/contacts.hpp>

#include "table.hpp"

namespace loyalty {
namespace {

struct ContactRow {
  std::string id;
  ContactProfile profile;
  ContactFigures figures;
};

using Number = ColumnOf<ContactRow>::Number;
using Integer = ColumnOf<ContactRow>::Integer;
using Text = ColumnOf<ContactRow>::Text;
constexpr auto number = ColumnType::number;
constexpr auto integer = ColumnType::integer;

const ColumnOf<ContactRow> definitions[] = {
    {{"relationship", ColumnType::text, "identifier"},
     Text{[](const ContactRow& r, std::string& out) { out += r.id; }}},
    {{"contacts", integer, "contacts in all"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.contacts(); }}},
    {{"from_us", integer, "contacts that we made"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.from_us; }}},
    {{"from_them", integer, "contacts that they made"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.from_them; }}},
    {{"per_month", number, "contacts per 30 days, from the first to the as-of date"},
     Number{[](const ContactRow& r) { return r.figures.per_month; }}},
    {{"share_from_us", number, "of all contacts, 0..1"},
     Number{[](const ContactRow& r) { return r.figures.share_from_us; }}},
    {{"share_personal", number, "0..1, of the contacts that say so"},
     Number{[](const ContactRow& r) { return r.figures.share_personal; }}},
    {{"share_answered", number, "0..1, of the contacts that say so"},
     Number{[](const ContactRow& r) { return r.figures.share_answered; }}},
    {{"quality", number, "mean place of their ratings on the scale, 0..1"},
     Number{[](const ContactRow& r) { return r.figures.quality; }}},
    {{"rated", integer, "contacts with a rating"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.rated; }}},
    {{"first_contact", ColumnType::time, "earliest contact"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.first; }}},
    {{"last_contact", ColumnType::time, "newest contact"},
     Integer{[](const ContactRow& r) -> std::int64_t { return r.profile.last; }}},
};

}  // namespace

std::span<const ColumnInfo> contact_columns() noexcept {
  static const auto infos = infos_of(definitions);
  return infos;
}

ResultTable contact_table(const Portfolio& portfolio, Time now) {
  std::vector<std::uint32_t> order = portfolio.sorted();
  std::erase_if(order, [&](std::uint32_t i) { return portfolio.contacts(i).contacts() <= 0; });
  ResultTable table;
  table.as_of = now;
  table.summary.relationships = static_cast<std::int64_t>(order.size());
  table.columns = table_of(
      std::span<const ColumnOf<ContactRow>>(definitions), order.size(), [&](std::size_t i) {
        const ContactProfile profile = portfolio.contacts(order[i]);
        return ContactRow{portfolio.id(order[i]), profile, figures(profile, now)};
      });
  return table;
}

}  // namespace loyalty
