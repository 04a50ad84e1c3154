// SPDX-License-Identifier: MIT
#include "batch/stream_model.hpp"

#include <algorithm>
#include <cmath>

#include <loyalty/math/log_rising.hpp>
#include <loyalty/math/optimise_gamma_rate.hpp>

namespace loyalty {
namespace {

/// What an outcome adds to the log-score, and its derivatives by the numbers of the prior; a, b are prior and evidence.
template <bool Slopes>
void add_share(PairSlopes& sum, double good, double bad, double a, double b) noexcept {
  const double all = a + b;
  const double outcomes = good + bad;
  if (good > 0) sum.value += good * std::log(a / all);
  if (bad > 0) sum.value += bad * std::log(b / all);
  if constexpr (Slopes) {
    const double x = good / a;
    const double y = bad / b;
    const double z = outcomes / all;
    sum.by_first += x - z;
    sum.by_second += y - z;
    sum.by_first_twice += z / all - x / a;
    sum.by_second_twice += z / all - y / b;
    sum.by_both += z / all;
  }
}

template <bool Slopes>
void add_rate(PairSlopes& sum, double events, double exposure, double shape, double rate) noexcept {
  sum.value += log_gamma_rate(shape, rate, events, exposure);
  if constexpr (Slopes) {
    const auto rising = math::rising_slopes(shape, events);
    const double after = rate + exposure;
    sum.by_first += rising.first - std::log1p(exposure / rate);
    sum.by_first_twice += rising.second;
    sum.by_second += (shape * exposure - events * rate) / (rate * after);
    sum.by_both += exposure / (rate * after);
    sum.by_second_twice += (shape + events) / (after * after) - shape / (rate * rate);
  }
}

template <bool Slopes, class Rows>
PairSlopes sum_of_rows(const Rows& rows, bool rates, std::size_t begin, std::size_t end, double a,
                       double b) {
  PairSlopes sum;
  if (rates)
    for (std::size_t i = begin; i < end; ++i)
      add_rate<Slopes>(sum, rows[i].good, rows[i].bad, a + rows[i].good_before,
                       b + rows[i].bad_before);
  else
    for (std::size_t i = begin; i < end; ++i)
      add_share<Slopes>(sum, rows[i].good, rows[i].bad, a + rows[i].good_before,
                        b + rows[i].bad_before);
  return sum;
}

}  // namespace

StreamModel::StreamModel(const Ledger& ledger, Stream stream)
    : rates_(stream == Stream::responses) {
  const auto& log = ledger.streams[static_cast<std::size_t>(stream)];
  for (std::size_t who = 0; who < ledger.size(); ++who) {
    const auto outcomes = log.of(who);
    const double waiting = rates_ ? ledger.waiting[who] : 0;
    if (outcomes.empty() && waiting == 0) continue;
    OfRole& own = roles_[static_cast<std::size_t>(ledger.roles[who])];
    SharedEvidence total{0, waiting, 1};
    for (const DatedOutcome& outcome : outcomes) {
      own.rows.push_back({outcome.time, outcome.good, outcome.bad});
      total.first += outcome.good;
      total.second += outcome.bad;
    }
    if (waiting > 0) own.rows.push_back({ledger.as_of, 0, waiting});  // no answer yet
    own.first.push_back(own.rows.size());
    own.totals.push_back(total);
    ++own.content.relationships;
    own.content.telling += outcomes.size() >= 2 ? 1 : 0;
    own.content.outcomes += static_cast<std::int64_t>(outcomes.size());
    own.content.good += total.first;
    own.content.bad += total.second;
  }
}

StreamModel::Content StreamModel::content() const noexcept {
  Content all;
  for (const OfRole& own : roles_) {
    all.relationships += own.content.relationships;
    all.telling += own.content.telling;
    all.outcomes += own.content.outcomes;
    all.good += own.content.good;
    all.bad += own.content.bad;
  }
  return all;
}

void StreamModel::fade(double half_life) {
  for (OfRole& own : roles_)
    for (std::size_t who = 0; who + 1 < own.first.size(); ++who)
      for (std::size_t i = own.first[who] + 1; i < own.first[who + 1]; ++i) {
        const Row& before = own.rows[i - 1];
        Row& now = own.rows[i];
        const double weight = std::exp2(-static_cast<double>(now.time - before.time) / half_life);
        now.good_before = weight * (before.good_before + before.good);
        now.bad_before = weight * (before.bad_before + before.bad);
      }
}

double StreamModel::score(Role role, double first, double second) const {
  const OfRole& own = of(role);
  return sum_of_rows<false>(own.rows, rates_, 0, own.rows.size(), first, second).value;
}

PriorLikelihood StreamModel::likelihood(const OfRole& own) const {
  PriorLikelihood made;
  made.at = [this, &own](double a, double b, bool slopes) {
    return slopes ? sum_of_rows<true>(own.rows, rates_, 0, own.rows.size(), a, b)
                  : sum_of_rows<false>(own.rows, rates_, 0, own.rows.size(), a, b);
  };
  made.beta = !rates_;
  made.rates = rates_ ? "rates" : "shares";
  made.spread = [this, &own](double a, double b) {
    PairSpread spread;
    for (std::size_t who = 0; who + 1 < own.first.size(); ++who) {
      const PairSlopes s =
          sum_of_rows<true>(own.rows, rates_, own.first[who], own.first[who + 1], a, b);
      spread.first_twice += s.by_first * s.by_first;
      spread.both += s.by_first * s.by_second;
      spread.second_twice += s.by_second * s.by_second;
    }
    return spread;
  };
  return made;
}

bool StreamModel::begin(const OfRole& own, const PriorBounds& bounds, PriorFit& fit) const {
  return rates_ ? begin_rates(own.totals, bounds, fit) : begin_shares(own.totals, bounds, fit);
}

double StreamModel::best_score(Role role, const PriorBounds& bounds,
                               std::pair<double, double> fallback) {
  OfRole& own = roles_[static_cast<std::size_t>(role)];
  if (own.moments.first == 0) {
    PriorFit fit;
    if (!begin(own, bounds, fit)) return score(role, fallback.first, fallback.second);
    own.near = own.moments = {fit.start_first, fit.start_second};
  }
  const double best = best_prior(likelihood(own), bounds, own.near.first, own.near.second);
  // From far out, where nothing changes any more, no search comes back.
  if (std::max(own.near.first, own.near.second) > 1000) own.near = own.moments;
  return best;
}

PriorFit StreamModel::fit(Role role, const PriorBounds& bounds) const {
  PriorFit fit;
  if (begin(of(role), bounds, fit)) search_prior(likelihood(of(role)), bounds, fit);
  return fit;
}

}  // namespace loyalty
