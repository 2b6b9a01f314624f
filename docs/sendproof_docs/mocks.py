"""The faults and the permitted variants of each mock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sendproof.contract.clause import CONCERNS
from sendproof.mock.accounts import PROVIDERS
from sendproof.mock.faults import FAULTS, Fault
from sendproof.mock.variants import VARIANTS, Variant

from .markdown import code, link, listed


def page(provider: str) -> str:
    """Return every fault of a mock, by the concern that it breaks first, and every variant."""
    known = next(name for name in PROVIDERS if name == provider)
    return "\n".join([*_faults(known, FAULTS[known]), *_variants(known, VARIANTS[known])])


def label(provider: str, name: str) -> str:
    """Return the label of a fault or variant: names are shared between providers."""
    return f"mock-{provider}-{name}"


def breaking(clause: str) -> Iterator[tuple[str, str]]:
    """Yield (provider, name) of each fault that must be reported under a clause."""
    for provider in PROVIDERS:
        yield from ((provider, fault.name) for fault in FAULTS[provider] if clause in fault.clauses)


def _faults(provider: str, faults: tuple[Fault[Any], ...]) -> Iterator[str]:
    for concern in CONCERNS:
        mine = [fault for fault in faults if fault.clauses[0].split(".")[1] == concern]
        if mine:
            yield f"## Faults: {concern}\n"
        for fault in mine:
            yield from _heading(provider, fault.name)
            yield f"{fault.summary}\n\nHow it happens: {fault.origin}\n"
            yield f"Reported by {listed(map(link, fault.clauses))}.\n"


def _variants(provider: str, variants: tuple[Variant[Any], ...]) -> Iterator[str]:
    yield "## Permitted variants\n"
    for variant in variants:
        yield from _heading(provider, variant.name)
        yield f"{variant.summary}\n\nWhy it is permitted: {variant.permission}\n"


def _heading(provider: str, name: str) -> Iterator[str]:
    yield f"({label(provider, name)})=\n### {code(name)}\n"
