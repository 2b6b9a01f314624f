"""A selftest: all trials, over the cores, and the matrix of them."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed

from sendproof.mock.accounts import PROVIDERS
from sendproof.runs.kill_matrix import Matrix, matrix_of
from sendproof.runs.subject import Subject
from sendproof.runs.trial import Trial, load_contract_once, plan_once, tried

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
