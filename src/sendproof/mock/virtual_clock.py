"""Clocks: the system's and one that can be moved forward."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tell the time in seconds since the Unix epoch."""

    def now(self) -> float:
        """Return the present time."""


class SystemClock:
    """Tell the system's time."""

    def now(self) -> float:
        """Return the present time."""
        return time.time()


class VirtualClock:
    """Tell another clock's time plus an offset that `advance` enlarges."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base: Clock = base or SystemClock()
        self._offset_s = 0.0

    def now(self) -> float:
        """Return the present time."""
        return self._base.now() + self._offset_s

    def advance(self, seconds: float) -> None:
        """Move the present forward."""
        self._offset_s += seconds
