"""A history says what changed, and when; what only wavered is no change."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.errors import UsageError
from sendproof.reports.history_page import to_page
from sendproof.reports.run_history import BETTER, NEUTRAL, WORSE, History, load_history
from sendproof.reports.write import write_reports

from .support import contract, run_of

BEGIN = datetime(2026, 3, 1, 3, 17, tzinfo=UTC)
REQUIRED, OTHER, OPEN = "tf.auth.missing-key", "tf.auth.empty-key", "tf.errors.refusal-status"
Change = Callable[[int, dict[str, Any]], None]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("base")
    write_reports(run_of(), contract(), folder)
    made: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    made["latency_ms"] = {kind: {"count": 90, "p50": 40.0, "p95": 60.0, "p99": 90.0} for kind in made["latency_ms"]}
    record(made, OPEN)["observation"] = "400"
    return made


FAILS = {
    "verdict": "fail",
    "exercised": 3,
    "violated": 1,
    "expected": "a refusal",
    "observed": "accepted",
    "reason": None,
}


def fail(data: dict[str, Any], clause: str) -> None:
    record(data, clause).update({**FAILS, "evidence": ["x1"], "reproduce": "curl https://api.example"})


def record(data: dict[str, Any], clause: str) -> dict[str, Any]:
    (found,) = (item for item in data["clauses"] if item["id"] == clause)
    return found  # type: ignore[no-any-return]


def saved(folder: Path, results: dict[str, Any], change: Change, *, runs: int = 30) -> History:
    """Save a run for each night, each changed by its number, in an order that is not that of their times."""
    chance = random.Random(1)
    for number in chance.sample(range(runs), runs):
        data = copy.deepcopy(results)
        data["started"] = (BEGIN + timedelta(days=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for figures in data["latency_ms"].values():
            figures["p50"] *= chance.uniform(0.85, 1.15)
        change(number, data)
        place = folder / chance.choice("abc") / f"{number}" / "example"
        place.mkdir(parents=True)
        (place / "results.json").write_text(json.dumps(data), "utf-8")
    return load_history([folder])


def events(history: History) -> list[tuple[int, str, str, str, str]]:
    return [(event.at, event.kind, event.what, event.before, event.after) for event in history.events]


def test_planted_changes_are_said_the_newest_first(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        if number >= 12:
            fail(data, REQUIRED)
        if number >= 20:
            record(data, OPEN)["observation"] = "400; 422"
        if number >= 24:
            data["latency_ms"]["accepted"]["p50"] *= 2

    history = saved(tmp_path, results, change)
    assert [event[:3] for event in events(history)] == [
        (24, WORSE, "latency of accepted requests"),
        (20, NEUTRAL, OPEN),
        (12, WORSE, REQUIRED),
    ]
    ((row, since),) = history.failing
    assert (row.id, since) == (REQUIRED, 12)


def test_what_only_wavers_is_no_change(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        if number in (4, 5, 19):
            record(data, REQUIRED).update(verdict="inconclusive", reason="budget", detail="left out")
        if number == 9:
            record(data, OPEN)["observation"] = "400; 422"

    assert events(saved(tmp_path, results, change)) == []


def test_failure_that_ended_is_said_with_both_days(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        if number in (7, 8):
            fail(data, REQUIRED)

    history = saved(tmp_path, results, change)
    assert events(history) == [(9, BETTER, REQUIRED, "fail", "pass"), (7, WORSE, REQUIRED, "pass", "fail")]
    assert history.failing == ()


def test_clause_that_changes_again_and_again_is_said_once(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        if number % 5 == 0:
            fail(data, REQUIRED)

    (event,) = events(saved(tmp_path, results, change))
    assert event[1:] == (WORSE, REQUIRED, "changed 11 times", "failed in 6 of 30 runs")


def test_clause_that_is_not_decided_any_more_is_said(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        if number >= 20:
            record(data, REQUIRED).update(verdict="not_exercised", reason="no_fixture", detail="missing")

    assert events(saved(tmp_path, results, change)) == [(20, WORSE, REQUIRED, "pass", "not decided any more")]


def test_new_version_of_sendproof_is_said(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        data["suite"]["version"] = "0.2.0" if number >= 15 else "0.1.0"

    assert events(saved(tmp_path, results, change)) == [(15, NEUTRAL, "version of sendproof", "0.1.0", "0.2.0")]


def test_page_has_the_changes_first_and_escapes_what_is_hostile(tmp_path: Path, results: dict[str, Any]) -> None:
    def change(number: int, data: dict[str, Any]) -> None:
        record(data, OPEN)["observation"] = "<script>alert(1)</script>" if number >= 10 else "400"
        if number >= 12:
            fail(data, REQUIRED)

    page = to_page(saved(tmp_path, results, change))
    assert "<script>alert" not in page
    assert page.index("Failing now") < page.index("What changed") < page.index("Latency and cost")
    assert page.count("<polyline") == 4


def test_command_writes_the_page_and_says_the_changes(
    tmp_path: Path, results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path / "runs", results, lambda number, data: fail(data, OTHER) if number else None)
    assert main(["history", str(tmp_path / "runs"), "-o", str(tmp_path / "page.html")]) == 0
    said = capsys.readouterr().out
    assert f"2026-03-02  ▼ {OTHER} (required): pass → fail\n" in said
    assert "30 runs, 2026-03-01 to 2026-03-30, 1 change; the newest: " in said
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_folder_without_results_and_runs_of_two_targets_are_refused(tmp_path: Path, results: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected results of runs, got none"):
        load_history([tmp_path])

    def change(number: int, data: dict[str, Any]) -> None:
        data["target"]["name"] = "staging" if number else "live"

    with pytest.raises(UsageError, match=r"expected runs of one target, got runs of live \(textflow\), staging"):
        saved(tmp_path, results, change, runs=2)
