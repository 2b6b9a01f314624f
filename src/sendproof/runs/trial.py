"""One trial: the suites against one mock, in this process, and the verdicts."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract, load_contract, load_provider
from sendproof.conversation.plan import Plan
from sendproof.corpus.build import load_corpus
from sendproof.exchange import Exchange
from sendproof.judge.history import judge
from sendproof.judge.reasons import ReasonCode
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_EXERCISED,
    RunFacts,
    Verdict,
    verdicts,
)
from sendproof.mock.faults.model import Change
from sendproof.mock.server import MockServer
from sendproof.reports.run_view import is_missing
from sendproof.runs.asking import asking_of, conversing, plan_of
from sendproof.runs.run_target import UNBOUNDED, RunTarget, providers
from sendproof.runs.subject import FAULT, Subject
from sendproof.runs.suites import suites
from sendproof.target.clock import MovedClock
from sendproof.target.profile import Budget
from sendproof.target.profile_loader import parse_profile
from sendproof.target.pseudonyms import Pseudonyms

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
        profile = parse_profile(data, where=subject.name, name=subject.name, providers=providers(), environ={})
        account = Pseudonyms(profile).account(profile.account())
        clock = MovedClock(mock.advance)
        here = RunTarget(profile=profile, provider=load_provider(subject.provider), clock=clock, kind="mock")

        def enough(exchanges: Sequence[Exchange]) -> bool:
            return len(exchanges) in looks and _is_reported(subject, contract, account, exchanges)

        early = None if thorough or subject.kind != FAULT else enough
        with conversing(here, contract, plan, tell=_nothing, keep=_nothing, enough=early) as talk:
            talk.conversation.hold()
        return Recording(
            subject=subject,
            account=account,
            circumstances=talk.circumstances(contract, plan),
            exchanges=tuple(talk.evidence.exchanges),
            accepted=talk.client.traffic.accepted,
            environment_error=talk.evidence.environment_error,
        )


def _is_reported(subject: Subject, contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> bool:
    found = verdicts(contract, judge(contract, account, exchanges), RunFacts())
    return {item.clause.id for item in found if item.verdict == FAIL} == set(subject.clauses)


def _nothing(*told: object, **more: object) -> None:
    """Take what nobody looks at."""


@cache
def load_contract_once(provider: str) -> Contract:
    """Return the contract of a provider, read once in a process."""
    return load_contract(provider)


@cache
def plan_once(provider: str, seed: int, max_examples: int) -> Plan:
    """Return what all suites ask of a provider, made once in a process."""
    contract = load_contract_once(provider)
    corpus = load_corpus(contract, seed=seed, max_examples=max_examples)
    return plan_of(contract, corpus.cases, asking_of(suites(), selected=None))
