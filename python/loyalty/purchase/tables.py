# SPDX-License-Identifier: MIT
"""Models beside each other and beside the data, and what customers will still bring."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from loyalty import _core, frames
from loyalty._dates import DAY
from loyalty._events import _frames_at_hand
from loyalty.frames import like_columns, number_or_array
from loyalty.orders import _days
from loyalty.purchase.durations import DiscountRate, Duration, Numbers, time_in, words
from loyalty.purchase.histories import Dated, Histories
from loyalty.purchase.models import BGNBD, MBGNBD, GammaGamma, ParetoNBD, PurchaseModel, as_forecast

__all__ = ["compare", "frequency", "residual_value", "tracking"]

_MODELS = (BGNBD, MBGNBD, ParetoNBD)


def compare(customers: Histories, models: Iterable[Any] = _MODELS) -> Any:
    """Fits several models to the same histories: a table of likelihoods, status and parameters, best AIC first.

    Parameters
    ----------
    customers
        :class:`Histories`.
    models
        Classes to fit, such as `(BGNBD, ParetoNBD)`; all three without. Fitted models are taken as they are.
    """
    fitted = [
        model if isinstance(model, PurchaseModel) else model.fit(customers) for model in models
    ]
    for model in fitted:
        if model.fitted is None:
            raise ValueError(f"{model!r} was made of known parameters: there is no fit to compare")
    fitted.sort(key=lambda m: (math.isnan(m.fitted.aic), m.fitted.aic))
    names = list(dict.fromkeys(name for model in fitted for name in model.parameters))
    texts = {
        "model": [model.name for model in fitted],
        "status": [model.status.end for model in fitted],
        "sentence": [model.status.sentence for model in fitted],
    }
    numbers = {
        k: [getattr(model.fitted, k) for model in fitted] for k in ("log_likelihood", "aic", "bic")
    }
    best = numbers["aic"][0]
    numbers["aic_above_best"] = [aic - best for aic in numbers["aic"]]
    for name in names:
        numbers[name] = [model.parameters.get(name) for model in fitted]
    columns = {"model": np.array(texts["model"], dtype=object)}
    columns |= {k: np.array(v, dtype=float) for k, v in numbers.items()}
    columns |= {k: np.array(texts[k], dtype=object) for k in ("status", "sentence")}
    return frames.to_frame(columns, kind=customers.kind or _frames_at_hand())


def frequency(model: Any, customers: Histories, *, most: int = 7) -> Any:
    """How many customers bought again 0, 1, 2, ... times, and how many the model expects: a table.

    Parameters
    ----------
    model
        A purchase model with the unit of the histories.
    customers
        :class:`Histories`: their x is counted, their T is what the model is asked about.
    most
        The last row holds this many or more.

    Returns
    -------
    frame
        `purchases` (the last row: that many or more), `observed`, `expected`.
    """
    if most < 1:
        raise ValueError(f"most = {most}: needs 1 or more")
    _same_unit(model, customers)
    x = np.asarray(number_or_array(customers.x, "x"), dtype=float)
    ends = np.ascontiguousarray(number_or_array(customers.T, "T"), dtype=np.float64)
    weight = None
    if customers.weight is not None:
        weight = np.ascontiguousarray(number_or_array(customers.weight, "weight"), dtype=np.float64)
    observed = np.bincount(np.minimum(x, most).astype(np.int64), weights=weight, minlength=most + 1)
    expected = _core.purchase_expected_counts(model.name, model.values(), ends, weight, most - 1)
    columns = {
        "purchases": np.arange(most + 1),
        "observed": observed.astype(float),
        "expected": expected,
    }
    return frames.to_frame(columns, kind=customers.kind or _frames_at_hand())


def tracking(model: Any, customers: Histories, *, every: Duration | None = None) -> Any:
    """Repeat purchases by period, and those that the model expects, of the customers that it knows: a table.

    Parameters
    ----------
    model
        A purchase model with a unit. Where it was fitted to dated histories, only customers who had come by the end of
        those are followed, and `fitted` says which periods the fit has seen.
    customers
        :class:`Histories` made by :func:`histories` from dated orders, up to the last date to look at: mostly later
        than the end that the model was fitted to.
    every
        Length of a period; one unit of the histories without.

    Returns
    -------
    frame
        `period` (1, 2, ...), `until` (its last day), `observed` and `expected` purchases in it, the same `_cumulative`
        since the first, and `fitted`. `expected_cumulative_low` and `expected_cumulative_high` are the 5 and 95 %
        points of what is seen if the model holds: customers' own chance and, where the parameters have a covariance,
        what the fit leaves open; one to dated histories is taken to have seen these customers.
    """
    _same_unit(model, customers)
    dated = customers.dated
    if dated is None:
        raise TypeError("tracking needs to know when purchases were made: histories(orders, ...)")
    unit = str(customers.unit)
    length = 1.0 if every is None else float(time_in(every, "every", unit))
    if not length > 0:
        raise ValueError(f"every = {every!r}: needs more than 0")
    begin = int(dated.first.min())
    step = length * dated.counts_in_unit
    # A period of seven days ends with the seventh, not with the first of the next.
    periods = max(1, math.ceil((dated.end + 1 - begin) / step - 1e-9))
    marks = np.floor(begin + step * np.arange(1, periods + 1) + 1e-6).astype(np.int64) - 1
    marks = np.minimum(marks, dated.end)
    when = dated.second(marks)
    known = np.ones(len(customers), bool)
    if model.end is not None:
        known = dated.second(dated.first) - (0 if dated.one_per is None else DAY - 1) <= model.end
    bought = np.sort(dated.repeat_time[known[dated.repeat_customer]])
    observed = np.searchsorted(bought, marks, side="right").astype(float)
    past = (dated.end - marks) / dated.counts_in_unit
    expected, _, low, high = _core.purchase_expected_cumulative(
        model.name,
        model.values(),
        np.ascontiguousarray(np.asarray(customers.T)[known]),
        None,
        past,
        model._usable_covariance(),
        *_seen_by_fit(model, dated, known),
    )
    columns = {
        "period": np.arange(1, periods + 1),
        "until": when,
        "observed": np.diff(observed, prepend=0),
        "expected": np.diff(expected, prepend=0),
        "observed_cumulative": observed,
        "expected_cumulative": expected,
        "expected_cumulative_low": low,
        "expected_cumulative_high": high,
        "fitted": np.full(periods, True) if model.end is None else when <= model.end,
    }
    return frames.to_frame(columns, {"until"}, customers.kind or _frames_at_hand())


def _seen_by_fit(model: Any, dated: Dated, known: np.ndarray) -> tuple[Any, float]:
    """The histories at the end of the fit of whom it knows, and how long that lies before the end of `dated`."""
    if model.end is None:
        return None, 0.0
    stop = model.end
    if dated.one_per is not None:
        stop = int(_days(np.array([model.end]), dated.zone)[0])
    stop = min(stop, dated.end)
    who = np.concatenate([np.flatnonzero(known), dated.repeat_customer])
    times = np.concatenate([dated.first[known], dated.repeat_time])
    of_known = known[who]
    made = _core.purchase_histories(
        np.ascontiguousarray(who[of_known], dtype=np.int64),
        np.ascontiguousarray(times[of_known], dtype=np.int64),
        None,
        stop,
        dated.counts_in_unit,
    )
    return (made["x"], made["t_x"], made["T"]), (dated.end - stop) / dated.counts_in_unit


def _same_unit(model: Any, customers: Histories) -> None:
    if not isinstance(model, PurchaseModel) or not isinstance(customers, Histories):
        raise TypeError("give a purchase model (BGNBD, MBGNBD, ParetoNBD) and Histories")
    if model.unit != customers.unit:
        raise TypeError(
            f"these histories are in {words(customers.unit)} and the model's time runs in {words(model.unit)}"
        )


def residual_value(
    model: Any,
    spend: GammaGamma,
    customers: Histories,
    *,
    rate: DiscountRate,
    horizon: Duration | Numbers = None,
    margin: float = 1.0,
    interval: float | None = None,
) -> Any:
    """What each customer will still bring, discounted to the end of observation: purchases times the value of one.

    Parameters
    ----------
    model
        A purchase model.
    spend
        A model of what a purchase is worth.
    customers
        :class:`Histories` with mean values.
    rate
        `DiscountRate(0.15, per="year")`.
    horizon
        Purchases later than this are left out; without one all count.
    margin
        The part of a purchase's value that stays with us, 0..1.
    interval
        A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval. The two
        models are taken as estimated independently of each other.
    """
    if not 0 <= margin <= 1:
        raise ValueError(f"margin = {margin!r}: a share of the value, 0 to 1")
    count = model.discounted(customers, rate=rate, horizon=horizon, interval=interval)
    price = spend.expected_spend(customers, interval=interval)
    if interval is None:
        return count * price * margin
    value = np.asarray(count.value) * np.asarray(price.value) * margin
    error = margin * np.hypot(
        np.asarray(count.standard_error) * np.asarray(price.value),
        np.asarray(price.standard_error) * np.asarray(count.value),
    )
    like = like_columns([count.value])
    return as_forecast(value, error, interval, False, like)
