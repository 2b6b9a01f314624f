"""What an answer comes to, as far as asking on depends on it. None of it is a judgement."""

from __future__ import annotations

from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange
from sendproof.judge.single import INFRASTRUCTURE


def is_accepted(exchange: Exchange) -> bool:
    """Whether a request was answered as accepted."""
    return exchange.response is not None and exchange.response.status // 100 == 2


def is_refused(exchange: Exchange) -> bool:
    """Whether a request was answered with a fault of the client."""
    return exchange.response is not None and exchange.response.status // 100 == 4


def is_failed(exchange: Exchange) -> bool:
    """Whether a request was answered with a failure of the server."""
    return exchange.response is not None and exchange.response.status >= 500


def is_of_a_gateway(exchange: Exchange) -> bool:
    """Whether what answered stands before the API."""
    return exchange.response is not None and exchange.response.status in INFRASTRUCTURE


def is_lost(exchange: Exchange) -> bool:
    """Whether nothing answered."""
    return exchange.response is None


def may_have_been_served(exchange: Exchange) -> bool:
    """Whether nobody knows what became of a request: no answer, or one of a gateway that does not tell."""
    if exchange.response is None:
        return exchange.failure not in NEVER_SENT
    return exchange.response.status in MAYBE_SERVED
