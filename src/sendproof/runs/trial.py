"""One trial of a selftest: the suites against one mock, in this process, and the verdicts.

A `Subject` is what is tried: the faultless mock, one of its faults, one of its permitted variants.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract, load_contract, load_provider
from sendproof.conversation.plan import Plan
from sendproof.corpus.build import load_corpus
from sendproof.errors import UsageError
from sendproof.exchange import Exchange
from sendproof.judge.history import judge
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_EXERCISED,
    ReasonCode,
    RunFacts,
    Verdict,
    verdicts,
)
from sendproof.mock.accounts import PROVIDERS, Provider
from sendproof.mock.faults import FAULTS
from sendproof.mock.faults.fault_model import Change
from sendproof.mock.server import MockServer
from sendproof.mock.variants import VARIANTS
from sendproof.reports.run_view import is_missing
from sendproof.runs.asking import UNBOUNDED, Providers, RunTarget, asking_of, open_conversation, plan_of
from sendproof.runs.suite import load_suites
from sendproof.target.pacing import MovedClock
from sendproof.target.profile import Budget
from sendproof.target.profile_loader import parse_profile
from sendproof.target.pseudonyms import Pseudonyms

FAULTLESS, FAULT, VARIANT = "faultless", "fault", "variant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One mock to be tried.

    `why` says how a fault happens, or by what a variant is permitted; `clauses` are those
    that must fail, and no others.
    """

    provider: Provider
    kind: str
    name: str
    summary: str
    why: str = ""
    clauses: tuple[str, ...] = ()

    @property
    def fault(self) -> str | None:
        """The name of the fault, if it is one."""
        return self.name if self.kind == FAULT else None

    @property
    def variant(self) -> str | None:
        """The name of the variant, if it is one."""
        return self.name if self.kind == VARIANT else None


def subjects(providers: Iterable[str] = ()) -> tuple[Subject, ...]:
    """Return what is tried for each provider (none named: all); raise UsageError for one without a mock."""
    wanted = tuple(providers)
    for name in wanted:
        if name not in PROVIDERS:
            raise UsageError(f"selftest: expected one of {', '.join(PROVIDERS)}, got {name!r}. Name one with a mock.")
    return tuple(item for known in PROVIDERS if not wanted or known in wanted for item in _of(known))


def _of(provider: Provider) -> Iterator[Subject]:
    yield Subject(provider=provider, kind=FAULTLESS, name=FAULTLESS, summary="The mock as the documents have it.")
    for fault in FAULTS[provider]:
        yield Subject(
            provider=provider,
            kind=FAULT,
            name=fault.name,
            summary=fault.summary,
            why=fault.origin,
            clauses=fault.clauses,
        )
    for variant in VARIANTS[provider]:
        yield Subject(
            provider=provider, kind=VARIANT, name=variant.name, summary=variant.summary, why=variant.permission
        )


def chosen(given: Iterable[Subject], *, only: Collection[str], sample: int | None, seed: int) -> tuple[Subject, ...]:
    """Return those that are named (none: all), and of those so many drawn by the seed, the faultless always.

    Raises UsageError for a name that nothing has.
    """
    known = tuple(given)
    unknown = set(only) - {item.name for item in known}
    if unknown:
        raise UsageError(
            f"selftest: expected a fault or a variant, got {min(unknown)!r}. See: sendproof mock PROVIDER --list"
        )
    wanted = [item for item in known if not only or item.name in only]
    others = [item for item in wanted if item.kind != FAULTLESS]
    count = len(others) if sample is None else min(sample, len(others))
    drawn = random.Random(seed).sample(others, count)  # noqa: S311 - a sample, no secret
    return tuple(item for item in wanted if item.kind == FAULTLESS or item in drawn)


_LIVE = Budget()
# Nearly all faults are reported after so many exchanges.
_LOOKS = (120,)
# A mock needs no pacing: the budget of a live run is that of its requests and messages.
LIVE_BUDGET: Mapping[str, float] = {
    "max_requests": _LIVE.max_requests,
    "max_accepted": _LIVE.max_accepted,
    "requests_per_second": 10_000.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What was gathered of one subject: enough to judge it again."""

    subject: Subject
    account: Account
    circumstances: RunFacts
    exchanges: tuple[Exchange, ...]
    accepted: int
    environment_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A clause that failed, with what was expected and seen."""

    clause: str
    level: str
    expected: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the suites said of one subject.

    `undecided` are the clauses left inconclusive, those that only followed from a failure aside; `missing` those
    for which a run would end with exit 10;
    `unproved` those that were neither kept nor observed nor broken, though they apply.
    """

    subject: Subject
    failures: tuple[Failure, ...]
    dependent: tuple[str, ...]
    undecided: tuple[str, ...]
    missing: tuple[str, ...]
    unproved: tuple[str, ...]
    stopped: str | None
    requests: int
    accepted: int
    seconds: float


def tried(
    subject: Subject,
    seed: int,
    max_examples: int,
    *,
    thorough: bool = True,
    budget: Mapping[str, float] | None = None,
) -> Trial:
    """Try one subject: a fault within a budget, that of a live run, a variant with the whole corpus.

    If not `thorough`, a fault is asked no more once it is reported as it should be.
    """
    began = time.perf_counter()
    recording = recorded(subject, seed, max_examples, thorough=thorough, budget=budget)
    found = judged(load_contract_once(subject.provider), recording)
    return Trial(
        subject=subject,
        failures=tuple(
            Failure(
                clause=item.clause.id,
                level=item.clause.level,
                expected=item.expected or "",
                observed=item.observed or "",
            )
            for item in found
            if item.verdict == FAIL
        ),
        dependent=_inconclusive(found, dependent=True),
        undecided=_inconclusive(found, dependent=False),
        missing=tuple(item.clause.id for item in found if is_missing(item)),
        unproved=unproved(found),
        stopped=recording.environment_error or recording.circumstances.stopped,
        requests=len(recording.exchanges),
        accepted=recording.accepted,
        seconds=time.perf_counter() - began,
    )


def _inconclusive(found: tuple[Verdict, ...], *, dependent: bool) -> tuple[str, ...]:
    return tuple(
        item.clause.id
        for item in found
        if item.verdict == INCONCLUSIVE and (item.reason == ReasonCode.DEPENDENCY) is dependent and item.clause.gates
    )


def unproved(found: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the clauses that apply, and of which nothing was shown."""
    return tuple(item.clause.id for item in found if item.verdict in (INCONCLUSIVE, NOT_EXERCISED, ERROR))


def judged(contract: Contract, recording: Recording) -> tuple[Verdict, ...]:
    """Judge a recording by a contract, which may be another than it was asked by."""
    exchanges = () if recording.environment_error else recording.exchanges
    return verdicts(contract, judge(contract, recording.account, exchanges), recording.circumstances)


def recorded(
    subject: Subject,
    seed: int,
    max_examples: int,
    *,
    thorough: bool = True,
    budget: Mapping[str, float] | None = None,
    change: Change[Any] | None = None,
    looks: Collection[int] = _LOOKS,
    limit_per_minute: int = 5,
    metered_balance: int = 14,
) -> Recording:
    """Ask one subject, in full or, if not `thorough`, until a fault is reported as it should be.

    Whether it is, is looked at after so many exchanges as `looks` has. `change` is one more change of the mock's rules;
    it has the given limit and balance. Without a `budget` a fault is asked within
    that of a live run, all else with the whole corpus.
    """
    budget = budget or (LIVE_BUDGET if subject.kind == FAULT else UNBOUNDED)
    contract = load_contract_once(subject.provider)
    plan = plan_once(subject.provider, seed, max_examples)
    with MockServer(
        subject.provider,
        fault=subject.fault,
        variant=subject.variant,
        change=change,
        limit_per_minute=limit_per_minute,
        metered_balance=metered_balance,
    ) as mock:
        data: dict[str, Any] = {**mock.profile(), "budget": budget}
        profile = parse_profile(data, where=subject.name, name=subject.name, providers=Providers(), environ={})
        account = Pseudonyms(profile).account(profile.account())
        clock = MovedClock(mock.advance)
        here = RunTarget(profile=profile, provider=load_provider(subject.provider), clock=clock, kind="mock")

        def enough(exchanges: Sequence[Exchange]) -> bool:
            return len(exchanges) in looks and _is_reported(subject, contract, account, exchanges)

        early = None if thorough or subject.kind != FAULT else enough
        with open_conversation(here, contract, plan, show_progress=_nothing, keep=_nothing, enough=early) as opened:
            opened.conversation.hold()
        return Recording(
            subject=subject,
            account=account,
            circumstances=opened.circumstances(contract, plan),
            exchanges=tuple(opened.evidence.exchanges),
            accepted=opened.client.traffic.accepted,
            environment_error=opened.evidence.environment_error,
        )


def _is_reported(subject: Subject, contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> bool:
    found = verdicts(contract, judge(contract, account, exchanges), RunFacts())
    return {item.clause.id for item in found if item.verdict == FAIL} == set(subject.clauses)


def _nothing(*given: object, **more: object) -> None:
    """Show and keep nothing."""


@cache
def load_contract_once(provider: str) -> Contract:
    """Return the contract of a provider, read once in a process."""
    return load_contract(provider)


@cache
def plan_once(provider: str, seed: int, max_examples: int) -> Plan:
    """Return what all suites ask of a provider, made once in a process."""
    contract = load_contract_once(provider)
    corpus = load_corpus(contract, seed=seed, max_examples=max_examples)
    return plan_of(contract, corpus.cases, asking_of(load_suites(), selected=None))
