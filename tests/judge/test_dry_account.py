"""A main account that may have run dry: what others may have spent accuses nobody."""

from __future__ import annotations

import pytest

from sendproof.contract.model import load_contract
from sendproof.judge.history import judge
from sendproof.judge.verdicts import CONTRADICTED, UNDECIDED, ReasonCode, RunFacts, verdicts
from tests.judge.support import ACCOUNT, Talk, line, line_answer, line_message, line_refusal

MEDIA = {"mediaUrl": "https://example.com/images/promo.jpg"}


def talked(*story: str, elapsed_s: float = 0.01) -> Talk:
    """Return what was said: "S" and "M" are accepted, "s" and "m" refused for too few credits."""
    talk = line()
    for number, step in enumerate(story):
        message = line_message(**(MEDIA if step in "mM" else {}))
        answer = line_answer(number) if step.isupper() else line_refusal(33023)
        talk.say(message, 201 if step.isupper() else 402, answer, elapsed_s=elapsed_s)
    return talk


@pytest.mark.parametrize(
    "story",
    ["SmS", "Smss", "SMmSSSmS", "Sss", "SssSS", "SsS", "SmMM"],
    ids=str,
)
def test_account_that_runs_dry_and_is_filled_up_once_is_not_blamed(story: str) -> None:
    talk = talked(*story)
    assert talk.of(CONTRADICTED) == set()
    dry = {finding.clause for finding in talk.findings() if finding.reason == ReasonCode.ACCOUNT_DRY}
    assert "tl.requests.valid-accepted" in dry


def test_two_messages_that_race_for_the_last_credits_are_not_blamed() -> None:
    talk = talked("S", "s", "S", "s", elapsed_s=1.5)
    assert talk.of(CONTRADICTED) == set()


@pytest.mark.parametrize("story", ["SsSsS", "sSsS", "mMmM", "SsMsM"], ids=str)
def test_same_request_refused_and_accepted_in_turn_is_red(story: str) -> None:
    assert talked(*story).of(CONTRADICTED)


def test_dry_account_is_the_reason_of_what_was_never_accepted() -> None:
    talk = talked("S", "m", "s")
    found = verdicts(load_contract("textingline"), judge(talk.contract, ACCOUNT, talk.exchanges), RunFacts())
    asked = [item for item in found if item.clause.params.get("feature") == "media" and item.exercised]
    media = {(item.verdict, item.reason) for item in asked}
    assert media == {("inconclusive", ReasonCode.ACCOUNT_DRY)}


def test_undecided_refusals_of_an_empty_account_uphold_nothing() -> None:
    talk = talked("S", "m")
    assert "tl.requests.valid-accepted" in talk.of(UNDECIDED)
