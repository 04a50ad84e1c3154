# SPDX-License-Identifier: MIT
"""The command `loyalty`: scores logs, explains a relationship, guesses mappings, checks policies, simulates companies.

Exit codes: 0 done; 1 the data cannot be used (a file is absent, empty or broken, a column is missing, a limit is
passed); 2 the call, a mapping or a policy is wrong; 3 done, but rows were set aside and ``--strict`` was given;
130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

DONE, BAD_DATA, BAD_CALL, SET_ASIDE, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments` (those of the process by default) and end the process with its exit code."""
    try:
        from loyalty.command._app import run
    except ImportError as error:
        print(
            f"error: the command needs more packages: pip install 'loyalty[command]' ({error})",
            file=sys.stderr,
        )
        sys.exit(BAD_CALL)
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))
