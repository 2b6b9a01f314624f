"""Waivers in a judged run: they change what gates, and no verdict."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sendproof.exchange import Credential
from sendproof.judge.verdicts import RunFacts, Verdict
from sendproof.reports.run_view import Run, exit_code, undecided
from sendproof.runs.evidence_on_disk import Gathered
from sendproof.runs.ongoing_run import judge_run
from sendproof.runs.options import Options
from tests.judge.support import ACCOUNT, LINE, line, line_answer, line_message

FIRST, SECOND = "tl.auth.no-credentials", "tl.auth.unknown-key-id"
TODAY = date(2026, 11, 22)
ABOUT: dict[str, Any] = {
    "name": "staging",
    "kind": "live",
    "base_url": "https://api.example.com",
    "corpus_sha256": "",
    "started": "2026-11-22T10:00:00+00:00",
    "duration_s": 1.0,
    "complete": True,
    "left_out": 0,
    "traffic": {"requests": 3, "accepted": 3},
    "withheld": {},
    "environment_error": None,
    "variables": [],
    "stand_ins": [],
    "notes": ["of the run"],
}


def judged(waivers: Path) -> Run:
    """The run against a target that lets everybody in."""
    talk = line()
    for number, fault in enumerate((None, "missing", "unknown_id"), 1):
        credential = Credential(key="main") if fault is None else Credential(fault=fault)
        talk.say(line_message(), 201, line_answer(number), credential=credential)
    gathered = Gathered(about=ABOUT, account=ACCOUNT, circumstances=RunFacts(), exchanges=tuple(talk.exchanges))
    return judge_run(Options(waivers=waivers), LINE, gathered, interrupted=False, today=TODAY)


def written(folder: Path, *clauses: str) -> Path:
    file = folder / "waivers.toml"
    entry = '[[waiver]]\nclause = "{}"\nreason = "known"\nexpires = 2027-01-01\n'
    file.write_text("".join(map(entry.format, clauses)), "utf-8")
    return file


def of(run: Run, clause: str) -> Verdict:
    return next(item for item in run.verdicts if item.clause.id == clause)


def test_failure_that_is_not_waived_explains_another(tmp_path: Path) -> None:
    run = judged(written(tmp_path))
    assert (of(run, FIRST).verdict, of(run, SECOND).verdict) == ("fail", "inconclusive")


def test_waiver_changes_no_verdict(tmp_path: Path) -> None:
    without, with_one = judged(written(tmp_path)), judged(written(tmp_path, FIRST))
    assert with_one.verdicts == without.verdicts
    assert (without.waived, with_one.waived) == ({}, {FIRST: "known"})


def test_waiver_of_a_failure_covers_what_rests_on_it(tmp_path: Path) -> None:
    run = judged(written(tmp_path, FIRST))
    assert of(run, SECOND).explained_by == (FIRST,)
    assert of(judged(written(tmp_path)), SECOND) in undecided(judged(written(tmp_path)))
    assert of(run, SECOND) not in undecided(run)


def test_waiver_of_what_rests_on_a_failure_waives_nothing(tmp_path: Path) -> None:
    run = judged(written(tmp_path, SECOND))
    assert (run.waived, run.waiver_errors) == ({}, ())
    assert exit_code(run) == 1


def test_notes_on_waivers_follow_those_of_the_run(tmp_path: Path) -> None:
    first, second = judged(written(tmp_path, FIRST)).notes
    assert first == "of the run"
    assert f"the waiver of {FIRST} has no signature" in second


def test_waivers_file_that_vanished_during_the_run_costs_no_evidence(tmp_path: Path) -> None:
    run = judged(tmp_path / "vanished.toml")
    assert of(run, FIRST).verdict == "fail"
    (error,) = run.waiver_errors
    assert "vanished.toml: expected a TOML file of [[waiver]] entries, got no such file" in error
