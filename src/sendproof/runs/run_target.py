"""The target of a run: a live one from its profile, or an embedded mock."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from sendproof.contract.model import load_provider, provider_names
from sendproof.contract.provider import Provider
from sendproof.errors import UsageError
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.server import MockProcess
from sendproof.runs.options import EFFORTS, Options
from sendproof.target.clock import MovedClock, RunClock, WallClock
from sendproof.target.profile import Budget, Profile
from sendproof.target.profile_loader import load_profile, parse_profile
from sendproof.user_folders import state_folder

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


def providers() -> Mapping[str, Provider]:
    """Return the facts of every provider that has a contract."""
    return {name: load_provider(name) for name in provider_names()}


def read_target(path: Path) -> Profile:
    """Read a target profile with the environment of this process."""
    return load_profile(path, providers(), os.environ)


def target_of(options: Options) -> Profile:
    """Return the profile of a live target, with the budget that the effort leaves it."""
    assert options.target is not None, "a live target has a profile"
    profile = read_target(options.target)
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
    """Return what stands for a profile in the ledger of this machine; it tells nothing of it."""
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
        profile = parse_profile(data, where=f"mock of {known}", name=known, providers=providers(), environ={})
        profile = replace(profile, budget=bounded(options, profile.budget))
        yield RunTarget(profile=profile, provider=provider, clock=MovedClock(mock.advance), kind="mock")
