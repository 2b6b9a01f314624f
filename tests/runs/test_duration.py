"""How long a run takes: never longer than it may, and what it waits for is told."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sendproof.cli import main
from sendproof.mock.accounts import PROVIDERS, Provider
from sendproof.mock.server import MockServer
from tests.resilience.proxy import FaultyProxy, Plan, Turn
from tests.runs.support import held, run_target, to_toml

LIMITED = {"max_requests": 400, "max_accepted": 60, "requests_per_second": 10_000.0}


def throttled_from(first: int, retry_after: str | None) -> Plan:
    """Answer 429 to every request from the one with the number `first` on."""

    def throttle(turn: Turn) -> None:
        body = b'{"success": false, "error": "Too many requests"}'
        fields = ["HTTP/1.1 429 Too Many Requests", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        fields += [] if retry_after is None else [f"Retry-After: {retry_after}"]
        turn.send("\r\n".join(fields).encode() + b"\r\n\r\n" + body)

    return lambda number: throttle if number >= first else None


def without_windows(profile: Mapping[str, Any]) -> dict[str, Any]:
    fixtures = {name: value for name, value in profile["fixtures"].items() if name != "rate_limited"}
    return {**profile, "fixtures": fixtures}


@pytest.mark.slow
@pytest.mark.parametrize("retry_after", ["36000", None], ids=["ten hours", "profile's hour"])
def test_wait_that_is_too_long_ends_the_asking_and_names_the_setting(
    retry_after: str | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        MockServer("textflow") as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, throttled_from(30, retry_after)) as proxy,
    ):
        budget = {**LIMITED, "retry_after_s": 3600.0}
        profile = {**without_windows(mock.profile()), "base_url": proxy.base_url, "budget": budget}
        started = time.monotonic()
        code, results = run_target(tmp_path, profile)
    assert time.monotonic() - started < 60.0
    assert code == results["exit_code"] == 10
    assert [item["id"] for item in results["clauses"] if item["verdict"] == "fail"] == []
    assert {item["reason"] for item in results["clauses"] if item["verdict"] == "not_exercised"} >= {"budget"}
    told = capfd.readouterr().out
    assert "Raise budget.max_duration_s" in told
    assert f"a wait of {retry_after or '3600'} s would pass them: the key is throttled" in told


@pytest.mark.slow
def test_key_that_is_throttled_from_the_start_is_exit_11_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        MockServer("textflow") as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, throttled_from(1, "36000")) as proxy,
    ):
        code, _ = run_target(tmp_path, {**mock.profile(), "base_url": proxy.base_url})
    assert code == 11
    told = capfd.readouterr().out
    assert "the key is throttled" in told
    assert "max_duration_s" in told


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_run_whose_time_is_over_is_judged_by_what_it_knows(
    provider: Provider, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with MockServer(provider) as mock:
        budget = {**LIMITED, "requests_per_second": 10.0, "max_duration_s": 1.0}
        code, results = run_target(tmp_path, {**without_windows(mock.profile()), "budget": budget})
    assert code == 10
    assert 2 <= results["traffic"]["requests"] <= 15
    assert results["duration_s"] < 10.0
    assert "of 1 seconds" in capfd.readouterr().out


@pytest.mark.slow
def test_pace_that_has_no_time_left_ends_the_asking(tmp_path: Path) -> None:
    """The second request would leave after twenty minutes."""
    with MockServer("textflow") as mock:
        profile = {**mock.profile(), "budget": {**LIMITED, "requests_per_second": 0.001}}
        started = time.monotonic()
        code, results = run_target(tmp_path, profile, "--clause", "tf.auth.missing-key")
    assert time.monotonic() - started < 30.0
    assert code == 10
    assert results["traffic"]["requests"] == 1


@pytest.mark.slow
def test_wait_is_told_before_it_begins() -> None:
    told: list[str] = []

    def tell(done: int, total: int, label: str, *, at_once: bool = False) -> None:
        told.extend([label] if at_once else [])

    plan: Plan = lambda number: throttled_from(1, "42")(number) if number == 60 else None  # noqa: E731 - a plan
    with (
        MockServer("textflow", window_s=30.0) as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, plan) as proxy,
    ):
        _, waited_s = held({**mock.profile(), "base_url": proxy.base_url, "budget": LIMITED}, show_progress=tell)
    assert "waiting 42 s: the key is throttled (Retry-After: 42)" in told
    assert "waiting 31 s: the window of a rate limit of 5 requests passes" in told
    assert waited_s > 42.0


@pytest.mark.slow
def test_wait_is_told_where_there_is_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """While an item of pytest runs, which keeps what is printed meanwhile to itself."""
    with MockServer("textflow", window_s=4.9) as mock:
        code, _ = run_target(tmp_path, mock.profile(), "--concern", "rate_limits")
    assert code == 0
    assert "waiting 5 s: the window of a rate limit of 5 requests passes" in capfd.readouterr().out


def test_window_that_is_too_long_ends_its_scenario_alone() -> None:
    with MockServer("textflow", window_s=1000.0) as mock:
        evidence, waited_s = held({**mock.profile(), "budget": LIMITED})
    assert waited_s == 0.0
    assert len(evidence.exchanges) > 100
    assert any("budget.max_duration_s" in note for note in evidence.notes)
    assert evidence.for_budget


@pytest.mark.parametrize("provider", PROVIDERS)
def test_planned_waits_fit_into_the_time_that_a_run_has(
    provider: Provider, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    with MockServer(provider) as mock:
        file.write_text(to_toml({**mock.profile(), "budget": {"max_requests": 400, "max_accepted": 60}}), "utf-8")
    assert main(["plan", "--target", str(file), "--format", "json"]) == 0
    plan = json.loads(capfd.readouterr().out)
    assert plan["budget"]["max_duration_s"] == 900.0
    assert plan["duration_s"] < 450.0


def test_plan_tells_that_a_run_would_take_too_long(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    with MockServer("textflow") as mock:
        file.write_text(to_toml({**mock.profile(), "budget": {**LIMITED, "max_duration_s": 30}}), "utf-8")
    assert main(["plan", "--target", str(file)]) == 0
    assert "time: more than the 30 s of budget.max_duration_s" in capfd.readouterr().out
