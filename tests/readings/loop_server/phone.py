"""Phone numbers in the spellings that TextFlow takes.

Freedoms taken: besides blanks, parentheses, hyphens and dots, a slash, the typographic blanks and dashes and invisible
marks that come with pasted text count as formatting, letters and other digits than 0-9 do not; an eleven digit number
must begin with 1; a number written with + must have eleven digits.
"""

from __future__ import annotations

import unicodedata

_ASCII_FORMATTING = frozenset(" ()-./\t\r\n")
_FORMATTING_CATEGORIES = frozenset(("Zs", "Pd", "Cf"))
_DIGITS = frozenset("0123456789")


def _is_formatting(character: str) -> bool:
    return character in _ASCII_FORMATTING or (
        not character.isascii() and unicodedata.category(character) in _FORMATTING_CATEGORIES
    )


def normalized(value: object, fault: str | None = None) -> str | None:
    """Return a spelling as +1XXXXXXXXXX, or None when it is none."""
    if not isinstance(value, str):
        return None
    bare = "".join(character for character in value if not _is_formatting(character))
    digits = bare.removeprefix("+")
    if not digits or not _DIGITS.issuperset(digits):
        return None
    if fault == "tf-last-ten-digits" and len(digits) > 11:
        return f"+1{digits[-10:]}"
    if len(digits) == 11 and digits.startswith("1"):
        kept = fault == "tf-plus-kept" and bare.startswith("+")
        return value.strip() if kept else f"+{digits}"
    return f"+1{digits}" if len(digits) == 10 and bare == digits else None
