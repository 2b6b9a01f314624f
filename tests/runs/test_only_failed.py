"""`--only-failed`: what failed or was left open is asked again, by few messages, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.conversation.plan import few_cases
from sendproof.corpus.case import Case
from sendproof.mock.accounts import Provider
from sendproof.mock.server import MockServer
from sendproof.runs.run_command import again_of
from tests.runs.support import to_toml

BUDGET = {"max_requests": 400, "max_accepted": 60, "requests_per_second": 10_000.0, "retry_after_s": 1.0}


def case(number: int, family: str, *clauses: str) -> Case:
    return Case(id=f"{family}.{number}", family=family, body=b"", clauses=clauses)


def test_few_cases_are_the_first_of_each_clause_some_controls_and_those_that_showed_it() -> None:
    cases = [
        *(case(number, "plain") for number in range(9)),
        *(case(number, "a", "x") for number in range(9)),
        *(case(number, "b", "y") for number in range(9)),
        *(case(number, "c", "x", "y") for number in range(9)),
    ]
    chosen = [one.id for one in few_cases(cases, frozenset({"x"}), {"c.7", "plain.8", "no.such"})]
    assert chosen == [*(f"plain.{n}" for n in (0, 1, 2, 3, 8)), *(f"a.{n}" for n in range(4)), "c.7"]


class Place:
    """A profile of a mock, and the runs that are made with it."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capfd = folder, capfd

    def run(self, provider: Provider, *more: str, fault: str | None = None) -> tuple[int, str]:
        """Run against a mock, and return the exit code with all that was printed."""
        profile = self._folder / "my.toml"
        with MockServer(provider, fault=fault, window_s=0.5) as mock:
            profile.write_text(to_toml({**mock.profile(), "budget": BUDGET}), "utf-8")
            self._capfd.readouterr()
            code = main(["run", "--target", str(profile), "--report-dir", str(self._folder / "reports"), "-q", *more])
        return code, "".join(self._capfd.readouterr())

    @property
    def results(self) -> Path:
        """Where the last run wrote its results."""
        return self._folder / "reports" / "my" / "results.json"

    def read(self) -> dict[str, Any]:
        """Return the results of the last run."""
        found: dict[str, Any] = json.loads(self.results.read_text("utf-8"))
        return found


def failed(results: dict[str, Any]) -> Iterator[str]:
    return (item["id"] for item in results["clauses"] if item["verdict"] == "fail")


@pytest.fixture
def here(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("textingline", "mms-costs-2"),
        ("textingline", "error-type-absent"),
        ("textingline", "key-id-by-its-first-letters"),
        ("textflow", "rate-limit-one-early"),
        ("textflow", "sender-with-one-before-parentheses-refused"),
        ("textflow", "crash-on-surrogate"),
    ],
)
def test_failure_is_found_again_with_few_messages_and_gone_when_it_is_mended(
    provider: Provider, fault: str, here: Place
) -> None:
    assert here.run(provider, fault=fault)[0] == 1
    first = here.read()
    # The results are read before their folder is made ready for the new ones.
    assert here.run(provider, "--only-failed", str(here.results), fault=fault)[0] == 1
    again = here.read()
    assert set(failed(again)) == set(failed(first))
    assert again["traffic"]["accepted"] <= 25 < first["traffic"]["accepted"]
    assert again["traffic"]["requests"] <= 50
    asked = {
        item["id"] for item in again["clauses"] if item["reason"] != "filtered" and item["verdict"] != "not_applicable"
    }
    assert asked < {item["id"] for item in first["clauses"] if item["verdict"] not in ("pass", "observed")}
    assert here.run(provider, "--only-failed", str(here.results.parent))[0] == 0
    code, printed = here.run(provider, "--only-failed", str(here.results))
    assert (code, "nothing failed or was left open" in printed) == (0, True)


@pytest.mark.slow
def test_what_an_interrupted_run_left_open_is_asked(here: Place) -> None:
    here.run("textflow")
    results = here.read()
    left = {"tf.auth.missing-key", "tf.responses.status", "tf.rate_limits.enforced"}
    for item in results["clauses"]:
        if item["id"] in left:
            item.update(verdict="not_exercised", reason="dependency", evidence=[])
    results.update(complete=False, exit_code=2)
    here.results.write_text(json.dumps(results), "utf-8")
    assert set(again_of(here.results).clauses) == left
    assert here.run("textflow", "--only-failed", str(here.results))[0] == 0
    assert {item["id"] for item in here.read()["clauses"] if item["verdict"] == "pass"} == left


@pytest.mark.slow
def test_what_does_not_fit_the_results_is_a_usage_error(here: Place, tmp_path: Path) -> None:
    here.run("textflow", fault="crash-on-surrogate")
    kept = tmp_path / "kept.json"
    kept.write_bytes(here.results.read_bytes())
    code, printed = here.run("textingline", "--only-failed", str(kept))
    assert (code, "expected a target of textflow" in printed) == (4, True)
    code, printed = here.run("textflow", "--only-failed", str(kept), "--clause", "tf.auth.missing-key")
    assert (code, "no --clause" in printed) == (4, True)
    assert here.run("textflow", "--only-failed", str(tmp_path / "no.json"))[0] == 4


@pytest.mark.slow
def test_clause_that_is_gone_is_told(here: Place) -> None:
    here.run("textflow", fault="crash-on-surrogate")
    text = here.results.read_text("utf-8")
    results = json.loads(text)
    [identity] = failed(results)
    here.results.write_text(text.replace(f'"{identity}"', '"tf.old.clause"'), "utf-8")
    code, printed = here.run("textflow", "--only-failed", str(here.results))
    assert (code, "tf.old.clause" in printed) == (0, True)
