// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <loyalty/events/kind.hpp>

namespace loyalty {

/// What people need to know of a kind of event, in words; `effect` is that of the default policy, in the letters of
/// docs/model.md.
struct KindInfo {
  std::string_view kind;      ///< as it is written in data
  std::string_view required;  ///< columns that a row must fill, `|` between alternatives
  std::string_view needs;     ///< the same in words
  std::string_view optional;  ///< columns that a row may fill, v being `value`, by default 1
  std::string_view effect;    ///< what it adds
};

/// All kinds, in the order of `Kind`. The documentation's table is made from this one.
inline constexpr std::array<KindInfo, kind_count> kind_infos = {{
    {"purchase", "", "", "`amount`, `margin`, `currency`, `quantity`",
     "B + 1, n + 1, first and last purchase, spend, M + margin"},
    {"purchase_elsewhere", "", "", "`amount` (not used)", "O + 1"},
    {"return", "", "",
     "`value` (1 where it is our fault, default 0), `amount`, `cost`, `whole_order` with `since`",
     "T- + v; spend and margin less the amount; Cost. A whole order also takes its purchase, made "
     "at `since`, back: B − 1 at that weight, n − 1; first and last purchase stay. The ladder "
     "moves when the return comes, with no flag"},
    {"contact", "", "", "`side` = who made it, `channel`, `personal`, `answered`, `rating`",
     "made by them: S + ½; made by us: no effect"},
    {"participation", "", "", "`value` = weight of all its effects", "S + v, Fi + v"},
    {"review", "", "", "`value`; `rating` with a scale",
     "S + vy, Fi + vy; y = place of the rating on its scale, 1 without a rating"},
    {"attendance", "", "", "`value`", "A + v"},
    {"novelty", "", "", "`value`", "A + v"},
    {"referral", "", "", "`value` = points they gave", "A + 1, Fi + v"},
    {"suggestion", "", "", "`value` = points they gave", "P + 1, Fi + v"},
    {"co_creation", "", "", "`value` = points they gave", "P + 1, Fi + v"},
    {"gift", "", "", "`value` = points given: a discount, a favour, a lead; `side` = giver; `cost`",
     "Fo + v, Cost"},
    {"promise", "due|refers_to", "`due`", "`done`, `value` = stake, `refers_to`",
     "in time: T+ + v at `done`; late: T- + v at `done`; never: T* + v one second after due + "
     "grace"},
    {"guarantee", "value", "`value` 1 kept, 0 breached", "",
     "kept: K+ + 1; breached: K- + 1 and T* + 1"},
    {"contract", "until", "`until`", "",
     "contract until = the latest so far; it runs up to and including that second"},
    {"request", "", "", "`refers_to`",
     "a question, an order, a commercial offer: one more open request"},
    {"response", "since|refers_to", "`refers_to`, or `since` = when the request came", "",
     "Rn + 1, Rx + answer time in targets"},
    {"concession", "value", "`value` 1 granted, 0 refused, between: in part", "",
     "G+ + v, G- + (1 − v)"},
    {"complaint", "", "", "`value` = severity, `refers_to`",
     "T* + v; open where `refers_to` names it"},
    {"resolution", "refers_to", "`refers_to`", "", "T+ + 1, once per complaint"},
    {"payment", "due|refers_to", "`due`", "`done`, `value`, `side` = payer, `refers_to`",
     "as a promise of the side that pays"},
    {"survey", "value scale|scale_low scale|scale_high", "`value`, scale",
     "`parameter` = `trust` (default) or `commitment`",
     "½y to the good sum, the rest of ½ to the bad one; S + ¼y"},
    {"cost", "amount", "`amount`", "", "Cost"},
    {"retraction", "refers_to", "`refers_to` = an `event_id`", "", "that event never happened"},
}};
static_assert(std::equal(kind_infos.begin(), kind_infos.end(), kind_names.begin(),
                         [](const KindInfo& info, std::string_view name) {
                           return info.kind == name && !info.effect.empty();
                         }),
              "a kind without words, or words out of order");

}  // namespace loyalty
