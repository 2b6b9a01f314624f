"""Decode request bodies: strict UTF-8, strict JSON, an object at the top.

Freedoms taken: a byte order mark, NaN and Infinity are refused; of a repeated member the last one counts; members
that the documents do not name are ignored.
"""

from __future__ import annotations

import json


class NotAnObject(ValueError):
    """The body is not a JSON object."""


def decoded_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in *body*; raise NotAnObject for anything else."""
    try:
        value: object = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotAnObject("The request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise NotAnObject("The request body must be a JSON object")
    return value


def is_encodable(text: str) -> bool:
    """Tell whether *text* has no lone surrogates and so can be written as UTF-8."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
