"""The preflight: whether an API of this provider, with this key, can be judged at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.contract.outcome import is_page
from sendproof.contract.pointer import MISSING
from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_foreign
from sendproof.errors import ContractError
from sendproof.exchange import Exchange, Response
from sendproof.judge.parsing import answer_of
from sendproof.judge.refused import documenting, says
from sendproof.target.profile import Profile

_NO_ANSWER = {
    "connect": "no connection: refused. Check base_url, and that the service runs.",
    "name": "no connection: the host's name is unknown. Check base_url and the network.",
    "tls": "TLS failed: what answers there speaks no TLS, or none that is known here. Check base_url and its port.",
    "tls_expired": (
        "TLS failed: the certificate has expired, or is not valid yet. Report it to the vendor; check this clock, and "
        "if the authority is your own, network.ca_file or SSL_CERT_FILE."
    ),
    "tls_host": "TLS failed: the certificate is for another host. Check base_url.",
    "tls_untrusted": (
        "TLS failed: the certificate is of an authority that is not trusted here. Check base_url. For an authority of "
        "your own, also that of a proxy which opens TLS, set network.ca_file or SSL_CERT_FILE."
    ),
    "tls_client": (
        "TLS failed: the service wants a certificate of the client, or does not take this one. Check "
        "network.client_cert and network.client_key."
    ),
    "proxy": "the proxy {proxy} cannot be reached. Check {source}, or name the host in NO_PROXY.",
    "proxy_login": (
        "the proxy {proxy} wants credentials, or others. Write them into {source} as http://USER:PASSWORD@HOST:PORT."
    ),
    "proxy_forbids": (
        "the proxy {proxy} refuses to connect to the host. Check {source} and base_url, and what the proxy permits."
    ),
    "proxy_gateway": "the proxy {proxy} does not reach the host. Check base_url, and the proxy that {source} names.",
    "timeout": "no answer within the timeout. Check base_url, or raise timeout_s.",
    "dropped": "the connection was closed without an answer. Check base_url.",
    "protocol": "the answer is no HTTP. Check the port in base_url.",
}
_KEY = "the credentials are refused. Check [credentials] and its environment variables."
_CREDITS = "the account has no credits left. Top it up."
_THROTTLED = "the key is throttled. Wait, or lower budget.requests_per_second."
# By check, and by state where there is one, of the clause that documents what the answer says.
_DOCUMENTED: Mapping[tuple[str, str | None], str] = {
    ("credential", None): _KEY,
    ("key_state", "inactive"): _KEY,
    ("key_state", "no_credits"): _CREDITS,
    ("key_state", "no_numbers"): "the account has no active number. Activate one.",
    ("key_state", "daily_exhausted"): "the key has reached the limit of the day. Wait for the next, or use another.",
    ("sender_state", "inactive"): "the sender is no active number of the account. Check account.senders.",
    ("sender_state", "unassigned"): "the sender is no active number of the account. Check account.senders.",
    ("text_fact", "noncompliant"): "the vendor's rules refuse the text. Register the sender for this use.",
}
_BY_STATUS = {
    401: _KEY,
    402: _CREDITS,
    403: _KEY,
    407: "a proxy before the API wants credentials of its own. Check the network.",
    429: _THROTTLED,
}


def diagnosis(contract: Contract, profile: Profile, attempts: Iterable[Exchange]) -> str:
    """Return one line: why no valid message was accepted, and what to do."""
    base_url, proxy = profile.base_url, profile.network.proxy
    last = list(attempts)[-1]
    where = f"preflight: {base_url}{contract.provider.path}"
    other = _other_host(contract.provider, base_url)
    if last.response is None:
        cause = no_answer(profile, last.failure or "dropped")
        return f"{where}: {cause}" if other is None else f"{where}: {cause} {other}"
    cause = other or _cause(contract, last.response)
    if proxy is not None and is_foreign(contract.provider, last):
        cause += f" It came through the proxy {proxy.url}, from {proxy.source}."
    return f"{where}: answered {last.response.status} to a valid message: {cause}"


def no_answer(profile: Profile, failure: str) -> str:
    """Return what a failure in the place of an answer means, and what to do."""
    cause, proxy = _NO_ANSWER[failure], profile.network.proxy
    return cause if proxy is None else cause.format(proxy=proxy.url, source=proxy.source)


def _other_host(own: Provider, base_url: str) -> str | None:
    """Return what to do where the host is that of another provider."""
    host = urlsplit(base_url).hostname
    for contract in _others(own):
        if host == urlsplit(contract.provider.base_url).hostname != urlsplit(own.base_url).hostname:
            return f"this is the host of {contract.provider.title}. Check provider and base_url."
    return None


def _others(own: Provider) -> Iterator[Contract]:
    for name in provider_names():
        # What is wrong with another pack says nothing of this target.
        with suppress(ContractError):
            if name != own.name:
                yield load_contract(name)


def _cause(contract: Contract, response: Response) -> str:
    answer = answer_of(response)
    if (advice := _documented(contract, answer)) is not None:
        return advice
    if response.status // 100 == 3:
        return f"a redirect to {(response.header('Location') or 'nowhere')[:100]!r}. Set base_url to the final address."
    if response.status == 407:
        return _BY_STATUS[407]
    if is_page(response.body):
        return "an HTML page, as a proxy or a login page in front of the API gives. Check base_url and the network."
    for other in _others(contract.provider):
        if _documented(other, answer) is not None or _wants_credentials_of(other.provider, contract.provider, response):
            return f"it answers as {other.provider.title} does. Check provider and base_url."
    if response.status in (404, 405):
        return (
            f"nothing is served there. Check provider, and base_url: the path {contract.provider.path} is added to it."
        )
    if response.status in _BY_STATUS:
        return _BY_STATUS[response.status]
    if response.status >= 500:
        return "the service is in trouble. Ask again later."
    return f"refused: {_excerpt(answer, response)}. Check [credentials], account.senders and account.recipients."


def _documented(contract: Contract, answer: object) -> str | None:
    """Return what to do about the cause whose documented text or code an answer bears."""
    for clause in documenting(contract):
        if says(contract.provider, clause, answer):
            reasons = (contract.clauses[reason] for reason in clause.params["reasons"])
            advice = (_DOCUMENTED.get((reason.check or "", reason.params.get("state"))) for reason in reasons)
            return next(filter(None, advice), None)
    return None


def _wants_credentials_of(other: Provider, own: Provider, response: Response) -> bool:
    """Whether a 401 asks for the scheme of another provider, which is not this one's."""
    if response.status != 401 or other.credential_scheme != "basic" or own.credential_scheme == "basic":
        return False
    return (response.header("WWW-Authenticate") or "").lower().startswith("basic")


def _excerpt(answer: object, response: Response) -> str:
    text = repr(answer) if answer is not MISSING else repr(response.body[:120])
    return text[:160]
