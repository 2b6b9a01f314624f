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

from sendproof import exit_codes
from sendproof.cli import cli
from sendproof.contract.clause import CONCERNS, LEVELS, clause_from_toml
from sendproof.contract.model import load_contract, load_provider, provider_names
from sendproof.judge.verdicts import VERDICTS
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.faults import FAULTS
from sendproof.mock.variants import VARIANTS
from sendproof.plugin import pytest_addoption
from sendproof.runs.asking import providers
from sendproof.runs.waivers import load_waivers
from sendproof.target.profile_loader import parse_profile

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")}
SEPARATORS = {"&&", "||", ";", "|", ">", ">>"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _tables() -> list[dict[str, Any]]:
    return [tomllib.loads(block) for block in _blocks("toml")]


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this heading."""
    lines = iter(README.splitlines())
    next(line for line in lines if line.startswith(f"| {heading} |"))
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


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


def test_profiles_name_every_provider() -> None:
    assert sorted(profile["provider"] for profile in _profiles()) == sorted(provider_names())


@pytest.mark.parametrize("data", _profiles(), ids=lambda data: str(data["provider"]))
def test_profile_is_read_by_the_real_loader(data: dict[str, Any]) -> None:
    names = re.findall(r'env = "([A-Z_]+)"', README)
    environ = {name: f"secret-of-{name}" for name in names}
    profile = parse_profile(data, where="README.md", name="readme", providers=providers(), environ=environ)
    assert profile.provider == data["provider"]


def test_waivers_are_read_by_the_real_loader(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(next(block for block in _blocks("toml") if "[[waiver]]" in block), "utf-8")
    (waiver,) = load_waivers(file)
    assert waiver.clause in load_contract("textflow").clauses


def test_clause_of_the_guide_is_read_by_the_real_loader() -> None:
    (data,) = (table["clause"][0] for table in _tables() if "clause" in table)
    assert clause_from_toml(data, where="README.md").check == "credential"


@pytest.mark.parametrize("words", _commands("sendproof"), ids=" ".join)
def test_command_exists_with_its_options(words: list[str]) -> None:
    _parse(words)


def test_commands_are_found_at_all() -> None:
    shown = {words[0] for words in _commands("sendproof")}
    assert shown == set(cli.commands)


@pytest.mark.parametrize("words", [["run", "--nope"], ["clauses", "--format", "xml"]], ids=" ".join)
def test_command_with_a_wrong_option_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        _parse(words)


def test_options_of_pytest_exist() -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    (group,) = (group for group in parser._groups if group.name == "sendproof")
    known = {name for option in group.options for name in option.names()}
    section = README.split("## Use it with pytest")[1].split("\n## ")[0]
    named = set(re.findall(r"(--sendproof-[a-z][a-z-]*)", section))
    assert named
    assert named <= known


def test_mock_examples_name_faults_and_variants_that_exist() -> None:
    for option, entries in (("--fault", FAULTS), ("--variant", VARIANTS)):
        for words in _commands("sendproof"):
            if option in words:
                provider = next(name for name in PROVIDERS if name == words[1])
                assert words[words.index(option) + 1] in {entry.name for entry in entries[provider]}


def test_exit_codes_are_those_of_the_code() -> None:
    known = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert {int(row[0]) for row in _rows("exit code")} == known


def test_levels_verdicts_and_concerns_are_those_of_the_code() -> None:
    assert [name for row in _rows("level") for name in _names(row[0])] == list(LEVELS)
    assert sorted(name for row in _rows("verdict") for name in _names(row[0])) == sorted(VERDICTS)
    sentence = README.split("The concerns are")[1].split(".\n")[0]
    assert _names(sentence) == list(CONCERNS)


def test_every_check_of_the_contracts_is_in_the_guide_with_its_parameters() -> None:
    used: dict[str, set[str]] = {}
    for name in provider_names():
        for clause in load_contract(name).clauses.values():
            if clause.check:
                used.setdefault(clause.check, set()).update(clause.params)
    assert {_names(row[0])[0]: set(_names(row[1])) for row in _rows("check")} == used


def test_fixtures_are_those_of_the_providers() -> None:
    shown = [(row[0], *_names(row[1])) for row in _rows("provider")]
    known = [(name, fixture) for name in provider_names() for fixture in load_provider(name).fixtures]
    assert sorted(shown) == sorted(known)


@pytest.mark.parametrize("row", _rows("provider"), ids=lambda row: f"{row[0]}-{row[1].strip('`')}")
def test_fixture_unlocks_the_clauses_that_the_table_names(row: list[str]) -> None:
    fixture = load_provider(row[0]).fixtures[_names(row[1])[0]]
    named = {name for name in _names(row[3]) if name.count(".") > 1}
    assert named <= set(fixture.unlocks)


def test_clauses_named_in_the_readme_exist() -> None:
    known = {clause for name in provider_names() for clause in load_contract(name).clauses}
    named = set(re.findall(r"\b(?:tf|tl|http)\.[a-z_]+\.[a-z][a-z0-9-]*", README))
    assert named <= known


@pytest.mark.parametrize("name", PAGES)
def test_paths_named_on_a_page_exist(name: str) -> None:
    named = re.findall(r"`((?:tests|suites|schemas|benchmarks|src|\.ci)/[\w./-]*)`", PAGES[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"].values()
    asked = [*project["project"]["dependencies"], *(item for group in groups for item in group)]
    names = {re.split(r"[<>=~!\[; ]", item)[0] for item in asked}
    table = PAGES["CONTRIBUTING.md"].split("## Dependencies")[1]
    assert set(re.findall(r"^\| (\w[\w-]*) \|.*\| [\w.-]+ \|$", table, re.MULTILINE)) - {"package"} == names
