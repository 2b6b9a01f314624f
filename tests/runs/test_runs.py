"""Whole runs: verdicts, reports, exit codes, and that no secret is in any of it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from sendproof import reports
from sendproof.cli import main
from sendproof.contract.model import load_contract
from sendproof.mock.server import MockServer
from tests.runs.support import Whole, run_target, whole_run, with_verdict

pytestmark = pytest.mark.slow

REPORTS = {
    "results.json",
    "exchanges.har",
    "report.html",
    "junit.xml",
    "summary.md",
    "sendproof.sarif",
    "badge.svg",
    "sent.csv",
}


@pytest.fixture(scope="module", params=["textflow", "textingline"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return whole_run(tmp_path_factory, request.param)


def test_every_required_clause_passes_on_a_faultless_mock(whole: Whole) -> None:
    results = whole.results
    required = results["summary"]["required"]
    assert {name for name, count in required.items() if count} <= {"pass", "not_applicable"}
    assert results["complete"] is True
    contract = load_contract(results["target"]["provider"])
    assert [item["id"] for item in results["clauses"]] == list(contract.clauses)


def test_all_reports_are_written_and_the_results_are_valid(whole: Whole) -> None:
    assert {file.name for file in whole.folder.iterdir()} == REPORTS
    schema = json.loads((Path(reports.__file__).parent / "results.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(whole.results)


def _secrets(table: Any) -> set[str]:
    if isinstance(table, dict):
        own = {value for key, value in table.items() if isinstance(value, str) and ("key" in key or "secret" in key)}
        return own.union(*(_secrets(value) for value in table.values()))
    return set()


def _forms(secret: str) -> set[bytes]:
    plain = {secret, secret.swapcase(), secret[:-4], quote(secret, safe="")}
    coded = {base64.b64encode(f"{before}{secret}".encode()).decode().rstrip("=") for before in ("", ":", "a:", "ab:")}
    return {form.encode() for form in plain | {item[4:-4] for item in coded if len(item) > 16}}


def test_no_secret_is_in_any_file_of_the_report_directory(whole: Whole) -> None:
    folder, profile = whole.folder, whole.profile
    credentials = {
        name: value for name, value in profile["fixtures"].items() if "key" in name or isinstance(value, dict)
    }
    secrets = _secrets(profile["credentials"]) | _secrets(credentials)
    assert len(secrets) >= 5
    for file in folder.iterdir():
        content = file.read_bytes()
        found = [form for secret in secrets for form in _forms(secret) if form in content]
        assert found == [], file.name
    entries = json.loads((folder / "exchanges.har").read_text("utf-8"))["log"]["entries"]
    fields = {item["name"].lower() for entry in entries for item in entry["request"]["headers"]}
    assert "content-type" in fields
    assert not {"authorization", "x-api-key", "cookie"} & fields


def test_broken_promise_is_exit_1_with_evidence_and_a_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with MockServer("textflow") as mock:
        profile = mock.profile()
        profile["account"]["default_sender"] = profile["account"]["senders"][1]  # type: ignore[index]  # it is a dict
        code, results = run_target(tmp_path, profile, "--concern", "responses")
    assert code == 1
    assert with_verdict(results, "fail") == {"tf.responses.from-default"}
    record = next(item for item in results["clauses"] if item["verdict"] == "fail")
    assert record["reproduce"].startswith("curl ")
    assert record["evidence"]
    output = capfd.readouterr().out
    assert "tf.responses.from-default" in output
    assert record["reproduce"] in output


def test_waived_failure_is_exit_0_and_a_waiver_that_is_not_needed_exit_12(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.toml"
    entry = (
        f'[[waiver]]\nclause = "{{}}"\nreason = "known"\nexpires = {datetime.now(UTC).date() + timedelta(days=90)}\n'
    )
    with MockServer("textflow") as mock:
        profile = mock.profile()
        profile["account"]["default_sender"] = profile["account"]["senders"][1]  # type: ignore[index]  # it is a dict
        waivers.write_text(entry.format("tf.responses.from-default"), "utf-8")
        code, results = run_target(tmp_path, profile, "--concern", "responses", "--waivers", str(waivers))
        assert code == 0
        assert with_verdict(results, "fail") == {"tf.responses.from-default"}
        waivers.write_text(entry.format("tf.responses.success"), "utf-8")
        profile = mock.profile()
        code, _ = run_target(tmp_path, profile, "--concern", "responses", "--waivers", str(waivers))
        assert code == 12


def test_small_budget_is_incomplete_and_never_exceeded(tmp_path: Path) -> None:
    with MockServer("textingline") as mock:
        profile = {**mock.profile(), "budget": {"max_requests": 60, "max_accepted": 20}}
        code, results = run_target(tmp_path, profile)
        assert mock.accepted_count <= 20
        assert mock.request_count <= 60
    assert code == 10
    assert results["complete"] is False
    assert with_verdict(results, "fail") == set()


def test_missing_fixtures_leave_their_clauses_unasked_and_exit_0(tmp_path: Path) -> None:
    with MockServer("textflow") as mock:
        profile = {name: value for name, value in mock.profile().items() if name != "fixtures"}
        code, results = run_target(tmp_path, profile)
        assert code == 0
        reasons = {item["reason"] for item in results["clauses"] if item["verdict"] == "not_exercised"}
        assert reasons == {"no_fixture"}
        code, _ = run_target(tmp_path, profile, "--require-complete")
        assert code == 10


def test_one_clause_asks_little_and_filters_the_rest(tmp_path: Path) -> None:
    with MockServer("textflow") as mock:
        code, results = run_target(tmp_path, mock.profile(), "--clause", "tf.auth.missing-key")
        assert mock.request_count < 40
    assert code == 0
    assert with_verdict(results, "pass") == {"tf.auth.missing-key"}


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_clauses_shows_the_catalogue(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clauses", "textflow", "--format", form]) == 0
    output = capsys.readouterr().out
    assert "tf.auth.missing-key" in output
    assert form != "json" or json.loads(output)


def test_init_and_mock_profiles_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "textingline"]) == 0
    assert 'provider = "textingline"' in capsys.readouterr().out
    assert main(["mock", "textflow", "--port", "8085", "--profile"]) == 0
    assert 'base_url = "http://127.0.0.1:8085"' in capsys.readouterr().out
    assert main(["mock", "textflow", "--list"]) == 0
    assert "faults:" in capsys.readouterr().out
