"""How the fields of a message are written in a request: as JSON, or as a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sendproof.contract.provider import BodyFormat, Provider


def wire_body(provider: Provider, body: bytes) -> bytes:
    """Return a body as it is sent. Messages are made as JSON objects; what is none is sent as it is.

    A form has texts alone: a list is a name several times, an object its JSON, and null is an empty text.
    """
    if provider.body_format is BodyFormat.JSON:
        return body
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return to_form(message) if isinstance(message, dict) else body


def to_form(message: Mapping[str, Any]) -> bytes:
    """Return the fields of a message as a form (`application/x-www-form-urlencoded`), in UTF-8."""
    several = ((name, value if isinstance(value, list) else [value]) for name, value in message.items())
    pairs = [(name, _text(item)) for name, values in several for item in values]
    return urlencode(pairs, errors="surrogatepass").encode()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
