// SPDX-License-Identifier: MIT
/// \file
/// The events of the worked example of docs/model.md, a distributor.
#pragma once

#include <algorithm>
#include <vector>

#include <loyalty/events.hpp>

namespace loyalty_tests {

/// In the order of time; days from 1970-01-01.
inline std::vector<loyalty::Event> worked_example() {
  using namespace loyalty;
  const auto on_day = [](double d) { return static_cast<Time>(d * 86400); };
  std::vector<Event> e;
  const double purchases[][2] = {{10, 60},   {90, 80},   {180, 70},  {260, 90},
                                 {400, 120}, {520, 110}, {600, 100}, {690, 130}};
  for (const auto& [d, amount] : purchases)
    e.push_back({.kind = Kind::purchase, .time = on_day(d), .amount = amount});
  for (const double d : {12, 93, 262, 402, 523, 601, 692})
    e.push_back({.kind = Kind::promise, .time = on_day(d), .due = on_day(d), .done = on_day(d)});
  e.push_back(
      {.kind = Kind::promise, .time = on_day(183), .due = on_day(184), .done = on_day(185)});
  e.push_back({.kind = Kind::complaint, .time = on_day(186)});
  e.push_back({.kind = Kind::resolution, .time = on_day(188)});
  e.push_back({.kind = Kind::response, .time = on_day(41.25), .since = on_day(40)});
  e.push_back({.kind = Kind::response, .time = on_day(500.5), .since = on_day(500)});
  e.push_back({.kind = Kind::request, .time = on_day(698)});
  e.push_back({.kind = Kind::contact, .time = on_day(120), .side = Side::them});
  for (const double d : {150, 640}) e.push_back({.kind = Kind::review, .time = on_day(d)});
  e.push_back({.kind = Kind::participation, .time = on_day(480)});
  e.push_back({.kind = Kind::gift, .time = on_day(200), .value = 3});
  e.push_back({.kind = Kind::gift, .time = on_day(310), .value = 2});
  for (const double d : {300, 560})
    e.push_back({.kind = Kind::referral, .time = on_day(d), .value = 2});
  for (const double d : {450, 660})
    e.push_back({.kind = Kind::suggestion, .time = on_day(d), .value = 2});
  e.push_back({.kind = Kind::contract, .time = on_day(330), .until = on_day(1060)});
  e.push_back({.kind = Kind::concession, .time = on_day(340), .value = 1});
  e.push_back({.kind = Kind::concession, .time = on_day(430), .value = 0});
  for (const double d : {365, 580})
    e.push_back({.kind = Kind::guarantee, .time = on_day(d), .value = 1});
  std::stable_sort(e.begin(), e.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  return e;
}

}  // namespace loyalty_tests
