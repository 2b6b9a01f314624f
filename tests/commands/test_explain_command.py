"""`sendproof explain`, as it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.commands.explain_command import sections
from sendproof.contract.model import load_contract, provider_names
from sendproof.mock.faults import FAULTS
from sendproof.reports.write import write_reports
from tests.reports.support import changed, run_of, verdict
from tests.reports.support import contract as of_textflow

CLAUSE = "tf.auth.missing-key"


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_clause_is_explained_with_the_faults_that_break_it(capsys: pytest.CaptureFixture[str]) -> None:
    said = " ".join(explained(capsys, CLAUSE).split())
    clause = load_contract("textflow").clauses[CLAUSE]
    for words in (clause.level, clause.concern, clause.claim, clause.source.section):
        assert words in said
    for fault in FAULTS["textflow"]:
        assert (f"--fault {fault.name}:" in said) == (CLAUSE in fault.clauses)


@pytest.mark.parametrize("provider", provider_names())
def test_every_clause_can_be_explained(provider: str) -> None:
    contract = load_contract(provider)
    for clause in contract.clauses.values():
        said = dict(sections(clause, contract))
        assert said["Claim"] == [clause.claim]
        assert all(said["How it is decided"])


def test_verdict_and_evidence_of_a_run_are_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failing = verdict(CLAUSE)
    write_reports(run_of(changed(failing)), of_textflow(), tmp_path)
    said = explained(capsys, CLAUSE, "--from", str(tmp_path))
    assert "fail: asked" in said
    assert f"exchanges in exchanges.har: {', '.join(failing.evidence)}" in said
    assert "\n  curl " in said
    assert "pass: asked" in explained(capsys, "tf.auth.empty-key", "--from", str(tmp_path))


def test_unknown_clause_is_exit_4_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "tf.auth.mising-key"]) == 4
    assert f"Did you mean {CLAUSE}?" in capsys.readouterr().err


def test_run_of_another_provider_is_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_reports(run_of(), of_textflow(), tmp_path)
    assert main(["explain", "tl.credits.sms-price", "--from", str(tmp_path)]) == 4
    assert "it is a run of textflow" in capsys.readouterr().err
