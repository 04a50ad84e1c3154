# SPDX-License-Identifier: MIT
"""The reader of mappings: any text is a mapping or a MappingError that names it.

With Atheris (libFuzzer for Python): mapping.py [LIBFUZZER ARGUMENT...] CORPUS. The test suite replays the corpus.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from loyalty.mapping import (
    COLUMNS,
    COMMON,
    KINDS,
    MAPPING_KEYS,
    RULE_KEYS,
    TABLE_KEYS,
    Mapping,
    MappingError,
    parse_mapping,
)

MOST_BYTES = 1 << 16


def check(data: bytes) -> Mapping | None:
    """Reads a mapping; None where it is refused as it should be."""
    try:
        mapping = parse_mapping(data[:MOST_BYTES], "fuzz", Path("nowhere"))
    except MappingError as error:
        refusal = str(error)
    else:
        refusal = None
    if refusal is not None:
        assert refusal.startswith("fuzz"), refusal
        return None
    assert mapping.kinds
    assert all(isinstance(source, str) for source in mapping.sources.values())
    return mapping


def words() -> str:
    """What a mapping is made of, as a dictionary for libFuzzer."""
    keys = sorted({*MAPPING_KEYS, *TABLE_KEYS, *RULE_KEYS, *COLUMNS, *COMMON})
    texts = [f"{key} = " for key in keys] + [f'kind = "{kind}"' for kind in KINDS]
    texts += ["[[table]]\n", "event = [{ ", " }]", 'time = "t"', "true", "1..5", "[[", "'''"]
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "".join(f'"{text}"\n'.replace("\n", "\\x0a", text.count("\n")) for text in escaped)


if __name__ == "__main__":
    import atheris

    with tempfile.NamedTemporaryFile("w", suffix=".dict") as dictionary:
        dictionary.write("\n".join(line for line in words().splitlines()))
        dictionary.flush()
        atheris.instrument_all()
        atheris.Setup([*sys.argv, f"-dict={dictionary.name}"], check)
        atheris.Fuzz()
