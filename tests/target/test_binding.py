from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sendproof.exchange import Credential
from sendproof.target.binding import BoundRequest, Unbindable, bind
from sendproof.target.credentials import FAULTS, classify, random_like

from .support import NONCE, PROVIDERS, case_of, profile_of

FLOW, LINE = profile_of("textflow"), profile_of("textingline")


def bound(name: Any, **changes: Any) -> BoundRequest:
    profile = {"textflow": FLOW, "textingline": LINE}[name]
    return bind(case_of(name, **changes), profile, PROVIDERS[name], NONCE)


TOKENS = {
    "@{recipient}": "+12025550123",
    "@{recipient.eleven_digits}": "12025550123",
    "@{recipient.ten_digits}": "2025550123",
    "@{recipient.formatted}": "(202) 555-0123",
    "@{recipient2}": "+12025550124",
    "@{sender}": "+13125550140",
    "@{sender2.formatted}": "(312) 555-0141",
    "@{recipient.formatted_eleven_digits}": "1 (202) 555-0123",
    "@{fixture.failing_recipients.opted_out}": "+12125550136",
    "@{nonce}": NONCE,
    "@{other}": "@{other}",
}


@pytest.mark.parametrize(("token", "value"), TOKENS.items())
def test_bind_replaces(token: str, value: str) -> None:
    request = bound("textingline", body=f'{{"a": "{token}"}}'.encode())
    assert json.loads(request.body) == {"a": value}


def test_bind_escapes_a_text_for_json() -> None:
    text = 'say "hi" \\ \n ᚠ'
    profile = profile_of("textingline", fixtures={"noncompliant_body": text})
    case = case_of("textingline", body=b'{"body": "@{fixture.noncompliant_body}"}')
    assert json.loads(bind(case, profile, PROVIDERS["textingline"], NONCE).body) == {"body": text}


def test_bind_uses_the_only_number_twice() -> None:
    profile = profile_of("textflow", account={"senders": ["+13125550140"], "recipients": ["+442079460001"]})
    case = case_of("textflow", body=b'"@{recipient2}"')
    assert bind(case, profile, PROVIDERS["textflow"], NONCE).body == b'"+442079460001"'
    with pytest.raises(Unbindable, match="ten_digits"):
        bind(case_of("textflow", body=b"@{recipient.ten_digits}"), profile, PROVIDERS["textflow"], NONCE)


def test_bind_spells_a_number_that_nobody_can_have() -> None:
    """The samples of documents have exchange codes that no plan gives out."""
    profile = profile_of("textflow", account={"senders": ["+15559876543"], "recipients": ["+15551234567"]})
    case = case_of("textflow", body=b'"@{recipient.formatted}"')
    assert bind(case, profile, PROVIDERS["textflow"], NONCE).body == b'"(555) 123-4567"'


HEADER_WAYS = [
    "missing",
    "empty",
    "unknown",
    "case",
    "prefix",
    "extended",
    "extended_colon",
    "prepended",
    "changed_first",
    "changed_middle",
    "changed_last",
    "cut_front",
    "other_mark",
    "query",
    "bearer",
    "query_wrong",
    "bearer_wrong",
]
# The secrets of the mock bear no mark of an environment.
BASIC_WAYS = sorted(set(FAULTS) - {"bearer", "bearer_wrong", "other_mark", "other_account"})


@pytest.mark.parametrize(
    ("name", "how"), [("textflow", how) for how in HEADER_WAYS] + [("textingline", how) for how in BASIC_WAYS]
)
def test_bind_presents_a_fault_that_classify_names(name: str, how: str) -> None:
    request = bound(name, presents=how)
    assert request.credential.key is None
    assert request.credential.fault in FAULTS[how]
    assert bound(name, presents=how) == request


@pytest.mark.parametrize(
    ("name", "how"),
    [("textflow", how) for how in sorted(set(FAULTS) - set(HEADER_WAYS))]
    + [("textingline", how) for how in ("bearer", "other_mark", "other_account")],
)
def test_bind_refuses_a_way_that_the_scheme_does_not_have(name: str, how: str) -> None:
    with pytest.raises(Unbindable, match=how):
        bound(name, presents=how)


@pytest.mark.parametrize(("how", "carrier"), [("exact", "X-API-Key"), ("carrier_lower", "x-api-key")])
def test_bind_presents_a_key_exactly(how: str, carrier: str) -> None:
    request = bound("textflow", presents=how, key="inactive")
    assert request.credential == Credential(key="inactive", carrier=carrier)
    assert dict(request.headers)[carrier] == FLOW.keys["inactive"][0].value


def test_key_is_changed_in_one_place_and_nowhere_else() -> None:
    key = FLOW.keys["main"][0].value
    for how, place in (("changed_first", len("sk_live_")), ("changed_middle", len(key) // 2), ("changed_last", -1)):
        sent = dict(bound("textflow", presents=how).headers)["X-API-Key"]
        different = [index for index, (one, other) in enumerate(zip(sent, key, strict=True)) if one != other]
        assert different == [place % len(key)]
    assert dict(bound("textflow", presents="other_mark").headers)["X-API-Key"] == key.replace("sk_live_", "sk_test_")


def test_bind_writes_basic_credentials() -> None:
    value = dict(bound("textingline").headers)["Authorization"]
    assert base64.b64decode(value.removeprefix("Basic ")) == b"mockKeyMain7Qz3Tb9Lp2Vd:mockSecretMain4Hx8Rw1Nc6Ym"


def test_bind_puts_a_key_into_the_query() -> None:
    request = bound("textflow", presents="query", query="a=1")
    assert request.path == f"/api/v1/messages/send?a=1&api_key={FLOW.keys['main'][0].value}"
    assert request.url == f"http://127.0.0.1:1{request.path}"


def test_bound_request_hides_its_secrets() -> None:
    for how in ("exact", "query", "prefix"):
        assert "sk_live" not in repr(bound("textflow", presents=how))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"needs": ("no_credits",)}, "fixture no_credits"),
        ({"needs": ("failing_recipients.opted_out",)}, "failing_recipients.opted_out"),
        ({"key": "metered"}, "key 'metered'"),
        ({"body": b"@{fixture.unsupported_body}"}, "fixture.unsupported_body"),
        ({"presents": "other_secret"}, "other_secret"),
        ({"presents": "case"}, "case"),
        ({"method": "po st"}, "well-formed"),
        ({"headers": (("A", "b\r\nc"),)}, "well-formed"),
        ({"query": "a b"}, "well-formed"),
    ],
)
def test_bind_refuses_what_the_profile_lacks(changes: dict[str, Any], message: str) -> None:
    profile = profile_of("textingline", fixtures={}, credentials={"key_id": "1", "key_secret": "12345678"})
    with pytest.raises(Unbindable, match=message):
        bind(case_of("textingline", **changes), profile, PROVIDERS["textingline"], NONCE)


CLASSIFIED = {
    "nothing known": (LINE, {}, (("authorization", "basic YTpi"),), Credential(carrier="authorization")),
    "no padding": (LINE, LINE.keys, (("Authorization", "Basic YTp"),), "malformed"),
    "bare scheme": (LINE, LINE.keys, (("Authorization", "Basic"),), "malformed"),
    "empty field": (LINE, LINE.keys, (("Authorization", " "),), "empty"),
    "nobody's": (LINE, LINE.keys, (("Authorization", "Basic YTpi"),), "unknown_id"),
    "missing": (FLOW, FLOW.keys, (), "missing"),
}


@pytest.mark.parametrize(("profile", "keys", "headers", "expected"), CLASSIFIED.values(), ids=CLASSIFIED)
def test_classify_names(profile: Any, keys: Any, headers: Any, expected: Any) -> None:
    credential = classify(PROVIDERS[profile.provider], keys, headers, "")
    assert credential == expected or credential.fault == expected


def test_random_like_keeps_the_look_and_avoids_the_known() -> None:
    value = random_like("sk_live_Ab1-Cd2-Ef3", "seed")
    assert value.startswith("sk_live_")
    assert value[11] == "-"
    assert value[8:].upper() != "AB1-CD2-EF3"
    assert random_like("a", "s", avoid=frozenset({random_like("a", "s")})) != random_like("a", "s")
