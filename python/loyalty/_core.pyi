# SPDX-License-Identifier: MIT
"""The compiled half: private, strict and positional. A `_Column` is one number for all rows, or a NumPy array.

What it gives is a number where every argument was one, else arrays; tuples of them where there are several.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Column: TypeAlias = float | NDArray[Any] | None
_Words: TypeAlias = str | NDArray[Any] | None
_Numbers: TypeAlias = Any  # float, or NDArray[np.float64]
_Codes: TypeAlias = Any  # int, or NDArray[np.uint8]; 255 is null
# A column as its owner keeps it: a NumPy array, what exports itself by the Arrow C interface (`__arrow_c_stream__` or
# `__arrow_c_array__`), or the pair (codes, words) of a categorical.
_Source: TypeAlias = Any
# What offers an Arrow stream of structs by `__arrow_c_stream__`.
_Stream: TypeAlias = Any
# Makes UTC seconds of the seconds that clocks showed in the column of a name, `no_time` aside; None where they are UTC.
_ToUtc: TypeAlias = Callable[[str, NDArray[np.int64]], NDArray[np.int64]] | None

__version__: str
no_time: int
result_columns: tuple[tuple[str, str, str], ...]
contact_columns: tuple[tuple[str, str, str], ...]
change_columns: tuple[tuple[str, str, str], ...]
kind_names: tuple[str, ...]
kind_infos: tuple[tuple[str, str, str, str, str], ...]
rung_names: tuple[str, ...]
role_names: tuple[str, ...]
side_names: tuple[str, ...]
survey_names: tuple[str, ...]
code_names: tuple[str, ...]
skip_names: tuple[str, ...]
observable_names: tuple[str, ...]
conduct_kinds: tuple[str, ...]
shown_by: dict[str, str]
next_step_words: dict[str, str]
next_step_names: tuple[str, ...]
evidence_names: tuple[str, ...]
table_columns: tuple[str, ...]
period_names: tuple[str, ...]
stream_names: tuple[str, ...]

class Error(Exception): ...
class PolicyError(Error, ValueError): ...
class WindowError(Error, ValueError): ...
class LimitError(Error, ValueError): ...
class MismatchError(Error, ValueError): ...

class Policy:
    """What all numbers depend on; read from and written to TOML by the library itself."""

    def __init__(self) -> None: ...
    @staticmethod
    def parse(text: str, source: str = "policy", most_bytes: int = ...) -> Policy: ...
    def to_toml(self, full: bool = False) -> str: ...
    @property
    def fingerprints(self) -> dict[str, str]: ...
    @property
    def name(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def minor_digits(self) -> int: ...
    @property
    def landmark(self) -> int | None: ...
    @property
    def purchase_cycle_days(self) -> float: ...
    @property
    def half_life_days(self) -> dict[str, float]: ...
    @property
    def labels(self) -> list[str]: ...

class ResultTable:
    """The columns of a result, shared by all that look at them."""

    def __len__(self) -> int: ...
    def column(self, name: str) -> NDArray[Any]:
        """A column: doubles with NaN or integers with `no_time`, read-only; texts as new objects, None where absent."""

    def arrow_stream(self, metadata: dict[str, str], rows_per_batch: int = 0) -> Any:
        """A capsule `arrow_array_stream` over all columns, in one batch or in batches of so many rows."""

class AssessmentStream:
    """Assessments that are made as a stream is read, and the columns `kept` of them."""

    def __init__(
        self,
        portfolio: Portfolio,
        now: int,
        intervals: bool = True,
        threads: Threads | None = None,
        kept: Sequence[str] = (),
    ) -> None: ...
    def __len__(self) -> int: ...
    def arrow_stream(self, metadata: dict[str, str], rows: int) -> Any:
        """A capsule `arrow_array_stream` that makes batches of at least so many rows, all anew."""

    def finish(self, rows: int) -> None:
        """Assesses what the newest stream has left, so many rows at a time."""

    @property
    def is_complete(self) -> bool: ...
    @property
    def seconds(self) -> float:
        """How long assessing took."""

    @property
    def summary(self) -> dict[str, Any]: ...
    def id(self, row: int) -> str: ...
    def kept(self, name: str) -> NDArray[Any] | tuple[NDArray[np.uint8], list[str]]:
        """A kept column: numbers, or of a text column the numbers of its words, 255 where absent, and the words."""

def read_ahead(source: _Stream) -> object: ...

class Threads:
    """Threads that are started once and wait for work; 0 means one for each core."""

    def __init__(self, count: int) -> None: ...
    @property
    def count(self) -> int: ...

class Portfolio:
    """Many relationships. Times are UTC seconds; books have the keys read, scored, skipped, set_aside, repeats,
    reject_rows and reject_codes.
    """

    def __init__(self, policy: Policy, landmark: int | None = None) -> None: ...
    def apply(
        self, columns: dict[str, _Source], threads: Threads | None = None
    ) -> dict[str, Any]: ...
    def retract(self, columns: dict[str, _Source]) -> dict[str, Any]: ...
    def replay(
        self, columns: dict[str, _Source], threads: Threads | None = None
    ) -> dict[str, Any]: ...
    def apply_stream(
        self,
        source: _Stream,
        to_utc: _ToUtc,
        whole: bool = False,
        threads: Threads | None = None,
    ) -> dict[str, Any]: ...
    def retract_stream(self, source: _Stream, to_utc: _ToUtc) -> dict[str, Any]: ...
    def replay_stream(self, source: _Stream, to_utc: _ToUtc) -> dict[str, Any]: ...
    def merge(self, other: Portfolio) -> None: ...
    def note_set_aside(self, relationship: str, rows: int = 1) -> None: ...
    def copy(self) -> Portfolio: ...
    def bytes(self) -> bytes: ...
    def __len__(self) -> int: ...
    def __contains__(self, id: str) -> bool: ...
    @property
    def newest(self) -> int | None: ...
    @property
    def landmark(self) -> int: ...
    @property
    def open_items(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def books(self) -> dict[str, Any]: ...
    def state(self, id: str, now: int | None = None) -> dict[str, Any]: ...
    def standing(self, id: str, now: int) -> tuple[int, int, int | None, int, int, bool, bool]:
        """Rung, peak, since when, the rungs E and K, whether the position is exact, whether peak and since are
        only bounds.
        """

    def falls(self, id: str, now: int) -> list[tuple[int, int]]: ...
    def parameters(self, id: str, now: int) -> tuple[tuple[float, float, float], ...]:
        """Mean, variance and coverage of the four parameters."""

    def explain(self, id: str, now: int) -> str: ...
    def assess(
        self, now: int, intervals: bool = True, threads: Threads | None = None
    ) -> tuple[ResultTable, dict[str, Any]]: ...
    def contacts(self, now: int) -> ResultTable: ...
    def save(self, file: str, manifest: str = "") -> None: ...
    @staticmethod
    def load(file: str, policy: Policy | None = None) -> tuple[Portfolio, str]:
        """The portfolio and the manifest of a file."""

    @staticmethod
    def from_bytes(bytes: bytes, policy: Policy) -> Portfolio: ...
    def forget(self, ids: Sequence[str]) -> int: ...
    def rebase(self, landmark: int) -> None: ...
    def mark(self, as_of: int) -> None: ...
    @property
    def marked(self) -> int | None: ...
    @property
    def policy(self) -> Policy: ...
    def changes(
        self,
        earlier: Portfolio,
        since: int,
        now: int,
        corrected: Portfolio | None = None,
        refolded: Portfolio | None = None,
        one_log: bool = False,
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Columns and counts of what changed from `earlier` to this portfolio."""

    def explain_change(
        self,
        id: str,
        earlier: Portfolio,
        since: int,
        now: int,
        corrected: Portfolio | None = None,
        refolded: Portfolio | None = None,
        one_log: bool = False,
    ) -> str: ...

def load_manifest(file: str) -> str:
    """The manifest of a portfolio file, without reading the portfolio."""

def history(
    columns: dict[str, _Source], policy: Policy, until: int | None, dates: Sequence[int]
) -> dict[str, Any]:
    """The rung tape, snapshots and the rung mix by column; rungs as codes, 255 is null; books as of `Portfolio`."""

class Learning:
    """What a log teaches; made by `learn`."""

    def summary(self) -> str: ...
    def to_toml(self, full: bool = False, source: str = "") -> str: ...
    def values(self) -> dict[str, Any]:
        """The keys that were looked at, by column."""

    def scores(self) -> dict[str, Any]:
        """The half-lives that were tried, by column."""

    def cycles(self) -> dict[str, Any]:
        """Purchase cycles by role, of all under "all"; estimates as (value, low, high)."""

    def hold_out(self) -> Any:
        """Log-scores by stream, or None."""

    def books(self) -> dict[str, Any]:
        """Books as of `Portfolio`, of the rows until the date."""

    @property
    def policy(self) -> Policy: ...
    @property
    def later(self) -> int: ...
    @property
    def relationships(self) -> int: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def as_of(self) -> int: ...

def learn(
    columns: dict[str, _Source],
    policy: Policy,
    as_of: int,
    hold_out: int | None,
    priors: bool,
    half_lives: bool,
    purchase_cycle: bool,
    least_relationships: int,
) -> Learning:
    """Learns from event columns, whole histories in any order; rows after `as_of` are not used."""

def fit_beta_binomial(good: _Column, bad: _Column) -> dict[str, Any]:
    """The Beta prior of shares; estimates as (value, sd, low, high). Rows with a null are left out."""

def fit_gamma_rate(events: _Column, exposure: _Column) -> dict[str, Any]:
    """The Gamma prior of rates, likewise."""

def prequential_scores(
    relationship: NDArray[np.int64] | None,
    time: NDArray[np.int64],
    good: _Column,
    bad: _Column,
    half_lives: Sequence[float],
    first: float,
    second: float,
    rates: bool,
) -> NDArray[np.float64]:
    """The log-score of each half-life, in seconds, under a prior of two numbers."""

def history_window(policy: Policy, first: int, until: int) -> tuple[int, int]:
    """The landmark and the earliest date of a history whose rows begin at `first` and end at `until`."""

def period_ends(period: int, first: int, last: int) -> NDArray[np.int64]:
    """Last UTC seconds of the periods, numbered as in `period_names`, that end between two seconds."""

def utc_seconds(name: str, column: _Source) -> NDArray[np.int64]:
    """A time column as UTC seconds, `no_time` where absent; dates end their day in columns named due or until."""

def reals(name: str, column: _Source) -> NDArray[np.float64]:
    """A column of numbers, NaN where absent."""

def is_naive(name: str, column: _Source) -> bool:
    """Whether a column holds times of day that name no zone."""

class RoleScoring:
    """What a policy says about scoring relationships of one role."""

    def __init__(self, policy: Policy, role: str = "") -> None: ...
    def with_weights(
        self, commitment: float, responsiveness: float, reciprocity: float, trust: float
    ) -> RoleScoring: ...
    @property
    def role(self) -> str: ...
    @property
    def rung_labels(self) -> list[str]: ...
    @property
    def baseline(self) -> tuple[list[float], list[float], list[float], list[float]]: ...

def date_text(seconds: int) -> str: ...
def commitment(
    scoring: RoleScoring, kept: _Column, breached: _Column, contract_days_left: _Column
) -> tuple[_Numbers, _Numbers, _Numbers]: ...
def responsiveness(
    scoring: RoleScoring,
    answered: _Column,
    answer_time: _Column,
    open: _Column,
    open_time: _Column,
    granted: _Column,
    refused: _Column,
) -> tuple[_Numbers, _Numbers, _Numbers]: ...
def reciprocity(
    scoring: RoleScoring, given: _Column, received: _Column
) -> tuple[_Numbers, _Numbers, _Numbers]: ...
def probability_we_give_more(
    scoring: RoleScoring, given: _Column, received: _Column
) -> tuple[_Numbers]: ...
def trust(
    scoring: RoleScoring, kept: _Column, broken: _Column, grave: _Column
) -> tuple[_Numbers, _Numbers, _Numbers]: ...
def parameter_interval(mean: _Column, variance: _Column) -> tuple[_Numbers, _Numbers]: ...
def parameter_density(at: _Column, mean: _Column, variance: _Column) -> tuple[_Numbers]: ...
def share_interval(count: _Column, total: _Column) -> tuple[_Numbers, _Numbers]: ...
def rung(
    scoring: RoleScoring,
    purchases: _Column,
    regularity: _Column,
    elsewhere: _Column,
    support: _Column,
    advocacy: _Column,
    partnership: _Column,
    contract: _Column,
    held: _Words,
) -> _Codes: ...
def quality(
    scoring: RoleScoring,
    commitment: _Column,
    responsiveness: _Column,
    reciprocity: _Column,
    trust: _Column,
) -> _Numbers: ...
def quality_interval(
    scoring: RoleScoring,
    commitment: _Column,
    commitment_variance: _Column,
    responsiveness: _Column,
    responsiveness_variance: _Column,
    reciprocity: _Column,
    reciprocity_variance: _Column,
    trust: _Column,
    trust_variance: _Column,
) -> tuple[_Numbers, _Numbers, _Numbers]: ...
def attribution(
    scoring: RoleScoring,
    commitment: _Column,
    responsiveness: _Column,
    reciprocity: _Column,
    trust: _Column,
    base_commitment: _Column,
    base_responsiveness: _Column,
    base_reciprocity: _Column,
    base_trust: _Column,
) -> tuple[_Numbers, _Numbers, _Numbers, _Numbers]: ...
def next_step(
    scoring: RoleScoring,
    guarantees_kept: _Column,
    guarantees_breached: _Column,
    contract_days_left: _Column,
    answered: _Column,
    answer_time: _Column,
    open_requests: _Column,
    open_time: _Column,
    granted: _Column,
    refused: _Column,
    given: _Column,
    received: _Column,
    promises_kept: _Column,
    promises_broken: _Column,
    promises_grave: _Column,
    open_complaints: _Column,
) -> tuple[_Codes, _Numbers]: ...
def rung_strength(
    scoring: RoleScoring,
    purchases: _Column,
    regularity: _Column,
    support: _Column,
    advocacy: _Column,
    partnership: _Column,
    years: _Column,
) -> tuple[_Numbers, _Numbers, _Numbers, _Numbers, _Numbers, _Numbers]: ...
def score_table(
    scorings: Sequence[RoleScoring], role: _Words, columns: Mapping[str, _Column]
) -> dict[str, NDArray[np.float64] | NDArray[np.uint8]]: ...

# Models of purchases: a name of `purchase_models` and the parameters in that order. Times are in the model's own unit.
purchase_models: dict[str, tuple[str, ...]]
time_unit_names: tuple[str, ...]
purchase_least_customers: float
purchase_least_repeaters: float

_Matrix: TypeAlias = NDArray[np.float64] | None

def purchase_units_in(given: str, unit: str) -> float: ...
def purchase_seconds_in(unit: str) -> float: ...
def purchase_force_of_interest(rate: float, per: str, continuous: bool, unit: str) -> float: ...
def purchase_evaluate(
    model: str,
    parameters: Sequence[float],
    quantity: str,
    x: _Column,
    t_x: _Column,
    T: _Column,  # noqa: N803
    horizon: _Column,
    force_of_interest: float,
    covariance: _Matrix,
) -> tuple[_Numbers, _Numbers | None]: ...
def purchase_expected_new(
    model: str, parameters: Sequence[float], time: _Column, covariance: _Matrix
) -> tuple[_Numbers, _Numbers]: ...
def purchase_fit(
    model: str,
    x: _Column,
    t_x: _Column,
    T: _Column,  # noqa: N803
    mean_value: _Column,
    weight: _Column,
    least_customers: float,
    least_repeaters: float,
) -> dict[str, Any]: ...
def purchase_spend_log_likelihood(
    parameters: Sequence[float], x: _Column, mean_value: _Column
) -> _Numbers: ...
def purchase_expected_spend(
    parameters: Sequence[float], x: _Column, mean_value: _Column, covariance: _Matrix
) -> tuple[_Numbers, _Numbers]: ...
def purchase_interval(
    value: _Column, error: _Column, level: float, share: bool
) -> tuple[_Numbers, _Numbers]: ...
def purchase_histories(
    customer: NDArray[np.int64],
    time: NDArray[np.int64],
    amount: _Matrix,
    end: int,
    counts_in_unit: float,
) -> dict[str, Any]: ...
def purchase_p_counts(
    model: str, parameters: Sequence[float], most: int, time: float
) -> NDArray[np.float64]: ...
def purchase_expected_counts(
    model: str,
    parameters: Sequence[float],
    T: NDArray[np.float64],  # noqa: N803
    weight: _Matrix,
    most: int,
) -> NDArray[np.float64]: ...
def purchase_expected_cumulative(
    model: str,
    parameters: Sequence[float],
    T: NDArray[np.float64],  # noqa: N803
    weight: _Matrix,
    past: NDArray[np.float64],
    covariance: NDArray[np.float64] | None,
    seen: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None,
    fit_past: float,
) -> NDArray[np.float64]: ...
def purchase_simulate(
    model: str,
    parameters: Sequence[float],
    T: NDArray[np.float64],  # noqa: N803
    horizon: float,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def purchase_simulate_spend(
    parameters: Sequence[float], x: NDArray[np.float64], seed: int
) -> NDArray[np.float64]: ...

# Value by relationship: Pareto/NBD parameters in a unit of time, Gamma-Gamma parameters.
value_least_known_years: float

def value_yearly_rate(decayed_sum: _Column, known: _Column, half_life: float) -> _Numbers: ...
def fold_purchases(
    columns: dict[str, _Source], policy: Policy, as_of: int
) -> tuple[Portfolio, dict[str, NDArray[Any]]]: ...
def value_prospects(
    model: Sequence[float],
    unit: str,
    spend: Sequence[float],
    x: NDArray[np.float64],
    t_x: NDArray[np.float64],
    T: NDArray[np.float64],  # noqa: N803
    mean_value: NDArray[np.float64],
    cost_a_year: NDArray[np.float64],
    horizon: float,
    rate: float,
    per: str,
    continuous: bool,
    margin_share: float,
    covariance: NDArray[np.float64] | None,
    spend_covariance: NDArray[np.float64] | None,
) -> dict[str, NDArray[np.float64]]: ...

# --- populations; a status is (end, sentence, iterations, evaluations, remaining), an estimate (value, sd, low, high),
# a table of estimates has these as its rows

_Matrix: TypeAlias = NDArray[np.float64]
_Status: TypeAlias = tuple[str, str, int, int, float]
_Estimate: TypeAlias = tuple[float, float, float, float]

rate_period_names: tuple[str, ...]
rate_prior: tuple[float, ...]

def days_of_period(period: str) -> float: ...
def discount_factor(rate: float, per: str, continuous: bool, days: float) -> float: ...
def discount_factor_of_period(rate: float, per: str, continuous: bool, period: str) -> float: ...

class HistoryColumns:
    """The paths of relationships, as `history` gives them."""

    def __init__(
        self, known_since: NDArray[np.int64], tape: dict[str, Any], purchases: dict[str, Any]
    ) -> None: ...

def transitions(columns: HistoryColumns, dates: Sequence[int], lapse_after: int) -> _Matrix: ...
def dated_transitions(
    columns: HistoryColumns, dates: Sequence[int], lapse_after: int
) -> list[tuple[int, _Matrix]]: ...
def time_at_risk(
    columns: HistoryColumns, start: int, until: int, lapse_after: int
) -> tuple[_Matrix, _Matrix]: ...
def states_at(columns: HistoryColumns, at: int, lapse_after: int) -> _Matrix: ...
def purchase_days(columns: HistoryColumns, after: int, until: int) -> list[int]: ...
def chain_prior(
    n: int,
    lapsed: int,
    buyer: int,
    diagonal: float = ...,
    neighbour: float = ...,
    elsewhere: float = ...,
) -> _Matrix: ...
def adjacent_moves(n: int, lapsed: int, buyer: int) -> NDArray[np.bool_]: ...

class Chain:
    """Rows of probabilities, known up to independent errors."""

    @staticmethod
    def of_counts(counts: _Matrix, prior: _Matrix, names: list[str]) -> Chain: ...
    @staticmethod
    def known(probabilities: _Matrix, names: list[str]) -> Chain: ...
    @property
    def mean(self) -> _Matrix: ...
    @property
    def status(self) -> _Status: ...
    def probabilities(self) -> _Matrix:
        """A table of estimates by from, then to."""

    def forecast(self, now: _Matrix, size: float, periods: int) -> dict[str, Any]: ...
    def stationary(self) -> dict[str, Any]: ...
    def first_passage(
        self, start: _Matrix, target: Sequence[bool], periods: int
    ) -> dict[str, Any]: ...
    def value(
        self,
        margins: _Matrix,
        variance: _Matrix,
        discount: float,
        periods: int | None,
        counts: _Matrix | None,
    ) -> dict[str, Any]: ...

class Intensities:
    """Rates of moves; NaN where the data cannot tell."""

    @staticmethod
    def known(rates: _Matrix, names: list[str]) -> Intensities: ...
    @staticmethod
    def of_times(
        moves: _Matrix,
        time: _Matrix,
        mask: NDArray[np.bool_],
        prior_moves: float,
        prior_time: float,
        names: list[str],
    ) -> Intensities: ...
    @staticmethod
    def of_snapshots(
        snapshots: Sequence[tuple[float, _Matrix]], mask: NDArray[np.bool_], names: list[str]
    ) -> Intensities: ...
    @property
    def generator(self) -> _Matrix: ...
    @property
    def moves(self) -> NDArray[np.bool_]: ...
    @property
    def sd(self) -> _Matrix: ...
    @property
    def low(self) -> _Matrix: ...
    @property
    def high(self) -> _Matrix: ...
    @property
    def log_likelihood(self) -> float | None: ...
    @property
    def status(self) -> _Status: ...
    def probabilities_after(self, t: float) -> _Matrix: ...
    def climb_times(self) -> list[_Estimate | None]: ...
    def first_passage(
        self, start: _Matrix, target: Sequence[bool], times: Sequence[float]
    ) -> dict[str, Any]: ...

def null_mix(
    penetration: float, mean: float, most: int, relationships: float
) -> dict[str, Any]: ...
def null_mix_of_counts(counts: Sequence[int], most: int) -> dict[str, Any]: ...
