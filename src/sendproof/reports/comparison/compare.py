"""Compares two saved runs of one provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sendproof.errors import UsageError
from sendproof.reports.comparison.answer_changes import answer_changes
from sendproof.reports.comparison.case_changes import Case, case_of, shared
from sendproof.reports.comparison.clause_changes import Asked, clause_changes
from sendproof.reports.comparison.comparison_values import (
    FAILS_DIFFERENTLY,
    FAILS_NOW,
    REGRESSED,
    ClauseChange,
    Comparison,
    Latency,
)
from sendproof.reports.comparison.latency import compare_latency
from sendproof.reports.comparison.similar_answers import differences
from sendproof.reports.results import SavedExchange, SavedRun
from sendproof.reports.text import visible

_FAILING_ANEW = (REGRESSED, FAILS_NOW, FAILS_DIFFERENTLY)


def compare(old: SavedRun, new: SavedRun) -> Comparison:
    """Compare two runs of one provider; those of two raise UsageError."""
    if old.provider != new.provider:
        shown = f"{visible(old.provider, 40)} and {visible(new.provider, 40)}"
        raise UsageError(
            f"compare: expected two runs of one provider, got {shown}. Put them side by side with `sendproof matrix`."
        )
    cases = shared(old.exchanges or (), new.exchanges or ())
    asked = Asked(
        alike=_is_alike(old, new),
        old={item.id: item for item in old.exchanges or ()},
        new={item.id: item for item in new.exchanges or ()},
        moved=frozenset(case.name for case in cases if case.has_moved),
    )
    clauses = clause_changes(old, new, asked)
    answers = answer_changes(cases, _failing(clauses, asked.new))
    return Comparison(
        old=old,
        new=new,
        differences=differences(old, new),
        clauses=clauses,
        answers=answers.told,
        uncertain=answers.uncertain,
        explained=answers.explained,
        latency=_latency(old, new, cases),
        shared_clauses=len(old.by_id.keys() & new.by_id.keys()),
        shared_cases=len(cases),
    )


def _is_alike(old: SavedRun, new: SavedRun) -> bool:
    """Tell whether both runs asked the same cases of the same corpus."""
    if old.corpus_sha256 != new.corpus_sha256 or not (old.complete and new.complete):
        return False
    return _asked(old) == _asked(new)


def _asked(run: SavedRun) -> frozenset[str | None]:
    return frozenset(map(case_of, run.exchanges or ()))


def _failing(clauses: Iterable[ClauseChange], exchanges: Mapping[str, SavedExchange]) -> Mapping[str, frozenset[str]]:
    """Return the cases that are evidence of the clauses that fail anew."""
    return {
        change.record["id"]: frozenset(
            name
            for item in change.record["evidence"]
            if item in exchanges and (name := case_of(exchanges[item])) is not None
        )
        for change in clauses
        if change.kind in _FAILING_ANEW
    }


def _latency(old: SavedRun, new: SavedRun, cases: Iterable[Case]) -> tuple[Latency, ...]:
    return compare_latency(old.exchanges or (), new.exchanges or (), frozenset(case.name for case in cases))
