# SPDX-License-Identifier: MIT
"""Scoring functions: each parameter, the quality, its interval and explanation, the rung, from plain numbers.

Every function takes numbers or columns: pandas or polars Series, pyarrow arrays, NumPy arrays, lists. Numbers give
Python numbers; columns give columns of the same kind, row by row, computed in one call without the interpreter lock.
Integers and booleans convert exactly; text is refused by name; null (None, NaN) in a row gives null in that row. The
same C++ functions score event logs, so a number found here is the number found there.

Counts may be decayed (an event that is one half-life old counts half) and so need not be whole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from loyalty import _core
from loyalty.frames import like_columns, number_or_array, text_or_array
from loyalty.policy import Policy

__all__ = [
    "Attribution",
    "NextStep",
    "Parameter",
    "QualityInterval",
    "RungStrength",
    "attribution",
    "commitment",
    "next_step",
    "probability_we_give_more",
    "quality",
    "quality_interval",
    "reciprocity",
    "responsiveness",
    "rung",
    "rung_strength",
    "trust",
]

#: A number, or a column of them: a pandas or polars Series, a pyarrow or NumPy array, a list. None is null.
Numbers: TypeAlias = Any
#: A text, or a column of them.
Texts: TypeAlias = Any


@functools.lru_cache(maxsize=64)
def role_scoring(role: str | None, policy: Policy | None) -> _core.RoleScoring:
    """What the policy (the default one where None) says about scoring a role: the one place where a policy comes in."""
    chosen = _core.Policy() if policy is None else policy._core
    return _core.RoleScoring(chosen, "" if role is None else role)


class _Call:
    """The arguments of one call as the compiled half takes them, and results as the caller's kind of column."""

    def __init__(self, **numbers: Numbers) -> None:
        self.numbers = {name: number_or_array(value, name) for name, value in numbers.items()}
        self.like = like_columns(numbers.values())

    def __call__(self, function: Callable[..., Any], *first: Any) -> Any:
        """The result of a compiled function: one column, or a list of them."""
        out = function(*first, *self.numbers.values())
        return [self.like(column) for column in out] if isinstance(out, tuple) else self.like(out)


@dataclass(frozen=True, eq=False)
class Parameter:
    """What is believed about one side of the company's conduct: floats, or columns of one kind and length."""

    #: Posterior mean, 0..1.
    mean: Any
    #: Posterior variance, 0..mean (1 - mean).
    variance: Any
    #: Evidence / (evidence + prior weight), 0..1; 0 means that only the prior speaks.
    coverage: Any

    @functools.cached_property
    def _interval(self) -> list[Any]:
        return _Call(mean=self.mean, variance=self.variance)(_core.parameter_interval)

    @property
    def low(self) -> Any:
        """5 % point of the Beta law with this mean and variance; computed when asked for."""
        return self._interval[0]

    @property
    def high(self) -> Any:
        """95 % point of the Beta law with this mean and variance; computed when asked for."""
        return self._interval[1]

    def __eq__(self, other: object) -> bool:
        """Whether all numbers are equal; null equals null."""
        if not isinstance(other, Parameter):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name), equal_nan=True)
            for f in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]


class QualityInterval(NamedTuple):
    """The 5, 50 and 95 % point of the quality, 0..100."""

    low: Any
    median: Any
    high: Any


class Attribution(NamedTuple):
    """How many points of quality each parameter accounts for; they sum to the difference of the qualities."""

    commitment: Any
    responsiveness: Any
    reciprocity: Any
    trust: Any


class NextStep(NamedTuple):
    """What to do next (None: nothing gains) and the points of quality that one such act gains."""

    step: Any
    points: Any


class RungStrength(NamedTuple):
    """Probability of each rung given the evidence; they sum to 1."""

    prospect: Any
    buyer: Any
    client: Any
    supporter: Any
    advocate: Any
    partner: Any


def commitment(
    kept: Numbers = 0,
    breached: Numbers = 0,
    contract_days_left: Numbers = None,
    *,
    role: str | None = None,
    policy: Policy | None = None,
) -> Parameter:
    """Commitment C = (1 - w) Beta(4 + kept, 1 + breached) + w (1 - 2^(-contract_days_left / 365)).

    Parameters
    ----------
    kept, breached
        Guarantees kept and breached, each 0 or more.
    contract_days_left
        Days until a contract ends; null or negative: none runs.
    role
        "consumer" (w = 0), or "supplier", "distributor", "agency", "agent" (w = 1/4).
    policy
        Other priors and weights.

    Returns
    -------
    Parameter
        Coverage (1 - w) n / (n + 5) + w [a contract runs], n = kept + breached.

    Examples
    --------
    >>> commitment(kept=3).mean
    0.875
    >>> round(commitment(kept=3, contract_days_left=365, role="distributor").mean, 5)
    0.78125
    """
    call = _Call(kept=kept, breached=breached, contract_days_left=contract_days_left)
    return Parameter(*call(_core.commitment, role_scoring(role, policy)))


def responsiveness(
    answered: Numbers = 0,
    answer_time: Numbers = 0,
    open: Numbers = 0,
    open_time: Numbers = 0,
    granted: Numbers = 0,
    refused: Numbers = 0,
    *,
    role: str | None = None,
    policy: Policy | None = None,
) -> Parameter:
    """Responsiveness R = 3/4 P(an answer comes within the target) + 1/4 Beta(1 + granted, 1 + refused).

    Answer times are exponential, their rate Gamma(2 + answered, 1 + answer_time + open_time): a request that is still
    open counts against us as it ages.

    Parameters
    ----------
    answered, answer_time
        Requests answered and the sum of their answer times, in targets (2.5 days at a target of 1 day are 2.5).
    open, open_time
        Requests that still wait and the sum of their waits, in targets; each counts for 64 at most.
    granted, refused
        Concessions granted and refused.
    role, policy
        As in `commitment`.

    Returns
    -------
    Parameter
        Coverage 3/4 n / (n + 2) + 1/4 c / (c + 2), n = answered + open, c = granted + refused.

    Examples
    --------
    >>> prompt = responsiveness(answered=10, answer_time=2)
    >>> waiting = responsiveness(answered=10, answer_time=2, open=1, open_time=6)
    >>> round(prompt.mean, 4), round(waiting.mean, 4)
    (0.8512, 0.6632)
    """
    call = _Call(
        answered=answered,
        answer_time=answer_time,
        open=open,
        open_time=open_time,
        granted=granted,
        refused=refused,
    )
    return Parameter(*call(_core.responsiveness, role_scoring(role, policy)))


def reciprocity(
    given: Numbers = 0,
    received: Numbers = 0,
    *,
    role: str | None = None,
    policy: Policy | None = None,
) -> Parameter:
    """Reciprocity P = 4 t (1 - t), t ~ Beta(1 + given, 1 + received) our share of what is given.

    1 in balance, 0 where one side gives everything: generosity beyond balance lowers it too.

    Parameters
    ----------
    given, received
        Points given by us and by them, each 0 or more.
    role, policy
        As in `commitment`.

    Returns
    -------
    Parameter
        Coverage n / (n + 2), n = given + received.

    Examples
    --------
    >>> round(reciprocity(given=10, received=5).mean, 6)
    0.862745
    """
    call = _Call(given=given, received=received)
    return Parameter(*call(_core.reciprocity, role_scoring(role, policy)))


def probability_we_give_more(
    given: Numbers = 0,
    received: Numbers = 0,
    *,
    role: str | None = None,
    policy: Policy | None = None,
) -> Any:
    """Direction of the balance: P(t > 1/2), t ~ Beta(1 + given, 1 + received), 0..1.

    `role` and `policy` choose the priors, as in `reciprocity`.

    Examples
    --------
    >>> round(probability_we_give_more(given=10, received=5), 6)
    0.894943
    """
    call = _Call(given=given, received=received)
    return call(_core.probability_we_give_more, role_scoring(role, policy))[0]


def trust(
    kept: Numbers = 0,
    broken: Numbers = 0,
    grave: Numbers = 0,
    *,
    role: str | None = None,
    policy: Policy | None = None,
) -> Parameter:
    """Trust T ~ Beta(4 + kept, 1 + broken + 2 grave): did we do what we said.

    Parameters
    ----------
    kept, broken, grave
        Good outcomes, bad ones (late, half done) and grave failures (a complaint, a broken promise, a breached
        guarantee), which weigh double. Each counts in one of the three.
    role, policy
        As in `commitment`.

    Returns
    -------
    Parameter
        Coverage n / (n + 5), n = kept + broken + grave.

    Examples
    --------
    >>> t = trust(kept=8, broken=1)
    >>> round(t.mean, 6), round(t.low, 4), round(t.high, 4)
    (0.857143, 0.6837, 0.9719)
    """
    call = _Call(kept=kept, broken=broken, grave=grave)
    return Parameter(*call(_core.trust, role_scoring(role, policy)))


# --- quality --------------------------------------------------------------------------------------

_NAMES = ("commitment", "responsiveness", "reciprocity", "trust")


def _mean(value: Parameter | Numbers) -> Numbers:
    return value.mean if isinstance(value, Parameter) else value


def _scoring(
    role: str | None, policy: Policy | None, weights: Mapping[str, float] | Sequence[float] | None
) -> _core.RoleScoring:
    scoring = role_scoring(role, policy)
    if weights is None:
        return scoring
    if isinstance(weights, Mapping):
        if set(weights) != set(_NAMES):
            raise ValueError(
                f"weights name {', '.join(_NAMES)}, not {', '.join(map(str, weights))}"
            )
        weights = [weights[name] for name in _NAMES]
    if len(weights) != len(_NAMES):
        raise ValueError(f"weights are four numbers, for {', '.join(_NAMES)}, not {len(weights)}")
    return scoring.with_weights(*weights)


def quality(
    commitment: Parameter | Numbers,
    responsiveness: Parameter | Numbers,
    reciprocity: Parameter | Numbers,
    trust: Parameter | Numbers,
    *,
    weights: Mapping[str, float] | Sequence[float] | None = None,
    role: str | None = None,
    policy: Policy | None = None,
) -> Any:
    """Quality Q = 100 C^.2 R^.2 P^.2 T^.4, 0..100: geometric, so one ruined parameter cannot be bought back.

    Whether there is enough evidence to publish it is another question: see the coverage of the parameters, or
    `score_table`, which gives null below the policy's minimum.

    Parameters
    ----------
    commitment, responsiveness, reciprocity, trust
        Parameters, or their means, 0..1.
    weights
        Four numbers that sum to 1, in this order or by name; else the policy's.
    role, policy
        As in `loyalty.commitment`.

    Examples
    --------
    >>> round(quality(0.8, 0.6, 0.5, 0.9), 4)
    72.0675
    """
    call = _Call(
        commitment=_mean(commitment),
        responsiveness=_mean(responsiveness),
        reciprocity=_mean(reciprocity),
        trust=_mean(trust),
    )
    return call(_core.quality, _scoring(role, policy, weights))


def quality_interval(
    commitment: Parameter,
    responsiveness: Parameter,
    reciprocity: Parameter,
    trust: Parameter,
    *,
    weights: Mapping[str, float] | Sequence[float] | None = None,
    role: str | None = None,
    policy: Policy | None = None,
) -> QualityInterval:
    """The 5, 50 and 95 % point of the quality when each parameter follows the Beta law with its mean and variance.

    Cornish-Fisher in ln Q with four cumulants; where that does not hold, the law is inverted numerically. The quality
    itself is the plug-in value and need not be the median. `weights`, `role` and `policy` are those of `quality`.

    Examples
    --------
    >>> stranger = commitment(), responsiveness(), reciprocity(), trust()
    >>> low, median, high = quality_interval(*stranger)
    >>> round(low, 1), round(median, 1), round(high, 1)
    (46.2, 74.1, 87.5)
    """
    parameters = dict(zip(_NAMES, (commitment, responsiveness, reciprocity, trust), strict=True))
    for name, parameter in parameters.items():
        if not isinstance(parameter, Parameter):
            given = type(parameter).__name__
            raise TypeError(
                f"{name}: an interval needs a Parameter (mean and variance), not {given}"
            )
    columns: dict[str, Numbers] = {}
    for name, parameter in parameters.items():
        columns[name] = parameter.mean
        columns[f"variance of {name}"] = parameter.variance
    return QualityInterval(
        *_Call(**columns)(_core.quality_interval, _scoring(role, policy, weights))
    )


def attribution(
    commitment: Parameter | Numbers,
    responsiveness: Parameter | Numbers,
    reciprocity: Parameter | Numbers,
    trust: Parameter | Numbers,
    base: Sequence[Parameter | Numbers] | None = None,
    role: str | None = None,
    *,
    weights: Mapping[str, float] | Sequence[float] | None = None,
    policy: Policy | None = None,
) -> Attribution:
    """Why the quality is what it is: points of each parameter against a baseline, which sum exactly to Q - Q0.

    Logarithmic-mean attribution L(Q, Q0) w ln(m / m0), L(a, b) = (a - b) / ln(a / b).

    Parameters
    ----------
    commitment, responsiveness, reciprocity, trust
        Parameters, or their means, above 0 and at most 1.
    base
        The same four to compare with, such as those of an earlier date; else a stranger's of this role: no evidence, no
        contract, no open request.
    role, weights, policy
        As in `quality`.

    Examples
    --------
    >>> why = attribution(0.8, 0.6, 0.5, 0.9, base=(0.8, 0.5, 0.5, 0.8))
    >>> round(why.responsiveness, 4), round(why.trust, 4)
    (2.5211, 3.2573)
    >>> round(sum(why), 4) == round(quality(0.8, 0.6, 0.5, 0.9) - quality(0.8, 0.5, 0.5, 0.8), 4)
    True
    """
    scoring = _scoring(role, policy, weights)
    baseline = (
        [mean for mean, _, _ in scoring.baseline] if base is None else [_mean(p) for p in base]
    )
    if len(baseline) != len(_NAMES):
        raise ValueError(f"base is four parameters, {', '.join(_NAMES)}, not {len(baseline)}")
    now = (commitment, responsiveness, reciprocity, trust)
    call = _Call(
        **{name: _mean(p) for name, p in zip(_NAMES, now, strict=True)},
        **{f"base {name}": p for name, p in zip(_NAMES, baseline, strict=True)},
    )
    return Attribution(*call(_core.attribution, scoring))


def words_of(names: Sequence[str | None]) -> Callable[[Any], Any]:
    """What turns codes into words: a word for a number, an array of words for an array; unknown codes become None."""
    table = np.full(256, None, dtype=object)
    table[: len(names)] = names

    def words(codes: Any) -> Any:
        return table[codes]

    return words


def next_step(
    *,
    guarantees_kept: Numbers = 0,
    guarantees_breached: Numbers = 0,
    contract_days_left: Numbers = None,
    answered: Numbers = 0,
    answer_time: Numbers = 0,
    open_requests: Numbers = 0,
    open_time: Numbers = 0,
    granted: Numbers = 0,
    refused: Numbers = 0,
    given: Numbers = 0,
    received: Numbers = 0,
    promises_kept: Numbers = 0,
    promises_broken: Numbers = 0,
    promises_grave: Numbers = 0,
    open_complaints: Numbers = 0,
    role: str | None = None,
    policy: Policy | None = None,
) -> NextStep:
    """The open action that gains most quality, and how many points one of it gains.

    The actions: keep_promise and grant_concession (always open), answer_request and resolve_complaint (while one is
    open), offer_contract (where the role has contracts and none runs), give_gift (where they give more than we do).

    Parameters
    ----------
    guarantees_kept, guarantees_breached, contract_days_left, answered, answer_time, open_requests, open_time, granted,
    refused, given, received, promises_kept, promises_broken, promises_grave
        The evidence, as in `commitment`, `responsiveness`, `reciprocity` and `trust`.
    open_complaints
        Complaints not resolved.
    role, policy
        As in `commitment`.

    Examples
    --------
    >>> step, points = next_step(answered=1, answer_time=1, open_requests=1, open_time=2)
    >>> step, round(points, 1)
    ('answer_request', 2.1)
    """
    call = _Call(
        guarantees_kept=guarantees_kept,
        guarantees_breached=guarantees_breached,
        contract_days_left=contract_days_left,
        answered=answered,
        answer_time=answer_time,
        open_requests=open_requests,
        open_time=open_time,
        granted=granted,
        refused=refused,
        given=given,
        received=received,
        promises_kept=promises_kept,
        promises_broken=promises_broken,
        promises_grave=promises_grave,
        open_complaints=open_complaints,
    )
    codes, points = _core.next_step(role_scoring(role, policy), *call.numbers.values())
    return NextStep(call.like(_step_words(codes)), call.like(points))


_step_words = words_of([None, *_core.next_step_names[1:]])


# --- the ladder -----------------------------------------------------------------------------------


def rung(
    *,
    purchases: Numbers,
    regularity: Numbers = 0,
    elsewhere: Numbers = 0,
    support: Numbers = 0,
    advocacy: Numbers = 0,
    partnership: Numbers = 0,
    contract: Numbers = False,
    held: Texts = None,
    policy: Policy | None = None,
) -> Any:
    """Where a counterparty stands on the ladder: prospect, buyer, client, supporter, advocate or partner.

    Up at once, down slowly: a rung is entered at one threshold and lost at a lower one, so what was `held` counts.

    Parameters
    ----------
    purchases
        Purchases ever, a whole number: a buyer from 1, a client from 2.
    regularity
        Decayed purchases: a client from 1.5, until below .75; or a client by contract.
    elsewhere
        Decayed purchases from others: an advocate's share of wallet is at least .8, until below .7.
    support, advocacy, partnership
        Decayed evidence: a supporter, advocate, partner from .75, until below .375.
    contract
        Whether a contract runs.
    held
        The rung held before; null: none.
    policy
        Other criteria and names of the rungs.

    Examples
    --------
    >>> rung(purchases=3, regularity=2.2, support=1.0)
    'supporter'
    >>> rung(purchases=3, regularity=2.2, support=0.5), rung(purchases=3, regularity=2.2, support=0.5, held="supporter")
    ('client', 'supporter')
    """
    call = _Call(
        purchases=purchases,
        regularity=regularity,
        elsewhere=elsewhere,
        support=support,
        advocacy=advocacy,
        partnership=partnership,
        contract=contract,
    )
    scoring = role_scoring(None, policy)
    like = like_columns(
        [purchases, regularity, elsewhere, support, advocacy, partnership, contract, held]
    )
    codes = _core.rung(scoring, *call.numbers.values(), text_or_array(held, "held"))
    return like(words_of(scoring.rung_labels)(codes))


def rung_strength(
    *,
    purchases: Numbers,
    years: Numbers,
    regularity: Numbers = 0,
    support: Numbers = 0,
    advocacy: Numbers = 0,
    partnership: Numbers = 0,
    policy: Policy | None = None,
) -> RungStrength:
    """How strongly the evidence speaks for each rung: probabilities that sum to 1.

    Each decayed sum is a rate with a Gamma(1/2, 1/2) prior; a rung holds where its rate and those of the rungs below
    would keep the sums at their thresholds.

    Parameters
    ----------
    purchases
        Purchases ever.
    years
        Time since the first event, in years of 365 days.
    regularity, support, advocacy, partnership
        Decayed evidence, as in `rung`; decayed with the half-lives of the policy.
    policy
        Other half-lives and thresholds.

    Examples
    --------
    >>> strength = rung_strength(purchases=5, years=2, regularity=3, support=1)
    >>> max(strength._asdict(), key=strength._asdict().get), round(sum(strength), 12)
    ('supporter', 1.0)
    """
    call = _Call(
        purchases=purchases,
        regularity=regularity,
        support=support,
        advocacy=advocacy,
        partnership=partnership,
        years=years,
    )
    return RungStrength(*call(_core.rung_strength, role_scoring(None, policy)))
