"""The allow-list of recipients, fail closed: which numbers a request might reach, read as any vendor might."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import json
import re
import sys
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

import phonenumbers

from sendproof.contract.provider import BodyFormat, Provider
from sendproof.errors import SendproofError
from sendproof.target.phone_numbers import country_digits, masked

# NANP 555-0100 to 555-0199 is reserved for fiction (ATIS-0300115), though not behind toll-free codes.
_FICTION = re.compile(r"\+1(?!8(?:00|22|33|44|55|66|77|88)|900)[2-9]\d\d55501\d\d", re.ASCII)
_NANP = re.compile(r"\+1[2-9][0-9]{9}")
_EMERGENCY = frozenset({"110", "112", "119", "911", "988", "999"})
# What is dialled before a number of another country or another area.
_PREFIXES = ("0011", "011", "810", "010", "00", "0")
_KEYPAD = dict(zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True))
_KEYS = str.maketrans(_KEYPAD | {letter.upper(): key for letter, key in _KEYPAD.items()})
_GROUP = re.compile(r"[0-9]+")
_LETTER = re.compile(r"[A-Za-z]")
_SEGMENTS = re.compile(r"[^\d+().\- ]+|(?=\+)")
_WORDS = re.compile(r"[^\d+().\-]+")
_PUNCTUATED = re.compile(r"[\d\s+().\-]*", re.ASCII)
_DECIMAL = re.compile(r"(?:[0-9]++\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WRITTEN_TO_A_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2}))")
_QUOTED = re.compile(r"\\.", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_DELIMITERS = re.compile(r"""["'<>&={}\[\]]+""")
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\s]{8,}(?:=[=\s]*)?")
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# The shortest international numbers that there are have six digits, the longest fifteen (E.164).
_SHORTEST, _LONGEST = 6, 15
# A prefix, a number and what is left of it when it is cut.
_WINDOW = 20
_CACHED_LENGTH = 256
_FEWEST_BESIDE_LETTERS = 3
_MOST_GROUPS = 200
_MOST_LAYERS = 3
_MOST_PARTS = 16
_CHUNK_BYTES = 256
# Packed with a header of gzip or zlib, and without.
_WINDOW_BITS = (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS)
_UNPACKED_BYTES = 1 << 20


class Withheld(SendproofError):
    """A request was not sent: it might reach a number that the profile does not name."""


class _TooMuch(Exception):
    """More than can be read in a reasonable time."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who may be reached, and how numbers are read: the plan, and the country codes that may be left out."""

    plan: str
    allowed: frozenset[str]
    countries: tuple[str, ...]

    def permits(self, number: str) -> bool:
        """Whether a number in E.164 may be sent to, or is not in use."""
        return number in self.allowed or _FICTION.fullmatch(number) is not None

    def knows(self, digits: str) -> bool:
        """Whether digits are all those of a number that may be sent to, with its country or as in the NANP."""
        return self.permits(f"+{digits}") or self.knows_national(digits)

    def knows_national(self, digits: str) -> bool:
        """Whether digits are all those of such a number of the NANP, but for the country."""
        return len(digits) == 10 and self.permits(f"+1{digits}")


@lru_cache(maxsize=64)
def _rule(plan: str, allowed: frozenset[str], senders: frozenset[str]) -> _Rule:
    digits = (number.removeprefix("+") for number in allowed | senders)
    return _Rule(plan, allowed, tuple(sorted({number[: country_digits(number)] for number in digits} - {"1"})))


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
    rule = _rule(provider.number_plan, allowed, senders)
    in_documents = _rule(provider.number_plan, allowed | senders, frozenset())
    try:
        field = provider.fields["recipient"].casefold()
        if provider.body_format is BodyFormat.FORM and (values := _of_form(body, field)) is not None:
            return next(filter(None, (_refusal(value, rule) for value in values)), None)
        return _refusal_of_body(body, field, rule, in_documents)
    except _TooMuch as error:
        return f"the recipient cannot be read: {error}"


def _refusal_of_body(body: bytes, field: str, rule: _Rule, in_documents: _Rule) -> str | None:
    try:
        values, texts = _recipients(body, field)
    except (ValueError, RecursionError):
        return _refusal_of_document(body, in_documents)
    for value in values:
        refusal = _refusal(value, rule)
        if refusal:
            return refusal
    for text in dict.fromkeys(texts):
        data = text.encode("utf-8", "surrogatepass")
        # A message in a text is judged as a message, and any other text as a document.
        if "{" in text:
            refusal = _refusal_of_body(data, field, rule, in_documents)
        else:
            refusal = _refusal_of_document(data, in_documents)
        if refusal:
            return refusal
    return None


def _of_form(body: bytes, field: str) -> list[str] | None:
    """Return every value of the recipient's field in a form, several as one text too; None for what is no form."""
    if re.fullmatch(rb"[\w.%+*~@{}-]+=[^=&;]*(?:&[\w.%+*~@{}-]+=[^=&;]*)*", body) is None:
        return None
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    values = [value for name, value in pairs if _is_called(name, field)]
    return [*values, ",".join(values)] if len(values) > 1 else values


def _refusal_of_document(body: bytes, rule: _Rule) -> str | None:
    """Judge every number in a body that is no JSON."""
    for text in dict.fromkeys(text for layer in _layers(body) for text in _texts(layer)):
        for piece in dict.fromkeys(_DELIMITERS.split(text)):
            refusal = _refusal(piece, rule)
            if refusal:
                return refusal
    return None


def _layers(body: bytes) -> Iterator[bytes]:
    """Yield a body, and what is in it where it is packed or encoded, several times over too."""
    layers = [body]
    for _ in range(_MOST_LAYERS):
        inner = [item for layer in layers for item in _decoded(layer)]
        yield from layers
        layers = [item for item in dict.fromkeys(inner) if item]
    yield from layers


def _decoded(data: bytes) -> Iterator[bytes]:
    if b"%" in data:
        yield unquote_to_bytes(data)
    if _OVERLONG.search(data):
        yield _OVERLONG.sub(lambda match: bytes([match[0][0] % 2 << 6 | match[0][1] & 0x3F]), data)
    if _BASE64.fullmatch(data):
        yield _from_base64(data)
    for window in _WINDOW_BITS:
        yield _inflated(data, window)


def _from_base64(data: bytes) -> bytes:
    letters = b"".join(data.split()).rstrip(b"=")
    with_padding = letters + b"=" * (-len(letters) % 4)
    try:
        return base64.b64decode(with_padding, altchars=b"-_" if b"-" in letters or b"_" in letters else None)
    except binascii.Error:
        return b""


def _inflated(data: bytes, window: int) -> bytes:
    """Return what is packed in some data, up to the place where it is broken."""
    found = bytearray()
    for _ in range(_MOST_PARTS):
        unpacking, read = zlib.decompressobj(window), 0
        try:
            while read < len(data) and not unpacking.eof:
                found += unpacking.decompress(data[read : read + _CHUNK_BYTES])
                read += _CHUNK_BYTES
                if len(found) > _UNPACKED_BYTES:
                    raise _TooMuch(f"it unpacks to more than {_UNPACKED_BYTES} bytes")
        except zlib.error:
            unpacking = zlib.decompressobj(window)
        if not unpacking.eof:
            # Without a header anything may look packed: there only what is whole counts.
            return bytes(found) if window > 0 else b""
        data = unpacking.unused_data + data[read:]
        if not data or window < 0:
            return bytes(found)
    raise _TooMuch(f"it is packed in more than {_MOST_PARTS} parts")


def _texts(data: bytes) -> Iterator[str]:
    """Yield the texts that some data may be, in the ways that someone might still read it."""
    wide = _WIDE if b"\0" in data or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ()
    for charset in ("utf-8", *wide):
        for text in _spelt_out(data.decode(charset, "replace").replace("\0", "")):
            yield text
            if "\\" in text:
                yield _QUOTED.sub(" ", text)
            if "<" in text:
                yield _TAG.sub("", text)


def _recipients(body: bytes, field: str) -> tuple[list[str], list[str]]:
    """Return every value of the recipient's field in a body of JSON, and the texts that stand in no object.

    The field counts at any depth and however often it occurs, and so do its values as the body of a form.
    """
    found: list[Any] = []

    def members(items: list[tuple[str, Any]]) -> _Members:
        found.extend(value for name, value in items if name == field or _is_called(name, field))
        return _Members(items)

    root = json.loads(body, object_pairs_hook=members, parse_int=str, parse_float=str, parse_constant=str)
    values = [text for value in found for text in _scalars(value)]
    if b"=" in body:
        _, *pairs = parse_qsl(body.replace(b"\0", b"").decode("utf-8", "replace"), keep_blank_values=True)
        values.extend(value for name, value in pairs if _is_called(name, field))
    return values, [] if isinstance(root, _Members) else list(_outside(root))


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object, each as often as it occurs."""


def _is_called(name: str, field: str) -> bool:
    """Whether some reader may take a name for that of the field, as `To`, ` to`, `to[]`, `to.number` and `ｔｏ`."""
    return _cached_is_called(name, field) if len(name) <= _CACHED_LENGTH else _uncached_is_called(name, field)


def _uncached_is_called(name: str, field: str) -> bool:
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return re.fullmatch(rf"[\W_]*{re.escape(field)}(?:[\W_]*|[\[.\0].*)", visible.casefold(), re.DOTALL) is not None


_cached_is_called = lru_cache(maxsize=4096)(_uncached_is_called)


def _scalars(value: Any) -> Iterator[str]:
    """Yield the texts and numbers (as text) in a value, the names of members among them.

    Several are also yielded as one text: a careless service may join what it does not expect.
    """
    texts: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, _Members):
            yield from (name for name, _ in item)
            pending.extend(member for _, member in reversed(item))
        elif isinstance(item, list):
            pending.extend(reversed(item))
        elif isinstance(item, str):
            texts.append(item)
    yield from texts
    if len(texts) > 1:
        yield ",".join(texts)


def _outside(root: Any) -> Iterator[str]:
    """Yield the texts and numbers (as text) in a value that are in no object."""
    pending = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list) and not isinstance(item, _Members):
            pending.extend(item)


def _refusal(value: str, rule: _Rule) -> str | None:
    return _cached_refusal(value, rule) if len(value) <= _CACHED_LENGTH else _uncached_refusal(value, rule)


def _uncached_refusal(value: str, rule: _Rule) -> str | None:
    if value in rule.allowed:
        return None
    seen: set[str] = set()
    for number in _readings(value, rule):
        if number in seen:
            continue
        seen.add(number)
        if number in _EMERGENCY:
            return f"the recipient may be read as the emergency number {number}"
        reached = None if rule.permits(number) else _reached(number)
        if reached and not rule.permits(reached):
            return f"the recipient may be read as {masked(reached)}, which the profile does not name"
    return None


_cached_refusal = lru_cache(maxsize=8192)(_uncached_refusal)


@lru_cache(maxsize=65536)
def _reached(number: str) -> str | None:
    """Return the valid number in E.164 that a number with `+` leads to, or None."""
    if number.startswith("+1") and not _NANP.fullmatch(number):
        return None
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _readings(value: str, rule: _Rule) -> Iterator[str]:
    """Yield the numbers, as `+` and digits, that some vendor might read a value as, some more than once.

    Short emergency numbers are yielded without `+`.
    """
    for text in filter(_GROUP.search, _spelt_out(value)):
        for form in (text, *_counted(text)):
            yield from _emergencies(form)
            yield from _numbers(form, rule)
        yield from _vanity(text)


def _spelt_out(value: str) -> Iterator[str]:
    """Yield a text, and the text it stands for where some of it is escaped; with digits of ASCII."""
    text = _in_ascii(value)
    yield text
    plain, layers = text, 0
    while (inner := _unescaped(plain)) != plain and layers < _MOST_LAYERS:
        plain, layers = _in_ascii(inner), layers + 1
    if plain != text:
        yield plain


def _unescaped(text: str) -> str:
    if "%" in text:
        text = unquote(text, errors="replace")
    if "\\" in text:
        text = _ESCAPE.sub(lambda match: chr(min(int(match[match.lastindex or 0], 16), sys.maxunicode)), text)
    return html.unescape(text) if "&" in text else text


class _Digits(dict[int, str]):
    """A table for `str.translate` to ASCII's digits from those of any script, circled ones too."""

    def __missing__(self, point: int) -> str:
        digit = unicodedata.digit(chr(point), None)
        self[point] = chr(point) if digit is None else str(digit)
        return self[point]


_DIGITS = _Digits()


def _in_ascii(text: str) -> str:
    """Return a text with each digit and letter of a telephone as ASCII has it, where it has it."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_DIGITS)


def _counted(text: str) -> Iterator[str]:
    """Yield the whole numbers next to each that is written with a fraction, an exponent or to a base."""
    if any(mark in text for mark in ".eE"):
        for match in _DECIMAL.finditer(text):
            number = Decimal(match[0])
            if not match[0].isdigit() and number.adjusted() < 2 * _LONGEST:
                yield from (str(int(number.to_integral_value(way))) for way in (ROUND_FLOOR, ROUND_CEILING))
    for match in _WRITTEN_TO_A_BASE.finditer(text):
        if len(match[0]) < _CACHED_LENGTH:
            yield str(int(match[0], 0))


def _emergencies(text: str) -> Iterator[str]:
    for segment in dict.fromkeys((text, *_SEGMENTS.split(text), *_WORDS.split(text))):
        digits = "".join(_GROUP.findall(segment))
        if digits in _EMERGENCY:
            yield digits


def _numbers(text: str, rule: _Rule) -> Iterator[str]:
    """Yield the numbers that begin, or end as one of the NANP, at a group of digits.

    They may be cut anywhere: what is dialled beyond a whole number is lost.
    """
    groups = _groups(text)
    digits = "".join(groups)
    if len(digits) < _SHORTEST:
        return
    has_plus = "+" in text
    if rule.knows(digits) and _PUNCTUATED.fullmatch(text):
        yield from _written_out(digits, rule, has_plus=has_plus)
        return
    ends = list(accumulate(map(len, groups)))
    known: set[int] = set()
    for index, start in enumerate([0, *ends[:-1]]):
        here = digits[start : start + _WINDOW]
        cuts = [end - start for end in ends[index : bisect_right(ends, start + _WINDOW)]]
        known.update(start + cut for cut in cuts if rule.knows(here[:cut]))
        yield from _starting(here, cuts, rule, has_plus=has_plus)
    yield from (f"+1{digits[end - 10 : end]}" for end in ends if end >= 10 and end not in known)


def _groups(text: str) -> list[str]:
    groups = _GROUP.findall(text)
    if len(groups) > _MOST_GROUPS:
        raise _TooMuch(f"it holds more than {_MOST_GROUPS} numbers")
    return groups


def _starting(digits: str, cuts: list[int], rule: _Rule, *, has_plus: bool) -> Iterator[str]:
    """Yield the numbers that some digits may begin with. Known ones are not cut but where a group ends."""
    zeros = digits[: len(digits) - len(digits.lstrip("0"))]
    for prefix in dict.fromkeys(("", zeros, *filter(digits.startswith, _PREFIXES))):
        rest = digits.removeprefix(prefix)
        ends = [cut - len(prefix) for cut in cuts if cut > len(prefix)]
        is_known = any(rule.knows(rest[:end]) for end in ends)
        for end in ends if is_known else range(min(len(rest), _LONGEST), _SHORTEST - 1, -1):
            yield from _written_out(rest[:end], rule, has_plus=has_plus)
        if not is_known:
            yield f"+1{rest[:10]}"


def _written_out(digits: str, rule: _Rule, *, has_plus: bool) -> Iterator[str]:
    """Yield what digits may be that are a whole number, with its country or without."""
    # Ten digits are the documented spelling of a number in the plan: nothing else is meant by them.
    documented = rule.plan == "nanp" and not has_plus and rule.knows_national(digits)
    if not documented:
        yield f"+{digits}"
    if not rule.knows(digits):
        yield from (f"+{country}{digits}" for country in rule.countries)


def _vanity(text: str) -> Iterator[str]:
    """Yield the readings with letters as keys of a telephone, where there are enough digits beside them."""
    if not _LETTER.search(text) or sum(map(len, _GROUP.findall(text))) < _FEWEST_BESIDE_LETTERS:
        return
    starts = [0, *(match.start() for match in _GROUP.finditer(text))]
    keys = text.translate(_KEYS)
    pieces = ("".join(_GROUP.findall(keys[start:end])) for start, end in pairwise([*starts, len(keys)]))
    offsets = [0, *accumulate(map(len, pieces))]
    pressed = "".join(_GROUP.findall(keys))
    for digits in dict.fromkeys(pressed[offset : offset + _WINDOW] for offset in offsets):
        if len(digits) >= 10:
            yield f"+1{digits[:10]}"
        if digits.startswith("1"):
            yield f"+{digits[:11]}"
        if len(digits) <= _LONGEST and "+" in text:
            yield f"+{digits}"
        yield from (f"+{digits.removeprefix(prefix)}" for prefix in ("00", "011") if digits.startswith(prefix))
