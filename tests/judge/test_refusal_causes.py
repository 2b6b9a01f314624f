"""Refusals of their moment, by a limit, a lock-out or a filter, and what is blamed for all others."""

from __future__ import annotations

from typing import Any

from sendproof.contract.model import load_provider
from sendproof.exchange import Credential
from sendproof.judge.refusal_causes import words
from sendproof.judge.verdicts import CONTRADICTED, UNDECIDED, UPHELD, ReasonCode
from tests.judge.support import (
    MAIN,
    OPTED_OUT,
    Talk,
    flow,
    flow_answer,
    flow_message,
    flow_refusal,
    line,
    line_answer,
    line_message,
    line_refusal,
)

MEDIA = {"mediaUrl": "https://example.com/images/promo.jpg"}


def talked(story: str, refusal: Any = None, status: int = 400) -> Talk:
    """Return what was said of different messages, a letter each: accepted in capitals, refused otherwise."""
    talk = line()
    for number, letter in enumerate(story):
        message = line_message(body=letter.lower())
        if letter.isupper():
            talk.say(message, 201, line_answer(number, body=letter.lower()))
        else:
            talk.say(message, status, refusal or line_refusal(33042))
    return talk


def test_limit_of_requests_with_a_code_of_its_own_contradicts_nothing() -> None:
    talk = talked("ABCddeeFGHiijjK")
    assert talk.of(CONTRADICTED) == set()
    reasons = {item.reason for item in talk.findings() if item.clause == "tl.requests.valid-accepted"}
    assert ReasonCode.THROTTLED in reasons


def test_filter_of_duplicates_contradicts_nothing() -> None:
    assert talked("AaaBbbCcc").of(CONTRADICTED) == set()


def test_filter_that_knows_a_text_for_long_contradicts_nothing() -> None:
    talk = line()
    talk.say(line_message(body="é" * 100), 201, line_answer(1, body="é" * 100))
    talk.say(line_message(), 201, line_answer(2))
    for number in range(3):
        talk.say(line_message(body="é" * 100, **MEDIA), 409, line_refusal(33077))
        talk.say(line_message(body=f"{number}", **MEDIA), 201, line_answer(10 + number, body=f"{number}"))
    assert talk.of(CONTRADICTED) == set()


def test_lock_out_of_a_second_contradicts_nothing() -> None:
    assert talked("ABccddeeFG", line_refusal(33050), status=403).of(CONTRADICTED) == set()


def test_refusals_here_and_there_are_red() -> None:
    assert talked("ABcCDEfFGHiIJ").of(CONTRADICTED) == {"tl.requests.valid-accepted"}


def test_documented_code_for_something_else_is_red_at_once() -> None:
    assert talked("AbbBC", line_refusal(33004)).of(CONTRADICTED)


def test_feature_that_is_refused_each_time_is_red() -> None:
    talk = line()
    for number in range(3):
        talk.say(line_message(), 201, line_answer(number))
        talk.say(line_message(body="é" * 100), 400, line_refusal(33042))
    assert talk.of(CONTRADICTED)


def test_what_is_refused_only_together_with_media_is_blamed_on_the_delivery() -> None:
    talk = line()
    failing = {"to": OPTED_OUT}
    failed = {"status": "failed", "errorType": "opted_out", "errorMessage": "They opted out.", "sentAt": ...}
    talk.say(line_message(**MEDIA), 201, line_answer(1))
    talk.say(line_message(**failing), 201, line_answer(2, to=OPTED_OUT, **failed))
    talk.say(line_message(**MEDIA, **failing), 400, line_refusal(33042))
    talk.say(line_message(), 201, line_answer(3))
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(**MEDIA, **failing, body="another"), 400, line_refusal(33042))
    assert len(talk.of(CONTRADICTED)) == 1
    assert talk.of(CONTRADICTED) < {"tl.delivery.accepted", "tl.delivery.cause-opted-out"}


def test_limit_that_two_messages_of_a_kind_meet_contradicts_nothing_once_one_has_passed() -> None:
    talk = line()
    for number, message in enumerate((line_message(**MEDIA, to=OPTED_OUT), line_message())):
        talk.say(message, 400, line_refusal(33042))
        talk.say(message, 400, line_refusal(33042))
        failed = {
            "status": "failed",
            "errorType": "opted_out",
            "errorMessage": "They opted out.",
            "sentAt": ...,
        }
        passed = line_answer(number, to=message["to"], **(failed if message["to"] == OPTED_OUT else {}))
        talk.say(message, 201, passed)
    assert talk.of(CONTRADICTED) == set()


def test_one_script_of_many_is_blamed_on_the_characters_and_named() -> None:
    talk = flow()
    for number in range(4):
        talk.say(flow_message(), 200, flow_answer(number))
    talk.say(flow_message(message="Привет e\u0301 😀"), 200, flow_answer(10))
    talk.say(flow_message(message="cafe\u0301 مرحبا"), 400, flow_refusal("No"))
    talk.say(flow_message(message="cafe\u0301"), 200, flow_answer(11))
    talk.say(flow_message(message="مرحبا"), 400, flow_refusal("No"))
    talk.say(flow_message(), 200, flow_answer(12))
    talk.say(flow_message(message="مرحبا"), 400, flow_refusal("No"))
    assert talk.of(CONTRADICTED) == {"tf.requests.message-non-latin"}
    said = [item.observed for item in talk.findings() if item.kind == CONTRADICTED]
    assert any("outside ASCII: arabic" in text for text in said)


WRONG = Credential(fault="unknown")
LOCKED = flow_refusal("Locked for a while")
INVALID_KEY = flow_refusal("Invalid or inactive API key")
NO_RECIPIENT = flow_refusal("Recipient phone number (to) is required")


def asked(*answers: tuple[Credential, int, dict[str, object]]) -> Talk:
    """Return what was said to the same message with each of some credentials."""
    talk = flow()
    for credential, status, answer in answers:
        talk.say(flow_message(), status, answer, credential=credential)
    return talk


def of_wrong_key(talk: Talk, number: int) -> set[str]:
    """Return the kinds of what the exchange of a number, from 1, says of texts, codes and status."""
    return {
        item.kind for item in talk.findings() if item.exchange == f"x{number}" and item.clause.startswith("tf.errors.")
    }


def test_words_of_a_valid_message_that_passes_later_say_nothing_of_another_request() -> None:
    talk = asked((WRONG, 401, INVALID_KEY), (WRONG, 401, LOCKED), (MAIN, 401, LOCKED), (MAIN, 200, flow_answer(1)))
    assert CONTRADICTED not in of_wrong_key(talk, 2)
    reasons = {item.reason for item in talk.findings() if item.exchange == "x2" and item.kind == UNDECIDED}
    assert ReasonCode.THROTTLED in reasons


def test_words_in_whose_place_documented_ones_follow_say_nothing() -> None:
    talk = asked((MAIN, 200, flow_answer(1)), (WRONG, 401, LOCKED), (WRONG, 401, INVALID_KEY))
    assert CONTRADICTED not in of_wrong_key(talk, 2)


def test_words_that_stay_are_the_services_own() -> None:
    talk = asked((MAIN, 200, flow_answer(1)), (WRONG, 401, LOCKED), (WRONG, 401, LOCKED))
    assert CONTRADICTED in of_wrong_key(talk, 2)


def test_documented_words_for_another_cause_stay_contradicted() -> None:
    talk = asked((MAIN, 200, flow_answer(1)), (WRONG, 400, NO_RECIPIENT), (WRONG, 401, INVALID_KEY))
    assert CONTRADICTED in of_wrong_key(talk, 2)


def test_refusal_of_its_moment_upholds_no_promise_that_the_key_is_refused() -> None:
    talk = asked((MAIN, 401, LOCKED), (MAIN, 200, flow_answer(1)), (WRONG, 401, LOCKED))
    upheld = {item.clause for item in talk.findings() if item.exchange == "x3" and item.kind == UPHELD}
    assert not any(clause.startswith("tf.auth.") for clause in upheld)


def test_ids_and_times_are_no_words() -> None:
    talk = flow()
    for answer in (
        {"error": "No", "id": "5f0c2a9e-1b1d-4c7e-9a51-0e8f8b1f2a10", "at": "2026-01-01T10:00:00.123Z"},
        {"error": "No", "id": "0a4c2a9e-7b1d-4c7e-9a51-1e8f8b1f2a11", "at": "2026-01-02T11:30:00.456Z"},
        {"error": "No", "id": "0a4c2a9e-7b1d-4c7e-9a51-1e8f8b1f2a11", "code": 33004},
    ):
        talk.say(flow_message(), 400, answer)
    one, other, third = (words(load_provider("textflow"), exchange) for exchange in talk.exchanges)
    assert one == other != third
