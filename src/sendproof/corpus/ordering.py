"""Ordering: any prefix of a corpus exercises as many clauses, as often, as a prefix of its length can."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

from sendproof.corpus.case import Case

CONTROLS = "plain"
_COST = {"refuse": 0, "either": 1, "accept": 2}
# No two cases of these families ask the same, though no clause tells them apart.
_MANIFOLD = ("hostile", "json_forms", "numbers", "texts", "elsewhere")
_VALUES = (*(16.0**-count for count in range(8)), 0.0)
# First evidence for what is open, and from another family, comes before second evidence for what gates.
_WEIGHTS = {"required": 1.0, "recommended": 0.5, "open": 0.1}
_WEIGHT_OF_OTHERS = 0.1
# Each of these may be the one that a service fails at, or is let in by, which gates.
_TELLING = ("case hostile.text-", "case json_forms.", "case elsewhere.")
_WEIGHT_OF_TELLING = 0.2
_TRIFLE = 0.3
# Whose cases a service may treat in two places, by what they need besides; so many of them tell whether it does.
_IN_COMPANY, _COMPANIONS = ("failing_recipients",), 2
_NO_LEVELS: Mapping[str, str] = {}
_Goals = frozenset[tuple[str, str]]


def ordered(cases: Iterable[Case], levels: Mapping[str, str] = _NO_LEVELS) -> tuple[Case, ...]:
    """Return `cases` with the controls first, then by greedy set cover.

    A goal is a clause with what is expected of it. Each further case for a goal counts a sixteenth of
    the one before: second evidence for a few clauses never outweighs first evidence for another. By
    `levels`, from clause to level, what gates a run comes before what is only observed. At
    equal gain what is refused comes first, for it sends nothing; then what came first.
    """
    given = tuple(cases)
    certain = sure(given)
    controls = [case for case in given if case.family == CONTROLS]
    others = [case for case in given if case.family != CONTROLS]
    seen = Counter(goal for case in controls for goal in goals(case, certain))
    common = frozenset(controls[0].clauses if controls else ())
    return (*controls, *_with_company(list(_greedy(others, seen, certain, levels, common))))


def _with_company(cases: list[Case]) -> list[Case]:
    """Return cases with some moved forward: what is proved alone and with one thing may still fail with another.

    Of a family whose cases need one fixture each, those that need another one besides come right after the rest.
    """
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        for clause in case.clauses if case.family in _IN_COMPANY and len(case.needs) == 1 else ():
            first.setdefault(clause, index)
    place = 1 + max(first.values(), default=-1)
    moved = [case for case in cases[place:] if case.family in _IN_COMPANY and len(case.needs) > 1][:_COMPANIONS]
    rest = [case for case in cases[place:] if case not in moved]
    return [*cases[:place], *moved, *rest]


def sure(cases: Iterable[Case]) -> frozenset[str]:
    """Return the clauses for which some case is plain evidence."""
    return frozenset(clause for case in cases for clause in _evidence(case))


def _evidence(case: Case) -> tuple[str, ...]:
    """Return what a case tells by itself: all of an acceptance, or a reason if it is the only one."""
    reasons = (*case.breaks, *case.doubts)
    if case.expects == "accept" or (case.breaks and len(reasons) == 1):
        return case.clauses
    return reasons if len(reasons) == 1 else ()


def goals(case: Case, certain: frozenset[str] = frozenset()) -> _Goals:
    """Return what a case is good for; `certain` are the clauses that some case is plain evidence for.

    What a case tells less than plainly counts only where no case tells it better. Its family is a
    goal too, or the case itself, for the cases that have no clause of their own.
    """
    kind = f"case {case.id}" if case.family in _MANIFOLD else f"family {case.family}"
    clauses = {*_evidence(case), *(set(case.clauses) - certain), kind}
    if case.breaks and len(case.breaks) + len(case.doubts) > 1:
        clauses.add("several reasons")
    return frozenset((clause, case.expects) for clause in clauses)


def _weight(clause: str, levels: Mapping[str, str]) -> float:
    if clause.startswith(_TELLING):
        return _WEIGHT_OF_TELLING
    return _WEIGHTS.get(levels.get(clause, ""), 1.0 if not levels else _WEIGHT_OF_OTHERS)


def _greedy(
    cases: list[Case],
    seen: Counter[tuple[str, str]],
    certain: frozenset[str],
    levels: Mapping[str, str],
    common: frozenset[str],
) -> Iterator[Case]:
    """Yield cases, the best first. Cases with the same goals queue up: one gain is computed for all."""
    queues: dict[_Goals, deque[Case]] = defaultdict(deque)
    for case in cases:
        queues[goals(case, certain)].append(case)
    groups = list(queues)

    def entry(index: int) -> tuple[float, int, int]:
        first = queues[groups[index]][0]
        gain = sum(_VALUES[min(seen[goal], len(_VALUES) - 1)] * _weight(goal[0], levels) for goal in groups[index])
        # If it is not let in, nobody knows for which of its features: the fewer, the better.
        peculiar = len(set(first.clauses) - common) if first.expects == "accept" else 1
        gain /= max(peculiar, 1) ** 1.5
        # What no service could take for a message tells little of what it takes.
        gain *= _TRIFLE if first.expects == "either" and not first.may_be_accepted else 1.0
        return -gain, _COST[first.expects] if first.may_be_accepted else 0, index

    heap = [entry(index) for index in range(len(groups))]
    heapq.heapify(heap)
    while heap:
        # Gains only ever shrink, so the top is the best if it is still right.
        stale, _, index = heap[0]
        fresh = entry(index)
        if fresh[0] > stale:
            heapq.heapreplace(heap, fresh)
            continue
        yield queues[groups[index]].popleft()
        seen.update(groups[index])
        if queues[groups[index]]:
            heapq.heapreplace(heap, entry(index))
        else:
            heapq.heappop(heap)
