"""The faultless TextingLine mock over real sockets."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest

from sendproof.mock import accounts
from sendproof.mock.accounts import Settings
from sendproof.mock.server import MockServer
from sendproof.mock.textingline import PATH

TO = accounts.RECIPIENTS[0]
FROM = accounts.DEFAULT_SENDER
SMS = {"to": TO, "from": FROM, "body": "Your code is 482910"}
MMS = {**SMS, "mediaUrl": "https://example.com/promo.jpg"}
ACCOUNTS = accounts.textingline_accounts(Settings())
METERED = (ACCOUNTS["metered"].key_id, ACCOUNTS["metered"].key_secret)


def refused(response: httpx.Response) -> tuple[int, int]:
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "message"}
    return response.status_code, document["error"]["code"]


def test_sms_is_answered_as_documented(textingline_client: httpx.Client) -> None:
    response = textingline_client.post(PATH, json=SMS)
    document = response.json()
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert list(document) == [
        "id",
        "direction",
        "to",
        "from",
        "body",
        "status",
        "sentAt",
        "createdAt",
    ]
    assert re.fullmatch(r"msg_[0-9A-Za-z]{22}", document["id"])
    assert {name: document[name] for name in SMS} == SMS
    assert (document["direction"], document["status"]) == ("outbound", "sent")
    for name in ("sentAt", "createdAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document[name])
    assert datetime.fromisoformat(document["createdAt"]) <= datetime.fromisoformat(document["sentAt"])


def test_created_at_follows_the_clock(textingline_client: httpx.Client, textingline_server: MockServer) -> None:
    before = datetime.fromisoformat(textingline_client.post(PATH, json=SMS).json()["createdAt"])
    textingline_server.advance(3600)
    after = datetime.fromisoformat(textingline_client.post(PATH, json=SMS).json()["createdAt"])
    assert 3600 <= (after - before).total_seconds() < 3610


@pytest.mark.parametrize("error_type", accounts.ERROR_TYPES)
def test_failing_recipient_is_answered_201_without_sent_at(textingline_client: httpx.Client, error_type: str) -> None:
    number = accounts.FAILING_RECIPIENTS[error_type]
    response = textingline_client.post(PATH, json={**SMS, "to": number})
    document = response.json()
    assert response.status_code == 201
    assert (document["status"], document["errorType"], document["to"]) == (
        "failed",
        error_type,
        number,
    )
    assert document["errorMessage"]
    assert "sentAt" not in document


@pytest.mark.parametrize(
    "body",
    [
        "x" * 640,
        "\U0001f600" * 640,
        "é\n\t ",
        " ",
        "\x00",
        "<b>&amp;</b>",
        "\U0001f469\u200d\U0001f4bb",
    ],
    ids=["640", "640-emoji", "white-space", "blank", "nul", "markup", "joined"],
)
def test_body_is_echoed_unchanged(textingline_client: httpx.Client, body: str) -> None:
    response = textingline_client.post(PATH, json={**SMS, "body": body})
    assert (response.status_code, response.json()["body"]) == (201, body)


@pytest.mark.parametrize("document", [{"body": ""}, {}], ids=["empty", "absent"])
def test_mms_needs_no_body(textingline_client: httpx.Client, document: dict[str, str]) -> None:
    response = textingline_client.post(PATH, json={"to": TO, "from": FROM, "mediaUrl": MMS["mediaUrl"], **document})
    assert (response.status_code, response.json()["body"]) == (201, "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"to": value}, 33001, id=f"to-{name}")
        for name, value in {
            "null": None,
            "integer": 12025550123,
            "list": [TO],
            "ten-digits": "2025550123",
            "no-plus": TO[1:],
            "formatted": "+1 202 555 0123",
            "leading-zero": "+0202555012",
            "six-digits": "+123456",
            "sixteen-digits": "+1234567890123456",
            "newline": TO + "\n",
            "other-digits": "+1202555012\u0663",
            "nul": TO + "\x00",
        }.items()
    ]
    + [
        pytest.param({"from": "13125550140"}, 33001, id="from-no-plus"),
        pytest.param({"from": None}, 33001, id="from-null"),
        pytest.param({"body": ""}, 33001, id="body-empty"),
        pytest.param({"body": None}, 33001, id="body-null"),
        pytest.param({"body": 7}, 33001, id="body-integer"),
        pytest.param({"body": "x" * 641}, 33001, id="body-641"),
        pytest.param({"idempotencyKey": ""}, 33001, id="key-empty"),
        pytest.param({"idempotencyKey": 7}, 33001, id="key-integer"),
        pytest.param({"from": accounts.FOREIGN_SENDER}, 33004, id="from-unassigned"),
        pytest.param({"from": accounts.INACTIVE_SENDER}, 33009, id="from-inactive"),
        pytest.param({"body": accounts.UNSUPPORTED_BODY}, 33016, id="body-unsupported"),
        pytest.param({"body": accounts.NONCOMPLIANT_BODY}, 33019, id="body-noncompliant"),
    ]
    + [
        pytest.param({"mediaUrl": url}, 33001, id=f"media-{index}")
        for index, url in enumerate(
            ("", None, 5, "promo.jpg", "//example.com/a", "ftp://example.com/a", "http://", "https:///a",
             "http://a b/", "http://[1/", "http://a:99999/", "javascript:alert(1)", "http://a/\n")
        )
    ],
)  # fmt: skip
def test_fault_is_refused_with_its_code(textingline_client: httpx.Client, change: dict[str, Any], code: int) -> None:
    assert refused(textingline_client.post(PATH, json={**SMS, **change})) == (400, code)


@pytest.mark.parametrize("name", ["to", "from", "body"])
def test_missing_member_is_refused(textingline_client: httpx.Client, name: str) -> None:
    document = {member: value for member, value in SMS.items() if member != name}
    assert refused(textingline_client.post(PATH, json=document)) == (400, 33001)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic Zm9v",
        "Basic /////w==",
        "Bearer x",
        httpx.BasicAuth(ACCOUNTS["main"].key_id, ACCOUNTS["main"].key_secret.lower())._auth_header,
        httpx.BasicAuth(ACCOUNTS["main"].key_id, ACCOUNTS["main"].key_secret[:-1])._auth_header,
        httpx.BasicAuth(ACCOUNTS["main"].key_id.upper(), ACCOUNTS["main"].key_secret)._auth_header,
        httpx.BasicAuth(ACCOUNTS["main"].key_id, ACCOUNTS["metered"].key_secret)._auth_header,
        httpx.BasicAuth(ACCOUNTS["main"].key_id, "")._auth_header,
    ],
)
def test_bad_credentials_are_challenged(textingline_server: MockServer, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = httpx.post(textingline_server.base_url + PATH, json=SMS, headers=headers, verify=False)
    assert refused(response)[0] == 401
    assert response.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(textingline_client: httpx.Client, method: str) -> None:
    response = textingline_client.request(method, PATH)
    assert refused(response)[0] == 405
    assert response.headers["allow"] == "POST"


def test_other_path_is_not_found(textingline_client: httpx.Client) -> None:
    assert refused(textingline_client.post(PATH + "/", json=SMS))[0] == 404


def test_idempotent_retry_gets_the_same_answer_without_sending(
    textingline_client: httpx.Client, textingline_server: MockServer
) -> None:
    document = {**SMS, "idempotencyKey": "retry"}
    before = textingline_server.accepted_count
    first = textingline_client.post(PATH, json=document)
    textingline_server.advance(5)
    assert textingline_client.post(PATH, json=document).content == first.content
    assert textingline_server.accepted_count == before + 1


def test_idempotent_failure_is_replayed(textingline_client: httpx.Client) -> None:
    number = accounts.FAILING_RECIPIENTS["opted_out"]
    document = {**SMS, "to": number, "idempotencyKey": "failure"}
    first, again = (textingline_client.post(PATH, json=document) for _ in range(2))
    assert first.content == again.content


def test_idempotency_key_with_another_payload_is_a_conflict(
    textingline_client: httpx.Client,
) -> None:
    textingline_client.post(PATH, json={**SMS, "idempotencyKey": "other"})
    response = textingline_client.post(PATH, json={**SMS, "body": "Other", "idempotencyKey": "other"})
    assert refused(response) == (409, 33005)


def test_idempotency_keys_belong_to_their_account(
    textingline_client: httpx.Client, textingline_server: MockServer
) -> None:
    document = {**SMS, "idempotencyKey": "theirs"}
    first = textingline_client.post(PATH, json=document)
    other = textingline_client.post(PATH, json=document, auth=METERED)
    assert first.json()["id"] != other.json()["id"]


def test_refused_request_leaves_its_key_free(textingline_client: httpx.Client) -> None:
    document = {**SMS, "idempotencyKey": "refused"}
    assert refused(textingline_client.post(PATH, json={**document, "from": accounts.FOREIGN_SENDER}))
    assert textingline_client.post(PATH, json=document).status_code == 201


def test_concurrent_retries_send_once(textingline_client: httpx.Client, textingline_server: MockServer) -> None:
    document = {**SMS, "idempotencyKey": "concurrent"}
    before = textingline_server.accepted_count
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: textingline_client.post(PATH, json=document).content, range(8)))
    assert len(set(answers)) == 1
    assert textingline_server.accepted_count == before + 1


def spend(*documents: dict[str, str], balance: int = 7) -> list[int]:
    with (
        MockServer("textingline", metered_balance=balance) as server,
        httpx.Client(base_url=server.base_url, auth=METERED, verify=False) as client,
    ):
        return [client.post(PATH, json=document).status_code for document in documents]


@pytest.mark.parametrize(
    ("documents", "statuses"),
    [
        pytest.param([SMS] * 4, [201, 201, 201, 402], id="sms"),
        pytest.param([MMS, MMS, SMS], [201, 201, 402], id="mms"),
        pytest.param([SMS, MMS, SMS, SMS], [201, 201, 201, 402], id="to-the-last"),
        pytest.param([SMS, MMS, MMS, SMS], [201, 201, 402, 201], id="refused-is-free"),
        pytest.param(
            [{**SMS, "to": accounts.FAILING_RECIPIENTS["unknown"]}] * 4,
            [201, 201, 201, 402],
            id="failed-costs",
        ),
        pytest.param([{**SMS, "idempotencyKey": "k"}] * 5, [201] * 5, id="replayed-is-free"),
    ],
)
def test_credits_are_spent(documents: list[dict[str, str]], statuses: list[int]) -> None:
    assert spend(*documents) == statuses


def test_account_without_credits_is_refused(textingline_client: httpx.Client) -> None:
    account = ACCOUNTS["no_credits"]
    response = textingline_client.post(PATH, json=SMS, auth=(account.key_id, account.key_secret))
    assert refused(response) == (402, 33023)


def test_concurrent_refusals_leave_the_key_free(
    start_direct: Callable[..., Any], run_async: Callable[..., Any]
) -> None:
    account = ACCOUNTS["no_credits"]
    header = httpx.BasicAuth(account.key_id, account.key_secret)._auth_header
    sender = start_direct("textingline")

    async def probe() -> list[int]:
        document = {**SMS, "idempotencyKey": "poor"}
        return [(await sender.send(document, headers={"authorization": header})).status for _ in range(2)]

    assert run_async(probe()) == [402, 402]
