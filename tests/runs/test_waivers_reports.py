"""What the reports say of a waiver that expected another failure, and of one that must go."""

from __future__ import annotations

import io

from rich.console import Console

from sendproof.reports.run_view import Run, waiver_of
from sendproof.reports.summary import to_markdown
from sendproof.reports.terminal import print_run
from tests.reports.support import HOSTILE, changed, contract, run_of, verdict

CLAUSE = "tf.auth.missing-key"
OTHER = f"waivers.toml: waiver 1 expected another failure: {'a' * 200}; got: {'b' * 200}. Write a new one."


def printed(run: Run) -> str:
    output = io.StringIO()
    print_run(run, Console(file=output, highlight=False, width=5000), contract().provider)
    return output.getvalue()


def test_waiver_that_expected_another_failure_is_told_in_full_beside_the_failure() -> None:
    run = run_of(changed(verdict(CLAUSE)), not_waived={CLAUSE: OTHER})
    assert f"not waived: {OTHER}" in printed(run)
    assert f"- not waived: {OTHER}" in to_markdown(run, contract().provider).replace("\\", "")


def test_waiver_that_must_go_is_told_in_full() -> None:
    error = f"{'folder/' * 60}waivers.toml: waiver 1: {CLAUSE} passes. Delete this entry."
    run = run_of(waiver_errors=(error,))
    assert f"waiver: {error}" in printed(run)
    assert f"- waiver: `{error}`" in to_markdown(run, contract().provider)


def test_waiver_texts_are_shown_without_what_is_unseen() -> None:
    run = run_of(changed(verdict(CLAUSE)), not_waived={CLAUSE: HOSTILE}, waiver_errors=(HOSTILE,))
    for text in (printed(run), to_markdown(run, contract().provider)):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_waiver_of_a_clause_is_live_another_or_none() -> None:
    run = run_of(waived={"a": "known"}, not_waived={"b": "another"})
    assert waiver_of(run, "a") == ("waived", "known")
    assert waiver_of(run, "b") == ("not waived", "another")
    assert waiver_of(run, "c") is None
