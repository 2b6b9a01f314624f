"""What is JSON by the letter, and what nearly is, is judged and never raises."""

from __future__ import annotations

import json

import pytest

from sendproof.contract.model import Contract
from sendproof.contract.pointer import MISSING
from sendproof.exchange import Response
from sendproof.judge.parsing import answer_of, parse
from tests.judge.support import FLOW, LINE, Talk

ODD = {
    "an infinity": "1e400",
    "a negative infinity": "-1e400",
    "an integer of 64 bits and more": "-" + "9" * 30,
    "an integer that no float holds": "9" * 400,
    "as many digits as Python reads": "9" * 4300,
    "more digits than Python reads": "9" * 5000,
    "a large float": "1.5e308",
    "a float without a fraction": "1" + "0" * 308 + ".0",
    "a lone surrogate": '"\\ud83d"',
    "surrogates in the wrong order": '"\\udc00\\ud83d"',
    "a lone surrogate as a name": '{"\\ud800": 1}',
    "NUL": '"\\u0000"',
    "no number": "NaN",
    "deep arrays": "[" * 30 + "]" * 30,
    "very deep arrays": "[" * 20_000 + "]" * 20_000,
    "very deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "deep arrays without an end": "[" * 20_000,
    "duplicate names": '{"a": 1, "a": 2}',
    "an empty name": '{"": {"": []}}',
    "null": "null",
}
MEMBERS = ("id", "status", "to", "from", "body", "createdAt", "sentAt", "errorType", "error", "code", "success", "data")
REQUESTS = [
    (LINE, "/api/v1/messaging/message", {"to": "+12025550123", "from": "+13035550101", "body": "hi"}),
    (FLOW, "/api/v1/messages/send", {"to": "+12025550123", "message": "hi"}),
]


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize(("contract", "path", "asked"), REQUESTS, ids=["textingline", "textflow"])
def test_odd_answer_is_judged(contract: Contract, path: str, asked: dict[str, str], value: str) -> None:
    talk = Talk(contract, path)
    for status in (200, 201, 400, 401, 429, 500):
        for name in (None, *MEMBERS):
            answer = value if name is None else f'{{"x": 1, "{name}": {value}}}'
            talk.say(asked, status, answer.encode())
    assert talk.findings()


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_odd_body_is_parsed(value: str) -> None:
    assert parse(value.encode()).kind in ("json", "extended", "deep", "not_json")
    assert answer_of(Response(status=200, body=value.encode())) is MISSING or json.loads(value) is not MISSING


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[" * 33, "deep"),
        ("[" * 32 + "]" * 32, "json"),
        ("[" + "[]," * 50 + "1]", "json"),
        (json.dumps(["[" * 50]), "json"),
        (json.dumps(['"' + "[" * 50]), "json"),
        (json.dumps(["\\"]) + "[" * 50, "deep"),
        ('"' + "[" * 50, "not_json"),
        ('{"a\\"' + "[" * 50, "not_json"),
    ],
)
def test_depth_is_that_of_brackets_outside_of_texts(text: str, kind: str) -> None:
    assert parse(text.encode()).kind == kind
