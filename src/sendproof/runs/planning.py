"""The plan of a run: the conversation held as a dry run, so that what it will do is known before it does anything.

A dry run asks a service that keeps every promise, and sends nothing. Its answers are judged: what they leave open, the
run will leave open, and values near those of the profile are tried in its place.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sendproof.contract.model import Contract, load_contract, load_provider
from sendproof.conversation.conversation import Conversation
from sendproof.conversation.dry_run import DryRequest, DryRun, DryRunClock
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import CONTROLS, Plan
from sendproof.conversation.scenarios import CREDITS, RATE_LIMITS, clauses_of_scenarios
from sendproof.corpus.build import load_corpus
from sendproof.judge.credits import codes_of_insufficient_credits
from sendproof.judge.history import judge
from sendproof.judge.verdicts import ReasonCode, RunFacts, verdicts
from sendproof.reports.forecast import FixtureCost, Forecast, Reach
from sendproof.runs.asking import Asking, as_left, asking_of, ledger_of, locked_clauses, plan_of, target_of, token
from sendproof.runs.options import Options
from sendproof.runs.suite import load_suites
from sendproof.target.address import is_loopback_url
from sendproof.target.budget import Allowance, Ledger, Spent
from sendproof.target.init import placeholders
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile

# So many values on either side of the profile's, and the small ones that are affordable anywhere, are tried.
_NEAR, _SMALL = 4, 40


def forecast(options: Options) -> Forecast:
    """Return what the run that `options` ask for would do with a live target. Nothing is sent."""
    given = target_of(options, with_secrets=False)
    contract = load_contract(given.provider)
    page = ledger_of(options, given)
    with Ledger(page["ledger"], account=page["account"], kept=page["keeps_ledger"]) as ledger:
        found = ledger.found
    profile = as_left(given, found)
    corpus = load_corpus(contract, seed=options.seed, max_examples=options.max_examples)
    plan = plan_of(contract, corpus.cases, _asking(contract, options))
    held = _hold_dry_run(contract, profile, plan, found)
    undistinguished = _left_open(contract, profile, plan, held.evidence)
    advised = _advice(contract, profile, plan, held.evidence, undistinguished)
    return replace(
        _forecast(contract, profile, plan, found, held),
        undistinguished=undistinguished,
        advice=(*_before_the_run(given), *advised),
    )


def _before_the_run(profile: Profile) -> Iterator[str]:
    """Yield what a run would refuse, and a plan does not need."""
    names = dict.fromkeys(secret.env for parts in profile.keys.values() for secret in parts if secret.env)
    if unset := [name for name in names if not os.environ.get(name)]:
        yield f"Before the run, export {', '.join(unset)}: it needs the credentials, and this plan does not."
    for name in placeholders(profile, load_provider(profile.provider)):
        yield f"Before the run, write your own numbers into {name}: those of `sendproof init` are placeholders."


def _asking(contract: Contract, options: Options) -> Asking:
    """Return what the suites ask for the chosen clauses."""
    clauses = [clause for clause in contract.clauses.values() if clause.level != "excluded"]
    chosen = {
        clause.id: clause.concern
        for clause in clauses
        if (not options.concerns or clause.concern in options.concerns)
        and (not options.clauses or clause.id in options.clauses)
    }
    modules = (module for module in load_suites() if module.CONCERN in chosen.values())
    selected = None if len(chosen) == len(clauses) else frozenset(chosen)
    return asking_of(modules, selected=selected, few=options.few, cases=options.cases)


def _forecast(
    contract: Contract,
    profile: Profile,
    plan: Plan,
    found: Spent,
    held: _DryRunOutcome,
) -> Forecast:
    asked = held.asked
    accepted = [item for item in asked if item.is_accepted]
    messages = [item for item in accepted if item.is_message]
    opened = [
        item for item in asked if item.case.expects == "either" and item.case.may_be_accepted and not item.is_accepted
    ]
    locked = locked_clauses(profile, contract)
    return Forecast(
        provider=profile.provider,
        title=contract.provider.title,
        standing=contract.provider.standing,
        name=profile.name,
        base_url=profile.base_url,
        is_local=is_loopback_url(profile.base_url),
        budget=profile.budget,
        found=found,
        requests=len(asked),
        accepted=len(accepted),
        messages=len(messages),
        could=len(opened),
        at_most=profile.budget.max_accepted - found.messages,
        credits=sum(item.price for item in messages) if contract.provider.prices else None,
        recipients=_recipients(messages, opened),
        longest_text=max((item.text_length for item in (*messages, *opened)), default=0),
        duration_s=held.duration_s,
        asked=tuple(asked),
        clauses=len(plan.planned),
        lacking=MappingProxyType(dict(sorted(locked.items()))),
        left_out=tuple(sorted(plan.planned - _reached(plan, asked) - set(locked))),
        stopped=held.evidence.environment_error,
        costs=_costs(asked),
    )


def _recipients(messages: Iterable[DryRequest], opened: Iterable[DryRequest]) -> tuple[Reach, ...]:
    should = Counter(number for item in messages for number in item.numbers)
    could = Counter(number for item in opened for number in item.numbers)
    return tuple(
        Reach(number=number, messages=should[number], could=could[number])
        for number in dict.fromkeys((*should, *could))
    )


def _costs(asked: Iterable[DryRequest]) -> tuple[FixtureCost, ...]:
    """Return what each fixture of the profile costs."""
    by_fixture: dict[str, list[DryRequest]] = {}
    for item in asked:
        for name in dict.fromkeys(need.partition(".")[0] for need in item.case.needs):
            by_fixture.setdefault(name, []).append(item)
    return tuple(
        FixtureCost(
            fixture=name,
            requests=len(items),
            messages=len(sent := [item for item in items if item.is_accepted and item.is_message]),
            segments=sum(item.segments for item in sent),
            credits=sum(item.price for item in sent),
        )
        for name, items in by_fixture.items()
    )


def _reached(plan: Plan, asked: Iterable[DryRequest]) -> frozenset[str]:
    """Return the clauses that what is asked may exercise: a scenario those that no single case does."""
    single = frozenset(clause for case in plan.cases for clause in case.clauses)
    return frozenset(clause for item in asked for clause in item.case.clauses) | (plan.planned - single)


def _left_open(contract: Contract, profile: Profile, plan: Plan, evidence: Evidence) -> Mapping[str, str]:
    """Return the clauses that a balance or a limit of the profile cannot distinguish from broken ones, each with why.

    A service that keeps every promise is judged by what it would answer: what that leaves open, the run will.
    """
    circumstances = RunFacts(
        planned=plan.planned,
        selected=plan.selected,
        too_dear=MappingProxyType(dict(evidence.too_dear)),
        no_fixture=frozenset(locked_clauses(profile, contract)),
    )
    found = verdicts(contract, judge(contract, profile.account(), evidence.exchanges), circumstances)
    of_fixtures = {clause for name, clauses in clauses_of_scenarios(contract) if name in _OTHERS for clause in clauses}
    return MappingProxyType(
        {
            item.clause.id: item.detail or ""
            for item in found
            if item.reason == ReasonCode.NOT_DISTINGUISHED and item.clause.id in of_fixtures
        }
    )


def _advice(
    contract: Contract, profile: Profile, plan: Plan, evidence: Evidence, left_open: Iterable[str]
) -> tuple[str, ...]:
    """Return which values near those of the profile would leave less open, a sentence each."""
    known, scenarios = set(left_open), dict(clauses_of_scenarios(contract))
    advised = []
    for name, others in _OTHERS.items():
        if name not in plan.scenarios or not (clauses := known & scenarios[name]):
            continue
        controls = tuple(case for case in plan.cases if case.family == CONTROLS)
        small = replace(plan, cases=controls, scenarios=(name,))
        for said, other in others(profile):
            held = _hold_dry_run(contract, other, small, Spent(), share=evidence.share)
            if not clauses.intersection(_left_open(contract, other, small, held.evidence)):
                advised.append(f"{said} would decide {', '.join(sorted(clauses))}")
                break
    return tuple(advised)


def _balances(profile: Profile) -> Iterator[tuple[str, Profile]]:
    for key, balance in profile.balances.items():
        for value in _others(balance):
            yield f"a balance of {value}", replace(profile, balances=MappingProxyType({key: value}))


def _limits(profile: Profile) -> Iterator[tuple[str, Profile]]:
    for key, limit in profile.rate_limits.items():
        for value in _others(limit.limit):
            changed = replace(limit, limit=value)
            yield f"a limit of {value}", replace(profile, rate_limits=MappingProxyType({key: changed}))


def _others(value: int) -> list[int]:
    """Return values to try in place of one, the nearest first."""
    tried = {*range(max(value - _NEAR, 1), value + _NEAR + 1), *range(1, _SMALL + 1)} - {value}
    return sorted(tried, key=lambda other: (abs(other - value), other))


_OTHERS = {CREDITS: _balances, RATE_LIMITS: _limits}


@dataclass(frozen=True, slots=True, kw_only=True)
class _DryRunOutcome:
    """What would be asked, what a service that keeps every promise would answer, and how long it would take."""

    asked: Sequence[DryRequest]
    evidence: Evidence
    duration_s: float


def _hold_dry_run(
    contract: Contract, profile: Profile, plan: Plan, found: Spent, *, share: int | None = None
) -> _DryRunOutcome:
    """Hold the conversation of a plan of a profile, of whose budget others have spent what was `found`.

    `share` is how many messages balances and limits may take; None: what the plan leaves them.
    """
    clock, budget = DryRunClock(), profile.budget
    left = replace(
        budget,
        max_requests=budget.max_requests - found.requests,
        max_accepted=budget.max_accepted - found.messages,
        max_credits=None if budget.max_credits is None else budget.max_credits - found.credits,
    )
    with Ledger() as ledger:
        pacing = Pacing(budget.requests_per_second, clock, ledger)
        dry_run = DryRun(
            profile,
            load_provider(profile.provider),
            clock,
            Allowance(left, ledger),
            pacing,
            short_code=next(iter(codes_of_insufficient_credits(contract)), None),
        )
        conversation = Conversation(
            contract,
            profile,
            dry_run,
            plan,
            clock=clock,
            token=token,
            show_progress=_nothing,
            keep=_nothing,
            share=share,
        )
        evidence = conversation.hold()
    return _DryRunOutcome(asked=dry_run.sent, evidence=evidence, duration_s=clock.at_s)


def _nothing(*given: object, **more: object) -> None:
    """Show and keep nothing."""
