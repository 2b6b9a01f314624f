"""What changed in the answers to the same cases: status codes, fields, types, header fields.

A field may come and go with the request, and by chance. So answers are compared case by case, and
a change is told where every pair shows it that could, of one status or of one family of cases, or
where more pairs show it than chance explains. The rest is uncertain.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sendproof.reports.comparison.case_changes import Case
from sendproof.reports.comparison.comparison_values import ANSWER_CHANGES, STATUS, TYPE, VANISHED, AnswerChange, Seen
from sendproof.reports.comparison.outcome_counts import Change, Shown, Tally, listed, tally
from sendproof.reports.comparison.shape_changes import ABSENT

STATUS_PLACE = "status"
# Ten pairs that all changed one way: with each way as likely, that happens less than once in a thousand times.
CHANCE = 0.001
_FEW = 3
_MOST_CASES = 5
_LARGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What changed in the answers: for certain, seen too seldom to tell, and told by clauses that fail anew."""

    told: tuple[AnswerChange, ...]
    uncertain: tuple[AnswerChange, ...]
    explained: tuple[AnswerChange, ...]


def answer_changes(cases: Iterable[Case], failing: Mapping[str, frozenset[str]]) -> Answers:
    """Return what changed in the answers; `failing` maps clauses that fail anew to the cases of their evidence."""
    given = tuple(cases)
    counts = tally(given)
    found: dict[Change, dict[str, list[Shown]]] = defaultdict(dict)
    for (status, change), shown in counts.shown.items():
        found[change][status] = shown
    certain = {change for (status, change), shown in counts.shown.items() if _is_certain(status, change, shown, counts)}
    told = [_told(change, shown, counts) for change, shown in found.items() if change in certain]
    unsure = [_told(change, shown, counts) for change, shown in found.items() if change not in certain]
    told += _status_changes(given)
    evidence = frozenset[str]().union(*failing.values())
    return Answers(
        told=_finished((change for change in told if not evidence.issuperset(change.cases)), failing),
        uncertain=_finished((change for change in unsure if not evidence.issuperset(change.cases)), failing),
        explained=_finished((change for change in told + unsure if evidence.issuperset(change.cases)), failing),
    )


def _finished(changes: Iterable[AnswerChange], failing: Mapping[str, frozenset[str]]) -> tuple[AnswerChange, ...]:
    linked = (
        replace(change, cases=change.cases[:_MOST_CASES], clauses=_explaining(change, failing)) for change in changes
    )
    return tuple(sorted(linked, key=lambda item: (ANSWER_CHANGES.index(item.kind), item.place, item.old, item.new)))


def _explaining(change: AnswerChange, failing: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(sorted(clause for clause, shown in failing.items() if not shown.isdisjoint(change.cases)))


def _status_changes(cases: Iterable[Case]) -> Iterator[AnswerChange]:
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    asked: Counter[str] = Counter()
    for case in cases:
        old, new = case.statuses
        asked[listed(old)] += 1
        if old.isdisjoint(new) or (old != new and not case.races):
            found[listed(old), listed(new)].append(case)
    for (before, after), changed in found.items():
        yield AnswerChange(
            kind=STATUS,
            place=STATUS_PLACE,
            old=before,
            new=after,
            seen=(Seen(status=before, count=len(changed), of=asked[before]),),
            cases=tuple(case.name for case in changed),
            exchange=_other_answer(changed[0]),
        )


def _other_answer(case: Case) -> str:
    """Return the new answer with a status that the old run did not see, or else any."""
    old, _ = case.statuses
    return min(case.new, key=lambda item: item.status in old).exchange


def _is_certain(status: str, change: Change, shown: list[Shown], counts: Tally) -> bool:
    back = len(counts.shown.get((status, change.back), ()))
    if _chance(len(shown), back) < CHANCE:
        return True
    if back:
        return False
    if len(shown) == counts.possible(status, change):
        return len(shown) >= _FEW or _is_unheard_of(change, counts)
    families = Counter(item.case.family for item in shown)
    return any(count >= _FEW and count == counts.possible(status, change, family) for family, count in families.items())


def _is_unheard_of(change: Change, counts: Tally) -> bool:
    """Tell whether no answer of the other run had the like, to any case."""
    old, new = (ever.get(change.place, set[str]()) for ever in counts.ever)
    if change.kind == TYPE:
        return change.new not in old
    return not (new if change.kind == VANISHED else old)


def _chance(there: int, back: int) -> float:
    """Return how likely so many changes or more go one way when each way is as likely (sign test)."""
    total = there + back
    if not back:
        return math.ldexp(1.0, -there)
    if total > _LARGE:
        return math.erfc((there - back - 1) / math.sqrt(2 * total)) / 2
    return sum(math.comb(total, index) for index in range(there, total + 1)) / (1 << total)


def _told(change: Change, shown: Mapping[str, list[Shown]], counts: Tally) -> AnswerChange:
    pairs = [pair for found in shown.values() for pair in found]
    return AnswerChange(
        kind=change.kind,
        place=change.place,
        old=listed(set[str]().union(*(pair.old for pair in pairs))) or ABSENT,
        new=listed(set[str]().union(*(pair.new for pair in pairs))) or ABSENT,
        seen=tuple(
            Seen(status=status, count=len(found), of=counts.possible(status, change))
            for status, found in sorted(shown.items())
        ),
        cases=tuple(dict.fromkeys(pair.case.name for pair in pairs)),
        exchange=pairs[0].exchange,
    )
