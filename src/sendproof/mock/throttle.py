"""Limits on how often a key may ask."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sendproof.mock.accounts import TextflowKey


class Throttle(Protocol):
    """Decide about each request of a key."""

    def admit(self, key: TextflowKey, now: float) -> float | None:
        """Count a request and return None, or refuse it and return the seconds to wait."""


@dataclass(slots=True)
class _Window:
    opened: float
    admitted: int = 0


def own_limit(key: TextflowKey) -> int | None:
    """Return the limit of the key itself."""
    return key.limit_per_window


def own_window(key: TextflowKey) -> float:
    """Return the window of the key itself."""
    return key.window_s


class FixedWindow:
    """Admit so many requests in a window that opens with the first one admitted."""

    def __init__(
        self,
        *,
        limit_of: Callable[[TextflowKey], int | None] = own_limit,
        window_of: Callable[[TextflowKey], float] = own_window,
        bucket_of: Callable[[TextflowKey], str] = lambda key: key.value,
    ) -> None:
        self._limit_of = limit_of
        self._window_of = window_of
        self._bucket_of = bucket_of
        self._windows: dict[str, _Window] = {}

    def admit(self, key: TextflowKey, now: float) -> float | None:
        """Count a request and return None, or refuse it and return the seconds to wait."""
        limit = self._limit_of(key)
        if limit is None:
            return None
        bucket, window_s = self._bucket_of(key), self._window_of(key)
        window = self._windows.get(bucket)
        if window is None or now >= window.opened + window_s:
            window = self._windows[bucket] = _Window(opened=now)
        if window.admitted >= limit:
            return window.opened + window_s - now
        window.admitted += 1
        return None


class Sliding:
    """Admit so many requests in any window, whenever it begins."""

    def __init__(self) -> None:
        self._admitted: dict[str, list[float]] = {}

    def admit(self, key: TextflowKey, now: float) -> float | None:
        """Count a request and return None, or refuse it and return the seconds to wait."""
        if key.limit_per_window is None:
            return None
        recent = [at for at in self._admitted.get(key.value, ()) if now < at + key.window_s]
        self._admitted[key.value] = recent
        if len(recent) >= key.limit_per_window:
            return recent[0] + key.window_s - now
        recent.append(now)
        return None
