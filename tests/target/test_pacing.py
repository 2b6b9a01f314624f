"""The pace of requests, and the clocks that it goes by."""

from __future__ import annotations

import math

from sendproof.target.pacing import MovedClock, Pacing, WallClock

from .support import Steps


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


def test_pacing_tells_how_long_the_next_request_waits() -> None:
    clock = Steps()
    pacing = Pacing(0.1, clock)
    assert pacing.delay_s == 0.0
    pacing.acquire(2)
    assert pacing.delay_s == 20.0
    clock.at_s = 15.0
    assert pacing.delay_s == 5.0
    assert Pacing(math.inf, clock).delay_s == 0.0
