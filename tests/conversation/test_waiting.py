"""How long a target is waited for, and that it is not for ever."""

from __future__ import annotations

import pytest

from sendproof.conversation.waiting import LOST_IN_A_ROW, Outages, RetryPolicy, retry_after_s
from tests.conversation.support import answer

DATE = "Sun, 22 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("3", 3, 4),
        ("36000", 36_000, 36_001),
        ("9" * 400, 31_622_400, 31_622_401),
        ("Sun, 22 Nov 2026 08:00:05 GMT", 5, 7),
        ("Sun, 22 Nov 2026 08:00:05 -0000", 5, 7),
        ("Sat, 21 Nov 2026 08:00:05 GMT", 0, 2),
        ("\u00b2", 42, 42),
        ("soon", 42, 42),
        ("-1", 42, 42),
        (None, 42, 42),
    ],
)
def test_retry_after_is_read_or_the_profiles(value: str | None, least: float, most: float) -> None:
    headers = (("Date", DATE), *((("Retry-After", value),) if value is not None else ()))
    assert least <= retry_after_s(answer(429, *headers), 42.0) <= most


class Waits(list[float]):
    """Keeps how long was waited, and lets no time pass."""

    def __call__(self, seconds: float, why: str) -> None:
        self.append(seconds)


def test_gateway_is_waited_for_a_minute_in_all() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, waits, 60.0)
    for _ in range(30):
        retry_policy.wait_for_gateway(answer(503, ("Retry-After", "86400")))
    assert waits == [10.0] * 6


def test_throttling_is_waited_for_ten_times() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, waits, 42.0)
    assert [retry_policy.waited_for_throttling(answer(429)) for _ in range(12)] == [True] * 10 + [False] * 2
    assert waits == [42.0] * 10


def test_outage_is_waited_for_and_then_given_up() -> None:
    waits = Waits()
    outages = Outages(waits)
    assert not outages.are_lasting(answer(201))
    assert [outages.are_lasting(answer(None)) for _ in range(LOST_IN_A_ROW)] == [False] * (LOST_IN_A_ROW - 1) + [True]
    assert waits == sorted(waits)
    assert 1 < sum(waits) < 30


def test_target_that_never_answered_is_not_waited_for() -> None:
    waits = Waits()
    outages = Outages(waits)
    assert any(outages.are_lasting(answer(None)) for _ in range(LOST_IN_A_ROW))
    assert waits == []
