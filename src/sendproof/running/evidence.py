"""Evidence on disk: gathered by one process, read by all of a run."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract
from sendproof.conversation.plan import Plan
from sendproof.corpus.build import load_corpus
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import Circumstances
from sendproof.running.asking import Asking, Talk, Tell, conversing, plan_of
from sendproof.running.options import Options
from sendproof.running.place import Place, place
from sendproof.target.masking import StandIns
from sendproof.target.profile import environment_names
from sendproof.target.store import append, load

_EXCHANGES, _ABOUT, _LOCK = "exchanges.jsonl", "about.json", "lock"
_HANDFUL = 50


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
    plan = plan_of(contract, corpus.cases, asking)
    with place(options) as here:
        kept = _Kept(folder / _EXCHANGES)
        started, clock = datetime.now(UTC), time.monotonic()
        with conversing(here, contract, plan, tell=tell, keep=kept.add) as talk:
            try:
                talk.conversation.hold()
            except Exception as error:
                talk.evidence.stopped = f"the suite failed: {type(error).__name__}"
                raise
            finally:
                kept.flush()
                about = _about(here, contract, plan, talk) | {
                    "corpus_sha256": corpus.sha256,
                    "started": started.isoformat(),
                    "duration_s": time.monotonic() - clock,
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


def _about(here: Place, contract: Contract, plan: Plan, talk: Talk) -> dict[str, Any]:
    names = environment_names(here.profile)
    circumstances = talk.circumstances(contract, plan)
    return {
        "kind": here.kind,
        "base_url": here.profile.base_url,
        "name": here.profile.name,
        "provider": here.provider.name,
        "account": _from_account(talk.account),
        "variables": [
            [key, part, name]
            for key, all_ in names.items()
            for part, name in zip(here.profile.parts, all_, strict=True)
        ],
        "stand_ins": [dataclasses.asdict(item) for item in StandIns(here.profile).listed],
        "notes": [*talk.evidence.notes, *_of_others(here, talk)],
        "traffic": {"requests": talk.door.traffic.requests, "accepted": talk.door.traffic.accepted},
        "withheld": talk.evidence.withheld,
        "complete": talk.evidence.complete,
        "environment_error": talk.evidence.environment_error,
        "stopped": talk.evidence.stopped,
        "circumstances": {
            "no_fixture": sorted(circumstances.no_fixture),
            "selected": sorted(circumstances.selected) if circumstances.selected is not None else None,
            "budget_spent": circumstances.budget_spent,
            "stopped": circumstances.stopped,
            "planned": sorted(circumstances.planned),
        },
    }


def _of_others(here: Place, talk: Talk) -> Iterator[str]:
    """Yield what other runs on the ledger have to do with this one."""
    found = talk.door.found
    if found.requests:
        where = f"the ledger {here.ledger}" if here.keeps_ledger else "runs that did not end in order"
        spent = f"{found.requests} requests and {found.messages} messages of the budget were spent before"
        yield f"{spent}, by {where}; another --ledger begins anew"
    if here.profile.balances and not talk.profile.balances:
        yield "what is left of the metered balance is not known, so it was not spent"


def _from_account(account: Account) -> dict[str, Any]:
    fields = {item.name: getattr(account, item.name) for item in dataclasses.fields(account)}
    limits = {key: [limit.limit, limit.window_s] for key, limit in account.rate_limits.items()}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in fields.items()} | {
        "rate_limits": limits,
        "media_urls": sorted(account.media_urls),
    }


def _to_account(data: Mapping[str, Any]) -> Account:
    limits = {key: RateLimit(limit=limit, window_s=window_s) for key, (limit, window_s) in data["rate_limits"].items()}
    maps = {
        name: MappingProxyType(value)
        for name, value in data.items()
        if isinstance(value, dict) and name != "rate_limits"
    }
    return Account(
        **maps,
        rate_limits=MappingProxyType(limits),
        default_sender=data["default_sender"],
        media_urls=frozenset(data["media_urls"]),
    )


def _to_circumstances(data: Mapping[str, Any]) -> Circumstances:
    selected = data["selected"]
    return Circumstances(
        no_fixture=frozenset(data["no_fixture"]),
        selected=frozenset(selected) if selected is not None else None,
        budget_spent=data["budget_spent"],
        stopped=data["stopped"],
        planned=frozenset(data["planned"]),
    )
