"""The README and its companions say what is so."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from sendproof import exit_codes
from sendproof.cli import cli, main
from sendproof.contract.model import load_contract, provider_names
from sendproof.runs.asking import Providers
from sendproof.target.profile_loader import parse_profile

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "sendproof"
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")}
SEPARATORS = {"&&", "||", ";", "|", ">", ">>"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _tables() -> list[dict[str, Any]]:
    return [tomllib.loads(block) for block in _blocks("toml")]


def _snippets() -> Iterator[str]:
    """Yield each line of a block of code, and each code span."""
    for text in PAGES.values():
        for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
            yield from block.splitlines()
        yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def _commands(program: str) -> list[list[str]]:
    """Return the words of every call of a program that a page shows."""
    found: dict[tuple[str, ...], None] = {}
    for snippet in _snippets():
        for start in re.finditer(rf"(?:^|&& |run: |- ){program} (?=[a-z-])", snippet):
            words = shlex.split(snippet[start.start() :].removeprefix("&& ").removeprefix("run: "))
            words = words[words.index(program) :]
            end = next((index for index, word in enumerate(words) if word in SEPARATORS), len(words))
            found[tuple(words[1:end])] = None
    return [list(words) for words in found]


def _parse(words: list[str]) -> None:
    """Parse a call as the command line would; a wrong name raises. A bare name is only looked up."""
    own = words[: words.index("--")] if "--" in words else words
    command = cli.commands[own[0]]
    if len(own) == 1 and own[0] in (
        "init",
        "mock",
        "plan",
        "compare",
        "drift",
        "explain",
        "history",
        "matrix",
        "waive",
    ):
        return
    with click.Context(command, info_name=own[0]) as context:
        command.parse_args(context, own[1:])


def _profiles() -> list[dict[str, Any]]:
    return [table for table in _tables() if "base_url" in table]


def test_both_commands_stand_in_the_readme() -> None:
    lines = README.splitlines()
    assert "pip install . && sendproof run" in lines
    assert "pip install tox && tox" in lines


@pytest.mark.parametrize("data", _profiles(), ids=lambda data: str(data["provider"]))
def test_profile_is_read_by_the_real_loader(data: dict[str, Any]) -> None:
    names = re.findall(r'env = "([A-Z_]+)"', README)
    environ = {name: f"secret-of-{name}" for name in names}
    profile = parse_profile(data, where="README.md", name="readme", providers=Providers(), environ=environ)
    assert profile.provider == data["provider"]


@pytest.mark.parametrize("words", _commands("sendproof"), ids=" ".join)
def test_command_exists_with_its_options(words: list[str]) -> None:
    _parse(words)


@pytest.mark.parametrize("words", [["run", "--nope"], ["clauses", "--format", "xml"]], ids=" ".join)
def test_command_with_a_wrong_option_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        _parse(words)


def test_readme_is_read_in_minutes() -> None:
    assert len(README.splitlines()) <= 130


@pytest.mark.slow
def test_output_of_the_readme_is_that_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = (block for block in _blocks("text"))
    assert main(["run", "textflow", "--report-dir", str(tmp_path)]) == exit_codes.OK
    printed = capsys.readouterr().out.splitlines()
    lines = [line for line in shown.splitlines() if line not in ("", "…")]
    assert 7 <= len(lines) <= 8
    # Times and numbers of requests differ by a little; words and verdicts do not.
    counts = re.compile(r"\d+ requests, \d+ accepted, [\d.]+ s")
    assert [
        line for line in lines if counts.sub("", line) not in {counts.sub("", line.rstrip()) for line in printed}
    ] == []


def test_steps_of_ci_are_six_lines_of_yaml() -> None:
    (block,) = _blocks("yaml")
    assert len(block.splitlines()) <= 6
    assert [set(step) & {"uses", "run"} for step in yaml.safe_load(block)] == [{"uses"}, {"run"}, {"run"}, {"uses"}]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_lead_to_files(name: str) -> None:
    linked = re.findall(r"\]\(([^)\s#]+)", (ROOT / name).read_text("utf-8"))
    assert [link for link in linked if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_clauses_named_in_the_readme_exist() -> None:
    known = {clause for name in provider_names() for clause in load_contract(name).clauses}
    named = set(re.findall(r"\b(?:tf|tl|http)\.[a-z_]+\.[a-z][a-z0-9-]*", README))
    assert named <= known


@pytest.mark.parametrize("name", PAGES)
def test_paths_named_on_a_page_exist(name: str) -> None:
    named = re.findall(r"`((?:tests|suites|schemas|benchmarks|src|\.ci)/[\w./-]*)`", PAGES[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_modules_named_in_the_architecture_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`(?!schemas/)([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", text)
    walked = re.findall(r"`((?:commands|runs|conversation|target|judge|reports)\.[a-z_]+)", text)
    files = {*named, *(f"{name.replace('.', '/')}.py" for name in walked)} - {"src/sendproof/", "tests/"}
    assert len(files) > 40
    assert [file for file in files if not any((root / file).exists() for root in (ROOT, PACKAGE))] == []


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"].values()
    asked = [*project["project"]["dependencies"], *(item for group in groups for item in group)]
    names = {re.split(r"[<>=~!\[; ]", item)[0] for item in asked}
    table = PAGES["CONTRIBUTING.md"].split("## Dependencies")[1]
    assert set(re.findall(r"^\| (\w[\w-]*) \|.*\| [\w.-]+ \|$", table, re.MULTILINE)) - {"package"} == names
