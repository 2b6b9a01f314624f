"""JSON pointers into answers and requests (RFC 6901)."""

from __future__ import annotations

from typing import Any


class Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


def at(value: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer, or MISSING."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value
