"""What an answer comes to, by the facts of a pack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sendproof.contract.model import load_provider
from sendproof.contract.outcome import GATEWAY, TRANSPORT, Outcome, outcome_rules
from sendproof.errors import ContractError

LINE, FLOW = load_provider("textingline"), load_provider("textflow")
SENT = {"id": "msg_1", "to": "+12025550123", "from": "+12025550124", "status": "sent"}
FAILED = {**SENT, "status": "failed"}
DATA = {"success": True, "data": {"messageId": "m1", "status": "queued"}}
PAGE = b"<!DOCTYPE html><html></html>"


@pytest.mark.parametrize(
    ("provider", "status", "answer", "outcome"),
    [
        (LINE, 201, SENT, Outcome.ACCEPTED),
        (LINE, 200, SENT, Outcome.ACCEPTED),
        (LINE, 201, FAILED, Outcome.FAILED),
        (LINE, 200, {"error": {"code": 33001}}, Outcome.REFUSED),
        (LINE, 201, {}, Outcome.ACCEPTED),
        (LINE, 201, [SENT], Outcome.ACCEPTED),
        (LINE, 302, {}, Outcome.REFUSED),
        (LINE, 400, {"code": 33001}, Outcome.REFUSED),
        (LINE, 429, {"code": 33020}, Outcome.THROTTLED),
        (LINE, 429, {"errors": [{"code": "33023"}]}, Outcome.REFUSED),
        (LINE, 429, {"message": "1733023 requests at 12:33023"}, Outcome.THROTTLED),
        (LINE, 429, {"n": int("9" * 4000)}, Outcome.THROTTLED),
        (LINE, 500, {}, Outcome.SERVER_ERROR),
        (LINE, 408, {"code": 33001}, Outcome.REFUSED),
        (FLOW, 200, DATA, Outcome.ACCEPTED),
        (FLOW, 200, {"success": True, "data": {"messageId": "m1", "status": "failed"}}, Outcome.FAILED),
        (FLOW, 200, {"success": False, "error": "API key required"}, Outcome.REFUSED),
        (FLOW, 200, {"success": 0, "data": {"messageId": "m1"}}, Outcome.ACCEPTED),
        (FLOW, 200, {"success": "false", "error": "API key required"}, Outcome.REFUSED),
        (FLOW, 500, {"success": False, "error": "Failed to send message"}, Outcome.SERVER_ERROR),
    ],
)
def test_outcome_follows_the_facts_of_the_pack(provider: Any, status: int, answer: Any, outcome: Outcome) -> None:
    assert provider.outcome(status, answer, json.dumps(answer).encode()) is outcome


@pytest.mark.parametrize("status", [*sorted(GATEWAY), 407, 511, 408, 421, 425])
def test_empty_answer_of_a_gateway_is_none_of_the_apis(status: int) -> None:
    assert LINE.outcome(status, None, b"") is Outcome.FOREIGN


def test_page_in_place_of_an_accepted_message_is_none_of_the_apis() -> None:
    assert FLOW.outcome(200, None, PAGE) is Outcome.FOREIGN
    assert FLOW.outcome(400, None, PAGE) is Outcome.REFUSED


def test_transport_statuses_are_not_of_any_document() -> None:
    assert not {400, 401, 429} & TRANSPORT


ROWS: list[tuple[dict[str, Any], str]] = [
    ({"sent": []}, "expected one of throttled, refused, failed, accepted, got 'sent'"),
    ({"accepted": [{"statuses": ["2xx"]}]}, r"outcome.refused: expected a list of tables"),
    ({"accepted": {"statuses": ["2xx"]}, "refused": [{"statuses": [400]}]}, "expected a list of tables, got"),
    (
        {"accepted": [{"status": [200]}], "refused": [{"statuses": [400]}]},
        r"outcome.accepted\[0\]: expected a table of",
    ),
    ({"accepted": [{"statuses": ["200"]}], "refused": [{"statuses": [400]}]}, "a code such as 429 or a class"),
    ({"accepted": [{"statuses": [True]}], "refused": [{"statuses": [400]}]}, "a code such as 429 or a class"),
    ({"accepted": [{"statuses": [200], "at": "/a"}], "refused": [{"statuses": [400]}]}, "at with equals or unlike"),
    ({"accepted": [{"statuses": [200], "without": ["1"]}], "refused": [{"statuses": [400]}]}, "expected error codes"),
    ({"accepted": [{"statuses": [200], "has": ["a"]}], "refused": [{"statuses": [400]}]}, "JSON pointers such as"),
]


@pytest.mark.parametrize(("data", "told"), ROWS, ids=[told[:40] for _, told in ROWS])
def test_wrong_row_is_told_with_its_place(data: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        outcome_rules(data, where="vendor/provider.toml")
