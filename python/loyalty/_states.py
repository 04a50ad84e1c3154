# SPDX-License-Identifier: MIT
"""States of chains as callers name them, and tables of text: what dynamics and value have in common."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from loyalty import _core, frames

#: The state of who has bought, but not for a stated time.
LAPSED = "lapsed"
#: A state's name; a number for each state, or a mapping of names to numbers, absent ones 0.
Mix: TypeAlias = str | Sequence[float] | Mapping[str, float] | np.ndarray


# --- what is asked for ------------------------------------------------------------------------------


def square_matrix(given: Any, name: str) -> np.ndarray:
    """A square matrix of numbers, nothing parsed."""
    array = np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: needs a matrix of numbers, not dtype {array.dtype}")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"{name} of shape {array.shape}: needs a square matrix, row = from")
    return np.ascontiguousarray(array, dtype=np.float64)


def state_numbers(given: Any, states: Sequence[str], name: str) -> np.ndarray:
    """A number for each state."""
    if isinstance(given, Mapping):
        unknown = [str(key) for key in given if key not in states]
        if unknown:
            raise ValueError(
                f"{name}: no state is called {unknown[0]!r}; there are {', '.join(states)}"
            )
        given = [given.get(state, 0.0) for state in states]
    numbers = np.atleast_1d(np.asarray(frames.number_or_array(given, name)))
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"{name}: needs numbers, not dtype {numbers.dtype}")
    if numbers.shape != (len(states),):
        raise ValueError(
            f"{name} has shape {numbers.shape}: needs a number for each of {', '.join(states)}"
        )
    return numbers.astype(np.float64)


def state_names(states: Iterable[str] | None, count: int) -> tuple[str, ...]:
    """Names of states: those given, else the rungs where there are as many, else numbers."""
    if states is None:
        ladder = (*_core.rung_names, LAPSED)
        if count in (len(ladder) - 1, len(ladder)):
            return ladder[:count]
        return tuple(str(i) for i in range(count))
    names = tuple(str(state) for state in states)
    if len(names) != count or len(set(names)) != count:
        raise ValueError(f"states = {names}: needs {count} different names")
    return names


def ladder_shape(states: Sequence[str]) -> tuple[int, int, int]:
    """How many states, which one is lapsed (-1: none), and which is the first of those who have bought."""
    lapsed = states.index(LAPSED) if LAPSED in states else -1
    ladder = len(states) == len(_core.rung_names) + 1 or states[0] == _core.rung_names[0]
    return len(states), lapsed, 1 if ladder else 0


def state_position(states: Sequence[str], name: str) -> int:
    """Where a state stands among the names."""
    if name not in states:
        raise ValueError(f"no state is called {name!r}; there are {', '.join(states)}")
    return states.index(name)


def start_mix(given: Mix | None, today: np.ndarray | None, states: Sequence[str]) -> np.ndarray:
    """The mix that a caller starts from; today's where nothing is said."""
    if given is None:
        if today is None:
            raise ValueError(
                "start: say where to start from, a state or a mix; no mix of today is known"
            )
        return today
    if isinstance(given, str):
        return np.eye(len(states))[state_position(states, given)]
    return state_numbers(given, states, "start")


def target_flags(
    to: str | Iterable[str], or_above: bool, states: Sequence[str]
) -> tuple[list[bool], str]:
    """Flags of the states to be reached, and what they are called."""
    if isinstance(to, str):
        at = state_position(states, to)
        if not or_above or to == LAPSED:
            return [state == to for state in states], to
        flags = [i >= at and state != LAPSED for i, state in enumerate(states)]
        return flags, to if sum(flags) == 1 else f"{to} or above"
    wanted = {state_position(states, name) for name in to}
    return [i in wanted for i in range(len(states))], " or ".join(states[i] for i in sorted(wanted))


def chain_prior(given: Any, states: tuple[str, ...]) -> np.ndarray:
    """The weight of each move before anything was seen."""
    shape = ladder_shape(states)
    if given is None:
        return _core.chain_prior(*shape)
    array = np.asarray(given)
    if array.shape == (3,):
        stay, neighbour, elsewhere = (float(x) for x in array)
        return _core.chain_prior(*shape, stay, neighbour, elsewhere)
    return square_matrix(array, "prior")


def whole_number(given: Any, name: str) -> int:
    """A whole number, 0 or more."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise TypeError(f"{name} = {given!r}: needs a whole number")
    if given < 0:
        raise ValueError(f"{name} = {given!r}: needs 0 or more")
    return int(given)


# --- texts ------------------------------------------------------------------------------------------


def share_text(share: float) -> str:
    """A share in percent with one decimal."""
    return f"{100 * share:.1f} %"


def wrapped(text: str) -> list[str]:
    """Lines of a paragraph, 80 columns wide."""
    return textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="  ")


def page(title: str, *blocks: Iterable[str]) -> str:
    """A title and blocks of lines, with empty lines between; empty blocks are left out."""
    return "\n\n".join([title, *("\n".join(block) for block in blocks if block)]) + "\n"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return [
        "  " + "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]  # fmt: skip


def counted(count: float, word: str) -> str:
    """`1 transition`, `2,000 transitions`."""
    return f"{count:,.0f} {word}" if count == 1 else f"{count:,.0f} {word}s"


def some_periods(last: int, most: int) -> list[int]:
    """At most `most` of the periods 1 .. last, evenly spread and with the last."""
    if last <= most:
        return list(range(1, last + 1))
    return sorted({round(last * (k + 1) / most) for k in range(most)})
