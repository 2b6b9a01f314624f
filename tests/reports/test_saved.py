from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sendproof.errors import UsageError
from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure
from sendproof.reports.results import SavedRun, load_run, to_results
from sendproof.reports.run_view import Run
from sendproof.reports.write import write_reports

from .support import HOSTILE, contract, hostile_run, run_of, verdict

ASKED = Exchange(
    id="x1",
    request=Request(
        method="POST", path="/a?b=1&c=", headers=(("X-Two", "1"), ("X-Two", "2")), body=b'{"to": "\xc3\xa9"}'
    ),
    response=Response(status=201, headers=(("Content-Type", "application/json"),), body=b'{"id": 1}'),
    credential=Credential(key="main", carrier="X-API-Key"),
    started_s=1_700_000_000.25,
    elapsed_s=0.0123,
    case="plain.base",
    tags=("attempt:1",),
)


def saved(folder: Path, run: Run) -> Path:
    write_reports(run, contract(run.provider), folder)
    return folder


def edited(folder: Path, name: str, edit: Callable[[Any], object]) -> Path:
    file = saved(folder, run_of(exchanges=(ASKED,))) / name
    data = json.loads(file.read_text("utf-8"))
    edit(data)
    file.write_text(json.dumps(data), "utf-8")
    return folder


def only(run: SavedRun) -> Any:
    assert run.exchanges is not None
    [item] = run.exchanges
    return item


def test_run_holds_what_the_results_say(tmp_path: Path) -> None:
    run = load_run(saved(tmp_path, run_of(credits=7, seed=3)))
    assert (run.provider, run.kind, run.name, run.base_url) == ("textflow", "mock", "textflow", "http://127.0.0.1:8080")
    assert (run.version, run.seed, run.corpus_sha256) == ("0.1.0", 3, "0" * 64)
    assert (run.contract_sha256, run.exit_code, run.complete) == (contract().sha256, 0, True)
    assert (run.requests, run.accepted, run.credits) == (380, 41, 7)
    assert (run.started, run.duration_s) == (datetime(2026, 3, 15, 14, 30, 0, 123000, tzinfo=UTC), 3.142)
    assert run.latency_ms == {"accepted": {"count": 0}, "refused": {"count": 0}}


def test_run_holds_every_clause(tmp_path: Path) -> None:
    run = load_run(saved(tmp_path, run_of({"tf.auth.missing-key": verdict("tf.auth.missing-key")})))
    assert list(run.by_id) == list(contract().clauses)
    assert run.by_id["tf.auth.missing-key"]["verdict"] == "fail"


def test_run_is_the_same_from_its_folder_and_its_file(tmp_path: Path) -> None:
    saved(tmp_path, run_of())
    assert load_run(tmp_path) == load_run(tmp_path / "results.json")


def test_exchange_is_read_as_it_was_written(tmp_path: Path) -> None:
    item = only(load_run(saved(tmp_path, run_of(exchanges=(ASKED,)))))
    assert (item.id, item.case, item.tags) == ("x1", "plain.base", ("attempt:1",))
    assert item.credential == {"key": "main", "fault": None, "carrier": "X-API-Key"}
    assert (item.method, item.path, item.request_headers) == ("POST", "/a?b=1&c=", ASKED.request.headers)
    assert (item.started_s, item.elapsed_ms) == (1_700_000_000.25, 12.3)
    assert (item.request_body, item.body) == (ASKED.request.body, b'{"id": 1}')
    assert (item.status, item.headers, item.failure) == (201, (("Content-Type", "application/json"),), None)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\x00", b'"', "\u202e\x00".encode()], ids=["empty", "binary", "quote", "bidi"]
)
def test_bodies_are_read_as_they_were(tmp_path: Path, body: bytes) -> None:
    asked = Exchange(
        id="x1",
        request=Request(method="POST", path="", body=body),
        response=Response(status=400, body=body),
        credential=Credential(),
        started_s=0.0,
        elapsed_s=0.0,
    )
    item = only(load_run(saved(tmp_path, run_of(exchanges=(asked,)))))
    assert (item.request_body, item.body, item.path) == (body, body, "")


def test_exchange_without_an_answer_has_no_status(tmp_path: Path) -> None:
    asked = Exchange(
        id="x1",
        request=Request(method="GET", path="/"),
        response=None,
        credential=Credential(fault="missing"),
        started_s=0.0,
        elapsed_s=2.0,
        failure=TransportFailure.TIMEOUT,
    )
    item = only(load_run(saved(tmp_path, run_of(exchanges=(asked,)))))
    assert (item.status, item.failure, item.headers, item.body) == (None, "timeout", (), b"")


def test_hostile_run_is_read(tmp_path: Path) -> None:
    assert dict(only(load_run(saved(tmp_path, hostile_run()))).request_headers)["X-Odd"] == HOSTILE


def test_results_alone_have_no_exchanges(tmp_path: Path) -> None:
    (saved(tmp_path, run_of()) / "exchanges.har").unlink()
    assert load_run(tmp_path).exchanges is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"log": {"entries": [[]]}}', "[" * 100_000], ids=range(6))
def test_archive_that_is_none_is_no_evidence(tmp_path: Path, text: str) -> None:
    (saved(tmp_path, run_of()) / "exchanges.har").write_text(text)
    assert load_run(tmp_path).exchanges is None


@pytest.mark.parametrize(
    "changes",
    [
        {"time": None},
        {"time": "1"},
        {"time": True},
        {"time": -1},
        {"time": float("nan")},
        {"time": 10**400},
        {"startedDateTime": "yesterday"},
        {"startedDateTime": "2026-01-01T00:00:00"},
        {"request": []},
        {"response": {"status": True}},
        {"response": None},
        {"response": {"status": 200, "headers": [], "content": []}},
    ],
    ids=repr,
)
def test_archive_with_an_entry_that_is_none_is_no_evidence(tmp_path: Path, changes: dict[str, Any]) -> None:
    edited(tmp_path, "exchanges.har", lambda data: data["log"]["entries"][0].update(changes))
    assert load_run(tmp_path).exchanges is None


@pytest.mark.parametrize(
    "changes",
    [
        {"_id": 1},
        {"_tags": [None]},
        {"_credential": {}},
        {"url": "/a"},
        {"headers": [{"name": 1, "value": ""}]},
        {"postData": {"text": "%", "comment": "base64"}},
        {"postData": "text"},
        {"postData": []},
        {"_failure": {}},
    ],
    ids=repr,
)
def test_archive_with_a_request_that_is_none_is_no_evidence(tmp_path: Path, changes: dict[str, Any]) -> None:
    edited(tmp_path, "exchanges.har", lambda data: data["log"]["entries"][0]["request"].update(changes))
    assert load_run(tmp_path).exchanges is None


def test_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"results\.json: expected a readable file, got 'No such file"):
        load_run(tmp_path)


def test_results_that_break_the_schema_are_refused(tmp_path: Path) -> None:
    edited(tmp_path, "results.json", lambda data: data.pop("suite"))
    with pytest.raises(UsageError, match=r"expected results of a run, got .*'suite' is a required property"):
        load_run(tmp_path)


def test_clause_with_two_records_is_refused(tmp_path: Path) -> None:
    edited(tmp_path, "results.json", lambda data: data["clauses"].append(data["clauses"][0]))
    with pytest.raises(UsageError, match=r"expected each clause once, got tf\.[a-z.-]+ 2 times"):
        load_run(tmp_path)


def test_day_that_is_none_is_refused(tmp_path: Path) -> None:
    edited(tmp_path, "results.json", lambda data: data.update(started="2026-02-30T00:00:00.000Z"))
    with pytest.raises(UsageError, match=r"started: expected a moment in UTC, got '2026-02-30"):
        load_run(tmp_path)


def test_results_without_clauses_are_read(tmp_path: Path) -> None:
    edited(tmp_path, "results.json", lambda data: data.update(clauses=[]))
    assert load_run(tmp_path).by_id == {}


def test_results_written_by_hand_are_read(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps(to_results(run_of(), contract().provider)), "utf-8")
    run = load_run(file)
    assert (run.file, run.exchanges) == (file, None)
