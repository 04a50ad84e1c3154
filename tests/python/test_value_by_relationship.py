# SPDX-License-Identifier: MIT
"""Value by relationship: by hand, against the models it is made of, what it does not know, what a person reads."""

from __future__ import annotations

import math
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
import loyalty  # noqa: E402
from loyalty import DiscountRate, Policy, purchase, value  # noqa: E402
from loyalty.simulate import simulate  # noqa: E402

AS_OF = "2024-12-31"
DAY = 86400
#: P. Fader, B. Hardie, K. Lee, Marketing Science 24 (2005), and their note on the Gamma-Gamma model: CDNOW, in weeks.
CDNOW = purchase.ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
SPEND = purchase.GammaGamma(p=6.25, q=3.74, v=15.44)


def log(*rows: tuple[str, str, str, dict[str, Any]]) -> Any:
    """Events of (relationship, day, kind, more)."""
    frame = pd.DataFrame(
        [
            {"relationship": who, "time": pd.Timestamp(day, tz="UTC"), "kind": kind, **more}
            for who, day, kind, more in rows
        ]
    )
    for name in ("amount", "margin", "cost"):
        if name not in frame:
            frame[name] = np.nan
    return frame


SMALL = log(
    ("good", "2023-01-01", "purchase", {"amount": 100.0, "margin": 40.0}),
    ("good", "2024-01-01", "purchase", {"amount": 300.0, "margin": 120.0}),
    ("good", "2024-07-01", "cost", {"amount": 10.0}),
    ("dear", "2023-07-01", "purchase", {"amount": 50.0, "margin": 5.0}),
    ("dear", "2024-11-01", "cost", {"amount": 60.0}),
    ("never", "2023-07-01", "cost", {"amount": 20.0}),
    ("fresh", "2024-12-20", "purchase", {"amount": 50.0, "margin": 5.0}),
)


def rate_by_hand(items: list[tuple[str, float]], first: str, half_life: float = 365) -> float:
    """The yearly rate of decayed sums, from what docs/value.md says."""
    now = pd.Timestamp("2024-12-31 23:59:59")
    ages = [((now - pd.Timestamp(day)).total_seconds() / DAY, x) for day, x in items]
    total = sum(x * 2 ** (-age / half_life) for age, x in ages)
    known = (now - pd.Timestamp(first)).total_seconds() / DAY
    years = half_life / 365 / math.log(2) * (1 - 2 ** (-known / half_life))
    return total / years


def rows_of(found: Any) -> dict[str, dict[str, Any]]:
    frame = found.to_frame("pandas")
    return {row["relationship"]: row for row in frame.to_dict("records")}


def test_now_by_hand() -> None:
    found = value.by_relationship(SMALL, as_of=AS_OF)
    rows = rows_of(found)
    assert list(rows) == ["dear", "fresh", "good", "never"]  # by identifier
    good = rate_by_hand([("2023-01-01", 40), ("2024-01-01", 120)], "2023-01-01")
    # Time has steps of 1/4096 of a half-life.
    assert rows["good"]["margin"] == pytest.approx(good, rel=3e-4)
    cost = rate_by_hand([("2024-07-01", 10)], "2023-01-01")
    assert rows["good"]["cost"] == pytest.approx(cost, rel=3e-4)
    assert rows["good"]["net"] == rows["good"]["margin"] - rows["good"]["cost"]
    assert rows["dear"]["cost"] == pytest.approx(
        rate_by_hand([("2024-11-01", 60)], "2023-07-01"), rel=3e-4
    )
    assert rows["never"]["margin"] == 0
    assert "costs_more_now" in rows["never"]["flags"]
    assert "no_purchase" in rows["never"]["flags"]
    assert found.costs_more_now == ["dear", "never"]
    assert "2 of 3 relationships cost more than they return now" in found.summary()


def test_half_lives_are_those_of_the_policy() -> None:
    policy = Policy.from_dict({"half_life_days": {"margin": 730, "cost": 100}})
    good = rows_of(value.by_relationship(SMALL, as_of=AS_OF, policy=policy))["good"]
    items = [("2023-01-01", 40.0), ("2024-01-01", 120.0)]
    assert good["margin"] == pytest.approx(rate_by_hand(items, "2023-01-01", 730), rel=3e-4)
    cost = rate_by_hand([("2024-07-01", 10)], "2023-01-01", 100)
    assert good["cost"] == pytest.approx(cost, rel=3e-4)


def test_what_is_not_known_is_null_and_said() -> None:
    found = value.by_relationship(SMALL, as_of=AS_OF)
    rows = rows_of(found)
    assert math.isnan(rows["fresh"]["margin"])
    assert rows["fresh"]["flags"] == "too_new"
    assert found.status.end == "too_little_data"
    assert "Pareto/NBD" in found.status.sentence
    frame = found.to_frame("pandas")
    assert frame[[name for name in frame if name.startswith("prospect")]].isna().all().all()
    assert found.costs_more_in_prospect == []
    assert "known for less than a month" in found.summary()
    polars = pytest.importorskip("polars")
    assert found.to_frame("polars")["prospect"].null_count() == len(found)
    assert found.to_frame("polars")["prospect"].dtype == polars.Float64


def test_margins_that_nobody_states() -> None:
    bare = SMALL.drop(columns="margin")
    found = value.by_relationship(bare, as_of=AS_OF)
    rows = rows_of(found)
    assert math.isnan(rows["good"]["margin"])
    assert math.isnan(rows["good"]["net"])
    assert rows["good"]["cost"] > 0
    assert rows["good"]["flags"] == "margin_unstated"
    assert rows["never"]["net"] == -rows["never"]["cost"]
    assert "states no margins" in found.sentence
    shared = value.by_relationship(bare, as_of=AS_OF, margin=0.4)
    assert "40 % of what was bought" in shared.sentence
    good = rate_by_hand([("2023-01-01", 40), ("2024-01-01", 120)], "2023-01-01")
    assert rows_of(shared)["good"]["margin"] == pytest.approx(good, rel=3e-4)
    # A return takes its share off.
    back = log(("good", "2024-01-01", "return", {"amount": 300.0}))
    less = value.by_relationship(
        pd.concat([bare, back.drop(columns="margin")]), as_of=AS_OF, margin=0.4
    )
    assert rows_of(less)["good"]["margin"] == pytest.approx(
        rate_by_hand([("2023-01-01", 40)], "2023-01-01"), rel=3e-4
    )


def test_margins_that_some_state() -> None:
    some = SMALL.copy()
    some.loc[some["relationship"] == "dear", "margin"] = np.nan
    rows = rows_of(value.by_relationship(some, as_of=AS_OF))
    assert math.isnan(rows["dear"]["margin"])
    assert rows["dear"]["flags"] == "margin_unstated"
    assert rows["good"]["margin"] > 0


@pytest.fixture(scope="module")
def company() -> Any:
    return simulate(relationships=300, seed=3).events


def plain(events: Any, **more: Any) -> Any:
    return value.by_relationship(events, as_of=AS_OF, **more).to_frame("pandas")


def test_prospect_is_made_of_the_models(company: Any) -> None:
    """Margin and, without cost, uncertainty of the fit are those of `loyalty.purchase.residual_value`."""
    frame = pd.DataFrame(company)
    frame = frame[frame["kind"] == "purchase"].drop(columns=[c for c in frame if c in ("cost",)])
    known = purchase.histories(frame, amount="amount", end=AS_OF, unit="week", zone="UTC")
    model, spend = purchase.ParetoNBD.fit(known), purchase.GammaGamma.fit(known)
    rate, horizon = DiscountRate(0.1, per="year"), purchase.years(3)
    residual = purchase.residual_value(
        model, spend, known, rate=rate, horizon=horizon, margin=0.3, interval=0.9
    )
    found = value.by_relationship(frame, as_of=AS_OF, margin=0.3)
    made = found.to_frame("pandas").set_index("relationship").loc[list(known.customer)]
    expected = np.asarray(residual.value)
    finite = np.isfinite(expected)
    assert finite.sum() > 100
    old = made["cost"].to_numpy() == 0
    assert (made["flags"].fillna("").str.contains("no_mean").to_numpy() == (~finite & old)).all()
    use = finite & old
    np.testing.assert_allclose(made["prospect_margin"][use], expected[use], rtol=1e-10)
    np.testing.assert_allclose(made["prospect"][use], expected[use], rtol=1e-10)
    error = np.asarray(residual.standard_error)[use]
    np.testing.assert_allclose(made["prospect_sd_fit"][use], error, rtol=1e-8)
    assert (made["prospect_p_loss"][use] == 0).all()
    sd = np.hypot(made["prospect_sd_fit"], made["prospect_sd_chance"])
    np.testing.assert_allclose(made["prospect_sd"], sd, rtol=1e-12)


def test_many_customers_together_bring_what_was_expected() -> None:
    """In the model's own world: the sum of what came lies within the variances that are summed."""
    many = 3000
    world = CDNOW.simulate(purchase.weeks([52.0] * many), horizon=purchase.weeks(52), seed=11)
    known = world.histories
    x, t_x = np.asarray(known.x), np.asarray(known.t_x)
    from loyalty import _core

    found = _core.value_prospects(
        CDNOW.values(), "week", [1e9, 1e9, 1.0], x, t_x, np.full(many, 52.0), np.ones(many), np.full(many, 0.0),
        52.0, 0.0, "year", False, 1.0, None, None,
    )  # fmt: skip
    spread = math.sqrt((found["sd_chance"] ** 2).sum())
    assert abs(world.later.sum() - found["net"].sum()) < 4 * spread
    assert spread < 0.1 * world.later.sum()
    scaled = (world.later - found["net"]) / found["sd_chance"]
    assert (scaled**2).mean() == pytest.approx(1, abs=0.25)


def test_order_of_rows_changes_no_bit(company: Any) -> None:
    frame = pd.DataFrame(company)
    once = plain(frame)
    again = plain(frame.sample(frac=1, random_state=5))
    pd.testing.assert_frame_equal(once, again, check_exact=True)


def test_others_change_nothing_where_the_models_are_given(company: Any) -> None:
    frame = pd.DataFrame(company)
    given = {"model": CDNOW, "spend": SPEND, "margin": 0.3}
    everybody = plain(frame, **given)
    name = everybody["relationship"][everybody["prospect"].notna()].iloc[5]
    alone = plain(frame[frame["relationship"] == name], **given)
    pd.testing.assert_frame_equal(
        everybody[everybody["relationship"] == name].reset_index(drop=True), alone, check_exact=True
    )
    assert everybody["prospect_sd_fit"].isna().all()  # parameters that are given are taken as known
    assert everybody["prospect_sd"].notna().sum() > 100


def test_the_unit_of_time_changes_nothing(company: Any) -> None:
    days = purchase.ParetoNBD(r=0.553, alpha=7 * 10.578, s=0.606, beta=7 * 11.669, unit="day")
    a, b = (plain(company, model=model, spend=SPEND, margin=0.3) for model in (CDNOW, days))
    numbers = a.select_dtypes("number").columns
    np.testing.assert_allclose(a[numbers], b[numbers], rtol=1e-7, atol=1e-9)


def test_later_rows_are_not_used(company: Any) -> None:
    frame = pd.DataFrame(company)
    date = "2023-12-31"
    early = frame[frame["time"] <= pd.Timestamp("2023-12-31T23:59:59").timestamp()]
    a = value.by_relationship(frame, as_of=date).to_frame("pandas")
    b = value.by_relationship(early, as_of=date).to_frame("pandas")
    assert len(a) > 50
    pd.testing.assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dict"])
def test_every_kind_of_frame(company: Any, kind: str) -> None:
    from loyalty import frames

    frame = pd.DataFrame(company)
    columns = {n: frame[n].to_numpy() for n in ("relationship", "kind", "amount", "margin", "cost")}
    columns["time"] = frame["time"].to_numpy()
    if kind != "dict":
        pytest.importorskip(kind)
    given = frames.to_frame(columns, kind=kind)
    found = value.by_relationship(given, as_of="2023-12-31")
    assert type(found.to_frame()).__module__.split(".")[0] in (kind, "builtins")
    whole = value.by_relationship(columns, as_of="2023-12-31").to_frame("dict")
    made = found.to_frame("dict")
    for name in whole:
        np.testing.assert_array_equal(made[name], whole[name])
    # Also where margins are made here.
    bare = {name: column for name, column in columns.items() if name != "margin"}
    ours = value.by_relationship(bare, as_of="2023-12-31", margin=0.2).to_frame("dict")
    theirs = value.by_relationship(
        frames.to_frame(bare, kind=kind), as_of="2023-12-31", margin=0.2
    ).to_frame("dict")
    for name in ours:
        np.testing.assert_array_equal(theirs[name], ours[name])


def test_costs_weigh_on_the_prospect(company: Any) -> None:
    found = value.by_relationship(company, as_of=AS_OF, margin=0.3)
    frame = found.to_frame("pandas")
    known = frame[frame["prospect"].notna()]
    np.testing.assert_allclose(
        known["prospect"], known["prospect_margin"] - known["prospect_cost"], rtol=1e-9, atol=1e-9
    )
    ordered = known[known["prospect_sd"].notna()]
    assert (ordered["prospect_low"] <= ordered["prospect_high"]).all()
    assert ordered["prospect_p_loss"].between(0, 1).all()
    assert found.costs_more_in_prospect == list(
        known[known["prospect"] < 0].sort_values("prospect", kind="stable")["relationship"]
    )
    everything = pd.DataFrame(company)
    free = value.by_relationship(
        everything[everything["kind"] != "cost"].drop(columns="cost"), as_of=AS_OF, margin=0.3
    )
    assert free.costs_more_in_prospect == []
    assert "no cost to serve" in free.summary()


def test_a_share_that_is_none_is_refused() -> None:
    dear = SMALL.assign(margin=SMALL["amount"] * 2)
    found = value.by_relationship(dear, as_of=AS_OF, model=CDNOW, spend=SPEND)
    assert "200 % of the value" in found.status.sentence
    assert np.isnan(found.to_frame("dict")["prospect"]).all()
    given = value.by_relationship(dear, as_of=AS_OF, model=CDNOW, spend=SPEND, margin=0.5)
    assert rows_of(given)["good"]["prospect"] > 0
    stated = value.by_relationship(SMALL, as_of=AS_OF, model=CDNOW, spend=SPEND)
    share = (40 + 120 + 5 + 5) / (100 + 300 + 50 + 50)  # of all that state both
    assert rows_of(stated)["good"]["prospect_margin"] == pytest.approx(
        rows_of(given)["good"]["prospect_margin"] * share / 0.5, rel=1e-12
    )


def test_names_may_be_numbers() -> None:
    numbered = SMALL.assign(
        relationship=SMALL["relationship"].map({"good": 7, "dear": 10, "never": 8, "fresh": 9})
    )
    options: dict[str, Any] = {"as_of": AS_OF, "model": CDNOW, "spend": SPEND}
    found = rows_of(value.by_relationship(numbered, **options))
    named = rows_of(value.by_relationship(SMALL, **options))
    for number, name in (("7", "good"), ("10", "dear")):
        assert found[number]["prospect"] == named[name]["prospect"]
        assert found[number]["margin"] == named[name]["margin"]
    nameless = pd.concat([SMALL, SMALL[:1].assign(relationship=None)])
    again = rows_of(value.by_relationship(nameless, **options))
    assert again["good"]["prospect"] == named["good"]["prospect"]


def test_other_currencies_count_at_their_rates() -> None:
    mixed = SMALL.assign(currency="EUR")
    dollars = mixed["relationship"] == "dear"
    mixed.loc[dollars, "currency"] = "USD"
    mixed.loc[dollars, ["amount", "margin"]] *= 2
    policy = Policy.from_dict({"currency": "EUR", "rates": {"USD": 0.5}})
    given: dict[str, Any] = {"as_of": AS_OF, "model": CDNOW, "spend": SPEND}
    found = value.by_relationship(mixed, policy=policy, **given)
    euros = value.by_relationship(SMALL, **given)
    pd.testing.assert_frame_equal(
        found.to_frame("pandas"), euros.to_frame("pandas"), check_exact=True
    )
    # Without a rate they are set aside, as in any fold.
    bare = Policy.from_dict({"currency": "EUR"})
    left = rows_of(value.by_relationship(mixed, policy=bare, **given))
    assert left["dear"]["flags"] == "too_new;no_purchase"


def counted_again(events: Any, **more: Any) -> dict[str, dict[str, Any]]:
    """What is found of a log, with all models given."""
    return rows_of(
        value.by_relationship(events, as_of=AS_OF, model=CDNOW, spend=SPEND, margin=0.4, **more)
    )


MESSY = log(
    ("good", "2023-01-01", "purchase", {"amount": 100.0, "event_id": "1"}),
    ("good", "2023-05-01", "purchase", {"amount": 70.0, "event_id": "2"}),
    ("good", "2023-05-01", "purchase", {"amount": 70.0, "event_id": "2"}),  # a repeat
    ("good", "2024-01-01", "purchase", {"amount": 300.0, "event_id": "3"}),
    ("good", "2024-02-01", "purchase", {"amount": 900.0, "event_id": "4"}),
    ("good", "2024-02-02", "retraction", {"refers_to": "4"}),
    ("dear", "2023-07-01", "purchase", {"amount": 50.0, "event_id": "5"}),
    ("dear", "2024-03-01", "purchase", {"amount": 50.0, "event_id": "6"}),
    ("dear", "2024-03-01", "purchase", {"amount": 20.0, "event_id": "7"}),
    ("dear", "2024-03-09", "return", {"amount": 20.0, "whole_order": True, "since": "2024-03-01"}),
    ("dear", "2024-06-01", "purchase", {"amount": 80.0, "event_id": "8"}),
    ("dear", "2024-06-09", "return", {"amount": 80.0, "whole_order": True, "since": "2024-06-01"}),
    ("dear", "2024-08-01", "purchase", {"amount": -5.0, "event_id": "9"}),  # set aside
)
MESSY["since"] = pd.to_datetime(MESSY["since"], utc=True)
MESSY["whole_order"] = MESSY["whole_order"].fillna(False).astype(bool)

CLEAN = log(
    ("good", "2023-01-01", "purchase", {"amount": 100.0}),
    ("good", "2023-05-01", "purchase", {"amount": 70.0}),
    ("good", "2024-01-01", "purchase", {"amount": 300.0}),
    ("dear", "2023-07-01", "purchase", {"amount": 50.0}),
    ("dear", "2024-03-01", "purchase", {"amount": 50.0}),
)

AHEAD = ("p_alive", "prospect_purchases", "prospect_margin", "prospect", "prospect_sd")


def test_purchases_are_those_that_the_fold_counts() -> None:
    """docs/events.md: repeats and retractions are skipped, a whole order is taken back, bad rows are set aside."""
    found, clean = counted_again(MESSY), counted_again(CLEAN)
    assert set(found) == {"good", "dear"}
    for who in found:
        for name in AHEAD:
            assert found[who][name] == clean[who][name], (who, name)
        # What was given back brought nothing: the rates differ by what fades between the two days alone.
        assert found[who]["margin"] == pytest.approx(clean[who]["margin"], rel=0.05)
    portfolio = loyalty.Portfolio(landmark=AS_OF)
    portfolio.apply(MESSY.drop(columns="margin"))
    purchases = portfolio.assess(AS_OF).to_frame("dict")["purchases"]
    assert purchases.sum() == len(CLEAN)


def test_a_return_of_money_leaves_the_purchases() -> None:
    back = log(("good", "2024-02-01", "return", {"amount": 250.0}))
    less = counted_again(pd.concat([CLEAN, back]))
    whole = counted_again(CLEAN)
    for name in AHEAD:
        assert less["good"][name] == whole["good"][name]
    assert less["good"]["margin"] < whole["good"]["margin"]


def test_a_relationship_that_gave_all_back_has_no_prospect() -> None:
    gone = MESSY[MESSY["amount"].eq(80.0)]  # bought and given back
    row = counted_again(pd.concat([CLEAN[:3], gone]))["dear"]
    assert "no_purchase" in row["flags"]
    assert math.isnan(row["prospect"])


@pytest.mark.parametrize("stated", [False, True])
def test_the_command_counts_the_same_purchases(tmp_path: Any, capsys: Any, stated: bool) -> None:
    """The reader of the command resolves repeats and retractions first."""
    pytest.importorskip("duckdb")
    pytest.importorskip("typer")
    from loyalty.command._app import run as main

    events = MESSY.drop(columns="margin")
    if stated:
        events = events.assign(margin=np.where(events["kind"] == "purchase", 10.0, np.nan))
    events.to_parquet(tmp_path / "events.parquet")
    out = tmp_path / "values.csv"
    options = ["--as-of", AS_OF, "--margin", "0.4", "-o", str(out)]
    assert main(["value", str(tmp_path / "events.parquet"), *options]) == 0
    said = " ".join(capsys.readouterr().out.split())
    found = value.by_relationship(events, as_of=AS_OF, margin=0.4)
    assert found.sentence.split(" No prospect")[0] in said
    if stated:
        assert f"of {len(CLEAN)} of {len(CLEAN)} purchases" in found.sentence
    written = pd.read_csv(out)
    made = found.to_frame("pandas")
    np.testing.assert_array_equal(written["margin"], made["margin"])


def test_nobody_and_nothing() -> None:
    costs = SMALL[SMALL["kind"] == "cost"]
    found = value.by_relationship(costs, as_of=AS_OF, margin=0.3)
    assert "nobody has bought" in found.status.sentence
    assert found.to_frame("dict")["relationship"].tolist() == ["dear", "good", "never"]
    empty = value.by_relationship(SMALL[:0], as_of=AS_OF)
    assert len(empty) == 0
    assert len(empty.to_frame("pandas")) == 0
    assert "Nothing is known" in empty.summary()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"margin": 0}, ValueError, "margin = 0"),
        ({"margin": 1.5}, ValueError, "margin = 1.5"),
        ({"margin": "0.3"}, TypeError, "needs a number"),
        ({"horizon": 3}, TypeError, "needs a duration"),
        ({"horizon": purchase.years(math.inf)}, ValueError, "finite"),
        ({"discount": 0.1}, TypeError, "with its period"),
        ({"discount": DiscountRate(-0.1, per="year")}, ValueError, "0 or more"),
        ({"model": purchase.BGNBD(r=1, alpha=1, a=1, b=1)}, TypeError, "ParetoNBD"),
        ({"model": purchase.ParetoNBD(r=1, alpha=1, s=1, beta=1)}, TypeError, "with a unit"),
        ({"spend": 3}, TypeError, "GammaGamma"),
    ],
)
def test_refusals(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        value.by_relationship(SMALL, as_of=AS_OF, **options)


def test_missing_columns_are_named() -> None:
    with pytest.raises(ValueError, match="missing column 'kind'"):
        value.by_relationship(SMALL.drop(columns="kind"), as_of=AS_OF)


def test_metadata_and_page() -> None:
    found = value.by_relationship(SMALL, as_of=AS_OF)
    assert found.metadata["loyalty.as_of"].startswith("2024-12-31")
    assert max(map(len, found.summary().splitlines())) <= 80
    assert found._repr_html_().startswith("<pre>")
    assert loyalty.value is value


def test_the_command(tmp_path: Any, capsys: Any, company: Any) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("typer")
    from loyalty.command._app import run as main

    named = ["relationship", "time", "kind", "amount", "margin"]
    frame = pd.DataFrame(company)[named].assign(
        time=lambda f: pd.to_datetime(f["time"], unit="s", utc=True)
    )
    frame = frame[frame["kind"].isin(["purchase", "cost"])]
    company = frame
    frame.to_parquet(tmp_path / "events.parquet")
    events = str(tmp_path / "events.parquet")
    out = tmp_path / "values.csv"
    assert main(["value", events, "--as-of", AS_OF, "--margin", "0.3", "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "cost more than they return now" in said
    assert "in prospect, 3 years at 0.1 a year" in said
    assert "Value by rung at 0.1 a year" in said
    written = pd.read_csv(out)
    expected = value.by_relationship(company, as_of=AS_OF, margin=0.3).to_frame("pandas")
    assert list(written) == list(expected)
    np.testing.assert_allclose(written["prospect"], expected["prospect"], rtol=1e-12)
    assert main(["value", events, "--as-of", AS_OF, "-o", "-", "--horizon-years", "1"]) == 0
    streams = capsys.readouterr()
    assert streams.out.startswith("relationship,margin,cost,net")
    assert "in prospect, 1 year at" in streams.err
    # In its first year nobody can have lapsed, and nobody knows how long relationships last.
    assert main(["value", events, "--as-of", "2022-12-30"]) == 0
    assert "0 relationships in this log were seen to lapse" in capsys.readouterr().out
    for option, given in (("--margin", "2"), ("--rate", "0"), ("--horizon-years", "0")):
        assert main(["value", events, "--as-of", AS_OF, option, given]) == 2
        assert option in capsys.readouterr().err


def test_margins_by_rung_by_hand() -> None:
    found = value.by_relationship(SMALL, as_of=AS_OF)
    rows = rows_of(found)
    means, variances = found.margins_by_rung(Policy(), 20)  # twenty cycles: nobody has lapsed
    assert means["prospect"] == pytest.approx(rows["never"]["net"] / 12)
    assert variances["prospect"] == 0  # one alone says nothing of it
    # Who is known for less than a month has no net.
    a, b = (rows[name]["net"] / 12 for name in ("good", "dear"))
    assert means["buyer"] == pytest.approx((a + b) / 2)
    assert variances["buyer"] == pytest.approx((a - b) ** 2 / 4)  # of a mean of two
    assert means["partner"] == means["client"]  # nobody stands higher
    # With lapse after half a cycle none of them is counted but who never bought.
    quiet, _ = found.margins_by_rung(Policy(), 0.5)
    assert quiet["client"] == quiet["prospect"] == means["prospect"]
    nothing = value.by_relationship(SMALL.drop(columns="margin")[:2], as_of=AS_OF)
    with pytest.raises(ValueError, match="is not known"):
        nothing.margins_by_rung(Policy(), 4)
