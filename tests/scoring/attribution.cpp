// SPDX-License-Identifier: MIT
#include <loyalty/scoring/attribution.hpp>

#include <loyalty/scoring/evidence.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "scoring/worked_example.hpp"

using namespace loyalty;
using loyalty_tests::distributor;
using loyalty_tests::worked_evidence;

namespace {

bool near(double got, double wanted, double within) { return std::abs(got - wanted) <= within; }

Parameters with_means(double c, double r, double p, double t) {
  return {{c, 0.01, 0.5}, {r, 0.01, 0.5}, {p, 0.01, 0.5}, {t, 0.01, 0.5}};
}

}  // namespace

TEST_CASE("the worked example against its baseline") {
  const Attribution a =
      attribution(parameters(worked_evidence, distributor), baseline(distributor));
  CHECK(near(a.commitment, 3.331684, 5e-7));
  CHECK(near(a.responsiveness, -4.398857, 5e-7));
  CHECK(near(a.reciprocity, 1.155830, 5e-7));
  CHECK(near(a.trust, -0.845344, 5e-7));
}

TEST_CASE("from (.8, .5, .5, .8) to (.8, .6, .5, .9)") {
  const Attribution a = attribution(with_means(0.8, 0.6, 0.5, 0.9), with_means(0.8, 0.5, 0.5, 0.8));
  CHECK(a.commitment == 0);
  CHECK(near(a.responsiveness, 2.52107075, 5e-9));
  CHECK(a.reciprocity == 0);
  CHECK(near(a.trust, 3.25731494, 5e-9));
  CHECK(near(total(a), 72.06746603888587 - 66.28908034679975, 1e-12));
}

TEST_CASE("contributions sum to the change of the quality to 1e-12 points") {
  const double means[] = {1e-9, 0.003, 0.2, 0.5, 0.5000000001, 0.8, 0.97, 1 - 1e-12};
  for (const double m : means) {
    for (const double n : means) {
      for (const double k : means) {
        const Parameters from = with_means(m, n, k, 0.8);
        const Parameters to = with_means(n, k, m, 0.8 * k);
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        CHECK(near(total(attribution(to, from)), quality(to) - quality(from), 1e-12));
      }
    }
  }
}

TEST_CASE("the change back is the opposite change, and no change is 0 throughout") {
  const Parameters from = with_means(0.4, 0.7, 0.2, 0.9);
  const Parameters to = with_means(0.5, 0.1, 0.9, 0.8);
  const Attribution there = attribution(to, from);
  const Attribution back = attribution(from, to);
  CHECK(near(there.commitment, -back.commitment, 1e-13));
  CHECK(near(there.responsiveness, -back.responsiveness, 1e-13));
  CHECK(near(there.reciprocity, -back.reciprocity, 1e-13));
  CHECK(near(there.trust, -back.trust, 1e-13));
  const Attribution none = attribution(from, from);
  CHECK(none.commitment == 0);
  CHECK(none.trust == 0);
  CHECK(total(none) == 0);
}

TEST_CASE("changes that cancel are shown although the quality stays") {
  const Attribution a = attribution(with_means(0.5, 0.8, 0.7, 0.7), with_means(0.8, 0.5, 0.7, 0.7));
  CHECK(near(total(a), 0, 1e-13));
  CHECK(a.commitment < -5);
  CHECK(near(a.commitment, -a.responsiveness, 1e-13));
}
