"""Account worlds: what a service did over time, held against what its documents permit.

What one exchange cannot show (credits, retries, rate windows) is judged by a small model of the account. A
*world* is one way in which a service may work: a value for each thing that the documents say, or leave open. A *table*
of rows lists these things, each with the values that are permitted and with rivals, which are plausible wrong values.
A *step* says which states of the account may follow an event in a world, over a set of states, since a balance or the
phase of a window need not be known.

- A history conforms if some permitted world explains it.
- A clause is upheld if, besides, no world with one of its rivals, all else as permitted, explains it.
- If no permitted world explains it, the clauses of which some rival does are suspects. The likeliest rival, and of
  equally likely ones that of the first row, is blamed: its clause fails and names the others.
- If none does alone, two rivals at once are tried. If that fails as well, it is unknown what is broken, only that
  something is: the history contradicts the rules of the account.

A freedom of the whole service (is a refused message charged?) is a row, a freedom of each event (was this 500 paid
for?) a branch of the step: as a row, n such events would make 2ⁿ worlds.

This is diagnosis from a model (R. Reiter, A theory of diagnosis from first principles, 1987), with worlds few enough to
try them all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product
from typing import Any, Generic, TypeVar

E = TypeVar("E", bound=Hashable)
S = TypeVar("S", bound=Hashable)
W = TypeVar("W", bound=Any)

# Orders of overlapping events grow with the kinds that differ: six kinds of three each are 4096 sets, which take
# some 20 ms in a world. A run overlaps at most two kinds, so more is a recording's.
MOST_KINDS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the documents say of an account, or leave open.

    `name` is the field of a world that it sets, `aspect` what its clause is about, None for a freedom.
    `permitted` are the documented value and those that a reader may take it for, `rivals` plausible wrong ones, the
    likeliest first. `is_advice` says that a rival breaks no more than advice: it is blamed before any other.
    """

    name: str
    aspect: str | None
    permitted: tuple[Any, ...]
    rivals: tuple[Any, ...] = ()
    is_advice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed(Generic[E]):
    """An event with when it was sent and answered, in seconds on one clock: it took effect in between."""

    event: E
    sent_s: float
    answered_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Generic[E]):
    """Events that overlap, so that their order is unknown; `after` are the places of those that precede each."""

    events: tuple[E, ...]
    after: tuple[frozenset[int], ...]


History = tuple[Group[E], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension(Generic[E, S, W]):
    """One matter of an account: its table, the states before a history, and the states after an event.

    `step` is given a world, a state, an event, and whether the event is the first of those that overlap.
    """

    rows: tuple[Row, ...]
    world: W
    start: Callable[[W], Iterable[S]]
    step: Callable[[W, S, E, bool], Iterable[S]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a history says of the aspects of a dimension.

    `upheld` are proved, `hidden` those of which a rival explains the history, too. If nothing permitted explains
    it, `failed` are to blame, by the rivals in `blamed` (row and value), and `suspects` might be in their place;
    `unnamed` says that no rival explains it at all, `undecidable` that too many different events overlapped.
    """

    upheld: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    blamed: tuple[tuple[str, Any], ...] = ()
    unnamed: bool = False
    undecidable: bool = False


def grouped(timed: Sequence[Timed[E]]) -> History[E]:
    """Return events, which are in the order in which they were sent, as groups that overlap."""
    groups: list[list[Timed[E]]] = []
    end_s = float("-inf")
    for item in timed:
        if item.sent_s >= end_s:
            groups.append([])
        groups[-1].append(item)
        end_s = max(end_s, item.answered_s)
    return tuple(_group(items) for items in groups)


def _group(items: Sequence[Timed[E]]) -> Group[E]:
    after = (
        frozenset(place for place, other in enumerate(items) if other is not item and other.answered_s <= item.sent_s)
        for item in items
    )
    return Group(events=tuple(item.event for item in items), after=tuple(after))


def permitted_worlds(dimension: Dimension[E, S, W]) -> tuple[W, ...]:
    """Return the worlds that the documents permit."""
    return tuple(worlds(dimension, {}))


def states_before(dimension: Dimension[E, S, W], world: W, history: History[E]) -> Iterator[frozenset[S]]:
    """Yield the states in which a world may be before each group, and after the last; none once it is ruled out."""
    states = frozenset(dimension.start(world))
    for group in history:
        yield states
        states = states_after(dimension, world, states, group)
    yield states


def explains(dimension: Dimension[E, S, W], world: W, history: History[E]) -> bool:
    """Whether a service that works in this way may have done this."""
    states = frozenset(dimension.start(world))
    for group in history:
        states = states_after(dimension, world, states, group)
        if not states:
            return False
    return True


@lru_cache(maxsize=256)
def decide(dimension: Dimension[E, S, W], history: History[E]) -> Decision:
    """Say which aspects a history upholds, and which it contradicts."""
    if any(len(set(group.events)) > MOST_KINDS for group in history):
        return Decision(undecidable=True)
    rows = tuple(row for row in dimension.rows if row.aspect is not None)
    blamed = _blamed(dimension, rows, history)
    aspects = _aspects(row for row, _ in blamed)
    if _any_explains(dimension, {}, history):
        return Decision(upheld=tuple(aspect for aspect in _aspects(rows) if aspect not in aspects), hidden=aspects)
    if blamed:
        row, value = blamed[0]
        return Decision(failed=aspects[:1], suspects=aspects[1:], blamed=((row.name, value),))
    return _of_pairs(dimension, rows, history)


def _blamed(dimension: Dimension[E, S, W], rows: Sequence[Row], history: History[E]) -> list[tuple[Row, Any]]:
    """Return the rows of which a rival explains a history, each with its likeliest one, the likeliest of all first."""
    found = [
        (not row.is_advice, rank, place)
        for place, row in enumerate(rows)
        if (rank := _first_rival(dimension, row, history)) is not None
    ]
    return [(rows[place], rows[place].rivals[rank]) for _, rank, place in sorted(found)]


def _first_rival(dimension: Dimension[E, S, W], row: Row, history: History[E]) -> int | None:
    ranks = (rank for rank, value in enumerate(row.rivals) if _any_explains(dimension, {row.name: (value,)}, history))
    return next(ranks, None)


def _of_pairs(dimension: Dimension[E, S, W], rows: Sequence[Row], history: History[E]) -> Decision:
    """Blame two rows at once, if just two explain a history; if several pairs do, the first of them, alone."""
    pairs = [
        pair
        for pair in combinations([row for row in rows if row.rivals], 2)
        if _any_explains(dimension, {row.name: row.rivals for row in pair}, history)
    ]
    if not pairs:
        return Decision(failed=_aspects(row for row in rows if not row.is_advice)[:1], unnamed=True)
    named = _aspects(row for pair in pairs for row in pair)
    if len(pairs) == 1:
        return Decision(failed=named)
    return Decision(failed=named[:1], suspects=named[1:])


def _aspects(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.aspect for row in rows if row.aspect is not None))


def worlds(dimension: Dimension[E, S, W], wrong: Mapping[str, tuple[Any, ...]]) -> Iterator[W]:
    """Yield the worlds in which the rows of `wrong` have one of those values, and all others a permitted one."""
    names = [row.name for row in dimension.rows]
    values = (wrong.get(row.name, row.permitted) for row in dimension.rows)
    for chosen in product(*values):
        yield replace(dimension.world, **dict(zip(names, chosen, strict=True)))


def _any_explains(dimension: Dimension[E, S, W], wrong: Mapping[str, tuple[Any, ...]], history: History[E]) -> bool:
    return any(explains(dimension, world, history) for world in worlds(dimension, wrong))


def states_after(dimension: Dimension[E, S, W], world: W, states: Iterable[S], group: Group[E]) -> frozenset[S]:
    """Return the states that may follow some that may have been, in a world; none where it rules the events out."""
    step = dimension.step
    if len(group.events) == 1:
        event = group.events[0]
        return frozenset(later for state in states for later in step(world, state, event, True))  # noqa: FBT003 - a callable of a field has no names
    return _in_any_order(dimension, world, states, group)


def _in_any_order(dimension: Dimension[E, S, W], world: W, states: Iterable[S], group: Group[E]) -> frozenset[S]:
    """Return the states after overlapping events, in every order that their times permit.

    Equal events are taken in the order in which they were sent: another order among them is the same.
    """
    copies: dict[E, list[int]] = {}
    for place, event in enumerate(group.events):
        copies.setdefault(event, []).append(place)
    reached: Mapping[tuple[int, ...], frozenset[S]] = {(0,) * len(copies): frozenset(states)}
    for number in range(len(group.events)):
        following: dict[tuple[int, ...], set[S]] = {}
        for taken, before in reached.items():
            done = {place for count, places in zip(taken, copies.values(), strict=True) for place in places[:count]}
            for kind, (event, places) in enumerate(copies.items()):
                if taken[kind] == len(places) or not group.after[places[taken[kind]]] <= done:
                    continue
                key = (*taken[:kind], taken[kind] + 1, *taken[kind + 1 :])
                later = (after for state in before for after in dimension.step(world, state, event, number == 0))
                following.setdefault(key, set()).update(later)
        reached = {key: frozenset(found) for key, found in following.items() if found}
    return frozenset(state for found in reached.values() for state in found)
