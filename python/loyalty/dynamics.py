# SPDX-License-Identifier: MIT
"""How relationships move on the ladder: transitions, forecasts, first passages, rates; the mix of mere purchases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from loyalty import _core, frames
from loyalty._dates import date_text, instant
from loyalty._fits import Estimate, Learned
from loyalty._states import (
    LAPSED,
    Mix,
    chain_prior,
    counted,
    grid,
    ladder_shape,
    page,
    share_text,
    some_periods,
    square_matrix,
    start_mix,
    state_names,
    state_numbers,
    target_flags,
    whole_number,
    wrapped,
)
from loyalty.histories import History, period_dates

__all__ = [
    "FirstPassage",
    "Intensities",
    "MixForecast",
    "NullMix",
    "StationaryMix",
    "Transitions",
    "intensities",
    "intensities_from_snapshots",
    "null_mix",
    "transitions",
]


# --- histories ---------------------------------------------------------------------------------------


def _lapse_seconds(past: History, cycles: float | None) -> int:
    """Seconds without a purchase after which a relationship is lapsed; 0 for no such state."""
    if cycles is None:
        return 0
    if isinstance(cycles, bool) or not isinstance(cycles, int | float):
        raise TypeError(f"lapse_after_cycles = {cycles!r}: needs a number of purchase cycles")
    seconds = cycles * past.policy._core.purchase_cycle_days * 86400
    if not 1 <= seconds < 2**40:
        raise ValueError(f"lapse_after_cycles = {cycles!r}: needs a number above 0, such as 4")
    return round(seconds)


def _needs_history(past: Any) -> History:
    if not isinstance(past, History):
        raise TypeError(
            f"needs a history, such as loyalty.history(events), not {type(past).__name__}"
        )
    return past


def _states_of(past: History, lapse_after: int) -> tuple[str, ...]:
    return (*past.policy.labels, LAPSED) if lapse_after else tuple(past.policy.labels)


def _window(past: History, since: Any) -> int:
    """The first second that counts: not before the rungs are followed."""
    first = past.start
    return first if since is None else max(first, instant(since, past._zone, end_of_day=False))


# --- chains -----------------------------------------------------------------------------------------


def transitions(
    past: History,
    *,
    period: str = "month",
    since: Any = None,
    lapse_after_cycles: float | None = None,
    prior: Any = None,
) -> Transitions:
    """How often relationships stood on one rung at the end of a period and on which at the end of the next.

    Parameters
    ----------
    past
        A :func:`loyalty.history`; its tape is counted, whatever dates it was asked for.
    period
        "week", "month" or "quarter".
    since
        First date that counts; without it, as early as rungs are followed.
    lapse_after_cycles
        Adds the state *lapsed*: has bought, but for longer than so many purchase cycles of the policy not again.
        Needed for money.
    prior
        Weight of each move before anything was seen: a matrix, or three numbers (staying, neighbours, elsewhere);
        (2, 0.5, 0.05) without it.

    Returns
    -------
    Transitions
        Of the relationships known at both ends; `today` is where everybody stands on the last date.
    """
    past = _needs_history(past)
    lapse = _lapse_seconds(past, lapse_after_cycles)
    dates = period_dates(past, period, _window(past, since))
    columns = past._columns()
    counts = _core.transitions(columns, dates, lapse)
    today = _core.states_at(columns, past.until, lapse)
    made = Transitions(
        counts, states=_states_of(past, lapse), today=today, prior=prior, period=period
    )
    return made._from(past)


class Transitions(Learned):
    """A chain of states: how probable each move is, from one period to the next.

    Parameters
    ----------
    counts
        How often each move was seen, row = from, column = to; fractions and weights are allowed.
    states
        Names of the states; the rungs where there are six, and "lapsed" as a seventh.
    today
        How many stand in each state today, for forecasts of counts.
    prior
        Weight of each move before anything was seen: a matrix, or three numbers (staying, neighbours, elsewhere);
        (2, 0.5, 0.05) without it. From buyer on one may lapse, and who lapsed comes back as a buyer: neighbours, too.
    period
        "day", "week", "month", "quarter" or "year": from one count to the next.

    Examples
    --------
    >>> seen = Transitions([[90, 10], [20, 80]], states=["buyer", "client"], today=[300, 100])
    >>> round(float(seen.probabilities[0, 1]), 4)
    0.1024
    """

    COLUMNS = (
        ("from", "text", "state at the end of a period"),
        ("to", "text", "state at the end of the next"),
        ("count", "number", "how often that was seen; null where the chain is given"),
        ("probability", "number", "posterior mean"),
        ("sd", "number", "of the probability"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point"),
    )

    def __init__(
        self,
        counts: Any,
        *,
        states: Iterable[str] | None = None,
        today: Any = None,
        prior: Any = None,
        period: str = "month",
    ) -> None:
        matrix = square_matrix(counts, "counts")
        names = state_names(states, len(matrix))
        chain = _core.Chain.of_counts(matrix, chain_prior(prior, names), list(names))
        self._set(chain, matrix, names, today, period)

    def _set(
        self,
        chain: Any,
        counts: np.ndarray | None,
        states: tuple[str, ...],
        today: Any,
        period: str,
    ) -> None:
        _core.days_of_period(period)  # says what is wrong
        super().__init__(chain.status, "pandas", {})
        self._chain = chain
        self._counts = counts
        self._states = states
        self._period = period
        self._today = None if today is None else state_numbers(today, states, "today")
        self._until: int | None = None

    @classmethod
    def known(
        cls,
        probabilities: Any,
        *,
        states: Iterable[str] | None = None,
        today: Any = None,
        period: str = "month",
    ) -> Transitions:
        """A chain that is given, not estimated.

        Parameters
        ----------
        probabilities
            Row = from, column = to; each row sums to 1.
        states, today, period
            As of the class.
        """
        matrix = square_matrix(probabilities, "probabilities")
        names = state_names(states, len(matrix))
        made = cls.__new__(cls)
        made._set(_core.Chain.known(matrix, list(names)), None, names, today, period)
        return made

    def _from(self, past: History) -> Transitions:
        self._kind, self._metadata, self._until = past._kind, past.metadata, past.until
        return self

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self._states

    @property
    def period(self) -> str:
        """From one count to the next."""
        return self._period

    @property
    def counts(self) -> np.ndarray | None:
        """How often each move was seen, row = from; None where the chain is given."""
        return self._counts

    @property
    def probabilities(self) -> np.ndarray:
        """The posterior mean of each move, row = from."""
        return self._chain.mean

    @property
    def today(self) -> np.ndarray | None:
        """How many stand in each state today; None where nobody said."""
        return self._today

    def _columns(self) -> dict[str, Any]:
        names = np.array(self._states, object)
        n = len(names)
        mean, sd, low, high = self._chain.probabilities()
        counts = np.full(n * n, np.nan) if self._counts is None else self._counts.ravel()
        return {
            "from": np.repeat(names, n),
            "to": np.tile(names, n),
            "count": counts,
            "probability": mean,
            "sd": sd,
            "low": low,
            "high": high,
        }

    def forecast(self, periods: int = 12, start: Mix | None = None) -> MixForecast:
        """The rung mix of today's relationships for each of the next `periods`.

        Parameters
        ----------
        periods
            How far ahead, 0 or more.
        start
            Another mix to start from: counts, shares or a state. Only counts say how large the population is, and so
            what chance alone does to it.

        Returns
        -------
        MixForecast
            Nobody who is to come is in it.
        """
        now = start_mix(start, self._today, self._states)
        size = float(now.sum())
        if size <= 1 + 1e-9:
            size = 0.0  # shares, or a state: of how many is not known
        made = self._chain.forecast(now, size, whole_number(periods, "periods"))
        return MixForecast(made, self, size)

    def stationary(self) -> StationaryMix:
        """The mix to which these moves would lead in the end, if they never changed."""
        return StationaryMix(self._chain.stationary(), self)

    def first_passage(
        self,
        to: str | Iterable[str],
        start: Mix | None = None,
        *,
        or_above: bool = True,
        periods: int = 60,
    ) -> FirstPassage:
        """How long until a group first reaches a rung: "months until half of today's clients are advocates".

        Parameters
        ----------
        to
            The state to reach, or several.
        start
            A state, or a mix; today's mix without it.
        or_above
            Whether one state stands for itself and the rungs above it.
        periods
            How many periods `to_frame` follows.
        """
        flags, words = target_flags(to, or_above, self._states)
        now = start_mix(start, self._today, self._states)
        made = self._chain.first_passage(now, flags, whole_number(periods, "periods"))
        group = start if isinstance(start, str) else "today's mix" if start is None else "the mix"
        return FirstPassage(made, self, words, group, self._period, np.arange(periods + 1.0))

    def summary(self) -> str:
        """How probable it is to stay, to climb and to fall, rung by rung."""
        seen = "" if self._counts is None else f", {counted(self._counts.sum(), 'transition')}"
        rows = []
        for i, state in enumerate(self._states):
            p = self.probabilities[i]
            moves = sorted((j for j in range(len(p)) if j != i), key=lambda j: (-p[j], j))[:2]
            likely = ", ".join(f"{self._states[j]} {share_text(p[j])}" for j in moves)
            count = "" if self._counts is None else f"{self._counts[i].sum():,.0f}"
            rows.append([state, count, share_text(p[i]), likely])
        head = ["from", "seen", "stays", "goes to most"]
        return page(
            f"Transitions from one {self._period} to the next{seen}",
            grid(head, rows),
            wrapped(self.status.sentence),
        )

    def __repr__(self) -> str:
        seen = "given" if self._counts is None else counted(self._counts.sum(), "transition")
        return f"Transitions({len(self._states)} states, {seen}, {self.status.end})"


class MixForecast(Learned):
    """The mix of today's relationships in the periods ahead, with two kinds of uncertainty told apart."""

    COLUMNS = (
        ("period", "integer", "periods from now; 0 is now"),
        ("state", "text", "rung, or lapsed"),
        ("share", "number", "of today's relationships, posterior mean (second order)"),
        ("low", "number", "5 % point of the share that will be counted: moves and chance"),
        ("high", "number", "95 % point"),
        (
            "expected_low",
            "number",
            "5 % point of the expected share: what is not known of the moves",
        ),
        ("expected_high", "number", "95 % point"),
        ("sd", "number", "of the share that will be counted"),
        ("model_sd", "number", "of the expected share"),
        ("chance_sd", "number", "of the count by chance alone, as a share"),
        ("plug_in", "number", "share at the mean of the probabilities"),
        (
            "relationships",
            "number",
            "share times relationships; null where their number is not known",
        ),
    )

    def __init__(self, made: dict[str, Any], of: Transitions, size: float) -> None:
        super().__init__(made["status"], of._kind, of._metadata)
        self._made, self._of, self._size = made, of, size

    @property
    def periods(self) -> int:
        """How far ahead."""
        return max(len(self._made["share"]) - 1, 0)

    @property
    def period(self) -> str:
        """From one row to the next: "month" and so on."""
        return self._of.period

    @property
    def shares(self) -> np.ndarray:
        """Expected shares, row = period from 0 on, column = state."""
        return self._made["share"]

    def _columns(self) -> dict[str, Any]:
        made = self._made
        rows, n = made["share"].shape
        flat = {name: np.ascontiguousarray(made[name]).ravel() for name in made if name != "status"}
        known = self._size > 0
        flat |= {
            "period": np.repeat(np.arange(rows), n),
            "state": np.tile(np.array(self._of.states, object), rows),
            "relationships": flat["share"] * self._size if known else np.full(rows * n, np.nan),
        }
        return {name: flat[name] for name, _, _ in self.COLUMNS}

    def _lines(self, most: int = 5) -> list[list[str]]:
        """Rows for a reader: one a state; now, some periods on the way, the last with its interval."""
        made, last = self._made, self.periods
        shown = some_periods(last, most)
        lines = [["", "now", *(f"+{h}" for h in shown), "5-95 %"]]
        for j, state in enumerate(self._of.states):
            lines.append(
                [
                    state,
                    share_text(made["share"][0, j]),
                    *(share_text(made["share"][h, j]) for h in shown),
                    f"{100 * made['low'][last, j]:.1f}-{100 * made['high'][last, j]:.1f} %",
                ]
            )
        return lines

    def summary(self) -> str:
        """Now, some periods on the way, and the last with its interval."""
        if not self.status.usable:
            return page("No forecast of the rung mix", wrapped(self.status.sentence))
        head, *rows = self._lines()
        who = f" of {counted(self._size, 'relationship')}" if self._size > 0 else ""
        until = self._of._until
        date = "" if until is None else f" from {date_text(until)}"
        return page(
            f"Rung mix{who}, {counted(self.periods, self._of.period)} ahead{date}",
            grid(head, rows),
            wrapped(
                "The interval is of the last column: what is not known of the moves, and chance. Today's relationships "
                "alone; nobody who is to come. " + self.status.sentence
            ),
        )

    def __repr__(self) -> str:
        return f"MixForecast({self.periods} {self._of.period}s, {self.status.end})"


class StationaryMix(Learned):
    """The mix that no longer changes."""

    COLUMNS = (
        ("state", "text", "rung, or lapsed"),
        ("share", "number", "in the end, at the mean of the probabilities"),
        ("sd", "number", "of the share (delta method)"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point"),
    )

    def __init__(self, made: dict[str, Any], of: Transitions) -> None:
        super().__init__(made["status"], of._kind, of._metadata)
        self._made, self._of = made, of

    @property
    def covariance(self) -> np.ndarray:
        """Of the shares; without rows where there is no such mix."""
        return self._made["covariance"]

    def _columns(self) -> dict[str, Any]:
        share, sd, low, high = self._made["shares"]
        names = np.array(self._of.states[: len(share)], object)
        return {"state": names, "share": share, "sd": sd, "low": low, "high": high}

    def summary(self) -> str:
        """Share and interval of each state."""
        rows = [
            [state, share_text(mean), f"{100 * low:.1f}-{100 * high:.1f} %"]
            for state, mean, low, high in zip(
                self._of.states, *self._made["shares"][[0, 2, 3]], strict=False
            )
        ]
        table = grid(["", "share", "5-95 %"], rows) if rows else []
        return page("The rung mix in the end", table, wrapped(self.status.sentence))

    def __repr__(self) -> str:
        return f"StationaryMix({self.status.end})"


class FirstPassage(Learned):
    """The time until a group first reaches some states."""

    COLUMNS = (
        ("time", "number", "periods from now"),
        ("reached", "number", "share of the group that has been there by then"),
        ("sd", "number", "of the share, because the moves are not known exactly"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point"),
    )

    def __init__(
        self, made: dict[str, Any], of: Any, target: str, group: str, unit: str, times: np.ndarray
    ) -> None:
        super().__init__(made["status"], of._kind, of._metadata)
        self._made, self._target, self._group, self._unit = made, target, group, unit
        self._times = times[: made["reached"].shape[1]]

    @property
    def group(self) -> str:
        """Who sets out: a state, "today's mix" or "the mix"."""
        return self._group

    @property
    def target(self) -> str:
        """What is to be reached, in words."""
        return self._target

    @property
    def unit(self) -> str:
        """The unit of time: "month" and so on."""
        return self._unit

    @property
    def mean(self) -> Estimate | None:
        """Mean time and its uncertainty; None where some never get there."""
        found = self._made["mean"]
        return None if found is None else Estimate(*found)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the time from one relationship to another; None likewise."""
        return self._made["spread"]

    @property
    def median(self) -> float | None:
        """When half of the group have been there; None where half never are."""
        return self._made["median"]

    @property
    def median_interval(self) -> tuple[float | None, float | None]:
        """Bounds of the median by the intervals of `to_frame`; None where they lie beyond its last time."""
        return self._made["median_low"], self._made["median_high"]

    @property
    def quantiles(self) -> tuple[float | None, float | None, float | None]:
        """When 5, 50 and 95 % of the group have been there; None for what is never reached."""
        return self._made["soonest"], self._made["median"], self._made["latest"]

    def _columns(self) -> dict[str, Any]:
        reached, sd, low, high = self._made["reached"]
        return {"time": self._times, "reached": reached, "sd": sd, "low": low, "high": high}

    def summary(self) -> str:
        """Mean, spread, quantiles, and who has been there when."""
        lines = []
        if self.mean is not None:
            lines.append(
                f"  mean {self.mean.value:.1f} {self._unit}s (5-95 % {self.mean.low:.1f}-{self.mean.high:.1f}), "
                f"from one to another ± {self.spread:.1f}"
            )
        if self.median is not None:
            early, late = self.median_interval
            around = (
                f" (5-95 % {_or_later(early)} to {_or_later(late)})" if early is not None else ""
            )
            lines.append(f"  half by {self._unit} {self.median:.4g}{around}")
        reached, _, low, high = self._made["reached"]
        last = len(self._times) - 1
        rows = [
            [
                f"{self._times[h]:.4g}",
                share_text(reached[h]),
                f"{100 * low[h]:.1f}-{100 * high[h]:.1f} %",
            ]
            for h in (some_periods(last, 6) if last > 0 else [])
        ]
        return page(
            f"From {self._group} to {self._target}",
            lines,
            grid([f"{self._unit}s", "reached", "5-95 %"], rows) if rows else [],
            wrapped(self.status.sentence),
        )

    def __repr__(self) -> str:
        half = "half never" if self.median is None else f"half by {self._unit} {self.median:.4g}"
        return f"FirstPassage({self._group} to {self._target}: {half}, {self.status.end})"


def _or_later(time: float | None) -> str:
    return "later" if time is None else f"{time:.4g}"


# --- continuous time --------------------------------------------------------------------------------


def intensities(
    past: History,
    *,
    per: str = "month",
    since: Any = None,
    lapse_after_cycles: float | None = None,
    prior: tuple[float, float] | None = None,
) -> Intensities:
    """Rates of moves from the exact seconds in which they happened.

    Parameters
    ----------
    past
        A :func:`loyalty.history` with its tape.
    per
        "day", "week", "month" (365/12 days), "quarter" or "year": the unit of the rates.
    since
        First date that counts; without it, as early as rungs are followed.
    lapse_after_cycles
        Adds the state *lapsed*, as for :func:`transitions`.
    prior
        Moves and days seen before anything was: half a move in 182.5 days without it.

    Returns
    -------
    Intensities
        Climbs and falls pass every rung between, so all moves are to a neighbour; and lapses, and returns to any rung.
    """
    past = _needs_history(past)
    lapse = _lapse_seconds(past, lapse_after_cycles)
    states = _states_of(past, lapse)
    moves, seconds = _core.time_at_risk(past._columns(), _window(past, since), past.until, lapse)
    unit = _core.days_of_period(per)
    prior_moves, prior_days = _core.rate_prior if prior is None else prior
    mask = _core.adjacent_moves(*ladder_shape(states)) | (moves > 0)
    made = _core.Intensities.of_times(
        moves, seconds / (86400 * unit), mask, prior_moves, prior_days / unit, list(states)
    )
    return Intensities._of(made, states, per, moves=moves)._from(past)


def intensities_from_snapshots(
    snapshots: History | Iterable[tuple[float, Any]],
    *,
    states: Iterable[str] | None = None,
    moves: Any = None,
    per: str = "month",
    period: str = "month",
    since: Any = None,
    lapse_after_cycles: float | None = None,
) -> Intensities:
    """Rates of moves where only snapshots are known, by maximum likelihood (Kalbfleisch and Lawless, 1985).

    Parameters
    ----------
    snapshots
        Pairs of a time between two snapshots (in units of `per`) and the counts of moves between them, row = from; or a
        :func:`loyalty.history`, whose ends of `period` are taken.
    states
        Names of the states of counts; the rungs where there are six, and "lapsed" as a seventh.
    moves
        Which moves there can be, as a matrix of flags; without it, one rung up or down, lapsing from buyer on and
        coming back as a buyer: what snapshots can tell apart.
    per
        The unit of the rates: "day", "week", "month", "quarter", "year".
    period, since, lapse_after_cycles
        Of a history, as for :func:`transitions`.

    Returns
    -------
    Intensities
        With the log-likelihood; `status` says where it ended at a bound or what the snapshots cannot tell.
    """
    past = snapshots if isinstance(snapshots, History) else None
    unit = _core.days_of_period(per)
    if past is not None:
        lapse = _lapse_seconds(past, lapse_after_cycles)
        names = _states_of(past, lapse)
        dates = period_dates(past, period, _window(past, since))
        dated = _core.dated_transitions(past._columns(), dates, lapse)
        pairs = [(seconds / (86400 * unit), counts) for seconds, counts in dated]
    else:
        pairs = [(float(time), square_matrix(counts, "counts")) for time, counts in snapshots]
        if not pairs:
            raise ValueError("snapshots: needs at least one pair of a time and counts")
        names = state_names(states, len(pairs[0][1]))
    if moves is None:
        mask = _core.adjacent_moves(*ladder_shape(names))
    else:
        mask = np.asarray(moves)
        if mask.shape != (len(names), len(names)) or mask.dtype != bool:
            raise ValueError(f"moves: needs {len(names)} x {len(names)} flags (true or false)")
    made = _core.Intensities.of_snapshots(pairs, mask, list(names))
    found = Intensities._of(made, names, per)
    return found if past is None else found._from(past)


class Intensities(Learned):
    """Rates of moves in continuous time.

    Parameters
    ----------
    rates
        Moves per unit of time, row = from; the diagonal is not read. These are given, not estimated.
    states
        Names of the states; the rungs where there are six, and "lapsed" as a seventh.
    per
        The unit of time: "day", "week", "month", "quarter" or "year".

    Examples
    --------
    >>> rates = Intensities([[0, 0.05], [0, 0]], states=["buyer", "client"])
    >>> round(rates.first_passage("client", "buyer").mean.value, 6)
    20.0
    """

    COLUMNS = (
        ("from", "text", "state that is left"),
        ("to", "text", "state that is entered"),
        ("count", "number", "moves that were seen; null where they were not"),
        ("rate", "number", "moves per unit of time"),
        ("sd", "number", "of the rate; null where the data cannot tell"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point; null where the data cannot tell"),
    )

    def __init__(
        self, rates: Any, *, states: Iterable[str] | None = None, per: str = "month"
    ) -> None:
        matrix = square_matrix(rates, "rates")
        names = state_names(states, len(matrix))
        self._set(_core.Intensities.known(matrix, list(names)), names, per, None)

    def _set(self, made: Any, states: tuple[str, ...], per: str, moves: np.ndarray | None) -> None:
        _core.days_of_period(per)  # says what is wrong
        super().__init__(made.status, "pandas", {})
        self._made, self._states, self._per, self._moves = made, states, per, moves

    @classmethod
    def _of(
        cls, made: Any, states: tuple[str, ...], per: str, moves: np.ndarray | None = None
    ) -> Intensities:
        found = cls.__new__(cls)
        found._set(made, states, per, moves)
        return found

    def _from(self, past: History) -> Intensities:
        self._kind, self._metadata = past._kind, past.metadata
        return self

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self._states

    @property
    def per(self) -> str:
        """The unit of time."""
        return self._per

    @property
    def generator(self) -> np.ndarray:
        """Rates off the diagonal; each row sums to 0."""
        return self._made.generator

    @property
    def log_likelihood(self) -> float | None:
        """Where they were fitted to snapshots."""
        return self._made.log_likelihood

    def _columns(self) -> dict[str, Any]:
        made = self._made
        at = made.moves if self.status.end != "too_little_data" else np.zeros_like(made.moves)
        i, j = np.nonzero(at)
        names = np.array(self._states, object)
        return {
            "from": names[i],
            "to": names[j],
            "count": np.full(len(i), np.nan) if self._moves is None else self._moves[i, j],
            "rate": made.generator[i, j],
            "sd": made.sd[i, j],
            "low": made.low[i, j],
            "high": made.high[i, j],
        }

    def probabilities(self, time: float) -> np.ndarray:
        """The probability of standing in each state after `time`, row = from: e^(Q t)."""
        return self._made.probabilities_after(float(time))

    def first_passage(
        self,
        to: str | Iterable[str],
        start: Mix,
        *,
        or_above: bool = True,
        times: Sequence[float] = (),
    ) -> FirstPassage:
        """How long until a group first reaches a rung.

        Parameters
        ----------
        to
            The state to reach, or several.
        start
            A state, or a mix.
        or_above
            Whether one state stands for itself and the rungs above it.
        times
            When `to_frame` tells who has been there; 0 to 60 units of time without it.
        """
        flags, words = target_flags(to, or_above, self._states)
        now = start_mix(start, None, self._states)
        when = np.atleast_1d(np.asarray(frames.number_or_array(times, "times"), float))
        when = np.arange(61.0) if not when.size else when
        made = self._made.first_passage(now, flags, when.tolist())
        group = start if isinstance(start, str) else "the mix"
        return FirstPassage(made, self, words, group, self._per, when)

    def climb_times(self) -> dict[str, Estimate | None]:
        """Mean time from each state but the last up to the next, falls on the way included; None for never."""
        found = self._made.climb_times() if self.status.usable else []
        return {
            state: None if one is None else Estimate(*one)
            for state, one in zip(self._states, found, strict=False)
        }

    def summary(self) -> str:
        """Rates and intervals."""
        columns = self._columns()
        rows = [
            [f"{a} to {b}", f"{rate:.4g}", "" if np.isnan(high) else f"{low:.4g} to {high:.4g}"]
            for a, b, rate, low, high in zip(
                *(columns[name] for name in ("from", "to", "rate", "low", "high")), strict=True
            )
        ]
        table = grid([f"per {self._per}", "rate", "5-95 %"], rows) if rows else []
        return page("Rates of moves", table, wrapped(self.status.sentence))

    def __repr__(self) -> str:
        return f"Intensities({len(self._states)} states, per {self._per}, {self.status.end})"


# --- the mix of mere purchases ----------------------------------------------------------------------


def null_mix(
    past: History | None = None,
    *,
    days: int = 365,
    counts: Sequence[int] | None = None,
    penetration: float | None = None,
    mean: float | None = None,
    relationships: int = 0,
    most: int = 10,
) -> NullMix:
    """The mix that a mere negative binomial law of purchases would give, beside the observed one.

    Give a history, or `counts`, or `penetration` and `mean`.

    Parameters
    ----------
    past
        A :func:`loyalty.history`: the days on which those known before the period bought.
    days
        Length of the period, up to the last date of the history.
    counts
        How many relationships bought 0, 1, 2, ... times.
    penetration, mean
        Share of relationships that bought at all, and purchases of each (of all of them).
    relationships
        How many there are, for the uncertainty of a stated penetration and mean; 0 where it is not known.
    most
        The last number of purchases of its own, 2 or more; the rest come together.

    Returns
    -------
    NullMix
        Both mixes, and which rungs purchases alone would fill.

    Examples
    --------
    >>> round(null_mix(penetration=0.4, mean=1.2).k, 6)
    0.336222
    """
    given = [past is not None, counts is not None, penetration is not None or mean is not None]
    if sum(given) != 1 or (penetration is None) != (mean is None):
        raise ValueError("give a history, or `counts`, or `penetration` and `mean`")
    if past is not None:
        past = _needs_history(past)
        length = whole_number(days, "days")
        if length == 0:
            raise ValueError("days = 0: needs 1 or more")
        found = _core.purchase_days(past._columns(), past.until - 86400 * length, past.until)
        made = NullMix(_core.null_mix_of_counts(found, most), f"{length} days")
        made._kind, made._metadata = past._kind, past.metadata
        return made
    if counts is not None:
        whole = [whole_number(count, "counts") for count in np.asarray(counts).tolist()]
        return NullMix(_core.null_mix_of_counts(whole, most), "the period")
    return NullMix(
        _core.null_mix(float(penetration), float(mean), most, float(relationships)),  # type: ignore[arg-type]
        "the period",
    )


class NullMix(Learned):
    """What mere purchases, with this penetration and mean, would look like; and what was seen."""

    COLUMNS = (
        ("purchases", "integer", "in the period; the last row is that many or more"),
        ("expected", "number", "share of relationships under the negative binomial law"),
        ("sd", "number", "of that share, because penetration and mean are estimates"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point"),
        ("observed", "number", "share that was counted; null where none were"),
    )
    RUNG_COLUMNS = (
        ("rung", "text", "that purchases in the period alone would give: 0, 1, 2 or more"),
        *COLUMNS[1:],
    )

    def __init__(self, made: dict[str, Any], period: str) -> None:
        super().__init__(made["status"], "pandas", {})
        self._made, self._period = made, period

    @property
    def k(self) -> float | None:
        """Of the gamma law of rates; None where no such law fits, or for the Poisson law."""
        return self._made["k"]

    @property
    def penetration(self) -> float:
        """Share of relationships that bought."""
        return self._made["penetration"]

    @property
    def mean(self) -> float:
        """Purchases of each relationship."""
        return self._made["mean"]

    @property
    def repeaters(self) -> Estimate:
        """Expected share of those who bought that bought again."""
        return Estimate(*self._made["repeaters"])

    @property
    def surplus(self) -> Estimate | None:
        """Observed less expected share of those who bought twice or more; None where nothing was counted.

        Where its interval holds 0 the counts say how many buy and how often, and nothing more about loyalty.
        """
        found = self._made["surplus"]
        return None if found is None else Estimate(*found)

    def _columns(self) -> dict[str, Any]:
        rows = self._made["expected"].shape[1]
        return {"purchases": np.arange(rows), **self._shares("expected", "observed")}

    def _shares(self, expected: str, observed: str) -> dict[str, np.ndarray]:
        share, sd, low, high = self._made[expected]
        seen = self._made[observed] or [np.nan] * len(share)
        return {"expected": share, "sd": sd, "low": low, "high": high, "observed": np.array(seen)}

    def rungs(self, kind: frames.Kind | None = None) -> Any:
        """The same by the rungs that purchases alone can reach: prospect, buyer, client (or above).

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        shares = self._shares("rungs", "observed_rungs")
        names = np.array(_core.rung_names[: len(shares["expected"])], object)
        return frames.to_frame(
            {"rung": names, **shares}, (), kind or self._kind, metadata=self.metadata
        )

    def summary(self) -> str:
        """Expected beside observed, by purchases and by rungs."""
        made = self._made
        title = (
            f"Purchases alone: {share_text(self.penetration)} bought in {self._period}, "
            f"{self.mean:.2f} purchases each"
        )
        blocks = []
        for name, seen, words in (
            ("rungs", "observed_rungs", ["no purchase", "1 (buyer)", "2 or more (client)"]),
            ("expected", "observed", None),
        ):
            share, _, low, high = made[name]
            observed = made[seen] or [None] * len(share)
            labels = words or [
                *map(str, range(max(len(share) - 1, 0))),
                f"{len(share) - 1} or more",
            ]
            rows = [
                [
                    label,
                    "" if o is None else share_text(o),
                    share_text(e),
                    f"{100 * a:.1f}-{100 * b:.1f} %",
                ]
                for label, o, e, a, b in zip(labels, observed, share, low, high, strict=False)
            ]
            if rows:
                blocks.append(grid(["purchases", "seen", "expected", "5-95 %"], rows))
        return page(title, *blocks, wrapped(self.status.sentence))

    def __repr__(self) -> str:
        return (
            f"NullMix(penetration {self.penetration:.3g}, mean {self.mean:.3g}, {self.status.end})"
        )
