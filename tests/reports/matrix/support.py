"""Saved runs made up in memory: records, exchanges, and the table that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sendproof.reports.matrix.rows import Catalogue, Cell, Row, Table, build, load_catalogue
from sendproof.reports.results import SavedExchange, SavedRun

NO_TIMES: Mapping[str, Mapping[str, float]] = {"accepted": {"count": 0}, "refused": {"count": 0}}


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


def record(identity: str, verdict: str = "pass", **given: Any) -> dict[str, Any]:
    """A record of `results.json`; level, concern and claim are those of the installed clause, if there is one."""
    clause = catalogue().clauses.get(identity)
    made: dict[str, Any] = {
        "id": identity,
        "concern": clause.concern if clause else identity.split(".")[1],
        "level": clause.level if clause else "required",
        "verdict": verdict,
        "reason": None,
        "detail": None,
        "claim": clause.claim if clause else f"What {identity} says.",
        "exercised": 2,
        "violated": 0,
        "expected": None,
        "observed": None,
        "observation": None,
        "evidence": [],
        "suspects": [],
        "reproduce": None,
        "waiver": None,
    }
    return {**made, **given}


def failed(identity: str, **given: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"violated": 1, "expected": "a 4xx", "observed": "201", "evidence": ["x1"]}
    return record(identity, "fail", **{**facts, **given})


def observed(identity: str, value: str, **given: Any) -> dict[str, Any]:
    return record(identity, "observed", observation=value, **given)


def exchange(identity: str = "x1", *, status: int | None = 401, elapsed_ms: float = 2.0, **given: Any) -> SavedExchange:
    made = SavedExchange(
        id=identity,
        case=None,
        tags=(),
        credential={"key": "main", "fault": None, "carrier": None},
        method="POST",
        path="/send",
        started_s=0.0,
        elapsed_ms=elapsed_ms,
        request_headers=(),
        request_body=b'{"to":"+12025550123"}',
        status=status,
        headers=(),
        body=b'{"error":"no"}',
        failure=None,
    )
    return replace(made, **given)


def saved(provider: str, *records: Mapping[str, Any], **given: Any) -> SavedRun:
    """A saved run of a provider under the installed contract, if it has one."""
    contract = catalogue().contracts.get(provider)
    made = SavedRun(
        file=Path("results.json"),
        provider=provider,
        kind="live",
        base_url="https://vendor.example",
        name=provider,
        version="0.1.0",
        contract_sha256=contract.sha256 if contract else "0" * 64,
        corpus_sha256="0" * 64,
        seed=7,
        started=datetime(2026, 3, 15, 14, 30, tzinfo=UTC),
        duration_s=3.0,
        complete=True,
        exit_code=0,
        requests=380,
        accepted=41,
        credits=None,
        left_out=0,
        latency_ms=NO_TIMES,
        clauses=records,
        exchanges=None,
    )
    return replace(made, **given)


def textingline(*records: Mapping[str, Any], **given: Any) -> SavedRun:
    return saved("textingline", *records, **given)


def textflow(*records: Mapping[str, Any], **given: Any) -> SavedRun:
    return saved("textflow", *records, **given)


def table_of(*runs: SavedRun) -> Table:
    return build(runs, catalogue())


def row_of(concept: str, *runs: SavedRun) -> Row:
    [row] = [row for row in table_of(*runs).rows if row.concept.id == concept]
    return row


def cell_of(concept: str, *runs: SavedRun, number: int = 0) -> Cell:
    return row_of(concept, *runs).cells[number]
