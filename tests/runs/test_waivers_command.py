"""`sendproof waive`: the entry that it writes, and what it refuses."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.cli import main
from sendproof.errors import UsageError
from sendproof.judge.verdicts import Verdict
from sendproof.reports.results import load_run, to_results
from sendproof.reports.signature import signature
from sendproof.runs.waive import Words, append, asked, entry_of, failing, quoted
from sendproof.runs.waivers import load_waivers, read_waivers
from tests.reports.support import HOSTILE, changed, contract, run_of, verdict

CLAUSE = "tf.auth.missing-key"
FAILS = verdict(CLAUSE, expected="a refusal", observed="accepted with 200")
SAID = {"reason": "Known.", "issue": "https://tracker.example.com/1", "owner": "messaging"}
OPTIONS = [part for name, value in SAID.items() for part in (f"--{name}", value)]
WORDS = Words(reason="Known.", issue="https://tracker.example.com/1", owner="messaging")
TODAY = date(2026, 11, 22)


def results(folder: Path, *verdicts: Verdict, **facts: Any) -> Path:
    """Write results that hold the one clause: what is not there need not be validated."""
    data = to_results(run_of(changed(*verdicts or (FAILS,)), **facts), contract().provider)
    data["clauses"] = [record for record in data["clauses"] if record["id"] == CLAUSE]
    file = folder / "results.json"
    file.write_text(json.dumps(data), "utf-8")
    return file


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results in which the clause fails."""
    return results(tmp_path_factory.mktemp("saved"))


def entry(file: Path, clause: str = CLAUSE, **words: Any) -> Mapping[str, Any]:
    run = load_run(file)
    text = entry_of(run, failing(run, clause), replace(WORDS, **words), TODAY)
    (found,) = tomllib.loads(text)["waiver"]
    assert isinstance(found, dict)
    return found


def test_entry_holds_all_that_a_waiver_has(tmp_path: Path) -> None:
    assert entry(results(tmp_path, name="staging"), days=30) == {
        "clause": CLAUSE,
        "provider": "textflow",
        "target": "staging",
        "signature": "accepted with 200",
        **SAID,
        "added": TODAY,
        "expires": date(2026, 12, 22),
    }


def test_entry_of_hostile_texts_is_valid_and_printable(tmp_path: Path) -> None:
    hostile = verdict(CLAUSE, expected=HOSTILE, observed=HOSTILE)
    run = load_run(results(tmp_path, hostile, name=HOSTILE))
    text = entry_of(run, failing(run, CLAUSE), replace(WORDS, reason=HOSTILE), TODAY)
    assert text.replace("\n", "").isprintable()
    (found,) = tomllib.loads(text)["waiver"]
    assert found["signature"] == signature(hostile)
    assert found["reason"] == HOSTILE.replace("\ud800", "\ufffd")


@given(st.text())
def test_quoted_text_is_read_as_it_was(text: str) -> None:
    line = quoted(text)
    assert line.isprintable()
    assert tomllib.loads(f"a = {line}")["a"] == text


def test_entry_of_a_clause_that_this_version_does_not_have_is_refused(saved: Path) -> None:
    run = load_run(saved)
    with pytest.raises(UsageError, match=r"expected a clause of this version, got tf\.gone"):
        entry_of(run, {**failing(run, CLAUSE), "id": "tf.gone"}, WORDS, TODAY)


def test_printed_entry_is_a_waivers_file(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["waive", CLAUSE, "--from", str(saved), *OPTIONS]) == 0
    file = tmp_path / "waivers.toml"
    file.write_text(capsys.readouterr().out, "utf-8")
    (waiver,) = read_waivers(file, datetime.now(UTC).date())
    assert waiver.added is not None
    assert waiver.expires - waiver.added == timedelta(days=90)


def test_folder_stands_for_its_results(saved: Path) -> None:
    assert main(["waive", CLAUSE, "--from", str(saved.parent), *OPTIONS]) == 0


@pytest.mark.parametrize(
    "before", [b"", b"# kept\r\n", b"# no end", b'[[waiver]]\nclause = "a"\nreason = "x"\nexpires = 2027-01-01\n']
)
def test_entry_is_appended_and_nothing_else_is_changed(before: bytes, saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_bytes(before)
    assert main(["waive", CLAUSE, "--from", str(saved), *OPTIONS, "--file", str(file)]) == 0
    assert file.read_bytes().startswith(before)
    assert load_waivers(file)[-1].clause == CLAUSE


def test_file_that_is_not_there_is_made(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "waivers.toml"
    assert main(["waive", CLAUSE, "--from", str(saved), *OPTIONS, "--file", str(file)]) == 0
    assert file.read_text("utf-8").startswith("[[waiver]]\n")
    output = capsys.readouterr()
    assert output.out == ""
    assert "the waiver of tf.auth.missing-key stands at its end" in output.err


def test_second_entry_is_not_appended(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "waivers.toml"
    arguments = ["waive", CLAUSE, "--from", str(saved), *OPTIONS, "--file", str(file)]
    assert main(arguments) == 0
    before = file.read_bytes()
    assert main(arguments) == 4
    assert file.read_bytes() == before
    assert "waivers.toml: waiver 1: expected no waiver of tf.auth.missing-key, got this one" in capsys.readouterr().err


def test_entry_for_another_target_is_no_second(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    for name in ("staging", "live"):
        given = ["--from", str(results(tmp_path, name=name)), *OPTIONS, "--file", str(file)]
        assert main(["waive", CLAUSE, *given]) == 0
    assert [item.target for item in load_waivers(file)] == ["staging", "live"]


def test_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a file to write, got"):
        append(tmp_path / "missing" / "waivers.toml", "[[waiver]]\n")


# The clause, the verdicts, facts of the run, what is said.
REFUSED: dict[str, tuple[str, Verdict, dict[str, Any], str]] = {
    "passes": (CLAUSE, verdict(CLAUSE, "pass"), {}, "expected a clause that fails, got pass"),
    "not decided": (CLAUSE, verdict(CLAUSE, "inconclusive"), {}, "expected a clause that fails, got inconclusive"),
    "unknown": ("tf.no.such\x1b", FAILS, {}, "expected a clause of textflow, got 'tf.no.such"),
    "waived": (CLAUSE, FAILS, {"waived": {CLAUSE: "known"}}, "expected a clause without a waiver, got one: known"),
}


@pytest.mark.parametrize(("clause", "item", "facts", "told"), REFUSED.values(), ids=REFUSED)
def test_clause_that_cannot_be_waived_is_refused(
    clause: str, item: Verdict, facts: dict[str, Any], told: str, tmp_path: Path
) -> None:
    run = load_run(results(tmp_path, item, **facts))
    with pytest.raises(UsageError, match=told) as caught:
        failing(run, clause)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["issue", "owner"])
def test_words_that_are_missing_where_nobody_can_be_asked_are_left_to_be_filled_in(
    name: str, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [part for key, value in SAID.items() if key != name for part in (f"--{key}", value)]
    assert main(["waive", CLAUSE, "--from", str(saved), *said]) == 0
    text = capsys.readouterr().out
    assert f"\n# {name} = " in text
    assert name not in tomllib.loads(text)["waiver"][0]


def test_reason_that_is_missing_where_nobody_can_be_asked_tells_the_failure(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["waive", CLAUSE, "--from", str(saved)]) == 0
    file = tmp_path / "waivers.toml"
    file.write_text(capsys.readouterr().out, "utf-8")
    (waiver,) = load_waivers(file)
    assert waiver.reason.endswith(": accepted with 200")
    assert waiver.signature == "accepted with 200"


def test_words_that_are_missing_are_asked_for() -> None:
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return " https://tracker.example.com/1 "

    assert asked({**SAID, "issue": None}, ask) == SAID
    assert questions == ["Link to the issue (http or https)"]


def test_blank_words_are_refused() -> None:
    with pytest.raises(UsageError, match="--owner: expected a text"):
        asked({**SAID, "owner": None}, lambda question: "  ")


def test_issue_that_is_no_link_is_refused() -> None:
    with pytest.raises(UsageError, match="--issue: expected a link with http or https, got 'API-17'"):
        asked({**SAID, "issue": "API-17"}, None)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_questions_on_a_terminal_do_not_go_to_standard_output(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("Known.\nhttps://tracker.example.com/1\nmessaging\n"))
    assert main(["waive", CLAUSE, "--from", str(saved)]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("[[waiver]]\n")
    assert "Who sees to it?" in output.err


@pytest.mark.parametrize("days", ["0", "181", "x"])
def test_days_beyond_the_limit_are_exit_4(days: str, saved: Path) -> None:
    assert main(["waive", CLAUSE, "--from", str(saved), *OPTIONS, "--days", days]) == 4


def test_results_that_are_none_are_exit_4(tmp_path: Path) -> None:
    assert main(["waive", CLAUSE, "--from", str(tmp_path / "missing.json"), *OPTIONS]) == 4
