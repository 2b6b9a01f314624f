"""Faults of TextFlow: limits."""

from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import TextflowKey
from sendproof.mock.faults.edits import when
from sendproof.mock.faults.textflow.kit import error, fault, limit_plus, refused, throttled, without_step
from sendproof.mock.textflow import (
    Reason,
    rate_is_within_limit,
)
from sendproof.mock.throttle import FixedWindow


class _Penalizing(FixedWindow):
    """Lock a key out for two windows once it is over its limit."""

    def __init__(self) -> None:
        super().__init__()
        self._until: dict[str, float] = {}

    def admit(self, key: TextflowKey, now: float) -> float | None:
        if now < self._until.get(key.value, 0.0):
            return self._until[key.value] - now
        wait_s = super().admit(key, now)
        if wait_s is not None:
            self._until[key.value] = now + 2 * key.window_s
        return wait_s


FAULTS: Final = (
    fault(
        "rate-limit-one-late",
        "One request more than the limit is admitted.",
        "The counter is compared before it is incremented.",
        throttled(limit_of=limit_plus(1)),
        "tf.rate_limits.enforced",
    ),
    fault(
        "rate-limit-one-early",
        "The last request of the limit is refused.",
        "The counter is incremented before a strict comparison.",
        throttled(limit_of=limit_plus(-1)),
        "tf.rate_limits.not-early",
    ),
    fault(
        "rate-limit-never",
        "No limit is enforced.",
        "Counters are kept per process behind a balancer.",
        without_step(rate_is_within_limit),
        "tf.rate_limits.enforced",
    ),
    fault(
        "rate-limit-for-ever",
        "A limited key is never admitted again.",
        "The counter has lost its expiry.",
        throttled(window_of=lambda key: float("1e12")),
        "tf.rate_limits.recovers",
    ),
    fault(
        "rate-limit-twice-as-long",
        "The window is twice as long as announced.",
        "Two layers of limits, one behind the other.",
        throttled(window_of=lambda key: 2 * key.window_s),
        "tf.rate_limits.recovers",
    ),
    fault(
        "rate-limit-shared",
        "Requests of all keys count as one key's.",
        "The counter is keyed by address, and the proxy has only one.",
        throttled(limit_of=lambda key: key.limit_per_window or 5, bucket_of=lambda key: "all"),
        "tf.rate_limits.other-keys",
    ),
    fault(
        "rate-limit-answered-503",
        "The limit is answered 503.",
        "The proxy's default for limited requests.",
        error(Reason.RATE_LIMITED, status=503),
        "tf.rate_limits.enforced",
    ),
    fault(
        "rate-limit-answered-400",
        "The limit is answered 400.",
        "All refusals go through one function.",
        error(Reason.RATE_LIMITED, status=400),
        "tf.rate_limits.enforced",
    ),
    fault(
        "daily-limit-answered-400",
        "The daily limit is answered 400.",
        "It is checked with the fields of the message.",
        error(Reason.DAILY_LIMIT, status=400),
        "tf.rate_limits.daily-status",
    ),
    fault(
        "daily-limit-text-monthly",
        "The daily limit is answered with another text.",
        "A copied line.",
        error(Reason.DAILY_LIMIT, error="Monthly message limit reached"),
        "tf.rate_limits.daily-text",
    ),
    fault(
        "daily-limit-never",
        "The daily limit is not enforced.",
        "Usage is summed up at night.",
        lambda r: replace(r, daily_limit=lambda key: None),
        "tf.rate_limits.daily-limit",
    ),
    fault(
        "rate-limit-as-text",
        "429 is answered without the envelope.",
        "The limiter stands before the application.",
        refused(when(lambda d: d.get("error") == "Rate limit exceeded", lambda d: {"message": d["error"]})),
        "tf.rate_limits.envelope",
    ),
    fault(
        "rate-limit-answered-403",
        "The limit is answered 403.",
        "The limiter's error is a permission error.",
        error(Reason.RATE_LIMITED, status=403),
        "tf.rate_limits.enforced",
    ),
    fault(
        "rate-limit-per-window-of-its-own",
        "The limit starts anew with each refusal.",
        "A refused request is counted, too.",
        lambda r: replace(r, throttle=_Penalizing),
        "tf.rate_limits.recovers",
    ),
    fault(
        "daily-limit-answered-403",
        "The daily limit is answered 403.",
        "The plan does not permit it.",
        error(Reason.DAILY_LIMIT, status=403),
        "tf.rate_limits.daily-status",
    ),
)
