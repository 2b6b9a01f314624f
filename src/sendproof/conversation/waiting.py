"""How long a conversation waits for a target that throttles or does not answer, and that it never waits for ever."""

from __future__ import annotations

from typing import Protocol

from sendproof.conversation.answers import is_lost
from sendproof.exchange import Exchange
from sendproof.judge.parsing import http_date

# Most limits have a window of a minute: ten minutes in all, of a run that takes less than one otherwise.
_MOST_WAITS = 10
# More than any run has; a float has to hold it.
_LONGEST_WAIT_S = 366 * 86_400.0
# What a gateway answers passes: it is waited for, a minute in all.
_GATEWAY_PAUSE_S, _GATEWAY_LONGEST_S, _GATEWAYS_IN_ALL_S = 1.0, 10.0, 60.0
# After some lost requests in a row each wait is twice the one before.
_OUTAGE_PAUSE_S, _OUTAGES_IN_ALL_S = 0.25, 40.0
# Before the sixth it was waited for 15 s in all (1, 2, 4 and 8): a target that is silent for so long is gone.
LOST_IN_A_ROW = 6


class Wait(Protocol):
    """Lets the time of the target pass."""

    def __call__(self, seconds: float, why: str) -> None:
        """Wait so long, for a reason that the user may see."""


class RetryPolicy:
    """Waits where waiting helps. `retry_after_s` is the profile's.

    A `wait` that there is no time for ends the asking; a `pause` is as long as there is time.
    """

    def __init__(self, wait: Wait, pause: Wait, retry_after_s: float) -> None:
        self._wait, self._pause, self._retry_after_s = wait, pause, retry_after_s
        self._throttled = 0
        self._gateways_s = 0.0

    def waited_for_throttling(self, exchange: Exchange) -> bool:
        """Wait as a 429 asks, unless that was done too often."""
        if self._throttled >= _MOST_WAITS:
            return False
        self._throttled += 1
        self._wait(retry_after_s(exchange, self._retry_after_s), f"the key is throttled ({_asked(exchange)})")
        return True

    def wait_for_gateway(self, exchange: Exchange) -> None:
        """Wait until what stands before the API may have it back."""
        seconds = min(retry_after_s(exchange, _GATEWAY_PAUSE_S), _GATEWAY_LONGEST_S)
        if self._gateways_s + seconds <= _GATEWAYS_IN_ALL_S:
            self._gateways_s += seconds
            status = exchange.response.status if exchange.response else "nothing"
            self._pause(seconds, f"what stands before the API answered {status}")


class Outages:
    """Waits where request after request is lost, each time twice as long."""

    def __init__(self, pause: Wait) -> None:
        self._pause = pause
        self._waited_s = 0.0
        self._lost = 0
        self._answered = False

    def are_lasting(self, exchange: Exchange) -> bool:
        """Whether so many requests in a row were lost that waiting makes no sense any more; wait before that."""
        self._lost = self._lost + 1 if is_lost(exchange) else 0
        if self._lost >= LOST_IN_A_ROW:
            return True
        pause_s = _OUTAGE_PAUSE_S * 2**self._lost
        if self._lost > 1 and self._answered and self._waited_s + pause_s <= _OUTAGES_IN_ALL_S:
            self._waited_s += pause_s
            self._pause(pause_s, f"{self._lost} requests in a row were not answered")
        self._answered |= not is_lost(exchange)
        return False


def _asked(exchange: Exchange) -> str:
    """Return what an answer says of waiting, as far as it can be read."""
    value = exchange.response.header("Retry-After") if exchange.response else None
    return "it names no time: budget.retry_after_s" if value is None else f"Retry-After: {value[:40]}"


def retry_after_s(exchange: Exchange, otherwise: float) -> float:
    """Return the seconds that an answer names, or else the given ones, never more than a year."""
    value = exchange.response.header("Retry-After") if exchange.response else None
    if value is None:
        return otherwise
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value), _LONGEST_WAIT_S) + 0.05
    until, sent = http_date(value), http_date(exchange.response.header("Date") if exchange.response else None)
    if until is None or sent is None:
        return otherwise
    return min(max((until - sent).total_seconds(), 0.0), _LONGEST_WAIT_S) + 1.0
