"""Exchanges as a page shows them: the request and the answer as people read HTTP, every hostile character visible."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from sendproof.exchange import Credential, Exchange, Headers
from sendproof.reports.text import visible

LONGEST_BODY = 2500
_LONGEST_FIELD = 300
_MOST_FIELDS = 40
_STATUS = {item.value: item.phrase for item in HTTPStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One exchange in texts that are safe to show; `presented` says which credentials were presented."""

    id: str
    case: str
    presented: str
    request: str
    answer: str
    elapsed_ms: float


def shown_exchange(exchange: Exchange) -> Shown:
    """Return an exchange as it is shown: bodies of at most `LONGEST_BODY` characters."""
    request, response = exchange.request, exchange.response
    line = f"{visible(request.method, 40)} {visible(request.path, 600)}"
    answer = (
        f"no answer: {visible(exchange.failure or 'unknown', 80)}"
        if response is None
        else message(f"{response.status} {_STATUS.get(response.status, '')}".strip(), response.headers, response.body)
    )
    return Shown(
        id=visible(exchange.id, 40),
        case=visible(exchange.case or "", 120),
        presented=_presented(exchange.credential),
        request=message(line, request.headers, request.body),
        answer=answer,
        elapsed_ms=round(exchange.elapsed_s * 1000, 1),
    )


def _presented(credential: Credential) -> str:
    if credential.key is not None:
        return f"the key {visible(credential.key, 60)!r}"
    if credential.fault is not None:
        return f"no valid key: {visible(credential.fault, 60).replace('_', ' ')}"
    return "nothing that is known"


def message(line: str, headers: Headers, body: bytes) -> str:
    """Return the lines of a message: its first line, its fields, an empty line, its body."""
    fields = [f"{visible(name, 80)}: {visible(value, _LONGEST_FIELD)}" for name, value in headers[:_MOST_FIELDS]]
    more = [f"and {len(headers) - _MOST_FIELDS} more fields"] if len(headers) > _MOST_FIELDS else []
    return "\n".join([line, *fields, *more, *(["", body_text(body)] if body else [])])


def body_text(body: bytes, limit: int = LONGEST_BODY) -> str:
    """Return a body in at most `limit` characters: JSON on lines of its own where that changes nothing."""
    text = body[: 4 * limit].decode("utf-8", "backslashreplace")
    laid_out = _laid_out(body) if len(body) <= limit else None
    lines = (laid_out or text).split("\n")
    safe = "\n".join(visible(line, None) for line in lines)
    if len(safe) <= limit and len(body) <= 4 * limit:
        return safe
    return f"{safe[:limit]}\n… cut here: {len(body):,} bytes in all; exchanges.har has more of them"


def _laid_out(body: bytes) -> str | None:
    """Return JSON over several lines, unless that would hide something of how it was written."""
    try:
        text = body.decode()
        value = json.loads(text)
        if not isinstance(value, dict | list):
            return None
        plain = {json.dumps(value, ensure_ascii=plain, separators=seps) for plain in (True, False) for seps in _SPACING}
        return json.dumps(value, ensure_ascii=False, indent=2) if text in plain else None
    except (ValueError, RecursionError):
        return None


_SPACING = ((",", ":"), (", ", ": "))


def cited(exchanges: Iterable[Exchange], wanted: Mapping[str, None], most: int) -> dict[str, Shown]:
    """Return the wanted exchanges by id, the first `most` in the order in which they are wanted."""
    by_id = {item.id: item for item in exchanges if item.id in wanted}
    return {name: shown_exchange(by_id[name]) for name in list(wanted)[:most] if name in by_id}
