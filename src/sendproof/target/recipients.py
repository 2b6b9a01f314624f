"""The allow-list of recipients, fail closed: whom a request might reach, read as any vendor might."""

from __future__ import annotations

import gzip
import io
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import phonenumbers

from sendproof.contract.provider import Provider
from sendproof.errors import SendproofError
from sendproof.target.numbers import masked

# NANP 555-0100 to 555-0199 is reserved for fiction (ATIS-0300115), though not behind toll-free codes.
_FICTION = re.compile(r"\+1(?!8(?:00|22|33|44|55|66|77|88)|900)[2-9]\d\d55501\d\d", re.ASCII)
_EMERGENCY = frozenset({"110", "112", "119", "911", "988", "999"})
_KEYPAD = dict(zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True))
_SEGMENTS = re.compile(r"[^\d+().\- ]+|(?=\+)")
_WORDS = re.compile(r"[^\d+().\-]+")
_RUNS = re.compile(r"\+?\d[\d\s().\-]*\d")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SHORTEST, _LONGEST = 7, 15
_CACHED_LENGTH = 256
_UNPACKED_BYTES = 1 << 20


class Withheld(SendproofError):
    """A request was not sent: it might reach somebody whom the profile does not name."""


def refusal_of(
    body: bytes,
    provider: Provider,
    allowed: frozenset[str],
    senders: frozenset[str] = frozenset(),
) -> str | None:
    """Return why a request with this body must not be sent, or None.

    `allowed` are the numbers in E.164 that may be sent to. Where the body is valid JSON only the
    recipient's field counts, at any depth. Elsewhere every number in it may be a recipient, but
    for the account's own `senders`.
    """
    field = provider.fields["recipient"]
    try:
        values = _recipients(body, field)
    except (ValueError, RecursionError):
        return _refusal_of_bytes(body, provider.number_plan, allowed | senders)
    for value in values:
        refusal = _refusal(value, provider.number_plan, allowed)
        if refusal:
            return refusal
    return None


def _refusal_of_bytes(body: bytes, plan: str, allowed: frozenset[str]) -> str | None:
    for text in _texts(body):
        for run in _RUNS.findall(text):
            refusal = _refusal(run, plan, allowed)
            if refusal:
                return refusal
    return None


def _texts(body: bytes) -> Iterator[str]:
    """Yield a body that is no JSON in the ways that someone might still read it."""
    for data in dict.fromkeys((body, unquote_to_bytes(body), _unpacked(body))):
        text = data.decode("utf-8", "replace").replace("\0", "")
        yield text
        if "\\" in text:
            yield _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return b""
    try:
        with gzip.open(io.BytesIO(body)) as file:
            return file.read(_UNPACKED_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _recipients(body: bytes, field: str) -> list[str]:
    """Return every value of the recipient's field, at any depth and however often it occurs."""
    found: list[str] = []
    wanted = field.casefold()

    def pairs(items: list[tuple[str, Any]]) -> list[Any]:
        for name, value in items:
            if name == field or name.strip().casefold() == wanted:
                found.extend(_scalars(value))
        return [item for pair in items for item in pair]

    root = json.loads(body, object_pairs_hook=pairs, parse_int=str, parse_float=str, parse_constant=str)
    if not body.lstrip().startswith(b"{"):
        found.extend(item for item in (root if isinstance(root, list) else [root]) if isinstance(item, str))
    return found


def _scalars(value: Any) -> Iterator[str]:
    """Yield the texts and numbers (as text) in a value, the names of members among them."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, str):
            yield item


def _refusal(value: str, plan: str, allowed: frozenset[str]) -> str | None:
    if len(value) <= _CACHED_LENGTH:
        return _cached_refusal(value, plan, allowed)
    return _uncached_refusal(value, plan, allowed)


def _uncached_refusal(value: str, plan: str, allowed: frozenset[str]) -> str | None:
    if value in allowed:
        return None
    for number in readings(value, plan):
        if number in _EMERGENCY:
            return f"the recipient may be read as the emergency number {number}"
        if number not in allowed and not _FICTION.fullmatch(number) and _is_dialable(number):
            return f"the recipient may be read as {masked(number)}, which the profile does not name"
    return None


_cached_refusal = lru_cache(maxsize=8192)(_uncached_refusal)


@lru_cache(maxsize=65536)
def _is_dialable(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def readings(value: str, plan: str) -> frozenset[str]:
    """Return the numbers, as `+` and digits, that some vendor might read a value as.

    Short emergency numbers are returned without `+`.
    """
    found: set[str] = set()
    normal = unicodedata.normalize("NFKC", value)
    for text in (normal, *_integers(normal)):
        for segment in {text, *_SEGMENTS.split(text), *_WORDS.split(text)}:
            digits = _digits(segment)
            found.update(_numbers(digits, plan, has_plus="+" in segment))
    found.update(_vanity(normal))
    return frozenset(found)


def _digits(text: str) -> str:
    """Return the digits of any script in a text, in ASCII."""
    if text.isascii():
        return "".join(filter(str.isdigit, text))
    return "".join(str(unicodedata.digit(c)) for c in text if unicodedata.digit(c, None) is not None)


def _integers(text: str) -> Iterator[str]:
    """Yield the whole part of a number that is written with a fraction or an exponent."""
    if not any(mark in text for mark in ".eE") or len(text) > _CACHED_LENGTH:
        return
    try:
        number = Decimal(text)
        if number.is_finite() and number.adjusted() < 2 * _LONGEST:
            yield str(abs(int(number)))
    except (InvalidOperation, ValueError):
        return


def _numbers(digits: str, plan: str, *, has_plus: bool) -> Iterator[str]:
    if digits in _EMERGENCY:
        yield digits
    if len(digits) < _SHORTEST:
        return
    # Ten digits are the documented spelling of a number in the plan: nothing else is meant by them.
    documented = plan == "nanp" and len(digits) == 10 and not has_plus
    if not documented:
        yield f"+{digits[:_LONGEST]}"
        for prefix in ("00", "011", "0"):
            if digits.startswith(prefix):
                yield f"+{digits.removeprefix(prefix)[:_LONGEST]}"
    yield f"+1{digits[:10]}"
    if len(digits) > 10:
        yield f"+1{digits[-10:]}"
    if digits.startswith("1"):
        yield f"+{digits[:11]}"
    if len(digits) > _LONGEST:
        yield from (f"+{digits[:length]}" for length in range(_SHORTEST, _LONGEST))


def _vanity(text: str) -> Iterator[str]:
    """Yield the readings with letters as keys of a telephone, where enough digits precede them."""
    if sum(map(str.isdigit, text)) < 3 or not any(map(str.isalpha, text)):
        return
    digits = _digits("".join(_KEYPAD.get(c, c) for c in text.lower()))
    if len(digits) >= 10:
        yield f"+1{digits[:10]}"
    if digits.startswith("1"):
        yield f"+{digits[:11]}"
    if "+" in text and len(digits) <= _LONGEST:
        yield f"+{digits}"
