"""The matrix of real runs: both mocks, and a variant of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.mock.accounts import Provider
from sendproof.reports.matrix.rows import Table, build, differences, load_catalogue
from sendproof.reports.results import load_run
from tests.runs.support import whole_run

from .pages import Page

RUNS: tuple[tuple[Provider, str | None], ...] = (
    ("textingline", None),
    ("textingline", "ascii-only"),
    ("textflow", None),
    ("textflow", "other-separators-refused+blank-refused+json-indented+connection-close"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [whole_run(tmp_path_factory, provider, variant).folder for provider, variant in RUNS]


@pytest.fixture(scope="module")
def table(folders: list[Path]) -> Table:
    return build([load_run(folder) for folder in folders], load_catalogue())


def test_every_concept_of_both_vendors_has_a_row(table: Table) -> None:
    contracts = load_catalogue().contracts
    promised = {
        clause.concept
        for name in {column.run.provider for column in table.columns}
        for clause in contracts[name].clauses.values()
    }
    assert {row.concept.id for row in table.rows} == promised


def test_no_promise_is_broken_by_a_permitted_variant(table: Table) -> None:
    assert [row.concept.id for row in table.rows if "verdict" in differences(row)] == []


def test_variants_are_seen_in_what_they_do_otherwise(table: Table) -> None:
    seen = {row.concept.id for row in table.rows if "observed" in differences(row)}
    assert {"requests.text-characters", "requests.recipient-spelling", "requests.text-blank"} <= seen


def test_limits_of_the_vendors_differ_in_their_promise(table: Table) -> None:
    promised = {row.concept.id for row in table.rows if "promise" in differences(row)}
    assert {"requests.text-max-accepted", "requests.recipient-form", "responses.accepted-status"} <= promised


def test_page_opens_every_cell_that_says_something(folders: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "vendors.html"
    assert main(["matrix", *map(str, folders), "-o", str(file)]) == 0
    html = file.read_text("utf-8")
    assert len(html.encode()) < 5_000_000
    page = Page(html)
    records = sum(len(load_run(folder).clauses) for folder in folders)
    assert [given.get("class") for tag, given in page.tags if tag == "div"].count("entry") == records
    assert "This page keeps to 5 MB" not in html
