"""Refusals of their moment: whose words come and go, and what they then say of their requests."""

from __future__ import annotations

from sendproof.exchange import Credential
from sendproof.judge.refusal_causes import words
from sendproof.judge.verdicts import CONTRADICTED, UNDECIDED, UPHELD, ReasonCode
from tests.judge.support import MAIN, Talk, flow, flow_answer, flow_message, flow_refusal

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
    one, other, third = (words(exchange) for exchange in talk.exchanges)
    assert one == other != third
