"""How long a text is, read in every way that a document leaves open, and what is odd in it."""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_ORDINARY_CONTROLS = frozenset("\t\n\r")
_ODD_CATEGORIES = frozenset(("Cc", "Cs", "Cn", "Co"))
_MARKS = frozenset(("Mn", "Me", "Mc"))


def longest_count(text: str) -> int:
    """Return the length in UTF-16 code units, the largest reading of "characters"."""
    return len(text) + sum(1 for char in text if char > "\uffff")


def shortest_count(text: str) -> int:
    """Return a lower bound of the length in grapheme clusters, the smallest reading."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(_cluster_starts(text))


def _cluster_starts(text: str) -> list[bool]:
    starts: list[bool] = []
    previous, flags = "", 0
    for char in text:
        flags = flags + 1 if _is_flag(char) else 0
        joined = _joins(char) or previous == "\u200d" or (previous == "\r" and char == "\n")
        starts.append(not joined and not (flags and flags % 2 == 0) and not _is_jamo_tail(char))
        previous = char
    return starts


def _joins(char: str) -> bool:
    return char in _JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff" or _is_mark(char) or "\U000e0020" <= char <= "\U000e007f"


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in _MARKS


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_jamo_tail(char: str) -> bool:
    return "\u1160" <= char <= "\u11ff"


def has_marks(text: str) -> bool:
    """Whether a combining mark stands in `text`."""
    return not text.isascii() and any(_is_mark(char) for char in text)


def is_odd(text: str) -> bool:
    """Whether `text` has controls, lone surrogates, private or unassigned characters."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(char) in _ODD_CATEGORIES and char not in _ORDINARY_CONTROLS for char in text)
