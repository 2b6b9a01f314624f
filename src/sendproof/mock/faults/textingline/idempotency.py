"""Faults of TextingLine: retries."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from sendproof.mock.faults.textingline.kit import fault
from sendproof.mock.idempotency_keys import Racing, Remembered, Resending, Sending
from sendproof.mock.textingline import (
    Record,
)
from sendproof.mock.virtual_clock import Clock


def _newer(first: Record, again: Record) -> Record:
    return again


class _Last(Remembered[Record]):
    """Forget every key but the last one."""

    async def once(self, key: Hashable, payload: Hashable, send: Sending[Record]) -> Record:
        for other in [known for known in self._kept if known != key]:
            del self._kept[other]
        return await super().once(key, payload, send)


class _Forgetting(Remembered[Record]):
    """Forget what is older than half a second."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._since_s: dict[Hashable, float] = {}

    async def once(self, key: Hashable, payload: Hashable, send: Sending[Record]) -> Record:
        now = self._clock.now()
        if now > self._since_s.setdefault(key, now) + 0.5:
            self._kept.pop(key, None)
            self._since_s[key] = now
        return await super().once(key, payload, send)


FAULTS: Final = (
    fault(
        "idempotency-ignored",
        "A retry with the same key is sent again.",
        "The field is accepted for compatibility and never read.",
        lambda r: replace(r, idempotency_key=lambda attempt: None),
        "tl.idempotency.replay-same-id",
    ),
    fault(
        "idempotency-races",
        "Concurrent requests with one key are each sent.",
        "Look-up and insertion are not one transaction.",
        lambda r: replace(r, idempotency=lambda clock: Racing()),
        "tl.idempotency.concurrent-same-id",
    ),
    fault(
        "idempotency-new-answer",
        "A retry is answered with a new message.",
        "The duplicate is suppressed later, in the queue.",
        lambda r: replace(r, idempotency=lambda clock: Resending(_newer)),
        "tl.idempotency.replay-same-id",
    ),
    fault(
        "idempotency-key-cut",
        "Keys that agree in 16 characters are taken as one.",
        "A short column that cuts silently.",
        lambda r: replace(
            r,
            idempotency_key=lambda attempt: (attempt.message.idempotency_key or "")[:16] or None,
            idempotency_payload=lambda message: replace(message, idempotency_key=None),
        ),
        "tl.idempotency.distinct-keys",
    ),
    fault(
        "idempotency-of-sms-only",
        "A retry of an MMS is sent again.",
        "The media path goes around the store of keys.",
        lambda r: replace(
            r, idempotency_key=lambda attempt: None if attempt.message.media_url else r.idempotency_key(attempt)
        ),
        "tl.idempotency.replay-same-id",
    ),
    fault(
        "idempotency-of-the-last-key",
        "Only the key used last is remembered.",
        "A cache with one entry for each account.",
        lambda r: replace(r, idempotency=lambda clock: _Last()),
        "tl.idempotency.replay-same-id",
    ),
    fault(
        "idempotency-forgotten",
        "A key is forgotten after half a second.",
        "The lifetime of an entry was meant in minutes, and is taken in seconds.",
        lambda r: replace(r, idempotency=_Forgetting),
        "tl.idempotency.replay-same-id",
    ),
    fault(
        "idempotency-races-for-short",
        "Concurrent requests with one key are each sent, unless they come some milliseconds apart.",
        "A look-up and an insertion with one await between them.",
        lambda r: replace(r, idempotency=lambda clock: Racing(0.004)),
        "tl.idempotency.concurrent-same-id",
    ),
)
