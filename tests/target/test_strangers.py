"""No request of any kind reaches a stranger: generated ones, and every case of the corpora.

What a number is, is judged here by the ways in which it was written, or by a plain reading of
digits, and never by the readings of the door itself.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import permutations
from typing import Any
from urllib.parse import quote, urlencode

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from sendproof.contract.model import load_contract
from sendproof.contract.provider import Provider
from sendproof.corpus.build import load_corpus
from sendproof.corpus.case import Case
from sendproof.mock import accounts
from sendproof.mock.profiles import profile as mock_profile
from sendproof.target.binding import BoundRequest, RecipientGuard, Unbindable
from sendproof.target.profile import Profile
from sendproof.target.recipients import Withheld, refusal_of

from .support import NONCE, PROVIDERS, profile_of

MINE = ("+12012667777", "+13122667788", "+442079461808")
SENDERS = ("+14152669999", "+13125559868")
ALLOWED, OWN_SENDERS = frozenset(MINE), frozenset(SENDERS)

_FICTIONAL = re.compile(r"\+1[2-7][0-9]{2}55501[0-9]{2}|\+1[89](?!00|22|33|44|55|66|77|88)[0-9]{2}55501[0-9]{2}")
_AREAS = ("201", "212", "312", "415", "604", "787", "876", "907")
_REGIONS = (
    *("AR", "AT", "AU", "BE", "BR", "CH", "CL", "CN", "CZ", "DE", "DK", "EG", "ES", "FI", "FR", "GB", "GR", "HK"),
    *("ID", "IE", "IL", "IN", "IS", "IT", "JP", "KE", "KR", "LU", "MX", "MY", "NG", "NL", "NO", "NZ", "PH", "PK"),
    *("PL", "PT", "RO", "RU", "SA", "SE", "SG", "TH", "TR", "TW", "UA", "VN", "ZA"),
)
_TYPES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


@cache
def is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def is_strange(number: str, friends: frozenset[str] = ALLOWED) -> bool:
    """Whether a number in E.164 is somebody's whom nobody named."""
    return number not in friends and not _FICTIONAL.fullmatch(number) and is_valid(number)


def refused(body: bytes, senders: frozenset[str] = OWN_SENDERS) -> bool:
    """Whether the door refuses a request of either provider."""
    return all(refusal_of(body, provider, ALLOWED, senders) for provider in PROVIDERS.values())


# --- Strangers ---


def americans() -> SearchStrategy[str]:
    return st.builds(_american, st.sampled_from(_AREAS), st.integers(2_000_000, 9_999_999))


def _american(area: str, rest: int) -> str:
    number = f"+1{area}{rest}"
    return number if is_strange(number) else "+12012661234"


@cache
def examples() -> tuple[str, ...]:
    """Return one real number of each kind of each country."""
    found = (phonenumbers.example_number_for_type(region, kind) for region in _REGIONS for kind in _TYPES)
    return tuple(f"+{item.country_code}{phonenumbers.national_significant_number(item)}" for item in found if item)


def foreigners() -> SearchStrategy[str]:
    return st.builds(_foreigner, st.sampled_from(examples()), st.integers(0, 999))


def _foreigner(example: str, rest: int) -> str:
    """Return an example with other last digits, where that is a number too."""
    number = f"{example[:-3]}{rest:03}"
    return number if is_strange(number) else example


def strangers() -> SearchStrategy[str]:
    return americans() | americans() | foreigners()


def test_strangers_are_strange() -> None:
    assert all(map(is_strange, examples()))
    assert not any(map(is_strange, MINE))


# --- Spellings ---

_GAPS = ("", " ", "-", ".", "/", "_", ",", "\t", "\u00a0", "\u2009", "\u200b", "\u2011", "\u2013", "·", "(", ")", "|")
_ZEROS = ("0", "０", "٠", "۰", "०", "𝟎", "𝟶", "⁰", "₀", "๐")
_KEYS = {"2": "aBc", "3": "DeF", "4": "gHi", "5": "JkL", "6": "mNo", "7": "PqRs", "8": "tUv", "9": "WxYz"}
_TAILS = ("", "", " ", "\n", "\0", ";ext=5", " x12", "#5", ",,12", " ext. 7", ".0", "0", "42", "/", "\u200f")
_FRONTS = ("", "", " ", "tel:", "sms:", "to ", "\u200e", '"', "<", "no. ", "Ann 7: ")


def spelled() -> SearchStrategy[str]:
    """Draw a stranger's number in one of the ways in which it may be written."""
    scripts, gaps = st.sampled_from(["0", "0", *_ZEROS]), st.integers(0, 2**16 - 1)
    ends = st.sampled_from(_FRONTS), st.sampled_from(_TAILS)
    return st.builds(_spelled, strangers(), st.integers(0, 15), st.sampled_from(_GAPS), gaps, scripts, *ends)


def _spelled(number: str, which: int, gap: str, places: int, zero: str, front: str, tail: str) -> str:
    """Return a number with a gap behind each digit whose bit is in `places`."""
    heads = _heads(number)
    head, digits = heads[which % len(heads)]
    written = (_digit(zero, int(digit)) + gap * (places >> index & 1) for index, digit in enumerate(digits))
    return front + head + "".join(written) + tail


def _heads(number: str) -> list[tuple[str, str]]:
    """Return what may stand before the digits of a number, and these digits."""
    digits = number[1:]
    heads = [(head, digits) for head in ("+", "00", "011", "+00", "(+", "＋", "0011 ", "00 ", "011-", "")]
    if digits.startswith("1"):
        return [*heads, ("", digits[1:]), ("(", digits[1:]), ("+", digits[1:]), ("0", digits[1:]), ("1 ", digits)]
    country = str(phonenumbers.parse(number).country_code)
    rest = digits.removeprefix(country)
    return [*heads, (f"+{country} (0)", rest) if country in {"44", "49", "33"} else (f"+{country} ", rest)]


def _digit(zero: str, digit: int) -> str:
    """Return a digit of the script of `zero`; superscripts do not follow each other."""
    scripts = {"⁰": "⁰¹²³⁴⁵⁶⁷⁸⁹"}
    return scripts[zero][digit] if zero in scripts else chr(ord(zero) + digit)


def lettered() -> SearchStrategy[str]:
    """Draw a stranger's number with letters as the keys of a telephone for its last digits."""
    fronts = st.sampled_from(["", "tel:", "dial ", "(1) "])
    return st.builds(_lettered, americans(), st.integers(0, 3), st.integers(1, 7), st.integers(0, 11), fronts)


def _lettered(number: str, which: int, count: int, key: int, front: str) -> str:
    digits = (number, number[1:], number[2:], f"{number[1:5]}-{number[5:]}")[which]
    letters = "".join(_KEYS[d][key % len(_KEYS[d])] if d in _KEYS else d for d in digits[-count:])
    return front + digits[:-count] + "-" * (key % 2) + letters


def encodings(text: str) -> dict[str, str]:
    """Return the ways in which a service that decodes too much would still read a text."""
    return {
        "percent": quote(text, safe=""),
        "every byte": "".join(f"%{byte:02X}" for byte in text.encode()),
        "percent twice": quote(quote(text, safe=""), safe=""),
        "entities": "".join(f"&#{ord(c)};" for c in text),
        "hexadecimal entities": "".join(f"&#x{ord(c):x};" for c in text),
        "escapes": "".join(f"\\u{ord(c):04x}" for c in text),
        "short escapes": "".join(f"\\x{ord(c):02x}" for c in text),
    }


@pytest.mark.slow
@given(spelled(), st.booleans())
@settings(max_examples=1_200)
def test_stranger_in_any_spelling_is_refused(value: str, is_escaped: bool) -> None:
    assert refused(json.dumps({"to": value, "message": "hi"}, ensure_ascii=is_escaped).encode())


@pytest.mark.slow
@given(lettered())
@settings(max_examples=500)
def test_stranger_in_letters_is_refused(value: str) -> None:
    assert refused(json.dumps({"to": value}).encode())


@pytest.mark.slow
@given(strangers(), st.sampled_from(sorted(encodings(""))))
@settings(max_examples=500)
def test_stranger_in_an_encoding_is_refused(number: str, name: str) -> None:
    assert refused(json.dumps({"to": encodings(number)[name]}).encode())


def literals(number: str) -> dict[str, str]:
    """Return the ways in which JSON writes a number that is a stranger's."""
    digits = number[1:]
    return {
        "integer": digits,
        "negative": f"-{digits}",
        "fraction": f"{digits}.0",
        "exponent": f"{digits[0]}.{digits[1:]}e{len(digits) - 1}",
        "plus": f"{digits[0]}.{digits[1:]}E+{len(digits) - 1}",
        "shifted": f"{digits}000e-3",
        "small": f"0.000{digits}e{len(digits) + 3}",
        "almost": f"{int(digits) - 1}.9999",
        "beyond": f"{digits}99",
        "no fraction": f"{digits}e0",
    }


@pytest.mark.slow
@given(
    strangers(), st.sampled_from(sorted(literals(MINE[0]))), st.sampled_from(["%s", "[%s]", '{"number":%s}', '"%s"'])
)
@settings(max_examples=500)
def test_stranger_as_a_number_of_json_is_refused(number: str, name: str, place: str) -> None:
    assert refused(b'{"to":%s}' % (place % literals(number)[name]).encode())


@pytest.mark.parametrize("text", ["0x2cc02a9f2", "0X2CC02A9F2", " 0x2cc02a9f2 ", "0o131400524762"])
def test_stranger_to_another_base_is_refused(text: str) -> None:
    assert is_strange(f"+{int(text, 0)}")
    assert refused(json.dumps({"to": text}).encode())


# --- Places in JSON ---

_JOINTS = (",", ";", " ", ", ", "\n", "|", "/", " and ", "\0", "\u200b", "&", "")


@pytest.mark.slow
@given(
    strangers(),
    st.sampled_from(list(permutations(MINE))),
    st.integers(0, 3),
    st.sampled_from(_JOINTS),
    st.sampled_from([0, 1]),
)
@settings(max_examples=600)
def test_stranger_among_own_numbers_is_refused(
    number: str, own: tuple[str, ...], at: int, joint: str, cut: int
) -> None:
    written = [item[cut:] if joint else item for item in (*own[:at], number, *own[at:])]
    assert refused(json.dumps({"to": joint.join(written)}).encode())


def wrapped(value: Any) -> dict[str, Any]:
    """Return messages that hold a value as their recipient, each in its own place."""
    mine = MINE[0]
    return {
        "list": {"to": [mine, value]},
        "object": {"to": {"type": "mobile", "number": value}},
        "list of objects": {"to": [{"number": mine}, {"number": value}]},
        "deep": {"to": [[[[value]]]]},
        "name": {"to": {value: True}},
        "split": {"to": [value[:4], value[4:]]},
        "members": {"to": {"area": value[:5], "line": value[5:]}},
        "wrapped": {"data": [{"message": {"to": value}}]},
        "list of messages": [{"to": mine}, {"to": value}],
        "text": json.dumps({"to": value}),
        "list of texts": ["x", value],
        "texts in lists": [["x", [value]]],
        "text alone": value,
        "capitals": {"TO": value},
        "spaces": {" to\t": value},
        "full width": {"ｔｏ": value},
        "unseen": {"t\u200bo": value},
        "nul": {"to\0": value},
        "brackets": {"to[]": value},
        "index": {"to[0]": value},
        "path": {"to.number": value},
        "form": {"message": f"x&to={value}&y"},
    }


@pytest.mark.slow
@given(
    strangers(),
    st.sampled_from(sorted(wrapped("+10"))),
    st.sampled_from([None, 2]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=800)
def test_stranger_anywhere_in_a_message_is_refused(number: str, place: str, indent: int | None, charset: str) -> None:
    assert refused(json.dumps(wrapped(number)[place], indent=indent).encode(charset))


@pytest.mark.slow
@given(strangers(), st.sampled_from(MINE), st.booleans(), st.sampled_from(["to", "To", "TO", " to "]))
@settings(max_examples=400)
def test_stranger_in_a_repeated_member_is_refused(number: str, own: str, is_first: bool, name: str) -> None:
    members = [f'"to":"{own}"', f'"{name}":"{number}"']
    assert refused(("{" + ",".join(members[::-1] if is_first else members) + "}").encode())


# --- Other documents ---


def _sound(value: str) -> str:
    return json.dumps({"from": SENDERS[0], "to": value, "message": "hi"}, ensure_ascii=False)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _each(template: str, value: str) -> str:
    """Return a text with each of its characters written by its code point."""
    return "".join(template.format(ord(c)) for c in value)


def _overlong(value: str) -> bytes:
    """Return a text in what is no UTF-8: two bytes for each character of ASCII."""
    return bytes(part for c in value.encode() for part in ((0xC0 | c >> 6, 0x80 | c & 0x3F) if c < 128 else (c,)))


_OWN = json.dumps({"to": MINE[0]})
DOCUMENTS: dict[str, Callable[[str], str | bytes]] = {
    "cut": lambda value: _sound(value)[:-9],
    "cut in the name behind": lambda value: _sound(value).partition("sage")[0],
    "open": lambda value: _sound(value)[:-1],
    "trailing garbage": lambda value: _sound(value) + "}",
    "two": lambda value: _OWN + _sound(value),
    "lines": lambda value: _OWN + "\n" + _sound(value),
    "behind nul": lambda value: _OWN + "\0" + _sound(value),
    "comment": lambda value: _sound(value)[:-1] + "/* note */}",
    "line comment": lambda value: "// note\n" + _sound(value),
    "trailing comma": lambda value: _sound(value)[:-1] + ",}",
    "single quotes": lambda value: _sound(value).replace('"', "'"),
    "no quotes": lambda value: f"to: {value}, from: {SENDERS[0]}",
    "names unquoted": lambda value: f"{{to:{_quoted(value)}}}",
    "raw control": lambda value: f'{{"to":{_quoted(value)},"message":"a\nb"}}',
    "quotes inside": lambda value: '{"to":"' + '\\"'.join(value) + '",}',
    "form": lambda value: urlencode({"to": value, "from": SENDERS[0]}),
    "form as it is": lambda value: f"from={SENDERS[0]}&to={value}",
    "form of lists": lambda value: urlencode({"to[]": value}),
    "xml": lambda value: f"<sms><from>{SENDERS[0]}</from><to>{value}</to></sms>",
    "xml attribute": lambda value: f"<sms to={_quoted(value)}/>",
    "xml in pieces": lambda value: f"<to>{value[:6]}<!-- x -->{value[6:]}</to>",
    "xml entities": lambda value: f"<to>{_each('&#{};', value)}</to>",
    "multipart": lambda value: f'--b\r\nContent-Disposition: form-data; name="to"\r\n\r\n{value}\r\n--b--\r\n',
    "yaml": lambda value: f"to: {_quoted(value)}\nfrom: '{SENDERS[0]}'\n",
    "lines of text": lambda value: f"{MINE[0]}\n{value}\n",
    "nul inside": lambda value: '{"to":"' + "\0".join(value) + '"}',
    "escapes": lambda value: '{"to":"' + _each("\\u{:04x}", value) + '",}',
    "short escapes": lambda value: (
        '{"to":"' + "".join(_each("\\x{:02x}", c) if ord(c) < 256 else c for c in value) + '"}'
    ),
    "braced escapes": lambda value: '{"to":"' + _each("\\u{{{:x}}}", value) + '"}',
    "not utf-8": lambda value: _sound(value).encode()[:-1] + b',"x":"\xff"}',
    "overlong": lambda value: b'{"to":"' + _overlong(value) + b'"}',
    "utf-16": lambda value: (_sound(value) + ",").encode("utf-16"),
    "utf-16-le": lambda value: (_sound(value) + ",").encode("utf-16-le"),
    "utf-16-be": lambda value: (_sound(value) + ",").encode("utf-16-be"),
    "utf-32": lambda value: (_sound(value) + ",").encode("utf-32"),
}
"""Bodies that are no JSON, or hardly, and hold a value as their recipient."""


def document(name: str, value: str) -> bytes:
    made = DOCUMENTS[name](value)
    return made if isinstance(made, bytes) else made.encode()


def readable() -> SearchStrategy[str]:
    """Draw a stranger's number in one of the spellings that stay the same in any document."""
    return st.builds(_readable, strangers(), st.integers(0, 5))


def _readable(number: str, which: int) -> str:
    full = "".join(chr(ord("０") + int(digit)) for digit in number[1:])
    spaced = f"+{number[1:4]} {number[4:7]}-{number[7:]}"
    return (number, f"00{number[1:]}", f"＋{full}", full, spaced, number[1:])[which]


@pytest.mark.slow
@given(readable(), st.sampled_from(sorted(DOCUMENTS)))
@settings(max_examples=1_200)
def test_stranger_in_another_document_is_refused(value: str, name: str) -> None:
    assert refused(document(name, value))


@pytest.mark.slow
@given(americans(), st.sampled_from(["%s", "(%s", "1/%s", "dial_%s"]), st.integers(3, 9), st.sampled_from("/_,·|"))
@settings(max_examples=400)
def test_stranger_with_odd_gaps_in_another_document_is_refused(number: str, front: str, cut: int, gap: str) -> None:
    value = front % (number[2:cut] + gap + number[cut:])
    assert refused(json.dumps({"to": value}).encode()[:-1] + b",}")


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "deflate": lambda data: zlib.compress(data, wbits=-15),
    "base64": base64.b64encode,
    "base64 of urls": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "base64 in lines": base64.encodebytes,
    "gzip, cut": lambda data: gzip.compress(data)[:-6],
    "gzip, second part": lambda data: gzip.compress(b'{"a":1}') + gzip.compress(data),
    "gzip twice": lambda data: gzip.compress(gzip.compress(data)),
    "gzip in base64": lambda data: base64.b64encode(gzip.compress(data)),
    "percent": lambda data: quote(data, safe="").encode(),
    "percent twice": lambda data: quote(quote(data, safe=""), safe="").encode(),
}


@pytest.mark.slow
@given(strangers(), st.sampled_from(sorted(PACKERS)), st.sampled_from(["{}", '{{"to":"{}"}}', "to={}"]))
@settings(max_examples=400)
def test_stranger_in_a_packed_body_is_refused(number: str, packer: str, place: str) -> None:
    assert refused(PACKERS[packer](place.format(number).encode()))


def test_body_that_unpacks_without_end_is_refused() -> None:
    assert refused(gzip.compress(b" " * (4 << 20)))


def test_text_of_more_numbers_than_can_be_read_is_refused() -> None:
    assert refused(json.dumps({"to": " 1" * 5_000}).encode())


# --- Anything at all ---


def plain_readings(text: str, *, country: str = "1") -> Iterator[str]:
    """Yield what the simplest services read: all digits of a text as they are, or as a national number."""
    digits = "".join(re.findall(r"[0-9]", unicodedata.normalize("NFKC", text)))
    yield f"+{digits}"
    if len(digits) == 10:
        yield f"+{country}{digits}"


def recipients_of(body: bytes, field: str) -> list[str]:
    """Return the texts that stand in the recipient's field of a body; of no JSON, all its runs of digits."""
    found: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.extend(str(value) for name, value in pairs if name.lower() == field and isinstance(value, (str, int)))
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=members, parse_float=str)
    except (ValueError, RecursionError):
        return re.findall(r"\+?[0-9](?:[ ().-]{0,2}[0-9])*", body.replace(b"\0", b"").decode("utf-8", "replace"))
    return found


def strange_readings(body: bytes, field: str, friends: frozenset[str]) -> list[str]:
    readings = (number for text in recipients_of(body, field) for number in plain_readings(text))
    return [number for number in readings if is_strange(number, friends)]


_NOISE = st.text(st.sampled_from("+-.() /,;:abxyz\n\0\u200b"), max_size=3)
_DIGITS = st.integers(0, 10**14).map(str) | strangers().map(lambda number: number[1:])


@pytest.mark.slow
@given(st.lists(st.tuples(_NOISE, _DIGITS), max_size=3).map(lambda parts: "".join(map("".join, parts))), _NOISE)
@settings(max_examples=600)
def test_text_with_a_stranger_in_a_plain_reading_is_refused(text: str, tail: str) -> None:
    body = json.dumps({"to": text + tail}).encode()
    assert refused(body) or not strange_readings(body, "to", ALLOWED)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**15) | st.floats() | st.text(max_size=8) | strangers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["to", "TO", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.slow
@given(_VALUES, st.integers(0, 4))
@settings(max_examples=500)
def test_message_with_a_stranger_in_a_plain_reading_is_refused(value: Any, cut: int) -> None:
    whole = json.dumps(value).encode()
    body = whole[: len(whole) - cut]
    assert refused(body) or not strange_readings(body, "to", ALLOWED | OWN_SENDERS)


@pytest.mark.slow
@given(st.binary(max_size=40), strangers(), st.binary(max_size=40))
@settings(max_examples=300)
def test_bytes_with_a_stranger_in_a_plain_reading_are_refused(before: bytes, number: str, after: bytes) -> None:
    body = before + b" " + number.encode() + b" " + after
    assert refused(body) or not strange_readings(body, "to", ALLOWED | OWN_SENDERS)


# --- Those who are no strangers ---


def documented(number: str) -> list[str]:
    """Return the spellings that the two documents name, as far as a number has them."""
    area, exchange, line = number[2:5], number[5:8], number[8:]
    spellings = [number, number[1:], number[2:], f"({area}) {exchange}-{line}"]
    return spellings if number.startswith("+1") else [number]


def fictional() -> SearchStrategy[str]:
    return st.builds("+1{}55501{:02}".format, st.sampled_from(_AREAS), st.integers(0, 99))


@given(fictional() | st.sampled_from(MINE), st.integers(0, 3), st.sampled_from(SENDERS))
@settings(max_examples=600)
def test_documented_spelling_of_no_stranger_passes(number: str, spelling: int, sender: str) -> None:
    value = documented(number)[spelling % len(documented(number))]
    body = json.dumps({"to": value, "from": sender, "message": "call +12012661234"}).encode()
    assert refusal_of(body, PROVIDERS["textflow"], ALLOWED, OWN_SENDERS) is None


@given(fictional() | st.sampled_from(MINE), st.integers(0, 3), st.sampled_from(SENDERS))
@settings(max_examples=200)
def test_own_number_in_a_broken_document_passes(number: str, spelling: int, sender: str) -> None:
    value = documented(number)[spelling % len(documented(number))]
    body = json.dumps({"to": value, "from": sender, "message": "hi"}).encode()
    for broken in (
        body[:-1],
        body + b"}",
        body[:-1] + b",}",
        json.dumps(body.decode()).encode(),
        b"\xef\xbb\xbf" + body,
    ):
        assert refusal_of(broken, PROVIDERS["textflow"], ALLOWED, OWN_SENDERS) is None


# --- Every case of the corpora ---

_ACCOUNT = {"senders": list(SENDERS), "recipients": ["+12012667777", "+13122667788", "+16042667799"]}
_NUMBERS: dict[accounts.Provider, dict[str, Any]] = {
    "textflow": {"unknown_sender": "+14152661111", "inactive_sender": "+14152661112"},
    "textingline": {
        "unassigned_sender": "+14152661111",
        "inactive_sender": "+14152661112",
        "failing_recipients": {cause: f"+1312266{line}" for line, cause in enumerate(accounts.ERROR_TYPES, start=7000)},
    },
}
"""Real numbers all, so that no case passes because its own are fictional."""


def profile_to(name: accounts.Provider) -> Profile:
    fixtures: Any = mock_profile(name, "http://127.0.0.1:1")["fixtures"]
    return profile_of(name, account=_ACCOUNT, fixtures={**fixtures, **_NUMBERS[name]})


def answer(guard: RecipientGuard, case: Case) -> BoundRequest | str:
    try:
        return guard.bound(case, NONCE)
    except (Unbindable, Withheld) as error:
        return type(error).__name__


@pytest.mark.slow
@pytest.mark.parametrize("name", accounts.PROVIDERS)
def test_no_case_of_the_corpus_reaches_a_stranger(name: accounts.Provider) -> None:
    provider: Provider = PROVIDERS[name]
    profile = profile_to(name)
    guard, reachable, senders = RecipientGuard(profile, provider), profile.reachable, frozenset(profile.senders)
    cases = load_corpus(load_contract(name), seed=0, max_examples=400).cases
    outcomes: Counter[str] = Counter()
    for case in cases:
        bound = answer(guard, case)
        outcomes[bound if isinstance(bound, str) else "admitted"] += 1
        if not isinstance(bound, str):
            friends = reachable if _is_json(bound.body) else reachable | senders
            assert not strange_readings(bound.body, provider.fields["recipient"], friends), case.id
            assert case.query == "", "a query could name a recipient, and the door does not read it"
    assert outcomes["Withheld"] == guard.withheld
    assert outcomes["admitted"] > 0.9 * len(cases)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
