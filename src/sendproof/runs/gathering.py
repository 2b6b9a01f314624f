"""Evidence on disk: gathered by one process, read by all of a run."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from filelock import FileLock

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract, load_provider
from sendproof.conversation.answers import is_accepted
from sendproof.conversation.asker import ShowProgress
from sendproof.conversation.plan import Plan
from sendproof.corpus.build import load_corpus
from sendproof.errors import exit_code_of, line_of
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import RunFacts
from sendproof.runs.asking import (
    Asking,
    OpenConversation,
    RunTarget,
    open_conversation,
    open_target,
    plan_of,
    target_of,
)
from sendproof.runs.options import Options
from sendproof.target.profile import environment_names
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.store import load, to_line

BROKEN_OFF = "the run was broken off"
"""Why a clause was not asked that would have been."""
_EXCHANGES, _ABOUT, _LOCK = "exchanges.jsonl", "about.json", "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a conversation gathered, with the facts that its judging needs.

    `problem` is an exit code and a line, where the asking was broken off by an error of ours or of this machine.
    """

    about: Mapping[str, Any]
    account: Account
    circumstances: RunFacts
    exchanges: tuple[Exchange, ...]
    problem: tuple[int, str] | None = None


def gather(options: Options, contract: Contract, asking: Asking, folder: Path, show_progress: ShowProgress) -> Gathered:
    """Hold the conversation, or read it where another process of the run has held it.

    An error of ours or of the machine ends the asking, not the run: what was gathered until then is evidence.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        if not was_asked(folder):
            _hold(options, contract, asking, folder, show_progress)
    return read(folder)


def read(folder: Path) -> Gathered:
    """Read what a conversation has gathered so far."""
    about = json.loads((folder / _ABOUT).read_text("utf-8"))
    exchanges = load(folder / _EXCHANGES) if (folder / _EXCHANGES).exists() else []
    if not about["ended"]:
        # The process that asked was stopped before it could say what became of it.
        provider = load_provider(about["provider"])
        accepted = sum(is_accepted(provider, item) for item in exchanges)
        about["traffic"] = {"requests": len(exchanges), "accepted": accepted}
    problem = about["problem"]
    return Gathered(
        about=about,
        account=_to_account(about["account"]),
        circumstances=_to_circumstances(about["circumstances"]),
        exchanges=tuple(exchanges),
        problem=(problem[0], problem[1]) if problem else None,
    )


def nothing_gathered(options: Options, contract: Contract, started: datetime) -> Gathered:
    """Return what is known of a run that was broken off before it asked anything."""
    if options.target is not None:
        profile = target_of(options)
        kind, base_url, name = "live", profile.base_url, profile.name
    else:
        kind, base_url, name = "mock", "http://127.0.0.1", contract.provider.name
    circumstances = RunFacts(stopped=BROKEN_OFF)
    about = _facts(kind=kind, base_url=base_url, name=name, provider=contract.provider.name) | {
        "corpus_sha256": "",
        "started": started.isoformat(),
        "duration_s": (datetime.now(UTC) - started).total_seconds(),
    }
    return Gathered(about=about, account=Account(), circumstances=circumstances, exchanges=())


def was_asked(folder: Path) -> bool:
    """Whether a conversation was held, or at least begun, in `folder`."""
    return (folder / _ABOUT).exists()


def _hold(options: Options, contract: Contract, asking: Asking, folder: Path, show_progress: ShowProgress) -> None:
    corpus = load_corpus(contract, seed=options.seed, max_examples=options.max_examples)
    plan = plan_of(contract, corpus.cases, asking)
    with open_target(options) as here, _Kept(folder / _EXCHANGES) as kept:
        started, clock = datetime.now(UTC), time.monotonic()
        problem: tuple[int, str] | None = None
        with open_conversation(here, contract, plan, show_progress=show_progress, keep=kept.add) as opened:

            def write(*, ended: bool) -> None:
                about = _about(here, contract, plan, opened) | {
                    "ended": ended,
                    "problem": problem,
                    "corpus_sha256": corpus.sha256,
                    "started": started.isoformat(),
                    "duration_s": time.monotonic() - clock,
                }
                _write_whole(folder / _ABOUT, json.dumps(about))

            # Before the first message leaves: whoever is stopped after it leaves something to be judged by.
            opened.evidence.stopped = BROKEN_OFF
            write(ended=False)
            opened.evidence.stopped = None
            try:
                opened.conversation.hold()
            except KeyboardInterrupt:
                opened.evidence.stopped = "interrupted"
                raise
            except Exception as error:
                # What an error tells of a request may hold a credential.
                line = opened.client.scrubbed(line_of(error))
                if options.debug:
                    print(opened.client.scrubbed("".join(traceback.format_exception(error))), file=sys.stderr)
                opened.evidence.stopped = line
                problem = (exit_code_of(error), line)
            finally:
                # Where a full disk takes no more, what was written at first still stands.
                with suppress(OSError):
                    write(ended=True)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_text(text, "utf-8")
    draft.replace(path)


class _Kept:
    """Exchanges on their way to a file: each is there before the next is sent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = self._path.open("ab")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        self._file.write(f"{to_line(exchange)}\n".encode("ascii"))
        self._file.flush()


def _about(here: RunTarget, contract: Contract, plan: Plan, opened: OpenConversation) -> dict[str, Any]:
    names = environment_names(here.profile)
    circumstances = opened.circumstances(contract, plan)
    facts = _facts(kind=here.kind, base_url=here.profile.base_url, name=here.profile.name, provider=here.provider.name)
    return facts | {
        "account": _from_account(opened.account),
        "variables": [
            [key, part, name]
            for key, all_ in names.items()
            for part, name in zip(here.profile.parts, all_, strict=True)
        ],
        "stand_ins": [dataclasses.asdict(item) for item in Pseudonyms(here.profile).listed],
        "notes": [*opened.evidence.notes, *_of_others(here, opened)],
        "traffic": {"requests": opened.client.traffic.requests, "accepted": opened.client.traffic.accepted},
        "withheld": opened.evidence.withheld,
        "complete": opened.evidence.complete,
        "left_out": len(opened.evidence.left_out),
        "environment_error": opened.evidence.environment_error,
        "stopped": opened.evidence.stopped,
        "circumstances": {
            "no_fixture": sorted(circumstances.no_fixture),
            "selected": sorted(circumstances.selected) if circumstances.selected is not None else None,
            "for_budget": sorted(circumstances.for_budget),
            "too_dear": dict(circumstances.too_dear),
            "stopped": circumstances.stopped,
            "planned": sorted(circumstances.planned),
        },
    }


def _facts(*, kind: str, base_url: str, name: str, provider: str) -> dict[str, Any]:
    """Return what is said of a run, as it stands before anything was asked."""
    return {
        "kind": kind,
        "base_url": base_url,
        "name": name,
        "provider": provider,
        "variables": [],
        "stand_ins": [],
        "notes": [],
        "traffic": {"requests": 0, "accepted": 0},
        "withheld": {},
        "complete": False,
        "left_out": 0,
        "environment_error": None,
        "stopped": None,
    }


def _of_others(here: RunTarget, opened: OpenConversation) -> Iterator[str]:
    """Yield what other runs on the ledger have to do with this one."""
    found = opened.client.found
    if found.requests:
        where = f"the ledger {here.ledger}" if here.keeps_ledger else "runs that did not end in order"
        spent = f"{found.requests} requests and {found.messages} messages of the budget were spent before"
        yield f"{spent}, by {where}; another --ledger begins anew"
    if here.profile.balances and not opened.profile.balances:
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


def _to_circumstances(data: Mapping[str, Any]) -> RunFacts:
    selected = data["selected"]
    return RunFacts(
        no_fixture=frozenset(data["no_fixture"]),
        selected=frozenset(selected) if selected is not None else None,
        for_budget=frozenset(data["for_budget"]),
        too_dear=MappingProxyType(data["too_dear"]),
        stopped=data["stopped"],
        planned=frozenset(data["planned"]),
    )
