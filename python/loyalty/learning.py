# SPDX-License-Identifier: MIT
"""What a log teaches a policy: priors, half-lives and the purchase cycle, each with how sure that is."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from loyalty import _core, frames
from loyalty._dates import check_zone, date_text, instant
from loyalty._events import event_columns, native_columns, times
from loyalty._fits import Estimate
from loyalty.frames import number_or_array
from loyalty.policy import Policy
from loyalty.portfolio import Books

__all__ = [
    "Estimate",
    "PolicyFit",
    "PriorFit",
    "PurchaseCycle",
    "fit_beta_binomial",
    "fit_gamma_rate",
    "fit_policy",
    "prequential_score",
]

#: What can be learned.
LESSONS = ("priors", "half_lives", "purchase_cycle")

#: Name, type and meaning of the columns of the tables.
VALUE_COLUMNS = (
    ("key", "text", "key of the policy"),
    ("before", "number", "what it was, in the unit of the file"),
    ("after", "number", "what it is now; as before where it stays"),
    ("changed", "flag", "whether it changed"),
    ("estimate", "number", "what the data say, whether or not it was taken"),
    ("low", "number", "5 % point; 0 where there is no lower limit"),
    ("high", "number", "95 % point; infinite where there is no upper limit"),
    ("relationships", "integer", "that had evidence"),
    ("evidence", "number", "outcomes, or gaps between purchases"),
    ("ended", "text", "converged, boundary, not_identified, too_little_data or stopped"),
    ("status", "text", "what that means for the value, in a sentence"),
)
SCORE_COLUMNS = (
    ("stream", "text", "guarantees, trust, responses, concessions or reciprocity"),
    ("half_life_days", "number", "half-life that was tried"),
    ("log_score", "number", "how well it predicts; differences count"),
)


@dataclass(frozen=True)
class PriorFit:
    """A prior of two numbers, fitted to many relationships.

    Attributes
    ----------
    first, second
        The numbers of the prior, as a policy states them: a and b of Beta(a, b), or shape and rate of a Gamma law.
    mean
        a/(a + b), or shape/rate: that of the relationships.
    weight
        a + b, or shape: the evidence of so many outcomes counts as much as the prior does.
    log_likelihood
        At these numbers, without the number of orders of the outcomes.
    start
        The two numbers by the method of moments, where the search began.
    relationships
        How many had evidence.
    ended
        "converged", "boundary", "not_identified", "too_little_data" or "stopped".
    status
        What that means, in a sentence.
    usable
        Whether the numbers can be used.
    """

    first: Estimate
    second: Estimate
    mean: Estimate
    weight: Estimate
    log_likelihood: float
    start: tuple[float, float]
    relationships: int
    ended: str
    status: str
    usable: bool

    def summary(self) -> str:
        """The fit in a few lines."""
        rows = [
            f"  {name:<8}{e.value:>12.6g}   {e.low:.4g} .. {e.high:.4g}"
            for name, e in (
                ("first", self.first),
                ("second", self.second),
                ("mean", self.mean),
                ("weight", self.weight),
            )
        ]
        count = f"{self.relationships:,} relationship{'' if self.relationships == 1 else 's'}"
        return "\n".join([f"{count}; {self.ended}: {self.status}", *rows]) + "\n"

    def __str__(self) -> str:
        return self.summary()


@dataclass(frozen=True)
class PurchaseCycle:
    """How long buyers who buy again take to.

    Attributes
    ----------
    days
        Median gap, with the gaps that are still open counted as long as they were seen.
    closed, open
        Gaps that ended, and that have not yet.
    relationships
        How many bought twice.
    not_again
        Share of purchases that no other follows in the time observed.
    ended, status
        How the fit ended, as a word and as a sentence.
    """

    days: Estimate
    closed: int
    open: int
    relationships: int
    not_again: float
    ended: str
    status: str


class PolicyFit:
    """A policy learned from a log, with what changed, why, and from which data. Made by :meth:`loyalty.Policy.fit`."""

    def __init__(self, learned: _core.Learning, start: Policy, kind: str) -> None:
        self._core = learned
        self._start = start
        self._kind: Any = kind
        self._policy = Policy._of(learned.policy)

    @property
    def policy(self) -> Policy:
        """The new policy."""
        return self._policy

    @property
    def start(self) -> Policy:
        """The policy that learning started from."""
        return self._start

    @property
    def as_of(self) -> int:
        """UTC second until which the log was used."""
        return self._core.as_of

    @property
    def relationships(self) -> int:
        """How many relationships the log has until then."""
        return self._core.relationships

    @property
    def books(self) -> Books:
        """What became of the rows; those after the date are skipped as ``after_as_of``."""
        books = dict(self._core.books())
        if self._core.later:
            books["read"] += self._core.later
            books["skipped"] = {"after_as_of": self._core.later} | books["skipped"]
        return Books.of(books)

    @property
    def purchase_cycles(self) -> dict[str, PurchaseCycle]:
        """The purchase cycle of all, and of each role that bought."""
        return {
            who: PurchaseCycle(
                Estimate(*found["days"]),
                found["closed"],
                found["open"],
                found["relationships"],
                found["not_again"],
                found["end"],
                found["sentence"],
            )
            for who, found in self._core.cycles().items()
        }

    def changes(self, kind: frames.Kind | None = None) -> Any:
        """One row for each key that was looked at: before, after, interval, evidence, and how the fit ended.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        columns = self._core.values()
        return self._frame(columns | {"changed": columns["changed"].astype(bool)}, kind)

    def half_life_scores(self, kind: frames.Kind | None = None) -> Any:
        """The log-score of every half-life that was tried, by stream.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self._frame(self._core.scores(), kind)

    def hold_out(self, kind: frames.Kind | None = None) -> Any:
        """How well the policy and what was learned before the hold-out date predict each stream after it; else None.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        held = self._core.hold_out()
        if held is None:
            return None
        columns = {name: held[name] for name in ("stream", "outcomes", "before", "after")}
        return self._frame(columns | {"gain": held["after"] - held["before"]}, kind)

    def _frame(self, columns: Mapping[str, np.ndarray], kind: Any) -> Any:
        return frames.to_frame(columns, (), kind or self._kind)

    def to_toml(self, full: bool = False, source: str = "") -> str:
        """The new policy as TOML below comments that say what changed, why and from which data.

        With `full` every key is there, else what differs from the defaults. `source` names the data, such as files.
        """
        return self._core.to_toml(full, source)

    def save(self, path: str | os.PathLike[str], full: bool = False, source: str = "") -> None:
        """Write `to_toml(full, source)` to `path`, aside first and renamed when complete."""
        from loyalty._files import written_aside

        with written_aside(Path(path)) as file:
            file.write(self.to_toml(full, source).encode())

    def summary(self) -> str:
        """What changed and what did not, each with its interval and why: 100 columns of text."""
        return self._core.summary()

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        changed = int(np.count_nonzero(self._core.values()["changed"]))
        count = f"{self.relationships:,} relationships"
        return f"PolicyFit({changed} changed values, {count} until {date_text(self.as_of)})"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"


def fit_policy(
    events: Any,
    policy: Policy | None = None,
    *,
    as_of: Any,
    hold_out: Any = None,
    learn: Iterable[str] = LESSONS,
    least_relationships: int = 20,
    zone: str | None = None,
) -> PolicyFit:
    """Learns a policy from a log; :meth:`loyalty.Policy.fit` says more.

    Parameters
    ----------
    events
        A pandas, polars or pyarrow frame or a dict of NumPy columns, as for :meth:`loyalty.Portfolio.apply`: whole
        histories of relationships, in any order.
    policy
        The policy to start from; all defaults where left out.
    as_of
        The date by which the log is judged; later rows are not used.
    hold_out
        A date before it: what would be learned until then is tried on the outcomes after it.
    learn
        Some of "priors", "half_lives" and "purchase_cycle"; all of them by default.
    least_relationships
        How many need enough evidence for a value to be learned, 2 or more.
    zone
        The zone of naive times, such as "Europe/London".

    Returns
    -------
    PolicyFit
        The new policy, and what it rests on.
    """
    check_zone(zone)
    lessons = [learn] if isinstance(learn, str) else list(learn)
    for lesson in lessons:
        if lesson not in LESSONS:
            raise ValueError(f"learn: {lesson!r} is none of {', '.join(LESSONS)}")
    start = policy or Policy()
    columns = event_columns(events, zone)
    kind = native_columns(events)[1]
    learned = _core.learn(
        columns,
        start._core,
        instant(as_of, zone),
        None if hold_out is None else instant(hold_out, zone),
        *(lesson in lessons for lesson in LESSONS),
        least_relationships,
    )
    return PolicyFit(learned, start, kind if kind in get_args(frames.Kind) else "pandas")


def _prior(made: Mapping[str, Any]) -> PriorFit:
    return PriorFit(
        *(Estimate(*made[name]) for name in ("first", "second", "mean", "weight")),
        made["log_likelihood"],
        made["start"],
        made["relationships"],
        made["end"],
        made["sentence"],
        made["usable"],
    )


def fit_beta_binomial(good: Any, bad: Any) -> PriorFit:
    """The Beta prior that many relationships teach, by the likelihood of their good and bad outcomes.

    Parameters
    ----------
    good, bad
        Outcomes of each relationship, 0 or more, decayed or not: guarantees kept and breached, for example. Columns of
        any kind. Rows with a null are left out; those without any outcome say nothing.

    Returns
    -------
    PriorFit
        The prior and its intervals.

    Raises
    ------
    ValueError
        For a negative or infinite number (with its row) and for columns of different lengths.
    TypeError
        For what holds no numbers.

    Examples
    --------
    >>> fit = fit_beta_binomial(good=[3, 5, 8, 2, 0, 9, 7, 4, 10, 6], bad=[1, 1, 2, 3, 3, 1, 2, 4, 1, 0])
    >>> round(fit.first.value, 4), round(fit.second.value, 4), fit.ended
    (5.8806, 2.2279, 'converged')
    """
    return _prior(
        _core.fit_beta_binomial(number_or_array(good, "good"), number_or_array(bad, "bad"))
    )


def fit_gamma_rate(events: Any, exposure: Any) -> PriorFit:
    """The Gamma prior of a rate that many relationships teach: answers in the time that requests waited, for example.

    Parameters
    ----------
    events
        How often it happened to each relationship, 0 or more, decayed or not.
    exposure
        In how much time, in one unit: answer times together with the waits of requests that are still open. Rows with a
        null are left out, and those without exposure say nothing.

    Returns
    -------
    PriorFit
        Shape and rate of the prior, and their intervals; the rate has the unit of the exposure.

    Raises
    ------
    ValueError
        For a negative or infinite number (with its row) and for columns of different lengths.
    TypeError
        For what holds no numbers.

    Examples
    --------
    >>> fit = fit_gamma_rate([3, 5, 0, 9, 2, 4, 1, 12, 6, 2.5], [1, 4, 2, 3, 3, 2, 2, 1.75, 9, 0.5])
    >>> round(fit.first.value, 4), round(fit.second.value, 4)
    (1.4925, 0.7196)
    """
    return _prior(
        _core.fit_gamma_rate(
            number_or_array(events, "events"), number_or_array(exposure, "exposure")
        )
    )


def prequential_score(
    time: Any,
    good: Any,
    bad: Any,
    half_life_days: Any,
    *,
    prior: Sequence[float] = (4, 1),
    relationship: Any = None,
    rates: bool = False,
    zone: str | None = None,
) -> Any:
    """How well the evidence before each outcome predicts it: the sum of good ln p + bad ln(1 - p).

    p is the mean of the Beta prior with the evidence of all earlier seconds, which fades with the half-life. Half-lives
    are compared by the difference of their scores: more is better, and what scores 1.35 less than the best lies outside
    its 5-95 % interval.

    Parameters
    ----------
    time
        When each outcome came: datetimes or UTC seconds, in any order. Those of one second do not predict each other.
    good, bad
        Evidence for and against that it brought, 0 or more; with `rates`, answers and their times in targets.
    half_life_days
        One half-life, or several.
    prior
        The two numbers of the prior: a and b, or with `rates` shape and rate.
    relationship
        Whose outcome each is; one relationship where left out.
    rates
        Whether outcomes are answers in time, scored by their density, rather than shares.
    zone
        The zone of naive times.

    Returns
    -------
    float or array of float
        The log-score of each half-life.

    Raises
    ------
    ValueError
        For evidence that is negative, infinite or null, half-lives and priors not above 0, lengths that differ.

    Examples
    --------
    >>> days = np.array([10, 100, 190, 300, 370, 395]) * 86400
    >>> kept = np.array([1, 1, 0, 1, 2, 0])
    >>> round(prequential_score(days, good=kept, bad=[0, 0, 1, 0, 0, 1], half_life_days=180), 6)
    -4.798205
    """
    seconds = times("time", np.asarray(time) if isinstance(time, list | tuple) else time, zone)
    if (seconds == _core.no_time).any():
        row = int(np.flatnonzero(seconds == _core.no_time)[0])
        raise ValueError(f"column 'time', row {row} (the first row is 0): a time is needed")
    if len(prior) != 2:
        raise ValueError(f"prior = {prior!r}: two numbers are needed")
    whose = None
    if relationship is not None:
        whose = np.unique(np.asarray(relationship), return_inverse=True)[1].astype(np.int64)
    half_lives = np.asarray(number_or_array(half_life_days, "half_life_days"), np.float64)
    scores = _core.prequential_scores(
        whose,
        seconds,
        number_or_array(good, "good"),
        number_or_array(bad, "bad"),
        (np.atleast_1d(half_lives) * 86400).tolist(),
        float(prior[0]),
        float(prior[1]),
        rates,
    )
    return float(scores[0]) if half_lives.ndim == 0 else scores
