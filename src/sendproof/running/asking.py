"""What the suites ask of a target, and a conversation that asks it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from sendproof.contract.model import Contract
from sendproof.conversation.conversation import Conversation, Evidence
from sendproof.conversation.plan import Plan, make_plan
from sendproof.conversation.scenarios import clauses_of_scenarios
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import Circumstances
from sendproof.running.place import Place
from sendproof.target.budget import Allowance
from sendproof.target.door import Door
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile

Tell = Callable[[int, int, str], None]
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the suites ask: families of cases and scenarios, for the selected clauses (None: all)."""

    families: frozenset[str]
    scenarios: frozenset[str]
    selected: frozenset[str] | None


def asking_of(suites: Iterable[ModuleType], *, selected: frozenset[str] | None) -> Asking:
    """Return what suite files ask together."""
    given = tuple(suites)
    return Asking(
        families=frozenset(family for module in given for family in getattr(module, "FAMILIES", ())),
        scenarios=frozenset(name for module in given for name in getattr(module, "SCENARIOS", ())),
        selected=selected,
    )


def plan_of(contract: Contract, cases: Iterable[Case], asking: Asking) -> Plan:
    """Choose of the corpus what is asked for."""
    return make_plan(
        contract,
        cases,
        families=asking.families,
        scenarios=asking.scenarios,
        selected=asking.selected,
        clauses_of_scenarios=clauses_of_scenarios(contract),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation with the door it goes through."""

    conversation: Conversation
    door: Door
    profile: Profile

    @property
    def evidence(self) -> Evidence:
        """What was gathered so far."""
        return self.conversation.evidence

    def circumstances(self, contract: Contract, plan: Plan) -> Circumstances:
        """Return why clauses may not have been asked."""
        return Circumstances(
            no_fixture=locked_clauses(self.profile, contract),
            selected=plan.selected,
            budget_spent=self.evidence.budget_spent is not None,
            stopped=self.evidence.stopped,
            planned=plan.planned,
        )


@contextmanager
def conversing(
    here: Place,
    contract: Contract,
    plan: Plan,
    *,
    tell: Tell,
    keep: Callable[[Exchange], None],
    enough: Callable[[Sequence[Exchange]], bool] | None = None,
) -> Iterator[Talk]:
    """Provide a conversation with a target, not yet held, for as long as its door is open."""
    allowance = Allowance(here.profile.budget)
    pacing = Pacing(here.profile.budget.requests_per_second, here.clock)
    with Door(here.profile, here.provider, here.clock, allowance, pacing) as door:
        conversation = Conversation(
            contract, here.profile, door, plan, clock=here.clock, token=_token, tell=tell, keep=keep, enough=enough
        )
        yield Talk(conversation=conversation, door=door, profile=here.profile)


def _token() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(24))


def locked_clauses(profile: Profile, contract: Contract) -> frozenset[str]:
    """Return the clauses for which the profile lacks a fixture."""
    missing = profile.missing_fixtures(contract.provider)
    locked = {
        clause
        for name in missing
        if name in contract.provider.fixtures
        for clause in contract.provider.fixtures[name].unlocks
    }
    causes = {name.partition(".")[2] for name in missing if "." in name}
    locked |= {clause.id for clause in contract.with_check("delivery_cause") if clause.params["cause"] in causes}
    return frozenset(locked)
