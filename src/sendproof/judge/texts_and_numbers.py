"""Values of a message: how long a text is, how a number is spelled, and what differs in what came back."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
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
GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENDED = frozenset("\f^{}\\[~]|€")
_ALL_OF_GSM_7 = _GSM_7_EXTENDED.union(GSM_7)
# TS 23.040, 9.2.3.24.1: a message of its own, and one of several, in septets and in UTF-16 units.
_SEPTETS, _UNITS = (160, 153), (70, 67)


def segments(text: str) -> int:
    """Return how many short messages carry a text: as GSM-7 where it can be, or else as UCS-2."""
    if _ALL_OF_GSM_7.issuperset(text):
        size, (single, part) = len(text) + sum(char in _GSM_7_EXTENDED for char in text), _SEPTETS
    else:
        size, (single, part) = longest_count(text), _UNITS
    return 1 if size <= single else -(-size // part)


_SPELLINGS = {
    "e164": re.compile(r"\+1([2-9][0-9]{9})"),
    "eleven_digits": re.compile(r"1([2-9][0-9]{9})"),
    "ten_digits": re.compile(r"([2-9][0-9]{9})"),
    "formatted": re.compile(r"\(([2-9][0-9]{2})\) ([0-9]{3})-([0-9]{4})"),
    "formatted_eleven_digits": re.compile(r"1 \(([2-9][0-9]{2})\) ([0-9]{3})-([0-9]{4})"),
}
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


_KEYPAD = {
    letter: str(2 + index)
    for index, row in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"))
    for letter in row
}
_EXTENSION = re.compile(r"(?:;ext=|ext\.?|x)\s*+[0-9]++$", re.IGNORECASE)
# Fewer equal digits at the end of two numbers may be chance: a short national number has as many.
_NATIONAL = 5


def is_e164_of(got: str, sent: str) -> bool:
    """Whether `got` is in E.164 the number that `sent` is in another spelling.

    White space, punctuation, a prefix such as 00 or tel:, an extension, letters of a keypad and digits of
    other scripts are read as people read them; the country may have been added, or a trunk prefix taken off.
    """
    if not _E164.fullmatch(got):
        return False
    plain = _EXTENSION.sub("", unicodedata.normalize("NFKC", sent).strip()).removeprefix("tel:").replace("(0)", "")
    digits = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else _KEYPAD.get(char.lower(), "") for char in plain
    )
    read = (digits.lstrip("0"), digits.removeprefix("011"))
    return any(len(number) >= _NATIONAL and got[1:].endswith(number) for number in read)


def spelling_of(text: str) -> str | None:
    """Name the documented spelling that `text` is written in, or None."""
    return next((name for name, pattern in _SPELLINGS.items() if pattern.fullmatch(text)), None)


def to_e164(text: object, *, plan: str) -> str | None:
    """Return the number that `text` stands for.

    As it is for "e164", with the `+` that it lacks for "digits", from any spelling for "nanp".
    """
    if not isinstance(text, str):
        return None
    if plan == "digits":
        return f"+{text}" if _E164.fullmatch(f"+{text}") else None
    if plan == "e164":
        return text if _E164.fullmatch(text) else None
    for pattern in _SPELLINGS.values():
        if match := pattern.fullmatch(text):
            return "+1" + "".join(match.groups())
    return None


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
    change = f"from character {start + 1} {_points(was)} became {_points(became)}"
    return f"{change}, perhaps {cause}" if cause else change


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
