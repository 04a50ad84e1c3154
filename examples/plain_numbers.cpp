// SPDX-License-Identifier: MIT
// Plain numbers in, scores out: no log needed.
#include <cstdio>

#include <loyalty/loyalty.hpp>

int main() {
  using namespace loyalty;
  const Parameter kept = trust({.kept = 8, .broken = 1});
  const Interval range = interval(kept);
  std::printf("trust %.2f (%.2f to %.2f), coverage %.2f\n", kept.mean, range.low, range.high,
              kept.coverage);

  const Parameters conduct = {.commitment = commitment({.kept = 3}),
                              .responsiveness = responsiveness({.answered = 6, .answer_time = 2.5}),
                              .reciprocity = reciprocity({.given = 4, .received = 6}),
                              .trust = kept};
  const QualityInterval q = quality_interval(conduct);
  std::printf("quality %.1f (%.1f to %.1f); a stranger has %.1f\n", quality(conduct), q.low, q.high,
              quality(baseline()));

  const Rung stands = rung({.purchases = 5, .regularity = 2.8, .support = 1.2});
  std::printf("rung %s\n", name(stands).data());
}
