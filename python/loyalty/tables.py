# SPDX-License-Identifier: MIT
"""One row per customer in, the same rows scored out."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from loyalty import _core
from loyalty.frames import column_of, kind_of, like, names_of, number_or_array, text_or_array
from loyalty.policy import Policy
from loyalty.scoring import role_scoring, words_of

__all__ = ["score_table"]

#: The columns that `score_table` reads, by the names under which it looks for them.
COLUMNS: tuple[str, ...] = _core.table_columns

_PARAMETERS = ("commitment", "responsiveness", "reciprocity", "trust")
#: Columns of numbers that come out, in order, between `evidence` and `next_step`.
_NUMBERS = (
    *_PARAMETERS,
    *(f"{name}_{end}" for name in _PARAMETERS for end in ("low", "high")),
    *(f"{name}_coverage" for name in _PARAMETERS),
    *(f"why_{name}" for name in _PARAMETERS),
)
#: A count says nothing without the time that belongs to it.
_PAIRS = (("answered", "answer_time"), ("open_requests", "open_time"))

_step_words = words_of([None, *_core.next_step_names[1:]])
_evidence_words = words_of(_core.evidence_names)
_role_words = words_of(_core.role_names)


def score_table(
    table: Any,
    *,
    relationship: str | None = None,
    role: str | None = None,
    policy: Policy | None = None,
    **columns: str,
) -> Any:
    """Scores a table with one row per customer: rung, quality, its interval, the reasons, and what to do next.

    Parameters
    ----------
    table
        A pandas, polars or pyarrow frame or a dict of columns. Columns found under these names are read:
        guarantees_kept, guarantees_breached, contract_days_left (commitment); answered, answer_time, open_requests,
        open_time (times summed, in targets), granted, refused (responsiveness); given, received (reciprocity, which
        needs both); promises_kept, promises_broken, promises_grave (trust); purchases, regularity, elsewhere, support,
        advocacy, partnership, contract (the rung); open_complaints (the next step). All are counts or sums of 0 or
        more, as in `commitment`, `responsiveness`, `reciprocity`, `trust` and `rung`.
    relationship
        The column that names the customer; by default "relationship" where there is one. It comes out as it is.
    role
        A role for all rows ("consumer", "supplier", "distributor", "agency", "agent"), or the column that holds it; by
        default the column "role" where there is one, else consumer.
    policy
        Other priors, weights, criteria, rung names.
    **columns
        Other names: ``promises_kept="on_time"`` reads that column of yours.

    Returns
    -------
    frame of the same kind, row by row (a pandas frame keeps its index)
        relationship, role, rung, quality, quality_low, quality_high, evidence (none, thin, fair, strong), the four
        parameters, their _low, _high and _coverage, why_ (points against a stranger of that role, which sum to the
        difference in quality where all four are observed), next_step, next_step_points.

        What is not known is null, not zero: a parameter without any column, or with a null in one of them, is null and
        enters the quality at its prior with coverage 0. A null in contract_days_left means that no contract runs. The
        quality is null below the minimum coverage (.05), the rung without purchases or with a null in its columns.

    Raises
    ------
    ValueError
        For a name that is not known, a column that is not there, a negative or infinite number (with its row), or a
        count without the time that belongs to it.
    TypeError
        For a column of text where numbers are needed.

    Examples
    --------
    >>> scored = score_table({"promises_kept": [8, 1], "promises_grave": [0, 2], "purchases": [5, 0]})
    >>> scored["trust"].round(3), scored["quality"].round(1), scored["rung"]
    (array([0.923, 0.5  ]), array([79.2, 62. ]), array(['buyer', 'prospect'], dtype=object))
    """
    kind_of(table)
    names = names_of(table)
    found = _find_columns(names, columns)
    for one, other in _PAIRS:
        if (one in found) != (other in found):
            here, absent = (one, other) if one in found else (other, one)
            raise ValueError(
                f"column '{here}' needs '{absent}' beside it: name the column that holds it, {absent}='...'"
            )
    if relationship is not None:
        _require(names, relationship, "relationship")
    elif "relationship" in names:
        relationship = "relationship"

    scorings, roles = _roles(table, names, role, policy)
    numbers = {name: number_or_array(column_of(table, own), own) for name, own in found.items()}
    if all(
        np.ndim(column) == 0 for column in numbers.values()
    ):  # plain numbers: a table of one row
        numbers = {
            name: np.array([np.nan if number is None else number])
            for name, number in numbers.items()
        }
    try:
        scored = _core.score_table(scorings, roles, numbers)
    except (TypeError, ValueError) as error:
        raise _by_own_name(error, found) from None

    out: dict[str, Any] = {}
    if relationship is not None:
        out["relationship"] = column_of(table, relationship)
    out["role"] = words_of([scoring.role for scoring in scorings])(scored["role"])
    out["rung"] = words_of(scorings[0].rung_labels)(scored["rung"])
    for name in ("quality", "quality_low", "quality_high"):
        out[name] = scored[name]
    out["evidence"] = _evidence_words(scored["evidence"])
    for name in _NUMBERS:
        out[name] = scored[name]
    out["next_step"] = _step_words(scored["next_step"])
    out["next_step_points"] = scored["next_step_points"]
    return like(table, out)


def _find_columns(names: list[Any], columns: dict[str, str]) -> dict[str, str]:
    """The columns to read: canonical name to own name."""
    for name, own in columns.items():
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, (*COLUMNS, "relationship", "role", "policy"), 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"unknown argument '{name}'{hint} (known: {', '.join(COLUMNS)})")
        _require(names, own, name)
    found = {name: columns.get(name, name) for name in COLUMNS if name in columns or name in names}
    if not found:
        near = [
            f"{name}='{match[0]}'"
            for name in COLUMNS
            if (match := difflib.get_close_matches(name, [str(n) for n in names], 1, 0.7))
        ]
        hint = f" Perhaps {', '.join(near)}." if near else ""
        raise ValueError(
            f"the table has none of the columns {', '.join(COLUMNS)}; name yours, as in promises_kept='on_time'.{hint}"
        )
    return found


def _require(names: list[Any], own: str, what: str) -> None:
    if own not in names:
        raise ValueError(f"no column '{own}' for {what}; there are {', '.join(map(str, names))}")


def _roles(
    table: Any, names: list[Any], role: str | None, policy: Policy | None
) -> tuple[list[_core.RoleScoring], Any]:
    """How each role is scored, first the default one, and the role of every row (one word, or a column of them)."""
    if role is None and "role" in names:
        role = "role"
    if role is None or (role in _core.role_names and role not in names):
        first = role_scoring(role, policy)
        return [first], first.role
    _require(names, role, "role (or one of " + ", ".join(_core.role_names) + ")")
    first = role_scoring(None, policy)
    others = [role_scoring(word, policy) for word in _core.role_names if word != first.role]
    return [first, *others], text_or_array(column_of(table, role), role)


def _by_own_name(error: Exception, found: dict[str, str]) -> Exception:
    """The same error, with the caller's name of the column."""
    message = str(error)
    for name, own in found.items():
        if own != name:
            message = message.replace(f"column '{name}'", f"column '{own}' ({name})")
    return type(error)(message)
