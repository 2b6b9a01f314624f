"""One budget for all runs on a ledger: those that are killed, those at once, those with workers."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from sendproof.mock.server import MockServer
from tests.runs.support import to_toml

pytestmark = pytest.mark.slow
MAX_ACCEPTED, MAX_REQUESTS = 40, 260
RUN = (sys.executable, "-m", "sendproof", "run", "--max-examples", "8", "-q")


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a place of its own for what outlives a run, and the corpora that are there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(platformdirs.user_cache_path()))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def write_profile(folder: Path, mock: MockServer, name: str = "my", **budget: Any) -> None:
    limits = {"max_requests": MAX_REQUESTS, "max_accepted": MAX_ACCEPTED, "requests_per_second": 300.0, **budget}
    (folder / f"{name}.toml").write_text(to_toml({**mock.profile(), "budget": limits}), "utf-8")


def start(folder: Path, *arguments: str, name: str = "my") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*RUN, "--target", f"{name}.toml", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def results(folder: Path, name: str = "my") -> Any:
    return json.loads((folder / "reports" / name / "results.json").read_text("utf-8"))


@pytest.mark.parametrize("seed", range(2))
def test_runs_that_are_killed_never_spend_more_than_one_budget(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with MockServer("textingline") as mock:
        write_profile(tmp_path, mock)
        for _ in range(10):
            process = start(tmp_path, "--ledger", "ledger")
            until = mock.request_count + chance.randrange(12)
            while mock.request_count <= until and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.01)
            process.kill()
            process.wait()
        killed = mock.accepted_count
        assert start(tmp_path, "--ledger", "ledger").wait(60) in (10, 11)
        assert 0 < killed <= mock.accepted_count <= MAX_ACCEPTED
        assert mock.request_count <= MAX_REQUESTS


def test_two_runs_at_once_spend_one_budget(tmp_path: Path) -> None:
    with MockServer("textingline") as mock:
        for name in ("one", "two"):
            write_profile(tmp_path, mock, name)
        both = [start(tmp_path, "--ledger", "ledger", name=name) for name in ("one", "two")]
        assert {process.wait(60) for process in both} <= {0, 10, 11}
        assert 0 < mock.accepted_count <= MAX_ACCEPTED
        assert mock.request_count <= MAX_REQUESTS


def test_workers_spend_one_budget(tmp_path: Path) -> None:
    with MockServer("textingline") as mock:
        write_profile(tmp_path, mock)
        assert start(tmp_path, "--", "-n", "2").wait(60) in (0, 10)
        assert 0 < mock.accepted_count <= MAX_ACCEPTED
        assert mock.request_count == results(tmp_path)["traffic"]["requests"] <= MAX_REQUESTS


def test_run_after_one_that_was_killed_has_what_is_left(tmp_path: Path) -> None:
    with MockServer("textingline") as mock:
        write_profile(tmp_path, mock, requests_per_second=60.0)
        process = start(tmp_path)
        while mock.accepted_count < 10 and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait()
        assert start(tmp_path).wait(60) == 10
        assert 10 < mock.accepted_count <= MAX_ACCEPTED
        clauses = {item["id"]: item["verdict"] for item in results(tmp_path)["clauses"]}
    assert clauses["tl.credits.sms-price"] == "not_exercised"
    assert "fail" not in clauses.values()


def test_run_after_one_that_ended_has_a_budget_of_its_own(tmp_path: Path) -> None:
    with MockServer("textingline") as mock:
        write_profile(tmp_path, mock)
        spent = []
        for _ in range(2):
            start(tmp_path).wait(60)
            spent.append(results(tmp_path)["traffic"]["requests"])
        assert sum(spent) == mock.request_count > MAX_REQUESTS
