# SPDX-License-Identifier: MIT
"""Purchase models against the package lifetimes: speed, hold-out forecasts of real tables, and known worlds recovered.

Ratios in one run. `speed`, `holdout` or `recovery` runs one part only. The hold-out of the UK retail log and of the
dunnhumby households needs LOYALTY_DATA, the folder of the public tables; CDNOW comes with lifetimes.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _figures
import lifetimes
import lifetimes.datasets
import loyalty.purchase as lp
import numpy as np
import pandas as pd

DATA = Path(os.environ.get("LOYALTY_DATA", ""))
LIFETIMES = {
    lp.BGNBD: lifetimes.BetaGeoFitter,
    lp.MBGNBD: lifetimes.ModifiedBetaGeoFitter,
    lp.ParetoNBD: lifetimes.ParetoNBDFitter,
}


def best(function: Callable[[], Any], rounds: int) -> float:
    """Seconds of the fastest of several runs."""
    fastest = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def cdnow(name: str = "sample") -> pd.DataFrame:
    folder = Path(lifetimes.datasets.__file__).parent
    if name == "sample":
        columns = ["master", "id", "date", "cds", "amount"]
        log = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None, names=columns)
    else:
        columns = ["id", "date", "cds", "amount"]
        log = pd.read_csv(
            folder / "CDNOW_master.txt", sep=r"\s+", header=None, skiprows=1, names=columns
        )
    log["date"] = pd.to_datetime(log.date.astype(str), format="%Y%m%d")
    return log[["id", "date", "amount"]]


def theirs(model: type, histories: lp.Histories) -> Any:
    fitter = LIFETIMES[model](penalizer_coef=0.0)
    return fitter.fit(histories.x, histories.t_x, histories.T)


# --- speed ----------------------------------------------------------------------------------------


def speed() -> None:
    histories = lp.histories(cdnow(), customer="id", time="date", end="1997-09-30", unit="week")
    whole = lp.histories(cdnow("master"), customer="id", time="date", end="1997-09-30")
    million = np.random.default_rng(1).integers(0, len(histories), 1_000_000)
    many = lp.Histories(
        histories.x[million], histories.t_x[million], histories.T[million], unit="week"
    )
    figures: dict[str, float] = {}
    for model in LIFETIMES:
        word = model.name.partition("/")[0].lower()
        ours = best(lambda: model.fit(histories), 50)  # noqa: B023 - called at once
        other = best(lambda: theirs(model, histories), 3)  # noqa: B023
        full = best(lambda: model.fit(whole), 5)  # noqa: B023
        print(
            f"{model.name:<11} fit of CDNOW: loyalty {ours * 1e3:6.2f} ms   lifetimes {other * 1e3:7.1f} ms   "
            f"ratio {other / ours:5.0f}   all {len(whole):,} customers {full * 1e3:.1f} ms"
        )
        fitted, reference = model.fit(histories), theirs(model, histories)

        def ask_ours(fitted: Any = fitted) -> Any:
            return fitted.expected_purchases(many, horizon=lp.weeks(39))

        def ask_theirs(reference: Any = reference) -> Any:
            return reference.conditional_expected_number_of_purchases_up_to_time(
                39, many.x, many.t_x, many.T
            )

        seconds, slow = best(ask_ours, 20), best(ask_theirs, 3)
        with_errors = best(
            lambda: fitted.expected_purchases(many, horizon=lp.weeks(39), interval=0.9),  # noqa: B023
            3,
        )
        print(
            f"{model.name:<11} forecasts of 1 M: loyalty {seconds * 1e3:6.1f} ms   lifetimes {slow * 1e3:7.0f} ms   "
            f"ratio {slow / seconds:5.0f}   with intervals {with_errors * 1e3:.0f} ms"
        )
        figures |= {
            f"{word}_fit": ours * 1e3,
            f"{word}_fit_theirs": other * 1e3,
            f"{word}_fit_ratio": other / ours,
            f"{word}_ask": seconds * 1e3,
            f"{word}_ask_theirs": slow * 1e3,
            f"{word}_ask_ratio": slow / seconds,
        }
    # Customers that all differ, as with times in seconds: nothing repeats.
    size = 200_000
    few = np.random.default_rng(2)
    differ = lp.Histories(
        many.x[:size], many.t_x[:size], many.T[:size] + few.uniform(0, 1, size), unit="week"
    )
    for model in LIFETIMES:
        fitted, reference = model.fit(histories), theirs(model, histories)
        ours = best(lambda: fitted.expected_purchases(differ, horizon=lp.weeks(39)), 3)  # noqa: B023
        other = best(
            lambda: reference.conditional_expected_number_of_purchases_up_to_time(  # noqa: B023
                39, differ.x, differ.t_x, differ.T
            ),
            1,
        )
        print(
            f"{model.name:<11} forecasts of {size:,} that all differ: loyalty {ours / size * 1e9:.0f} ns   "
            f"lifetimes {other / size * 1e9:.0f} ns   ratio {other / ours:.1f}"
        )
    _figures.note("purchase_fit", **figures)
    _figures.note("purchase_ask", **figures)


# --- hold-out -------------------------------------------------------------------------------------


def tables() -> dict[str, tuple[pd.DataFrame, str, str]]:
    """Orders (id, date, amount) of each table, the end of the first period and of the hold-out."""
    found = {
        "CDNOW, 1/10 sample": (cdnow(), "1997-09-30", "1998-06-30"),
        "CDNOW, all": (cdnow("master"), "1997-09-30", "1998-06-30"),
    }
    if not os.environ.get("LOYALTY_DATA"):
        print("LOYALTY_DATA is not set: CDNOW only")
        return found
    retail = pd.read_csv(DATA / "online_retail_uci/online_retail.csv.gz", dtype={"InvoiceNo": str})
    retail = retail[
        retail.CustomerID.notna()
        & ~retail.InvoiceNo.str.startswith("C")
        & (retail.UnitPrice > 0)
        & (retail.Quantity > 0)
    ]
    found["UK retail"] = (
        pd.DataFrame(
            {
                "id": retail.CustomerID.astype(int),
                "date": pd.to_datetime(retail.InvoiceDate).dt.floor("D"),
                "amount": retail.Quantity * retail.UnitPrice,
            }
        ),
        "2011-07-31",
        "2011-12-09",
    )
    baskets = pd.read_csv(DATA / "completejourney/transactions_sample.csv.gz")
    found["dunnhumby households"] = (
        pd.DataFrame(
            {
                "id": baskets.household_id,
                "date": pd.to_datetime(baskets.transaction_timestamp)
                .dt.tz_localize(None)
                .dt.floor("D"),
                "amount": baskets.sales_value,
            }
        ),
        "2017-08-31",
        "2017-12-31",
    )
    return found


def errors(forecast: np.ndarray, bought: np.ndarray) -> str:
    share = forecast.sum() / bought.sum() - 1
    mean = np.abs(forecast - bought).mean()
    root = np.sqrt(((forecast - bought) ** 2).mean())
    return f"{share:+.1%} | {mean:.4f} | {root:.4f}"


def holdout() -> None:
    print(
        "| table, customers, weeks + weeks | model | status | ln L | sum | MAE | RMSE "
        "| lifetimes: ln L | sum | MAE | RMSE |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, (orders, end, last) in tables().items():
        first = lp.histories(orders, customer="id", time="date", end=end, unit="week")
        whole = lp.histories(orders, customer="id", time="date", end=last, unit="week")
        place = {customer: i for i, customer in enumerate(whole.customer)}
        bought = whole.x[[place[c] for c in first.customer]] - first.x
        stretch = (pd.Timestamp(last) - pd.Timestamp(end)).days / 7
        for model, label in (
            (lp.BGNBD, "BG/NBD"),
            (lp.MBGNBD, "MBG/NBD"),
            (lp.ParetoNBD, "Pareto/NBD"),
        ):
            fitted = model.fit(first)
            forecast = fitted.expected_purchases(first, horizon=lp.weeks(stretch))
            try:
                reference = theirs(model, first)
                other = np.asarray(
                    reference.conditional_expected_number_of_purchases_up_to_time(
                        stretch, first.x, first.t_x, first.T
                    )
                )
                at = model(
                    **dict(zip(fitted.parameters, map(float, reference.params_), strict=True)),
                    unit="week",
                )
                told = f"{at.log_likelihood(first).sum():.2f} | {errors(other, bought)}"
            except Exception as error:  # lifetimes gives up on some tables
                told = f"{type(error).__name__} | | | "
            print(
                f"| {name}, {len(first):,}, {first.T.max():.0f} + {stretch:.0f} | {label} | {fitted.status.end} | "
                f"{fitted.fitted.log_likelihood:.2f} | {errors(forecast, bought)} | {told} |"
            )


# --- recovery -------------------------------------------------------------------------------------

WORLDS = (
    lp.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426),
    lp.MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614),
    lp.ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669),
)


def recovery(worlds: int = 300, customers: int = 2357) -> None:
    """Fits to simulated customers of known parameters: where estimates lie, how often 90 % intervals hold the truth."""
    ends = np.linspace(27, 38.86, customers)
    print(
        "| model | parameter | truth | median estimate | sd of ln | mean standard error of ln | 90 % interval holds |"
    )
    print("|---|---|---|---|---|---|---|")
    for world in WORLDS:
        logs, deviations, held, forecast_held, ends_reached = [], [], [], [], []
        truth = np.array(list(world.parameters.values()))
        probe = (2.0, 30.43, 38.86)
        answer = world.expected_purchases(*probe, 39)
        for seed in range(worlds):
            simulated = world.simulate(ends, horizon=39, seed=seed)
            found = type(world).fit(simulated.histories.x, simulated.histories.t_x, ends)
            ends_reached.append(found.status.end)
            if found.status.end != "converged":
                continue
            estimate = np.array(list(found.parameters.values()))
            relative = np.array(list(found.standard_errors.values())) / estimate
            logs.append(np.log(estimate))
            deviations.append(relative)
            held.append(np.abs(np.log(estimate / truth)) < 1.6448536 * relative)
            asked = found.expected_purchases(*probe, 39, interval=0.9)
            forecast_held.append(asked.low <= answer <= asked.high)
        for i, (name, value) in enumerate(world.parameters.items()):
            print(
                f"| {world.name} | {name} | {value:g} | {np.exp(np.median(logs, axis=0)[i]):.4g} | "
                f"{np.std(logs, axis=0)[i]:.3f} | {np.mean(deviations, axis=0)[i]:.3f} | "
                f"{np.mean(held, axis=0)[i]:.0%} |"
            )
        print(
            f"| {world.name} | E[39 weeks] of (2, 30.43, 38.86) | {answer:.4f} | | | | {np.mean(forecast_held):.0%} |"
        )
        print(
            f"{world.name}: {ends_reached.count('converged')} of {worlds} converged",
            file=sys.stderr,
        )
    logs, deviations, held = [], [], []
    spend = lp.GammaGamma(p=6.25, q=3.744, v=15.44)
    counts = WORLDS[0].simulate(ends, horizon=0, seed=1).histories.x
    truth = np.array(list(spend.parameters.values()))
    for seed in range(worlds):
        found = lp.GammaGamma.fit(counts, spend.simulate(counts, seed=seed))
        estimate = np.array(list(found.parameters.values()))
        relative = np.array(list(found.standard_errors.values())) / estimate
        logs.append(np.log(estimate))
        deviations.append(relative)
        held.append(np.abs(np.log(estimate / truth)) < 1.6448536 * relative)
    for i, (name, value) in enumerate(spend.parameters.items()):
        print(
            f"| Gamma-Gamma | {name} | {value:g} | {np.exp(np.median(logs, axis=0)[i]):.4g} | "
            f"{np.std(logs, axis=0)[i]:.3f} | {np.mean(deviations, axis=0)[i]:.3f} | {np.mean(held, axis=0)[i]:.0%} |"
        )


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # lifetimes divides by zero on its way
    parts = {"speed": speed, "holdout": holdout, "recovery": recovery}
    for part in [name for name in sys.argv[1:] if name in parts] or parts:
        parts[part]()
