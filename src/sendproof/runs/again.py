"""What is asked again of an earlier run: the clauses that failed or were left open, by few cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendproof.contract.model import load_contract
from sendproof.judge.reasons import EXCUSED, NEVER_GATE, ReasonCode
from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_EXERCISED
from sendproof.reports.results import SavedRun, load_run

_LEVELS = ("required", "recommended")
# Asked once more, these would be left open once more.
_STAY_OPEN = frozenset(reason.value for reason in NEVER_GATE | EXCUSED | {ReasonCode.NO_TEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Which clauses of a provider are asked again, and the cases that showed what was wrong.

    `gone` are clauses that the catalogue does not have any more, `seed` is the one that the cases were made by.
    """

    provider: str
    clauses: tuple[str, ...]
    cases: tuple[str, ...]
    gone: tuple[str, ...]
    seed: int


def again_of(path: Path) -> Again:
    """Return what is to be asked again of the run whose `results.json`, or folder, this is; UsageError for none."""
    run = load_run(path)
    known = load_contract(run.provider).clauses
    open_ = [record for record in run.clauses if _is_open(record)]
    return Again(
        provider=run.provider,
        clauses=tuple(record["id"] for record in open_ if record["id"] in known),
        cases=tuple(dict.fromkeys(_cases(run, open_))),
        gone=tuple(record["id"] for record in open_ if record["id"] not in known),
        seed=run.seed,
    )


def _is_open(record: Mapping[str, Any]) -> bool:
    if record["level"] not in _LEVELS:
        return False
    if record["verdict"] in (FAIL, ERROR):
        return True
    return record["verdict"] in (INCONCLUSIVE, NOT_EXERCISED) and record["reason"] not in _STAY_OPEN


def _cases(run: SavedRun, records: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the cases of the exchanges that the verdicts rest on."""
    case_of = {exchange.id: exchange.case for exchange in run.exchanges or ()}
    for record in records:
        yield from filter(None, (case_of.get(identity) for identity in record["evidence"]))
