"""Pacing: so many requests a second, however many threads send them."""

from __future__ import annotations

import threading
from typing import Protocol


class Sleeper(Protocol):
    """The part of a clock that pacing needs."""

    def now(self) -> float:
        """Return the present time in seconds."""

    def sleep(self, seconds: float) -> None:
        """Let real time pass."""


class Pacing:
    """Hold requests back to a rate. `math.inf` holds nothing back."""

    def __init__(self, requests_per_second: float, clock: Sleeper) -> None:
        self._interval_s = 1.0 / requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next_s = float("-inf")

    def acquire(self, count: int = 1) -> None:
        """Wait until the next request may be sent, and `count` - 1 at once with it.

        The time that a burst takes from the rate is waited for after it.
        """
        if not self._interval_s:
            return
        with self._lock:
            now = self._clock.now()
            start = max(now, self._next_s)
            self._next_s = start + count * self._interval_s
        if start > now:
            self._clock.sleep(start - now)
