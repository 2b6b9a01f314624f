"""Parsing what stands in requests and answers: JSON (RFC 8259) and what only resembles it, media types, dates."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from sendproof.contract.pointer import MISSING
from sendproof.contract.provider import BodyFormat
from sendproof.exchange import Response

# Deeper than any message, and far from the depth at which a parser that recurses gives up (Python's: some 1000).
_SAFE_DEPTH = 32
# A text in quotes is taken whole, to the end where it has none, so that each character is looked at once.
_TEXTS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


class BodyKind(StrEnum):
    """What a body is: JSON, a form, or none of it as it should be.

    EXTENDED is JSON with duplicate names, NaN, a byte order mark or numbers out of range.
    """

    JSON = "json"
    FORM = "form"
    EXTENDED = "extended"
    DEEP = "deep"
    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A parsed body; `value` is MISSING where nothing could be read."""

    kind: BodyKind
    value: Any = MISSING


def parse(data: bytes, written: BodyFormat = BodyFormat.JSON) -> Body:
    """Parse a body that is written in a format. Never raises."""
    return _parse_form(data) if written is BodyFormat.FORM else _parse_json(data)


def _parse_form(data: bytes) -> Body:
    """Parse a form into a text, or several in a list, for each name."""
    try:
        pairs = parse_qsl(data.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError:
        return Body(kind=BodyKind.NOT_UTF8)
    value: dict[str, Any] = {}
    for name, text in pairs:
        if name not in value:
            value[name] = text
        else:
            value[name] = [*(value[name] if isinstance(value[name], list) else [value[name]]), text]
    return Body(kind=BodyKind.FORM, value=value)


def _parse_json(data: bytes) -> Body:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Body(kind=BodyKind.NOT_UTF8)
    kind = BodyKind.JSON
    if text.startswith("\ufeff"):
        kind, text = BodyKind.EXTENDED, text[1:]
    if _is_deep(text):
        return Body(kind=BodyKind.DEEP)
    return _loads(text, kind)


def _is_deep(text: str) -> bool:
    """Whether brackets outside of strings stand deeper than any message needs."""
    if text.count("[") + text.count("{") <= _SAFE_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _SAFE_DEPTH:
            return True
    return False


def _loads(text: str, kind: BodyKind) -> Body:
    oddities: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            oddities.append("duplicate")
        return value

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            oddities.append(digits)
        return value

    # An integer of more digits than Python reads at once (4300) is a ValueError of its own.
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=oddities.append, parse_float=number)
    except json.JSONDecodeError:
        return Body(kind=BodyKind.NOT_JSON)
    except ValueError:
        return Body(kind=BodyKind.EXTENDED)
    return Body(kind=BodyKind.EXTENDED if oddities else kind, value=value)


def answer_of(response: Response) -> Any:
    """Return the JSON value of an answer, or MISSING if it is not JSON in UTF-8. Never raises.

    What is nested deeper than any message needs counts as no JSON.
    """
    try:
        text = response.body.decode("utf-8-sig")
        return MISSING if _is_deep(text) else json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return MISSING


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def media_type(content_type: str | None) -> str:
    """Return the media type of a Content-Type value in lower case, without parameters."""
    return (content_type or "").split(";")[0].strip().lower()


def charset(content_type: str | None) -> str:
    """Return the charset parameter of a Content-Type value in lower case, or nothing."""
    parameters = (content_type or "").lower().split(";")[1:]
    named = (part.strip().removeprefix("charset=") for part in parameters if part.strip().startswith("charset="))
    return next(named, "").strip('"')


def is_json_type(content_type: str | None) -> bool:
    """Whether a Content-Type value is `application/json` or ends in `+json`."""
    name = media_type(content_type)
    return name == "application/json" or name.endswith("+json")


def http_date(value: str | None) -> datetime | None:
    """Return the moment that a field value names, or None. Never raises."""
    try:
        date = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    # A zone of -0000 gives a naive time, which cannot be compared with others.
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date
