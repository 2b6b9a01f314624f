"""The faultless TextFlow mock over real sockets."""

import re
from typing import Any

import httpx
import pytest

from sendproof.mock import accounts
from sendproof.mock.accounts import Settings
from sendproof.mock.server import MockServer
from sendproof.mock.textflow import PATH

TO = accounts.RECIPIENTS[0]
SMS = {"to": TO, "message": "Hello"}
KEYS = {role: key.value for role, key in accounts.textflow_keys(Settings()).items()}


def refused(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert set(document) == {"success", "error"}
    assert document["success"] is False
    return response.status_code, document["error"]


def test_sms_is_answered_as_documented(textflow_client: httpx.Client) -> None:
    response = textflow_client.post(PATH, json=SMS)
    document = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert document["success"] is True
    assert document["message"] == "Message sent successfully"
    assert re.fullmatch(r"msg_\d{10}_[0-9a-z]{9}", document["data"].pop("messageId"))
    assert document["data"] == {"to": TO, "from": accounts.DEFAULT_SENDER, "status": "sent"}


@pytest.mark.parametrize(
    "spelling",
    [
        "+12025550123",
        "12025550123",
        "2025550123",
        "(202) 555-0123",
        "+1 (202) 555-0123",
        "1-202-555-0123",
        "202.555.0123",
        " 202 555 0123 ",
    ],
)
@pytest.mark.parametrize("member", ["to", "from"])
def test_spelling_is_normalized(textflow_client: httpx.Client, member: str, spelling: str) -> None:
    sender = accounts.SENDERS[1]
    spelled = spelling.replace("202", "312", 1).replace("0123", "0141") if member == "from" else spelling
    response = textflow_client.post(PATH, json={**SMS, member: spelled})
    assert response.json()["data"][member] == (sender if member == "from" else TO)


@pytest.mark.parametrize(
    "number",
    ["202555012", "120255501234", "22025550123", "+2025550123", "202-555-CALL", "call",
     "202555012\u0663", "2025550123\n", "2025550123\x00", 2025550123, ["2025550123"], {}, True],
)  # fmt: skip
@pytest.mark.parametrize("member", ["to", "from"])
def test_other_numbers_are_refused(textflow_client: httpx.Client, member: str, number: object) -> None:
    response = textflow_client.post(PATH, json={**SMS, member: number})
    assert refused(response) == (400, "Invalid phone number format (must be 10 or 11 digits)")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"to": None}, "Recipient phone number (to) is required"),
        ({"to": ""}, "Recipient phone number (to) is required"),
        ({"to": None, "message": None}, "Recipient phone number (to) is required"),
        ({"message": None}, "Message content is required"),
        ({"message": ""}, "Message content is required"),
        ({"to": "1", "message": ""}, "Message content is required"),
        ({"from": accounts.FOREIGN_SENDER}, "Invalid or inactive phone number"),
        ({"from": accounts.INACTIVE_SENDER}, "Invalid or inactive phone number"),
        ({"from": None}, "Invalid phone number format (must be 10 or 11 digits)"),
        ({"message": 7}, "Message content must be a string"),
        ({"message": "x" * 1601}, "Message content must not exceed 1,600 characters"),
    ],
)
def test_fault_is_refused_with_its_text(textflow_client: httpx.Client, change: dict[str, Any], text: str) -> None:
    assert refused(textflow_client.post(PATH, json={**SMS, **change})) == (400, text)


@pytest.mark.parametrize("name", ["to", "message"])
def test_missing_member_is_refused(textflow_client: httpx.Client, name: str) -> None:
    document = {member: value for member, value in SMS.items() if member != name}
    assert "required" in refused(textflow_client.post(PATH, json=document))[1]


@pytest.mark.parametrize("text", ["x", "x" * 1600, "\U0001f600" * 1600, "\x00", " "])
def test_any_text_up_to_the_limit_is_accepted(textflow_client: httpx.Client, text: str) -> None:
    assert textflow_client.post(PATH, json={**SMS, "message": text}).status_code == 200


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (None, "API key required"),
        ("", "API key required"),
        (KEYS["inactive"], "Invalid or inactive API key"),
        (KEYS["main"].upper(), "Invalid or inactive API key"),
        (KEYS["main"][:-1], "Invalid or inactive API key"),
        (KEYS["main"] + "x", "Invalid or inactive API key"),
        ("sk_live_", "Invalid or inactive API key"),
    ],
)
def test_bad_key_is_refused(textflow_server: MockServer, key: str | None, text: str) -> None:
    headers = {} if key is None else {"X-API-Key": key}
    response = httpx.post(textflow_server.base_url + PATH, json=SMS, headers=headers, verify=False)
    assert refused(response) == (401, text)


def test_two_keys_are_refused(textflow_server: MockServer) -> None:
    headers = [("X-API-Key", KEYS["main"]), ("X-API-Key", KEYS["test"])]
    assert refused(httpx.post(textflow_server.base_url + PATH, json=SMS, headers=headers, verify=False))[0] == 401


def test_test_key_sends(textflow_client: httpx.Client) -> None:
    response = textflow_client.post(PATH, json=SMS, headers={"X-API-Key": KEYS["test"]})
    assert response.json()["success"] is True


def test_account_without_numbers_is_refused(textflow_client: httpx.Client) -> None:
    response = textflow_client.post(PATH, json=SMS, headers={"X-API-Key": KEYS["no_numbers"]})
    assert refused(response) == (400, "No active phone numbers available")


def test_exhausted_day_is_refused(textflow_client: httpx.Client) -> None:
    response = textflow_client.post(PATH, json=SMS, headers={"X-API-Key": KEYS["daily_exhausted"]})
    assert refused(response) == (429, "Daily message limit reached")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(textflow_client: httpx.Client, method: str) -> None:
    response = textflow_client.request(method, PATH)
    assert refused(response)[0] == 405
    assert response.headers["allow"] == "POST"


def test_other_path_is_not_found(textflow_client: httpx.Client) -> None:
    assert refused(textflow_client.post("/", json=SMS))[0] == 404


def test_rate_limit_opens_again_after_its_window() -> None:
    with (
        MockServer("textflow", limit_per_minute=3, window_s=30.0) as server,
        httpx.Client(base_url=server.base_url, headers={"X-API-Key": KEYS["rate_limited"]}, verify=False) as client,
    ):
        assert [client.post(PATH, json=SMS).status_code for _ in range(3)] == [200] * 3
        response = client.post(PATH, json=SMS)
        assert refused(response) == (429, "Rate limit exceeded")
        assert 29 <= int(response.headers["retry-after"]) <= 30
        server.advance(28)
        assert client.post(PATH, json=SMS).status_code == 429
        server.advance(2)
        assert [client.post(PATH, json=SMS).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_refused_requests_count_against_the_rate_limit() -> None:
    with (
        MockServer("textflow") as server,
        httpx.Client(base_url=server.base_url, headers={"X-API-Key": KEYS["rate_limited"]}, verify=False) as client,
    ):
        assert [client.post(PATH, json={}).status_code for _ in range(6)] == [400] * 5 + [429]
