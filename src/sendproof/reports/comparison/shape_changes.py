"""The shape of an answer: which places it has, and of which types they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sendproof.exchange import field_value
from sendproof.reports.results import SavedExchange

HEADER, MEDIA_TYPE, BODY = "header ", "media type", ""
ABSENT, PRESENT = "absent", "present"
# They follow from the body, the day or the connection.
_UNTOLD_FIELDS = frozenset(
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
        if name.lower() not in _UNTOLD_FIELDS:
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
