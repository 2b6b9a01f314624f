from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.target.phone_numbers import is_reserved, masked
from sendproof.target.pseudonyms import Pseudonyms, SentText

from .support import profile_of

ACCOUNT = {
    "senders": ["+14152370171", "+447911876543"],
    "recipients": ["+14152370172", "+12025550123", "+13102740172"],
    "default_sender": "+14152370171",
}
PROFILE = profile_of("textflow", account=ACCOUNT)
STAND_INS = Pseudonyms(PROFILE)
REAL = ("+14152370171", "+447911876543", "+14152370172", "+13102740172")


@pytest.mark.parametrize("number", REAL)
def test_stand_in_has_the_country_the_length_and_the_end_of_a_number_and_is_nobodys(number: str) -> None:
    shown = STAND_INS.number(number)
    assert (len(shown), shown[-2:], shown[:2]) == (len(number), number[-2:], number[:2])
    assert shown != number
    assert is_reserved(shown) or not phonenumbers.is_valid_number(phonenumbers.parse(shown, None))


def test_stand_ins_differ() -> None:
    assert len({STAND_INS.number(number) for number in REAL}) == len(REAL)


def test_number_that_is_reserved_stands_for_itself() -> None:
    assert STAND_INS.number("+12025550123") == "+12025550123"


@pytest.mark.parametrize(
    ("spelled", "shown"),
    [
        ("+14152370172", "+12025550172"),
        ("14152370172", "12025550172"),
        ("4152370172", "2025550172"),
        ("(415) 237-0172", "(202) 555-0172"),
        ("415.237.0172", "202.555.0172"),
        ("415237017", "202555017"),
        ("+141523701729", "+120255501729"),
    ],
)
def test_number_of_the_profile_is_replaced_in_its_spelling(spelled: str, shown: str) -> None:
    assert STAND_INS.request(f'{{"to": "{spelled}"}}'.encode()) == f'{{"to": "{shown}"}}'.encode()
    assert STAND_INS.answer(f'{{"to": "{spelled}"}}'.encode(), b"") == f'{{"to": "{shown}"}}'.encode()


KEPT = {
    "a time": '"2026-11-22 11:33:44.123456"',
    "a time in basic form": '"20261122113344"',
    "seconds since the epoch": "1763811224",
    "milliseconds since the epoch": "1763811224123",
    "an id": '"msg_20125550199887766"',
    "a fictional number": '"+13035550199"',
    "a long id": '"12345678901234567890"',
    "a number of the corpus": '"+1202555014"',
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_is_no_number_of_anybody_stays(text: str) -> None:
    assert STAND_INS.answer(text.encode(), b'{"to":"1202555014"}') == text.encode()


@pytest.mark.parametrize("text", ["+13038675309", "(303) 867-5309", "303-867-5309", "3038675309", "+33612345678"])
def test_number_of_a_stranger_is_replaced_in_answers(text: str) -> None:
    shown = STAND_INS.answer(f'"{text}"'.encode(), b"").decode()
    assert re.sub(r"\D", "", text)[2:-2] not in re.sub(r"\D", "", shown)
    assert len(shown) == len(text) + 2
    assert shown.endswith(f'{text[-2:]}"')


# What stands for numbers is nobody's, and none of these.
_SOMEBODYS = st.builds("+1{}{}".format, st.sampled_from(["201", "312", "415"]), st.integers(2_000_000, 5_549_999))
_SOMEBODYS |= st.integers(0, 99_999_999).map("+4479{:08}".format)


@given(st.lists(_SOMEBODYS, max_size=30, unique=True))
def test_two_numbers_never_become_one(numbers: list[str]) -> None:
    pseudonyms = Pseudonyms(PROFILE)
    assert len({pseudonyms.number(number) for number in numbers}) == len(numbers)


def test_number_of_a_network_whose_numbers_are_all_somebodys_has_a_stand_in_too() -> None:
    pseudonyms = Pseudonyms(PROFILE)
    made = {pseudonyms.number(f"+8815930902{end}") for end in range(70, 80)}
    assert {(number[:4], len(number)) for number in made} == {("+999", 13)}
    assert len(made) == 10


@given(st.binary(max_size=200))
def test_any_content_keeps_its_length(data: bytes) -> None:
    assert len(STAND_INS.answer(data, b"")) == len(data)
    assert len(STAND_INS.request(data)) == len(data)


def test_account_has_stand_ins_for_numbers_and_texts() -> None:
    profile = profile_of("textingline", account={"senders": REAL[:1], "recipients": REAL[2:]})
    account = Pseudonyms(profile).account(profile.account())
    assert not set(REAL) & {*account.senders, *account.recipients}
    assert set(account.texts) == {"[noncompliant_body]", "[unsupported_body]"}


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+14152370172", "+1********72"), ("+12025550123", "+12025550123"), ("+447911876543", "+44********43")],
)
def test_number_is_masked_unless_it_is_reserved(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize("answered", ["hello", "  hello ", "HELLO there, you", "", "????"])
def test_text_that_was_made_of_the_requests_is_kept(answered: str) -> None:
    assert SentText("hello there, you").kept(answered) == answered


@pytest.mark.parametrize("sent", ["hello there, you", "", "a"])
def test_text_of_somebody_else_is_not_kept(sent: str) -> None:
    assert SentText(sent).kept("my doctor says it is benign") == "[another text of 27 characters]"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [("Café", "CafÃ©"), ("Zoë", "Zo?"), ("привет", "??????"), ("a & b", "a &amp; b")],
)
def test_what_an_encoding_made_of_the_sent_text_is_kept(sent: str, answered: str) -> None:
    assert SentText(sent).kept(answered) == answered
