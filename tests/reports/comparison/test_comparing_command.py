from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.reports.write import write_reports
from tests.reports.support import changed, contract, exchange, run_of, verdict


def saved(folder: Path, **facts: Any) -> str:
    verdicts = facts.pop("verdicts", None)
    write_reports(run_of(verdicts, **facts), contract(facts.get("provider", "textflow")), folder)
    return str(folder)


@pytest.fixture
def old(tmp_path: Path) -> str:
    return saved(tmp_path / "old")


@pytest.fixture
def broken(tmp_path: Path) -> str:
    return saved(tmp_path / "new", verdicts=changed(verdict("tf.auth.missing-key")))


def test_nothing_changed_exits_0(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", old, old]) == 0
    assert capsys.readouterr().out.startswith("Nothing changed: ")


def test_folder_of_one_run_is_read_as_that_run(old: str, tmp_path: Path) -> None:
    saved(tmp_path / "reports" / "staging", verdicts=changed(verdict("tf.auth.missing-key")))
    assert main(["compare", old, str(tmp_path / "reports")]) == 1


def test_folder_of_several_runs_names_them_in_one_line(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reports"
    for name in ("a", "b"):
        saved(folder / name)
    assert main(["compare", old, str(folder)]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{folder}: expected the results of one run, got 2. Name one in it: a, b.")


def test_regression_exits_1(old: str, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", old, broken]) == 1
    assert "Regressed\n  tf.auth.missing-key (required): " in capsys.readouterr().out


def test_waived_regression_exits_1(tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]) -> None:
    failing = changed(verdict("tf.auth.missing-key"))
    new = saved(tmp_path / "new", verdicts=failing, waived={"tf.auth.missing-key": "known since May"})
    assert main(["compare", old, new]) == 1
    assert "waived: known since May" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["markdown", "json", "html"])
def test_form_is_written_to_the_output(old: str, broken: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", old, broken, "--format", form]) == 1
    text = capsys.readouterr().out
    assert text.startswith({"markdown": "**Changed", "json": "{", "html": "<!DOCTYPE html>"}[form])


@pytest.mark.parametrize(
    ("name", "start"), [("c.md", "**Changed"), ("c.json", "{"), ("deep/c.html", "<!DOCTYPE html>")]
)
def test_form_follows_the_ending(
    tmp_path: Path, old: str, broken: str, name: str, start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / name
    assert main(["compare", old, broken, "-o", str(output)]) == 1
    assert output.read_text("utf-8").startswith(start)
    assert capsys.readouterr().out.startswith(f"{output}: Changed: 1 regressed")


def test_form_that_is_named_wins_over_the_ending(tmp_path: Path, old: str) -> None:
    output = tmp_path / "c.txt"
    assert main(["compare", old, old, "--format", "json", "-o", str(output)]) == 0
    assert json.loads(output.read_text("utf-8"))["changed"] is False


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-o", "c.txt"], "-o: expected a name that ends in .md, .json or .html, got 'c.txt'"),
        (["-o", "c.md", "--format", "terminal"], "-o: expected markdown, json or html for c.md, got terminal"),
    ],
)
def test_output_without_a_form_is_refused(
    old: str, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", old, old, *options]) == 4
    assert told in capsys.readouterr().err


def test_output_that_cannot_be_written_is_refused(tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.json").mkdir()
    assert main(["compare", old, old, "-o", str(tmp_path / "c.json")]) == 4
    assert "c.json: expected a file that can be written, got 'Is a directory'" in capsys.readouterr().err


def test_results_that_are_none_are_refused(tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["compare", old, str(tmp_path / "empty")]) == 4
    assert "results.json: expected a readable file" in capsys.readouterr().err


def test_two_providers_are_refused(tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]) -> None:
    other = saved(tmp_path / "other", provider="textingline", exchanges=(exchange(),))
    assert main(["compare", old, other]) == 4
    assert "Put them side by side with `sendproof matrix`." in capsys.readouterr().err
