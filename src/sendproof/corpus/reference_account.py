"""A fictional account that has every fixture: each case is read against it, to know what it breaks and exercises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sendproof.account import Account
from sendproof.contract.body import wire_body
from sendproof.contract.model import Contract
from sendproof.contract.provider import BodyFormat, Fixture, Provider
from sendproof.corpus.case import SPELLINGS, Case, spelled, substitute
from sendproof.exchange import Credential, Request
from sendproof.judge.request_analysis import Reason, RequestAnalysis, read_request

_RECIPIENTS = {"recipient": "+12025550171", "recipient2": "+12025550172"}
_SENDERS = {"sender": "+12025550181", "sender2": "+12025550182"}
_NUMBERS = {**_RECIPIENTS, **_SENDERS}
_FIXTURE_NUMBER = "+1303555{:04d}"
_MEDIA = "https://example.com/images/promo.jpg"
_NONCE = "0123456789abcdefABCDEFGH"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAccount:
    """The account of a fictional target, and what the tokens stand for there."""

    provider: Provider
    account: Account
    values: Mapping[str, str]

    @classmethod
    def of(cls, provider: Provider) -> ReferenceAccount:
        """Make the account of a provider: one active key, two numbers each, all its fixtures."""
        values = dict(_values(provider))
        fixtures = provider.fixtures.values()
        causes = {values[f"fixture.{item.name}.{cause}"]: cause for item in fixtures for cause in item.causes}
        account = Account(
            keys={"main": "active"} | {state: state for _, state in _of_kind(provider, "key")},
            senders=dict.fromkeys(_SENDERS.values(), "active") | _states(provider, "sender", values),
            recipients=dict.fromkeys(_RECIPIENTS.values(), "deliverable") | causes,
            texts=_states(provider, "text", values),
            media_urls=frozenset(_states(provider, "media", values)),
            default_sender=_SENDERS["sender"] if provider.has_default_sender else None,
        )
        return cls(provider=provider, account=account, values=values)

    def request(self, case: Case) -> Request:
        """Return the request that a case makes of this account."""
        in_form = self.provider.body_format is BodyFormat.FORM
        path = re.sub(r"\{[^{}]*\}", "AC", self.provider.path) + (f"?{case.query}" if case.query else "")
        body = wire_body(
            self.provider,
            substitute(case.body, self.values.__getitem__, in_form=in_form),
        )
        return Request(method=case.method, path=path, headers=case.headers, body=body)

    def credential(self, case: Case) -> Credential:
        """Return what a case presents, as an exchange would have it."""
        header = self.provider.credential_header
        if case.presents in _CARRIERS:
            return Credential(key=case.key, carrier=_CARRIERS[case.presents](header))
        if case.presents == "exact":
            return Credential(key=case.key, carrier=header)
        wrong = "wrong_secret" if self.provider.credential_scheme == "basic" else "unknown"
        fault = wrong if case.presents in _WRONG else _FAULTS.get(case.presents, case.presents)
        return Credential(fault=fault, carrier=header)


_CARRIERS: Mapping[str, Callable[[str], str]] = {"carrier_lower": str.lower, "carrier_upper": str.upper}
_WRONG = ("changed_first", "changed_middle", "changed_last", "cut_front", "other_mark")
_FAULTS: Mapping[str, str] = {
    **dict.fromkeys(("id_changed_first", "id_changed_middle", "id_changed_last", "id_cut_front"), "unknown_id"),
    "query": "elsewhere",
    "bearer": "elsewhere",
    "query_wrong": "elsewhere_wrong",
    "bearer_wrong": "elsewhere_wrong",
    "space_before": "white_space",
    "space_after": "white_space",
    "id_space_before": "id_white_space",
    "id_space_after": "id_white_space",
    "other_secret": "wrong_secret",
    "extended_colon": "extended",
}


def _of_kind(provider: Provider, kind: str) -> list[tuple[Fixture, str]]:
    return [(item, item.state) for item in provider.fixtures.values() if item.kind == kind and item.state]


def _states(provider: Provider, kind: str, values: Mapping[str, str]) -> dict[str, str]:
    return {values[f"fixture.{item.name}"]: state for item, state in _of_kind(provider, kind)}


def _values(provider: Provider) -> Iterator[tuple[str, str]]:
    yield "nonce", _NONCE
    for name, number in _NUMBERS.items():
        yield from _spellings(name, number)
    numbers = (_FIXTURE_NUMBER.format(line) for line in range(100, 200))
    for fixture in provider.fixtures.values():
        name = f"fixture.{fixture.name}"
        if fixture.kind == "media":
            yield name, _MEDIA
        elif fixture.kind == "text":
            yield name, f"The text of the specimen's {fixture.name}."
        elif fixture.kind == "sender":
            yield from _spellings(name, next(numbers))
        for cause in fixture.causes:
            yield from _spellings(f"{name}.{cause}", next(numbers))


def _spellings(name: str, number: str) -> Iterator[tuple[str, str]]:
    yield name, number
    for spelling in (*SPELLINGS, "digits"):
        yield f"{name}.{spelling}", spelled(number, spelling)


# A token, or a text with so many digits that some service may take it for a number.
_RECIPIENT = re.compile(rb'@\{recipient|@\{fixture|"[^"]*?(?:[0-9][^"0-9]{0,4}){7}')


def read_case(contract: Contract, reference: ReferenceAccount, case: Case) -> Case:
    """Return a case with what it breaks, what it can exercise and what it expects."""
    reading = read_request(contract, reference.account, reference.request(case), reference.credential(case))
    breaks = _clauses(reason for reason in reading.reasons if reason.level != "open")
    doubts = _clauses(reason for reason in reading.reasons if reason.level == "open")
    cause = None if breaks else reference.account.recipients.get(reading.recipient or "")
    follows = (*_explained(contract, (*breaks, *doubts)), *_named(contract, cause), *_of_methods(contract, case))
    expects = _expects(reading)
    return replace(
        case,
        expects=expects,
        may_be_accepted=expects == "accept" or (expects == "either" and _RECIPIENT.search(case.body) is not None),
        breaks=breaks,
        doubts=doubts,
        clauses=tuple(dict.fromkeys((*breaks, *doubts, *reading.features, *follows))),
    )


def _clauses(reasons: Iterable[Reason]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason.clause for reason in reasons))


def _expects(reading: RequestAnalysis) -> str:
    if any(reason.level == "required" for reason in reading.reasons):
        return "refuse"
    return "either" if reading.reasons or not reading.is_operation else "accept"


def _explained(contract: Contract, reasons: tuple[str, ...]) -> Iterator[str]:
    """Yield the clauses that say how exactly a reason is refused, if it is the only one."""
    for clause in contract.clauses.values():
        if len(reasons) == 1 and reasons[0] in clause.params.get("reasons", ()):
            yield clause.id


def _of_methods(contract: Contract, case: Case) -> Iterator[str]:
    """Yield the clauses of other methods, if the case uses one."""
    for check in ("method_status", "method_allow") if case.method != contract.provider.method else ():
        yield from (clause.id for clause in contract.with_check(check))


def _named(contract: Contract, cause: str | None) -> tuple[str, ...]:
    """Return the clauses of one cause of failing delivery."""
    return tuple(item.id for item in contract.clauses.values() if cause and item.params.get("cause") == cause)
