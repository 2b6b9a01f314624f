"""A reader's weighting: how much of the weight each column keeps, as a range that coverage widens."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import CONCERNS
from sendproof.errors import UsageError
from sendproof.judge.verdicts import FAIL, NOT_APPLICABLE, PASS
from sendproof.reporting.text import visible
from sendproof.vendors.table import WAIVED, Cell, Row, Table

_TABLES = ("concerns", "concepts")
HELD, BROKEN, UNDECIDED, UNPROMISED = "held", "broken", "undecided", "unpromised"
_GATING = frozenset({"required", "recommended"})
HOW = (
    "The weights are those of the file that was given. The weight of a concern is shared out evenly among its rows "
    "that some column promises and that have no weight of their own. A promise is kept when all its clauses pass, "
    "broken when one fails, waived or not, and undecided otherwise. What a vendor does not promise, or leaves open, "
    "counts neither for nor against it, and stands in a column of its own. The range goes from the share that is kept "
    "if all that is undecided fails to the share if all of it holds."
)
"""How the shares are computed, to stand beside them."""
HEADS = ("kept", "broken", "undecided", "no promise that applies", "kept, of what is promised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights by concern and by concept; none is negative, and one at least is above 0."""

    concerns: Mapping[str, float]
    concepts: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The weight of one column: what it keeps, breaks, leaves undecided, and does not promise."""

    held: float
    broken: float
    undecided: float
    unpromised: float

    @property
    def promised(self) -> float:
        """The weight of what is promised."""
        return self.held + self.broken + self.undecided

    @property
    def lowest(self) -> float | None:
        """The share of the promised weight that is kept if all that is undecided fails; None where nothing is."""
        return self.held / self.promised if self.promised else None

    @property
    def highest(self) -> float | None:
        """The share of the promised weight that is kept if all that is undecided holds; None where nothing is."""
        return (self.held + self.undecided) / self.promised if self.promised else None


def share_texts(share: Share) -> tuple[str, ...]:
    """Return a share in words, one for each of `HEADS`."""
    weights = (share.held, share.broken, share.undecided, share.unpromised)
    if share.lowest is None or share.highest is None:
        told = "nothing with a weight is promised"
    else:
        told = f"{share.lowest:.0%} to {share.highest:.0%} of {share.promised:.4g} ({sum(weights):.4g} in all)"
    return (*(f"{weight:.4g}" for weight in weights), told)


def load_weights(path: Path, concepts: Collection[str]) -> Weights:
    """Read a file of weights; whatever is wrong with it raises UsageError.

    `[concerns]` and `[concepts]` map a name to a number from 0 up; `concepts` are the ids that are known.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path}: expected a readable file, got {reason!r}. Check the path.") from error
    except ValueError as error:
        raise UsageError(f"{path}: expected TOML, got {visible(str(error), 120)}. Correct the file.") from error
    for name, table in data.items():
        if name not in _TABLES or not isinstance(table, dict):
            raise UsageError(f"{path}: expected [concerns] and [concepts], got {_shown(name)}. Correct the name.")
    weights = Weights(
        concerns=_numbers(data.get("concerns", {}), CONCERNS, f"{path}: concerns"),
        concepts=_numbers(data.get("concepts", {}), concepts, f"{path}: concepts"),
    )
    if not any((*weights.concerns.values(), *weights.concepts.values())):
        raise UsageError(f"{path}: expected a weight above 0, got none. Give one, or leave --weights out.")
    return weights


def _numbers(table: Mapping[str, Any], known: Collection[str], where: str) -> Mapping[str, float]:
    numbers: dict[str, float] = {}
    for name, value in _flat(table, ""):
        if name not in known:
            raise UsageError(f"{where}: expected a name that the matrix knows, got {_shown(name)}. See the matrix.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
            raise UsageError(f"{where}: {name}: expected a number from 0 up, got {_shown(value)}. Correct it.")
        numbers[name] = float(value)
    return MappingProxyType(numbers)


def _flat(table: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield dotted names: TOML reads `auth.missing = 1` as a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _shown(value: object) -> str:
    return visible(repr(value), 80)


def row_weights(table: Table, weights: Weights) -> Mapping[str, float]:
    """Return the weight of each concept that some column promises.

    The weight of a concern is shared out evenly among its rows that have no weight of their own.
    """
    rows = [row for row in table.rows if any(_standing(cell) != UNPROMISED for cell in row.cells)]
    unnamed = Counter(row.concept.concern for row in rows if row.concept.id not in weights.concepts)
    return MappingProxyType({row.concept.id: _weight(row, weights, unnamed) for row in rows})


def _weight(row: Row, weights: Weights, unnamed: Counter[str]) -> float:
    concept = row.concept
    if concept.id in weights.concepts:
        return weights.concepts[concept.id]
    return weights.concerns.get(concept.concern, 0.0) / unnamed[concept.concern]


def shares(table: Table, weights: Weights) -> tuple[Share, ...]:
    """Return one share for each column."""
    weighed = row_weights(table, weights)
    return tuple(_share(table, number, weighed) for number in range(len(table.columns)))


def _share(table: Table, number: int, weighed: Mapping[str, float]) -> Share:
    parts: dict[str, list[float]] = {HELD: [], BROKEN: [], UNDECIDED: [], UNPROMISED: []}
    for row in table.rows:
        parts[_standing(row.cells[number])].append(weighed.get(row.concept.id, 0.0))
    return Share(**{name: math.fsum(found) for name, found in parts.items()})


def _standing(cell: Cell) -> str:
    """Say how a promise stands: it holds when all its clauses hold, and is broken when one fails, waived or not."""
    states = {
        entry.state for entry in cell.entries if entry.record["level"] in _GATING and entry.state != NOT_APPLICABLE
    }
    if not states:
        return UNPROMISED
    if states & {FAIL, WAIVED}:
        return BROKEN
    return HELD if states == {PASS} else UNDECIDED
