"""Telephone numbers that may be shown, and how all others are."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

# Reserved for fiction: NANP 555-0100 to 555-0199 (ATIS-0300115), though not behind toll-free and
# premium codes; Ofcom's numbers for drama (mobile, London, no area).
_RESERVED = re.compile(
    r"\+1(?!8(?:00|22|33|44|55|66|77|88)|900)[2-9]\d\d55501\d\d|\+44(?:7700900|2079460|1632960)\d\d\d", re.ASCII
)
_SHOWN_AT_THE_END = 2
# Digits as people space them: from seven on, as E.164 has at least, they may be dialled. A day is no number.
_DIALABLE = re.compile(r"(?<![0-9])(?!(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d))[0-9](?:[ ().\-/_]{0,3}[0-9]){6,}", re.ASCII)


def is_reserved(number: str) -> bool:
    """Whether a number in E.164 is reserved for fiction, and so not in use."""
    return _RESERVED.fullmatch(number) is not None


def country_digits(digits: str) -> int:
    """Return how many digits of an international number are its country code; 1 where there is none such."""
    codes = (size for size in range(1, 4) if int(digits[:size] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    return 1 if digits.startswith("0") else next(codes, 1)


def masked(number: str) -> str:
    """Return a number in E.164 with its country and its last two digits alone, or whole if it is reserved."""
    if is_reserved(number):
        return number
    digits = number.removeprefix("+")
    country = country_digits(digits)
    hidden = max(len(digits) - country - _SHOWN_AT_THE_END, 0)
    return f"+{digits[:country]}{'*' * hidden}{digits[country + hidden :]}"


def without_digits(text: str) -> str:
    """Return a text with an asterisk for each digit of any script, but for the last two of all."""
    digits = [index for index, character in enumerate(text) if _digit(character) is not None]
    hidden = set(digits[:-_SHOWN_AT_THE_END])
    return "".join("*" if index in hidden else character for index, character in enumerate(text))


def without_numbers(text: str) -> str:
    """Return a text in which nothing may be dialled: of so many digits in a row the last two are left."""
    plain = "".join(character if (digit := _digit(character)) is None else str(digit) for character in text)
    for match in _DIALABLE.finditer(plain):
        text = text[: match.start()] + without_digits(text[match.start() : match.end()]) + text[match.end() :]
    return text


def is_number_like(text: str) -> bool:
    """Whether a text has digits of any script and nothing beside them but what spaces them."""
    digits = [_digit(character) is not None for character in text]
    spaced = all(digit or not (c.isalpha() or c.isnumeric()) for digit, c in zip(digits, text, strict=True))
    return any(digits) and spaced


def _digit(character: str) -> int | None:
    """Return the digit that a character is, also in another script, in a circle or raised."""
    return unicodedata.digit(character, None)
