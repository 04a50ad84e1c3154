# SPDX-License-Identifier: MIT
"""What customers will buy and spend: models of repeat purchases with dropout, and of spend.

    import loyalty.purchase as lp

    histories = lp.histories(orders, customer="customer", time="date", amount="amount", end="1997-09-30", unit="week")
    model = lp.MBGNBD.fit(histories)
    model.forecast(histories, horizon=lp.weeks(39))

A model is fitted to histories, or made of known parameters. Time has a unit: a model fitted to histories in weeks takes
`weeks(39)` or `days(14)` and refuses plain numbers; one that was made without a unit takes plain numbers and refuses
durations. Nothing is ever taken for days that might be weeks. The names are those of the literature: `x` repeat
purchases, the last at `t_x`, observed until `T`, both counted from the customer's first purchase.
"""

from __future__ import annotations

from loyalty.purchase.durations import DiscountRate, Duration, days, hours, months, weeks, years
from loyalty.purchase.histories import Histories, histories
from loyalty.purchase.models import BGNBD, MBGNBD, Fit, Forecast, GammaGamma, ParetoNBD, Simulated
from loyalty.purchase.tables import compare, frequency, residual_value, tracking

__all__ = [
    "BGNBD",
    "MBGNBD",
    "DiscountRate",
    "Duration",
    "Fit",
    "Forecast",
    "GammaGamma",
    "Histories",
    "ParetoNBD",
    "Simulated",
    "compare",
    "days",
    "frequency",
    "histories",
    "hours",
    "months",
    "residual_value",
    "tracking",
    "weeks",
    "years",
]
