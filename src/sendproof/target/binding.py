"""Binds a case to a target: tokens become numbers and texts, keys become header fields.

What might reach a number that the profile does not name is kept back here, before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote, urlsplit

from sendproof.contract.body import wire_body
from sendproof.contract.provider import BodyFormat, Provider
from sendproof.corpus.case import SPELLINGS, Case, spelled, substitute
from sendproof.errors import SendproofError
from sendproof.exchange import Credential, Headers
from sendproof.target.credentials import FAULTS, OTHER_ACCOUNT, classify, present, random_like
from sendproof.target.profile import Profile
from sendproof.target.recipients import Withheld, refusal_of

# Whether there is such a number is not asked: the samples of documents are spelled as well.
_NANP = re.compile(r"\+1\d{10}", re.ASCII)
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"(?:[!-~\x80-\U0010ffff]+(?:[ \t]+[!-~\x80-\U0010ffff]+)*)?")
_METHOD = re.compile(r"[A-Z]+")
_QUERY = re.compile(r"[!-~]*")


class Unbindable(SendproofError):
    """A case cannot be made for this profile: a fixture or a key is missing, or nothing can be varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRequest:
    """A request that is ready to be sent. Its `repr` shows nothing of what is sent.

    `path` is the path of `url` with the query. `presented` are the values that are in no known
    key and must not be recorded either.
    """

    method: str
    url: str = field(repr=False)
    path: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    credential: Credential
    key: str
    presented: tuple[str, ...] = field(default=(), repr=False)


class RecipientGuard:
    """Makes the requests of cases for one target, and keeps back what might reach a number that the profile lacks."""

    def __init__(self, profile: Profile, provider: Provider) -> None:
        self._profile, self._provider = profile, provider
        self._allowed, self._senders = profile.reachable, frozenset(profile.senders)
        self._media = provider.fields.get("media", "").lower().encode()
        self.withheld = 0

    def bound(self, case: Case, nonce: str) -> BoundRequest:
        """Return the request of a case, or raise `Unbindable` or `Withheld`."""
        request = bind(case, self._profile, self._provider, nonce)
        # A form in the query may be read as well; what the credentials put there is no number.
        parts = (request.body, case.query.encode()) if case.query else (request.body,)
        refusals = (refusal_of(part, self._provider, self._allowed, self._senders) for part in parts)
        if refusal := next(filter(None, refusals), None):
            self.withheld += 1
            raise Withheld(f"case {case.id}: expected an allowed recipient, got none: {refusal}. It is not sent.")
        return request

    def price(self, body: bytes) -> int:
        """Return the most credits that a request with this body may cost; 0 where the contract knows no price."""
        prices = self._provider.prices
        if not prices:
            return 0
        return prices["mms" if self._media and self._media in body.lower() else "sms"]


def bind(case: Case, profile: Profile, provider: Provider, nonce: str) -> BoundRequest:
    """Make the request of `case` for the target of `profile`, or raise `Unbindable`.

    `nonce` is 24 letters and digits; the same one gives the same request.
    """
    if case.needs and (lacking := set(case.needs).intersection(profile.missing_fixtures(provider))):
        raise _unbindable(case, f"the fixture {min(lacking)}")
    if case.key not in profile.keys:
        raise _unbindable(case, f"the key {case.key!r}")
    presented = present(provider, profile.keys, case.key, case.presents, f"{case.id}:{nonce}")
    if presented is None:
        raise _unbindable(case, f"a way to present {case.presents!r}")
    headers = (*case.headers, *presented.headers)
    query = "&".join(filter(None, (case.query, presented.query)))
    credential = classify(provider, profile.keys, headers, query)
    if case.presents == OTHER_ACCOUNT:
        credential = replace(credential, key=None, fault=OTHER_ACCOUNT)
    _check_credential(case, credential)
    _check_wire(case, headers, query)
    origin, path = _address(profile.base_url, _path(provider, profile, case, nonce))
    target = f"{path}?{query}" if query else path
    return BoundRequest(
        method=case.method,
        url=origin + target,
        path=target,
        headers=headers,
        body=wire_body(provider, _body(case, profile, provider, nonce)),
        credential=credential,
        key=case.key,
        presented=presented.values if credential.key is None else (),
    )


def _unbindable(case: Case, lacking: str) -> Unbindable:
    return Unbindable(f"case {case.id}: expected {lacking}, got none in the profile. It is left out.")


def _check_credential(case: Case, credential: Credential) -> None:
    """Refuse a variant that is not what it was meant to be, as a key without letters in swapped case."""
    faults = FAULTS.get(case.presents)
    sound = credential.key == case.key if faults is None else credential.fault in faults
    if not sound:
        raise _unbindable(case, f"a key that can be presented as {case.presents!r}")


def _check_wire(case: Case, headers: Headers, query: str) -> None:
    """Refuse what no HTTP client can put into a message (RFC 9112, 3 and 5)."""
    sound = _METHOD.fullmatch(case.method) and _QUERY.fullmatch(query) and "#" not in query
    if not sound or not all(_FIELD_NAME.fullmatch(n) and _FIELD_VALUE.fullmatch(v) for n, v in headers):
        raise Unbindable(f"case {case.id}: expected a well-formed request head, got another. It is left out.")


def _path(provider: Provider, profile: Profile, case: Case, nonce: str) -> str:
    """Return the path of the operation with the parts of a key that stand in it, or with those of nobody."""
    if "{" not in provider.path:
        return provider.path
    values = [secret.value for secret in profile.keys[case.key]]
    if case.presents == OTHER_ACCOUNT:
        values = [random_like(value, f"{case.id}:{nonce}", avoid=frozenset(values)) for value in values]
    parts = zip(provider.credential_parts, values, strict=True)
    return provider.path.format_map({name: quote(value, safe="") for name, value in parts})


@lru_cache(maxsize=64)
def _address(base_url: str, path: str) -> tuple[str, str]:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}", parts.path + path


def _body(case: Case, profile: Profile, provider: Provider, nonce: str) -> bytes:
    def value(name: str) -> str:
        return nonce if name == "nonce" else _value(case, profile, name)

    return substitute(case.body, value, in_form=provider.body_format is BodyFormat.FORM)


def _value(case: Case, profile: Profile, token: str) -> str:
    """Return what stands for a token."""
    role, _, rest = token.partition(".")
    numbers = {"recipient": profile.recipients, "sender": profile.senders}.get(role.removesuffix("2"))
    if role == "fixture":
        text = _fixture(profile, rest)
    elif numbers is None:
        text = None
    else:
        text = _spelled(numbers[-1 if len(numbers) == 1 else int(role.endswith("2"))], rest)
    if text is None:
        raise _unbindable(case, f"a value for @{{{token}}}")
    return text


def _fixture(profile: Profile, name: str) -> str | None:
    group, _, detail = name.partition(".")
    if given := profile.fixtures.get(group):
        return _spelled(given.value, detail) if detail else given.value
    return profile.failing_recipients.get(detail)


def _spelled(number: str, spelling: str) -> str | None:
    """Return a number in one of the spellings of `Case`; all but the first two are those of the NANP."""
    if spelling in ("", "e164"):
        return number
    if spelling == "digits":
        return number[1:]
    return spelled(number, spelling) if _NANP.fullmatch(number) and spelling in SPELLINGS else None
