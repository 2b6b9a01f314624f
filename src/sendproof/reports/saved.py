"""Runs as they were saved: `results.json`, and `exchanges.har` where it stands beside it."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.errors import UsageError
from sendproof.exchange import Headers
from sendproof.reports.har import CUT
from sendproof.reports.results import load_results
from sendproof.reports.text import visible

RESULTS_NAME = "results.json"
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

    What is not there, no results of this format, or of two minds raises UsageError.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
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
        clauses=_clauses(data["clauses"], file),
        exchanges=_exchanges(file.with_name(EXCHANGES_NAME)),
    )


def _moment(text: str, file: Path) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{file}: started: expected a moment in UTC, got {text!r}. Write it again with `sendproof run`."
        ) from error


def _clauses(records: list[dict[str, Any]], file: Path) -> tuple[Mapping[str, Any], ...]:
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
        id=_text(request["_id"]),
        case=_text_or_none(request["_case"]),
        tags=tuple(_text(tag) for tag in request["_tags"]),
        credential=MappingProxyType({name: _text_or_none(credential[name]) for name in ("key", "fault", "carrier")}),
        method=_text(request["method"]),
        path=_path(_text(request["url"])),
        started_s=_seconds(_text(entry["startedDateTime"])),
        elapsed_ms=_duration(entry["time"]),
        request_headers=_headers(request["headers"]),
        request_body=_request_body(_member(request, "postData")),
        status=status or None,
        headers=_headers(response["headers"]),
        body=_bytes(_member(response["content"], "text"), _member(response["content"], "encoding")),
        failure=_text_or_none(_member(request, "_failure")),
        is_cut=(_text_or_none(_member(response["content"], "comment")) or "").startswith(CUT),
    )


def _request_body(data: Any) -> bytes:
    return b"" if data is None else _bytes(data["text"], _member(data, "comment"))


def _bytes(text: Any, encoding: Any) -> bytes:
    if text is None:
        return b""
    return base64.b64decode(_text(text), validate=True) if encoding == "base64" else _text(text).encode()


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
    return tuple((_text(record["name"]), _text(record["value"])) for record in records)


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value.get(name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


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
