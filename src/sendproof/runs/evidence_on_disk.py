"""Evidence on disk: written by the process that asks, read by every process of a run.

An `EvidenceFolder` holds the exchanges as JSON lines, each written before the next is sent, and the facts of the asking
that judging needs.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract, load_provider
from sendproof.conversation.answers import is_accepted
from sendproof.conversation.plan import Plan
from sendproof.errors import SendproofError
from sendproof.exchange import Credential, Exchange, Headers, Request, Response, TransportFailure
from sendproof.judge.verdicts import RunFacts
from sendproof.runs.asking import OpenConversation, RunTarget, target_of
from sendproof.runs.options import Options
from sendproof.target.profile import environment_names
from sendproof.target.pseudonyms import Pseudonyms

BROKEN_OFF = "the run was broken off"
"""Why a clause was not asked that would have been."""
_EXCHANGES, _ABOUT, _PROBLEM, _LOCK = "exchanges.jsonl", "about.json", "problem.json", "lock"

Problem = tuple[int, str]
"""An exit code and a line: what beside the verdicts has a part in how a run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a conversation gathered, with the facts that its judging needs.

    `problem` is there where the asking was broken off by an error of ours or of this machine.
    """

    about: Mapping[str, Any]
    account: Account
    circumstances: RunFacts
    exchanges: tuple[Exchange, ...]
    problem: Problem | None = None


class EvidenceFolder:
    """The folder in which the processes of a run share their evidence: one of them asks, all read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lock(self) -> FileLock:
        """Return the lock that whoever asks holds."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / _LOCK)

    @property
    def was_asked(self) -> bool:
        """Whether a conversation was held, or at least begun."""
        return (self.path / _ABOUT).exists()

    @contextmanager
    def open_exchanges(self) -> Iterator[Callable[[Exchange], None]]:
        """Provide what keeps an exchange: it is in the file before the next one is sent."""
        with (self.path / _EXCHANGES).open("ab") as file:

            def keep(exchange: Exchange) -> None:
                file.write(f"{to_line(exchange)}\n".encode("ascii"))
                file.flush()

            yield keep

    def write_facts(self, about: Mapping[str, Any]) -> None:
        """Write the facts of the asking, in the place of those before; a reader never sees half of them."""
        draft = self.path / f".{_ABOUT}.tmp"
        draft.write_text(json.dumps(about), "utf-8")
        draft.replace(self.path / _ABOUT)

    def read(self) -> Gathered:
        """Read what a conversation has gathered so far."""
        about = json.loads((self.path / _ABOUT).read_text("utf-8"))
        file = self.path / _EXCHANGES
        exchanges = load_exchanges(file) if file.exists() else []
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

    def note_problem(self, problem: Problem) -> None:
        """Keep what went wrong in one process for all of them, if the disk takes it."""
        with suppress(OSError):
            (self.path / _PROBLEM).write_text(json.dumps(problem), "utf-8")

    def noted_problem(self) -> Problem | None:
        """Return what went wrong in any process of the run."""
        with suppress(OSError, ValueError):
            code, line = json.loads((self.path / _PROBLEM).read_text("utf-8"))
            return code, line
        return None


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


def facts_of(here: RunTarget, contract: Contract, plan: Plan, opened: OpenConversation) -> dict[str, Any]:
    """Return the facts of a conversation, as they are at this moment, in the shape of JSON."""
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


class StoreError(SendproofError):
    """A file of exchanges cannot be read."""


def load_exchanges(path: Path) -> list[Exchange]:
    """Return the exchanges in a file, in order; a last line that is not whole is left out."""
    lines = path.read_bytes().split(b"\n")
    return [_loaded(path, number, line) for number, line in enumerate(lines[:-1], 1) if line]


def _loaded(path: Path, number: int, line: bytes) -> Exchange:
    try:
        return from_line(line)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path.name}:{number}: expected an exchange, got {type(error).__name__}. Remove that line."
        ) from error


def to_line(exchange: Exchange) -> str:
    """Return an exchange as one line of JSON in ASCII, without the end of the line."""
    request, response, credential = exchange.request, exchange.response, exchange.credential
    document = {
        "id": exchange.id,
        "case": exchange.case,
        "tags": exchange.tags,
        "started_s": exchange.started_s,
        "elapsed_s": exchange.elapsed_s,
        "failure": exchange.failure,
        "credential": {"key": credential.key, "fault": credential.fault, "carrier": credential.carrier},
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": request.headers,
            **_from_body(request.body),
        },
        "response": response and {"status": response.status, "headers": response.headers, **_from_body(response.body)},
    }
    return json.dumps(document, separators=(",", ":"))


def from_line(line: bytes | str) -> Exchange:
    """Return the exchange that `to_line` wrote."""
    document = json.loads(line)
    request, response = document["request"], document["response"]
    return Exchange(
        id=document["id"],
        request=Request(
            method=request["method"],
            path=request["path"],
            headers=_headers(request),
            body=_to_body(request),
        ),
        response=response and Response(status=response["status"], headers=_headers(response), body=_to_body(response)),
        credential=Credential(**document["credential"]),
        started_s=document["started_s"],
        elapsed_s=document["elapsed_s"],
        failure=TransportFailure(document["failure"]) if document["failure"] else None,
        case=document["case"],
        tags=tuple(document["tags"]),
    )


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple((name, value) for name, value in message["headers"])


def _from_body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def _to_body(message: Mapping[str, Any]) -> bytes:
    if "body" in message:
        return str(message["body"]).encode("utf-8")
    return base64.b64decode(message["body_base64"], validate=True)
