"""The preflight: whether an API of this provider, with this key, can be judged at all."""

from __future__ import annotations

from collections.abc import Iterable

from sendproof.contract.provider import Provider
from sendproof.exchange import Exchange, Response
from sendproof.judge.body import MISSING, answer_of
from sendproof.judge.refused import has_code, is_refusal_by_flag

_FAILURES = {
    "connect": "no connection: refused, or the name is unknown. Check base_url, and that the service runs.",
    "tls": "TLS failed: the certificate does not hold for this host. Check base_url and the certificate.",
    "timeout": "no answer within the timeout. Check base_url, or raise timeout_s.",
    "dropped": "the connection was closed without an answer. Check base_url.",
    "protocol": "the answer is no HTTP. Check the port in base_url.",
}


def is_let_in(provider: Provider, exchange: Exchange) -> bool:
    """Whether an answer to a valid message shows the API that is to be judged."""
    response = exchange.response
    if response is None or response.status // 100 != 2 or _is_page(response):
        return False
    return not is_refusal_by_flag(provider, answer_of(response))


def diagnosis(provider: Provider, base_url: str, attempts: Iterable[Exchange]) -> str:
    """Return one line: why no valid message was accepted, and what to do."""
    last = list(attempts)[-1]
    where = f"preflight: {base_url}{provider.path}"
    if last.response is None:
        return f"{where}: {_FAILURES[last.failure or 'dropped']}"
    return f"{where}: answered {last.response.status} to a valid message: {_cause(provider, last.response)}"


def _cause(provider: Provider, response: Response) -> str:
    answer = answer_of(response)
    for clause_code in provider.unexcludable_codes:
        if has_code(answer, clause_code):
            return f"error code {clause_code} tells of the account. Check its balance and its rules."
    if response.status // 100 == 3:
        return f"a redirect to {(response.header('Location') or 'nowhere')[:100]!r}. Set base_url to the final address."
    if _is_page(response):
        return "an HTML page, as a proxy or a login page in front of the API gives. Check base_url and the network."
    if response.status in (404, 405):
        return f"nothing is served there. Check base_url: the path {provider.path} is added to it."
    if response.status in (401, 403):
        return "the credentials are refused. Check [credentials] and its environment variables."
    if response.status == 429:
        return "the key is throttled. Wait, or lower budget.requests_per_second."
    if response.status >= 500:
        return "the service is in trouble. Ask again later."
    return f"refused: {_excerpt(answer, response)}. Check [credentials], account.senders and account.recipients."


def _excerpt(answer: object, response: Response) -> str:
    text = repr(answer) if answer is not MISSING else repr(response.body[:120])
    return text[:160]


def _is_page(response: Response) -> bool:
    start = response.body.lstrip()[:9].lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<body"))
