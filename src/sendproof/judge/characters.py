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


# 3GPP TS 23.038, 6.2.1: the basic alphabet, and what takes two places in it.
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENDED = frozenset("\f^{}\\[~]|€")
# TS 23.040, 9.2.3.24.1: a message of its own, and one of several, in septets and in UTF-16 units.
_SEPTETS, _UNITS = (160, 153), (70, 67)


def segments(text: str) -> int:
    """Return how many short messages carry a text: as GSM-7 where it can be, or else as UCS-2."""
    letters = set(text)
    if letters <= _GSM_7 | _GSM_7_EXTENDED:
        size, (single, part) = len(text) + sum(char in _GSM_7_EXTENDED for char in text), _SEPTETS
    else:
        size, (single, part) = len(text.encode("utf-16-le", "surrogatepass")) // 2, _UNITS
    return 1 if size <= single else -(-size // part)
