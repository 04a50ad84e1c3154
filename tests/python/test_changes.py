# SPDX-License-Identifier: MIT
"""Changes between two dates and two policies: against the exact reference on cut logs, and against chance."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

np = pytest.importorskip("numpy")
loyalty = pytest.importorskip("loyalty")

from steady import CUT, DAY, Steady  # noqa: E402

COLUMNS = {
    "relationship": np.array(["anna", "anna", "bert", "anna", "anna", "bert"], dtype=object),
    "time": np.array([0, 10, 20, 100, 110, 120]) * DAY + CUT,
    "kind": np.array(["purchase", "promise", "purchase", "purchase", "guarantee", "complaint"], dtype=object),
    "due": np.array([0, 10, 0, 0, 0, 0]) * DAY + CUT,
    "done": np.array([0, 10, 0, 0, 0, 0]) * DAY + CUT,
    "value": np.array([np.nan, 1, np.nan, np.nan, 1, 1]),
}  # fmt: skip
THEN, NOW = CUT + 50 * DAY, CUT + 200 * DAY
DIFF_DATE = CUT + 121 * DAY


def rows(keep, columns=COLUMNS):
    return {name: values[keep] for name, values in columns.items()}


def folded(keep, policy=None, columns=COLUMNS):
    portfolio = loyalty.Portfolio(policy, landmark=CUT)
    portfolio.apply(rows(keep, columns))
    return portfolio


@pytest.fixture
def sides():
    early = COLUMNS["time"] <= THEN
    return folded(early), folded(early | True)


def test_the_four_causes_and_the_four_parameters_sum_to_the_change(sides):
    before, after = sides
    changes = after.changes(before, since=THEN, as_of=NOW)
    frame = changes.to_frame("pandas")
    causes = frame.by_new_events + frame.by_decay + frame.by_rules
    parts = frame.by_commitment + frame.by_responsiveness + frame.by_reciprocity + frame.by_trust
    assert frame.by_corrections.isna().all()  # nobody said which rows were late
    assert (causes - frame.change).abs().max() < 1e-10
    assert (parts - frame.change).abs().max() < 1e-10
    assert frame.moved.tolist() == ["climbed", "held"]
    assert changes["anna"].reason.startswith("second purchase: regularity 1.")
    assert changes["bert"].by_trust < -1
    back = before.changes(after, since=NOW, as_of=THEN).to_frame("pandas")
    assert (back.change == -frame.change).all()
    assert back.moved.tolist() == ["fell", "held"]


@pytest.mark.parametrize("seed", range(10))
def test_against_the_reference_on_the_log_cut_at_the_dates(seed):
    pytest.importorskip("scipy")
    pytest.importorskip("mpmath")
    from reference import generate, portfolio
    from test_against_reference import Library

    case = generate.portfolio(seed, relationships=60)
    rng = random.Random(f"changes {seed}")
    landmark, reach = case.policy["landmark"], 30 * min(case.policy["half_life"].values())
    times = sorted(row["time"] for row in case.rows if isinstance(row.get("time"), int))
    cut = min(max(rng.choice(times[len(times) // 2 :]), landmark - reach), case.as_of)
    early = [row for row in case.rows if not row.get("time", 0) > cut]
    kinds = sorted(loyalty._core.kind_names)  # what the log records would move with the cut
    policy = {**case.policy, "observes": [kind for kind in kinds if kind != "retraction"]}
    policy.setdefault("currency", "EUR")  # of which row names one first, likewise

    def qualities(rows, date):
        found = portfolio.assess(rows, date, policy, scores="fast")
        return {name: row["quality"] for name, row in found.items()}

    then, time, now = (
        qualities(early, cut),
        qualities(early, case.as_of),
        qualities(case.rows, case.as_of),
    )
    before, after = Library(policy, cut), Library(policy, case.as_of)
    before.apply(case.rows)
    after.apply(case.rows)
    found = after.portfolio.changes(before.portfolio, since=cut, as_of=case.as_of)
    known = 0
    for row in found.to_frame("pandas").itertuples():
        q = [of.get(row.relationship) for of in (then, time, now)]
        assert (
            (row.quality_before == pytest.approx(q[0], abs=1e-9))
            if q[0] is not None
            else np.isnan(row.quality_before)
        )
        assert (
            (row.quality_after == pytest.approx(q[2], abs=1e-9))
            if q[2] is not None
            else np.isnan(row.quality_after)
        )
        if None in q:
            continue
        known += 1
        assert row.change == pytest.approx(q[2] - q[0], abs=1e-9)
        assert row.by_decay == pytest.approx(q[1] - q[0], abs=1e-9)
        assert row.by_new_events == pytest.approx(q[2] - q[1], abs=1e-9)
    assert known > 0


def test_late_rows_are_corrections_where_the_corrected_log_is_given(sides):
    before = folded(np.array([True, False, True, False, False, False]))  # the promise came late
    corrected = folded(COLUMNS["time"] <= THEN)
    changes = sides[1].changes(before, since=THEN, as_of=NOW, corrected=corrected)
    anna = changes["anna"]
    assert anna.by_corrections > 0
    assert anna.by_corrections + anna.by_decay + anna.by_new_events == pytest.approx(
        anna.change, abs=1e-10
    )
    assert changes.counts["corrections_known"]
    assert "late rows" not in changes.summary()


def test_explain(sides):
    before, after = sides
    changes = after.changes(before, since=THEN, as_of=NOW)
    page = changes["anna"].explain()
    assert page == after.explain("anna", NOW, since=before.assess(THEN))
    assert page.startswith("anna (consumer), from ")
    assert max(len(line) for line in page.splitlines()) <= 80
    for word in ("climbed from buyer: second purchase", "trust", "new events", "time passing"):
        assert word in page
    with pytest.raises(KeyError, match="nobody"):
        changes["nobody"]
    with pytest.raises(KeyError, match="nobody"):
        after.explain("nobody", NOW, since=before)
    assert after.explain("anna", NOW).startswith("anna (consumer), as of")


def test_a_quality_that_was_not_published_is_said_to_be_so(sides):
    after = sides[1]
    only = loyalty.Portfolio(landmark=CUT)
    only.apply(rows(COLUMNS["relationship"] == "bert"))
    changes = after.changes(only, since=CUT + 120 * DAY, as_of=NOW)
    anna = changes["anna"]
    assert anna.moved == "new"
    assert anna.quality_before is None
    assert anna.quality_after is not None
    assert anna.change is not None
    page = anna.explain()
    assert "not known" in page
    assert "was not published" in page


def test_a_result_whose_portfolio_moved_on_is_refused(sides):
    before, after = sides
    result = before.assess(THEN)
    kept = before.copy()
    assert kept.to_bytes() == before.to_bytes()
    before.apply(rows(COLUMNS["time"] > THEN))
    with pytest.raises(ValueError, match=r"portfolio\.copy\(\)"):
        after.changes(result)
    assert after.changes(kept, since=THEN, as_of=NOW)["anna"].moved == "climbed"
    with pytest.raises(TypeError, match="a Portfolio or a Result"):
        after.changes("2024-01-01")
    with pytest.raises(loyalty.WindowError, match="newest row"):
        after.changes(kept, since=CUT, as_of=NOW)
    with pytest.raises(ValueError, match="no events yet"):
        after.changes(loyalty.Portfolio())


@pytest.mark.parametrize("document", [
    {"quality": {"weight_trust": 0.1, "weight_commitment": 0.5}},
    {"ladder": {"client": {"enter": 2.5, "keep": 2.0}}},
    {"half_life_days": {"trust": 60}},
])  # fmt: skip
def test_policy_diff_is_rules_only_and_the_other_way_round_the_opposite(document):
    old, new = loyalty.Policy(), loyalty.Policy.from_dict(document)
    there = loyalty.policy_diff(old, new, COLUMNS, DIFF_DATE)
    back = loyalty.policy_diff(new, old, COLUMNS, DIFF_DATE)
    frame, opposite = there.to_frame("pandas"), back.to_frame("pandas")
    for column in ("by_new_events", "by_decay", "by_corrections", "noise"):
        assert (frame[column] == 0).all()
    assert (frame.by_rules == frame.change).all() or (
        frame.by_rules - frame.change
    ).abs().max() < 1e-10
    assert (opposite.by_rules == -frame.by_rules).all()
    for portfolio_policy, column in ((old, "quality_before"), (new, "quality_after")):
        own = loyalty.Portfolio(portfolio_policy, landmark=DIFF_DATE)
        own.apply(COLUMNS)
        expected = own.assess(DIFF_DATE)
        assert np.allclose(frame[column], expected.column("quality"), atol=1e-12, equal_nan=True)
        assert not np.isnan(expected.column("quality")[0])
        rung = "rung_before" if portfolio_policy is old else "rung_after"
        assert frame[rung].tolist() == expected.column("rung").tolist()
    if "ladder" in document:
        assert (
            there["anna"].reason
            == "regularity 1.75, below the 2.00 that a client needs to stay (0.75 before)"
        )
        assert "From which rung to which" in there.summary()


def test_policies_by_path_and_the_same_policy_twice(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('name = "same"\n')
    none = loyalty.policy_diff(path, loyalty.Policy(), COLUMNS, NOW)
    assert (none.column("change") == 0).all()
    assert none.counts["moves"] == {"climbed": 0, "held": 2, "fell": 0, "new": 0, "gone": 0}
    assert "2 held" in none.summary()


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict"])
def test_frames_and_metadata(sides, kind):
    if kind != "dict":
        pytest.importorskip(kind)
    before, after = sides
    changes = after.changes(before, since=THEN, as_of=NOW)
    frame = changes.to_frame(kind)
    names = (
        list(frame)
        if kind == "dict"
        else frame.column_names
        if kind == "pyarrow"
        else list(frame.columns)
    )
    assert names == [name for name, _, _ in loyalty._core.change_columns]
    assert changes.metadata["loyalty.policy.before"] == after.policy.fingerprints["policy"]
    assert list(changes) == ["anna", "bert"]
    assert "anna" in changes
    assert "<pre>" in changes._repr_html_()


# --- noise: the table is in docs/changes.md, made by `python tests/python/steady.py` ---


@pytest.mark.parametrize(
    ("per_year", "history", "period"), [(12, 365, 90), (12, 1460, 30), (50, 365, 365)]
)
def test_of_relationships_treated_as_ever_nine_in_ten_stay_within_the_noise(
    per_year, history, period
):
    inside = Steady(1500, per_year, history, period).inside()
    assert 0.86 < inside < 0.96


def test_treatment_that_grew_worse_shows():
    quiet = 1 - Steady(1000, 50, 1460, 90, reliability=0.9).inside()
    worse = 1 - Steady(1000, 50, 1460, 90, reliability=0.9, reliability_after=0.4).inside()
    assert quiet < 0.15
    assert worse > 2.5 * quiet
