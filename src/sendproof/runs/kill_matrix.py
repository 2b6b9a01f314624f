"""The kill matrix: what became of each fault, and whether a permitted variant was called broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from sendproof.runs.subject import FAULT, FAULTLESS, Subject
from sendproof.runs.trial import Trial

KILLED, SURVIVED, MISBLAMED, NOISE, QUIET = "killed", "survived", "wrongly blamed", "noise", "quiet"
OUTCOMES = (KILLED, SURVIVED, MISBLAMED, NOISE, QUIET)
MOST_CLAUSES = 3
"""So many clauses may fail for one fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All trials of a selftest. `outcomes` are those of the trials, in their order.

    `unbroken` are the required and recommended clauses that no fault is declared to break,
    by provider; `undeclared` the faults that are declared to break none.
    """

    trials: tuple[Trial, ...]
    outcomes: tuple[str, ...]
    unbroken: Mapping[str, tuple[str, ...]]
    undeclared: tuple[Subject, ...]
    complete: bool
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every fault is killed, nothing permitted is called broken, and no clause goes unproved."""
        gaps = any(self.unbroken.values()) or bool(self.undeclared)
        return not gaps and set(self.outcomes) <= {KILLED, QUIET}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many trials ended in each outcome."""
        found = Counter(self.outcomes)
        return MappingProxyType({outcome: found[outcome] for outcome in OUTCOMES})

    @property
    def spread(self) -> tuple[float, int]:
        """The median and the greatest number of clauses that failed for a killed fault."""
        numbers = [len(item.failures) for item in self.with_outcome(KILLED)]
        return (median(numbers), max(numbers)) if numbers else (0, 0)

    def with_outcome(self, *wanted: str) -> tuple[Trial, ...]:
        """Return the trials that ended so."""
        return tuple(trial for trial, outcome in zip(self.trials, self.outcomes, strict=True) if outcome in wanted)


def outcome_of(trial: Trial) -> str:
    """Return what a trial shows: of a fault whether it is reported as declared, of others whether they are let be.

    A permitted variant has to end a run with exit code 0; the faultless mock has to prove every clause that applies.
    """
    if trial.subject.kind == FAULTLESS and (trial.failures or trial.unproved):
        return NOISE
    if trial.subject.kind != FAULT:
        alarmed = trial.stopped is not None or any(item.level == "required" for item in trial.failures)
        return NOISE if alarmed or trial.missing else QUIET
    failed = {item.clause for item in trial.failures}
    if not failed:
        return SURVIVED
    return KILLED if failed == set(trial.subject.clauses) and len(failed) <= MOST_CLAUSES else MISBLAMED


def matrix_of(
    trials: Iterable[Trial], breakable: Mapping[str, Iterable[str]], *, complete: bool, seconds: float
) -> Matrix:
    """Return the matrix of trials; `breakable` are the clauses of each provider that some fault must break.

    With a part of the subjects only (not `complete`) gaps of the catalogue are not looked for.
    """
    given = tuple(trials)
    faults = [item.subject for item in given if item.subject.kind == FAULT]
    declared = {(item.provider, clause) for item in faults for clause in item.clauses}
    unbroken = {
        provider: tuple(clause for clause in clauses if (provider, clause) not in declared)
        for provider, clauses in (breakable if complete else {}).items()
    }
    return Matrix(
        trials=given,
        outcomes=tuple(outcome_of(item) for item in given),
        unbroken=MappingProxyType(unbroken),
        undeclared=tuple(item for item in faults if not item.clauses),
        complete=complete,
        seconds=seconds,
    )
