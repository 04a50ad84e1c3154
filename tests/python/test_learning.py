# SPDX-License-Identifier: MIT
"""Learning: the fits against known numbers and slow loops, truth of simulated logs, refusals, files, the command."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
import loyalty  # noqa: E402
from loyalty.learning import (  # noqa: E402
    fit_beta_binomial,
    fit_gamma_rate,
    prequential_score,
)
from loyalty.simulate import simulate  # noqa: E402

DAY = 86400
# vectors.json, B5_beta_binomial
GOOD = [3, 5, 8, 2, 0, 9, 7, 4, 10, 6]
TRIALS = [4, 6, 10, 5, 3, 10, 9, 8, 11, 6]
BAD = [n - k for k, n in zip(GOOD, TRIALS, strict=True)]


@pytest.fixture(scope="module")
def company():
    return simulate(800, years=3, seed=4)


@pytest.fixture(scope="module")
def learned(company):
    return loyalty.Policy.fit(company.events, as_of=company.end)


def row(fit, key: str) -> dict:
    table = fit.changes("dict")
    at = table["key"].tolist().index(key)
    return {name: column[at] for name, column in table.items()}


# --- the fits behind it


def test_beta_binomial_is_that_of_the_vectors() -> None:
    fit = fit_beta_binomial(GOOD, BAD)
    assert fit.ended == "converged"
    assert fit.usable
    assert fit.relationships == 10
    assert fit.start == pytest.approx((2.984977982997983, 0.9949926609993276), rel=1e-13)
    assert fit.log_likelihood == pytest.approx(-39.771528465242895, rel=1e-15)
    assert fit.first.value == pytest.approx(5.880618071, rel=1e-7)
    assert fit.second.value == pytest.approx(2.22790435, rel=1e-7)
    orders = sum(math.log(math.comb(n, k)) for k, n in zip(GOOD, TRIALS, strict=True))
    assert fit.log_likelihood + orders == pytest.approx(-17.951732505832695, rel=1e-14)
    shrunk = [
        *(0.733419, 0.771209, 0.766524, 0.601183, 0.529379),
        *(0.821747, 0.752877, 0.613378, 0.831075, 0.842088),
    ]
    a, b = fit.first.value, fit.second.value
    for k, n, wanted in zip(GOOD, TRIALS, shrunk, strict=True):
        assert (a + k) / (a + b + n) == pytest.approx(wanted, abs=5.1e-7)
    for estimate in (fit.first, fit.second, fit.mean, fit.weight):
        assert estimate.low < estimate.value < estimate.high
    assert fit.mean.value == pytest.approx(a / (a + b))
    assert "converged" in str(fit)


def test_prequential_scores_are_those_of_the_vectors() -> None:
    # vectors.json, B6_prequential: events and prior of B1_decayed_beta.
    time = np.array([10, 100, 190, 300, 370, 395]) * DAY
    good, bad = [1, 1, 0, 1, 2, 0], [0, 0, 1, 0, 0, 1]
    wanted = [-4.698579865280282, -4.7982047207552485, -4.832693929897365]
    scores = prequential_score(time, good, bad, [60, 180, 720])
    assert scores.tolist() == pytest.approx(wanted, rel=1e-15)
    back = slice(None, None, -1)
    assert prequential_score(time[back], good[back], bad[back], 60) == scores[0]
    assert prequential_score(time.astype("datetime64[s]"), good, bad, 60, zone="UTC") == scores[0]
    twice = prequential_score(
        np.tile(time, 2), good * 2, bad * 2, 180, relationship=["x"] * 6 + ["y"] * 6
    )
    assert twice == pytest.approx(2 * wanted[1], rel=1e-15)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_columns_of_any_kind(kind: str) -> None:
    library = pytest.importorskip(kind)
    made = {"pandas": "Series", "polars": "Series", "pyarrow": "array"}[kind]
    column = getattr(library, made)
    assert fit_beta_binomial(column(GOOD), column(BAD)) == fit_beta_binomial(GOOD, BAD)
    # A null is not a zero: the row is left out.
    assert fit_beta_binomial(column([*GOOD, None]), column([*BAD, 3])).relationships == 10


def test_gamma_rates_change_with_the_unit_of_time_by_its_factor() -> None:
    answers, days = [3, 5, 0, 9, 2, 4, 1, 12, 6, 2.5], [1, 4, 2, 3, 3, 2, 2, 1.75, 9, 0.5]
    one, other = fit_gamma_rate(answers, days), fit_gamma_rate(answers, [24 * d for d in days])
    # tests/math/priors_reference.py, 50 digits
    assert one.first.value == pytest.approx(1.49248564846675, rel=1e-9)
    assert one.second.value == pytest.approx(0.719587657889401, rel=1e-9)
    assert other.first.value == pytest.approx(one.first.value, rel=1e-8)
    assert other.second.value == pytest.approx(24 * one.second.value, rel=1e-8)


@pytest.mark.parametrize(
    ("good", "bad", "ended"),
    [
        ([], [], "too_little_data"),
        ([5], [1], "too_little_data"),
        ([0, 0], [0, 0], "too_little_data"),
        ([1 / 16] * 40, [0] * 40, "not_identified"),
        ([0] * 40, [1e6] * 40, "not_identified"),
        ([8] * 100, [2] * 100, "boundary"),
        ([1e9, 2e9, 5e8], [1e9, 1e9, 1e9], "converged"),
    ],
)
def test_every_end_says_so(good: list, bad: list, ended: str) -> None:
    fit = fit_beta_binomial(np.array(good, float), np.array(bad, float))
    assert fit.ended == ended
    assert fit.status.endswith(".")
    assert fit.usable == (ended in ("converged", "boundary"))
    if fit.usable:
        assert math.isfinite(fit.first.value)
        assert math.isfinite(fit.second.value)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ([1, -1], [0, 0], "column 'good', row 1"),
        ([1, 2], [0, math.inf], "column 'bad', row 1"),
        ([1, 2], [0, 0, 1], "3 rows"),
    ],
)
def test_wrong_evidence_is_refused(good: list, bad: list, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_beta_binomial(good, bad)


def test_wrong_scores_are_refused() -> None:
    time = np.array([0, DAY])
    with pytest.raises(ValueError, match="half_life_days: 0"):
        prequential_score(time, [1, 1], [0, 0], 0)
    with pytest.raises(ValueError, match="prior: -1"):
        prequential_score(time, [1, 1], [0, 0], 5, prior=(-1, 1))
    with pytest.raises(ValueError, match="column 'good' has 3 rows"):
        prequential_score(time, [1, 1, 1], [0, 0], 5)
    with pytest.raises(ValueError, match="needs a number"):
        prequential_score(time, [1, None], [0, 0], 5)
    with pytest.raises(TypeError, match="'good'"):
        prequential_score(time, ["a", "b"], [0, 0], 5)


# --- from a log


def test_truth_of_a_simulated_company_is_recovered(company, learned) -> None:
    """The laws that `simulate` draws from: guarantees kept Beta(9, 2), concessions granted Beta(3, 3)."""
    for key, truth in (
        ("commitment.prior_kept", 9),
        ("commitment.prior_breached", 2),
        ("responsiveness.prior_granted", 3),
        ("responsiveness.prior_refused", 3),
    ):
        found = row(learned, f"roles.consumer.{key}")
        assert found["ended"] in ("converged", "boundary"), found
        assert found["low"] <= truth, found
        assert found["high"] >= truth or found["ended"] == "boundary", found


def test_the_new_policy_is_what_the_table_says(learned) -> None:
    import tomllib

    said = tomllib.loads(learned.policy.to_toml(full=True))
    table = learned.changes("dict")
    assert table["changed"].any()
    for key, before, after, changed in zip(
        table["key"], table["before"], table["after"], table["changed"], strict=True
    ):
        assert changed == (before != after)
        # What all roles share, and what follows from another key, is not written.
        section, _, name = key.rpartition(".")
        value = None
        for place in (section, ".".join(section.split(".")[2:])):
            table_of = said
            for part in filter(None, place.split(".")):
                table_of = table_of.get(part, {})
            value = table_of.get(name) if value is None else value
        if key == "half_life_days.purchases":
            assert value is None
            value = 4 * said["purchase_cycle_days"]
        assert value == pytest.approx(after, rel=1e-6), key
    assert all(status.endswith(".") for status in table["status"])
    kept = ~table["changed"]
    assert all(math.isfinite(x) for x in table["before"][kept])


def test_order_of_rows_and_kind_of_frame_change_nothing(company, learned) -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(len(company))
    shuffled = {name: column[order] for name, column in company.events.items()}
    again = loyalty.Policy.fit(shuffled, as_of=company.end)
    assert again.policy == learned.policy
    assert again.summary() == learned.summary()
    frame = loyalty.Policy.fit(company.to_frame(), as_of=company.as_of)
    assert frame.summary() == learned.summary()
    assert type(frame.changes()).__module__.startswith("pandas")
    polars = pytest.importorskip("polars")
    columns = company.to_frame()
    made = loyalty.Policy.fit(polars.from_pandas(columns), as_of=company.end)
    assert made.summary() == learned.summary()
    assert isinstance(made.changes(), polars.DataFrame)
    assert made.half_life_scores().columns == ["stream", "half_life_days", "log_score"]


def test_scores_of_half_lives_are_those_of_a_slow_loop(company) -> None:
    """Guarantees and surveys of commitment, event by event, with the evidence before each."""
    fit = loyalty.Policy.fit(company.events, as_of=company.end, learn="half_lives")
    table = fit.half_life_scores("dict")
    own = table["stream"] == "guarantees"
    events = company.events
    outcomes: dict[str, dict[int, list[float]]] = {}
    for i in range(len(company)):
        kind, value = events["kind"][i], events["value"][i]
        if kind == "guarantee" and events["side"][i] in ("us", None):
            good, bad = value, 1 - value
        elif kind == "survey" and events["parameter"][i] == "commitment":
            low, high = events["scale_low"][i], events["scale_high"][i]
            good = round(16 * 0.5 * (value - low) / (high - low)) / 16
            bad = 0.5 - good
        else:
            continue
        seconds = outcomes.setdefault(events["relationship"][i], {})
        sums = seconds.setdefault(int(events["time"][i]), [0.0, 0.0])
        sums[0] += good
        sums[1] += bad
    assert len(outcomes) > 50
    for days, score in list(zip(table["half_life_days"][own], table["log_score"][own], strict=True))[::9]:  # fmt: skip
        total = 0.0
        for seconds in outcomes.values():
            past: list[tuple[int, float, float]] = []
            for time, (good, bad) in sorted(seconds.items()):
                fade = [2 ** ((t - time) / DAY / days) for t, _, _ in past]
                k = 4 + sum(w * g for w, (_, g, _) in zip(fade, past, strict=True))
                n = 1 + sum(w * b for w, (_, _, b) in zip(fade, past, strict=True))
                total += good * math.log(k / (k + n)) + bad * math.log(n / (k + n))
                past.append((time, good, bad))
        assert score == pytest.approx(total, rel=1e-6), days


def test_a_hold_out_is_told(company) -> None:
    fit = loyalty.Policy.fit(company.events, as_of=company.end, hold_out="2024-01-01")
    held = fit.hold_out("dict")
    assert held["stream"].tolist() == ["guarantees", "trust", "responses", "concessions", "reciprocity"]  # fmt: skip
    assert (held["outcomes"] > 100).all()
    assert np.allclose(held["gain"], held["after"] - held["before"])
    assert held["gain"].sum() > 0
    assert "predicts better" in fit.summary()
    assert loyalty.Policy.fit(company.events, as_of=company.end).hold_out() is None


def test_only_what_is_asked_for_changes(company) -> None:
    start = loyalty.Policy.from_dict({"name": "mine", "trust": {"grave_weight": 3}})
    fit = loyalty.Policy.fit(company.events, start, as_of=company.end, learn=["purchase_cycle"])
    assert fit.start == start
    assert fit.policy.name == "mine"
    assert fit.changes("dict")["key"].tolist() == ["purchase_cycle_days", "half_life_days.purchases"]  # fmt: skip
    cycle = fit.purchase_cycles["all"]
    assert cycle.days.low < cycle.days.value < cycle.days.high
    assert fit.policy._core.purchase_cycle_days == pytest.approx(cycle.days.value, abs=0.005)
    assert set(fit.purchase_cycles) == {"all", "consumer", "supplier", "distributor", "agency", "agent"}  # fmt: skip
    assert "grave_weight = 3" in fit.policy.to_toml()
    assert "grave_weight = 3" in fit.to_toml()


def test_too_little_data_changes_nothing_and_says_how_much_is_needed() -> None:
    few = simulate(6, years=1, seed=1)
    fit = loyalty.Policy.fit(few.events, as_of=few.end)
    assert fit.policy == loyalty.Policy()
    assert not fit.changes("dict")["changed"].any()
    assert set(fit.changes("dict")["ended"]) <= {"too_little_data", "not_identified"}
    assert "are needed:" in fit.summary()
    empty = {name: column[:0] for name, column in few.events.items()}
    nothing = loyalty.Policy.fit(empty, as_of="2024-12-31")
    assert nothing.relationships == 0
    assert nothing.policy == loyalty.Policy()


def test_rows_after_the_date_and_bad_rows_are_counted(company) -> None:
    events = {name: column.copy() for name, column in company.events.items()}
    events["kind"][5] = "purchaze"
    fit = loyalty.Policy.fit(events, as_of="2023-06-30")
    assert fit.books.balanced
    assert fit.books.read == len(company)
    assert fit.books.set_aside == {"unknown_kind": 1}
    assert fit.books.skipped["after_as_of"] > 1000


def test_wrong_calls_are_refused(company) -> None:
    fit = loyalty.Policy.fit
    with pytest.raises(ValueError, match="learn: 'prior' is none of"):
        fit(company.events, as_of=company.end, learn="prior")
    with pytest.raises(ValueError, match=r"hold_out = .*: allowed is a date before as_of"):
        fit(company.events, as_of="2023-01-01", hold_out="2024-01-01")
    with pytest.raises(ValueError, match="least_relationships = 1"):
        fit(company.events, as_of=company.end, least_relationships=1)
    with pytest.raises(TypeError, match="a date is needed"):
        fit(company.events, as_of=None)
    with pytest.raises(ValueError, match="missing column 'kind'"):
        fit({"relationship": ["a"], "time": [0]}, as_of="2024-01-01")


def test_a_saved_policy_says_what_changed_and_reads_back(learned, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    learned.save(path, source="log.parquet")
    text = path.read_text()
    assert loyalty.Policy.load(path) == learned.policy
    assert text.startswith("# Learned from ")
    assert "# From log.parquet" in text
    assert learned.policy.fingerprints["policy"] in text
    assert learned.start.fingerprints["policy"] in text
    assert max(map(len, text.splitlines())) <= 102
    assert learned.summary() in repr(learned._repr_html_()) or "<pre>" in learned._repr_html_()
    assert "PolicyFit(" in repr(learned)


# --- the command


@pytest.fixture(scope="module")
def log(company, tmp_path_factory):
    pytest.importorskip("duckdb", reason="the command needs duckdb")
    path = tmp_path_factory.mktemp("learning") / "log.parquet"
    company.write(path)
    return path


def call(*arguments: object) -> int:
    pytest.importorskip("typer", reason="the command needs typer")
    from loyalty.command import main

    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return end.value.code


def test_the_command_learns_what_python_learns(log, company, learned, tmp_path, capsys) -> None:
    out = tmp_path / "policy.toml"
    assert call("fit", log, "--as-of", company.as_of, "-o", out) == 0
    said = capsys.readouterr().out
    # The reader has dropped repeats before: all but the counts of rows is the same.
    assert learned.summary().split("\n", 2)[2] in said
    assert f"policy: {out}" in said
    assert loyalty.Policy.load(out) == learned.policy
    assert str(log) in out.read_text()
    scores = tmp_path / "scores.csv"
    assert call("score", log, "--as-of", company.as_of, "-p", out, "-o", scores, "-q") == 0
    with open(scores) as file:
        assert len(list(csv.DictReader(file))) == 800
    capsys.readouterr()
    assert call("fit", log, "--as-of", company.as_of, "-o", "-", "--learn", "priors") == 0
    text = capsys.readouterr().out
    only = loyalty.Policy.parse(text)
    assert "half_life_days" not in only.to_toml()
    assert only != loyalty.Policy()


def test_the_command_refuses_as_other_verbs_do(log, company, tmp_path, capsys) -> None:
    for arguments, code, said in (
        (["--as-of", "soon"], 2, "--as-of"),
        (["--as-of", company.as_of, "-o", tmp_path / "policy.csv"], 2, ".toml"),
        (["--as-of", company.as_of, "-o", tmp_path / "no" / "policy.toml"], 2, "there is no folder"),
        (["--as-of", company.as_of, "--learn", "everything"], 2, "--learn"),
        (["--as-of", company.as_of, "--hold-out", "2030-01-01"], 2, "--hold-out"),
        (["--as-of", company.as_of, "-p", tmp_path / "none.toml"], 2, "there is no such file"),
        (["--as-of", "1990-01-01"], 1, "no events"),
    ):  # fmt: skip
        assert call("fit", log, *arguments) == code, arguments
        assert said in capsys.readouterr().err
    assert call("fit", tmp_path / "nothing.parquet", "--as-of", "2024-01-01") == 1
    assert not list(tmp_path.glob("*.toml"))


@pytest.mark.skipif(
    not Path(os.environ.get("LOYALTY_DATA", "")).is_dir() or not os.environ.get("LOYALTY_DATA"),
    reason="LOYALTY_DATA does not name the folder of the public tables",
)
def test_public_tables_teach_what_they_hold(tmp_path, capsys) -> None:
    data = Path(os.environ["LOYALTY_DATA"])
    out = tmp_path / "desk.toml"
    source = ("-m", "service_desk", data / "uci_incident")
    assert call("fit", *source, "--as-of", "2016-05-31", "-o", out) == 0
    said = capsys.readouterr().out
    assert "roles.consumer.responsiveness.prior_answers" in said
    assert loyalty.Policy.load(out) != loyalty.Policy()
