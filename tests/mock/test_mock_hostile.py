"""Hostile requests: always a 4xx in the service's envelope."""

import json
import socket

import httpx
import pytest

from sendproof.mock import accounts, textflow, textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.server import MockServer

VALID: dict[Provider, bytes] = {
    "textingline": json.dumps({"to": accounts.RECIPIENTS[0], "from": accounts.DEFAULT_SENDER, "body": "@"}).encode(),
    "textflow": json.dumps({"to": accounts.RECIPIENTS[0], "message": "@"}).encode(),
}

BODIES = {
    "empty": b"",
    "blank": b" \n",
    "cut": b'{"to": "+1',
    "trailing-comma": b'{"to": "1",}',
    "single-quotes": b"{'to': '1'}",
    "form": b"to=1&message=2",
    "null": b"null",
    "number": b"1",
    "string": b'"text"',
    "array": b"[]",
    "array-of-objects": b"[{}]",
    "empty-object": b"{}",
    "nan": b'{"to": NaN}',
    "infinity": b"-Infinity",
    "huge-integer": b'{"to": ' + b"9" * 10_000 + b"}",
    "huge-exponent": b'{"to": 1e999999}',
    "invalid-utf-8": b'{"to": "\xff\xfe"}',
    "overlong-utf-8": b'{"to": "\xc0\xaf"}',
    "utf-16": '{"to": "1"}'.encode("utf-16"),
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "nul": b'{"to": "\x00"}',
    "nul-after": b"{}\x00",
    "two-values": b"{} {}",
    "deep-arrays": b"[" * 100_000,
    "closed-deep-arrays": b"[" * 20_000 + b"]" * 20_000,
    "deep-objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "large-string": b'{"to": "' + b"1" * 900_000 + b'"}',
    "over-a-mebibyte": b'{"to": "' + b"1" * 1_200_000 + b'"}',
}  # fmt: skip

MUTATIONS: dict[str, tuple[bytes, bytes]] = {
    "lone-surrogate": (b'"@"', rb'"\ud800"'),
    "reversed-surrogates": (b'"@"', rb'"\udc00\ud800"'),
    "lone-surrogate-in-number": (b'"+1', rb'"\udfff+1'),
    "lone-surrogate-in-a-name": (b"{", rb'{"\ud800": 1, '),
    "repeated-name": (b"{", b'{"to": "+12025550124", '),
    "depth-in-a-member": (b'"@"', b"[" * 10_000 + b"]" * 10_000),
    "escaped-nul-in-number": (b'"+1', rb'"\u0000+1'),
    "list-for-text": (b'"@"', b'["@"]'),
    "object-for-text": (b'"@"', b'{"length": 1}'),
    "true-for-text": (b'"@"', b"true"),
}

PATHS: dict[Provider, str] = {"textingline": textingline.PATH, "textflow": textflow.PATH}


@pytest.fixture(params=["textingline", "textflow"])
def provider(request: pytest.FixtureRequest) -> Provider:
    chosen: Provider = request.param
    return chosen


@pytest.fixture
def client(provider: Provider, request: pytest.FixtureRequest) -> httpx.Client:
    chosen: httpx.Client = request.getfixturevalue(f"{provider}_client")
    return chosen


def assert_refused(provider: Provider, response: httpx.Response) -> None:
    assert 400 <= response.status_code < 500
    document = response.json()
    if provider == "textingline":
        assert isinstance(document["error"]["code"], int)
    else:
        assert document["success"] is False
        assert isinstance(document["error"], str)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_hostile_body_is_refused(provider: Provider, client: httpx.Client, body: bytes) -> None:
    response = client.post(PATHS[provider], content=body, headers={"Content-Type": "application/json"})
    assert_refused(provider, response)


@pytest.mark.parametrize(("old", "new"), MUTATIONS.values(), ids=MUTATIONS)
def test_hostile_member_is_refused(provider: Provider, client: httpx.Client, old: bytes, new: bytes) -> None:
    body = VALID[provider].replace(old, new, 1)
    assert body != VALID[provider]
    response = client.post(PATHS[provider], content=body, headers={"Content-Type": "application/json"})
    assert_refused(provider, response)


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
def test_other_media_type_is_refused(provider: Provider, client: httpx.Client, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    response = client.post(PATHS[provider], content=VALID[provider], headers=headers)
    assert response.status_code == 415
    assert_refused(provider, response)


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_media_type_is_read(provider: Provider, client: httpx.Client, media_type: str) -> None:
    response = client.post(PATHS[provider], content=VALID[provider], headers={"Content-Type": media_type})
    assert response.is_success


def test_client_that_leaves_does_no_harm(
    provider: Provider, client: httpx.Client, request: pytest.FixtureRequest
) -> None:
    server: MockServer = request.getfixturevalue(f"{provider}_server")
    port = int(server.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST {PATHS[provider]} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    assert client.post(PATHS[provider], content=b"{").status_code == 415
