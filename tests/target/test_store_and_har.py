from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure
from sendproof.target.har import KEPT_BYTES, to_har
from sendproof.target.store import StoreError, from_line, load, to_line

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEADERS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
MAYBE = st.none() | TEXTS
BODIES = st.binary(max_size=50) | TEXTS.map(str.encode)
EXCHANGES = st.builds(
    Exchange,
    id=TEXTS,
    request=st.builds(Request, method=TEXTS, path=TEXTS, headers=HEADERS, body=BODIES),
    response=st.none() | st.builds(Response, status=st.integers(100, 999), headers=HEADERS, body=BODIES),
    credential=st.builds(Credential, key=MAYBE, fault=MAYBE, carrier=MAYBE),
    started_s=st.floats(0, 4e9),
    elapsed_s=st.floats(0, 1e3),
    failure=st.none() | st.sampled_from(TransportFailure),
    case=MAYBE,
    tags=st.lists(TEXTS, max_size=3).map(tuple),
)


def exchange(**changes: object) -> Exchange:
    standard: dict[str, object] = {
        "id": "x1",
        "request": Request(method="POST", path="/a?b=1", headers=(("Content-Type", "application/json"),), body=b"{}"),
        "response": Response(status=201, headers=(("Content-Type", "application/json"),), body=b'{"id": 1}'),
        "credential": Credential(key="main", carrier="X-API-Key"),
        "started_s": 1_700_000_000.25,
        "elapsed_s": 0.0123,
        "case": "c1",
        "tags": ("attempt:1",),
    }
    return Exchange(**{**standard, **changes})  # type: ignore[arg-type]  # the tests pass the right types


@given(EXCHANGES)
def test_exchange_survives_a_line(exchange: Exchange) -> None:
    line = to_line(exchange)
    assert from_line(line) == exchange
    assert line.isascii()
    assert "\n" not in line


def test_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.jsonl"
    path.write_text(f'{to_line(exchange())}\n{to_line(exchange(id="x2"))}\n{{"id": "x3", "case"', "ascii")
    assert [item.id for item in load(path)] == ["x1", "x2"]


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"id": "x2", "case"', b"\xff"])
def test_line_that_is_no_exchange_is_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "exchanges.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(StoreError, match=r"^exchanges.jsonl:1: expected an exchange, got "):
        load(path)


def har(tmp_path: Path, *exchanges: Exchange, evidence: tuple[str, ...] = ()) -> list[dict[str, object]]:
    path = tmp_path / "exchanges.har"
    to_har(exchanges, path, base_url="https://api.example.com/base", evidence=evidence)
    log = json.loads(path.read_text(encoding="utf-8"))["log"]
    assert log["version"] == "1.2"
    assert log["creator"]["name"] == "sendproof"
    entries: list[dict[str, object]] = log["entries"]
    return entries


def test_har_holds_an_exchange(tmp_path: Path) -> None:
    [entry] = har(tmp_path, exchange())
    assert entry["startedDateTime"] == "2023-11-14T22:13:20.250000+00:00"
    assert entry["time"] == 12.3
    request, response = entry["request"], entry["response"]
    assert isinstance(request, dict)
    assert isinstance(response, dict)
    assert request["url"] == "https://api.example.com/a?b=1"
    assert request["queryString"] == [{"name": "b", "value": "1"}]
    assert request["postData"] == {"mimeType": "application/json", "text": "{}"}
    assert (request["_id"], request["_case"], request["_tags"]) == ("x1", "c1", ["attempt:1"])
    assert request["_credential"] == {"key": "main", "fault": None, "carrier": "X-API-Key"}
    assert (response["status"], response["statusText"]) == (201, "Created")
    assert response["content"] == {"size": 9, "mimeType": "application/json", "text": '{"id": 1}'}


def test_har_holds_bytes_that_are_no_text(tmp_path: Path) -> None:
    [entry] = har(tmp_path, exchange(response=Response(status=799, body=b"\xff\x00")))
    response = entry["response"]
    assert isinstance(response, dict)
    assert response["content"]["encoding"] == "base64"
    assert base64.b64decode(response["content"]["text"]) == b"\xff\x00"


def test_har_holds_a_failure(tmp_path: Path) -> None:
    [entry] = har(tmp_path, exchange(response=None, failure="timeout", request=Request(method="GET", path="/")))
    request, response = entry["request"], entry["response"]
    assert isinstance(request, dict)
    assert isinstance(response, dict)
    assert (request["_failure"], response["status"]) == ("timeout", 0)
    assert "postData" not in request


def test_har_of_nothing_is_valid(tmp_path: Path) -> None:
    assert har(tmp_path) == []


@pytest.mark.parametrize("piece", ["a", "é", "€", "😀"])
def test_har_has_the_beginning_of_a_long_answer(piece: str, tmp_path: Path) -> None:
    body = ("." + piece * 70_000).encode()
    [entry] = har(tmp_path, exchange(response=Response(status=200, body=body)))
    response = entry["response"]
    assert isinstance(response, dict)
    content, kept = response["content"], response["content"]["text"].encode()
    assert "encoding" not in content
    assert body.startswith(kept)
    assert KEPT_BYTES - 4 < len(kept) <= KEPT_BYTES
    assert (content["size"], response["bodySize"]) == (len(body), len(body))
    assert content["comment"] == f"cut after {len(kept)} of {len(body)} bytes"


def test_har_has_all_of_an_answer_that_a_failure_rests_on(tmp_path: Path) -> None:
    long = exchange(response=Response(status=200, body=b"a" * (KEPT_BYTES + 1)))
    [entry] = har(tmp_path, long, evidence=("x1",))
    response = entry["response"]
    assert isinstance(response, dict)
    assert len(response["content"]["text"]) == KEPT_BYTES + 1
    assert "comment" not in response["content"]


def test_har_of_a_target_that_answers_a_megabyte_each_time_is_bounded(tmp_path: Path) -> None:
    har(tmp_path, *(exchange(id=f"x{n}", response=Response(status=200, body=b"a" * (1 << 20))) for n in range(20)))
    assert (tmp_path / "exchanges.har").stat().st_size < 20 * (KEPT_BYTES + 2000)
