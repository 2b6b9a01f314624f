"""The failures of a run in SARIF 2.1.0 (`sendproof.sarif`), for code scanning and viewers of alerts.

A rule is a clause, a result is a failure. What is wrong is a service and no line of code, so a
result points at the line of the catalogue that states the clause.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import HTTP, Contract
from sendproof.folders import schemas_dir
from sendproof.judge.verdicts import FAIL, Verdict
from sendproof.reports import run_view
from sendproof.reports.curl import reproduction
from sendproof.reports.markdown import prose
from sendproof.reports.run_view import Run, exit_code
from sendproof.reports.text import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
_LEVELS = {"required": "error", "recommended": "warning"}
_LONGEST_TEXT = 1000
_LONGEST_COMMAND = 16_000


def to_sarif(run: Run, contract: Contract) -> dict[str, Any]:
    """Return the content of `sendproof.sarif`: one rule for each clause, one result for each failure."""
    places = _places(contract)
    rules = {verdict.clause.id: number for number, verdict in enumerate(run.verdicts)}
    failures = run_view.with_verdict(run, FAIL)
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sendproof",
                        "version": visible(run.version, 60),
                        "rules": [_rule(verdict.clause) for verdict in run.verdicts],
                    }
                },
                # What stands before the last slash is GitHub's category: each target has alerts of its own.
                "automationDetails": {"id": f"sendproof/{visible(run.name)}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run)],
                "results": [
                    _result(item, run, contract, rules[item.clause.id], places[item.clause.id]) for item in failures
                ],
            }
        ],
    }


def write_sarif(run: Run, contract: Contract, path: Path) -> None:
    """Write the failures of a run as SARIF."""
    path.write_text(json.dumps(to_sarif(run, contract), indent=2, allow_nan=False) + "\n", "utf-8")


def _rule(clause: Clause) -> dict[str, Any]:
    source = f"{clause.source.document}, section {clause.source.section}"
    help_text = f"{clause.claim} Source: {source}. Level: {clause.level}."
    return {
        "id": clause.id,
        "shortDescription": {"text": _text(clause.claim)},
        "fullDescription": {"text": _text(f"{clause.claim} Source: {source}.")},
        "help": {"text": _text(help_text), "markdown": prose(help_text, _LONGEST_TEXT)},
        "defaultConfiguration": {"level": _LEVELS.get(clause.level, "note")},
        "properties": {"tags": [clause.concern, clause.level], "concept": clause.concept},
    }


def _invocation(run: Run) -> dict[str, Any]:
    started = run.started.astimezone(UTC)
    told = (run.environment_error, run.problem and run.problem[1], *run.waiver_errors)
    notifications = [{"level": "error", "message": {"text": _text(text)}} for text in told if text is not None]
    return {
        "executionSuccessful": run.environment_error is None and run.complete,
        "exitCode": exit_code(run),
        "exitCodeDescription": _text(run_view.headline(run)),
        "startTimeUtc": _utc(started),
        "endTimeUtc": _utc(started + timedelta(seconds=run.duration_s)),
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result(verdict: Verdict, run: Run, contract: Contract, rule: int, place: tuple[str, int]) -> dict[str, Any]:
    clause = verdict.clause
    waiver = run.waived.get(clause.id)
    return {
        "ruleId": clause.id,
        "ruleIndex": rule,
        "kind": "fail",
        "level": _level(verdict, run),
        "message": {"text": _message(verdict, run)},
        "locations": [_location(verdict, run, place)],
        "partialFingerprints": _fingerprints(clause, run),
        "properties": _properties(verdict, run, contract),
        # GitHub reads no suppressions: there it is the level that keeps a waived failure from blocking.
        "suppressions": []
        if waiver is None
        else [{"kind": "external", "status": "accepted", "justification": _text(waiver)}],
    }


def _level(verdict: Verdict, run: Run) -> str:
    """Return "error" for what fails the run, "warning" for a broken recommendation, else "note"."""
    if verdict.clause.id in run.waived:
        return "note"
    if verdict.clause.level == "recommended" and run.strict:
        return "error"
    return _LEVELS.get(verdict.clause.level, "note")


def _message(verdict: Verdict, run: Run) -> str:
    parts = [
        verdict.clause.claim,
        f"Target: {visible(run.name)} ({run.kind}).",
        f"Expected: {verdict.expected or ''}.",
        f"Observed: {verdict.observed or ''}.",
    ]
    if (waiver := run_view.waiver_of(run, verdict.clause.id)) is not None:
        parts.append(f"{waiver[0].capitalize()}: {waiver[1]}.")
    return " ".join(map(_text, parts))


def _location(verdict: Verdict, run: Run, place: tuple[str, int]) -> dict[str, Any]:
    file, line = place
    clause = verdict.clause
    return {
        "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}},
        "logicalLocations": [
            {
                "name": clause.id,
                "fullyQualifiedName": f"{run.provider}/{clause.concern}/{clause.id}",
                "kind": "clause",
            }
        ],
    }


def _fingerprints(clause: Clause, run: Run) -> dict[str, str]:
    """Return what tells one alert from another: target and clause.

    The signature of the failure stays out. An alert is a broken promise, and one that breaks
    in another way today is not repaired: with the signature in it, code scanning would close
    the alert, forget who dismissed it and why, and open another one.
    """
    named = "\0".join((run.provider, run.name, clause.id))
    made = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
    # GitHub goes by the second name only. Without it the line of the catalogue would be hashed, if it finds the file.
    return {"sendproofClause/v1": made, "primaryLocationLineHash": f"{made[:16]}:1"}


def _properties(verdict: Verdict, run: Run, contract: Contract) -> Mapping[str, object]:
    command = reproduction(verdict, run, contract.provider)
    given = {
        "concern": verdict.clause.concern,
        "level": verdict.clause.level,
        "exercised": verdict.exercised,
        "violated": verdict.violated,
        "evidence": [visible(identity, 60) for identity in verdict.evidence],
    }
    return given | ({"reproduce": visible(command, None)} if command and len(command) <= _LONGEST_COMMAND else {})


def _places(contract: Contract) -> Mapping[str, tuple[str, int]]:
    """Return the file and line of each clause, as they stand in a checkout of sendproof."""
    folders = (contract.folder, schemas_dir() / HTTP)
    return {
        identity: (f"schemas/{folder.name}/clauses.toml", line)
        for folder in folders
        for identity, line in _lines(folder / "clauses.toml", contract.clauses)
    }


def _lines(file: Path, clauses: Iterable[str]) -> Iterator[tuple[str, int]]:
    known = {f'id = "{identity}"': identity for identity in clauses}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if identity := known.get(line.strip()):
            yield identity, number


def _text(text: str) -> str:
    """Return a text as a message holds it: `[words](target)` would be a link there."""
    return visible(text, _LONGEST_TEXT).replace("](", "] (")
