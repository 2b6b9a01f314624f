"""The budget while it is being spent, and the ledger that keeps what was."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.errors import UsageError
from sendproof.target.budget import FORGOTTEN_AFTER_S, Allowance, BudgetSpent, Ledger, Spent, TimeLimit
from sendproof.target.profile import Budget

from .support import Steps

ONE = Spent(requests=1, messages=1, credits=3)


@given(st.integers(1, 30), st.integers(1, 10), st.lists(st.sampled_from([True, False, None]), max_size=40))
def test_budget_is_never_exceeded(requests: int, accepted: int, answers: list[bool | None]) -> None:
    allowance = Allowance(Budget(max_requests=requests, max_accepted=accepted))
    sent: list[bool | None] = []
    for answer in answers:
        try:
            allowance.reserve(should_be_refused=answer is not True)
        except BudgetSpent:
            continue
        sent.append(answer)
        allowance.settle(accepted=answer)
    assert len(sent) == allowance.requests <= requests
    assert sent.count(True) == allowance.accepted
    assert sent.count(True) + sent.count(None) == allowance.committed <= accepted


def test_budget_is_never_exceeded_by_threads() -> None:
    allowance = Allowance(Budget(max_requests=1000, max_accepted=25))

    def spend(_: int) -> bool:
        try:
            allowance.reserve(should_be_refused=True)
        except BudgetSpent:
            return False
        allowance.settle(accepted=True)
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(spend, range(400))) == 25
    assert allowance.accepted == allowance.committed == 25


def test_last_slot_is_kept_for_what_should_be_refused() -> None:
    allowance = Allowance(Budget(max_accepted=2))
    allowance.reserve()
    allowance.settle(accepted=True)
    with pytest.raises(BudgetSpent, match=r"^budget spent: 1 of 2 accepted messages\. Raise budget.max_acc"):
        allowance.reserve()
    for _ in range(3):
        allowance.reserve(should_be_refused=True)
        allowance.settle(accepted=False)


def test_group_is_reserved_whole_or_not_at_all() -> None:
    allowance = Allowance(Budget(max_requests=3))
    with pytest.raises(BudgetSpent, match=r"0 of 3 requests\. Raise budget\.max_requests or narrow --conc"):
        allowance.reserve(4)
    assert allowance.requests == 0


def test_time_is_over_when_it_is_over() -> None:
    clock = Steps()
    limit = TimeLimit(900.0, clock.now)
    limit.check()
    clock.at_s = 900.0
    with pytest.raises(
        BudgetSpent, match=r"^budget spent: 900 of 900 seconds\. Raise budget\.max_duration_s"
    ) as raised:
        limit.check()
    assert (raised.value.setting, limit.left_s) == ("max_duration_s", 0.0)


def test_wait_that_would_pass_the_time_is_none() -> None:
    clock = Steps()
    limit = TimeLimit(900.0, clock.now)
    clock.at_s = 100.0
    limit.check(799.0)
    with pytest.raises(
        BudgetSpent, match=r"100 of 900 seconds, and a wait of 36000 s would pass them: throttled\. Raise"
    ):
        limit.check(36_000.0, "throttled")


def book(ledger: Ledger, times: int = 1) -> None:
    for _ in range(times):
        ledger.reserve(ONE, lambda spent: None)


def left_behind(path: Path, times: int = 1) -> None:
    """Leave what a run leaves that is killed: its ledger is never closed."""
    book(Ledger(path), times)


def found(path: Path, **more: object) -> Spent:
    with Ledger(path, **more) as ledger:  # type: ignore[arg-type]  # the options of a ledger
        return ledger.found


def test_run_that_ended_in_order_is_forgotten(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        book(ledger, 3)
    assert found(tmp_path / "l") == Spent()


def test_run_that_was_killed_counts(tmp_path: Path) -> None:
    left_behind(tmp_path / "l", 3)
    assert found(tmp_path / "l") == Spent(requests=3, messages=3, credits=9)


def test_run_that_was_killed_counts_though_another_ended_since(tmp_path: Path) -> None:
    left_behind(tmp_path / "l", 2)
    with Ledger(tmp_path / "l") as ledger:
        book(ledger)
    assert found(tmp_path / "l").requests == 3


def test_run_that_was_killed_is_forgotten_after_a_day(tmp_path: Path) -> None:
    now = [1000.0]
    book(Ledger(tmp_path / "l", now=lambda: now[0]), 2)
    now[0] += FORGOTTEN_AFTER_S - 1
    # Looking at it does not make it younger.
    assert found(tmp_path / "l", now=lambda: now[0]).requests == 2
    now[0] += 2
    assert found(tmp_path / "l", now=lambda: now[0]).requests == 0


def test_ledger_that_is_kept_counts_every_run(tmp_path: Path) -> None:
    for _ in range(3):
        with Ledger(tmp_path / "l", kept=True) as ledger:
            book(ledger)
    assert found(tmp_path / "l", kept=True).requests == 3


def test_accounts_have_pages_of_their_own(tmp_path: Path) -> None:
    book(Ledger(tmp_path / "l", account="a"))
    assert found(tmp_path / "l", account="b") == Spent()


def test_what_is_released_may_be_spent_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l")
    book(ledger)
    ledger.release(1, 3)
    assert found(tmp_path / "l") == Spent(requests=1)


def test_two_runs_share_one_budget(tmp_path: Path) -> None:
    budget = Budget(max_requests=1000, max_accepted=40, max_credits=90)
    ledgers = [Ledger(tmp_path / "l") for _ in range(3)]
    allowances = [Allowance(budget, ledger) for ledger in ledgers]

    def spend(number: int) -> bool:
        try:
            allowances[number % 3].reserve(credits_=3, should_be_refused=True)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(spend, range(200))) == 30


def test_credits_are_never_exceeded(tmp_path: Path) -> None:
    allowance = Allowance(Budget(max_credits=5), Ledger(tmp_path / "l"))
    allowance.reserve(credits_=2)
    allowance.settle(accepted=True, credits_=2)
    allowance.reserve(credits_=3)
    allowance.settle(accepted=False, credits_=3)
    with pytest.raises(BudgetSpent, match=r"^budget spent: 2 of 5 credits\. Raise budget\.max_credits"):
        allowance.reserve(credits_=4)


def test_pace_is_shared(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path / "l"), Ledger(tmp_path / "l")
    assert [ledger.queue(100.0, 0.5) for ledger in (one, two, one)] == [100.0, 100.5, 101.0]


def test_pace_survives_a_clock_that_is_set_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l")
    ledger.queue(1_000_000.0, 0.5)
    assert ledger.queue(100.0, 0.5) == 100.0


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be seen as none", None])
def test_ledger_that_cannot_be_used_stops_the_run(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "l"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content * 20)
    with pytest.raises(UsageError, match=r"^ledger .*/l: expected a file .* without one nothing is sent\."):
        Ledger(path)


def test_reservation_is_on_disk_before_anything_is_sent(tmp_path: Path) -> None:
    book(Ledger(tmp_path / "l"))
    with closing(sqlite3.connect(tmp_path / "l")) as database:
        rows = database.execute("SELECT requests, messages, credits FROM runs").fetchall()
    assert rows == [(1, 1, 3)]
