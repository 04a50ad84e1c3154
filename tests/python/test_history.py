# SPDX-License-Identifier: MIT
"""Histories: against the exact reference, the worked example, fresh folds, and what a person reads."""

from __future__ import annotations

import datetime as dt
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")
pytest.importorskip("mpmath")
import loyalty  # noqa: E402
from loyalty.simulate import simulate  # noqa: E402
from reference import generate, portfolio, worked  # noqa: E402
from test_against_reference import columns, toml  # noqa: E402

DAY = 86400
RUNGS = ("prospect", "buyer", "client", "supporter", "advocate", "partner")


def seconds(*when: int) -> int:
    return int(dt.datetime(*when, tzinfo=dt.UTC).timestamp())


def rows_of(table: dict) -> list[tuple]:
    return list(zip(*(values.tolist() for values in table.values()), strict=True))


def steps(tape: list[tuple[int, int, int]]) -> list[tuple[int, str, str]]:
    """A row for each rung passed."""
    out = []
    for time, old, new in tape:
        step = 1 if new > old else -1
        out += [(time, RUNGS[k], RUNGS[k + step]) for k in range(old, new, step)]
    return out


def tape_by_name(history) -> dict[str, list[tuple]]:
    tape = history.tape("dict")
    out: dict[str, list[tuple]] = {}
    times = tape["time"].astype("datetime64[s]").astype(np.int64)
    for name, *step in zip(
        tape["relationship"], times.tolist(), tape["from_rung"], tape["to_rung"], strict=True
    ):
        out.setdefault(name, []).append(tuple(step))
    return out


@pytest.fixture(scope="module")
def company():
    return simulate(150, years=2, seed=11).events


@pytest.fixture(scope="module")
def past(company):
    return loyalty.history(company)


# --- against the exact reference -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_the_tape_is_that_of_the_exact_reference(seed):
    case = generate.portfolio(seed, relationships=40)
    policy = loyalty.Policy.from_dict(toml(case.policy))
    history = loyalty.history(columns(case.rows), policy, until=case.as_of, dates=())
    found = tape_by_name(history)
    known = portfolio.assess(case.rows, case.as_of, case.policy, None)
    moved = 0
    for name, entry in known.items():
        assert found.get(name, []) == steps(entry["tape"]), name
        moved += bool(entry["tape"])
    assert moved >= 10
    assert set(found) <= set(known)
    random.Random(seed).shuffle(case.rows)
    assert tape_by_name(loyalty.history(columns(case.rows), policy, until=case.as_of)) == found


@pytest.mark.parametrize("seed", range(100, 104))
def test_snapshots_are_what_the_exact_reference_says_of_the_rows_until_then(seed):
    case = generate.portfolio(seed, relationships=20)
    retracted = {row.get("relationship") for row in case.rows if row["kind"] == "retraction"}
    policy = loyalty.Policy.from_dict(toml(case.policy))
    times = sorted(
        row["time"] for row in case.rows if row.get("time") and row["time"] <= case.as_of
    )
    dates = [times[len(times) // 3], times[2 * len(times) // 3], case.as_of]
    earliest = policy._core.landmark - 30 * min(
        [365 * DAY, *case.policy.get("half_life", {}).values()]
    )
    dates = sorted({date for date in dates if date > earliest})
    table = loyalty.history(columns(case.rows), policy, until=case.as_of, dates=dates).snapshots(
        "dict"
    )
    rows = [dict(zip(table, row, strict=True)) for row in rows_of(table)]
    compared = 0
    for date in dates:
        known = portfolio.assess(case.rows, date, case.policy, "fast")
        there = {
            row["relationship"]: row
            for row in rows
            if row["date"].replace(tzinfo=dt.UTC).timestamp() == date
        }
        for name, entry in known.items():
            if name in retracted:
                continue
            row = there[name]
            rung = entry["rung"]
            assert row["rung"] == (None if rung is None else RUNGS[rung]), (name, date)
            assert row["rung_peak"] == (None if rung is None else RUNGS[entry["peak"]])
            assert row["at_least"] == entry["at_least"]
            for column in ("quality", "commitment", "responsiveness", "reciprocity", "trust"):
                expected = np.nan if entry[column] is None else float(entry[column])
                assert row[column] == pytest.approx(expected, rel=1e-10, nan_ok=True), column
            compared += 1
    assert compared > 10


def test_the_worked_example_of_the_model():
    policy = loyalty.Policy.from_dict(worked.POLICY | {"landmark": dt.date(1971, 12, 2)})
    assert policy._core.landmark == 700 * DAY
    history = loyalty.history(
        columns(worked.rows()), policy, until=1700 * DAY, dates=[700 * DAY, 1700 * DAY]
    )
    tape = [(round(t / DAY, 1), to) for t, _, to in tape_by_name(history)[worked.NAME]]
    assert tape == [
        (10, "buyer"),
        (90, "client"),
        (150, "supporter"),
        (300, "advocate"),
        (450, "partner"),
        (1327.4, "advocate"),
        (1327.4, "supporter"),
        (1599.4, "client"),
        (1640.5, "buyer"),
    ]
    table = history.snapshots("dict")
    assert table["quality"][0] == pytest.approx(69.891745, abs=5e-7)
    assert table["rung"].tolist() == ["partner", "buyer"]
    assert "1973-08-20  partner to advocate to supporter" in str(history[worked.NAME])


# --- against the portfolio -------------------------------------------------------------------------------------------


def test_the_last_snapshot_is_the_score(company, past):
    result = loyalty.Portfolio(landmark=past.until)
    result.apply(company)
    scores = result.assess(past.until, intervals=False)
    table = past.snapshots("dict")
    last = table["date"] == table["date"].max()
    assert last.sum() == len(scores) == len(past) == 150
    for name in ("relationship", "rung", "rung_peak", "quality", "quality_low", "trust"):
        assert np.array_equal(table[name][last], scores.column(name)) or np.array_equal(
            table[name][last], scores.column(name), equal_nan=True
        ), name
    assert past.relationships("dict")["rung"].tolist() == scores.column("rung").tolist()
    assert past.books.read == result.books.read
    assert past.books.scored == result.books.scored


def test_the_rung_mix_counts_the_snapshots(past):
    mix, table = past.rung_mix("dict"), past.snapshots("dict")
    total = sum(mix[rung] for rung in RUNGS) + mix["unknown"]
    assert (total == mix["relationships"]).all()
    for i, date in enumerate(mix["date"]):
        there = table["date"] == date
        assert mix["relationships"][i] == there.sum()
        for rung in RUNGS:
            assert mix[rung][i] == (table["rung"][there] == rung).sum()
            assert mix[f"{rung}_share"][i] == pytest.approx(mix[rung][i] / there.sum())
        assert mix["mean_quality"][i] == pytest.approx(np.nanmean(table["quality"][there]))


def test_rungs_of_the_tape_and_of_the_snapshots_agree(past):
    tape, table = tape_by_name(past), past.snapshots("dict")
    when = table["date"].astype("datetime64[s]").astype(np.int64)
    for name, date, rung in zip(table["relationship"], when.tolist(), table["rung"], strict=True):
        held = [to for time, _, to in tape.get(name, []) if time <= date]
        assert rung == (held[-1] if held else "prospect")


def test_what_is_taken_back_is_absent_from_all_of_the_past():
    rows = {
        "relationship": ["a", "a", "a", "a"],
        "time": np.array([10, 20, 30, 40]) * DAY + seconds(2024, 1, 1),
        "kind": ["purchase", "purchase", "purchase", "retraction"],
        "event_id": ["1", "2", "2", "3"],
        "refers_to": [None, None, None, "2"],
    }
    then = loyalty.history(rows, until="2024-01-31", dates=["2024-01-25"])
    assert then.snapshots("dict")["rung"].tolist() == ["client"]
    now = loyalty.history(rows, dates=["2024-01-25"])
    assert now.snapshots("dict")["rung"].tolist() == ["buyer"]
    assert now.books.skipped == {"repeated": 1, "retracted": 2}
    assert then.books.skipped == {"after_as_of": 1, "repeated": 1}
    assert then.books.balanced


# --- dates -----------------------------------------------------------------------------------------------------------


def shop(**columns):
    return {
        "relationship": ["a", "a", "b"],
        "time": ["2024-01-15", "2024-02-20", "2024-03-31"],
        "kind": ["purchase"] * 3,
    } | columns


def dates_of(history) -> list[str]:
    return [
        dt.datetime.fromtimestamp(int(t), dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        for t in history.dates
    ]


def test_dates_are_the_ends_of_months_and_the_last_day():
    rows = shop(time=np.array(["2024-01-15", "2024-02-20", "2024-04-02"], "datetime64[D]"))
    assert dates_of(loyalty.history(rows)) == [
        "2024-01-31 23:59:59",
        "2024-02-29 23:59:59",
        "2024-03-31 23:59:59",
        "2024-04-02 23:59:59",
    ]
    assert len(loyalty.history(rows, dates="month").dates) == 3
    assert dates_of(loyalty.history(rows, dates="quarter")) == ["2024-03-31 23:59:59"]
    assert dates_of(loyalty.history(rows, dates="week"))[0] == "2024-01-21 23:59:59"
    assert dates_of(loyalty.history(rows, dates="2024-03-01")) == ["2024-03-01 23:59:59"]
    assert dates_of(loyalty.history(rows, dates=dt.date(2024, 3, 1))) == ["2024-03-01 23:59:59"]
    assert loyalty.history(rows, dates=()).snapshots("dict")["date"].size == 0


def test_months_end_in_the_zone():
    # 23:30 UTC on 31 March is 1 April in London, whose clocks are an hour ahead then.
    rows = shop(time=np.array(["2024-01-15", "2024-02-20", "2024-03-31T23:30"], "datetime64[s]"))
    london = loyalty.history(rows, zone="Europe/London", until="2024-04-30", dates="month")
    assert dates_of(london)[2:] == ["2024-03-31 22:59:59", "2024-04-30 22:59:59"]
    assert dates_of(loyalty.history(rows, zone="Europe/London"))[-1] == "2024-03-31 22:59:59"
    assert london.rung_mix("dict")["relationships"].tolist() == [1, 1, 1 + 1, 2]


def test_a_short_memory_limits_how_far_one_can_look_back():
    policy = loyalty.Policy.parse(
        "purchase_cycle_days = 2\n"
    )  # a half-life of 8 days, a window of 480
    day = np.arange(0, 900, 5)
    rows = {
        "relationship": np.full(day.size, "a"),
        "time": day * DAY + seconds(2022, 1, 1),
        "kind": np.full(day.size, "purchase"),
    }
    history = loyalty.history(rows, policy)
    assert history.start == history.until - 480 * DAY
    assert history.dates.min() >= history.start
    assert history.tape("dict")["at_least"].all()
    assert history.tape("dict")["time"].astype("datetime64[s]").astype(int).min() == history.start
    assert "where the staircase starts" in history.summary()
    with pytest.raises(loyalty.WindowError, match="set landmark = 2022-02-01"):
        loyalty.history(rows, policy, dates=["2022-02-01"])


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"dates": "fortnight"}, ValueError, "'week', 'month', 'quarter', a date, or several"),
        ({"dates": ["2025-01-01"]}, ValueError, "2025-01-01 lies after the last date, 2024-03-31"),
        ({"zone": "Mars/Base"}, ValueError, "'Mars/Base' is not a known time zone"),
        ({"until": "tomorrow"}, ValueError, "'tomorrow' is not a date"),
        ({"observes": ["purchases"]}, ValueError, "purchases"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(options, error, says):
    rows = shop(time=np.array(["2024-01-15", "2024-02-20", "2024-03-31"], "datetime64[D]"))
    with pytest.raises(error, match=says):
        loyalty.history(rows, **options)


def test_a_log_without_rows_or_times():
    empty = {"relationship": [], "time": [], "kind": []}
    with pytest.raises(ValueError, match="no rows with a time"):
        loyalty.history(empty)
    history = loyalty.history(empty, until="2024-01-31", dates=["2024-01-31"])
    assert len(history) == 0
    assert history.rung_mix("dict")["relationships"].tolist() == [0]
    assert "0 relationships" in history.summary()
    assert "<table>" in history._repr_html_()


def test_a_log_without_purchases_has_no_rungs():
    rows = {
        "relationship": ["a"] * 3,
        "time": np.array([1, 2, 3]) * DAY + seconds(2024, 1, 1),
        "kind": ["guarantee"] * 3,
        "value": [1.0, 1.0, 0.0],
    }
    history = loyalty.history(rows)
    assert history.relationships("dict")["rung"].tolist() == [None]
    assert history.snapshots("dict")["rung"].tolist() == [None]
    assert history.rung_mix("dict")["unknown"].tolist() == [1]
    assert np.isnan(history.rung_mix("dict")["buyer_share"]).all()
    assert "no rungs: this log records no purchases" in history.summary()
    assert "No rungs: this log records no purchases" in str(history["a"])
    # A relationship that never moved in a log that has purchases is a prospect.
    rows = {name: [*column, column[0]] for name, column in rows.items()}
    rows |= {"relationship": ["a", "a", "a", "b"], "kind": ["guarantee"] * 3 + ["purchase"]}
    found = loyalty.history(rows).relationships("dict")
    assert found["rung"].tolist() == ["prospect", "buyer"]
    assert np.isnat(found["rung_since"][0])


# --- frames and text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_as_they_came(kind, company, past):
    library = pytest.importorskip(kind)
    table = past.tape("dict")
    if kind == "pyarrow":
        frame = library.table(
            {name: library.array(company[name]) for name in ("relationship", "kind")}
        )
        frame = frame.append_column("time", library.array(company["time"]))
    else:
        frame = library.DataFrame(
            {
                "relationship": company["relationship"],
                "kind": company["kind"],
                "time": company["time"],
            }
        )
    history = loyalty.history(frame, zone="UTC")
    for made in (history.tape(), history.snapshots(), history.rung_mix(), history.relationships()):
        assert type(made).__module__.split(".")[0] == kind
        assert len(made)
    assert list(history.tape("dict")) == list(table)
    if kind == "pandas":
        assert str(history.tape()["time"].dt.tz) == "UTC"
        assert history.tape()["at_least"].dtype == bool
        assert history.tape().attrs["loyalty.policy"] == history.metadata["loyalty.policy"]


def test_a_strip_shows_where_one_stood():
    rows = {
        "relationship": ["anna"] * 4,
        "time": np.array([0, 100, 200, 300]) * DAY + seconds(2023, 1, 1),
        "kind": ["purchase", "purchase", "guarantee", "guarantee"],
        "value": [np.nan, np.nan, 1, 0],
    }
    history = loyalty.history(rows, until="2025-12-31")
    strip = str(history["anna"])
    lines = strip.splitlines()
    assert lines[0] == "anna  2023-01-01 to 2025-12-31"
    assert all(len(line) <= 80 for line in lines)
    client = next(line for line in lines if line.strip().startswith("client"))
    buyer = next(line for line in lines if line.strip().startswith("buyer"))
    # B = 1 + 2^(-100/365) = 1.827 on day 100 and .75 after another 365 log2(1.827/.75) = 469 days.
    assert "2023-04-11  buyer to client" in strip
    assert "2024-07-22  client to buyer" in strip
    held = [i for i, mark in enumerate(client) if mark == "█"]
    share = len(held) / (80 - 10)
    assert share == pytest.approx(469 / 1096, abs=0.03)
    assert [i for i, mark in enumerate(buyer) if mark == "█"][-1] == len(buyer) - 1
    assert any(line.split() == ["2023", "2024", "2025"] for line in lines)
    assert repr(history["anna"]) == strip
    plain = history["anna"].strip(60, blocks=False)
    assert plain.isascii()
    assert max(map(len, plain.splitlines()[:8])) <= 60
    assert history["anna"].tape("dict")["to_rung"].tolist() == ["buyer", "client", "buyer"]
    assert history["anna"].known_since == seconds(2023, 1, 1)
    assert set(history["anna"].snapshots("dict")["relationship"]) == {"anna"}
    with pytest.raises(KeyError, match="no relationship 'bob' in this history"):
        history["bob"]
    assert "anna" in history
    assert "bob" not in history
    assert list(history) == ["anna"]


def test_the_summary_shows_the_mix_and_who_moved(past):
    text = past.summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    mix, tape = past.rung_mix("dict"), past.tape("dict")
    assert text.startswith("150 relationships, ")
    climbs = sum(
        RUNGS.index(b) > RUNGS.index(a)
        for a, b in zip(tape["from_rung"], tape["to_rung"], strict=True)
    )
    assert f"Climbs: {climbs:,}" in text
    assert f"{mix['mean_quality'][-1]:.1f}" in text
    assert text.count("\n  20") == 12  # every other of 24 months
    page = past._repr_html_()
    assert page.count("<tr>") == 1 + len(past.dates)
    assert f"{len(past)} relationships" in repr(past)


def test_labels_are_those_of_the_policy():
    policy = loyalty.Policy.parse('language = "de"\n')
    rows = shop(time=np.array(["2024-01-15", "2024-02-20", "2024-03-31"], "datetime64[D]"))
    history = loyalty.history(rows, policy)
    assert history.tape("dict")["to_rung"].tolist() == ["Käufer", "Stammkunde", "Käufer"]
    assert "Stammkunde" in str(history["a"])
    assert "buyer" in history.rung_mix("dict")  # columns keep their names
