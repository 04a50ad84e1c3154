# SPDX-License-Identifier: MIT
"""Plots show the numbers that they are given, in any style, and refuse what they cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import loyalty
import numpy as np
import pytest
from loyalty import _core, dynamics, frames, plots, purchase
from loyalty.simulate import simulate
from scipy import stats

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

LOG = simulate(150, 2, seed=3)
PAST = loyalty.history(LOG.events)


@pytest.fixture(autouse=True, params=["default", "dark_background"])
def style(request: pytest.FixtureRequest) -> Iterator[str]:
    with plt.style.context(request.param):
        yield request.param
    plt.close("all")


def drawn(axes: Any) -> np.ndarray:
    """The picture; drawing it raises what is wrong with it."""
    figure = np.atleast_1d(axes)[0].figure
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_share_interval_is_that_of_jeffreys() -> None:
    low, high = _core.share_interval(np.array([0.0, 3, 10, 0]), np.array([10.0, 10, 10, 0]))
    assert low[0] == 0
    assert high[2] == 1
    assert (low[3], high[3]) == (0, 1)
    np.testing.assert_allclose(
        [high[0], low[1], high[1], low[2]],
        [
            stats.beta.ppf(0.95, 0.5, 10.5),
            *stats.beta.ppf([0.05, 0.95], 3.5, 7.5),
            stats.beta.ppf(0.05, 10.5, 0.5),
        ],
        rtol=1e-12,
    )


def test_density_is_that_of_the_matched_beta() -> None:
    trust = loyalty.trust(kept=8, broken=1)  # Beta(12, 2)
    x = np.linspace(0, 1, 11)
    (found,) = _core.parameter_density(x, trust.mean, trust.variance)
    np.testing.assert_allclose(found, stats.beta.pdf(x, 12, 2), rtol=1e-10)


def test_rung_mix_shows_the_shares() -> None:
    ax = plots.rung_mix(PAST)
    mix = PAST.rung_mix("dict")
    areas = ax.collections[: len(_core.rung_names)]
    last = [
        area.get_paths()[0].get_extents().y1 for area in areas
    ]  # tops, of all dates; those of the last are labelled
    assert max(last) == pytest.approx(1)
    for rung in _core.rung_names:
        share = mix[f"{rung}_share"][-1]
        shown = [text for text in texts(ax) if text.startswith(f"{rung}  ")]
        assert len(shown) == (1 if share > 0 else 0)
        if share > 0:
            assert float(shown[0].split()[1]) == pytest.approx(100 * share, abs=0.51)
    lines = {tuple(np.round(line.get_ydata(), 12)) for line in ax.lines}
    above_buyer = mix["prospect_share"]
    assert tuple(np.round(above_buyer, 12)) in lines
    assert drawn(ax).std() > 0


def test_flows_add_up_to_what_stood_on_each_rung() -> None:
    ax = plots.flows(PAST)
    held = PAST._made["snapshots"]
    last = held["rung"][held["date"] == len(PAST.dates) - 1]
    right = [text for text in ax.texts if text.get_position()[0] > 1]
    shown = {text.get_text().split("  ")[0]: int(text.get_text().split("  ")[1]) for text in right}
    labels = PAST.policy.labels
    assert shown == {
        labels[k]: int((last == k).sum()) for k in range(len(labels)) if (last == k).any()
    }
    told = dict(reversed(word.split(" ")) for word in ax.get_title("left").split(", "))
    assert sum(int(count.replace(",", "")) for count in told.values()) == len(last)
    drawn(ax)
    stated = plots.flows(PAST, "2022-06-30", "2023-06-30")
    assert [tick.get_text() for tick in stated.get_xticklabels()] == ["2022-06-30", "2023-06-30"]


def test_flows_know_who_came() -> None:
    events = {
        "relationship": np.array(["a", "b", "b"], object),
        "time": np.array(["2023-01-05", "2023-06-05", "2023-06-06"], "M8[s]"),
        "kind": np.array(["purchase"] * 3, object),
    }
    past = loyalty.history(
        events, dates=["2023-03-31", "2023-12-31"], until="2023-12-31", zone="UTC"
    )
    ax = plots.flows(past)
    assert ax.get_title("left") == "1 held, 1 came"
    assert "not yet known  1" in texts(ax)


def test_parameters_show_mean_interval_and_prior() -> None:
    found = {"trust": loyalty.trust(kept=8, broken=1), "commitment": loyalty.commitment(kept=3)}
    axes = plots.parameters(found, {"trust": loyalty.trust()})
    assert len(axes) == 2
    assert axes[0].get_title() == "trust\n0.86  (0.68 to 0.97)"
    curve, mean, prior = axes[0].lines
    assert curve.get_xdata()[np.argmax(curve.get_ydata())] == pytest.approx(11 / 12, abs=0.003)
    assert mean.get_xdata()[0] == pytest.approx(12 / 14)
    assert prior.get_linestyle() == "--"
    assert len(axes[1].lines) == 2
    drawn(axes)


def test_parameters_of_a_relationship_are_those_of_its_row() -> None:
    portfolio = loyalty.Portfolio(landmark=LOG.end)
    portfolio.apply(LOG.events)
    result = portfolio.assess(LOG.end)
    for relationship in list(result)[:20]:
        row = result[relationship]
        for name, parameter in result.parameters(relationship).items():
            assert parameter.coverage == row[f"{name}_coverage"]
            if row[name] is not None and np.isfinite(row[name]):
                assert parameter.mean == row[name]
                assert parameter.low == pytest.approx(row[f"{name}_low"], abs=1e-12)
    with pytest.raises(KeyError, match="nobody"):
        result.parameters("nobody")


def test_strip_shows_rungs_quality_and_events() -> None:
    name = str(PAST._names[int(np.argmax(np.diff(PAST._first_change)))])
    past = PAST[name]
    axes = plots.strip(past, LOG.events)
    own = LOG.events["relationship"] == name
    ticks = [tick.get_text() for tick in axes[3].get_yticklabels()]
    kinds = set(LOG.events["kind"][own])
    assert set(ticks) == kinds
    assert sum(len(line.get_xdata()) for line in axes[3].lines) == own.sum()
    assert len(plots.strip(past)) == 3
    drawn(axes)
    quality = axes[1].lines[0].get_ydata()
    np.testing.assert_array_equal(quality, past.snapshots("dict")["quality"])


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two dates"):
        plots.rung_mix(loyalty.history(LOG.events, dates=[]))
    with pytest.raises(ValueError, match="no snapshots"):
        plots.flows(loyalty.history(LOG.events, dates=[]))
    with pytest.raises(ValueError, match="is not before"):
        plots.flows(PAST, "2023-06-30", "2023-01-31")
    with pytest.raises(ValueError, match="before the first snapshot"):
        plots.flows(PAST, "1999-01-01")
    with pytest.raises(ValueError, match="no parameter"):
        plots.parameters({})
    with pytest.raises(ValueError, match="no column 'kind'"):
        plots.strip(PAST[PAST._names[0]], {"relationship": ["a"], "time": [1]})
    with pytest.raises(ValueError, match="needed are 3"):
        plots.strip(PAST[PAST._names[0]], axes=plt.subplots(2)[1])


def test_axes_of_the_caller_are_used() -> None:
    _, ax = plt.subplots()
    assert plots.rung_mix(PAST, ax) is ax
    assert plots.flows(PAST, ax=ax) is ax


# --- what comes next, and purchases -----------------------------------------------------------------------------------

MOVES = dynamics.transitions(PAST)


def test_forecast_shows_shares_and_both_bands() -> None:
    ahead = MOVES.forecast(12)
    ax = plots.forecast(ahead)
    table = ahead.to_frame("dict")
    states = list(dict.fromkeys(table["state"]))
    assert len(ax.lines) == len(states)
    assert len(ax.collections) == 2 * len(states)
    for state, line in zip(states, ax.lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), table["share"][table["state"] == state])
    for k, state in enumerate(states):
        rows = table["state"] == state
        outer, inner = (
            band.get_paths()[0].get_extents() for band in ax.collections[2 * k : 2 * k + 2]
        )
        assert outer.y1 == pytest.approx(table["high"][rows].max())
        assert inner.y1 == pytest.approx(table["expected_high"][rows].max())
    assert ax.get_xlabel() == "months from now"
    drawn(ax)


def test_first_passage_shows_who_has_been_there_and_the_median() -> None:
    known = dynamics.Transitions.known([[0.9, 0.1], [0, 1]], states=["client", "advocate"])
    time = known.first_passage("advocate", "client", periods=24)
    ax = plots.first_passage(time)
    curve, median = ax.lines
    # 1 - 0.9^m; half by the seventh month, ln(1/2)/ln(0.9) = 6.6.
    np.testing.assert_allclose(curve.get_ydata(), 1 - 0.9 ** np.arange(25), atol=1e-12)
    assert median.get_xdata()[1] == 7
    assert texts(ax) == ["half by month 7"]
    assert ax.get_title("left").startswith("From client to advocate")
    drawn(ax)


def test_what_has_no_forecast_is_refused_with_its_reason() -> None:
    few = dynamics.Transitions([[1, 0], [0, 1]], states=["client", "advocate"])
    with pytest.raises(ValueError, match=r"no forecast to draw: .+"):
        plots.forecast(few.forecast(3, {"client": 1}))
    with pytest.raises(ValueError, match="no period ahead"):
        plots.forecast(MOVES.forecast(0))
    never = dynamics.Transitions.known([[1.0, 0.0], [0, 1]], states=["client", "advocate"])
    with pytest.raises(ValueError, match=r"nothing to draw: .+"):
        plots.first_passage(never.first_passage("advocate", "client"))


def test_tracking_and_frequency_show_their_tables(style: str) -> None:
    days = np.array(["2023-01-01", "2023-01-05", "2023-02-01", "2023-01-02", "2023-03-01"], "M8[s]")
    orders = {"customer": np.array([1, 1, 1, 2, 2]), "day": days}
    options: Any = {"customer": "customer", "time": "day", "zone": "UTC"}
    model = purchase.ParetoNBD(r=0.55, alpha=10.6, s=0.6, beta=11.7, unit="week")
    whole = purchase.histories(orders, end="2023-03-31", **options)
    table = purchase.tracking(model, whole)
    ax = plots.tracking(table)
    observed, expected = ax.lines[:2]
    assert observed.get_ydata()[-1] == 3  # of five orders two are first ones
    assert observed.get_color() == ("black" if style == "default" else "white")
    np.testing.assert_array_equal(
        expected.get_ydata(),
        frames.columns_of(table, ["expected_cumulative"])["expected_cumulative"],
    )
    ends = [f"expected_cumulative_{end}" for end in ("low", "high")]
    low, high = (frames.columns_of(table, ends)[name] for name in ends)
    (band,) = ax.collections
    edge = band.get_paths()[0].vertices[:, 1]
    assert edge.max() == high.max()
    assert edge.min() == low.min()
    assert ax.get_ylim()[1] >= high.max()
    assert band.get_alpha() < 0.5  # the lines are seen through it
    drawn(ax)
    counted = purchase.frequency(model, whole, most=3)
    ax = plots.frequency(counted)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights[:4] == [0, 1, 1, 0]
    assert sum(heights[4:]) == pytest.approx(2, abs=1e-9)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2", "3+"]
    drawn(ax)
