"""The results file (`results.json`) and the exit code of a run."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from sendproof import exit_codes
from sendproof.contract.provider import Provider
from sendproof.errors import SendproofError, UsageError
from sendproof.judge.verdicts import (
    ACCEPTED,
    ERROR,
    EXCUSED_REASONS,
    FAIL,
    INCONCLUSIVE,
    NEVER_GATE,
    NOT_EXERCISED,
    REFUSED,
    SENTENCES,
    VERDICTS,
    Judgement,
    ReasonCode,
    Verdict,
)
from sendproof.reports.curl import reproduction
from sendproof.reports.record import Run
from sendproof.reports.text import visible

FORMAT = 1
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")
_COUNTED_LEVELS = ("required", "recommended", "open")
_PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_LONGEST_TEXT = 2000


def to_results(run: Run, provider: Provider) -> dict[str, Any]:
    """Return the content of `results.json`: one record for each clause, in the catalogue's order."""
    return {
        "format": FORMAT,
        "suite": {
            "version": run.version,
            "contract_sha256": run.contract_sha256,
            "corpus_sha256": run.corpus_sha256,
            "seed": run.seed,
        },
        "target": {
            "provider": run.provider,
            "kind": run.kind,
            "base_url": _text(run.base_url),
            "name": _text(run.name),
        },
        "started": _utc(run.started),
        "duration_s": round(run.duration_s, 3),
        "complete": run.complete,
        "exit_code": exit_code(run),
        "traffic": {
            "requests": run.requests,
            "accepted": run.accepted,
            "credits": run.credits,
            "left_out": run.left_out,
        },
        "latency_ms": {outcome: _latency(run.judgements, outcome) for outcome in (ACCEPTED, REFUSED)},
        "summary": {level: _counts(run.verdicts, level) for level in _COUNTED_LEVELS},
        "clauses": [_record(verdict, run, provider) for verdict in run.verdicts],
    }


def exit_code(run: Run) -> int:
    """Return the exit code of a run, by the first of the conditions that hold."""
    return exit_codes.first_of(_codes(run))


def _codes(run: Run) -> Iterator[int]:
    if run.interrupted:
        yield exit_codes.INTERRUPTED
    if run.problem is not None:
        yield run.problem[0]
    if unwaived_failures(run):
        yield exit_codes.FAILED
    if run.environment_error is not None or not run.accepted or any(item.verdict == ERROR for item in run.verdicts):
        yield exit_codes.ENVIRONMENT
    if run.waiver_errors:
        yield exit_codes.WAIVER
    if undecided(run):
        yield exit_codes.INCOMPLETE


def unwaived_failures(run: Run) -> tuple[Verdict, ...]:
    """Return the failures that gate: of required clauses, and with `strict` of recommended ones."""
    levels = ("required", "recommended") if run.strict else ("required",)
    return tuple(
        item
        for item in run.verdicts
        if item.verdict == FAIL and item.clause.level in levels and item.clause.id not in run.waived
    )


def undecided(run: Run) -> tuple[Verdict, ...]:
    """Return the required clauses that make a run incomplete."""
    covered = _covered(run)
    return tuple(
        item
        for item in run.verdicts
        if is_missing(item, require_complete=run.require_complete) and item.clause.id not in covered
    )


def is_missing(verdict: Verdict, *, require_complete: bool = False) -> bool:
    """Whether a clause is required and was left undecided, so that a run is incomplete (exit 10)."""
    if verdict.clause.level != "required" or verdict.verdict not in (NOT_EXERCISED, INCONCLUSIVE):
        return False
    return verdict.reason not in NEVER_GATE and (require_complete or verdict.reason not in EXCUSED_REASONS)


def _covered(run: Run) -> frozenset[str]:
    """Return the clauses that only waived failures keep from being decided."""
    covered = set(run.waived)
    resting = {item.clause.id: item.explained_by for item in run.verdicts if item.explained_by}
    while more := {name for name, causes in resting.items() if name not in covered and covered.issuperset(causes)}:
        covered |= more
    return frozenset(covered)


def write_results(run: Run, provider: Provider, path: Path) -> None:
    """Write the results of a run after they were found valid against the schema."""
    data = to_results(run, provider)
    if problem := _problem(data):
        raise SendproofError(f"{path}: expected valid results, got {problem}. This is an error of sendproof.")
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", "utf-8")


def load_results(path: Path) -> dict[str, Any]:
    """Read and validate a results file; what is not one raises UsageError."""
    try:
        data = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path}: expected a readable file, got {reason!r}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        reason = visible(str(error), 120)
        raise UsageError(f"{path}: expected results in JSON, got {reason}. Name a results.json.") from error
    if isinstance(data, dict) and data.get("format", FORMAT) != FORMAT:
        shown = visible(repr(data["format"]), 40)
        raise UsageError(f"{path}: expected format {FORMAT}, got {shown}. Use the version that wrote it.")
    data = _with_details(data)
    if problem := _problem(data):
        raise UsageError(f"{path}: expected results of a run, got {problem}. Write it again with `sendproof run`.")
    results: dict[str, Any] = data
    return results


def _with_details(data: Any) -> Any:
    """Return results in which a reason is a code: files written before had either a code or a sentence there."""
    records = data.get("clauses") if isinstance(data, dict) else None
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        return data
    return {**data, "clauses": [item if "detail" in item else _with_detail(item) for item in records]}


def _with_detail(record: dict[str, Any]) -> dict[str, Any]:
    given = record.get("reason")
    code = given if isinstance(given, str) and given in SENTENCES else None
    if code is None and record.get("verdict") == INCONCLUSIVE:
        code = ReasonCode.UNDECIDED.value
    return {**record, "reason": code, "detail": given, "suspects": record.get("suspects", [])}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name}, which is no JSON")


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _problem(data: object) -> str | None:
    error = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    return visible(f"{error.json_path}: {error.message}", 300) if error else None


def _record(verdict: Verdict, run: Run, provider: Provider) -> dict[str, Any]:
    clause = verdict.clause
    return {
        "id": clause.id,
        "concern": clause.concern,
        "level": clause.level,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "detail": _text_or_none(verdict.detail),
        "claim": _text(clause.claim),
        "exercised": verdict.exercised,
        "violated": verdict.violated,
        "expected": _text_or_none(verdict.expected),
        "observed": _text_or_none(verdict.observed),
        "observation": _text_or_none(verdict.observation),
        "evidence": list(verdict.evidence),
        "suspects": list(verdict.suspects),
        "reproduce": reproduction(verdict, run, provider),
        "waiver": _text_or_none(run.waived.get(clause.id)),
    }


def _counts(verdicts: Iterable[Verdict], level: str) -> dict[str, int]:
    found = Counter(item.verdict for item in verdicts if item.clause.level == level)
    return {verdict: found[verdict] for verdict in VERDICTS}


def _latency(judgements: Iterable[Judgement], outcome: str) -> Mapping[str, float]:
    times = sorted(item.exchange.elapsed_s for item in judgements if item.outcome == outcome)
    return {"count": len(times), **(_percentiles(times) if times else {})}


def _percentiles(times: Sequence[float]) -> Mapping[str, float]:
    """Return percentiles in milliseconds by nearest rank: each is a time that was measured."""
    ranks = {name: max(1, math.ceil(share * len(times))) for name, share in _PERCENTILES.items()}
    return {name: round(times[rank - 1] * 1000, 3) for name, rank in ranks.items()}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(text: str) -> str:
    return visible(text, _LONGEST_TEXT)


def _text_or_none(text: str | None) -> str | None:
    return None if text is None else _text(text)
