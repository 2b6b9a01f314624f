"""What a selftest tries: the faultless mock, its faults, its permitted variants."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sendproof.errors import UsageError
from sendproof.mock.accounts import PROVIDERS, Provider
from sendproof.mock.faults import FAULTS
from sendproof.mock.variants import VARIANTS

FAULTLESS, FAULT, VARIANT = "faultless", "fault", "variant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One mock to be tried.

    `why` says how a fault happens, or by what a variant is permitted; `clauses` are those
    that must fail, and no others.
    """

    provider: Provider
    kind: str
    name: str
    summary: str
    why: str = ""
    clauses: tuple[str, ...] = ()

    @property
    def fault(self) -> str | None:
        """The name of the fault, if it is one."""
        return self.name if self.kind == FAULT else None

    @property
    def variant(self) -> str | None:
        """The name of the variant, if it is one."""
        return self.name if self.kind == VARIANT else None


def subjects(providers: Iterable[str] = ()) -> tuple[Subject, ...]:
    """Return what is tried for each provider (none named: all); raise UsageError for one without a mock."""
    wanted = tuple(providers)
    for name in wanted:
        if name not in PROVIDERS:
            raise UsageError(f"selftest: expected one of {', '.join(PROVIDERS)}, got {name!r}. Name one with a mock.")
    return tuple(item for known in PROVIDERS if not wanted or known in wanted for item in _of(known))


def _of(provider: Provider) -> Iterator[Subject]:
    yield Subject(provider=provider, kind=FAULTLESS, name=FAULTLESS, summary="The mock as the documents have it.")
    for fault in FAULTS[provider]:
        yield Subject(
            provider=provider,
            kind=FAULT,
            name=fault.name,
            summary=fault.summary,
            why=fault.origin,
            clauses=fault.clauses,
        )
    for variant in VARIANTS[provider]:
        yield Subject(
            provider=provider, kind=VARIANT, name=variant.name, summary=variant.summary, why=variant.permission
        )


def chosen(given: Iterable[Subject], *, only: Collection[str], sample: int | None, seed: int) -> tuple[Subject, ...]:
    """Return those that are named (none: all), and of those so many drawn by the seed, the faultless always.

    Raises UsageError for a name that nothing has.
    """
    known = tuple(given)
    unknown = set(only) - {item.name for item in known}
    if unknown:
        raise UsageError(
            f"selftest: expected a fault or a variant, got {min(unknown)!r}. See: sendproof mock PROVIDER --list"
        )
    wanted = [item for item in known if not only or item.name in only]
    others = [item for item in wanted if item.kind != FAULTLESS]
    count = len(others) if sample is None else min(sample, len(others))
    drawn = random.Random(seed).sample(others, count)  # noqa: S311 - a sample, no secret
    return tuple(item for item in wanted if item.kind == FAULTLESS or item in drawn)
