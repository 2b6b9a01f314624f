"""Bring TextFlow's phone numbers into E.164."""

import re
from typing import Final

_FORMATTING: Final = re.compile(r"[\s()\-.\u2010\u2011\u2012\u2013/]+")
_NUMBER: Final = re.compile(r"(?:\+1|1)?([0-9]{10})")

_MAX_DIGITS: Final = 11


class InvalidNumber(Exception):
    """Say that a number has not 10 digits, or 11 that begin with 1."""


def to_e164(text: str, *, trims: bool = False) -> str:
    """Remove formatting and add what is missing of +1; InvalidNumber when that gives no number."""
    bare = _FORMATTING.sub("", text)
    if trims and len(bare.removeprefix("+")) > _MAX_DIGITS:
        bare = bare[-10:]
    match = _NUMBER.fullmatch(bare)
    if match is None:
        raise InvalidNumber
    return f"+1{match[1]}"
