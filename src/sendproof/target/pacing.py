"""Pacing: so many requests a second, however many threads and processes send them."""

from __future__ import annotations

from typing import Protocol

from sendproof.target.ledger import Ledger


class Sleeper(Protocol):
    """The part of a clock that pacing needs."""

    def now(self) -> float:
        """Return the present time in seconds."""

    def sleep(self, seconds: float) -> None:
        """Let real time pass."""


# A limit of one request in two seconds would leave a run of 400 requests a quarter of an hour.
_LONGEST_INTERVAL_S = 2.0
_SLOWED_INTERVAL_S = 0.1


class Pacing:
    """Hold requests back to a rate. `math.inf` holds nothing back."""

    def __init__(self, requests_per_second: float, clock: Sleeper, ledger: Ledger | None = None) -> None:
        self._interval_s = 1.0 / requests_per_second
        self._clock = clock
        self._ledger = ledger or Ledger()
        self._free_s = 0.0

    @property
    def interval_s(self) -> float:
        """Return how long after a request the next one may follow."""
        return self._interval_s

    @property
    def delay_s(self) -> float:
        """Return how long the next request has to wait, as far as those sent from here tell."""
        return max(self._free_s - self._clock.now(), 0.0) if self._interval_s else 0.0

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Halve the rate, or leave at least so many seconds between two: the target takes fewer than were sent.

        However fast it was, after a few times it is slow enough for a limit of a second.
        """
        wanted_s = max(2 * self._interval_s, _SLOWED_INTERVAL_S, to_at_least_s)
        self._interval_s = max(self._interval_s, min(wanted_s, _LONGEST_INTERVAL_S))

    def acquire(self, count: int = 1) -> None:
        """Wait until the next request may be sent, and `count` - 1 at once with it.

        The time that a burst takes from the rate is waited for after it.
        """
        if not self._interval_s:
            return
        now = self._clock.now()
        start = self._ledger.queue(now, count * self._interval_s)
        self._free_s = start + count * self._interval_s
        if start > now:
            self._clock.sleep(start - now)
