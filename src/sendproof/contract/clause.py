"""Clauses: one observable promise each (`clauses.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sendproof.errors import ContractError

CONCERNS = (
    "auth",
    "requests",
    "responses",
    "normalization",
    "delivery",
    "errors",
    "idempotency",
    "credits",
    "rate_limits",
    "robustness",
)
LEVELS = ("required", "recommended", "open", "excluded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a clause is stated. `fingerprint` is that of the passage, if the pack's lock has the document."""

    document: str
    section: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One promise. `check` and `params` are None and empty where a schema keyword decides.

    `reason` says why an excluded clause cannot be observed. `after` are the clauses on which
    it rests: while one of them fails, a contradiction of this one tells nothing more.
    """

    id: str
    concern: str
    level: str
    concept: str
    claim: str
    source: Source
    check: str | None
    params: Mapping[str, Any]
    reason: str | None
    after: tuple[str, ...] = ()

    @property
    def is_of_http(self) -> bool:
        """Whether it is a promise of HTTP or JSON, which holds for every vendor."""
        return self.source.document.startswith("RFC ")

    @property
    def gates(self) -> bool:
        """Whether a contradiction of the clause is a failure at all."""
        return self.level in ("required", "recommended")


def clause_from_toml(data: Mapping[str, Any], *, where: str) -> Clause:
    """Parse one entry of a `clauses.toml`."""
    try:
        check = dict(data.get("check", {}))
        clause = Clause(
            id=data["id"],
            concern=data["concern"],
            level=data["level"],
            concept=data["concept"],
            claim=data["claim"],
            source=Source(**data["source"]),
            check=check.pop("name", None),
            params=MappingProxyType(check),
            reason=data.get("reason"),
            after=tuple(data.get("after", ())),
        )
    except (KeyError, TypeError) as error:
        raise ContractError(f"{where}: {data.get('id')}: {error!r}.") from error
    if clause.concern not in CONCERNS or clause.level not in LEVELS:
        raise ContractError(f"{where}: {clause.id}: concern {clause.concern!r} or level {clause.level!r} is unknown.")
    return clause
