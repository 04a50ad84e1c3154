# SPDX-License-Identifier: MIT
"""What changed between two dates, and what another policy would change: each difference split by cause."""

from __future__ import annotations

import datetime
import html
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from loyalty import _core, frames
from loyalty._dates import instant, time_text
from loyalty._rows import Row
from loyalty.policy import Policy

if TYPE_CHECKING:
    from loyalty.portfolio import Portfolio

__all__ = ["Change", "Changes", "policy_diff"]

COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _core.change_columns)


class Change(Row):
    """What changed for one relationship: a mapping of the columns of changes.

    `explain()` gives the change by cause and parameter, the criterion that moved the rung, and what chance can do.
    """

    _names = COLUMNS


class Changes:
    """What changed for every relationship of two portfolios, ordered by the bytes of their identifiers.

    Made by :meth:`loyalty.Portfolio.changes` and :func:`policy_diff`.
    """

    def __init__(
        self,
        before: Portfolio,
        after: Portfolio,
        since: int,
        as_of: int,
        corrected: Portfolio | None = None,
        refolded: Portfolio | None = None,
        one_log: bool = False,
    ) -> None:
        self._before = before
        self._after = after
        self._since = since
        self._as_of = as_of
        self._known = (
            None if corrected is None else corrected._core,
            None if refolded is None else refolded._core,
            one_log,
        )
        self._columns, self._summary = after._core.changes(before._core, since, as_of, *self._known)
        self._positions: dict[str, int] | None = None

    @property
    def since(self) -> int:
        """UTC second of the first side."""
        return self._since

    @property
    def as_of(self) -> int:
        """UTC second of the second side."""
        return self._as_of

    @property
    def policies(self) -> tuple[Policy, Policy]:
        """The policies of both sides."""
        return self._before.policy, self._after.policy

    @property
    def metadata(self) -> dict[str, str]:
        """What is stamped on every output: version, both dates and the policy fingerprints of both sides."""
        before, after = (policy.fingerprints["policy"] for policy in self.policies)
        return {
            "loyalty.version": _core.__version__,
            "loyalty.since": time_text(self._since),
            "loyalty.as_of": time_text(self._as_of),
            "loyalty.policy.before": before,
            "loyalty.policy": after,
        }

    @property
    def counts(self) -> dict[str, Any]:
        """What the summary counts: moves, rungs from and to, qualities compared, mean change by cause."""
        return dict(self._summary)

    def column(self, name: str) -> np.ndarray:
        """The column called `name` as a NumPy array: numbers with NaN, texts with None."""
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"no column '{name}'; there are {', '.join(COLUMNS)}") from None

    def to_dict(self) -> dict[str, np.ndarray]:
        """All columns as NumPy arrays."""
        return frames.to_frame(self._columns)

    def to_frame(self, kind: frames.Kind | None = None) -> Any:
        """All columns as a frame of the kind that came in; or say "pandas", "polars", "pyarrow" or "dict".

        `metadata` is in the schema of a pyarrow table and in `attrs` of a pandas frame.
        """
        return frames.to_frame(
            self._columns, kind=kind or self._after._kind, metadata=self.metadata
        )

    def __len__(self) -> int:
        return len(self._columns["relationship"])

    def __getitem__(self, relationship: Any) -> Change:
        if self._positions is None:
            self._positions = {name: i for i, name in enumerate(self._columns["relationship"])}
        try:
            return Change(self, self._positions[str(relationship)])
        except KeyError:
            raise KeyError(f"no relationship '{relationship}' on either side") from None

    def __contains__(self, relationship: object) -> bool:
        return relationship in self._before or relationship in self._after

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns["relationship"])

    def explain(self, relationship: Any) -> str:
        """The change of one relationship, as text."""
        return self._after._core.explain_change(
            str(relationship), self._before._core, self._since, self._as_of, *self._known
        )

    def summary(self) -> str:
        """Who moved from where to where and why, how the qualities shifted, and who was affected most."""
        from loyalty._change_summary import summary_text

        return summary_text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Changes({len(self):,} relationships, {time_text(self._since)} to {time_text(self._as_of)})"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"


def policy_diff(
    old: Policy | str | os.PathLike[str],
    new: Policy | str | os.PathLike[str],
    events: Any,
    as_of: Any,
    *,
    zone: str | None = None,
) -> Changes:
    """What the policy `new` would change against `old`, on the same events and date: who would move, and why.

    Policies are :class:`Policy` or the paths of their files. `events` are rows up to `as_of`, as in
    :meth:`Portfolio.apply`; naive times need `zone`. The events are folded again only where the policies differ in
    more than scoring. All differences are the work of the rules.
    """
    from loyalty.portfolio import Portfolio

    policies = [p if isinstance(p, Policy) else Policy.load(p) for p in (old, new)]
    now = instant(as_of, zone)
    before = Portfolio(policies[0], landmark=landmark_for(policies[0], now))
    before.apply(events, zone=zone)
    after = reread(before, policies[1])
    if after is None:
        after = Portfolio(policies[1], landmark=landmark_for(policies[1], now))
        after.apply(events, zone=zone)
    return Changes(before, after, now, now, one_log=True)


def landmark_for(policy: Policy, as_of: int) -> int | datetime.date | None:
    """The landmark for one date: the policy's where it sets one, else the date."""
    return as_of if policy._core.landmark is None else None


def reread(portfolio: Portfolio, policy: Policy) -> Portfolio | None:
    """The states of a portfolio under another policy; None where that needs another fold of the log."""
    from loyalty.portfolio import Portfolio

    was, will = portfolio.policy.fingerprints, policy.fingerprints
    if any(was[part] != will[part] for part in ("fold", "ladder")):
        return None
    other = Portfolio(policy, landmark=portfolio.landmark)
    other.merge(portfolio)
    other._kind = portfolio._kind
    return other
