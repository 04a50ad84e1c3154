# SPDX-License-Identifier: MIT
"""Writes the tables of the documentation that the library itself knows, between their markers: `./dev docs`.

What stands between `<!-- table: NAME -->` and `<!-- /table -->` in a page is made anew; the rest is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from loyalty import _core

FOLDER = Path(__file__).parent
MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- /table -->)", re.DOTALL)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; its first column holds names."""
    lines = [heads, ("---",) * len(heads)]
    lines += [(f"`{name}`", *(cell.replace("|", "\\|") for cell in cells)) for name, *cells in rows]
    return "".join("| " + " | ".join(line).replace("|  |", "| |") + " |\n" for line in lines)


def columns(name: str) -> str:
    """The table of result_columns and their like."""
    return table(("column", "type", "meaning"), getattr(_core, name))


def kinds(_: str) -> str:
    """The table of the kinds of event."""
    rows = ((kind, *words) for kind, _required, *words in _core.kind_infos)
    return table(("kind", "needs", "optional", "effect"), rows)


TABLES = {
    "kinds": kinds,
    "result_columns": columns,
    "contact_columns": columns,
    "change_columns": columns,
}


def with_tables(page: str) -> str:
    """A page with its tables made anew; KeyError where a marker names none."""
    return MARKED.sub(lambda found: found[1] + TABLES[found[2]](found[2]) + found[3], page)


def main() -> None:
    """Rewrites the pages whose tables have changed."""
    for file in sorted(FOLDER.glob("*.md")):
        page = file.read_text(encoding="utf-8")
        if (made := with_tables(page)) != page:
            file.write_text(made, encoding="utf-8")
            print(f"docs/{file.name}: tables made anew")


if __name__ == "__main__":
    main()
