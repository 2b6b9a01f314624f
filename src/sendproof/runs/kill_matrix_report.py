"""The kill matrix of a selftest: on the terminal, as JSON, as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

import sendproof
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import Contract
from sendproof.reports.pages import render
from sendproof.reports.text import visible
from sendproof.runs.selftest import KILLED, MISBLAMED, NOISE, QUIET, SURVIVED, Matrix, outcome_of
from sendproof.runs.trial import FAULT, FAULTLESS, VARIANT, Trial

FORMAT = 1
# What stands in a cell, and what it says to those who do not see it.
HIT, MISSED, STRAY, FOLLOWS = (
    ("●", "failed, as it should"),
    ("○", "should fail"),
    ("✕", "failed, and should not"),
    ("·", "dependency"),
)


def write_matrix(matrix: Matrix, contracts: Mapping[str, Contract], folder: Path, *, seed: int) -> None:
    """Write `matrix.json` and `matrix.html` into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "matrix.json").write_text(json.dumps(to_document(matrix, contracts, seed=seed), indent=1) + "\n", "utf-8")
    (folder / "matrix.html").write_text(to_page(matrix, contracts, seed=seed), "utf-8")


def to_document(matrix: Matrix, contracts: Mapping[str, Contract], *, seed: int) -> dict[str, Any]:
    """Return the matrix as JSON values."""
    middle, most = matrix.spread
    return {
        "format": FORMAT,
        "suite": {
            "version": sendproof.__version__,
            "seed": seed,
            "contract_sha256": {name: contract.sha256 for name, contract in contracts.items()},
        },
        "complete": matrix.complete,
        "holds": matrix.holds,
        "seconds": round(matrix.seconds, 1),
        "counts": dict(matrix.counts),
        "failing_clauses_of_a_fault": {"median": middle, "most": most},
        "unbroken": {name: list(clauses) for name, clauses in matrix.unbroken.items()},
        "undeclared": [f"{item.provider} {item.name}" for item in matrix.undeclared],
        "trials": [_trial(trial, outcome) for trial, outcome in zip(matrix.trials, matrix.outcomes, strict=True)],
    }


def _trial(trial: Trial, outcome: str) -> dict[str, Any]:
    subject = trial.subject
    return {
        "provider": subject.provider,
        "kind": subject.kind,
        "name": subject.name,
        "summary": subject.summary,
        "why": subject.why,
        "clauses": list(subject.clauses),
        "outcome": outcome,
        "failures": [
            {"clause": item.clause, "level": item.level, "expected": item.expected, "observed": item.observed}
            for item in trial.failures
        ],
        "dependent": list(trial.dependent),
        "undecided": list(trial.undecided),
        "missing": list(trial.missing),
        "unproved": list(trial.unproved),
        "stopped": trial.stopped,
        "requests": trial.requests,
        "accepted": trial.accepted,
        "seconds": round(trial.seconds, 2),
    }


def print_matrix(matrix: Matrix, console: Console, folder: Path, *, quiet: bool = False) -> None:
    """Print the counts of each provider, everything that is not as it should be, and a closing line."""
    if not quiet:
        console.print(_table(matrix))
    for line in () if quiet else problems(matrix):
        console.print(Text(line), soft_wrap=True, highlight=False)
    middle, most = matrix.spread
    counts = matrix.counts
    faults = sum(trial.subject.kind == FAULT for trial in matrix.trials)
    closing = (
        f"{'holds' if matrix.holds else 'DOES NOT HOLD'}: {counts[KILLED]} of {faults} faults killed, "
        f"{counts[NOISE]} of {counts[NOISE] + counts[QUIET]} permitted mocks called broken, "
        f"failing clauses of a fault: median {middle:g}, most {most}; "
        f"{matrix.seconds:.0f} s. {folder / 'matrix.html'}"
    )
    console.print(Text(closing, style="bold green" if matrix.holds else "bold red"), soft_wrap=True, highlight=False)


def _table(matrix: Matrix) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("provider")
    for name in ("faults", KILLED, SURVIVED, "misblamed", "variants", NOISE, "requests"):
        table.add_column(name, justify="right")
    for provider in dict.fromkeys(trial.subject.provider for trial in matrix.trials):
        own = [trial for trial in matrix.trials if trial.subject.provider == provider]
        outcomes = [outcome_of(trial) for trial in own]
        row = (
            sum(trial.subject.kind == FAULT for trial in own),
            *(outcomes.count(name) for name in (KILLED, SURVIVED, MISBLAMED)),
            sum(trial.subject.kind == VARIANT for trial in own),
            outcomes.count(NOISE),
            sum(trial.requests for trial in own),
        )
        table.add_row(provider, *map(str, row))
    return table


def problems(matrix: Matrix) -> Iterator[str]:
    """Yield one line for everything that keeps the matrix from holding."""
    for trial, outcome in zip(matrix.trials, matrix.outcomes, strict=True):
        if outcome not in (KILLED, QUIET):
            failed = [item.clause for item in trial.failures]
            missing = trial.unproved if trial.subject.kind == FAULTLESS else trial.missing
            said = ", ".join(failed or missing) or trial.stopped or "nothing"
            wanted = f", expected {', '.join(trial.subject.clauses)}" if trial.subject.kind == FAULT else ""
            yield f"{outcome}: {trial.subject.provider} {trial.subject.name}: got {visible(said, 400)}{wanted}"
    for provider, clauses in matrix.unbroken.items():
        for clause in clauses:
            yield f"no fault breaks {clause} of {provider}. Add one to the catalogue of its mock."
    for subject in matrix.undeclared:
        yield f"no clause is named by the fault {subject.name} of {subject.provider}. Name what it breaks."


def to_page(matrix: Matrix, contracts: Mapping[str, Contract], *, seed: int) -> str:
    """Return the matrix as a page that stands by itself."""
    middle, most = matrix.spread
    return render(
        "kill_matrix.html",
        version=sendproof.__version__,
        seed=seed,
        holds=matrix.holds,
        complete=matrix.complete,
        seconds=matrix.seconds,
        counts=matrix.counts,
        faults=sum(trial.subject.kind == FAULT for trial in matrix.trials),
        median=f"{middle:g}",
        most=most,
        problems=[visible(line, 600) for line in problems(matrix)],
        providers=[_provider(matrix, name, contract) for name, contract in contracts.items()],
        legend=(HIT, MISSED, STRAY, FOLLOWS),
    )


def _provider(matrix: Matrix, name: str, contract: Contract) -> dict[str, Any]:
    own = [
        (trial, outcome)
        for trial, outcome in zip(matrix.trials, matrix.outcomes, strict=True)
        if trial.subject.provider == name
    ]
    faults = [(trial, outcome) for trial, outcome in own if trial.subject.kind == FAULT]
    blocks = (_block(contract, concern, faults) for concern in CONCERNS)
    return {
        "title": contract.provider.title,
        "blocks": [block for block in blocks if block["rows"]],
        "others": [
            {
                "name": trial.subject.name,
                "summary": trial.subject.summary,
                "why": trial.subject.why,
                "outcome": outcome,
                "advice": ", ".join(item.clause for item in trial.failures),
            }
            for trial, outcome in own
            if trial.subject.kind != FAULT
        ],
    }


def _block(contract: Contract, concern: str, faults: list[tuple[Trial, str]]) -> dict[str, Any]:
    """Return the faults that break a clause of one concern, by the clauses of it and all others that they touch."""
    rows = [(trial, outcome) for trial, outcome in faults if _concern(contract, trial) == concern]
    touched = {clause for trial, _ in rows for clause in (*trial.subject.clauses, *_failed(trial), *trial.dependent)}
    clauses = [
        clause
        for clause in contract.clauses.values()
        if clause.gates and (clause.concern == concern or clause.id in touched)
    ]
    return {
        "concern": concern,
        "clauses": [{"id": clause.id, "level": clause.level, "claim": clause.claim} for clause in clauses],
        "rows": [
            {
                "name": trial.subject.name,
                "summary": trial.subject.summary,
                "why": trial.subject.why,
                "outcome": outcome,
                "requests": trial.requests,
                "cells": [_cell(trial, clause.id) for clause in clauses],
            }
            for trial, outcome in rows
        ],
    }


def _concern(contract: Contract, trial: Trial) -> str:
    known = (contract.clauses[clause].concern for clause in trial.subject.clauses if clause in contract.clauses)
    return next(known, CONCERNS[-1])


def _failed(trial: Trial) -> tuple[str, ...]:
    return tuple(item.clause for item in trial.failures)


def _cell(trial: Trial, clause: str) -> tuple[str, str]:
    declared, failed = clause in trial.subject.clauses, clause in _failed(trial)
    if declared or failed:
        return HIT if declared and failed else MISSED if declared else STRAY
    return FOLLOWS if clause in trial.dependent else ("", "")
