"""In what a text that came back differs from the one that was sent: where, by which characters, and why perhaps."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

# So many code points on each side of a difference are shown: enough to see it, and no text of a person's.
_SHOWN = 6


def is_same_text(sent: str, got: str) -> bool:
    """Whether two texts are the same but for their Unicode form (UAX #15) and outer white space."""
    return unicodedata.normalize("NFC", sent).strip() == unicodedata.normalize("NFC", got).strip()


def difference(sent: str, got: str) -> str:
    """Return the first difference of two texts: its place, the code points on both sides, and a likely cause.

    >>> difference("caf\u00e9", "caf\u00c3\u00a9")
    'from character 4 U+00E9 became U+00C3 U+00A9, perhaps UTF-8 read as Latin-1'
    """
    start = _common(sent, got)
    end = _common(sent[start:][::-1], got[start:][::-1])
    was, became = sent[start : len(sent) - end], got[start : len(got) - end]
    cause = cause_of(sent, got)
    told = f"from character {start + 1} {_points(was)} became {_points(became)}"
    return f"{told}, perhaps {cause}" if cause else told


def cause_of(sent: str, got: str) -> str | None:
    """Return what makes the one text of the other, in words; None where nothing known does."""
    return next((words for words, made in _CAUSES if made(sent, got)), None)


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their start."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _points(text: str) -> str:
    """Return a text as code points, shortened."""
    if not text:
        return "nothing"
    points = " ".join(f"U+{ord(char):04X}" for char in text[:_SHOWN])
    return points if len(text) <= _SHOWN else f"{points} and {len(text) - _SHOWN} more"


def _is_mistaken(codec: str) -> Callable[[str, str], bool]:
    return lambda sent, got: sent.encode("utf-8", "replace").decode(codec, "replace") == got


def _is_replaced(codec: str) -> Callable[[str, str], bool]:
    return lambda sent, got: sent != got and sent.encode(codec, "replace").decode(codec) == got


def _is_unescaped(sent: str, got: str) -> bool:
    try:
        return sent != got and sent == got.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except ValueError:
        return False


_CAUSES: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("outer white space taken off", lambda sent, got: sent.strip() == got),
    ("another Unicode form (NFC)", lambda sent, got: unicodedata.normalize("NFC", sent) == got),
    ("another Unicode form (NFD)", lambda sent, got: unicodedata.normalize("NFD", sent) == got),
    ("another Unicode form (NFKC)", lambda sent, got: unicodedata.normalize("NFKC", sent) == got),
    ("UTF-8 read as Latin-1", _is_mistaken("latin-1")),
    ("UTF-8 read as Windows-1252", _is_mistaken("cp1252")),
    ("Latin-1 in between", _is_replaced("latin-1")),
    ("ASCII in between", _is_replaced("ascii")),
    ("escaped for HTML", lambda sent, got: html.escape(sent) == got or html.escape(sent, quote=False) == got),
    ("HTML entities resolved", lambda sent, got: html.unescape(sent) == got),
    ("escaped once more", _is_unescaped),
    ("cut", lambda sent, got: sent.startswith(got)),
    (
        "line breaks or spaces folded",
        lambda sent, got: re.sub(r"\s+", " ", sent).strip() == re.sub(r"\s+", " ", got).strip(),
    ),
    ("letters in another case", lambda sent, got: sent.casefold() == got.casefold()),
)
