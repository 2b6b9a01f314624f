"""Freedoms that conforming services take, and faults that hide behind them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sendproof.exchange import Credential
from sendproof.judge.verdicts import CONTRADICTED, LOST, UNDECIDED, UPHELD
from tests.judge.support import (
    FOREIGN,
    INACTIVE,
    SENDER,
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
LIMITED, DAILY = Credential(key="rate_limited"), Credential(key="daily_exhausted")


def test_spent_balance_is_not_the_wrong_code_of_a_sender() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(**{"from": FOREIGN}), 402, line_refusal(33023))
    talk.say(line_message(to="5"), 402, line_refusal(33023))
    assert talk.of(CONTRADICTED) == set()
    assert not {"tl.requests.from-unassigned", "tl.requests.to-e164"} & talk.of(UPHELD)


def test_balance_that_covers_the_next_message_was_not_spent() -> None:
    talk = line()
    talk.say(line_message(**{"from": FOREIGN}), 402, line_refusal(33023))
    talk.say(line_message(), 201, line_answer())
    assert talk.of(CONTRADICTED) == {"tl.errors.code-unassigned-sender", "tl.errors.code-misused"}


def test_body_far_larger_than_any_message_may_be_refused() -> None:
    body = b" " * 120_000 + json.dumps(line_message()).encode()
    for status, answer in ((413, b"<html>"), (400, line_refusal()), (201, line_answer())):
        talk = line()
        talk.say(line_message(), 201, line_answer(9))
        talk.say(body, status, answer)
        assert talk.of(CONTRADICTED) == set()


@pytest.mark.parametrize("status", [404, 413])
def test_refusal_of_a_fault_in_json_is_judged_whatever_its_status(status: int) -> None:
    talk = flow()
    talk.say(flow_message(message=""), status, {"oops": 1})
    assert {"tf.errors.success-false", "tf.errors.error-text"} <= talk.of(CONTRADICTED)
    page = flow()
    page.say(flow_message(message=""), status, b"<html>", media_type="text/html")
    assert page.of(CONTRADICTED) == set()


def test_media_that_was_never_accepted_may_not_be_available() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer(1))
    talk.say(line_message(**MEDIA), 422, line_refusal())
    talk.say(line_message(body=..., **MEDIA), 422, line_refusal())
    assert talk.of(CONTRADICTED) == set()
    assert "tl.requests.media-alone" in talk.of(UNDECIDED)
    talk.say(line_message(**MEDIA), 201, line_answer(2))
    assert "tl.requests.media-alone" in talk.of(CONTRADICTED)


def test_key_of_another_account_may_not_have_the_sender() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(), 403, line_refusal(33004), credential=Credential(key="no_credits"))
    talk.say(line_message(), 403, line_refusal(33004), credential=Credential(key="metered"))
    assert talk.of(CONTRADICTED) == set()


def test_daily_key_that_is_throttled_like_others_says_nothing_of_its_text() -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(), 429, flow_refusal("Slow down"))
    talk.say(flow_message(), 429, flow_refusal("Slow down"), credential=DAILY)
    assert talk.of(CONTRADICTED) == set()
    talk.say(flow_message(), 429, flow_refusal("Enough"), credential=DAILY)
    assert talk.of(CONTRADICTED) == {"tf.rate_limits.daily-text"}


def test_unknown_method_may_be_answered_with_501() -> None:
    talk = line()
    talk.say(b"", 501, b"", method="PATCH")
    assert talk.of(CONTRADICTED) == {"http.robustness.method-not-allowed"}


def test_documented_internal_error_once_is_permitted_and_each_time_is_not() -> None:
    talk = flow()
    error = {**flow_refusal("Failed to send message"), "details": "db"}
    talk.say(flow_message(message="it's"), 500, error)
    talk.say(flow_message(), 200, flow_answer())
    assert talk.of(CONTRADICTED) == set()
    assert talk.of(LOST) == set()
    talk.say(flow_message(message="it's"), 500, error)
    assert "tf.requests.valid-accepted" in talk.of(LOST)
    talk.say(flow_message(), 200, flow_answer(2))
    assert talk.of(CONTRADICTED) == {"http.robustness.no-server-error"}


@pytest.mark.parametrize("body", [json.dumps(line_answer()).encode("utf-16"), b'{"id": NaN}', b"[" * 900 + b"]" * 900])
def test_answer_that_only_resembles_json_is_none(body: bytes) -> None:
    talk = line()
    talk.say(line_message(), 201, body)
    assert talk.of(CONTRADICTED) == {"tl.responses.json-object"}


def test_refusal_with_200_is_known_by_what_it_lacks() -> None:
    first, second = line(), flow()
    first.say(line_message(to="5"), 200, {"status": "error", "code": 33001})
    second.say(flow_message(message=""), 200, {"success": "false", "error": "Message content is required"})
    assert first.of(CONTRADICTED) == {"tl.errors.status-not-2xx", "tl.errors.fault-is-4xx"}
    assert "tf.errors.status-not-2xx" in second.of(CONTRADICTED)
    assert not {clause for clause in second.of(CONTRADICTED) if clause.startswith("tf.requests.")}


@pytest.mark.parametrize("identity", [5, ["msg_1"], {"a": 1}], ids=str)
def test_replay_of_an_id_that_is_no_text_raises_nothing(identity: Any) -> None:
    talk = line()
    talk.say(line_message(idempotencyKey="retry-000001"), 201, line_answer(id=identity))
    talk.say(line_message(idempotencyKey="retry-000001"), 409, line_refusal())
    assert "tl.responses.id" in talk.of(CONTRADICTED)


def test_throttled_retry_says_nothing_of_its_key() -> None:
    talk = line()
    talk.say(line_message(idempotencyKey="retry-000001"), 201, line_answer(1))
    talk.say(line_message(idempotencyKey="retry-000001"), 429, line_refusal())
    assert not any(clause.startswith("tl.idempotency.") for clause in talk.of(CONTRADICTED) | talk.of(UPHELD))


def test_status_of_a_recorded_retry_is_open() -> None:
    talk = line()
    talk.say(line_message(idempotencyKey="retry-000001"), 200, line_answer(1), credential=Credential())
    assert talk.of(CONTRADICTED) == set()


def test_unlisted_sender_is_open_and_a_limited_keys_refusal_is_its_limits() -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(**{"from": "+13035550199"}), 400, flow_refusal())
    talk.say(flow_message(**{"from": SENDER}), 429, flow_refusal("Daily message limit reached"), credential=LIMITED)
    assert talk.of(CONTRADICTED) == set()


def test_charset_that_json_does_not_know_may_be_refused() -> None:
    talk = flow()
    identity = talk.say(flow_message(), 200, flow_answer())
    talk.say(flow_message(), 415, flow_refusal())
    first, second = talk.exchanges
    request = type(second.request)(
        method="POST",
        path=second.request.path,
        headers=(("Content-Type", "application/json; charset=iso-8859-1"),),
        body=second.request.body,
    )
    talk.exchanges[1] = type(second)(
        id=second.id,
        request=request,
        response=second.response,
        credential=second.credential,
        started_s=second.started_s,
        elapsed_s=second.elapsed_s,
    )
    assert first.id == identity
    assert talk.of(CONTRADICTED) == set()
    assert talk.values("http.requests.media-type") == {"refused"}


def test_inactive_sender_with_its_code_in_a_404_is_judged() -> None:
    talk = line()
    talk.say(line_message(), 201, line_answer())
    talk.say(line_message(**{"from": INACTIVE}), 404, line_refusal(33009))
    assert {"tl.requests.from-inactive", "tl.errors.code-inactive-sender"} <= talk.of(UPHELD)


@pytest.mark.parametrize(
    "number", [b"1e400", b"-1e400", b"9" * 4000, b"1.5", b"1234567"], ids=lambda value: value[:8].decode()
)
def test_number_of_any_size_in_a_refusal_raises_nothing(number: bytes) -> None:
    for talk, message in ((line(), line_message(to="5")), (flow(), flow_message(to="5"))):
        talk.say(message, 400, b'{"code": ' + number + b"}")
        assert talk.findings()
