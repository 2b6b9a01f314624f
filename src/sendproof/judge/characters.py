"""How long a text is, read in every way that a document leaves open, and what is odd in it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_ORDINARY_CONTROLS = frozenset("\t\n\r")
_ODD_CATEGORIES = frozenset(("Cc", "Cs", "Cn", "Co"))
_MARKS = frozenset(("Mn", "Me", "Mc"))


def longest_count(text: str) -> int:
    """Return the length in UTF-16 code units, the largest reading of "characters"."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(maxsize=4096)
def shortest_count(text: str) -> int:
    """Return a lower bound of the length in grapheme clusters, the smallest reading."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(_cluster_starts(text))


def _cluster_starts(text: str) -> list[bool]:
    starts: list[bool] = []
    previous, flags = "", 0
    for char in text:
        if char < "\u0300":
            starts.append(not (char == "\n" and previous == "\r") and previous != "\u200d")
            flags = 0
        else:
            flags = flags + 1 if "\U0001f1e6" <= char <= "\U0001f1ff" else 0
            starts.append(not (previous == "\u200d" or (flags and flags % 2 == 0) or _joins(char)))
        previous = char
    return starts


@lru_cache(maxsize=4096)
def _joins(char: str) -> bool:
    """Whether a character belongs to the one before it: marks, joiners, skin tones, tags, jamo."""
    return (
        char in _JOINERS
        or "\u1160" <= char <= "\u11ff"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or unicodedata.category(char) in _MARKS
    )


@lru_cache(maxsize=4096)
def has_marks(text: str) -> bool:
    """Whether a combining mark stands in `text`."""
    return not text.isascii() and any(unicodedata.category(char) in _MARKS for char in text)


# What both ASCII and GSM 7-bit have, its extension included (3GPP TS 23.038).
_EVERYWHERE = frozenset(chr(code) for code in range(0x20, 0x7F)) - {"`"} | {"\n", "\r"}


def is_of_every_alphabet(text: str) -> bool:
    """Whether a text has only characters that every service can send."""
    return _EVERYWHERE.issuperset(text)


@lru_cache(maxsize=4096)
def is_odd(text: str) -> bool:
    """Whether `text` has controls, lone surrogates, private or unassigned characters."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(char) in _ODD_CATEGORIES and char not in _ORDINARY_CONTROLS for char in text)
