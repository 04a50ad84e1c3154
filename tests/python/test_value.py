# SPDX-License-Identifier: MIT
"""Value by rung: published numbers, periods and rates, what a person reads."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")
import loyalty  # noqa: E402
from loyalty import DiscountRate, dynamics, value  # noqa: E402
from loyalty.simulate import simulate  # noqa: E402

#: P. Pfeifer and R. Carraway, Journal of Interactive Marketing 14 (2000): recency 1 to 4, then a former customer.
RECENCY = [
    [0.3, 0.7, 0, 0, 0],
    [0.2, 0, 0.8, 0, 0],
    [0.15, 0, 0, 0.85, 0],
    [0.05, 0, 0, 0, 0.95],
    [0, 0, 0, 0, 1],
]
STATES = ["1", "2", "3", "4", "former"]
YEARLY = DiscountRate(0.2, per="year")


def test_pfeifer_carraway() -> None:
    """vectors.json E_pfeifer_carraway: NC 40, M 4, r .2."""
    chain = dynamics.Transitions.known(RECENCY, states=STATES, period="year")
    margins = {"1": 40 - 4, "2": -4, "3": -4, "4": -4}
    forever = value.by_rung(chain, margins, discount=YEARLY).to_frame("dict")["value"]
    np.testing.assert_allclose(forever, [52.319609, 5.553784, 1.250773, -1.820016, 0], atol=6e-7)
    four = value.by_rung(chain, margins, discount=YEARLY, periods=4)
    np.testing.assert_allclose(
        four.to_frame("dict")["value"], [50.114969, 4.219907, 0.59211, -1.980131, 0], atol=6e-7
    )
    stop = [*RECENCY[:3], [0, 0, 0, 0, 1], RECENCY[4]]
    chain = dynamics.Transitions.known(stop, states=STATES, period="year")
    found = value.by_rung(chain, {"1": 36, "2": -4, "3": -4}, discount=YEARLY)
    for state, expected in zip(STATES, [53.149425, 6.62069, 2.643678], strict=False):
        assert found.of(state).value == pytest.approx(expected, abs=6e-7)


def test_value_of_the_monthly_chain() -> None:
    """vectors.json E_monthly_chain, value: d .9 a month."""
    from test_dynamics import COUNTS

    moves = dynamics.Transitions(COUNTS, today=[40, 30, 15, 10, 4, 1])
    found = value.by_rung(
        moves, [-1, 5, 20, 30, 60, 120], discount=DiscountRate(1 / 0.9 - 1, per="month")
    )
    frame = found.to_frame("dict")
    np.testing.assert_allclose(
        frame["value"],
        [78.03024426, 165.96946236, 279.18831857, 389.63030201, 533.67933735, 732.84518702],
        atol=1e-8,
    )
    np.testing.assert_allclose(
        frame["sd"], [22.313, 30.701, 44.025, 63.128, 99.021, 151.378], atol=6e-4
    )
    counts = np.array([40, 30, 15, 10, 4, 1])
    assert found.total.value == pytest.approx(counts @ frame["value"])
    assert found.total.sd == pytest.approx(np.sqrt(counts @ found.covariance @ counts))
    unsure = value.by_rung(
        moves,
        [-1, 5, 20, 30, 60, 120],
        discount=DiscountRate(1 / 0.9 - 1, per="month"),
        margin_variance=[1, 1, 4, 4, 25, 100],
    )
    assert (unsure.to_frame("dict")["sd"] > frame["sd"]).all()
    np.testing.assert_array_equal(unsure.to_frame("dict")["value"], frame["value"])


def test_discount_rates_carry_their_period() -> None:
    rate = DiscountRate(0.15, per="year")
    assert rate.factor("year") == 1 / 1.15
    assert rate.factor("month") ** 12 == pytest.approx(1 / 1.15, rel=1e-14)
    assert rate.factor(365) == pytest.approx(1 / 1.15, rel=1e-14)
    chain = dynamics.Transitions.known([[0.9, 0.1], [0, 1]], states=["client", "lapsed"])
    monthly = DiscountRate(1.15 ** (1 / 12) - 1, per="month")
    by_year = value.by_rung(chain, {"client": 10}, discount=rate).of("client").value
    assert value.by_rung(chain, {"client": 10}, discount=monthly).of(
        "client"
    ).value == pytest.approx(by_year, rel=1e-12)
    # 10 / (1 - .9 d)
    assert by_year == pytest.approx(10 / (1 - 0.9 * 1.15 ** (-1 / 12)), rel=1e-12)
    for wrong, error in (((-1, "year"), ValueError), ((0.1, "decade"), ValueError)):
        with pytest.raises(error):
            DiscountRate(*wrong)
    with pytest.raises(TypeError, match="has no period"):
        value.by_rung(chain, {"client": 10}, discount=DiscountRate(0.15))
    with pytest.raises(TypeError):
        DiscountRate("15 %", per="year")  # type: ignore[arg-type]


def test_value_from_a_log() -> None:
    past = loyalty.history(simulate(150, years=2, seed=3).events, dates=[])
    moves = dynamics.transitions(past, lapse_after_cycles=4)
    margins = {"buyer": 5, "client": 20, "supporter": 25, "advocate": 40, "partner": 60}
    found = value.by_rung(moves, margins, discount=DiscountRate(0.15, per="year"))
    assert found.status.usable
    frame = found.to_frame("dict")
    assert frame["state"].tolist() == [*past.policy.labels, "lapsed"]
    assert frame["margin"][6] == 0
    assert (frame["value"] > 0).all()
    text = found.summary()
    assert "Value by rung at 0.15 a year" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "lapsed" in text
    assert "all" in text
    # Adding up to the total.
    assert found.total.value == pytest.approx(moves.today @ frame["value"])


def test_too_little_data_and_wrong_arguments() -> None:
    few = dynamics.Transitions([[3, 0], [0, 3]], states=["client", "lapsed"], today=[3, 3])
    found = value.by_rung(few, {"client": 1}, discount=YEARLY)
    assert found.status.end == "too_little_data"
    assert found.total is None
    assert len(found.to_frame("dict")["value"]) == 0
    assert "Only 6 transitions" in found.summary()
    with pytest.raises(KeyError, match="Only 6"):
        found.of("client")
    chain = dynamics.Transitions.known(RECENCY, states=STATES, period="year")
    with pytest.raises(TypeError, match="DiscountRate"):
        value.by_rung(chain, [1] * 5, discount=0.2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'fan'"):
        value.by_rung(chain, {"fan": 1}, discount=YEARLY)
    with pytest.raises(ValueError, match="margin of 1"):
        value.by_rung(chain, [np.nan, 1, 1, 1, 1], discount=YEARLY)
    with pytest.raises(ValueError, match="discount"):
        value.by_rung(chain, [1] * 5, discount=DiscountRate(0, per="year"))
    assert value.by_rung(chain, [1] * 5, discount=DiscountRate(0, per="year"), periods=9).of(
        "former"
    ).value == pytest.approx(10)
    with pytest.raises(TypeError, match="transitions"):
        value.by_rung(RECENCY, [1] * 5, discount=YEARLY)  # type: ignore[arg-type]
