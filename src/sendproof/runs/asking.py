"""The target of a run, what the suites ask of it, and the conversation that asks it.

A target is a live one from its profile, or an embedded mock.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypedDict

from sendproof.account import Account
from sendproof.contract.model import Contract, load_provider, provider_names
from sendproof.contract.provider import Provider
from sendproof.conversation.asker import ShowProgress
from sendproof.conversation.conversation import Conversation
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import Plan, few_cases, make_plan
from sendproof.conversation.scenarios import clauses_of_scenarios
from sendproof.corpus.case import Case
from sendproof.errors import UsageError
from sendproof.exchange import Exchange
from sendproof.folders import state_folder
from sendproof.judge.verdicts import RunFacts
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.server import MockProcess
from sendproof.runs.options import EFFORTS, Options
from sendproof.target.budget import Allowance, Ledger, Spent, TimeLimit
from sendproof.target.client import Client
from sendproof.target.pacing import MovedClock, Pacing, RunClock, WallClock
from sendproof.target.profile import Budget, Profile
from sendproof.target.profile_loader import load_profile, parse_profile
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.redaction import documented

# An embedded mock costs nothing: its run is bounded by the corpus alone.
UNBOUNDED = {"max_requests": 1_000_000, "max_accepted": 1_000_000, "requests_per_second": 10_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTarget:
    """A target that can be asked: its profile, its provider, its clock, and the page of a ledger.

    Without a `ledger` what is spent is forgotten with the run. One that the user names is kept.
    """

    profile: Profile
    provider: Provider
    clock: RunClock
    kind: str
    ledger: Path | None = None
    account: str = ""
    keeps_ledger: bool = False


class Providers(Mapping[str, Provider]):
    """The facts of every provider that has a pack, each read when it is looked up: a broken one breaks no other."""

    def __getitem__(self, name: str) -> Provider:
        if name not in provider_names():
            raise KeyError(name)
        return load_provider(name)

    def __iter__(self) -> Iterator[str]:
        return iter(provider_names())

    def __len__(self) -> int:
        return len(provider_names())


def read_target(path: Path, *, with_secrets: bool = True) -> Profile:
    """Read a target profile with the environment of this process."""
    return load_profile(path, Providers(), os.environ, with_secrets=with_secrets)


def target_of(options: Options, *, with_secrets: bool = True) -> Profile:
    """Return the profile of a live target, with the budget that the effort leaves it."""
    assert options.target is not None, "a live target has a profile"
    profile = read_target(options.target, with_secrets=with_secrets)
    return replace(profile, budget=bounded(options, profile.budget))


def bounded(options: Options, budget: Budget) -> Budget:
    """Return what a run may spend: the profile's word is kept, and its default in a standard run."""
    return EFFORTS[options.effort].applied(budget) if options.effort != "standard" else budget


class LedgerPage(TypedDict):
    """Where a run's spending is written down."""

    ledger: Path
    account: str
    keeps_ledger: bool


def ledger_of(options: Options, profile: Profile) -> LedgerPage:
    """Return the page of a ledger: of the named one, which is kept, or of this machine's."""
    assert options.target is not None, "a live target has a profile"
    if options.ledger is not None:
        return {"ledger": options.ledger, "account": "", "keeps_ledger": True}
    return {
        "ledger": state_folder() / "ledger.sqlite3",
        "account": _account(options.target, profile),
        "keeps_ledger": False,
    }


def _account(target: Path, profile: Profile) -> str:
    """Return what stands for a profile in the ledger of this machine; it reveals nothing of it."""
    return hashlib.sha256(os.fsencode(target.resolve()) + f"\n{profile.base_url}".encode()).hexdigest()[:16]


@contextmanager
def open_target(options: Options) -> Iterator[RunTarget]:
    """Provide the target of a run for as long as it is asked."""
    if options.target is not None:
        profile = target_of(options)
        yield RunTarget(
            profile=profile,
            provider=load_provider(profile.provider),
            clock=WallClock(),
            kind="live",
            **ledger_of(options, profile),
        )
        return
    if options.provider is None:
        raise UsageError("run: expected --provider or --target, got neither. Name one of them.")
    provider = load_provider(options.provider)
    known = next((name for name in PROVIDERS if name == provider.name), None)
    if known is None:
        raise UsageError(f"run: {provider.name} has no embedded mock. Give a --target profile.")
    with MockProcess(known) as mock:
        data: dict[str, Any] = {**mock.profile(), "budget": UNBOUNDED}
        profile = parse_profile(data, where=f"mock of {known}", name=known, providers=Providers(), environ={})
        profile = replace(profile, budget=bounded(options, profile.budget))
        yield RunTarget(profile=profile, provider=provider, clock=MovedClock(mock.advance), kind="mock")


# With one number there is no other cause to compare with.
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
class OpenConversation:
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
def open_conversation(
    here: RunTarget,
    contract: Contract,
    plan: Plan,
    *,
    show_progress: ShowProgress,
    keep: Callable[[Exchange], None],
    enough: Callable[[Sequence[Exchange]], bool] | None = None,
) -> Iterator[OpenConversation]:
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
            yield OpenConversation(conversation=conversation, client=client, profile=profile)


def as_left(profile: Profile, found: Spent) -> Profile:
    """Return a profile as other runs have left the account: what a balance is by then is unknown."""
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
