"""Real runs of the mocks, compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.mock.accounts import PROVIDERS, Provider
from sendproof.mock.faults.edits import setting
from sendproof.mock.http_messages import Answer, Call
from sendproof.mock.server import MockServer
from tests.runs.support import run_target, whole_run

pytestmark = pytest.mark.slow
# Far beyond what a loaded machine adds to some answers and not to others.
SLOWER_S = 0.2


def run(folder: Path, provider: Provider, *arguments: str, **given: Any) -> Path:
    folder.mkdir()
    with MockServer(provider, window_s=0.5, **given) as mock:
        run_target(folder, mock.profile(), "-q", *arguments, name=provider)
    return folder / "reports" / provider


@pytest.fixture(scope="module")
def olds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A run of each mock as it is."""
    return {name: whole_run(tmp_path_factory, name).folder for name in PROVIDERS}


def compared(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["compare", str(old), str(new), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def named(data: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[int, str | None]]]:
    """All that a comparison names: clauses, places of answers, groups of times."""
    return (
        [(item["change"], item["id"]) for item in data["clauses"]],
        [(item["change"], item["place"]) for item in data["answers"]],
        [(item["status"], item["family"]) for item in data["latency"]["groups"] if item["told"]],
    )


def slow(call: Call, answer: Answer) -> Answer:
    return replace(answer, delay_s=SLOWER_S) if answer.status == 401 else answer


def changed(rules: Any) -> Any:
    """Where the documents are silent, one more member; and 401 takes its time."""
    http = replace(rules.http, after=(*rules.http.after, slow))
    return replace(rules, accepted_edits=(*rules.accepted_edits, setting(segments=1)), http=http)


@pytest.mark.parametrize("arguments", [(), ("--seed", "7")], ids=["same seed", "other seed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_two_runs_of_one_mock_differ_in_nothing(
    tmp_path: Path,
    olds: Mapping[str, Path],
    provider: Provider,
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = olds[provider], run(tmp_path / "new", provider, *arguments)
    code, data = compared(old, new, capsys)
    assert (code, *named(data)) == (0, [], [], [])
    assert data["uncertain"] == []
    assert data["compared"]["cases"] > 250
    assert main(["compare", str(old), str(new)]) == 0
    assert "\nNothing changed: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("provider", "fault", "clause", "arguments"),
    [
        ("textflow", "key-missing-as-invalid", "tf.errors.missing-key-text", ()),
        ("textflow", "message-optional", "tf.requests.message-empty", ("--seed", "7")),
        ("textingline", "sent-before-created", "tl.responses.sent-at-order", ()),
    ],
    ids=["another text", "another status, other seed", "another value"],
)
def test_changed_answer_fault_and_slower_path_are_named_and_nothing_else(
    tmp_path: Path,
    olds: Mapping[str, Path],
    provider: Provider,
    fault: str,
    clause: str,
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = olds[provider], run(tmp_path / "new", provider, *arguments, fault=fault, change=changed)
    code, data = compared(old, new, capsys)
    assert named(data) == ([("regressed", clause)], [("appeared", "/segments")], [(401, None)])
    assert code == 1


def test_variant_that_answers_with_another_status_is_named_by_it_alone(
    tmp_path: Path, olds: Mapping[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = olds["textflow"], run(tmp_path / "new", "textflow", variant="accepted-201")
    code, data = compared(old, new, capsys)
    assert code == 0
    assert named(data) == ([("observation_changed", "tf.responses.accepted-status")], [("status", "status")], [])
    assert (data["answers"][0]["old"], data["answers"][0]["new"]) == ("200", "201")
