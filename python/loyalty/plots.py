# SPDX-License-Identifier: MIT
"""Pictures of the ladder, its past and what comes next. Needs matplotlib: `pip install loyalty[plots]`.

Every function draws into the axes given, or into a new figure, and returns the axes. Lines, marks and areas have
colours that are legible on white, on black and to colour-blind eyes; text, axes and intervals take those of the present
style, so `plt.style.use("dark_background")` works. An interval is always of 90 %, from the 5 to the 95 % point.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from loyalty import _core, frames
from loyalty._dates import date_text, instant
from loyalty._events import NO_TIME, times
from loyalty._words import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loyalty.dynamics import FirstPassage, MixForecast
    from loyalty.histories import History, RelationshipHistory
    from loyalty.scoring import Parameter

__all__ = [
    "first_passage",
    "flows",
    "forecast",
    "frequency",
    "parameters",
    "rung_mix",
    "strip",
    "tracking",
]

#: Colours of the rungs from prospect to partner (M. Okabe and K. Ito, Color Universal Design, 2008, but for the grey).
RUNG_COLOURS = ("#999999", "#56b4e9", "#0072b2", "#009e73", "#e69f00", "#d55e00")
#: The colour of who lapsed, and of what a model expects.
LAPSED_COLOUR, MODEL_COLOUR = "#cc79a7", "#d55e00"
#: Colours of the four parameters, of the same palette.
PARAMETER_COLOURS = {
    "commitment": "#0072b2",
    "responsiveness": "#009e73",
    "reciprocity": "#e69f00",
    "trust": "#d55e00",
}


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("plots need matplotlib: pip install loyalty[plots]") from None
    return plt


def _axes(ax: Any, width: float = 7.5, height: float = 4.2) -> Any:
    """The axes given, or those of a new figure, without the frame's upper and right side."""
    if ax is None:
        _, ax = _pyplot().subplots(figsize=(width, height), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _ink(ax: Any) -> Any:
    """The colour of text in the present style."""
    return ax.xaxis.label.get_color()


def _times(seconds: Any) -> list[dt.datetime]:
    """Datetimes (UTC, without a zone, as axes like them) of UTC seconds."""
    epoch = dt.datetime(1970, 1, 1)
    return [epoch + dt.timedelta(seconds=int(second)) for second in seconds]


def _spread(wanted: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Places for labels as near as can be to where they are wanted (ascending), at least `gap` apart."""
    places = np.array(wanted, float)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    if len(places) and places[-1] > high:
        places[-1] = high
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - gap)
    return np.clip(places, low, None)


def _date_axis(ax: Any) -> None:
    import matplotlib.dates as mdates

    locator = mdates.AutoDateLocator(minticks=3, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))


def _share_axis(ax: Any) -> None:
    ax.set_ylim(0, 1)
    ax.set_yticks(np.linspace(0, 1, 5), ["0 %", "25 %", "50 %", "75 %", "100 %"])


def rung_mix(history: History, ax: Any = None) -> Any:
    """The shares of the rungs over time, partners on top.

    The band around each boundary is the interval of the share above it (Jeffreys), as of a sample from a larger
    population: with few relationships the mix moves by chance.

    Parameters
    ----------
    history
        What `loyalty.history` gives, with at least two dates on which a rung is known.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    mix = history.rung_mix("dict")
    counts = np.array([mix[rung] for rung in _core.rung_names], float)
    total = counts.sum(axis=0)
    known = total > 0
    if known.sum() < 2:
        raise ValueError(
            f"a rung mix over time needs at least two dates with a known rung; this history has {int(known.sum())}"
        )
    counts, total = counts[:, known], total[known]
    when = _times(np.asarray(mix["date"]).astype("datetime64[s]").astype(np.int64)[known])
    ax = _axes(ax)
    labels = history.policy.labels
    ax.stackplot(when, counts / total, colors=RUNG_COLOURS, linewidth=0, alpha=0.9)
    above = counts[::-1].cumsum(axis=0)[::-1]
    for k in range(1, len(labels)):
        if not above[k].any():
            continue
        low, high = _core.share_interval(above[k], total)
        ax.fill_between(when, 1 - high, 1 - low, color=_ink(ax), alpha=0.22, linewidth=0)
        ax.plot(when, 1 - above[k] / total, color=_ink(ax), linewidth=0.8)
    shares = counts[:, -1] / total[-1]
    middles = shares.cumsum() - shares / 2
    shown = [k for k in range(len(labels)) if shares[k] > 0]
    places = _spread([float(middles[k]) for k in shown], 0.052, 0.02, 0.98)
    for k, place in zip(shown, places, strict=True):
        ax.annotate(
            f"{labels[k]}  {percent(float(shares[k]), 1)}",
            (1, place),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=RUNG_COLOURS[k],
            fontweight="bold",
        )
    _share_axis(ax)
    ax.set_xlim(when[0], when[-1])
    _date_axis(ax)
    ax.set_ylabel("share of relationships")
    ax.set_title(f"Rung mix of {int(total[-1]):,} relationships, with 90 % intervals", loc="left")
    return ax


def _snapshot(history: History, date: Any, by_default: int) -> tuple[int, dict[str, int]]:
    """The second of a snapshot, and everybody's rung in it."""
    held = history._made["snapshots"]
    dates = history.dates
    if not len(dates):
        raise ValueError("this history has no snapshots: make it with dates")
    position = by_default
    if date is not None:
        wanted = instant(date, end_of_day=True) if not isinstance(date, int) else date
        position = int(np.searchsorted(dates, wanted, side="right")) - 1
        if position < 0:
            raise ValueError(
                f"{date_text(wanted)} lies before the first snapshot, {date_text(int(dates[0]))}"
            )
    rows = np.flatnonzero(held["date"] == position)
    rungs = dict(zip(held["relationship"][rows].tolist(), held["rung"][rows].tolist(), strict=True))
    return int(dates[position]), rungs


def flows(history: History, since: Any = None, until: Any = None, ax: Any = None) -> Any:
    """Who went where between two dates: ribbons from rung to rung, as wide as there are relationships.

    Parameters
    ----------
    history
        What `loyalty.history` gives, with snapshots.
    since, until
        Dates; the last snapshot by then is taken. By default the one twelve before the last, and the last.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    count = len(history.dates)
    first, before = _snapshot(history, since, max(0, count - 13))
    last, after = _snapshot(history, until, count - 1)
    if first >= last:
        raise ValueError(f"{date_text(first)} is not before {date_text(last)}")
    fresh = len(_core.rung_names)  # a place of its own, below the prospects
    counts = np.zeros((fresh + 1, fresh))
    for relationship, rung in after.items():
        if rung < fresh:
            counts[
                before.get(relationship, 255) if before.get(relationship, 255) < fresh else fresh,
                rung,
            ] += 1
    total = counts.sum()
    if not total:
        raise ValueError(f"no rung is known on {date_text(last)}")
    ax = _axes(ax, 7.5, 4.8)
    order = [fresh, *range(fresh)]
    labels = [*history.policy.labels, "not yet known"]
    colours = [*RUNG_COLOURS, "#c8c8c8"]
    gap = 0.018 * total
    wide = 0.035

    def stack(sums: np.ndarray, places: list[int]) -> dict[int, float]:
        bottom, bottoms = 0.0, {}
        for place in places:
            bottoms[place] = bottom
            bottom += sums[place] + (gap if sums[place] else 0)
        return bottoms

    left, right = stack(counts.sum(axis=1), order), stack(counts.sum(axis=0), order[1:])
    blend = np.linspace(0, 1, 60)
    curve = blend * blend * (3 - 2 * blend)
    at_left, at_right = dict(left), dict(right)
    for origin in order:
        for target in range(fresh):
            width = counts[origin, target]
            if not width:
                continue
            low = at_left[origin] + (at_right[target] - at_left[origin]) * curve
            ax.fill_between(
                wide + blend * (1 - 2 * wide),
                low,
                low + width,
                color=colours[origin],
                alpha=0.35 if origin == target else 0.65,
                linewidth=0,
            )
            at_left[origin] += width
            at_right[target] += width
    for x, sums, bottoms, align in (
        (0.0, counts.sum(axis=1), left, "right"),
        (1 - wide, counts.sum(axis=0), right, "left"),
    ):
        places = [place for place in (order if x == 0 else order[1:]) if sums[place]]
        middles = _spread([bottoms[p] + sums[p] / 2 for p in places], 0.05 * total, 0, 1.2 * total)
        for place, middle in zip(places, middles, strict=True):
            ax.bar(x, sums[place], wide, bottoms[place], align="edge", color=colours[place])
            ax.text(
                -0.015 if x == 0 else 1.015,
                middle,
                f"{labels[place]}  {int(sums[place]):,}",
                ha=align,
                va="center",
            )
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks([wide / 2, 1 - wide / 2], [date_text(first), date_text(last)])
    ax.tick_params(axis="x", length=0)
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    told = {
        "climbed": np.triu(counts[:fresh], 1).sum(),
        "held": np.trace(counts[:fresh]),
        "fell": np.tril(counts[:fresh], -1).sum(),
        "came": counts[fresh].sum(),
    }
    words = ", ".join(f"{int(number):,} {word}" for word, number in told.items() if number)
    ax.set_title(words, loc="left")
    return ax


def parameters(
    found: Mapping[str, Parameter],
    priors: Mapping[str, Parameter] | None = None,
    axes: Any = None,
) -> Any:
    """What is believed about each parameter: the density of its law, with mean and interval.

    Parameters
    ----------
    found
        Parameters by name: `result.parameters("S0000504")`, or `{"trust": loyalty.trust(kept=8, broken=1)}`.
    priors
        What was believed before any evidence, drawn dashed: such as `{"trust": loyalty.trust()}`. None by default.
    axes
        As many matplotlib axes as parameters; a new figure by default.

    Returns
    -------
    array of Axes
        The axes, one a parameter.
    """
    if not found:
        raise ValueError("there is no parameter to draw")
    if axes is None:
        _, axes = _pyplot().subplots(
            1, len(found), figsize=(2.6 * len(found) + 0.4, 2.5), sharex=True, layout="constrained"
        )
    axes = np.atleast_1d(axes)
    x = np.linspace(0, 1, 501)
    for ax, (name, parameter) in zip(axes, found.items(), strict=True):
        _axes(ax)
        colour = PARAMETER_COLOURS.get(name, "#0072b2")
        (y,) = _core.parameter_density(x, parameter.mean, parameter.variance)
        ax.plot(x, y, color=colour, linewidth=1.8)
        inside = (x >= parameter.low) & (x <= parameter.high)
        ax.fill_between(x[inside], y[inside], color=colour, alpha=0.3, linewidth=0)
        ax.axvline(parameter.mean, color=colour, linewidth=1)
        core = (x > 0.02) & (x < 0.98)  # a law may rise without end at 0 and 1
        top = y[core].max()
        if priors is not None and name in priors:
            prior = priors[name]
            (before,) = _core.parameter_density(x, prior.mean, prior.variance)
            ax.plot(x, before, color=_ink(ax), linewidth=1, linestyle="--", alpha=0.7)
            top = max(top, before[core].max())
        ax.set_ylim(0, 1.08 * top if top > 0 else 1)
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_title(
            f"{name}\n{parameter.mean:.2f}  ({parameter.low:.2f} to {parameter.high:.2f})",
            fontsize="medium",
        )
        ax.set_xlabel(f"evidence {percent(parameter.coverage, 1)}")
    return axes


def forecast(ahead: MixForecast, ax: Any = None) -> Any:
    """The rung mix of today's relationships in the periods ahead: a fan for each rung.

    The inner band is what is not known of the moves; the outer one adds chance, and is where the count will lie.

    Parameters
    ----------
    ahead
        `loyalty.dynamics.transitions(past).forecast(12)`.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    if not ahead.status.usable or ahead.periods < 1:
        why = ahead.status.sentence if not ahead.status.usable else "It looks no period ahead."
        raise ValueError(f"there is no forecast to draw: {why}")
    ax = _axes(ax)
    table = ahead.to_frame("dict")
    ends = []
    states = list(dict.fromkeys(table["state"]))
    for place, state in enumerate(states):
        rows = table["state"] == state
        colour = RUNG_COLOURS[place] if place < len(RUNG_COLOURS) else LAPSED_COLOUR
        period, share = table["period"][rows], table["share"][rows]
        for low, high, alpha in (("low", "high", 0.16), ("expected_low", "expected_high", 0.28)):
            ax.fill_between(
                period, table[low][rows], table[high][rows], color=colour, alpha=alpha, linewidth=0
            )
        ax.plot(period, share, color=colour, linewidth=1.8)
        ends.append((float(share[-1]), state, colour))
    top = float(np.nanmax(table["high"]))
    _end_labels(ax, ends, 0.055 * top, lambda end, state: f"{state}  {percent(end, 1)}")
    ax.set_ylim(0, 1.05 * top)
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    ax.set_xlim(0, ahead.periods)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel(f"{ahead.period}s from now")
    ax.set_ylabel("share of relationships")
    ax.set_title("Rung mix ahead, with 90 % intervals", loc="left")
    return ax


def first_passage(time: FirstPassage, ax: Any = None) -> Any:
    """When a group first reaches a rung: who has been there by then, and when half of it has.

    Parameters
    ----------
    time
        `loyalty.dynamics.transitions(past).first_passage("advocate", "client")`.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    table = time.to_frame("dict")
    if not time.status.usable or len(table["time"]) < 2:
        raise ValueError(f"there is nothing to draw: {time.status.sentence}")
    ax = _axes(ax)
    colour = RUNG_COLOURS[2]
    ax.fill_between(
        table["time"], table["low"], table["high"], color=colour, alpha=0.28, linewidth=0
    )
    ax.plot(table["time"], table["reached"], color=colour, linewidth=1.8)
    last = float(table["time"][-1])
    if time.median is not None and time.median <= last:
        ax.plot(
            [0, time.median, time.median],
            [0.5, 0.5, 0],
            color=_ink(ax),
            linewidth=0.9,
            linestyle="--",
        )
        ax.annotate(
            f"half by {time.unit} {time.median:.0f}",
            (time.median, 0.5),
            xytext=(6, -12),
            textcoords="offset points",
        )
    _share_axis(ax)
    ax.set_xlim(0, last)
    ax.set_xlabel(f"{time.unit}s from now")
    ax.set_ylabel("share that has been there")
    ax.set_title(f"From {time.group} to {time.target}, with 90 % interval", loc="left")
    return ax


def tracking(table: Any, ax: Any = None) -> Any:
    """Repeat purchases so far, and those that a purchase model expects; what the fit has not seen lies behind the line.

    The band holds 90 % of what is seen if the model holds: chance, and what the fit leaves open. It is narrow where the
    fit has seen these purchases.

    Parameters
    ----------
    table
        `loyalty.purchase.tracking(model, histories)`.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    columns = ("observed_cumulative", "expected_cumulative", "fitted")
    ends_of_band = ("expected_cumulative_low", "expected_cumulative_high")
    held = frames.columns_of(table, columns + ends_of_band)
    when = _times(times("until", frames.column_of(table, "until"), "UTC"))
    ax = _axes(ax)
    low, high = (held[name] for name in ends_of_band)
    ax.fill_between(when, low, high, color=MODEL_COLOUR, alpha=0.28, linewidth=0)
    ax.plot(when, held["observed_cumulative"], color=_ink(ax), linewidth=1.8)
    ax.plot(when, held["expected_cumulative"], color=MODEL_COLOUR, linewidth=1.8, linestyle="--")
    seen = np.flatnonzero(held["fitted"].astype(bool))
    if seen.size and seen[-1] + 1 < len(when):
        ax.axvline(when[seen[-1]], color=_ink(ax), linewidth=0.8, alpha=0.6)
        ax.annotate(
            "fitted up to here",
            (when[seen[-1]], 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize="small",
        )
    ends = [
        (float(held["observed_cumulative"][-1]), "observed", _ink(ax)),
        (float(held["expected_cumulative"][-1]), "expected", MODEL_COLOUR),
    ]
    top = max(float(high[-1]), *(end for end, *_ in ends))
    _end_labels(ax, ends, 0.055 * top, lambda end, name: f"{name}  {end:,.0f}")
    ax.set_ylim(0, 1.05 * top if top > 0 else 1)
    ax.set_xlim(when[0], when[-1])
    _date_axis(ax)
    ax.set_ylabel("repeat purchases")
    ax.set_title("Purchases against the model", loc="left")
    return ax


def frequency(table: Any, ax: Any = None) -> Any:
    """How many customers bought again 0, 1, 2, ... times, beside what a purchase model expects.

    Parameters
    ----------
    table
        `loyalty.purchase.frequency(model, histories)`.
    ax
        Matplotlib axes; a new figure by default.

    Returns
    -------
    Axes
        The axes.
    """
    held = frames.columns_of(table, ("purchases", "observed", "expected"))
    ax = _axes(ax)
    counts = held["purchases"].astype(int)
    ax.bar(counts - 0.2, held["observed"], 0.38, color=RUNG_COLOURS[1], label="observed")
    ax.bar(
        counts + 0.2,
        held["expected"],
        0.38,
        facecolor="none",
        edgecolor=MODEL_COLOUR,
        linewidth=1.6,
        label="expected",
    )
    ax.set_xticks(counts, [*map(str, counts[:-1]), f"{counts[-1]}+"])
    ax.yaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    ax.set_xlabel("repeat purchases")
    ax.set_ylabel("customers")
    ax.legend(frameon=False)
    ax.set_title("Customers by repeat purchases", loc="left")
    return ax


def _end_labels(ax: Any, ends: list[tuple[float, str, Any]], gap: float, words: Any) -> None:
    """Names of lines beside their ends, at least `gap` apart."""
    ends = sorted(ends, key=lambda end: end[0])
    places = _spread([end for end, *_ in ends], gap, 0, float("inf"))
    for place, (end, name, colour) in zip(places, ends, strict=True):
        ax.annotate(
            words(end, name),
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )


def strip(past: RelationshipHistory, events: Any = None, axes: Any = None) -> Any:
    """One relationship along time: its rung, its quality with interval, its parameters, and what happened.

    Parameters
    ----------
    past
        One relationship of a history: `loyalty.history(events)["S0000504"]`.
    events
        The log, or any frame with its columns relationship, time and kind, for the marks at the bottom. None: no marks.
    axes
        Three matplotlib axes above one another, or four with `events`; a new figure by default.

    Returns
    -------
    array of Axes
        The axes, from the top.
    """
    happened = [] if events is None else _happened(events, past)
    kinds = [kind for kind in _core.kind_names if any(kind == k for _, k in happened)]
    heights = [1.5, 1.3, 1.3] + ([0.16 * max(3, len(kinds)) + 0.3] if events is not None else [])
    if axes is None:
        _, axes = _pyplot().subplots(
            len(heights),
            1,
            figsize=(8, 1.25 * sum(heights)),
            sharex=True,
            height_ratios=heights,
            layout="constrained",
        )
    axes = np.atleast_1d(axes)
    if len(axes) != len(heights):
        raise ValueError(f"axes are {len(axes)}; needed are {len(heights)}")
    tape, snapshots = past._tape(), past._snapshots()
    start, end = past.known_since, past._whole.until
    labels = list(past._whole.policy.labels)
    _draw_rungs(_axes(axes[0]), tape, start, end, labels)
    dates = _times(snapshots["date"])
    _draw_quality(_axes(axes[1]), dates, snapshots)
    _draw_parameters(_axes(axes[2]), dates, snapshots)
    if events is not None:
        _draw_events(_axes(axes[3]), happened, kinds)
    axes[0].set_xlim(*_times([start, end]))
    _date_axis(axes[-1])
    axes[0].set_title(f"{past.relationship}, {date_text(start)} to {date_text(end)}", loc="left")
    return axes


def _happened(events: Any, past: RelationshipHistory) -> list[tuple[int, str]]:
    """UTC seconds and kinds of one relationship's events, in order."""
    for name in ("relationship", "time", "kind"):
        if name not in frames.names_of(events):
            raise ValueError(f"events have no column '{name}'")
    columns = frames.columns_of(events, ("relationship", "kind"))
    own = np.flatnonzero(columns["relationship"].astype(str) == past.relationship)
    seconds = times("time", frames.column_of(events, "time"), past._whole._zone)[own]
    kinds = columns["kind"][own]
    if kinds.dtype.kind in "iu":
        kinds = np.array([*_core.kind_names], object)[kinds]
    return sorted(
        (int(second), kind)
        for second, kind in zip(seconds, kinds, strict=True)
        if second != NO_TIME and kind in _core.kind_names
    )


def _draw_rungs(
    ax: Any, tape: Mapping[str, np.ndarray], start: int, end: int, labels: list[str]
) -> None:
    place = {label: k for k, label in enumerate(labels)}
    seconds = [start, *tape["time"].tolist(), end]
    rungs = [0, *(place[rung] for rung in tape["to_rung"])]
    for rung, begin, stop in zip(rungs, seconds[:-1], seconds[1:], strict=True):
        ax.plot(
            _times([begin, stop]),
            [rung, rung],
            color=RUNG_COLOURS[rung],
            linewidth=6,
            solid_capstyle="butt",
        )
    ax.step(
        _times(seconds), [*rungs, rungs[-1]], where="post", color=_ink(ax), linewidth=0.8, alpha=0.7
    )
    top = max(*rungs, 1)
    ax.set_ylim(-0.5, top + 0.5)
    ax.set_yticks(range(top + 1), labels[: top + 1])
    ax.set_ylabel("rung")


def _draw_quality(ax: Any, dates: list[dt.datetime], snapshots: Mapping[str, np.ndarray]) -> None:
    ax.fill_between(
        dates,
        snapshots["quality_low"],
        snapshots["quality_high"],
        color=_ink(ax),
        alpha=0.18,
        linewidth=0,
    )
    ax.plot(dates, snapshots["quality"], color=_ink(ax), linewidth=1.8, marker="o", markersize=2.5)
    ax.set_ylim(0, 100)
    ax.set_yticks([0, 50, 100])
    ax.set_ylabel("quality")
    if not np.isfinite(snapshots["quality"]).any():
        ax.text(0.5, 0.5, "too little evidence on every date", transform=ax.transAxes, ha="center")


def _draw_parameters(
    ax: Any, dates: list[dt.datetime], snapshots: Mapping[str, np.ndarray]
) -> None:
    ends = []
    for name, colour in PARAMETER_COLOURS.items():
        values = snapshots[name]
        if not np.isfinite(values).any():
            continue
        ax.plot(dates, values, color=colour, linewidth=1.5)
        ends.append((float(values[np.isfinite(values)][-1]), name, colour))
    ends.sort()
    places = _spread([end for end, *_ in ends], 0.15, 0.04, 0.96)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        ax.annotate(
            name,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    ax.set_ylabel("parameters")


def _draw_events(ax: Any, happened: list[tuple[int, str]], kinds: list[str]) -> None:
    for row, kind in enumerate(kinds):
        when = _times(second for second, k in happened if k == kind)
        ax.plot(when, [row] * len(when), "|", color=_ink(ax), markersize=8)
    ax.set_ylim(len(kinds) - 0.4, -0.6)
    ax.set_yticks(range(len(kinds)), kinds, fontsize="small")
    ax.tick_params(axis="y", length=0)
