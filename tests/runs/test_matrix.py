"""The kill matrix: what counts as killed, and what keeps it from holding."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from sendproof.contract.model import load_contract
from sendproof.mock.accounts import PROVIDERS
from sendproof.runs.kill_matrix_report import print_matrix, problems, to_document, to_page, write_matrix
from sendproof.runs.selftest import KILLED, MISBLAMED, NOISE, QUIET, SURVIVED, Matrix, breakable, matrix_of, outcome_of
from sendproof.runs.trial import FAULT, FAULTLESS, VARIANT, Failure, Subject, Trial, chosen, subjects

CLAUSE, OTHER = "tf.auth.key-case", "tf.auth.key-prefix"


def subject(kind: str = FAULT, name: str = "made-up", clauses: tuple[str, ...] = (CLAUSE,)) -> Subject:
    return Subject(provider="textflow", kind=kind, name=name, summary="It does.", why="It happens.", clauses=clauses)


def trial(
    tried: Subject,
    *failed: str,
    level: str = "required",
    stopped: str | None = None,
    missing: tuple[str, ...] = (),
    unproved: tuple[str, ...] = (),
) -> Trial:
    return Trial(
        subject=tried,
        failures=tuple(Failure(clause=clause, level=level, expected="<b>a", observed="b") for clause in failed),
        dependent=(),
        undecided=(),
        missing=missing,
        unproved=unproved,
        stopped=stopped,
        requests=7,
        accepted=3,
        seconds=0.5,
    )


def matrix(*trials: Trial, complete: bool = False) -> Matrix:
    return matrix_of(trials, {"textflow": (CLAUSE,)}, complete=complete, seconds=1.0)


@pytest.mark.parametrize(
    ("tried", "outcome"),
    [
        (trial(subject(), CLAUSE), KILLED),
        (trial(subject()), SURVIVED),
        (trial(subject(), OTHER), MISBLAMED),
        (trial(subject(), CLAUSE, OTHER), MISBLAMED),
        (trial(subject(clauses=(CLAUSE, OTHER)), CLAUSE), MISBLAMED),
        (trial(subject(clauses=("a", "b", "c", "d")), "a", "b", "c", "d"), MISBLAMED),
        (trial(subject(), stopped="preflight"), SURVIVED),
        (trial(subject(VARIANT, clauses=())), QUIET),
        (trial(subject(FAULTLESS, clauses=())), QUIET),
        (trial(subject(FAULTLESS, clauses=()), CLAUSE, level="recommended"), NOISE),
        (trial(subject(FAULTLESS, clauses=()), unproved=(CLAUSE,)), NOISE),
        (trial(subject(VARIANT, clauses=()), unproved=(CLAUSE,)), QUIET),
        (trial(subject(VARIANT, clauses=()), missing=(CLAUSE,)), NOISE),
        (trial(subject(VARIANT, clauses=()), CLAUSE), NOISE),
        (trial(subject(VARIANT, clauses=()), CLAUSE, level="recommended"), QUIET),
        (trial(subject(VARIANT, clauses=()), stopped="preflight"), NOISE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_outcome_is_what_the_failures_say(tried: Trial, outcome: str) -> None:
    assert outcome_of(tried) == outcome
    assert matrix(tried).holds is (outcome in (KILLED, QUIET))


def test_clause_that_no_fault_breaks_keeps_the_matrix_from_holding() -> None:
    broken = matrix(trial(subject(clauses=(OTHER,)), OTHER), complete=True)
    assert broken.unbroken == {"textflow": (CLAUSE,)}
    assert not broken.holds
    assert list(problems(broken)) == [f"no fault breaks {CLAUSE} of textflow. Add one to the catalogue of its mock."]


def test_part_of_the_catalogue_is_not_asked_for_every_clause() -> None:
    assert matrix(trial(subject(clauses=(OTHER,)), OTHER)).holds


def test_fault_without_a_clause_keeps_the_matrix_from_holding() -> None:
    bare = matrix(trial(subject(clauses=())), trial(subject(name="other"), CLAUSE), complete=True)
    assert not bare.holds
    assert any("no clause is named by the fault made-up of textflow" in line for line in problems(bare))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_clause_that_can_fail_has_a_fault_that_breaks_it(provider: str) -> None:
    declared = {clause for item in subjects([provider]) for clause in item.clauses}
    assert set(breakable([provider])[provider]) == declared


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fault_names_clauses_and_says_how_it_happens(provider: str) -> None:
    for item in subjects([provider]):
        assert bool(item.clauses) is (item.kind == FAULT), item.name
        assert item.summary.endswith("."), item.name
        assert item.kind == "faultless" or item.why.endswith("."), item.name


def test_catalogue_is_as_large_as_it_should_be() -> None:
    kinds = [item.kind for item in subjects()]
    assert kinds.count(FAULT) >= 150
    assert kinds.count(VARIANT) >= 50


def test_sample_is_drawn_by_the_seed_and_keeps_the_faultless() -> None:
    everything = subjects()
    drawn = chosen(everything, only=(), sample=5, seed=1)
    assert [item.kind for item in drawn].count("faultless") == 2
    assert len(drawn) == 7
    assert drawn == chosen(everything, only=(), sample=5, seed=1)
    assert drawn != chosen(everything, only=(), sample=5, seed=2)


@pytest.fixture
def mixed() -> Matrix:
    return matrix(
        trial(subject(), CLAUSE),
        dataclasses.replace(trial(subject(name="<script>"), OTHER), dependent=(CLAUSE,)),
        trial(subject(VARIANT, "gentle", ())),
    )


def test_document_tells_every_trial(mixed: Matrix) -> None:
    document = to_document(mixed, {"textflow": load_contract("textflow")}, seed=4)
    assert json.loads(json.dumps(document)) == document
    assert [item["outcome"] for item in document["trials"]] == [KILLED, MISBLAMED, QUIET]
    assert document["counts"] == {KILLED: 1, SURVIVED: 0, MISBLAMED: 1, NOISE: 0, QUIET: 1}
    assert document["failing_clauses_of_a_fault"] == {"median": 1, "most": 1}
    assert document["suite"]["seed"] == 4
    assert not document["holds"]


def test_page_shows_signs_and_escapes_what_it_is_given(mixed: Matrix) -> None:
    page = to_page(mixed, {"textflow": load_contract("textflow")}, seed=0)
    assert "It does not hold." in page
    assert page.count('class="cell hit"') == page.count('class="cell stray"') == page.count('class="cell missed"') == 1
    assert page.count("<script") == 1, "the page's own"
    assert "&lt;script&gt;" in page


def test_files_are_written_and_the_terminal_names_the_page(mixed: Matrix, tmp_path: Path) -> None:
    write_matrix(mixed, {"textflow": load_contract("textflow")}, tmp_path / "a", seed=0)
    assert json.loads((tmp_path / "a" / "matrix.json").read_text("utf-8"))["format"] == 1
    console = Console(width=100, record=True, file=io.StringIO())
    print_matrix(mixed, console, tmp_path / "a")
    shown = console.export_text()
    assert "DOES NOT HOLD: 1 of 2 faults killed" in shown
    assert "wrongly blamed: textflow <script>: got tf.auth.key-prefix, expected tf.auth.key-case" in shown
