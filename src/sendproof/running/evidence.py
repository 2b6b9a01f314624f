"""Evidence on disk: gathered by one process, read by all of a run."""

from __future__ import annotations

import dataclasses
import json
import secrets
import string
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract
from sendproof.conversation.conversation import Conversation
from sendproof.conversation.plan import make_plan
from sendproof.conversation.scenarios import clauses_of_scenarios
from sendproof.corpus.build import load_corpus
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import Circumstances
from sendproof.running.options import Options
from sendproof.running.place import Place, place
from sendproof.target.budget import Allowance
from sendproof.target.door import Door
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile, environment_names
from sendproof.target.store import append, load

Tell = Callable[[int, int, str], None]
_EXCHANGES, _ABOUT, _LOCK = "exchanges.jsonl", "about.json", "lock"
_HANDFUL = 50
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the suites ask: families of cases and scenarios, for the selected clauses (None: all)."""

    families: frozenset[str]
    scenarios: frozenset[str]
    selected: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a conversation gathered, with the facts that its judging needs."""

    about: Mapping[str, Any]
    account: Account
    circumstances: Circumstances
    exchanges: tuple[Exchange, ...]


def gather(options: Options, contract: Contract, asking: Asking, folder: Path, tell: Tell) -> Gathered:
    """Hold the conversation, or read it where another process of the run has held it."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        if not (folder / _ABOUT).exists():
            _hold(options, contract, asking, folder, tell)
    return read(folder)


def read(folder: Path) -> Gathered:
    """Read what a conversation has gathered so far."""
    about = json.loads((folder / _ABOUT).read_text("utf-8"))
    exchanges = load(folder / _EXCHANGES) if (folder / _EXCHANGES).exists() else []
    return Gathered(
        about=about,
        account=_to_account(about["account"]),
        circumstances=_to_circumstances(about["circumstances"]),
        exchanges=tuple(exchanges),
    )


def was_asked(folder: Path) -> bool:
    """Whether a conversation was held, or at least begun, in `folder`."""
    return (folder / _ABOUT).exists()


def _hold(options: Options, contract: Contract, asking: Asking, folder: Path, tell: Tell) -> None:
    corpus = load_corpus(contract, seed=options.seed, max_examples=options.max_examples)
    plan = make_plan(
        contract,
        corpus.cases,
        families=asking.families,
        scenarios=asking.scenarios,
        selected=asking.selected,
        clauses_of_scenarios=clauses_of_scenarios(contract),
    )
    with ExitStack() as stack:
        here = stack.enter_context(place(options))
        kept = _Kept(folder / _EXCHANGES)
        allowance = Allowance(here.profile.budget)
        pacing = Pacing(here.profile.budget.requests_per_second, here.clock)
        door = stack.enter_context(Door(here.profile, here.provider, here.clock, allowance, pacing))
        conversation = Conversation(
            contract,
            here.profile,
            door,
            plan,
            clock=here.clock,
            token=_token,
            tell=tell,
            keep=kept.add,
        )
        started, clock = datetime.now(UTC), time.monotonic()
        try:
            conversation.hold()
        except Exception as error:
            conversation.evidence.stopped = f"the suite failed: {type(error).__name__}"
            raise
        finally:
            kept.flush()
            about = {
                **_facts(here, corpus.sha256, started, time.monotonic() - clock),
                "traffic": {"requests": door.traffic.requests, "accepted": door.traffic.accepted},
                "withheld": conversation.evidence.withheld,
                "complete": conversation.evidence.complete,
                "environment_error": conversation.evidence.environment_error,
                "stopped": conversation.evidence.stopped,
                "circumstances": {
                    "no_fixture": sorted(_locked(here.profile, contract)),
                    "selected": sorted(asking.selected) if asking.selected is not None else None,
                    "budget_spent": conversation.evidence.budget_spent is not None,
                    "stopped": conversation.evidence.stopped,
                    "planned": sorted(plan.planned),
                },
            }
            (folder / _ABOUT).write_text(json.dumps(about), "utf-8")


class _Kept:
    """Exchanges on their way to a file, a handful at a time: each append costs a third of a millisecond."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        self._waiting.append(exchange)
        if len(self._waiting) >= _HANDFUL:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        append(self._path, self._waiting)
        self._waiting.clear()


def _token() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(24))


def _facts(here: Place, corpus_sha256: str, started: datetime, duration_s: float) -> dict[str, Any]:
    names = environment_names(here.profile)
    return {
        "kind": here.kind,
        "base_url": here.profile.base_url,
        "name": here.profile.name,
        "provider": here.provider.name,
        "corpus_sha256": corpus_sha256,
        "started": started.isoformat(),
        "duration_s": duration_s,
        "account": _from_account(here.profile.account()),
        "variables": [
            [key, part, name]
            for key, all_ in names.items()
            for part, name in zip(here.profile.parts, all_, strict=True)
        ],
    }


def _locked(profile: Profile, contract: Contract) -> frozenset[str]:
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


def _from_account(account: Account) -> dict[str, Any]:
    fields = {item.name: getattr(account, item.name) for item in dataclasses.fields(account)}
    limits = {key: [limit.limit, limit.window_s] for key, limit in account.rate_limits.items()}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in fields.items()} | {
        "rate_limits": limits
    }


def _to_account(data: Mapping[str, Any]) -> Account:
    limits = {key: RateLimit(limit=limit, window_s=window_s) for key, (limit, window_s) in data["rate_limits"].items()}
    maps = {
        name: MappingProxyType(value)
        for name, value in data.items()
        if isinstance(value, dict) and name != "rate_limits"
    }
    return Account(**maps, rate_limits=MappingProxyType(limits), default_sender=data["default_sender"])


def _to_circumstances(data: Mapping[str, Any]) -> Circumstances:
    selected = data["selected"]
    return Circumstances(
        no_fixture=frozenset(data["no_fixture"]),
        selected=frozenset(selected) if selected is not None else None,
        budget_spent=data["budget_spent"],
        stopped=data["stopped"],
        planned=frozenset(data["planned"]),
    )
