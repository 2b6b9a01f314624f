"""The target of a run: a live one from its profile, or an embedded mock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendproof.contract.model import load_provider, provider_names
from sendproof.contract.provider import Provider
from sendproof.errors import UsageError
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.server import MockProcess
from sendproof.running.options import Options
from sendproof.target.clock import MovedClock, RunClock, WallClock
from sendproof.target.profile import Profile
from sendproof.target.reading import load_profile, parse_profile

# An embedded mock costs nothing: its run is bounded by the corpus alone.
UNBOUNDED = {"max_requests": 1_000_000, "max_accepted": 1_000_000, "requests_per_second": 10_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target that can be asked: its profile, its provider, its clock."""

    profile: Profile
    provider: Provider
    clock: RunClock
    kind: str


def providers() -> Mapping[str, Provider]:
    """Return the facts of every provider that has a contract."""
    return {name: load_provider(name) for name in provider_names()}


def read_target(path: Path) -> Profile:
    """Read a target profile with the environment of this process."""
    return load_profile(path, providers(), os.environ)


@contextmanager
def place(options: Options) -> Iterator[Place]:
    """Provide the target of a run for as long as it is asked."""
    if options.target is not None:
        profile = read_target(options.target)
        yield Place(profile=profile, provider=load_provider(profile.provider), clock=WallClock(), kind="live")
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
        yield Place(profile=profile, provider=provider, clock=MovedClock(mock.advance), kind="mock")
