"""The clock of a run: real, or moved together with the clock of an embedded mock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

# So short a pause takes less time than to move a clock.
_HARDLY_S = 0.005


class RunClock(Protocol):
    """Tell the time of the run and let time pass. Seconds since the Unix epoch.

    `takes_time` tells whether a wait for the target takes real time.
    """

    takes_time: bool

    def now(self) -> float:
        """Return the present time, on the clock that the target goes by."""

    def sleep(self, seconds: float) -> None:
        """Let time pass for the pace of requests."""

    def wait(self, seconds: float) -> None:
        """Let time pass for the target: for windows of rate limits and `Retry-After`."""

    def skip_to(self, moment: float) -> None:
        """Let the target's time pass until a moment, where that takes no real time."""


class WallClock:
    """Tell the system's time, which never goes back during a run."""

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
    """Tell the system's time plus what was waited for: `advance` moves the target's clock instead."""

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
