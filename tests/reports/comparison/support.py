"""Saved runs made up for comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sendproof.exchange import Headers
from sendproof.reports.comparison.compare import compare
from sendproof.reports.comparison.comparison_values import Comparison
from sendproof.reports.saved import SavedExchange, SavedRun

JSON: Headers = (("Content-Type", "application/json"),)
ACCEPTED = {"success": True, "data": {"messageId": "msg_1", "status": "sent"}}
REQUIRED, RECOMMENDED, OPEN = "tf.auth.missing-key", "tf.auth.key-elsewhere", "tf.auth.refusal-status"


def record(identity: str = REQUIRED, verdict: str = "pass", **changes: Any) -> dict[str, Any]:
    """A clause's record as in results.json; a failure with what was observed."""
    failed = {"expected": "a 4xx", "observed": "201", "exercised": 3, "violated": 1, "reproduce": "curl -sS http://h/"}
    return {
        "id": identity,
        "concern": "auth",
        "level": "open" if identity == OPEN else "required",
        "verdict": verdict,
        "reason": None,
        "detail": None,
        "claim": "A request without a key is refused.",
        "exercised": 2,
        "violated": 0,
        "expected": None,
        "observed": None,
        "observation": None,
        "evidence": ["x1"],
        "suspects": [],
        "reproduce": None,
        "waiver": None,
        **(failed if verdict == "fail" else {}),
        **changes,
    }


def exchange(
    case: str | None = "plain.base",
    status: int | None = 200,
    body: object = ACCEPTED,
    *,
    identity: str = "x1",
    headers: Headers = JSON,
    elapsed_ms: float = 5.0,
    started_s: float = 0.0,
) -> SavedExchange:
    return SavedExchange(
        id=identity,
        case=case,
        tags=(),
        credential={"key": "main", "fault": None, "carrier": "X-API-Key"},
        method="POST",
        path="/api/v1/messages/send",
        started_s=started_s,
        elapsed_ms=elapsed_ms,
        request_headers=JSON,
        request_body=b"{}",
        status=status,
        headers=headers,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        failure=None if status else "timeout",
    )


def run(
    *records: Mapping[str, Any], exchanges: Iterable[SavedExchange] | None = (exchange(),), **changes: Any
) -> SavedRun:
    """A complete run of TextFlow's mock with these records, or with one that passes."""
    made = SavedRun(
        file=Path("results.json"),
        provider="textflow",
        kind="mock",
        base_url="http://127.0.0.1:8080",
        name="textflow",
        version="0.1.0",
        contract_sha256="a" * 64,
        corpus_sha256="b" * 64,
        seed=0,
        started=datetime(2026, 3, 15, 14, 30, tzinfo=UTC),
        duration_s=3.0,
        complete=True,
        exit_code=0,
        requests=380,
        accepted=41,
        credits=None,
        left_out=0,
        latency_ms={"accepted": {"count": 0}, "refused": {"count": 0}},
        clauses=tuple(records) or (record(),),
        exchanges=None if exchanges is None else tuple(exchanges),
    )
    return replace(made, **changes)


def clauses_changed(old: Mapping[str, Any], new: Mapping[str, Any], **changes: Any) -> list[str]:
    """The kinds of changes from one record to another."""
    return [change.kind for change in compare(run(old), run(new, **changes)).clauses]


def of_answers(old: Iterable[SavedExchange], new: Iterable[SavedExchange]) -> Comparison:
    return compare(run(exchanges=old), run(exchanges=new))


def told(found: Comparison) -> list[tuple[str, str, str, str]]:
    """What changed in the answers."""
    return [(change.kind, change.place, change.old, change.new) for change in found.answers]


def many(count: int, body: object = ACCEPTED, *, status: int = 200, family: str = "texts") -> list[SavedExchange]:
    """Answers to as many cases, alike."""
    return [exchange(f"{family}.{number}", status, body, identity=f"x{number}") for number in range(count)]
