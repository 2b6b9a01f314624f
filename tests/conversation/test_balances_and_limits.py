"""What a balance or a limit of the profile may take of the budget, and what it leaves to everything else."""

from __future__ import annotations

import pytest

from sendproof.account import Account
from sendproof.conversation.balances_and_limits import (
    Round,
    credit_sequence,
    least_for_limit,
    messages_of_rounds,
    messages_of_steps,
    rate_rounds,
    share_of_fixtures,
    taste,
)
from sendproof.corpus.case import Case
from sendproof.judge.history import judge
from sendproof.judge.verdicts import FAIL, INCONCLUSIVE, NOT_EXERCISED, ReasonCode, RunFacts, verdicts
from sendproof.mock.accounts import Provider
from sendproof.runs.trial import FAULTLESS, LIVE_BUDGET, Subject, judged, load_contract_once, recorded
from tests.judge.support import LINE


def cases(*clauses: str) -> list[Case]:
    return [Case(id=str(n), family="f", body=b"", expects="accept", clauses=(name,)) for n, name in enumerate(clauses)]


def test_first_evidence_for_each_clause_that_gates_comes_first() -> None:
    asked = cases("a", "b", "a", "open", "c", "a", "b")
    assert share_of_fixtures(40, asked, {"a", "b", "c"}, others=7) == 40 - 7 - 5


def test_what_is_not_accepted_needs_no_message() -> None:
    refused = [Case(id="r", family="f", body=b"", expects="refuse", clauses=("a",))]
    assert share_of_fixtures(40, [*refused, *cases("b")], {"a", "b"}, others=0) == 39


def test_fixtures_have_a_little_of_a_budget_that_is_too_small() -> None:
    assert share_of_fixtures(16, cases(*"abcdefghijklmnop"), set("abcdefghijklmnop"), others=10) == 2


@pytest.mark.parametrize("balance", range(2, 60))
@pytest.mark.parametrize("most", [6, 12, 40])
def test_steps_are_within_their_share_wherever_some_are(balance: int, most: int) -> None:
    steps = credit_sequence(balance, most=most, is_one_pool=True)
    cheapest = credit_sequence(balance, most=0, is_one_pool=True)
    if messages_of_steps(steps, balance) > most:
        assert steps == cheapest
    assert messages_of_steps(cheapest, balance) <= messages_of_steps(steps, balance)


@pytest.mark.parametrize(
    ("steps", "balance", "answers"), [("LrMG", 7, 4), ("MrLG", 2, 1), ("fffG", 9, 4), ("SSr", 2, 1), ("SrrG", 3, 3)]
)
def test_answers_that_let_something_in_are_counted_with_retries(steps: str, balance: int, answers: int) -> None:
    assert messages_of_steps(steps, balance) == answers


def test_mms_have_credits_of_their_own() -> None:
    assert messages_of_steps("MMMS", 20, mms=2) == 3


@pytest.mark.parametrize("most", range(6))
def test_balance_that_cannot_be_spent_is_only_tasted(most: int) -> None:
    assert messages_of_steps(taste(most), 1_000) <= most


@pytest.mark.parametrize("limit", [1, 2, 5, 9, 10, 11, 20, 60, 100])
def test_rounds_are_within_their_share(limit: int) -> None:
    for most in (0, 5, 23, 47, 400):
        rounds = rate_rounds(limit, most)
        assert messages_of_rounds(rounds, limit) <= most
        assert (rounds[0] == Round.SOME) == (messages_of_rounds((Round.BURST, Round.ONE), limit) > most)
    assert rate_rounds(limit, 10_000)[:2] == (Round.BURST, Round.BURST)
    assert rate_rounds(limit, least_for_limit(limit))[0] == Round.BURST


def _open_at(provider: Provider, *, limit: int = 5, balance: int = 14) -> dict[str, str | None]:
    """Return the clauses that a live budget leaves open on a mock without faults, with the reasons."""
    subject = Subject(provider=provider, kind=FAULTLESS, name=FAULTLESS, summary="")
    found = recorded(subject, 0, 100, budget=LIVE_BUDGET, limit_per_minute=limit, metered_balance=balance)
    told = judged(load_contract_once(provider), found)
    assert [item.clause.id for item in told if item.verdict == FAIL] == []
    return {
        item.clause.id: item.reason
        for item in told
        if item.verdict in (INCONCLUSIVE, NOT_EXERCISED) and item.clause.level == "required"
    }


@pytest.mark.slow
@pytest.mark.parametrize("limit", [5, 10, 15, 16, 60, 100])
def test_limit_never_keeps_what_else_is_required_from_being_asked(limit: int) -> None:
    left = _open_at("textflow", limit=limit)
    assert set(left.values()) <= {ReasonCode.NOT_DISTINGUISHED}
    assert all(clause.startswith("tf.rate_limits.") for clause in left)
    assert bool(left) == (limit > 15)


@pytest.mark.slow
@pytest.mark.parametrize("balance", [5, 14, 20, 38, 100, 1000])
def test_balance_never_keeps_what_else_is_required_from_being_asked(balance: int) -> None:
    left = _open_at("textingline", balance=balance)
    assert set(left.values()) <= {ReasonCode.NOT_DISTINGUISHED}
    assert all(clause.startswith("tl.credits.") for clause in left)
    assert bool(left) == (balance > 38)


def test_clause_that_a_fixture_leaves_open_for_the_budget_says_so() -> None:
    why = "a balance of 1000 takes 334 messages"
    circumstances = RunFacts(planned=frozenset(LINE.clauses), too_dear={"tl.credits.boundary": why})
    told = {item.clause.id: item for item in verdicts(LINE, judge(LINE, Account(), ()), circumstances)}
    found = told["tl.credits.boundary"]
    assert (found.verdict, found.reason, found.detail) == (NOT_EXERCISED, ReasonCode.NOT_DISTINGUISHED, why)
