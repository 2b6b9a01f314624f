"""What changed in the answers to the same cases: status codes, fields, types, header fields.

A field may come and go with the request, and by chance. So answers are compared case by case, and
a change is told where every pair shows it that could, of one status or of one family of cases, or
where more pairs show it than chance explains. The rest is uncertain.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sendproof.reports.comparison.comparison_values import (
    ANSWER_CHANGES,
    APPEARED,
    STATUS,
    TYPE,
    VANISHED,
    AnswerChange,
    Seen,
)
from sendproof.reports.comparison.shared_cases import ABSENT, Case, Look, Places, parent

Kinds = frozenset[str]
_Shape = frozenset[tuple[str, Kinds]]
_CONTAINERS = (frozenset({Kinds({"object"})}), frozenset({Kinds({"array"})}))
# Where a place has no parent, every answer could have it.
_ANYWHERE = "\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed at a place; `old` and `new` are types, and empty where the place came or went."""

    kind: str
    place: str
    old: str = ""
    new: str = ""

    @property
    def back(self) -> Change:
        """The same change the other way round."""
        kind = {APPEARED: VANISHED, VANISHED: APPEARED, TYPE: TYPE}[self.kind]
        return Change(kind=kind, place=self.place, old=self.new, new=self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A pair of answers that shows a change: its case, the types, the new answer."""

    case: Case
    old: Kinds
    new: Kinds
    exchange: str


@dataclass(slots=True)
class ChangeCounts:
    """All changes, by the status of the answers; and how many pairs could show each.

    `held` counts the pairs whose answers all have what would hold a place, `there` those whose
    answers all have the place itself, by status and place and, with a family, by that too.
    `ever` are the types that a place had anywhere, in the old and in the new run.
    """

    shown: dict[tuple[str, Change], list[Shown]] = field(default_factory=lambda: defaultdict(list))
    held: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    there: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    ever: tuple[dict[str, set[str]], dict[str, set[str]]] = field(default_factory=lambda: ({}, {}))

    def possible(self, status: str, change: Change, family: str | None = None) -> int:
        """Return how many pairs could show a change."""
        if change.kind == TYPE:
            return self.there[status, change.place, family]
        return self.held[status, _holder(change.place), family]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The answers to one case that have one class of status in both runs."""

    case: Case
    status: str
    old: tuple[Look, ...]
    new: tuple[Look, ...]

    @property
    def looks(self) -> tuple[Look, ...]:
        return self.old + self.new


def count_changes(cases: Iterable[Case]) -> ChangeCounts:
    """Count what changed in the answers of the same class of status, 2xx or 4xx, to the same cases."""
    counts = ChangeCounts()
    alike: Counter[tuple[str, str, _Shape]] = Counter()
    ever: tuple[set[_Shape], set[_Shape]] = set(), set()
    for case in cases:
        for looks, shapes in zip((case.old, case.new), ever, strict=True):
            shapes.update(_shape(item) for item in looks)
        for pair in _pairs(case):
            shapes = {_shape(item) for item in pair.looks}
            if len(shapes) == 1:
                alike[pair.status, case.family, shapes.pop()] += 1
            else:
                _compare(pair, counts)
    for (status, family, shape), count in alike.items():
        _count_alike(status, family, dict(shape), count, counts)
    for shapes, found in zip(ever, counts.ever, strict=True):
        _remember(shapes, found)
    return counts


def _shape(item: Look) -> _Shape:
    return frozenset(item.places.items())


def _compare(pair: _Pair, counts: ChangeCounts) -> None:
    _count(counts.held, pair.status, pair.case.family, _ANYWHERE, 1)
    for place in sorted(set[str]().union(*(item.places for item in pair.looks))):
        _look_at(place, pair, counts)


def _count_alike(status: str, family: str, places: Places, count: int, counts: ChangeCounts) -> None:
    """Count pairs of answers of one shape: that is nearly all of them, so they are counted together."""
    _count(counts.held, status, family, _ANYWHERE, count)
    for place, kinds in places.items():
        above = parent(place)
        if above is None or _is_container((places[above],)):
            _count(counts.there, status, family, place, count)
            if _is_container((kinds,)):
                _count(counts.held, status, family, place, count)


def listed(found: Iterable[object]) -> str:
    """Return what was found, sorted and in one text."""
    return ", ".join(sorted(map(str, found)))


def _remember(shapes: Iterable[_Shape], ever: dict[str, set[str]]) -> None:
    for shape in shapes:
        for place, kinds in shape:
            ever.setdefault(place, set()).update(kinds)


def _pairs(case: Case) -> Iterator[_Pair]:
    for digit in sorted({item.status // 100 for item in case.old} & {item.status // 100 for item in case.new}):
        old = tuple(item for item in case.old if item.status // 100 == digit)
        new = tuple(item for item in case.new if item.status // 100 == digit)
        before, after = listed({item.status for item in old}), listed({item.status for item in new})
        yield _Pair(case=case, status=before if before == after else f"{before} → {after}", old=old, new=new)


def _count(counter: Counter[tuple[str, str, str | None]], status: str, family: str, place: str, count: int) -> None:
    counter[status, place, None] += count
    counter[status, place, family] += count


def _holder(place: str) -> str:
    above = parent(place)
    return _ANYWHERE if above is None else above


def _look_at(place: str, pair: _Pair, counts: ChangeCounts) -> None:
    above = parent(place)
    # What stands in a thing that came, went or became another is told with that thing.
    if above is not None and not _is_container(_kinds(above, pair.looks)):
        return
    old, new = _kinds(place, pair.old), _kinds(place, pair.new)
    if all(old) and all(new):
        _count(counts.there, pair.status, pair.case.family, place, 1)
        if _is_container(old + new):
            _count(counts.held, pair.status, pair.case.family, place, 1)
    if change := _change(place, old, new):
        one, other = Kinds().union(*old), Kinds().union(*new)
        shown = Shown(case=pair.case, old=one, new=other, exchange=pair.new[0].exchange)
        counts.shown[pair.status, change].append(shown)


def _kinds(place: str, looks: Iterable[Look]) -> list[Kinds]:
    return [item.places.get(place, Kinds()) for item in looks]


def _is_container(kinds: Iterable[Kinds]) -> bool:
    return frozenset(kinds) in _CONTAINERS


def _change(place: str, old: list[Kinds], new: list[Kinds]) -> Change | None:
    """Return what changed between answers that agree with each other; those that do not say nothing."""
    if all(old) and all(new):
        one, other = Kinds().union(*old), Kinds().union(*new)
        return Change(kind=TYPE, place=place, old=listed(one), new=listed(other)) if one.isdisjoint(other) else None
    if place.endswith("/*") or (any(old) and any(new)):
        # An array may be empty by chance.
        return None
    if all(new):
        return Change(kind=APPEARED, place=place)
    return Change(kind=VANISHED, place=place) if all(old) else None


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
    counts = count_changes(given)
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


def _is_certain(status: str, change: Change, shown: list[Shown], counts: ChangeCounts) -> bool:
    back = len(counts.shown.get((status, change.back), ()))
    if _chance(len(shown), back) < CHANCE:
        return True
    if back:
        return False
    if len(shown) == counts.possible(status, change):
        return len(shown) >= _FEW or _is_unheard_of(change, counts)
    families = Counter(item.case.family for item in shown)
    return any(count >= _FEW and count == counts.possible(status, change, family) for family, count in families.items())


def _is_unheard_of(change: Change, counts: ChangeCounts) -> bool:
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


def _told(change: Change, shown: Mapping[str, list[Shown]], counts: ChangeCounts) -> AnswerChange:
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
