"""Implementations wrong on purpose: the faults of each mock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from sendproof.mock import textflow as _textflow
from sendproof.mock import textingline as _textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.endpoint import HttpRules
from sendproof.mock.faults import http, textflow, textingline
from sendproof.mock.faults.fault_model import Change, Fault, named, on_textflow, on_textingline


def _of(provider: Provider, prefix: str, lift: Callable[[Change[HttpRules]], Change[Any]]) -> Iterator[Fault[Any]]:
    """Lift the faults that break a promise of this provider, with the clauses that it has."""
    for fault in http.FAULTS:
        if clauses := tuple(clause for clause in fault.clauses if clause.startswith((prefix, "http."))):
            yield replace(fault, provider=provider, clauses=clauses, change=lift(fault.change))


TEXTINGLINE: Final[tuple[Fault[_textingline.Rules], ...]] = (
    *textingline.FAULTS,
    *_of("textingline", "tl.", on_textingline),
)
TEXTFLOW: Final[tuple[Fault[_textflow.Rules], ...]] = (
    *textflow.FAULTS,
    *_of("textflow", "tf.", on_textflow),
)
FAULTS: Final[Mapping[Provider, tuple[Fault[Any], ...]]] = {
    "textingline": TEXTINGLINE,
    "textflow": TEXTFLOW,
}

__all__ = ["FAULTS", "TEXTFLOW", "TEXTINGLINE", "Fault", "named"]
