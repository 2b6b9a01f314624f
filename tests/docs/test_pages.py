"""What the pages of the site say is so: commands, links, names, tables."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import click
import pytest
from sendproof_docs import checks, clauses, commands, mocks, results

from sendproof import exit_codes
from sendproof.cli import cli
from sendproof.contract.clause import LEVELS
from sendproof.contract.model import HTTP, provider_names
from sendproof.contract.new_pack import write_pack
from sendproof.contract.packs import forget_packs
from sendproof.judge.verdicts import VERDICTS
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.faults import FAULTS
from sendproof.mock.variants import VARIANTS
from sendproof.target.profile_loader import TOP

from .pages import DOCS, PAGES, calls, fences, links

COMMANDS = sorted({(page, words) for page, text in PAGES.items() for words in calls("sendproof", text)})
GENERATED = "".join(
    [
        checks.page(),
        commands.page(),
        results.page(),
        *map(clauses.page, (*provider_names(), HTTP)),
        *map(mocks.page, PROVIDERS),
    ]
)
LABELS = set(re.findall(r"^\((\S+)\)=$", GENERATED, re.MULTILINE))


def _parse(words: tuple[str, ...]) -> None:
    """Parse a call as the command line would. A bare name is only looked up; capitals stand for what is yours."""
    own = words[: words.index("--")] if "--" in words else words
    if own[0] in ("--version", "--help"):
        return
    command = cli.commands[own[0]]
    if len(own) > 1:
        with click.Context(command, info_name=own[0]) as context:
            command.parse_args(context, list(own[1:]))


def _first_column(page: str, heading: str) -> list[str]:
    """Return the first cells of the table of a page whose first column has this heading."""
    lines = iter(PAGES[page].splitlines())
    next(line for line in lines if line.startswith(f"| {heading} |"))
    next(lines)
    cells = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells.append(line.split("|")[1].strip(" `"))
    return cells


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_command_exists_with_its_options(
    page: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pack that a page begins is there when the page uses it.
    write_pack(tmp_path / "packs", "example")
    monkeypatch.chdir(tmp_path)
    _parse(words)
    forget_packs()


def test_every_command_is_shown_on_some_page() -> None:
    assert {words[0] for _, words in COMMANDS} >= set(cli.commands)


@pytest.mark.parametrize("words", [("run", "--nope"), ("clauses", "--format", "xml"), ("nope",)], ids=" ".join)
def test_command_that_does_not_exist_would_be_noticed(words: tuple[str, ...]) -> None:
    with pytest.raises((click.UsageError, KeyError)):
        _parse(words)


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    broken = [link for link in links(PAGES[page]) if not _leads(page, link)]
    assert broken == []


def _leads(page: str, link: str) -> bool:
    if link.startswith(("https://", "http://", "mailto:")):
        return True
    path, _, anchor = link.partition("#")
    if not path:
        return anchor in LABELS or anchor in _anchors(page)
    target = (DOCS / page).parent / path
    if not target.is_file():
        return False
    return not anchor or anchor in _anchors(target.resolve().relative_to(DOCS.resolve()).as_posix())


def _anchors(page: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
    return {re.sub(r"[^\w. -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_of_the_generated_parts_lead_to_their_labels() -> None:
    asked = set(re.findall(r"\]\(#([^)\s]+)\)", GENERATED))
    assert asked - LABELS == set()


def test_every_page_stands_in_the_contents_once() -> None:
    trees = (body for language, body in fences(PAGES["index.md"]) if language == "{toctree}")
    entries = [
        line for line in chain.from_iterable(tree.splitlines() for tree in trees) if re.fullmatch(r"[\w/-]+", line)
    ]
    assert sorted(f"{entry}.md" for entry in entries) == sorted(set(PAGES) - {"index.md"})


@pytest.mark.parametrize("page", PAGES)
def test_images_of_a_page_have_words_for_who_does_not_see_them(page: str) -> None:
    for language, body in fences(PAGES[page]):
        if language.startswith("{image}"):
            assert re.search(r"^:alt: .{20,}$", body, re.MULTILINE)
    assert "![](" not in PAGES[page]


def test_faults_and_variants_named_in_commands_exist() -> None:
    for option, entries in (("--fault", FAULTS), ("--variant", VARIANTS)):
        for _, words in COMMANDS:
            if option in words and words[0] == "mock" and not (name := words[words.index(option) + 1]).isupper():
                provider = next(known for known in PROVIDERS if known == words[1])
                assert name in {entry.name for entry in entries[provider]}


@pytest.mark.parametrize("page", PAGES)
def test_clauses_named_on_a_page_exist(page: str) -> None:
    named = set(re.findall(r"\b(?:tf|tl|http)\.[a-z_]+\.[a-z][a-z0-9-]*", PAGES[page]))
    assert named - LABELS == set()


def test_exit_codes_are_those_of_the_code() -> None:
    known = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert sorted(map(int, _first_column("reference/exit-codes.md", "code"))) == sorted(known)


def test_levels_and_verdicts_are_those_of_the_code() -> None:
    assert _first_column("explanation/verdicts.md", "level") == list(LEVELS)
    assert _first_column("explanation/verdicts.md", "verdict") == list(VERDICTS)


def test_keys_of_the_profile_are_those_of_the_code() -> None:
    assert [key.strip("[]") for key in _first_column("reference/profile.md", "key")] == list(TOP)


@pytest.mark.parametrize("page", PAGES)
def test_paths_of_the_repository_named_on_a_page_exist(page: str) -> None:
    named = re.findall(r"`((?:tests|suites|schemas|benchmarks|docs|src)/[\w./-]+)`", PAGES[page])
    assert [path for path in named if not (DOCS.parent / path).exists()] == []
