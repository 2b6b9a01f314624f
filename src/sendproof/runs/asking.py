"""What the suites ask of a target, and a conversation that asks it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType, ModuleType

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.conversation.asker import ShowProgress
from sendproof.conversation.conversation import Conversation
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import Plan, few_cases, make_plan
from sendproof.conversation.scenarios import clauses_of_scenarios
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import RunFacts
from sendproof.runs.run_target import RunTarget
from sendproof.target.budget import Allowance, TimeLimit
from sendproof.target.client import Client
from sendproof.target.ledger import Ledger, Spent
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.scrubbing import documented

# One cause cannot be told from another.
_SEVERAL = 2
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the suites ask: families of cases and scenarios, for the selected clauses (None: all).

    With `few`, by a few cases for each clause and by those that `cases` names.
    """

    families: frozenset[str]
    scenarios: frozenset[str]
    selected: frozenset[str] | None
    few: bool = False
    cases: frozenset[str] = frozenset()


def asking_of(
    suites: Iterable[ModuleType], *, selected: frozenset[str] | None, few: bool = False, cases: Iterable[str] = ()
) -> Asking:
    """Return what suite files ask together."""
    given = tuple(suites)
    return Asking(
        families=frozenset(family for module in given for family in getattr(module, "FAMILIES", ())),
        scenarios=frozenset(name for module in given for name in getattr(module, "SCENARIOS", ())),
        selected=selected,
        few=few,
        cases=frozenset(cases),
    )


def plan_of(contract: Contract, cases: Iterable[Case], asking: Asking) -> Plan:
    """Choose of the corpus what is asked for."""
    if asking.few and asking.selected is not None:
        cases = few_cases(cases, asking.selected, asking.cases)
        asking = replace(asking, families=asking.families | {case.family for case in cases})
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
    """A conversation with the client that sends for it."""

    conversation: Conversation
    client: Client
    profile: Profile

    @property
    def evidence(self) -> Evidence:
        """What was gathered so far."""
        return self.conversation.evidence

    @property
    def account(self) -> Account:
        """Return what the profile says of the account, as it stands in the evidence."""
        return Pseudonyms(self.profile).account(self.profile.account())

    def circumstances(self, contract: Contract, plan: Plan) -> RunFacts:
        """Return why clauses may not have been asked."""
        return RunFacts(
            no_fixture=frozenset(locked_clauses(self.profile, contract)),
            selected=plan.selected,
            for_budget=frozenset(self.evidence.for_budget),
            too_dear=MappingProxyType(dict(self.evidence.too_dear)),
            stopped=self.evidence.stopped,
            planned=plan.planned,
        )


@contextmanager
def conversing(
    here: RunTarget,
    contract: Contract,
    plan: Plan,
    *,
    show_progress: ShowProgress,
    keep: Callable[[Exchange], None],
    enough: Callable[[Sequence[Exchange]], bool] | None = None,
) -> Iterator[Talk]:
    """Provide a conversation with a target, not yet held, for as long as its client is open."""
    with Ledger(here.ledger, account=here.account, kept=here.keeps_ledger) as ledger:
        profile = as_left(here.profile, ledger.found)
        allowance = Allowance(profile.budget, ledger)
        pacing = Pacing(profile.budget.requests_per_second, here.clock, ledger)
        limit = TimeLimit(profile.budget.max_duration_s)
        public = documented(contract)
        with Client(profile, here.provider, here.clock, allowance, pacing, time_limit=limit, public=public) as client:
            conversation = Conversation(
                contract,
                profile,
                client,
                plan,
                clock=here.clock,
                time_limit=limit,
                token=token,
                show_progress=show_progress,
                keep=keep,
                enough=enough,
            )
            yield Talk(conversation=conversation, client=client, profile=profile)


def as_left(profile: Profile, found: Spent) -> Profile:
    """Return a profile as other runs have left the account: what a balance is by then, nobody knows."""
    return replace(profile, balances=MappingProxyType({})) if found.requests else profile


def token() -> str:
    """Return 24 letters and digits, unlike in every call."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(24))


def locked_clauses(profile: Profile, contract: Contract) -> Mapping[str, str]:
    """Return the clauses for which the profile lacks a fixture, each with the fixture that it lacks."""
    missing = profile.missing_fixtures(contract.provider)
    fixtures = contract.provider.fixtures
    # Any of the fixtures that unlock a clause is enough.
    open_ = {clause for name, fixture in fixtures.items() if name not in missing for clause in fixture.unlocks}
    locked = {
        clause: name for name in missing if name in fixtures for clause in fixtures[name].unlocks if clause not in open_
    }
    causes = {name.partition(".")[2]: name for name in missing if "." in name}
    for clause in contract.with_check("delivery_cause"):
        if clause.params["cause"] in causes:
            locked[clause.id] = causes[clause.params["cause"]]
    for clause in contract.with_check("causes_differ") if len(profile.failing_recipients) < _SEVERAL else ():
        locked[clause.id] = next(name for name, fixture in fixtures.items() if fixture.kind == "recipients")
    return MappingProxyType(locked)
