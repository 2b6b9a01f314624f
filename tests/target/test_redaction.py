from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.target.profile import Secret
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.redaction import Redactor

from .support import PROVIDERS, profile_of

ID, SECRET = "key+id/8842", 'hunter"2/é+secret'
KEYS = {"main": (Secret(value=ID), Secret(value=SECRET))}
REDACTOR = Redactor(PROVIDERS["textingline"], KEYS, Pseudonyms(profile_of("textingline")))
PAIR = f"{ID}:{SECRET}"


def _answered(body: bytes) -> bytes:
    return REDACTOR.answered(body, b"", accepted=False)


SHOWN = {
    "plain": SECRET,
    "id": ID,
    "pair": PAIR,
    "basic": "Basic " + base64.b64encode(PAIR.encode()).decode(),
    "base64 of the secret": base64.b64encode(SECRET.encode()).decode(),
    "base64 amid others": base64.b64encode(f"x{SECRET}yz".encode()).decode(),
    "base64url": base64.urlsafe_b64encode(f"??{SECRET}??".encode()).decode(),
    "url": quote(SECRET, safe=""),
    "url, twice": quote(quote(SECRET, safe=""), safe=""),
    "json": json.dumps({"a": SECRET}),
    "json, not ascii": json.dumps({"a": SECRET}, ensure_ascii=False),
    "json, slashes": json.dumps(SECRET).replace("/", "\\/"),
    "html": SECRET.replace('"', "&#34;"),
    "hex": SECRET.encode().hex(),
    "upper hex": SECRET.encode().hex().upper(),
}


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN)
def test_secret_is_scrubbed(text: str) -> None:
    body = _answered(f"<{text}>".encode())
    assert b"[redacted]" in body
    for word in ("hunter", "secret", "8842", base64.b64encode(SECRET.encode())[4:12].decode()):
        assert word not in body.decode()
        assert word not in REDACTOR.text(f"failed for {text}")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_base64_of_a_secret_is_scrubbed_wherever_it_begins(before: bytes, after: bytes) -> None:
    core = base64.b64encode(SECRET.encode())[4:-8]
    shown = base64.b64encode(before + SECRET.encode() + after)
    assert core not in _answered(shown)
    assert b"[redacted]" in _answered(shown)


def test_content_without_secrets_is_the_same_object() -> None:
    body = b'{"id": "msg_1"}'
    assert _answered(body) is body
    assert REDACTOR.text("plain") == "plain"


def test_presented_values_are_scrubbed_from_six_characters() -> None:
    assert (
        REDACTOR.answered(b"no such key: abcdef", b"", accepted=False, presented=("abcdef", "no"))
        == b"no such key: [redacted]"
    )


def test_headers_that_carry_credentials_are_removed() -> None:
    headers = (("AUTHORIZATION", "Basic x"), ("Cookie", "a=b"), ("Content-Type", "application/json"))
    assert REDACTOR.request_headers(headers) == (("Content-Type", "application/json"),)


def test_response_headers_keep_listed_values_alone() -> None:
    headers = (
        ("Set-Cookie", "session=1"),
        ("Server", f"of {SECRET}"),
        ("X-Other", "a"),
        ("X-RateLimit-Limit", "5\xff"),
    )
    assert REDACTOR.response_headers(headers) == (
        ("Set-Cookie", "[redacted]"),
        ("Server", "of [redacted]"),
        ("X-Other", "[redacted]"),
        ("X-RateLimit-Limit", "5\xff"),
    )


def test_path_loses_the_values_of_credentials() -> None:
    assert REDACTOR.path("/a?KEY_ID=5&b=1&key_secret=") == "/a?KEY_ID=[redacted]&b=1&key_secret=[redacted]"
    assert REDACTOR.path("/a") == "/a"
