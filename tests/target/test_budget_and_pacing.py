from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.target.budget import Allowance, BudgetSpent, TimeLimit
from sendproof.target.pacing import MovedClock, Pacing, WallClock
from sendproof.target.profile import Budget


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


class Steps:
    def __init__(self) -> None:
        self.at_s = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at_s += seconds


def test_pacing_keeps_to_the_rate() -> None:
    clock = Steps()
    pacing = Pacing(4.0, clock)
    for _ in range(3):
        pacing.acquire()
    assert clock.slept == [0.25, 0.25]


def test_pacing_is_halved_for_a_target_that_throttles_and_no_slower_than_one_in_two_seconds() -> None:
    clock = Steps()
    pacing = Pacing(4.0, clock)
    for _ in range(6):
        pacing.acquire()
        pacing.slow_down()
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 2.0]


def test_pacing_of_any_rate_is_slow_enough_for_a_limit_of_a_second_after_a_few_times() -> None:
    clock = Steps()
    pacing = Pacing(10_000.0, clock)
    for _ in range(5):
        pacing.slow_down()
    assert pacing.interval_s >= 1.0
    pacing.slow_down(to_at_least_s=100.0)
    assert pacing.interval_s == 2.0


def test_pacing_waits_for_a_burst_after_it() -> None:
    clock = Steps()
    pacing = Pacing(4.0, clock)
    pacing.acquire(8)
    pacing.acquire()
    assert clock.slept == [2.0]


def test_pacing_of_an_infinite_rate_asks_no_clock() -> None:
    clock = Steps()
    for _ in range(100):
        Pacing(math.inf, clock).acquire()
    assert clock.slept == []


def test_wall_clock_counts_what_was_waited_for() -> None:
    clock = WallClock()
    before = clock.now()
    clock.wait(0.001)
    assert clock.now() - before >= 0.001
    assert clock.waited_s == 0.001


def test_moved_clock_moves_the_target() -> None:
    moved: list[float] = []
    clock = MovedClock(moved.append)
    before = clock.now()
    clock.wait(3600.0)
    assert 3600.0 <= clock.now() - before < 3610.0
    assert moved == [3600.0]
    assert clock.waited_s == 3600.0


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


def test_pacing_tells_how_long_the_next_request_waits() -> None:
    clock = Steps()
    pacing = Pacing(0.1, clock)
    assert pacing.delay_s == 0.0
    pacing.acquire(2)
    assert pacing.delay_s == 20.0
    clock.at_s = 15.0
    assert pacing.delay_s == 5.0
    assert Pacing(math.inf, clock).delay_s == 0.0
