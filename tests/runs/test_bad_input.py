"""What is wrong on the user's side or the network's: one clear line, an exit code, no traceback."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.mock.server import MockServer
from tests.runs.support import run_target, server, to_toml, with_verdict

PROFILE: dict[str, Any] = {
    "provider": "textflow",
    "base_url": "http://127.0.0.1:9",
    "credentials": {"api_key": "sk_live_Nobodys4711Key"},
    "account": {"senders": ["+12025550101"], "default_sender": "+12025550101", "recipients": ["+12025550102"]},
    "budget": {"retry_after_s": 0.05},
}
# What comes before all clauses is the same for one of them.
ONE = ("--clause", "tf.auth.missing-key")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"base_url": "http://api.example.com"}, "base_url"),
        ({"extra": 1}, "extra"),
        ({"credentials": {"api_key": {"env": "SENDPROOF_UNSET_VARIABLE"}}}, "SENDPROOF_UNSET_VARIABLE"),
        ({"account": {**PROFILE["account"], "recipients": ["5551234567"]}}, "recipients"),
        ({"budget": {"max_requests": -1}}, "max_requests"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_wrong_profile_is_one_line_and_exit_4(
    changes: dict[str, Any], told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(to_toml({**PROFILE, **changes}), "utf-8")
    assert main(["run", "--target", str(file), "--report-dir", str(tmp_path / "reports")]) == 4
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "my.toml" in output.err
    assert told in output.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "nobody"], "expected one of textflow, textingline, twilio, vonage, got 'nobody'"),
        (["run", "--target", "missing.toml"], "missing.toml"),
        (["run", "--unknown"], "--unknown"),
        (["run", "textflow", "--concern", "weather"], "weather"),
        (["run", "textflow", "--clause", "tf.nothing.there"], "tf.nothing.there"),
        (["run", "--waivers", "missing.toml"], "missing.toml"),
        (["init", "nobody"], "nobody"),
        (["mock", "nobody"], "nobody"),
        (["mock", "textflow", "--fault", "nothing"], "nothing"),
        (["clauses", "nobody"], "nobody"),
        (["nothing"], "nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_words_are_exit_4(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 4
    output = capfd.readouterr()
    assert told in output.err
    assert "Traceback" not in output.out + output.err


def test_provider_beside_a_profile_of_another_names_both(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    file.write_text(to_toml(PROFILE), "utf-8")
    assert main(["run", "textingline", "--target", str(file), "--report-dir", str(tmp_path / "reports")]) == 4
    told = capfd.readouterr().err
    assert "expected the provider textingline, as the command says, got 'textflow'" in told
    assert "leave it out of the command" in told


@pytest.mark.parametrize("missing", ["limit_per_minute", "api_key"])
def test_half_a_fixture_is_to_be_completed(missing: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = {"api_key": "sk_live_Limited4711Key", "limit_per_minute": 5}
    half = {name: value for name, value in whole.items() if name != missing}
    file = tmp_path / "my.toml"
    file.write_text(to_toml({**PROFILE, "fixtures": {"rate_limited": half}}), "utf-8")
    assert main(["run", "--target", str(file), "--report-dir", str(tmp_path / "reports")]) == 4
    told = capfd.readouterr().err
    assert f"fixtures.rate_limited.{missing}: expected " in told
    assert "got nothing. Add it." in told


def test_profile_that_is_no_toml_names_the_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    file.write_text("provider = \n", "utf-8")
    assert main(["run", "--target", str(file)]) == 4
    assert "line 1" in capfd.readouterr().err


def _judged_nobody(code: int, results: dict[str, Any]) -> None:
    assert code == 11
    assert results["exit_code"] == 11
    assert with_verdict(results, "fail") | with_verdict(results, "pass") == set()


def test_refused_connection_is_exit_11(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _judged_nobody(*run_target(tmp_path, {**PROFILE, "base_url": f"http://127.0.0.1:{port}"}))
    assert "no connection" in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "content_type", "told"),
    [
        (404, b'{"detail": "Not Found"}', "application/json", "nothing is served there"),
        (404, b"<html>not here</html>", "text/html", "HTML page"),
        (200, b"<!doctype html><title>Sign in</title>", "text/html", "HTML page"),
        (302, b"", "text/plain", "redirect"),
        (401, b'{"success": false, "error": "Invalid or inactive API key"}', "application/json", "credentials"),
        (401, b'{"success": false, "error": "no"}', "application/json", "credentials"),
        (402, b"{}", "application/json", "no credits"),
        (403, b'{"code": 33004}', "application/json", "answers as TextingLine"),
        (407, b"<html>proxy</html>", "text/html", "a proxy"),
        (429, b'{"success": false, "error": "Daily message limit reached"}', "application/json", "limit of the day"),
        (
            400,
            b'{"success": false, "error": "Invalid or inactive phone number"}',
            "application/json",
            "account.senders",
        ),
        (503, b"", "text/plain", "in trouble"),
        (
            400,
            b'{"success": false, "error": "No active phone numbers available"}',
            "application/json",
            "no active number",
        ),
        (400, b'{"success": false, "error": "Bad day"}', "application/json", "refused"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else None,
)
def test_place_that_is_no_such_api_is_exit_11_and_says_what_was_seen(
    status: int, body: bytes, content_type: str, told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with server(status, body, content_type, location="https://example.com/") as base_url:
        _judged_nobody(*run_target(tmp_path, {**PROFILE, "base_url": base_url}, *ONE))
    assert told in capfd.readouterr().out


@pytest.mark.slow
def test_tls_error_is_exit_11(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with server(200, b"", "text/plain") as base_url:
        _judged_nobody(*run_target(tmp_path, {**PROFILE, "base_url": base_url.replace("http:", "https:")}, *ONE))
    assert "TLS" in capfd.readouterr().out


@pytest.mark.slow
def test_target_that_hangs_ends_within_its_timeout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started = time.monotonic()
        _judged_nobody(*run_target(tmp_path, {**PROFILE, "base_url": base_url, "timeout_s": 0.5}, *ONE))
    assert time.monotonic() - started < 8
    assert "no answer within the timeout" in capfd.readouterr().out


def test_wrong_key_of_a_right_target_is_exit_11(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer("textingline") as mock:
        profile = {**mock.profile(), "credentials": {"key_id": "nobodysKey4711", "key_secret": "nobodysSecret4711"}}
        _judged_nobody(*run_target(tmp_path, profile))
    assert "credentials are refused" in capfd.readouterr().out
