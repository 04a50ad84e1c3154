# SPDX-License-Identifier: MIT
"""The library against the exact reference, on generated logs: sums to the bit, the ladder to the second, scores to
what doubles allow. Everything that depends on the shape of the Python API is in the first section."""

from __future__ import annotations

import datetime
import math
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")
pytest.importorskip("mpmath")
loyalty = pytest.importorskip("loyalty")

from reference import fold, generate, portfolio, score, worked  # noqa: E402

if not hasattr(loyalty, "Portfolio") or not hasattr(loyalty, "Policy"):
    pytest.skip("loyalty.Portfolio is not part of this build", allow_module_level=True)

# --- the adapter -----------------------------------------------------------------------------------------------------

# what the reference calls it -> the column of the assessment
LADDER_COLUMNS = {"rung": "rung", "peak": "rung_peak", "since": "rung_since"}
SCORE_COLUMNS = {
    **{name: name for name in score.NAMES},
    **{f"{name}_low": f"{name}_low" for name in score.NAMES},
    **{f"{name}_high": f"{name}_high" for name in score.NAMES},
    **{f"{name}_coverage": f"{name}_coverage" for name in score.NAMES},
    **{f"{name}_points": f"why_{name}" for name in score.NAMES},
    "quality": "quality",
    "quality_low": "quality_low",
    "quality_high": "quality_high",
    "next_points": "next_step_points",
}
WORD_COLUMNS = {"role": "role", "grade": "evidence", "next_step": "next_step"}
# words in which the two differ: the company offers, the counterparty signs
WORDS = {"sign_contract": "offer_contract"}
SOFT_COLUMNS = ["p_prospect", "p_buyer", "p_client", "p_supporter", "p_advocate", "p_partner"]
RUNGS = ("prospect", "buyer", "client", "supporter", "advocate", "partner")

FLOATS = ("value", "amount", "margin", "cost", "quantity", "rating", "scale_low", "scale_high")
SECONDS = ("time", "due", "done", "until", "since")
TEXTS = (
    "relationship",
    "kind",
    "refers_to",
    "event_id",
    "side",
    "role",
    "currency",
    "parameter",
    "scale",
    "channel",
)
TRUTHS = ("whole_order", "personal")


def toml(policy: dict) -> dict:
    """The policy of the reference as the nested dict of a policy file."""

    def days(seconds: int):
        return seconds / 86400

    out: dict = {
        "landmark": datetime.datetime.fromtimestamp(policy["landmark"], datetime.UTC),
        "half_life_days": {name: days(h) for name, h in policy.get("half_life", {}).items()},
        "responsiveness": {"target_hours": policy.get("target_seconds", 86400) / 3600},
        "promise": {"grace_hours": policy.get("grace_seconds", 0) / 3600},
    }
    for key in ("perspective", "default_role", "currency", "minor_digits", "minimum_coverage"):
        if policy.get(key) is not None:
            out[key] = policy[key]
    for key in ("observes", "roles"):
        if policy.get(key) is not None:
            out[key] = policy[key]
    for key in score.NAMES:
        if key in policy:
            out[key] = {**out.get(key, {}), **policy[key]}
    return out


def columns(rows: list[dict]) -> dict:
    """Rows as columns, gaps as NaN or None."""
    out = {}
    for name in TEXTS:
        if any(name in row for row in rows):
            out[name] = np.array([row.get(name) for row in rows], dtype=object)
    for name in TRUTHS:
        if any(name in row for row in rows):
            out[name] = np.array([bool(row.get(name)) for row in rows])
    for name in FLOATS:
        if any(name in row for row in rows):
            out[name] = np.array([row.get(name, math.nan) for row in rows], dtype=float)
    for name in SECONDS:
        if any(name in row for row in rows):
            whole = all(name in row for row in rows)
            column = [row.get(name, math.nan) for row in rows]
            out[name] = np.array(column, dtype=np.int64 if whole else float)
    return out


class Library:
    """One portfolio of the library, read in the words of the reference."""

    def __init__(self, policy: dict, as_of: float = math.inf):
        self.as_of = as_of
        self.late = 0  # rows after the as-of date, which a reader leaves out and counts
        self.portfolio = loyalty.Portfolio(loyalty.Policy.from_dict(toml(policy)))

    def apply(self, rows: list[dict]) -> None:
        known = [row for row in rows if not row.get("time", -math.inf) > self.as_of]
        self.late += len(rows) - len(known)
        if known:
            self.portfolio.apply(columns(known))

    def assess(self, as_of: int) -> dict[str, dict]:
        """Every relationship as a dict of the columns of the assessment."""
        frame = self.portfolio.assess(as_of).to_frame("pandas")
        names = list(frame.columns)
        values = [frame[name].to_numpy() for name in names]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
        return {row["relationship"]: row for row in rows}

    def state(self, name: str, as_of: int) -> dict:
        """Sums and plain fields, with everything that has acted by ``as_of``."""
        return self.portfolio.state(name, as_of)

    def books(self):
        """(read, scored, {reason: rows}, {code: rows})."""
        books = self.portfolio.books
        skipped = dict(books.skipped)
        if self.late:
            skipped["after_as_of"] = self.late
        return books.read + self.late, books.scored, skipped, dict(books.set_aside)


def absent(x) -> bool:
    """None, NaN, NaT and pandas' own missing value."""
    return x is None or x is getattr(sys.modules.get("pandas"), "NA", None) or (x != x)


def as_seconds(x):
    """A point in time as whole seconds since 1970."""
    if absent(x):
        return None
    if isinstance(x, np.datetime64):
        return int(x.astype("datetime64[s]").astype(np.int64))
    if isinstance(x, datetime.datetime):
        return round((x - datetime.datetime.fromtimestamp(0, x.tzinfo)).total_seconds())
    return int(x)


def as_rung(x):
    """A rung as 0..5."""
    if absent(x):
        return None
    return RUNGS.index(x) if isinstance(x, str) else int(x)


# --- comparing -------------------------------------------------------------------------------------------------------


def story(case, name: str) -> str:
    """All that is needed to see a difference again: the policy, the date and the rows of one relationship."""
    rows = sorted(
        (row for row in case.rows if row.get("relationship") == name),
        key=lambda row: (row.get("time", 0), str(row)),
    )
    lines = [f"relationship {name}, as of {case.as_of}", f"policy = {case.policy}", "rows = ["]
    return "\n".join([*lines, *(f"  {row}," for row in rows), "]"])


class Differences:
    """Collects what differs; the first few are told in full."""

    def __init__(self, case, label: str):
        self.case = case
        self.label = label
        self.found: list[tuple] = []
        self.compared = 0

    def check(self, name: str, what: str, expected, got) -> None:
        self.compared += 1
        if expected != got:
            self.found.append((name, what, expected, got))

    def near(self, name: str, what: str, expected, got, tolerance: float) -> None:
        self.compared += 1
        got = None if absent(got) else float(got)
        if expected is None or got is None:
            same = expected is None and got is None
        else:
            expected = float(expected)
            same = abs(expected - got) <= tolerance * max(1.0, abs(expected))
        if not same:
            self.found.append((name, what, expected, got))

    def report(self) -> None:
        if not self.found:
            return
        kinds = Counter(what for _, what, _, _ in self.found)
        lines = [f"{self.label}: {len(self.found)} of {self.compared} differ: {dict(kinds)}"]
        lines += [
            f"{name} {what}: {x!r} expected, {y!r} found" for name, what, x, y in self.found[:8]
        ]
        pytest.fail("\n".join([*lines, story(self.case, self.found[0][0])]))


def run(case, chunks=None):
    library = Library(case.policy, case.as_of)
    for rows in chunks or [case.rows]:
        library.apply(rows)
    return library, library.assess(case.as_of)


def compare_states(differences, library, frame, reading, as_of) -> None:
    """Sums and ladder: nothing but equality will do."""
    for name, relationship in reading.relationships.items():
        if name not in frame:
            differences.check(name, "is assessed", True, False)
            continue
        state = library.state(name, as_of)
        for field, expected in relationship.state.as_dict().items():
            got = state[field]
            differences.check(name, field, expected, None if absent(got) else int(got))
        expected = portfolio.entry(reading, relationship)
        row = frame[name]
        for field in ("rung", "peak"):
            differences.check(name, field, expected[field], as_rung(row[LADDER_COLUMNS[field]]))
        differences.check(
            name, "since", expected["since"], as_seconds(row[LADDER_COLUMNS["since"]])
        )
        flags = (row["flags"] or "").split(";") if not absent(row["flags"]) else []
        if expected["rung"] is not None:
            differences.check(
                name, "at_least", expected["at_least"], "rung_history_at_least" in flags
            )


TOLERANCE = {
    **dict.fromkeys(SCORE_COLUMNS, 1e-10),
    # quantiles of matched laws: limited by the quantile's own iteration
    **{f"{name}_{end}": 1e-9 for name in score.NAMES for end in ("low", "high")},
}
INVERTED_TOLERANCE = 1e-6  # points; the numerical inversion


def compare_scores(differences, frame, expected: dict) -> None:
    for name, x in expected.items():
        if name not in frame:
            continue  # said already
        row = frame[name]
        # next to the border between the two ways to an interval either is right
        border = abs(x.get("least_slope", 1.0)) < 1e-6
        for field, column in SCORE_COLUMNS.items():
            tolerance = TOLERANCE[field]
            if field in ("quality_low", "quality_median", "quality_high"):
                if border:
                    continue
                if x["inverted"]:
                    tolerance = INVERTED_TOLERANCE
            differences.near(name, field, x[field], row[column], tolerance)
        for field, column in WORD_COLUMNS.items():
            if field == "next_step" and _close_race(x):
                continue
            got = row[column]
            differences.check(
                name, field, WORDS.get(x[field], x[field]), None if absent(got) else got
            )
        for k, column in enumerate(SOFT_COLUMNS):
            # without recorded purchases there is no rung, and no probability of one
            expected = None if absent(row["rung"]) else x["soft_rung"][k]
            differences.near(name, f"soft rung {k}", expected, row[column], 1e-10)


def _close_race(x: dict) -> bool:
    """Two different next steps gain the same to what doubles can tell (equal ones have an order, and are checked)."""
    gains = x.get("gains") or {}
    best = max(gains.values(), default=0)
    rivals = {float(gain) for gain in gains.values() if abs(best - gain) < 1e-9}
    return len(rivals) > 1


# --- the worked example ----------------------------------------------------------------------------------------------


def test_worked_example():
    case = generate.Case(worked.POLICY, worked.AS_OF, worked.rows())
    library, frame = run(case)
    reading = portfolio.read(case.rows, case.as_of, case.policy)
    differences = Differences(case, "worked example")
    compare_states(differences, library, frame, reading, case.as_of)
    compare_scores(
        differences, frame, portfolio.assess(case.rows, case.as_of, case.policy, "exact", reading)
    )
    differences.report()
    assert differences.compared > 60
    assert float(frame[worked.NAME]["quality"]) == pytest.approx(69.891745, abs=5e-7)


# --- the fast tier: 100 policies, 100 relationships each ------------------------------------------------------------

BLOCK = 10
PORTFOLIOS = 100
RELATIONSHIPS = 100


@pytest.mark.parametrize("block", range(PORTFOLIOS // BLOCK))
def test_generated_logs(block):
    """Exact sums, ladder and double scores of a thousand relationships; a few scores with 30 digits."""
    relationships = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        case = generate.portfolio(seed, RELATIONSHIPS)
        reading = portfolio.read(case.rows, case.as_of, case.policy)
        library, frame = run(case)
        differences = Differences(case, f"generate.portfolio({seed}, {RELATIONSHIPS})")
        compare_states(differences, library, frame, reading, case.as_of)
        compare_scores(
            differences,
            frame,
            portfolio.assess(case.rows, case.as_of, case.policy, "fast", reading),
        )
        compare_scores(differences, frame, exact_sample(case, reading, seed, 3))
        differences.report()
        relationships += len(reading.relationships)
    assert relationships > 0.9 * BLOCK * RELATIONSHIPS


def exact_sample(case, reading, seed: int, size: int) -> dict:
    names = sorted(reading.relationships)
    out = {}
    for name in random.Random(seed).sample(names, min(size, len(names))):
        r = reading.relationships[name]
        found = score.score(
            r.state,
            reading.clocks,
            case.policy,
            case.as_of,
            r.role,
            reading.lit,
            r.open_complaints,
        )
        out[name] = {**portfolio.entry(reading, r), **found}
    return out


@pytest.mark.parametrize("seed", range(8))
def test_rich_records(seed):
    """Where the law of quality is so skewed that its interval has to be inverted numerically."""
    case = generate.rich(seed)
    reading = portfolio.read(case.rows, case.as_of, case.policy)
    library, frame = run(case)
    differences = Differences(case, f"generate.rich({seed})")
    compare_states(differences, library, frame, reading, case.as_of)
    compare_scores(
        differences, frame, portfolio.assess(case.rows, case.as_of, case.policy, "fast", reading)
    )
    if seed < 3:
        compare_scores(differences, frame, exact_sample(case, reading, seed, 1))
    differences.report()


# --- books, and the same log told in other ways ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(500, 508))
def test_books(seed):
    """Every row is scored, skipped for a reason, or set aside with a code."""
    case = generate.portfolio(seed, 40, faults=0.15)
    library, _ = run(case)
    expected = portfolio.books(case.rows, case.as_of, case.policy)
    read, scored, skipped, set_aside = library.books()
    assert {k: n for k, n in skipped.items() if n} == dict(expected.skipped)
    assert {k: n for k, n in set_aside.items() if n} == dict(expected.set_aside)
    assert (read, scored) == (expected.read, expected.scored)
    assert expected.set_aside.total() > 20


@pytest.mark.parametrize("code", [code for code in portfolio.CODES if code not in generate.MIXED])
def test_set_aside_codes(code):
    policy = {"landmark": 1000 * fold.DAY, "currency": "EUR"}
    as_of = 1000 * fold.DAY
    for seed in range(6):
        row = generate.invalid(random.Random(seed), "x", policy, 990 * fold.DAY, code)
        good = {"relationship": "y", "time": 5, "kind": "purchase", "currency": "EUR"}
        library, _ = run(generate.Case(policy, as_of, [row, good]))
        read, scored, skipped, set_aside = library.books()
        assert {k: n for k, n in set_aside.items() if n} == {code: 1}, row
        assert (read, scored) == (2, 1)
        assert not any(skipped.values())


@pytest.mark.parametrize("seed", range(600, 606))
def test_chunks_in_the_order_of_time(seed):
    """Several calls, each later than the one before, are one call (repeats and retractions belong to one call)."""
    case = generate.portfolio(seed, 40, faults=0)
    gone = {row.get("event_id") for row in case.rows} - {None}
    rows = [
        row for row in case.rows if row.get("event_id") not in gone and row["kind"] != "retraction"
    ]
    if "currency" not in case.policy:
        rows = [{k: v for k, v in row.items() if k != "currency"} for row in rows]
    case = generate.Case(case.policy, case.as_of, rows)
    assert len(rows) > 100
    times = sorted({row["time"] for row in rows})
    cuts = [times[len(times) // 3], times[len(times) // 2], times[-2]]
    chunks = [
        [row for row in rows if low <= row["time"] < high]
        for low, high in zip([-math.inf, *cuts], [*cuts, math.inf], strict=True)
    ]
    assert sum(map(len, chunks)) == len(rows)
    reading = portfolio.read(rows, case.as_of, case.policy)
    library, frame = run(case, chunks)
    differences = Differences(case, f"chunks of generate.portfolio({seed}, 40)")
    compare_states(differences, library, frame, reading, case.as_of)
    differences.report()


@pytest.mark.parametrize("seed", range(700, 704))
def test_assessed_again_later(seed):
    """What waits (falls, deadlines, open requests that run out) acts without another row, and reading moves nothing."""
    case = generate.portfolio(seed, 40)
    reach = 30 * min({**fold.HALF_LIVES, **case.policy["half_life"]}.values())
    last = case.policy["landmark"] + reach
    library, _ = run(case)
    for part in (1.0, 0.1, 0.4):  # a later date first: an earlier one must not see it
        as_of = case.as_of + int((last - case.as_of) * part)
        reading = portfolio.read(case.rows, as_of, case.policy)
        differences = Differences(
            generate.Case(case.policy, as_of, case.rows),
            f"generate.portfolio({seed}, 40) at {as_of}",
        )
        compare_states(differences, library, library.assess(as_of), reading, as_of)
        differences.report()
