"""What an answer comes to, as far as asking on depends on it. None of it is a judgement."""

from __future__ import annotations

from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.contract.provider import Provider
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange
from sendproof.judge.credits import codes_of_insufficient_credits
from sendproof.judge.parsing import answer_of
from sendproof.judge.refused import documenting, has_code, says


def outcome(provider: Provider, exchange: Exchange) -> Outcome | None:
    """Return what an answer comes to; None where there is none."""
    response = exchange.response
    return None if response is None else provider.outcome(response.status, answer_of(response), response.body)


def is_accepted(provider: Provider, exchange: Exchange) -> bool:
    """Whether a message was accepted, whatever is said of its delivery."""
    return outcome(provider, exchange) in (Outcome.ACCEPTED, Outcome.FAILED)


def is_sent(provider: Provider, exchange: Exchange) -> bool:
    """Whether a message was accepted, and nothing says that it cannot be delivered."""
    return outcome(provider, exchange) is Outcome.ACCEPTED


def is_refused(provider: Provider, exchange: Exchange) -> bool:
    """Whether a request was refused, and not for its frequency."""
    return outcome(provider, exchange) is Outcome.REFUSED


def is_throttled(provider: Provider, exchange: Exchange) -> bool:
    """Whether a request came too often."""
    return outcome(provider, exchange) is Outcome.THROTTLED


def is_failed(provider: Provider, exchange: Exchange) -> bool:
    """Whether the API, or what stands before it, failed to serve a request."""
    return outcome(provider, exchange) in (Outcome.SERVER_ERROR, Outcome.FOREIGN)


def is_foreign(provider: Provider, exchange: Exchange) -> bool:
    """Whether what answered is not the API."""
    return outcome(provider, exchange) is Outcome.FOREIGN


def is_short_of_credits(contract: Contract, exchange: Exchange) -> bool:
    """Whether a request was refused with a code that is documented for too few credits."""
    if exchange.response is None or not is_refused(contract.provider, exchange):
        return False
    answer = answer_of(exchange.response)
    return any(has_code(contract.provider, answer, code) for code in codes_of_insufficient_credits(contract))


def is_refused_for_its_moment(contract: Contract, exchange: Exchange) -> bool:
    """Whether a request was refused for nothing that is documented: perhaps by a limit, a lock-out or a filter."""
    if exchange.response is None or not is_refused(contract.provider, exchange):
        return False
    answer = answer_of(exchange.response)
    return not any(says(contract.provider, clause, answer) for clause in documenting(contract))


def is_lost(exchange: Exchange) -> bool:
    """Whether nothing answered."""
    return exchange.response is None


def has_failed(provider: Provider, exchange: Exchange) -> bool:
    """Whether a request was not served: no answer, or a failure for one."""
    return is_failed(provider, exchange) or is_lost(exchange)


def may_have_been_served(exchange: Exchange) -> bool:
    """Whether it is unknown what became of a request: no answer, or one of a gateway that does not say."""
    if exchange.response is None:
        return exchange.failure not in NEVER_SENT
    return exchange.response.status in MAYBE_SERVED
