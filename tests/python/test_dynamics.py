# SPDX-License-Identifier: MIT
"""Populations: published numbers, slow counts from snapshots and events, coverage, what a person reads."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
import loyalty  # noqa: E402
from loyalty import dynamics  # noqa: E402
from loyalty.simulate import simulate  # noqa: E402

DAY = 86400
RUNGS = ("prospect", "buyer", "client", "supporter", "advocate", "partner")

#: vectors.json E_monthly_chain.
COUNTS = [
    [90, 10, 0, 0, 0, 0],
    [5, 80, 15, 0, 0, 0],
    [0, 8, 60, 10, 2, 0],
    [0, 0, 4, 30, 6, 0],
    [0, 0, 1, 2, 15, 2],
    [0, 0, 0, 0, 1, 4],
]
START = [0.4, 0.3, 0.15, 0.1, 0.04, 0.01]
#: vectors.json E_first_passage_discrete.
ROWS = [
    [0.9, 0.1, 0, 0, 0, 0],
    [0.04, 0.8, 0.16, 0, 0, 0],
    [0, 0.08, 0.78, 0.12, 0.02, 0],
    [0, 0, 0.1, 0.74, 0.15, 0.01],
    [0, 0, 0.02, 0.12, 0.75, 0.11],
    [0, 0, 0, 0.03, 0.17, 0.8],
]
#: vectors.json E_generator: rates up and down.
UP, DOWN = [0.05, 0.12, 0.06, 0.04, 0.02], [0.03, 0.05, 0.04, 0.03, 0.02]
#: vectors.json E_kalbfleisch_lawless.
SNAPSHOTS = [
    (1, [[50, 12, 2], [6, 40, 10], [1, 5, 30]]),
    (3, [[20, 14, 6], [7, 15, 12], [2, 6, 18]]),
]


@pytest.fixture(scope="module")
def company():
    return pd.DataFrame(simulate(200, years=2, seed=5).events)


@pytest.fixture(scope="module")
def past(company):
    return loyalty.history(company, dates="month")


# --- published numbers ------------------------------------------------------------------------------


def test_monthly_chain() -> None:
    mix = dynamics.Transitions(COUNTS).forecast(12, START)
    frame = mix.to_frame("dict")
    at = frame["period"] == 12
    assert frame["state"][at].tolist() == list(RUNGS)
    np.testing.assert_allclose(
        frame["plug_in"][at],
        [0.21201992, 0.24305691, 0.22509659, 0.14888043, 0.12220674, 0.04873941],
        atol=6e-9,
    )
    np.testing.assert_allclose(
        frame["share"][at],
        [0.2174853, 0.2414584, 0.22070235, 0.14694692, 0.12018842, 0.05321861],
        atol=6e-9,
    )
    sd = [0.06392, 0.05403, 0.05067, 0.04534, 0.0429, 0.0332]
    np.testing.assert_allclose(frame["model_sd"][at], sd, atol=6e-6)
    assert (frame["chance_sd"] == 0).all(), "the number of relationships is not known"
    assert np.isnan(frame["relationships"]).all()
    assert mix.status.end == "converged"


def test_first_passage_of_given_rows() -> None:
    chain = dynamics.Transitions.known(ROWS)
    means = [41.78278689, 31.78278689, 23.03278689, 12.70491803]
    for rung, mean in zip(RUNGS, means, strict=False):
        assert chain.first_passage("advocate", rung).mean.value == pytest.approx(mean, abs=6e-9)
    found = chain.first_passage("advocate", "prospect", periods=24)
    assert found.spread == pytest.approx(28.05100938, abs=6e-9)
    frame = found.to_frame("dict")
    assert frame["reached"][12] == pytest.approx(0.068277494978, abs=6e-13)
    assert frame["reached"][24] == pytest.approx(0.303127156506, abs=6e-13)
    assert "From prospect to advocate or above" in found.summary()
    # A rung alone is another question.
    alone = chain.first_passage("advocate", "partner", or_above=False)
    assert alone.mean.value > 0
    assert chain.first_passage("advocate", "partner").mean.value == 0
    several = chain.first_passage(["advocate", "partner"], "prospect")
    assert several.mean == found.mean


def test_generator() -> None:
    rates = np.zeros((6, 6))
    for k in range(5):
        rates[k, k + 1], rates[k + 1, k] = UP[k], DOWN[k]
    given = dynamics.Intensities(rates)
    row = [0.593222294555, 0.222739910698, 0.143780557014, 0.0353716644229, 0.0046342400813]
    row.append(0.000251333228689)
    np.testing.assert_allclose(given.probabilities(12)[0], row, rtol=1e-11)
    climbs = [one.value for one in given.climb_times().values()]
    up_times = [20, 13.33333333, 27.77777778, 52.77777778, 129.16666667]
    np.testing.assert_allclose(climbs, up_times, atol=6e-9)
    found = given.first_passage("partner", "prospect", times=[60])
    assert found.mean.value == pytest.approx(243.05555556, abs=6e-9)
    assert found.spread == pytest.approx(186.69167326, abs=6e-9)
    assert found.to_frame("dict")["reached"][0] == pytest.approx(0.06909152132736034, abs=1e-15)
    third = given.first_passage("partner", "supporter", times=[60]).to_frame("dict")["reached"][0]
    assert third == pytest.approx(0.2782034626303899, abs=1e-15)


def test_kalbfleisch_lawless() -> None:
    fit = dynamics.intensities_from_snapshots(SNAPSHOTS, states=["a", "b", "c"])
    assert fit.status.end == "converged"
    assert fit.log_likelihood == pytest.approx(-199.2468793058535, abs=1e-9)
    frame = fit.to_frame("dict")
    pairs = list(zip(frame["from"], frame["to"], strict=True))
    assert pairs == [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]
    np.testing.assert_allclose(
        frame["rate"], [0.2829998, 0.16962318, 0.25197947, 0.18812132], atol=6e-9
    )
    assert (frame["low"] < frame["rate"]).all()
    assert (frame["rate"] < frame["high"]).all()
    # Another unit of time is another number for the same rates.
    scaled = dynamics.intensities_from_snapshots(
        [(30 * time, counts) for time, counts in SNAPSHOTS], states=["a", "b", "c"]
    )
    np.testing.assert_allclose(30 * scaled.to_frame("dict")["rate"], frame["rate"], rtol=1e-10)


def test_null_mix() -> None:
    mix = dynamics.null_mix(penetration=0.4, mean=1.2)
    assert mix.k == pytest.approx(0.336222340624, abs=6e-13)
    frame = mix.to_frame("dict")
    np.testing.assert_allclose(
        frame["expected"][:4], [0.6, 0.157581411784, 0.082239581078, 0.050026598759], atol=6e-13
    )
    assert mix.repeaters.value == pytest.approx(0.606046470538, abs=3e-12)
    assert np.isnan(frame["observed"]).all()
    rungs = mix.rungs("dict")
    assert rungs["rung"].tolist() == ["prospect", "buyer", "client"]
    assert rungs["expected"].sum() == pytest.approx(1)


def test_vectors_are_those_of_the_file() -> None:
    """Where the file of vectors is at hand, the numbers above are its own."""
    data = os.environ.get("LOYALTY_DATA")
    file = Path(data).parent / "vectors.json" if data else None
    if file is None or not file.is_file():
        pytest.skip("LOYALTY_DATA does not name a folder with vectors.json beside it")
    held = json.loads(file.read_text())
    assert held["E_monthly_chain"]["N"] == COUNTS
    assert held["E_monthly_chain"]["pi0"] == START
    assert held["E_first_passage_discrete"]["rows"] == ROWS
    assert (held["E_generator"]["lam"], held["E_generator"]["mu"]) == (UP, DOWN)
    assert [held["E_kalbfleisch_lawless"][f"n_t{t}"] for t in (1, 3)] == [n for _, n in SNAPSHOTS]


# --- counted from histories -------------------------------------------------------------------------


def test_transitions_are_those_of_month_end_snapshots(past) -> None:
    snapshots = past.snapshots("dict")
    stood: dict[int, dict[str, str]] = {}
    dates = snapshots["date"].astype(np.int64)
    for date, who, rung in zip(dates, snapshots["relationship"], snapshots["rung"], strict=True):
        stood.setdefault(int(date), {})[who] = rung
    ends = sorted(stood)
    slow = Counter(
        (stood[a][who], stood[b][who]) for a, b in itertools.pairwise(ends) for who in stood[a]
    )
    moves = dynamics.transitions(past)
    assert sum(slow.values()) > 2000
    for i, a in enumerate(RUNGS):
        for j, b in enumerate(RUNGS):
            assert moves.counts[i, j] == slow[a, b], (a, b)
    today = past.relationships("dict")["rung"]
    assert moves.today.tolist() == [int((today == rung).sum()) for rung in RUNGS]
    assert moves.counts.trace() < moves.counts.sum(), "somebody moved"


def columns_of(events) -> tuple[list, list, list]:
    """Relationship, second and kind of the events that were not taken back."""
    back = set(events["refers_to"][events["kind"] == "retraction"])
    events = events[~events["event_id"].isin(back)]
    frame = {name: events[name].to_numpy() for name in ("relationship", "time", "kind")}
    times = frame["time"].astype("datetime64[s]").astype(np.int64)
    return frame["relationship"].tolist(), times.tolist(), frame["kind"].tolist()


def test_lapsed_is_who_has_not_bought_for_so_long(company, past) -> None:
    cycles = 1.5
    lapse = round(cycles * past.policy._core.purchase_cycle_days * DAY)
    bought: dict[str, list[int]] = {}
    for who, time, kind in zip(*columns_of(company), strict=True):
        if kind == "purchase":
            bought.setdefault(str(who), []).append(time)
    snapshots = past.snapshots("dict")
    stood: dict[int, dict[str, str]] = {}
    dates = snapshots["date"].astype(np.int64).tolist()
    for date, who, rung in zip(dates, snapshots["relationship"], snapshots["rung"], strict=True):
        last = max((t for t in bought.get(who, []) if t <= date), default=None)
        gone = rung != "prospect" and last is not None and date - last > lapse
        stood.setdefault(date, {})[who] = "lapsed" if gone else rung
    slow = Counter(
        (stood[a][who], stood[b][who])
        for a, b in itertools.pairwise(sorted(stood))
        for who in stood[a]
    )
    moves = dynamics.transitions(past, lapse_after_cycles=cycles)
    assert moves.states == (*RUNGS, "lapsed")
    for i, a in enumerate(moves.states):
        for j, b in enumerate(moves.states):
            assert moves.counts[i, j] == slow[a, b], (a, b)
    assert moves.counts[1:6, 6].sum() > 10
    assert moves.counts[6, 1:6].sum() > 5
    assert moves.counts[6, 0] == 0


def test_time_at_risk_and_moves_are_those_of_the_tape(past) -> None:
    found = dynamics.intensities(past, per="day", prior=(1e-9, 1e-9))
    tape = past.tape("dict")
    times = tape["time"].astype(np.int64)
    start = dict(zip(past._names, past._made["known_since"], strict=True))
    days, moves = Counter(), Counter()
    at = {who: ("prospect", int(since)) for who, since in start.items()}
    for who, time, a, b in zip(
        tape["relationship"], times, tape["from_rung"], tape["to_rung"], strict=True
    ):
        rung, since = at[who]
        assert rung == a
        if time > start[who]:
            days[a] += (int(time) - since) / DAY
            moves[a, b] += 1
            since = int(time)
        at[who] = (b, since)
    for rung, since in at.values():
        days[rung] += (past.until + 1 - since) / DAY
    frame = found.to_frame("dict")
    for a, b, count, rate in zip(
        *(frame[name] for name in ("from", "to", "count", "rate")), strict=True
    ):
        assert count == moves[a, b]
        assert rate == pytest.approx(moves[a, b] / days[a], rel=1e-6, abs=1e-9)
    assert frame["count"].sum() == sum(moves.values()) > 200


def test_rates_from_snapshots_agree_with_exact_ones_where_moves_are_slow(past) -> None:
    exact = dynamics.intensities(past).to_frame("dict")
    fit = dynamics.intensities_from_snapshots(past)
    assert fit.status.usable
    seen = fit.to_frame("dict")
    by_pair = {
        pair: (low, high)
        for *pair, low, high in []
    } | {
        (a, b): (low, high)
        for a, b, low, high in zip(
            *(exact[name] for name in ("from", "to", "low", "high")), strict=True
        )
    }  # fmt: skip
    overlaps = [
        low <= by_pair[a, b][1] and by_pair[a, b][0] <= high
        for a, b, low, high in zip(
            *(seen[name] for name in ("from", "to", "low", "high")), strict=True
        )
        if not np.isnan(high)
    ]
    assert len(overlaps) >= 6
    assert np.mean(overlaps) > 0.6


def test_row_order_and_zone_play_no_part(company, past) -> None:
    shuffled = loyalty.history(company.sample(frac=1, random_state=1), dates=[])
    for cycles in (None, 2):
        one = dynamics.transitions(past, lapse_after_cycles=cycles)
        other = dynamics.transitions(shuffled, lapse_after_cycles=cycles)
        np.testing.assert_array_equal(one.counts, other.counts)
        np.testing.assert_array_equal(one.today, other.today)
        np.testing.assert_array_equal(one.forecast(6).shares, other.forecast(6).shares)
        a, b = (dynamics.intensities(p, lapse_after_cycles=cycles) for p in (past, shuffled))
        np.testing.assert_array_equal(a.generator, b.generator)
    fits = [dynamics.intensities_from_snapshots(p).generator for p in (past, shuffled)]
    np.testing.assert_array_equal(*fits)


def test_since_leaves_out_what_was_before(past) -> None:
    whole = dynamics.transitions(past).counts
    late = dynamics.transitions(past, since="2023-01-01").counts
    assert 0 < late.sum() < whole.sum()
    assert (late <= whole).all()
    assert dynamics.transitions(past, period="week").counts.sum() > 3 * whole.sum()
    assert dynamics.transitions(past, period="quarter").counts.sum() < whole.sum()


def test_purchase_days_of_a_history(company, past) -> None:
    after = past.until - 180 * DAY
    first: dict[str, int] = {}
    days: dict[str, set[int]] = {}
    for who, time, kind in zip(*columns_of(company), strict=True):
        first[str(who)] = min(time, first.get(str(who), time))
        if kind == "purchase" and after < time <= past.until:
            days.setdefault(str(who), set()).add(time // DAY)
    counts = Counter(len(days.get(who, ())) for who, since in first.items() if since <= after)
    total = sum(counts.values())
    mix = dynamics.null_mix(past, days=180, most=4)
    observed = mix.to_frame("dict")["observed"]
    for n in range(4):
        assert observed[n] == pytest.approx(counts[n] / total)
    assert observed.sum() == pytest.approx(1)
    assert mix.penetration == pytest.approx(1 - counts[0] / total)
    assert mix.rungs("dict")["observed"][1] == pytest.approx(counts[1] / total)


# --- forecasts --------------------------------------------------------------------------------------


def drawn(rows, rng, states):
    """The next state of each."""
    cumulative = np.cumsum(rows, axis=1)
    return (rng.random(len(states))[:, None] > cumulative[states]).sum(axis=1)


def test_intervals_of_forecasts_cover() -> None:
    """90 % intervals of the share that is counted, over simulated populations; see docs/dynamics.md for the table."""
    rng = np.random.default_rng(2)
    truth = np.array(ROWS)
    inside = asked = 0
    for _ in range(150):
        states = rng.choice(6, 300, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
        counts = np.zeros((6, 6))
        for _ in range(12):
            after = drawn(truth, rng, states)
            np.add.at(counts, (states, after), 1)
            states = after
        moves = dynamics.Transitions(counts, today=np.bincount(states, minlength=6))
        frame = moves.forecast(12).to_frame("dict")
        for _ in range(12):
            states = drawn(truth, rng, states)
        shares = np.bincount(states, minlength=6) / 300
        last = frame["period"] == 12
        inside += ((frame["low"][last] <= shares) & (shares <= frame["high"][last])).sum()
        asked += 6
    assert asked == 900
    assert 0.86 < inside / asked < 0.95


def test_size_narrows_chance_alone() -> None:
    few = dynamics.Transitions(COUNTS, today=[4, 3, 2, 1, 1, 1]).forecast(6).to_frame("dict")
    many = dynamics.Transitions(COUNTS, today=[400, 300, 200, 100, 100, 100])
    many = many.forecast(6).to_frame("dict")
    later = few["period"] > 0
    np.testing.assert_allclose(few["model_sd"], many["model_sd"], rtol=1e-12)
    np.testing.assert_allclose(few["chance_sd"], 10 * many["chance_sd"], rtol=1e-12)
    assert (few["high"] - few["low"] > many["high"] - many["low"])[later].all()
    np.testing.assert_allclose(many["relationships"], 1200 * many["share"])


def test_stationary_mix() -> None:
    moves = dynamics.Transitions(COUNTS)
    mix = moves.stationary().to_frame("dict")
    np.testing.assert_allclose(mix["share"] @ moves.probabilities, mix["share"], atol=1e-14)
    assert (mix["low"] < mix["share"]).all()
    apart = dynamics.Transitions.known(np.eye(2), states=["here", "there"]).stationary()
    assert apart.status.end == "not_identified"
    assert len(apart.to_frame("dict")["share"]) == 0
    assert "depends on the start" in " ".join(apart.summary().split())


def test_what_cannot_be_reached_is_a_sentence() -> None:
    chain = dynamics.Transitions.known(
        [[0.9, 0.1, 0], [0.2, 0.8, 0], [0, 0, 1]], states=["buyer", "client", "advocate"]
    )
    found = chain.first_passage("advocate", "client")
    assert found.status.end == "not_identified"
    assert found.mean is found.spread is found.median is None
    assert found.quantiles == (None, None, None)
    assert "never lead there" in found.summary().replace("\n  ", " ")
    assert "half never" in repr(found)
    assert found.to_frame("dict")["reached"].max() == 0


def test_too_little_data_is_a_sentence() -> None:
    counts = np.zeros((6, 6))
    counts[1, 2] = 7
    moves = dynamics.Transitions(counts, today=[0, 7, 0, 0, 0, 0])
    for result in (moves.forecast(3), moves.stationary(), moves.first_passage("client")):
        assert result.status.end == "too_little_data"
        assert not result.status.usable
        assert str(result.status).startswith("Only 7 transitions were seen")
        assert all(len(column) == 0 for column in result.to_frame("dict").values())
        assert "Only 7 transitions" in result.summary()
    fit = dynamics.intensities_from_snapshots([(1, [[3, 1], [1, 3]])], states=["a", "b"])
    assert fit.status.end == "too_little_data"
    assert len(fit.to_frame("dict")["rate"]) == 0
    assert fit.climb_times() == {}
    few = dynamics.null_mix(counts=[50, 3, 2])
    assert few.status.end == "too_little_data"
    assert len(few.to_frame("dict")["expected"]) == len(few.rungs("dict")["rung"]) == 0
    assert "at least 20" in few.summary()


def test_a_bound_is_a_sentence() -> None:
    fit = dynamics.intensities_from_snapshots(
        [(1, [[50, 12, 2], [0, 40, 10], [0, 0, 30]])], states=["buyer", "client", "supporter"]
    )
    assert fit.status.end == "boundary"
    assert "client to buyer" in fit.status.sentence
    frame = fit.to_frame("pandas")
    assert frame.loc[frame["from"] == "supporter", "rate"].tolist() == [0.0]
    assert frame["high"].isna().sum() == 2


# --- tables and texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict"])
def test_frames_of_every_kind(kind) -> None:
    if kind != "dict":
        pytest.importorskip(kind)
    moves = dynamics.Transitions(COUNTS, today=[400, 300, 150, 100, 40, 10])
    tables = (
        moves, moves.forecast(3), moves.stationary(), moves.first_passage("advocate"),
        dynamics.intensities_from_snapshots(SNAPSHOTS), dynamics.null_mix(penetration=0.4, mean=1.2),
    )  # fmt: skip
    for table in tables:
        frame = table.to_frame(kind)
        names = (
            list(frame) if kind == "dict" else list(getattr(frame, "column_names", frame.columns))
        )
        assert names == [name for name, _, _ in table.COLUMNS]
        assert type(frame).__module__.split(".")[0] in (kind, "builtins")


def test_the_kind_that_came_in_comes_out(company) -> None:
    pl = pytest.importorskip("polars")
    past = loyalty.history(pl.from_pandas(company), dates=[])
    moves = dynamics.transitions(past)
    for table in (moves, moves.forecast(2), dynamics.intensities(past), dynamics.null_mix(past)):
        assert isinstance(table.to_frame(), pl.DataFrame)
        assert table.metadata["loyalty.as_of"]


def test_texts(past) -> None:
    moves = dynamics.transitions(past, lapse_after_cycles=4)
    for result in (
        moves, moves.forecast(12), moves.stationary(), moves.first_passage("advocate", "client"),
        dynamics.intensities(past), dynamics.intensities_from_snapshots(past), dynamics.null_mix(past),
    ):  # fmt: skip
        text = result.summary()
        assert max(len(line) for line in text.splitlines()) <= 80, text
        assert str(result) == text
        assert result.status.sentence.split()[0] in text
        assert result._repr_html_().startswith("<pre>")
        assert type(result).__name__ in repr(result)
        assert "nan" not in text.lower()


def test_arguments_are_named_kindly(past) -> None:
    wrong = [
        (lambda: dynamics.Transitions([["1", "2"], ["3", "4"]]), TypeError, "matrix of numbers"),
        (lambda: dynamics.Transitions([[1, 2, 3], [1, 2, 3]]), ValueError, "square"),
        (lambda: dynamics.Transitions([[1, -2], [1, 2]]), ValueError, "row 0, column 1: -2"),
        (lambda: dynamics.Transitions([[1, np.nan], [1, 2]]), ValueError, "counts, row 0"),
        (lambda: dynamics.Transitions(COUNTS, states=["a"]), ValueError, "6 different names"),
        (lambda: dynamics.Transitions(COUNTS, period="fortnight"), ValueError, "fortnight"),
        (lambda: dynamics.Transitions(COUNTS, prior=np.ones((2, 2))), ValueError, "prior"),
        (lambda: dynamics.Transitions(COUNTS, today=[1, 2]), ValueError, "today"),
        (lambda: dynamics.Transitions.known([[0.5, 0.4], [0, 1]]), ValueError, "sum to 0.9"),
        (lambda: dynamics.Transitions(COUNTS).forecast(3), ValueError, "start"),
        (lambda: dynamics.Transitions(COUNTS).forecast(-1, START), ValueError, "periods"),
        (lambda: dynamics.Transitions(COUNTS).forecast(2.5, START), TypeError, "periods"),
        (lambda: dynamics.Transitions(COUNTS).forecast(1, {"fan": 1}), ValueError, "'fan'"),
        (lambda: dynamics.Transitions(COUNTS).first_passage("fan", START), ValueError, "'fan'"),
        (lambda: dynamics.transitions(COUNTS), TypeError, "history"),
        (lambda: dynamics.transitions(past, period="year"), ValueError, "'year'"),
        (lambda: dynamics.transitions(past, lapse_after_cycles=0), ValueError, "above 0"),
        (lambda: dynamics.transitions(past, lapse_after_cycles="4"), TypeError, "cycles"),
        (lambda: dynamics.intensities_from_snapshots([]), ValueError, "at least one"),
        (lambda: dynamics.intensities_from_snapshots([(0, COUNTS)]), ValueError, "interval"),
        (lambda: dynamics.Intensities([[0, -1], [0, 0]]), ValueError, "-1"),
        (lambda: dynamics.null_mix(), ValueError, "give a history"),
        (lambda: dynamics.null_mix(penetration=0.4), ValueError, "give a history"),
        (lambda: dynamics.null_mix(penetration=0.4, mean=0.3), ValueError, "penetration"),
        (lambda: dynamics.null_mix(counts=[10, -1]), ValueError, "counts"),
        (lambda: dynamics.null_mix(past, days=0), ValueError, "days"),
    ]
    for call, error, words in wrong:
        with pytest.raises(error, match=words.replace("(", r"\(")):
            call()


def test_a_log_without_purchases_has_no_rungs() -> None:
    times = np.arange(5) * 40 * DAY
    past = loyalty.history(
        {
            "relationship": np.array(["a"] * 5, object),
            "time": times,
            "kind": np.array(["contact"] * 5, object),
        }
    )
    with pytest.raises(ValueError, match="no purchases"):
        dynamics.transitions(past)


# --- the command ------------------------------------------------------------------------------------


def run(*arguments: str, cwd) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "loyalty.command", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_command_forecast(tmp_path, company) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    simulate(200, years=2, seed=5).write(tmp_path / "events.parquet")
    done = run(
        "forecast", "events.parquet", "--as-of", "2023-06-30", "--months", "6", "-o", "ahead.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Rung mix of today's relationships" in done.stdout
    assert "When half of them have climbed" in done.stdout
    assert "mere purchases" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    lines = (tmp_path / "ahead.csv").read_text().splitlines()
    assert lines[0].startswith("period,state,share,low,high")
    assert len(lines) == 1 + 7 * 6
    past = loyalty.history(company, until="2023-06-30")
    share = dynamics.transitions(past).forecast(6).shares[6, 5]
    assert float(lines[-1].split(",")[2]) == pytest.approx(share, rel=1e-12)

    lapsed = run(
        "forecast", "events.parquet", "--as-of", "2023-06-30", "--lapse-after", "2", "-q", "-o", "-",
        cwd=tmp_path,
    )  # fmt: skip
    assert lapsed.returncode == 0, lapsed.stderr
    assert len(lapsed.stdout.splitlines()) == 1 + 13 * 7
    assert "lapsed" in lapsed.stdout

    wrong = run(
        "forecast", "events.parquet", "--as-of", "2023-06-30", "--lapse-after", "-1", cwd=tmp_path
    )
    assert wrong.returncode == 2
    assert "--lapse-after" in wrong.stderr
    early = run("forecast", "events.parquet", "--as-of", "1999-01-01", cwd=tmp_path)
    assert early.returncode == 1
    short = run("forecast", "events.parquet", "--as-of", "2022-01-20", cwd=tmp_path)
    assert short.returncode == 0, short.stderr
    assert "transitions were seen" in " ".join(short.stdout.split())
