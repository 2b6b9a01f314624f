"""Which clauses forbid acceptance, and what a refusal or an acceptance then says."""

from __future__ import annotations

from typing import Any

import pytest

from sendproof.exchange import Credential
from sendproof.judge.verdicts import CONTRADICTED, EXCUSED, OBSERVED, UNDECIDED, UPHELD
from tests.judge.support import (
    FOREIGN,
    INACTIVE,
    Talk,
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

LINE_FAULTS = [
    ({"to": ...}, "tl.requests.to-required"),
    ({"to": None}, "tl.requests.to-type"),
    ({"to": 12025550123}, "tl.requests.to-type"),
    ({"to": ""}, "tl.requests.to-e164"),
    ({"to": "call me"}, "tl.requests.to-e164"),
    ({"to": "2025550123"}, "tl.requests.to-spelling"),
    ({"to": " +12025550123\n"}, "tl.requests.to-spelling"),
    ({"to": "tel:+12025550123;ext=5"}, "tl.requests.to-spelling"),
    ({"to": "+１２０２５５５０１２３"}, "tl.requests.to-spelling"),
    ({"to": "+1202555012312345"}, "tl.requests.to-e164"),
    ({"to": "+1202555012D"}, "tl.requests.to-spelling"),
    ({"to": "+12"}, "tl.requests.to-too-short"),
    ({"from": ...}, "tl.requests.from-required"),
    ({"from": "sendproof"}, "tl.requests.from-e164"),
    ({"from": "1 (303) 555-0101"}, "tl.requests.from-spelling"),
    ({"from": INACTIVE}, "tl.requests.from-inactive"),
    ({"from": FOREIGN}, "tl.requests.from-unassigned"),
    ({"body": ...}, "tl.requests.body-required"),
    ({"body": None}, "tl.requests.body-null"),
    ({"body": ""}, "tl.requests.body-empty"),
    ({"body": "x" * 641}, "tl.requests.body-max-refused"),
    ({"body": "casino"}, "tl.requests.body-noncompliant"),
    ({"body": "rune"}, "tl.requests.body-unsupported"),
    ({"mediaUrl": "no url"}, "tl.requests.media-url-format"),
]
FLOW_FAULTS = [
    ({"to": ...}, "tf.requests.to-required"),
    ({"to": None}, "tf.requests.to-null"),
    ({"to": ""}, "tf.requests.to-empty"),
    ({"to": "  "}, "tf.requests.to-blank"),
    ({"to": "202555012"}, "tf.requests.to-digits"),
    ({"to": "120255501234"}, "tf.requests.to-digits"),
    ({"to": "call me"}, "tf.requests.to-blank"),
    ({"to": True}, "tf.requests.to-type"),
    ({"message": ...}, "tf.requests.message-required"),
    ({"message": None}, "tf.requests.message-null"),
    ({"message": ""}, "tf.requests.message-empty"),
    ({"message": "x" * 1601}, "tf.requests.message-max-refused"),
    ({"from": INACTIVE}, "tf.requests.from-inactive"),
    ({"from": FOREIGN}, "tf.requests.from-unknown"),
    ({"from": "123"}, "tf.requests.from-digits"),
]
ALL = [("line", changes, clause) for changes, clause in LINE_FAULTS] + [
    ("flow", changes, clause) for changes, clause in FLOW_FAULTS
]
CREDENTIALS = [
    ("line", Credential(fault="missing"), "tl.auth.no-credentials"),
    ("line", Credential(fault="unknown_id"), "tl.auth.unknown-key-id"),
    ("line", Credential(fault="wrong_secret"), "tl.auth.wrong-secret"),
    ("line", Credential(fault="empty_secret"), "tl.auth.empty-secret"),
    ("line", Credential(fault="scheme"), "tl.auth.other-scheme"),
    ("line", Credential(fault="malformed"), "tl.auth.malformed-header"),
    ("line", Credential(fault="case"), "tl.auth.secret-case"),
    ("line", Credential(fault="prefix"), "tl.auth.secret-prefix"),
    ("line", Credential(fault="extended"), "tl.auth.secret-extended"),
    ("line", Credential(key="no_credits"), "tl.credits.insufficient"),
    ("flow", Credential(fault="missing"), "tf.auth.missing-key"),
    ("flow", Credential(fault="empty"), "tf.auth.empty-key"),
    ("flow", Credential(fault="unknown"), "tf.auth.unknown-key"),
    ("flow", Credential(fault="case"), "tf.auth.key-case"),
    ("flow", Credential(key="inactive"), "tf.auth.inactive-key"),
    ("flow", Credential(key="no_numbers"), "tf.errors.no-numbers"),
]


def _talk(vendor: str) -> tuple[Talk, Any, Any, Any]:
    if vendor == "line":
        return line(), line_message, line_answer, line_refusal()
    return flow(), flow_message, flow_answer, flow_refusal()


@pytest.mark.parametrize(
    ("vendor", "changes", "clause"), ALL, ids=lambda value: value if isinstance(value, str) else None
)
def test_refusal_for_one_reason_upholds_it_beside_its_control(vendor: str, changes: Any, clause: str) -> None:
    talk, message, answer, refusal = _talk(vendor)
    control = {"mediaUrl": "https://example.com/images/promo.jpg"} if "mediaUrl" in changes else {}
    talk.say(message(**control), 201, answer())
    talk.say(message(**changes), 400, refusal)
    assert clause in talk.of(UPHELD)


@pytest.mark.parametrize(
    ("vendor", "changes", "clause"), ALL, ids=lambda value: value if isinstance(value, str) else None
)
def test_refusal_without_its_control_decides_nothing(vendor: str, changes: Any, clause: str) -> None:
    talk, message, _, refusal = _talk(vendor)
    talk.say(message(**changes), 400, refusal)
    assert clause not in talk.of(UPHELD) | talk.of(CONTRADICTED)
    assert clause in talk.of(UNDECIDED)


@pytest.mark.parametrize(
    ("vendor", "changes", "clause"), ALL, ids=lambda value: value if isinstance(value, str) else None
)
def test_acceptance_contradicts_the_one_reason_alone(vendor: str, changes: Any, clause: str) -> None:
    talk, message, answer, _ = _talk(vendor)
    named = {"to": changes["to"]} if clause == "tl.requests.to-too-short" else {}
    talk.say(message(**changes), 201, answer(**named))
    assert talk.of(CONTRADICTED) == {clause}


def test_number_in_another_spelling_is_named_as_sent_or_in_e164_and_is_the_right_one() -> None:
    for named, right in (("2025550123", True), ("+12025550123", True), ("+12025550124", False), ("12025550123", False)):
        talk = line()
        talk.say(line_message(to="2025550123"), 201, line_answer(to=named))
        assert talk.of(CONTRADICTED) == {"tl.requests.to-spelling", *([] if right else ["tl.responses.to-echo"])}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"to": "nobody"}, "invalid_destination"),
        ({"from": ""}, "invalid_sender"),
        ({"body": "x" * 641}, "invalid_content"),
    ],
    ids=str,
)
def test_failed_message_of_the_documented_type_is_not_sent(changes: Any, kind: str) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(**changes), 201, failed_answer(2, errorType=kind))
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(**changes), 201, failed_answer(3, errorType="unknown"))
    assert talk.of(CONTRADICTED) == {"tl.errors.not-failed-message"}


@pytest.mark.parametrize(
    ("vendor", "credential", "clause"), CREDENTIALS, ids=lambda value: value if isinstance(value, str) else None
)
def test_wrong_credential_accepted_contradicts_its_clause(vendor: str, credential: Credential, clause: str) -> None:
    talk, message, answer, _ = _talk(vendor)
    talk.say(message(), 201, answer(), credential=credential)
    assert talk.of(CONTRADICTED) == {clause}


@pytest.mark.parametrize(
    ("vendor", "credential", "clause"), CREDENTIALS, ids=lambda value: value if isinstance(value, str) else None
)
def test_wrong_credential_refused_upholds_its_clause(vendor: str, credential: Credential, clause: str) -> None:
    talk, message, answer, refusal = _talk(vendor)
    talk.say(message(), 201, answer())
    talk.say(message(), 401, refusal, credential=credential)
    assert clause in talk.of(UPHELD)


def test_request_with_several_faults_may_be_refused_for_any_and_upholds_none() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(to="5", **{"from": INACTIVE}), 400, line_refusal())
    assert not {"tl.requests.to-e164", "tl.requests.from-inactive"} & talk.of(UPHELD)


def test_accepted_request_with_several_faults_contradicts_each() -> None:
    talk = line()
    talk.say(line_message(to="5", body=""), 201, line_answer())
    assert talk.of(CONTRADICTED) == {"tl.requests.to-spelling", "tl.requests.body-empty"}


def test_unknown_identity_proves_less() -> None:
    talk = line()
    talk.say(line_message(), 403, line_refusal(), credential=Credential())
    talk.say(line_message(to="5"), 400, line_refusal(), credential=Credential())
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(to=""), 201, line_answer(), credential=Credential())
    assert talk.of(CONTRADICTED) == {"tl.requests.to-e164"}


def test_refusal_of_a_valid_message_is_blamed_on_what_was_never_accepted() -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(message="hi 😀"), 400, flow_refusal())
    talk.say(flow_message(message="so 🚀"), 400, flow_refusal())
    assert len(talk.of(CONTRADICTED)) == 1
    assert talk.of(CONTRADICTED) <= {"tf.requests.message-emoji", "tf.requests.message-non-latin"}


def test_refusal_of_a_valid_message_without_a_feature_stands_against_the_catch_all() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(body="other"), 400, line_refusal())
    talk.say(line_message(body="other"), 400, line_refusal())
    assert talk.of(CONTRADICTED) == set()
    talk.say(line_message(body="third"), 201, line_answer(2, body="third"))
    talk.say(line_message(body="other"), 400, line_refusal())
    assert talk.of(CONTRADICTED) == {"tl.requests.valid-accepted"}


@pytest.mark.parametrize("code", [33019, 33023])
def test_refusal_for_a_cause_that_no_request_excludes_decides_nothing(code: int) -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(body="other"), 400, line_refusal(code))
    assert talk.of(CONTRADICTED) == set()


def test_unsupported_characters_excuse_the_refusal_of_what_is_not_ascii() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(body="я" * 400), 400, line_refusal(33016))
    assert talk.of(CONTRADICTED) == set()
    assert "tl.requests.body-characters-not-bytes" in talk.of(EXCUSED)
    talk.say(line_message(body="я" * 401), 400, line_refusal(33001))
    assert talk.of(CONTRADICTED) == {"tl.requests.body-characters-not-bytes"}


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"to": "202.555.0123"}, "tf.requests.to-spelling"),
        ({"to": "22025550123"}, "tf.requests.to-spelling"),
        ({"from": None}, "tf.requests.from-null"),
        ({"message": " "}, "tf.requests.message-blank"),
        ({"message": "😀" * 1600}, "tf.requests.message-counting"),
        ({"extra": 1}, "tf.requests.unknown-field"),
        ({"message": "a\x00b"}, "http.requests.odd-characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize(("status", "seen"), [(200, "accepted"), (422, "refused")])
def test_open_reason_is_observed_either_way(changes: Any, clause: str, status: int, seen: str) -> None:
    talk = flow()
    talk.say(flow_message(**changes), status, flow_answer() if status == 200 else flow_refusal())
    assert talk.of(CONTRADICTED) == set()
    assert talk.values(clause) == {seen}
    assert clause in talk.of(OBSERVED)


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe", b'{"to":NaN}', b"[" * 100_000, b'{"to":"\\ud800"}', b"[]", b"5"]
)
def test_hostile_body_refused_contradicts_nothing(body: bytes) -> None:
    for talk, refusal in ((line(), line_refusal()), (flow(), flow_refusal())):
        talk.say(body, 400, refusal)
        assert talk.of(CONTRADICTED) == set()
