"""What a deviation is: a change of the rules, with its name and its reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from sendproof.mock import textflow, textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.endpoint import HttpRules

R = TypeVar("R")
S = TypeVar("S")
Change = Callable[[R], R]
Scope = Provider | Literal["both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation(Generic[R]):
    """A named change of the rules."""

    name: str
    provider: Scope
    summary: str
    change: Change[R]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Deviation[R]):
    """A change that breaks the documents.

    `origin` says how it happens in real services, `clauses` which clauses must report it.
    """

    origin: str
    clauses: tuple[str, ...] = ()

    def lifted(self, change: Change[S]) -> "Fault[S]":
        """Return this fault as a change of other rules."""
        return Fault(
            name=self.name,
            provider=self.provider,
            summary=self.summary,
            origin=self.origin,
            clauses=self.clauses,
            change=change,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant(Deviation[R]):
    """A change that the documents permit. `permission` says why."""

    permission: str

    def lifted(self, change: Change[S]) -> "Variant[S]":
        """Return this variant as a change of other rules."""
        return Variant(
            name=self.name,
            provider=self.provider,
            summary=self.summary,
            permission=self.permission,
            change=change,
        )


def named(deviations: Iterable[Deviation[R]], name: str) -> Deviation[R]:
    """Return the deviation of that name; raise `LookupError` if there is none."""
    found = next((deviation for deviation in deviations if deviation.name == name), None)
    if found is None:
        raise LookupError(f"no fault or variant is named {name!r}")
    return found


def on_textingline(change: Change[HttpRules]) -> Change[textingline.Rules]:
    """Lift a change of the shared rules into TextingLine's."""
    return lambda rules: replace(rules, http=change(rules.http))


def on_textflow(change: Change[HttpRules]) -> Change[textflow.Rules]:
    """Lift a change of the shared rules into TextFlow's."""
    return lambda rules: replace(rules, http=change(rules.http))
