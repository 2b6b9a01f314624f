"""What an answer says: the schema, its relation to the request, refusals, HTTP."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sendproof.exchange import Credential
from sendproof.judge.verdicts import CONTRADICTED, NOT_APPLICABLE, OBSERVED, UPHELD, RunFacts, verdicts
from tests.judge.support import (
    FOREIGN,
    INACTIVE,
    OPTED_OUT,
    SECOND,
    SENDER,
    failed_answer,
    flow,
    flow_answer,
    flow_message,
    flow_refusal,
    line,
    line_answer,
    line_message,
    line_refusal,
)

LINE_ANSWERS = [
    ({"id": "x1"}, "tl.responses.id"),
    ({"id": ...}, "tl.responses.id"),
    ({"id": 7}, "tl.responses.id"),
    ({"direction": "inbound"}, "tl.responses.direction"),
    ({"to": "+12025550199"}, "tl.responses.to-echo"),
    ({"to": ...}, "tl.responses.to"),
    ({"from": SECOND}, "tl.responses.from-echo"),
    ({"body": "hi "}, "tl.responses.body-exact"),
    ({"body": "h"}, "tl.responses.body-echo"),
    ({"body": ...}, "tl.responses.body-echo"),
    ({"status": "delivered"}, "tl.responses.status"),
    ({"createdAt": "2026-13-01T00:00:00Z"}, "tl.responses.created-at"),
    ({"createdAt": "2026-02-30T00:00:00Z"}, "tl.responses.created-at"),
    ({"createdAt": "2026-03-15 14:30:00"}, "tl.responses.created-at"),
    ({"createdAt": 1773585000}, "tl.responses.created-at"),
    ({"createdAt": "2026-03-15T14:30:00"}, "tl.responses.created-at-offset"),
    ({"sentAt": ...}, "tl.responses.sent-at-present"),
    ({"sentAt": None}, "tl.responses.sent-at-present"),
    ({"sentAt": "soon"}, "tl.responses.sent-at"),
    ({"sentAt": "2026-03-15T14:29:59Z"}, "tl.responses.sent-at-order"),
    ({"errorType": None}, "tl.responses.error-type-null"),
    ({"errorType": "none"}, "tl.responses.error-type-absent"),
    ({"errorMessage": None}, "tl.responses.error-message-null"),
    ({"errorMessage": ""}, "tl.responses.error-message-absent"),
]
LINE_FREEDOMS: list[dict[str, Any]] = [
    {"extra": {"any": 1}},
    {"status": "queued", "sentAt": ...},
    {"status": "queued", "sentAt": None},
    {"createdAt": "2026-03-15T15:30:00+01:00"},
    {"createdAt": "20260315T143000Z"},
    {"createdAt": "2026-W11-7T14:30Z"},
    {"createdAt": "2026-074T14:30:00,123456789Z"},
]
FAILED = [
    (
        {"status": "sent", "errorType": ..., "errorMessage": ..., "sentAt": "2026-03-15T14:30:05Z"},
        "tl.delivery.status-failed",
    ),
    ({"errorType": "gone"}, "tl.delivery.error-type"),
    ({"errorType": ...}, "tl.delivery.error-type"),
    ({"errorType": "unknown"}, "tl.delivery.cause-opted-out"),
    ({"errorMessage": ""}, "tl.delivery.error-message"),
    ({"errorMessage": None}, "tl.delivery.error-message"),
    ({"sentAt": None}, "tl.delivery.sent-at-null"),
    ({"sentAt": "2026-03-15T14:30:05Z"}, "tl.delivery.sent-at-absent"),
    ({"errorMessage": "[object Object]"}, "tl.delivery.error-message"),
    ({"errorMessage": "Opted out"}, "tl.delivery.error-message-told"),
]


@pytest.mark.parametrize(("changes", "clause"), LINE_ANSWERS, ids=str)
def test_broken_answer_contradicts_one_clause(changes: Any, clause: str) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer(**changes))
    assert talk.of(CONTRADICTED) == {clause}


@pytest.mark.parametrize("changes", LINE_FREEDOMS, ids=str)
def test_freedom_of_an_answer_contradicts_nothing(changes: dict[str, Any]) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer(**changes))
    assert talk.of(CONTRADICTED) == set()


@pytest.mark.parametrize(("changes", "clause"), FAILED, ids=str)
def test_broken_failed_answer_contradicts_one_clause(changes: Any, clause: str) -> None:
    talk = line()
    talk.say(line_message(to=OPTED_OUT), 201, failed_answer(**changes))
    assert talk.of(CONTRADICTED) == {clause}


def test_right_failed_answer_upholds_the_clauses_of_delivery() -> None:
    talk = line()
    talk.say(line_message(to=OPTED_OUT), 201, failed_answer())
    assert talk.of(CONTRADICTED) == set()
    names = ("accepted", "status-failed", "error-type", "error-message", "sent-at-absent", "cause-opted-out")
    assert {f"tl.delivery.{name}" for name in names} <= talk.of(UPHELD)


def test_clause_of_a_status_is_upheld_only_by_messages_of_that_status() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    assert "tl.responses.sent-at-present" in talk.of(UPHELD)
    assert not {clause for clause in talk.of(UPHELD) if clause.startswith("tl.delivery.")}


@pytest.mark.parametrize("answer", [b"", b"OK", b"\xff", b"[]", b"null", b"{", b'"msg_1"', b"x" * 1_000_000])
def test_answer_that_is_no_object_contradicts_that_clause_alone(answer: bytes) -> None:
    for talk, message, clause in ((line(), line_message(), "tl"), (flow(), flow_message(), "tf")):
        talk.say(message, 201, answer)
        assert talk.of(CONTRADICTED) == {f"{clause}.responses.json-object"}


def test_status_of_an_accepted_message_is_promised_by_one_and_open_for_the_other() -> None:
    first, second = line(), flow()
    first.say(line_message(), 200, line_answer())
    second.say(flow_message(), 202, flow_answer())
    assert first.of(CONTRADICTED) == {"tl.responses.status-201"}
    assert second.of(CONTRADICTED) == set()
    assert second.values("tf.responses.accepted-status") == {"202"}


FLOW_ANSWERS = [
    ({"success": "true"}, {}, "tf.responses.success"),
    ({"message": 5}, {}, "tf.responses.message"),
    ({"data": []}, {}, "tf.responses.data"),
    ({}, {"messageId": 5}, "tf.responses.message-id"),
    ({}, {"to": "2025550123"}, "tf.responses.to"),
    ({}, {"to": "+12025550199"}, "tf.normalization.to-e164"),
    ({}, {"from": SECOND}, "tf.responses.from-default"),
    ({}, {"from": ...}, "tf.responses.from"),
    ({}, {"status": "ok"}, "tf.responses.status"),
]


@pytest.mark.parametrize(("changes", "data", "clause"), FLOW_ANSWERS, ids=str)
def test_broken_textflow_answer_contradicts_one_clause(changes: Any, data: Any, clause: str) -> None:
    talk = flow()
    talk.say(flow_message(), 200, {**flow_answer(**data), **changes})
    assert talk.of(CONTRADICTED) == {clause}


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("+12025550123", "e164"),
        ("12025550123", "eleven-digits"),
        ("2025550123", "ten-digits"),
        ("(202) 555-0123", "formatted"),
        ("1 (202) 555-0123", "formatted-eleven-digits"),
    ],
)
def test_spelling_comes_back_in_e164(spelled: str, name: str) -> None:
    talk = flow()
    talk.say(flow_message(to=spelled), 200, flow_answer())
    assert talk.of(CONTRADICTED) == set()
    assert f"tf.normalization.to-{name}" in talk.of(UPHELD)
    talk.say(flow_message(to=spelled), 200, flow_answer(2, to="+12025550321"))
    assert talk.of(CONTRADICTED) == {f"tf.normalization.to-{name}"}


DOCUMENTED = [
    ({"to": ...}, "Recipient phone number (to) is required", "tf.errors.to-required-text"),
    ({"to": "123"}, "Invalid phone number format (must be 10 or 11 digits)", "tf.errors.to-format-text"),
    ({"message": ""}, "Message content is required", "tf.errors.message-required-text"),
    ({"from": FOREIGN}, "Invalid or inactive phone number", "tf.errors.sender-text"),
]


@pytest.mark.parametrize(("changes", "text", "clause"), DOCUMENTED, ids=str)
def test_documented_text_counts_for_its_reason(changes: Any, text: str, clause: str) -> None:
    talk = flow()
    talk.say(flow_message(**{"from": SENDER}), 200, flow_answer())
    talk.say(flow_message(), 200, flow_answer(2))
    talk.say(flow_message(**changes), 400, flow_refusal(text))
    assert clause in talk.of(UPHELD)
    talk.say(flow_message(**changes), 400, flow_refusal(text + "."))
    assert talk.of(CONTRADICTED) == {clause}


@pytest.mark.parametrize(
    ("answer", "clause"),
    [
        (b"<html>", "tf.errors.json-object"),
        ({"success": True, "error": "Message content is required"}, "tf.errors.success-false"),
        ({"success": False, "message": "no"}, "tf.errors.error-text"),
    ],
    ids=str,
)
def test_broken_envelope_contradicts_one_clause(answer: Any, clause: str) -> None:
    talk = flow()
    talk.say(flow_message(message=""), 400, answer)
    assert talk.of(CONTRADICTED) == {clause}


def test_refusal_with_a_status_of_success_contradicts_the_status_alone() -> None:
    first, second = flow(), line()
    first.say(flow_message(message=""), 200, flow_refusal("Message content is required"))
    second.say(line_message(to="5"), 200, line_refusal())
    assert "tf.errors.status-not-2xx" in first.of(CONTRADICTED)
    assert first.of(CONTRADICTED) <= {"tf.errors.status-not-2xx", "tf.errors.fault-400"}
    assert second.of(CONTRADICTED) == {"tl.errors.status-not-2xx", "tl.errors.fault-is-4xx"}


def test_fault_answered_as_a_failed_message_contradicts_that_clause_alone() -> None:
    talk = line()
    talk.say(line_message(**{"from": INACTIVE}), 201, failed_answer(errorType="invalid_sender"))
    assert talk.of(CONTRADICTED) == {"tl.errors.not-failed-message"}


@pytest.mark.parametrize(
    "place", [33009, "33009", {"code": 33009}, [{"c": "E-33009"}], "Error 33009: inactive"], ids=str
)
def test_error_code_is_searched_everywhere(place: Any) -> None:
    talk = line()
    talk.say(line_message(**{"from": INACTIVE}), 400, {"error": place})
    assert talk.of(CONTRADICTED) == set()
    assert "tl.errors.code-inactive-sender" in talk.of(UPHELD)


@pytest.mark.parametrize("code", [33004, "133009", 330090, "none"], ids=str)
def test_wrong_code_fails_the_code_clause_of_its_reason(code: Any) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(**{"from": INACTIVE}), 400, line_refusal(code))
    misused = {"tl.errors.code-misused"} if code == 33004 else set()
    assert talk.of(CONTRADICTED) == {"tl.errors.code-inactive-sender"} | misused


def test_refusal_without_a_code_that_is_due_contradicts_that_it_is() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    answer = {"timestamp": "2026-11-26T10:33:04.330Z", "status": 400, "path": "/api/v1/messaging/message"}
    talk.say(line_message(**{"from": INACTIVE}), 400, answer)
    assert {"tl.errors.code-where-due"} <= talk.of(CONTRADICTED)


@pytest.mark.parametrize("code", [33004, 33009, 33016])
def test_documented_code_for_another_cause_contradicts(code: int) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(to=""), 400, line_refusal(code))
    assert talk.of(CONTRADICTED) == {"tl.errors.code-misused"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"message": "x" * 1601}, "Message content is required"),
        ({"to": "123"}, "Recipient phone number (to) is required"),
        ({"message": ""}, "API key required"),
    ],
    ids=str,
)
def test_documented_text_for_another_cause_contradicts(changes: Any, text: str) -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(**changes), 400, flow_refusal(text))
    assert "tf.errors.text-misused" in talk.of(CONTRADICTED)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"to": ""}, "Invalid phone number format (must be 10 or 11 digits)"),
        ({"to": None}, "Recipient phone number (to) is required"),
        ({"to": "call me"}, "Recipient phone number (to) is required"),
        ({"from": "123"}, "Invalid or inactive phone number"),
        ({"message": "x" * 1601}, "Too long"),
    ],
    ids=str,
)
def test_text_whose_words_cover_the_cause_contradicts_nothing(changes: Any, text: str) -> None:
    talk = flow()
    talk.say(flow_message(**{"from": SENDER}), 200, flow_answer())
    talk.say(flow_message(), 200, flow_answer(2))
    talk.say(flow_message(**changes), 400, flow_refusal(text))
    assert talk.of(CONTRADICTED) == set()


def test_wrong_code_says_nothing_where_the_message_without_the_fault_is_refused_too() -> None:
    talk = line()
    talk.say(line_message(), 400, line_refusal(33001))
    talk.say(line_message(**{"from": INACTIVE}), 400, line_refusal(33001))
    assert "tl.errors.code-inactive-sender" not in talk.of(CONTRADICTED)


def test_control_has_the_fields_of_the_refused_message() -> None:
    talk = line()
    talk.say(line_message(body=..., mediaUrl="https://example.com/images/promo.jpg"), 201, line_answer(body=""))
    talk.say(line_message(body="hi", mediaUrl="https://example.com/images/promo.jpg"), 400, line_refusal(33001))
    with_media = line_message(mediaUrl="https://example.com/images/promo.jpg", **{"from": INACTIVE})
    talk.say(with_media, 400, line_refusal(33001))
    assert "tl.errors.code-inactive-sender" not in talk.of(CONTRADICTED)


@pytest.mark.parametrize(
    "answer",
    [
        b"400 Bad Request",
        b"<html><h1>400 Bad Request</h1></html>",
        {"timestamp": 1773585000000, "status": 400, "error": "Bad Request"},
        {"ok": False, "message": "Invalid"},
        {"errors": [{"field": "to", "detail": "not valid here"}]},
        {"code": 400, "path": "/api/v1/messaging/message", "timestamp": "2026-11-26T10:33:04.330Z"},
        {"id": "err-33001-7", "year": 2026},
    ],
    ids=str,
)
def test_status_a_time_and_a_word_are_no_error_code(answer: Any) -> None:
    talk = line()
    talk.say(line_message(to="5"), 400, answer)
    assert talk.of(CONTRADICTED) == {"tl.errors.code-present"}


@pytest.mark.parametrize(
    "answer",
    [
        b"Error 33001: bad number",
        {"code": 7},
        {"errorCode": "invalid_number"},
        {"errors": [{"error_code": "E164"}]},
        {"fault": {"id": "33001"}},
        {"error": "33001: to is required"},
        {"errors": {"33001": "to is required"}},
        {"code": 33001.0},
        {"type": "https://example.com/errors/33001", "title": "to is required"},
    ],
    ids=str,
)
def test_error_code_may_be_a_number_or_a_word_anywhere(answer: Any) -> None:
    talk = line()
    talk.say(line_message(to="5"), 400, answer)
    assert talk.of(CONTRADICTED) == set()


def test_refusal_without_any_code_contradicts_its_presence() -> None:
    talk = line()
    talk.say(line_message(to="5"), 400, {"error": "That is no number."})
    assert talk.of(CONTRADICTED) == {"tl.errors.code-present"}


def test_json_under_another_media_type_contradicts_that_clause_alone() -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer(), media_type="text/json")
    assert talk.of(CONTRADICTED) == {"http.robustness.json-media-type-registered"}
    talk.say(flow_message(), 200, flow_answer(2), media_type="text/plain")
    assert "http.robustness.json-media-type" in talk.of(CONTRADICTED)
    vendor = flow()
    vendor.say(flow_message(), 200, flow_answer(), media_type="application/vnd.x+json; charset=utf-8")
    assert vendor.of(CONTRADICTED) == set()


@pytest.mark.parametrize("body", [line_message(), b"{", line_message(to="5")], ids=str)
def test_server_error_each_time_contradicts_robustness_alone(body: Any) -> None:
    talk = line()
    for number in range(4):
        talk.say(line_message(body="yes"), 201, line_answer(number, body="yes"))
        talk.say(body, 500, b"<h1>oops")
    talk.say(line_message(body="yes"), 201, line_answer(9, body="yes"))
    assert talk.of(CONTRADICTED) == {"http.robustness.no-server-error"}


@pytest.mark.parametrize(("errors", "broken"), [(2, set()), (3, {"http.robustness.server-errors-rare"})])
def test_server_errors_that_vanish_are_permitted_while_they_are_rare(errors: int, broken: set[str]) -> None:
    talk = line()
    for number in range(errors):
        talk.say(line_message(body=f"number {number}"), 500, b"")
        talk.say(line_message(body=f"number {number}"), 201, line_answer(number, body=f"number {number}"))
    assert talk.of(CONTRADICTED) == broken
    assert talk.values("http.robustness.server-errors") == {"500 vanished"}


def test_empty_answer_of_a_gateway_says_nothing_where_the_next_one_holds() -> None:
    talk = line()
    talk.say(line_message(), 408, b"")
    talk.say(line_message(), 201, line_answer())
    assert talk.of(CONTRADICTED) == set()
    assert "tl.requests.valid-accepted" in talk.of(UPHELD)


def test_messages_that_are_always_queued_leave_nothing_to_look_at_of_their_sending() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer(status="queued", sentAt=...))
    found = {item.clause.id: item for item in verdicts(talk.contract, talk.judged(), RunFacts())}
    for name in ("sent-at", "sent-at-present", "sent-at-order", "sent-at-day", "sent-at-now"):
        assert (found[f"tl.responses.{name}"].verdict, found[f"tl.responses.{name}"].reason) == (NOT_APPLICABLE, "void")


def test_failing_recipient_that_is_queued_at_first_shows_nothing() -> None:
    talk = line()
    talk.say(line_message(to=OPTED_OUT), 201, line_answer(to=OPTED_OUT, status="queued", sentAt=...))
    found = {item.clause.id: item for item in verdicts(talk.contract, talk.judged(), RunFacts())}
    assert talk.of(CONTRADICTED) == set()
    assert found["tl.delivery.status-failed"].verdict == found["tl.delivery.error-type"].verdict == NOT_APPLICABLE


def test_documented_internal_error_is_judged_by_its_own_clause() -> None:
    talk = flow()
    talk.say(flow_message(), 500, {**flow_refusal("Failed to send message"), "details": "db"})
    assert talk.of(CONTRADICTED) == set()
    talk.say(flow_message(), 500, flow_refusal("Oops"))
    assert talk.of(CONTRADICTED) == {"tf.errors.internal-error"}


def test_gateway_error_once_is_the_networks_and_each_time_the_apis() -> None:
    talk = line()
    for number in range(4):
        talk.say(line_message(), 201, line_answer(number))
    talk.say(b"{", 502, b"")
    talk.say(b"{", 502, b"")
    talk.say(line_message(), 201, line_answer(9))
    # So far it may have been an outage.
    assert talk.of(CONTRADICTED) == set()
    talk.say(b"{", 502, b"")
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(), 201, line_answer(10))
    assert talk.of(CONTRADICTED) == {"http.robustness.no-server-error"}


def test_dropped_connection_each_time_contradicts_that_it_is_answered() -> None:
    talk = line()
    for number in range(4):
        talk.say(line_message(), 201, line_answer(number))
    talk.say(b"\x00", None, failure="dropped")
    talk.say(b"\x00", None, failure="dropped")
    talk.say(line_message(), 201, line_answer(9))
    # So far it may have been an outage.
    assert talk.of(CONTRADICTED) == set()
    talk.say(b"\x00", None, failure="dropped")
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(), 201, line_answer(10))
    assert talk.of(CONTRADICTED) == {"http.robustness.answered"}


def test_requests_that_are_lost_each_time_by_chance_contradict_nothing() -> None:
    talk, chance = line(), random.Random(7)
    lost_each_time = set(range(40))
    for number in range(80):
        lost = chance.random() < 0.6
        lost_each_time -= set() if lost else {number % 40}
        talk.say(b"[%d" % (number % 40), None if lost else 400, line_refusal(), failure="dropped" if lost else None)
    assert lost_each_time
    assert talk.of(CONTRADICTED) == set()


def test_throttled_exchange_says_nothing_but_of_rate_limits() -> None:
    talk = line()
    talk.say(line_message(to="5"), 429, b"slow down")
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(), 429, b"slow down")
    assert talk.of(CONTRADICTED) == set()
    assert talk.values("tl.rate_limits.throttling") == {"throttled"}


def test_daily_limit_is_a_refusal_of_its_own() -> None:
    talk = flow()
    daily = Credential(key="daily_exhausted")
    talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(), 429, flow_refusal("Daily message limit reached"), credential=daily)
    assert {f"tf.rate_limits.daily-{name}" for name in ("limit", "status", "text")} <= talk.of(UPHELD)
    talk.say(flow_message(), 403, flow_refusal("Daily limit"), credential=daily)
    assert talk.of(CONTRADICTED) == {"tf.rate_limits.daily-status", "tf.rate_limits.daily-text"}


def test_other_method_is_judged_by_http_alone() -> None:
    talk = flow()
    talk.say(b"", 405, flow_refusal(), method="GET", headers=(("Allow", "POST"),))
    assert talk.of(CONTRADICTED) == set()
    talk.say(b"", 404, b"", method="GET")
    assert talk.of(CONTRADICTED) == {"http.robustness.method-not-allowed"}
    talk.say(b"", 405, b"", method="PUT")
    assert "http.robustness.allow-field" in talk.of(CONTRADICTED)


def test_challenge_is_recommended_of_a_401() -> None:
    talk = flow()
    talk.say(flow_message(), 401, flow_refusal("API key required"), credential=Credential(fault="missing"))
    assert talk.of(CONTRADICTED) == {"http.auth.www-authenticate"}
    assert "401" in talk.values("tf.auth.refusal-status")
    assert "tf.auth.refusal-status" in talk.of(OBSERVED)
