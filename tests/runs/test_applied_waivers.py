"""The overlay: which waivers hold, which must go, which expected something else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sendproof.judge.verdicts import Verdict
from sendproof.runs.applied_waivers import AppliedWaivers, overlay
from sendproof.runs.waivers import Waiver
from tests.reports.support import changed, contract, exchange, run_of, verdict

TODAY = date(2026, 11, 22)
CLAUSE = "tf.auth.missing-key"
KNOWN = {name: contract(name).clauses for name in ("textflow", "textingline")}
FAILS = verdict(CLAUSE, expected="a refusal", observed="accepted with 200")
WHOLE: dict[str, Any] = {
    "signature": "accepted with 200",
    "issue": "https://tracker.example.com/1",
    "owner": "messaging",
    "added": TODAY,
    "provider": "textflow",
}


def waiver(**facts: Any) -> Waiver:
    given = {"clause": CLAUSE, "reason": "known", "expires": date(2027, 1, 1), **WHOLE, **facts}
    return Waiver(where="waivers.toml: waiver 1", **given)


def laid(*waivers: Waiver, of: Verdict = FAILS, target: str = "staging", today: date = TODAY) -> AppliedWaivers:
    verdicts = run_of(changed(of)).verdicts
    return overlay(waivers, contract(), KNOWN, target, verdicts, (exchange(),), today)


def test_waiver_of_the_failure_that_is_seen_is_live() -> None:
    assert laid(waiver()) == AppliedWaivers(live={CLAUSE: "known"})


def test_waiver_counts_on_its_last_day() -> None:
    assert laid(waiver(expires=TODAY)).live == {CLAUSE: "known"}


def test_waiver_of_another_failure_is_not_live_and_both_are_told() -> None:
    found = laid(waiver(signature="accepted with 202"))
    assert (found.live, found.errors) == ({}, ())
    assert (
        "waivers.toml: waiver 1 expected another failure: accepted with 202; got: accepted with 200."
        in found.others[CLAUSE]
    )
    assert f"sendproof waive {CLAUSE}" in found.others[CLAUSE]


def test_waiver_without_a_signature_takes_any_failure_and_says_so() -> None:
    found = laid(waiver(signature=None))
    assert found.live == {CLAUSE: "known"}
    (note,) = found.notes
    assert "has no signature, so it accepts any failure of the clause; `sendproof waive` writes whole entries" in note


@pytest.mark.parametrize("name", ["issue", "owner", "added"])
def test_waiver_that_lacks_something_is_live_with_a_note(name: str) -> None:
    found = laid(waiver(**{name: None}))
    assert found.live == {CLAUSE: "known"}
    assert found.notes == (
        f"waivers.toml: waiver 1: the waiver of {CLAUSE} has no {name}; `sendproof waive` writes whole entries",
    )


def test_waiver_for_everybody_is_live_with_a_note() -> None:
    found = laid(waiver(provider=None))
    assert found.live == {CLAUSE: "known"}
    assert "has no provider or target;" in found.notes[0]


def _deleted(found: AppliedWaivers, why: str, advice: str = " Delete this entry.") -> bool:
    return found == AppliedWaivers(errors=(f"waivers.toml: waiver 1: {why}.{advice}",))


def test_waiver_of_a_clause_that_passes_must_go() -> None:
    assert _deleted(laid(waiver(), of=verdict(CLAUSE, "pass")), f"{CLAUSE} passes")


@pytest.mark.parametrize("kind", ["fail", "pass", "inconclusive", "not_exercised"])
def test_expired_waiver_must_go_whatever_the_verdict(kind: str) -> None:
    found = laid(waiver(expires=date(2026, 11, 21)), of=verdict(CLAUSE, kind))
    assert _deleted(found, f"the waiver of {CLAUSE} expired on 2026-11-21")


def test_waiver_of_an_unknown_clause_must_go() -> None:
    assert _deleted(laid(waiver(clause="tf.no.such", provider=None)), "there is no clause tf.no.such")


def test_waiver_of_a_clause_of_another_provider_than_it_names_must_go() -> None:
    found = laid(waiver(clause="tl.responses.status-201"))
    why = "there is no clause tl.responses.status-201 of textflow"
    assert _deleted(found, why, " Did you mean tf.responses.status?")


def test_waiver_of_an_unknown_provider_must_go() -> None:
    assert _deleted(laid(waiver(provider="textflw")), "there is no provider textflw", " Did you mean textflow?")


@pytest.mark.parametrize("provider", ["textflow", None])
def test_misspelt_clause_is_told_the_near_one(provider: str | None) -> None:
    (error,) = laid(waiver(clause="tf.auth.mising-key", provider=provider)).errors
    assert error.endswith(". Did you mean tf.auth.missing-key?")


def test_two_waivers_that_must_go_are_both_named() -> None:
    stale = (waiver(clause="tf.no.such"), waiver(expires=date(2026, 11, 21)))
    assert [error.partition(". ")[0].partition("waiver 1: ")[2] for error in laid(*stale).errors] == [
        "there is no clause tf.no.such of textflow",
        f"the waiver of {CLAUSE} expired on 2026-11-21",
    ]


def test_waiver_of_an_open_clause_must_go() -> None:
    found = laid(waiver(clause="tf.auth.refusal-status"))
    assert _deleted(found, "tf.auth.refusal-status is open: it never fails")


@pytest.mark.parametrize("kind", ["inconclusive", "not_exercised", "error", "not_applicable"])
def test_waiver_of_a_clause_that_is_not_decided_is_neither_live_nor_wrong(kind: str) -> None:
    assert laid(waiver(), of=verdict(CLAUSE, kind)) == AppliedWaivers()


@pytest.mark.parametrize(
    "facts",
    [
        {"provider": "textingline", "clause": "tl.no.such"},
        {"target": "live", "clause": "tf.no.such"},
        {"target": "live", "expires": date(2020, 1, 1)},
        {"target": "live", "signature": "another"},
    ],
)
def test_waiver_for_another_provider_or_target_is_not_looked_at(facts: dict[str, Any]) -> None:
    assert laid(waiver(**facts)) == AppliedWaivers()


def test_waiver_of_another_provider_s_clause_without_a_provider_is_not_looked_at() -> None:
    assert laid(waiver(clause="tl.responses.status-201", provider=None, expires=date(2020, 1, 1))) == AppliedWaivers()


def test_one_of_two_waivers_that_fits_is_enough() -> None:
    found = laid(waiver(), waiver(signature="another", target="staging"))
    assert found == AppliedWaivers(live={CLAUSE: "known"})


def test_hostile_words_of_a_waiver_are_shown_as_what_they_are() -> None:
    (error,) = laid(waiver(clause="tf.\x1b[31m\u202e", provider=None)).errors
    assert error.isprintable()
    assert laid(waiver(signature="\x1b[31m")).others[CLAUSE].isprintable()
