"""Sending once for each idempotency key, and ways of not quite doing so."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
Sending = Callable[[], Awaitable[T]]


class KeyReusedError(Exception):
    """A key came back with another payload."""


class Idempotency(Protocol[T]):
    """Decide whether a request with a key is sent or answered from memory."""

    async def once(self, key: Hashable, payload: Hashable, send: Sending[T]) -> T:
        """Return the first outcome; raise `KeyReusedError` for another payload."""


class Remembered(Generic[T]):
    """Send once for each key, whatever is concurrent. A sending that raises leaves the key free."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Hashable, T]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def once(self, key: Hashable, payload: Hashable, send: Sending[T]) -> T:
        """Return the first outcome; raise `KeyReusedError` for another payload."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._kept:
                self._kept[key] = (payload, await send())
            return self._replay(key, payload)

    def _replay(self, key: Hashable, payload: Hashable) -> T:
        kept_payload, outcome = self._kept[key]
        if kept_payload != payload:
            raise KeyReusedError
        return outcome


class Racing(Remembered[T]):
    """Look up and store without a lock, with a pause between."""

    def __init__(self, pause_s: float = 0.03) -> None:
        super().__init__()
        self._pause_s = pause_s

    async def once(self, key: Hashable, payload: Hashable, send: Sending[T]) -> T:
        """Return what `send` returned, the first time or when it was still under way."""
        if key in self._kept:
            return self._replay(key, payload)
        await asyncio.sleep(self._pause_s)
        outcome = await send()
        self._kept[key] = (payload, outcome)
        return outcome


class Resending(Remembered[T]):
    """Send again for each retry, and answer with `choose(first, again)`."""

    def __init__(self, choose: Callable[[T, T], T]) -> None:
        super().__init__()
        self._choose = choose

    async def once(self, key: Hashable, payload: Hashable, send: Sending[T]) -> T:
        """Return the chosen of two outcomes on a retry."""
        known = key in self._kept
        first = await super().once(key, payload, send)
        return self._choose(first, await send()) if known else first
