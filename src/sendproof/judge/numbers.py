"""Spellings of telephone numbers and what they stand for."""

from __future__ import annotations

import re

_SPELLINGS = {
    "e164": re.compile(r"\+1([2-9][0-9]{9})"),
    "eleven_digits": re.compile(r"1([2-9][0-9]{9})"),
    "ten_digits": re.compile(r"([2-9][0-9]{9})"),
    "formatted": re.compile(r"\(([2-9][0-9]{2})\) ([0-9]{3})-([0-9]{4})"),
}
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def spelling_of(text: str) -> str | None:
    """Name the documented spelling that `text` is written in, or None."""
    return next((name for name, pattern in _SPELLINGS.items() if pattern.fullmatch(text)), None)


def to_e164(text: object, *, plan: str) -> str | None:
    """Return the number that `text` stands for: as it is for "e164", from any spelling for "nanp"."""
    if not isinstance(text, str):
        return None
    if plan == "e164":
        return text if _E164.fullmatch(text) else None
    for pattern in _SPELLINGS.values():
        if match := pattern.fullmatch(text):
            return "+1" + "".join(match.groups())
    return None
