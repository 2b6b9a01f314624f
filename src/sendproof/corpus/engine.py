"""Deterministic drawing: the same strategy, seed and versions give the same examples anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture.providers import (
    AVAILABLE_PROVIDERS,
    HypothesisProvider,
    with_register_backend,
)
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
_BACKEND = "sendproof"


class _NoConstants(HypothesisProvider):
    """Hypothesis' own randomness, without the literals that it collects from loaded modules.

    Those change with any edit of any local module, and with what else is imported.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


def draw(strategy: SearchStrategy[T], *, label: str, seed: int, max_examples: int) -> tuple[T, ...]:
    """Return examples of `strategy`, at most `max_examples`; `label` keeps the streams of one seed apart."""
    if max_examples < 1:
        return ()
    drawn: list[T] = []

    def collect(value: T) -> None:
        drawn.append(value)

    with with_register_backend(_BACKEND, _NoConstants):
        test: Callable[[], None] = hypothesis.given(strategy)(collect)
        hypothesis.seed(_mixed(seed, label))(_settings(max_examples)(test))()
    return tuple(drawn[:max_examples])


@contextmanager
def steady() -> Iterator[None]:
    """Keep local literals out of what others draw meanwhile, with settings of their own."""
    before = AVAILABLE_PROVIDERS["hypothesis"]
    AVAILABLE_PROVIDERS["hypothesis"] = _NoConstants
    try:
        yield
    finally:
        AVAILABLE_PROVIDERS["hypothesis"] = before


def _settings(max_examples: int) -> hypothesis.settings:
    """Return settings that take nothing from the profile that happens to be loaded."""
    return hypothesis.settings(
        max_examples=max_examples,
        backend=_BACKEND,
        derandomize=False,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
        deadline=None,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )


def _mixed(seed: int, label: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{label}".encode()).digest()[:8], "big")
