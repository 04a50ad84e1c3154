# SPDX-License-Identifier: MIT
"""The models: given or fitted, asked about customers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from loyalty import _core
from loyalty._fits import FitStatus
from loyalty.frames import like_columns, number_or_array
from loyalty.purchase.durations import DiscountRate, Duration, Numbers, known_unit, time_in, words
from loyalty.purchase.histories import Histories

__all__ = ["BGNBD", "MBGNBD", "Fit", "Forecast", "GammaGamma", "ParetoNBD", "Simulated"]


class Forecast(NamedTuple):
    """A forecast with its standard error and interval: floats, or columns of one kind and length.

    They tell how far the estimation of the parameters leaves it open, not what a single customer's chance does.
    """

    value: Any
    standard_error: Any
    low: Any
    high: Any


@dataclass(frozen=True, eq=False)
class Fit:
    """How a model was fitted, and how well its parameters are known.

    Attributes
    ----------
    log_likelihood, aic, bic
        At the maximum. AIC is 2 k - 2 ln L, BIC k ln n - 2 ln L with n customers.
    customers, repeaters
        How many customers were used (a sum of weights), and how many of them have bought again.
    standard_errors
        Of each parameter by name; None at a bound, or where the data do not tell.
    covariance
        Of the parameters, in their order; 0 in the rows of parameters at a bound.
    """

    log_likelihood: float
    aic: float
    bic: float
    customers: float
    repeaters: float
    standard_errors: dict[str, float | None]
    covariance: np.ndarray
    #: How the fit ended.
    status: FitStatus


class Model:
    """What all models have in common."""

    name: ClassVar[str]
    unit: str | None = None

    def __init__(
        self, values: Iterable[float], unit: str | None, covariance: Any, fitted: Fit | None = None
    ) -> None:
        names = _core.purchase_models[self.name]
        numbers = dict(zip(names, map(float, values), strict=True))
        for name, value in numbers.items():
            if fitted is None and not (value > 0 and math.isfinite(value)):
                raise ValueError(
                    f"{name} = {value!r}: parameters of {self.name} are above 0 and finite"
                )
        self._parameters = numbers
        self.unit = known_unit(unit)
        self._fitted = fitted
        self._covariance: np.ndarray | None = None
        if covariance is not None:
            matrix = np.ascontiguousarray(covariance, dtype=np.float64)
            if matrix.shape != (len(names), len(names)):
                raise ValueError(
                    f"covariance has the shape {matrix.shape}; needs {(len(names), len(names))}"
                )
            self._covariance = matrix

    @property
    def parameters(self) -> dict[str, float | None]:
        """The parameters by name; None where there were too little data for a fit."""
        return {k: None if math.isnan(v) else v for k, v in self._parameters.items()}

    @property
    def fitted(self) -> Fit | None:
        """How it was fitted; None for a model made of known parameters."""
        return self._fitted

    @property
    def status(self) -> FitStatus | None:
        """How the fit ended, also in a sentence; None for a model made of known parameters."""
        return None if self._fitted is None else self._fitted.status

    @property
    def covariance(self) -> np.ndarray | None:
        """Covariance of the parameters, in their order; None where none was estimated or given."""
        return self._covariance

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """Standard errors of the parameters by name; None where there are none."""
        if self._fitted is not None:
            return self._fitted.standard_errors
        if self._covariance is None:
            return dict.fromkeys(self._parameters)
        return dict(zip(self._parameters, np.sqrt(np.diag(self._covariance)).tolist(), strict=True))

    def summary(self) -> str:
        """Parameters with standard errors and, where it was fitted, how that ended: text."""
        lines = [self.name + (f", time in {self.unit}s" if self.unit else "")]
        for name, value in self.parameters.items():
            error = self.standard_errors[name]
            shown = "unknown" if value is None else f"{value:.6g}"
            lines.append(f"  {name:<6} {shown:>12}" + ("" if error is None else f"  ± {error:.3g}"))
        if self._fitted is not None:
            f = self._fitted
            if f.status.usable:
                lines.append(f"  ln L = {f.log_likelihood:.4f}, AIC {f.aic:.2f}, BIC {f.bic:.2f}")
            lines.append(f"  {f.customers:,.0f} customers, {f.repeaters:,.0f} of them bought again")
            lines.append(f"  {f.status}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={v!r}" for k, v in self.parameters.items())
        return f"{type(self).__name__}({inside}{f', unit={self.unit!r}' if self.unit else ''})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self._parameters, self.unit) == (other._parameters, other.unit)  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    def values(self) -> list[float]:
        """The parameters in order. Raises ValueError, with the status, where there are none."""
        values = list(self._parameters.values())
        if any(map(math.isnan, values)):
            raise ValueError(f"this {self.name} has no parameters. {self.status}")
        return values

    def _usable_covariance(self) -> np.ndarray | None:
        """The covariance of the parameters; None where there is none, or a parameter lies at its bound."""
        found = self._covariance
        return None if found is None or not np.isfinite(found).all() else found

    def _needed_covariance(self, interval: float | None) -> np.ndarray | None:
        """The covariance, where an interval is asked for."""
        if interval is None:
            return None
        if not 0 < interval < 1:
            raise ValueError(
                f"interval = {interval!r}: the probability of an interval lies between 0 and 1, such as 0.9"
            )
        if self._covariance is None:
            raise ValueError(
                f"this {self.name} was made of known parameters and has no standard errors: fit it, or give its "
                "covariance"
            )
        return self._covariance

    @classmethod
    def _of_fit(cls, found: dict[str, Any], unit: str | None) -> Any:
        names = _core.purchase_models[cls.name]
        errors = dict(zip(names, found["standard_errors"], strict=True))
        fit = Fit(
            standard_errors={k: None if math.isnan(v) else v for k, v in errors.items()},
            status=FitStatus(
                *(found[k] for k in ("end", "sentence", "iterations", "evaluations", "remaining"))
            ),
            **{
                k: found[k]
                for k in ("log_likelihood", "aic", "bic", "customers", "repeaters", "covariance")
            },
        )  # fmt: skip
        made = cls.__new__(cls)
        Model.__init__(made, found["parameters"], unit, found["covariance"], fit)
        return made


def as_forecast(value: Any, error: Any, interval: float, share: bool, like: Any) -> Forecast:
    low, high = _core.purchase_interval(value, error, interval, share)
    return Forecast(like(value), like(error), like(low), like(high))


class PurchaseModel(Model):
    """What BG/NBD, MBG/NBD and Pareto/NBD have in common."""

    #: UTC second of the end of the histories it was fitted to.
    end: int | None = None

    @classmethod
    def fit(
        cls,
        x: Numbers | Histories,
        t_x: Numbers = None,
        T: Numbers = None,  # noqa: N803
        *,
        weight: Numbers = None,
        unit: str | None = None,
        least_customers: float = _core.purchase_least_customers,
        least_repeaters: float = _core.purchase_least_repeaters,
    ) -> Any:
        """The model of highest likelihood for these customers.

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases of each customer, a column.
        t_x, T
            With columns: time of the last repeat purchase (0 without) and end of observation.
        weight
            How many customers a row stands for; that of the histories, or 1 each, without.
        unit
            With columns: the unit of t_x and T. Without one the model takes plain numbers.
        least_customers, least_repeaters
            With fewer customers, or fewer who bought again, no fit is tried and the status says so.

        Returns
        -------
        BGNBD, MBGNBD or ParetoNBD
            With `status`, `fitted`, `standard_errors`. The order of rows and the unit change nothing but the unit.
        """
        end = None
        if isinstance(x, Histories):
            if t_x is not None or T is not None or unit is not None:
                raise TypeError(
                    "histories bring their own t_x, T and unit: give nothing else beside them"
                )
            weight = x.weight if weight is None else weight
            x, t_x, T, unit, end = x.x, x.t_x, x.T, x.unit, x.end  # noqa: N806
        elif t_x is None or T is None:
            raise TypeError("a fit needs histories, or the three columns x, t_x and T")
        columns = {"x": x, "t_x": _plain_time(t_x, "t_x"), "T": _plain_time(T, "T")}
        arrays = [number_or_array(value, name) for name, value in columns.items()]
        found = _core.purchase_fit(
            cls.name,
            *arrays,
            None,
            number_or_array(weight, "weight"),
            least_customers,
            least_repeaters,
        )
        made = cls._of_fit(found, known_unit(unit))
        made.end = end
        return made

    def log_likelihood(self, x: Numbers | Histories, t_x: Numbers = None, T: Numbers = None) -> Any:  # noqa: N803
        """Logarithm of the likelihood of each customer: one value a row.

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases, a number or a column.
        t_x, T
            With x as numbers: time of the last repeat purchase and end of observation.
        """
        return self._ask("log_likelihood", x, t_x, T)

    def p_alive(
        self, x: Numbers | Histories, t_x: Numbers = None, T: Numbers = None, *, interval: float | None = None  # noqa: N803
    ) -> Any:  # fmt: skip
        """P(alive at T) of each customer.

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases, a number or a column.
        t_x, T
            With x as numbers: time of the last repeat purchase and end of observation.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.
        """
        return self._ask("p_alive", x, t_x, T, interval=interval, share=True)

    def p_no_purchase(
        self,
        x: Numbers | Histories,
        t_x: Numbers = None,
        T: Numbers = None,  # noqa: N803
        horizon: Duration | Numbers = None,
        *,
        interval: float | None = None,
    ) -> Any:
        """P(no purchase within the horizon after T) of each customer: gone already, or alive and quiet.

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases, a number or a column.
        t_x, T
            With x as numbers: time of the last repeat purchase and end of observation.
        horizon
            `weeks(4)` or another duration; a plain number where the model has no unit.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.
        """
        return self._ask(
            "p_no_purchase", x, t_x, T, _needed(horizon), interval=interval, share=True
        )

    def expected_purchases(
        self,
        x: Numbers | Histories,
        t_x: Numbers = None,
        T: Numbers = None,  # noqa: N803
        horizon: Duration | Numbers = None,
        *,
        interval: float | None = None,
    ) -> Any:
        """E[purchases within the horizon after T] of each customer.

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases, a number or a column.
        t_x, T
            With x as numbers: time of the last repeat purchase and end of observation.
        horizon
            `weeks(39)` or another duration; a plain number where the model has no unit.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.
        """
        return self._ask("expected_purchases", x, t_x, T, _needed(horizon), interval=interval)

    def discounted(
        self,
        x: Numbers | Histories,
        t_x: Numbers = None,
        T: Numbers = None,  # noqa: N803
        *,
        rate: DiscountRate,
        horizon: Duration | Numbers = None,
        interval: float | None = None,
    ) -> Any:
        """E[discounted purchases after T] of each customer, the residual lifetime in purchases (DERT).

        Parameters
        ----------
        x
            :class:`Histories`; or the repeat purchases, a number or a column.
        t_x, T
            With x as numbers: time of the last repeat purchase and end of observation.
        rate
            `DiscountRate(0.15, per="year")`; without a period where the model has no unit.
        horizon
            Purchases later than this are left out; without one all count.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.
        """
        if not isinstance(rate, DiscountRate):
            raise TypeError(
                f"rate is {rate!r}: write DiscountRate(0.15, per='year'), which carries its period"
            )
        stretch = math.inf if horizon is None else horizon
        force = rate.force(self.unit)
        return self._ask("discounted", x, t_x, T, stretch, force=force, interval=interval)

    def expected_purchases_new(
        self, time: Duration | Numbers, *, interval: float | None = None
    ) -> Any:
        """E[repeat purchases of a new customer] in its first stretch of time, the first purchase not counted.

        Parameters
        ----------
        time
            `weeks(39)` or another duration, also a column; a plain number where the model has no unit.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.
        """
        covariance = self._needed_covariance(interval)
        numbers = time_in(time, "time", self.unit)
        like = like_columns([numbers])
        value, error = _core.purchase_expected_new(
            self.name, self.values(), number_or_array(numbers, "time"), covariance
        )
        return like(value) if interval is None else as_forecast(value, error, interval, False, like)

    def p_counts_new(self, most: int, time: Duration | float) -> np.ndarray:
        """P(k repeat purchases of a new customer) in its first stretch of time, for k = 0 .. most.

        Parameters
        ----------
        most
            The highest count, 0 or more.
        time
            `weeks(39)` or another duration; a plain number where the model has no unit.
        """
        if most < 0:
            raise ValueError(f"most = {most}: needs 0 or more")
        length = float(time_in(time, "time", self.unit))
        if not 0 <= length < math.inf:
            raise ValueError(f"time = {length}: needs 0 or more, and finite")
        return _core.purchase_p_counts(self.name, self.values(), int(most), length)

    def forecast(
        self, customers: Histories, horizon: Duration | Numbers, *, interval: float = 0.9
    ) -> Any:
        """Every customer in a table: history, P(alive), P(no purchase) and E[purchases] within the horizon, intervals.

        Parameters
        ----------
        customers
            :class:`Histories`.
        horizon
            `weeks(39)` or another duration; a plain number where the model has no unit.
        interval
            Probability of the intervals, where the model knows its standard errors.
        """
        if not isinstance(customers, Histories):
            raise TypeError(f"forecast needs Histories, not {type(customers).__name__}")
        level = interval if self._covariance is not None else None
        columns: dict[str, Any] = {}
        for name, found in (
            ("p_alive", self.p_alive(customers, interval=level)),
            ("p_no_purchase", self.p_no_purchase(customers, horizon=horizon, interval=level)),
            (
                "expected_purchases",
                self.expected_purchases(customers, horizon=horizon, interval=level),
            ),
        ):
            parts = (found,) if level is None else found
            for suffix, part in zip(("", "_error", "_low", "_high"), parts, strict=False):
                columns[name + suffix] = np.asarray(part)
        return customers.table(columns)

    def simulate(self, T: Numbers, *, horizon: Duration | float, seed: int) -> Simulated:  # noqa: N803
        """Customers that live in the model's own world, one for every T; the same for the same seed.

        Parameters
        ----------
        T
            End of observation of each, counted from its first purchase: a duration of a column, or a plain column.
        horizon
            How far to look beyond T.
        seed
            Any integer from 0 to 2^64 - 1.
        """
        ends = np.ascontiguousarray(
            number_or_array(time_in(T, "T", self.unit), "T"), dtype=np.float64
        )
        if not (np.isfinite(ends).all() and (ends >= 0).all()):
            raise ValueError("column 'T': needs 0 or more, and finite")
        reach = float(time_in(horizon, "horizon", self.unit))
        if not 0 <= reach < math.inf:
            raise ValueError(f"horizon = {reach}: needs 0 or more, and finite")
        x, t_x, later, alive = _core.purchase_simulate(
            self.name, self.values(), np.atleast_1d(ends), reach, _known_seed(seed)
        )
        return Simulated(
            Histories(x=x, t_x=t_x, T=np.atleast_1d(ends), unit=self.unit),
            later,
            alive.astype(bool),
        )

    def _ask(
        self,
        quantity: str,
        x: Any,
        t_x: Any,
        T: Any,  # noqa: N803
        horizon: Any = 0.0,
        *,
        force: float = 0.0,
        interval: float | None = None,
        share: bool = False,
    ) -> Any:
        covariance = self._needed_covariance(interval)
        values = self.values()
        if isinstance(x, Histories):
            if t_x is not None or T is not None:
                raise TypeError(
                    "histories bring their own t_x and T; write horizon=... for the horizon"
                )
            if x.unit != self.unit:
                raise TypeError(
                    f"these histories are in {words(x.unit)} and the model's time runs in {words(self.unit)}: "
                    + (
                        f"convert them, histories.in_unit({self.unit!r})"
                        if x.unit and self.unit
                        else "state both units"
                    )
                )
            x, t_x, T = x.x, x.t_x, x.T  # noqa: N806
        elif t_x is None or T is None:
            raise TypeError("give histories, or the three numbers or columns x, t_x and T")
        else:
            t_x = time_in(t_x, "t_x", self.unit)
            T = time_in(T, "T", self.unit)  # noqa: N806
        forward = quantity not in ("log_likelihood", "p_alive")
        horizon = time_in(horizon, "horizon", self.unit) if forward else 0.0
        given = {"x": x, "t_x": t_x, "T": T, "horizon": horizon}
        like = like_columns(given.values())
        arrays = [number_or_array(value, name) for name, value in given.items()]
        value, error = _core.purchase_evaluate(
            self.name, values, quantity, *arrays, force, covariance
        )
        return like(value) if interval is None else as_forecast(value, error, interval, share, like)


def _plain_time(value: Any, name: str) -> Any:
    if isinstance(value, Duration):
        raise TypeError(
            f"{name}: a fit takes columns of plain numbers with unit={value.unit!r} beside them, or Histories"
        )
    return value


def _known_seed(seed: int) -> int:
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed = {seed}: needs an integer from 0 to 2^64 - 1")
    return seed


def _needed(horizon: Any) -> Any:
    if horizon is None:
        raise TypeError(
            "a horizon is needed: horizon=weeks(39), or a plain number where the model has no unit"
        )
    return horizon


class _BetaGeometric(PurchaseModel):
    """A model whose customers drop out after a purchase, with probabilities Beta(a, b)."""

    def __init__(
        self,
        *,
        r: float,
        alpha: float,
        a: float,
        b: float,
        unit: str | None = None,
        covariance: Any = None,
    ) -> None:
        super().__init__((r, alpha, a, b), unit, covariance)


class BGNBD(_BetaGeometric):
    """The BG/NBD model (Fader, Hardie and Lee 2005): purchase rates Gamma(r, alpha), dropout probabilities Beta(a, b).

    Customers drop out right after a repeat purchase.

    It calls every customer without a repeat purchase alive for certain. To count who is alive take :class:`MBGNBD` or
    :class:`ParetoNBD`.

    Parameters
    ----------
    r, alpha, a, b
        Above 0; alpha in units of time.
    unit
        Unit of its time: "hour", "day", "week", "month" or "year"; without one, times are plain numbers.
    covariance
        Of the estimates of (r, alpha, a, b), where they are known, for intervals.
    """

    name = "BG/NBD"


class MBGNBD(_BetaGeometric):
    """The MBG/NBD model (Batislam, Denizel and Filiztekin 2007): as :class:`BGNBD`, but the first may be the last.

    Parameters
    ----------
    r, alpha, a, b
        Above 0; alpha in units of time.
    unit
        Unit of its time: "hour", "day", "week", "month" or "year"; without one, times are plain numbers.
    covariance
        Of the estimates of (r, alpha, a, b), where they are known, for intervals.
    """

    name = "MBG/NBD"


class ParetoNBD(PurchaseModel):
    """The Pareto/NBD model (Schmittlein, Morrison and Colombo 1987): rates of purchase and of dropout are Gammas.

    Purchase rates are Gamma(r, alpha) and dropout rates Gamma(s, beta) across customers.

    Parameters
    ----------
    r, alpha, s, beta
        Above 0; alpha and beta in units of time.
    unit
        Unit of its time: "hour", "day", "week", "month" or "year"; without one, times are plain numbers.
    covariance
        Of the estimates of (r, alpha, s, beta), where they are known, for intervals.
    """

    name = "Pareto/NBD"

    def __init__(
        self,
        *,
        r: float,
        alpha: float,
        s: float,
        beta: float,
        unit: str | None = None,
        covariance: Any = None,
    ) -> None:
        super().__init__((r, alpha, s, beta), unit, covariance)


class GammaGamma(Model):
    """The Gamma-Gamma model of spend (Fader, Hardie and Lee 2005): values are Gamma(p, nu), and nu is Gamma(q, v).

    It supposes that what a customer spends at a time has nothing to do with how often it buys.

    Parameters
    ----------
    p, q, v
        Above 0; v in units of money.
    covariance
        Of the estimates of (p, q, v), where they are known, for intervals.
    """

    name = "Gamma-Gamma"

    def __init__(self, *, p: float, q: float, v: float, covariance: Any = None) -> None:
        super().__init__((p, q, v), None, covariance)

    @classmethod
    def fit(
        cls,
        x: Numbers | Histories,
        mean_value: Numbers = None,
        *,
        weight: Numbers = None,
        least_customers: float = _core.purchase_least_customers,
    ) -> GammaGamma:
        """The model of highest likelihood for the customers who bought again.

        Parameters
        ----------
        x
            :class:`Histories` with mean values; or the repeat purchases of each customer, a column.
        mean_value
            With columns: mean value of these purchases. Rows without one, or with x = 0, are not used.
        weight
            How many customers a row stands for; that of the histories, or 1 each, without.
        least_customers
            With fewer no fit is tried and the status says so.
        """
        if isinstance(x, Histories):
            if mean_value is not None:
                raise TypeError("histories bring their own mean values: give nothing beside them")
            weight = x.weight if weight is None else weight
            x, mean_value = x.x, x.mean_value
        if mean_value is None:
            raise TypeError(
                "spend needs mean values: histories(orders, amount=...), or the column mean_value"
            )
        arrays = [
            number_or_array(v, n)
            for n, v in (("x", x), ("mean_value", mean_value), ("weight", weight))
        ]
        found = _core.purchase_fit(
            cls.name, arrays[0], 0, 0, arrays[1], arrays[2], least_customers, 0
        )
        return cls._of_fit(found, None)

    def log_likelihood(self, x: Numbers | Histories, mean_value: Numbers = None) -> Any:
        """Logarithm of the density of each customer's mean value: one value a row.

        Parameters
        ----------
        x
            Purchases, above 0, a number or a column; or :class:`Histories`, of whom those without a repeat purchase
            get null.
        mean_value
            Their mean value, above 0.
        """
        if isinstance(x, Histories):
            counts = np.asarray(number_or_array(x.x, "x"), dtype=float)
            x, mean_value = np.where(counts > 0, counts, np.nan), x.mean_value
        given = {"x": x, "mean_value": mean_value}
        like = like_columns(given.values())
        arrays = [number_or_array(value, name) for name, value in given.items()]
        return like(_core.purchase_spend_log_likelihood(self.values(), *arrays))

    def expected_spend(
        self, x: Numbers | Histories, mean_value: Numbers = None, *, interval: float | None = None
    ) -> Any:
        """E[value of the next purchase] of each customer: between its own mean and that of all.

        Parameters
        ----------
        x
            Purchases, a number or a column; or :class:`Histories`. At 0 the answer is that of anybody.
        mean_value
            Their mean value; not read where x is 0.
        interval
            A probability such as 0.9: the answer is then a :class:`Forecast` with standard error and interval.

        Returns
        -------
        number or column
            Infinite where p x + q is 1 or less: the law of values then has no mean.
        """
        covariance = self._needed_covariance(interval)
        if isinstance(x, Histories):
            x, mean_value = x.x, x.mean_value
        given = {"x": x, "mean_value": mean_value}
        like = like_columns(given.values())
        arrays = [number_or_array(value, name) for name, value in given.items()]
        value, error = _core.purchase_expected_spend(self.values(), *arrays, covariance)
        return like(value) if interval is None else as_forecast(value, error, interval, False, like)

    def simulate(self, x: Numbers, *, seed: int) -> np.ndarray:
        """Mean values of customers in the model's own world, null where x is 0; the same for the same seed.

        Parameters
        ----------
        x
            Purchases of each, a column.
        seed
            Any integer from 0 to 2^64 - 1.
        """
        counts = np.ascontiguousarray(np.atleast_1d(number_or_array(x, "x")), dtype=np.float64)
        return _core.purchase_simulate_spend(self.values(), counts, _known_seed(seed))


class Simulated(NamedTuple):
    """Customers of a model's own world: their histories, what they bought within the horizon, whether alive at T."""

    histories: Histories
    later: np.ndarray
    alive: np.ndarray
