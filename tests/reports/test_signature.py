"""Signatures: one text for one defect, whatever differs between runs; another for another defect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.exchange import Exchange
from sendproof.judge.verdicts import FAIL, Verdict
from sendproof.reports.results import SavedExchange, to_results
from sendproof.reports.signature import matches, signature, signature_of_record
from sendproof.reports.text import is_plain
from tests.reports.support import HOSTILE, changed, contract, exchange, run_of, verdict

CRASH = "http.robustness.no-server-error"


def failing(clause: str, expected: str, observed: str) -> Verdict:
    return verdict(clause, expected=expected, observed=observed)


# Clause, what was expected and observed, the signature.
READABLE = {
    "accepted": ("tf.requests.to-type", "a refusal", "accepted with 200", "accepted with 200"),
    "status code": ("tl.responses.status-201", "201", "200", "200"),
    "text": (
        "tf.errors.missing-key-text",
        "/error 'API key required'",
        "/error 'Invalid or inactive API key'",
        "/error 'Invalid or inactive API key'",
    ),
    "code": ("tl.errors.code-inactive-sender", "the code 33009", "['/error/code 33004']", "['/error/code 33004']"),
    "status": ("tl.delivery.status-failed", "/status 'failed'", "/status 'queued'", "/status 'queued'"),
    "default sender": (
        "tf.responses.from-default",
        "/data/from '+13125550140'",
        "/data/from nothing",
        "/data/from: nothing",
    ),
    "echo of a number": (
        "tf.normalization.to-ten-digits",
        "/data/to '+15551234567' for '5551234567'",
        "/data/to '5551234567'",
        "/data/to: '0', the same digits at its end",
    ),
    "same digits": ("tl.responses.to-echo", "/to '+15551234567'", "/to '15551234567'", "/to: '0', the same digits"),
    "another number": (
        "tf.responses.from-default",
        "/data/from '+13125550140'",
        "/data/from '+13125550141'",
        "/data/from: '+0', another number",
    ),
    "no character": ("tl.responses.body-echo", "/body 'a'", r"/body '\U99999999'", "/body: another text"),
    "blanks": ("tl.responses.body-echo", "/body ' a for b '", "/body 'a for b'", "/body: differs in its blanks"),
    "composed": ("tl.responses.body-echo", "/body 'e\u0301'", "/body 'é'", "/body: differs in how it is composed"),
    "signs": ("tl.responses.body-echo", "/body 'a+b'", "/body 'a b'", "/body: differs in its signs"),
    "case": ("tl.responses.body-echo", "/body 'Ab'", "/body 'ab'", "/body: differs in its case"),
    "shorter": ("tl.responses.body-echo", "/body 'abc'", "/body 'ab'", "/body: differs at its end"),
    "longer": ("tl.responses.body-echo", "/body 'a&b'", "/body 'a&amp;b'", "/body: a longer text"),
    "other": ("tl.responses.body-echo", "/body 'abc'", "/body 'xyz'", "/body: another text"),
    "cut off": ("tl.responses.body-echo", "/body 'aaaaaa…", "/body 'aaaaaa…", "/body: differs at its end"),
    "cut off and other": ("tl.responses.body-echo", "/body 'aaaaaa…", "/body 'baaaaa…", "/body: another text"),
    "emptied": ("tl.responses.body-echo", "/body 'abc'", "/body ''", "/body: an empty text"),
    "other place": ("tl.responses.body-echo", "/body 'abc'", "refused with 400: no", "refused with 400: no"),
    "earlier": (
        "tl.responses.created-at-now",
        "within 60 s of the answer's Date, 2026-11-22T15:00:00+00:00",
        "2026-11-22T10:00:00+00:00",
        "earlier by hours",
    ),
    "epoch": (
        "tl.responses.created-at-now",
        "within 60 s of the answer's Date, 2026-11-22T15:00:00+00:00",
        "1970-01-01T00:00:00+00:00",
        "earlier by years",
    ),
    "later": (
        "tl.responses.sent-at-order",
        "not before 2026-11-22T15:00:00",
        "2026-11-22T15:10:00",
        "later by less than an hour",
    ),
    "no time": ("tl.responses.sent-at-order", "not before 2026-11-22T15:00:00", "2026-99-99T15:10:00", "another time"),
    "no moment": ("tl.responses.sent-at-order", "not before 2026-11-22T15:00:00", "never", "another time"),
    "rate": ("tf.rate_limits.enforced", "429 after 5 messages in 60 s", "503", "503"),
    "two ids": ("tl.responses.id-unique", "an id of its own", '"msg_1", as x3 has', "the id of another message"),
    "several ids": ("tl.idempotency.concurrent-same-id", "one id", '"msg_1", "msg_2"', "several ids"),
    "new id": ("tl.idempotency.replay-same-id", 'the id "msg_1"', '"msg_2"', "another id"),
    "retry refused": ("tl.idempotency.replay-same-id", 'the id "msg_1"', "refused: no", "refused: no"),
    "key refused": (
        "tl.idempotency.distinct-keys",
        "two messages",
        "refused for the key of x3",
        "refused for the key of another",
    ),
    "spent": (
        "tl.credits.boundary",
        "-",
        "sms accepted, mms accepted, sms accepted, mms refused",
        "mms accepted; mms refused; sms accepted",
    ),
    "drop": ("http.robustness.answered", "an answer of the API", "dropped, each time it was asked", "dropped"),
}


@pytest.mark.parametrize(("clause", "expected", "observed", "wanted"), READABLE.values(), ids=READABLE)
def test_signature_tells_the_defect_in_a_few_words(clause: str, expected: str, observed: str, wanted: str) -> None:
    assert signature(failing(clause, expected, observed)) == wanted


# Keyword, pointer, what was observed, the signature.
BREACHES = {
    "absent": ("required", "/data/to", "/data/to nothing", "/data/to: absent"),
    "type": ("type", "/data/to", "/data/to 15551234567", "/data/to: a number, of another type"),
    "pattern": ("pattern", "/data/to", "/data/to '5551234567'", "/data/to: '0', of another pattern"),
    "not": ("not", "/at", "/at '2026-11-22T15:21:47.396'", "/at: '0-0-0A0:0:0.0', not allowed"),
    "boolean": ("type", "/success", "/success True", "/success: true, of another type"),
    "null": ("not", "/errorType", "/errorType None", "/errorType: null, not allowed"),
    "blank": ("pattern", "/message", "/message '  '", "/message: a blank text, of another pattern"),
    "empty": ("minLength", "/id", "/id ''", "/id: an empty text, of another length"),
    "id": ("pattern", "/id", "/id 'YrJHWaNYRwBLiEfayzxHUw'", "/id: 'id', of another pattern"),
    "other keyword": ("maximum", "/n", "/n 12", "/n: a number, breaks maximum"),
    "whole answer": ("type", "", "the answer ['a']", "the answer: an array"),
    "asked again": ("not", "/a", "/a None, each time it was asked", "/a: null, not allowed"),
}


@pytest.mark.parametrize(("keyword", "pointer", "observed", "wanted"), BREACHES.values(), ids=BREACHES)
def test_signature_of_a_breach_is_made_of_its_keyword_and_pointer(
    keyword: str, pointer: str, observed: str, wanted: str
) -> None:
    item = replace(failing("tf.responses.to", "-", observed), keyword=keyword, pointer=pointer)
    assert signature(item) == wanted


REFUSED = 'refused with 400: {{"id":"{}","to":"{}","at":"{}","error":{{"code":33001,"message":"{}"}}}}'
# The same defect in two runs.
TWICE = {
    "ids, numbers, times": (
        REFUSED.format("msg_kfX7jLXjXsozjjwwkL2d7L", "+12125550136", "2026-11-22T15:21:47.396Z", "no"),
        REFUSED.format("msg_ZKx77N8QXBsA69M6mKx7ws", "+13125550199", "2027-01-02T03:04:05Z", "no"),
    ),
    "id without a digit": ("refused: msg_kfXLjLXjXsozjjwwkLdL", "refused: msg_kfXLjLXjXsRzjTwwkLdL"),
    "hosts": (
        "refused with 404: see http://127.0.0.1:8080/a/b now",
        "refused with 404: see https://api.example.com/a now",
    ),
    "addresses": ("refused with 404: 127.0.0.1:8080 is down", "refused with 404: 10.0.0.7 is down"),
    "small numbers": ("refused with 400: wait 12 s", "refused with 400: wait 3.5 s"),
    "digits": ("refused with 400: no 1795360375 here", "refused with 400: no 42 11 22 33 here"),
    "words beyond": (f"refused with 400: {'no ' * 40}a", f"refused with 400: {'no ' * 40}b"),
    "times it was asked": ("500, each time it was asked", "500"),
}


@pytest.mark.parametrize(("one", "other"), TWICE.values(), ids=TWICE)
def test_signature_is_the_same_where_only_the_run_differs(one: str, other: str) -> None:
    clause = "tl.requests.body-max-accepted"
    assert signature(failing(clause, "accepted", one)) == signature(failing(clause, "accepted", other))


def test_signature_keeps_the_words_and_the_code_of_an_error() -> None:
    text = 'refused with 400: {"error":{"code":33001,"message":"idempotencyKey must be a non-empty string"}}'
    assert signature(failing("tl.requests.idempotency-key-accepted", "an accepted message", text)) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("refused with 400: no", "refused with 403: no"),
        ("refused with 400: code 33001", "refused with 400: code 33002"),
        ("refused with 400: too long", "refused with 400: too short"),
    ],
)
def test_signature_tells_one_defect_from_another(one: str, other: str) -> None:
    clause = "tl.requests.body-max-accepted"
    assert signature(failing(clause, "accepted", one)) != signature(failing(clause, "accepted", other))


def test_signature_of_a_count_does_not_hold_the_count() -> None:
    clause = "tf.rate_limits.enforced"
    found = {signature(failing(clause, "429 after 5", f"{count} were accepted")) for count in (6, 7, 100)}
    assert found == {"<n> were accepted"}
    assert signature(failing("tf.rate_limits.not-early", "-", "429 after 4")) == "429 after <n>"


def test_signature_of_causes_in_one_word_does_not_hold_the_causes_that_were_asked() -> None:
    found = {
        signature(failing("tl.delivery.causes-told-apart", "-", f"'unknown' for {told}")) for told in ("a, b", "c")
    }
    assert found == {"'unknown'"}


@pytest.mark.parametrize(
    ("method", "body", "wanted"),
    [
        ("POST", b'{"to": 1}', "500; asked with an object"),
        ("POST", b"[]", "500; asked with a body that is no object"),
        ("POST", b"{", "500; asked with a body that is no JSON"),
        ("POST", b'{"a": NaN}', "500; asked with a body that is no JSON"),
        ("POST", b"\xff", "500; asked with a body that is no UTF-8"),
        ("POST", b"[" * 50_000, "500; asked with a deeply nested body"),
        ("POST", b'"' + b"x" * 20_000 + b'"', "500; asked with a large body"),
        ("POST", b"", "500; asked without a body"),
        ("DELETE", b"", "500; asked by DELETE"),
    ],
)
def test_signature_of_a_crash_tells_what_was_asked(method: str, body: bytes, wanted: str) -> None:
    crash = replace(failing("tf.auth.missing-key", "no 5xx", "500"), clause=contract().clauses[CRASH])
    asked = exchange(body, method=method)
    assert signature(crash, {asked.id: asked}) == wanted


def test_signature_of_a_crash_without_its_exchange_stands_for_any_request() -> None:
    crash = replace(failing("tf.auth.missing-key", "no 5xx", "500"), clause=contract().clauses[CRASH])
    assert signature(crash) == "500"
    assert matches("500", "500; asked with an object")


@pytest.mark.parametrize("got", ["501; asked with an object", "500 and more", "50"])
def test_signature_does_not_match_another(got: str) -> None:
    assert not matches("500", got)


def test_signature_matches_itself() -> None:
    assert matches("accepted with 201", "accepted with 201")


@pytest.mark.parametrize("kind", ["pass", "inconclusive"])
def test_signature_of_what_does_not_fail_is_nothing(kind: str) -> None:
    assert signature(verdict("tf.auth.missing-key", kind)) == ""


def _saved(of: Exchange) -> SavedExchange:
    return SavedExchange(
        id=of.id,
        case=None,
        tags=(),
        credential={},
        method=of.request.method,
        path=of.request.path,
        started_s=of.started_s,
        elapsed_ms=1.0,
        request_headers=(),
        request_body=of.request.body,
        status=500,
        headers=(),
        body=b"",
        failure=None,
    )


def test_signature_of_a_saved_record_is_that_of_the_verdict() -> None:
    crash = replace(failing("tf.auth.missing-key", "no 5xx", "500"), clause=contract().clauses[CRASH])
    hostile = failing("tf.auth.missing-key", HOSTILE, HOSTILE * 50)
    provider = contract().provider
    asked = exchange(b"[]")
    run = run_of(changed(crash, hostile), exchanges=(asked,))
    records = {record["id"]: record for record in to_results(run, provider)["clauses"]}
    for item in (crash, hostile):
        made = signature_of_record(item.clause, records[item.clause.id], {asked.id: _saved(asked)})
        assert made == signature(item, {asked.id: asked})
        assert made


def test_signature_of_a_record_that_does_not_fail_is_nothing() -> None:
    record: dict[str, Any] = {"expected": None, "observed": None, "evidence": []}
    assert signature_of_record(contract().clauses[CRASH], record, {}) == ""


_CLAUSES = st.sampled_from(
    [item.id for name in ("textflow", "textingline") for item in contract(name).clauses.values() if item.gates]
)
_TEXTS = st.text() | st.text("ab/: '\"\\{}[]0123456789msg_-T") | st.sampled_from([HOSTILE, "x" * 3000, "[" * 3000])


@given(clause=_CLAUSES, expected=_TEXTS, observed=_TEXTS | _TEXTS.map(lambda text: f"/a: {text}"))
def test_signature_of_any_text_is_one_short_printable_line(clause: str, expected: str, observed: str) -> None:
    provider = "textflow" if clause in contract("textflow").clauses else "textingline"
    item = contract(provider).clauses[clause]
    made = signature(Verdict(clause=item, verdict=FAIL, expected=expected, observed=observed))
    assert is_plain(made)
    assert len(made) <= 300
