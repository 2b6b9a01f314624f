"""Whole runs with waivers: exit codes, and signatures that outlast a seed and an effort."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.judge.verdicts import FAIL
from sendproof.mock.server import MockServer
from sendproof.reports.signature import signature
from sendproof.runs.options import EFFORTS
from sendproof.runs.trial import FAULT, LIVE_BUDGET, judged, load_contract_once, recorded, subjects
from tests.runs.support import run_target, with_verdict

pytestmark = pytest.mark.slow

CLAUSE = "tf.responses.to"
SAID = ["--reason", "known", "--issue", "https://tracker.example.com/1", "--owner", "messaging"]
# As many as `run_target` asks for: a corpus is made once.
_FEW_EXAMPLES = 8
TODAY = datetime.now(UTC).date()


def run(folder: Path, fault: str | None, *arguments: str) -> tuple[int, dict[str, Any]]:
    with MockServer("textflow", fault=fault) as mock:
        return run_target(folder, mock.profile(), "--clause", CLAUSE, *arguments)


@pytest.fixture(scope="module")
def waivers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The waivers file that `sendproof waive` writes for a target that does not name its recipient."""
    folder = tmp_path_factory.mktemp("first")
    code, _ = run(folder, "to-absent")
    assert code == 1
    file = folder / "waivers.toml"
    assert main(["waive", CLAUSE, "--from", str(folder / "reports" / "target"), *SAID, "--file", str(file)]) == 0
    return file


def record(results: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(item for item in results["clauses"] if item["id"] == CLAUSE)
    return found


def test_waived_failure_is_exit_0_with_another_seed_and_effort(waivers: Path, tmp_path: Path) -> None:
    code, results = run(tmp_path, "to-absent", "--waivers", str(waivers), "--seed", "7", "--effort", "quick")
    assert (code, results["exit_code"]) == (0, 0)
    assert with_verdict(results, "fail") == {CLAUSE}
    assert record(results)["waiver"] == "known"


def test_failure_of_another_kind_is_exit_1_with_both_signatures(
    waivers: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, results = run(tmp_path, "to-is-a-number", "--waivers", str(waivers))
    assert code == 1
    assert record(results)["waiver"] is None
    summary = (tmp_path / "reports" / "target" / "summary.md").read_text("utf-8")
    for text in (capfd.readouterr().out, summary):
        # The terminal wraps the line, Markdown escapes some of it.
        told = " ".join(text.replace("\\", "").split())
        assert "expected another failure: /data/to: absent; got: /data/to: a number, of another type" in told


def test_waived_clause_that_passes_is_exit_12_with_the_entry(
    waivers: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, results = run(tmp_path, None, "--waivers", str(waivers))
    assert (code, results["exit_code"]) == (12, 12)
    told = f"{waivers}: waiver 1: {CLAUSE} passes. Delete this entry."
    assert told in capfd.readouterr().out


def test_expired_waiver_of_a_failure_is_exit_1_and_says_so(
    waivers: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    yesterday = TODAY - timedelta(days=1)
    lines = [line for line in waivers.read_text("utf-8").splitlines() if not line.startswith(("added", "expires"))]
    expired = tmp_path / "expired.toml"
    expired.write_text("\n".join((*lines, f"expires = {yesterday}", "")), "utf-8")
    code, _ = run(tmp_path, "to-absent", "--waivers", str(expired))
    assert code == 1
    assert f"{expired}: waiver 1: the waiver of {CLAUSE} expired on {yesterday}" in capfd.readouterr().out


def test_waiver_of_an_unknown_clause_is_exit_12(tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.toml"
    unknown.write_text(f'[[waiver]]\nclause = "tf.no.such"\nreason = "x"\nexpires = {TODAY}\n', "utf-8")
    assert run(tmp_path, None, "--waivers", str(unknown))[0] == 12


def test_malformed_waiver_is_exit_4_and_nothing_is_sent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(f'[[waiver]]\nclause = "{CLAUSE}"\nreason = "x"\nexpires = 2999-01-01\n', "utf-8")
    with MockServer("textflow") as mock:
        code, results = run_target(tmp_path, mock.profile(), "--waivers", str(wrong))
        assert mock.request_count == 0
    assert (code, results) == (4, {})
    assert f"{wrong}: waiver 1: expires: expected a day up to" in capfd.readouterr().err


def _signatures(fault: str, effort: str, seed: int) -> dict[str, str]:
    subject = next(item for item in subjects(("textflow",)) if item.kind == FAULT and item.name == fault)
    asked = EFFORTS[effort]
    budget = {**LIVE_BUDGET, "max_requests": asked.max_requests, "max_accepted": asked.max_accepted}
    recording = recorded(subject, seed, _FEW_EXAMPLES, budget=budget)
    exchanges = {exchange.id: exchange for exchange in recording.exchanges}
    found = judged(load_contract_once(subject.provider), recording)
    return {item.clause.id: signature(item, exchanges) for item in found if item.verdict == FAIL}


@pytest.mark.parametrize("fault", ["ids-of-a-second", "json-in-a-string", "key-missing-as-invalid", "crash-on-depth"])
def test_signature_outlasts_a_seed_and_an_effort(fault: str) -> None:
    first = _signatures(fault, "standard", 0)
    assert first
    assert _signatures(fault, "quick", 7) == first
