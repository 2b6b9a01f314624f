"""The target profile: what `sendproof init` prints, the budget, the efforts and the fixtures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sendproof.contract.model import load_provider
from sendproof.contract.provider import Fixture
from sendproof.runs.options import EFFORTS
from sendproof.target.init import init_text
from sendproof.target.profile import Budget

from .markdown import code, link, table

BUDGET: Mapping[str, str] = {
    "max_requests": "Requests that may leave, retries among them.",
    "max_accepted": "Messages that the target may accept, and charge for.",
    "max_credits": "What the accepted messages may cost in all, at the contract's prices.",
    "max_duration_s": "Seconds that a run may take in all, waits included. A wait that would pass them ends it.",
    "requests_per_second": "The pace, all processes together.",
    "retry_after_s": "The wait after an unexpected 429 that names no time, in seconds.",
}
"""What each key of `[budget]` bounds."""

KINDS: Mapping[str, str] = {
    "key": "credentials in a state of their own",
    "sender": "a number in E.164",
    "text": "a text",
    "media": "the URL of media that the vendor can fetch",
    "rate_limit": "credentials with `limit_per_minute` and `window_s`",
    "metered": "credentials with a `balance` that the run may spend",
    "recipients": "a table of numbers, one for each cause",
}
"""What the profile holds for each kind of fixture."""


def example(provider: str) -> str:
    """Return the profile that `sendproof init` prints."""
    return f"```toml\n{init_text(load_provider(provider))}```\n"


def budget() -> str:
    """Return the table of the keys of `[budget]`."""
    known = [item for item in fields(Budget) if item.name in BUDGET]
    rows = [(code(item.name), _default(item.default), BUDGET[item.name]) for item in known]
    return table(("key", "default", "what it bounds"), rows)


def _default(value: object) -> str:
    return "no limit of its own" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def efforts() -> str:
    """Return the table of efforts."""
    rows = [
        (code(name), f"{effort.max_requests:,}", f"{effort.max_accepted:,}", f"{effort.max_examples:,}")
        for name, effort in EFFORTS.items()
    ]
    return table(("effort", "requests", "accepted messages", "generated examples"), rows)


def fixtures(provider: str) -> str:
    """Return the table of a provider's fixtures with the clauses that each one unlocks."""
    rows = [_fixture(item) for item in load_provider(provider).fixtures.values()]
    return table(("fixture", "what the profile holds", "unlocks"), rows)


def _fixture(fixture: Fixture) -> tuple[str, str, str]:
    held = KINDS[fixture.kind]
    if fixture.causes:
        held += f": {', '.join(map(code, fixture.causes))}"
    return code(fixture.name), held, ", ".join(map(link, fixture.unlocks))
