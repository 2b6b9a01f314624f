from __future__ import annotations

from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.reports.write import write_reports
from tests.reports.support import changed, contract, exchange, hostile_run, run_of, verdict


@pytest.fixture
def saved(tmp_path: Path) -> list[str]:
    """The folder of one run, and the results file of another."""
    write_reports(run_of(provider="textingline"), contract("textingline"), tmp_path / "a")
    failing = run_of(changed(verdict("tf.auth.missing-key")), exchanges=(exchange(),))
    write_reports(failing, contract("textflow"), tmp_path / "b")
    return [str(tmp_path / "a"), str(tmp_path / "b" / "results.json")]


def test_without_a_file_markdown_goes_to_standard_output(saved: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", *saved]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Vendors side by side\n\n## How does each vendor tell causes apart?\n\n- TextingLine: ")
    assert err == ""


def test_page_and_markdown_are_written(saved: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, text = tmp_path / "new" / "vendors.html", tmp_path / "vendors.md"
    assert main(["matrix", *saved, "-o", str(page), "-o", str(text)]) == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert text.read_text("utf-8").startswith("# Vendors side by side")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{page}: 2 columns, ")
    assert first.endswith(" differ")
    assert second.startswith(f"{text}: 2 columns, ")


def test_one_run_is_a_column(saved: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", saved[0], "-o", str(tmp_path / "one.html")]) == 0
    assert "1 column, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument"),
        (["{a}", "-o", "vendors.pdf"], "-o: expected a name that ends in .html or .md, got 'vendors.pdf'"),
        (["{a}", "-o", "{a}/results.json"], "-o: expected a name that ends in .html or .md, got 'results.json'"),
        (["nowhere.json"], "nowhere.json: expected a readable file"),
        (["{a}/summary.md"], "expected results in JSON"),
        (["{a}", "-o", "{a}/summary.md/vendors.html"], "expected a file that can be written"),
    ],
)
def test_wrong_words_are_told(
    arguments: list[str], told: str, saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["matrix", *(word.replace("{a}", saved[0]) for word in arguments)]) == 4
    assert told in capsys.readouterr().err


def test_nothing_is_written_when_a_later_name_is_wrong(saved: list[str], tmp_path: Path) -> None:
    page = tmp_path / "vendors.html"
    assert main(["matrix", *saved, "-o", str(page), "-o", str(tmp_path / "vendors.txt")]) == 4
    assert not page.exists()


def test_hostile_results_are_printed_in_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_reports(hostile_run(), contract("textflow"), tmp_path / "h")
    assert main(["matrix", str(tmp_path / "h"), str(tmp_path / "h")]) == 0
    out = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in out)
