# SPDX-License-Identifier: MIT
"""The README's Python lines run as they stand, one block after another, with no import that they do not make."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

matplotlib = pytest.importorskip("matplotlib")

README = Path(__file__).parents[2] / "README.md"


def orders() -> pd.DataFrame:
    """Orders of 400 customers who buy at rates of their own, from their first day in early 1997 on."""
    random = np.random.default_rng(5)
    rows = []
    for customer, rate in enumerate(random.gamma(0.8, 0.04, 400)):
        day = float(random.integers(0, 80))
        while day < 270:
            rows.append((customer, pd.Timestamp("1997-01-01") + pd.Timedelta(days=int(day)), 10.0))
            day += 1 + random.exponential(1 / rate)
    return pd.DataFrame(rows, columns=["customer", "day", "dollars"])


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    # What the text speaks of and does not make: a table of orders, a portfolio kept in June, two policies.
    names: dict[str, Any] = {"orders": orders()}
    for block in blocks:
        if "earlier" in block:
            events = names["events"]
            june = np.asarray(events["time"], dtype="datetime64[s]") <= np.datetime64("2024-06-30")
            names["earlier"] = names["loyalty"].Portfolio()
            names["earlier"].apply({name: np.asarray(events[name])[june] for name in events})
            for name in ("old.toml", "new.toml"):
                Path(name).write_text(names["loyalty"].Policy().to_toml(), encoding="utf-8")
        exec(compile(block, str(README), "exec"), names)
