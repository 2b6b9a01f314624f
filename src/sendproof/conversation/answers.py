"""What an answer comes to, as far as asking on depends on it. None of it is a judgement."""

from __future__ import annotations

from sendproof.contract.model import Contract
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange
from sendproof.judge.body import answer_of
from sendproof.judge.credits import codes_of_insufficient_credits
from sendproof.judge.refused import has_code
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


def is_short_of_credits(contract: Contract, exchange: Exchange) -> bool:
    """Whether a request was refused with a code that is documented for too few credits."""
    if exchange.response is None or not is_refused(exchange):
        return False
    answer = answer_of(exchange.response)
    return any(has_code(answer, code) for code in codes_of_insufficient_credits(contract))


def is_lost(exchange: Exchange) -> bool:
    """Whether nothing answered."""
    return exchange.response is None


def may_have_been_served(exchange: Exchange) -> bool:
    """Whether nobody knows what became of a request: no answer, or one of a gateway that does not tell."""
    if exchange.response is None:
        return exchange.failure not in NEVER_SENT
    return exchange.response.status in MAYBE_SERVED
