"""Patience: how long a conversation waits for a target, and that it never waits for ever."""

from __future__ import annotations

from collections.abc import Callable

from sendproof.conversation.answers import is_lost
from sendproof.exchange import Exchange
from sendproof.judge.dates import http_date

_MOST_WAITS = 10
_LONGEST_WAIT_S = 600.0
# What a gateway answers passes: it is waited for, a minute in all.
_GATEWAY_PAUSE_S, _GATEWAY_LONGEST_S, _GATEWAYS_IN_ALL_S = 1.0, 10.0, 60.0
# After some lost requests in a row each wait is twice the one before.
_OUTAGE_PAUSE_S, _OUTAGES_IN_ALL_S = 0.25, 40.0
LOST_IN_A_ROW = 6


class Patience:
    """Waits where waiting helps. `wait` lets the time of the target pass, `retry_after_s` is the profile's."""

    def __init__(self, wait: Callable[[float], None], retry_after_s: float) -> None:
        self._wait, self._retry_after_s = wait, retry_after_s
        self._throttled = 0
        self._gateways_s = 0.0
        self._outages_s = 0.0
        self._lost = 0
        self._answered = False

    def waited_for_throttling(self, exchange: Exchange) -> bool:
        """Wait as a 429 asks, unless that was done too often."""
        if self._throttled >= _MOST_WAITS:
            return False
        self._throttled += 1
        self._wait(retry_after_s(exchange, self._retry_after_s))
        return True

    def wait_for_gateway(self, exchange: Exchange) -> None:
        """Wait until what stands before the API may have it back."""
        seconds = min(retry_after_s(exchange, _GATEWAY_PAUSE_S), _GATEWAY_LONGEST_S)
        if self._gateways_s + seconds <= _GATEWAYS_IN_ALL_S:
            self._gateways_s += seconds
            self._wait(seconds)

    def is_at_an_end(self, exchange: Exchange) -> bool:
        """Wait where request after request is lost; tell when that makes no sense any more."""
        self._lost = self._lost + 1 if is_lost(exchange) else 0
        if self._lost >= LOST_IN_A_ROW:
            return True
        pause_s = _OUTAGE_PAUSE_S * 2**self._lost
        if self._lost > 1 and self._answered and self._outages_s + pause_s <= _OUTAGES_IN_ALL_S:
            self._outages_s += pause_s
            self._wait(pause_s)
        self._answered |= not is_lost(exchange)
        return False


def retry_after_s(exchange: Exchange, otherwise: float) -> float:
    """Return the seconds that an answer names, or else the given ones, never more than ten minutes."""
    value = exchange.response.header("Retry-After") if exchange.response else None
    if value is None:
        return otherwise
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value), _LONGEST_WAIT_S) + 0.05
    until, sent = http_date(value), http_date(exchange.response.header("Date") if exchange.response else None)
    if until is None or sent is None:
        return otherwise
    return min(max((until - sent).total_seconds(), 0.0), _LONGEST_WAIT_S) + 1.0
