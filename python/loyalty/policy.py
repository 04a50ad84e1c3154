# SPDX-License-Identifier: MIT
"""Policies: everything that can be chosen, with a default for each."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loyalty import _core

if TYPE_CHECKING:
    from loyalty.learning import PolicyFit

__all__ = ["Policy"]


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    raise TypeError(
        f"a policy holds texts, numbers, dates and lists of them, not {type(value).__name__}"
    )


def _toml(document: Mapping[str, Any], path: str = "") -> str:
    lines = [
        f"{key} = {_toml_value(value)}"
        for key, value in document.items()
        if not isinstance(value, Mapping)
    ]
    text = "\n".join(([f"[{path}]"] if path and lines else []) + lines) + "\n"
    for key, value in document.items():
        if isinstance(value, Mapping):
            text += _toml(value, f"{path}.{key}" if path else str(key))
    return text


class Policy:
    """Half-lives, event effects, priors, weights, criteria and labels; `Policy()` has every default.

    Made by :meth:`load` from a TOML file, :meth:`parse` from TOML text or :meth:`from_dict` from nested
    dictionaries with the same keys. A key that is unknown or out of range raises :class:`loyalty.PolicyError`,
    which names the key, the given value and what is allowed. Never changes once made.

    >>> Policy.from_dict({"responsiveness": {"target_hours": 4}}).fingerprints["fold"] != Policy().fingerprints["fold"]
    True
    """

    __slots__ = ("_core",)

    def __init__(self) -> None:
        self._core = _core.Policy()

    @classmethod
    def parse(cls, text: str, source: str = "policy") -> Policy:
        """A policy from TOML text; `source` names it in errors."""
        made = cls()
        made._core = _core.Policy.parse(text, source)
        return made

    @classmethod
    def _of(cls, core: _core.Policy) -> Policy:
        made = cls()
        made._core = core
        return made

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Policy:
        """A policy from the TOML file at `path`."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise _core.PolicyError(f"{os.fspath(path)}: not UTF-8 text ({error})") from None
        return cls.parse(text, os.fspath(path))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Policy:
        """A policy from `document`, nested dictionaries with the keys of a policy file."""
        return cls.parse(_toml(document), "policy")

    @classmethod
    def fit(
        cls,
        events: Any,
        policy: Policy | None = None,
        *,
        as_of: Any,
        hold_out: Any = None,
        learn: Iterable[str] = ("priors", "half_lives", "purchase_cycle"),
        least_relationships: int = 20,
        zone: str | None = None,
    ) -> PolicyFit:
        """A policy that fits a log: priors of each role, half-lives and the purchase cycle, with what each rests on.

        `events` are rows as for :meth:`loyalty.Portfolio.apply`, whole histories; those after `as_of` are not used.
        Learning starts from `policy`, the defaults where left out, and only `learn`, some of "priors", "half_lives" and
        "purchase_cycle", can change: a value for which fewer than `least_relationships` have enough evidence stays,
        and so does what the data do not tell. With `hold_out`, a date before `as_of`, what would be learned until then
        is tried on the outcomes after it. Naive times need `zone`.

        >>> fit = loyalty.Policy.fit(events, as_of="2024-12-31")  # doctest: +SKIP
        >>> print(fit.summary()); fit.save("policy.toml")  # doctest: +SKIP

        Raises ValueError or TypeError as `Portfolio.apply`, and for options out of range.
        """
        from loyalty.learning import fit_policy

        return fit_policy(
            events,
            policy,
            as_of=as_of,
            hold_out=hold_out,
            learn=learn,
            least_relationships=least_relationships,
            zone=zone,
        )

    def to_toml(self, full: bool = False) -> str:
        """The policy as TOML: what differs from the defaults, or with `full` every key with a comment."""
        return self._core.to_toml(full)

    @property
    def fingerprints(self) -> dict[str, str]:
        """`fold` (what the sums depend on), `ladder` (criteria) and `policy` (the whole), 16 digits each."""
        return self._core.fingerprints

    @property
    def name(self) -> str:
        """Its name."""
        return self._core.name

    @property
    def labels(self) -> list[str]:
        """What the six rungs are called."""
        return self._core.labels

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.fingerprints == other.fingerprints

    def __hash__(self) -> int:
        return hash(self.fingerprints["policy"])

    def __repr__(self) -> str:
        return f"Policy({self.name!r}, fingerprint {self.fingerprints['policy']})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Policy.parse, (self.to_toml(full=True),))
