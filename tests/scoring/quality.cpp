// SPDX-License-Identifier: MIT
#include <loyalty/scoring/evidence.hpp>
#include <loyalty/scoring/quality.hpp>

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

TEST_CASE("the worked example: four parameters, their coverage, and the quality") {
  const Parameters p = parameters(worked_evidence, distributor);
  CHECK(near(p.commitment.mean, 0.760514, 5e-7));
  CHECK(near(p.responsiveness.mean, 0.502735, 5e-7));
  CHECK(near(p.reciprocity.mean, 0.723813, 5e-7));
  CHECK(near(p.trust.mean, 0.776298, 5e-7));
  CHECK(near(std::sqrt(p.commitment.variance), 0.097296, 5e-7));
  CHECK(near(std::sqrt(p.responsiveness.variance), 0.154391, 5e-7));
  CHECK(near(std::sqrt(p.reciprocity.variance), 0.213320, 5e-7));
  CHECK(near(std::sqrt(p.trust.variance), 0.112588, 5e-7));
  CHECK(near(p.commitment.coverage, 0.433533, 5e-7));
  CHECK(near(p.responsiveness.coverage, 0.46114, 5e-7));
  CHECK(near(p.reciprocity.coverage, 0.82734, 5e-7));
  CHECK(near(p.trust.coverage, 0.5863, 5e-5));
  CHECK(near(quality(p), 69.89174505174313, 1e-12));
  CHECK(near(quality(p.commitment, p.responsiveness, p.reciprocity, p.trust), quality(p), 0));
  CHECK(near(quality(baseline(distributor)), 70.64843300523572, 1e-12));
  CHECK(near(coverage(p), 0.2 * (0.433533 + 0.46114 + 0.82734) + 0.4 * 0.5863, 2e-5));
}

TEST_CASE("the quality is the weighted geometric mean of the four") {
  // Power mean of order 0 of (.8, .6, .5, .9) with the default weights.
  CHECK(near(quality(with_means(0.8, 0.6, 0.5, 0.9)), 72.06746603888587, 1e-12));
  CHECK(near(quality(with_means(1, 1, 1, 1)), 100, 1e-13));
  CHECK(quality(with_means(0.9, 0, 0.9, 0.9)) == 0);
  CHECK(near(quality(with_means(0.9, 0.9, 0.9, 0.3)), 100 * std::pow(0.9, 0.6) * std::pow(0.3, 0.4),
             1e-13));
}

TEST_CASE("a parameter of weight 0 does not count, however bad") {
  const QualityOptions trust_alone{.weights = {0, 0, 0, 1}};
  CHECK(near(quality(with_means(0, 0, 0, 0.37), trust_alone), 37, 1e-13));
  CHECK(near(coverage({{}, {}, {}, {0.4, 0.1, 0.7}}, trust_alone), 0.7, 1e-15));
}

TEST_CASE("a promise kept never lowers the quality, a longer wait never raises it") {
  for (const double kept : {0.0, 0.2, 5.0, 300.0}) {
    for (const double bad : {0.0, 0.6, 20.0}) {
      Evidence before{
          .responsiveness = {.answered = kept, .answer_time = bad, .open = 1, .open_time = bad},
          .trust = {kept, bad, bad}};
      Evidence after = before;
      after.trust.kept += 1;
      CHECK(quality(parameters(after)) > quality(parameters(before)));
      after = before;
      after.responsiveness.open_time += 0.5;
      CHECK(quality(parameters(after)) <= quality(parameters(before)));
    }
  }
}

TEST_CASE("the grade of evidence begins at each threshold") {
  CHECK(evidence_grade(0) == EvidenceGrade::none);
  CHECK(evidence_grade(0.0499) == EvidenceGrade::none);
  CHECK(evidence_grade(0.05) == EvidenceGrade::thin);
  CHECK(evidence_grade(0.2499) == EvidenceGrade::thin);
  CHECK(evidence_grade(0.25) == EvidenceGrade::fair);
  CHECK(evidence_grade(0.4999) == EvidenceGrade::fair);
  CHECK(evidence_grade(0.5) == EvidenceGrade::strong);
  CHECK(evidence_grade(0.04, {.minimum_coverage = 0.03}) == EvidenceGrade::thin);
  CHECK(evidence_grade(coverage(baseline())) == EvidenceGrade::none);
}
