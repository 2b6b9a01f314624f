"""The plan of a run: the conversation rehearsed, so that what it will do is known before it does anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from sendproof.contract.model import Contract, load_contract
from sendproof.conversation.dry_run import DryRequest
from sendproof.conversation.plan import Plan
from sendproof.corpus.build import load_corpus
from sendproof.reports.forecast import FixtureCost, Forecast, Reach
from sendproof.runs.asking import Asking, as_left, asking_of, locked_clauses, plan_of
from sendproof.runs.dry_runs import DryRunOutcome, hold_dry_run
from sendproof.runs.foresight import advice, foreseen
from sendproof.runs.options import Options
from sendproof.runs.run_target import ledger_of, target_of
from sendproof.runs.suites import suites
from sendproof.target.address import is_loopback_url
from sendproof.target.ledger import Ledger, Spent
from sendproof.target.profile import Profile


def forecast(options: Options) -> Forecast:
    """Rehearse the run that `options` would make of a live target. Nothing is sent."""
    given = target_of(options)
    contract = load_contract(given.provider)
    page = ledger_of(options, given)
    with Ledger(page["ledger"], account=page["account"], kept=page["keeps_ledger"]) as ledger:
        found = ledger.found
    profile = as_left(given, found)
    corpus = load_corpus(contract, seed=options.seed, max_examples=options.max_examples)
    plan = plan_of(contract, corpus.cases, _asking(contract, options))
    rehearsed = hold_dry_run(contract, profile, plan, found)
    undistinguished = foreseen(contract, profile, plan, rehearsed.evidence)
    advised = advice(contract, profile, plan, rehearsed.evidence, undistinguished)
    return replace(
        _forecast(contract, profile, plan, found, rehearsed), undistinguished=undistinguished, advice=advised
    )


def _asking(contract: Contract, options: Options) -> Asking:
    """Return what the suites ask for the chosen clauses."""
    clauses = [clause for clause in contract.clauses.values() if clause.level != "excluded"]
    chosen = {
        clause.id: clause.concern
        for clause in clauses
        if (not options.concerns or clause.concern in options.concerns)
        and (not options.clauses or clause.id in options.clauses)
    }
    modules = (module for module in suites() if module.CONCERN in chosen.values())
    selected = None if len(chosen) == len(clauses) else frozenset(chosen)
    return asking_of(modules, selected=selected, few=options.few, cases=options.cases)


def _forecast(
    contract: Contract,
    profile: Profile,
    plan: Plan,
    found: Spent,
    rehearsed: DryRunOutcome,
) -> Forecast:
    asked = rehearsed.asked
    accepted = [item for item in asked if item.is_accepted]
    messages = [item for item in accepted if item.is_message]
    opened = [item for item in asked if not item.is_accepted and item.case.may_be_accepted and _is_open(item)]
    locked = locked_clauses(profile, contract)
    return Forecast(
        provider=profile.provider,
        title=contract.provider.title,
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
        duration_s=rehearsed.duration_s,
        asked=tuple(asked),
        clauses=len(plan.planned),
        lacking=MappingProxyType(dict(sorted(locked.items()))),
        left_out=tuple(sorted(plan.planned - _reached(plan, asked) - set(locked))),
        stopped=rehearsed.evidence.environment_error,
        costs=_costs(asked),
    )


def _is_open(item: DryRequest) -> bool:
    return item.case.expects == "either"


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
