"""What `docs/ci.md` tells people to copy is YAML, and calls commands that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from sendproof import exit_codes
from sendproof.cli import cli
from sendproof.contract.model import provider_names

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "ci.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)]
PULL_REQUEST, NIGHTLY, GITLAB, BADGE = BLOCKS
JOBS: dict[str, dict[str, Any]] = {
    name: job for block in (PULL_REQUEST, NIGHTLY) for name, job in block["jobs"].items()
}


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def commands() -> list[list[str]]:
    """Return the words of each call of sendproof, in the YAML and in the prose."""
    lines = [line for text in texts(BLOCKS) for line in text.splitlines()] + re.findall(r"`(sendproof [^`]+)`", GUIDE)
    calls = [line.strip() for line in lines if line.strip().startswith("sendproof ")]
    return [shlex.split(call.split("||")[0])[1:] for call in dict.fromkeys(calls)]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_of_the_guide_exists_with_its_options(words: list[str]) -> None:
    command = cli.commands[words[0]]
    if words == ["run"]:
        return
    with click.Context(command, info_name=words[0]) as context:
        command.parse_args(context, words[1:])
    assert set(context.params.get("providers") or ()) <= set(provider_names())


def test_commands_are_found_in_every_workflow() -> None:
    runs = [words for words in commands() if words[0] == "run"]
    assert len(runs) >= 4
    with pytest.raises(click.UsageError), click.Context(cli.commands["run"], info_name="run") as context:
        cli.commands["run"].parse_args(context, ["--nope"])


def test_every_live_run_says_yes() -> None:
    live = [words for words in commands() if words[0] == "run" and "--target" in words]
    assert live
    assert all("--yes" in words for words in live)


def test_exit_codes_of_the_guide_are_all_there_are() -> None:
    table = GUIDE.split("## Exit codes")[1].split("\n## ")[0]
    known = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == known


@pytest.mark.parametrize("block", [PULL_REQUEST, NIGHTLY], ids=["pull request", "nightly"])
def test_workflow_may_do_no_more_than_it_needs(block: dict[str, Any]) -> None:
    assert set(block["permissions"].items()) <= {("contents", "read"), ("security-events", "write")}


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_job_steps_are_steps(job: dict[str, Any]) -> None:
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert set(step) <= {"run", "uses", "with", "env", "if", "id"}


def test_secrets_reach_only_the_step_that_runs() -> None:
    for job in JOBS.values():
        for step in job["steps"]:
            if "secrets." in " ".join(texts(step)):
                assert "sendproof run" in step["run"]
                assert "secrets." not in step["run"]


def test_live_jobs_wait_for_each_other() -> None:
    for place in (JOBS["preview"]["concurrency"], NIGHTLY["concurrency"]):
        assert place["cancel-in-progress"] is False
    assert GITLAB["sendproof-staging"]["resource_group"]


def test_alerts_are_uploaded_only_by_a_run_that_judged() -> None:
    (step,) = (step for step in JOBS["staging"]["steps"] if "upload-sarif" in step.get("uses", ""))
    assert set(re.findall(r'"(\d+)"', step["if"])) == {
        str(code) for code in (exit_codes.OK, exit_codes.FAILED, exit_codes.WAIVER)
    }


def test_files_of_the_guide_are_those_of_a_run() -> None:
    written = {
        "junit.xml",
        "summary.md",
        "sendproof.sarif",
        "badge.svg",
        "report.html",
        "results.json",
        "exchanges.har",
        "sent.csv",
    }
    table = GUIDE.split("## What a job finds")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)) == written
    named = {Path(path).name for path in re.findall(r"reports/[\w*]+/[\w.]+", GUIDE)}
    assert named <= written


def test_sendproof_is_installed_in_a_fixed_version() -> None:
    checkouts = [step["with"] for job in JOBS.values() for step in job["steps"] if "repository" in step.get("with", {})]
    assert [checkout.get("ref") for checkout in checkouts] == ["v0.1.0"] * len(JOBS)
    assert "--branch v0.1.0" in " ".join(texts(GITLAB))
