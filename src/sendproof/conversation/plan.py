"""What will be asked of a target: cases and scenarios, chosen before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sendproof.contract.model import Contract
from sendproof.corpus.case import Case

CONTROLS = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cases to ask, in order, the scenarios, and the clauses that they can exercise."""

    cases: tuple[Case, ...]
    scenarios: tuple[str, ...]
    planned: frozenset[str]
    selected: frozenset[str] | None


# What is asked again is asked about by so many cases a clause, and no more controls.
_FEW = 4


def few_cases(cases: Iterable[Case], selected: frozenset[str], named: Collection[str]) -> tuple[Case, ...]:
    """Return a few controls, the cases that are named, and of each selected clause the first few, in their order."""
    counts: Counter[str] = Counter()
    chosen = []
    for case in cases:
        about = (CONTROLS,) if case.family == CONTROLS else tuple(selected.intersection(case.clauses))
        if case.id in named or any(counts[clause] < _FEW for clause in about):
            counts.update(about)
            chosen.append(case)
    return tuple(chosen)


def make_plan(
    contract: Contract,
    cases: Iterable[Case],
    *,
    families: Collection[str],
    scenarios: Collection[str],
    selected: frozenset[str] | None,
    clauses_of_scenarios: Iterable[tuple[str, frozenset[str]]],
) -> Plan:
    """Choose what exercises the selected clauses (None: all), the controls always."""
    given = tuple(cases)
    named = frozenset(clause for case in given for clause in case.clauses)
    # What only answers show, any case of a chosen suite may show.
    wanted = selected if selected is None or selected <= named else None
    chosen = tuple(case for case in given if _serves(case, families, wanted))
    played = {
        name: clauses
        for name, clauses in clauses_of_scenarios
        if name in scenarios and (selected is None or clauses & selected)
    }
    planned = frozenset(clause for case in chosen for clause in case.clauses).union(
        *played.values(), _by_answers(contract)
    )
    return Plan(cases=chosen, scenarios=tuple(played), planned=planned, selected=selected)


def _serves(case: Case, families: Collection[str], selected: frozenset[str] | None) -> bool:
    if case.family == CONTROLS:
        return True
    return case.family in families and (selected is None or bool(selected.intersection(case.clauses)))


def _by_answers(contract: Contract) -> frozenset[str]:
    """Return the clauses that any answer may exercise."""
    return frozenset(contract.accepted.clauses()) | frozenset(contract.refusal.clauses())
