"""The results file (`results.json`): written, and read again with the `exchanges.har` beside it."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema

from sendproof.contract.provider import Provider
from sendproof.errors import SendproofError, UsageError
from sendproof.exchange import Headers
from sendproof.judge.verdicts import (
    ACCEPTED,
    INCONCLUSIVE,
    REFUSED,
    SENTENCES,
    VERDICTS,
    Judgement,
    ReasonCode,
    Verdict,
)
from sendproof.reports.curl import reproduction
from sendproof.reports.har import CUT
from sendproof.reports.run_view import Run, exit_code
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
        "keyword": _text_or_none(verdict.keyword),
        "pointer": _text_or_none(verdict.pointer),
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


RESULTS_NAME = "results.json"
_MOST_NAMED = 6  # a message of one line; a report folder seldom holds more targets
EXCHANGES_NAME = "exchanges.har"
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# What a file that is no archive of ours runs into while it is read.
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedExchange:
    """One entry of `exchanges.har`.

    `credential` has "key", "fault" and "carrier" (see `sendproof.exchange.Credential`), `path`
    includes the query. `started_s` is in seconds since 1970, `elapsed_ms` is real time.
    Without an answer `status` is None, and `failure` says why. Of an answer that `is_cut` the archive has but
    the beginning.
    """

    id: str
    case: str | None
    tags: tuple[str, ...]
    credential: Mapping[str, str | None]
    method: str
    path: str
    started_s: float
    elapsed_ms: float
    request_headers: Headers
    request_body: bytes
    status: int | None
    headers: Headers
    body: bytes
    failure: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRun:
    """One run as its files tell it. All texts may be hostile.

    `clauses` are the records of `results.json`, valid against its schema, each id once.
    `exchanges` is None where no readable `exchanges.har` stands beside the results.
    """

    file: Path
    provider: str
    kind: str
    base_url: str
    name: str
    version: str
    contract_sha256: str
    corpus_sha256: str
    seed: int
    started: datetime
    duration_s: float
    complete: bool
    exit_code: int
    requests: int
    accepted: int
    credits: int | None
    left_out: int
    latency_ms: Mapping[str, Mapping[str, float]]
    clauses: tuple[Mapping[str, Any], ...]
    exchanges: tuple[SavedExchange, ...] | None

    @property
    def by_id(self) -> Mapping[str, Mapping[str, Any]]:
        """The records of `clauses` by clause id, in their order."""
        return MappingProxyType({record["id"]: record for record in self.clauses})


def load_run(path: Path) -> SavedRun:
    """Read a `results.json`, or the folder that holds it, and the `exchanges.har` beside it.

    A folder that holds the folder of one run stands for it. Several, none, another format, or a file that
    contradicts itself raises UsageError.
    """
    file = _results_file(path)
    data = load_results(file)
    suite, target, traffic = data["suite"], data["target"], data["traffic"]
    return SavedRun(
        file=file,
        provider=target["provider"],
        kind=target["kind"],
        base_url=target["base_url"],
        name=target["name"],
        version=suite["version"],
        contract_sha256=suite["contract_sha256"],
        corpus_sha256=suite["corpus_sha256"],
        seed=suite["seed"],
        started=_moment(data["started"], file),
        duration_s=data["duration_s"],
        complete=data["complete"],
        exit_code=data["exit_code"],
        requests=traffic["requests"],
        accepted=traffic["accepted"],
        credits=traffic["credits"],
        left_out=traffic.get("left_out", 0),
        latency_ms=data["latency_ms"],
        clauses=_once_each(data["clauses"], file),
        exchanges=_exchanges(file.with_name(EXCHANGES_NAME)),
    )


def _results_file(path: Path) -> Path:
    """Return the file that a path names: itself, the one in the folder, or the only one in the folders of a folder."""
    file = path / RESULTS_NAME
    if not path.is_dir():
        return path
    below = [] if file.exists() else sorted(path.glob(f"*/{RESULTS_NAME}"))
    if len(below) > 1:
        folders = ", ".join(visible(item.parent.name, 60) for item in below[:_MOST_NAMED])
        more = f" and {len(below) - _MOST_NAMED} more" if len(below) > _MOST_NAMED else ""
        raise UsageError(f"{path}: expected the results of one run, got {len(below)}. Name one in it: {folders}{more}.")
    return below[0] if below else file


def _moment(text: str, file: Path) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{file}: started: expected a moment in UTC, got {text!r}. Write it again with `sendproof run`."
        ) from error


def _once_each(records: list[dict[str, Any]], file: Path) -> tuple[Mapping[str, Any], ...]:
    identity, count = Counter(record["id"] for record in records).most_common(1)[0] if records else ("", 0)
    if count > 1:
        shown = visible(identity, 80)
        raise UsageError(
            f"{file}: clauses: expected each clause once, got {shown} {count} times. "
            "Write it again with `sendproof run`."
        )
    return tuple(MappingProxyType(record) for record in records)


def _exchanges(file: Path) -> tuple[SavedExchange, ...] | None:
    """Read an archive; one that is torn or none of ours is no evidence, and the results stand without it."""
    try:
        data = json.loads(file.read_bytes())
        return tuple(_exchange(entry) for entry in data["log"]["entries"])
    except _UNREADABLE:
        return None


def _exchange(entry: Mapping[str, Any]) -> SavedExchange:
    request, response = entry["request"], entry["response"]
    credential = request["_credential"]
    status = _whole(response["status"])
    return SavedExchange(
        id=_str(request["_id"]),
        case=_str_or_none(request["_case"]),
        tags=tuple(_str(tag) for tag in request["_tags"]),
        credential=MappingProxyType({name: _str_or_none(credential[name]) for name in ("key", "fault", "carrier")}),
        method=_str(request["method"]),
        path=_path(_str(request["url"])),
        started_s=_seconds(_str(entry["startedDateTime"])),
        elapsed_ms=_duration(entry["time"]),
        request_headers=_headers(request["headers"]),
        request_body=_request_body(_member(request, "postData")),
        status=status or None,
        headers=_headers(response["headers"]),
        body=_bytes(_member(response["content"], "text"), _member(response["content"], "encoding")),
        failure=_str_or_none(_member(request, "_failure")),
        is_cut=(_str_or_none(_member(response["content"], "comment")) or "").startswith(CUT),
    )


def _request_body(data: Any) -> bytes:
    return b"" if data is None else _bytes(data["text"], _member(data, "comment"))


def _bytes(text: Any, encoding: Any) -> bytes:
    if text is None:
        return b""
    return base64.b64decode(_str(text), validate=True) if encoding == "base64" else _str(text).encode()


def _path(url: str) -> str:
    origin = _ORIGIN.match(url)
    if origin is None:
        raise ValueError("no URL with an origin")
    return url[origin.end() :]


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no moment with a zone")
    return moment.timestamp()


def _headers(records: Any) -> Headers:
    return tuple((_str(record["name"]), _str(record["value"])) for record in records)


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value.get(name)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _str_or_none(value: Any) -> str | None:
    return None if value is None else _str(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("no integer")
    return value


def _duration(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("no number")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError("no duration")
    return float(value)
