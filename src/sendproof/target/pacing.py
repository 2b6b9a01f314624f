"""Time between requests: the pace, however many threads and processes send, and the clock of a run.

The clock is real, or moved together with the clock of an embedded mock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from sendproof.target.budget import Ledger

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
        """Return how long the next request has to wait, as far as is known from those sent from here."""
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


# So short a pause takes less time than to move a clock.
_HARDLY_S = 0.005


class Sleeper(Protocol):
    """The time, and how it passes, for the pace of requests. Seconds since the Unix epoch."""

    def now(self) -> float:
        """Return the present time, on the clock that the target goes by."""

    def sleep(self, seconds: float) -> None:
        """Let time pass for the pace of requests."""


class RunClock(Sleeper, Protocol):
    """The time of a run, and how it passes. `takes_time` says whether a wait for the target takes real time."""

    takes_time: bool

    def wait(self, seconds: float) -> None:
        """Let time pass for the target: for windows of rate limits and `Retry-After`."""

    def skip_to(self, moment: float) -> None:
        """Let the target's time pass until a moment, where that takes no real time."""


class WallClock:
    """The system's time, which never goes back during a run."""

    takes_time = True

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()
        self.waited_s = 0.0

    def now(self) -> float:
        """Return the present time."""
        return self._offset_s + time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let real time pass."""
        time.sleep(seconds)

    def wait(self, seconds: float) -> None:
        """Let real time pass, and count it."""
        self.waited_s += seconds
        self.sleep(seconds)

    def skip_to(self, moment: float) -> None:
        """Do nothing: real time passes by itself."""


class MovedClock(WallClock):
    """The system's time plus what was waited for: `advance` moves the target's clock instead."""

    takes_time = False

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def sleep(self, seconds: float) -> None:
        """Move the target's clock: a pace that a target is kept to costs no real time, either."""
        if seconds < _HARDLY_S:
            super().sleep(seconds)
        else:
            self.wait(seconds)

    def now(self) -> float:
        """Return the present time of the target."""
        return super().now() + self.waited_s

    def wait(self, seconds: float) -> None:
        """Move the target's clock, and count it."""
        self._advance(seconds)
        self.waited_s += seconds

    def skip_to(self, moment: float) -> None:
        """Move the target's clock."""
        self.wait(max(moment - self.now(), 0.0))
