"""What passes between a client and a mock: calls, replies, answers, JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

Document = dict[str, Any]
Headers = tuple[tuple[str, str], ...]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as received.

    `headers` has lower-case names and joins repeated fields with a comma (RFC 9110, 5.2).
    `field_names` are the names as they were spelled, where the server tells.
    `body` ends at the limit of the rules when the request is `oversized`. `ordinal` counts from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    oversized: bool
    ordinal: int
    field_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a service answers, before it is encoded."""

    status: int
    document: Document
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes over the wire.

    With `piece_bytes` the body is sent chunked, in pieces of that size. `lost_bytes` are announced
    in the length and never sent; the connection closes instead.
    """

    status: int
    headers: Headers
    body: bytes
    delay_s: float = 0.0
    piece_bytes: int | None = None
    lost_bytes: int = 0


class UnreadableError(ValueError):
    """The body is not a JSON text that a service takes."""


def parse_json(body: bytes, *, repeated_names: bool = False) -> object:
    """Parse UTF-8 JSON; raise `UnreadableError` for anything RFC 8259 or RFC 7493 (I-JSON) forbids.

    With `repeated_names` an object may have a name twice, and the last one counts.
    """
    try:
        text = body.decode("utf-8")
        document: object = json.loads(
            text, object_pairs_hook=dict if repeated_names else _unique, parse_constant=_refuse
        )
        if "\\u" in text:
            encode_json(document)
    except (ValueError, RecursionError) as error:
        raise UnreadableError from error
    return document


def encode_json(document: object) -> bytes:
    """Encode as compact UTF-8 JSON."""
    return _encode(document).encode("utf-8")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableError
    return members


def _refuse(constant: str) -> NoReturn:
    raise UnreadableError(constant)
