"""Compares two saved runs of one provider, and names the circumstances in which they were not alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from sendproof.errors import UsageError
from sendproof.reports import run_view
from sendproof.reports.comparison.answer_changes import answer_changes
from sendproof.reports.comparison.clause_changes import Asked, clause_changes
from sendproof.reports.comparison.comparison_values import (
    FAILS_DIFFERENTLY,
    FAILS_NOW,
    REGRESSED,
    ClauseChange,
    Comparison,
    Difference,
    Latency,
)
from sendproof.reports.comparison.latency import compare_latency
from sendproof.reports.comparison.shared_cases import Case, case_of, shared
from sendproof.reports.results import SavedExchange, SavedRun
from sendproof.reports.text import visible

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHORT = 12


def differences(old: SavedRun, new: SavedRun) -> tuple[Difference, ...]:
    """Return in what the circumstances of two runs differ, with what follows from it."""
    told = (
        Difference(name=name, old=value(old), new=value(new), advice=advice)
        for name, value, advice in _COMPARED
        if value(old) != value(new)
    )
    return (*told, *_shortcomings(old, new))


def _where(run: SavedRun) -> str:
    """Return the base URL; mocks get another port in every run."""
    try:
        host = urlsplit(run.base_url).hostname
    except ValueError:
        return run.base_url
    return "a mock" if run.kind == "mock" and host in _LOOPBACK else run.base_url


_COMPARED: tuple[tuple[str, Callable[[SavedRun], str], str], ...] = (
    (
        "contract",
        lambda run: run.contract_sha256[:_SHORT],
        "Clauses are compared by id; those that say something else now are listed as redefined.",
    ),
    (
        "corpus",
        lambda run: run.corpus_sha256[:_SHORT] or "none",
        "Answers and times are compared for the cases that both runs asked.",
    ),
    ("seed", lambda run: str(run.seed), "Generated cases differ; those that both runs asked are compared."),
    ("kind", lambda run: run.kind, "A mock and a live service are not the same target."),
    ("base URL", _where, "What changed may be the place, not the service."),
    ("sendproof", lambda run: run.version, "Two versions may ask and judge differently."),
)


def _shortcomings(old: SavedRun, new: SavedRun) -> Iterator[Difference]:
    if _completeness(old) != _completeness(new):
        yield Difference(
            name="completeness",
            old=_completeness(old),
            new=_completeness(new),
            advice="A run that left out more has decided less; the missing part looks like lost coverage.",
        )
    if old.exchanges is None or new.exchanges is None:
        yield Difference(
            name="exchanges",
            old=_exchanges(old),
            new=_exchanges(new),
            advice="Without a readable exchanges.har beside both results, answers and times are not compared.",
        )
    if new.started < old.started:
        yield Difference(
            name="order",
            old=old.started.isoformat(),
            new=new.started.isoformat(),
            advice="The run that is called new is the older one. Were they meant the other way round?",
        )


def _completeness(run: SavedRun) -> str:
    return run_view.completeness(complete=run.complete, left_out=run.left_out)


def _exchanges(run: SavedRun) -> str:
    return "none" if run.exchanges is None else str(len(run.exchanges))


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
        moved=frozenset(case.name for case in cases if case.has_changed),
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
