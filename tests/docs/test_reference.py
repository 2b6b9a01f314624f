"""The generated reference holds everything that the code and the catalogues have, once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from typing import get_args

import click
import pytest
from sendproof_docs import bounds, checks, clauses, commands, mocks, profile, results

from sendproof.cli import cli
from sendproof.contract import deciding
from sendproof.contract.model import HTTP, load_contract, provider_names
from sendproof.contract.provider import FixtureKind
from sendproof.judge.verdicts import EXCUSED_REASONS, NEVER_GATE, ReasonCode
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.faults import FAULTS
from sendproof.mock.variants import VARIANTS
from sendproof.reports.comparison.comparison_values import CLAUSE_CHANGES, GATING
from sendproof.runs.options import EFFORTS
from sendproof.target.profile import Budget

from .pages import PAGES

CLAUSES = {clause.id: clause for name in provider_names() for clause in load_contract(name).clauses.values()}
CATALOGUES = "".join(map(clauses.page, (*provider_names(), HTTP)))


def _sections(text: str) -> dict[str, str]:
    """Return what stands under each clause."""
    parts = re.split(r"^\((\S+)\)=$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_clause_stands_in_the_reference_once() -> None:
    assert Counter(re.findall(r"^### `(\S+)`$", CATALOGUES, re.MULTILINE)) == Counter(list(CLAUSES))


@pytest.mark.parametrize("identity", ["tf.auth.key-case", "tl.delivery.accepted", "http.robustness.answered"])
def test_clause_has_its_claim_level_and_source(identity: str) -> None:
    clause, section = CLAUSES[identity], _sections(CATALOGUES)[identity]
    assert clause.claim in section
    assert f"- level: {clause.level}" in section
    assert f"- source: `{clause.source.document}`, {clause.source.section}" in section


def test_every_clause_says_how_it_is_decided() -> None:
    sections = _sections(CATALOGUES)
    told = {identity: re.search(r"^- decided by: .{12,}$", text, re.MULTILINE) for identity, text in sections.items()}
    assert [identity for identity, found in told.items() if not found] == []


def test_keyword_is_told_with_its_value_and_its_field() -> None:
    section = _sections(CATALOGUES)["tf.requests.message-max-refused"]
    assert "the keyword `maxLength` `1600` of `message` in `request.schema.json`" in section


def test_check_is_told_with_the_parameters_of_the_clause() -> None:
    section = _sections(CATALOGUES)["tf.auth.key-case"]
    assert "credentials that are written in other case, must be refused" in section


def test_fault_of_a_clause_is_linked_to_the_mock() -> None:
    assert "[`key-case-ignored`](#mock-textflow-key-case-ignored)" in _sections(CATALOGUES)["tf.auth.key-case"]


def test_every_provider_has_a_page_of_clauses() -> None:
    asked = re.findall(r"^```\{generated\} clauses (\S+)$", "".join(PAGES.values()), re.MULTILINE)
    assert sorted(asked) == sorted((*provider_names(), HTTP))


def test_every_provider_has_its_profile_and_its_fixtures_in_the_reference() -> None:
    page = PAGES["reference/profile.md"]
    for name in provider_names():
        assert f"{{generated}} init {name}" in page
        assert f"{{generated}} fixtures {name}" in page


def _effect(reason: ReasonCode) -> str:
    if reason in NEVER_GATE:
        return "never"
    return "with `--require-complete`" if reason in EXCUSED_REASONS else "yes"


def test_every_reason_is_explained_with_what_it_does_to_the_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (yes|never|with .+) \|$", PAGES["explanation/verdicts.md"], re.MULTILINE)
    assert dict(rows) == {reason.value: _effect(reason) for reason in ReasonCode}


def test_every_check_has_its_words_and_no_words_are_idle() -> None:
    used = set()
    for clause in CLAUSES.values():
        if clause.check:
            selector = deciding.SELECTORS.get(clause.check)
            used.add(f"{clause.check} {clause.params[selector]}" if selector else clause.check)
    assert used == set(deciding.SENTENCES)


def test_every_check_stands_in_the_reference_once() -> None:
    used = {clause.check for clause in CLAUSES.values() if clause.check}
    assert Counter(re.findall(r"^## `(\w+)`$", checks.page(), re.MULTILINE)) == Counter(used)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fault_and_variant_stands_on_the_page_of_its_mock_once(provider: str) -> None:
    known = next(name for name in PROVIDERS if name == provider)
    names = [entry.name for entry in (*FAULTS[known], *VARIANTS[known])]
    assert Counter(re.findall(r"^### `(\S+)`$", mocks.page(provider), re.MULTILINE)) == Counter(names)


def test_every_command_and_option_stands_in_the_reference() -> None:
    page = commands.page()
    for name, command in cli.commands.items():
        section = page.partition(f"## `sendproof {name}`")[2].partition("\n## ")[0]
        options = [option for item in command.params if isinstance(item, click.Option) for option in item.opts]
        assert [option for option in options if option not in section] == []


def test_every_option_of_pytest_stands_in_the_reference() -> None:
    assert "--sendproof-strict" in commands.pytest_options()


def test_every_field_of_the_results_stands_in_the_reference() -> None:
    schema = results.schema()
    nodes = (schema, *schema["$defs"].values())
    page = results.page()
    assert [path for node in nodes for path, _ in results.fields(node) if f"| `{path}` |" not in page] == []


def test_every_part_of_the_budget_is_explained() -> None:
    assert set(profile.BUDGET) == {item.name for item in fields(Budget)} - {"stated"}


def test_every_kind_of_fixture_is_explained() -> None:
    assert set(profile.KINDS) == set(get_args(FixtureKind))


def test_efforts_are_told_with_their_bounds() -> None:
    assert "| `deep` | 2,000 | 500 |" in profile.efforts()
    assert profile.efforts().count("\n| `") == len(EFFORTS)


def test_every_change_of_a_clause_is_explained() -> None:
    assert list(bounds.CHANGES) == list(CLAUSE_CHANGES)
    assert bounds.changes().count("| yes |") == len(GATING)


def test_bar_within_a_cell_does_not_end_it() -> None:
    assert r"`--format [table\|json\|markdown]`" in commands.page()
