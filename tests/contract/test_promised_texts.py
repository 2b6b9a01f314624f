"""Literal values on the wire, as the documents have them."""

from __future__ import annotations

import pytest

from sendproof.contract.model import load_contract

TEXTS = {
    "tf.errors.missing-key-text": "API key required",
    "tf.errors.invalid-key-text": "Invalid or inactive API key",
    "tf.errors.to-required-text": "Recipient phone number (to) is required",
    "tf.errors.message-required-text": "Message content is required",
    "tf.errors.to-format-text": "Invalid phone number format (must be 10 or 11 digits)",
    "tf.errors.sender-text": "Invalid or inactive phone number",
    "tf.errors.no-numbers-text": "No active phone numbers available",
    "tf.rate_limits.daily-text": "Daily message limit reached",
}
CODES = {
    "tl.errors.code-unassigned-sender": 33004,
    "tl.errors.code-inactive-sender": 33009,
    "tl.errors.code-unsupported": 33016,
    "tl.errors.code-compliance": 33019,
    "tl.errors.code-credits": 33023,
}


@pytest.mark.parametrize(("clause", "text"), TEXTS.items())
def test_textflow_error_text(clause: str, text: str) -> None:
    assert load_contract("textflow").clauses[clause].params["text"] == text


@pytest.mark.parametrize(("clause", "code"), CODES.items())
def test_textingline_error_code(clause: str, code: int) -> None:
    assert load_contract("textingline").clauses[clause].params["code"] == code


def test_limits_and_prices() -> None:
    flow, line = load_contract("textflow").provider, load_contract("textingline").provider
    assert (flow.max_length, line.max_length) == (1600, 640)
    assert dict(line.prices) == {"sms": 2, "mms": 3}
    assert len(line.fixtures["failing_recipients"].causes) == 11
