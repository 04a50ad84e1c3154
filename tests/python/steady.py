# SPDX-License-Identifier: MIT
"""Logs of companies whose conduct never changes: what chance alone does to a quality between two dates."""

from __future__ import annotations

from dataclasses import dataclass

import loyalty
import numpy as np

DAY = 86400
CUT = 19_000 * DAY  # the earlier date


@dataclass(frozen=True)
class Steady:
    """Streams of acts, each with a fixed chance of going well that is drawn once for every relationship."""

    relationships: int = 1000
    per_year: float = 12  #: acts of each kind
    history_days: int = 365
    period_days: int = 90
    grave: float = 0.5  #: share of the failures that are grave
    reliability: float | None = None  #: chance of a kept promise; drawn from the prior where none
    reliability_after: float | None = None  #: another one from the earlier date on
    seed: int = 1

    def events(self) -> dict[str, np.ndarray]:
        """The rows of the whole log."""
        random = np.random.default_rng(self.seed)
        n = self.relationships
        start, end = CUT - self.history_days * DAY, CUT + self.period_days * DAY
        parts: list[dict[str, np.ndarray]] = []

        def stream() -> tuple[np.ndarray, np.ndarray]:
            counts = random.poisson(self.per_year * (end - start) / DAY / 365, n)
            who = np.repeat(np.arange(n), counts)
            return who, random.integers(start + DAY, end, len(who))

        def rows(who: np.ndarray, time: np.ndarray, kind: str, **columns: np.ndarray) -> None:
            parts.append(
                {"relationship": who, "time": time, "kind": np.full(len(who), kind), **columns}
            )

        # Promises: kept in time, an hour late, or never.
        chance = random.beta(4, 1, n)
        who, time = stream()
        reliable = chance[who]
        if self.reliability is not None:
            reliable = np.full(len(who), self.reliability)
        if self.reliability_after is not None:
            reliable = np.where(time > CUT, self.reliability_after, reliable)
        kept, grave = random.random(len(who)) < reliable, random.random(len(who)) < self.grave
        done = np.where(kept, time, np.where(grave, loyalty._core.no_time, time + 3600))
        rows(who, time, "promise", due=time, done=done)
        # Guarantees and concessions.
        for kind, prior in (("guarantee", (4, 1)), ("concession", (1, 1))):
            chance = random.beta(*prior, n)
            who, time = stream()
            rows(who, time, kind, value=(random.random(len(who)) < chance[who]).astype(float))
        # Answers, exponential in days, which are the target.
        rate = random.gamma(2, 1, n)
        who, time = stream()
        wait = np.minimum(random.exponential(1 / rate[who]), 29) * DAY
        rows(who, time, "response", since=time - wait.astype(np.int64))
        # Points given by us or by them.
        chance = random.beta(1, 1, n)
        who, time = stream()
        ours = random.random(len(who)) < chance[who]
        rows(who[ours], time[ours], "gift", value=np.ones(ours.sum()))
        rows(who[~ours], time[~ours], "participation", value=np.ones((~ours).sum()))
        absent = {"value": np.nan, "due": loyalty._core.no_time, "done": loyalty._core.no_time,
                  "since": loyalty._core.no_time}  # fmt: skip
        names = ["relationship", "time", "kind", *absent]
        return {
            name: np.concatenate(
                [part.get(name, np.full(len(part["time"]), absent.get(name))) for part in parts]
            )
            for name in names
        }

    def changes(self) -> loyalty.Changes:
        """What changed in the period."""
        log = self.events()
        log["relationship"] = np.array([f"r{i:05}" for i in log["relationship"]], dtype=object)
        log["kind"] = log["kind"].astype(object)
        early = log["time"] <= CUT
        before = loyalty.Portfolio(landmark=CUT)
        before.apply({name: values[early] for name, values in log.items()})
        after = loyalty.Portfolio(landmark=CUT)
        after.apply(log)
        return after.changes(before, since=CUT, as_of=CUT + self.period_days * DAY)

    def inside(self) -> float:
        """Share of the changes that stay within what chance is said to do, of those where anything happened."""
        changes = self.changes()
        happened = changes.column("noise") > 0
        assert happened.sum() > 100
        return float(1 - changes.column("beyond_noise")[happened].mean())


def table() -> None:
    """Prints the table of docs/changes.md."""
    print("per year  history  period  inside: no grave, half grave")
    for per_year in (4, 12, 50):
        for history in (365, 1460):
            for period in (30, 90, 365):
                shares = [
                    Steady(1500, per_year, history, period, grave).inside() for grave in (0, 0.5)
                ]
                print(f"{per_year:8}  {history:7}  {period:6}  {shares[0]:.3f} {shares[1]:.3f}")
    for before in (0.5, 0.8, 0.95):
        print(f"promises kept with {before}: {Steady(reliability=before).inside():.3f}")
    for after in (0.8, 0.6, 0.4, 0.2):
        known = Steady(reliability=0.9, reliability_after=after, history_days=1460)
        print(f"from 0.9 to {after}: beyond {1 - known.inside():.3f}")


if __name__ == "__main__":
    table()
