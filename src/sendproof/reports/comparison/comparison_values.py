"""A comparison of two saved runs, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendproof import exit_codes
from sendproof.reports.results import SavedRun

REGRESSED, FAILS_NOW, LOST, FAILS_DIFFERENTLY, FIXED, GAINED, OBSERVATION, UNDECIDED, NEW, RETIRED, REDEFINED = (
    "regressed",
    "fails_now",
    "lost_coverage",
    "fails_differently",
    "fixed",
    "gained_coverage",
    "observation_changed",
    "undecided_otherwise",
    "new_clause",
    "retired_clause",
    "redefined",
)
# In the order in which they are told: what is worst first.
CLAUSE_CHANGES = (
    REGRESSED,
    FAILS_NOW,
    LOST,
    FAILS_DIFFERENTLY,
    FIXED,
    GAINED,
    OBSERVATION,
    UNDECIDED,
    NEW,
    RETIRED,
    REDEFINED,
)
GATING = (REGRESSED, FAILS_NOW, LOST)
GATING_LEVELS = ("required", "recommended")

STATUS, APPEARED, VANISHED, TYPE = "status", "appeared", "vanished", "type_changed"
ANSWER_CHANGES = (STATUS, APPEARED, VANISHED, TYPE)

SHIFTED, STEADY, TOO_FEW = "shifted", "steady", "too_few"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A circumstance in which the two runs were not alike; `advice` says what follows from it."""

    name: str
    old: str
    new: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseChange:
    """A change of one clause; `old` and `new` are its records in the results, None where it has none.

    `notes` are short remarks, such as that a failure is waived.
    """

    kind: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()

    @property
    def record(self) -> Mapping[str, Any]:
        """The record of the newer run that has the clause."""
        record = self.new or self.old
        assert record is not None
        return record

    @property
    def gates(self) -> bool:
        """Whether this change makes the comparison exit 1."""
        return self.kind in GATING and self.record["level"] in GATING_LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """In how many cases a change of the answers was seen, of how many that could show it.

    `status` is that of the answers, "200 → 201" where it changed as well; of a change of the status, the old one.
    """

    status: str
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """A change of the answers to the cases that both runs asked.

    `place` is a JSON Pointer with `*` for any index (empty: the whole body), "header NAME", "media type"
    or "status". `old` and `new` are types, media types or status codes, or "absent"; a header field
    is "present". `cases` are some of those that show it, `exchange` is an answer of the new run.
    `clauses` fail anew, and some of these cases are their evidence.
    """

    kind: str
    place: str
    old: str
    new: str
    seen: tuple[Seen, ...]
    cases: tuple[str, ...]
    exchange: str
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with the interval that holds it, at the level of the comparison."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The times of one group of answers in both runs, in milliseconds.

    `status` is a status code, None for all answers; `family` that of the cases, None for all. `shift_ms` and `ratio`
    are there where `verdict` is not "too_few". `rolled_up` tells that a wider group says it already.
    """

    status: int | None
    family: str | None
    verdict: str
    old_ms: tuple[float, ...]
    new_ms: tuple[float, ...]
    shift_ms: Interval | None = None
    ratio: Interval | None = None
    rolled_up: bool = False

    @property
    def is_reported(self) -> bool:
        """Whether the group is named as shifted."""
        return self.verdict == SHIFTED and not self.rolled_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from `old` to `new`, and how much was compared.

    `uncertain` are changes of answers that were seen too seldom to tell them from chance, `explained` those
    that were seen in the evidence of clauses that fail anew, and nowhere else: the clauses tell them.
    `shared_cases` counts what both runs asked and had answered.
    """

    old: SavedRun
    new: SavedRun
    differences: tuple[Difference, ...]
    clauses: tuple[ClauseChange, ...]
    answers: tuple[AnswerChange, ...]
    uncertain: tuple[AnswerChange, ...]
    explained: tuple[AnswerChange, ...]
    latency: tuple[Latency, ...]
    shared_clauses: int
    shared_cases: int

    @property
    def shifts(self) -> tuple[Latency, ...]:
        """The groups of answers that became slower or faster."""
        return tuple(item for item in self.latency if item.is_reported)

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to tell of the target."""
        return bool(self.clauses or self.answers or self.shifts)

    @property
    def exit_code(self) -> int:
        """1 on a regression or lost coverage of a required or recommended clause, else 0."""
        return exit_codes.FAILED if any(change.gates for change in self.clauses) else exit_codes.OK

    def of_kind(self, kind: str) -> tuple[ClauseChange, ...]:
        """Return the changes of clauses of one kind."""
        return tuple(change for change in self.clauses if change.kind == kind)
