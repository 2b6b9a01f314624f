"""A plan says beforehand what the run then does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.conversation.plan import UNCERTAIN_SHARE
from sendproof.mock.accounts import Provider
from sendproof.mock.server import MockServer
from tests import second_reading
from tests.readings import late_server
from tests.runs.support import to_toml

pytestmark = pytest.mark.slow
BUDGET = {"max_requests": 400, "max_accepted": 60, "requests_per_second": 10_000.0, "retry_after_s": 1.0}


@contextmanager
def _mock(provider: Provider) -> Iterator[Mapping[str, object]]:
    with MockServer(provider, window_s=0.5) as mock:
        yield mock.profile()


@contextmanager
def _second(provider: Provider) -> Iterator[Mapping[str, object]]:
    with second_reading.serve(provider, None) as base_url:
        yield second_reading.profile(provider, base_url)


@contextmanager
def _late(provider: Provider) -> Iterator[Mapping[str, object]]:
    with late_server.serve(provider, None) as base_url:
        yield late_server.profile(provider, base_url)


def planned(file: Path, capfd: pytest.CaptureFixture[str], *more: str) -> Any:
    """Return the plan of the command line."""
    capfd.readouterr()
    assert main(["plan", "--target", str(file), "--format", "json", *more]) == 0
    return json.loads(capfd.readouterr().out)


def sent(folder: Path) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Yield the case, the message (empty where it is none) and the status of each exchange of a run."""
    har = json.loads((folder / "reports" / "my" / "exchanges.har").read_text("utf-8"))
    for entry in har["log"]["entries"]:
        text = entry["request"].get("postData", {}).get("text", "")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = {}
        yield entry["request"]["_case"], message if isinstance(message, dict) else {}, entry["response"]["status"]


def _in_e164(number: str) -> str:
    digits = "".join(filter(str.isdigit, number))
    return f"+1{digits[-10:]}"


Sent = list[tuple[str, Mapping[str, Any]]]


def _of_one_window(should: Sent, surplus: int) -> Sent:
    """Leave out what a burst was let in for twice: windows of this server follow the clock, and one may begin in it."""
    bursts = [item for item in should if item[0].startswith("rate_limits.")]
    assert 0 <= surplus < len(bursts)
    return [item for item in should if item not in bursts] + bursts[surplus:]


@pytest.mark.parametrize(
    ("served", "effort"),
    [(_mock, "standard"), (_mock, "quick"), (_second, "standard"), (_late, "standard")],
    ids=["mock", "mock, quick", "second reading", "late server"],
)
@pytest.mark.parametrize("provider", ["textingline", "textflow"])
def test_plan_is_what_the_run_does(
    provider: Provider, served: Any, effort: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    with served(provider) as profile:
        file.write_text(to_toml({**profile, "budget": BUDGET}), "utf-8")
        plan = planned(file, capfd, "--effort", effort)
        run = ["run", "--target", str(file), "--report-dir", str(tmp_path / "reports"), "--effort", effort]
        assert main(run) in (0, 10)
    results = json.loads((tmp_path / "reports" / "my" / "results.json").read_text("utf-8"))
    # A retry of a message is one case with it, and may be refused.
    ought = {item["case"] for item in plan["order"] if item["expects"] == "accept"}
    exchanges = list(sent(tmp_path))
    accepted = [(case, message) for case, message, status in exchanges if 200 <= status < 300]
    should = [(case, message) for case, message in accepted if case in ought]
    if served is _second and provider == "textflow":
        should = _of_one_window(should, len(should) - plan["accepted"]["should"])
    # What is open is asked for as long as answers leave room: so much of the plan may come to nothing.
    assert abs(len(exchanges) - plan["requests"]) <= UNCERTAIN_SHARE * BUDGET["max_requests"]
    assert len(should) == plan["accepted"]["should"]
    assert len(accepted) <= plan["accepted"]["at_most"]
    assert set(plan["clauses"]["not_distinguished"]) == _not_distinguished(results)
    messages = {message.get("idempotencyKey", index): message for index, (_, message) in enumerate(should)}
    assert len(messages) == plan["messages"]
    if provider == "textingline":
        assert plan["credits"] <= results["traffic"]["credits"] <= plan["credits"] + 3 * plan["accepted"]["could"]
    reached = Counter(_in_e164(message["to"]) for message in messages.values())
    assert reached == {item["number"]: item["messages"] for item in plan["recipients"] if item["messages"]}


def _not_distinguished(results: Mapping[str, Any]) -> set[str]:
    return {item["id"] for item in results["clauses"] if item["reason"] == "not_distinguished"}


@pytest.mark.parametrize(
    ("provider", "value"),
    [
        *(("textingline", balance) for balance in (2, 3, 7, 13, 20, 100)),
        *(("textflow", limit) for limit in (1, 10, 15, 20, 100)),
    ],
)
def test_plan_says_what_a_balance_or_a_limit_cannot_tell(
    provider: Provider, value: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    # A burst has to fit into its window on a busy machine, too.
    window_s = min(max(1.0, value / 2), 8.0)
    with MockServer(provider, window_s=window_s, metered_balance=value, limit_per_minute=value) as mock:
        file.write_text(to_toml({**mock.profile(), "budget": BUDGET}), "utf-8")
        plan = planned(file, capfd)
        assert main(["run", "--target", str(file), "--report-dir", str(tmp_path / "reports"), "-q"]) == 0
    results = json.loads((tmp_path / "reports" / "my" / "results.json").read_text("utf-8"))
    told = plan["clauses"]["not_distinguished"]
    assert set(told) == _not_distinguished(results)
    assert bool(plan["advice"]) == bool(told)
    fixture = "metered" if provider == "textingline" else "rate_limited"
    [cost] = [item for item in plan["fixtures"] if item["fixture"] == fixture]
    assert 0 < cost["messages"] <= cost["segments"]


def test_plan_sends_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    with MockServer("textflow") as mock:
        file.write_text(to_toml({**mock.profile(), "budget": BUDGET}), "utf-8")
        planned(file, capfd)
        assert mock.request_count == 0


def test_plan_names_the_fixture_that_a_clause_lacks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    with MockServer("textingline") as mock:
        profile = {name: value for name, value in mock.profile().items() if name != "fixtures"}
        file.write_text(to_toml({**profile, "budget": BUDGET}), "utf-8")
        lacking = planned(file, capfd)["clauses"]["not_exercisable"]
        assert main(["plan", "--target", str(file)]) == 0
    assert lacking["tl.credits.boundary"] == "metered"
    assert lacking["tl.delivery.cause-opted-out"] == "failing_recipients.opted_out"
    assert "The profile has no fixtures.no_credits" in capfd.readouterr().out


def test_plan_of_some_clauses_asks_less(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    with MockServer("textflow") as mock:
        file.write_text(to_toml({**mock.profile(), "budget": BUDGET}), "utf-8")
        whole, part = planned(file, capfd), planned(file, capfd, "--concern", "auth")
    assert part["requests"] < whole["requests"] / 3
    assert part["accepted"]["should"] < whole["accepted"]["should"]


def test_run_elsewhere_is_not_made_where_nobody_can_be_asked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.toml"
    with MockServer("textflow") as mock:
        file.write_text(to_toml({**mock.profile(), "base_url": "https://api.invalid"}), "utf-8")
    assert main(["run", "--target", str(file), "--report-dir", str(tmp_path / "reports")]) == 4
    assert "expected --yes where no terminal is there to ask at" in capfd.readouterr().err
    assert not (tmp_path / "reports").exists()
