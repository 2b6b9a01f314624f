from __future__ import annotations

from dataclasses import replace

import pytest

from sendproof.exchange import Credential, Response, TransportFailure
from sendproof.reports.pages.messages import LONGEST_BODY, body_text, cited, shown_exchange
from tests.reports.support import HOSTILE, exchange


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":1,"b":["x"]}', '{\n  "a": 1,\n  "b": [\n    "x"\n  ]\n}'),
        (b'{"a":1,"a":2}', '{"a":1,"a":2}'),
        (b'{"a" :1}', '{"a" :1}'),
        (b'{"a": 1e2}', '{"a": 1e2}'),
        (b"<h1>no JSON</h1>", "<h1>no JSON</h1>"),
        (b'"text"', '"text"'),
        (b"a\x00b\x1b[31m", "a\\x00b\\x1b[31m"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"two\nlines", "two\nlines"),
    ],
    ids=["laid-out", "twice", "odd-space", "number", "html", "no-object", "controls", "no-utf8", "lines"],
)
def test_body_shows_as_it_was_written(body: bytes, shown: str) -> None:
    assert body_text(body) == shown


def test_body_of_a_megabyte_is_cut_and_says_so() -> None:
    text = body_text(b"A" * 1_000_000)
    assert len(text) < LONGEST_BODY + 100
    assert "1,000,000 bytes" in text


def test_body_that_grows_by_escapes_is_cut_and_says_so() -> None:
    text = body_text(b"\x00" * (LONGEST_BODY - 1))
    assert len(text) < LONGEST_BODY + 100
    assert "cut here" in text


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (Credential(key="main"), "the key 'main'"),
        (Credential(fault="wrong_secret"), "no valid key: wrong secret"),
        (Credential(), "nothing that is known"),
    ],
    ids=["key", "fault", "unknown"],
)
def test_exchange_says_what_was_presented(credential: Credential, said: str) -> None:
    assert shown_exchange(exchange(credential=credential)).presented == said


def test_exchange_shows_request_and_answer_as_http() -> None:
    answered = replace(
        exchange(b'{"a":1}'), response=Response(status=201, headers=(("X-Id", "7"),), body=b'{"ok":true}')
    )
    shown = shown_exchange(answered)
    assert shown.request == 'POST /api/v1/messages/send\nContent-Type: application/json\n\n{\n  "a": 1\n}'
    assert shown.answer == '201 Created\nX-Id: 7\n\n{\n  "ok": true\n}'


def test_exchange_without_answer_says_why() -> None:
    assert shown_exchange(replace(exchange(), failure=TransportFailure.TIMEOUT)).answer == "no answer: timeout"


def test_exchange_with_hostile_text_everywhere_shows_only_what_can_be_seen() -> None:
    body = HOSTILE.encode("utf-8", "surrogatepass")
    fields = tuple((f"X-{HOSTILE}", HOSTILE) for _ in range(100))
    hostile = exchange(body, path=HOSTILE, method=HOSTILE, headers=fields, identity=HOSTILE)
    shown = shown_exchange(
        replace(
            hostile,
            case=HOSTILE,
            failure=HOSTILE,  # type: ignore[arg-type]  # whatever stands there is text
            response=Response(status=999, headers=fields, body=body),
        )
    )
    assert shown.answer.startswith("999\n")
    assert "and 60 more fields" in shown.request
    for text in (shown.id, shown.case, shown.presented, shown.request, shown.answer):
        assert text.replace("\n", "").isprintable()


def test_cited_exchanges_keep_the_order_in_which_they_are_wanted() -> None:
    given = [exchange(identity=f"x{number}") for number in range(5)]
    found = cited(given, dict.fromkeys(["x3", "gone", "x1", "x4"]), most=3)
    assert list(found) == ["x3", "x1"]
