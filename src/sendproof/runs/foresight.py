"""What a run will leave open, said before it: the rehearsal is judged, and near values are tried in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from sendproof.contract.model import Contract
from sendproof.conversation.conversation import Evidence
from sendproof.conversation.plan import CONTROLS, Plan
from sendproof.conversation.scenarios import CREDITS, RATE_LIMITS, clauses_of_scenarios
from sendproof.judge.history import judge
from sendproof.judge.verdicts import ReasonCode, RunFacts, verdicts
from sendproof.runs.asking import locked_clauses
from sendproof.runs.dry_runs import hold_dry_run
from sendproof.target.ledger import Spent
from sendproof.target.profile import Profile

# So many values on either side of the profile's, and the small ones that are affordable anywhere, are tried.
_NEAR, _SMALL = 4, 40
_NOTHING_SPENT = Spent(requests=0, messages=0, credits=0)


def foreseen(contract: Contract, profile: Profile, plan: Plan, evidence: Evidence) -> Mapping[str, str]:
    """Return the clauses that a balance or a limit of the profile cannot tell from broken ones, each with why.

    A service that keeps every promise is judged by what it would answer: what that leaves open, the run will.
    """
    circumstances = RunFacts(
        planned=plan.planned,
        selected=plan.selected,
        too_dear=MappingProxyType(dict(evidence.too_dear)),
        no_fixture=frozenset(locked_clauses(profile, contract)),
    )
    told = verdicts(contract, judge(contract, profile.account(), evidence.exchanges), circumstances)
    of_fixtures = {clause for name, clauses in clauses_of_scenarios(contract) if name in _OTHERS for clause in clauses}
    return MappingProxyType(
        {
            item.clause.id: item.detail or ""
            for item in told
            if item.reason == ReasonCode.NOT_DISTINGUISHED and item.clause.id in of_fixtures
        }
    )


def advice(
    contract: Contract, profile: Profile, plan: Plan, evidence: Evidence, left_open: Iterable[str]
) -> tuple[str, ...]:
    """Return which values near those of the profile would leave less open, a sentence each."""
    known, scenarios = set(left_open), dict(clauses_of_scenarios(contract))
    told = []
    for name, others in _OTHERS.items():
        if name not in plan.scenarios or not (clauses := known & scenarios[name]):
            continue
        controls = tuple(case for case in plan.cases if case.family == CONTROLS)
        small = replace(plan, cases=controls, scenarios=(name,))
        for said, other in others(profile):
            rehearsed = hold_dry_run(contract, other, small, _NOTHING_SPENT, share=evidence.share)
            if not clauses.intersection(foreseen(contract, other, small, rehearsed.evidence)):
                told.append(f"{said} would tell {', '.join(sorted(clauses))}")
                break
    return tuple(told)


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
