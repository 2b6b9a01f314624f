"""A target that attacks whoever reads the reports: its words come out as text, and nowhere as anything else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

from tests.runs.hostile import MARK, hostile_service
from tests.runs.support import UNBOUNDED, to_toml

pytestmark = pytest.mark.slow
# Controls, bidi controls and what is not seen; line ends and tabs are layout.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of the command line printed and wrote."""

    code: int
    printed: str
    files: Mapping[str, Path]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("hostile")
    with hostile_service() as profile:
        (folder / "my.toml").write_text(to_toml({**profile, "budget": UNBOUNDED}), "utf-8")
        command = [sys.executable, "-m", "sendproof", "run", "--target", "my.toml", "--max-examples", "8"]
        environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "job.md", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [*command, "--", "-v", "--showlocals"],
            cwd=folder,
            env={
                **environment,
                "HOME": str(folder),
                "XDG_CACHE_HOME": str(platformdirs.user_cache_path()),
                "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"],
            },
            capture_output=True,
            check=False,
        )
    files = {file.name: file for file in (*(folder / "reports" / "my").iterdir(), folder / "job.md")}
    return Outcome(code=done.returncode, printed=(done.stdout + done.stderr).decode(), files=files)


def test_run_ends_with_a_verdict(outcome: Outcome) -> None:
    assert outcome.code == 1, outcome.printed[-2000:]


def test_hostile_words_come_out_at_all(outcome: Outcome) -> None:
    assert all(MARK in outcome.files[name].read_text("utf-8") for name in outcome.files if name != "badge.svg")
    assert MARK in outcome.printed


def test_terminal_shows_no_control_character(outcome: Outcome) -> None:
    assert _UNSAFE.findall(outcome.printed) == []


def test_no_report_holds_a_control_character(outcome: Outcome) -> None:
    found = {name: _UNSAFE.search(file.read_text("utf-8")) for name, file in outcome.files.items()}
    assert {name for name, unsafe in found.items() if unsafe} == set()


def test_terminal_gives_github_only_our_own_commands(outcome: Outcome) -> None:
    lines = outcome.printed.splitlines()
    begun = next(number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    token = lines[begun].removeprefix("::stop-commands::")
    ended = lines.index(f"::{token}::")
    assert begun == 0 or not any(line.lstrip().startswith("::") for line in lines[:begun])
    commands = [line for line in lines[ended + 1 :] if line.lstrip().startswith("::")]
    assert commands
    assert all(re.match(r"::(error|warning|notice) title=sendproof", line) for line in commands)


def test_junit_and_results_and_sarif_are_read_whole(outcome: Outcome) -> None:
    ET.parse(outcome.files["junit.xml"])
    assert json.loads(outcome.files["results.json"].read_text("utf-8"))["exit_code"] == 1
    assert json.loads(outcome.files["sendproof.sarif"].read_text("utf-8"))["version"] == "2.1.0"


def test_markdown_has_no_markup_of_the_target(outcome: Outcome) -> None:
    for name in ("summary.md", "job.md"):
        text = outcome.files[name].read_text("utf-8")
        prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
        assert not re.search(r"<(?!/?(details|summary|br)\b)", prose), name
        assert "](" not in prose, name


def test_page_and_small_files_stay_small(outcome: Outcome) -> None:
    sizes = {name: file.stat().st_size for name, file in outcome.files.items() if name != "exchanges.har"}
    assert {name for name, size in sizes.items() if size > 1_000_000} == set()
