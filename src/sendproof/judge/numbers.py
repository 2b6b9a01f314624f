"""Spellings of telephone numbers and what they stand for."""

from __future__ import annotations

import re
import unicodedata

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
# Fewer digits than these at the end of two numbers tell of no likeness: a number without its country has as many.
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
    """Return the number that `text` stands for: as it is for "e164", from any spelling for "nanp"."""
    if not isinstance(text, str):
        return None
    if plan == "e164":
        return text if _E164.fullmatch(text) else None
    for pattern in _SPELLINGS.values():
        if match := pattern.fullmatch(text):
            return "+1" + "".join(match.groups())
    return None
