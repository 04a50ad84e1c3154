// SPDX-License-Identifier: MIT
/// \file
/// What a row may say, whoever reads it: the fold, and saved rows that wait.
#pragma once

#include <loyalty/events/act.hpp>

namespace loyalty {

/// Whether a row's effect depends on what is open, or waits for time.
inline bool uses_items(const Event& e, bool has_key, const FoldRules& rules) noexcept {
  if (e.side != rules.options.perspective) return false;
  switch (e.kind) {
    case Kind::promise:
    case Kind::payment:
    case Kind::request:
      return true;
    case Kind::response:
    case Kind::complaint:
      return has_key;
    case Kind::resolution:
      return true;
    default:
      return false;
  }
}

inline bool is_closer(const Event& e) noexcept {
  return e.kind == Kind::response || e.kind == Kind::resolution ||
         ((e.kind == Kind::promise || e.kind == Kind::payment) && e.done != no_time);
}

/// Why a row must be set aside, or `ok` and its act. What a closer needs may stand in the row that it
/// closes; all that it does state must be sound.
inline Code judge(const Event& e, bool has_key, const FoldRules& rules, Act& act) noexcept {
  const Code code = act_of(e, rules, act);
  if (has_key) {
    if (!is_closer(e) || (code != Code::missing_due && code != Code::missing_since)) return code;
    Event known = e;
    known.due = e.done;
    known.since = e.time;
    return act_of(known, rules, act);
  }
  const bool refers =
      e.kind == Kind::retraction || (code == Code::ok && e.kind == Kind::resolution);
  return refers ? Code::missing_refers_to : code;
}

}  // namespace loyalty
