"""Tokens: the places in a case's body that are filled when a target is known."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

SPELLINGS = ("e164", "eleven_digits", "ten_digits", "formatted", "formatted_eleven_digits")
MARK = b"@{"
_TOKEN = re.compile(rb"@\{([a-z0-9_]+(?:\.[a-z0-9_]+)*)\}")


def substitute(body: bytes, value_of: Callable[[str], str]) -> bytes:
    """Return `body` with each token `@{name}` replaced by `value_of(name)`, escaped as JSON does."""
    if MARK not in body:
        return body
    return _TOKEN.sub(lambda match: json.dumps(value_of(match[1].decode()))[1:-1].encode(), body)


def tokens_in(body: bytes) -> tuple[str, ...]:
    """Return the names of the tokens in `body`, in order, repeated ones too."""
    return tuple(match.decode() for match in _TOKEN.findall(body))


def spelled(number: str, spelling: str) -> str:
    """Return an E.164 number in one of `SPELLINGS`; all but the first two take it for +1 and ten digits, any ten."""
    area, exchange, line = number[2:5], number[5:8], number[8:]
    return {
        "e164": number,
        "eleven_digits": number[1:],
        "ten_digits": number[2:],
        "formatted": f"({area}) {exchange}-{line}",
        "formatted_eleven_digits": f"1 ({area}) {exchange}-{line}",
    }[spelling]


def token(name: str, spelling: str = "e164") -> str:
    """Return the token of a number in a spelling."""
    return f"@{{{name}}}" if spelling == "e164" else f"@{{{name}.{spelling}}}"


def is_dialable(value: Any) -> bool:
    """Whether a made-up value could be read as somebody's number: three digits or more, in any script.

    Short codes and emergency numbers have as few. Digits of one value count together,
    however it is nested, because a service may well flatten or join it.
    """
    text = unicodedata.normalize("NFKC", json.dumps(value, ensure_ascii=False))
    return sum(char.isdigit() for char in text) >= 3
