# SPDX-License-Identifier: MIT
"""Portfolios that live in a file: each night applies what is new, and the manifest remembers what was applied.

The manifest is JSON, the last part of the portfolio's file: which files were applied with their hashes and counts, the
as-of date, the policy's fingerprints, the version, and each move of the landmark. It names no clock, so that equal
nights give equal files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from loyalty import _core
from loyalty._dates import instant, time_text
from loyalty._sql import SourceError
from loyalty.portfolio import Portfolio

__all__ = ["Input", "Manifest", "Night", "NightError", "identify", "locked"]

FORMAT = 1


class NightError(ValueError):
    """A night that cannot be run as asked: says what is in the way and what to do."""


@dataclass(frozen=True)
class Input:
    """A file that was applied."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Night:
    """What one run applied; counts are of rows, `events` of those that count."""

    as_of: str
    read: int
    events: int
    set_aside: int
    inputs: list[Input]


@dataclass
class Manifest:
    """What a portfolio's file says of its past."""

    as_of: str | None = None
    nights: list[Night] = field(default_factory=list)
    #: Moves of the landmark: from, to and the as-of date before.
    rebased: list[dict[str, str]] = field(default_factory=list)
    #: How many relationships were erased on demand. Their names are not kept.
    forgotten: int = 0

    @classmethod
    def parse(cls, text: str, source: str = "the manifest") -> Manifest:
        """A manifest from its `text`; an empty one starts anew. Raises NightError, which names `source`."""
        if not text:
            return cls()
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise NightError(
                    f"{source}: its manifest has format {document['format']}; this library reads {FORMAT}"
                )
            return cls(
                document["as_of"],
                [
                    Night(**{**night, "inputs": [Input(**one) for one in night["inputs"]]})
                    for night in document["nights"]
                ],
                document["rebased"],
                document["forgotten"],
            )
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, NightError):
                raise
            raise NightError(f"{source}: its manifest cannot be read ({error})") from None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Manifest:
        """The manifest of the portfolio's file at `path`, without reading the portfolio."""
        return cls.parse(_core.load_manifest(os.fspath(path)), os.fspath(path))

    @property
    def newest(self) -> int | None:
        """The as-of date in UTC seconds."""
        return None if self.as_of is None else instant(self.as_of)

    @property
    def inputs(self) -> list[Input]:
        """All files that were applied."""
        return [one for night in self.nights for one in night.inputs]

    def night_of(self, sha256: str) -> Night | None:
        """The night that applied the file whose hash is `sha256`, if any."""
        nights = (n for n in self.nights if any(one.sha256 == sha256 for one in n.inputs))
        return next(nights, None)

    def text(self, portfolio: Portfolio) -> str:
        """The manifest as JSON, with what the portfolio holds now."""
        books = portfolio.books
        document = {
            "format": FORMAT,
            "loyalty": _core.__version__,
            "as_of": self.as_of,
            "landmark": time_text(portfolio.landmark),
            "policy": portfolio.policy.fingerprints,
            "relationships": len(portfolio),
            "open_items": portfolio.open_items,
            "books": {
                "read": books.read,
                "scored": books.scored,
                "skipped": books.skipped,
                "set_aside": books.set_aside,
                "repeats": books.repeats,
            },
            "forgotten": self.forgotten,
            "rebased": self.rebased,
            "nights": [asdict(night) for night in self.nights],
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    def new(self, given: Sequence[Input]) -> tuple[list[Input], list[Input]]:
        """Which of the given files are new and which were applied already, whatever they are called now."""
        known = {one.sha256 for one in self.inputs}
        fresh: dict[str, Input] = {}
        again = []
        for one in given:
            if one.sha256 in known or one.sha256 in fresh:
                again.append(one)
            else:
                fresh[one.sha256] = one
        return list(fresh.values()), again


def identify(paths: Sequence[str], manifest: Manifest) -> list[Input]:
    """Size and SHA-256 of the files at `paths`.

    One that begins with a whole file that `manifest` knows has grown, and raises NightError.
    """
    known = manifest.inputs
    found = []
    sizes = sorted({one.bytes for one in known if one.bytes})
    applied = {(one.bytes, one.sha256): one for one in known}
    for path in paths:
        digest = hashlib.sha256()
        size = 0
        ends = iter(sizes)
        end = next(ends, None)
        grown = None
        try:
            with open(path, "rb") as file:
                while block := file.read((1 << 20) if end is None else min(1 << 20, end - size)):
                    digest.update(block)
                    size += len(block)
                    if size == end:
                        grown = applied.get((size, digest.copy().hexdigest())) or grown
                        end = next(ends, None)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror}") from None
        if grown is not None and size > grown.bytes:
            raise NightError(
                f"{path}: its first {grown.bytes:,} bytes are {grown.name}, which was applied before: the file has "
                "grown since. Give the rows that are new in a file of their own"
            )
        found.append(Input(Path(path).name, size, digest.hexdigest()))
    return found


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the portfolio's file at `path` for this run; raises NightError where another run has it."""
    if os.name != "posix" or not path.exists():
        yield
        return
    import fcntl

    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NightError(f"{path}: another run is updating it") from None
        if not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino:
            raise NightError(f"{path}: another run has just updated it; run this again")
        yield
