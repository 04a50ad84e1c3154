// SPDX-License-Identifier: MIT
#include <loyalty/scoring/next_step.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "scoring/worked_example.hpp"

using namespace loyalty;
using loyalty_tests::distributor;
using loyalty_tests::worked_evidence;

namespace {

bool near(double got, double wanted, double within) { return std::abs(got - wanted) <= within; }

double gain(const Evidence& after, const Evidence& before, const ScoringOptions& options) {
  return quality(parameters(after, options), options.quality) -
         quality(parameters(before, options), options.quality);
}

}  // namespace

TEST_CASE("the worked example: what one more act of each kind would gain") {
  Evidence guarantee = worked_evidence;
  guarantee.commitment.kept += 1;
  CHECK(near(gain(guarantee, worked_evidence, distributor), 0.2712, 5e-5));
  Evidence gift = worked_evidence;
  gift.reciprocity.given += 1;
  CHECK(near(gain(gift, worked_evidence, distributor), 1.6860, 5e-5));
  Evidence promise = worked_evidence;
  promise.trust.kept += 1;
  CHECK(near(gain(promise, worked_evidence, distributor), 0.5844, 5e-5));
  Evidence answer = worked_evidence;
  answer.responsiveness.answered += 1;
  answer.responsiveness.answer_time += 2;
  answer.responsiveness.open = 0;
  CHECK(near(gain(answer, worked_evidence, distributor), 2.0553, 5e-5));

  const NextStepPoints next = next_step(worked_evidence, {.contract_possible = true}, distributor);
  CHECK(next.step == NextStep::answer_request);
  CHECK(near(next.points, gain(answer, worked_evidence, distributor), 1e-12));
}

TEST_CASE("the worked example once its request is answered: the gift is next") {
  Evidence e = worked_evidence;
  e.responsiveness.answered += 1;
  e.responsiveness.answer_time += 2;
  e.responsiveness.open = 0;
  e.responsiveness.open_time = 0;
  const NextStepPoints next = next_step(e, {}, distributor);
  CHECK(next.step == NextStep::give_gift);
  Evidence gift = e;
  gift.reciprocity.given += 1;
  CHECK(near(next.points, gain(gift, e, distributor), 1e-12));
}

TEST_CASE("the points are those that the act would gain, for every step that can win") {
  struct Case {
    Evidence before;
    Availability available;
    StepSizes sizes;
    NextStep step;
    Evidence after;
  };
  const Evidence none{};
  const auto with = [](Evidence e, auto&& change) {
    change(e);
    return e;
  };
  const Evidence distrusted{.commitment = {300, 0, 500},
                            .responsiveness = {90, 1, 0, 0, 90, 0},
                            .reciprocity = {50, 50},
                            .trust = {1, 3, 2}};
  const Evidence stubborn{.commitment = {300, 0, 500},
                          .responsiveness = {90, 1, 0, 0, 0, 5},
                          .reciprocity = {50, 50},
                          .trust = {300, 0, 0}};
  const Evidence waiting{.responsiveness = {0, 0, 3, 120, 90, 0}, .trust = {300, 0, 0}};
  const Evidence unbound{.commitment = {300, 0, -1},
                         .responsiveness = {90, 1, 0, 0, 90, 0},
                         .reciprocity = {50, 50},
                         .trust = {300, 0, 0}};
  const Evidence owing{.reciprocity = {0, 9}};
  const Case cases[] = {
      {distrusted,
       {},
       {},
       NextStep::keep_promise,
       with(distrusted, [](Evidence& e) { e.trust.kept += 1; })},
      {distrusted,
       {.open_complaints = 1},
       {.resolution = 2},
       NextStep::resolve_complaint,
       with(distrusted, [](Evidence& e) { e.trust.kept += 2; })},
      {distrusted,
       {.open_complaints = 0},
       {.resolution = 2},
       NextStep::keep_promise,
       with(distrusted, [](Evidence& e) { e.trust.kept += 1; })},
      {stubborn,
       {},
       {.concession = 0.5},
       NextStep::grant_concession,
       with(stubborn, [](Evidence& e) { e.responsiveness.granted += 0.5; })},
      {waiting,
       {},
       {},
       NextStep::answer_request,
       with(waiting,
            [](Evidence& e) {
              e.responsiveness.answered = 1;
              e.responsiveness.answer_time = 30;  // not 40
              e.responsiveness.open = 2;
              e.responsiveness.open_time = 80;
            })},
      {unbound,
       {.contract_possible = true},
       {},
       NextStep::offer_contract,
       with(unbound, [](Evidence& e) { e.commitment.contract_days_left = 365; })},
      {owing,
       {},
       {.gift = 3},
       NextStep::give_gift,
       with(owing, [](Evidence& e) { e.reciprocity.given += 3; })},
  };
  for (const Case& c : cases) {
    const NextStepPoints next = next_step(c.before, c.available, distributor, c.sizes);
    CAPTURE(static_cast<int>(c.step));
    CHECK(next.step == c.step);
    CHECK(near(next.points, gain(c.after, c.before, distributor), 1e-12));
    CHECK(next.points > 0);
  }
  CHECK(next_step(none, {}).step != NextStep::none);
}

TEST_CASE("a tie goes to the step that is listed first") {
  const Evidence distrusted{.commitment = {300, 0},
                            .responsiveness = {90, 1, 0, 0, 90, 0},
                            .reciprocity = {50, 50},
                            .trust = {1, 3, 2}};
  CHECK(next_step(distrusted, {.open_complaints = 1}).step == NextStep::keep_promise);
}

TEST_CASE("steps that are closed are not taken") {
  const Evidence running{.commitment = {300, 0, 0},
                         .responsiveness = {90, 1, 0, 0, 90, 0},
                         .reciprocity = {50, 50},
                         .trust = {300, 0, 0}};
  CHECK(next_step(running, {.contract_possible = true}, distributor).step !=
        NextStep::offer_contract);
  Evidence ended = running;
  ended.commitment.contract_days_left = -1;
  CHECK(next_step(ended, {.contract_possible = true}, distributor).step ==
        NextStep::offer_contract);
  CHECK(next_step(ended, {.contract_possible = false}, distributor).step !=
        NextStep::offer_contract);
  // A gift where we give more already would lower reciprocity.
  const Evidence generous{.reciprocity = {9, 0}};
  CHECK(next_step(generous, {}).step != NextStep::give_gift);
  const Evidence owing{.reciprocity = {0, 9}};
  CHECK(next_step(owing, {}).step == NextStep::give_gift);
  // Nothing open: no answer, even where a wait is left over.
  const Evidence stale{.responsiveness = {0, 0, 0, 50, 0, 0}};
  CHECK(next_step(stale, {}).step != NextStep::answer_request);
}

TEST_CASE("the step is the best of all that are open") {
  const double amounts[] = {0, 0.5, 3, 40};
  for (const double x : amounts) {
    for (const double y : amounts) {
      for (const double z : amounts) {
        const Evidence e{.commitment = {x, y, z > 1 ? 10 * z : -1.0},
                         .responsiveness = {x, y, z > 0 ? 2.0 : 0.0, z, y, x},
                         .reciprocity = {y, z},
                         .trust = {z, x, y}};
        const Availability all{1, true};
        const NextStepPoints next = next_step(e, all, distributor);
        Evidence promise = e;
        promise.trust.kept += 1;
        Evidence concession = e;
        concession.responsiveness.granted += 1;
        CHECK(next.points >= gain(promise, e, distributor) - 1e-12);
        CHECK(next.points >= gain(concession, e, distributor) - 1e-12);
        const NextStepPoints fewer = next_step(e, {}, distributor);
        CHECK(fewer.points <= next.points);
      }
    }
  }
}
