"""Asks a server of these folders as a run would, in this process, and tells which clauses fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sendproof.contract.model import load_provider
from sendproof.exchange import Exchange
from sendproof.judge.history import judge
from sendproof.judge.verdicts import FAIL, INCONCLUSIVE, RunFacts, Verdict, verdicts
from sendproof.runs.asking import UNBOUNDED, Providers, RunTarget, open_conversation
from sendproof.runs.trial import LIVE_BUDGET, load_contract_once, plan_once
from sendproof.target.pacing import WallClock
from sendproof.target.profile_loader import parse_profile
from sendproof.target.pseudonyms import Pseudonyms

Serve = Callable[[str, str | None], AbstractContextManager[str]]
Profile = Callable[[str, str], Mapping[str, object]]
# The looks at what was gathered so far, by the number of exchanges.
_LOOKS = (60, 120, 200)


def judged_reading(
    serve: Serve, profile: Profile, provider: str, fault: str | None = None, expected: Sequence[str] = ()
) -> tuple[Verdict, ...]:
    """Return the verdicts of a server: if faulty, asked within a live run's budget, until just `expected` fail."""
    contract, plan = load_contract_once(provider), plan_once(provider, 0, 100)
    with serve(provider, fault) as base_url:
        data: dict[str, Any] = dict(profile(provider, base_url))
        data["budget"] = {**(LIVE_BUDGET if fault else UNBOUNDED), "retry_after_s": 1.0}
        target = parse_profile(data, where="reading", name="reading", providers=Providers(), environ={})
        account = Pseudonyms(target).account(target.account())
        here = RunTarget(profile=target, provider=load_provider(provider), clock=WallClock(), kind="live")

        def enough(exchanges: Sequence[Exchange]) -> bool:
            if not fault or len(exchanges) not in _LOOKS:
                return False
            found = verdicts(contract, judge(contract, account, exchanges), RunFacts())
            return with_verdict(found, FAIL, levels=("required",)) == set(expected)

        with open_conversation(here, contract, plan, show_progress=_nothing, keep=_nothing, enough=enough) as talk:
            talk.conversation.hold()
        assert talk.evidence.environment_error is None, talk.evidence.environment_error
        found = judge(contract, account, talk.evidence.exchanges)
        return verdicts(contract, found, talk.circumstances(contract, plan))


def with_verdict(
    found: Sequence[Verdict], *wanted: str, levels: Sequence[str] = ("required", "recommended")
) -> set[str]:
    """Return the clauses of these levels that have one of the wanted verdicts."""
    return {item.clause.id for item in found if item.verdict in wanted and item.clause.level in levels}


def alarms(found: Sequence[Verdict]) -> set[str]:
    """Return the required clauses that fail, or that were asked and not decided."""
    return with_verdict(found, FAIL, INCONCLUSIVE, levels=("required",))


def _nothing(*told: object, **more: object) -> None:
    """Take what nobody looks at."""
