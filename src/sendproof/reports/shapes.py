"""What stays the same of a text from run to run: its shape, without ids, numbers, times and places."""

from __future__ import annotations

import ast
import re
import unicodedata
from datetime import datetime, timedelta

LONGEST = 100
_CUT = "…"
# In this order: what is found first is not looked at again.
_VOLATILE = re.compile(
    r"(?P<url>https?://[^\s\"'<>)]+)"
    r"|(?P<time>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)"
    r"|(?P<host>\b(?:\d{1,3}(?:\.\d{1,3}){3}|localhost)(?::\d+)?\b)"
    r"|(?P<token>[A-Za-z0-9_-]{8,})"
    r"|(?P<number>\+?\d(?:[ ().-]{0,2}\d){5,})"
    r"|(?P<n>(?<![\w./+])\d{1,2}(?:\.\d+)?(?![\w/]))"
)
# A run of capitals and small letters without a digit is a word of a person, unless it is this long and this mixed.
_LONG_RUN = 16
_MANY_CAPITALS = 4
_BREAKS = re.compile("[ ,]")
_LITERALS = {"nothing": "nothing", "null": "null", "None": "null", "true": "true", "false": "false"}
_TYPES = {"{": "an object", "[": "an array", '"': "a text", "'": "a text"}


def masked(text: str, limit: int = LONGEST) -> str:
    """Return a text with placeholders for what differs between runs, cut after a word.

    Numbers of three to five digits stay: they are status codes and error codes.
    """
    found = " ".join(_VOLATILE.sub(_placeholder, text).split())
    if len(found) <= limit:
        return found
    ends = [match.end() for match in _BREAKS.finditer(found, 0, limit)]
    return found[: ends[-1] if ends else limit].rstrip() + _CUT


def _placeholder(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "token":
        return _token(match.group())
    return f"<{kind}>"


def _token(token: str) -> str:
    digits = sum(char.isdigit() for char in token)
    if digits and digits == len(token.replace("-", "")):
        return "<number>"
    return "<id>" if digits or _is_random(token) else token


def _is_random(token: str) -> bool:
    parts = re.split(r"[_-]", token)
    return any(len(part) >= _LONG_RUN and sum(map(str.isupper, part)) >= _MANY_CAPITALS for part in parts)


def value_shape(text: str) -> str:
    """Return what a value is, given as JSON or as Python writes it, perhaps cut off at its end."""
    text = text.strip()
    if (value := _read_text(text)) is not None:
        return text_shape(value)
    if text.lower() in ("true", "false"):
        return text.lower()
    if text in _LITERALS:
        return _LITERALS[text]
    return _TYPES.get(text[:1], "a number" if text[:1].isdigit() or text[:1] == "-" else "another value")


# What is no such text may be anything, and the parser of Python warns of some of it.
_WRITTEN = re.compile(
    r"""'(?:[^'\\]|\\(?:[\\'"nrtbf]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*'"""
    r"""|"(?:[^"\\]|\\(?:[\\'"nrtbf]|x[0-9a-f]{2}|u[0-9a-fA-F]{4}|U[0-9a-f]{8}))*\""""
)


def _read_text(text: str) -> str | None:
    """Return the text that JSON or Python has written so, None where it is cut off or no text."""
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return None


_SHAPES = re.compile(r"(?P<digits>[0-9]+)|(?P<A>[A-Z_]{2,}|[A-Z])|(?P<a>[a-z_]+)|(?P<s>\s+)|(?P<u>[^\x00-\x7f]+)")
_WORD = re.compile(r"(?<!\S)[A-Za-z0-9_-]{6,}(?!\S)")
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_SHAPE = 24


def text_shape(text: str) -> str:
    """Return how a text is built: `+0` for a number in E.164, `(0) 0-0`, `a` and `A` for words, `id`."""
    if not text.strip():
        return "an empty text" if not text else "a blank text"
    if not _DATED.match(text):
        text = _WORD.sub(lambda match: "\x00" if _is_mixed(match.group()) else match.group(), text[:200])
    shape = _SHAPES.sub(_run, text[:200]).replace("\x00", "id")
    return f"'{shape}'" if len(shape) <= _LONGEST_SHAPE else "a text"


def _is_mixed(word: str) -> bool:
    """Whether a word is an id: of letters and digits, or of letters that make no words."""
    return _is_random(word) or (any(map(str.isdigit, word)) and any(map(str.isalpha, word)))


def _run(match: re.Match[str]) -> str:
    return {"digits": "0", "s": " ", "u": "¤"}.get(match.lastgroup or "", match.lastgroup or "")


def difference(expected: str, observed: str) -> str:
    """Return how a value, as Python writes it, differs from the one that was expected."""
    if not observed.startswith(("'", '"')):
        return value_shape(observed)
    wanted, got = _read_text(expected), _read_text(observed)
    if wanted is not None and got is not None:
        return _text_difference(wanted, got)
    one, other = (text.rstrip(_CUT).strip("'\"") for text in (expected, observed))
    return "differs at its end" if one.startswith(other) or other.startswith(one) else "another text"


def _text_difference(wanted: str, got: str) -> str:
    if not got.strip():
        return text_shape(got)
    if _looks_like_a_number(wanted) and _looks_like_a_number(got):
        return f"{text_shape(got)}, {_digits_difference(_digits(wanted), _digits(got))}"
    return next((name for name, same in _SAMENESS if same(wanted) == same(got)), _by_length(wanted, got))


def _by_length(wanted: str, got: str) -> str:
    if wanted.startswith(got):
        return "differs at its end"
    return "a longer text" if len(got) > len(wanted) else "another text"


def _looks_like_a_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+0-9 ().\-]{5,}", text))


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _digits_difference(wanted: str, got: str) -> str:
    if wanted == got:
        return "the same digits"
    if wanted.endswith(got) or got.endswith(wanted):
        return "the same digits at its end"
    return "another number"


_SAMENESS = (
    ("differs in its blanks", lambda text: "".join(text.split())),
    ("differs in how it is composed", lambda text: unicodedata.normalize("NFC", text)),
    ("differs in its case", str.casefold),
    ("differs in its signs", lambda text: "".join(filter(str.isalnum, text))),
)


def time_difference(expected: str, observed: str) -> str:
    """Return by how much a time differs from the expected one, roughly; both texts hold one in ISO 8601."""
    one, other = _moment(expected), _moment(observed)
    if one is None or other is None or (one.tzinfo is None) != (other.tzinfo is None):
        return "another time"
    apart = other - one
    size = next((name for name, limit in _SIZES if abs(apart) < limit), "years")
    return f"{'earlier' if apart < timedelta(0) else 'later'} by {size}"


_SIZES = (
    ("less than an hour", timedelta(minutes=59)),
    ("hours", timedelta(hours=23)),
    ("days", timedelta(days=300)),
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(?:[+-][0-9:]+|Z)?")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(match.group()) if (match := _ISO.search(text)) else None
    except ValueError:
        return None
