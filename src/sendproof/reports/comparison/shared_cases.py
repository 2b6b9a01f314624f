"""The cases that both runs asked, and the shape of each answer: its places and their types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sendproof.exchange import MAYBE_SERVED, field_value
from sendproof.reports.results import SavedExchange

HEADER, MEDIA_TYPE, BODY = "header ", "media type", ""
ABSENT, PRESENT = "absent", "present"
# They follow from the body, the day or the connection.
_UNREPORTED_FIELDS = frozenset(
    (
        "age",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "transfer-encoding",
    )
)
_MOST_PLACES = 2000
_DEEPEST = 24
_LONGEST_NAME = 200

Places = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one answer looks: its status and the types of each place; see `AnswerChange` for places."""

    exchange: str
    status: int
    places: Places


def look(exchange: SavedExchange, status: int) -> Look:
    """Return how an answer looks."""
    media_type = (field_value(exchange.headers, "Content-Type") or ABSENT).partition(";")[0].strip().lower()
    places = {MEDIA_TYPE: frozenset({media_type})}
    for name, _ in exchange.headers:
        if name.lower() not in _UNREPORTED_FIELDS:
            places[f"{HEADER}{name.lower()[:_LONGEST_NAME]}"] = _PRESENT
    _add_body(exchange.body, places)
    return Look(exchange=exchange.id, status=status, places=places)


def parent(place: str) -> str | None:
    """Return the place that holds a place of the body; None for the body itself and outside of it."""
    if place in (BODY, MEDIA_TYPE) or place.startswith(HEADER):
        return None
    return place.rpartition("/")[0]


def _add_body(body: bytes, places: dict[str, frozenset[str]]) -> None:
    if not body:
        places[BODY] = _EMPTY
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        places[BODY] = _NO_JSON
        return
    _add(value, BODY, _DEEPEST, places)


def _add(value: Any, place: str, depth: int, places: dict[str, frozenset[str]]) -> None:
    kinds = _TYPES[type(value)]
    known = places.get(place)
    if known is None and len(places) >= _MOST_PLACES:
        return
    places[place] = kinds if known is None or known is kinds else known | kinds
    if not depth:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            _add(member, f"{place}/{_escaped(name)}", depth - 1, places)
    elif isinstance(value, list):
        below = f"{place}/*"
        for item in value:
            _add(item, below, depth - 1, places)


def _escaped(name: str) -> str:
    return name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


_PRESENT, _EMPTY, _NO_JSON = frozenset({PRESENT}), frozenset({"empty"}), frozenset({"no JSON"})
_NUMBER = frozenset({"number"})
_TYPES: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        type(None): frozenset({"null"}),
        bool: frozenset({"boolean"}),
        int: _NUMBER,
        float: _NUMBER,
        str: frozenset({"string"}),
        dict: frozenset({"object"}),
        list: frozenset({"array"}),
    }
)


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
    def has_changed(self) -> bool:
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
