"""The cases of two runs, like with like: what both asked, and how each was answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sendproof.exchange import MAYBE_SERVED
from sendproof.reports.comparison.shape_changes import Look, look
from sendproof.reports.results import SavedExchange

# An answer of these says nothing of the case: it came too often, or the service was away.
PASSING_STATUS = MAYBE_SERVED | {429, 503}
_AT_ONCE = re.compile(r"(?P<stem>.*at[-_]once[-_.])[0-9]+", re.DOTALL)
_RACING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case that both runs had answered; `races` tells that its requests were under way at once."""

    name: str
    family: str
    old: tuple[Look, ...]
    new: tuple[Look, ...]
    races: bool

    @property
    def statuses(self) -> tuple[frozenset[int], frozenset[int]]:
        """The status codes of the old and of the new run."""
        return frozenset(item.status for item in self.old), frozenset(item.status for item in self.new)

    @property
    def has_moved(self) -> bool:
        """Whether the answers look otherwise in the new run."""
        old, new = (
            {(item.status, tuple(sorted(item.places.items()))) for item in looks} for looks in (self.old, self.new)
        )
        return old != new


def shared(old: Iterable[SavedExchange], new: Iterable[SavedExchange]) -> tuple[Case, ...]:
    """Return the cases that both runs asked, and that were answered in both with more than "later"."""
    ours, theirs = _answered(old), _answered(new)
    return tuple(
        Case(
            name=name,
            family=family_of(name),
            old=ours[name],
            new=theirs[name],
            races=name.endswith(_RACING),
        )
        for name in ours
        if name in theirs
    )


def case_of(exchange: SavedExchange) -> str | None:
    """Return the name of the case of an exchange; one name for requests that race each other."""
    if exchange.case is None:
        return None
    match = _AT_ONCE.fullmatch(exchange.case)
    return match["stem"] + _RACING if match else exchange.case


def family_of(name: str) -> str:
    """Return the family of a case: what stands before the first dot of its name."""
    return name.partition(".")[0]


def _answered(exchanges: Iterable[SavedExchange]) -> Mapping[str, tuple[Look, ...]]:
    found: dict[str, list[Look]] = {}
    for name, seen in _looks(exchanges):
        found.setdefault(name, []).append(seen)
    return {name: tuple(looks) for name, looks in found.items()}


def _looks(exchanges: Iterable[SavedExchange]) -> Iterator[tuple[str, Look]]:
    for exchange in exchanges:
        name = None if exchange.is_cut else case_of(exchange)
        if name is not None and exchange.status is not None and exchange.status not in PASSING_STATUS:
            yield name, look(exchange, exchange.status)
