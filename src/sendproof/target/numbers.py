"""Telephone numbers that may be shown, and how all others are."""

from __future__ import annotations

import re

import phonenumbers

# Reserved for fiction: NANP 555-0100 to 555-0199 (ATIS-0300115), though not behind toll-free and
# premium codes; Ofcom's numbers for drama (mobile, London, no area).
_RESERVED = re.compile(
    r"\+1(?!8(?:00|22|33|44|55|66|77|88)|900)[2-9]\d\d55501\d\d|\+44(?:7700900|2079460|1632960)\d\d\d", re.ASCII
)
_SHOWN_AT_THE_END = 2


def is_reserved(number: str) -> bool:
    """Whether a number in E.164 is reserved for fiction, and so nobody's."""
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
