"""A comparison as JSON, in the form that `comparison.schema.json` describes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from sendproof.reports.comparison import latency
from sendproof.reports.comparison.comparison_values import AnswerChange, ClauseChange, Comparison, Interval, Latency
from sendproof.reports.comparison.comparison_words import closing_line
from sendproof.reports.results import SavedRun
from sendproof.reports.text import visible

FORMAT = 1
SCHEMA_FILE = Path(__file__).with_name("comparison.schema.json")
_LONGEST_TEXT = 2000
_LONGEST_COMMAND = 16_000
_TEXTS = ("reason", "detail", "claim", "expected", "observed", "observation", "waiver")


def to_json(found: Comparison) -> str:
    """Return a comparison as a JSON document."""
    return json.dumps(_document(found), indent=2, allow_nan=False) + "\n"


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "provider": _text(found.new.provider),
        "old": _run(found.old),
        "new": _run(found.new),
        "differences": [
            {"name": item.name, "old": _text(item.old), "new": _text(item.new), "advice": item.advice}
            for item in found.differences
        ],
        "compared": {"clauses": found.shared_clauses, "cases": found.shared_cases},
        "changed": found.is_changed,
        "exit_code": found.exit_code,
        "summary": _text(closing_line(found)),
        "clauses": [_clause(change) for change in found.clauses],
        "answers": [_answer(change) for change in found.answers],
        "explained": [_answer(change) for change in found.explained],
        "uncertain": [_answer(change) for change in found.uncertain],
        "latency": {
            "chance": latency.CHANCE,
            "smallest": {"shift_ms": latency.SMALLEST_SHIFT_MS, "ratio": latency.SMALLEST_RATIO},
            "smallest_common": {
                "shift_ms": latency.SMALLEST_COMMON_SHIFT_MS,
                "ratio": latency.SMALLEST_COMMON_RATIO,
            },
            "fewest_times": latency.FEWEST_TIMES,
            "groups": [_group(item) for item in found.latency],
        },
    }


def _run(run: SavedRun) -> dict[str, Any]:
    return {
        "name": _text(run.name),
        "kind": run.kind,
        "base_url": _text(run.base_url),
        "version": _text(run.version),
        "contract_sha256": run.contract_sha256,
        "corpus_sha256": run.corpus_sha256,
        "seed": run.seed,
        "started": run.started.isoformat(),
        "complete": run.complete,
        "exit_code": run.exit_code,
        "exchanges": None if run.exchanges is None else len(run.exchanges),
    }


def _clause(change: ClauseChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "id": change.record["id"],
        "gates": change.gates,
        "notes": [_text(note) for note in change.notes],
        "old": _record(change.old),
        "new": _record(change.new),
    }


def _record(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "level": record["level"],
        "concern": record["concern"],
        "verdict": record["verdict"],
        "exercised": record["exercised"],
        "violated": record["violated"],
        "evidence": [_text(item) for item in record["evidence"]],
        "suspects": [_text(item) for item in record["suspects"]],
        **{name: None if record[name] is None else _text(record[name]) for name in _TEXTS},
        "reproduce": None if record["reproduce"] is None else visible(record["reproduce"], _LONGEST_COMMAND),
    }


def _answer(change: AnswerChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "place": _text(change.place),
        "old": _text(change.old),
        "new": _text(change.new),
        "seen": [{"status": item.status, "count": item.count, "of": item.of} for item in change.seen],
        "cases": [_text(case) for case in change.cases],
        "exchange": _text(change.exchange),
        "clauses": list(change.clauses),
    }


def _group(item: Latency) -> dict[str, Any]:
    return {
        "status": item.status,
        "family": None if item.family is None else _text(item.family),
        "verdict": item.verdict,
        "told": item.is_told,
        "old": _sample(item.old_ms),
        "new": _sample(item.new_ms),
        "shift_ms": _interval(item.shift_ms),
        "ratio": _interval(item.ratio),
    }


def _sample(times: tuple[float, ...]) -> dict[str, Any]:
    return {"count": len(times), "median_ms": round(median(times), 3)}


def _interval(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"estimate": _rounded(found.estimate), "low": _rounded(found.low), "high": _rounded(found.high)}


def _rounded(value: float) -> float:
    return round(value, 3)


def _text(text: str) -> str:
    return visible(text, _LONGEST_TEXT)
