# SPDX-License-Identifier: MIT
"""One row of a table of results, as people meet it in a notebook."""

from __future__ import annotations

import datetime
import html
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from loyalty import _core


class Row(Mapping[str, Any]):
    """A row as a mapping of its table's columns, also as attributes; what is absent is None, times are datetimes."""

    _names: ClassVar[tuple[str, ...]] = ()
    _times: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, table: Any, position: int) -> None:
        self._table = table
        self._position = position

    def __getitem__(self, name: str) -> Any:
        value = self._table.column(name)[self._position]
        if name in self._times:
            if value == _core.no_time:
                return None
            return datetime.datetime.fromtimestamp(int(value), datetime.UTC)
        if isinstance(value, np.floating):
            return None if np.isnan(value) else float(value)
        return int(value) if isinstance(value, np.integer) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def explain(self) -> str:
        """The row in words."""
        return self._table.explain(self["relationship"])

    def __repr__(self) -> str:
        return self.explain()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.explain())}</pre>"
