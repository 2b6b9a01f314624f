"""A selftest: all trials, over the cores, and the kill matrix of them.

The matrix says what became of each fault, and whether a permitted variant was called broken.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from sendproof.mock.accounts import PROVIDERS
from sendproof.runs.trial import FAULT, FAULTLESS, Subject, Trial, load_contract_once, plan_once, tried

ShowProgress = Callable[[int, int, str], None]


def breakable(providers: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the clauses of each provider that can fail: those that some fault must break."""
    return {
        name: tuple(clause.id for clause in load_contract_once(name).clauses.values() if clause.gates)
        for name in providers
    }


def hold_selftest(
    given: tuple[Subject, ...],
    *,
    seed: int,
    max_examples: int,
    jobs: int | None,
    complete: bool,
    thorough: bool,
    show_progress: ShowProgress,
) -> Matrix:
    """Try every subject, in `jobs` processes (None: one for each core), and return the matrix in the given order."""
    began = time.monotonic()
    done: dict[Subject, Trial] = {}
    wanted = [name for name in PROVIDERS if any(subject.provider == name for subject in given)]
    for name in wanted:
        # Made here once: every process reads it from the cache.
        plan_once(name, seed, max_examples)
    # Threads and locks of this process do not come along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=context) as pool:
        waiting = {pool.submit(tried, subject, seed, max_examples, thorough=thorough): subject for subject in given}
        try:
            for future in as_completed(waiting):
                subject = waiting[future]
                done[subject] = future.result()
                show_progress(len(done), len(given), f"{subject.provider} {subject.name}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return matrix_of(
        (done[subject] for subject in given),
        breakable(wanted),
        complete=complete,
        seconds=time.monotonic() - began,
    )


KILLED, SURVIVED, MISBLAMED, NOISE, QUIET = "killed", "survived", "wrongly blamed", "noise", "quiet"
_OUTCOMES = (KILLED, SURVIVED, MISBLAMED, NOISE, QUIET)
# So many clauses may fail for one fault: one that breaks more is several faults.
_MOST_CLAUSES = 3


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
        return MappingProxyType({outcome: found[outcome] for outcome in _OUTCOMES})

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
    return KILLED if failed == set(trial.subject.clauses) and len(failed) <= _MOST_CLAUSES else MISBLAMED


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
