// SPDX-License-Identifier: MIT
#include <loyalty/purchase/duration.hpp>

#include <cmath>
#include <string>

#include <loyalty/core/error.hpp>

#include "purchase/words.hpp"

namespace loyalty::purchase {
namespace {

double units_in(TimeUnit given, TimeUnit unit, const char* what) {
  if (given == unit) return 1;
  if (given == TimeUnit::unstated)
    throw MismatchError(std::string(what) +
                        " is a plain number and the model's time runs in units of a " +
                        std::string(name_of(unit)) + ": write " + std::string(name_of(unit)) +
                        "s(...), or days(...), weeks(...), years(...)");
  if (unit == TimeUnit::unstated)
    throw MismatchError(
        std::string(what) + " is in units of a " + std::string(name_of(given)) +
        " and the model's time has no unit: write a plain number, or state the model's unit");
  return seconds_in(given) / seconds_in(unit);
}

}  // namespace

double count_in(const Duration& duration, TimeUnit unit) {
  if (std::isinf(duration.count) && duration.unit == TimeUnit::unstated) return duration.count;
  return duration.count * units_in(duration.unit, unit, "the duration");
}

double force_of_interest(const DiscountRate& rate, TimeUnit unit) {
  if (!(rate.rate() >= 0))
    throw PolicyError("discount rate = " + text_of(rate.rate()) +
                      ": for purchases it must be 0 or more (0.15 is 15 %)");
  const double force = rate.force();
  return force == 0 ? 0 : force / units_in(rate.per(), unit, "the period of the discount rate");
}

}  // namespace loyalty::purchase
