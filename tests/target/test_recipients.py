from __future__ import annotations

import gzip
import json
import time

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendproof.target.recipients import refusal_of

from .support import PROVIDERS

FLOW, LINE = PROVIDERS["textflow"], PROVIDERS["textingline"]
REAL, MINE = "+12012661234", "+12012667777"
ALLOWED = frozenset({MINE})


def test_the_number_of_these_tests_could_be_dialled() -> None:
    assert phonenumbers.is_valid_number(phonenumbers.parse(REAL))


REACHING: dict[str, bytes] = {
    "plain": b'{"to": "+12012661234"}',
    "ten digits": b'{"to": "2012661234"}',
    "formatted": b'{"to": "(201) 266-1234"}',
    "duplicate, first": b'{"to": "+12012661234", "to": "+12012667777"}',
    "duplicate, last": b'{"to": "+12012667777", "to": "+12012661234"}',
    "nested": b'{"a": [{"to": "+12012661234"}]}',
    "other case of the name": b'{" To": "+12012661234"}',
    "in a list": b'{"to": ["+12012667777", "+12012661234"]}',
    "in an object": b'{"to": {"number": "+12012661234"}}',
    "as a name": b'{"to": {"+12012661234": 1}}',
    "number": b'{"to": 12012661234}',
    "fraction": b'{"to": 12012661234.0}',
    "exponent": b'{"to": 1.2012661234e10}',
    "shifted": b'{"to": 120126612340e-1}',
    "escaped": b'{"to": "\\u002b\\u0031\\u0032012661234"}',
    "full width": '{"to": "＋１２０１２６６１２３４"}'.encode(),
    "arabic digits": '{"to": "+١٢٠١٢٦٦١٢٣٤"}'.encode(),
    "letters": b'{"to": "1-201-AMN-1234"}',
    "over-long": b'{"to": "+120126612349"}',
    "over-long ten": b'{"to": "20126612349999"}',
    "behind a prefix": b'{"to": "0012012661234"}',
    "behind 011": b'{"to": "011442079460958"}',
    "two": b'{"to": "+12012667777,+12012661234"}',
    "three": b'{"to": "+12012667777 +12012661234 +12012667777"}',
    "extension": b'{"to": "+12012661234;ext=5"}',
    "tel": b'{"to": "tel:+1-201-266-1234"}',
    "zero width": '{"to": "+1201\u200b2661234"}'.encode(),
    "emergency": b'{"to": "911"}',
    "elsewhere": b'{"to": "+442079460958"}',
    "utf-16": '{"to": "+12012661234"}'.encode("utf-16"),
    "cut off": b'{"to": "+12012661234", "message": "h',
    "cut off, escaped": b'{"to": "+1201\\u0032661234"',
    "form": b"to=%2B12012661234&message=hi",
    "form, ten digits": b"to=2012661234",
    "trailing comma": b'{"to": "+12012667777", "cc": "(201) 266-1234",}',
    "latin-1": b'{"to": "+12012661234", "message": "\xff"}',
    "deep": b"[" * 100_000 + b'{"to": "+12012661234"}',
    "packed": gzip.compress(b'{"to": "+12012661234"}'),
    "list of texts": b'["+12012661234"]',
    "text": b'"+12012661234"',
}


@pytest.mark.parametrize("body", REACHING.values(), ids=REACHING)
@pytest.mark.parametrize("provider", [FLOW, LINE], ids=["textflow", "textingline"])
def test_request_that_might_reach_a_stranger_is_refused(body: bytes, provider: object) -> None:
    assert refusal_of(body, provider, ALLOWED)  # type: ignore[arg-type]  # both are providers


HARMLESS: dict[str, bytes] = {
    "allowed": b'{"to": "+12012667777"}',
    "allowed, ten digits": b'{"to": "2012667777"}',
    "allowed, eleven digits": b'{"to": "12012667777"}',
    "allowed, formatted": b'{"to": "(201) 266-7777"}',
    "allowed and longer": b'{"to": "+120126677771"}',
    "allowed and shorter": b'{"to": "+1201266777"}',
    "fiction": b'{"to": "+12125550142"}',
    "undialable": b'{"to": "+15551234567"}',
    "words": b'{"to": "not-a-phone-number"}',
    "empty": b'{"to": ""}',
    "null": b'{"to": null}',
    "flag": b'{"to": true}',
    "absent": b"{}",
    "sender": b'{"to": "+12012667777", "from": "+12012661234"}',
    "text": b'{"to": "+12012667777", "message": "call +12012661234"}',
    "cut off": b'{"to": "+12012667777", "mess',
    "cut off with own sender": b'{"to": "+12012667777", "from": "+12012669999',
    "no content": b"",
    "not packed": b"\x1f\x8b broken",
}


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
def test_request_that_reaches_nobody_else_is_let_through(body: bytes) -> None:
    assert refusal_of(body, FLOW, ALLOWED, frozenset({"+12012669999"})) is None


def test_toll_free_numbers_are_no_fiction() -> None:
    assert refusal_of(b'{"to": "+18005550142"}', FLOW, ALLOWED)


@given(
    st.from_regex(r"2012661\d{3}", fullmatch=True),
    st.lists(st.sampled_from(["", " ", "-", ".", "(", ")", "\u2009", "/", "\t"]), min_size=11, max_size=11),
    st.sampled_from(["", "1", "+1", "+", "001", "tel:"]),
)
def test_no_spelling_of_a_stranger_gets_through(digits: str, gaps: list[str], prefix: str) -> None:
    spelled = prefix + "".join(gap + digit for gap, digit in zip(gaps, [*digits, ""], strict=True))
    body = json.dumps({"to": spelled, "message": "hi"}).encode()
    assert refusal_of(body, LINE, frozenset())


@given(st.binary() | st.recursive(st.text() | st.floats(), st.lists).map(lambda v: json.dumps({"to": v}).encode()))
@settings(max_examples=40)
def test_any_bytes_can_be_asked_about(body: bytes) -> None:
    refusal_of(body, FLOW, ALLOWED)


def test_usual_request_is_decided_quickly() -> None:
    body = json.dumps({"to": MINE, "from": REAL, "message": "hello " * 20}).encode()
    best = min(_timed(body) for _ in range(5))
    assert best < 250e-6


def _timed(body: bytes) -> float:
    start = time.perf_counter()
    for _ in range(200):
        refusal_of(body, FLOW, ALLOWED)
    return (time.perf_counter() - start) / 200
