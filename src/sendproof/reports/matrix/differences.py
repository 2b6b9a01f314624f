"""What differs between the columns of a row, and in what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, NOT_EXERCISED, OBSERVATION, PASS
from sendproof.reports.matrix.rows import WAIVED, Cell, Entry, Row

VERDICT, OBSERVED, PROMISE, PRESENCE, COVERAGE = "verdict", "observed", "promise", "presence", "coverage"
KINDS: Mapping[str, str] = MappingProxyType(
    {
        VERDICT: "Kept by one, broken by another",
        OBSERVED: "Different observed behaviour",
        PROMISE: "Different promises",
        COVERAGE: "Decided for one, not for another",
        PRESENCE: "Not promised by every vendor",
    }
)
"""In what columns differ, the weightiest first, with a title for each."""
SHORT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        VERDICT: "verdict",
        OBSERVED: "behaviour",
        PROMISE: "promise",
        COVERAGE: "coverage",
        PRESENCE: "not promised by all",
    }
)
_DECIDED = frozenset({PASS, FAIL, WAIVED})
_UNDECIDED = frozenset({NOT_EXERCISED, INCONCLUSIVE, ERROR, NOT_APPLICABLE})


def differences(row: Row) -> tuple[str, ...]:
    """Return in what the columns of a row differ, in the order of `KINDS`."""
    pairs = tuple(combinations((cell for cell in row.cells if not cell.is_absent), 2))
    said = tuple((one, other) for one, other in pairs if one.entries and other.entries)
    found = {
        VERDICT: any(_verdicts_differ(one, other) for one, other in said),
        OBSERVED: any(_observations_differ(one, other) for one, other in said),
        PROMISE: any(_promises_differ(one, other, varies=row.concept.varies) for one, other in pairs),
        PRESENCE: any(cell.is_absent for cell in row.cells),
        COVERAGE: any(_coverage_differs(one, other) for one, other in said),
    }
    return tuple(kind for kind in KINDS if found[kind])


def _shared(one: Cell, other: Cell) -> tuple[tuple[Entry, Entry], ...] | None:
    """Return the entries of both in pairs where both have the same clauses, else None."""
    mine, theirs = ({entry.record["id"]: entry for entry in cell.entries} for cell in (one, other))
    return tuple((mine[name], theirs[name]) for name in mine) if mine.keys() == theirs.keys() else None


def _verdicts_differ(one: Cell, other: Cell) -> bool:
    pairs = _shared(one, other)
    if pairs is not None:
        return any(a.state != b.state and {a.state, b.state} <= _DECIDED for a, b in pairs)
    mine, theirs = _DECIDED.intersection(one.states), _DECIDED.intersection(other.states)
    return bool(mine and theirs and mine != theirs)


def _observations_differ(one: Cell, other: Cell) -> bool:
    pairs = _shared(one, other)
    if pairs is not None:
        return any(
            a.record["observation"] != b.record["observation"] for a, b in pairs if a.state == b.state == OBSERVATION
        )
    mine, theirs = _observations(one), _observations(other)
    return bool(mine and theirs and mine != theirs)


def _observations(cell: Cell) -> frozenset[str | None]:
    return frozenset(entry.record["observation"] for entry in cell.entries if entry.state == OBSERVATION)


def _promises_differ(one: Cell, other: Cell, *, varies: bool) -> bool:
    if not one.entries or not other.entries:
        return one.levels != other.levels
    pairs = _shared(one, other)
    if pairs is not None:
        return any(_promise(a) != _promise(b) for a, b in pairs)
    if one.levels != other.levels:
        return True
    return varies and {_promise(entry) for entry in one.entries} != {_promise(entry) for entry in other.entries}


def _promise(entry: Entry) -> tuple[str, str]:
    return entry.record["level"], entry.record["claim"]


def _coverage_differs(one: Cell, other: Cell) -> bool:
    """Whether one was decided and the other not; what a level keeps from being judged is no matter of coverage."""
    mine, theirs = _undecided(one), _undecided(other)
    return mine != theirs and "excluded" not in one.levels | other.levels


def _undecided(cell: Cell) -> frozenset[str]:
    return _UNDECIDED.intersection(cell.states)
